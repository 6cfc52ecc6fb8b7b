/* SPDX-License-Identifier: MIT */
/*
 * sandbox/filter/command.c - what CMD may not ask the kernel for
 *
 * In:  the doors that the user opened on purpose
 * Out: a seccomp program: all that is not listed here passes
 *
 * Destinations are the firewall's and the namespace's work: a filter cannot
 * see a sockaddr. This list is about what those do not see (other families and
 * protocols, kernel-made packets), about doors out of the namespaces, and
 * about kernel interfaces that only widen the attack surface.
 *
 * ENOSYS is for calls that have a fallback in libraries, EPERM for those that
 * have none; sockets fail with the errno that a kernel without that family or
 * protocol gives, so that programs take their usual other way.
 *
 * References: seccomp(2), socket(2), clone(2).
 */
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/in6.h>
#include <linux/ioprio.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/macros.h"
#include "sandbox/filter/program.h"
#include "sandbox/syscalls.h"

/* Calls that are newer than the oldest libseccomp we build with. */
#define NR_QUOTACTL_FD	     443
#define NR_FCHMODAT2	     452
#define NR_LSM_SET_SELF_ATTR 460
#define NR_OPEN_TREE_ATTR    467

#define EPERM_NUMBER(nr)                                                       \
	{                                                                      \
		(nr), SCMP_ACT_ERRNO(EPERM), 0,                                \
		{                                                              \
			{                                                      \
				0                                              \
			}                                                      \
		}                                                              \
	}

/*
 * Judged and left alone among the new ones, because they act on the caller's
 * own memory, threads or files, or tell what /proc tells: landlock_* (444 to
 * 446), memfd_secret, process_mrelease, futex_waitv, set_mempolicy_home_node,
 * cachestat, map_shadow_stack, futex_wake, futex_wait, futex_requeue,
 * statmount, listmount, lsm_get_self_attr, lsm_list_modules, mseal, the four
 * *xattrat, file_getattr, file_setattr.
 */
static const struct syscalls_rule always[] = {
	/* Does what it is told past every rule of this filter. */
	SYSCALLS_ENOSYS(io_uring_setup),
	SYSCALLS_ENOSYS(io_uring_enter),
	SYSCALLS_ENOSYS(io_uring_register),

	/* Flags and mode are behind a pointer, where no filter sees them; libc
	 * falls back to clone and openat. */
	SYSCALLS_ENOSYS(clone3),
	SYSCALLS_ENOSYS(openat2),

	/* Other processes' memory and descriptors. */
	SYSCALLS_EPERM(ptrace),
	SYSCALLS_EPERM(process_vm_readv),
	SYSCALLS_EPERM(process_vm_writev),
	SYSCALLS_EPERM(process_madvise),
	SYSCALLS_EPERM(pidfd_getfd),
	SYSCALLS_EPERM(kcmp),

	/* Large, rarely needed, often broken; and files by handle, past paths.
	 */
	SYSCALLS_EPERM(bpf),
	SYSCALLS_EPERM(perf_event_open),
	SYSCALLS_EPERM(userfaultfd),
	SYSCALLS_EPERM(keyctl),
	SYSCALLS_EPERM(add_key),
	SYSCALLS_EPERM(request_key),
	SYSCALLS_EPERM(open_by_handle_at),
	SYSCALLS_EPERM(name_to_handle_at),

	/* The machine's, not a command's. */
	SYSCALLS_EPERM(kexec_load),
	SYSCALLS_EPERM(kexec_file_load),
	SYSCALLS_EPERM(init_module),
	SYSCALLS_EPERM(finit_module),
	SYSCALLS_EPERM(delete_module),
	SYSCALLS_EPERM(create_module),
	SYSCALLS_EPERM(query_module),
	SYSCALLS_EPERM(swapon),
	SYSCALLS_EPERM(swapoff),
	SYSCALLS_EPERM(reboot),
	SYSCALLS_EPERM(acct),
	SYSCALLS_EPERM(quotactl),
	EPERM_NUMBER(NR_QUOTACTL_FD),
	SYSCALLS_EPERM(iopl),
	SYSCALLS_EPERM(ioperm),
	SYSCALLS_EPERM(settimeofday),
	SYSCALLS_EPERM(clock_settime),
	SYSCALLS_EPERM(clock_adjtime),
	SYSCALLS_EPERM(adjtimex),
	SYSCALLS_EPERM(syslog),
	SYSCALLS_EPERM(vhangup),
	SYSCALLS_EPERM(modify_ldt),
	EPERM_NUMBER(NR_LSM_SET_SELF_ATTR),
};

#define REFUSE1(name, error, c0)                                               \
	{                                                                      \
		SCMP_SYS(name), SCMP_ACT_ERRNO(error), 1,                      \
		{                                                              \
			c0                                                     \
		}                                                              \
	}
#define REFUSE2(name, error, c0, c1)                                           \
	{                                                                      \
		SCMP_SYS(name), SCMP_ACT_ERRNO(error), 2,                      \
		{                                                              \
			c0, c1                                                 \
		}                                                              \
	}

#define NO_IP_OPTION(option)                                                   \
	REFUSE2(setsockopt, EPERM, SYSCALLS_IS(1, IPPROTO_IP),                 \
		SYSCALLS_IS(2, option))
#define NO_IPV6_OPTION(option)                                                 \
	REFUSE2(setsockopt, EPERM, SYSCALLS_IS(1, IPPROTO_IPV6),               \
		SYSCALLS_IS(2, option))

static const struct syscalls_rule options[] = {
	/* Input for the caller's shell, once CMD has ended. */
	REFUSE1(ioctl, EPERM, SYSCALLS_IS(1, TIOCSTI)),
	REFUSE1(ioctl, EPERM, SYSCALLS_IS(1, TIOCLINUX)),

	/* A process group is not a pid namespace's: ours has the caller's
	 * processes in it, and so have those of one user. */
	REFUSE1(setpriority, EPERM, SYSCALLS_IS(0, PRIO_PGRP)),
	REFUSE1(setpriority, EPERM, SYSCALLS_IS(0, PRIO_USER)),
	REFUSE1(ioprio_set, EPERM, SYSCALLS_IS(0, IOPRIO_WHO_PGRP)),
	REFUSE1(ioprio_set, EPERM, SYSCALLS_IS(0, IOPRIO_WHO_USER)),

	/* The kernel itself reports a joined group to the network, in packets
	 * of no socket: up to 112 chosen bits each. */
	NO_IP_OPTION(IP_ADD_MEMBERSHIP),
	NO_IP_OPTION(IP_ADD_SOURCE_MEMBERSHIP),
	NO_IP_OPTION(IP_MSFILTER),
	NO_IP_OPTION(MCAST_JOIN_GROUP),
	NO_IP_OPTION(MCAST_JOIN_SOURCE_GROUP),
	NO_IP_OPTION(MCAST_MSFILTER),
	NO_IPV6_OPTION(IPV6_JOIN_GROUP),
	NO_IPV6_OPTION(IPV6_JOIN_ANYCAST),
	NO_IPV6_OPTION(MCAST_JOIN_GROUP),
	NO_IPV6_OPTION(MCAST_JOIN_SOURCE_GROUP),
	NO_IPV6_OPTION(MCAST_MSFILTER),

	/* Source routes and extension headers: the packet's way and content
	 * beside the address that was judged. */
	NO_IP_OPTION(IP_OPTIONS),
	NO_IPV6_OPTION(IPV6_HOPOPTS),
	NO_IPV6_OPTION(IPV6_RTHDRDSTOPTS),
	NO_IPV6_OPTION(IPV6_RTHDR),
	NO_IPV6_OPTION(IPV6_DSTOPTS),
	NO_IPV6_OPTION(IPV6_2292HOPOPTS),
	NO_IPV6_OPTION(IPV6_2292DSTOPTS),
	NO_IPV6_OPTION(IPV6_2292RTHDR),
	NO_IPV6_OPTION(IPV6_2292PKTOPTIONS),
};

/*
 * A setuid file that CMD makes in the workspace belongs to the caller on
 * disk: whoever runs it from outside is the caller. O_TMPFILE's own bit is
 * 020000000; the mode of open(2) counts only with it or O_CREAT.
 */
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

#define NO_SET_ID(name, arg)                                                   \
	REFUSE1(name, EPERM, SYSCALLS_HAS(arg, S_ISUID)),                      \
		REFUSE1(name, EPERM, SYSCALLS_HAS(arg, S_ISGID))
#define NO_SET_ID_OPEN(name, flags, mode)                                      \
	REFUSE2(name, EPERM, SYSCALLS_HAS(flags, O_CREAT),                     \
		SYSCALLS_HAS(mode, S_ISUID)),                                  \
		REFUSE2(name, EPERM, SYSCALLS_HAS(flags, O_CREAT),             \
			SYSCALLS_HAS(mode, S_ISGID)),                          \
		REFUSE2(name, EPERM, SYSCALLS_HAS(flags, TMPFILE_BIT),         \
			SYSCALLS_HAS(mode, S_ISUID)),                          \
		REFUSE2(name, EPERM, SYSCALLS_HAS(flags, TMPFILE_BIT),         \
			SYSCALLS_HAS(mode, S_ISGID))

static const struct syscalls_rule modes[] = {
	NO_SET_ID(chmod, 1),
	NO_SET_ID(fchmod, 1),
	NO_SET_ID(fchmodat, 2),
	{ NR_FCHMODAT2,
	  SCMP_ACT_ERRNO(EPERM),
	  1,
	  { SYSCALLS_HAS(2, S_ISUID) } },
	{ NR_FCHMODAT2,
	  SCMP_ACT_ERRNO(EPERM),
	  1,
	  { SYSCALLS_HAS(2, S_ISGID) } },
	NO_SET_ID(creat, 1),
	NO_SET_ID_OPEN(open, 1, 2),
	NO_SET_ID_OPEN(openat, 2, 3),
	NO_SET_ID(mknod, 1),
	NO_SET_ID(mknodat, 2),
};

#define NO_NAMESPACE(flag)                                                     \
	REFUSE1(clone, EPERM, SYSCALLS_HAS(0, flag)),                          \
		REFUSE1(unshare, EPERM, SYSCALLS_HAS(0, flag))

/*
 * In a user namespace of its own CMD is root over namespaces and mounts: most
 * kernel holes of the last years start there, and a hidden folder could be
 * uncovered. Left out with --user-namespaces.
 */
static const struct syscalls_rule namespaces[] = {
	NO_NAMESPACE(CLONE_NEWNS),	 NO_NAMESPACE(CLONE_NEWCGROUP),
	NO_NAMESPACE(CLONE_NEWUTS),	 NO_NAMESPACE(CLONE_NEWIPC),
	NO_NAMESPACE(CLONE_NEWUSER),	 NO_NAMESPACE(CLONE_NEWPID),
	NO_NAMESPACE(CLONE_NEWNET),	 NO_NAMESPACE(CLONE_NEWTIME),
	SYSCALLS_EPERM(setns),		 SYSCALLS_EPERM(mount),
	SYSCALLS_EPERM(umount2),	 SYSCALLS_EPERM(pivot_root),
	SYSCALLS_EPERM(chroot),		 SYSCALLS_EPERM(fsopen),
	SYSCALLS_EPERM(fsconfig),	 SYSCALLS_EPERM(fsmount),
	SYSCALLS_EPERM(fspick),		 SYSCALLS_EPERM(move_mount),
	SYSCALLS_EPERM(open_tree),	 SYSCALLS_EPERM(mount_setattr),
	EPERM_NUMBER(NR_OPEN_TREE_ATTR),
};

/* One row for socket(2) with @n conditions. */
static int add_socket(scmp_filter_ctx ctx, unsigned error, unsigned n,
		      struct scmp_arg_cmp c0, struct scmp_arg_cmp c1,
		      struct scmp_arg_cmp c2)
{
	struct syscalls_rule rule = {
		SCMP_SYS(socket), SCMP_ACT_ERRNO(error), n, { c0, c1, c2 }
	};

	return syscalls_add(ctx, &rule, 1);
}

static struct scmp_arg_cmp bits(unsigned arg, uint64_t mask, uint64_t value)
{
	return (struct scmp_arg_cmp)SYSCALLS_BITS(arg, mask, value);
}

/* The low word of @arg is not @value is beyond libseccomp; that the whole is
 * larger errs on the side of a refusal where the high word is garbage. */
static struct scmp_arg_cmp above(unsigned arg, uint64_t value)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_GT, value, 0 };
}

/*
 * For internet sockets of type @type all protocols but 0 and @protocol: MPTCP
 * (joins made by the kernel), SCTP, SMC, UDP-Lite, ICMP and L2TP are what the
 * firewall and Landlock see badly or not at all.
 */
static int add_protocols(scmp_filter_ctx ctx, unsigned family, unsigned type,
			 unsigned protocol)
{
	struct scmp_arg_cmp f = bits(0, UINT32_MAX, family);
	struct scmp_arg_cmp t = bits(1, 0xf, type);
	int r = 0;

	for (unsigned p = 1; p < protocol && r == 0; p++)
		r = add_socket(ctx, EPROTONOSUPPORT, 3, f, t,
			       bits(2, UINT32_MAX, p));
	if (r == 0)
		r = add_socket(ctx, EPROTONOSUPPORT, 3, f, t,
			       above(2, protocol));
	return r;
}

/* SOCK_STREAM is 1, SOCK_DGRAM 2, in the low four bits: any other type has
 * both or none of the lower two, or one of the higher two. */
static int add_internet(scmp_filter_ctx ctx, unsigned family)
{
	static const struct scmp_arg_cmp other_type[] = {
		SYSCALLS_BITS(1, 3, 0),
		SYSCALLS_BITS(1, 3, 3),
		SYSCALLS_HAS(1, 4),
		SYSCALLS_HAS(1, 8),
	};
	struct scmp_arg_cmp f = bits(0, UINT32_MAX, family);
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(other_type) && r == 0; i++)
		r = add_socket(ctx, EACCES, 2, f, other_type[i], f);
	if (r == 0)
		r = add_protocols(ctx, family, SOCK_STREAM, IPPROTO_TCP);
	if (r == 0)
		r = add_protocols(ctx, family, SOCK_DGRAM, IPPROTO_UDP);
	return r;
}

/*
 * Which families a command has: internet, routing information (getaddrinfo
 * and if_nameindex ask it), unix where the user says so. AF_VSOCK knows no
 * namespace and no firewall; a unix socket leads to any service of the host.
 */
static int add_sockets(scmp_filter_ctx ctx, bool unix_sockets)
{
	struct scmp_arg_cmp netlink = bits(0, UINT32_MAX, AF_NETLINK);
	int r;

	r = add_internet(ctx, AF_INET);
	if (r == 0)
		r = add_internet(ctx, AF_INET6);
	for (unsigned f = 0; f < AF_NETLINK && r == 0; f++) {
		struct scmp_arg_cmp is = bits(0, UINT32_MAX, f);

		if (f == AF_INET || f == AF_INET6 ||
		    (f == AF_UNIX && unix_sockets))
			continue;
		r = add_socket(ctx, f == AF_UNIX ? EACCES : EAFNOSUPPORT, 1, is,
			       is, is);
	}
	if (r == 0)
		r = add_socket(ctx, EPROTONOSUPPORT, 2, netlink,
			       above(2, NETLINK_ROUTE), netlink);
	if (r == 0)
		r = add_socket(ctx, EAFNOSUPPORT, 1, above(0, AF_NETLINK),
			       netlink, netlink);
	return r;
}

/*
 * The two ends of a stream or seqpacket pair are connected for ever. An end of
 * a datagram pair (SOCK_RAW is one too) can send to any unix socket by name,
 * and get descriptors from there, as if socket(AF_UNIX) were allowed. Of the
 * low four bits of the type, SOCK_STREAM is 1 and SOCK_SEQPACKET 5.
 */
static int add_socketpairs(scmp_filter_ctx ctx, bool unix_sockets)
{
	static const struct syscalls_rule families[] = {
		REFUSE1(socketpair, EAFNOSUPPORT, SYSCALLS_IS(0, AF_UNSPEC)),
		{ SCMP_SYS(socketpair),
		  SCMP_ACT_ERRNO(EAFNOSUPPORT),
		  1,
		  { { 0, SCMP_CMP_GT, AF_UNIX, 0 } } },
	};
	static const struct syscalls_rule types[] = {
		REFUSE1(socketpair, EACCES, SYSCALLS_BITS(1, 1, 0)),
		REFUSE1(socketpair, EACCES, SYSCALLS_HAS(1, 2)),
		REFUSE1(socketpair, EACCES, SYSCALLS_HAS(1, 8)),
	};
	int r = syscalls_add(ctx, families, ARRAY_SIZE(families));

	if (r == 0 && !unix_sockets)
		r = syscalls_add(ctx, types, ARRAY_SIZE(types));
	return r;
}

int filter_compile_command(const struct syscalls_opts *opts,
			   struct sock_fprog *ret)
{
	scmp_filter_ctx ctx;
	int r;

	r = syscalls_context(SCMP_ACT_ALLOW, &ctx);
	if (r < 0)
		return r;
	r = syscalls_add(ctx, always, ARRAY_SIZE(always));
	if (r == 0)
		r = syscalls_add(ctx, options, ARRAY_SIZE(options));
	if (r == 0)
		r = syscalls_add(ctx, modes, ARRAY_SIZE(modes));
	if (r == 0 && !opts->user_namespaces)
		r = syscalls_add(ctx, namespaces, ARRAY_SIZE(namespaces));
	if (r == 0)
		r = add_sockets(ctx, opts->unix_sockets);
	if (r == 0)
		r = add_socketpairs(ctx, opts->unix_sockets);
	if (r == 0)
		r = syscalls_export(ctx, ret);
	seccomp_release(ctx);
	return r;
}
