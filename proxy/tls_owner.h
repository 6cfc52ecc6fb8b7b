/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_owner.h - whose work a TLS session is
 */
#ifndef NETLEASH_PROXY_TLS_OWNER_H
#define NETLEASH_PROXY_TLS_OWNER_H

struct pace;
struct pace_party;

/**
 * struct tls_owner - all zeros: nobody's, whose work is done as it comes
 * @pace, @party: in whose turn it is done
 * @gone: the session's memory has been given back; once, from anywhere
 */
struct tls_owner {
	struct pace *pace;
	struct pace_party *party;
	void (*gone)(void *arg);
	void *arg;
};

#endif
