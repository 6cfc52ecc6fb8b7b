/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_reload_build.c - packed bytes to a policy, beside the loop
 */
#include "sandbox/reload_build.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "common/conf.h"
#include "common/conf_pack.h"
#include "common/fdio.h"
#include "proxy/policy.h"

static char list_path[] = "/tmp/netleash-build-XXXXXX";

struct heard {
	struct event_base *base;
	unsigned times, ticks;
	int result;
	size_t errors;
	char place[200];
};

static void on_built(void *arg, struct reload_built *built)
{
	static const char name[] = "h7.ads.example:443";
	struct heard *h = arg;
	struct request rq = { .method = METHOD_CONNECT };
	struct strbuf out = STRBUF_INIT;
	struct decision d;

	h->times++;
	h->result = built->result;
	h->errors = built->report.errors_n;
	event_base_loopbreak(h->base);
	if (built->result < 0) {
		assert_null(built->conf);
		assert_null(built->policy);
		return;
	}
	assert_int_equal(
		target_parse_authority(name, strlen(name), &rq.target, NULL),
		TARGET_OK);
	d = policy_check_request(built->policy, &rq);
	if (d.rule)
		policy_place(built->policy, &d, &out);
	(void)snprintf(h->place, sizeof(h->place), "%s", out.s ? out.s : "");
	strbuf_fini(&out);
}

/* @text with what its lists hold, packed, in a memory file. */
static int packed(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct strbuf bytes = STRBUF_INIT;
	struct conf_report report;
	struct conf *cf;

	assert_true(fd >= 0);
	assert_int_equal(
		conf_parse("/x", text, strlen(text), NULL, &cf, &report), 0);
	conf_report_fini(&report);
	conf_pack(cf, &bytes);
	assert_int_equal(fd_write_all(fd, bytes.s, bytes.len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	strbuf_fini(&bytes);
	conf_free(cf);
	return fd;
}

static int packed_list(unsigned names)
{
	FILE *f = fopen(list_path, "w");
	char text[100];

	assert_non_null(f);
	for (unsigned i = 0; i < names; i++)
		(void)fprintf(f, "h%u.ads.example\n", i);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(text, sizeof(text), "allow *\ndeny-list %s\n",
		       list_path);
	return packed(text);
}

static void build(struct heard *h, int fd, const char *profile)
{
	struct reload_build *b;

	assert_int_equal(
		reload_build_start(h->base, fd, profile, on_built, h, &b), 0);
	assert_int_equal(h->times, 0); /* never before it returns */
	assert_int_equal(event_base_dispatch(h->base), 0);
	assert_int_equal(h->times, 1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void what_was_packed_is_built(void **state)
{
	struct heard h = { .base = *state };
	char place[100];

	build(&h, packed_list(100), NULL);
	assert_int_equal(h.result, 0);
	(void)snprintf(place, sizeof(place), "%s:8", list_path);
	assert_string_equal(h.place, place);
}

static void what_cannot_be_built_says_why(void **state)
{
	struct heard h = { .base = *state };
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_equal(write(fd, "nonsense", 8), 8);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	build(&h, fd, NULL);
	assert_int_equal(h.result, -EPROTO);

	h.times = 0;
	build(&h, packed("allow a.example\n"), "none");
	assert_int_equal(h.result, -ENOENT);

	/* A text that does not parse: one byte of it is another. */
	h.times = 0;
	fd = packed("allow a.example\n");
	assert_int_equal(pwrite(fd, "#", 1, lseek(fd, -12, SEEK_END)), 1);
	assert_int_equal(pwrite(fd, "..", 2, lseek(fd, -10, SEEK_END)), 2);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	build(&h, fd, NULL);
	assert_int_equal(h.result, -EINVAL);
	assert_true(h.errors > 0);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct heard *h = arg;

	(void)fd;
	(void)what;
	h->ticks++;
}

/*
 * Were it built on the loop, the clock could tick once or twice at most,
 * however long the list is. With the other thread's luck it is built before
 * this one goes on; then a longer one is.
 */
static void the_loop_goes_on_while_a_long_list_is_built(void **state)
{
	const struct timeval soon = { .tv_usec = 1000 };
	struct heard h = { .base = *state };
	unsigned names = 300000;
	struct event *tick;

	tick = event_new(h.base, -1, EV_PERSIST, on_tick, &h);
	assert_int_equal(event_add(tick, &soon), 0);
	for (int tries = 0; tries < 8 && h.ticks <= 5; tries++) {
		h.times = h.ticks = 0;
		build(&h, packed_list(names), NULL);
		assert_int_equal(h.result, 0);
		print_message("%u ticks of a millisecond\n", h.ticks);
		if (tries % 2)
			names *= 2;
	}
	assert_true(h.ticks > 5);
	event_free(tick);
}

static void a_build_that_nobody_waits_for_leaves_nothing(void **state)
{
	struct heard h = { .base = *state };
	struct reload_build *b;

	assert_int_equal(reload_build_start(h.base, packed_list(10000), NULL,
					    on_built, &h, &b),
			 0);
	reload_build_cancel(b);
	reload_build_cancel(NULL);
	assert_int_equal(event_base_loop(h.base, EVLOOP_NONBLOCK), 1);
	assert_int_equal(h.times, 0);
}

static int make_base(void **state)
{
	*state = event_base_new();
	return *state ? 0 : -1;
}

static int free_base(void **state)
{
	event_base_free(*state);
	return 0;
}

static int make_list(void **state)
{
	int fd = mkstemp(list_path);

	(void)state;
	return fd >= 0 ? close(fd) : -1;
}

static int remove_list(void **state)
{
	(void)state;
	return unlink(list_path);
}

#define WITH_BASE(test)                                                        \
	cmocka_unit_test_setup_teardown(test, make_base, free_base)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BASE(what_was_packed_is_built),
		WITH_BASE(what_cannot_be_built_says_why),
		WITH_BASE(the_loop_goes_on_while_a_long_list_is_built),
		WITH_BASE(a_build_that_nobody_waits_for_leaves_nothing),
	};

	return cmocka_run_group_tests_name("reload_build", tests, make_list,
					   remove_list);
}
