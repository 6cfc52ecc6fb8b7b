/* SPDX-License-Identifier: MIT */
/*
 * sandbox/preset_npm.c - run `npm config get registry` and believe little
 *
 * In:         the caller's identity and home
 * Out:        one allow rule for the host and port of an http or https URL
 * Steps:      find npm in the trusted folders; ask it (inquiry.h), with an
 *             environment of its own; parse
 * References: npm-config(7)
 */
#include "sandbox/preset_npm.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/macros.h"
#include "common/target.h"
#include "sandbox/inquiry.h"

#define ANSWER_MAX 2048 /* longer than any URL that we would take */
#define ENV_MAX	   256

/*
 * What keeps npm from having effects (it would look for its own updates on the
 * network, and write a log), and from writing more than the answer.
 */
static const char *const npm_env[] = {
	"LC_ALL=C",
	"NO_COLOR=1",
	"npm_config_update_notifier=false",
	"npm_config_logs_max=0",
	"npm_config_loglevel=silent",
};

/* A setting of npm's in our environment that npm_env leaves alone. */
static bool is_callers_setting(const char *var)
{
	if (strncasecmp(var, "npm_config_", 11) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(npm_env); i++)
		if (strncasecmp(var, npm_env[i],
				strcspn(npm_env[i], "=") + 1) == 0)
			return false;
	return true;
}

/* Pointers only: what is new is in @path and @home. */
static void make_env(const char **env, const char *path, const char *home)
{
	size_t n = 0;

	env[n++] = path;
	if (home[0] != '\0')
		env[n++] = home;
	for (size_t i = 0; i < ARRAY_SIZE(npm_env); i++)
		env[n++] = npm_env[i];
	for (char **e = environ; *e && n < ENV_MAX - 1; e++)
		if (is_callers_setting(*e))
			env[n++] = *e;
	env[n] = NULL;
}

static int ask(const struct npm_asker *a, const char *npm, char *answer,
	       size_t *ret_len, char *error)
{
	static const char *const argv[] = { "npm", "config", "get", "registry",
					    NULL };
	const char *env[ENV_MAX];
	char path[PATH_MAX], home[PATH_MAX];
	const struct inquiry q = {
		.uid = a->uid,
		.gid = a->gid,
		.program = npm,
		.argv = argv,
		.env = env,
		.answer_max = ANSWER_MAX,
		.limit_ms = a->limit_ms,
	};
	int status = 0, r;

	snprintf(path, sizeof(path), "PATH=%s", a->path);
	snprintf(home, sizeof(home), "HOME=%s", a->home);
	make_env(env, path, a->home[0] != '\0' ? home : "");
	r = inquiry_ask(&q, answer, ret_len, &status);
	if (r == -ETIMEDOUT)
		snprintf(error, RULE_ERROR_MAX,
			 "'npm config get registry' took longer than %d s",
			 a->limit_ms / 1000);
	else if (r == -EFBIG || (r == 0 && status != 0))
		snprintf(error, RULE_ERROR_MAX,
			 "'npm config get registry' failed: run it in / to see "
			 "why");
	else if (r < 0)
		snprintf(error, RULE_ERROR_MAX, "npm cannot be started: %s",
			 strerror(-r));
	return r == 0 && status != 0 ? -EIO : r;
}

/* The answer is one line: the URL. */
static int make_rule(const char *answer, size_t n, char **ret, char *error)
{
	char detail[TARGET_DETAIL_MAX] = "", text[TARGET_TEXT_MAX];
	struct target t;

	if (n > 0 && answer[n - 1] == '\n')
		n--;
	if (target_parse_url(answer, n, &t, detail) != TARGET_OK ||
	    (t.scheme != SCHEME_HTTP && t.scheme != SCHEME_HTTPS)) {
		snprintf(error, RULE_ERROR_MAX,
			 "npm's registry is no plain http or https URL: see "
			 "'npm config get registry' in /");
		return -EINVAL;
	}
	if (asprintf(ret, "allow %s\n", target_format(&t, text)) < 0)
		return -ENOMEM;
	return 0;
}

int npm_registry_rule(const struct npm_asker *asker, char **ret_text,
		      char error[RULE_ERROR_MAX])
{
	char npm[PATH_MAX], answer[ANSWER_MAX];
	size_t n = 0;
	int r;

	if (!inquiry_find(asker->path, "npm", npm)) {
		snprintf(error, RULE_ERROR_MAX,
			 "npm is not installed (it is not in %s): install it, "
			 "or write 'allow HOST' for your registry",
			 asker->path);
		return -ENOENT;
	}
	r = ask(asker, npm, answer, &n, error);
	return r < 0 ? r : make_rule(answer, n, ret_text, error);
}
