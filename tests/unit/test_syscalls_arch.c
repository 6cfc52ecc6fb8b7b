/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_syscalls_arch.c - no other architecture's calls get through
 *
 * A kernel can be built or started without a second table of system calls. So
 * the program of the filter is run here, by hand, on calls of every foreign
 * architecture; where the kernel has such calls, one is made as well.
 */
#include "sandbox/syscalls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif
#define X32_BIT 0x40000000

static const struct syscalls_opts every_opts[] = {
	{ false, false },
	{ true, false },
	{ false, true },
	{ true, true },
};

static const uint32_t arches[] = {
	AUDIT_ARCH_X86_64,   AUDIT_ARCH_I386,  AUDIT_ARCH_AARCH64,
	AUDIT_ARCH_ARM,	     AUDIT_ARCH_ARMEB, AUDIT_ARCH_MIPS,
	AUDIT_ARCH_RISCV64,  AUDIT_ARCH_S390X, AUDIT_ARCH_PPC64LE,
	AUDIT_ARCH_SPARC64,  AUDIT_ARCH_ALPHA, 0,
	UINT32_MAX,	     NATIVE ^ 0x1,     NATIVE ^ 0x80000000,
	NATIVE ^ 0x40000000,
};

static bool jumps(const struct sock_filter *f, uint32_t a)
{
	switch (BPF_OP(f->code)) {
	case BPF_JEQ:
		return a == f->k;
	case BPF_JGT:
		return a > f->k;
	case BPF_JGE:
		return a >= f->k;
	case BPF_JSET:
		return (a & f->k) != 0;
	default:
		fail_msg("unknown jump %#x", f->code);
		return false;
	}
}

/* What the kernel would do: seccomp(2)'s part of BPF that libseccomp uses. */
static uint32_t verdict(const struct sock_fprog *prog,
			const struct seccomp_data *call)
{
	uint32_t a = 0;

	for (size_t i = 0; i < prog->len; i++) {
		const struct sock_filter *f = &prog->filter[i];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(f->k <= sizeof(*call) - sizeof(a));
			memcpy(&a, (const char *)call + f->k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			break;
		case BPF_JMP | BPF_JA:
			i += f->k;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			assert_int_equal(BPF_CLASS(f->code), BPF_JMP);
			assert_int_equal(BPF_SRC(f->code), BPF_K);
			i += jumps(f, a) ? f->jt : f->jf;
		}
	}
	fail_msg("the program has no end");
	return 0;
}

static uint32_t verdict_on(const struct sock_fprog *prog, uint32_t arch,
			   uint32_t nr)
{
	const struct seccomp_data call = { .nr = (int)nr, .arch = arch };

	return verdict(prog, &call);
}

static void every_foreign_call_kills_the_process(void **state)
{
	(void)state;
	for (size_t o = 0; o < ARRAY_SIZE(every_opts); o++) {
		const struct sock_fprog *prog;

		prog = syscalls_command(&every_opts[o]);
		/* The machine that this is, or all that follows says nothing.
		 */
		assert_int_equal(verdict_on(prog, NATIVE, SYS_getpid),
				 SECCOMP_RET_ALLOW);
		for (size_t i = 0; i < ARRAY_SIZE(arches); i++) {
			if (arches[i] == NATIVE)
				continue;
			for (uint32_t nr = 0; nr < 1024; nr++) {
				assert_int_equal(
					verdict_on(prog, arches[i], nr),
					SECCOMP_RET_KILL_PROCESS);
				assert_int_equal(verdict_on(prog, arches[i],
							    nr | X32_BIT),
						 SECCOMP_RET_KILL_PROCESS);
			}
		}
	}
}

static void no_call_of_the_x32_table_is_allowed(void **state)
{
	(void)state;
	for (size_t o = 0; o < ARRAY_SIZE(every_opts); o++) {
		const struct sock_fprog *prog;

		prog = syscalls_command(&every_opts[o]);
		for (uint32_t nr = X32_BIT; nr < X32_BIT + 1024; nr++)
			assert_int_equal(verdict_on(prog, NATIVE, nr),
					 SECCOMP_RET_ERRNO | ENOSYS);
		assert_int_equal(verdict_on(prog, NATIVE, UINT32_MAX),
				 SECCOMP_RET_ERRNO | ENOSYS);
	}
}

#ifdef __x86_64__
/* In a child, under @prog unless NULL. Return: the signal it died of, or 0. */
static int signal_of_int80(const struct sock_fprog *prog)
{
	const struct sigaction fault = { .sa_handler = SIG_DFL };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		long r;

		/* cmocka's handler would go on with the next test in here. */
		(void)sigaction(SIGSEGV, &fault, NULL);
		if (prog && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			     syscalls_load(prog) < 0))
			_exit(254);
		/* getpid of i386: harmless, but of another table. */
		__asm__ volatile("int $0x80"
				 : "=a"(r)
				 : "a"(20)
				 : "memory", "r8", "r9", "r10", "r11");
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 1);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void the_kernel_kills_at_a_foreign_call(void **state)
{
	const struct sock_fprog *prog;
	int without = signal_of_int80(NULL);

	(void)state;
	prog = syscalls_command(&every_opts[0]);
	if (without == SIGSEGV) {
		print_message("this kernel has no 32-bit calls to refuse\n");
		assert_int_equal(signal_of_int80(prog), SIGSEGV);
	} else {
		assert_int_equal(without, 0);
		assert_int_equal(signal_of_int80(prog), SIGSYS);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_foreign_call_kills_the_process),
		cmocka_unit_test(no_call_of_the_x32_table_is_allowed),
#ifdef __x86_64__
		cmocka_unit_test(the_kernel_kills_at_a_foreign_call),
#endif
	};

	return cmocka_run_group_tests_name("syscalls_arch", tests, NULL, NULL);
}
