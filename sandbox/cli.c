/* SPDX-License-Identifier: MIT */
/*
 * sandbox/cli.c - the options of `netleash run`, from words to data
 *
 * One table row an option; getopt_long's tables and the usage are made from
 * it. The first word that is not an option starts CMD, as with env(1).
 */
#include "sandbox/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/macros.h"

enum option_id {
	OPT_CONF = 'c',
	OPT_PROFILE = 'p',
	OPT_ALLOW = 'a',
	OPT_DENY = 'd',
	OPT_HELP = 'h',
	OPT_QUIET = 'q',
	OPT_VERBOSE = 'v',
	OPT_ISOLATION = 256,
	OPT_CLEAN_ENV,
	OPT_ENV,
	OPT_WRITABLE,
	OPT_READONLY,
	OPT_HIDE,
	OPT_LOG,
	OPT_ONLINE,
	OPT_NO_NETWORK,
	OPT_EXTERNAL_PROXY,
	OPT_LOCAL_PORT,
	OPT_LOCAL_BINDING,
	OPT_UNIX_SOCKETS,
	OPT_USER_NAMESPACES,
	OPT_INSPECT,
};

static const struct row {
	const char *name;
	enum option_id id;
	const char *value; /* NULL: takes none */
	const char *help;
} rows[] = {
	{ "conf", OPT_CONF, "CONF", "read this conf instead of the others" },
	{ "profile", OPT_PROFILE, "NAME", "add the rules of a profile" },
	{ "allow", OPT_ALLOW, "RULE", "one more allow line; repeatable" },
	{ "deny", OPT_DENY, "RULE", "one more deny line; repeatable" },
	{ "inspect", OPT_INSPECT, "HOST", "one more inspect line; repeatable" },
	{ "isolation", OPT_ISOLATION, "HOW", "auto, firewall or netns" },
	{ "no-network", OPT_NO_NETWORK, NULL, "no network at all, no door" },
	{ "online", OPT_ONLINE, NULL, "direct network, no rules apply" },
	{ "external-proxy", OPT_EXTERNAL_PROXY, NULL,
	  "your own loopback proxy instead, no rules" },
	{ "local-port", OPT_LOCAL_PORT, "PORT[-PORT]",
	  "CMD may reach it on the host's loopback" },
	{ "allow-local-binding", OPT_LOCAL_BINDING, NULL,
	  "CMD's servers on loopback can be reached" },
	{ "unix-sockets", OPT_UNIX_SOCKETS, NULL, "CMD may use unix sockets" },
	{ "user-namespaces", OPT_USER_NAMESPACES, NULL,
	  "CMD may make namespaces" },
	{ "writable", OPT_WRITABLE, "DIR", "CMD may write there too" },
	{ "readonly", OPT_READONLY, "DIR", "CMD sees it, read-only" },
	{ "hide", OPT_HIDE, "PATH", "CMD sees it empty" },
	{ "env", OPT_ENV, "NAME[=VALUE]", "let a variable in, or set it" },
	{ "clean-env", OPT_CLEAN_ENV, NULL, "start from PATH, LANG, TERM, TZ" },
	{ "log", OPT_LOG, "FILE", "append the access log (JSON lines)" },
	{ "quiet", OPT_QUIET, NULL, "no summary, no notes" },
	{ "verbose", OPT_VERBOSE, NULL, "say what is done" },
	{ "help", OPT_HELP, NULL, "print this" },
};

static void print_usage(FILE *to, const char *verb)
{
	(void)fprintf(to,
		      "usage: netleash %s [options] [--] CMD [ARG...]\n%s\n\n",
		      verb,
		      strcmp(verb, "learn") == 0
			      ? "Run CMD with all that is public allowed, and "
				"print the rules it needed."
			      : "Run CMD with its network reduced to what the "
				"conf allows.");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char left[40];

		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
			       rows[i].value ? "=" : "",
			       rows[i].value ? rows[i].value : "");
		(void)fprintf(to, "  %s%c%s %-22s %s\n",
			      rows[i].id < 256 ? "-" : " ",
			      rows[i].id < 256 ? (char)rows[i].id : ' ',
			      rows[i].id < 256 ? "," : " ", left, rows[i].help);
	}
	(void)fprintf(to, "\nExit status: CMD's own; 128+N if signal N ended "
			  "it; 125 netleash failed and\nnothing was run; 126 "
			  "CMD cannot be executed; 127 CMD was not found.\n");
}

static void fill_tables(struct option longs[static ARRAY_SIZE(rows) + 1],
			char shorts[static 3 * ARRAY_SIZE(rows) + 3])
{
	size_t n = 0;

	shorts[n++] = '+'; /* stop at the first word that is no option */
	shorts[n++] = ':'; /* tell a missing value from an unknown option */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg =
				rows[i].value ? required_argument : no_argument,
			.val = (int)rows[i].id,
		};
		if (rows[i].id >= 256)
			continue;
		shorts[n++] = (char)rows[i].id;
		if (rows[i].value)
			shorts[n++] = ':';
	}
	longs[ARRAY_SIZE(rows)] = (struct option){ 0 };
	shorts[n] = '\0';
}

static bool add_word(struct cli_words *words, const char *word)
{
	const char **v = realloc(words->v, (words->n + 1) * sizeof(*v));

	if (!v)
		return false;
	v[words->n++] = word;
	words->v = v;
	return true;
}

static bool add_rule(struct run_cli *cli, enum rule_effect effect,
		     const char *text)
{
	struct cli_rule *v =
		realloc(cli->rules, (cli->rules_n + 1) * sizeof(*v));

	if (!v)
		return false;
	v[cli->rules_n++] = (struct cli_rule){ effect, text };
	cli->rules = v;
	return true;
}

static bool set_isolation(struct run_cli *cli, const char *word)
{
	if (strcmp(word, "auto") == 0)
		cli->isolation = ISOLATION_AUTO;
	else if (strcmp(word, "firewall") == 0)
		cli->isolation = ISOLATION_FIREWALL;
	else if (strcmp(word, "netns") == 0)
		cli->isolation = ISOLATION_NETNS;
	else {
		log_error("--isolation: '%s' is not auto, firewall or netns",
			  word);
		return false;
	}
	return true;
}

static bool set_network(struct run_cli *cli, enum network network)
{
	if (cli->network != NETWORK_PROXY && cli->network != network) {
		log_error("--online, --no-network and --external-proxy "
			  "exclude each other");
		return false;
	}
	cli->network = network;
	return true;
}

static bool add_local_port(struct run_cli *cli, const char *word)
{
	int r = local_ports_parse(&cli->local_ports, word);

	if (r == -E2BIG)
		log_error("--local-port '%s': more than %d ports", word,
			  LOCAL_PORTS_MAX);
	else if (r < 0)
		log_error("--local-port: '%s' is no port from 1 to 65535, and "
			  "no range of ports like 8000-8010",
			  word);
	return r == 0;
}

static bool set_once(const char **where, const char *name, const char *value)
{
	if (*where) {
		log_error("--%s is given twice", name);
		return false;
	}
	*where = value;
	return true;
}

static bool set_option(struct run_cli *cli, int id, const char *value)
{
	switch (id) {
	case OPT_CONF:
		return set_once(&cli->conf, "conf", value);
	case OPT_PROFILE:
		return set_once(&cli->profile, "profile", value);
	case OPT_LOG:
		return set_once(&cli->log_file, "log", value);
	case OPT_ALLOW:
		return add_rule(cli, RULE_ALLOW, value);
	case OPT_DENY:
		return add_rule(cli, RULE_DENY, value);
	case OPT_INSPECT:
		return add_rule(cli, RULE_INSPECT, value);
	case OPT_ISOLATION:
		return set_isolation(cli, value);
	case OPT_ENV:
		return add_word(&cli->env, value);
	case OPT_WRITABLE:
		return add_word(&cli->writable, value);
	case OPT_READONLY:
		return add_word(&cli->readonly, value);
	case OPT_HIDE:
		return add_word(&cli->hidden, value);
	case OPT_ONLINE:
		return set_network(cli, NETWORK_ONLINE);
	case OPT_NO_NETWORK:
		return set_network(cli, NETWORK_NONE);
	case OPT_EXTERNAL_PROXY:
		return set_network(cli, NETWORK_EXTERNAL);
	case OPT_LOCAL_PORT:
		return add_local_port(cli, value);
	case OPT_LOCAL_BINDING:
		cli->local_binding = true;
		return true;
	case OPT_UNIX_SOCKETS:
		cli->unix_sockets = true;
		return true;
	case OPT_USER_NAMESPACES:
		cli->user_namespaces = true;
		return true;
	case OPT_CLEAN_ENV:
		cli->clean_env = true;
		return true;
	case OPT_QUIET:
		cli->quiet = true;
		return true;
	case OPT_VERBOSE:
		cli->verbose = true;
		return true;
	default:
		return false;
	}
}

/* A profile may be what a caller is permitted: only a proxy of his own, who
 * judges in place of it, shows that he expects something else. */
static bool is_for_rules(const struct run_cli *cli)
{
	static const struct {
		const char *option, *why;
	} without[] = {
		[NETWORK_NONE] = { "no-network", "without network" },
		[NETWORK_EXTERNAL] = { "external-proxy",
				       "with a proxy of your own" },
		[NETWORK_ONLINE] = { "online", "with direct network" },
	};
	const char *name = NULL;

	if (cli->network == NETWORK_PROXY)
		return true;
	if (cli->rules_n > 0)
		name = rule_effect_name(cli->rules[0].effect);
	else if (cli->network == NETWORK_EXTERNAL && cli->profile)
		name = "profile";
	if (name)
		log_error("--%s and --%s exclude each other: %s no rule of "
			  "netleash's applies",
			  without[cli->network].option, name,
			  without[cli->network].why);
	return !name;
}

/* What would have no effect was a misunderstanding. */
static bool is_sensible(const struct run_cli *cli)
{
	const char *without_effect = NULL;

	if (!is_for_rules(cli))
		return false;
	if (cli->network != NETWORK_ONLINE)
		return true;
	if (cli->local_ports.n > 0)
		without_effect = "local-port";
	else if (cli->local_binding)
		without_effect = "allow-local-binding";
	if (without_effect)
		log_error("--online and --%s exclude each other: with direct "
			  "network all of loopback is within reach",
			  without_effect);
	return !without_effect;
}

/* What getopt_long(3) refused: @id is its answer, @word where it stopped. */
static void refuse_option(const char *verb, int id, const char *word)
{
	const char *what = "there is no option";
	size_t n = strcspn(word, "=");

	if (id == ':')
		what = "a value is missing after";
	for (size_t i = 0; i < ARRAY_SIZE(rows) && id == '?'; i++)
		if (word[n] && n > 2 && strlen(rows[i].name) == n - 2 &&
		    strncmp(rows[i].name, word + 2, n - 2) == 0)
			what = "no value may follow in";
	log_error("%s: %s '%s'; see 'netleash %s --help'", verb, what, word,
		  verb);
}

enum cli_result run_cli_parse(int argc, char **argv, struct run_cli *ret)
{
	struct option longs[ARRAY_SIZE(rows) + 1];
	char shorts[3 * ARRAY_SIZE(rows) + 3];
	int id;

	memset(ret, 0, sizeof(*ret));
	fill_tables(longs, shorts);
	optind = 0; /* glibc: start over, and read the '+' again */
	opterr = 0; /* we say it ourselves */
	while ((id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (id == OPT_HELP) {
			print_usage(stdout, argv[0]);
			return CLI_HELP;
		}
		if (id == '?' || id == ':') {
			refuse_option(argv[0], id, argv[optind - 1]);
			return CLI_WRONG;
		}
		if (!set_option(ret, id, optarg))
			return CLI_WRONG;
	}
	if (optind >= argc) {
		log_error("%s: no command; see 'netleash %s --help'", argv[0],
			  argv[0]);
		return CLI_WRONG;
	}
	if (!is_sensible(ret))
		return CLI_WRONG;
	ret->argv = argv + optind;
	return CLI_OK;
}

void run_cli_fini(struct run_cli *cli)
{
	free(cli->rules);
	free(cli->env.v);
	free(cli->writable.v);
	free(cli->readonly.v);
	free(cli->hidden.v);
	memset(cli, 0, sizeof(*cli));
}
