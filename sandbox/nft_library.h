/* SPDX-License-Identifier: MIT */
/*
 * sandbox/nft_library.h - libnftables, loaded by the first who needs it
 *
 * With what it brings along it is half of the libraries of this program, and
 * most starts need none of it: those find the base rules in place.
 *
 * References: libnftables(3), dlopen(3)
 */
#ifndef NETLEASH_SANDBOX_NFT_LIBRARY_H
#define NETLEASH_SANDBOX_NFT_LIBRARY_H

#include <nftables/libnftables.h>

/**
 * struct nft_library - its functions, each by its name without nft_
 */
struct nft_library {
	struct nft_ctx *(*ctx_new)(uint32_t flags);
	void (*ctx_free)(struct nft_ctx *ctx);
	int (*ctx_buffer_output)(struct nft_ctx *ctx);
	int (*ctx_buffer_error)(struct nft_ctx *ctx);
	const char *(*ctx_get_output_buffer)(struct nft_ctx *ctx);
	const char *(*ctx_get_error_buffer)(struct nft_ctx *ctx);
	int (*run_cmd_from_buffer)(struct nft_ctx *nft, const char *buf);
};

/* Stays loaded. Return: NULL where it is not installed, with *@ret_why. */
const struct nft_library *nft_library(const char **ret_why);

#endif
