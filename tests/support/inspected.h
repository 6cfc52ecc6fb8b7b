/* SPDX-License-Identifier: MIT */
/*
 * tests/support/inspected.h - a tunnel through a proxy that looks into it
 *
 * The fixture's proxy with a CA; a client that trusts it, and an origin that
 * has a certificate of certs.h or of an authority of the test's own. The proxy
 * trusts both, by verify-ca.
 */
#ifndef NETLEASH_TESTS_SUPPORT_INSPECTED_H
#define NETLEASH_TESTS_SUPPORT_INSPECTED_H

#include "proxy/proxy.h"
#include "tests/support/proxy_fixture.h"
#include "tests/support/tls_end.h"

struct leaf_cache;

/**
 * struct inspected
 * @ca:     the proxy's
 * @theirs: the origin's, for hosts that certs.h has no certificate for
 * @client, @origin: the ends; begun where their fd is not -1
 */
struct inspected {
	struct fixture f;
	struct ca *ca, *theirs;
	struct leaf_cache *leaves;
	struct tls_end client, origin;
	char path[40];
};

/* @conf: as fixture_begin() has it, without verify-ca. */
void inspected_begin(struct inspected *i, const char *conf,
		     const struct proxy_secret *secrets, size_t secrets_n);

/* The same with more options; @o.ca is its own. */
void inspected_begin_opts(struct inspected *i, const char *conf,
			  struct fixture_opts o);
void inspected_end(struct inspected *i);

/* Another scope with a door of its own, judged as the fixture's is, which is a
 * run; @run: "" for none. */
struct proxy_scope *inspected_scope(struct inspected *i, const char *run,
				    uint16_t *ret_port);

/* As inspected_connect(), through that door. */
int inspected_connect_to(struct inspected *i, uint16_t port, const char *host);

/* Asks for a tunnel to @host ("ORIGIN" is its port), and gets it. Return: the
 * client's socket. */
int inspected_connect(struct inspected *i, const char *host);

/* Makes i->client of @fd, whose tunnel leads to @host, and shakes hands. */
void inspected_client(struct inspected *i, int fd, const char *host);

/*
 * Makes i->origin of a connection that the proxy has made, by @cert (PEM), or
 * by one of i->theirs for @host. Return: 0, or mbedTLS's error where the proxy
 * breaks the handshake off.
 */
int inspected_origin(struct inspected *i, int fd, const char *cert,
		     const char *host);

/* Both of them, for 127.0.0.1. */
void inspected_open(struct inspected *i);

/* Says @text in the client, with "ORIGIN" as the origin's port. */
void inspected_ask(struct inspected *i, const char *text);

/* The origin is asked @want, a part of a head, and answers 200 with "hi", which
 * arrives. */
void inspected_serve(struct inspected *i, const char *want);

/* Ends one and sets its fd to -1. */
void inspected_over(struct tls_end *e);

#endif
