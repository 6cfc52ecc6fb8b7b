/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_rules.h - the rule set as nft text
 *
 * Pure: identities and doors in, text for one transaction out. Paths are
 * those of nft: relative to /sys/fs/cgroup.
 */
#ifndef NETLEASH_SANDBOX_FIREWALL_RULES_H
#define NETLEASH_SANDBOX_FIREWALL_RULES_H

#include <stdint.h>

#include "sandbox/firewall.h"

struct strbuf;

#define FIREWALL_VERSION_MAX	32
#define FIREWALL_VERSION_PREFIX "base "
#define FIREWALL_PATH_MAX	320

/**
 * struct firewall_place - the cgroup that all runs are in
 * @path: as nft wants it, "netleash" where cgroup2 is at /sys/fs/cgroup
 * @id:   its inode: the rules hold it, not the path, so a directory that was
 *        made anew needs rules that were made anew
 */
struct firewall_place {
	char path[FIREWALL_PATH_MAX];
	uint64_t id;
};

/*
 * Where cgroup2 is mounted at @mount, the place of its directory netleash.
 * Return: 0, or -EINVAL if the path cannot stand in nft's text.
 */
int firewall_place_make(const char *mount, uint64_t id,
			struct firewall_place *ret);

/* The base rule set: loads whole, whatever was there before. */
void firewall_render_base(const struct firewall_ids *ids,
			  const struct firewall_place *place,
			  struct strbuf *out);

/* A word that is in the base rules of exactly these arguments and this
 * version of netleash. */
void firewall_render_version(const struct firewall_ids *ids,
			     const struct firewall_place *place,
			     char ret[FIREWALL_VERSION_MAX]);

/* Whatever is loaded is of no version then. */
#define FIREWALL_FORGET_VERSION "flush chain inet netleash edition"

/*
 * What an earlier version called its edition: nothing jumps there. By itself,
 * for an nft that takes no such name (1.0.2) would refuse all of a text.
 */
#define FIREWALL_DELETE_OLD "delete chain inet netleash version"

/* Absent is no error: the first line makes what the second removes. */
#define FIREWALL_DELETE_BASE                                                   \
	"add table inet netleash\ndelete table inet netleash\n"

enum firewall_verb {
	FIREWALL_CREATE,
	FIREWALL_DELETE,
	FIREWALL_GET
};

/*
 * What a run may use of loopback besides its door. FIREWALL_CREATE and
 * FIREWALL_DELETE do not mind what is there and what is not.
 */
void firewall_render_local(enum firewall_verb verb,
			   const struct firewall_place *place,
			   const struct firewall_local *local,
			   struct strbuf *out);

#endif
