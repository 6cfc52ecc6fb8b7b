/* SPDX-License-Identifier: MIT */
/*
 * tests/support/proxy_fixture.c - a whole proxy on loopback, turned by hand
 */
#include "tests/support/proxy_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/conf.h"
#include "proxy/policy.h"
#include "proxy/proxy.h"
#include "tests/support/loopback.h"

#define PATIENCE_MS 10000u

void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

struct replaced {
	struct conf *cf;
	struct policy *policy;
};

static void release_replaced(void *arg)
{
	struct replaced *r = arg;

	policy_free(r->policy);
	conf_free(r->cf);
	free(r);
}

const struct conf *fixture_replace(struct proxy_scope *s, const char *name,
				   const char *text)
{
	const struct conf_opts opts = { .auth = CONF_AUTH_NEED };
	struct replaced *r = calloc(1, sizeof(*r));
	struct conf_report report;

	assert_non_null(r);
	assert_int_equal(
		conf_parse(name, text, strlen(text), &opts, &r->cf, &report),
		0);
	conf_report_fini(&report);
	assert_int_equal(policy_new(r->cf, NULL, &r->policy), 0);
	assert_int_equal(proxy_scope_set_policy(s, r->cf, r->policy,
						release_replaced, r),
			 0);
	return r->cf;
}

void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

static unsigned threads_of_environment(void)
{
	const char *text = getenv("NETLEASH_TEST_THREADS");

	return text ? (unsigned)strtoul(text, NULL, 10) : 1;
}

static void fill_in(struct fixture *f, const char *text, struct strbuf *out)
{
	const char *at;

	while ((at = strstr(text, "ORIGIN"))) {
		strbuf_add(out, text, (size_t)(at - text));
		strbuf_addf(out, "%u", f->origin_port);
		text = at + strlen("ORIGIN");
	}
	strbuf_adds(out, text);
}

/* The conf's text, with the ports filled in. */
static void load_conf(struct fixture *f, const char *text)
{
	const struct conf_opts opts = { .auth = CONF_AUTH_NEED };
	struct strbuf out = STRBUF_INIT;
	struct conf_report report;

	fill_in(f, text, &out);
	strbuf_addf(&out, "\nresolver 127.0.0.1:%u\n", f->dns.port);
	if (conf_parse("test.conf", out.s, out.len, &opts, &f->conf, &report) <
	    0)
		fail_msg("%u: %s\n%s", report.errors[0].line,
			 report.errors[0].text, out.s);
	conf_report_fini(&report);
	strbuf_fini(&out);
}

void fixture_begin(struct fixture *f, const char *conf_text)
{
	fixture_begin_threads(f, conf_text, 0);
}

void fixture_begin_threads(struct fixture *f, const char *conf_text,
			   unsigned threads)
{
	const struct fixture_opts o = { .threads = threads };

	fixture_begin_opts(f, conf_text, &o);
}

void fixture_begin_unnamed(struct fixture *f, const char *conf_text)
{
	const struct fixture_opts o = { .unnamed = true };

	fixture_begin_opts(f, conf_text, &o);
}

void fixture_begin_opts(struct fixture *f, const char *conf_text,
			const struct fixture_opts *o)
{
	const unsigned threads =
		o->threads > 0 ? o->threads : threads_of_environment();
	struct proxy_scope_opts scope = { .run = o->unnamed ? "" : "r1",
					  .secrets = o->secrets,
					  .secrets_n = o->secrets_n,
					  .all_threads = true,
					  .asks = o->asks,
					  .remember_blocked = true };
	char error[PROXY_ERROR_MAX] = "";
	struct proxy_opts opts = { .threads = threads,
				   .ca = o->ca,
				   .error = error };

	memset(f, 0, sizeof(*f));
	f->dns_base = event_base_new();
	assert_non_null(f->dns_base);
	assert_int_equal(dns_script_start(&f->dns, f->dns_base, "127.0.0.1", 0),
			 0);
	f->origin = loopback_listen(1024, &f->origin_port);
	assert_int_equal(fcntl(f->origin, F_SETFL, O_NONBLOCK), 0);
	load_conf(f, conf_text);
	f->log_fd = memfd_create("access-log", MFD_CLOEXEC);
	assert_true(f->log_fd >= 0);
	assert_int_equal(fcntl(f->log_fd, F_SETFL, O_APPEND), 0);
	assert_int_equal(policy_new(f->conf, NULL, &f->policy), 0);
	policy_set_inspection(f->policy, o->ca != NULL);
	opts.conf = f->conf;
	scope.conf = f->conf;
	scope.policy = f->policy;
	opts.log_fd = f->log_fd;
	if (proxy_new(&opts, &f->proxy) < 0)
		fail_msg("no proxy: %s", error);
	f->base = proxy_base(f->proxy);
	assert_int_equal(proxy_scope_new(f->proxy, &scope, &f->scope), 0);
	for (unsigned i = 0; i < threads; i++) {
		int fd = loopback_bind(f->port, &f->port);

		assert_int_equal(listen(fd, 1024), 0);
		assert_int_equal(proxy_add_listener(f->scope, fd), 0);
	}
	assert_int_equal(proxy_start(f->proxy), 0);
}

void fixture_end(struct fixture *f)
{
	proxy_free(f->proxy);
	policy_free(f->policy);
	conf_free(f->conf);
	dns_script_stop(&f->dns);
	event_base_free(f->dns_base);
	if (f->origin >= 0)
		close(f->origin);
	close(f->log_fd);
	strbuf_fini(&f->text);
}

void fixture_turn(struct fixture *f)
{
	assert_true(event_base_loop(f->base, EVLOOP_NONBLOCK) >= 0);
	assert_true(event_base_loop(f->dns_base, EVLOOP_NONBLOCK) >= 0);
}

void fixture_turn_for(struct fixture *f, uint64_t ms)
{
	const uint64_t end = clock_ms() + ms;
	/* However busy the machine is: what was there at first is done. */
	const unsigned least = ms < 10 ? (unsigned)ms + 1 : 10;

	for (unsigned n = 0; n < least || clock_ms() < end; n++) {
		fixture_turn(f);
		(void)usleep(500);
	}
}

/* One turn of waiting for something that is to come before @deadline. */
static void wait_turn(struct fixture *f, uint64_t deadline)
{
	if (clock_ms() > deadline)
		fail_msg("it did not come; so far:\n%s",
			 f->text.s ? f->text.s : "");
	fixture_turn(f);
	(void)usleep(100);
}

int fixture_connect(struct fixture *f)
{
	return loopback_connect(f->port);
}

void fixture_send(int fd, const char *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

void fixture_say(int fd, const char *text)
{
	fixture_send(fd, text, strlen(text));
}

void fixture_ask(struct fixture *f, int fd, const char *text)
{
	struct strbuf out = STRBUF_INIT;

	fill_in(f, text, &out);
	fixture_send(fd, out.s, out.len);
	strbuf_fini(&out);
}

char *fixture_fill(struct fixture *f, const char *text)
{
	struct strbuf out = STRBUF_INIT;

	fill_in(f, text, &out);
	assert_false(strbuf_failed(&out));
	return out.s;
}

void fixture_say_connect(struct fixture *f, int fd)
{
	char head[80];

	(void)snprintf(head, sizeof(head),
		       "CONNECT 127.0.0.1:%u HTTP/1.1\r\n\r\n", f->origin_port);
	fixture_say(fd, head);
}

int fixture_accept(struct fixture *f)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;
	int fd;

	strbuf_reset(&f->text);
	while ((fd = accept4(f->origin, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0) {
		assert_int_equal(errno, EAGAIN);
		wait_turn(f, deadline);
	}
	return fd;
}

void fixture_read(struct fixture *f, int fd, size_t n)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	strbuf_reset(&f->text);
	while (f->text.len < n) {
		char got[4096];
		size_t want = n - f->text.len;
		ssize_t r = recv(fd, got,
				 want < sizeof(got) ? want : sizeof(got), 0);

		if (r > 0)
			strbuf_add(&f->text, got, (size_t)r);
		else if (r == 0 || errno != EAGAIN)
			fail_msg("the end came after '%s'",
				 f->text.s ? f->text.s : "");
		else
			wait_turn(f, deadline);
	}
}

void fixture_expect(struct fixture *f, int fd, const char *text)
{
	fixture_read(f, fd, strlen(text));
	assert_string_equal(f->text.s, text);
}

const char *fixture_head(struct fixture *f, int fd)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	strbuf_reset(&f->text);
	while (f->text.len == 0 || !strstr(f->text.s, "\r\n\r\n")) {
		char byte;
		ssize_t r = recv(fd, &byte, 1, 0);

		if (r > 0)
			strbuf_add(&f->text, &byte, 1);
		else if (r == 0 || errno != EAGAIN)
			fail_msg("the end came in the head: %s",
				 f->text.s ? f->text.s : "");
		else
			wait_turn(f, deadline);
	}
	return f->text.s;
}

const char *fixture_answer(struct fixture *f, int fd)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	strbuf_reset(&f->text);
	for (;;) {
		char bytes[4096];
		ssize_t r = recv(fd, bytes, sizeof(bytes), 0);

		if (r > 0) {
			strbuf_add(&f->text, bytes, (size_t)r);
		} else if (r == 0) {
			return f->text.s ? f->text.s : "";
		} else {
			if (errno != EAGAIN)
				fail_msg("%s after: %s", strerror(errno),
					 f->text.s ? f->text.s : "");
			wait_turn(f, deadline);
		}
	}
}

int fixture_end_of(struct fixture *f, int fd)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	for (;;) {
		char bytes[65536];
		ssize_t r = recv(fd, bytes, sizeof(bytes), 0);

		if (r == 0)
			return 0;
		if (r < 0 && errno != EAGAIN)
			return -errno;
		wait_turn(f, deadline);
	}
}

static size_t count_lines(const struct strbuf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += b->s[i] == '\n';
	return n;
}

const char *fixture_log(struct fixture *f, size_t lines)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	for (;;) {
		char bytes[4096];
		off_t at = 0;
		ssize_t r;

		strbuf_reset(&f->text);
		while ((r = pread(f->log_fd, bytes, sizeof(bytes), at)) > 0) {
			strbuf_add(&f->text, bytes, (size_t)r);
			at += r;
		}
		if (count_lines(&f->text) >= lines)
			break;
		wait_turn(f, deadline);
	}
	assert_int_equal(count_lines(&f->text), lines);
	return f->text.s ? f->text.s : "";
}

void fixture_tunnel(struct fixture *f, int *ret_client, int *ret_origin)
{
	*ret_client = fixture_connect(f);
	fixture_say_connect(f, *ret_client);
	*ret_origin = fixture_accept(f);
	assert_has(fixture_head(f, *ret_client), "HTTP/1.1 200 ");
}

void fixture_reset(int *fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	assert_int_equal(
		setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(*fd);
	*fd = -1;
}

void fixture_check_answer(struct fixture *f, const char *head, size_t n,
			  const char *status, const char *part)
{
	int fd = fixture_connect(f);
	const char *answer;

	fixture_send(fd, head, n);
	answer = fixture_answer(f, fd);
	if (strncmp(answer, status, strlen(status)) != 0)
		fail_msg("'%s' was answered:\n%s", head, answer);
	assert_has(answer, part);
	assert_has(answer, "\r\nX-Netleash-Reason: ");
	assert_has(answer, "\r\nConnection: close\r\n");
	close(fd);
}

void fixture_hole_open(struct fixture_hole *h)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	h->fd = loopback_listen(0, &h->port);
	sin.sin_port = htons(h->port);
	for (int i = 0; i < FIXTURE_HOLE_FILLERS; i++) {
		h->fillers[i] = socket(
			AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		assert_true(h->fillers[i] >= 0);
		(void)connect(h->fillers[i], (struct sockaddr *)&sin,
			      sizeof(sin));
	}
}

void fixture_hole_close(struct fixture_hole *h)
{
	for (int i = 0; i < FIXTURE_HOLE_FILLERS; i++)
		close(h->fillers[i]);
	close(h->fd);
}
