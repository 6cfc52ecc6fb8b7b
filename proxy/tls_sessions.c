/* SPDX-License-Identifier: MIT */
/*
 * proxy/tls_sessions.c - TLS sessions that are taken up again
 *
 * States:     of a stream: offered or not -> established, with certificates
 *             verified or without -> perhaps tickets
 * Invariants: whether certificates were verified is what mbedTLS's callback
 *             says, which it calls in a whole handshake alone: a host need not
 *             take what it is offered
 */
#include "proxy/tls_sessions.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "common/clock.h"
#include "common/hostname.h"
#include "proxy/ca_priv.h"
#include "proxy/mbedtls_session.h"
#include "proxy/tls_stream.h"

#define NAME_SIZE (HOSTNAME_BUFFER + sizeof(":65535"))

/**
 * struct kept
 * @barred: there is no session, and none is to be kept: with the last one that
 *          was offered the host did not speak to us
 */
struct kept {
	TAILQ_ENTRY(kept) link;
	mbedtls_ssl_session session;
	uint64_t until_ms;
	bool barred;
	char name[NAME_SIZE];
};

/* From the one used last to the one not used for longest. */
struct tls_sessions {
	TAILQ_HEAD(kept_list, kept) list;
	size_t n, max, barred_n;
	uint64_t resumed;
};

/**
 * struct tls_resume - a stream's part
 * @verified: certificates were, in this handshake
 * @until_ms: how long what comes of it counts
 */
struct tls_resume {
	struct tls_sessions *ts;
	bool offered, verified;
	uint64_t until_ms;
	char name[NAME_SIZE];
};

struct tls_sessions *tls_sessions_new(size_t max)
{
	struct tls_sessions *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return NULL;
	TAILQ_INIT(&ts->list);
	ts->max = max;
	return ts;
}

static void drop(struct tls_sessions *ts, struct kept *k)
{
	TAILQ_REMOVE(&ts->list, k, link);
	ts->n--;
	ts->barred_n -= k->barred;
	mbedtls_ssl_session_free(&k->session); /* which wipes it */
	free(k);
}

void tls_sessions_free(struct tls_sessions *ts)
{
	struct kept *k;

	if (!ts)
		return;
	while ((k = TAILQ_FIRST(&ts->list)))
		drop(ts, k);
	free(ts);
}

static struct kept *find(struct tls_sessions *ts, const char *name)
{
	struct kept *k;

	TAILQ_FOREACH (k, &ts->list, link)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

/* mbedTLS has verified the certificate at @depth, or found @flags wrong. */
static int on_verified(void *arg, mbedtls_x509_crt *crt, int depth,
		       uint32_t *flags)
{
	struct tls_resume *r = arg;

	(void)crt;
	(void)depth;
	(void)flags;
	r->verified = true;
	return 0;
}

void tls_sessions_begin(struct tls_sessions *ts, struct tls_stream *s,
			const char *host, uint16_t port)
{
	struct tls_resume *r = calloc(1, sizeof(*r));
	struct kept *k;

	if (!r)
		return;
	s->resume = r;
	r->ts = ts;
	(void)snprintf(r->name, sizeof(r->name), "%.*s:%u", HOSTNAME_MAX, host,
		       port);
	mbedtls_ssl_set_verify(&s->ssl, on_verified, r);
	k = find(ts, r->name);
	if (k && clock_ms() >= k->until_ms) {
		drop(ts, k);
		k = NULL;
	}
	if (!k || k->barred)
		return;
	TAILQ_REMOVE(&ts->list, k, link);
	TAILQ_INSERT_HEAD(&ts->list, k, link);
	r->offered = mbedtls_ssl_set_session(&s->ssl, &k->session) == 0;
	r->until_ms = k->until_ms;
}

/* Takes @k, in the place of what was kept before. */
static void put(const struct tls_resume *r, struct kept *k, uint64_t until_ms)
{
	struct tls_sessions *ts = r->ts;
	struct kept *old = find(ts, r->name);

	if (old)
		drop(ts, old);
	memcpy(k->name, r->name, sizeof(k->name));
	k->until_ms = until_ms;
	if (ts->n == ts->max)
		drop(ts, TAILQ_LAST(&ts->list, kept_list));
	TAILQ_INSERT_HEAD(&ts->list, k, link);
	ts->n++;
	ts->barred_n += k->barred;
}

static struct kept *kept_new(void)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (k)
		mbedtls_ssl_session_init(&k->session);
	return k;
}

static void keep(struct tls_stream *s)
{
	const struct tls_resume *r = s->resume;
	const struct kept *old = find(r->ts, r->name);
	struct kept *k;

	if (clock_ms() >= r->until_ms || (old && old->barred))
		return;
	k = kept_new();
	if (!k)
		return;
	if (mbedtls_ssl_get_session(&s->ssl, &k->session) != 0) {
		mbedtls_ssl_session_free(&k->session);
		free(k);
		return;
	}
	put(r, k, r->until_ms);
}

/* The host's certificate was verified just now. */
static uint64_t end_of_trust(const struct tls_stream *s)
{
	const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&s->ssl);
	time_t left = 0;

	if (crt)
		left = ca_time(&crt->valid_to) - time(NULL);
	if (left > TLS_SESSIONS_SECONDS)
		left = TLS_SESSIONS_SECONDS;
	return left > 0 ? clock_ms() + (uint64_t)left * 1000 : 0;
}

void tls_sessions_on_established(struct tls_stream *s)
{
	struct tls_resume *r = s->resume;

	if (!r)
		return;
	if (r->verified) {
		r->until_ms = end_of_trust(s);
		if (compat_tls_is_resumable(&s->ssl))
			keep(s);
		return;
	}
	r->ts->resumed++;
}

void tls_sessions_on_ticket(struct tls_stream *s)
{
	if (s->resume)
		keep(s);
}

void tls_sessions_on_failed(struct tls_stream *s)
{
	const struct tls_resume *r = s->resume;
	struct kept *k;

	if (!r || !r->offered)
		return;
	k = kept_new();
	if (k) {
		k->barred = true;
		put(r, k, clock_ms() + (uint64_t)TLS_SESSIONS_SECONDS * 1000);
		return;
	}
	k = find(r->ts, r->name);
	if (k)
		drop(r->ts, k);
}

size_t tls_sessions_count(const struct tls_sessions *ts)
{
	return ts->n - ts->barred_n;
}

uint64_t tls_sessions_resumed(const struct tls_sessions *ts)
{
	return ts->resumed;
}
