/* SPDX-License-Identifier: MIT */
/*
 * sandbox/leaver.c - who makes room where users share what there is
 */
#include "sandbox/leaver.h"

static size_t count_of(const struct stayer *v, size_t n, uid_t uid)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += v[i].uid == uid;
	return count;
}

size_t leaver_find(const struct stayer *v, size_t n, size_t floor)
{
	size_t found = n, most = floor;

	for (size_t i = 0; i < n; i++) {
		const size_t has = count_of(v, n, v[i].uid);

		if (has > most || (found < n && v[i].uid == v[found].uid &&
				   v[i].turn < v[found].turn)) {
			most = has;
			found = i;
		}
	}
	return found;
}
