/* SPDX-License-Identifier: MIT */
/*
 * sandbox/rulebook.c - a conf, and the policies that are made of it
 */
#include "sandbox/rulebook.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/conf.h"
#include "proxy/proxy.h"

/**
 * struct page
 * @profile: "" for the top level alone
 * @wants:   to look into tunnels, in the mode of the conf
 */
struct page {
	SLIST_ENTRY(page) link;
	struct policy *policy;
	bool wants;
	char profile[];
};

/**
 * struct rulebook
 * @base: what @conf is on top of; or NULL
 */
struct rulebook {
	struct rulebook *base;
	atomic_uint users;
	struct conf *conf;
	enum conf_mode forced;
	bool inspects;
	SLIST_HEAD(, page) pages;
};

int rulebook_new(struct conf *cf, struct rulebook **ret)
{
	struct rulebook *rb = calloc(1, sizeof(*rb));

	if (!rb)
		return -ENOMEM;
	atomic_init(&rb->users, 1);
	SLIST_INIT(&rb->pages);
	rb->conf = cf;
	*ret = rb;
	return 0;
}

int rulebook_new_on(struct rulebook *base, struct conf *more,
		    struct rulebook **ret)
{
	int r = rulebook_new(more, ret);

	if (r == 0)
		(*ret)->base = rulebook_ref(base);
	return r;
}

const struct conf *rulebook_conf(const struct rulebook *rb)
{
	return rb->base ? rulebook_conf(rb->base) : rb->conf;
}

static struct page *find_page(const struct rulebook *rb, const char *profile)
{
	const char *name = profile ? profile : "";
	struct page *page;

	SLIST_FOREACH (page, &rb->pages, link)
		if (strcmp(page->profile, name) == 0)
			return page;
	return NULL;
}

/* Does @policy, @profile's, want to look into a tunnel, in the mode of the
 * conf? What it is on top of has been asked already: that may be long. */
static bool wants(const struct rulebook *rb, const char *profile,
		  const struct policy *policy)
{
	const struct page *below =
		rb->base ? find_page(rb->base, profile) : NULL;

	if (!below)
		return policy_wants_inspection(policy);
	return below->wants || policy_conf_wants_inspection(rb->conf);
}

int rulebook_adopt(struct rulebook *rb, const char *profile,
		   struct policy *policy)
{
	const char *name = profile ? profile : "";
	struct page *page = malloc(sizeof(*page) + strlen(name) + 1);

	if (!page)
		return -ENOMEM;
	page->policy = policy;
	page->wants = wants(rb, profile, policy);
	policy_set_inspection(policy, rb->inspects);
	memcpy(page->profile, name, strlen(name) + 1);
	SLIST_INSERT_HEAD(&rb->pages, page, link);
	policy_force_mode(policy, rb->forced);
	return 0;
}

static int make_policy(struct rulebook *rb, const char *profile,
		       struct policy **ret)
{
	const struct policy *below;
	int r;

	if (!rb->base)
		return policy_new(rb->conf, profile, ret);
	r = rulebook_policy(rb->base, profile, &below);
	return r == 0 ? policy_new_on(below, &rb->conf->top, ret) : r;
}

int rulebook_policy(struct rulebook *rb, const char *profile,
		    const struct policy **ret)
{
	const char *name = profile && *profile ? profile : NULL;
	const struct page *page = find_page(rb, name);
	struct policy *policy = NULL;
	int r;

	if (page) {
		*ret = page->policy;
		return 0;
	}
	r = make_policy(rb, name, &policy);
	if (r == 0)
		r = rulebook_adopt(rb, name, policy);
	if (r < 0)
		policy_free(policy);
	else
		*ret = policy;
	return r;
}

int rulebook_lend(struct rulebook *rb, const char *profile,
		  struct proxy_scope *s)
{
	const struct policy *policy;
	int r = rulebook_policy(rb, profile, &policy);

	if (r < 0)
		return r;
	r = proxy_scope_set_policy(s, rulebook_conf(rb), policy, rulebook_unref,
				   rulebook_ref(rb));
	if (r < 0)
		rulebook_unref(rb);
	return r;
}

void rulebook_force_mode(struct rulebook *rb, enum conf_mode mode)
{
	struct page *page;

	rb->forced = mode;
	SLIST_FOREACH (page, &rb->pages, link)
		policy_force_mode(page->policy, mode);
}

void rulebook_set_inspection(struct rulebook *rb, bool possible)
{
	struct page *page;

	rb->inspects = possible;
	SLIST_FOREACH (page, &rb->pages, link)
		policy_set_inspection(page->policy, possible);
}

void rulebook_pass_on(const struct rulebook *rb, struct rulebook *next)
{
	rulebook_force_mode(next, rb->forced);
	rulebook_set_inspection(next, rb->inspects);
}

bool rulebook_inspects(const struct rulebook *rb)
{
	return rb->inspects;
}

bool rulebook_wants_inspection(const struct rulebook *rb, const char *profile)
{
	const struct page *page = find_page(rb, profile);

	return rb->inspects && page &&
	       (page->wants || policy_is_limited(page->policy));
}

struct rulebook *rulebook_ref(struct rulebook *rb)
{
	atomic_fetch_add(&rb->users, 1);
	return rb;
}

void rulebook_unref(void *arg)
{
	struct rulebook *rb = arg;
	struct page *page;

	if (!rb || atomic_fetch_sub(&rb->users, 1) > 1)
		return;
	while ((page = SLIST_FIRST(&rb->pages))) {
		SLIST_REMOVE_HEAD(&rb->pages, link);
		policy_free(page->policy);
		free(page);
	}
	conf_free(rb->conf);
	rulebook_unref(rb->base);
	free(rb);
}
