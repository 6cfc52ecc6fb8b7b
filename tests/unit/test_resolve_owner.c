/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_resolve_owner.c - the resolver towards its owner and system
 *
 * Which names never reach DNS, which files it heeds and when, limits, and
 * what an owner may do at any time: cancel, start, forget. What servers
 * answer is in test_resolve.c.
 */
#include "proxy/resolve.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/conf.h"
#include "common/macros.h"
#include "tests/support/dns_script.h"

#define TIMEOUT_MS  10500 /* a question is not asked again for 1500 */
#define PATIENCE_MS 20000 /* of a test on a busy machine */

struct fixture {
	struct event_base *base;
	struct dns_script server;
	struct resolver *r;
	char folder[64], hosts[80], resolv_conf[80];
};

struct outcome {
	struct fixture *f;
	unsigned calls;
	enum reason reason;
	size_t n;
	struct addr addrs[RESOLVE_ADDRS_MAX];
	struct resolve *also; /* cancelled from inside the callback */
	const char *then;     /* asked for from inside the callback */
};

static void on_done(const struct addr *addrs, size_t n, enum reason reason,
		    void *arg)
{
	struct outcome *o = arg;
	struct resolve *l;

	o->calls++;
	o->reason = reason;
	o->n = n;
	if (n > 0)
		memcpy(o->addrs, addrs, n * sizeof(*addrs));
	resolve_cancel(o->also);
	o->also = NULL;
	if (o->then) {
		const char *name = o->then;

		o->then = NULL;
		assert_int_equal(resolve_start(o->f->r, name, on_done, o, &l),
				 0);
	}
	(void)event_base_loopbreak(o->f->base);
}

static void write_file(const char *path, const char *text)
{
	char next[96];
	FILE *file;

	/* By rename, as careful writers do: never seen half written. */
	(void)snprintf(next, sizeof(next), "%s.new", path);
	file = fopen(next, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(next, path), 0);
}

static void resolver_with(struct fixture *f, const struct conf_server *servers,
			  size_t n, uint32_t pending_max)
{
	struct resolver_opts opts = {
		.servers = servers,
		.servers_n = n,
		.resolv_conf_path = f->resolv_conf,
		.hosts_path = f->hosts,
		.timeout_ms = TIMEOUT_MS,
		.pending_max = pending_max,
	};

	resolver_free(f->r);
	f->r = NULL;
	assert_int_equal(resolver_new(f->base, &opts, &f->r), 0);
}

static struct conf_server own_server(const struct fixture *f)
{
	struct conf_server s = { .port = f->server.port };

	assert_int_equal(addr_parse("127.0.0.1", 9, &s.addr), ADDR_OK);
	return s;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct conf_server s;

	assert_non_null(f);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/resolve.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->hosts, sizeof(f->hosts), "%s/hosts", f->folder);
	(void)snprintf(f->resolv_conf, sizeof(f->resolv_conf), "%s/resolv.conf",
		       f->folder);
	f->base = event_base_new();
	assert_int_equal(dns_script_start(&f->server, f->base, "127.0.0.1", 0),
			 0);
	s = own_server(f);
	resolver_with(f, &s, 1, 100);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	resolver_free(f->r);
	dns_script_stop(&f->server);
	event_base_free(f->base);
	(void)unlink(f->hosts);
	(void)unlink(f->resolv_conf);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

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

static struct resolve *start(struct fixture *f, const char *name,
			     struct outcome *o)
{
	struct resolve *l = NULL;
	unsigned before = o->calls;

	o->f = f;
	assert_int_equal(resolve_start(f->r, name, on_done, o, &l), 0);
	assert_non_null(l);
	assert_int_equal(o->calls, before); /* never from inside */
	return l;
}

static struct outcome look_up(struct fixture *f, const char *name)
{
	struct outcome o = { 0 };

	(void)start(f, name, &o);
	while (o.calls == 0)
		assert_int_equal(event_base_dispatch(f->base), 0);
	assert_int_equal(o.calls, 1);
	return o;
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

static void localhost_and_all_below_it_never_reach_dns(void **state)
{
	static const char *const names[] = { "localhost", "a.localhost",
					     "a1.b.localhost" };
	struct fixture *f = *state;
	struct conf_server s = own_server(f);

	/* Nor does the file decide. */
	write_file(f->hosts, "10.1.1.1 localhost a.localhost\n");
	resolver_with(f, &s, 1, 100);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct outcome o = look_up(f, names[i]);

		assert_int_equal(o.reason, REASON_ALLOWED);
		assert_int_equal(o.n, 2);
		assert_addr(&o, 0, "::1");
		assert_addr(&o, 1, "127.0.0.1");
	}
	assert_int_equal(asked(f), 0);
}

static void a_name_that_only_looks_like_localhost_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct outcome o = look_up(f, "a1-xlocalhost");

	assert_addr(&o, 0, "10.0.0.1");
	o = look_up(f, "a1.localhost.example");
	assert_addr(&o, 0, "10.0.0.1");
	assert_int_equal(asked(f), 4);
}

static void a_name_in_the_hosts_file_is_never_asked_for(void **state)
{
	struct fixture *f = *state;
	struct conf_server s = own_server(f);
	struct outcome o;

	write_file(f->hosts, "10.1.1.1 a1.example other\n"
			     "10.1.1.2 a1.example\n"
			     "fd00::1 a1.example\n");
	resolver_with(f, &s, 1, 100);
	o = look_up(f, "a1.example");
	assert_int_equal(o.n, 3);
	assert_addr(&o, 0, "fd00::1");
	assert_addr(&o, 1, "10.1.1.1");
	assert_addr(&o, 2, "10.1.1.2");
	assert_int_equal(asked(f), 0);
}

static void a_changed_hosts_file_is_read_within_a_second(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	o = look_up(f, "a1.example");
	assert_addr(&o, 0, "10.0.0.1");
	write_file(f->hosts, "10.1.1.1 a1.example\n");
	(void)usleep(1100000);
	o = look_up(f, "a1.example"); /* although DNS' answer is kept, too */
	assert_addr(&o, 0, "10.1.1.1");
	write_file(f->hosts, "");
	(void)usleep(1100000);
	o = look_up(f, "a1.example");
	assert_addr(&o, 0, "10.0.0.1");
}

static void an_address_in_any_spelling_is_never_sent_as_a_name(void **state)
{
	static const char *const names[] = {
		"127.0.0.1",
		"127.1",
		"0x7f.1",
		"2130706433",
		"10.0.0.01",
		"::1",
		"[::1]",
		"",
		"a1..b",
		"a1 b",
		"a1.b.",
		"A1.b",
		"a1.0x7f",
		"a1.\xc3\xa9",
		".",
		".a1",
		"a1.7",
		"*.a1",
		("a12345678901234567890123456789012345678901234567890"
		 "1234567890123.example"), /* a label of 64 */
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct outcome o = look_up(f, names[i]);

		assert_int_equal(o.reason, REASON_DNS_FAILURE);
	}
	assert_int_equal(asked(f), 0);
}

static void names_below_onion_are_refused_without_asking(void **state)
{
	struct fixture *f = *state;
	struct outcome o = look_up(f, "a1.onion");

	assert_int_equal(o.reason, REASON_DNS_FAILURE);
	assert_int_equal(asked(f), 0);
}

/* Two servers on port 53: no other port can stand in resolv.conf. */
static void a_changed_resolv_conf_moves_open_questions(void **state)
{
	struct fixture *f = *state;
	struct dns_script first, second;
	struct outcome open = { 0 }, o = { 0 };
	int r = dns_script_start(&first, f->base, "127.0.0.77", 53);

	if (r < 0) {
		assert_null(getenv("NETLEASH_TESTS_MUST_RUN"));
		print_message("no port 53: %s\n", strerror(-r));
		skip();
	}
	assert_int_equal(dns_script_start(&second, f->base, "127.0.0.78", 53),
			 0);
	write_file(f->resolv_conf, "nameserver 127.0.0.77\n"
				   "search corp.example\n"
				   "options ndots:5\n");
	resolver_with(f, NULL, 0, 100);

	/* A single label is asked for as it is: no search list. */
	o = look_up(f, "a1");
	assert_addr(&o, 0, "10.0.0.1");
	assert_string_equal(first.last, "a1");
	assert_int_equal(first.asked_a, 1);
	o = look_up(f, "a1-ttl600.example");
	assert_int_equal(first.asked_a, 2);

	/* The first server dies with a question open. */
	(void)event_del(first.udp_ev);
	(void)start(f, "a2.example", &open);
	write_file(f->resolv_conf, "nameserver 127.0.0.78\n");
	pass_time(f, 1100);
	assert_int_equal(open.calls, 0);
	o = look_up(f, "a1-ttl600.example"); /* kept answers are not trusted */
	assert_addr(&o, 0, "10.0.0.1");
	wait_for(f, &open.calls, 1);
	assert_int_equal(open.n, 2);
	assert_int_equal(second.asked_a, 2);
	assert_int_equal(first.asked_a, 2);

	/* A file that is gone for a moment changes nothing. */
	assert_int_equal(unlink(f->resolv_conf), 0);
	(void)usleep(1100000);
	o = look_up(f, "a3.example");
	assert_int_equal(o.n, 3);
	dns_script_stop(&first);
	dns_script_stop(&second);
}

static void too_many_names_at_once_are_a_limit(void **state)
{
	struct fixture *f = *state;
	struct conf_server s = own_server(f);
	struct outcome o[4] = { { 0 } };

	resolver_with(f, &s, 1, 2);
	(void)start(f, "a1-wait50.one", &o[0]);
	(void)start(f, "a1-wait50.two", &o[1]);
	(void)start(f, "a1.three", &o[2]);
	(void)start(f, "a1-wait50.two", &o[3]); /* joins */
	for (size_t i = 0; i < ARRAY_SIZE(o); i++)
		wait_for(f, &o[i].calls, 1);
	assert_int_equal(o[0].reason, REASON_ALLOWED);
	assert_int_equal(o[1].reason, REASON_ALLOWED);
	assert_int_equal(o[2].reason, REASON_LIMIT);
	assert_int_equal(o[3].reason, REASON_ALLOWED);
	/* And then there is room again. */
	o[2] = look_up(f, "a1.three");
	assert_int_equal(o[2].reason, REASON_ALLOWED);
}

static void a_cancelled_look_up_is_silent_and_its_answer_kept(void **state)
{
	struct fixture *f = *state;
	struct outcome gone[3] = { { 0 } }, stays = { 0 }, o;
	struct resolve *l[3];

	l[0] = start(f, "a1-wait50.example", &gone[0]);
	(void)start(f, "a1-wait50.example", &stays);
	l[1] = start(f, "a2-wait50.example", &gone[1]);
	l[2] = start(f, "localhost", &gone[2]);
	for (size_t i = 0; i < ARRAY_SIZE(l); i++)
		resolve_cancel(l[i]);
	resolve_cancel(NULL);
	wait_for(f, &stays.calls, 1);
	pass_time(f, 200);
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
		assert_int_equal(gone[i].calls, 0);
	assert_int_equal(stays.calls, 1);
	assert_int_equal(asked(f), 4);
	o = look_up(f, "a2-wait50.example");
	assert_int_equal(o.n, 2);
	assert_int_equal(asked(f), 4);
}

/* It would be told what has just ended, again and again. */
static void who_asks_from_inside_done_asks_anew(void **state)
{
	static const char name[] = "servfail.example"; /* not kept */
	struct fixture *f = *state;
	struct outcome o = { .then = name };
	unsigned once;

	(void)look_up(f, name);
	once = asked(f);
	assert_true(once > 0);
	(void)start(f, name, &o);
	wait_for(f, &o.calls, 2);
	assert_true(asked(f) > 2 * once);
}

static void an_owner_may_start_and_cancel_from_inside_done(void **state)
{
	static const char *const names[] = { "a1-wait20.example", "localhost" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct outcome first = { 0 }, second = { 0 };

		(void)start(f, names[i], &first);
		first.also = start(f, names[i], &second);
		first.then = names[i]; /* the name that is being told */
		wait_for(f, &first.calls, 2);
		pass_time(f, 50);
		assert_int_equal(second.calls, 0);
	}
	assert_int_equal(asked(f), 2);
}

static void a_resolver_with_open_questions_can_be_freed(void **state)
{
	struct fixture *f = *state;
	struct outcome o = { 0 };

	for (int turns = 0; turns < 3; turns++) {
		struct conf_server s = own_server(f);

		resolve_cancel(start(f, "drop.example", &o));
		resolve_cancel(start(f, "a1-tc-wait100.example", &o));
		resolve_cancel(start(f, "a1.onion", &o));
		pass_time(f, (unsigned)turns * 20);
		resolver_with(f, &s, 1, 100);
	}
	assert_int_equal(o.calls, 0);
}

static void an_unreadable_hosts_file_is_an_error_from_the_start(void **state)
{
	struct fixture *f = *state;
	struct resolver_opts opts = {
		.hosts_path = f->folder, /* a folder cannot be read */
		.resolv_conf_path = f->resolv_conf,
		.timeout_ms = TIMEOUT_MS,
		.pending_max = 1,
	};
	struct resolver *r = NULL;

	assert_int_equal(resolver_new(f->base, &opts, &r), -EISDIR);
	opts.hosts_path = f->hosts;
	opts.timeout_ms = 0;
	assert_int_equal(resolver_new(f->base, &opts, &r), -EINVAL);
	assert_null(r);
}

/*
 * A network of our own, where port 53 is free whoever else runs. Where that
 * is not to be had the tests run in the network there is.
 */
static void take_own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET) < 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		print_message("lo stays down: %s\n", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
}

int main(void)
{
#define OWNER_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		OWNER_TEST(localhost_and_all_below_it_never_reach_dns),
		OWNER_TEST(a_name_that_only_looks_like_localhost_is_asked_for),
		OWNER_TEST(a_name_in_the_hosts_file_is_never_asked_for),
		OWNER_TEST(a_changed_hosts_file_is_read_within_a_second),
		OWNER_TEST(an_address_in_any_spelling_is_never_sent_as_a_name),
		OWNER_TEST(names_below_onion_are_refused_without_asking),
		OWNER_TEST(a_changed_resolv_conf_moves_open_questions),
		OWNER_TEST(too_many_names_at_once_are_a_limit),
		OWNER_TEST(a_cancelled_look_up_is_silent_and_its_answer_kept),
		OWNER_TEST(who_asks_from_inside_done_asks_anew),
		OWNER_TEST(an_owner_may_start_and_cancel_from_inside_done),
		OWNER_TEST(a_resolver_with_open_questions_can_be_freed),
		OWNER_TEST(an_unreadable_hosts_file_is_an_error_from_the_start),
	};

	take_own_network();
	return cmocka_run_group_tests_name("resolve_owner", tests, NULL, NULL);
}
