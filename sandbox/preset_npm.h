/* SPDX-License-Identifier: MIT */
/*
 * sandbox/preset_npm.h - the registry that npm itself is configured to use
 *
 * No registry's host is written into netleash: npm is asked, in the caller's
 * name, and never in the working directory, whose .npmrc the command on the
 * leash could have written.
 */
#ifndef NETLEASH_SANDBOX_PRESET_NPM_H
#define NETLEASH_SANDBOX_PRESET_NPM_H

#include <sys/types.h>

#include "common/rule.h"
#include "sandbox/inquiry.h"

#define NPM_TRUSTED_PATH INQUIRY_TRUSTED_PATH
#define NPM_LIMIT_MS	 10000

/**
 * struct npm_asker - who asks, and where npm may be; all borrowed
 * @path: absolute folders, colons between
 * @uid, @gid: root becomes these before npm runs
 * @home: "" if there is none
 * @limit_ms: after that npm is killed
 */
struct npm_asker {
	const char *path;
	uid_t uid;
	gid_t gid;
	const char *home;
	int limit_ms;
};

/*
 * Asks, and waits for the answer. Return: 0 with "allow HOST:PORT\n" in
 * *@ret_text, malloc'ed; -ENOMEM; or -errno with a sentence in @error.
 */
int npm_registry_rule(const struct npm_asker *asker, char **ret_text,
		      char error[RULE_ERROR_MAX]);

#endif
