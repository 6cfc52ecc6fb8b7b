/* SPDX-License-Identifier: MIT */
/*
 * sandbox/main.c - the table of verbs, and dispatch
 */
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/macros.h"
#include "sandbox/ca_cli.h"
#include "sandbox/check.h"
#include "sandbox/connect.h"
#include "sandbox/control_cli.h"
#include "sandbox/daemon.h"
#include "sandbox/doctor.h"
#include "sandbox/explain.h"
#include "sandbox/run.h"
#include "sandbox/serve.h"
#include "sandbox/setup.h"

#define EXIT_USAGE 125

static const struct verb {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
} verbs[] = {
	{ "run", run_main, "run a command on a leash" },
	{ "proxy", serve_main, "the proxy alone, for the conf's listeners" },
	{ "daemon", daemon_main,
	  "the proxy as a service, and runs for callers without privilege" },
	{ "status", control_cli_main, "what the daemon is and does" },
	{ "blocked", control_cli_main, "what its policy refused" },
	{ "reload", control_cli_main, "have it read its conf again" },
	{ "mode", control_cli_main, "full, limited, or as its conf says" },
	{ "log", control_cli_main, "its access log, as it comes" },
	{ "ca", ca_cli_main,
	  "the CA with which it signs: show, export, renew" },
	{ "connect", connect_main, "a tunnel on standard input and output" },
	{ "setup", setup_main, "make the identities and the base rules" },
	{ "teardown", teardown_main, "remove them" },
	{ "doctor", doctor_main, "what this machine can enforce, by trying" },
	{ "check", check_main, "validate a conf and print it as understood" },
	{ "learn", learn_main,
	  "run a command, allow what is public, print the rules it needs" },
	{ "explain", explain_main, "what the policy says to a target" },
};

static void usage(FILE *to)
{
	(void)fputs("usage: netleash VERB [options]\n"
		    "Run any command with its network reduced to one door.\n\n"
		    "  netleash run -- npm ci\n"
		    "  netleash run -a github.com -- git clone "
		    "https://github.com/OWNER/REPO\n\n",
		    to);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		(void)fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	(void)fprintf(to, "  %-10s %s\n", "help", "this, or of a verb");
	(void)fputs("\n'netleash VERB --help' lists a verb's options. "
		    "netleash -V, --version prints the version.\n",
		    to);
}

static int run_verb(int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(argv[0], verbs[i].name) == 0)
			return verbs[i].main(argc, argv);
	log_error("'%s' is not a verb; 'netleash run -- CMD' runs a command, "
		  "'netleash --help' lists the verbs",
		  argv[0]);
	return EXIT_USAGE;
}

/* Of a verb what its own --help says. */
static int help(int argc, char **argv)
{
	char option[] = "--help";
	char *words[] = { argv[argc - 1], option, NULL };

	if (argc > 2) {
		log_error("help: of one verb at a time");
		return EXIT_USAGE;
	}
	if (argc == 2 && strcmp(argv[1], "help") != 0 && argv[1][0] != '-')
		return run_verb(2, words);
	usage(stdout);
	return 0;
}

/* A full disk behind what was printed is no success. */
static int end(int status)
{
	if (status != 0 || (fflush(stdout) == 0 && !ferror(stdout)))
		return status;
	log_error("standard output cannot be written");
	return 1;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return end(0);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		(void)puts("netleash " NETLEASH_VERSION);
		return end(0);
	}
	if (strcmp(argv[1], "help") == 0)
		return end(help(argc - 1, argv + 1));
	return end(run_verb(argc - 1, argv + 1));
}
