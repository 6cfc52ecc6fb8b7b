/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_permit.c - does the conf permit a caller his run?
 */
#include "sandbox/attend_permit.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "sandbox/cli.h"
#include "sandbox/identity.h"

/* A group without a name cannot be named by a line. Return: false without
 * memory. */
static bool add_group(char ***names, size_t *n, gid_t gid)
{
	const struct group *found = getgrgid(gid);
	char **grown;

	if (!found)
		return true;
	grown = realloc(*names, (*n + 1) * sizeof(*grown));
	if (!grown)
		return false;
	*names = grown;
	grown[*n] = strdup(found->gr_name);
	return grown[*n] && ++*n;
}

/* Return: false without memory. */
static bool find_groups(const struct caller *caller, char ***ret, size_t *ret_n)
{
	bool ok = add_group(ret, ret_n, caller->gid);

	for (size_t i = 0; i < caller->groups_n && ok; i++)
		ok = add_group(ret, ret_n, caller->groups[i]);
	return ok;
}

/* @cli: NULL for any run. */
static bool permits(const struct conf *cf, const struct caller *caller,
		    const struct run_cli *cli, char *why, size_t size)
{
	struct conf_asker asker = { .user = caller->name };
	char **names = NULL;
	size_t n = 0;
	bool ok = find_groups(caller, &names, &n);

	asker.groups = (const char *const *)names;
	asker.groups_n = n;
	if (!ok) {
		(void)snprintf(why, size, "out of memory");
	} else if (!cli) {
		ok = conf_permits_any(cf, &asker, why, size);
	} else {
		asker.profile = cli->profile;
		asker.custom = cli->rules_n > 0;
		asker.online = cli->network == NETWORK_ONLINE;
		ok = conf_permits(cf, &asker, why, size);
	}
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return ok;
}

bool attend_permits(const struct conf *cf, const struct caller *caller,
		    const struct run_cli *cli, char *why, size_t size)
{
	return permits(cf, caller, cli, why, size);
}

bool attend_permits_any(const struct conf *cf, const struct caller *caller,
			char *why, size_t size)
{
	return permits(cf, caller, NULL, why, size);
}
