/* SPDX-License-Identifier: MIT */
/*
 * sandbox/rulebook.h - a conf, and the policies that are made of it
 *
 * What is loaded once judges the listeners of the conf and any number of runs:
 * one policy for each profile that is asked for, however many ask. Whoever
 * needs it holds a reference; the last one frees it, in any thread. The rest is
 * for the owner's thread.
 */
#ifndef NETLEASH_SANDBOX_RULEBOOK_H
#define NETLEASH_SANDBOX_RULEBOOK_H

#include <stdbool.h>

#include "common/conf_choice.h"

struct conf;
struct policy;
struct proxy_scope;
struct rulebook;

/* Takes @cf, not where it fails; with one reference. Return: 0 or -ENOMEM. */
int rulebook_new(struct conf *cf, struct rulebook **ret);

/*
 * @base's, a reference of which it holds, and @more's rules of the top level on
 * top of each profile: costs by what @more holds. Takes @more, not where it
 * fails. Return: 0 or -ENOMEM.
 */
int rulebook_new_on(struct rulebook *base, struct conf *more,
		    struct rulebook **ret);

/* Of one on top of another, @base's. */
const struct conf *rulebook_conf(const struct rulebook *rb);

/*
 * The policy of @profile, NULL for the top level alone; borrowed from @rb.
 * Return: 0; -ENOENT: there is no such profile; -ENOMEM or -errno.
 */
int rulebook_policy(struct rulebook *rb, const char *profile,
		    const struct policy **ret);

/* One that was made elsewhere, for rulebook_policy(). Takes @policy, not where
 * it fails. Return: 0 or -ENOMEM. */
int rulebook_adopt(struct rulebook *rb, const char *profile,
		   struct policy *policy);

/* From now on @s is judged by @profile's policy, for as long as the proxy needs
 * it. Return: as rulebook_policy(). */
int rulebook_lend(struct rulebook *rb, const char *profile,
		  struct proxy_scope *s);

/* Its policies have @mode whatever the conf says, until that is
 * CONF_MODE_UNSET; from now on, for all whom they judge. */
void rulebook_force_mode(struct rulebook *rb, enum conf_mode mode);

/* What was said of @rb by the above and the below counts for @next too. */
void rulebook_pass_on(const struct rulebook *rb, struct rulebook *next);

/* May its policies look into tunnels? False until it is said, before they are
 * shared. */
void rulebook_set_inspection(struct rulebook *rb, bool possible);
bool rulebook_inspects(const struct rulebook *rb);

/* Can @profile's policy want to look into a tunnel, by what the conf says or in
 * the mode of now? False where that is not possible, and for a profile that
 * nobody has asked for yet. */
bool rulebook_wants_inspection(const struct rulebook *rb, const char *profile);

struct rulebook *rulebook_ref(struct rulebook *rb); /* Return: @rb */
void rulebook_unref(void *rb); /* a struct rulebook; NULL is fine */

#endif
