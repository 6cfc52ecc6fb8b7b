/* SPDX-License-Identifier: MIT */
/*
 * proxy/ruleset.h - a policy and its conf, for as long as a request needs them
 *
 * What decided about a request is kept by it, the rule that decided too, and
 * both point into policy and conf. When the owner brings new ones, requests
 * that have begun keep the old; the last of them frees those. One loop's, so
 * nothing is locked.
 */
#ifndef NETLEASH_PROXY_RULESET_H
#define NETLEASH_PROXY_RULESET_H

struct conf;
struct policy;

/**
 * struct ruleset - do not write to it
 * @own_conf, @own_policy: the same, if the ruleset frees them; else NULL
 */
struct ruleset {
	const struct conf *conf;
	const struct policy *policy;
	struct conf *own_conf;
	struct policy *own_policy;
	unsigned users;
};

/* Borrows both for its life. Return: with one user, or NULL without memory. */
struct ruleset *ruleset_new_borrowed(const struct conf *cf,
				     const struct policy *policy);

/* Takes both; not where it fails. Return: likewise. */
struct ruleset *ruleset_new(struct conf *cf, struct policy *policy);

/* One user more, who ends with ruleset_unref(). Return: @rs. */
struct ruleset *ruleset_ref(struct ruleset *rs);
void ruleset_unref(struct ruleset *rs); /* NULL is fine */

#endif
