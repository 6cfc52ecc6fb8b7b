/* SPDX-License-Identifier: MIT */
/*
 * proxy/hosts_file.h - names that are answered without DNS
 *
 * localhost and the names below it, and the table of hosts.h, read again when
 * the file has changed, which is looked at once a second at most, and only when
 * a name is asked for.
 */
#ifndef NETLEASH_PROXY_HOSTS_FILE_H
#define NETLEASH_PROXY_HOSTS_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"

struct hosts_file;

/* Return: 0, or -errno as hosts_load(). @path is copied. */
int hosts_file_open(const char *path, uint64_t now_ms, struct hosts_file **ret);
void hosts_file_close(struct hosts_file *f);

/*
 * The addresses of a normal name, @max at most. Return: how many; 0 if DNS is
 * to be asked. A file that can no longer be read is a warning in the log,
 * and what it said before still holds.
 */
size_t hosts_file_find(struct hosts_file *f, const char *name, uint64_t now_ms,
		       struct addr *ret, size_t max);

#endif
