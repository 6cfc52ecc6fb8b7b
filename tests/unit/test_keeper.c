/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_keeper.c - what the keeper hands out, and what it does not
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/conf_pack.h"
#include "common/fdio.h"
#include "common/log.h"
#include "sandbox/identity.h"
#include "sandbox/keeper.h"
#include "sandbox/log_sink.h"

static char folder[] = "/tmp/netleash-keeper-XXXXXX";
static char conf_path[64], log_path[64], pid_path[64];
static struct caller caller;

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

struct started {
	struct log_place log;
	int sock;
	pid_t pid;
};

static bool lacks_ca; /* of those that are started */

/* What it says goes to @messages. */
static void start_saying(struct started *k, const char *profile, int messages)
{
	const struct keeper_opts opts = {
		.conf = conf_path,
		.profile = profile,
		.remove = { pid_path },
		.hold = -1,
		.conf_copy = -1,
		.lacks_ca = lacks_ca,
		.caller = &caller,
		.log = &k->log,
	};

	int own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int r;

	assert_true(messages >= 0 && own >= 0);
	memset(&k->log, 0, sizeof(k->log));
	put(pid_path, "1\n");
	(void)dup3(messages, STDERR_FILENO, 0);
	r = keeper_start(&opts, &k->sock, &k->pid);
	(void)dup3(own, STDERR_FILENO, 0);
	close(own);
	assert_int_equal(r, 0);
}

/* What it says about bad confs is not for the tests' output. */
static void start(struct started *k, const char *profile)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	start_saying(k, profile, null);
	close(null);
}

static void finish(struct started *k)
{
	int status;

	close(k->sock);
	assert_int_equal(waitpid(k->pid, &status, 0), k->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_false(exists(pid_path));
}

static int ask(struct started *k, enum keeper_thing thing, int *ret_fd)
{
	struct keeper_reply reply;
	int fds[KEEPER_FDS];

	assert_int_equal(keeper_ask(k->sock, thing), 0);
	assert_int_equal(keeper_receive(k->sock, &reply, fds), 0);
	assert_int_equal(fds[1], -1); /* there is no CA here */
	assert_int_equal(reply.ca, 0);
	*ret_fd = fds[0];
	assert_int_equal(reply.thing, thing);
	assert_int_equal(reply.is_syslog, 0);
	return reply.result;
}

/* The conf that comes with a reply, by its only rule's place. */
static void check_conf(int fd, const char *place)
{
	struct strbuf out = STRBUF_INIT;
	struct conf_report report;
	struct conf *cf;
	char *bytes;
	size_t n;

	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fd_read_all(fd, 1 << 20, &bytes, &n), 0);
	assert_int_equal(conf_unpack(bytes, n, &cf, &report), 0);
	conf_report_fini(&report);
	conf_format_rule_place(cf, &cf->top.rules[0], &out);
	assert_string_equal(out.s, place);
	strbuf_fini(&out);
	conf_free(cf);
	free(bytes);
	close(fd);
}

static void the_conf_and_the_log_that_it_names_are_handed_out(void **state)
{
	char text[200], place[100];
	struct started k;
	struct stat a, b;
	int fd;

	(void)state;
	(void)snprintf(text, sizeof(text), "allow a.example\nlog json %s\n",
		       log_path);
	put(conf_path, text);
	start(&k, NULL);
	assert_int_equal(ask(&k, KEEPER_LOG, &fd), 0);
	assert_int_equal(fd, -1); /* there was none */
	assert_int_equal(ask(&k, KEEPER_CONF, &fd), 0);
	(void)snprintf(place, sizeof(place), "%s:1", conf_path);
	check_conf(fd, place);
	assert_false(exists(log_path));
	assert_int_equal(ask(&k, KEEPER_LOG, &fd), 0);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND),
			 O_WRONLY | O_APPEND);
	assert_int_equal(fstat(fd, &a), 0);
	close(fd);

	/* Rotated: another file of that name. */
	assert_int_equal(unlink(log_path), 0);
	assert_int_equal(ask(&k, KEEPER_LOG, &fd), 0);
	assert_int_equal(fstat(fd, &b), 0);
	assert_int_equal(stat(log_path, &a), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	close(fd);
	finish(&k);
	unlink(log_path);
}

/* What is wrong comes with the refusal, for whoever asked. */
static void check_errors(int fd, const char *part)
{
	char *text = NULL;
	size_t n;

	assert_true(fd >= 0);
	assert_int_equal(fd_read_all(fd, 10000, &text, &n), 0);
	assert_non_null(strstr(text, "\"valid\":false"));
	assert_non_null(strstr(text, part));
	free(text);
	close(fd);
}

static void a_bad_conf_leaves_the_log_where_it_was(void **state)
{
	static const char *const bad[] = { "allow a..b\n", "nonsense\n",
					   "log json /elsewhere\nlisten x\n" };
	struct started k;
	char text[200];
	int fd;

	(void)state;
	(void)snprintf(text, sizeof(text), "log json %s\n", log_path);
	put(conf_path, text);
	start(&k, NULL);
	assert_int_equal(ask(&k, KEEPER_CONF, &fd), 0);
	close(fd);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(conf_path, bad[i]);
		assert_int_equal(ask(&k, KEEPER_CONF, &fd), -EINVAL);
		check_errors(fd, "\"line\":");
	}
	assert_int_equal(unlink(conf_path), 0);
	assert_int_equal(ask(&k, KEEPER_CONF, &fd), -EINVAL);
	check_errors(fd, "No such file");
	assert_int_equal(ask(&k, KEEPER_LOG, &fd), 0);
	assert_true(fd >= 0 && exists(log_path));
	close(fd);

	/* A folder in its place is a log that cannot be opened. */
	assert_int_equal(unlink(log_path), 0);
	assert_int_equal(mkdir(log_path, 0700), 0);
	assert_true(ask(&k, KEEPER_LOG, &fd) < 0);
	assert_int_equal(fd, -1);
	assert_int_equal(rmdir(log_path), 0);
	assert_int_equal(symlink("/dev/null", log_path), 0);
	assert_true(ask(&k, KEEPER_LOG, &fd) < 0);
	assert_int_equal(unlink(log_path), 0);
	finish(&k);
}

static void a_conf_without_the_profile_is_bad(void **state)
{
	struct started k;
	int fd;

	(void)state;
	put(conf_path, "allow a.example\nprofile p { allow b.example }\n");
	start(&k, "p");
	assert_int_equal(ask(&k, KEEPER_CONF, &fd), 0);
	close(fd);
	put(conf_path, "allow a.example\n");
	assert_int_equal(ask(&k, KEEPER_CONF, &fd), -EINVAL);
	finish(&k);
}

/* The proxy may be anybody's by now: what it sends is an index or nothing. */
static void a_conf_that_needs_a_ca_is_bad_where_there_is_none(void **state)
{
	struct started k;
	int fd;

	(void)state;
	put(conf_path, "allow a.example\nprofile p { inspect b.example }\n");
	start(&k, NULL);
	assert_int_equal(ask(&k, KEEPER_CONF, &fd), 0);
	close(fd);
	finish(&k);
	lacks_ca = true;
	start(&k, NULL);
	lacks_ca = false;
	assert_int_equal(ask(&k, KEEPER_CONF, &fd), -EINVAL);
	put(conf_path, "allow a.example\n");
	assert_int_equal(ask(&k, KEEPER_CONF, &fd), 0);
	close(fd);
	finish(&k);
}

/* The proxy says what it has to say on a description of its own. */
static void its_messages_are_said_on_standard_error(void **state)
{
	int messages = memfd_create("messages", MFD_CLOEXEC);
	int own = fcntl(messages, F_DUPFD_CLOEXEC, 20);
	struct started k;
	char text[500] = "";
	int fd;

	(void)state;
	put(conf_path, "allow a.example\n");
	log_set_fd(own);
	start_saying(&k, "none", messages);
	log_set_fd(STDERR_FILENO);
	assert_int_equal(ask(&k, KEEPER_CONF, &fd), -EINVAL);
	finish(&k);
	assert_true(pread(messages, text, sizeof(text) - 1, 0) > 0);
	assert_non_null(strstr(text, "no profile 'none'"));
	close(messages);
	close(own);
}

static void anything_but_an_index_ends_it(void **state)
{
	static const char path[] = "/etc/shadow";
	const uint32_t beyond[] = { KEEPER_THINGS, 77, UINT32_MAX };
	int fds[KEEPER_FDS];
	struct keeper_reply reply;
	struct started k;

	(void)state;
	put(conf_path, "allow a.example\n");
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		start(&k, NULL);
		assert_int_equal(
			keeper_ask(k.sock, (enum keeper_thing)beyond[i]), 0);
		assert_int_equal(keeper_receive(k.sock, &reply, fds), -EPIPE);
		finish(&k);
	}
	start(&k, NULL);
	assert_int_equal(fd_send(k.sock, path, sizeof(path), NULL, 0), 0);
	assert_int_equal(keeper_receive(k.sock, &reply, fds), -EPIPE);
	finish(&k);
}

static void signals_of_the_group_do_not_reach_it(void **state)
{
	sigset_t set, old;
	struct started k;
	int fd;

	(void)state;
	put(conf_path, "allow a.example\n");
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, &old), 0);
	start(&k, NULL);
	assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
	assert_int_equal(kill(k.pid, SIGTERM), 0);
	assert_int_equal(kill(k.pid, SIGINT), 0);
	assert_int_equal(kill(k.pid, SIGHUP), 0);
	assert_int_equal(ask(&k, KEEPER_CONF, &fd), 0);
	close(fd);
	finish(&k);
}

static int begin(void **state)
{
	char error[IDENTITY_ERROR_MAX];

	(void)state;
	if (!mkdtemp(folder) || caller_find(&caller, error) < 0)
		return -1;
	(void)snprintf(conf_path, sizeof(conf_path), "%s/conf", folder);
	(void)snprintf(log_path, sizeof(log_path), "%s/log", folder);
	(void)snprintf(pid_path, sizeof(pid_path), "%s/pid", folder);
	return 0;
}

static int end(void **state)
{
	(void)state;
	caller_fini(&caller);
	unlink(conf_path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_conf_and_the_log_that_it_names_are_handed_out),
		cmocka_unit_test(a_bad_conf_leaves_the_log_where_it_was),
		cmocka_unit_test(a_conf_without_the_profile_is_bad),
		cmocka_unit_test(
			a_conf_that_needs_a_ca_is_bad_where_there_is_none),
		cmocka_unit_test(its_messages_are_said_on_standard_error),
		cmocka_unit_test(anything_but_an_index_ends_it),
		cmocka_unit_test(signals_of_the_group_do_not_reach_it),
	};

	return cmocka_run_group_tests_name("keeper", tests, begin, end);
}
