/* SPDX-License-Identifier: MIT */
/*
 * proxy/hosts_file.c - names that are answered without DNS
 *
 * In:         normal names
 * Out:        the loopback addresses for localhost and all below it, whatever
 *             the file says (RFC 6761 section 6.3); for other names what
 *             /etc/hosts says
 * Invariants: the file is looked at once a second at most; a table is replaced
 *             only by one that was read whole
 */
#include "proxy/hosts_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/macros.h"
#include "proxy/file_stamp.h"
#include "proxy/hosts.h"

struct hosts_file {
	char *path;
	struct hosts *table;
	struct file_stamp stamp;
	uint64_t looked_ms;
};

int hosts_file_open(const char *path, uint64_t now_ms, struct hosts_file **ret)
{
	struct hosts_file *f = calloc(1, sizeof(*f));
	int r = -ENOMEM;

	if (!f)
		return -ENOMEM;
	f->path = strdup(path);
	if (!f->path)
		goto out;
	/* Taken before it is read: a change in between is seen next time. */
	f->stamp = file_stamp_take(path);
	f->looked_ms = now_ms;
	r = hosts_load(path, &f->table);
	if (r < 0)
		goto out;
	*ret = f;
	f = NULL;
out:
	hosts_file_close(f);
	return r;
}

void hosts_file_close(struct hosts_file *f)
{
	if (!f)
		return;
	hosts_free(f->table);
	free(f->path);
	free(f);
}

static void refresh(struct hosts_file *f, uint64_t now_ms)
{
	struct file_stamp stamp;
	struct hosts *table;
	int r;

	if (now_ms - f->looked_ms < FILE_STAMP_INTERVAL_MS)
		return;
	f->looked_ms = now_ms;
	stamp = file_stamp_take(f->path);
	if (file_stamp_equal(&stamp, &f->stamp))
		return;
	f->stamp = stamp;
	r = hosts_load(f->path, &table);
	if (r < 0) {
		log_warn("%s: %s; what it said before still holds", f->path,
			 strerror(-r));
		return;
	}
	hosts_free(f->table);
	f->table = table;
}

static bool is_localhost(const char *name)
{
	static const char tail[] = ".localhost";
	size_t n = strlen(name), m = sizeof(tail) - 1;

	return strcmp(name, tail + 1) == 0 ||
	       (n > m && strcmp(name + n - m, tail) == 0);
}

size_t hosts_file_find(struct hosts_file *f, const char *name, uint64_t now_ms,
		       struct addr *ret, size_t max)
{
	static const struct addr loopback[] = {
		{ .family = AF_INET, .bytes = { 127, 0, 0, 1 } },
		{ .family = AF_INET6, .bytes = { [15] = 1 } },
	};

	if (is_localhost(name)) {
		size_t n =
			max < ARRAY_SIZE(loopback) ? max : ARRAY_SIZE(loopback);

		memcpy(ret, loopback, n * sizeof(*ret));
		return n;
	}
	refresh(f, now_ms);
	return hosts_find(f->table, name, ret, max);
}
