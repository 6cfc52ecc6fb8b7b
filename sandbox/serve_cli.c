/* SPDX-License-Identifier: MIT */
/*
 * sandbox/serve_cli.c - the options of `proxy` and `daemon`, from words to data
 */
#include "sandbox/serve_cli.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char proxy_words[] =
	"Runs the proxy alone, in the foreground, on the addresses of the\n"
	"conf's listen lines. Prints 'ready ADDRESS:PORT' for each once it\n"
	"accepts. SIGHUP reads the conf again and opens the log anew; SIGTERM\n"
	"lets what is open end, a second one ends it at once.\n";

static const char daemon_words[] =
	"Does what 'netleash proxy' does, and runs commands for callers\n"
	"without privilege whom the conf's permit lines name, each behind a\n"
	"door of its own. Needs root, which the proxy gives up.\n";

static const char option_words[] =
	"\n"
	"  -c, --conf CONF     read CONF instead of the usual ones\n"
	"  -p, --profile NAME  add the rules of a profile of the conf\n"
	"      --log FILE      append the access log to FILE\n"
	"      --pid-file FILE write the process id to FILE\n"
	"  -v, --verbose       say what is done\n"
	"  -h, --help          print this\n";

enum {
	OPTION_LOG = 256,
	OPTION_PID_FILE,
	OPTION_CONTROL,
};

static const struct option options[] = {
	{ "conf", required_argument, NULL, 'c' },
	{ "profile", required_argument, NULL, 'p' },
	{ "log", required_argument, NULL, OPTION_LOG },
	{ "pid-file", required_argument, NULL, OPTION_PID_FILE },
	{ "control", required_argument, NULL, OPTION_CONTROL },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char control_words[] =
	"      --control PATH  the control socket, instead of\n"
	"                      /run/netleash/control.sock\n";

static void print_usage(FILE *to, const char *verb)
{
	const bool is_daemon = strcmp(verb, "daemon") == 0;

	(void)fprintf(to, "usage: netleash %s [options]\n\n%s%s%s", verb,
		      is_daemon ? daemon_words : proxy_words, option_words,
		      is_daemon ? control_words : "");
}

static enum serve_cli_result wrong(const char *verb, const char *what,
				   const char *word)
{
	(void)fprintf(stderr, "netleash: %s: %s '%s'\n", verb, what, word);
	print_usage(stderr, verb);
	return SERVE_CLI_WRONG;
}

/* Return: false if it was given before, or is empty. */
static bool set_once(const char **field)
{
	if (*field || optarg[0] == '\0')
		return false;
	*field = optarg;
	return true;
}

enum serve_cli_result serve_cli_parse(int argc, char **argv,
				      struct serve_cli *ret)
{
	bool good = true;
	int c;

	memset(ret, 0, sizeof(*ret));
	opterr = 0;
	optind = 0; /* from the start, in a test that parses twice too */
	while ((c = getopt_long(argc, argv, "+:c:p:vh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			good = set_once(&ret->conf);
			break;
		case 'p':
			good = set_once(&ret->profile);
			break;
		case OPTION_LOG:
			good = set_once(&ret->log_file);
			break;
		case OPTION_PID_FILE:
			good = set_once(&ret->pid_file);
			break;
		case OPTION_CONTROL:
			if (strcmp(argv[0], "daemon") != 0)
				return wrong(argv[0], "bad option",
					     argv[optind - 1]);
			good = set_once(&ret->control);
			break;
		case 'v':
			ret->verbose = true;
			break;
		case 'h':
			print_usage(stdout, argv[0]);
			return SERVE_CLI_HELP;
		case ':':
			return wrong(argv[0], "a value is missing after",
				     argv[optind - 1]);
		default:
			return wrong(argv[0], "bad option", argv[optind - 1]);
		}
		if (!good)
			return wrong(argv[0], "given twice, or empty:",
				     argv[optind - 1]);
	}
	if (optind < argc)
		return wrong(argv[0], "unexpected word", argv[optind]);
	return SERVE_CLI_OK;
}
