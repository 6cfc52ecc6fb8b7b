/* SPDX-License-Identifier: MIT */
/*
 * common/rule.h - one word of an allow or deny line, parsed
 *
 * Pure. The grammar of DESIGN "Policy, to the letter":
 *
 *   [METHOD...] HOST[:PORTS]       a host, in any pattern, or IP or CIDR
 *   [METHOD...] SCHEME://HOST[:PORT][/PATH-GLOB]
 *
 * Methods stand before the words they apply to and hold for the rest of the
 * line. A word can never widen what it says: whatever could never match is an
 * error, with a message for people.
 */
#ifndef NETLEASH_COMMON_RULE_H
#define NETLEASH_COMMON_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/hostname.h"
#include "common/parse.h"
#include "common/target.h"

/* HTTP methods as bits. Any other method of a client is METHOD_OTHER. */
enum method {
	METHOD_GET = 1 << 0,
	METHOD_HEAD = 1 << 1,
	METHOD_OPTIONS = 1 << 2,
	METHOD_POST = 1 << 3,
	METHOD_PUT = 1 << 4,
	METHOD_PATCH = 1 << 5,
	METHOD_DELETE = 1 << 6,
	METHOD_TRACE = 1 << 7,
	METHOD_CONNECT = 1 << 8,
	METHOD_OTHER = 1 << 9,
};
#define METHODS_LIMITED (METHOD_GET | METHOD_HEAD | METHOD_OPTIONS)

/* Case-sensitive, as RFC 9110 9.1. METHOD_OTHER for what is not listed. */
enum method method_parse(const char *s, size_t n);

/* True for a word that only can be a method in a rule line: GET, HEAD, ... */
bool method_is_word(const char *s, size_t n);

enum rule_effect { RULE_ALLOW, RULE_DENY };

/**
 * struct rule - one parsed word
 * @is_cidr: @cidr decides, else @host
 * @ports:   n == 0: 80 and 443 for allow, every port for deny
 * @methods: bits of enum method; 0: any
 * @scheme:  SCHEME_NONE: any; HTTP (also ws) or HTTPS (also wss) from a URL
 * @path:    path glob, "" for any; owned by the rule; NULL: none
 * @file:    index into the conf's file names, or RULE_FROM_ARGUMENT
 * @line:    1-based, of the word
 * @text:    the rule's word as written (one word), owned
 */
struct rule {
	enum rule_effect effect;
	bool is_cidr;
	struct host_pattern host;
	struct cidr cidr;
	struct port_set ports;
	unsigned methods;
	enum scheme scheme;
	char *path;
	char *text;
	uint32_t file;
	uint32_t line;
};
#define RULE_FROM_ARGUMENT UINT32_MAX

#define RULE_ERROR_MAX 400

/*
 * Parses the word @s of @n bytes for @effect; methods seen earlier in the
 * line are @methods. Return: 0, -ENOMEM, or -EINVAL with a sentence part in
 * @ret_error ("'10.1' is not a dotted quad: can never match; write ...").
 * File and line are the caller's to set. @ret is owned by the caller.
 */
int rule_parse(enum rule_effect effect, unsigned methods, const char *s,
	       size_t n, struct rule *ret, char ret_error[RULE_ERROR_MAX]);
void rule_fini(struct rule *r);

/* True if @r only decides once method or path are known. */
bool rule_is_narrow(const struct rule *r);

/* True if the rule matches this host or literal, whatever port and method. */
bool rule_matches_host(const struct rule *r, const struct target *t);
bool rule_matches_port(const struct rule *r, uint16_t port);

/*
 * Path globs: '*' inside a segment, '**' across segments; "/repos/" and all
 * below for "/repos/ **" (written without the blank). @path is without query.
 */
bool path_glob_match(const char *glob, const char *path, size_t path_len);

/* False for dot segments, %2e, %2f, %5c, '\', NUL and control bytes. */
bool path_is_safe(const char *path, size_t path_len);

#endif
