/* SPDX-License-Identifier: MIT */
/*
 * proxy/upstream.h - the parent proxy, and one way through it
 *
 * In:   what `upstream` says; a target that policy has allowed
 * Out:  one connected descriptor on which the target answers (or, for plain
 *       HTTP, the parent itself), or what is wrong, in words
 *
 * The parent is named by the conf, so policy does not judge its address. It
 * resolves the targets' names: policy has judged the name, or the literal,
 * before it comes here. Loopback never goes through it: it would be the
 * parent's own.
 */
#ifndef NETLEASH_PROXY_UPSTREAM_H
#define NETLEASH_PROXY_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/addr.h"
#include "common/target.h"
#include "proxy/reason.h"

struct conf;
struct event_base;
struct resolver;
struct upstream;
struct upstream_link;

#define UPSTREAM_DETAIL_MAX 512

/*
 * The parent that @cf names, *@ret NULL if it names none. Reads the CAs, so
 * make it before the process is confined. @cf is not kept. Return: 0, -ENOMEM,
 * or -EINVAL with a sentence in @ret_error.
 */
int upstream_new(struct event_base *base, struct resolver *resolver,
		 const struct conf *cf, struct upstream **ret,
		 char ret_error[UPSTREAM_DETAIL_MAX]);

/* Every link must have been cancelled or be done. NULL is fine. */
void upstream_free(struct upstream *u);

/* False for what is reached directly; always for @u NULL. */
bool upstream_takes(const struct upstream *u, const struct target *t);

/* "HOST:PORT" of the parent, for logs. */
const char *upstream_name(const struct upstream *u);

/*
 * The line that plain HTTP requests to it need, "Proxy-Authorization: ..."
 * with its CRLF, or NULL.
 */
const char *upstream_authorization(const struct upstream *u);

/* Descriptors that one connection through @u needs; 1 for NULL. */
unsigned upstream_fds(const struct upstream *u);

/*
 * What a parent's answer of @status, not a success, means for people; @phrase
 * is its own word, of @phrase_n bytes; @method what it was asked for.
 */
void upstream_describe_status(const struct upstream *u, const char *method,
			      unsigned status, const char *phrase,
			      size_t phrase_n, char ret[UPSTREAM_DETAIL_MAX]);

/**
 * struct upstream_result - how it went
 * @fd:     connected, non-blocking, close-on-exec; the callee owns it. What
 *          the far side has said already is still to be read from it. -1 on
 *          failure
 * @addr:   the parent's address; NULL where none was reached
 * @reason: ALLOWED with a valid @fd; else UPSTREAM, LIMIT or INTERNAL
 * @status: what the parent answered to CONNECT; 0 for no answer
 * @detail: on failure a sentence; borrowed for the call
 */
struct upstream_result {
	int fd;
	const struct addr *addr;
	enum reason reason;
	unsigned status;
	const char *detail;
};

/* The link is freed when this returns. */
typedef void upstream_done_fn(const struct upstream_result *result, void *arg);

/*
 * A tunnel to @target, or with NULL a connection to the parent for requests in
 * absolute form. Never calls @done from inside. Return: 0 or -ENOMEM.
 */
int upstream_start(struct upstream *u, const struct target *target,
		   upstream_done_fn *done, void *arg,
		   struct upstream_link **ret);

/* @done will not run. NULL is fine. */
void upstream_cancel(struct upstream_link *l);

#endif
