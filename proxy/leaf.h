/* SPDX-License-Identifier: MIT */
/*
 * proxy/leaf.h - certificates for inspected hosts, minted once each
 *
 * A leaf is for one DNS name or one address, never for a wildcard, and is good
 * for a week at most; the cache mints it anew before it ends. One loop's.
 *
 * References: RFC 5280 section 4.2.1.6 (what names a host)
 */
#ifndef NETLEASH_PROXY_LEAF_H
#define NETLEASH_PROXY_LEAF_H

#include <time.h>

struct addr;
struct ca;
struct leaf;
struct leaf_cache;
struct mbedtls_pk_context;
struct mbedtls_x509_crt;

/* What is kept; when there are more, the one goes that was not used for longest
 * of those that the owner of most had made. */
#define LEAF_CACHE_MAX 512

/* Borrows @ca. Return: NULL without memory. */
struct leaf_cache *leaf_cache_new(struct ca *ca);

/* No leaf must be in use. NULL is fine. */
void leaf_cache_free(struct leaf_cache *lc);

/*
 * The one for @host, a normal name, or for @addr, of which @host is the text
 * then. It is the caller's until leaf_unref(). @owner, who asks, is compared
 * and nothing else; what others had made serves him, too. Return: 0, -ENOMEM,
 * or -EIO where it cannot be made, as when the authority has ended.
 */
int leaf_get(struct leaf_cache *lc, const void *owner, const char *host,
	     const struct addr *addr, time_t now, struct leaf **ret);
void leaf_unref(struct leaf *l);

/* For mbedtls_ssl_set_hs_own_cert(); borrowed. */
struct mbedtls_x509_crt *leaf_crt(struct leaf *l);
struct mbedtls_pk_context *leaf_key(struct leaf *l);

#endif
