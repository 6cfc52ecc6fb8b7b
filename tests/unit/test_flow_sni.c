/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_flow_sni.c - the server name that a tunnel begins with
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/log.h"
#include "common/macros.h"
#include "proxy/flow_priv.h"
#include "proxy/loop.h"
#include "proxy/policy.h"
#include "proxy/proxy.h"
#include "proxy/ruleset.h"
#include "proxy/scope.h"
#include "tests/support/proxy_fixture.h"

#define CONF                                                                   \
	"allow 127.0.0.1:ORIGIN allowed.example:ORIGIN other.example:1\n"      \
	"deny bad.example\nallow bad.example:ORIGIN\n"

static void put16(struct strbuf *b, size_t n)
{
	strbuf_addc(b, (char)(n >> 8));
	strbuf_addc(b, (char)(n & 0xff));
}

/* A ClientHello with the server name @name, or none; @pad more bytes. */
static void hello(struct strbuf *out, const char *name, size_t pad)
{
	struct strbuf ext = STRBUF_INIT;
	size_t len = name ? strlen(name) : 0, body;

	if (name) {
		put16(&ext, 0); /* server_name */
		put16(&ext, len + 5);
		put16(&ext, len + 3);
		strbuf_addc(&ext, 0); /* host_name */
		put16(&ext, len);
		strbuf_add(&ext, name, len);
	}
	put16(&ext, 21); /* padding */
	put16(&ext, pad);
	for (size_t i = 0; i < pad; i++)
		strbuf_addc(&ext, 0);
	body = 2 + 32 + 1 + 4 + 2 + 2 + ext.len;
	strbuf_reset(out);
	strbuf_add(out, "\x16\x03\x01", 3);
	put16(out, body + 4);
	strbuf_add(out, "\x01\0", 2);
	put16(out, body);
	strbuf_add(out, "\x03\x03", 2);
	for (int i = 0; i < 32; i++)
		strbuf_addc(out, 'r');
	strbuf_add(out, "\0\0\x02\x13\x01\x01\0", 7);
	put16(out, ext.len);
	strbuf_add(out, ext.s, ext.len);
	strbuf_fini(&ext);
}

static void expect_bytes(struct fixture *f, int fd, const struct strbuf *want)
{
	fixture_read(f, fd, want->len);
	assert_memory_equal(f->text.s, want->s, want->len);
}

/* Sends @b in a new tunnel: true if the origin gets it, false for a reset. */
static bool passes(struct fixture *f, const struct strbuf *b)
{
	int client, origin;
	ssize_t r;
	char byte;

	fixture_tunnel(f, &client, &origin);
	fixture_send(client, b->s, b->len);
	while ((r = recv(origin, &byte, 1, MSG_PEEK)) < 0 && errno == EAGAIN)
		fixture_turn_for(f, 1);
	if (r > 0) {
		expect_bytes(f, origin, b);
	} else {
		assert_true(r < 0 && errno == ECONNRESET);
		assert_int_equal(fixture_end_of(f, client), -ECONNRESET);
	}
	close(client);
	close(origin);
	return r > 0;
}

static void a_name_passes_where_a_tunnel_to_it_would(void **state)
{
	static const struct {
		const char *name;
		bool want;
	} cases[] = {
		{ "allowed.example", true },
		{ "ALLOWED.Example", true },
		{ NULL, true },
		{ "front.example", false },
		{ "other.example", false }, /* on another port only */
		{ "bad.example", false },
		{ "allowed.example\n", false },
		{ "a..b", false },
		{ "10.0.0.1", false },
		{ "127.0.0", false }, /* as the tunnel's own begins */
	};
	struct strbuf b = STRBUF_INIT;
	struct fixture f;

	(void)state;
	fixture_begin(&f, CONF);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		hello(&b, cases[i].name, 10);
		if (passes(&f, &b) != cases[i].want)
			fail_msg("'%s'", cases[i].name);
	}
	fixture_log(&f, ARRAY_SIZE(cases));
	assert_has(f.text.s, "\"decision\":\"deny\",\"rule\":null,"
			     "\"reason\":\"sni\"");
	assert_has(f.text.s, "\"rule\":\"test.conf:2\",\"reason\":\"sni\"");
	assert_int_equal(f.dns.asked_a + f.dns.asked_aaaa, 0);
	strbuf_fini(&b);
	fixture_end(&f);
}

/* This tunnel is not: what is sent to that server would go unseen. */
static void a_name_that_must_be_inspected_does_not_pass(void **state)
{
	struct strbuf b = STRBUF_INIT;
	struct fixture f;

	(void)state;
	fixture_begin(&f, CONF "allow seen.example:ORIGIN\n"
			       "inspect seen.example:ORIGIN\n");
	policy_set_inspection(f.policy, true);
	hello(&b, "allowed.example", 10);
	assert_true(passes(&f, &b));
	hello(&b, "seen.example", 10);
	assert_false(passes(&f, &b));
	strbuf_fini(&b);
	fixture_end(&f);
}

static void the_summary_names_the_server_and_the_rule_for_it(void **state)
{
	const struct proxy_blocked *list;
	struct strbuf b = STRBUF_INIT;
	struct fixture f;
	uint64_t more;
	char want[80];
	size_t n;

	(void)state;
	fixture_begin(&f, CONF);
	hello(&b, "front.example", 10);
	assert_false(passes(&f, &b));
	fixture_log(&f, 1);
	list = proxy_scope_blocked(f.scope, &n, &more);
	assert_int_equal(n, 1);
	(void)snprintf(want, sizeof(want), "front.example:%u", f.origin_port);
	assert_string_equal(list[0].target, want);
	assert_int_equal(list[0].reason, REASON_SNI);
	(void)snprintf(want, sizeof(want), "allow front.example:%u",
		       f.origin_port);
	assert_string_equal(list[0].allow_with, want);
	strbuf_fini(&b);
	fixture_end(&f);
}

static void
a_hello_may_come_in_pieces_and_is_held_until_it_is_whole(void **state)
{
	struct strbuf b = STRBUF_INIT;
	int client, origin;
	struct fixture f;
	char byte;

	(void)state;
	fixture_begin(&f, CONF);
	hello(&b, "allowed.example", 6000);
	fixture_tunnel(&f, &client, &origin);
	for (size_t i = 0; i < b.len; i++) {
		fixture_send(client, b.s + i, 1);
		if (i < 100 || i % 500 == 0 || i == b.len - 2) {
			fixture_turn_for(&f, 1);
			assert_true(recv(origin, &byte, 1, 0) < 0);
		}
	}
	expect_bytes(&f, origin, &b);
	/* The server may speak meanwhile, and both go on as ever. */
	fixture_say(origin, "hello yourself");
	fixture_expect(&f, client, "hello yourself");
	fixture_say(client, "more");
	fixture_expect(&f, origin, "more");
	close(client);
	close(origin);

	fixture_tunnel(&f, &client, &origin);
	hello(&b, "front.example", 6000);
	fixture_send(client, b.s, 3000);
	fixture_turn_for(&f, 5);
	fixture_say(origin, "banner");
	fixture_expect(&f, client, "banner");
	fixture_send(client, b.s + 3000, b.len - 3000);
	assert_int_equal(fixture_end_of(&f, client), -ECONNRESET);
	assert_int_equal(fixture_end_of(&f, origin), -ECONNRESET);
	close(client);
	close(origin);
	strbuf_fini(&b);
	fixture_end(&f);
}

static void a_hello_that_came_before_the_200_is_looked_at_too(void **state)
{
	static const char *const names[] = { "front.example",
					     "allowed.example" };
	struct strbuf b = STRBUF_INIT;
	struct fixture f;

	(void)state;
	fixture_begin(&f, CONF);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int origin, client = fixture_connect(&f);

		hello(&b, names[i], 10);
		fixture_say_connect(&f, client);
		fixture_send(client, b.s, b.len);
		origin = fixture_accept(&f);
		if (i == 0)
			assert_int_equal(fixture_end_of(&f, origin),
					 -ECONNRESET);
		else
			expect_bytes(&f, origin, &b);
		close(client);
		close(origin);
	}
	strbuf_fini(&b);
	fixture_end(&f);
}

static void what_is_not_tls_is_not_held_for_a_moment(void **state)
{
	static const char *const firsts[] = { "S", "\x17", "\x80", "G", "\n" };
	struct fixture f;

	(void)state;
	fixture_begin(&f, CONF);
	for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
		int client, origin;

		fixture_tunnel(&f, &client, &origin);
		fixture_say(client, firsts[i]);
		fixture_expect(&f, origin, firsts[i]);
		close(client);
		close(origin);
	}
	fixture_end(&f);
}

static void half_a_hello_goes_nowhere(void **state)
{
	struct strbuf b = STRBUF_INIT;
	int client, origin;
	struct fixture f;

	(void)state;
	fixture_begin(&f, CONF);
	hello(&b, "front.example", 10);
	fixture_tunnel(&f, &client, &origin);
	fixture_send(client, b.s, b.len - 1);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	assert_int_equal(fixture_end_of(&f, origin), -ECONNRESET);
	close(client);
	close(origin);

	/* Nor does one that never ends. */
	strbuf_reset(&b);
	strbuf_add(&b, "\x16\x03\x01\x40\x00\x01\x00\x4e\x20\x03\x03", 11);
	while (b.len < 17000)
		strbuf_addc(&b, 'r');
	assert_false(passes(&f, &b));
	fixture_log(&f, 2);
	strbuf_fini(&b);
	fixture_end(&f);
}

static void the_check_can_be_turned_off(void **state)
{
	struct strbuf b = STRBUF_INIT;
	struct fixture f;

	(void)state;
	fixture_begin(&f, CONF "tunnel-check off\n");
	hello(&b, "front.example", 10);
	assert_true(passes(&f, &b));
	strbuf_fini(&b);
	fixture_end(&f);
}

/* Any bytes of a tunnel to @port, without the tunnel. */
static enum tunnel_look look(enum conf_tunnel_check check, unsigned port,
			     const char *bytes)
{
	const struct conf cf = { .tunnel_check = check };
	struct ruleset rules = { .conf = &cf };
	struct loop loop = { .base = event_base_new() };
	struct scope scope = { .loop = &loop };
	struct flow *f = calloc(1, sizeof(*f) + TARGET_TEXT_MAX);
	enum tunnel_look r;

	assert_non_null(f);
	assert_int_equal(flows_new(&scope, &f->flows), 0);
	f->rules = &rules;
	(void)snprintf(f->text, TARGET_TEXT_MAX, "a.example:%u", port);
	r = flow_sni_look(bytes, strlen(bytes), f);
	flows_free(f->flows);
	free(f);
	event_base_free(loop.base);
	return r;
}

static void mode_tls_is_about_443_only(void **state)
{
	static const struct {
		enum conf_tunnel_check check;
		unsigned port;
		const char *bytes;
		enum tunnel_look want;
	} cases[] = {
		{ CONF_TUNNEL_CHECK_TLS, 443, "SSH-2.0-x", TUNNEL_LOOK_REFUSE },
		{ CONF_TUNNEL_CHECK_TLS, 443, "G", TUNNEL_LOOK_REFUSE },
		{ CONF_TUNNEL_CHECK_TLS, 443, "\x16", TUNNEL_LOOK_MORE },
		{ CONF_TUNNEL_CHECK_TLS, 442, "SSH-2.0-x", TUNNEL_LOOK_PASS },
		{ CONF_TUNNEL_CHECK_TLS, 444, "SSH-2.0-x", TUNNEL_LOOK_PASS },
		{ CONF_TUNNEL_CHECK_TLS, 8443, "SSH-2.0-x", TUNNEL_LOOK_PASS },
		{ CONF_TUNNEL_CHECK_SNI, 443, "SSH-2.0-x", TUNNEL_LOOK_PASS },
	};
	struct strbuf b = STRBUF_INIT;
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (look(cases[i].check, cases[i].port, cases[i].bytes) !=
		    cases[i].want)
			fail_msg("%zu: %u %s", i, cases[i].port,
				 cases[i].bytes);
	fixture_begin(&f, CONF "tunnel-check tls\n");
	strbuf_adds(&b, "SSH-2.0-x\r\n");
	assert_true(passes(&f, &b));
	hello(&b, "front.example", 10);
	assert_false(passes(&f, &b));
	strbuf_fini(&b);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_passes_where_a_tunnel_to_it_would),
		cmocka_unit_test(a_name_that_must_be_inspected_does_not_pass),
		cmocka_unit_test(
			the_summary_names_the_server_and_the_rule_for_it),
		cmocka_unit_test(
			a_hello_may_come_in_pieces_and_is_held_until_it_is_whole),
		cmocka_unit_test(
			a_hello_that_came_before_the_200_is_looked_at_too),
		cmocka_unit_test(what_is_not_tls_is_not_held_for_a_moment),
		cmocka_unit_test(half_a_hello_goes_nowhere),
		cmocka_unit_test(the_check_can_be_turned_off),
		cmocka_unit_test(mode_tls_is_about_443_only),
	};

	if (sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
		      NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("flow_sni", tests, NULL, NULL);
}
