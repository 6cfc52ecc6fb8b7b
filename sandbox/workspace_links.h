/* SPDX-License-Identifier: MIT */
/*
 * sandbox/workspace_links.h - what of a path CMD could make lead elsewhere
 *
 * A file can be shown read-only, a symbolic link cannot: whoever may write the
 * link's folder may put another link in its place.
 */
#ifndef NETLEASH_SANDBOX_WORKSPACE_LINKS_H
#define NETLEASH_SANDBOX_WORKSPACE_LINKS_H

struct workspace;

/* The writable folder that @path, resolved, is in, or is; NULL for none. */
const char *workspace_writable_above(const struct workspace *w,
				     const char *path);

/*
 * Follows @path, relative to w->cwd, as the kernel does. *@ret is the first
 * link on the way that is in a writable folder, malloc'ed, or NULL: there is
 * none, or nothing is there. Return: 0 or -ENOMEM.
 */
int workspace_find_link(const struct workspace *w, const char *path,
			char **ret);

#endif
