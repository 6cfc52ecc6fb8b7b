/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_log_hostile.c - what clients say, and what logs keep of it
 *
 * The word "s3cr3t" stands wherever credentials and queries can stand. It must
 * be in no field of the access log, in no line of the operator's log, however
 * chatty, and not in the summary.
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
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/macros.h"
#include "proxy/proxy.h"
#include "tests/support/proxy_fixture.h"

#define HOST "Host: 127.0.0.1:ORIGIN\r\n"
#define URL  "http://127.0.0.1:ORIGIN"

/* With base64 of "user:s3cr3t" and friends. */
#define SECRETS                                                                \
	"Proxy-Authorization: Basic dXNlcjpzM2NyM3Q=\r\n"                      \
	"Authorization: Bearer s3cr3t\r\nCookie: id=s3cr3t\r\n"                \
	"Referer: http://x/?s3cr3t\r\n"

static const char *const hostile[] = {
	/* credentials where none may be */
	"GET http://user:s3cr3t@127.0.0.1:ORIGIN/ HTTP/1.1\r\n" HOST "\r\n",
	"GET http://s3cr3t@127.0.0.1:ORIGIN/ HTTP/1.1\r\n" HOST "\r\n",
	"CONNECT user:s3cr3t@127.0.0.1:ORIGIN HTTP/1.1\r\n\r\n",
	"CONNECT s3cr3t@no.example:443 HTTP/1.1\r\n\r\n",
	"GET " URL "/ HTTP/1.1\r\nHost: user:s3cr3t@127.0.0.1:ORIGIN\r\n\r\n",
	/* and where they may */
	"CONNECT no.example:443 HTTP/1.1\r\n" SECRETS "\r\n",
	"GET http://no.example/ HTTP/1.1\r\nHost: no.example\r\n" SECRETS
	"\r\n",
	/* queries and fragments, of what is refused for each reason */
	"GET http://no.example/a?token=s3cr3t HTTP/1.1\r\n"
	"Host: no.example\r\n\r\n",
	"GET http://no.example?token=s3cr3t HTTP/1.1\r\n"
	"Host: no.example\r\n\r\n",
	"GET http://no.example/#s3cr3t HTTP/1.1\r\nHost: no.example\r\n\r\n",
	"GET http://no.example/a#b?s3cr3t HTTP/1.1\r\nHost: no.example\r\n\r\n",
	"GET http://path.example/no?s3cr3t HTTP/1.1\r\n"
	"Host: path.example\r\n\r\n",
	"POST http://path.example/yes/?s3cr3t HTTP/1.1\r\n"
	"Host: path.example\r\nContent-Length: 0\r\n\r\n",
	"GET http://path.example/yes/../?s3cr3t HTTP/1.1\r\n"
	"Host: path.example\r\n\r\n",
	"GET http://deny.example/?s3cr3t HTTP/1.1\r\n"
	"Host: deny.example\r\n\r\n",
	"GET http://a1.example/?s3cr3t HTTP/1.1\r\nHost: a1.example\r\n\r\n",
	"GET http://nx.example/?s3cr3t HTTP/1.1\r\nHost: nx.example\r\n\r\n",
	"GET https://a1.example/?s3cr3t HTTP/1.1\r\nHost: a1.example\r\n\r\n",
	"GET http://127.0.0.1:1/?s3cr3t HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n",
	"GET /?s3cr3t HTTP/1.1\r\n" HOST "\r\n",
	/* malformed in every place */
	"GET " URL "/?s3cr3t\x01 HTTP/1.1\r\n" HOST "\r\n",
	"GET " URL "/?s3cr3t\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n",
	"GET " URL "/?s3cr3t HTTP/3\r\n" HOST "\r\n",
	"GET " URL "/?s3cr3t HTTP/1.1\r\n" HOST "X : s3cr3t\r\n\r\n",
	"GET " URL "/?s3cr3t HTTP/1.1\r\n" HOST "X: s3cr3t\x1b[2J\r\n\r\n",
	"POST " URL "/?s3cr3t HTTP/1.1\r\n" HOST
	"Content-Length: 1\r\nContent-Length: 2\r\n\r\ns3cr3t",
	"POST http://no.example/ HTTP/1.1\r\nHost: no.example\r\n"
	"Content-Length: 6\r\n\r\ns3cr3t",
	/* user and password of SOCKS, which nobody asked for */
	"\5\1\2\1\4user\6s3cr3t",
	/* what would make a second line, or another field */
	"GET http://no.example/\",\"reason\":\"allowed HTTP/1.1\r\n"
	"Host: no.example\r\n\r\n",
	"CONNECT no\x1b[31m.example\x7f\n{\"time\":0}:443 HTTP/1.1\r\n\r\n",
};

static void expect_no_secret(const char *text)
{
	assert_lacks(text, "s3cr3t");
	assert_lacks(text, "zM2NyM3"); /* of the base64 */
	assert_lacks(text, "czNjcjN");
	for (const char *p = text; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\n') || *p == 0x7f ||
		    (unsigned char)*p >= 0x80)
			fail_msg("a raw byte 0x%02x in: %s",
				 (unsigned)(unsigned char)*p, text);
}

static void expect_no_secret_in(int fd)
{
	static char text[1 << 20];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	expect_no_secret(text);
}

static void expect_quiet_summary(struct fixture *f)
{
	const struct proxy_blocked *v;
	uint64_t more;
	size_t n;

	v = proxy_scope_blocked(f->scope, &n, &more);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		expect_no_secret(v[i].target);
		expect_no_secret(v[i].allow_with);
	}
}

static void no_log_keeps_credentials_queries_or_raw_bytes(void **state)
{
	int chatter = memfd_create("log", MFD_CLOEXEC);
	struct fixture f;

	(void)state;
	assert_true(chatter >= 0);
	fixture_begin(&f, "allow 127.0.0.1:* a1.example nx.example\n"
			  "allow GET http://path.example/yes/**\n"
			  "deny deny.example\n");
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_fd(chatter);
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		int fd = fixture_connect(&f);

		fixture_ask(&f, fd, hostile[i]);
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		(void)fixture_answer(&f, fd);
		close(fd);
		/* One request, one line, whatever was in it. */
		expect_no_secret(fixture_log(&f, i + 1));
	}
	expect_quiet_summary(&f);
	fixture_end(&f);
	expect_no_secret_in(chatter);
	log_set_fd(STDERR_FILENO);
	log_set_level(LOG_LEVEL_ERROR);
	close(chatter);
}

static void what_reaches_an_origin_is_logged_without_its_query(void **state)
{
	const char *ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
	int client, origin;
	struct fixture f;

	(void)state;
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN\n");
	client = fixture_connect(&f);
	fixture_ask(&f, client,
		    "GET " URL "/a?token=s3cr3t HTTP/1.1\r\n" HOST SECRETS
		    "\r\n");
	origin = fixture_accept(&f);
	assert_has(fixture_head(&f, origin),
		   "GET /a?token=s3cr3t HTTP/1.1\r\n");
	assert_lacks(f.text.s, "Proxy-Authorization");
	assert_has(f.text.s, "Authorization: Bearer s3cr3t\r\n");
	fixture_say(origin, ok);
	fixture_expect(&f, client, ok);
	expect_no_secret(fixture_log(&f, 1));
	assert_has(f.text.s, "\"path\":\"/a\"");
	close(client);
	close(origin);
	fixture_end(&f);
}

static void the_password_of_a_parent_is_in_no_log(void **state)
{
	struct fixture f;
	int client;

	(void)state;
	fixture_begin(&f, "allow *\nupstream http://user:s3cr3t@127.0.0.1:1\n");
	client = fixture_connect(&f);
	fixture_say(client, "CONNECT far.example:443 HTTP/1.1\r\n\r\n");
	(void)fixture_answer(&f, client);
	assert_has(f.text.s, "HTTP/1.1 502 ");
	assert_lacks(f.text.s, "s3cr3t");
	close(client);
	expect_no_secret(fixture_log(&f, 1));
	assert_has(f.text.s, "\"upstream\":\"127.0.0.1:1\"");
	fixture_end(&f);
}

static void refuse_one(struct fixture *f)
{
	int fd = fixture_connect(f);

	fixture_say(fd, "CONNECT no.example:443 HTTP/1.1\r\n\r\n");
	assert_has(fixture_answer(f, fd), "HTTP/1.1 403 ");
	close(fd);
}

/* Return: what there is to read, with a NUL. */
static const char *drain(int fd)
{
	static char text[1 << 20];
	size_t at = 0;
	ssize_t n;

	while (at < sizeof(text) - 1 &&
	       (n = read(fd, text + at, sizeof(text) - 1 - at)) > 0)
		at += (size_t)n;
	text[at] = '\0';
	return text;
}

static void a_log_that_nobody_reads_holds_up_no_client(void **state)
{
	int fd[2], client, origin;
	struct fixture f;
	uint64_t began;

	(void)state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	fixture_begin(&f, "allow 127.0.0.1:ORIGIN\n");
	assert_int_equal(proxy_set_log(f.proxy, fd[1], false), 0);
	fixture_tunnel(&f, &client, &origin);
	began = clock_ms();
	for (int i = 0; i < 400; i++) /* of some 250 bytes, into 64 KiB */
		refuse_one(&f);
	assert_in_range(clock_ms() - began, 0, 20000);
	fixture_say(client, "still here");
	fixture_expect(&f, origin, "still here");
	(void)drain(fd[0]);
	refuse_one(&f);
	fixture_turn_for(&f, 20);
	assert_has(drain(fd[0]), "\"dropped\":");
	close(client);
	close(origin);
	fixture_end(&f);
	close(fd[0]);
	close(fd[1]);
}

/* RLIMIT_FSIZE stands for a disk that is full: it can be lifted again. */
static void a_log_that_is_full_loses_whole_lines_and_tells(void **state)
{
	struct rlimit old, small;
	struct fixture f;
	const char *log;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	fixture_begin(&f, "allow a.example\n");
	small = old;
	small.rlim_cur = 1000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 20; i++)
		refuse_one(&f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	refuse_one(&f);
	fixture_turn_for(&f, 20);
	assert_int_equal(lseek(f.log_fd, 0, SEEK_SET), 0);
	log = drain(f.log_fd);
	assert_has(log, "\"dropped\":1");
	/* The last line stands by itself, after the torn one. */
	assert_has(log, "}\n{\"time\"");
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_log_keeps_credentials_queries_or_raw_bytes),
		cmocka_unit_test(
			what_reaches_an_origin_is_logged_without_its_query),
		cmocka_unit_test(the_password_of_a_parent_is_in_no_log),
		cmocka_unit_test(a_log_that_nobody_reads_holds_up_no_client),
		cmocka_unit_test(
			a_log_that_is_full_loses_whole_lines_and_tells),
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (sigaction(SIGPIPE, &ignore, NULL) < 0 ||
	    sigaction(SIGXFSZ, &ignore, NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("log_hostile", tests, NULL, NULL);
}
