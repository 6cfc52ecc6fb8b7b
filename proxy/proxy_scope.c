/* SPDX-License-Identifier: MIT */
/*
 * proxy/proxy_scope.c - whose connections a proxy serves, and by which rules
 *
 * In:         what the owner wants of a scope, in its thread
 * Out:        the same, done to the scope's part on each loop that it is on
 * Invariants: a run's scope is on one loop, so that its limits are its own
 *             counts; nothing of a part is touched but in its loop
 */
#include "proxy/proxy_scope.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/blocked.h"
#include "proxy/proxy_priv.h"
#include "proxy/ruleset.h"
#include "proxy/scope.h"
#include "proxy/stats.h"

/**
 * struct part - what a scope has on one loop
 * @ended: for the owner's loop, when nothing of it is left
 */
struct part {
	struct loop *loop;
	struct scope *scope;
	struct job ended;
};

/**
 * struct proxy_scope
 * @open:   parts of which something is left
 * @merged: what was kept of one kind, on all loops together
 */
struct proxy_scope {
	LIST_ENTRY(proxy_scope) link;
	struct proxy *proxy;
	unsigned next_listener, open;
	void (*done)(void *arg);
	void *done_arg;
	struct blocked *merged;
	unsigned parts_n;
	struct part parts[];
};

enum kept {
	KEPT_BLOCKED,
	KEPT_FAILED,
	KEPT_NEEDED,
};

/* What is asked of a part: one of these, in its loop. */
struct call {
	struct proxy_scope *scope;
	struct part *part;
	const struct proxy_scope_opts *opts;
	struct ruleset *rules;
	struct proxy_stats *stats;
	enum kept kept;
	int fd;
	uint16_t port;
	int result;
};

static int call_part(struct proxy_scope *s, unsigned i, void (*fn)(void *arg),
		     struct call *call)
{
	call->scope = s;
	call->part = &s->parts[i];
	loop_call(call->part->loop, fn, call);
	return call->result;
}

static void free_part(void *arg)
{
	const struct call *call = arg;

	scope_free(call->part->scope);
	call->part->scope = NULL;
}

void proxy_scope_free(struct proxy_scope *s)
{
	struct call call = { .result = 0 };

	for (unsigned i = 0; i < s->parts_n; i++)
		(void)call_part(s, i, free_part, &call);
	LIST_REMOVE(s, link);
	blocked_free(s->merged);
	free(s);
}

static void new_part(void *arg)
{
	struct call *call = arg;

	call->result =
		scope_new(call->part->loop, call->opts, &call->part->scope);
}

int proxy_scope_new(struct proxy *p, const struct proxy_scope_opts *opts,
		    struct proxy_scope **ret)
{
	const unsigned n = opts->all_threads ? p->all.n : 1;
	struct call call = { .opts = opts };
	struct proxy_scope *s;
	int r = 0;

	s = calloc(1, sizeof(*s) + n * sizeof(*s->parts));
	if (!s)
		return -ENOMEM;
	s->proxy = p;
	s->parts_n = n;
	LIST_INSERT_HEAD(&p->scopes, s, link);
	for (unsigned i = 0; i < n; i++)
		s->parts[i].loop = &p->loops[n > 1 ? i : p->next % p->all.n];
	if (n == 1)
		p->next++;
	for (unsigned i = 0; i < n && r == 0; i++)
		r = call_part(s, i, new_part, &call);
	if (r < 0) {
		proxy_scope_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void add_listener(void *arg)
{
	struct call *call = arg;

	call->result = scope_add_listener(call->part->scope, call->fd);
}

int proxy_add_listener(struct proxy_scope *s, int fd)
{
	struct call call = { .fd = fd };

	return call_part(s, s->next_listener++ % s->parts_n, add_listener,
			 &call);
}

static void add_forward(void *arg)
{
	struct call *call = arg;

	call->result =
		scope_add_forward(call->part->scope, call->fd, call->port);
}

int proxy_add_forward(struct proxy_scope *s, int listen_fd, uint16_t port)
{
	struct call call = { .fd = listen_fd, .port = port };

	return call_part(s, 0, add_forward, &call);
}

static void set_rules(void *arg)
{
	const struct call *call = arg;

	scope_set_rules(call->part->scope, call->rules);
}

int proxy_scope_set_policy(struct proxy_scope *s, const struct conf *cf,
			   const struct policy *policy,
			   void (*release)(void *arg), void *arg)
{
	struct ruleset **rules = calloc(s->parts_n, sizeof(struct ruleset *));
	int r = rules ? ruleset_new_many(cf, policy, release, arg, s->parts_n,
					 rules)
		      : -ENOMEM;

	for (unsigned i = 0; i < s->parts_n && r == 0; i++) {
		struct call call = { .rules = rules[i] };

		(void)call_part(s, i, set_rules, &call);
	}
	free(rules);
	return r;
}

static void set_signer(void *arg)
{
	const struct call *call = arg;

	scope_set_signer(call->part->scope, call->scope->proxy->all.signer);
}

void proxy_scope_set_signers(struct proxy *p)
{
	struct call call = { .result = 0 };
	struct proxy_scope *s;

	LIST_FOREACH (s, &p->scopes, link)
		for (unsigned i = 0; i < s->parts_n; i++)
			(void)call_part(s, i, set_signer, &call);
}

static void add_stats(void *arg)
{
	const struct call *call = arg;

	stats_add(call->stats, &call->part->scope->stats);
}

void proxy_scope_stats(struct proxy_scope *s, struct proxy_stats *ret)
{
	struct proxy_stats sum = { 0 };
	struct call call = { .stats = &sum };

	for (unsigned i = 0; i < s->parts_n; i++)
		(void)call_part(s, i, add_stats, &call);
	*ret = sum;
}

/* In the owner's loop. */
static void on_part_ended(void *arg)
{
	struct proxy_scope *s = arg;

	if (--s->open > 0)
		return;
	if (s->done)
		s->done(s->done_arg);
	proxy_scope_free(s);
}

/* In the loop of the part, which nobody frees before the owner hears of it. */
static void post_ended(void *arg)
{
	struct part *part = arg;
	struct proxy_scope *s = part->ended.arg;

	if (part->loop == &s->proxy->loops[0])
		on_part_ended(s);
	else
		loop_post(&s->proxy->loops[0], &part->ended);
}

static void close_part(void *arg)
{
	struct call *call = arg;
	struct part *part = call->part;

	part->ended.fn = on_part_ended;
	part->ended.arg = call->scope;
	scope_close(part->scope, post_ended, part);
}

void proxy_scope_close(struct proxy_scope *s, void (*done)(void *arg),
		       void *arg)
{
	struct call call = { .result = 0 };

	s->done = done;
	s->done_arg = arg;
	s->open = s->parts_n;
	for (unsigned i = 0; i < s->parts_n; i++)
		(void)call_part(s, i, close_part, &call);
}

static void merge(void *arg)
{
	const struct call *call = arg;
	const struct scope *part = call->part->scope;
	const struct blocked *b[] = { [KEPT_BLOCKED] = part->blocked,
				      [KEPT_FAILED] = part->failed,
				      [KEPT_NEEDED] = part->needed };

	if (b[call->kept])
		blocked_merge(call->scope->merged, b[call->kept]);
}

static const struct proxy_blocked *merge_all(struct proxy_scope *s,
					     enum kept kept, size_t *ret_n,
					     uint64_t *ret_more)
{
	struct call call = { .kept = kept };

	*ret_n = 0;
	*ret_more = 0;
	blocked_free(s->merged);
	s->merged = blocked_new();
	if (!s->merged)
		return NULL;
	for (unsigned i = 0; i < s->parts_n; i++)
		(void)call_part(s, i, merge, &call);
	return blocked_list(s->merged, ret_n, ret_more);
}

const struct proxy_blocked *
proxy_scope_blocked(struct proxy_scope *s, size_t *ret_n, uint64_t *ret_more)
{
	return merge_all(s, KEPT_BLOCKED, ret_n, ret_more);
}

const struct proxy_blocked *
proxy_scope_failed(struct proxy_scope *s, size_t *ret_n, uint64_t *ret_more)
{
	return merge_all(s, KEPT_FAILED, ret_n, ret_more);
}

const struct proxy_blocked *
proxy_scope_needed(struct proxy_scope *s, size_t *ret_n, uint64_t *ret_more)
{
	return merge_all(s, KEPT_NEEDED, ret_n, ret_more);
}
