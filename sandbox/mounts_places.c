/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_places.c - which folders can be a workspace
 *
 * Pure: paths in, yes or no out.
 */
#include "sandbox/mounts.h"

#include <string.h>

#include "common/macros.h"
#include "sandbox/mounts_tree.h"

/* The system's own, with all that is below. */
static const char *const system_folders[] = {
	"/usr",	 "/etc",  "/var", "/boot", "/dev",
	"/proc", "/sys",  "/run", "/bin",  "/sbin",
	"/nix",	 "/snap", "/efi", "/gnu",  "/lost+found",
};

/* Folders of folders: what is below can be one, they themselves cannot. */
static const char *const containers[] = {
	"/home", "/root", "/tmp", "/srv", "/opt", "/mnt", "/media",
};

static bool is_system(const char *path)
{
	/* /lib32, /lib64, /libx32. */
	if (strncmp(path, "/lib", 4) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(system_folders); i++)
		if (path_is_below(path, system_folders[i]))
			return true;
	return false;
}

static bool is_container(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(containers); i++)
		if (strcmp(path, containers[i]) == 0)
			return true;
	return false;
}

/* A home of somebody: /home/NAME. */
static bool is_home(const char *path)
{
	return path_is_below(path, "/home") && path[5] == '/' &&
	       !strchr(path + 6, '/');
}

bool mounts_is_home(const char *home)
{
	if (home[0] != '/' || home[1] == '\0' || strcmp(home, "/home") == 0 ||
	    strcmp(home, "/tmp") == 0)
		return false;
	/* Service accounts live in /var/lib; "/var" or "/usr/sbin" as a home
	 * stand for "none". */
	if (path_is_below(home, "/var"))
		return strchr(home + 1, '/') != NULL;
	return !is_system(home);
}

bool mounts_is_workspace(const char *path, const char *home)
{
	if (path[0] != '/' || path[1] == '\0')
		return false;
	if (home && mounts_is_home(home) && path_is_below(path, home))
		return path[strlen(home)] == '/';
	return !is_system(path) && !is_container(path) && !is_home(path);
}

/* Empty or private for CMD. */
static const char *const replaced[] = { "/root", "/home", "/tmp",
					"/run",	 "/dev",  "/dev/shm" };

bool mounts_is_hidden(const char *path, const char *home)
{
	for (size_t i = 0; i < ARRAY_SIZE(replaced); i++)
		if (path_is_below(path, replaced[i]))
			return true;
	return mounts_is_home(home) && path_is_below(path, home);
}

bool mounts_is_replaced(const char *path, const char *home)
{
	for (size_t i = 0; i < ARRAY_SIZE(replaced); i++)
		if (strcmp(path, replaced[i]) == 0)
			return true;
	return mounts_is_home(home) && strcmp(path, home) == 0;
}
