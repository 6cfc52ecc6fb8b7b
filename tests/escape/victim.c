/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/victim.c - somebody outside who has something to lose
 *
 *	escape victim WORLD INFO
 *
 * Out:  INFO: more lines for the world, about its memory and descriptors
 *       the log: what a probe did to it
 *
 * A real-time signal's value is the index of the probe that sent it; a number
 * written to "touched" is one, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/escape/escape.h"

static char secret[64];
static volatile int touched;

static int shm_id = -1, queue_id = -1;

static void share(void)
{
	struct {
		long type;
		char text[64];
	} message = { 1, "" };
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 64 };
	void *memory;
	mqd_t queue;
	int fd;

	memcpy(message.text, secret, sizeof(secret));
	shm_id = shmget(VICTIM_KEY, 4096, IPC_CREAT | 0666);
	memory = shm_id < 0 ? (void *)-1 : shmat(shm_id, NULL, 0);
	if (memory != (void *)-1)
		memcpy(memory, secret, sizeof(secret));
	queue_id = msgget(VICTIM_KEY, IPC_CREAT | 0666);
	for (int i = 0; i < 4; i++)
		(void)msgsnd(queue_id, &message, sizeof(message.text),
			     IPC_NOWAIT);
	fd = shm_open(VICTIM_SHM, O_RDWR | O_CREAT, 0666);
	if (fd >= 0) {
		(void)!write(fd, secret, sizeof(secret));
		(void)fchmod(fd, 0666);
		(void)close(fd);
	}
	(void)mq_unlink(VICTIM_QUEUE);
	queue = mq_open(VICTIM_QUEUE, O_RDWR | O_CREAT, 0666, &attr);
	if (queue != (mqd_t)-1) {
		(void)fchmod((int)queue, 0666);
		(void)mq_send(queue, secret, sizeof(secret), 0);
	}
	(void)syscall(SYS_add_key, "user", VICTIM_RING, secret, sizeof(secret),
		      KEY_SPEC_USER_KEYRING);
}

static void unshare_all(void)
{
	(void)shmctl(shm_id, IPC_RMID, NULL);
	(void)msgctl(queue_id, IPC_RMID, NULL);
	(void)shm_unlink(VICTIM_SHM);
	(void)mq_unlink(VICTIM_QUEUE);
}

static int tell(const char *path)
{
	char file[] = "/tmp/nlesc-victim.XXXXXX";
	union address a;
	socklen_t n = address_make(&a, "@inet4", "@port");
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = mkstemp(file);
	FILE *info = fopen(path, "ae");

	if (!info || fd < 0)
		return -1;
	(void)unlink(file);
	(void)!write(fd, secret, sizeof(secret));
	(void)connect_within(sock, &a, n, 1000);
	(void)fprintf(info,
		      "victim_pid %d\nvictim_secret %p\nvictim_touched %p\n"
		      "victim_file %d\nvictim_socket %d\n",
		      getpid(), (void *)secret, (void *)(uintptr_t)&touched, fd,
		      sock);
	return fclose(info);
}

static void on_signal(const siginfo_t *info)
{
	const struct probe *p;

	if (info->si_signo == SIGTERM) {
		unshare_all();
		exit(0);
	}
	if (info->si_signo == SIGUSR1) {
		arrived("kill_all", "signal");
	} else if (info->si_signo == SIGUSR2) {
		arrived("kill_group", "signal");
	} else {
		p = probe_at((size_t)info->si_value.sival_int);
		if (p)
			arrived(p->name, "signal");
	}
}

int victim_main(int argc, char **argv)
{
	const struct timespec tick = { .tv_nsec = 20 * 1000000L };
	struct rlimit files;
	sigset_t set;
	siginfo_t info;

	if (argc != 2 || world_load(argv[0]) < 0)
		return 2;
	/* Put together here: our own image must not be taken for the secret. */
	(void)snprintf(secret, sizeof(secret), "%smemory of %d", SECRET,
		       getpid());
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGRTMIN);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	share();
	(void)getrlimit(RLIMIT_NOFILE, &files);
	if (tell(argv[1]) < 0)
		return 2;
	for (;;) {
		struct rlimit now;

		if (sigtimedwait(&set, &info, &tick) > 0)
			on_signal(&info);
		if (touched) {
			const struct probe *p = probe_at((size_t)touched);

			touched = 0;
			arrived(p ? p->name : "?", "memory");
		}
		if (getpriority(PRIO_PROCESS, 0) > 0)
			arrived("renice_group", "priority");
		if (getrlimit(RLIMIT_NOFILE, &now) == 0 &&
		    now.rlim_cur != files.rlim_cur)
			arrived("limit_of_victim", "limit");
	}
}
