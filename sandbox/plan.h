/* SPDX-License-Identifier: MIT */
/*
 * sandbox/plan.h - a run as it was asked for: decided, without any effect
 *
 * In:   argv, the environment, the confs
 * Out:  options, caller, policy and folders, or a sentence
 */
#ifndef NETLEASH_SANDBOX_PLAN_H
#define NETLEASH_SANDBOX_PLAN_H

#include <stdint.h>

#include "sandbox/cli.h"
#include "sandbox/identity.h"
#include "sandbox/inspection.h"
#include "sandbox/log_sink.h"
#include "sandbox/workspace.h"

struct conf;
struct policy;

#define PLAN_ERROR_MAX 600

/**
 * struct plan - a run
 * @cli: parsed before; plan_fini() ends it
 * @env: the caller's environment, borrowed
 * @conf: what counts
 * @loaded: @conf where it is the plan's own, else NULL
 * @policy: NULL where somebody else judges
 * @learn: the conf's rules do not bind: @policy allows all that is public
 * @narrow: what the conf allows, then, made of @narrow_conf; else NULL
 * @log: once it was opened
 * @inspection: of plan_inspect(); else all zeros
 */
struct plan {
	struct run_cli cli;
	struct caller caller;
	const char *const *env;
	const struct conf *conf;
	struct conf *loaded;
	struct policy *policy;
	bool learn;
	struct conf *narrow_conf;
	struct policy *narrow;
	struct workspace workspace;
	struct log_place log;
	struct inspection inspection;
};

/*
 * For the caller who started us: fills all but @p->cli and @p->learn, which are
 * there. Errors
 * of the conf are printed one by one. Return: 0 or -errno with a sentence in
 * @error.
 */
int plan_make(struct plan *p, char error[PLAN_ERROR_MAX]);

/*
 * For another caller, with his rights (caller_enter()): @p->cli, @p->caller,
 * @p->env and @p->conf, which is borrowed, are there. No policy is made.
 * Return: as above.
 */
int plan_make_for(struct plan *p, char error[PLAN_ERROR_MAX]);
void plan_fini(struct plan *p);

/*
 * Makes and reads what @p->inspection holds, where @p->policy may want it: the
 * first thing of a run that is more than a decision, since it may run the
 * commands of credentials. Return: 0 or -errno with a sentence in @error.
 */
int plan_inspect(struct plan *p, char error[PLAN_ERROR_MAX]);

/*
 * The same in two steps for a run that a daemon serves, as root for a caller
 * who is not: his secrets, where @has_ca; then what makes CMD trust @pem,
 * borrowed. A command that prints a secret gets nothing of his environment: he
 * may be in a corner that it is not in. Return: as above.
 */
int plan_secrets(struct plan *p, bool has_ca, char error[PLAN_ERROR_MAX]);
int plan_trust(struct plan *p, const char *pem, char error[PLAN_ERROR_MAX]);

/* The name of CMD for people: without its folder. Borrowed. */
const char *plan_command(const struct plan *p);

/*
 * CMD's environment for a door on @port and the run named @run, as @user;
 * says on standard error what was withheld. *@ret is freed with
 * childenv_free().
 */
int plan_environment(const struct plan *p, uint16_t port, bool own_loopback,
		     const char *run, const char *user, char ***ret,
		     char error[PLAN_ERROR_MAX]);

/* Opens the access log that was asked for; *@ret_fd is -1 if none was. */
int plan_open_log(struct plan *p, int *ret_fd, char error[PLAN_ERROR_MAX]);

#endif
