/* SPDX-License-Identifier: MIT */
/*
 * sandbox/workspace_links.c - what of a path CMD could make lead elsewhere
 *
 * In:         a path, and the folders that CMD may write
 * Out:        the first link on the path's way that is in one of them
 * Steps:      one component after the other is put behind what is resolved
 *             already; a link that CMD cannot replace is followed by hand, so
 *             that one behind it, where it leads, is seen
 * Invariants: @at is resolved: absolute, without links, "." and ".."
 * References: path_resolution(7)
 */
#include "sandbox/workspace_links.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/scope.h"
#include "sandbox/mounts_tree.h"
#include "sandbox/workspace.h"

#define LINKS_MAX 40 /* the kernel's own bound */

const char *workspace_writable_above(const struct workspace *w,
				     const char *path)
{
	for (size_t i = 0; i < w->writable.n; i++)
		if (path_is_below(path, w->writable.v[i]))
			return w->writable.v[i];
	return NULL;
}

/* @at: what is resolved, "" for the root; @left: what is not, owned. */
struct walk {
	char at[PATH_MAX];
	char *left;
	unsigned links_n;
};

/* Takes the next component off @left into @at; false where none is left. */
static bool step(struct walk *k)
{
	char *rest = k->left, *name = rest + strspn(rest, "/");
	size_t n = strcspn(name, "/"), at_n = strlen(k->at);
	char *slash;

	if (n == 0)
		return false;
	if (n == 2 && name[0] == '.' && name[1] == '.') {
		slash = strrchr(k->at, '/');
		if (slash)
			*slash = '\0';
	} else if (n != 1 || name[0] != '.') {
		if (at_n + n + 2 > sizeof(k->at))
			return false;
		k->at[at_n] = '/';
		memcpy(k->at + at_n + 1, name, n);
		k->at[at_n + 1 + n] = '\0';
	}
	memmove(rest, name + n, strlen(name + n) + 1);
	return true;
}

/* @at is a link: goes on where it leads. Return: false where it cannot. */
static bool follow(struct walk *k)
{
	char target[PATH_MAX], *slash = strrchr(k->at, '/'), *left;
	ssize_t n = readlink(k->at, target, sizeof(target) - 1);

	if (n <= 0 || k->links_n++ == LINKS_MAX)
		return false;
	target[n] = '\0';
	if (asprintf(&left, "%s/%s", target, k->left) < 0)
		return false;
	free(k->left);
	k->left = left;
	*slash = '\0';
	if (target[0] == '/')
		k->at[0] = '\0';
	return true;
}

static bool is_writable_here(const struct workspace *w, const char *link)
{
	const char *slash = strrchr(link, '/');
	AUTOFREE char *folder = strndup(link, (size_t)(slash - link));

	return !folder || workspace_writable_above(w, folder);
}

int workspace_find_link(const struct workspace *w, const char *path, char **ret)
{
	struct walk k = { .links_n = 0 };
	struct stat st;
	int r = 0;

	*ret = NULL;
	if (path[0] != '/')
		(void)snprintf(k.at, sizeof(k.at), "%s",
			       strcmp(w->cwd, "/") == 0 ? "" : w->cwd);
	k.left = strdup(path);
	if (!k.left)
		return -ENOMEM;
	while (step(&k) && (k.at[0] == '\0' || lstat(k.at, &st) == 0)) {
		if (k.at[0] == '\0' || !S_ISLNK(st.st_mode))
			continue;
		if (is_writable_here(w, k.at)) {
			*ret = strdup(k.at);
			r = *ret ? 0 : -ENOMEM;
			break;
		}
		if (!follow(&k))
			break;
	}
	free(k.left);
	return r;
}
