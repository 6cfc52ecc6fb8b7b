/* SPDX-License-Identifier: MIT */
/*
 * sandbox/launcher.c - the process that launches for callers without privilege
 *
 * In:         connections of callers; confs that the keeper has loaded
 * Out:        an attendant for each call; a sweeper where one ended badly,
 *             since what his run has left is then nobody's to remove
 * Invariants: a caller's bytes are read by his attendant alone, so that one
 *             who is slow, wrong or hostile is so to himself, and how many he
 *             may have is bounded (places.h); whoever is told to go has only
 *             asked so far, and nothing of a run is there
 *
 * References: unix(7), fork(2)
 */
#include "sandbox/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/conf.h"
#include "common/conf_pack.h"
#include "common/fdio.h"
#include "common/log.h"
#include "common/macros.h"
#include "sandbox/attend.h"
#include "sandbox/known_cas.h"
#include "sandbox/launch_request.h"
#include "sandbox/places.h"
#include "sandbox/state.h"
#include "sandbox/sweep.h"

#define CONF_BYTES_MAX (1u << 30)

#define ENDING_MS 15000

#define REST_MS 100

/**
 * struct launcher
 * @loaded:    @conf, once it came from the keeper
 * @permitted: attendants write to the second end
 * @rested_ms: when accepting goes on after it failed; 0: it does
 * @told:      that it fails, since it last worked
 */
struct launcher {
	const struct launcher_opts *opts;
	const struct conf *conf;
	struct conf *loaded;
	int tickets;
	int signal_fd, permitted[2];
	struct places places;
	pid_t sweeper; /* 0: none */
	bool sweep_again;
	uint64_t rested_ms;
	bool told;
};

int launcher_listen(int *ret_fd, char error[IDENTITY_ERROR_MAX])
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX,
				    .sun_path = LAUNCH_SOCKET };
	int fd, r;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Whoever was there before us has ended: the daemon holds a lock. */
	(void)unlink(LAUNCH_SOCKET);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    chmod(LAUNCH_SOCKET, 0666) < 0 || listen(fd, SOMAXCONN) < 0) {
		r = -errno;
		(void)snprintf(error, IDENTITY_ERROR_MAX, LAUNCH_SOCKET ": %s",
			       strerror(-r));
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static void hear_of_permitted(struct launcher *l)
{
	pid_t pid;

	while (read(l->permitted[0], &pid, sizeof(pid)) == sizeof(pid))
		places_permitted(&l->places, pid);
}

static bool make_room(struct launcher *l, uid_t uid)
{
	pid_t leaves;
	bool may;

	hear_of_permitted(l); /* who is not asking any more does not go */
	may = places_ask(&l->places, uid, &leaves);
	if (may && leaves > 0)
		(void)kill(leaves, SIGKILL);
	return may;
}

static _Noreturn void become_attendant(struct launcher *l, int sock)
{
	int keep[] = { sock, l->tickets, l->permitted[1] };
	const struct attend_opts opts = {
		.conf = l->conf,
		.cas = l->opts->cas,
		.sock = sock,
		.tickets = l->tickets,
		.permitted = l->permitted[1],
	};

	(void)prctl(PR_SET_NAME, "netleash-attend");
	(void)setsid();
	if (fd_close_all_but(keep, ARRAY_SIZE(keep)) < 0)
		_exit(1);
	attend(&opts);
}

/* Without descriptors or memory the call waits in the queue, and would wake us
 * again at once. */
static void on_accept_failed(struct launcher *l, int err)
{
	if (err == EINTR || err == ECONNABORTED)
		return;
	if (!l->told)
		log_warn("launcher: accepting pauses: %s", strerror(err));
	l->told = true;
	l->rested_ms = clock_ms() + REST_MS;
}

/* Return: for poll(2), how long we hear no calls; -1: we do. */
static int rest_left(struct launcher *l)
{
	const uint64_t now = l->rested_ms > 0 ? clock_ms() : 0;

	if (now >= l->rested_ms)
		l->rested_ms = 0;
	return l->rested_ms > 0 ? (int)(l->rested_ms - now) : -1;
}

static void take_call(struct launcher *l)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int sock;

	sock = accept4(l->opts->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (sock < 0) {
		on_accept_failed(l, errno);
		return;
	}
	l->told = false;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	    make_room(l, peer.uid)) {
		pid_t pid = fork();

		if (pid == 0)
			become_attendant(l, sock);
		if (pid > 0)
			places_add(&l->places, peer.uid, pid);
		else
			log_error("launcher: fork: %s", strerror(errno));
	}
	(void)close(sock);
}

/* More than once: what was killed just now may not have let go of its place. */
static _Noreturn void sweep(uid_t first)
{
	const struct timespec pauses[] = { { 0 },
					   { .tv_nsec = 100000000 },
					   { .tv_sec = 1 } };
	char error[IDENTITY_ERROR_MAX];
	int lock, r = 0;

	(void)prctl(PR_SET_NAME, "netleash-sweep");
	if (fd_close_all_but((int[]){ -1 }, 1) < 0)
		_exit(1);
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		(void)nanosleep(&pauses[i], NULL);
		if (state_lock(STATE_SHARED, &lock, error) < 0)
			_exit(1);
		r = lease_sweep(first, LEASE_SWEEP_ALL, sweep_dead_run, NULL);
		(void)close(lock);
	}
	_exit(r < 0);
}

/* In a process of its own: it may have to wait for what dies. */
static void start_sweeper(struct launcher *l)
{
	pid_t pid;

	l->sweep_again = l->sweeper > 0;
	if (l->sweep_again)
		return;
	pid = fork();
	if (pid == 0)
		sweep(l->conf->run_uid_first);
	if (pid > 0)
		l->sweeper = pid;
	else
		log_error("launcher: fork: %s", strerror(errno));
}

static void on_ended(struct launcher *l, pid_t pid, int status)
{
	places_ended(&l->places, pid);
	if (pid == l->sweeper) {
		l->sweeper = 0;
		if (l->sweep_again)
			start_sweeper(l);
	} else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		start_sweeper(l);
	}
}

static void reap(struct launcher *l)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)!read(l->signal_fd, &info, sizeof(info));
	hear_of_permitted(l); /* before their numbers are given anew */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		on_ended(l, pid, status);
}

/* Attendants that live keep what they have. */
static void take_conf(struct launcher *l)
{
	struct conf_report report = { 0 };
	struct conf *cf = NULL;
	char *bytes = NULL, word;
	size_t n = 0, fds_n = 0;
	int fd = -1, r;

	if (fd_recv(l->opts->conf_sock, &word, 1, &fd, 1, &fds_n) != 1 ||
	    fds_n != 1)
		return;
	r = fd_read_all(fd, CONF_BYTES_MAX, &bytes, &n);
	(void)close(fd);
	if (r == 0)
		r = conf_unpack(bytes, n, &cf, &report);
	conf_report_fini(&report);
	free(bytes);
	if (r < 0) {
		log_error("launcher: the old conf stays: %s", strerror(-r));
		return;
	}
	conf_free(l->loaded);
	l->loaded = cf;
	l->conf = cf;
}

static void serve(struct launcher *l)
{
	struct pollfd fds[] = {
		{ .fd = l->tickets, .events = POLLIN }, /* only its end */
		{ .fd = l->signal_fd, .events = POLLIN },
		{ .fd = l->opts->conf_sock, .events = POLLIN },
		{ .fd = -1, .events = POLLIN }, /* calls */
		{ .fd = l->permitted[0], .events = POLLIN },
	};

	for (;;) {
		const int rest_ms = rest_left(l);

		fds[3].fd = rest_ms < 0 ? l->opts->listen_fd : -1;
		if (poll(fds, ARRAY_SIZE(fds), rest_ms) < 0 && errno != EINTR)
			return;
		if (fds[0].revents)
			return;
		if (fds[1].revents)
			reap(l);
		if (fds[2].revents & POLLIN)
			take_conf(l);
		else if (fds[2].revents)
			fds[2].fd = -1; /* the keeper is gone */
		if (fds[4].revents)
			hear_of_permitted(l);
		if (fds[3].revents)
			take_call(l);
	}
}

/* The daemon has gone, which their attendants have heard as well: what is left
 * of us when we end may be killed at once, by a service manager. */
static void end_all(struct launcher *l)
{
	struct pollfd fd = { .fd = l->signal_fd, .events = POLLIN };
	const uint64_t last = clock_ms() + ENDING_MS;
	uint64_t now;
	pid_t pid;

	hear_of_permitted(l);
	while ((pid = places_clear(&l->places)) > 0)
		(void)kill(pid, SIGKILL);
	while ((now = clock_ms()) < last) {
		struct signalfd_siginfo info;
		int status;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			on_ended(l, pid, status);
		if (pid < 0)
			return; /* there is none */
		(void)poll(&fd, 1, (int)(last - now));
		(void)!read(l->signal_fd, &info, sizeof(info));
	}
}

static _Noreturn void launcher_main(const struct launcher_opts *opts,
				    int tickets)
{
	struct launcher l = {
		.opts = opts,
		.conf = opts->conf,
		.tickets = tickets,
	};
	int keep[] = { tickets, opts->conf_sock, opts->listen_fd };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t set;

	(void)prctl(PR_SET_NAME, "netleash-launch");
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)sigfillset(&set);
	/* Whoever reads our output shall see its end when the daemon ends. */
	if (null < 0 || dup3(null, STDIN_FILENO, 0) < 0 ||
	    dup3(null, STDOUT_FILENO, 0) < 0 ||
	    sigprocmask(SIG_SETMASK, &set, NULL) < 0 ||
	    known_cas_freeze(opts->cas) < 0 ||
	    fd_close_all_but(keep, ARRAY_SIZE(keep)) < 0)
		_exit(1);
	/* What our messages went to is closed, or somebody else's by now. */
	log_set_fd(STDERR_FILENO);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	l.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l.signal_fd < 0 || pipe2(l.permitted, O_CLOEXEC) < 0 ||
	    fd_set_nonblocking(l.permitted[0]) < 0)
		_exit(1);
	serve(&l);
	end_all(&l);
	_exit(0);
}

int launcher_start(const struct launcher_opts *opts, int *ret_sock,
		   pid_t *ret_pid)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		launcher_main(opts, pair[1]);
	(void)close(pair[1]);
	if (pid < 0) {
		const int r = -errno;

		(void)close(pair[0]);
		return r;
	}
	*ret_sock = pair[0];
	*ret_pid = pid;
	return 0;
}
