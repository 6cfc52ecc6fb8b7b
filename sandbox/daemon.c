/* SPDX-License-Identifier: MIT */
/*
 * sandbox/daemon.c - `netleash daemon`: the long-lived service
 *
 * What `netleash proxy` is (server.c), and beside it the launcher, which runs
 * commands for callers without privilege behind this proxy.
 *
 * Invariants: one daemon a machine, by a lock that ends with it; the launcher
 *             is forked before any right goes, and before anything is read
 */
#include "sandbox/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/launch_request.h"
#include "sandbox/launcher.h"
#include "sandbox/rulebook.h"
#include "sandbox/runs.h"
#include "sandbox/server.h"

#define LOCK_FILE IDENTITY_STATE_DIR "/daemon.lock"

struct daemon {
	int lock_fd, tickets;
	pid_t launcher;
	struct runs *runs;
};

static int fail(struct server *s, int r, const char *what)
{
	(void)snprintf(s->error, sizeof(s->error), "%s: %s", what,
		       strerror(-r));
	return r;
}

static int take_lock(struct server *s, struct daemon *d)
{
	d->lock_fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  0600);
	if (d->lock_fd < 0)
		return fail(s, -errno, LOCK_FILE);
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return fail(s, -errno, LOCK_FILE);
	(void)snprintf(s->error, sizeof(s->error),
		       "another netleash daemon is running");
	return -EBUSY;
}

static int start_launcher(struct server *s, struct daemon *d)
{
	struct launcher_opts opts = { .conf = rulebook_conf(s->rules) };
	int copy[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, copy) < 0)
		return -errno;
	opts.conf_sock = copy[0];
	s->conf_copy = copy[1];
	r = launcher_listen(&opts.listen_fd, s->error);
	if (r == 0) {
		s->remove[1] = LAUNCH_SOCKET;
		r = launcher_start(&opts, &d->tickets, &d->launcher);
		(void)close(opts.listen_fd);
	}
	(void)close(copy[0]);
	return r;
}

/* server_kind */
static int prepare(struct server *s)
{
	struct daemon *d = s->kind_arg;
	int r;

	if (geteuid() != 0) {
		(void)snprintf(s->error, sizeof(s->error),
			       "it needs root: use sudo, or run 'netleash "
			       "proxy'");
		return -EPERM;
	}
	r = take_lock(s, d);
	return r == 0 ? start_launcher(s, d) : r;
}

static int start(struct server *s)
{
	struct daemon *d = s->kind_arg;
	int r = runs_new(s->proxy, d->tickets, s->rules, &d->runs);

	if (r == 0)
		d->tickets = -1; /* taken */
	return r;
}

static void reloaded(struct server *s, struct rulebook *rules)
{
	const struct daemon *d = s->kind_arg;

	if (rules)
		runs_set_rules(d->runs, rules);
}

static void stop(struct server *s)
{
	const struct daemon *d = s->kind_arg;

	runs_stop(d->runs);
}

/* When the launcher has ended, so have its runs, or are about to. */
static void fini(struct server *s)
{
	struct daemon *d = s->kind_arg;

	runs_free(d->runs);
	if (d->tickets >= 0)
		(void)close(d->tickets);
	if (d->launcher > 0)
		(void)waitpid(d->launcher, NULL, 0);
	if (d->lock_fd >= 0)
		(void)close(d->lock_fd);
}

int daemon_main(int argc, char **argv)
{
	static const struct server_kind kind = {
		.verb = "daemon",
		.prepare = prepare,
		.start = start,
		.reloaded = reloaded,
		.stop = stop,
		.fini = fini,
	};
	struct daemon d = { .lock_fd = -1, .tickets = -1 };

	return server_main(&kind, &d, argc, argv);
}
