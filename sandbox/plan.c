/* SPDX-License-Identifier: MIT */
/*
 * sandbox/plan.c - a run as it was asked for: decided, without any effect
 */
#include "sandbox/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/log.h"
#include "proxy/policy.h"
#include "sandbox/childenv.h"
#include "sandbox/conf_find.h"
#include "sandbox/external_proxy.h"
#include "sandbox/log_sink.h"
#include "sandbox/mounts.h"
#include "sandbox/stdio.h"

/* The conf that counts, with the rules of the command line. */
static int load_conf(const struct plan *p, bool quiet, struct conf **ret,
		     char error[PLAN_ERROR_MAX])
{
	struct conf_report report = { 0 };
	char text[RULE_ERROR_MAX];
	int r;

	r = conf_find_load(p->cli.conf, &p->caller, CONF_AUTH_PASS, ret,
			   &report);
	conf_report_print(&report, quiet);
	conf_report_fini(&report);
	if (r < 0)
		(void)snprintf(error, PLAN_ERROR_MAX,
			       "the conf is not usable, so nothing was run");
	for (size_t i = 0; i < p->cli.rules_n && r == 0; i++) {
		const struct cli_rule *rule = &p->cli.rules[i];

		r = conf_add_argument(*ret, rule->effect, rule->text, text);
		if (r < 0)
			(void)snprintf(error, PLAN_ERROR_MAX, "--%s '%s': %s",
				       rule_effect_name(rule->effect),
				       rule->text, text);
	}
	return r;
}

static int make_policy(const struct plan *p, const struct conf *cf,
		       struct policy **ret, char error[PLAN_ERROR_MAX])
{
	int r = policy_new(cf, p->cli.profile, ret);

	if (r == 0)
		policy_set_inspection(*ret, true);
	if (r == -ENOENT)
		(void)snprintf(error, PLAN_ERROR_MAX,
			       "the conf has no profile '%s'", p->cli.profile);
	return r;
}

/* Two confs, since a policy borrows what no rule is added to any more. */
static int make_rules(struct plan *p, char error[PLAN_ERROR_MAX])
{
	char text[RULE_ERROR_MAX];
	int r = load_conf(p, p->cli.quiet, &p->loaded, error);

	p->conf = p->loaded;
	if (r == 0 && p->learn)
		r = conf_add_argument(p->loaded, RULE_ALLOW, "*:*", text);
	if (r == 0)
		r = make_policy(p, p->loaded, &p->policy, error);
	if (r < 0 || !p->learn)
		return r;
	r = load_conf(p, true, &p->narrow_conf, error);
	return r < 0 ? r : make_policy(p, p->narrow_conf, &p->narrow, error);
}

/* The ports of the caller's own proxies are local ports like any others. */
static int add_external_ports(struct plan *p, char error[PLAN_ERROR_MAX])
{
	uint16_t ports[EXTERNAL_PROXY_MAX];
	size_t n;
	int r;

	if (p->cli.network != NETWORK_EXTERNAL)
		return 0;
	r = external_proxy_ports(p->env, ports, &n, error);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = local_ports_add(&p->cli.local_ports, ports[i]);
	if (r == -E2BIG)
		(void)snprintf(error, PLAN_ERROR_MAX,
			       "--external-proxy and --local-port: more than "
			       "%d ports",
			       LOCAL_PORTS_MAX);
	return r;
}

/* Variables that credentials come from, or stand in. Return: how many. */
static size_t hidden_names(const struct conf *cf,
			   const char *ret[2 * CONF_CREDENTIALS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < cf->credentials_n; i++) {
		const struct conf_credential *c = &cf->credentials[i];

		if (c->from == CONF_FROM_ENV)
			ret[n++] = c->words[0];
		if (c->placeholder)
			ret[n++] = c->placeholder;
	}
	return n;
}

/* A bare --env NAME that the caller does not have gives the command nothing. */
static void note_unset(const struct plan *p)
{
	for (size_t i = 0; i < p->cli.env.n && !p->cli.quiet; i++) {
		const char *name = p->cli.env.v[i];

		if (strchr(name, '=') || childenv_get(p->env, name))
			continue;
		if (childenv_get(p->env, "SUDO_UID"))
			log_notice("--env %s: it is not set here; sudo passes "
				   "it on with --preserve-env=%s",
				   name, name);
		else
			log_notice("--env %s: it is not set here", name);
	}
}

int plan_environment(const struct plan *p, uint16_t port, bool own_loopback,
		     const char *run, const char *user, char ***ret,
		     char error[PLAN_ERROR_MAX])
{
	const char *hidden[2 * CONF_CREDENTIALS_MAX];
	const struct childenv_opts opts = {
		.caller = p->env,
		.hidden = hidden,
		.hidden_n = hidden_names(p->conf, hidden),
		.given = (const char *const *)p->inspection.given,
		.given_n = p->inspection.given_n,
		.java = p->inspection.java_options,
		.set = p->cli.env.v,
		.set_n = p->cli.env.n,
		.deny = (const char *const *)p->conf->env_deny,
		.allow = (const char *const *)p->conf->env_allow,
		.clean = p->cli.clean_env,
		.port = port,
		.loopback = own_loopback || p->cli.local_binding ||
			    p->cli.local_ports.n > 0,
		.external = p->cli.network == NETWORK_EXTERNAL ||
			    p->cli.network == NETWORK_ONLINE,
		.program = p->workspace.program,
		.home = p->workspace.home,
		.user = user,
		.shell = p->caller.shell,
		.run = run,
	};
	char *withheld = NULL;
	int r = childenv_make(&opts, ret, &withheld);

	if (r == -EINVAL)
		(void)snprintf(error, PLAN_ERROR_MAX,
			       "--env '%s': not a variable's name", withheld);
	else if (r == 0 && withheld[0] && !p->cli.quiet)
		log_notice("withheld from the command: %s (--env NAME lets "
			   "one in)",
			   withheld);
	if (r == 0)
		note_unset(p);
	free(withheld);
	return r;
}

int plan_open_log(struct plan *p, int *ret_fd, char error[PLAN_ERROR_MAX])
{
	return log_sink_open(&p->log, &p->caller, ret_fd, error);
}

/*
 * Started in his home, people would look for what they made there. Where CMD
 * can only read it learns so by itself.
 */
static void note_folder(const struct plan *p)
{
	const struct workspace *w = &p->workspace;

	if (p->cli.quiet || workspace_shows(w, w->cwd) ||
	    !mounts_is_hidden(w->cwd, w->home))
		return;
	if (mounts_is_replaced(w->cwd, w->home))
		log_notice("%s is no workspace: the command has an empty one "
			   "instead, and what it writes there is lost (start "
			   "in a folder of your own, or --writable DIR)",
			   w->cwd);
	else
		log_notice("the command does not see %s and starts in %s",
			   w->cwd, w->home);
}

int plan_make_for(struct plan *p, char error[PLAN_ERROR_MAX])
{
	int r;

	error[0] = '\0';
	r = add_external_ports(p, error);
	if (r == 0)
		r = log_place_find(p->conf, p->cli.log_file, &p->log);
	if (r == 0)
		r = workspace_find(&p->cli, &p->caller, p->env, p->conf,
				   p->log.kind == CONF_LOG_FILE ? p->log.path
								: NULL,
				   &p->workspace, error);
	if (r == 0)
		note_folder(p);
	return r;
}

int plan_make(struct plan *p, char error[PLAN_ERROR_MAX])
{
	int r;

	error[0] = '\0';
	p->env = (const char *const *)environ;
	r = stdio_check(error);
	if (r == 0)
		r = caller_find(&p->caller, error);
	if (r == 0)
		r = make_rules(p, error);
	return r == 0 ? plan_make_for(p, error) : r;
}

int plan_inspect(struct plan *p, char error[PLAN_ERROR_MAX])
{
	if (p->cli.network != NETWORK_PROXY)
		return 0;
	return inspection_prepare(p->conf, p->policy, &p->caller, p->env,
				  &p->inspection, error);
}

int plan_secrets(struct plan *p, bool has_ca, char error[PLAN_ERROR_MAX])
{
	char user[300], logname[sizeof(user)];
	const char *const env[] = { "LANG=C.UTF-8", user, logname, NULL };

	if (p->cli.network != NETWORK_PROXY || p->conf->credentials_n == 0)
		return 0;
	if (!has_ca) {
		(void)snprintf(error, PLAN_ERROR_MAX,
			       "the conf has credentials, and the daemon no CA "
			       "to put them into requests with: 'netleash "
			       "setup', and restart it");
		return -ENOENT;
	}
	(void)snprintf(user, sizeof(user), "USER=%s", p->caller.name);
	(void)snprintf(logname, sizeof(logname), "LOGNAME=%s", p->caller.name);
	return inspection_read(&p->inspection, p->conf, &p->caller, p->env, env,
			       error);
}

int plan_trust(struct plan *p, const char *pem, char error[PLAN_ERROR_MAX])
{
	int r;

	if (p->cli.network != NETWORK_PROXY)
		return 0;
	r = inspection_trust(&p->inspection, pem);
	if (r < 0)
		(void)snprintf(error, PLAN_ERROR_MAX,
			       "the CA cannot be shown to the command: %s",
			       strerror(-r));
	return r;
}

const char *plan_command(const struct plan *p)
{
	const char *slash = strrchr(p->cli.argv[0], '/');

	return slash && slash[1] ? slash + 1 : p->cli.argv[0];
}

void plan_fini(struct plan *p)
{
	inspection_fini(&p->inspection);
	policy_free(p->policy);
	policy_free(p->narrow);
	conf_free(p->loaded);
	conf_free(p->narrow_conf);
	workspace_fini(&p->workspace);
	caller_fini(&p->caller);
	run_cli_fini(&p->cli);
}
