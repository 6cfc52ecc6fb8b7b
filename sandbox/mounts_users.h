/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_users.h - a name for CMD's uid
 *
 * For mounts.c only. getpwuid(3) of a uid without an entry fails, and ssh, git,
 * npm and shells stop or complain.
 */
#ifndef NETLEASH_SANDBOX_MOUNTS_USERS_H
#define NETLEASH_SANDBOX_MOUNTS_USERS_H

#include <stdbool.h>
#include <stddef.h>

struct mounts_opts;
struct strbuf;
struct view;

/* The name for users whose own name belongs to another uid already. */
#define USERS_FALLBACK_NAME "netleash"

/*
 * Writes @old (text of passwd, or of group if @is_group, any bytes) with an
 * entry for CMD into @ret. Nothing is added where the id has one. Pure. Errors
 * of memory show as strbuf_failed(@ret).
 */
void users_render(const struct mounts_opts *opts, bool is_group,
		  const char *old, size_t n, struct strbuf *ret);

/* Binds such files over /etc/passwd and /etc/group. Needs the view's /dev/shm.
 */
int users_apply(struct view *v);

#endif
