/* SPDX-License-Identifier: MIT */
/*
 * common/rule.h - one word of an allow or deny line, parsed
 *
 * Pure. The grammar of netleash.conf(5), "Rules":
 *
 *   [METHOD...] HOST[:PORTS]       a host, in any pattern, or IP or CIDR
 *   [METHOD...] SCHEME://HOST[:PORTS][/PATH-GLOB]
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

/* "GET"; NULL for METHOD_OTHER and for what is not one method. */
const char *method_name(enum method m);

/* True for a word that only can be a method in a rule line: GET, HEAD, ... */
bool method_is_word(const char *s, size_t n);

enum rule_effect {
	RULE_ALLOW,
	RULE_DENY
};

/**
 * struct rule_host - a struct host_pattern without its fixed buffer
 * @name: as in struct host_pattern; borrowed from the rule's text block
 *
 * A block list has a million rules: what most of them lack is a pointer here.
 */
struct rule_host {
	enum pattern_kind kind;
	enum pattern_kind glob_depth;
	const char *name;
};

/**
 * struct rule - one parsed word
 * @is_cidr: @cidr decides (a single address has all bits), else @host
 * @ports:   NULL: none were written: the scheme's or 80 and 443 for allow,
 *           every port for deny; owned
 * @methods: bits of enum method; 0: any
 * @scheme:  SCHEME_NONE: any; HTTP (also ws) or HTTPS (also wss) from a URL
 * @path:    path glob; owned by the rule; NULL: any
 * @file:    index into the conf's file names, or RULE_FROM_ARGUMENT
 * @line, @column: 1-based, of the word; 0 in an argument
 * @text:    the rule's word as written (one word), owned
 *
 * May be moved in memory, but not copied: two copies would own the same parts.
 */
struct rule {
	enum rule_effect effect;
	bool is_cidr;
	struct rule_host host;
	struct cidr cidr;
	struct port_set *ports;
	unsigned methods;
	enum scheme scheme;
	char *path;
	char *text;
	uint32_t file;
	uint32_t line, column;
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

/*
 * True if the rule matches this host or literal, whatever port and method. A
 * deny rule matches an IPv6 literal by the IPv4 address inside, too.
 */
bool rule_matches_host(const struct rule *r, const struct target *t);
bool rule_matches_port(const struct rule *r, uint16_t port);

/*
 * True if @r speaks about @t's scheme. An https rule says nothing about http
 * and the reverse. A tunnel (SCHEME_NONE) is http on 80, https on 443, and on
 * any other port it may be either.
 */
bool rule_matches_scheme(const struct rule *r, const struct target *t);

/*
 * Path globs: '*' inside a segment, '**' across segments; "/repos/" and all
 * below for "/repos/ **" (written without the blank), and "/a/b" for
 * "/a/ ** /b". @path is without query; "%41" is the same as "A" on both sides.
 * Costs no more than the product of both lengths.
 */
bool path_glob_match(const char *glob, const char *path, size_t path_len);

/*
 * False for dot segments, empty segments, %2e, %2f, %5c, '\', NUL and control
 * bytes, encoded too, and for a '%' without two hex digits.
 */
bool path_is_safe(const char *path, size_t path_len);

#define PATH_GLOB_MAX 1024

#endif
