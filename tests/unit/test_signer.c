/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_signer.c - an authority is replaced while a proxy works
 *
 * Whose certificate a client gets is asked of its own TLS library, which trusts
 * one of the two and nothing else.
 */
#include "proxy/signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/ca.h"
#include "proxy/leaf.h"
#include "proxy/proxy.h"
#include "tests/support/inspected.h"

#define CONF "allow GET https://127.0.0.1:ORIGIN/** localhost\n"

struct world {
	struct inspected i; /* its scope is a run */
	struct ca *next;    /* once it is set it is the proxy's */
};

static void turn(void *arg)
{
	fixture_turn(arg);
}

static int set_up(void **state)
{
	static struct world w;

	inspected_begin(&w.i, CONF, NULL, 0);
	assert_int_equal(ca_new(time(NULL), 30, &w.next), 0);
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	inspected_end(&w->i);
	return 0;
}

/* A client that trusts @ca alone. Return: as mbedtls_ssl_handshake(). */
static int shake(struct world *w, uint16_t port, struct ca *ca)
{
	const struct tls_end_opts o = {
		.ca = ca_pem(ca),
		.turn = turn,
		.turn_arg = &w->i.f,
	};
	int r;

	tls_end_begin(&w->i.client,
		      inspected_connect_to(&w->i, port, "127.0.0.1:ORIGIN"),
		      &o);
	r = tls_end_shake(&w->i.client);
	tls_end_fini(&w->i.client);
	w->i.client.fd = -1;
	return r;
}

static void replace(struct world *w)
{
	struct signer *s;

	assert_int_equal(signer_new(w->next, 2, &s), 0);
	proxy_set_signer(w->i.f.proxy, s);
	assert_int_equal(proxy_ca_number(w->i.f.proxy), 2);
}

static void a_run_keeps_the_one_that_it_began_with(void **state)
{
	struct world *w = *state;
	uint16_t port;

	(void)inspected_scope(&w->i, "before", &port);
	assert_int_equal(shake(w, port, w->i.ca), 0);
	replace(w);
	assert_int_equal(shake(w, port, w->i.ca), 0);
	assert_int_equal(shake(w, w->i.f.port, w->i.ca), 0);
	assert_int_not_equal(shake(w, port, w->next), 0);
}

static void a_run_that_begins_then_has_the_new_one(void **state)
{
	struct world *w = *state;
	uint16_t port;

	replace(w);
	(void)inspected_scope(&w->i, "after", &port);
	assert_int_equal(shake(w, port, w->next), 0);
	assert_int_not_equal(shake(w, port, w->i.ca), 0);
}

static void what_is_no_runs_has_the_new_one_at_once(void **state)
{
	struct world *w = *state;
	uint16_t port;

	(void)inspected_scope(&w->i, "", &port);
	assert_int_equal(shake(w, port, w->i.ca), 0);
	replace(w);
	assert_int_equal(shake(w, port, w->next), 0);
}

/* It was asked to sign with the old one when that was replaced. */
static void a_handshake_under_way_ends_as_it_began(void **state)
{
	struct world *w = *state;
	struct proxy_scope *s;
	uint16_t port;
	struct tls_end_opts o = {
		.ca = ca_pem(w->i.ca),
		.turn = turn,
		.turn_arg = &w->i.f,
	};

	s = inspected_scope(&w->i, "", &port);
	tls_end_begin(&w->i.client,
		      inspected_connect_to(&w->i, port, "127.0.0.1:ORIGIN"),
		      &o);
	replace(w);
	assert_int_equal(tls_end_shake(&w->i.client), 0);
	proxy_scope_close(s, NULL, NULL);
	fixture_turn_for(&w->i.f, 5);
}

static void the_last_who_refers_to_it_frees_it(void **state)
{
	struct world *w = *state;
	struct signer *s;
	struct leaf *l;

	assert_int_equal(signer_new(w->next, 7, &s), 0);
	assert_ptr_equal(signer_ref(s), s);
	assert_int_equal(signer_number(s), 7);
	signer_unref(s);
	assert_int_equal(leaf_get(signer_leaves(s), NULL, "a.example", NULL,
				  time(NULL), &l),
			 0);
	leaf_unref(l);
	signer_unref(s); /* the sanitizers look */
	signer_unref(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_keeps_the_one_that_it_began_with),
		TEST(a_run_that_begins_then_has_the_new_one),
		TEST(what_is_no_runs_has_the_new_one_at_once),
		TEST(a_handshake_under_way_ends_as_it_began),
		TEST(the_last_who_refers_to_it_frees_it),
	};

	return cmocka_run_group_tests_name("signer", tests, NULL, NULL);
}
