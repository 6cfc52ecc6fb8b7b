/* SPDX-License-Identifier: MIT */
/*
 * sandbox/run.c - `netleash run` and `learn`: one command on its leash
 *
 * Steps:      1. words, conf, policy, folders: decided, no effect  (plan.c)
 *             2. what holds the run: uid, cgroup, door            (leash.c)
 *             3. log, environment; relays for sockets on 0 to 2
 *             4. start init, which takes over what step 2 made     (init.c)
 *             5. make the proxy, give it the door, shed every privilege
 *             6. GO: init opens the door and starts CMD; the proxy serves
 *             7. CMD ended: what it wrote is delivered, summary, exit status
 * Invariants: a step that fails before CMD runs ends with 125 and a sentence;
 *             nothing is read from the sandbox or the network before step 6
 */
#include "sandbox/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/fdio.h"
#include "common/log.h"
#include "proxy/proxy.h"
#include "sandbox/childenv.h"
#include "sandbox/confine.h"
#include "sandbox/init.h"
#include "sandbox/init_await.h"
#include "sandbox/launch.h"
#include "sandbox/learn.h"
#include "sandbox/leash.h"
#include "sandbox/plan.h"
#include "sandbox/relay.h"
#include "sandbox/stack_limit.h"
#include "sandbox/stdio.h"
#include "sandbox/summary.h"
#include "sandbox/supervise.h"

#define EXIT_NETLEASH 125

#define RUN_ERROR_MAX 600

struct run {
	struct plan plan;
	struct leash leash;
	struct supervise_io io;
	struct relay *relay;
	struct proxy *proxy;
	struct proxy_scope *scope; /* the one of it */
	char **env;
	int stdio[3];
	int log_fd;
	int init_sock;
	char error[RUN_ERROR_MAX];
};

static int prepare(struct run *run)
{
	const struct leash *leash = &run->leash;
	int r;

	r = plan_open_log(&run->plan, &run->log_fd, run->error);
	if (r == 0)
		r = plan_environment(&run->plan, leash->door.port,
				     leash->isolation == ISOLATION_NETNS,
				     leash->lease.run, leash->user, &run->env,
				     run->error);
	if (r == 0)
		r = relay_open(run->stdio, &run->relay);
	return r;
}

static void close_command_stdio(struct run *run)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (run->stdio[fd] >= 0)
			(void)close(run->stdio[fd]);
		run->stdio[fd] = -1;
	}
}

/* In init, and so in CMD's process: those of our environment, too. */
static void forget_secrets(void *arg)
{
	struct run *run = arg;
	const struct conf *cf = run->plan.conf;

	inspection_forget(&run->plan.inspection);
	for (size_t i = 0; i < cf->credentials_n; i++) {
		const struct conf_credential *c = &cf->credentials[i];
		char *value =
			c->from == CONF_FROM_ENV ? getenv(c->words[0]) : NULL;

		if (value)
			explicit_bzero(value, strlen(value));
	}
}

static int start_init(struct run *run)
{
	struct init_opts opts = {
		.stdio = { run->stdio[0], run->stdio[1], run->stdio[2] },
		.wake_fd = run->io.wake[1],
		.forget = forget_secrets,
		.forget_arg = run,
		.argv = run->plan.cli.argv,
		.envp = run->env,
	};
	int r;

	leash_fill(&run->leash, &run->plan, &opts);
	r = init_start(&opts, &run->io.mask, &run->init_sock, run->error);
	close_command_stdio(run);
	return r;
}

/* init_socket_fn */
static int take_socket(void *arg, int fd, uint16_t local)
{
	struct run *run = arg;

	return local ? proxy_add_forward(run->scope, fd, local)
		     : proxy_add_listener(run->scope, fd);
}

static int start_proxy(struct run *run)
{
	const struct proxy_opts opts = {
		.conf = run->plan.conf,
		.log_fd = run->log_fd,
		.log_syslog = run->plan.log.kind == CONF_LOG_SYSLOG,
		.ca = run->plan.inspection.ca,
		.error = run->error,
	};
	const struct proxy_scope_opts scope = {
		.conf = run->plan.conf,
		.policy = run->plan.policy,
		.compare = run->plan.narrow,
		.run = run->leash.lease.run,
		.caller = run->plan.caller.name,
		.command = plan_command(&run->plan),
		.secrets = run->plan.inspection.secrets,
		.secrets_n = run->plan.inspection.secrets_n,
		.remember_blocked = true,
	};
	const struct identities *ids = &run->leash.ids;
	const char *step = "";
	int r;

	r = proxy_new(&opts, &run->proxy);
	if (r == 0)
		run->plan.inspection.ca = NULL; /* the proxy's */
	if (r == 0)
		r = proxy_scope_new(run->proxy, &scope, &run->scope);
	if (r == 0)
		r = relay_start(run->relay, proxy_base(run->proxy));
	if (r == 0)
		r = init_await(run->init_sock, &run->leash.door, take_socket,
			       run, run->error);
	if (r < 0)
		return r;
	r = confine_proxy(ids->online_uid, ids->online_gid, run->leash.root,
			  &step);
	if (r < 0) {
		(void)snprintf(run->error, sizeof(run->error),
			       "netleash cannot shed its privileges: %s: %s",
			       step, strerror(-r));
		return r;
	}
	return proxy_start(run->proxy);
}

static void print_summary(const struct run *run)
{
	const struct proxy_blocked *blocked;
	struct strbuf text = STRBUF_INIT;
	uint64_t more = 0;
	size_t n = 0;

	if (!run->plan.cli.quiet) {
		blocked = proxy_scope_blocked(run->scope, &n, &more);
		summary_render(blocked, n, more, &text);
		blocked = proxy_scope_failed(run->scope, &n, &more);
		summary_render_failed(blocked, n, more, &text);
	}
	if (run->plan.learn) {
		blocked = proxy_scope_needed(run->scope, &n, &more);
		learn_render(blocked, n, more, &text);
	}
	if (text.len > 0) /* a closed standard error is no reason to fail */
		(void)fd_write_all(STDERR_FILENO, text.s, text.len);
	strbuf_fini(&text);
}

/*
 * CMD has 0 and 1 now; while we held them too, a reader of its output would
 * not see it closed. We speak on 2 alone.
 */
static void release_stdio(const struct run *run)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 1 && null_fd >= 0; fd++)
		if (!relay_has(run->relay, fd))
			(void)dup2(null_fd, fd);
	if (null_fd >= 0)
		(void)close(null_fd);
}

/* The end of our socket makes init undo the rest. */
static void end_init(struct run *run)
{
	(void)close(run->init_sock);
	run->init_sock = -1;
	(void)waitpid(-1, NULL, 0); /* the only child that we have */
}

static int run_loop(void *arg)
{
	return proxy_run(arg);
}

static void stop_loop(void *arg)
{
	proxy_stop_settled(arg);
}

static int make_stack_room(char *error)
{
	int r = stack_limit_raise();

	if (r < 0)
		(void)snprintf(error, RUN_ERROR_MAX,
			       "the limit of the stack (ulimit -s) is below "
			       "the %d KiB that netleash needs, and cannot be "
			       "raised: %s",
			       STACK_LIMIT_KIB, strerror(-r));
	return r;
}

/* Return: CMD's exit status, or -errno if it never ran. */
static int run_command(struct run *run)
{
	struct supervise_opts supervise = { .io = &run->io };
	int r, status;

	r = stdio_check(run->error);
	if (r == 0)
		r = make_stack_room(run->error);
	if (r == 0)
		r = plan_make(&run->plan, run->error);
	if (r == 0)
		r = supervise_open(&run->io);
	if (r == 0)
		r = plan_inspect(&run->plan, run->error);
	if (r == 0)
		r = leash_prepare(&run->plan, &run->leash, run->error);
	if (r < 0)
		return r;
	r = prepare(run);
	if (r == 0)
		r = start_init(run);
	if (r < 0) {
		(void)leash_revert(&run->leash);
		return r;
	}
	leash_hand_over(&run->leash);
	supervise_close_wake(&run->io);
	release_stdio(run);
	r = start_proxy(run);
	if (r < 0) {
		end_init(run);
		return r;
	}
	leash_tell(&run->leash, &run->plan);
	supervise.loop = (struct supervise_loop){
		.base = proxy_base(run->proxy),
		.run = run_loop,
		.stop = stop_loop,
		.arg = run->proxy,
	};
	supervise.init_sock = run->init_sock;
	supervise.relay = run->relay;
	status = supervise_run(&supervise);
	print_summary(run);
	return status;
}

static void run_fini(struct run *run)
{
	relay_free(run->relay);
	proxy_free(run->proxy);
	if (run->init_sock >= 0)
		(void)close(run->init_sock);
	if (run->log_fd >= 0)
		(void)close(run->log_fd);
	close_command_stdio(run);
	supervise_close(&run->io);
	leash_close(&run->leash);
	childenv_free(run->env);
	plan_fini(&run->plan);
}

/*
 * Without privilege the daemon's leash, where there is a daemon that permits
 * it. Return: as launch_run(), -ENOENT where we are to do without it.
 */
static int run_by_daemon(struct run *run, char **argv)
{
	const bool needed = run->plan.cli.isolation == ISOLATION_FIREWALL ||
			    run->plan.cli.network == NETWORK_ONLINE;
	int r = launch_run(&run->plan.cli, argv, run->error);

	if (r != -EPERM || needed)
		return r;
	log_info("%s", run->error);
	return -ENOENT;
}

static int start(int argc, char **argv, bool learn)
{
	struct run run = {
		.plan = { .learn = learn },
		.leash = LEASH_INIT,
		.io = { .signal_fd = -1, .wake = { -1, -1 }, .tty = -1 },
		.stdio = { -1, -1, -1 },
		.log_fd = -1,
		.init_sock = -1,
	};
	int r;

	r = stdio_close_inherited();
	if (r < 0) {
		log_error("cannot close inherited descriptors: %s",
			  strerror(-r));
		return EXIT_NETLEASH;
	}
	switch (run_cli_parse(argc, argv, &run.plan.cli)) {
	case CLI_HELP:
		run_cli_fini(&run.plan.cli);
		return 0;
	case CLI_WRONG:
		run_cli_fini(&run.plan.cli);
		return EXIT_NETLEASH;
	case CLI_OK:
		break;
	}
	if (run.plan.cli.verbose)
		log_set_level(LOG_LEVEL_INFO);
	if (learn && run.plan.cli.network != NETWORK_PROXY) {
		log_error("learn: without netleash's proxy there is nothing to "
			  "learn from");
		run_cli_fini(&run.plan.cli);
		return EXIT_NETLEASH;
	}
	r = geteuid() != 0 && !learn && launch_fits(&run.plan.cli)
		    ? run_by_daemon(&run, argv)
		    : -ENOENT;
	if (r == -ENOENT)
		r = run_command(&run);
	if (r < 0) {
		log_error("%s%s",
			  getenv("NETLEASH") ? "there can be no run within a "
					       "run: "
					     : "",
			  run.error[0] ? run.error : strerror(-r));
		r = EXIT_NETLEASH;
	}
	run_fini(&run);
	return r;
}

int run_main(int argc, char **argv)
{
	return start(argc, argv, false);
}

int learn_main(int argc, char **argv)
{
	return start(argc, argv, true);
}
