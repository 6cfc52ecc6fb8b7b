/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/kernel.c - system calls around the filter, and beyond it
 *
 * The ring and the other tables must not do what the native calls may not.
 * The rest are interfaces that only root's business needs: that one answers
 * is the escape.
 */
/* Before glibc 2.36 this has to stand before linux/fs.h, which others bring. */
#include <sys/mount.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/escape/escape.h"

/* --- the ring
 * ------------------------------------------------------------------ */

/* IORING_OP_SOCKET, which Linux 5.15's headers have not. */
#define OP_SOCKET 45

struct ring {
	int fd;
	struct io_uring_params params;
	char *queue; /* both queues, IORING_FEAT_SINGLE_MMAP */
	struct io_uring_sqe *entries;
};

static unsigned *at(const struct ring *r, unsigned offset)
{
	return (unsigned *)(void *)(r->queue + offset);
}

static void ring_open(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = (int)syscall(SYS_io_uring_setup, 4, &r->params);
	if (r->fd < 0)
		blocked_by("io_uring_setup");
	r->queue = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED,
			r->fd, IORING_OFF_SQ_RING);
	r->entries = mmap(NULL, 1 << 12, PROT_READ | PROT_WRITE, MAP_SHARED,
			  r->fd, (off_t)IORING_OFF_SQES);
	if (r->queue == MAP_FAILED || (void *)r->entries == MAP_FAILED)
		blocked_by("mmap");
}

/* One operation. Return: its result. */
static int ring_do(struct ring *r, const struct io_uring_sqe *entry)
{
	unsigned *tail = at(r, r->params.sq_off.tail);
	unsigned *head = at(r, r->params.cq_off.head);
	unsigned mask = *at(r, r->params.sq_off.ring_mask);
	struct io_uring_cqe *done = (void *)(r->queue + r->params.cq_off.cqes);
	int result;

	r->entries[*tail & mask] = *entry;
	at(r, r->params.sq_off.array)[*tail & mask] = *tail & mask;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0) < 0)
		blocked_by("io_uring_enter");
	result = done[*head & *at(r, r->params.cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

/* Socket and connection both by the ring. */
static void by_ring(const struct probe *p)
{
	union address a;
	socklen_t n = address_make(&a, p->a, "@port");
	struct io_uring_sqe entry = { .opcode = OP_SOCKET };
	struct ring r;
	int fd, result;

	ring_open(&r);
	entry.fd = AF_INET;
	entry.off = SOCK_STREAM;
	fd = ring_do(&r, &entry);
	if (fd < 0)
		blocked("socket by the ring: %s", strerror(-fd));
	entry = (struct io_uring_sqe){ .opcode = IORING_OP_CONNECT };
	entry.fd = fd;
	entry.addr = (uintptr_t)&a;
	entry.off = n;
	result = ring_do(&r, &entry);
	if (result < 0)
		blocked("connect by the ring: %s", strerror(-result));
	say(p, fd);
}

/* --- other tables of system calls
 * ---------------------------------------------- */

#ifdef __x86_64__
/* A kernel that was started without this table faults on the instruction. */
static void on_fault(int sig)
{
	(void)sig;
	if (world("control"))
		unavailable("not in this kernel");
	blocked("not in this kernel");
}

static long call32(long nr, long b, long c, long d)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(b), "c"(c), "d"(d)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)r;
}

/* i386: socketcall(102), whose arguments lie below 4 GiB. */
static void by_int80(const struct probe *p)
{
	union address a;
	socklen_t n = address_make(&a, p->a, "@port");
	uint32_t *args = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	const struct sigaction fault = { .sa_handler = on_fault };
	long fd, r;

	if (args == MAP_FAILED)
		unavailable("no memory below 4 GiB");
	(void)sigaction(SIGSEGV, &fault, NULL);
	args[0] = AF_INET;
	args[1] = SOCK_STREAM;
	args[2] = 0;
	fd = call32(102, 1, (long)(uintptr_t)args, 0);
	if (fd < 0)
		blocked("socket: %s", strerror((int)-fd));
	memcpy(args + 16, &a, n);
	args[0] = (uint32_t)fd;
	args[1] = (uint32_t)(uintptr_t)(args + 16);
	args[2] = n;
	r = call32(102, 3, (long)(uintptr_t)args, 0);
	if (r < 0)
		blocked("connect: %s", strerror((int)-r));
	say(p, (int)fd);
}
#else
static void by_int80(const struct probe *p)
{
	(void)p;
	unavailable("x86 only");
}
#endif

/* The native numbers with bit 30: another table, the same calls. */
static void by_x32(const struct probe *p)
{
	long fd = syscall(0x40000000L + SYS_socket, AF_INET, SOCK_STREAM, 0);

	if (fd < 0 && errno == ENOSYS && world("control"))
		unavailable("not in this kernel");
	say_outside(p, (int)fd);
}

/* --- namespaces
 * ------------------------------------------------------------------ */

static void leave(const struct probe *p)
{
	if (unshare(p->n) < 0)
		blocked_by("unshare");
	escaped("has a namespace of its own making");
}

static void clone_user(const struct probe *p)
{
	struct {
		uint64_t v[8];
	} args = { { CLONE_NEWUSER, 0, 0, 0, SIGCHLD } };
	long pid = p->n ? syscall(SYS_clone3, &args, sizeof(args))
			: syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL,
				  NULL, NULL, NULL);

	if (pid < 0)
		blocked_by("clone");
	if (pid == 0)
		_exit(0);
	(void)waitpid((pid_t)pid, NULL, 0);
	escaped("made a process in a user namespace");
}

/* Root in a user namespace may mount, and so uncover. */
static void mount_as_own_root(const struct probe *p)
{
	(void)p;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		blocked_by("unshare");
	if (mount("none", "/tmp", "tmpfs", 0, NULL) < 0)
		blocked_by("mount");
	escaped("mounted");
}

static void enter(const struct probe *p)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/ns/%s",
		       p->b ? p->b : init_process(), p->a);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		blocked_by(path);
	if (setns(fd, p->n) < 0)
		blocked_by("setns");
	escaped("entered %s", path);
}

/* --- one call each
 * ----------------------------------------------------------------- */

static const char program_text[] = "GPL";

static long call_bpf(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = 4,
				.value_size = 4,
				.max_entries = 1 };

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static long call_perf(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK,
					.exclude_kernel = 1 };

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static long call_fault(void)
{
	return syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);
}

static long call_key(void)
{
	return syscall(SYS_add_key, "user", "nlesc-probe", "x", 1,
		       KEY_SPEC_PROCESS_KEYRING);
}

static long call_request_key(void)
{
	long r = syscall(SYS_request_key, "user", "nlesc-absent", NULL, 0);

	/* That there is none is an answer, too. */
	return r < 0 && errno == ENOKEY ? 0 : r;
}

static long call_klog(void)
{
	static char bytes[4096];

	return syscall(SYS_syslog, 3, bytes, sizeof(bytes));
}

/* Bytes that are no module: the kernel has looked at them. */
static long call_module(void)
{
	long r = syscall(SYS_init_module, program_text, sizeof(program_text),
			 "");

	return r < 0 && errno == ENOEXEC ? 0 : r;
}

static long call_handle(void)
{
	union {
		struct file_handle head;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} h = { .head = { .handle_bytes = MAX_HANDLE_SZ } };
	const char *path = world_need("workspace");
	int id, mount_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (syscall(SYS_name_to_handle_at, AT_FDCWD, path, &h, &id, 0) < 0)
		return -1;
	return syscall(SYS_open_by_handle_at, mount_fd, &h, O_RDONLY);
}

static long call_host_name(void)
{
	char name[256];

	return gethostname(name, sizeof(name)) < 0
		       ? -1
		       : sethostname(name, strlen(name));
}

static long call_clock(void)
{
	struct timex t = { 0 };

	if (syscall(SYS_adjtimex, &t) < 0)
		return -1;
	t.modes = ADJ_TICK;
	return syscall(SYS_adjtimex, &t) < 0 ? -1 : 0;
}

static long call_swap(void)
{
	long r = syscall(SYS_swapoff, "/nlesc-absent");

	return r < 0 && errno == ENOENT ? 0 : r;
}

static long call_accounting(void)
{
	return syscall(SYS_acct, NULL);
}

static long call_chroot(void)
{
	return chroot(world_need("workspace"));
}

static long call_mount(void)
{
	return mount("none", world_need("workspace"), "tmpfs", 0, NULL);
}

static long call_bind(void)
{
	return mount("/", world_need("workspace"), NULL, MS_BIND, NULL);
}

static long call_remount(void)
{
	return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long call_fsopen(void)
{
	return syscall(SYS_fsopen, "tmpfs", 0);
}

static long call_open_tree(void)
{
	return syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* a clone */);
}

static long call_mount_attributes(void)
{
	uint64_t attributes[4] = { 0, 1 /* clear read-only */ };

	return syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, attributes,
		       sizeof(attributes));
}

#ifdef SYS_iopl
static long call_ports(void)
{
	return syscall(SYS_iopl, 3);
}

static long call_ldt(void)
{
	static char bytes[64];

	return syscall(SYS_modify_ldt, 0, bytes, sizeof(bytes));
}
#endif

static const struct call {
	const char *name;
	long (*call)(void);
} calls[] = {
	{ "bpf", call_bpf },
	{ "perf", call_perf },
	{ "userfaultfd", call_fault },
	{ "add_key", call_key },
	{ "request_key", call_request_key },
	{ "kernel_log", call_klog },
	{ "module", call_module },
	{ "file_handle", call_handle },
	{ "host_name", call_host_name },
	{ "clock", call_clock },
	{ "swap", call_swap },
	{ "accounting", call_accounting },
	{ "chroot", call_chroot },
	{ "mount", call_mount },
	{ "bind_mount", call_bind },
	{ "remount", call_remount },
	{ "fsopen", call_fsopen },
	{ "open_tree", call_open_tree },
	{ "mount_attributes", call_mount_attributes },
#ifdef SYS_iopl
	{ "ports", call_ports },
	{ "ldt", call_ldt },
#endif
};

static void call(const struct probe *p)
{
	for (size_t i = 0; i < COUNT(calls); i++) {
		if (strcmp(calls[i].name, p->a) != 0)
			continue;
		if (calls[i].call() < 0) {
			if (p->optional && errno == ENOSYS)
				unavailable("not in this kernel");
			blocked_by(p->a);
		}
		escaped("the kernel did it");
	}
	unavailable("not on this processor");
}

#define LEAVE(name, flag, control)                                             \
	{                                                                      \
		"unshare_" name, leave, NULL, NULL, flag, control, false       \
	}
#define CALL(name, control)                                                    \
	{                                                                      \
		"call_" name, call, name, NULL, 0, control, false              \
	}
#define SOME(name, control)                                                    \
	{                                                                      \
		"call_" name, call, name, NULL, 0, control, true               \
	}

/* clang-format off */
const struct probe kernel_probes[] = {
	{ "ring_inet4", by_ring, "@inet4", NULL, 0, AS_USER, false },
	{ "ring_loop", by_ring, "127.0.0.1", NULL, 0, AS_USER, false },
	{ "int80_inet4", by_int80, "@inet4", NULL, 0, AS_USER, true },
	{ "int80_loop", by_int80, "127.0.0.1", NULL, 0, AS_USER, true },
	{ "x32_inet4", by_x32, NULL, NULL, 0, AS_USER, true },
	LEAVE("user", CLONE_NEWUSER, AS_USER),
	LEAVE("user_network", CLONE_NEWUSER | CLONE_NEWNET, AS_USER),
	LEAVE("network", CLONE_NEWNET, AS_ROOT),
	LEAVE("mounts", CLONE_NEWNS, AS_ROOT),
	LEAVE("pid", CLONE_NEWPID, AS_ROOT),
	LEAVE("ipc", CLONE_NEWIPC, AS_ROOT),
	LEAVE("names", CLONE_NEWUTS, AS_ROOT),
	LEAVE("cgroup", CLONE_NEWCGROUP, AS_ROOT),
	LEAVE("time", CLONE_NEWTIME, AS_ROOT),
	{ "clone_user", clone_user, NULL, NULL, 0, AS_USER, false },
	{ "clone3_user", clone_user, NULL, NULL, 3, AS_USER, false },
	{ "mount_as_own_root", mount_as_own_root, NULL, NULL, 0, AS_USER, false },
	{ "enter_network", enter, "net", NULL, CLONE_NEWNET, AS_ROOT, false },
	{ "enter_mounts", enter, "mnt", NULL, CLONE_NEWNS, AS_ROOT, false },
	{ "enter_own_network", enter, "net", "self", 0, AS_ROOT, false },
	SOME("bpf", AS_ROOT),
	CALL("perf", AS_USER),
	SOME("userfaultfd", AS_USER),
	CALL("add_key", AS_USER),
	CALL("request_key", AS_USER),
	CALL("kernel_log", AS_ROOT),
	SOME("module", AS_ROOT),
	CALL("file_handle", AS_ROOT),
	CALL("host_name", AS_ROOT),
	CALL("clock", AS_ROOT),
	SOME("swap", AS_ROOT),
	SOME("accounting", AS_ROOT),
	CALL("chroot", AS_ROOT),
	CALL("mount", AS_ROOT),
	CALL("bind_mount", AS_ROOT),
	CALL("remount", AS_ROOT),
	CALL("fsopen", AS_ROOT),
	CALL("open_tree", AS_ROOT),
	CALL("mount_attributes", AS_ROOT),
	SOME("ports", AS_ROOT),
	SOME("ldt", AS_USER),
	{ 0 },
};
/* clang-format on */
