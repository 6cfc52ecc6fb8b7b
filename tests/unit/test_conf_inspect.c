/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conf_inspect.c - inspect, in a conf and as an argument
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/macros.h"
#include "policy_conf.h"

static const struct {
	const char *word, *host;
	uint16_t port;
	bool covers;
} hosts[] = {
	{ "api.example", "api.example", 443, true },
	{ "API.example.", "api.example", 443, true },
	{ "api.example", "api.example", 80, false },
	{ "api.example", "api.example", 8443, false },
	{ "api.example", "x.api.example", 443, false },
	{ "*.example", "api.example", 443, true },
	{ "**.api.example", "api.example", 443, true },
	{ "db?.example", "db1.example", 443, true },
	{ "api.example:8443", "api.example", 8443, true },
	{ "api.example:8443", "api.example", 443, false },
	{ "api.example:80,443", "api.example", 443, true },
	{ "*", "api.example", 443, true },
	{ "*", "192.0.2.1", 443, true },
	{ "192.0.2.0/24", "192.0.2.1", 443, true },
	{ "192.0.2.1", "192.0.2.2", 443, false },
	/* As in a deny: what is inside is where the packet ends up. */
	{ "192.0.2.1", "64:ff9b::192.0.2.1", 443, true },
	{ "[2001:db8::]/32:9443", "2001:db8::7", 9443, true },
};

static void a_line_names_hosts_as_a_rule_does_and_means_443(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		char line[100];
		struct target t;
		const struct rule *r;
		struct conf *cf;

		(void)snprintf(line, sizeof(line), "inspect %s", hosts[i].word);
		cf = test_conf(line);
		assert_int_equal(cf->top.inspects_n, 1);
		assert_int_equal(cf->top.rules_n, 0);
		r = &cf->top.inspects[0];
		assert_int_equal(r->effect, RULE_INSPECT);
		assert_int_equal(target_parse_any(hosts[i].host,
						  strlen(hosts[i].host), &t,
						  NULL),
				 TARGET_OK);
		t.port = hosts[i].port;
		if ((rule_matches_host(r, &t) &&
		     rule_matches_port(r, t.port)) != hosts[i].covers)
			fail_msg("%s and %s:%u", line, hosts[i].host, t.port);
		conf_free(cf);
	}
}

static void a_profile_has_lines_of_its_own(void **state)
{
	struct conf *cf = test_conf("inspect a.example b.example ; profile p "
				    "{ ; inspect c.example ; }");

	(void)state;
	assert_int_equal(cf->top.inspects_n, 2);
	assert_int_equal(cf->top.inspects[1].line, 1);
	assert_int_equal(cf->top.inspects[1].column, 19);
	assert_int_equal(cf->profiles[0].rules.inspects_n, 1);
	assert_int_equal(cf->profiles[0].rules.inspects[0].line, 3);
	conf_free(cf);
}

static const struct {
	const char *line, *word, *says;
} errors[] = {
	{ "inspect", "inspect", "needs a value" },
	{ "inspect https://a.example", "https://a.example", "has a scheme" },
	{ "inspect http://a.example/x", "http://a.example/x", "has a scheme" },
	{ "inspect a.example/x", "a.example/x", "has a path" },
	{ "inspect a.example b.example/32", "b.example/32", "has a path" },
	{ "inspect GET a.example", "GET", "is a method" },
	{ "inspect a.example POST", "POST", "is a method" },
	{ "inspect get", "get", "is a method" },
	{ "inspect a.example:80", "a.example:80", "port 80 only" },
	{ "inspect a.example:https", "a.example:https", "not a number" },
	{ "inspect a..example", "a..example", "can never match" },
	{ "inspect *example", "*example", "*.example" },
	{ "inspect 10.0.0.1/8", "10.0.0.1/8", "10.0.0.0/8" },
	{ "inspect 10.0.0.0/40", "10.0.0.0/40", "prefix" },
	{ "inspect [::1]/x", "[::1]/x", "" },
	{ "inspect user@a.example", "user@a.example", "" },
	{ "inspect \"\"", "", "" },
	{ "inspect \"a b\"", "a b", "blank" },
};

static void what_has_no_effect_is_an_error_that_says_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct conf_report report;
		struct conf *cf = NULL;

		if (conf_parse("t.conf", errors[i].line, strlen(errors[i].line),
			       NULL, &cf, &report) != -EINVAL)
			fail_msg("not refused: %s", errors[i].line);
		assert_string_equal(report.errors[0].word, errors[i].word);
		if (!strstr(report.errors[0].text, errors[i].says))
			fail_msg("%s: %s", errors[i].line,
				 report.errors[0].text);
		conf_report_fini(&report);
	}
}

static void an_argument_is_a_line_of_the_top_level(void **state)
{
	struct conf *cf = test_conf("inspect a.example");
	struct strbuf place = STRBUF_INIT;
	char error[RULE_ERROR_MAX];

	(void)state;
	assert_int_equal(conf_add_argument(cf, RULE_INSPECT,
					   "b.example c.example:8443", error),
			 0);
	assert_int_equal(cf->top.inspects_n, 3);
	assert_int_equal(cf->top.rules_n, 0);
	conf_format_rule_place(cf, &cf->top.inspects[2], &place);
	assert_string_equal(place.s, "argument");
	assert_int_equal(
		conf_add_argument(cf, RULE_INSPECT, "http://d.example", error),
		-EINVAL);
	assert_non_null(strstr(error, "has a scheme"));
	assert_int_equal(conf_add_argument(cf, RULE_INSPECT, "", error),
			 -EINVAL);
	assert_int_equal(cf->top.inspects_n, 3);
	strbuf_fini(&place);
	conf_free(cf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_line_names_hosts_as_a_rule_does_and_means_443),
		cmocka_unit_test(a_profile_has_lines_of_its_own),
		cmocka_unit_test(what_has_no_effect_is_an_error_that_says_why),
		cmocka_unit_test(an_argument_is_a_line_of_the_top_level),
	};

	return cmocka_run_group_tests_name("conf_inspect", tests, NULL, NULL);
}
