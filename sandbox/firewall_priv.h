/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_priv.h - the firewall, inside out
 *
 * For firewall_nft.c and firewall_door.c only.
 */
#ifndef NETLEASH_SANDBOX_FIREWALL_PRIV_H
#define NETLEASH_SANDBOX_FIREWALL_PRIV_H

#include <stdint.h>

#include "sandbox/firewall.h"

struct firewall_place;
struct nft_ctx;
struct nft_library;

/**
 * struct firewall - one user's connection to nf_tables
 * @fd:  of firewall_socket.h
 * @lib, @nft: libnftables, once something needed it; has a socket of its own
 */
struct firewall {
	int fd;
	const struct nft_library *lib;
	struct nft_ctx *nft;
};

/*
 * The place of a run, and by what id nf_tables knows its cgroup, once its name
 * and cgroup are known good. Return: 0, or -errno with a sentence.
 */
int firewall_find_run(const char *run_name, struct firewall_place *ret,
		      uint64_t *ret_cgroup_id, char error[FIREWALL_ERROR_MAX]);

#endif
