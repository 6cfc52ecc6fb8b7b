/* SPDX-License-Identifier: MIT */
/*
 * sandbox/cli.h - the options of `netleash run` and `learn`, from words to data
 *
 * Pure but for the usage it prints. Nothing takes effect while parsing.
 */
#ifndef NETLEASH_SANDBOX_CLI_H
#define NETLEASH_SANDBOX_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "common/rule.h"
#include "sandbox/local_ports.h"

enum isolation {
	ISOLATION_AUTO,
	ISOLATION_FIREWALL,
	ISOLATION_NETNS,
};

/* What CMD's network is, whoever holds the leash. */
enum network {
	NETWORK_PROXY,	  /* its door, and what the conf allows behind it */
	NETWORK_NONE,	  /* no door */
	NETWORK_EXTERNAL, /* the caller's own proxies on loopback, no door */
	NETWORK_ONLINE	  /* direct: no proxy, no proxy-only rules */
};

struct cli_rule {
	enum rule_effect effect;
	const char *text;
};

/* Words in the order they were given; the strings are argv's. */
struct cli_words {
	const char **v;
	size_t n;
};

/**
 * struct run_cli - what the user asked for
 * @argv: CMD and its arguments, NULL-terminated; argv's
 */
struct run_cli {
	const char *conf;
	const char *profile;
	const char *log_file;
	struct cli_rule *rules;
	size_t rules_n;
	struct cli_words env, writable, readonly, hidden;
	struct local_ports local_ports;
	enum isolation isolation;
	enum network network;
	bool clean_env, quiet, verbose;
	bool unix_sockets, user_namespaces, local_binding;
	char *const *argv;
};

enum cli_result {
	CLI_OK,
	CLI_HELP,  /* usage was asked for and printed */
	CLI_WRONG, /* a message was printed */
};

/* @argv[0] is the verb, for messages. End with run_cli_fini() whatever is
 * returned. */
enum cli_result run_cli_parse(int argc, char **argv, struct run_cli *ret);
void run_cli_fini(struct run_cli *cli);

#endif
