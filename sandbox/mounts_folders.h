/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_folders.h - the folders that the run shows or hides
 *
 * For mounts.c only.
 */
#ifndef NETLEASH_SANDBOX_MOUNTS_FOLDERS_H
#define NETLEASH_SANDBOX_MOUNTS_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>

struct view;

/* Where one path is named twice, the later kind wins. */
enum folder_kind {
	FOLDER_WRITABLE,
	FOLDER_READONLY,
	FOLDER_HIDDEN
};

/**
 * struct folder
 * @path:    borrowed from the options
 * @fd:      its tree, taken from the host's view; -1 for hidden ones
 * @is_file: a regular file, not a folder
 */
struct folder {
	const char *path;
	enum folder_kind kind;
	int fd;
	bool is_file;
};

struct folders {
	struct folder *v;
	size_t n;
};

#define FOLDERS_INIT                                                           \
	{                                                                      \
		NULL, 0                                                        \
	}

/*
 * Opens all folders of the options and takes their trees, parents first. Must
 * run before anything is covered. Return: 0 or -errno with a sentence.
 */
int folders_take(struct view *v, struct folders *ret);

/* Gives the trees their map and flags, and puts them at their paths. */
int folders_apply(struct view *v, struct folders *folders);
void folders_fini(struct folders *folders);

#endif
