/* SPDX-License-Identifier: MIT */
/*
 * sandbox/daemon.c - `netleash daemon`: the long-lived service
 *
 * What `netleash proxy` is (server.c), and beside it the launcher, which runs
 * commands for callers without privilege behind this proxy.
 *
 * Invariants: one daemon a machine, by a lock that ends with its keeper, who
 *             removes its files last; the launcher is forked before any right
 *             goes, and before anything is read, the CA's key too: of the CA
 *             it has what everybody may have
 */
#include "sandbox/daemon.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "proxy/proxy.h"
#include "sandbox/authority.h"
#include "sandbox/control.h"
#include "sandbox/known_cas.h"
#include "sandbox/launch_request.h"
#include "sandbox/launcher.h"
#include "sandbox/notify.h"
#include "sandbox/rulebook.h"
#include "sandbox/runs.h"
#include "sandbox/server.h"
#include "sandbox/state.h"

/**
 * struct daemon
 * @facts: of the CA, where @has_ca
 */
struct daemon {
	struct ca_facts facts;
	bool has_ca;
	int tickets, control_fd;
	pid_t launcher;
	struct runs *runs;
	struct control *control;
};

/* Without a CA nothing is looked into; where the conf asks for that, there is
 * no daemon. Return: 0, or @r with a sentence. */
static int do_without(struct server *s, int r, const char *why)
{
	if (policy_conf_wants_inspection(rulebook_conf(s->rules))) {
		(void)snprintf(s->error, sizeof(s->error),
			       "the conf asks for a look into tunnels, for "
			       "which 'netleash setup' makes a CA, and that "
			       "cannot be used: %s",
			       why);
		return r;
	}
	log_warn("no tunnel can be looked into: %s", why);
	return 0;
}

static int find_ca(struct server *s, struct daemon *d)
{
	char why[AUTHORITY_ERROR_MAX];
	int r = authority_facts(&d->facts, why);

	if (r == -ENOENT) {
		r = authority_make(why);
		if (r == 0)
			r = authority_facts(&d->facts, why);
	}
	d->has_ca = r == 0;
	if (r < 0)
		return do_without(s, r, why);
	return known_cas_new(d->facts.pem, &s->cas);
}

/* Behind the launcher's fork. The keeper may have it: it reads nothing that is
 * not the machine's own. */
static int load_ca(struct server *s, const struct daemon *d)
{
	char why[AUTHORITY_ERROR_MAX];
	int r;

	s->lacks_ca = true;
	if (!d->has_ca)
		return 0;
	r = authority_load(&s->ca, why);
	if (r < 0) {
		known_cas_forget(s->cas);
		s->cas = NULL;
		return do_without(s, r, why);
	}
	s->lacks_ca = false;
	/* The launcher has the other one. */
	if (strcmp(ca_pem(s->ca), d->facts.pem) != 0) {
		(void)snprintf(s->error, sizeof(s->error),
			       "the CA was renewed just now: start again");
		return -EAGAIN;
	}
	rulebook_set_inspection(s->rules, true);
	return 0;
}

static int start_launcher(struct server *s, struct daemon *d)
{
	struct launcher_opts opts = {
		.conf = rulebook_conf(s->rules),
		.cas = s->cas,
	};
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

static int open_control(struct server *s, struct daemon *d)
{
	const char *path = s->cli.control ? s->cli.control : CONTROL_SOCKET;
	int r = control_listen(path, &d->control_fd, s->error);

	if (r == 0)
		s->remove[2] = path;
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
	r = state_lock_daemon(&s->hold, s->error);
	if (r == 0)
		r = find_ca(s, d);
	if (r == 0)
		r = start_launcher(s, d);
	if (r == 0)
		r = load_ca(s, d);
	/* Behind the fork: the launcher has nothing to do with it. */
	if (r == 0)
		r = open_control(s, d);
	notify_open();
	return r;
}

static int start(struct server *s)
{
	struct daemon *d = s->kind_arg;
	int r = runs_new(s->proxy, d->tickets, s->rules, &d->runs);

	/* What attendants go by is not ours to write. */
	known_cas_forget(s->cas);
	s->cas = NULL;
	if (r < 0)
		return r;
	d->tickets = -1; /* taken */
	r = control_new(s, d->runs, d->control_fd, &d->control);
	d->control_fd = -1; /* taken */
	return r;
}

static void serving(struct server *s)
{
	(void)s;
	notify_send("READY=1\nSTATUS=serving");
}

static void reloaded(struct server *s, struct rulebook *rules, const char *said)
{
	const struct daemon *d = s->kind_arg;

	if (rules)
		runs_set_rules(d->runs, rules);
	control_reloaded(d->control, rules != NULL, said);
	notify_send(rules ? "READY=1\nSTATUS=serving"
			  : "READY=1\nSTATUS=the conf could not be reloaded");
}

static void reloading(struct server *s)
{
	(void)s;
	notify_reloading();
}

static bool busy(struct server *s)
{
	const struct daemon *d = s->kind_arg;

	return runs_are_left(d->runs);
}

static void on_runs_over(void *arg)
{
	server_settle(arg);
}

/* A run without its door is of no use: it keeps it until it ends, or until we
 * do and it with us. */
static void draining(struct server *s)
{
	const struct daemon *d = s->kind_arg;

	notify_send("STOPPING=1\nSTATUS=waiting for what is open");
	runs_drain(d->runs, on_runs_over, s);
	control_drain(d->control);
}

static void stop(struct server *s)
{
	const struct daemon *d = s->kind_arg;

	control_free(d->control);
	runs_stop(d->runs);
}

/* When the launcher has ended, so have its runs, and nothing of them is left.
 */
static void fini(struct server *s)
{
	struct daemon *d = s->kind_arg;

	runs_free(d->runs);
	ca_free(s->ca);
	if (d->tickets >= 0)
		(void)close(d->tickets);
	if (d->control_fd >= 0)
		(void)close(d->control_fd);
	if (d->launcher > 0)
		(void)waitpid(d->launcher, NULL, 0);
}

int daemon_main(int argc, char **argv)
{
	static const struct server_kind kind = {
		.verb = "daemon",
		.prepare = prepare,
		.start = start,
		.serving = serving,
		.reloading = reloading,
		.reloaded = reloaded,
		.draining = draining,
		.busy = busy,
		.stop = stop,
		.fini = fini,
	};
	struct daemon d = { .tickets = -1, .control_fd = -1 };

	return server_main(&kind, &d, argc, argv);
}
