/* SPDX-License-Identifier: MIT */
/*
 * proxy/leaf.c - certificates for inspected hosts, minted once each
 *
 * Invariants: a name is written only after it was found normal again here, so
 *             that nothing in it means anything to mbedTLS's parser of names;
 *             lengths are bounded by that, too
 */
#include "proxy/leaf.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/addr.h"
#include "common/hostname.h"
#include "proxy/ca_priv.h"
#include "proxy/ca_sign.h"

#define LIFE_SECONDS	(7 * 24 * 3600)
#define RENEW_SECONDS	(24 * 3600)
#define SAN_MAX		320
#define COMMON_NAME_MAX 64 /* RFC 5280's ub-common-name */
#define SAN_TAG_DNS	(MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2)
#define SAN_TAG_ADDRESS (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7)

/* Who had some made: as many as he has in the cache. */
struct owner {
	LIST_ENTRY(owner) link;
	const void *who;
	unsigned n;
};

/**
 * struct leaf
 * @refs:  the cache's and its users'
 * @owner: while it is in the cache
 */
struct leaf {
	TAILQ_ENTRY(leaf) link;
	struct owner *owner;
	struct ca *ca;
	mbedtls_x509_crt crt;
	time_t ends;
	unsigned refs;
	char host[HOSTNAME_BUFFER];
};

/* From the one used last to the one not used for longest. */
struct leaf_cache {
	struct ca *ca;
	TAILQ_HEAD(leaf_list, leaf) leaves;
	LIST_HEAD(, owner) owners;
	unsigned n;
};

struct leaf_cache *leaf_cache_new(struct ca *ca)
{
	struct leaf_cache *lc = calloc(1, sizeof(*lc));

	if (!lc)
		return NULL;
	lc->ca = ca;
	TAILQ_INIT(&lc->leaves);
	LIST_INIT(&lc->owners);
	return lc;
}

void leaf_unref(struct leaf *l)
{
	if (!l || --l->refs > 0)
		return;
	mbedtls_x509_crt_free(&l->crt);
	free(l);
}

static void drop(struct leaf_cache *lc, struct leaf *l)
{
	struct owner *o = l->owner;

	TAILQ_REMOVE(&lc->leaves, l, link);
	lc->n--;
	l->owner = NULL;
	if (--o->n == 0) {
		LIST_REMOVE(o, link);
		free(o);
	}
	leaf_unref(l);
}

/* There are not many: each has a leaf at least. Return: NULL without memory. */
static struct owner *find_owner(struct leaf_cache *lc, const void *who)
{
	struct owner *o;

	LIST_FOREACH (o, &lc->owners, link)
		if (o->who == who)
			return o;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->who = who;
	LIST_INSERT_HEAD(&lc->owners, o, link);
	return o;
}

/* So that he who asks for one name after the other pays for it himself. */
static void drop_one(struct leaf_cache *lc)
{
	struct owner *o, *most = LIST_FIRST(&lc->owners);
	struct leaf *l;

	LIST_FOREACH (o, &lc->owners, link)
		if (o->n >= most->n)
			most = o;
	TAILQ_FOREACH_REVERSE(l, &lc->leaves, leaf_list, link)
	if (l->owner == most)
		break;
	drop(lc, l);
}

void leaf_cache_free(struct leaf_cache *lc)
{
	struct leaf *l;

	if (!lc)
		return;
	while ((l = TAILQ_FIRST(&lc->leaves)))
		drop(lc, l);
	free(lc);
}

mbedtls_x509_crt *leaf_crt(struct leaf *l)
{
	return &l->crt;
}

mbedtls_pk_context *leaf_key(struct leaf *l)
{
	return &l->ca->leaf_key;
}

/* GeneralNames of one name. mbedTLS writes from the end of a buffer to its
 * beginning. Return: 0, or mbedTLS's error. */
static int set_names(mbedtls_x509write_cert *w, const char *host,
		     const struct addr *addr)
{
	const unsigned char *bytes = (const unsigned char *)host;
	unsigned char san[SAN_MAX] = { 0 }, *p = san + sizeof(san);
	size_t n = strlen(host);
	int r, len;

	if (addr) {
		bytes = addr->bytes;
		n = addr->family == AF_INET ? 4 : 16;
	}
	len = r = mbedtls_asn1_write_raw_buffer(&p, san, bytes, n);
	if (r >= 0)
		r = mbedtls_asn1_write_len(&p, san, (size_t)len);
	len += r;
	if (r >= 0)
		r = mbedtls_asn1_write_tag(
			&p, san, addr ? SAN_TAG_ADDRESS : SAN_TAG_DNS);
	len += r;
	if (r >= 0)
		r = mbedtls_asn1_write_len(&p, san, (size_t)len);
	len += r;
	if (r >= 0)
		r = mbedtls_asn1_write_tag(&p, san,
					   MBEDTLS_ASN1_CONSTRUCTED |
						   MBEDTLS_ASN1_SEQUENCE);
	len += r;
	return r < 0 ? r
		     : mbedtls_x509write_crt_set_extension(
			       w, MBEDTLS_OID_SUBJECT_ALT_NAME,
			       MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME),
			       0, p, (size_t)len);
}

/* ExtKeyUsageSyntax of serverAuth alone. */
static int set_usages(mbedtls_x509write_cert *w)
{
	static const unsigned char server_auth[] = { 0x30, 0x0a, 0x06, 0x08,
						     0x2b, 0x06, 0x01, 0x05,
						     0x05, 0x07, 0x03, 0x01 };
	int r = mbedtls_x509write_crt_set_key_usage(
		w, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);

	if (r != 0)
		return r;
	return mbedtls_x509write_crt_set_extension(
		w, MBEDTLS_OID_EXTENDED_KEY_USAGE,
		MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), 0,
		server_auth, sizeof(server_auth));
}

/* A name too long for it stands among the alternative names alone. */
static int set_subject(mbedtls_x509write_cert *w, const char *host)
{
	char name[COMMON_NAME_MAX + sizeof("CN=")];

	(void)snprintf(name, sizeof(name), "CN=%.64s",
		       strlen(host) <= COMMON_NAME_MAX ? host
						       : "netleash leaf");
	return mbedtls_x509write_crt_set_subject_name(w, name);
}

static int set_times(mbedtls_x509write_cert *w, struct leaf *l, time_t now)
{
	const time_t first = ca_time(&l->ca->crt.valid_from),
		     last = ca_time(&l->ca->crt.valid_to);
	time_t begins = now - CA_SKEW_SECONDS;
	char from[CA_TIME_TEXT], to[CA_TIME_TEXT];

	l->ends = now + LIFE_SECONDS;
	if (begins < first)
		begins = first;
	if (l->ends > last)
		l->ends = last;
	ca_format_time(begins, from);
	ca_format_time(l->ends, to);
	return mbedtls_x509write_crt_set_validity(w, from, to);
}

/* Return: its length at the end of @der, or mbedTLS's error. */
static int sign(struct leaf *l, mbedtls_x509write_cert *w,
		const struct addr *addr, time_t now,
		unsigned char der[CA_DER_MAX])
{
	struct ca *ca = l->ca;
	unsigned char serial[CA_SERIAL_BYTES];
	int r = ca_make_serial(ca, serial);

	mbedtls_x509write_crt_set_version(w, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(w, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(w, &ca->leaf_key);
	mbedtls_x509write_crt_set_issuer_key(w, &ca->key);
	if (r == 0)
		r = compat_tls_set_serial(w, serial, sizeof(serial));
	if (r == 0)
		r = set_subject(w, l->host);
	if (r == 0)
		r = mbedtls_x509write_crt_set_issuer_name(w, ca->name);
	if (r == 0)
		r = set_times(w, l, now);
	if (r == 0)
		r = mbedtls_x509write_crt_set_basic_constraints(w, 0, -1);
	if (r == 0)
		r = mbedtls_x509write_crt_set_authority_key_identifier(w);
	if (r == 0)
		r = set_usages(w);
	if (r == 0)
		r = set_names(w, l->host, addr);
	if (r == 0)
		r = ca_sign(ca, w, der);
	return r;
}

/* What comes from elsewhere never reaches a certificate unread. */
static bool is_normal(const char *host, const struct addr *addr)
{
	char normal[HOSTNAME_BUFFER];

	if (addr)
		return strlen(host) < HOSTNAME_BUFFER;
	return hostname_normalise(host, strlen(host), normal) == HOSTNAME_OK &&
	       strcmp(normal, host) == 0;
}

static int mint(struct ca *ca, const char *host, const struct addr *addr,
		time_t now, struct leaf **ret)
{
	struct leaf *l = calloc(1, sizeof(*l));
	unsigned char der[CA_DER_MAX];
	mbedtls_x509write_cert w;
	int n;

	if (!l)
		return -ENOMEM;
	mbedtls_x509_crt_init(&l->crt);
	l->ca = ca;
	l->refs = 1;
	(void)snprintf(l->host, sizeof(l->host), "%s", host);
	mbedtls_x509write_crt_init(&w);
	n = sign(l, &w, addr, now, der);
	mbedtls_x509write_crt_free(&w);
	if (n <= 0 || mbedtls_x509_crt_parse_der(&l->crt, der + sizeof(der) - n,
						 (size_t)n) != 0) {
		leaf_unref(l);
		return -EIO;
	}
	*ret = l;
	return 0;
}

static struct leaf *find(struct leaf_cache *lc, const char *host)
{
	struct leaf *l;

	TAILQ_FOREACH (l, &lc->leaves, link)
		if (strcmp(l->host, host) == 0)
			return l;
	return NULL;
}

/* Return: 0, or as leaf_get(). */
static int add_new(struct leaf_cache *lc, const void *who, const char *host,
		   const struct addr *addr, time_t now, struct leaf **ret)
{
	struct owner *o;
	struct leaf *l;
	int r = mint(lc->ca, host, addr, now, &l);

	if (r < 0)
		return r;
	o = find_owner(lc, who);
	if (!o) {
		leaf_unref(l);
		return -ENOMEM;
	}
	o->n++;
	l->owner = o;
	lc->n++;
	TAILQ_INSERT_HEAD(&lc->leaves, l, link);
	*ret = l;
	return 0;
}

int leaf_get(struct leaf_cache *lc, const void *owner, const char *host,
	     const struct addr *addr, time_t now, struct leaf **ret)
{
	const time_t last = ca_time(&lc->ca->crt.valid_to);
	struct leaf *l;
	int r;

	if (!is_normal(host, addr) || now >= last)
		return -EIO;
	l = find(lc, host);
	/* On the authority's own last day a new one would end no later. */
	if (l && l->ends - now < RENEW_SECONDS && l->ends < last) {
		drop(lc, l);
		l = NULL;
	}
	if (l) {
		TAILQ_REMOVE(&lc->leaves, l, link);
		TAILQ_INSERT_HEAD(&lc->leaves, l, link);
	} else {
		r = add_new(lc, owner, host, addr, now, &l);
		if (r < 0)
			return r;
	}
	l->refs++; /* before one goes: it may be the only one of its owner */
	if (lc->n > LEAF_CACHE_MAX)
		drop_one(lc);
	*ret = l;
	return 0;
}
