/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_init_command.c - what init makes of the process's last words
 *
 * The process is a child of the test's own that says and does what the real
 * one may: with a leash around it is tests/integration/060-kill.sh's.
 */
#include "sandbox/init_command.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fdio.h"

static void say(int report, int32_t status, const char *text)
{
	struct command_failure f = { .status = status };

	(void)snprintf(f.text, sizeof(f.text), "%s", text);
	if (fd_write_all(report, &f, sizeof(f)) < 0)
		_exit(1);
}

static void await_gate(int gate)
{
	char byte;

	if (read(gate, &byte, 1) != 1)
		_exit(1);
}

/* Return: what init_command_release() does of a child that does @as. */
static int release(void (*as)(int report, int gate), char text[INIT_TEXT_MAX])
{
	int report[2], gate[2], r;
	struct command_link link;
	pid_t pid;

	text[0] = '\0';
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(report[0]);
		close(gate[1]);
		as(report[1], gate[0]);
		_exit(0);
	}
	close(report[1]);
	close(gate[0]);
	link = (struct command_link){ report[0], gate[1] };
	r = init_command_release(&link, text);
	assert_int_equal(link.report, -1);
	assert_int_equal(link.gate, -1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return r;
}

static void become_true(int report, int gate)
{
	await_gate(gate);
	say(report, 0, "");
	(void)execl("/bin/true", "true", (char *)NULL);
	say(report, 127, "there is no /bin/true");
}

static void one_that_executes_runs(void **state)
{
	char text[INIT_TEXT_MAX];

	(void)state;
	assert_int_equal(release(become_true, text), 0);
	assert_string_equal(text, "");
}

static void die_at_the_gate(int report, int gate)
{
	(void)report;
	await_gate(gate);
	(void)raise(SIGKILL);
}

static void one_that_is_killed_before_has_not_run(void **state)
{
	char text[INIT_TEXT_MAX];

	(void)state;
	assert_int_equal(release(die_at_the_gate, text), -125);
	assert_string_equal(text,
			    "the command's process was killed before it ran");
}

static void be_killed_as_the_command(int report, int gate)
{
	await_gate(gate);
	say(report, 0, "");
	(void)raise(SIGKILL);
}

static void one_that_is_killed_as_the_command_has_run(void **state)
{
	char text[INIT_TEXT_MAX];

	(void)state;
	assert_int_equal(release(be_killed_as_the_command, text), 0);
}

static void fail_before(int report, int gate)
{
	await_gate(gate);
	say(report, 125, "the leash does not hold");
}

static void fail_to_execute(int report, int gate)
{
	await_gate(gate);
	say(report, 0, "");
	say(report, 127, "x: command not found");
}

static void one_that_failed_has_said_why(void **state)
{
	char text[INIT_TEXT_MAX];

	(void)state;
	assert_int_equal(release(fail_before, text), -125);
	assert_string_equal(text, "the leash does not hold");
	assert_int_equal(release(fail_to_execute, text), -127);
	assert_string_equal(text, "x: command not found");
}

static void say_half(int report, int gate)
{
	await_gate(gate);
	if (write(report, "12345678", 8) != 8)
		_exit(1);
}

static void say_twice(int report, int gate)
{
	await_gate(gate);
	say(report, 0, "");
	say(report, 0, "");
}

static void say_without_an_end(int report, int gate)
{
	struct command_failure f = { .status = 126 };

	await_gate(gate);
	memset(f.text, 'x', sizeof(f.text));
	if (fd_write_all(report, &f, sizeof(f)) < 0)
		_exit(1);
}

static void a_sentence_without_an_end_gets_one(void **state)
{
	char text[INIT_TEXT_MAX];

	(void)state;
	assert_int_equal(release(say_without_an_end, text), -126);
	assert_int_equal(strspn(text, "x"), strlen(text));
	assert_in_range(strlen(text), 1, COMMAND_TEXT_MAX - 1);
}

static void words_that_are_none_are_no_start(void **state)
{
	char text[INIT_TEXT_MAX];

	(void)state;
	assert_int_equal(release(say_half, text), -125);
	assert_int_equal(release(say_twice, text), -125);
}

int main(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_executes_runs),
		cmocka_unit_test(one_that_is_killed_before_has_not_run),
		cmocka_unit_test(one_that_is_killed_as_the_command_has_run),
		cmocka_unit_test(one_that_failed_has_said_why),
		cmocka_unit_test(a_sentence_without_an_end_gets_one),
		cmocka_unit_test(words_that_are_none_are_no_start),
	};

	(void)sigaction(SIGPIPE, &ignore, NULL); /* as init does */
	return cmocka_run_group_tests_name("init_command", tests, NULL, NULL);
}
