/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_dev.h - CMD's /dev
 *
 * For mounts.c only. Two calls, because what is bound from the host's /dev
 * must be taken before it is covered.
 */
#ifndef NETLEASH_SANDBOX_MOUNTS_DEV_H
#define NETLEASH_SANDBOX_MOUNTS_DEV_H

struct view;

#define DEV_NODES 6

/**
 * struct dev - trees of the host's device nodes; -1 where there is none
 * @console: the caller's terminal
 */
struct dev {
	int node[DEV_NODES];
	int console;
};

#define DEV_INIT                                                               \
	{                                                                      \
		{ -1, -1, -1, -1, -1, -1 }, -1                                 \
	}

/* Return: 0 or -errno with a sentence in the view. */
int dev_take(struct view *v, struct dev *dev);
int dev_apply(struct view *v, struct dev *dev);
void dev_fini(struct dev *dev);

#endif
