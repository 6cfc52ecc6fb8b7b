/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_attend_pump.c - words between a caller, init and the daemon
 *
 * The pump runs in a process of its own; the test is all three others.
 */
#include "common/fdio.h"
#include "sandbox/attend_pump.h"
#include "sandbox/init.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/run_ticket.h"

/* Our ends. */
struct table {
	int caller, init, channel, wake;
	pid_t pump;
};

static void pair(int ret[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret), 0);
}

static void say(int sock, enum init_msg_type type, int value)
{
	const struct init_msg msg = { .type = (uint32_t)type, .value = value };

	assert_int_equal(fd_send(sock, &msg, sizeof(msg), NULL, 0), 0);
}

/* Return: its type; 0: the end of file. */
static uint32_t hear(int sock, struct init_msg *ret)
{
	struct pollfd fd = { .fd = sock, .events = POLLIN };
	size_t fds_n;

	assert_int_equal(poll(&fd, 1, 10000), 1);
	if (fd_recv(sock, ret, sizeof(*ret), NULL, 0, &fds_n) != sizeof(*ret))
		return 0;
	return ret->type;
}

/* @summary: a file, or -1: there is none. */
static void open_table_with(struct table *t, int summary)
{
	int caller[2], init[2], channel[2], wake[2];
	struct init_msg msg;

	pair(caller);
	pair(init);
	pair(channel);
	assert_int_equal(pipe2(wake, O_CLOEXEC | O_NONBLOCK), 0);
	t->pump = fork();
	assert_true(t->pump >= 0);
	if (t->pump == 0) {
		const struct pump_opts opts = {
			.caller = caller[1],
			.init = init[1],
			.channel = channel[1],
			.summary = summary,
			.wake = wake[0],
		};

		close(caller[0]);
		close(init[0]);
		close(channel[0]);
		close(wake[1]);
		_exit(attend_pump(&opts));
	}
	close(caller[1]);
	close(init[1]);
	close(channel[1]);
	close(wake[0]);
	*t = (struct table){ caller[0], init[0], channel[0], wake[1], t->pump };
	assert_int_equal(hear(t->init, &msg), INIT_MSG_GO);
}

static void open_table(struct table *t)
{
	open_table_with(t, -1);
}

/* Return: what the pump returned. */
static int close_table(struct table *t)
{
	int status;

	close(t->caller);
	if (t->init >= 0)
		close(t->init);
	if (t->channel >= 0)
		close(t->channel);
	close(t->wake);
	assert_int_equal(waitpid(t->pump, &status, 0), t->pump);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
the_last_word_of_init_is_passed_on_and_nothing_after_it(void **state)
{
	struct init_msg msg;
	struct table t;

	(void)state;
	open_table(&t);
	say(t.init, INIT_MSG_STARTED, 0);
	say(t.init, INIT_MSG_EXITED, 3 << 8);
	assert_int_equal(hear(t.caller, &msg), INIT_MSG_STARTED);
	assert_int_equal(hear(t.caller, &msg), INIT_MSG_EXITED);
	assert_int_equal(msg.value, 3 << 8);
	assert_int_equal(hear(t.caller, &msg), 0);
	assert_int_equal(close_table(&t), true);
}

static void
a_word_to_an_init_that_hears_no_more_does_not_cost_its_last(void **state)
{
	struct init_msg msg;
	struct table t;

	(void)state;
	open_table(&t);
	assert_int_equal(shutdown(t.init, SHUT_RD), 0);
	say(t.caller, INIT_MSG_SIGNAL, SIGTERM);
	/* Whatever the pump makes of it, it has made it by the next word. */
	assert_int_equal(write(t.wake, "", 1), 1);
	assert_int_equal(hear(t.caller, &msg), INIT_MSG_AWAKE);
	say(t.init, INIT_MSG_EXITED, 0);
	assert_int_equal(hear(t.caller, &msg), INIT_MSG_EXITED);
	assert_int_equal(close_table(&t), true);
}

static void an_init_that_was_killed_is_told_of_as_that(void **state)
{
	struct init_msg msg;
	struct table t;

	(void)state;
	open_table(&t);
	close(t.init);
	t.init = -1;
	assert_int_equal(hear(t.caller, &msg), INIT_MSG_FAILED);
	assert_int_equal(msg.value, 128 + SIGKILL);
	assert_string_equal(msg.text, INIT_KILLED);
	assert_int_equal(close_table(&t), false);
}

static void a_daemon_that_goes_ends_the_run(void **state)
{
	struct init_msg msg;
	struct table t;

	(void)state;
	open_table(&t);
	close(t.channel);
	t.channel = -1;
	assert_int_equal(hear(t.init, &msg), 0); /* init ends the run */
	say(t.init, INIT_MSG_EXITED, SIGKILL);
	assert_int_equal(hear(t.caller, &msg), INIT_MSG_FAILED);
	assert_int_equal(msg.value, 128 + SIGKILL);
	assert_non_null(strstr(msg.text, "the daemon has ended"));
	assert_int_equal(close_table(&t), true);
}

static void a_caller_who_says_what_he_never_says_ends_the_run(void **state)
{
	struct init_msg msg;
	struct table t;

	(void)state;
	open_table(&t);
	say(t.caller, INIT_MSG_EXITED, 0);
	assert_int_equal(hear(t.init, &msg), 0);
	say(t.init, INIT_MSG_EXITED, SIGKILL);
	assert_int_equal(hear(t.caller, &msg), 0);
	assert_int_equal(close_table(&t), true);
}

static void signals_of_the_caller_reach_init_without_his_text(void **state)
{
	struct init_msg msg = { .type = INIT_MSG_GROUP, .value = SIGINT };
	struct table t;

	(void)state;
	open_table(&t);
	memset(msg.text, 'x', sizeof(msg.text));
	assert_int_equal(fd_send(t.caller, &msg, sizeof(msg), NULL, 0), 0);
	assert_int_equal(hear(t.init, &msg), INIT_MSG_GROUP);
	assert_int_equal(msg.value, SIGINT);
	assert_string_equal(msg.text, "");
	say(t.init, INIT_MSG_EXITED, 0);
	assert_int_equal(close_table(&t), true);
}

static void a_text_of_init_without_an_end_gets_one(void **state)
{
	struct init_msg msg = { .type = INIT_MSG_STARTED };
	struct table t;

	(void)state;
	open_table(&t);
	memset(msg.text, 'x', sizeof(msg.text));
	assert_int_equal(fd_send(t.init, &msg, sizeof(msg), NULL, 0), 0);
	assert_int_equal(hear(t.caller, &msg), INIT_MSG_STARTED);
	assert_int_equal(msg.text[sizeof(msg.text) - 1], '\0');
	say(t.init, INIT_MSG_EXITED, 0);
	assert_int_equal(close_table(&t), true);
}

/* More words than his socket has room for. */
static void a_caller_who_does_not_read_holds_nobody_up(void **state)
{
	struct init_msg msg;
	struct table t;

	(void)state;
	open_table(&t);
	for (int i = 0; i < 3000; i++) {
		struct pollfd fd = { .fd = t.init, .events = POLLOUT };

		assert_int_equal(poll(&fd, 1, 10000), 1);
		say(t.init, INIT_MSG_STOPPED, SIGTSTP);
	}
	say(t.init, INIT_MSG_EXITED, 7);
	while (hear(t.caller, &msg) == INIT_MSG_STOPPED)
		;
	assert_int_equal(msg.type, INIT_MSG_EXITED);
	assert_int_equal(close_table(&t), true);
}

static void a_summary_is_as_long_as_the_word_of_the_end_says(void **state)
{
	static const struct {
		enum run_word_type type;
		uint32_t value;
		const char *want;
	} cases[] = {
		{ RUN_ENDED, 7, "blocked" },
		{ RUN_ENDED, 0, NULL },
		{ RUN_ENDED, (1024 * 1024) + 1, NULL },
		{ RUN_KNOWN, 7, NULL },
	};
	int summary = memfd_create("summary", MFD_CLOEXEC);

	(void)state;
	assert_true(summary >= 0);
	assert_int_equal(write(summary, "blocked: a\n", 11), 11);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct run_word word = { .type = cases[i].type,
					       .value = cases[i].value };
		struct init_msg msg;
		struct table t;

		open_table_with(&t, summary);
		say(t.init, INIT_MSG_EXITED, 0);
		assert_int_equal(hear(t.channel, &msg), 0);
		assert_int_equal(
			fd_send(t.channel, &word, sizeof(word), NULL, 0), 0);
		if (cases[i].want) {
			assert_int_equal(hear(t.caller, &msg), INIT_MSG_TEXT);
			assert_string_equal(msg.text, cases[i].want);
		}
		assert_int_equal(hear(t.caller, &msg), INIT_MSG_EXITED);
		assert_int_equal(close_table(&t), true);
	}
	close(summary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_last_word_of_init_is_passed_on_and_nothing_after_it),
		cmocka_unit_test(
			a_word_to_an_init_that_hears_no_more_does_not_cost_its_last),
		cmocka_unit_test(an_init_that_was_killed_is_told_of_as_that),
		cmocka_unit_test(a_daemon_that_goes_ends_the_run),
		cmocka_unit_test(
			a_caller_who_says_what_he_never_says_ends_the_run),
		cmocka_unit_test(
			signals_of_the_caller_reach_init_without_his_text),
		cmocka_unit_test(a_text_of_init_without_an_end_gets_one),
		cmocka_unit_test(a_caller_who_does_not_read_holds_nobody_up),
		cmocka_unit_test(
			a_summary_is_as_long_as_the_word_of_the_end_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
