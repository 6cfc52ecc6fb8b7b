/* SPDX-License-Identifier: MIT */
/*
 * common/conf_credential.h - secrets that a command uses and never has
 *
 * `credential NAME { from ...; for ...; header ...; placeholder ... }` of
 * netleash.conf(5), as data. Where a secret comes from, where it goes and how
 * stands here; the secret itself does not.
 */
#ifndef NETLEASH_COMMON_CONF_CREDENTIAL_H
#define NETLEASH_COMMON_CONF_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf_profile.h"

struct conf;
struct conf_parser;
struct conf_word;
struct strbuf;

enum conf_from {
	CONF_FROM_NOWHERE, /* only while the block is read */
	CONF_FROM_ENV,	   /* words[0] is a variable of the caller's */
	CONF_FROM_FILE,	  /* words[0] is absolute, or "~/" and below his home */
	CONF_FROM_COMMAND /* words[0] is absolute, or a name without slash */
};

#define CONF_CREDENTIALS_MAX	    64
#define CONF_CREDENTIAL_NAME_MAX    64
#define CONF_CREDENTIAL_WORDS_MAX   32	 /* of a command */
#define CONF_CREDENTIAL_WORD_MAX    4095 /* bytes of one, and of a path */
#define CONF_CREDENTIAL_TARGETS_MAX 32
#define CONF_CREDENTIAL_HEADER_MAX  64
#define CONF_CREDENTIAL_VALUE_MAX   1024 /* bytes of a template */
#define CONF_CREDENTIAL_VAR_MAX	    255

/**
 * struct conf_credential - one block; header or placeholder or both are there
 * @words:    of `from`, NULL-terminated
 * @targets:  of `for`: RULE_INSPECT, one https host and one port each, and the
 *            path at and below which it is given; at least one
 * @header:   a token, as written; NULL: none is set
 * @value:    of @header, with exactly one "{}" for the secret
 * @placeholder: the command's variable that holds what stands for the secret;
 *            NULL: it gets nothing
 */
struct conf_credential {
	char *name;
	struct conf_loc loc;
	enum conf_from from;
	char **words;
	struct rule *targets;
	size_t targets_n;
	char *header, *value;
	char *placeholder;
	bool placeholder_none; /* `none` was written */
};

/* Is it for some path of @t's host and port? Whatever @t's scheme. */
bool conf_credential_is_for(const struct conf_credential *c,
			    const struct target *t);

/*
 * Is it for a request to @t: scheme (https or wss), host, port and path? False
 * for a path that servers may read in two ways.
 */
bool conf_credential_covers(const struct conf_credential *c,
			    const struct target *t);

/* "env", "file", "command" */
const char *conf_from_name(enum conf_from from);

/*
 * For common/conf*.c only. Of conf_block.c: the block's name, each statement
 * of it, its end; conf_set_credential() is the setter of the directive, for
 * what has no brace. Return: 0 or -ENOMEM; of conf_credential_open() also
 * -EINVAL, after an error, and nothing is open.
 */
int conf_credential_open(struct conf_parser *ps, const struct conf_word *name);
int conf_credential_line(struct conf_parser *ps, const struct conf_word *w,
			 size_t n);
void conf_credential_close(struct conf_parser *ps);
int conf_set_credential(struct conf_parser *ps, const struct conf_word *w,
			size_t n);
void conf_credentials_fini(struct conf *cf);
void conf_dump_credentials(const struct conf *cf, struct strbuf *out);

#endif
