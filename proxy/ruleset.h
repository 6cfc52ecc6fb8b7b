/* SPDX-License-Identifier: MIT */
/*
 * proxy/ruleset.h - a policy and its conf, for as long as a request needs them
 *
 * What decided about a request is kept by it, the rule that decided too, and
 * both point into policy and conf. When the owner brings new ones, requests
 * that have begun keep the old; the last of them frees those. Each loop has a
 * ruleset of its own, so that nothing is locked or shared for a request.
 */
#ifndef NETLEASH_PROXY_RULESET_H
#define NETLEASH_PROXY_RULESET_H

struct conf;
struct policy;

struct ruleset_owned;

/**
 * struct ruleset - do not write to it
 * @owned: what it frees at the end, together with others; or NULL
 */
struct ruleset {
	const struct conf *conf;
	const struct policy *policy;
	struct ruleset_owned *owned;
	unsigned users;
};

/* Borrows both for its life. Return: with one user, or NULL without memory. */
struct ruleset *ruleset_new_borrowed(const struct conf *cf,
				     const struct policy *policy);

/*
 * @n rulesets of the same, each with one user, into @ret: one for each loop.
 * @release runs with the last of them, in its thread; not where this fails.
 * Return: 0 or -ENOMEM.
 */
int ruleset_new_many(const struct conf *cf, const struct policy *policy,
		     void (*release)(void *arg), void *arg, unsigned n,
		     struct ruleset **ret);

/* One user more, who ends with ruleset_unref(). Return: @rs. */
struct ruleset *ruleset_ref(struct ruleset *rs);
void ruleset_unref(struct ruleset *rs); /* NULL is fine */

#endif
