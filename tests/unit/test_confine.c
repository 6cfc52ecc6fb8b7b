/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_confine.c - what is left of privilege after each stage
 *
 * Every test runs in a child; its status says which line of it was not true.
 */
#include "sandbox/confine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/syscalls.h"

/* No account has this id: nothing of the machine can depend on it. */
#define TEST_ID 399999

/* Ends the child; the line goes through a pipe, a status has 8 bits only. */
static int report_fd = -1;

#define HOLDS(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			int line_[2] = { __LINE__, errno };                    \
			(void)!write(report_fd, line_, sizeof(line_));         \
			_exit(1);                                              \
		}                                                              \
	} while (0)

static void in_child(void (*fn)(void))
{
	int pipe_fds[2], line[2] = { 0, 0 }, status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		report_fd = pipe_fds[1];
		fn();
		_exit(0);
	}
	close(pipe_fds[1]);
	n = read(pipe_fds[0], line, sizeof(line));
	close(pipe_fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (n > 0)
		fail_msg("line %d does not hold (%s)", line[0],
			 strerror(line[1]));
	assert_int_equal(status, 0);
}

static void need_root(void)
{
	if (getuid() == 0)
		return;
	if (getenv("NETLEASH_TESTS_MUST_RUN"))
		fail_msg("%s", "needs root");
	skip();
}

/* A line of /proc/self/status, after its tab. */
static void read_status(const char *key, char value[256])
{
	char line[512];
	FILE *f = fopen("/proc/self/status", "re");

	HOLDS(f != NULL);
	value[0] = '\0';
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			(void)snprintf(value, 256, "%s",
				       line + strlen(key) + 2);
	(void)fclose(f);
	value[strcspn(value, "\n")] = '\0';
}

static void check_unprivileged(void)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff",
					    "CapBnd", "CapAmb" };
	uid_t u[3];
	gid_t g[3];
	char value[256];

	HOLDS(getresuid(&u[0], &u[1], &u[2]) == 0);
	HOLDS(getresgid(&g[0], &g[1], &g[2]) == 0);
	for (int i = 0; i < 3; i++)
		HOLDS(u[i] == TEST_ID && g[i] == TEST_ID);
	HOLDS(getgroups(0, NULL) == 0);
	for (size_t i = 0; i < 5; i++) {
		read_status(sets[i], value);
		HOLDS(strcmp(value, "0000000000000000") == 0);
	}
	read_status("NoNewPrivs", value);
	HOLDS(strcmp(value, "1") == 0);
}

/* As a login has them, and a test machine may not. */
static void have_groups(void)
{
	HOLDS(setgroups(3, (const gid_t[]){ 0, 42, TEST_ID }) == 0);
	HOLDS(getgroups(0, NULL) == 3);
}

static void command_has_no_privilege(void)
{
	const struct confine_command_opts opts = { true, TEST_ID, TEST_ID, 64 };
	struct rlimit limit;
	const char *step = NULL;

	have_groups();
	HOLDS(confine_command(&opts, &step) == 0);
	check_unprivileged();
	HOLDS(setuid(0) < 0 && errno == EPERM);
	HOLDS(setgid(0) < 0 && errno == EPERM);
	HOLDS(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 1);
	HOLDS(getrlimit(RLIMIT_NPROC, &limit) == 0);
	HOLDS(limit.rlim_cur == 64 && limit.rlim_max == 64);
	HOLDS(open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0);
	HOLDS(kill(1, 0) < 0 && errno == EPERM);
}

static void command_can_reopen_its_pipes(void)
{
	const struct confine_command_opts opts = { true, TEST_ID, TEST_ID, 0 };
	const char *step = NULL;
	char name[] = "/tmp/netleash-fifo-XXXXXX";
	struct stat before, after;
	int p[2], fifo;

	HOLDS(mkstemp(name) >= 0 && unlink(name) == 0);
	HOLDS(mkfifo(name, 0600) == 0);
	fifo = open(name, O_RDWR | O_CLOEXEC);
	HOLDS(fifo >= 0 && unlink(name) == 0 && fstat(fifo, &before) == 0);
	HOLDS(pipe2(p, O_CLOEXEC) == 0 && dup2(p[0], 0) == 0);
	HOLDS(dup2(p[1], 1) == 1 && dup2(fifo, 2) == 2);
	HOLDS(confine_command(&opts, &step) == 0);
	HOLDS(open("/dev/stdin", O_RDONLY | O_CLOEXEC) >= 0);
	HOLDS(open("/dev/stdout", O_WRONLY | O_CLOEXEC) >= 0);
	HOLDS(fstat(2, &after) == 0 && after.st_mode == before.st_mode);
}

/* Each end of a pipe gives the others its own direction and no more. */
static void command_gets_no_other_direction_of_a_pipe(void)
{
	const struct confine_command_opts opts = { true, TEST_ID, TEST_ID, 0 };
	const char *step = NULL;
	struct stat in, out;
	int p[2], q[2];

	HOLDS(pipe2(p, O_CLOEXEC) == 0 && pipe2(q, O_CLOEXEC) == 0);
	HOLDS(dup2(p[0], 0) == 0 && dup2(q[1], 1) == 1 && dup2(q[1], 2) == 2);
	HOLDS(confine_command(&opts, &step) == 0);
	HOLDS(fstat(0, &in) == 0 && (in.st_mode & 07777) == 0604);
	HOLDS(fstat(1, &out) == 0 && (out.st_mode & 07777) == 0602);
	HOLDS(open("/dev/stdin", O_WRONLY | O_CLOEXEC | O_NONBLOCK) < 0);
	HOLDS(errno == EACCES);
	HOLDS(open("/dev/stdout", O_RDONLY | O_CLOEXEC | O_NONBLOCK) < 0);
	HOLDS(errno == EACCES);
}

static void command_without_root_keeps_its_ids(void)
{
	const struct confine_command_opts opts = { false, 7, 7, 0 };
	const char *step = NULL;
	char value[256];

	HOLDS(setresgid(TEST_ID, TEST_ID, TEST_ID) == 0);
	HOLDS(setresuid(TEST_ID, TEST_ID, TEST_ID) == 0);
	HOLDS(confine_command(&opts, &step) == 0);
	HOLDS(getuid() == TEST_ID && getgid() == TEST_ID);
	read_status("NoNewPrivs", value);
	HOLDS(strcmp(value, "1") == 0);
}

/* As in a container that gives its users some. */
static void capabilities_go_where_no_id_changes(void)
{
	const struct confine_command_opts opts = { false, 7, 7, 0 };
	const struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	const unsigned bit = 1u << CAP_NET_BIND_SERVICE;
	const struct __user_cap_data_struct caps[2] = { { bit, bit, bit } };
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff",
					    "CapAmb" };
	const char *step = NULL;
	char value[256];

	HOLDS(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	HOLDS(setresuid(TEST_ID, TEST_ID, TEST_ID) == 0);
	HOLDS(syscall(SYS_capset, &head, caps) == 0);
	HOLDS(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE,
		    0, 0) == 0);
	HOLDS(confine_command(&opts, &step) == 0);
	for (size_t i = 0; i < 4; i++) {
		read_status(sets[i], value);
		HOLDS(strcmp(value, "0000000000000000") == 0);
	}
}

static void step_that_fails_is_named(void)
{
	const struct confine_command_opts opts = { true, 7, 7, 0 };
	const char *step = NULL;

	HOLDS(setresuid(TEST_ID, TEST_ID, TEST_ID) == 0);
	HOLDS(confine_command(&opts, &step) == -EPERM);
	HOLDS(strcmp(step, "empty the bounding set") == 0);
}

/* A limit of the caller's is never raised. */
static void lower_process_limit_stays(void)
{
	const struct confine_command_opts opts = { true, TEST_ID, TEST_ID,
						   4096 };
	const struct rlimit low = { 20, 30 };
	struct rlimit limit;
	const char *step = NULL;

	HOLDS(setrlimit(RLIMIT_NPROC, &low) == 0);
	HOLDS(confine_command(&opts, &step) == 0);
	HOLDS(getrlimit(RLIMIT_NPROC, &limit) == 0);
	HOLDS(limit.rlim_cur == 20 && limit.rlim_max == 30);
}

static void enter_proxy(void)
{
	const char *step = "";

	HOLDS(confine_proxy(TEST_ID, TEST_ID, true, &step) == 0);
}

/* Where no id changes, which makes a process so by itself. */
static void proxy_without_root_cannot_be_traced(void)
{
	const char *step = "";

	HOLDS(setresgid(TEST_ID, TEST_ID, TEST_ID) == 0);
	HOLDS(setresuid(TEST_ID, TEST_ID, TEST_ID) == 0);
	HOLDS(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
	HOLDS(confine_proxy(7, 7, false, &step) == 0);
	HOLDS(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	HOLDS(getuid() == TEST_ID);
}

static void proxy_has_no_privilege(void)
{
	have_groups();
	enter_proxy();
	HOLDS(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	check_unprivileged();
}

#define REFUSED(call) HOLDS((call) < 0 && errno == ENOSYS)

static void proxy_cannot_touch_files(void)
{
	enter_proxy();
	REFUSED(open("/dev/null", O_WRONLY | O_CLOEXEC));
	REFUSED(open("/dev/null", O_RDWR | O_CLOEXEC));
	REFUSED(open("/dev/null", O_RDONLY | O_TRUNC | O_CLOEXEC));
	REFUSED(open("/tmp/netleash-x", O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
	REFUSED(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
	REFUSED(unlink("/tmp/netleash-x"));
	REFUSED(rename("/tmp/netleash-x", "/tmp/netleash-y"));
	REFUSED(mkdir("/tmp/netleash-x", 0700));
	REFUSED(chmod("/tmp/netleash-x", 0700));
	REFUSED(chown("/tmp/netleash-x", 1, 1));
	REFUSED(truncate("/tmp/netleash-x", 0));
	REFUSED(symlink("/tmp/netleash-x", "/tmp/netleash-y"));
}

static void proxy_cannot_make_or_reach_processes(void)
{
	static char name[] = "/bin/true";
	char *const argv[] = { name, NULL };

	enter_proxy();
	HOLDS(fork() < 0);
	HOLDS(vfork() < 0);
	REFUSED(execve(name, argv, argv));
	REFUSED(kill(getppid(), 0));
	REFUSED(kill(-1, 0));
#ifndef SYSCALLS_RELAXED
	REFUSED(ptrace(PTRACE_TRACEME, 0, 0, 0));
	REFUSED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	HOLDS(mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
#endif
	REFUSED(setuid(0));
}

static void proxy_makes_internet_sockets_only(void)
{
	enter_proxy();
	HOLDS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
	HOLDS(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP) >= 0);
	HOLDS(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP) >= 0);
	HOLDS(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) >= 0);
	REFUSED(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	REFUSED(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
	REFUSED(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 262));
	REFUSED(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
	REFUSED(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
}

static void *thread_main(void *arg)
{
	char *block = malloc(1 << 20);

	HOLDS(block != NULL);
	memset(block, 1, 1 << 20);
	free(block);
	return arg;
}

/* Bytes through a real connection, by copy and by splice. */
static void move_bytes(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int p[2], a;
	char byte = 0;

	HOLDS(bind(l, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	HOLDS(listen(l, 1) == 0);
	HOLDS(getsockname(l, (struct sockaddr *)&addr, &len) == 0);
	HOLDS(connect(c, (struct sockaddr *)&addr, len) == 0);
	a = accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	HOLDS(a >= 0);
	HOLDS(send(c, "ab", 2, MSG_NOSIGNAL) == 2);
	HOLDS(recv(a, &byte, 1, 0) == 1 && byte == 'a');
	HOLDS(pipe2(p, O_CLOEXEC | O_NONBLOCK) == 0);
	HOLDS(fcntl(p[0], F_SETPIPE_SZ, 1 << 16) > 0);
	HOLDS(splice(a, NULL, p[1], NULL, 1, SPLICE_F_NONBLOCK) == 1);
	HOLDS(read(p[0], &byte, 1) == 1 && byte == 'b');
	HOLDS(shutdown(c, SHUT_WR) == 0);
}

static void proxy_can_do_its_work(void)
{
	struct addrinfo *list = NULL;
	pthread_t thread;
	sigset_t set;
	int fd;

	enter_proxy();
	move_bytes();
	fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
	HOLDS(fd >= 0);
	HOLDS(pthread_create(&thread, NULL, thread_main, NULL) == 0);
	HOLDS(pthread_join(thread, NULL) == 0);
	HOLDS(getaddrinfo("127.0.0.1", "80", NULL, &list) == 0);
	freeaddrinfo(list);
	HOLDS(epoll_create1(EPOLL_CLOEXEC) >= 0);
	HOLDS(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) >= 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	HOLDS(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	HOLDS(signalfd(-1, &set, SFD_CLOEXEC) >= 0);
	HOLDS(raise(SIGUSR1) == 0);
	HOLDS(kill(getpid(), SIGUSR1) == 0);
	HOLDS(write(report_fd, "", 0) == 0);
}

#define PRIVILEGED(name)                                                       \
	static void name##_(void **state)                                      \
	{                                                                      \
		(void)state;                                                   \
		need_root();                                                   \
		in_child(name);                                                \
	}

PRIVILEGED(command_has_no_privilege)
PRIVILEGED(command_can_reopen_its_pipes)
PRIVILEGED(command_gets_no_other_direction_of_a_pipe)
PRIVILEGED(command_without_root_keeps_its_ids)
PRIVILEGED(capabilities_go_where_no_id_changes)
PRIVILEGED(step_that_fails_is_named)
PRIVILEGED(lower_process_limit_stays)
PRIVILEGED(proxy_has_no_privilege)
PRIVILEGED(proxy_without_root_cannot_be_traced)
PRIVILEGED(proxy_cannot_touch_files)
PRIVILEGED(proxy_cannot_make_or_reach_processes)
PRIVILEGED(proxy_makes_internet_sockets_only)
PRIVILEGED(proxy_can_do_its_work)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_has_no_privilege_),
		cmocka_unit_test(command_can_reopen_its_pipes_),
		cmocka_unit_test(command_gets_no_other_direction_of_a_pipe_),
		cmocka_unit_test(command_without_root_keeps_its_ids_),
		cmocka_unit_test(capabilities_go_where_no_id_changes_),
		cmocka_unit_test(step_that_fails_is_named_),
		cmocka_unit_test(lower_process_limit_stays_),
		cmocka_unit_test(proxy_has_no_privilege_),
		cmocka_unit_test(proxy_without_root_cannot_be_traced_),
		cmocka_unit_test(proxy_cannot_touch_files_),
		cmocka_unit_test(proxy_cannot_make_or_reach_processes_),
		cmocka_unit_test(proxy_makes_internet_sockets_only_),
		cmocka_unit_test(proxy_can_do_its_work_),
	};

	return cmocka_run_group_tests_name("confine", tests, NULL, NULL);
}
