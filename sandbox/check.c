/* SPDX-License-Identifier: MIT */
/*
 * sandbox/check.c - `netleash check [--json] [CONF]`
 *
 * In:  a conf's name, or none
 * Out: errors and warnings on standard error and the conf as understood on
 *      standard output; or with --json one object on standard output
 */
#include "sandbox/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/json.h"
#include "common/strbuf.h"
#include "proxy/policy.h"
#include "sandbox/conf_find.h"
#include "sandbox/identity.h"

static const char usage[] =
	"usage: netleash check [--json] [CONF]\n"
	"\n"
	"Validates CONF, or else the conf that a run would use, and prints it\n"
	"as understood. Exit status: 0 it is good, 1 it is not.\n"
	"\n"
	"  --json      print errors and warnings as one JSON object\n"
	"  -h, --help  print this\n";

struct check_cli {
	const char *conf;
	bool json, help;
};

/* Return: false after a message. */
static bool parse_cli(int argc, char **argv, struct check_cli *ret)
{
	bool options = true;

	memset(ret, 0, sizeof(*ret));
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (options && strcmp(word, "--") == 0) {
			options = false;
		} else if (options && strcmp(word, "--json") == 0) {
			ret->json = true;
		} else if (options && (strcmp(word, "--help") == 0 ||
				       strcmp(word, "-h") == 0)) {
			ret->help = true;
		} else if (options && word[0] == '-') {
			fprintf(stderr,
				"netleash: check: unknown option '%s'\n%s",
				word, usage);
			return false;
		} else if (ret->conf || word[0] == '\0') {
			fprintf(stderr, "netleash: check: one CONF at most\n%s",
				usage);
			return false;
		} else {
			ret->conf = word;
		}
	}
	return true;
}

/* Where the policy's lint puts what it finds. */
struct lint {
	const struct conf *cf;
	struct conf_report *report;
	int r;
};

/* The top level is part of every profile's policy: say each thing once. */
static bool is_known(const struct conf_report *report, const char *file,
		     const struct rule *rule, const char *text)
{
	for (size_t i = 0; i < report->warnings_n; i++) {
		const struct conf_message *m = &report->warnings[i];

		if (m->line == rule->line && m->column == rule->column &&
		    strcmp(m->file, file) == 0 && strcmp(m->text, text) == 0)
			return true;
	}
	return false;
}

static void on_warning(void *arg, const struct rule *rule, const char *text)
{
	struct lint *l = arg;
	const char *file = l->cf->files[rule->file];

	if (l->r == 0 && !is_known(l->report, file, rule, text))
		l->r = conf_report_warn(l->report, file, rule->line,
					rule->column, rule->text, text);
}

/* The lines of the top level about inspection, and what credentials are for:
 * the @i-th, or NULL; the credential too, if it is one's. */
static const struct rule *inside_line(const struct conf *cf, size_t i,
				      const struct conf_credential **ret)
{
	*ret = NULL;
	if (i < cf->top.inspects_n)
		return &cf->top.inspects[i];
	i -= cf->top.inspects_n;
	for (size_t k = 0; k < cf->credentials_n; k++) {
		*ret = &cf->credentials[k];
		if (i < (*ret)->targets_n)
			return &(*ret)->targets[i];
		i -= (*ret)->targets_n;
	}
	return NULL;
}

static void warn_uncovered(struct lint *l, const struct rule *r,
			   const struct conf_credential *c)
{
	char text[400];

	if (c)
		(void)snprintf(text, sizeof(text),
			       "'%.200s': no allow line covers it, so that "
			       "credential '%s' never goes there",
			       r->text, c->name);
	else
		(void)snprintf(text, sizeof(text),
			       "'%.200s': no allow line covers it, so that "
			       "there is nothing to inspect",
			       r->text);
	on_warning(l, r, text);
}

/* Allow lines of a profile may cover a line outside: @covered gathers. */
static void lint_inside(struct lint *l, const struct policy *p,
			const struct conf_rules *own, bool *covered)
{
	const struct conf_credential *c;
	const struct rule *r;

	for (size_t i = 0; (r = inside_line(l->cf, i, &c)); i++)
		covered[i] = covered[i] || policy_covers(p, r);
	for (size_t i = 0; own && i < own->inspects_n; i++)
		if (!policy_covers(p, &own->inspects[i]))
			warn_uncovered(l, &own->inspects[i], NULL);
}

static void lint_profile(struct lint *l, const struct conf_profile *profile,
			 bool *covered)
{
	struct policy *p;

	if (l->r == 0)
		l->r = policy_new(l->cf, profile ? profile->name : NULL, &p);
	if (l->r < 0)
		return;
	policy_lint(p, on_warning, l);
	lint_inside(l, p, profile ? &profile->rules : NULL, covered);
	policy_free(p);
}

static int lint(const struct conf *cf, struct conf_report *report)
{
	struct lint l = { cf, report, 0 };
	const struct conf_credential *c;
	const struct rule *r;
	bool *covered;
	size_t n = 0;

	while (inside_line(cf, n, &c))
		n++;
	covered = calloc(n + 1, sizeof(*covered));
	if (!covered)
		return -ENOMEM;
	lint_profile(&l, NULL, covered);
	for (size_t i = 0; i < cf->profiles_n; i++)
		lint_profile(&l, &cf->profiles[i], covered);
	for (size_t i = 0; (r = inside_line(cf, i, &c)); i++)
		if (!covered[i])
			warn_uncovered(&l, r, c);
	free(covered);
	return l.r;
}

static void render_messages(struct json *j, const char *key,
			    const struct conf_message *m, size_t n)
{
	json_array_open(j, key);
	for (size_t i = 0; i < n; i++) {
		json_object_open(j, NULL);
		json_string(j, "file", m[i].file);
		json_uint(j, "line", m[i].line);
		json_uint(j, "column", m[i].column);
		json_string(j, "word", m[i].word);
		json_string(j, "message", m[i].text);
		json_object_close(j);
	}
	json_array_close(j);
}

static void render_lists(struct json *j, const char *profile,
			 const struct conf_rules *r)
{
	for (size_t i = 0; i < r->lists_n; i++) {
		const struct rule *rule = &r->lists[i].rule;
		bool allow = rule->effect == RULE_ALLOW;

		json_object_open(j, NULL);
		json_string(j, "directive", allow ? "allow-list" : "deny-list");
		json_string(j, "file", rule->text);
		json_string_or_null(j, "profile", profile);
		json_uint(j, "names", r->lists[i].names.names_n);
		json_object_close(j);
	}
}

static void render_auth(struct json *j, const struct conf *cf)
{
	if (!cf || !cf->auth.file) {
		json_null(j, "auth");
		return;
	}
	json_object_open(j, "auth");
	json_string(j, "file", cf->auth.file);
	if (cf->auth.read)
		json_uint(j, "users", cf->auth.users.n);
	else
		json_null(j, "users");
	json_object_close(j);
}

void check_render_json(const struct conf_report *report, const struct conf *cf,
		       struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_open(&j, NULL);
	json_bool(&j, "valid", cf != NULL);
	render_messages(&j, "errors", report->errors, report->errors_n);
	render_messages(&j, "warnings", report->warnings, report->warnings_n);
	json_array_open(&j, "lists");
	if (cf)
		render_lists(&j, NULL, &cf->top);
	for (size_t i = 0; cf && i < cf->profiles_n; i++)
		render_lists(&j, cf->profiles[i].name, &cf->profiles[i].rules);
	json_array_close(&j);
	render_auth(&j, cf);
	json_object_close(&j);
	strbuf_addc(out, '\n');
}

/* Return: 0, or 1 after a message. */
static int print_result(const struct check_cli *cli, const struct conf *cf,
			const struct conf_report *report)
{
	struct strbuf out = STRBUF_INIT;
	bool failed;

	if (cli->json)
		check_render_json(report, cf, &out);
	else if (cf)
		conf_dump(cf, &out);
	if (!cli->json)
		conf_report_print(report, false);
	failed = strbuf_failed(&out) ||
		 (out.len > 0 && fwrite(out.s, 1, out.len, stdout) != out.len);
	strbuf_fini(&out);
	if (fflush(stdout) != 0 || failed) {
		fprintf(stderr, "netleash: check: the answer cannot be "
				"written\n");
		return 1;
	}
	return cf ? 0 : 1;
}

int check_main(int argc, char **argv)
{
	struct conf_report report = { 0 };
	struct caller caller = { 0 };
	char error[IDENTITY_ERROR_MAX];
	struct conf *cf = NULL;
	struct check_cli cli;
	int r;

	if (!parse_cli(argc, argv, &cli))
		return 1;
	if (cli.help) {
		fputs(usage, stdout);
		return 0;
	}
	if (caller_find(&caller, error) < 0) {
		fprintf(stderr, "netleash: check: %s\n", error);
		return 1;
	}
	r = conf_find_load(cli.conf, &caller, CONF_AUTH_LOOK, &cf, &report);
	if (r == 0)
		r = lint(cf, &report);
	if (r == 0 || r == -EINVAL) {
		r = print_result(&cli, cf, &report);
	} else {
		fprintf(stderr, "netleash: check: %s\n", strerror(-r));
		r = 1;
	}
	conf_free(cf);
	conf_report_fini(&report);
	caller_fini(&caller);
	return r;
}
