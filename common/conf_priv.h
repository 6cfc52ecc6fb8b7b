/* SPDX-License-Identifier: MIT */
/*
 * common/conf_priv.h - what the files of the conf share
 *
 * For common/conf*.c and their tests only. How one conf is read:
 *   conf_load -> file -> lexer -> statement -> block or directive -> setter
 *                 ^                               |
 *                 +------ include, preset --------+
 *
 * Functions that return int return 0 or -ENOMEM: what is wrong with the text
 * goes to the report, so that reading goes on to the next error.
 */
#ifndef NETLEASH_COMMON_CONF_PRIV_H
#define NETLEASH_COMMON_CONF_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/conf.h"
#include "common/conf_lex.h"
#include "common/conf_limits.h"
#include "common/macros.h"

#define CONF_FILE_MAX	   (16u << 20) /* bytes of one file */
#define CONF_TOTAL_MAX	   (64u << 20) /* bytes of all files of one conf */
#define CONF_FILES_MAX	   1000
#define CONF_INCLUDE_DEPTH 16

/* Where a single-valued directive stood: @root is which path, from 1. */
struct conf_seen {
	size_t root;
	struct conf_loc loc;
};

/**
 * struct conf_parser - one conf being read
 * @scope:   where rules go now: the top level, a profile or @discard
 * @profile, @credential: index of what is open + 1; 0: top level
 * @discard: rules of a block that is wrong itself
 * @root:    which path of conf_load() this is, from 1
 * @stack:   files being read, for cycles
 * @bytes:   of all files so far
 * @list_bytes, @names_n: of all lists so far
 * @nomem:   a message could not be kept
 */
struct conf_parser {
	struct conf *cf;
	const struct conf_opts *opts;
	struct conf_report *report;
	struct conf_rules discard;
	size_t profile, credential;
	bool in_discard, in_preset, listen_seen, nomem;
	uint32_t file;
	size_t root, depth, bytes, list_bytes;
	uint32_t names_n;
	struct {
		dev_t dev;
		ino_t ino;
		uid_t uid;
	} stack[CONF_INCLUDE_DEPTH];
	struct conf_seen mode, profile_mode, running, profile_running, log,
		run_uids, threads, tunnel_check;
	struct conf_seen upstream, auth;
	struct conf_seen limits[CONF_LIMITS_N];
	size_t env_deny_n, env_allow_n;
};

/* conf_report.c: @w is the place, and its text, which may be empty. */
void conf_error(struct conf_parser *ps, const struct conf_word *w,
		const char *fmt, ...) PRINTF_LIKE(3, 4);
void conf_file_error(struct conf_parser *ps, const char *file,
		     const char *text);

/* A word for a message: cut, with control bytes escaped. Return: @buf. */
#define CONF_SHOWN_MAX 160
const char *conf_show(const char *s, size_t n, char buf[CONF_SHOWN_MAX]);

/* conf_block.c: every statement of @text, which is changed. */
int conf_parse_text(struct conf_parser *ps, char *text, size_t n);
struct conf_rules *conf_scope(struct conf_parser *ps);
struct conf_loc conf_word_loc(const struct conf_parser *ps,
			      const struct conf_word *w);

/* conf_directives.c: "sni" */
const char *conf_tunnel_check_name(enum conf_tunnel_check c);

/* conf_file.c */
int conf_add_file(struct conf *cf, const char *name, uint32_t *ret);
int conf_include(struct conf_parser *ps, const struct conf_word *w);

/* conf.c */
void conf_rules_drop(struct conf_rules *r); /* leaves it empty */
/* Room for one more in an array of @n elements of @size. NULL: no memory. */
void *conf_grow(void *array, size_t n, size_t size);

/* conf_directives.c */
#define CONF_IN_PROFILE 1u
#define CONF_IN_PRESET	2u

/**
 * struct conf_directive - one keyword of netleash.conf
 * @set:      stores the words after the keyword
 * @min, max: how many words may follow; @max 0: any number
 * @where:    besides the top level: CONF_IN_PROFILE, CONF_IN_PRESET
 * @usage:    what is expected, for messages
 */
struct conf_directive {
	const char *name;
	int (*set)(struct conf_parser *ps, const struct conf_word *words,
		   size_t n);
	size_t min, max;
	unsigned where;
	const char *usage;
};

const struct conf_directive *conf_directives(size_t *ret_n);
int conf_directive(struct conf_parser *ps, const struct conf_word *words,
		   size_t n);
bool conf_word_is(const struct conf_word *w, const char *s);

/* True, and an error, if @seen says that this file said it before. */
bool conf_repeated(struct conf_parser *ps, struct conf_seen *seen,
		   const struct conf_word *w);

/* The one of @names that @w may have been meant to be, or NULL. */
const char *conf_nearest(const struct conf_word *w, const char *const *names,
			 size_t n);

/* conf_mode.c */
int conf_set_mode(struct conf_parser *ps, const struct conf_word *w, size_t n);
int conf_set_running(struct conf_parser *ps, const struct conf_word *w,
		     size_t n);

/* conf_limits.c */
int conf_set_limit(struct conf_parser *ps, const struct conf_word *w, size_t n);
void conf_check_limits(struct conf_parser *ps);

/* conf_dump.c: conf_dump(), or for conf_pack(): credentials, but no lists. */
void conf_dump_whole(const struct conf *cf, bool packed, struct strbuf *out);

/* A word as the lexer takes it, in quotes where it needs them. */
void conf_dump_word(struct strbuf *out, const char *s);

#endif
