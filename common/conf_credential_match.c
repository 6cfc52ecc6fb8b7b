/* SPDX-License-Identifier: MIT */
/*
 * common/conf_credential_match.c - to which requests a credential goes
 *
 * In:         a credential, a target
 * Out:        yes or no
 * Invariants: a request that is not https never gets one; neither does one
 *             whose path a server might read as another path
 */
#include "common/conf_credential.h"

#include <string.h>

#include "common/path_glob.h"

static bool is_at(const struct rule *r, const struct target *t)
{
	return rule_matches_host(r, t) && rule_matches_port(r, t->port);
}

/* @path is @glob, or below what it names: "/a/" and "/a" both hold "/a/b". */
static bool is_at_or_below(const char *glob, const char *path, size_t path_n)
{
	char below[PATH_GLOB_MAX + sizeof("/**")];
	size_t n;

	if (path_glob_match(glob, path, path_n))
		return true;
	n = strlen(glob);
	if (n > PATH_GLOB_MAX)
		return false;
	memcpy(below, glob, n);
	if (n == 0 || glob[n - 1] != '/')
		below[n++] = '/';
	memcpy(below + n, "**", sizeof("**"));
	return path_glob_match(below, path, path_n);
}

bool conf_credential_is_for(const struct conf_credential *c,
			    const struct target *t)
{
	for (size_t i = 0; i < c->targets_n; i++)
		if (is_at(&c->targets[i], t))
			return true;
	return false;
}

bool conf_credential_covers(const struct conf_credential *c,
			    const struct target *t)
{
	const char *path = "/";
	size_t n = 0;

	if (t->scheme != SCHEME_HTTPS && t->scheme != SCHEME_WSS)
		return false;
	while (n < t->path_len && t->path[n] != '?' && t->path[n] != '#')
		n++;
	if (n > 0)
		path = t->path;
	else
		n = 1;
	if (!path_is_safe(path, n))
		return false;
	for (size_t i = 0; i < c->targets_n; i++) {
		const char *glob = rule_path(&c->targets[i]);

		if (is_at(&c->targets[i], t) &&
		    (!glob || is_at_or_below(glob, path, n)))
			return true;
	}
	return false;
}
