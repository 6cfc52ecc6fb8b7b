/* SPDX-License-Identifier: MIT */
/*
 * common/rule.h - one word of an allow, deny or inspect line, parsed
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
#define METHODS_ALL	(METHOD_OTHER * 2u - 1)

/* Case-sensitive, as RFC 9110 9.1, or not. METHOD_OTHER: it is not listed. */
enum method method_parse(const char *s, size_t n);
enum method method_parse_any_case(const char *s, size_t n);

/* "GET"; NULL for METHOD_OTHER and for what is not one method. */
const char *method_name(enum method m);

/* True for a word that only can be a method in a rule line: GET, HEAD, ... */
bool method_is_word(const char *s, size_t n);

enum rule_effect {
	RULE_ALLOW,
	RULE_DENY,
	RULE_INSPECT /* lets nothing pass: says where to look inside TLS */
};
const char *rule_effect_name(enum rule_effect e); /* "allow" */

/* What few rules have: see rule_cidr(), rule_ports(), rule_path(). */
struct rule_more {
	struct cidr cidr;
	struct port_set *ports; /* owned */
	char *path;		/* owned */
};

/**
 * struct rule - one parsed word
 * @text:    the rule's word as written (one word), owned
 * @more:    owned; NULL: none
 * @line, @column: 1-based, of the word; 0 in an argument
 * @file:    index into the conf's file names, or RULE_FROM_ARGUMENT
 * @name_at: where in @text's block the name is
 * @is_cidr: the rule is about addresses (a single one has all bits)
 * @kind, @glob_depth: of the host, as in struct host_pattern
 * @scheme:  SCHEME_NONE: any; HTTP (also ws) or HTTPS (also wss) from a URL
 * @methods: bits of enum method; 0: any
 *
 * A block list has a million rules, so this is small: 32 bytes. May be moved
 * in memory, but not copied: two copies would own the same parts.
 */
struct rule {
	char *text;
	struct rule_more *more;
	uint32_t line, column;
	uint16_t file;
	uint16_t name_at;
	enum rule_effect effect : 2;
	enum pattern_kind kind : 4;
	enum pattern_kind glob_depth : 4;
	enum scheme scheme : 4;
	bool is_cidr : 1;
	unsigned methods : 10;
};
#define RULE_FROM_ARGUMENT UINT16_MAX

/* The name as in struct host_pattern; "" in a rule about addresses. */
static inline const char *rule_name(const struct rule *r)
{
	return r->text + r->name_at;
}

/* Of a rule about addresses only. */
static inline const struct cidr *rule_cidr(const struct rule *r)
{
	return &r->more->cidr;
}

/* NULL: the scheme's or 80 and 443 for allow, every port for deny. */
static inline const struct port_set *rule_ports(const struct rule *r)
{
	return r->more ? r->more->ports : NULL;
}

/* The path glob; NULL: any. */
static inline const char *rule_path(const struct rule *r)
{
	return r->more ? r->more->path : NULL;
}

#define RULE_ERROR_MAX 400

/*
 * Parses the word @s of @n bytes for @effect; methods seen earlier in the
 * line are @methods. What is inspected is https, even unsaid. Return: 0,
 * -ENOMEM, or -EINVAL with a sentence part in
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

#endif
