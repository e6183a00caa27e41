// Runs a program that the kernel refuses the younger system calls that filemon
// would like to have, as old kernels and containers' filters do.
//
//   deny_calls [--except-ptrace] PROGRAM ARGUMENTS
//
// --except-ptrace leaves alone what tracers need: strace is the judge of many
// tests.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DENY(number, error)                            \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

// Root does not need no_new_privs, which would change what set-user-ID programs
// do.
static int Install(const struct sock_fprog* program) {
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) == 0) return 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program);
}

int main(int argc, char** argv) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      DENY(SYS_pidfd_open, ENOSYS),
      DENY(SYS_pidfd_send_signal, EPERM),
      DENY(SYS_statx, ENOSYS),
      DENY(SYS_close_range, ENOSYS),
      DENY(SYS_openat2, ENOSYS),
      DENY(SYS_faccessat2, ENOSYS),
      DENY(SYS_clone3, ENOSYS),
      DENY(SYS_flock, EPERM),
      // What a tracer needs comes last.
      DENY(SYS_ptrace, EPERM),
      DENY(SYS_process_vm_readv, EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
  ++argv;
  if (argc > 1 && strcmp(*argv, "--except-ptrace") == 0) {
    const int tracers = 4;  // two calls of two instructions each
    program.len -= tracers;
    code[program.len - 1] = code[program.len - 1 + tracers];
    ++argv;
  }
  if (*argv == NULL || Install(&program) != 0) {
    perror("deny_calls");
    return 77;
  }
  execv(*argv, argv);
  perror(*argv);
  return 77;
}
