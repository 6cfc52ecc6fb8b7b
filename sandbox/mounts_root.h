/* SPDX-License-Identifier: MIT */
/*
 * sandbox/mounts_root.h - a root that is a mount, private to us
 *
 * For mounts.c only.
 */
#ifndef NETLEASH_SANDBOX_MOUNTS_ROOT_H
#define NETLEASH_SANDBOX_MOUNTS_ROOT_H

struct view;

/*
 * Afterwards "/" is the root of a mount, and nothing that is mounted in this
 * namespace is seen outside of it. Return: 0 or -errno with a sentence.
 */
int root_apply(struct view *v);

#endif
