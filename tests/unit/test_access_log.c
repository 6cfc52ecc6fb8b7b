/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_access_log.c - one line a request, never waited for
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "proxy/access_log.h"

static const struct access_who run = { .run = "r1" };

static const struct access_entry entry = {
	.who = &run,
	.protocol = "connect",
	.client = "127.0.0.1:5000",
	.method = "CONNECT",
	.target = "example.com:443",
	.address = "192.0.2.7",
	.rule = "a.conf:3",
	.reason = REASON_ALLOWED,
	.bytes_in = 70000000000u,
	.bytes_out = 2,
	.ms = 12,
	.status = 200,
};

static void a_line_has_every_key_in_order(void **state)
{
	struct timespec now = { .tv_sec = 951782399, .tv_nsec = 987654321 };
	struct access_entry e = { .reason = REASON_MALFORMED };
	struct strbuf out = STRBUF_INIT;

	(void)state;
	access_entry_render(&entry, now, &out);
	assert_string_equal(
		out.s, "{\"time\":\"2000-02-28T23:59:59.987Z\",\"run\":\"r1\","
		       "\"protocol\":\"connect\","
		       "\"client\":\"127.0.0.1:5000\","
		       "\"method\":\"CONNECT\","
		       "\"target\":\"example.com:443\",\"path\":null,"
		       "\"address\":\"192.0.2.7\",\"decision\":\"allow\","
		       "\"rule\":\"a.conf:3\",\"reason\":\"allowed\","
		       "\"bytes_in\":70000000000,\"bytes_out\":2,\"ms\":12,"
		       "\"status\":200}\n");
	strbuf_reset(&out);
	access_entry_render(&e, now, &out);
	assert_string_equal(
		out.s, "{\"time\":\"2000-02-28T23:59:59.987Z\",\"run\":null,"
		       "\"protocol\":null,\"client\":null,\"method\":null,"
		       "\"target\":null,\"path\":null,\"address\":null,"
		       "\"decision\":\"error\",\"rule\":null,"
		       "\"reason\":\"malformed\",\"bytes_in\":0,"
		       "\"bytes_out\":0,\"ms\":0,\"status\":null}\n");
	strbuf_fini(&out);
}

static void each_line_has_its_own_time(void **state)
{
	static const struct {
		struct timespec now;
		const char *want;
	} cases[] = {
		{ { 951782399, 999999999 }, "2000-02-28T23:59:59.999Z" },
		{ { 951782399, 7000000 }, "2000-02-28T23:59:59.007Z" },
		{ { 951782400, 0 }, "2000-02-29T00:00:00.000Z" },
		{ { 951782399, 80000000 }, "2000-02-28T23:59:59.080Z" },
		{ { 0, 0 }, "1970-01-01T00:00:00.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf out = STRBUF_INIT;

		access_entry_render(&entry, cases[i].now, &out);
		assert_non_null(strstr(out.s, cases[i].want));
		strbuf_fini(&out);
	}
}

static void a_line_names_run_caller_and_command(void **state)
{
	const struct access_who who = { "r2", "ann\"", "np\x1bm" };
	struct access_entry e = { .who = &who };
	struct timespec now = { .tv_sec = 1 };
	struct strbuf out = STRBUF_INIT;

	(void)state;
	access_entry_render(&e, now, &out);
	assert_non_null(strstr(out.s, ",\"run\":\"r2\",\"caller\":\"ann\\\"\","
				      "\"command\":\"np\\u001bm\","
				      "\"protocol\":null,"));
	strbuf_fini(&out);
}

static void a_method_has_no_more_than_its_share(void **state)
{
	struct access_entry e = { .path = "/", .path_len = 1 };
	struct timespec now = { .tv_sec = 1 };
	struct strbuf out = STRBUF_INIT;
	char method[5000];

	(void)state;
	memset(method, 'M', sizeof(method));
	method[sizeof(method) - 1] = '\0';
	e.method = method;
	access_entry_render(&e, now, &out);
	assert_true(out.len < 500);
	method[ACCESS_METHOD_MAX] = '\0';
	assert_non_null(strstr(out.s, ",\"method\":\"M"));
	assert_non_null(strstr(out.s, method));
	strbuf_fini(&out);
}

static void a_path_has_no_query_and_no_more_than_its_share(void **state)
{
	struct access_entry e = { .method = "GET",
				  .path = "/a\"b?token=secret",
				  .path_len = 17 };
	struct timespec now = { .tv_sec = 1 };
	struct strbuf out = STRBUF_INIT;
	char path[2000];

	(void)state;
	access_entry_render(&e, now, &out);
	assert_non_null(strstr(out.s, ",\"path\":\"/a\\\"b\","));
	assert_null(strstr(out.s, "secret"));
	strbuf_reset(&out);
	e.path = "?token=secret";
	e.path_len = 13;
	access_entry_render(&e, now, &out);
	assert_non_null(strstr(out.s, ",\"path\":\"/\","));
	strbuf_reset(&out);
	memset(path, 'x', sizeof(path));
	e.path = path;
	e.path_len = sizeof(path);
	access_entry_render(&e, now, &out);
	assert_true(out.len > 1000 && out.len < 1500);
	strbuf_fini(&out);
}

static void the_decision_tells_policy_from_trouble(void **state)
{
	static const struct {
		enum reason reason;
		const char *want;
	} cases[] = {
		{ REASON_ALLOWED, "\"allow\"" },
		{ REASON_IDLE, "\"allow\"" },
		{ REASON_NOT_ALLOWED, "\"deny\"" },
		{ REASON_PRIVATE_ADDRESS, "\"deny\"" },
		{ REASON_SNI, "\"deny\"" },
		{ REASON_DNS_FAILURE, "\"error\"" },
		{ REASON_LIMIT, "\"error\"" },
	};
	struct timespec now = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct access_entry e = { .reason = cases[i].reason };
		struct strbuf out = STRBUF_INIT;

		access_entry_render(&e, now, &out);
		assert_non_null(strstr(out.s, cases[i].want));
		strbuf_fini(&out);
	}
}

static void control_bytes_cannot_make_a_second_line(void **state)
{
	struct access_entry e = { .target = "a\n{\"decision\":\"allow\"}\x1b",
				  .rule = "x\r\ny:1" };
	struct timespec now = { 0 };
	struct strbuf out = STRBUF_INIT;

	(void)state;
	access_entry_render(&e, now, &out);
	for (size_t i = 0; i + 1 < out.len; i++)
		assert_in_range(out.s[i], 0x20, 0x7e);
	assert_int_equal(out.s[out.len - 1], '\n');
	strbuf_fini(&out);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* The numbers of all "dropped" lines together. */
static uint64_t sum_dropped(const char *text)
{
	const char key[] = "\"dropped\":";
	uint64_t sum = 0;

	for (; (text = strstr(text, key)); text++)
		sum += strtoull(text + sizeof(key) - 1, NULL, 10);
	return sum;
}

static void lines_are_appended_to_a_file(void **state)
{
	char path[] = "/tmp/netleash-access-log-XXXXXX", text[4096];
	int fd = mkostemp(path, O_APPEND | O_CLOEXEC);
	struct access_log *l;
	ssize_t n;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "before\n", 7), 7);
	assert_int_equal(access_log_new(fd, false, &l), 0);
	access_log_write(l, &entry);
	access_log_write(l, &entry);
	assert_int_equal(access_log_dropped(l), 0);
	access_log_free(l);
	n = pread(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 7);
	text[n] = '\0';
	assert_memory_equal(text, "before\n{\"time\":\"2", 17);
	assert_int_equal(count(text, "\n"), 3);
	close(fd);
	unlink(path);
}

/*
 * A reader that does not read: the writer must neither wait nor tear a line,
 * and must say how much was lost once there is room again.
 */
static void check_slow_reader(int reader, int writer)
{
	static char text[4 * 1024 * 1024];
	uint64_t lost, began = clock_ms();
	struct access_log *l;
	size_t len = 0, i;
	ssize_t n;

	assert_int_equal(access_log_new(writer, false, &l), 0);
	for (i = 0; access_log_dropped(l) < 3; i++) {
		assert_true(i < 100000);
		access_log_write(l, &entry);
	}
	lost = access_log_dropped(l);
	assert_true(clock_ms() - began < 20000);
	assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
	for (int round = 0; round < 2; round++) {
		while ((n = read(reader, text + len, sizeof(text) - 1 - len)) >
		       0)
			len += (size_t)n;
		if (round == 0)
			access_log_write(l, &entry);
	}
	text[len] = '\0';
	assert_int_equal(access_log_dropped(l), lost);
	assert_int_equal(count(text, "\"example.com:443\""), i + 1 - lost);
	assert_int_equal(sum_dropped(text), lost);
	/* Every line is whole. */
	assert_int_equal(count(text, "}\n{\"time\"") + 1, count(text, "\n"));
	access_log_free(l);
}

static void a_full_pipe_drops_whole_lines_and_says_how_many(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	check_slow_reader(fd[0], fd[1]);
	/* The flags of the one who gave us the pipe are untouched. */
	assert_false(fcntl(fd[1], F_GETFL) & O_NONBLOCK);
	close(fd[0]);
	close(fd[1]);
}

static void a_full_socket_drops_whole_lines_and_says_how_many(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	check_slow_reader(fd[0], fd[1]);
	close(fd[0]);
	close(fd[1]);
}

static void a_reader_that_has_gone_costs_lines_and_nothing_else(void **state)
{
	struct access_log *l;
	int fd[2];

	(void)state;
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	assert_int_equal(access_log_new(fd[1], false, &l), 0);
	close(fd[0]);
	access_log_write(l, &entry);
	access_log_write(l, &entry);
	assert_int_equal(access_log_dropped(l), 2);
	access_log_free(l);
	close(fd[1]);
}

static void a_log_without_a_descriptor_keeps_nothing(void **state)
{
	struct access_log *l;

	(void)state;
	assert_int_equal(access_log_new(-1, false, &l), 0);
	access_log_write(l, &entry);
	assert_int_equal(access_log_dropped(l), 0);
	access_log_free(l);
	assert_int_equal(access_log_new(9999, false, &l), -EBADF);
}

/* A socket with a name, as /dev/log is. */
static int open_log_server(const char *path, struct sockaddr_un *ret)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	(void)snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)ret, sizeof(*ret)), 0);
	return fd;
}

static void check_message(int server)
{
	char text[2048];
	ssize_t n = recv(server, text, sizeof(text) - 1, MSG_DONTWAIT);
	const char *tag;

	assert_true(n > 0);
	text[n] = '\0';
	assert_memory_equal(text, "<30>", 4); /* daemon, info */
	tag = strstr(text, "netleash[");
	assert_non_null(tag);
	assert_int_equal(tag - text, 4 + strlen("Nov 23 04:05:06 "));
	assert_non_null(strstr(tag, "]: {\"time\":\"2"));
	assert_int_equal(text[n - 1], '}');
}

static void
syslog_gets_a_message_for_each_line_after_its_restart_too(void **state)
{
	char path[] = "/tmp/netleash-syslog-XXXXXX";
	struct sockaddr_un name;
	struct access_log *l;
	int client, server, tmp;

	(void)state;
	tmp = mkstemp(path); /* a name of our own */
	assert_true(tmp >= 0);
	close(tmp);
	unlink(path);
	server = open_log_server(path, &name);
	client = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(client, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(access_log_new(client, true, &l), 0);
	access_log_write(l, &entry);
	check_message(server);

	close(server);
	unlink(path);
	access_log_write(l, &entry);
	access_log_write(l, &entry);
	assert_int_equal(access_log_dropped(l), 2);
	server = open_log_server(path, &name);
	access_log_write(l, &entry);
	assert_int_equal(access_log_dropped(l), 2);
	tmp = (int)recv(server, path, 0, MSG_DONTWAIT); /* the count */
	assert_int_equal(tmp, 0);
	check_message(server);

	/* It does not read: nothing waits, and what is lost is counted. */
	for (int i = 0; access_log_dropped(l) < 4; i++) {
		assert_true(i < 100000);
		access_log_write(l, &entry);
	}
	access_log_free(l);
	unlink(name.sun_path);
	close(client);
	close(server);
}

static void only_a_connected_socket_can_be_syslog(void **state)
{
	int file = memfd_create("log", MFD_CLOEXEC);
	int alone = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct access_log *l;

	(void)state;
	assert_int_equal(access_log_new(file, true, &l), -ENOTSOCK);
	assert_int_equal(access_log_new(alone, true, &l), -ENOTCONN);
	close(file);
	close(alone);
}

static void a_log_that_moves_takes_its_count_along(void **state)
{
	int pipe_fd[2], file = memfd_create("log", MFD_CLOEXEC);
	struct access_log *l;
	static char text[1024 * 1024];
	uint64_t lost, told;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	assert_int_equal(access_log_new(pipe_fd[1], false, &l), 0);
	while (access_log_dropped(l) < 2)
		access_log_write(l, &entry);
	lost = access_log_dropped(l);
	assert_int_equal(access_log_set(l, 9999, false), -EBADF);
	access_log_write(l, &entry);
	assert_int_equal(access_log_dropped(l), ++lost);

	assert_int_equal(access_log_set(l, file, false), 0);
	access_log_write(l, &entry);
	assert_int_equal(access_log_dropped(l), lost);
	n = pread(file, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_int_equal(count(text, "\n"), 2);
	told = sum_dropped(text);
	/* A short line may still have fitted where a long one did not. */
	n = read(pipe_fd[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	assert_int_equal(told + sum_dropped(text), lost);
	n = lseek(file, 0, SEEK_END);

	assert_int_equal(access_log_set(l, -1, false), 0);
	access_log_write(l, &entry);
	assert_int_equal(access_log_dropped(l), lost);
	assert_int_equal(lseek(file, 0, SEEK_END), n);
	access_log_free(l);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	close(file);
}

/* The file may have @n bytes, for this process. */
static void limit_file(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A line breaks off after @cut bytes of it; the next is another thread's. */
static void check_torn(off_t cut, uint64_t dropped)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct access_log *one, *other;
	struct access_torn torn = ACCESS_TORN_INIT;
	char text[8192];
	off_t len;
	ssize_t n;

	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	assert_int_equal(access_log_new(fd, false, &one), 0);
	assert_int_equal(access_log_new(fd, false, &other), 0);
	access_log_share(one, &torn);
	access_log_share(other, &torn);
	access_log_write(one, &entry);
	len = lseek(fd, 0, SEEK_END);
	limit_file((rlim_t)(cut < 0 ? 2 * len + cut : len + cut));
	access_log_write(one, &entry);
	access_log_write(other, &entry);
	limit_file(RLIM_INFINITY);
	access_log_write(other, &entry);
	access_log_write(one, &entry);
	assert_int_equal(access_log_dropped(one), dropped);
	assert_int_equal(access_log_dropped(other), 1);
	n = pread(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_int_equal(sum_dropped(text), dropped + 1);
	assert_int_equal(count(text, "{\"time\""),
			 count(text, "\n{\"time\"") + 1);
	assert_int_equal(count(text, "\"status\":200}\n") + dropped + 1, 5);
	access_log_free(one);
	access_log_free(other);
	close(fd);
}

static void a_line_that_breaks_off_spoils_no_other_threads(void **state)
{
	(void)state;
	check_torn(1, 1);
	check_torn(100, 1);
	check_torn(-2, 1);
	check_torn(-1, 0); /* of which the newline alone is missing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_every_key_in_order),
		cmocka_unit_test(each_line_has_its_own_time),
		cmocka_unit_test(a_line_names_run_caller_and_command),
		cmocka_unit_test(a_method_has_no_more_than_its_share),
		cmocka_unit_test(
			a_path_has_no_query_and_no_more_than_its_share),
		cmocka_unit_test(the_decision_tells_policy_from_trouble),
		cmocka_unit_test(control_bytes_cannot_make_a_second_line),
		cmocka_unit_test(lines_are_appended_to_a_file),
		cmocka_unit_test(
			a_full_pipe_drops_whole_lines_and_says_how_many),
		cmocka_unit_test(
			a_full_socket_drops_whole_lines_and_says_how_many),
		cmocka_unit_test(
			a_reader_that_has_gone_costs_lines_and_nothing_else),
		cmocka_unit_test(a_log_without_a_descriptor_keeps_nothing),
		cmocka_unit_test(
			syslog_gets_a_message_for_each_line_after_its_restart_too),
		cmocka_unit_test(only_a_connected_socket_can_be_syslog),
		cmocka_unit_test(a_log_that_moves_takes_its_count_along),
		cmocka_unit_test(
			a_line_that_breaks_off_spoils_no_other_threads),
	};

	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	/* The owner of a proxy ignores them; so does its test. */
	if (sigaction(SIGPIPE, &ignore, NULL) < 0 ||
	    sigaction(SIGXFSZ, &ignore, NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("access_log", tests, NULL, NULL);
}
