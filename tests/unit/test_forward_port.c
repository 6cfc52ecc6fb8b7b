/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_forward_port.c - connections that go to a local port
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/proxy.h"
#include "tests/support/loopback.h"
#include "tests/support/proxy_fixture.h"

#define CONF "allow none.example\n"

/* A forward that goes to @port, not accepting yet; its own port. */
static uint16_t add_forward(struct fixture *f, uint16_t port)
{
	uint16_t own;
	int fd = loopback_listen(16, &own);

	assert_int_equal(proxy_add_forward(f->scope, fd, port), 0);
	return own;
}

static void bytes_go_both_ways_and_are_logged(void **state)
{
	struct fixture f;
	int client, service;
	const char *log;
	uint16_t port;

	(void)state;
	fixture_begin(&f, CONF);
	port = add_forward(&f, f.origin_port);
	assert_int_equal(proxy_start(f.proxy), 0);
	client = loopback_connect(port);
	service = fixture_accept(&f);
	/* The service speaks first, as many do. */
	fixture_say(service, "220 hello\r\n");
	fixture_expect(&f, client, "220 hello\r\n");
	fixture_say(client, "CONNECT is just a word here\r\n\r\n");
	fixture_expect(&f, service, "CONNECT is just a word here\r\n\r\n");
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	assert_int_equal(fixture_end_of(&f, service), 0);
	fixture_say(service, "bye");
	fixture_expect(&f, client, "bye");
	close(service);
	assert_int_equal(fixture_end_of(&f, client), 0);
	log = fixture_log(&f, 1);
	assert_has(log, "\"protocol\":\"local-port\"");
	assert_has(log, "\"target\":\"localhost:");
	assert_has(log, "\"address\":\"127.0.0.1\"");
	assert_has(log, "\"decision\":\"allow\"");
	assert_has(log, "\"bytes_in\":14,\"bytes_out\":31");
	close(client);
	fixture_end(&f);
}

static void a_reset_is_passed_on(void **state)
{
	struct fixture f;
	int client, service;
	uint16_t port;

	(void)state;
	fixture_begin(&f, CONF);
	port = add_forward(&f, f.origin_port);
	assert_int_equal(proxy_start(f.proxy), 0);
	client = loopback_connect(port);
	service = fixture_accept(&f);
	fixture_say(client, "x");
	fixture_expect(&f, service, "x");
	fixture_reset(&service);
	assert_int_equal(fixture_end_of(&f, client), -ECONNRESET);
	fixture_log(&f, 1);
	close(client);

	client = loopback_connect(port);
	service = fixture_accept(&f);
	fixture_say(client, "x");
	fixture_expect(&f, service, "x");
	fixture_reset(&client);
	assert_int_equal(fixture_end_of(&f, service), -ECONNRESET);
	fixture_log(&f, 2);
	close(service);
	fixture_end(&f);
}

static void without_a_service_the_client_is_reset(void **state)
{
	struct fixture f;
	uint16_t port;
	int client;

	(void)state;
	fixture_begin(&f, CONF);
	port = add_forward(&f, 1);
	assert_int_equal(proxy_start(f.proxy), 0);
	client = loopback_connect(port);
	assert_int_equal(fixture_end_of(&f, client), -ECONNRESET);
	assert_has(fixture_log(&f, 1), "\"reason\":\"connect-refused\"");
	close(client);
	fixture_end(&f);
}

/* What waits is taken when there is room again. */
static void limits_hold_for_local_ports_too(void **state)
{
	struct fixture f;
	int client[3], service[3];
	uint16_t port;

	(void)state;
	fixture_begin(&f, CONF "limit connections 2\n");
	port = add_forward(&f, f.origin_port);
	assert_int_equal(proxy_start(f.proxy), 0);
	for (int i = 0; i < 3; i++)
		client[i] = loopback_connect(port);
	for (int i = 0; i < 2; i++)
		service[i] = fixture_accept(&f);
	fixture_turn_for(&f, 250);
	assert_int_equal(
		accept4(f.origin, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK),
		-1);
	close(client[0]);
	close(service[0]);
	service[2] = fixture_accept(&f);
	fixture_say(service[2], "third");
	fixture_expect(&f, client[2], "third");
	for (int i = 1; i < 3; i++) {
		close(client[i]);
		close(service[i]);
	}
	fixture_log(&f, 3);
	fixture_end(&f);
}

static void on_drained(void *arg)
{
	*(int *)arg = 1;
}

static void a_drain_waits_for_them_and_takes_no_more(void **state)
{
	struct fixture f;
	int client, service, drained = 0;
	uint16_t port;

	(void)state;
	fixture_begin(&f, CONF);
	port = add_forward(&f, f.origin_port);
	assert_int_equal(proxy_start(f.proxy), 0);
	client = loopback_connect(port);
	service = fixture_accept(&f);
	proxy_drain(f.proxy, on_drained, &drained);
	fixture_turn_for(&f, 50);
	assert_int_equal(drained, 0);
	fixture_say(client, "still");
	fixture_expect(&f, service, "still");
	close(client);
	close(service);
	fixture_turn_for(&f, 100);
	assert_int_equal(drained, 1);
	fixture_end(&f);
}

/* Whatever stands when the proxy is freed is freed with it. */
static void live_ones_end_with_the_proxy(void **state)
{
	struct fixture f;
	int client, service;
	uint16_t port;

	(void)state;
	fixture_begin(&f, CONF);
	port = add_forward(&f, f.origin_port);
	assert_int_equal(proxy_start(f.proxy), 0);
	client = loopback_connect(port);
	service = fixture_accept(&f);
	fixture_end(&f);
	close(client);
	close(service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways_and_are_logged),
		cmocka_unit_test(a_reset_is_passed_on),
		cmocka_unit_test(without_a_service_the_client_is_reset),
		cmocka_unit_test(limits_hold_for_local_ports_too),
		cmocka_unit_test(a_drain_waits_for_them_and_takes_no_more),
		cmocka_unit_test(live_ones_end_with_the_proxy),
	};

	return cmocka_run_group_tests_name("forward_port", tests, NULL, NULL);
}
