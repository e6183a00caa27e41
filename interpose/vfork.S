// vfork(2), a real one: the child borrows its parent's memory and stack until it
// execs or exits, so the return address must not lie on that stack while the
// child runs, where the child's next calls overwrite it.
//
// Both processes then call filemon_vfork_result() with the kernel's result (its
// frames lie below the caller's and are dead when it returns), and return to
// the caller of vfork().

#if defined(__x86_64__)

	.text
	.globl vfork
	.type vfork, @function
	.globl __vfork
	.type __vfork, @function
vfork:
__vfork:
	.cfi_startproc
	// The kernel keeps every register but rax, rcx and r11: rdi holds the return
	// address in both processes.
	popq %rdi
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rdi
	movl $58, %eax            // SYS_vfork
	syscall
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rip, -8
	subq $8, %rsp             // 16-byte alignment at the call
	.cfi_adjust_cfa_offset 8
	movq %rax, %rdi
	call filemon_vfork_result
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size vfork, . - vfork
	.size __vfork, . - __vfork

#elif defined(__i386__)

	.text
	.globl vfork
	.type vfork, @function
	.globl __vfork
	.type __vfork, @function
vfork:
__vfork:
	.cfi_startproc
	popl %ecx
	.cfi_adjust_cfa_offset -4
	.cfi_register %eip, %ecx
	movl $190, %eax           // SYS_vfork
	int $0x80
	pushl %ecx
	.cfi_adjust_cfa_offset 4
	.cfi_offset %eip, -4
	subl $8, %esp
	.cfi_adjust_cfa_offset 8
	pushl %eax
	.cfi_adjust_cfa_offset 4
	call filemon_vfork_result
	addl $12, %esp
	.cfi_adjust_cfa_offset -12
	ret
	.cfi_endproc
	.size vfork, . - vfork
	.size __vfork, . - __vfork

#elif defined(__aarch64__)

	.text
	.globl vfork
	.type vfork, %function
	.globl __vfork
	.type __vfork, %function
vfork:
__vfork:
	.cfi_startproc
	// The return address is in x30, a register of each process's own.
	mov x0, #0x4111           // CLONE_VM | CLONE_VFORK | SIGCHLD
	mov x1, #0
	mov x8, #220              // SYS_clone
	svc #0
	b filemon_vfork_result
	.cfi_endproc
	.size vfork, . - vfork
	.size __vfork, . - __vfork

#endif

	.section .note.GNU-stack, "", %progbits
