/* SPDX-License-Identifier: MIT */
/*
 * tests/support/proxy_fixture.h - a whole proxy on loopback, turned by hand
 *
 * A real conf, policy, resolver and listener; a scripted DNS server
 * (dns_script.h) and an origin's listening socket, which the test accepts
 * from. Everything runs in the test's own thread: each helper turns the
 * loops until what it waits for is there, and fails the test after some
 * seconds.
 */
#ifndef NETLEASH_TESTS_SUPPORT_PROXY_FIXTURE_H
#define NETLEASH_TESTS_SUPPORT_PROXY_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"
#include "tests/support/dns_script.h"

struct ca;
struct conf;
struct event_base;
struct policy;
struct proxy;
struct proxy_scope;
struct proxy_secret;

struct fixture {
	struct conf *conf;
	struct policy *policy;
	struct proxy *proxy;
	struct proxy_scope *scope;
	struct event_base *base;     /* the proxy's */
	struct event_base *dns_base; /* the DNS server's */
	struct dns_script dns;
	int log_fd;
	int origin;
	uint16_t port, origin_port;
	struct strbuf text;
};

/*
 * @conf_text: "ORIGIN" in it becomes the origin's port. Accepting begins.
 */
void fixture_begin(struct fixture *f, const char *conf_text);
void fixture_end(struct fixture *f);

/**
 * struct fixture_opts - what a conf does not say; all borrowed
 * @threads: as fixture_begin_threads() takes them; 0: as fixture_begin() does
 * @ca:      signs for tunnels that are looked into; NULL: none is
 * @secrets: @secrets_n, of the conf's credentials
 * @unnamed: clients are no run's, which a drain would leave alone
 * @asks:    as struct proxy_scope_opts has it
 */
struct fixture_opts {
	unsigned threads;
	struct ca *ca;
	const struct proxy_secret *secrets;
	size_t secrets_n;
	bool unnamed, asks;
};
void fixture_begin_opts(struct fixture *f, const char *conf_text,
			const struct fixture_opts *o);

/* Another conf for @s, as a reload brings it; it lives until nothing of the
 * proxy needs it. Return: it. */
struct proxy_scope;
const struct conf *fixture_replace(struct proxy_scope *s, const char *name,
				   const char *text);

/* The same with that many threads, where fixture_begin() takes as many as
 * NETLEASH_TEST_THREADS says, or one. They run by themselves but for the first,
 * which the helpers turn. */
void fixture_begin_threads(struct fixture *f, const char *conf_text,
			   unsigned threads);
void fixture_begin_unnamed(struct fixture *f, const char *conf_text);
void fixture_turn(struct fixture *f);
void fixture_turn_for(struct fixture *f, uint64_t ms);

/* A non-blocking socket that is connected to the proxy. */
int fixture_connect(struct fixture *f);
void fixture_send(int fd, const char *bytes, size_t n);
void fixture_say(int fd, const char *text);

/* The same, with "ORIGIN" in it as the origin's port. */
void fixture_ask(struct fixture *f, int fd, const char *text);

/* @text with it filled in, to be freed. */
char *fixture_fill(struct fixture *f, const char *text);

/* "CONNECT 127.0.0.1:ORIGIN HTTP/1.1" and an empty line. */
void fixture_say_connect(struct fixture *f, int fd);

/* The next connection of the proxy to the origin. */
int fixture_accept(struct fixture *f);

/* Reads just @n bytes, into f->text. */
void fixture_read(struct fixture *f, int fd, size_t n);

/* Reads just these bytes. */
void fixture_expect(struct fixture *f, int fd, const char *text);

/* Reads a head and not a byte more; borrowed until the next call. */
const char *fixture_head(struct fixture *f, int fd);

/* Reads to the end, which must be orderly; borrowed until the next call. */
const char *fixture_answer(struct fixture *f, int fd);

/* What recv(2) ends with: 0 or -errno; what comes before is thrown away. */
int fixture_end_of(struct fixture *f, int fd);

/* The access log, once it has @lines lines; borrowed until the next call. */
const char *fixture_log(struct fixture *f, size_t lines);

/* A tunnel to the origin: both ends, after the 200. */
void fixture_tunnel(struct fixture *f, int *ret_client, int *ret_origin);

/* Closes with a reset, and sets it to -1. */
void fixture_reset(int *fd);

/*
 * Sends @head on a connection of its own; the answer must begin with @status,
 * have @part, and what every answer of netleash's own has. It stays in f->text.
 */
void fixture_check_answer(struct fixture *f, const char *head, size_t n,
			  const char *status, const char *part);

/* A listening socket whose queue is full: who connects to @port waits. */
#define FIXTURE_HOLE_FILLERS 4
struct fixture_hole {
	int fd, fillers[FIXTURE_HOLE_FILLERS];
	uint16_t port;
};
void fixture_hole_open(struct fixture_hole *h);
void fixture_hole_close(struct fixture_hole *h);

void assert_has(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);

#endif
