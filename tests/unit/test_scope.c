/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_scope.c - one proxy, many runs, each judged by its own
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/conf.h"
#include "common/macros.h"
#include "proxy/proxy.h"
#include "tests/support/loopback.h"
#include "tests/support/proxy_fixture.h"

#define RUNS 200

/* One run with its own door, conf and policy. */
struct run {
	struct conf *conf;
	struct policy *policy;
	struct proxy_scope *scope;
	uint16_t port;
	unsigned ended;
	size_t blocked_n;
	struct proxy_stats stats;
};

static void make_policy(const char *conf_text, struct conf **ret,
			struct policy **ret_policy)
{
	struct conf_report report;

	assert_int_equal(conf_parse("run.conf", conf_text, strlen(conf_text),
				    NULL, ret, &report),
			 0);
	conf_report_fini(&report);
	assert_int_equal(policy_new(*ret, NULL, ret_policy), 0);
}

/* @distrusts: its policy looks into tunnels, its clients do not know who signs
 */
static void run_begin_as(struct fixture *f, struct run *run, const char *name,
			 const char *conf_text, bool distrusts)
{
	struct proxy_scope_opts opts = { .run = name,
					 .remember_blocked = true,
					 .distrusted = distrusts };

	memset(run, 0, sizeof(*run));
	make_policy(conf_text, &run->conf, &run->policy);
	policy_set_inspection(run->policy, distrusts);
	opts.conf = run->conf;
	opts.policy = run->policy;
	assert_int_equal(proxy_scope_new(f->proxy, &opts, &run->scope), 0);
	assert_int_equal(
		proxy_add_listener(run->scope, loopback_listen(16, &run->port)),
		0);
}

static void run_begin(struct fixture *f, struct run *run, const char *name,
		      const char *conf_text)
{
	run_begin_as(f, run, name, conf_text, false);
}

static void on_run_ended(void *arg)
{
	struct run *run = arg;
	uint64_t more;

	run->ended++;
	(void)proxy_scope_blocked(run->scope, &run->blocked_n, &more);
	proxy_scope_stats(run->scope, &run->stats);
	run->scope = NULL;
}

static void run_end(struct fixture *f, struct run *run)
{
	proxy_scope_close(run->scope, on_run_ended, run);
	assert_int_equal(run->ended, 0); /* from the loop, not from here */
	/* Where it was on another thread, it takes a while. */
	for (int i = 0; i < 20000 && run->ended == 0; i++)
		fixture_turn_for(f, 1);
	assert_int_equal(run->ended, 1);
	policy_free(run->policy);
	conf_free(run->conf);
}

static const char *ask(struct fixture *f, uint16_t port, const char *target)
{
	static char answer[4096];
	char head[200];
	int fd = loopback_connect(port);

	(void)snprintf(head, sizeof(head),
		       "CONNECT %s HTTP/1.1\r\nHost: %s\r\n"
		       "Connection: close\r\n\r\n",
		       target, target);
	fixture_say(fd, head);
	(void)snprintf(answer, sizeof(answer), "%s", fixture_head(f, fd));
	close(fd);
	return answer;
}

/* What a client says of itself is nothing: its door alone decides. */
static void each_run_is_judged_by_its_own_door(void **state)
{
	static struct run runs[RUNS];
	const struct proxy_blocked *v;
	char name[40], conf[64], target[64];
	struct fixture f;
	uint64_t more;
	size_t n;

	(void)state;
	fixture_begin(&f, "allow none.example\n");
	for (unsigned i = 0; i < RUNS; i++) {
		(void)snprintf(name, sizeof(name), "run%u", i);
		/* Its own name is refused by a rule, all others by none. */
		(void)snprintf(conf, sizeof(conf),
			       "allow w.example\ndeny n%u.example\n", i);
		run_begin(&f, &runs[i], name, conf);
	}
	for (unsigned i = 0; i < RUNS; i++) {
		(void)snprintf(target, sizeof(target), "n%u.example:443", i);
		assert_has(ask(&f, runs[i].port, target), " 403 ");
		v = proxy_scope_blocked(runs[i].scope, &n, &more);
		assert_int_equal(n, 1);
		assert_int_equal(more, 0);
		assert_string_equal(v[0].target, target);
		assert_string_equal(v[0].rule, "run.conf:2");
		(void)snprintf(name, sizeof(name), "\"run\":\"run%u\"", i);
		assert_has(fixture_log(&f, i + 1), name);
	}
	(void)proxy_scope_blocked(f.scope, &n, &more);
	assert_int_equal(n, 0);
	for (unsigned i = 0; i < RUNS; i++) {
		run_end(&f, &runs[i]);
		assert_int_equal(runs[i].blocked_n, 1);
		assert_int_equal(runs[i].stats.accepted, 1);
		assert_int_equal(runs[i].stats.connections, 0);
		assert_int_equal(runs[i].stats.ended[REASON_DENIED], 1);
	}
	fixture_end(&f);
}

static void a_run_that_ends_takes_its_tunnels_and_no_others(void **state)
{
	char head[100], conf[200];
	int client, origin, own_client, own_origin;
	struct fixture f;
	struct run run;

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN\n");
	(void)snprintf(conf, sizeof(conf), "allow 127.0.0.1:%u\n",
		       f.origin_port);
	run_begin(&f, &run, "r2", conf);
	fixture_tunnel(&f, &client, &origin);
	own_client = loopback_connect(run.port);
	(void)snprintf(head, sizeof(head),
		       "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", f.origin_port);
	fixture_say(own_client, head);
	assert_has(fixture_head(&f, own_client), " 200 ");
	own_origin = fixture_accept(&f);

	run_end(&f, &run);
	assert_int_equal(run.stats.ended[REASON_ALLOWED], 1);
	assert_has(fixture_log(&f, 1), "\"run\":\"r2\"");
	assert_int_equal(fixture_end_of(&f, own_client), 0);
	assert_int_equal(fixture_end_of(&f, own_origin), 0);
	fixture_say(client, "still here");
	fixture_expect(&f, origin, "still here");
	close(own_client);
	close(own_origin);
	close(client);
	close(origin);
	fixture_end(&f);
}

static void nobody_answers_at_the_door_of_a_run_that_ended(void **state)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct fixture f;
	struct run run;
	int fd, held;

	(void)state;
	fixture_begin(&f, "allow none.example\n");
	run_begin(&f, &run, "r2", "allow none.example\n");
	/* Or a test beside this one could answer there. */
	held = loopback_bind(run.port, &run.port);
	run_end(&f, &run);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	a.sin_port = htons(run.port);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
	close(held);
	fixture_end(&f);
}

/* Once it is known that others have left, which is another thread's. */
static void expect_room(struct fixture *f, uint16_t port)
{
	const uint64_t deadline = clock_ms() + 10000;
	const char *answer;

	while (strstr(answer = ask(f, port, "a.example:443"), " 503 "))
		assert_true(clock_ms() < deadline);
	assert_has(answer, " 403 ");
}

static void a_run_that_is_full_leaves_room_for_the_others(void **state)
{
	struct fixture f;
	struct run full, other;
	int fds[3];

	(void)state;
	fixture_begin(&f, "allow none.example\n");
	run_begin(&f, &full, "full",
		  "allow none.example\nlimit connections-per-run 3\n");
	run_begin(&f, &other, "other", "allow none.example\n");
	for (size_t i = 0; i < 3; i++)
		fds[i] = loopback_connect(full.port);
	fixture_turn_for(&f, 20);
	assert_has(ask(&f, full.port, "a.example:443"), " 503 ");
	assert_has(ask(&f, other.port, "a.example:443"), " 403 ");
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
	expect_room(&f, full.port);
	run_end(&f, &full);
	run_end(&f, &other);
	fixture_end(&f);
}

/* The first takes all tunnels to a target that there may be. */
static void
a_run_gets_some_of_a_target_s_tunnels_whoever_has_the_rest(void **state)
{
	const uint16_t *ports[3];
	char head[100], conf[200];
	int client[3], origin[3];
	struct run greedy, other;
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow none.example\n");
	(void)snprintf(conf, sizeof(conf),
		       "allow 127.0.0.1:%u\nlimit tunnels-per-target 2\n",
		       f.origin_port);
	(void)snprintf(head, sizeof(head), "127.0.0.1:%u", f.origin_port);
	run_begin(&f, &greedy, "greedy", conf);
	run_begin(&f, &other, "other", conf);
	ports[0] = ports[1] = &greedy.port;
	ports[2] = &other.port;
	for (size_t i = 0; i < 3; i++) {
		client[i] = loopback_connect(*ports[i]);
		(void)snprintf(conf, sizeof(conf),
			       "CONNECT %s HTTP/1.1\r\n\r\n", head);
		fixture_say(client[i], conf);
		assert_has(fixture_head(&f, client[i]), " 200 ");
		origin[i] = fixture_accept(&f);
	}
	assert_has(ask(&f, greedy.port, head), " 503 ");
	assert_has(ask(&f, other.port, head), " 503 ");
	for (size_t i = 0; i < 3; i++) {
		close(client[i]);
		close(origin[i]);
	}
	run_end(&f, &greedy);
	run_end(&f, &other);
	fixture_end(&f);
}

static void on_drained(void *arg)
{
	++*(unsigned *)arg;
}

/* Its door stays open, and so must be opened again when there is room. */
static void a_run_that_was_full_is_served_in_a_drain_too(void **state)
{
	unsigned drained = 0;
	struct fixture f;
	struct run run;
	int fds[24];

	(void)state;
	fixture_begin_threads(&f, "allow none.example\n", 1);
	run_begin(&f, &run, "full",
		  "allow none.example\nlimit connections-per-run 3\n");
	/* Some more are taken to be told so; then accepting pauses. */
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = loopback_connect(run.port);
		fixture_turn_for(&f, 1);
	}
	proxy_drain(f.proxy, on_drained, &drained);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	fixture_turn_for(&f, 20);
	assert_has(ask(&f, run.port, "a.example:443"), " 403 ");
	run_end(&f, &run);
	fixture_end(&f);
}

static void who_distrusts_the_ca_is_not_looked_into(void **state)
{
	const struct proxy_blocked *v;
	const char *answer;
	struct run run;
	struct fixture f;
	uint64_t more;
	size_t n;

	(void)state;
	fixture_begin(&f, "allow none.example\n");
	run_begin_as(&f, &run, "r2", "allow a.example\ninspect a.example\n",
		     true);
	answer = ask(&f, run.port, "a.example:443");
	assert_has(answer, " 403 ");
	assert_has(answer, "X-Netleash-Reason: inspection-required");
	v = proxy_scope_blocked(run.scope, &n, &more);
	assert_int_equal(n, 1);
	assert_string_equal(v[0].allow_with, ""); /* no line can help */
	run_end(&f, &run);
	fixture_end(&f);
}

static void a_new_policy_is_one_run_s_alone(void **state)
{
	static const char text[] = "allow none.example\ndeny a.example\n";
	const struct proxy_blocked *v;
	struct run run;
	struct fixture f;
	uint64_t more;
	size_t n;

	(void)state;
	fixture_begin(&f, "allow none.example\n");
	run_begin(&f, &run, "r2", "allow none.example\n");
	(void)fixture_replace(run.scope, "new.conf", text);
	assert_has(ask(&f, run.port, "a.example:443"), " 403 ");
	assert_has(ask(&f, f.port, "a.example:443"), " 403 ");
	v = proxy_scope_blocked(run.scope, &n, &more);
	assert_int_equal(n, 1);
	assert_string_equal(v[0].rule, "new.conf:2");
	v = proxy_scope_blocked(f.scope, &n, &more);
	assert_int_equal(n, 1);
	assert_string_equal(v[0].rule, "");
	run_end(&f, &run);
	fixture_end(&f);
}

/* Only what was reached: refused, and unreachable, is no need. */
static void what_another_policy_would_refuse_is_known_when_reached(void **state)
{
	struct proxy_scope_opts opts = { .run = "r2",
					 .remember_blocked = true };
	struct conf *wide, *narrow;
	struct policy *wide_policy, *narrow_policy;
	const struct proxy_blocked *v;
	char target[64], allow[80];
	struct proxy_scope *scope;
	struct fixture f;
	uint16_t port;
	uint64_t more;
	size_t n;

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN\n");
	make_policy("allow 127.0.0.1:*\ndeny d.example\n", &wide, &wide_policy);
	make_policy("allow 127.0.0.1:1\n", &narrow, &narrow_policy);
	opts.conf = wide;
	opts.policy = wide_policy;
	opts.compare = narrow_policy;
	assert_int_equal(proxy_scope_new(f.proxy, &opts, &scope), 0);
	assert_int_equal(proxy_add_listener(scope, loopback_listen(16, &port)),
			 0);

	(void)snprintf(target, sizeof(target), "127.0.0.1:%u", f.origin_port);
	for (int i = 0; i < 2; i++) {
		assert_has(ask(&f, port, target), " 200 ");
		close(fixture_accept(&f));
	}
	assert_has(ask(&f, port, "d.example:443"), " 403 ");
	assert_has(ask(&f, port, "127.0.0.1:2"), " 502 ");
	v = proxy_scope_needed(scope, &n, &more);
	assert_int_equal(n, 1);
	assert_int_equal(more, 0);
	assert_string_equal(v[0].target, target);
	assert_int_equal(v[0].reason, REASON_PORT);
	assert_int_equal(v[0].count, 2);
	(void)snprintf(allow, sizeof(allow), "allow %s", target);
	assert_string_equal(v[0].allow_with, allow);
	(void)proxy_scope_blocked(scope, &n, &more);
	assert_int_equal(n, 1);
	(void)proxy_scope_needed(f.scope, &n, &more);
	assert_int_equal(n, 0);
	fixture_end(&f);
	policy_free(wide_policy);
	policy_free(narrow_policy);
	conf_free(wide);
	conf_free(narrow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_run_is_judged_by_its_own_door),
		cmocka_unit_test(
			a_run_that_ends_takes_its_tunnels_and_no_others),
		cmocka_unit_test(
			nobody_answers_at_the_door_of_a_run_that_ended),
		cmocka_unit_test(a_run_that_is_full_leaves_room_for_the_others),
		cmocka_unit_test(
			a_run_gets_some_of_a_target_s_tunnels_whoever_has_the_rest),
		cmocka_unit_test(a_run_that_was_full_is_served_in_a_drain_too),
		cmocka_unit_test(who_distrusts_the_ca_is_not_looked_into),
		cmocka_unit_test(a_new_policy_is_one_run_s_alone),
		cmocka_unit_test(
			what_another_policy_would_refuse_is_known_when_reached),
	};

	return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}
