/* SPDX-License-Identifier: MIT */
/*
 * sandbox/reload_build.h - packed bytes to a policy, beside the loop
 *
 * A conf of a million names takes some tenths of a second to parse and to
 * index. That is done on a thread of its own, so that no tunnel waits for it.
 */
#ifndef NETLEASH_SANDBOX_RELOAD_BUILD_H
#define NETLEASH_SANDBOX_RELOAD_BUILD_H

#include "common/conf_load.h"

struct conf;
struct event_base;
struct policy;
struct reload_build;

/**
 * struct reload_built - what came of it
 * @result: 0; -EINVAL: the conf does not parse; -ENOENT: it has no such
 *          profile; -errno
 * @conf, @policy: NULL unless @result is 0; the callee's to take
 * @report: on every @result; not the callee's
 */
struct reload_built {
	int result;
	struct conf *conf;
	struct policy *policy;
	struct conf_report report;
};

/* From the loop; the build is over and must not be cancelled any more. */
typedef void reload_built_fn(void *arg, struct reload_built *built);

/*
 * Reads the bytes of conf_pack() from @fd, which it takes unless it fails.
 * @profile, which may be NULL, is borrowed. Return: 0 or -errno.
 */
int reload_build_start(struct event_base *base, int fd, const char *profile,
		       reload_built_fn *done, void *arg,
		       struct reload_build **ret);

/* Waits until the thread has ended. NULL is fine. */
void reload_build_cancel(struct reload_build *b);

#endif
