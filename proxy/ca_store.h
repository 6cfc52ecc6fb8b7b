/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_store.h - where a system keeps the CAs that it trusts
 */
#ifndef NETLEASH_PROXY_CA_STORE_H
#define NETLEASH_PROXY_CA_STORE_H

#include <stddef.h>

/* The path of one file with all of them; the @i-th that a system may have, from
 * the most likely on; NULL past the last. */
const char *ca_store_path(size_t i);

#endif
