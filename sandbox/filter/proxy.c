/* SPDX-License-Identifier: MIT */
/*
 * sandbox/filter/proxy.c - all that the proxy process may ask the kernel for
 *
 * In:  nothing; the descriptors that the process has are open already
 * Out: a filter that lets it move bytes, open sockets to the internet, read
 *      files, start threads, signal itself: nothing else
 *
 * The proxy parses hostile bytes, so this is an allow list: whoever takes it
 * over finds no way to start a program or a process, to write or change a
 * file, to reach another process, to map code, to make any other socket. What
 * is not listed is ENOSYS and not a kill: a libc that tries a newer call first
 * then takes its older way, where a kill would end every live tunnel after a
 * libc update. Refusals that a library would take for "not there, go on
 * without" do no harm, because nothing here checks security by a call's
 * success.
 *
 * References: seccomp(2).
 */
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/macros.h"
#include "sandbox/filter/program.h"
#include "sandbox/syscalls.h"

/* Newer than the oldest libseccomp we build with, 2.5.3 of Ubuntu 22.04. */
#define NR_FUTEX_WAITV 449

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

static const struct syscalls_rule plain[] = {
	/* Bytes. */
	SYSCALLS_ALLOW(read),
	SYSCALLS_ALLOW(readv),
	SYSCALLS_ALLOW(pread64),
	SYSCALLS_ALLOW(write),
	SYSCALLS_ALLOW(writev),
	SYSCALLS_ALLOW(pwrite64),
	SYSCALLS_ALLOW(splice),
	SYSCALLS_ALLOW(lseek),
	SYSCALLS_ALLOW(fsync),
	SYSCALLS_ALLOW(fdatasync),
	SYSCALLS_ALLOW(close),
	SYSCALLS_ALLOW(close_range),
	SYSCALLS_ALLOW(dup),
	SYSCALLS_ALLOW(dup2),
	SYSCALLS_ALLOW(dup3),
	SYSCALLS_ALLOW(pipe),
	SYSCALLS_ALLOW(pipe2),
	SYSCALLS_ALLOW(fcntl),

	/* Looking at files; opening stands below. */
	SYSCALLS_ALLOW(fstat),
	SYSCALLS_ALLOW(stat),
	SYSCALLS_ALLOW(lstat),
	SYSCALLS_ALLOW(newfstatat),
	SYSCALLS_ALLOW(statx),
	SYSCALLS_ALLOW(access),
	SYSCALLS_ALLOW(faccessat),
	SYSCALLS_ALLOW(faccessat2),
	SYSCALLS_ALLOW(readlink),
	SYSCALLS_ALLOW(readlinkat),
	SYSCALLS_ALLOW(getcwd),
	SYSCALLS_ALLOW(inotify_init1),
	SYSCALLS_ALLOW(inotify_add_watch),
	SYSCALLS_ALLOW(inotify_rm_watch),

	/* Waiting. */
	SYSCALLS_ALLOW(epoll_create),
	SYSCALLS_ALLOW(epoll_create1),
	SYSCALLS_ALLOW(epoll_ctl),
	SYSCALLS_ALLOW(epoll_wait),
	SYSCALLS_ALLOW(epoll_pwait),
	SYSCALLS_ALLOW(epoll_pwait2),
	SYSCALLS_ALLOW(poll),
	SYSCALLS_ALLOW(ppoll),
	SYSCALLS_ALLOW(select),
	SYSCALLS_ALLOW(pselect6),
	SYSCALLS_ALLOW(eventfd2),
	SYSCALLS_ALLOW(timerfd_create),
	SYSCALLS_ALLOW(timerfd_settime),
	SYSCALLS_ALLOW(timerfd_gettime),
	SYSCALLS_ALLOW(signalfd4),
	SYSCALLS_ALLOW(nanosleep),
	SYSCALLS_ALLOW(clock_nanosleep),
	SYSCALLS_ALLOW(pause),
	SYSCALLS_ALLOW(restart_syscall),

	/* Sockets that are there; making one stands below. */
	SYSCALLS_ALLOW(connect),
	SYSCALLS_ALLOW(bind),
	SYSCALLS_ALLOW(listen),
	SYSCALLS_ALLOW(accept),
	SYSCALLS_ALLOW(accept4),
	SYSCALLS_ALLOW(shutdown),
	SYSCALLS_ALLOW(getsockname),
	SYSCALLS_ALLOW(getpeername),
	SYSCALLS_ALLOW(getsockopt),
	SYSCALLS_ALLOW(setsockopt),
	SYSCALLS_ALLOW(sendto),
	SYSCALLS_ALLOW(sendmsg),
	SYSCALLS_ALLOW(sendmmsg),
	SYSCALLS_ALLOW(recvfrom),
	SYSCALLS_ALLOW(recvmsg),
	SYSCALLS_ALLOW(recvmmsg),

	/* Memory, without code: mmap and mprotect stand below. */
	SYSCALLS_ALLOW(brk),
	SYSCALLS_ALLOW(munmap),
	SYSCALLS_ALLOW(mremap),
	SYSCALLS_ALLOW(madvise),
	SYSCALLS_ALLOW(mlock),
	SYSCALLS_ALLOW(munlock),
	SYSCALLS_ALLOW(membarrier),

	/* Threads, signals to ourselves, children that end. */
	SYSCALLS_ALLOW(futex),
	{ NR_FUTEX_WAITV, SCMP_ACT_ALLOW, 0, { { 0 } } },
	SYSCALLS_ALLOW(set_robust_list),
	SYSCALLS_ALLOW(get_robust_list),
	SYSCALLS_ALLOW(set_tid_address),
	SYSCALLS_ALLOW(rseq),
	SYSCALLS_ALLOW(arch_prctl),
	SYSCALLS_ALLOW(sched_yield),
	SYSCALLS_ALLOW(sched_getaffinity),
	SYSCALLS_ALLOW(sched_getparam),
	SYSCALLS_ALLOW(sched_getscheduler),
	SYSCALLS_ALLOW(rt_sigaction),
	SYSCALLS_ALLOW(rt_sigprocmask),
	SYSCALLS_ALLOW(rt_sigreturn),
	SYSCALLS_ALLOW(rt_sigpending),
	SYSCALLS_ALLOW(rt_sigsuspend),
	SYSCALLS_ALLOW(rt_sigtimedwait),
	SYSCALLS_ALLOW(sigaltstack),
	SYSCALLS_ALLOW(wait4),
	SYSCALLS_ALLOW(waitid),
	SYSCALLS_ALLOW(setpgid),
	SYSCALLS_ALLOW(exit),
	SYSCALLS_ALLOW(exit_group),

	/* Asking, narrowing. A further filter can only take away. */
	SYSCALLS_ALLOW(clock_gettime),
	SYSCALLS_ALLOW(clock_getres),
	SYSCALLS_ALLOW(gettimeofday),
	SYSCALLS_ALLOW(time),
	SYSCALLS_ALLOW(times),
	SYSCALLS_ALLOW(getrandom),
	SYSCALLS_ALLOW(getrusage),
	SYSCALLS_ALLOW(getrlimit),
	SYSCALLS_ALLOW(sysinfo),
	SYSCALLS_ALLOW(uname),
	SYSCALLS_ALLOW(getcpu),
	SYSCALLS_ALLOW(getpid),
	SYSCALLS_ALLOW(getppid),
	SYSCALLS_ALLOW(gettid),
	SYSCALLS_ALLOW(getpgrp),
	SYSCALLS_ALLOW(getpgid),
	SYSCALLS_ALLOW(getsid),
	SYSCALLS_ALLOW(getuid),
	SYSCALLS_ALLOW(geteuid),
	SYSCALLS_ALLOW(getgid),
	SYSCALLS_ALLOW(getegid),
	SYSCALLS_ALLOW(getresuid),
	SYSCALLS_ALLOW(getresgid),
	SYSCALLS_ALLOW(getgroups),
	SYSCALLS_ALLOW(capget),
	SYSCALLS_ALLOW(seccomp),
};

#define ALLOW1(name, c0)                                                       \
	{                                                                      \
		SCMP_SYS(name), SCMP_ACT_ALLOW, 1,                             \
		{                                                              \
			c0                                                     \
		}                                                              \
	}
#define ALLOW2(name, c0, c1)                                                   \
	{                                                                      \
		SCMP_SYS(name), SCMP_ACT_ALLOW, 2,                             \
		{                                                              \
			c0, c1                                                 \
		}                                                              \
	}
#define ALLOW3(name, c0, c1, c2)                                               \
	{                                                                      \
		SCMP_SYS(name), SCMP_ACT_ALLOW, 3,                             \
		{                                                              \
			c0, c1, c2                                             \
		}                                                              \
	}

#define INTERNET_SOCKETS(family)                                               \
	ALLOW3(socket, SYSCALLS_IS(0, family),                                 \
	       SYSCALLS_BITS(1, 0xf, SOCK_STREAM), SYSCALLS_IS(2, 0)),         \
		ALLOW3(socket, SYSCALLS_IS(0, family),                         \
		       SYSCALLS_BITS(1, 0xf, SOCK_STREAM),                     \
		       SYSCALLS_IS(2, IPPROTO_TCP)),                           \
		ALLOW3(socket, SYSCALLS_IS(0, family),                         \
		       SYSCALLS_BITS(1, 0xf, SOCK_DGRAM), SYSCALLS_IS(2, 0)),  \
		ALLOW3(socket, SYSCALLS_IS(0, family),                         \
		       SYSCALLS_BITS(1, 0xf, SOCK_DGRAM),                      \
		       SYSCALLS_IS(2, IPPROTO_UDP))

/* Nothing that makes, empties or writes a file. */
#define WRITE_BITS (O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

static const struct syscalls_rule judged[] = {
	ALLOW1(open, SYSCALLS_BITS(1, WRITE_BITS, O_RDONLY)),
	ALLOW1(openat, SYSCALLS_BITS(2, WRITE_BITS, O_RDONLY)),

	INTERNET_SOCKETS(AF_INET),
	INTERNET_SOCKETS(AF_INET6),
	ALLOW2(socket, SYSCALLS_IS(0, AF_NETLINK),
	       SYSCALLS_IS(2, NETLINK_ROUTE)),
	ALLOW1(socketpair, SYSCALLS_IS(0, AF_UNIX)),

	/* clone3 is ENOSYS by default, so that libc uses this one. */
	ALLOW1(clone, SYSCALLS_HAS(0, CLONE_THREAD)),

	/* Terminal and job control: the foreground group, its modes. */
	ALLOW1(ioctl, SYSCALLS_IS(1, TCGETS)),
	ALLOW1(ioctl, SYSCALLS_IS(1, TCSETS)),
	ALLOW1(ioctl, SYSCALLS_IS(1, TCSETSW)),
	ALLOW1(ioctl, SYSCALLS_IS(1, TCSETSF)),
	ALLOW1(ioctl, SYSCALLS_IS(1, TIOCGPGRP)),
	ALLOW1(ioctl, SYSCALLS_IS(1, TIOCSPGRP)),
	ALLOW1(ioctl, SYSCALLS_IS(1, TIOCGSID)),
	ALLOW1(ioctl, SYSCALLS_IS(1, TIOCGWINSZ)),
	ALLOW1(ioctl, SYSCALLS_IS(1, FIONREAD)),
	ALLOW1(ioctl, SYSCALLS_IS(1, FIONBIO)),

	/* Not PR_SET_DUMPABLE: it would let the uid's other processes in. */
	ALLOW1(prctl, SYSCALLS_IS(0, PR_SET_NAME)),
	ALLOW1(prctl, SYSCALLS_IS(0, PR_GET_NAME)),
	ALLOW1(prctl, SYSCALLS_IS(0, PR_SET_VMA)),
	ALLOW1(prctl, SYSCALLS_IS(0, PR_GET_DUMPABLE)),
	ALLOW1(prctl, SYSCALLS_IS(0, PR_SET_PDEATHSIG)),
	ALLOW1(prctl, SYSCALLS_IS(0, PR_SET_NO_NEW_PRIVS)),
	ALLOW1(prctl, SYSCALLS_IS(0, PR_GET_NO_NEW_PRIVS)),
	ALLOW1(prctl, SYSCALLS_IS(0, PR_SET_SECCOMP)),

	/* Limits of ourselves. */
	ALLOW1(prlimit64, SYSCALLS_IS(0, 0)),
#ifndef SYSCALLS_RELAXED
	ALLOW1(mmap, SYSCALLS_BITS(2, PROT_EXEC, 0)),
	ALLOW1(mprotect, SYSCALLS_BITS(2, PROT_EXEC, 0)),
#endif
};

#ifdef SYSCALLS_RELAXED
/*
 * At exit the leak checker stops our threads from a process that shares our
 * memory, and reads /proc/self. Such a build is for tests: it does not have
 * this filter's strength. It still cannot execute or write anything.
 */
static const struct syscalls_rule sanitizer[] = {
	SYSCALLS_ALLOW(mmap),
	SYSCALLS_ALLOW(mprotect),
	SYSCALLS_ALLOW(prctl),
	SYSCALLS_ALLOW(ptrace),
	SYSCALLS_ALLOW(getdents64),
	SYSCALLS_ALLOW(process_vm_readv),
	SYSCALLS_ALLOW(sched_setaffinity),
	ALLOW1(clone, SYSCALLS_HAS(0, CLONE_UNTRACED)),
};
#endif

/*
 * Signals go to ourselves (a stop that follows CMD's, an abort) and to our
 * process group; init gets messages, and other processes of the online
 * identity are none of ours.
 */
static int add_signals(scmp_filter_ctx ctx)
{
	const struct syscalls_rule rules[] = {
		ALLOW1(kill, SYSCALLS_IS(0, SYSCALLS_SELF)),
		ALLOW1(kill, SYSCALLS_IS(0, 0)),
		ALLOW1(tgkill, SYSCALLS_IS(0, SYSCALLS_SELF)),
	};

	return syscalls_add(ctx, rules, ARRAY_SIZE(rules));
}

int filter_compile_proxy(struct sock_fprog *ret)
{
	scmp_filter_ctx ctx;
	int r;

	r = syscalls_context(SCMP_ACT_ERRNO(ENOSYS), &ctx);
	if (r < 0)
		return r;
	r = syscalls_add(ctx, plain, ARRAY_SIZE(plain));
	if (r == 0)
		r = syscalls_add(ctx, judged, ARRAY_SIZE(judged));
#ifdef SYSCALLS_RELAXED
	if (r == 0)
		r = syscalls_add(ctx, sanitizer, ARRAY_SIZE(sanitizer));
#endif
	if (r == 0)
		r = add_signals(ctx);
	if (r == 0)
		r = syscalls_export(ctx, ret);
	seccomp_release(ctx);
	return r;
}
