/* SPDX-License-Identifier: MIT */
/*
 * common/conf.h - netleash.conf as plain data
 *
 * In:         files (conf_load) or text (conf_parse) of conf_load.h
 * Out:        struct conf, or every error with file, line, column and word
 * Invariants: nothing takes effect while parsing; a conf with errors is never
 *             handed out; locations stay valid as long as the conf
 *
 * conf_lex.c cuts text into words, conf_file.c reads files and includes,
 * conf_block.c statements and blocks, conf_directives.c is the table of
 * directives, conf_mode.c, conf_rules.c, conf_inspect.c, conf_credential.c,
 * conf_list.c, conf_auth.c, conf_limits.c, conf_permit.c and conf_upstream.c
 * set what it names, conf_dump.c writes a conf back as text. Grammar:
 * netleash.conf(5).
 */
#ifndef NETLEASH_COMMON_CONF_H
#define NETLEASH_COMMON_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/conf_auth.h"
#include "common/conf_choice.h"
#include "common/conf_credential.h"
#include "common/conf_load.h"
#include "common/conf_permit.h"
#include "common/conf_profile.h"
#include "common/conf_upstream.h"
#include "common/rule.h"
#include "common/strbuf.h"

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

/*
 * Every `limit`; times in milliseconds, sizes in bytes. @connections 0 means
 * automatic: half of the descriptors that the process may have, less 64.
 */
struct conf_limits {
	uint32_t head_size, head_time, header_count;
	uint32_t idle_time, dial_time, dns_time, drain_time;
	uint32_t connections, connections_per_run, tunnels_per_target;
	uint32_t pending_dials, pending_lookups;
	uint32_t inspections, inspections_per_run;
};

/**
 * struct conf - the whole, owned by whoever loaded it
 * @includes: the patterns of every include, as glob(3) got them
 * @listens:  127.0.0.1:3128 where the conf names none
 * @auth:     who may use them
 * @resolvers: none: the system's
 * @verify_cas: files of CAs to trust beside the system's
 * @env_deny, @env_allow: NULL-terminated name globs, or NULL; the built-in
 *            list of secret names is in sandbox/childenv.h and comes first
 * @credentials: secrets to put into requests; each is complete
 * @permits:  who may have the daemon run what
 * @run_uid_first, @run_uid_last: the block of run uids, 256 of them
 */
struct conf {
	char **files;
	size_t files_n;
	char **includes;
	size_t includes_n;
	struct conf_rules top;
	struct conf_profile *profiles;
	size_t profiles_n;
	struct conf_listen *listens;
	size_t listens_n;
	struct conf_auth auth;
	struct conf_server *resolvers;
	size_t resolvers_n;
	unsigned threads; /* 0: none was written, see conf_threads() */
	enum conf_tunnel_check tunnel_check;
	struct conf_upstream upstream;
	char **verify_cas;
	size_t verify_cas_n;
	enum conf_log log;
	char *log_file; /* of CONF_LOG_FILE, else NULL */
	char **env_deny, **env_allow;
	struct conf_credential *credentials;
	size_t credentials_n;
	struct conf_permit *permits;
	size_t permits_n;
	uint32_t run_uid_first, run_uid_last;
	struct conf_limits limits;
};

/* Defaults in every field, no rules. Return: NULL without memory. */
struct conf *conf_new(void);
void conf_free(struct conf *cf);

/* `threads`; where none is written, one a core that we may use, 4 at most. */
#define CONF_THREADS_MAX 64
unsigned conf_threads(const struct conf *cf);

/*
 * Adds rules given on the command line (-a, -d, --inspect): words as in a line
 * of the conf, methods first. Return: 0, -ENOMEM, -EINVAL with a sentence in
 * @error.
 */
int conf_add_argument(struct conf *cf, enum rule_effect effect,
		      const char *line, char error[RULE_ERROR_MAX]);

/* Borrowed; NULL if there is no profile of that name. */
const struct conf_profile *conf_profile(const struct conf *cf,
					const char *name);

/* "FILE:LINE", or "argument". */
void conf_format_rule_place(const struct conf *cf, const struct rule *r,
			    struct strbuf *out);

/* Text that parses to the same conf; credentials are "***". */
void conf_dump(const struct conf *cf, struct strbuf *out);

#endif
