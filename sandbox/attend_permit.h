/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_permit.h - does the conf permit a caller his run?
 */
#ifndef NETLEASH_SANDBOX_ATTEND_PERMIT_H
#define NETLEASH_SANDBOX_ATTEND_PERMIT_H

#include <stdbool.h>
#include <stddef.h>

struct caller;
struct conf;
struct run_cli;

/*
 * Asks the `permit` lines of @cf, by @caller's name and the names of all his
 * groups. Return: false with a sentence in @why.
 */
bool attend_permits(const struct conf *cf, const struct caller *caller,
		    const struct run_cli *cli, char *why, size_t size);

/* Could there be a run of his that they permit? Return: as above. */
bool attend_permits_any(const struct conf *cf, const struct caller *caller,
			char *why, size_t size);

#endif
