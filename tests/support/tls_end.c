/* SPDX-License-Identifier: MIT */
/*
 * tests/support/tls_end.c - one end of a TLS session, for the other end's tests
 */
#include "tests/support/tls_end.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"

#define PATIENCE_MS 20000u

static int on_send(void *arg, const unsigned char *bytes, size_t n)
{
	const struct tls_end *e = arg;
	ssize_t r = send(e->fd, bytes, n, MSG_NOSIGNAL);

	if (r >= 0)
		return (int)r;
	return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE
			       : MBEDTLS_ERR_NET_SEND_FAILED;
}

static int on_recv(void *arg, unsigned char *bytes, size_t n)
{
	const struct tls_end *e = arg;
	ssize_t r = recv(e->fd, bytes, n, 0);

	if (r >= 0)
		return (int)r;
	return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ
			       : MBEDTLS_ERR_NET_CONN_RESET;
}

static void parse_crt(mbedtls_x509_crt *crt, const char *pem)
{
	assert_int_equal(mbedtls_x509_crt_parse(crt, (const unsigned char *)pem,
						strlen(pem) + 1),
			 0);
}

static void parse_key(struct tls_end *e, const char *pem)
{
	const unsigned char *s = (const unsigned char *)pem;
	const size_t n = strlen(pem) + 1;

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
	assert_int_equal(mbedtls_pk_parse_key(&e->key, s, n, NULL, 0,
					      mbedtls_ctr_drbg_random, &e->rng),
			 0);
#else
	assert_int_equal(mbedtls_pk_parse_key(&e->key, s, n, NULL, 0), 0);
#endif
}

static void set_old(mbedtls_ssl_config *conf)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_1);
	mbedtls_ssl_conf_max_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_2);
#else
	(void)conf; /* it knows nothing older than 1.2 */
#endif
}

static void configure(struct tls_end *e, const struct tls_end_opts *o)
{
	assert_int_equal(
		mbedtls_ssl_config_defaults(&e->conf,
					    o->server ? MBEDTLS_SSL_IS_SERVER
						      : MBEDTLS_SSL_IS_CLIENT,
					    MBEDTLS_SSL_TRANSPORT_STREAM,
					    MBEDTLS_SSL_PRESET_DEFAULT),
		0);
	mbedtls_ssl_conf_rng(&e->conf, mbedtls_ctr_drbg_random, &e->rng);
	mbedtls_ssl_conf_authmode(&e->conf, o->ca ? MBEDTLS_SSL_VERIFY_REQUIRED
						  : MBEDTLS_SSL_VERIFY_NONE);
	if (o->ca) {
		parse_crt(&e->ca, o->ca);
		mbedtls_ssl_conf_ca_chain(&e->conf, &e->ca, NULL);
	}
	if (o->cert) {
		parse_crt(&e->crt, o->cert);
		parse_key(e, o->key);
	}
	if (o->server)
		assert_int_equal(mbedtls_ssl_conf_own_cert(
					 &e->conf, o->crt ? o->crt : &e->crt,
					 o->crt ? o->crt_key : &e->key),
				 0);
	if (o->alpn)
		assert_int_equal(
			mbedtls_ssl_conf_alpn_protocols(&e->conf, o->alpn), 0);
	if (o->old)
		set_old(&e->conf);
	if (o->tickets)
		mbedtls_ssl_conf_session_tickets_cb(
			&e->conf, mbedtls_ssl_ticket_write,
			mbedtls_ssl_ticket_parse, o->tickets);
}

void tls_end_begin(struct tls_end *e, int fd, const struct tls_end_opts *o)
{
	memset(e, 0, sizeof(*e));
	e->fd = fd;
	e->turn = o->turn;
	e->turn_arg = o->turn_arg;
	assert_true(compat_tls_init());
	mbedtls_entropy_init(&e->entropy);
	mbedtls_ctr_drbg_init(&e->rng);
	mbedtls_ssl_config_init(&e->conf);
	mbedtls_ssl_init(&e->ssl);
	mbedtls_x509_crt_init(&e->crt);
	mbedtls_x509_crt_init(&e->ca);
	mbedtls_pk_init(&e->key);
	assert_int_equal(mbedtls_ctr_drbg_seed(&e->rng, mbedtls_entropy_func,
					       &e->entropy, NULL, 0),
			 0);
	configure(e, o);
	assert_int_equal(mbedtls_ssl_setup(&e->ssl, &e->conf), 0);
	if (!o->server)
		assert_int_equal(mbedtls_ssl_set_hostname(&e->ssl, o->name), 0);
	mbedtls_ssl_set_bio(&e->ssl, e, on_send, on_recv, NULL);
}

void tls_end_fini(struct tls_end *e)
{
	if (!e->turn)
		return; /* never begun, or over */
	mbedtls_ssl_free(&e->ssl);
	mbedtls_ssl_config_free(&e->conf);
	mbedtls_x509_crt_free(&e->crt);
	mbedtls_x509_crt_free(&e->ca);
	mbedtls_pk_free(&e->key);
	mbedtls_ctr_drbg_free(&e->rng);
	mbedtls_entropy_free(&e->entropy);
	if (e->fd >= 0)
		close(e->fd);
	strbuf_fini(&e->text);
	memset(e, 0, sizeof(*e));
	e->fd = -1;
}

static bool is_want(int r)
{
	return r == MBEDTLS_ERR_SSL_WANT_READ ||
	       r == MBEDTLS_ERR_SSL_WANT_WRITE || compat_tls_is_ticket(r);
}

static void wait_turn(struct tls_end *e, uint64_t deadline)
{
	if (clock_ms() > deadline)
		fail_msg("it did not come; so far:\n%s",
			 e->text.s ? e->text.s : "");
	e->turn(e->turn_arg);
	(void)usleep(100);
}

int tls_end_step(struct tls_end *e)
{
	return mbedtls_ssl_handshake(&e->ssl);
}

void tls_end_say_hello(struct tls_end *e)
{
	/* From nothing to its hello, and that. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(mbedtls_ssl_handshake_step(&e->ssl), 0);
}

int tls_end_shake(struct tls_end *e)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	int r;

	while (is_want(r = tls_end_step(e)))
		wait_turn(e, deadline);
	return r;
}

const mbedtls_x509_crt *tls_end_peer(const struct tls_end *e)
{
	return mbedtls_ssl_get_peer_cert(&e->ssl);
}

void tls_end_send(struct tls_end *e, const char *bytes, size_t n)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;

	while (n > 0) {
		int r = mbedtls_ssl_write(&e->ssl, (const unsigned char *)bytes,
					  n);

		if (is_want(r)) {
			wait_turn(e, deadline);
			continue;
		}
		if (r <= 0)
			fail_msg("it cannot be written to: -0x%04x", -r);
		bytes += r;
		n -= (size_t)r;
	}
}

void tls_end_say(struct tls_end *e, const char *text)
{
	tls_end_send(e, text, strlen(text));
}

/* Return: how many, 0 at close_notify, or mbedTLS's error. */
static int read_some(struct tls_end *e, unsigned char *bytes, size_t n)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;
	int r;

	while (is_want(r = mbedtls_ssl_read(&e->ssl, bytes, n)))
		wait_turn(e, deadline);
	/* 0 is an end without it. */
	if (r == 0)
		return MBEDTLS_ERR_SSL_CONN_EOF;
	return r == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ? 0 : r;
}

static void read_byte(struct tls_end *e)
{
	unsigned char byte;
	int r = read_some(e, &byte, 1);

	if (r != 1)
		fail_msg("the end (-0x%04x) came after '%s'", -r,
			 e->text.s ? e->text.s : "");
	strbuf_addc(&e->text, (char)byte);
}

const char *tls_end_head(struct tls_end *e)
{
	strbuf_reset(&e->text);
	do {
		read_byte(e);
	} while (!strstr(e->text.s, "\r\n\r\n"));
	return e->text.s;
}

void tls_end_expect(struct tls_end *e, const char *text)
{
	strbuf_reset(&e->text);
	while (e->text.len < strlen(text))
		read_byte(e);
	assert_string_equal(e->text.s, text);
}

const char *tls_end_answer(struct tls_end *e)
{
	unsigned char bytes[4096];
	int r;

	strbuf_reset(&e->text);
	while ((r = read_some(e, bytes, sizeof(bytes))) > 0)
		strbuf_add(&e->text, (const char *)bytes, (size_t)r);
	if (r < 0)
		fail_msg("-0x%04x after '%s'", -r, e->text.s ? e->text.s : "");
	return e->text.s ? e->text.s : "";
}

int tls_end_of(struct tls_end *e)
{
	unsigned char bytes[4096];
	int r;

	do {
		r = read_some(e, bytes, sizeof(bytes));
	} while (r > 0);
	return r;
}

void tls_end_shut(struct tls_end *e)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;

	while (is_want(mbedtls_ssl_close_notify(&e->ssl)))
		wait_turn(e, deadline);
}
