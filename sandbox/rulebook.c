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

/* @profile: "" for the top level alone. */
struct page {
	SLIST_ENTRY(page) link;
	struct policy *policy;
	char profile[];
};

struct rulebook {
	atomic_uint users;
	struct conf *conf;
	enum conf_mode forced;
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

const struct conf *rulebook_conf(const struct rulebook *rb)
{
	return rb->conf;
}

int rulebook_adopt(struct rulebook *rb, const char *profile,
		   struct policy *policy)
{
	const char *name = profile ? profile : "";
	struct page *page = malloc(sizeof(*page) + strlen(name) + 1);

	if (!page)
		return -ENOMEM;
	page->policy = policy;
	memcpy(page->profile, name, strlen(name) + 1);
	SLIST_INSERT_HEAD(&rb->pages, page, link);
	policy_force_mode(policy, rb->forced);
	return 0;
}

int rulebook_policy(struct rulebook *rb, const char *profile,
		    const struct policy **ret)
{
	const char *name = profile && *profile ? profile : NULL;
	struct policy *policy = NULL;
	struct page *page;
	int r;

	SLIST_FOREACH (page, &rb->pages, link) {
		if (strcmp(page->profile, name ? name : "") != 0)
			continue;
		*ret = page->policy;
		return 0;
	}
	r = policy_new(rb->conf, name, &policy);
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
	r = proxy_scope_set_policy(s, rb->conf, policy, rulebook_unref,
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
	free(rb);
}
