/* SPDX-License-Identifier: MIT */
/*
 * common/conf.h - netleash.conf as plain data
 *
 * In:         files (conf_load) or text (conf_parse), and nothing else: no
 *             name is resolved, no program run, no directory made
 * Out:        struct conf, or every error with file, line, column and word
 * Invariants: nothing takes effect while parsing; a conf with errors is never
 *             handed out; locations stay valid as long as the conf
 *
 * conf_lex.c cuts text into words, conf_file.c reads files and includes,
 * conf_block.c statements and blocks, conf_directives.c is the table of
 * directives, conf_rules.c and conf_limits.c set what it names, conf_dump.c
 * writes a conf back as text. Grammar: netleash.conf(5).
 */
#ifndef NETLEASH_COMMON_CONF_H
#define NETLEASH_COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/conf_report.h"
#include "common/rule.h"
#include "common/strbuf.h"

/* Where a word stands. @file indexes conf.files; line and column from 1. */
struct conf_loc {
	uint32_t file, line, column;
};

enum conf_mode {
	CONF_MODE_UNSET,
	CONF_MODE_FULL,
	CONF_MODE_LIMITED
};

struct conf_range { /* a `private` word */
	struct cidr cidr;
	struct conf_loc loc;
};

struct conf_listen {
	struct addr addr;
	uint16_t port; /* 0: a free one */
	struct conf_loc loc;
};

struct conf_server { /* a `resolver` word */
	struct addr addr;
	uint16_t port;
	struct conf_loc loc;
};

/**
 * struct conf_rules - what the top level and each profile hold
 * @mode:    CONF_MODE_UNSET in a profile: the top level's
 */
struct conf_rules {
	struct rule *rules;
	size_t rules_n;
	struct conf_range *privates;
	size_t privates_n;
	enum conf_mode mode;
};

struct conf_profile {
	char *name;
	struct conf_loc loc;
	struct conf_rules rules;
};

/*
 * Every `limit`; times in milliseconds, sizes in bytes. @connections 0 means
 * automatic: half of the descriptors that the process may have, less 64.
 */
struct conf_limits {
	uint32_t head_size, head_time, header_count;
	uint32_t idle_time, dial_time, dns_time;
	uint32_t connections, connections_per_run, tunnels_per_target;
	uint32_t pending_dials, pending_lookups;
};

/**
 * struct conf - the whole, owned by whoever loaded it
 * @listens:  127.0.0.1:3128 where the conf names none
 * @resolvers: none: the system's
 * @env_deny, @env_allow: NULL-terminated name globs, or NULL; the built-in
 *            list of secret names is in sandbox/childenv.h and comes first
 * @run_uid_first, @run_uid_last: the block of run uids, 256 of them
 */
struct conf {
	char **files;
	size_t files_n;
	struct conf_rules top;
	struct conf_profile *profiles;
	size_t profiles_n;
	struct conf_listen *listens;
	size_t listens_n;
	struct conf_server *resolvers;
	size_t resolvers_n;
	char *log_file; /* `log json PATH`; NULL: none */
	char **env_deny, **env_allow;
	uint32_t run_uid_first, run_uid_last;
	struct conf_limits limits;
};

/**
 * conf_preset_fn - turns the name of a preset into conf text
 * @name: as written
 * @ret_text, @ret_len: malloc'ed text, holding rule directives only
 * @ret_source: malloc'ed file name to show for it
 * @error: what is wrong, for the message
 *
 * Return: 0 or -errno. Called while parsing; must have no effects.
 */
typedef int conf_preset_fn(void *arg, const char *name, char **ret_text,
			   size_t *ret_len, char **ret_source,
			   char error[RULE_ERROR_MAX]);

/**
 * struct conf_opts
 * @preset:     NULL: `preset` is an error
 * @preset_arg: handed to @preset
 * @may_be_pipe: a path of conf_load() may be a pipe or a terminal too (a file
 *              that the user named); an included file never may
 */
struct conf_opts {
	conf_preset_fn *preset;
	void *preset_arg;
	bool may_be_pipe;
};

/* Defaults in every field, no rules. Return: NULL without memory. */
struct conf *conf_new(void);
void conf_free(struct conf *cf);

/*
 * Loads @paths_n files in order into one conf, as if they were one file, save
 * that a single-valued directive of a later file replaces an earlier file's.
 * Return: 0; -EINVAL with errors in @report (a file that cannot be read is
 * one of them); -ENOMEM. @report is filled in every case; the caller ends it
 * with conf_report_fini().
 */
int conf_load(const char *const *paths, size_t paths_n,
	      const struct conf_opts *opts, struct conf **ret,
	      struct conf_report *report);

/* The same for text that is already in memory, as the file @name. */
int conf_parse(const char *name, const char *text, size_t n,
	       const struct conf_opts *opts, struct conf **ret,
	       struct conf_report *report);

/*
 * Adds rules given on the command line (-a and -d): words as in a line of the
 * conf, methods first. Return: 0, -ENOMEM, -EINVAL with a sentence in @error.
 */
int conf_add_argument(struct conf *cf, enum rule_effect effect,
		      const char *line, char error[RULE_ERROR_MAX]);

/* Borrowed; NULL if there is no profile of that name. */
const struct conf_profile *conf_profile(const struct conf *cf,
					const char *name);

/* "FILE:LINE", or "argument". */
void conf_format_rule_place(const struct conf *cf, const struct rule *r,
			    struct strbuf *out);

/* The conf as understood, as text that parses to the same conf. */
void conf_dump(const struct conf *cf, struct strbuf *out);

#endif
