/* SPDX-License-Identifier: MIT */
/*
 * sandbox/explain.c - `netleash explain [options] TARGET`
 *
 * In:    a conf, rules and addresses of the command line, a target
 * Out:   the policy's answer on standard output, and as exit status
 * Steps: options, target, conf, policy; the request is judged; only if it is
 *        allowed, and only with --resolve, is its name looked up; then every
 *        address is judged, as the proxy would
 */
#include "sandbox/explain.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/log.h"
#include "proxy/proxy.h"
#include "sandbox/conf_find.h"
#include "sandbox/identity.h"

#define EXIT_REFUSED 1
#define EXIT_BAD     2
#define ADDRS_MAX    64 /* as many as proxy_resolve_once() ever finds */

static const char usage[] =
	"usage: netleash explain [options] TARGET\n"
	"\n"
	"Says what the policy does with TARGET (host, host:port or URL), "
	"which\n"
	"line says so, and which line would allow it. Exit status: 0 allowed,\n"
	"1 refused, 2 the target, the usage or the conf is bad.\n"
	"\n"
	"  -c, --conf CONF        this conf instead of the usual ones\n"
	"  -p, --profile PROFILE  with the rules of this profile\n"
	"  -a, --allow RULE       with this rule added; may be repeated\n"
	"  -d, --deny RULE        with this rule added; may be repeated\n"
	"  --inspect HOST         with this inspect line added; may be "
	"repeated\n"
	"  --method METHOD        for this method (default: GET for a URL,\n"
	"                         else CONNECT)\n"
	"  --address IP           as if the name had this address; may be\n"
	"                         repeated\n"
	"  --resolve              look the name up and judge its addresses\n"
	"  --json                 print one JSON object\n"
	"  -h, --help             print this\n";

struct argument {
	enum rule_effect effect;
	const char *line;
};

/**
 * struct explain_cli
 * @arguments: of -a, -d and --inspect; owned
 */
struct explain_cli {
	const char *conf, *profile, *method, *target;
	struct argument *arguments;
	size_t arguments_n;
	struct addr addrs[ADDRS_MAX];
	size_t addrs_n;
	bool resolve, json, help;
};

/* Return: EXIT_BAD, after the message and where to read on. */
static int usage_error(const char *what, const char *word)
{
	log_error("explain: %s%s%s%s; see netleash explain --help", what,
		  word ? " '" : "", word ? word : "", word ? "'" : "");
	return EXIT_BAD;
}

static int add_address(struct explain_cli *cli, const char *text)
{
	size_t n = strlen(text);
	struct addr a;

	if (n > 1 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (addr_parse(text, n, &a) != ADDR_OK)
		return usage_error("--address needs an IP address, not", text);
	if (cli->addrs_n == ADDRS_MAX)
		return usage_error("too many times --address", NULL);
	cli->addrs[cli->addrs_n++] = a;
	return 0;
}

/* An HTTP token (RFC 9110 5.6.2), and not GET in the wrong case. */
static int set_method(struct explain_cli *cli, const char *text)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz";

	if (text[0] == '\0' || strspn(text, token) != strlen(text))
		return usage_error("--method needs a method, not", text);
	if (strspn(text, lower) == strlen(text))
		return usage_error("methods are in upper case, not", text);
	cli->method = text;
	return 0;
}

enum {
	OPT_METHOD = 256,
	OPT_INSPECT,
	OPT_ADDRESS,
	OPT_RESOLVE,
	OPT_JSON
};

static int add_argument(struct explain_cli *cli, enum rule_effect effect)
{
	cli->arguments[cli->arguments_n++] =
		(struct argument){ effect, optarg };
	return 0;
}

static int set_option(struct explain_cli *cli, int option, const char *word)
{
	switch (option) {
	case 'c':
		cli->conf = optarg;
		return 0;
	case 'p':
		cli->profile = optarg;
		return 0;
	case 'a':
		return add_argument(cli, RULE_ALLOW);
	case 'd':
		return add_argument(cli, RULE_DENY);
	case OPT_INSPECT:
		return add_argument(cli, RULE_INSPECT);
	case 'h':
		cli->help = true;
		return 0;
	case OPT_METHOD:
		return set_method(cli, optarg);
	case OPT_ADDRESS:
		return add_address(cli, optarg);
	case OPT_RESOLVE:
		cli->resolve = true;
		return 0;
	case OPT_JSON:
		cli->json = true;
		return 0;
	case ':':
		return usage_error("a value is missing after", word);
	default:
		return usage_error("unknown option", word);
	}
}

/* Options may stand before and after TARGET. Return: 0, or EXIT_BAD. */
static int parse_cli(int argc, char **argv, struct explain_cli *cli)
{
	static const struct option options[] = {
		{ "conf", required_argument, NULL, 'c' },
		{ "profile", required_argument, NULL, 'p' },
		{ "allow", required_argument, NULL, 'a' },
		{ "deny", required_argument, NULL, 'd' },
		{ "inspect", required_argument, NULL, OPT_INSPECT },
		{ "method", required_argument, NULL, OPT_METHOD },
		{ "address", required_argument, NULL, OPT_ADDRESS },
		{ "resolve", no_argument, NULL, OPT_RESOLVE },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, r;

	cli->arguments = calloc((size_t)argc, sizeof(*cli->arguments));
	if (!cli->arguments)
		return usage_error("out of memory", NULL);
	optind = 0; /* the caller's own use of getopt is over */
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":c:p:a:d:h", options,
				     NULL)) != -1) {
		r = set_option(cli, option, argv[optind - 1]);
		if (r != 0 || cli->help)
			return r;
	}
	if (optind != argc - 1)
		return usage_error(optind == argc ? "there is no TARGET"
						  : "one TARGET only, and not",
				   optind == argc ? NULL : argv[optind + 1]);
	cli->target = argv[optind];
	if (cli->resolve && cli->addrs_n > 0)
		return usage_error("--resolve and --address exclude each "
				   "other",
				   NULL);
	return 0;
}

/* The conf with the rules of -a, -d and --inspect. Return: 0, or EXIT_BAD. */
static int load_conf(const struct explain_cli *cli, struct conf **ret)
{
	char error[RULE_ERROR_MAX > IDENTITY_ERROR_MAX ? RULE_ERROR_MAX
						       : IDENTITY_ERROR_MAX];
	struct conf_report report = { 0 };
	struct caller caller = { 0 };
	int r;

	if (caller_find(&caller, error) < 0) {
		log_error("explain: %s", error);
		return EXIT_BAD;
	}
	r = conf_find_load(cli->conf, &caller, CONF_AUTH_PASS, ret, &report);
	caller_fini(&caller);
	conf_report_print(&report, true);
	conf_report_fini(&report);
	if (r < 0) {
		if (r != -EINVAL)
			log_error("explain: %s", strerror(-r));
		return EXIT_BAD;
	}
	for (size_t i = 0; i < cli->arguments_n; i++) {
		const struct argument *a = &cli->arguments[i];

		r = conf_add_argument(*ret, a->effect, a->line, error);
		if (r < 0) {
			log_error("explain: %s '%s': %s",
				  a->effect == RULE_ALLOW  ? "-a"
				  : a->effect == RULE_DENY ? "-d"
							   : "--inspect",
				  a->line, r == -EINVAL ? error : strerror(-r));
			return EXIT_BAD;
		}
	}
	return 0;
}

static int print(const struct strbuf *out)
{
	if (strbuf_failed(out) ||
	    fwrite(out->s, 1, out->len, stdout) != out->len ||
	    fflush(stdout) != 0) {
		log_error("explain: the answer cannot be written");
		return EXIT_BAD;
	}
	return 0;
}

/* Target and method to a request. Return: 0, or EXIT_BAD. */
static int make_request(const struct explain_cli *cli, struct explain *e)
{
	struct target *t = &e->rq.target;
	char why[TARGET_DETAIL_MAX] = "";
	struct strbuf out = STRBUF_INIT;
	bool is_url;

	if (target_parse_any(cli->target, strlen(cli->target), t, why) !=
	    TARGET_OK) {
		log_error("explain: '%s': %s", cli->target, why);
		if (cli->json) {
			explain_render_malformed(why, &out);
			(void)print(&out); /* it is EXIT_BAD in any case */
			strbuf_fini(&out);
		}
		return EXIT_BAD;
	}
	if (t->is_addr && cli->addrs_n > 0)
		return usage_error("--address is for names, and not for",
				   t->host);
	is_url = t->scheme != SCHEME_NONE;
	if (t->port == 0)
		t->port = 443;
	e->method = cli->method ? cli->method : is_url ? "GET" : "CONNECT";
	policy_set_method(&e->rq, e->method, strlen(e->method));
	if (e->rq.method == METHOD_CONNECT) {
		t->scheme = SCHEME_NONE; /* a tunnel, whatever is in it */
		t->path_len = 0;
	} else if (!is_url) {
		t->scheme = t->port == 443 ? SCHEME_HTTPS : SCHEME_HTTP;
	}
	return 0;
}

/* Return: how many addresses, or -errno. e->decision takes what went wrong. */
static int find_addrs(const struct explain_cli *cli, const struct conf *cf,
		      struct explain *e, struct addr addrs[ADDRS_MAX])
{
	size_t n = cli->addrs_n;
	enum reason reason;
	int r;

	memcpy(addrs, cli->addrs, sizeof(cli->addrs));
	if (cli->resolve && !e->rq.target.is_addr) {
		r = proxy_resolve_once(cf, e->rq.target.host, addrs, ADDRS_MAX,
				       &n, &reason);
		if (r < 0)
			return r;
		if (reason != REASON_ALLOWED)
			e->decision = (struct decision){ .reason = reason };
	}
	return (int)n;
}

/* One address that may be dialled is enough. */
static void judge_addrs(struct explain *e, const struct addr *addrs, size_t n)
{
	struct decision refused = { .reason = REASON_ALLOWED };
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		struct explain_addr *a = &e->addrs[i];

		a->addr = addrs[i];
		a->decision =
			policy_check_address(e->policy, &e->rq, &addrs[i]);
		any = any || a->decision.reason == REASON_ALLOWED;
		refused.reason =
			policy_worst(refused.reason, a->decision.reason);
		if (!refused.rule)
			refused.rule = a->decision.rule;
	}
	e->addrs_n = n;
	if (any || n == 0)
		return;
	if (refused.reason != REASON_DENIED)
		refused.rule = NULL;
	e->decision = refused;
}

static int answer(const struct explain_cli *cli, const struct conf *cf,
		  struct explain *e)
{
	struct explain_addr judged[ADDRS_MAX];
	struct strbuf line = STRBUF_INIT, out = STRBUF_INIT;
	struct addr addrs[ADDRS_MAX];
	int n = 0, r;

	e->addrs = judged;
	e->decision = policy_check_request(e->policy, &e->rq);
	if (e->decision.reason == REASON_ALLOWED)
		n = find_addrs(cli, cf, e, addrs);
	if (n < 0) {
		log_error("explain: the name cannot be resolved: %s",
			  strerror(-n));
		return EXIT_BAD;
	}
	judge_addrs(e, addrs, (size_t)n);
	policy_suggest(e->policy, &e->rq, e->decision, addrs, (size_t)n, &line);
	e->allow_with = line.s ? line.s : "";
	if (cli->json)
		explain_render_json(e, &out);
	else
		explain_render_text(e, &out);
	r = print(&out);
	if (r == 0 && e->decision.reason != REASON_ALLOWED)
		r = EXIT_REFUSED;
	strbuf_fini(&line);
	strbuf_fini(&out);
	return r;
}

int explain_main(int argc, char **argv)
{
	struct explain_cli cli = { .conf = NULL };
	struct explain e = { .allow_with = "" };
	struct policy *policy = NULL;
	struct conf *cf = NULL;
	int r;

	r = parse_cli(argc, argv, &cli);
	if (r == 0 && cli.help) {
		fputs(usage, stdout);
		goto out;
	}
	if (r == 0)
		r = make_request(&cli, &e);
	if (r == 0)
		r = load_conf(&cli, &cf);
	if (r != 0)
		goto out;
	r = policy_new(cf, cli.profile, &policy);
	if (r < 0) {
		if (r == -ENOENT)
			log_error("explain: the conf has no profile '%s'",
				  cli.profile);
		else
			log_error("explain: %s", strerror(-r));
		r = EXIT_BAD;
		goto out;
	}
	policy_set_inspection(policy, true); /* as of a run */
	e.policy = policy;
	r = answer(&cli, cf, &e);
out:
	policy_free(policy);
	conf_free(cf);
	free(cli.arguments);
	return r;
}
