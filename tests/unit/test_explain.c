/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_explain.c - what `netleash explain` prints and returns
 */
#include "sandbox/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "cases.h"
#include "common/fdio.h"
#include "common/macros.h"
#include "tests/support/dns_script.h"

#define WORDS_MAX 32
#define BAD_USAGE 2

/* Files of a test: the conf, and what goes to standard output and error. */
struct world {
	char dir[32];
	char conf[64], out[64], err[64];
	char *text, *errors;
};

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/explain.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(w->conf, sizeof(w->conf), "%s/t.conf", w->dir);
	(void)snprintf(w->out, sizeof(w->out), "%s/out", w->dir);
	(void)snprintf(w->err, sizeof(w->err), "%s/err", w->dir);
}

static void world_fini(struct world *w)
{
	(void)unlink(w->conf);
	(void)unlink(w->out);
	(void)unlink(w->err);
	assert_int_equal(rmdir(w->dir), 0);
	free(w->text);
	free(w->errors);
}

/* ';' ends a line. */
static void world_conf(struct world *w, const char *text)
{
	FILE *f = fopen(w->conf, "w");

	assert_non_null(f);
	for (; *text; text++)
		(void)fputc(*text == ';' ? '\n' : *text, f);
	assert_int_equal(fclose(f), 0);
}

/* Points @fd to a new file. Return: what it was. */
static int redirect(int fd, const char *path)
{
	int saved = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(saved >= 0 && file >= 0);
	assert_int_equal(dup2(file, fd), fd);
	(void)close(file);
	return saved;
}

static void restore(int fd, int saved)
{
	assert_int_equal(dup2(saved, fd), fd);
	(void)close(saved);
}

/* Runs `explain -c CONF WORDS...`; words are cut at '|'. */
static int explain(struct world *w, const char *words)
{
	char *copy = strdup(words), *save, *word;
	char name[] = "explain", option[] = "-c";
	char *argv[WORDS_MAX] = { name, option, w->conf };
	int argc = 3, out, err, r;
	size_t n;

	assert_non_null(copy);
	for (word = strtok_r(copy, "|", &save); word;
	     word = strtok_r(NULL, "|", &save)) {
		assert_true(argc < WORDS_MAX - 1);
		argv[argc++] = word;
	}
	(void)fflush(stdout);
	out = redirect(1, w->out);
	err = redirect(2, w->err);
	r = explain_main(argc, argv);
	(void)fflush(stdout);
	restore(1, out);
	restore(2, err);
	free(copy);
	free(w->text);
	free(w->errors);
	assert_int_equal(fd_read_file(w->out, 65536, &w->text, &n), 0);
	assert_int_equal(fd_read_file(w->err, 65536, &w->errors, &n), 0);
	return r;
}

static void the_required_cases_have_their_exit_status_and_reason(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(policy_cases); i++) {
		const struct policy_case *c = &policy_cases[i];
		/* A case for who cannot look inside; a run can. */
		bool seen = strcmp(c->reason, "inspection-required") == 0;
		int answer = seen ? ALLOWED : (int)c->answer;
		char words[512], want[64];
		const char *s = c->addresses;
		int n, r;

		world_conf(&w, c->conf);
		n = snprintf(words, sizeof(words), "--json|%s%s%s",
			     c->method[0] ? "--method|" : "", c->method,
			     c->method[0] ? "|" : "");
		while (*s) {
			size_t len = strcspn(s, ", ");

			n += snprintf(words + n, sizeof(words) - (size_t)n,
				      "--address=%.*s|", (int)len, s);
			s += len;
			s += strspn(s, ", ");
		}
		(void)snprintf(words + n, sizeof(words) - (size_t)n, "%s",
			       c->target);
		r = explain(&w, words);
		(void)snprintf(want, sizeof(want), "\"reason\":\"%s\"",
			       answer == ALLOWED   ? "allowed"
			       : answer == REFUSED ? c->reason
						   : "malformed");
		if (r != answer || !strstr(w.text, want) ||
		    (seen && !strstr(w.text, "\"inspect\":true")))
			fail_msg("\"%s\" %s: %d, %s%s", c->conf, words, r,
				 w.text, w.errors);
	}
	world_fini(&w);
}

static const struct {
	const char *conf, *words;
	int status;
	const char *out, *err; /* pieces */
} runs[] = {
	/* text */
	{ "allow a.example", "a.example", 0,
	  "a.example:443 (CONNECT): allowed\n", "" },
	{ "allow a.example", "a.example", 0, "t.conf:1: allow a.example\n",
	  "" },
	{ "allow a.example", "a.example", 0, "--resolve does that now", "" },
	{ "allow a.example", "a.example:22", 1,
	  "a.example:22 (CONNECT): refused, port\nThe host is allowed, but "
	  "not on this port.\n",
	  "" },
	{ "allow a.example", "a.example:22", 1,
	  "Would allow: allow a.example:22\n", "" },
	{ "", "a.example", 1, "There is no allow line at all", "" },
	{ "deny a.example", "a.example", 1, "There is no allow line", "" },
	{ "allow a.example", "https://a.example/x", 0, "(GET): allowed", "" },
	{ "allow a.example", "http://a.example", 0, "a.example:80 (GET)", "" },
	{ "allow a.example", "https://a.example/x|--method|CONNECT", 0,
	  "(CONNECT): allowed", "" },
	{ "allow GET a.example", "a.example|--method=GET", 0, "443 (GET): all",
	  "" },
	{ "allow GET https://a.example", "a.example:80|--method=GET", 1,
	  "not-allowed", "" },
	{ "allow GET HEAD a.example", "a.example:80|--method=PUT", 1,
	  "t.conf:1: allow GET HEAD a.example\n", "" },
	{ "allow GET a.example", "http://a.example|--method=PROPFIND", 1,
	  "(PROPFIND): refused, method", "" },
	{ "allow a.example", "a.example|--address=10.0.0.7|--address=[fd00::1]",
	  1,
	  "Addresses:   10.0.0.7: refused, private-address\n"
	  "             fd00::1: refused, private-address\n"
	  "Would allow: private 10.0.0.7\n",
	  "" },
	{ "allow a.example", "a.example|--address=10.0.0.7|--address=1.1.1.1",
	  0, "1.1.1.1: allowed\n", "" },
	{ "allow a.example; deny 1.1.0.0/16", "a.example|--address=1.1.1.1", 1,
	  "t.conf:2: deny 1.1.0.0/16\n", "" },
	/* JSON */
	{ "allow a.example", "--json|a.example", 0,
	  "{\"decision\":\"allow\",\"reason\":\"allowed\",\"rule\":\"", "" },
	{ "allow a.example", "--json|a.example", 0,
	  "t.conf:1\",\"host\":\"a.example\",\"port\":443,\"method\":"
	  "\"CONNECT\",\"allow_with\":null,\"addresses\":[],\"inspect\":false}"
	  "\n",
	  "" },
	{ "", "--json|A.Example.:22", 1,
	  "{\"decision\":\"deny\",\"reason\":\"not-allowed\",\"rule\":null,"
	  "\"host\":\"a.example\",\"port\":22,\"method\":\"CONNECT\","
	  "\"allow_with\":\"allow "
	  "a.example:22\",\"addresses\":[],\"inspect\":false}\n",
	  "" },
	{ "allow a.example", "--json|--address=10.0.0.7|a.example", 1,
	  "\"rule\":null,", "" },
	{ "allow a.example", "--json|--address=10.0.0.7|a.example", 1,
	  "\"addresses\":[{\"address\":\"10.0.0.7\",\"decision\":\"deny\","
	  "\"reason\":\"private-address\"}],\"inspect\":false}\n",
	  "" },
	{ "", "--json|a..b", 2, "\"reason\":\"malformed\",\"rule\":null",
	  "'a..b'" },
	/* inspected */
	{ "allow GET https://a.example/x", "a.example", 0,
	  "a.example:443 (CONNECT): allowed\n", "" },
	{ "allow GET https://a.example/x", "a.example", 0,
	  "t.conf:1: allow GET https://a.example/x\nInspected:   TLS ends",
	  "" },
	{ "allow GET https://a.example/x", "https://a.example/x", 0,
	  "\nInspected:   ", "" },
	{ "allow GET https://a.example/x", "https://a.example/y", 1,
	  "refused, path", "" },
	{ "allow GET https://a.example/x", "https://a.example/x|--method=POST",
	  1, "refused, method", "" },
	{ "allow GET https://a.example/x", "--json|a.example", 0,
	  ",\"addresses\":[],\"inspect\":true}\n", "" },
	{ "allow a.example", "--inspect=a.example|--json|a.example", 0,
	  "\"inspect\":true}", "" },
	{ "mode limited; allow a.example", "a.example", 0, "Inspected: ", "" },
	{ "mode limited; allow a.example:8443", "a.example:8443", 1,
	  "Would allow: inspect a.example:8443\n", "" },
	{ "allow *", "--json|a..b", 2, "\"inspect\":false,\"message\"",
	  "'a..b'" },
	/* rules of the command line, profiles */
	{ "", "-a|a.example|a.example|--json", 0, "\"rule\":\"argument\"", "" },
	{ "", "--allow=GET https://a.example/x|https://a.example/x", 0,
	  "argument: allow GET https://a.example/x\n", "" },
	{ "allow *", "-d|a.example|a.example", 1, "refused, denied", "" },
	{ "allow *", "--deny|a..b|a.example", 2, "", "-d 'a..b': " },
	{ "allow *", "--inspect|https://a.example|a.example", 2, "",
	  "--inspect 'https://a.example': " },
	{ "profile x { ; allow a.example ; }", "a.example", 1, "not-allowed",
	  "" },
	{ "profile x { ; allow a.example ; }", "a.example|-p|x", 0, "allowed",
	  "" },
	{ "profile x { ; allow a.example ; }", "a.example|--profile=y", 2, "",
	  "no profile 'y'" },
	/* bad usage, bad conf */
	{ "", "-h", 0, "usage: netleash explain", "" },
	{ "", "--json", 2, "", "there is no TARGET" },
	{ "", "a|b", 2, "", "and not 'b'" },
	{ "", "a|--frob", 2, "", "unknown option '--frob'" },
	{ "", "a|-x", 2, "", "unknown option '-x'" },
	{ "", "a|-p", 2, "", "missing after '-p'" },
	{ "", "a|--method=get", 2, "", "upper case, not 'get'" },
	{ "", "a|--method=G T", 2, "", "not 'G T'" },
	{ "", "a|--address=10.1", 2, "", "not '10.1'" },
	{ "", "10.0.0.1|--address=10.0.0.2", 2, "", "not for '10.0.0.1'" },
	{ "", "a|--resolve|--address=10.0.0.2", 2, "", "exclude" },
	{ "allow a..b", "a.example", 2, "", "t.conf:1:7: " },
	{ "allow a.example", "a\x1b[31m.example", 2, "", "\\x1b" },
};

static void answers_say_what_who_and_what_would_help(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		int r;

		world_conf(&w, runs[i].conf);
		r = explain(&w, runs[i].words);
		if (r != runs[i].status || !strstr(w.text, runs[i].out) ||
		    !strstr(w.errors, runs[i].err) ||
		    (runs[i].err[0] == '\0' && w.errors[0] != '\0'))
			fail_msg("\"%s\" %s: %d\n%s%s", runs[i].conf,
				 runs[i].words, r, w.text, w.errors);
	}
	world_fini(&w);
}

static void a_target_behind_two_dashes_is_no_option(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_conf(&w, "allow -x");
	assert_int_equal(explain(&w, "--|-x"), 0);
	world_fini(&w);
}

static void an_answer_that_cannot_be_written_is_no_answer(void **state)
{
	char name[] = "explain", option[] = "-c", target[] = "a.example";
	struct world w;
	int out, err, r;

	(void)state;
	world_init(&w);
	world_conf(&w, "allow *");
	(void)fflush(stdout);
	out = redirect(1, "/dev/full");
	err = redirect(2, w.err);
	r = explain_main(4, (char *[]){ name, option, w.conf, target, NULL });
	__fpurge(stdout); /* what could not be written is not to come later */
	clearerr(stdout);
	restore(1, out);
	restore(2, err);
	assert_int_equal(r, BAD_USAGE);
	world_fini(&w);
}

static void a_conf_that_is_not_there_is_bad(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(explain(&w, "a.example"), BAD_USAGE);
	assert_non_null(strstr(w.errors, "t.conf"));
	world_fini(&w);
}

/* A DNS server in a process of its own. Return: its pid. */
static pid_t serve_dns(uint16_t *ret_port)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct event_base *base = event_base_new();
		struct dns_script dns;

		if (!base || dns_script_start(&dns, base, "127.0.0.1", 0) < 0 ||
		    fd_write_all(ends[1], &dns.port, sizeof(dns.port)) < 0)
			_exit(1);
		(void)event_base_dispatch(base);
		_exit(0);
	}
	assert_int_equal(read(ends[0], ret_port, sizeof(*ret_port)),
			 (int)sizeof(*ret_port));
	(void)close(ends[0]);
	(void)close(ends[1]);
	return pid;
}

static void resolve_judges_what_dns_says(void **state)
{
	static const struct {
		const char *rules, *target;
		int status;
		const char *says;
	} rows[] = {
		{ "allow **.example", "a1.example", 1, "private-address" },
		{ "allow **.example; private 10.0.0.0/8", "a2.example", 0,
		  "10.0." },
		{ "allow **.example", "nx.example", 1, "dns-failure" },
		{ "allow **.example", "drop.example", 1, "dns-timeout" },
		{ "allow other.example", "a1.example", 1, "not-allowed" },
		{ "allow *", "localhost", 1, "127.0.0.1" },
		{ "allow 127.0.0.1", "127.0.0.1", 0, "allowed" },
	};
	uint16_t port = 0;
	struct world w;
	pid_t dns = serve_dns(&port);

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char conf[256], words[128];

		(void)snprintf(conf, sizeof(conf),
			       "%s\nresolver 127.0.0.1:%u\n"
			       "limit dns-time 1s\n",
			       rows[i].rules, (unsigned)port);
		(void)snprintf(words, sizeof(words), "--resolve|%s",
			       rows[i].target);
		world_conf(&w, conf);
		if (explain(&w, words) != rows[i].status ||
		    !strstr(w.text, rows[i].says))
			fail_msg("\"%s\" %s:\n%s%s", rows[i].rules,
				 rows[i].target, w.text, w.errors);
	}
	world_fini(&w);
	assert_int_equal(kill(dns, SIGKILL), 0);
	assert_int_equal(waitpid(dns, NULL, 0), dns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_required_cases_have_their_exit_status_and_reason),
		cmocka_unit_test(answers_say_what_who_and_what_would_help),
		cmocka_unit_test(a_target_behind_two_dashes_is_no_option),
		cmocka_unit_test(an_answer_that_cannot_be_written_is_no_answer),
		cmocka_unit_test(a_conf_that_is_not_there_is_bad),
		cmocka_unit_test(resolve_judges_what_dns_says),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
