/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/process.c - processes that are not of the run
 *
 * In:  the victim's process id, and where its memory has what; its own id is
 *      tried, and every process that /proc shows and that is not ours
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/escape/escape.h"

static pid_t victim(void)
{
	return (pid_t)world_number("victim_pid");
}

static void read_memory(const struct probe *p)
{
	char bytes[64] = "";
	struct iovec own = { bytes, sizeof(bytes) - 1 };
	struct iovec there = { (void *)world_number("victim_secret"),
			       sizeof(bytes) - 1 };

	(void)p;
	if (process_vm_readv(victim(), &own, 1, &there, 1, 0) < 0)
		blocked_by("process_vm_readv");
	if (!strstr(bytes, SECRET))
		blocked("no secret");
	escaped("read: %s", bytes);
}

static void write_memory(const struct probe *p)
{
	int index = (int)probe_index(p);
	struct iovec own = { &index, sizeof(index) };
	struct iovec there = { (void *)world_number("victim_touched"),
			       sizeof(index) };

	if (process_vm_writev(victim(), &own, 1, &there, 1, 0) < 0)
		blocked_by("process_vm_writev");
	if (seen(p->name, 1000))
		escaped("wrote to the victim");
	blocked("nothing was written");
}

static void proc_memory(const struct probe *p)
{
	char path[64], bytes[64] = "";
	int fd;

	(void)p;
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", victim());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		blocked_by(path);
	if (pread(fd, bytes, sizeof(bytes) - 1,
		  (off_t)world_number("victim_secret")) < 0)
		blocked_by("pread");
	if (!strstr(bytes, SECRET))
		blocked("no secret");
	escaped("read: %s", bytes);
}

static void trace(const struct probe *p)
{
	pid_t pid = victim();
	int status;
	long word;

	if (ptrace((enum __ptrace_request)p->n, pid, NULL, NULL) < 0)
		blocked_by("ptrace");
	if (p->n == PTRACE_SEIZE)
		(void)ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	(void)waitpid(pid, &status, __WALL);
	word = ptrace(PTRACE_PEEKDATA, pid, world_number("victim_secret"),
		      NULL);
	(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	if (memcmp(&word, SECRET, sizeof(word)) != 0)
		blocked("no secret");
	escaped("traced the victim");
}

/* What /proc/PID has beside memory. */
static void proc_file(const struct probe *p)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", victim(), p->a);
	look_in(path);
	blocked_by(path);
}

static void proc_descriptor(const struct probe *p)
{
	char path[64];

	(void)p;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", victim(),
		       (int)world_number("victim_file"));
	look_in(path);
	blocked_by(path);
}

static void take_descriptor(const struct probe *p)
{
	int pidfd = (int)syscall(SYS_pidfd_open, victim(), 0), fd;

	if (pidfd < 0)
		blocked_by("pidfd_open");
	fd = (int)syscall(SYS_pidfd_getfd, pidfd,
			  (int)world_number("victim_socket"), 0);
	if (fd < 0)
		blocked_by("pidfd_getfd");
	say(p, fd);
}

static void compare(const struct probe *p)
{
	(void)p;
	if (syscall(SYS_kcmp, getpid(), victim(), KCMP_VM, 0, 0) < 0)
		blocked_by("kcmp");
	escaped("compared with the victim");
}

enum send {
	QUEUE,
	THREAD,
	PIDFD
};

static void send_signal(const struct probe *p)
{
	siginfo_t info = { .si_signo = SIGRTMIN, .si_code = SI_QUEUE };
	pid_t pid = victim();
	long r;

	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = (int)probe_index(p);
	if (p->n == QUEUE)
		r = syscall(SYS_rt_sigqueueinfo, pid, SIGRTMIN, &info);
	else if (p->n == THREAD)
		r = syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGRTMIN, &info);
	else
		r = syscall(SYS_pidfd_send_signal,
			    syscall(SYS_pidfd_open, pid, 0), SIGRTMIN, &info,
			    0);
	if (r < 0)
		blocked_by("signal");
	if (seen(p->name, 1000))
		escaped("the victim got it");
	blocked("the victim did not get it");
}

static void kill_all(const struct probe *p)
{
	if (geteuid() == 0)
		blocked("not as the machine's root");
	if (kill(-1, SIGUSR1) < 0)
		blocked_by("kill");
	if (seen(p->name, 500))
		escaped("the victim got it");
	blocked("the victim did not get it");
}

static void limit(const struct probe *p)
{
	struct rlimit files;

	if (prlimit(victim(), RLIMIT_NOFILE, NULL, &files) < 0)
		blocked_by("prlimit");
	files.rlim_cur--;
	if (prlimit(victim(), RLIMIT_NOFILE, &files, NULL) < 0)
		blocked_by("prlimit");
	if (seen(p->name, 500))
		escaped("the victim's limit is changed");
	blocked("nothing changed");
}

/* All that /proc shows is the run: init, the one who tries, and children. */
static void others(const struct probe *p)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t session = getsid(0);

	(void)p;
	while (dir && (entry = readdir(dir))) {
		char *end;
		pid_t pid = (pid_t)strtol(entry->d_name, &end, 10);

		if (*end || pid == 1 || pid == getpid() || pid == getppid())
			continue;
		if (getsid(pid) != session || pid < getppid())
			escaped("process %d is seen", pid);
	}
	blocked("none is seen");
}

/* Process 1 of the run holds the leash: nothing of it may be ours. */
static void init_file(const struct probe *p)
{
	pid_t pids[] = { 1, getppid(), 0 };
	char path[128];
	int fd;

	pids[1] = world("victim_pid") ? victim() : 1;
	for (int i = 0; pids[i]; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/%s", pids[i],
			       p->a);
		fd = open(path, p->n | O_CLOEXEC);
		if (fd >= 0)
			escaped("%s opens", path);
	}
	blocked_by("open");
}

/* --- what has a name for the whole machine ----------------------------------
 */

static void shared_memory(const struct probe *p)
{
	int id = shmget(VICTIM_KEY, 0, 0);
	const char *bytes = id < 0 ? (void *)-1 : shmat(id, NULL, SHM_RDONLY);

	(void)p;
	if (bytes == (const char *)-1)
		blocked_by("shmget");
	if (!strstr(bytes, SECRET))
		blocked("no secret");
	escaped("read: %s", bytes);
}

static void message_queue(const struct probe *p)
{
	struct {
		long type;
		char text[64];
	} message = { 0 };
	int id = msgget(VICTIM_KEY, 0);

	(void)p;
	if (id < 0 ||
	    msgrcv(id, &message, sizeof(message.text), 0, IPC_NOWAIT) < 0)
		blocked_by("msgget");
	escaped("received: %s", message.text);
}

static void posix_memory(const struct probe *p)
{
	(void)p;
	look_in("/dev/shm" VICTIM_SHM);
	blocked_by("open");
}

static void posix_queue(const struct probe *p)
{
	char bytes[64];
	mqd_t queue = mq_open(VICTIM_QUEUE, O_RDWR | O_NONBLOCK);

	(void)p;
	if (queue == (mqd_t)-1)
		blocked_by("mq_open");
	if (mq_receive(queue, bytes, sizeof(bytes), NULL) < 0)
		blocked_by("mq_receive");
	escaped("received: %s", bytes);
}

static void key_ring(const struct probe *p)
{
	char bytes[64] = "";
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, p->n, "user", VICTIM_RING,
			   0);

	if (key < 0 ||
	    syscall(SYS_keyctl, KEYCTL_READ, key, bytes, sizeof(bytes)) < 0)
		blocked_by("keyctl");
	escaped("read the key: %s", bytes);
}

static void environment(const struct probe *p)
{
	(void)p;
	look_in("/proc/self/environ");
	blocked("it holds no secret");
}

#define OF(name, run, what, n)                                                 \
	{                                                                      \
		name, run, what, NULL, n, AS_USER, false                       \
	}

const struct probe process_probes[] = {
	OF("read_memory", read_memory, NULL, 0),
	OF("write_memory", write_memory, NULL, 0),
	OF("proc_memory", proc_memory, NULL, 0),
	OF("ptrace_attach", trace, NULL, PTRACE_ATTACH),
	OF("ptrace_seize", trace, NULL, PTRACE_SEIZE),
	OF("proc_environ", proc_file, "environ", 0),
	OF("proc_descriptor", proc_descriptor, NULL, 0),
	OF("take_descriptor", take_descriptor, NULL, 0),
	OF("compare", compare, NULL, 0),
	OF("signal_queue", send_signal, NULL, QUEUE),
	OF("signal_thread", send_signal, NULL, THREAD),
	OF("signal_pidfd", send_signal, NULL, PIDFD),
	OF("kill_all", kill_all, NULL, 0),
	OF("limit_of_victim", limit, NULL, 0),
	OF("others_seen", others, NULL, 0),
	OF("init_memory", init_file, "mem", O_RDWR),
	OF("init_environ", init_file, "environ", O_RDONLY),
	OF("init_maps", init_file, "maps", O_RDONLY),
	OF("init_root", init_file, "root", O_PATH),
	OF("init_cwd", init_file, "cwd", O_PATH),
	OF("init_exe", init_file, "exe", O_RDONLY),
	OF("init_descriptors", init_file, "fd/0", O_PATH),
	OF("init_network", init_file, "ns/net", O_RDONLY),
	OF("shared_memory", shared_memory, NULL, 0),
	OF("message_queue", message_queue, NULL, 0),
	OF("posix_memory", posix_memory, NULL, 0),
	OF("posix_queue", posix_queue, NULL, 0),
	OF("ring_of_user", key_ring, NULL, KEY_SPEC_USER_KEYRING),
	OF("environment", environment, NULL, 0),
	{ 0 },
};
