/* SPDX-License-Identifier: MIT */
/*
 * sandbox/filter/program.c - tables of system calls to seccomp programs
 *
 * In:  rows of struct syscalls_rule
 * Out: a struct sock_fprog
 *
 * libseccomp makes the program; three instructions of ours stand before it:
 * a call with a number that nobody has judged is ENOSYS, as on a kernel that
 * does not have it. That covers calls of kernels to come (each new way to
 * mount, to open, to make a socket would else be a hole until the next
 * release) and, because their numbers start at 0x40000000, those of x32. A
 * foreign architecture's numbers mean something else: there libseccomp's
 * bad-architecture action kills, so the range check may come first.
 *
 * References: seccomp(2), linux/filter.h, seccomp_export_bpf(3).
 */
#include "sandbox/filter/program.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macros.h"

/*
 * The first number past file_setattr (469), the newest call judged here.
 * Numbers are one sequence for all architectures since 424.
 */
#define FIRST_UNKNOWN 470

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "netleash has no system call list for this architecture"
#endif

static const struct sock_filter prologue[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FIRST_UNKNOWN, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
};

int syscalls_context(uint32_t default_action, scmp_filter_ctx *ret)
{
	scmp_filter_ctx ctx = seccomp_init(default_action);
	int r;

	if (!ctx)
		return -ENOMEM;
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
			     SCMP_ACT_KILL_PROCESS);
	if (r < 0) {
		seccomp_release(ctx);
		return r;
	}
	*ret = ctx;
	return 0;
}

int syscalls_add(scmp_filter_ctx ctx, const struct syscalls_rule *rules,
		 size_t n)
{
	int r;

	for (size_t i = 0; i < n; i++) {
		if (rules[i].nr < 0)
			continue;
		r = seccomp_rule_add_array(ctx, rules[i].action, rules[i].nr,
					   rules[i].n, rules[i].cmp);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Reads the program that was written to @fd, with ours in front of it. */
static int read_program(int fd, struct sock_fprog *ret)
{
	struct sock_filter *filter;
	struct stat st;
	size_t bytes, n;

	if (fstat(fd, &st) < 0)
		return -errno;
	bytes = (size_t)st.st_size;
	n = bytes / sizeof(*filter) + ARRAY_SIZE(prologue);
	if (bytes % sizeof(*filter) != 0 || n > BPF_MAXINSNS)
		return -E2BIG;
	filter = malloc(sizeof(prologue) + bytes);
	if (!filter)
		return -ENOMEM;
	memcpy(filter, prologue, sizeof(prologue));
	if (pread(fd, filter + ARRAY_SIZE(prologue), bytes, 0) !=
	    (ssize_t)bytes) {
		free(filter);
		return -EIO;
	}
	ret->filter = filter;
	ret->len = (unsigned short)n;
	return 0;
}

int syscalls_export(scmp_filter_ctx ctx, struct sock_fprog *ret)
{
	int fd, r;

	fd = memfd_create("netleash-filter", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(ctx, fd);
	if (r == 0)
		r = read_program(fd, ret);
	close(fd);
	return r;
}
