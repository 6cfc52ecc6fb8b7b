/* SPDX-License-Identifier: MIT */
/*
 * sandbox/serve_cli.h - the options of `proxy` and `daemon`, from words to data
 *
 * Pure but for what it prints.
 */
#ifndef NETLEASH_SANDBOX_SERVE_CLI_H
#define NETLEASH_SANDBOX_SERVE_CLI_H

#include <stdbool.h>

/* The strings are argv's; NULL where an option was not given. */
struct serve_cli {
	const char *conf, *profile, *pid_file, *log_file;
	const char *control; /* of the daemon */
	bool verbose;
};

enum serve_cli_result {
	SERVE_CLI_OK,
	SERVE_CLI_HELP,	 /* usage was asked for and printed */
	SERVE_CLI_WRONG, /* a message was printed */
};

/* @argv[0] is the verb. */
enum serve_cli_result serve_cli_parse(int argc, char **argv,
				      struct serve_cli *ret);

#endif
