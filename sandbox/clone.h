/* SPDX-License-Identifier: MIT */
/*
 * sandbox/clone.h - fork(2) into namespaces, and into a cgroup
 */
#ifndef NETLEASH_SANDBOX_CLONE_H
#define NETLEASH_SANDBOX_CLONE_H

#include <stdint.h>
#include <sys/types.h>

/*
 * As fork(2), with CLONE_NEW* @flags; the child is in the cgroup of directory
 * @cgroup_fd from its first instruction (-1: in ours). Linux 5.7.
 */
pid_t clone_process(uint64_t flags, int cgroup_fd);

#endif
