/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_syscalls.c - the filters refuse what they say, and no more
 *
 * Every row runs in a child of its own that has loaded the filter. A refused
 * call has arguments with which the kernel itself would answer otherwise.
 */
#include "sandbox/syscalls.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/in6.h>
#include <linux/ioprio.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"

/* Newer than the headers that we build with. */
#define NR_FCHMODAT2	  452
#define NR_OPEN_TREE_ATTR 467
#define NR_UNKNOWN	  470

/* Garbage in the half of a register that the kernel does not look at. */
#define GARBAGE (0x5a5a5a5aULL << 32)

#define NOT_REFUSED 0

struct row {
	const char *name;
	long nr;
	uint64_t args[6];
	int want; /* errno, or NOT_REFUSED: none of the filter's */
};

static bool is_refusal(int error)
{
	return error == EPERM || error == ENOSYS || error == EACCES ||
	       error == EAFNOSUPPORT || error == EPROTONOSUPPORT;
}

static int outcome(const struct row *row)
{
	const uint64_t *a = row->args;

	errno = 0;
	if (syscall(row->nr, a[0], a[1], a[2], a[3], a[4], a[5]) != -1)
		return 0;
	return errno;
}

/* Runs @fn(@arg) in a child under @prog; its status, or 1000 + the signal. */
static int run_under(const struct sock_fprog *prog, int (*fn)(const void *),
		     const void *arg)
{
	const struct sigaction fault = { .sa_handler = SIG_DFL };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		/* cmocka's handler would go on with the next test in here. */
		(void)sigaction(SIGSEGV, &fault, NULL);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    syscalls_load(prog) < 0)
			_exit(254);
		_exit(fn(arg));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return 1000 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static int run_row(const void *arg)
{
	return outcome(arg);
}

static void check_rows(const struct syscalls_opts *opts, const struct row *rows,
		       size_t n)
{
	const struct sock_fprog *prog;

	prog = syscalls_command(opts);
	for (size_t i = 0; i < n; i++) {
		int got = run_under(prog, run_row, &rows[i]);

		if (rows[i].want == NOT_REFUSED ? is_refusal(got) || got > 250
						: got != rows[i].want)
			fail_msg("%s: %d (%s), should be %d", rows[i].name, got,
				 strerror(got), rows[i].want);
	}
}

#define PTR(p) ((uint64_t)(uintptr_t)(p))
/* clang-format off */
#define CALL(name, error, ...) \
	{ #name "(" #__VA_ARGS__ ")", SYS_##name, { __VA_ARGS__ }, error }
#define NR(nr, error, ...) { #nr, nr, { __VA_ARGS__ }, error }

#define TCP  IPPROTO_TCP
#define UDP  IPPROTO_UDP
#define CLOX SOCK_CLOEXEC

static const struct row sockets[] = {
	CALL(socket, NOT_REFUSED, AF_INET, SOCK_STREAM, 0),
	CALL(socket, NOT_REFUSED, AF_INET, SOCK_STREAM, TCP),
	CALL(socket, NOT_REFUSED, AF_INET, SOCK_STREAM | CLOX, TCP),
	CALL(socket, NOT_REFUSED, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0),
	CALL(socket, NOT_REFUSED, AF_INET, SOCK_DGRAM, UDP),
	CALL(socket, NOT_REFUSED, AF_INET6, SOCK_STREAM, TCP),
	CALL(socket, NOT_REFUSED, AF_INET6, SOCK_DGRAM | CLOX, UDP),
	CALL(socket, NOT_REFUSED, AF_NETLINK, SOCK_RAW | CLOX, NETLINK_ROUTE),
	CALL(socket, NOT_REFUSED, AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE),
	CALL(socketpair, EFAULT, AF_UNIX, SOCK_STREAM, 0, 0),
	CALL(socketpair, EFAULT, AF_UNIX, SOCK_SEQPACKET, 0, 0),

	/* Other protocols, with garbage above and flags beside the type. */
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_STREAM, 262),
	CALL(socket, EPROTONOSUPPORT, AF_INET6, SOCK_STREAM, 262),
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_STREAM, 132),
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_STREAM, 256),
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
	CALL(socket, EPROTONOSUPPORT, AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6),
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE),
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_DGRAM, 115),
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_DGRAM | CLOX, TCP),
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_STREAM, UDP),
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_STREAM, 262 | GARBAGE),
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_STREAM | GARBAGE, 262),
	CALL(socket, EPROTONOSUPPORT, AF_INET, SOCK_STREAM, 1 | GARBAGE),

	CALL(socket, EACCES, AF_INET, SOCK_RAW, IPPROTO_ICMP),
	CALL(socket, EACCES, AF_INET, SOCK_RAW | CLOX, 255),
	CALL(socket, EACCES, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6),
	CALL(socket, EACCES, AF_INET, SOCK_SEQPACKET, 132),
	CALL(socket, EACCES, AF_INET, SOCK_DCCP, 33),
	CALL(socket, EACCES, AF_INET, SOCK_PACKET, 0),
	CALL(socket, EACCES, AF_INET, SOCK_RDM, 0),
	CALL(socket, EACCES, AF_INET, 0, 0),
	CALL(socket, EACCES, AF_INET, SOCK_RAW | GARBAGE, 255),

	CALL(socket, EPROTONOSUPPORT, AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK),
	CALL(socket, EPROTONOSUPPORT, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG),
	CALL(socket, EPROTONOSUPPORT, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER),
	CALL(socket, EPROTONOSUPPORT, AF_NETLINK, SOCK_DGRAM, NETLINK_AUDIT),
	CALL(socket, EPROTONOSUPPORT, AF_NETLINK, SOCK_DGRAM,
	     NETLINK_KOBJECT_UEVENT),
	CALL(socket, EPROTONOSUPPORT, AF_NETLINK, SOCK_DGRAM,
	     NETLINK_USERSOCK | GARBAGE),

	CALL(socket, EACCES, AF_UNIX, SOCK_STREAM, 0),
	CALL(socket, EACCES, AF_UNIX, SOCK_DGRAM | CLOX, 0),
	CALL(socket, EAFNOSUPPORT, AF_UNSPEC, SOCK_STREAM, 0),
	CALL(socket, EAFNOSUPPORT, AF_VSOCK, SOCK_STREAM, 0),
	CALL(socket, EAFNOSUPPORT, AF_VSOCK | GARBAGE, SOCK_STREAM, 0),
	CALL(socket, EAFNOSUPPORT, AF_PACKET, SOCK_RAW, 0),
	CALL(socket, EAFNOSUPPORT, AF_XDP, SOCK_RAW, 0),
	CALL(socket, EAFNOSUPPORT, AF_ALG, SOCK_SEQPACKET, 0),
	CALL(socket, EAFNOSUPPORT, AF_KEY, SOCK_RAW, 2),
	CALL(socket, EAFNOSUPPORT, AF_BLUETOOTH, SOCK_RAW, 1),
	CALL(socket, EAFNOSUPPORT, AF_CAN, SOCK_RAW, 1),
	CALL(socket, EAFNOSUPPORT, AF_TIPC, SOCK_STREAM, 0),
	CALL(socket, EAFNOSUPPORT, AF_RDS, SOCK_SEQPACKET, 0),
	CALL(socket, EAFNOSUPPORT, AF_SMC, SOCK_STREAM, 0),
	CALL(socket, EAFNOSUPPORT, AF_KCM, SOCK_DGRAM, 0),
	CALL(socket, EAFNOSUPPORT, AF_QIPCRTR, SOCK_DGRAM, 0),
	CALL(socket, EAFNOSUPPORT, AF_AX25, SOCK_DGRAM, 0),
	CALL(socket, EAFNOSUPPORT, AF_X25, SOCK_SEQPACKET, 0),
	CALL(socketpair, EAFNOSUPPORT, AF_INET, SOCK_STREAM, 0, 0),
	CALL(socketpair, EAFNOSUPPORT, AF_TIPC, SOCK_STREAM, 0, 0),
	CALL(socketpair, EACCES, AF_UNIX, SOCK_DGRAM, 0, 0),
	CALL(socketpair, EACCES, AF_UNIX, SOCK_RAW | SOCK_CLOEXEC, 0, 0),
};

static const struct row always[] = {
	CALL(io_uring_setup, ENOSYS, 1, 0),
	CALL(io_uring_enter, ENOSYS, -1ULL),
	CALL(io_uring_register, ENOSYS, -1ULL),
	CALL(clone3, ENOSYS, 0, 0),
	CALL(openat2, ENOSYS, 0, 0, 0, 0),
	CALL(ptrace, EPERM, 0xffff),
	CALL(process_vm_readv, EPERM, 1),
	CALL(process_vm_writev, EPERM, 1),
	CALL(process_madvise, EPERM, -1ULL),
	CALL(pidfd_getfd, EPERM, -1ULL),
	CALL(kcmp, EPERM, 1, 1, 99),
	CALL(bpf, EPERM, 0xffff),
	CALL(perf_event_open, EPERM, 0),
	CALL(userfaultfd, EPERM, 0xffff),
	CALL(keyctl, EPERM, 0xffff),
	CALL(add_key, EPERM, 0),
	CALL(request_key, EPERM, 0),
	CALL(open_by_handle_at, EPERM, -1ULL),
	CALL(name_to_handle_at, EPERM, -1ULL),
	CALL(kexec_load, EPERM, 0, 99),
	CALL(kexec_file_load, EPERM, -1ULL, -1ULL),
	CALL(init_module, EPERM, 0),
	CALL(finit_module, EPERM, -1ULL),
	CALL(delete_module, EPERM, 0),
	CALL(swapon, EPERM, 0),
	CALL(swapoff, EPERM, 0),
	CALL(reboot, EPERM, 0),
	CALL(acct, EPERM, 8),
	CALL(quotactl, EPERM, 0xffffffff),
	CALL(quotactl_fd, EPERM, -1ULL),
	CALL(settimeofday, EPERM, 8),
	CALL(clock_settime, EPERM, 99),
	CALL(clock_adjtime, EPERM, 99),
	CALL(adjtimex, EPERM, 0),
	CALL(syslog, EPERM, 99),
	CALL(vhangup, EPERM, 0),
#ifdef __x86_64__
	CALL(iopl, EPERM, 99),
	CALL(ioperm, EPERM, 0, 0, 0),
	CALL(modify_ldt, EPERM, 99),
#endif
	NR(460, EPERM, 0),
	NR(NR_UNKNOWN, ENOSYS, 0),
	NR(NR_UNKNOWN + 100, ENOSYS, 0),
	NR(0x40000000 + 39, ENOSYS, 0),

	CALL(setpriority, EPERM, PRIO_PGRP, 99999, 0),
	CALL(setpriority, EPERM, PRIO_USER, 99999, 0),
	CALL(setpriority, ESRCH, PRIO_PROCESS, 9999999, 0),
	CALL(ioprio_set, EPERM, IOPRIO_WHO_PGRP, 99999, 0),
	CALL(ioprio_set, EPERM, IOPRIO_WHO_USER, 99999, 0),
	CALL(ioprio_set, ESRCH, IOPRIO_WHO_PROCESS, 9999999, 0),
	CALL(ioctl, EPERM, -1ULL, TIOCSTI),
	CALL(ioctl, EPERM, -1ULL, TIOCSTI | GARBAGE),
	CALL(ioctl, EPERM, -1ULL, TIOCLINUX | GARBAGE),
	CALL(ioctl, EBADF, -1ULL, TIOCGWINSZ),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IP, IP_OPTIONS),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IP, IP_ADD_MEMBERSHIP),
	CALL(setsockopt, EPERM, -1ULL, GARBAGE | IPPROTO_IP,
	     GARBAGE | IP_ADD_MEMBERSHIP),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IP, 41),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IP, 42),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IP, 46),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IP, 48),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 20),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 27),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 42),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 46),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 48),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 54),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 55),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 57),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 59),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 3),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 4),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 5),
	CALL(setsockopt, EPERM, -1ULL, IPPROTO_IPV6, 6),
	CALL(setsockopt, EBADF, -1ULL, IPPROTO_TCP, 4),
	CALL(setsockopt, EBADF, -1ULL, IPPROTO_IP, IP_TOS),
	CALL(setsockopt, EBADF, -1ULL, IPPROTO_IPV6, IPV6_V6ONLY),
	CALL(setsockopt, EBADF, -1ULL, SOL_SOCKET, SO_REUSEADDR),
};

static const struct row namespaces[] = {
	CALL(clone, EPERM, CLONE_NEWUSER | SIGCHLD),
	CALL(clone, EPERM, GARBAGE | CLONE_NEWNET | SIGCHLD),
	CALL(unshare, EPERM, CLONE_NEWNS),
	CALL(unshare, EPERM, CLONE_NEWCGROUP),
	CALL(unshare, EPERM, CLONE_NEWUTS),
	CALL(unshare, EPERM, CLONE_NEWIPC),
	CALL(unshare, EPERM, CLONE_NEWUSER),
	CALL(unshare, EPERM, CLONE_NEWPID),
	CALL(unshare, EPERM, CLONE_NEWNET),
	CALL(unshare, EPERM, CLONE_NEWTIME),
	CALL(unshare, EPERM, GARBAGE | CLONE_NEWUSER | CLONE_FS),
	CALL(unshare, NOT_REFUSED, CLONE_FS | CLONE_FILES),
	CALL(setns, EPERM, -1ULL, 0),
	CALL(mount, EPERM, 0, 0),
	CALL(umount2, EPERM, 0, 0),
	CALL(pivot_root, EPERM, 0, 0),
	CALL(chroot, EPERM, 0),
	CALL(fsopen, EPERM, 0, 0),
	CALL(fsconfig, EPERM, -1ULL),
	CALL(fsmount, EPERM, -1ULL),
	CALL(fspick, EPERM, -1ULL, 0),
	CALL(move_mount, EPERM, -1ULL, 0),
	CALL(open_tree, EPERM, -1ULL, 0),
	CALL(mount_setattr, EPERM, -1ULL, 0),
	NR(NR_OPEN_TREE_ATTR, EPERM, 0),
};

#define O_TMP O_TMPFILE

/* What the filter lets through ends in ENOENT or EBADF. */
static const struct row modes[] = {
	CALL(fchmod, EPERM, -1ULL, 04755),
	CALL(fchmod, EPERM, -1ULL, 02755),
	CALL(fchmod, EPERM, -1ULL, 06000 | GARBAGE),
	CALL(fchmod, EBADF, -1ULL, 01777),
	CALL(fchmod, EBADF, -1ULL, 0755 | GARBAGE),
	CALL(fchmodat, EPERM, -1ULL, 0, 04755),
	CALL(fchmodat, EPERM, -1ULL, 0, 02755),
	CALL(fchmodat, EFAULT, -1ULL, 0, 0755),
	NR(NR_FCHMODAT2, EPERM, -1ULL, 0, 04755, 0),
	NR(NR_FCHMODAT2, EPERM, -1ULL, 0, 02755, 0),
	NR(NR_FCHMODAT2, EFAULT, -1ULL, 0, 0755, 0),
	CALL(openat, EPERM, -1ULL, 0, O_CREAT | O_WRONLY, 04755),
	CALL(openat, EPERM, -1ULL, 0, O_CREAT | O_WRONLY, 02755),
	CALL(openat, EPERM, -1ULL, 0, O_TMP | O_RDWR, 04755),
	CALL(openat, EPERM, -1ULL, 0, O_TMP | O_RDWR, 02755),
	CALL(openat, EPERM, -1ULL, 0, O_CREAT | GARBAGE, 04755 | GARBAGE),
	CALL(openat, EFAULT, -1ULL, 0, O_CREAT | O_WRONLY, 0755),
	CALL(openat, EFAULT, -1ULL, 0, O_RDONLY, 06755),
	CALL(openat, EFAULT, -1ULL, 0, O_DIRECTORY, 06755),
	CALL(mknodat, EPERM, -1ULL, 0, S_IFREG | 04755),
	CALL(mknodat, EPERM, -1ULL, 0, S_IFIFO | 02755),
	CALL(mknodat, EFAULT, -1ULL, 0, S_IFIFO | 0644),
#ifdef __x86_64__
	CALL(chmod, EPERM, 0, 04755),
	CALL(chmod, EPERM, 0, 02755),
	CALL(chmod, EFAULT, 0, 01755),
	CALL(creat, EPERM, 0, 04755),
	CALL(creat, EPERM, 0, 02755),
	CALL(creat, EFAULT, 0, 0755),
	CALL(open, EPERM, 0, O_CREAT, 04755),
	CALL(open, EPERM, 0, O_CREAT, 02755),
	CALL(open, EPERM, 0, O_TMP | O_RDWR, 02755),
	CALL(open, EFAULT, 0, O_RDONLY, 06755),
	CALL(mknod, EPERM, 0, S_IFREG | 04755),
	CALL(mknod, EPERM, 0, S_IFREG | 02755),
#endif
};
/* clang-format on */

static const struct syscalls_opts strict = { false, false };

static void sockets_are_of_plain_internet_protocols_only(void **state)
{
	(void)state;
	check_rows(&strict, sockets, ARRAY_SIZE(sockets));
}

static void dangerous_calls_are_refused(void **state)
{
	(void)state;
	check_rows(&strict, always, ARRAY_SIZE(always));
}

static void namespaces_and_mounts_are_refused(void **state)
{
	(void)state;
	check_rows(&strict, namespaces, ARRAY_SIZE(namespaces));
}

static void set_id_modes_are_refused(void **state)
{
	(void)state;
	check_rows(&strict, modes, ARRAY_SIZE(modes));
}

static void unix_sockets_are_an_option(void **state)
{
	static const struct syscalls_opts opts = { true, false };
	static const struct row rows[] = {
		CALL(socket, NOT_REFUSED, AF_UNIX, SOCK_STREAM, 0),
		CALL(socket, NOT_REFUSED, AF_UNIX, SOCK_SEQPACKET, 0),
		CALL(socket, EAFNOSUPPORT, AF_VSOCK, SOCK_STREAM, 0),
		CALL(socket, EAFNOSUPPORT, AF_UNSPEC, SOCK_STREAM, 0),
		CALL(unshare, EPERM, CLONE_NEWUSER),
	};

	(void)state;
	check_rows(&opts, rows, ARRAY_SIZE(rows));
}

static void user_namespaces_are_an_option(void **state)
{
	static const struct syscalls_opts opts = { false, true };
	static const struct row rows[] = {
		CALL(unshare, NOT_REFUSED, CLONE_NEWUSER),
		CALL(mount, EFAULT, 8, 8, 8),
		CALL(setns, EBADF, -1ULL, 0),
		CALL(socket, EACCES, AF_UNIX, SOCK_STREAM, 0),
		CALL(fchmod, EPERM, -1ULL, 04755),
		CALL(clone3, ENOSYS, 0, 0),
	};

	(void)state;
	check_rows(&opts, rows, ARRAY_SIZE(rows));
}

static int run_shell(const void *script)
{
	execl("/bin/sh", "sh", "-c", (const char *)script, (char *)NULL);
	return 127;
}

/* A tool that is not installed is not tested; the shell always is. */
static const char *const ordinary[] = {
	"set -e; d=$(mktemp -d); cd $d; echo a >b; chmod 755 b; chmod +t .; "
	"mkfifo f; ln -s b c; ls -la | cat >/dev/null; (sleep 0 & wait); "
	"cp -a b d; tar cf x.tar b d; mkdir e; tar xf x.tar -C e; rm -r $d",
	"! command -v bash >/dev/null || bash -c '"
	"x=$(echo hi | tr h j); [ $x = ji ] && set -m && sleep 0 & wait'",
	"! command -v git >/dev/null || { set -e; d=$(mktemp -d); cd $d; "
	"export HOME=$d; git init -q r; cd r; echo 1 >a; git add a; "
	"git -c user.name=n -c user.email=e commit -qm m; "
	"git clone -q . ../s; rm -rf $d; }",
	"! command -v node >/dev/null || node -e '"
	"const{execSync}=require(\"child_process\"),n=require(\"net\");"
	"execSync(\"true\");const s=n.createServer(c=>c.end(\"x\"));"
	"s.listen(0,\"127.0.0.1\",()=>{n.connect(s.address().port,"
	"\"127.0.0.1\").on(\"data\",()=>s.close()).on(\"end\",()=>{})});"
	"require(\"dns\").lookup(\"localhost\",e=>{if(e)process.exit(1)});"
	"new (require(\"worker_threads\").Worker)(\"1\",{eval:true})'",
	"[ ! -x /usr/bin/python3 ] || /usr/bin/python3 -c '"
	"import socket,threading,subprocess,multiprocessing as m;"
	"socket.getaddrinfo(\"localhost\",80);socket.if_nameindex();"
	"a,b=socket.socketpair();a.send(b\"x\");b.recv(1);"
	"t=threading.Thread(target=print);t.start();t.join();"
	"subprocess.check_call([\"true\"]);"
	"u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
	"u.sendto(b\"x\",(\"127.0.0.1\",9))'",
};

static void ordinary_programs_work(void **state)
{
	const struct sock_fprog *prog;

	(void)state;
	prog = syscalls_command(&strict);
	for (size_t i = 0; i < ARRAY_SIZE(ordinary); i++) {
		int status = run_under(prog, run_shell, ordinary[i]);

		if (status != 0)
			fail_msg("status %d of: %s", status, ordinary[i]);
	}
}

static void load_needs_no_new_privs_of_the_unprivileged(void **state)
{
	const struct sock_fprog *prog;
	int status;
	pid_t pid;

	(void)state;
	prog = syscalls_command(&strict);
	pid = fork();
	if (pid == 0) {
		if (getuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(99);
		_exit(syscalls_load(prog) == -EACCES ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_are_of_plain_internet_protocols_only),
		cmocka_unit_test(dangerous_calls_are_refused),
		cmocka_unit_test(namespaces_and_mounts_are_refused),
		cmocka_unit_test(set_id_modes_are_refused),
		cmocka_unit_test(unix_sockets_are_an_option),
		cmocka_unit_test(user_namespaces_are_an_option),
		cmocka_unit_test(ordinary_programs_work),
		cmocka_unit_test(load_needs_no_new_privs_of_the_unprivileged),
	};

	return cmocka_run_group_tests_name("syscalls", tests, NULL, NULL);
}
