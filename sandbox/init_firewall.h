/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_firewall.h - what init has of one run in the firewall
 *
 * Run in init, as root, where the leash is the firewall's.
 */
#ifndef NETLEASH_SANDBOX_INIT_FIREWALL_H
#define NETLEASH_SANDBOX_INIT_FIREWALL_H

#include <stdbool.h>

#include "sandbox/firewall_watch.h"
#include "sandbox/init.h"

struct firewall;

/**
 * struct init_firewall
 * @watch_fd: readable when the rule set has changed; -1: not watched
 */
struct init_firewall {
	struct firewall *fw;
	int watch_fd;
	struct firewall_watched watched;
	bool door_open, local_open;
};

#define INIT_FIREWALL_INIT                                                     \
	{                                                                      \
		.watch_fd = -1                                                 \
	}

/*
 * Watches the rule set, then opens what @opts grants: the door, local ports,
 * servers. Return: 0 or -errno with a sentence; either way
 * init_firewall_close() ends it.
 */
int init_firewall_open(struct init_firewall *f, const struct init_opts *opts,
		       char error[INIT_TEXT_MAX]);

/* @f->watch_fd is readable: is the leash gone? */
bool init_firewall_lost(const struct init_firewall *f);

/*
 * The rules were changed and may still say that they are ours: the next run
 * loads them anew. Whoever lives by them is being ended as we are.
 */
void init_firewall_forget(struct init_firewall *f);

/* As firewall_rejected(); 0 where nothing was opened. */
int init_firewall_rejected(const struct init_firewall *f,
			   const struct init_opts *opts, uint64_t *ret);

/* Once no process of the run is left. Return: 0 or -errno with a sentence. */
int init_firewall_close(struct init_firewall *f, const struct init_opts *opts,
			char error[INIT_TEXT_MAX]);

#endif
