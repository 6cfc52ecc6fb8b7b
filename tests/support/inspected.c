/* SPDX-License-Identifier: MIT */
/*
 * tests/support/inspected.c - a tunnel through a proxy that looks into it
 */
#include "tests/support/inspected.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/ca.h"
#include "proxy/leaf.h"
#include "proxy/proxy.h"
#include "tests/support/loopback.h"
#include "tests/unit/certs.h"

static void turn(void *arg)
{
	fixture_turn(arg);
}

static void write_authorities(struct inspected *i)
{
	FILE *f;
	int fd;

	(void)snprintf(i->path, sizeof(i->path), "/tmp/netleash-cas-XXXXXX");
	fd = mkstemp(i->path);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	assert_non_null(f);
	assert_true(fprintf(f, "%s%s", CERT_CA, ca_pem(i->theirs)) > 0);
	assert_int_equal(fclose(f), 0);
}

void inspected_begin(struct inspected *i, const char *conf,
		     const struct proxy_secret *secrets, size_t secrets_n)
{
	inspected_begin_opts(i, conf,
			     (struct fixture_opts){ .secrets = secrets,
						    .secrets_n = secrets_n });
}

void inspected_begin_opts(struct inspected *i, const char *conf,
			  struct fixture_opts o)
{
	struct strbuf text = STRBUF_INIT;

	memset(i, 0, sizeof(*i));
	i->client.fd = i->origin.fd = -1;
	assert_int_equal(ca_new(time(NULL), 30, &i->ca), 0);
	assert_int_equal(ca_new(time(NULL), 30, &i->theirs), 0);
	i->leaves = leaf_cache_new(i->theirs);
	assert_non_null(i->leaves);
	write_authorities(i);
	strbuf_addf(&text, "%s\nverify-ca %s\n", conf, i->path);
	o.ca = i->ca;
	fixture_begin_opts(&i->f, text.s, &o);
	strbuf_fini(&text);
}

void inspected_over(struct tls_end *e)
{
	tls_end_fini(e);
}

void inspected_end(struct inspected *i)
{
	inspected_over(&i->client);
	inspected_over(&i->origin);
	fixture_end(&i->f);
	leaf_cache_free(i->leaves);
	ca_free(i->theirs);
	(void)unlink(i->path);
}

int inspected_connect(struct inspected *i, const char *host)
{
	int fd = fixture_connect(&i->f);
	char head[600];

	(void)snprintf(head, sizeof(head), "CONNECT %s HTTP/1.1\r\n\r\n", host);
	fixture_ask(&i->f, fd, head);
	assert_has(fixture_head(&i->f, fd), "HTTP/1.1 200 ");
	return fd;
}

struct proxy_scope *inspected_scope(struct inspected *i, const char *run,
				    uint16_t *ret_port)
{
	const struct proxy_scope_opts opts = { .conf = i->f.conf,
					       .policy = i->f.policy,
					       .run = run,
					       .remember_blocked = true };
	struct proxy_scope *s;

	assert_int_equal(proxy_scope_new(i->f.proxy, &opts, &s), 0);
	assert_int_equal(proxy_add_listener(s, loopback_listen(1024, ret_port)),
			 0);
	return s;
}

int inspected_connect_to(struct inspected *i, uint16_t port, const char *host)
{
	const uint16_t own = i->f.port;
	int fd;

	i->f.port = port;
	fd = inspected_connect(i, host);
	i->f.port = own;
	return fd;
}

void inspected_client(struct inspected *i, int fd, const char *host)
{
	const bool is_name = host[strspn(host, "0123456789.:")] != '\0';
	const struct tls_end_opts o = { .name = is_name ? host : NULL,
					.ca = ca_pem(i->ca),
					.turn = turn,
					.turn_arg = &i->f };
	int r;

	tls_end_begin(&i->client, fd, &o);
	r = tls_end_shake(&i->client);
	if (r != 0)
		fail_msg("the client's handshake: -0x%04x", -r);
}

int inspected_origin(struct inspected *i, int fd, const char *cert,
		     const char *host)
{
	struct tls_end_opts o = { .server = true,
				  .cert = cert,
				  .key = CERT_KEY,
				  .turn = turn,
				  .turn_arg = &i->f };
	struct leaf *leaf = NULL;
	int r;

	if (!cert) {
		assert_int_equal(leaf_get(i->leaves, NULL, host, NULL,
					  time(NULL), &leaf),
				 0);
		o.crt = leaf_crt(leaf);
		o.crt_key = leaf_key(leaf);
	}
	tls_end_begin(&i->origin, fd, &o);
	r = tls_end_shake(&i->origin);
	leaf_unref(leaf); /* the cache has it still */
	return r;
}

void inspected_open(struct inspected *i)
{
	inspected_client(i, inspected_connect(i, "127.0.0.1:ORIGIN"),
			 "127.0.0.1");
}

void inspected_ask(struct inspected *i, const char *text)
{
	char *full = fixture_fill(&i->f, text);

	tls_end_say(&i->client, full);
	free(full);
}

void inspected_serve(struct inspected *i, const char *want)
{
	char *full = fixture_fill(&i->f, want);

	if (i->origin.fd < 0)
		assert_int_equal(inspected_origin(i, fixture_accept(&i->f),
						  CERT_GOOD, NULL),
				 0);
	assert_has(tls_end_head(&i->origin), full);
	free(full);
	tls_end_say(&i->origin,
		    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
	assert_has(tls_end_head(&i->client), "HTTP/1.1 200 OK\r\n");
	tls_end_expect(&i->client, "hi");
}
