/* SPDX-License-Identifier: MIT */
/*
 * sandbox/server.c - a proxy for the conf's listeners, in the foreground
 *
 * Steps:      1. words, conf, policy: decided, no effect
 *             2. listeners, log, pid file; as root the online identity
 *             3. the keeper, which stays as privileged as we were  (keeper.c)
 *             4. the proxy; shed every privilege
 *             5. accept, and say so: "ready ADDRESS:PORT"
 *             6. SIGHUP reloads (reload.c); SIGTERM and SIGINT drain, for
 *                `limit drain-time` at most, a second one ends at once
 * Invariants: nothing is read from a client before step 5; our own messages
 *             never wait for whoever reads them, since a proxy that waits
 *             serves nobody
 */
#include "sandbox/server.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/fdio.h"
#include "common/log.h"
#include "common/scope.h"
#include "proxy/policy.h"
#include "proxy/proxy.h"
#include "sandbox/conf_find.h"
#include "sandbox/confine.h"
#include "sandbox/identity.h"
#include "sandbox/keeper.h"
#include "sandbox/known_cas.h"
#include "sandbox/log_sink.h"
#include "sandbox/reload.h"
#include "sandbox/rulebook.h"
#include "sandbox/serve_cli.h"
#include "sandbox/server_listen.h"
#include "sandbox/setup.h"
#include "sandbox/stack_limit.h"
#include "sandbox/stdio.h"

static int fail(struct server *s, int r, const char *what)
{
	(void)snprintf(s->error, sizeof(s->error), "%s: %s", what,
		       strerror(-r));
	return r;
}

/* What it names is protected from commands that start in other folders. */
static int name_conf(struct server *s)
{
	AUTOFREE char *cwd = getcwd(NULL, 0);

	if (!s->cli.conf || s->cli.conf[0] == '/')
		return 0;
	if (!cwd)
		return -errno;
	if (asprintf(&s->conf_name, "%s/%s", cwd, s->cli.conf) < 0) {
		s->conf_name = NULL;
		return -ENOMEM;
	}
	s->cli.conf = s->conf_name;
	return 0;
}

/* Step 1. */
static int decide(struct server *s)
{
	struct conf_report report = { 0 };
	const struct policy *policy;
	struct conf *conf = NULL;
	int r;

	r = caller_find(&s->caller, s->error);
	if (r == 0 && s->kind->prepare)
		r = name_conf(s);
	if (r < 0)
		return r;
	r = conf_find_load(s->cli.conf, &s->caller, CONF_AUTH_NEED, &conf,
			   &report);
	conf_report_print(&report, false);
	conf_report_fini(&report);
	if (r < 0) {
		(void)snprintf(s->error, sizeof(s->error),
			       "the conf is not usable");
		return r;
	}
	r = rulebook_new(conf, &s->rules);
	if (r < 0) {
		conf_free(conf);
		return r;
	}
	(void)clock_gettime(CLOCK_REALTIME, &s->loaded);
	r = rulebook_policy(s->rules, s->cli.profile, &policy);
	if (r == -ENOENT)
		(void)snprintf(s->error, sizeof(s->error),
			       "the conf has no profile '%s'", s->cli.profile);
	else if (r < 0)
		return fail(s, r, "the policy cannot be made");
	else if (!policy_has_allow(policy))
		log_notice("there is no allow line, so everything is refused");
	return r;
}

/* Blocked from here on, so that none is lost before there is a loop. */
static int take_signals(struct server *s)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return -errno;
	(void)sigaddset(&set, SIGPIPE);
	(void)sigaddset(&set, SIGXFSZ); /* a log at its `ulimit -f` */
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int open_logs(struct server *s)
{
	const struct log_place messages = { .kind = CONF_LOG_STDERR };
	int r;

	r = log_place_find(rulebook_conf(s->rules), s->cli.log_file, &s->log);
	if (r == 0)
		r = log_sink_open(&s->log, &s->caller, &s->log_fd, s->error);
	if (r == 0)
		r = log_sink_open(&messages, &s->caller, &s->messages_fd,
				  s->error);
	if (r == 0)
		log_set_fd(s->messages_fd);
	return r;
}

static int write_pid_file(struct server *s)
{
	const char *path = s->cli.pid_file;
	char text[24];
	int fd, r;

	if (!path)
		return 0;
	fd = open(path,
		  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC |
			  O_NOCTTY | O_NONBLOCK,
		  0644);
	if (fd < 0)
		return fail(s, -errno, path);
	s->remove[0] = path;
	(void)snprintf(text, sizeof(text), "%d\n", (int)getpid());
	r = fd_write_all(fd, text, strlen(text));
	(void)close(fd);
	return r < 0 ? fail(s, r, path) : 0;
}

/* A connection needs two descriptors, and the soft limit is for select(2). */
static void raise_descriptors(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files); /* or as many as there are */
}

/* What it names is there already. */
static int start_keeper(struct server *s)
{
	struct keeper_opts keeper = {
		.conf = s->cli.conf,
		.profile = s->cli.profile,
		.log_file = s->cli.log_file,
		.hold = s->hold,
		.conf_copy = s->conf_copy,
		.lacks_ca = s->lacks_ca,
		.cas = s->cas,
		.ca = s->ca,
		.caller = &s->caller,
		.log = &s->log,
	};
	int r;

	memcpy(keeper.remove, s->remove, sizeof(keeper.remove));
	raise_descriptors();
	r = keeper_start(&keeper, &s->keeper_sock, &s->keeper);
	if (r == 0) /* its to remove from here on */
		memset(s->remove, 0, sizeof(s->remove));
	if (s->conf_copy >= 0)
		(void)close(s->conf_copy);
	s->conf_copy = -1;
	return r;
}

/* Steps 2 and 3. */
static int prepare(struct server *s)
{
	int r;

	r = server_listen(s);
	if (r == 0)
		r = open_logs(s);
	if (r == 0 && geteuid() == 0)
		r = setup_apply(rulebook_conf(s->rules), false, LEASE_SWEEP_ALL,
				&s->ids, s->error, sizeof(s->error));
	/* Before the pid file: it may be that of another, who is running. */
	if (r == 0 && s->kind->prepare)
		r = s->kind->prepare(s);
	if (r == 0)
		r = write_pid_file(s);
	return r == 0 ? start_keeper(s) : r;
}

void server_settle(struct server *s)
{
	if (s->drained && !(s->kind->busy && s->kind->busy(s)))
		proxy_stop(s->proxy);
}

static void on_drained(void *arg)
{
	struct server *s = arg;

	s->drained = true;
	server_settle(s);
}

static void on_drain_over(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	log_notice("drain-time is over: what is still open is closed");
	proxy_stop(s->proxy);
}

static void drain(struct server *s)
{
	uint32_t ms = reload_conf(s->reload)->limits.drain_time;
	struct timeval tv = { .tv_sec = ms / 1000,
			      .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	s->draining = true;
	if (s->kind->draining)
		s->kind->draining(s);
	log_notice("told to end: waiting for what is open, %us at most",
		   (ms + 999) / 1000);
	if (event_add(s->drain_over, &tv) < 0)
		proxy_stop(s->proxy);
	else
		proxy_drain(s->proxy, on_drained, s);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct signalfd_siginfo info;
	struct server *s = arg;

	(void)what;
	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (s->draining && info.ssi_signo != SIGHUP)
			proxy_stop(s->proxy);
		else if (info.ssi_signo != SIGHUP)
			drain(s);
		else if (!s->draining) {
			if (s->kind->reloading)
				s->kind->reloading(s);
			reload_start(s->reload);
		}
	}
}

/* After each reload. */
static void on_reloaded(void *arg, struct rulebook *rules, const char *said)
{
	struct server *s = arg;

	if (rules)
		(void)clock_gettime(CLOCK_REALTIME, &s->loaded);
	if (s->kind->reloaded)
		s->kind->reloaded(s, rules, said);
}

static int make_events(struct server *s)
{
	const struct reload_opts reload = {
		.proxy = s->proxy,
		.scope = s->scope,
		.rules = s->rules,
		.profile = s->cli.profile,
		.log_fd = s->log_fd,
		.sock = s->keeper_sock,
		.done = on_reloaded,
		.arg = s,
	};
	struct event_base *base = proxy_base(s->proxy);
	int r;

	r = reload_new(&reload, &s->reload);
	if (r < 0)
		return r;
	s->log_fd = -1; /* the reload's */
	s->signals = event_new(base, s->signal_fd, EV_READ | EV_PERSIST,
			       on_signal, s);
	s->drain_over = event_new(base, -1, 0, on_drain_over, s);
	if (!s->signals || !s->drain_over || event_add(s->signals, NULL) < 0)
		return -ENOMEM;
	return 0;
}

/* Step 4. */
static int start_proxy(struct server *s)
{
	const struct proxy_opts opts = {
		.conf = rulebook_conf(s->rules),
		.threads = s->threads,
		.log_fd = s->log_fd,
		.log_syslog = s->log.kind == CONF_LOG_SYSLOG,
		.ca = s->ca,
		.ca_number = KNOWN_CAS_FIRST,
		.error = s->error,
	};
	struct proxy_scope_opts scope = {
		.conf = rulebook_conf(s->rules),
		.run = "",
		.all_threads = true,
		.asks = true,
		.remember_blocked = s->kind->start != NULL,
	};
	const char *step = "";
	int r;

	r = rulebook_policy(s->rules, s->cli.profile, &scope.policy);
	if (r == 0)
		r = proxy_new(&opts, &s->proxy);
	if (r == 0)
		s->ca = NULL; /* the proxy's */
	if (r == 0)
		r = proxy_scope_new(s->proxy, &scope, &s->scope);
	for (size_t i = 0; i < s->listeners_n && r == 0; i++) {
		r = proxy_add_listener(s->scope, s->listeners[i]);
		s->listeners[i] = -1; /* the proxy took it */
	}
	if (r == 0)
		r = make_events(s);
	if (r == 0 && s->kind->start)
		r = s->kind->start(s);
	if (r < 0)
		return r;
	r = confine_proxy(s->ids.online_uid, s->ids.online_gid, geteuid() == 0,
			  &step);
	if (r < 0)
		(void)snprintf(s->error, sizeof(s->error),
			       "cannot shed the privileges: %s: %s", step,
			       strerror(-r));
	return r;
}

static int serve(struct server *s)
{
	int r;

	r = decide(s);
	if (r == 0)
		r = take_signals(s);
	if (r == 0)
		r = prepare(s);
	if (r == 0)
		r = start_proxy(s);
	if (r == 0)
		r = proxy_start(s->proxy);
	if (r < 0)
		return r;
	/* Nobody may be listening there; that is no reason not to serve. */
	(void)fd_write_all(STDOUT_FILENO, s->ready.s, s->ready.len);
	if (s->kind->serving)
		s->kind->serving(s);
	r = proxy_run(s->proxy);
	return r < 0 ? fail(s, r, "the event loop failed") : 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

static void serve_fini(struct server *s)
{
	if (s->signals)
		event_free(s->signals);
	if (s->drain_over)
		event_free(s->drain_over);
	if (s->kind->stop)
		s->kind->stop(s);
	reload_free(s->reload);
	proxy_free(s->proxy);
	if (s->kind->fini)
		s->kind->fini(s);
	for (size_t i = 0; i < s->listeners_n; i++)
		close_fd(s->listeners[i]);
	free(s->listeners);
	close_fd(s->log_fd);
	close_fd(s->signal_fd);
	close_fd(s->keeper_sock);
	/* When it has ended, so has all that a pid file stands for. */
	if (s->keeper > 0)
		(void)waitpid(s->keeper, NULL, 0);
	for (size_t i = 0; i < KEEPER_REMOVE; i++)
		if (s->remove[i])
			(void)unlink(s->remove[i]);
	close_fd(s->hold);
	log_set_fd(STDERR_FILENO);
	close_fd(s->messages_fd);
	strbuf_fini(&s->ready);
	rulebook_unref(s->rules);
	caller_fini(&s->caller);
	free(s->conf_name);
}

int server_main(const struct server_kind *kind, void *kind_arg, int argc,
		char **argv)
{
	struct server s = {
		.kind = kind,
		.kind_arg = kind_arg,
		.hold = -1,
		.conf_copy = -1,
		.log_fd = -1,
		.messages_fd = -1,
		.signal_fd = -1,
		.keeper_sock = -1,
	};
	int r;

	switch (serve_cli_parse(argc, argv, &s.cli)) {
	case SERVE_CLI_HELP:
		return 0;
	case SERVE_CLI_WRONG:
		return 2;
	case SERVE_CLI_OK:
		break;
	}
	r = stdio_close_inherited();
	if (r < 0) {
		log_error("%s: cannot close inherited descriptors: %s",
			  kind->verb, strerror(-r));
		return 1;
	}
	if (s.cli.verbose)
		log_set_level(LOG_LEVEL_INFO);
	if (stack_limit_raise() < 0)
		log_warn("the limit of the stack is low (ulimit -s), and may "
			 "end %s",
			 kind->verb);
	r = serve(&s);
	if (r < 0)
		log_error("%s: %s", kind->verb,
			  s.error[0] ? s.error : strerror(-r));
	serve_fini(&s);
	return r < 0;
}
