/* SPDX-License-Identifier: MIT */
/*
 * proxy/hosts.h - /etc/hosts as a table
 *
 * In:         the file's text
 * Out:        every address of a name, in the file's order
 * Invariants: immutable once made. Names are normal (common/hostname.h); a
 *             line or a name that is not well formed is passed over, as every
 *             other reader of the file does
 *
 * hosts_parse() and hosts_find() are pure. References: hosts(5).
 */
#ifndef NETLEASH_PROXY_HOSTS_H
#define NETLEASH_PROXY_HOSTS_H

#include <stddef.h>

#include "common/addr.h"

struct hosts;

#define HOSTS_FILE_MAX	  (64u * 1024 * 1024)
#define HOSTS_ENTRIES_MAX 2000000u

/* Return: 0, -EFBIG beyond either limit, or -ENOMEM. */
int hosts_parse(const char *text, size_t n, struct hosts **ret);

/* A file that does not exist is an empty table. Return: as above, -errno. */
int hosts_load(const char *path, struct hosts **ret);
void hosts_free(struct hosts *h);

/*
 * The distinct addresses of a normal name, @max of them at most.
 * Return: how many; 0 if the name is not in the file.
 */
size_t hosts_find(const struct hosts *h, const char *name, struct addr *ret,
		  size_t max);

#endif
