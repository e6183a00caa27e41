// Runs a program that the kernel refuses the younger system calls that filemon
// would like to have, as old kernels and containers' filters do.
//
//   deny_calls [--except-ptrace | --pidfd-info | --time64] PROGRAM ARGUMENTS
//
// --except-ptrace leaves alone what tracers need: strace is the judge of many
// tests. --pidfd-info denies nothing but the request by which a pidfd tells how
// a process ended, as before Linux 6.15; --time64 nothing but the calls with
// 64-bit times of 32-bit programs, as before Linux 5.1.
#include <errno.h>
#include <linux/audit.h>
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

#define LOAD(field) \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define DENIED(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOWED BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

#define PROGRAM_OF(code) \
  { sizeof(code) / sizeof((code)[0]), code }

static struct sock_filter young[] = {
    LOAD(nr),
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
    ALLOWED,
};
enum { kTracers = 4 };  // two calls of two instructions each

static struct sock_filter pidfd_info[] = {
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
    LOAD(args[1]),
    // PIDFD_GET_INFO with the struct of any size.
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xC000FFFF),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xC000FF0B, 1, 0),
    ALLOWED,
    DENIED(ENOTTY),
};

static struct sock_filter time64[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 3),
    LOAD(nr),
    // clock_gettime64 to futex_time64
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 403, 0, 1),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 423, 0, 1),
    ALLOWED,
    DENIED(ENOSYS),
};

int main(int argc, char** argv) {
  struct sock_fprog program = PROGRAM_OF(young);
  ++argv;
  if (argc > 1 && strcmp(*argv, "--except-ptrace") == 0) {
    program.len -= kTracers;
    young[program.len - 1] = young[program.len - 1 + kTracers];
    ++argv;
  } else if (argc > 1 && strcmp(*argv, "--pidfd-info") == 0) {
    program = (struct sock_fprog)PROGRAM_OF(pidfd_info);
    ++argv;
  } else if (argc > 1 && strcmp(*argv, "--time64") == 0) {
    program = (struct sock_fprog)PROGRAM_OF(time64);
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
