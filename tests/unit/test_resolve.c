/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_resolve.c - names resolved by a real server, good and bad
 *
 * The server (tests/support/dns_script.h) runs on the same event loop and
 * speaks real packets; the first label of each name tells it what to do.
 */
#include "proxy/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/conf.h"
#include "common/macros.h"
#include "tests/support/dns_script.h"

#define TIMEOUT_MS   700   /* where one is to be over */
#define PATIENCE_MS  20000 /* of a test on a busy machine */
#define ASK_AGAIN_MS 1500  /* with as much patience, a question is */

struct fixture {
	struct event_base *base;
	struct dns_script server;
	struct resolver *r;
};

struct outcome {
	struct event_base *base;
	unsigned calls;
	enum reason reason;
	size_t n;
	struct addr addrs[RESOLVE_ADDRS_MAX];
};

static void on_done(const struct addr *addrs, size_t n, enum reason reason,
		    void *arg)
{
	struct outcome *o = arg;

	assert_true(n <= RESOLVE_ADDRS_MAX);
	assert_true((n > 0) == (reason == REASON_ALLOWED));
	o->calls++;
	o->reason = reason;
	o->n = n;
	if (n > 0)
		memcpy(o->addrs, addrs, n * sizeof(*addrs));
	(void)event_base_loopbreak(o->base);
}

static void resolver_with(struct fixture *f, const struct conf_server *servers,
			  size_t n, uint32_t timeout_ms)
{
	struct resolver_opts opts = {
		.servers = servers,
		.servers_n = n,
		.hosts_path = "/nonexistent/hosts",
		.timeout_ms = timeout_ms,
		.pending_max = 300,
	};

	resolver_free(f->r);
	assert_int_equal(resolver_new(f->base, &opts, &f->r), 0);
}

static struct conf_server server_at(const char *text, uint16_t port)
{
	struct conf_server s = { .port = port };

	assert_int_equal(addr_parse(text, strlen(text), &s.addr), ADDR_OK);
	return s;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct conf_server s;

	assert_non_null(f);
	f->base = event_base_new();
	assert_int_equal(dns_script_start(&f->server, f->base, "127.0.0.1", 0),
			 0);
	s = server_at("127.0.0.1", f->server.port);
	resolver_with(f, &s, 1, PATIENCE_MS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	resolver_free(f->r);
	dns_script_stop(&f->server);
	event_base_free(f->base);
	free(f);
	return 0;
}

/* Turns the loop for @ms, whatever happens in it. */
static void pass_time(struct fixture *f, unsigned ms)
{
	uint64_t end_ms = clock_ms() + ms;

	while (clock_ms() < end_ms) {
		(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
		(void)usleep(1000);
	}
}

/* Turns the loop until *@calls is @want: at once on an idle machine. */
static void wait_for(struct fixture *f, const unsigned *calls, unsigned want)
{
	uint64_t end_ms = clock_ms() + PATIENCE_MS;

	while (*calls < want && clock_ms() < end_ms)
		pass_time(f, 1);
	assert_int_equal(*calls, want);
}

static struct outcome look_up(struct fixture *f, const char *name)
{
	struct outcome o = { .base = f->base };
	struct resolve *l = NULL;

	assert_int_equal(resolve_start(f->r, name, on_done, &o, &l), 0);
	assert_non_null(l);
	assert_int_equal(o.calls, 0); /* never from inside */
	while (o.calls == 0)
		assert_int_equal(event_base_dispatch(f->base), 0);
	assert_int_equal(o.calls, 1);
	return o;
}

/*
 * The same, and AAAA has come before A had waited for it: 50 ms, which on a
 * busy machine are over at times. Then another name has the same @script.
 */
static struct outcome look_up_both(struct fixture *f, const char *script,
				   size_t n)
{
	struct outcome o = { 0 };
	char name[80];

	for (int tries = 0; tries < 20 && o.n != n; tries++) {
		(void)snprintf(name, sizeof(name), "%s.t%d.example", script,
			       tries);
		f->server.asked_a = f->server.asked_aaaa = 0;
		f->server.asked_tcp = 0;
		o = look_up(f, name);
		assert_int_equal(o.reason, REASON_ALLOWED);
	}
	assert_int_equal(o.n, n);
	return o;
}

static void impatient(struct fixture *f, uint32_t timeout_ms)
{
	const struct conf_server s = server_at("127.0.0.1", f->server.port);

	resolver_with(f, &s, 1, timeout_ms);
}

static void assert_addr(const struct outcome *o, size_t i, const char *want)
{
	char text[ADDR_TEXT_MAX];

	assert_true(i < o->n);
	assert_string_equal(addr_format(&o->addrs[i], text), want);
}

static unsigned asked(const struct fixture *f)
{
	return f->server.asked_a + f->server.asked_aaaa;
}

static void gives_both_families_in_turn_ipv6_first(void **state)
{
	struct fixture *f = *state;
	struct outcome o = look_up_both(f, "a3-q2", 5);

	assert_addr(&o, 0, "2001:db8::1");
	assert_addr(&o, 1, "10.0.0.1");
	assert_addr(&o, 2, "2001:db8::2");
	assert_addr(&o, 3, "10.0.0.2");
	assert_addr(&o, 4, "10.0.0.3");
	assert_int_equal(f->server.asked_a, 1);
	assert_int_equal(f->server.asked_aaaa, 1);
}

static void an_ipv4_mapped_answer_is_its_ipv4_address(void **state)
{
	struct outcome o = look_up(*state, "q1-mapped.example");

	assert_int_equal(o.n, 1);
	assert_int_equal(o.addrs[0].family, AF_INET);
	assert_addr(&o, 0, "10.0.0.1");
}

static void concurrent_look_ups_of_a_name_are_one_query(void **state)
{
	struct fixture *f = *state;
	struct outcome o[50];
	struct resolve *l;

	for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
		o[i] = (struct outcome){ .base = f->base };
		assert_int_equal(resolve_start(f->r, "a1-wait20.example",
					       on_done, &o[i], &l),
				 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
		wait_for(f, &o[i].calls, 1);
		assert_addr(&o[i], 0, "10.0.0.1");
	}
	assert_int_equal(asked(f), 2);
}

static void an_answer_is_kept_for_its_ttl(void **state)
{
	struct fixture *f = *state;

	(void)look_up(f, "a1-ttl30.example");
	(void)look_up(f, "a1-ttl1.example");
	assert_int_equal(asked(f), 4);
	(void)usleep(1100000);
	(void)look_up(f, "a1-ttl30.example");
	assert_int_equal(asked(f), 4);
	(void)look_up(f, "a1-ttl1.example");
	assert_int_equal(asked(f), 6);
}

/* The alias may change at once, though the address may be kept a minute. */
static void the_shortest_ttl_of_a_chain_counts(void **state)
{
	struct fixture *f = *state;
	struct outcome o = look_up(f, "cname-a1-ttl60.example");

	assert_addr(&o, 0, "10.0.0.1");
	(void)usleep(1100000);
	(void)look_up(f, "cname-a1-ttl60.example");
	assert_int_equal(f->server.asked_a, 2);
}

static void no_such_name_is_a_failure_and_kept_for_a_moment(void **state)
{
	static const char *const names[] = { "nx.example", "empty.example" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		unsigned before = asked(f);
		struct outcome o = look_up(f, names[i]);

		assert_int_equal(o.reason, REASON_DNS_FAILURE);
		assert_int_equal(asked(f), before + 2);
		o = look_up(f, names[i]);
		assert_int_equal(o.reason, REASON_DNS_FAILURE);
		assert_int_equal(asked(f), before + 2);
	}
}

static void a_servers_failure_is_a_failure_and_not_kept(void **state)
{
	static const char *const names[] = { "servfail.example",
					     "refused.example" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct outcome o = look_up(f, names[i]);
		unsigned before = asked(f);

		assert_int_equal(o.reason, REASON_DNS_FAILURE);
		o = look_up(f, names[i]);
		assert_int_equal(o.reason, REASON_DNS_FAILURE);
		assert_true(asked(f) > before);
	}
}

static void half_an_answer_is_good_and_kept_briefly(void **state)
{
	struct fixture *f = *state;
	struct outcome o = look_up(f, "a1-servfail6-ttl3600.example");
	unsigned before = asked(f);

	assert_int_equal(o.n, 1);
	(void)look_up(f, "a1-servfail6-ttl3600.example");
	assert_int_equal(asked(f), before);
	(void)usleep(5100000);
	(void)look_up(f, "a1-servfail6-ttl3600.example");
	assert_true(asked(f) > before);
}

static void no_answer_is_a_time_out_at_the_deadline(void **state)
{
	struct fixture *f = *state;
	uint64_t start_ms, took_ms;
	struct outcome o;
	unsigned before;

	impatient(f, TIMEOUT_MS);
	start_ms = clock_ms();
	o = look_up(f, "drop.example");
	before = asked(f);
	took_ms = clock_ms() - start_ms;
	assert_int_equal(o.reason, REASON_DNS_TIMEOUT);
	assert_true(took_ms >= TIMEOUT_MS - 100 && took_ms < 20000);
	/* And is not kept. */
	o = look_up(f, "drop.example");
	assert_int_equal(o.reason, REASON_DNS_TIMEOUT);
	assert_true(asked(f) > before);
}

static void a_closed_port_is_a_failure_at_once(void **state)
{
	struct fixture *f = *state;
	struct conf_server s = server_at("127.0.0.9", f->server.port);
	uint64_t start_ms = clock_ms();
	struct outcome o;

	resolver_with(f, &s, 1, PATIENCE_MS);
	o = look_up(f, "a1.example");
	assert_int_equal(o.reason, REASON_DNS_FAILURE);
	assert_in_range(clock_ms() - start_ms, 0, ASK_AGAIN_MS - 100);
}

/* Nobody listens there: that is heard at once, and no time is lost. */
static void
the_second_server_is_asked_at_once_when_the_first_is_gone(void **state)
{
	struct fixture *f = *state;
	struct dns_script gone;
	struct conf_server s[2];
	uint64_t began;
	struct outcome o;

	assert_int_equal(dns_script_start(&gone, f->base, "127.0.0.2", 0), 0);
	s[0] = server_at("127.0.0.2", gone.port);
	s[1] = server_at("127.0.0.1", f->server.port);
	dns_script_stop(&gone);
	resolver_with(f, s, 2, PATIENCE_MS);
	began = clock_ms();
	o = look_up(f, "a1.example");
	assert_int_equal(o.n, 1);
	assert_in_range(clock_ms() - began, 0, ASK_AGAIN_MS - 100);
}

/* Sends each query back as an answer with the code REFUSED (RFC 1035 4.1.1). */
static void refuse(evutil_socket_t fd, short what, void *arg)
{
	struct sockaddr_storage who;
	socklen_t len = sizeof(who);
	unsigned *refused = arg;
	uint8_t bytes[512];
	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0,
			     (struct sockaddr *)&who, &len);

	(void)what;
	if (n < 12)
		return;
	bytes[2] |= 0x80;
	bytes[3] = (uint8_t)((bytes[3] & 0xf0) | 5);
	if (sendto(fd, bytes, (size_t)n, 0, (struct sockaddr *)&who, len) == n)
		(*refused)++;
}

static void the_second_server_is_asked_when_the_first_refuses(void **state)
{
	struct fixture *f = *state;
	struct dns_script refusing;
	struct conf_server s[2];
	unsigned refused = 0;
	struct event *ev;

	assert_int_equal(dns_script_start(&refusing, f->base, "127.0.0.2", 0),
			 0);
	(void)event_del(refusing.udp_ev);
	ev = event_new(f->base, refusing.udp, EV_READ | EV_PERSIST, refuse,
		       &refused);
	assert_non_null(ev);
	assert_int_equal(event_add(ev, NULL), 0);
	s[0] = server_at("127.0.0.2", refusing.port);
	s[1] = server_at("127.0.0.1", f->server.port);
	resolver_with(f, s, 2, PATIENCE_MS);
	(void)look_up_both(f, "a1-q1", 2);
	assert_true(refused > 0);
	event_free(ev);
	dns_script_stop(&refusing);
}

static void the_second_server_is_asked_when_the_first_is_silent(void **state)
{
	struct fixture *f = *state;
	struct dns_script silent;
	struct conf_server s[2];

	/* Its sockets are open, and nobody reads them. */
	assert_int_equal(dns_script_start(&silent, f->base, "127.0.0.2", 0), 0);
	(void)event_del(silent.udp_ev);
	s[0] = server_at("127.0.0.2", silent.port);
	s[1] = server_at("127.0.0.1", f->server.port);
	resolver_with(f, s, 2, 3500); /* asked again after 500 */
	(void)look_up_both(f, "a1-q1", 2);
	dns_script_stop(&silent);
}

static void an_aaaa_that_never_comes_costs_a_moment(void **state)
{
	const uint32_t timeout_ms = 3500; /* asked again after 500 */
	struct fixture *f = *state;
	uint64_t start_ms, took_ms;
	struct outcome o;

	impatient(f, timeout_ms);
	start_ms = clock_ms();
	o = look_up(f, "a1-drop6.example");
	took_ms = clock_ms() - start_ms;
	assert_int_equal(o.n, 1);
	assert_addr(&o, 0, "10.0.0.1");
	if (took_ms >= timeout_ms - 100) {
		print_message("no route to 10.0.0.1: A waits for AAAA here\n");
		return;
	}
	assert_true(took_ms >= 40);
	/* The query goes on for the cache; who asks now is served at once. */
	start_ms = clock_ms();
	o = look_up(f, "a1-drop6.example");
	assert_int_equal(o.n, 1);
	assert_true(clock_ms() - start_ms < timeout_ms - 100);
	assert_int_equal(f->server.asked_a, 1);
}

static void an_a_that_never_comes_is_waited_for(void **state)
{
	struct fixture *f = *state;
	uint64_t start_ms;
	struct outcome o;

	impatient(f, TIMEOUT_MS);
	start_ms = clock_ms();
	o = look_up(f, "q1-drop4.example");
	assert_int_equal(o.n, 1);
	assert_addr(&o, 0, "2001:db8::1");
	assert_true(clock_ms() - start_ms >= TIMEOUT_MS - 100);
}

/* c-ares may have learned from quick answers to lose its patience early. */
static void a_slow_answer_after_quick_ones_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	char name[40];

	impatient(f, 7000);
	for (int i = 0; i < 6; i++) {
		(void)snprintf(name, sizeof(name), "a1.quick%d.example", i);
		o = look_up(f, name);
		assert_int_equal(o.n, 1);
	}
	o = look_up(f, "a1-wait1100.example");
	assert_int_equal(o.n, 1);
}

static void a_cut_answer_is_asked_for_again_over_tcp(void **state)
{
	struct fixture *f = *state;

	(void)look_up_both(f, "a2-q2-tc", 4);
	assert_int_equal(f->server.asked_tcp, 2);
}

static void thousands_of_addresses_give_the_first_of_each_family(void **state)
{
	struct outcome o = { 0 };
	char name[40];

	/* As look_up_both(), but of A alone there are as many. */
	for (int tries = 0; tries < 20; tries++) {
		(void)snprintf(name, sizeof(name), "a3000-q2000.t%d.example",
			       tries);
		o = look_up(*state, name);
		assert_int_equal(o.n, RESOLVE_ADDRS_MAX);
		if (o.addrs[0].family == AF_INET6)
			break;
	}
	assert_addr(&o, 0, "2001:db8::1");
	assert_addr(&o, 1, "10.0.0.1");
	assert_addr(&o, RESOLVE_ADDRS_MAX - 1, "10.0.0.32");
}

static void rubbish_is_never_an_address(void **state)
{
	static const struct {
		const char *name;
		enum reason want, or ;
	} cases[] = {
		{ "a1-garbage.example", REASON_DNS_FAILURE,
		  REASON_DNS_TIMEOUT },
		{ "a1-q1-cut.example", REASON_DNS_FAILURE, REASON_DNS_TIMEOUT },
		{ "a1-q1-loop.example", REASON_DNS_FAILURE,
		  REASON_DNS_TIMEOUT },
		{ "a1-q1-wrongname.example", REASON_DNS_FAILURE,
		  REASON_DNS_FAILURE },
		{ "a1-q1-wrongid.example", REASON_DNS_TIMEOUT,
		  REASON_DNS_TIMEOUT },
		{ "a3000-tc-cut.example", REASON_DNS_FAILURE,
		  REASON_DNS_TIMEOUT },
	};

	impatient(*state, TIMEOUT_MS);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome o = look_up(*state, cases[i].name);

		if (o.reason != cases[i].want && o.reason != cases[i].or)
			fail_msg("%s: %s", cases[i].name,
				 reason_name(o.reason));
	}
}

/* Every one ends, with addresses or without, and ASan has nothing to say. */
static void damaged_answers_end_like_any_other(void **state)
{
	static struct outcome o[300];
	struct fixture *f = *state;
	unsigned good = 0;

	impatient(f, 3500);
	for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
		struct resolve *l;
		char name[64];

		(void)snprintf(name, sizeof(name), "%s-flip%zu.example",
			       i % 2 ? "a3-q3-cname" : "a9-q1-tc", i);
		o[i] = (struct outcome){ .base = f->base };
		assert_int_equal(resolve_start(f->r, name, on_done, &o[i], &l),
				 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
		wait_for(f, &o[i].calls, 1);
		good += o[i].reason == REASON_ALLOWED;
	}
	/* The damage is such that both ways out are taken. */
	assert_true(good > 0 && good < ARRAY_SIZE(o));
}

int main(void)
{
#define RESOLVE_TEST(test)                                                     \
	cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		RESOLVE_TEST(gives_both_families_in_turn_ipv6_first),
		RESOLVE_TEST(an_ipv4_mapped_answer_is_its_ipv4_address),
		RESOLVE_TEST(concurrent_look_ups_of_a_name_are_one_query),
		RESOLVE_TEST(an_answer_is_kept_for_its_ttl),
		RESOLVE_TEST(the_shortest_ttl_of_a_chain_counts),
		RESOLVE_TEST(no_such_name_is_a_failure_and_kept_for_a_moment),
		RESOLVE_TEST(a_servers_failure_is_a_failure_and_not_kept),
		RESOLVE_TEST(half_an_answer_is_good_and_kept_briefly),
		RESOLVE_TEST(no_answer_is_a_time_out_at_the_deadline),
		RESOLVE_TEST(a_closed_port_is_a_failure_at_once),
		RESOLVE_TEST(
			the_second_server_is_asked_at_once_when_the_first_is_gone),
		RESOLVE_TEST(the_second_server_is_asked_when_the_first_refuses),
		RESOLVE_TEST(
			the_second_server_is_asked_when_the_first_is_silent),
		RESOLVE_TEST(an_aaaa_that_never_comes_costs_a_moment),
		RESOLVE_TEST(an_a_that_never_comes_is_waited_for),
		RESOLVE_TEST(a_slow_answer_after_quick_ones_is_waited_for),
		RESOLVE_TEST(a_cut_answer_is_asked_for_again_over_tcp),
		RESOLVE_TEST(
			thousands_of_addresses_give_the_first_of_each_family),
		RESOLVE_TEST(rubbish_is_never_an_address),
		RESOLVE_TEST(damaged_answers_end_like_any_other),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
