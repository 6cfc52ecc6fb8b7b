/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conf_pack.c - a conf goes to another process and is the same
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "common/conf.h"
#include "common/conf_pack.h"

static const char text[] = "listen 127.0.0.1:0\n"
			   "allow GET HEAD a.example b.example:22\n"
			   "private 10.0.0.0/8 192.168.0.0/16\n"
			   "deny d.example\n"
			   "inspect *.i.example:8443 j.example\n"
			   "log json stderr\n"
			   "profile p {\n"
			   "	private 172.16.0.0/12\n"
			   "	allow e.example; inspect k.example\n"
			   "}\n"
			   "profile q { deny f.example }\n"
			   "credential c { from env C; for https://c.example/x "
			   "https://d.example; placeholder D }\n"
			   "limit idle-time 7m\n";

static struct conf *parse(const char *name, const char *s)
{
	struct conf_report report;
	struct conf *cf;

	assert_int_equal(conf_parse(name, s, strlen(s), NULL, &cf, &report), 0);
	conf_report_fini(&report);
	return cf;
}

static int unpack(const char *bytes, size_t n, struct conf **ret)
{
	struct conf_report report;
	int r;

	/* Of just that size, so that the sanitizer sees who reads beyond. */
	char *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	r = conf_unpack(copy, n, ret, &report);
	conf_report_fini(&report);
	free(copy);
	return r;
}

static void check_place(const struct conf *cf, const struct rule *rule,
			const char *place, uint32_t column)
{
	struct strbuf out = STRBUF_INIT;

	conf_format_rule_place(cf, rule, &out);
	assert_string_equal(out.s, place);
	assert_int_equal(rule->column, column);
	strbuf_fini(&out);
}

static void a_conf_comes_out_as_it_went_in_with_every_place(void **state)
{
	struct strbuf packed = STRBUF_INIT, a = STRBUF_INIT, b = STRBUF_INIT;
	struct conf *cf = parse("/etc/some.conf", text), *other;

	(void)state;
	conf_pack(cf, &packed);
	assert_int_equal(unpack(packed.s, packed.len, &other), 0);
	conf_dump(cf, &a);
	conf_dump(other, &b);
	assert_string_equal(a.s, b.s);
	assert_int_equal(other->log, CONF_LOG_STDERR);
	check_place(other, &other->top.rules[0], "/etc/some.conf:2", 16);
	check_place(other, &other->top.rules[1], "/etc/some.conf:2", 26);
	check_place(other, &other->top.rules[2], "/etc/some.conf:4", 6);
	check_place(other, &other->profiles[0].rules.rules[0],
		    "/etc/some.conf:9", 8);
	check_place(other, &other->profiles[1].rules.rules[0],
		    "/etc/some.conf:11", 18);
	check_place(other, &other->top.inspects[1], "/etc/some.conf:5", 26);
	check_place(other, &other->profiles[0].rules.inspects[0],
		    "/etc/some.conf:9", 27);
	assert_int_equal(other->top.privates[1].loc.line, 3);
	assert_int_equal(other->credentials_n, 1);
	assert_string_equal(other->credentials[0].placeholder, "D");
	assert_int_equal(other->credentials[0].targets_n, 2);
	assert_int_equal(other->profiles[0].rules.privates[0].loc.line, 8);

	/* And once more: what came out can be sent on. */
	conf_free(cf);
	strbuf_reset(&packed);
	conf_pack(other, &packed);
	assert_int_equal(unpack(packed.s, packed.len, &cf), 0);
	check_place(cf, &cf->top.rules[0], "/etc/some.conf:2", 16);
	conf_free(cf);
	conf_free(other);
	strbuf_fini(&packed);
	strbuf_fini(&a);
	strbuf_fini(&b);
}

static void an_empty_conf_without_a_file_can_be_sent_too(void **state)
{
	struct strbuf packed = STRBUF_INIT;
	struct conf *cf = conf_new(), *other;

	(void)state;
	assert_non_null(cf);
	conf_pack(cf, &packed);
	assert_int_equal(unpack(packed.s, packed.len, &other), 0);
	assert_int_equal(other->top.rules_n, 0);
	conf_free(cf);
	conf_free(other);
	strbuf_fini(&packed);
}

static void what_is_cut_or_longer_is_refused(void **state)
{
	struct strbuf packed = STRBUF_INIT;
	struct conf *cf = parse("x.conf", text), *other;

	(void)state;
	conf_pack(cf, &packed);
	for (size_t n = 0; n < packed.len; n++)
		assert_int_equal(unpack(packed.s, n, &other), -EPROTO);
	strbuf_addc(&packed, '\n');
	assert_int_equal(unpack(packed.s, packed.len, &other), -EPROTO);
	conf_free(cf);
	strbuf_fini(&packed);
}

static void changed_bytes_never_break_it(void **state)
{
	struct strbuf packed = STRBUF_INIT;
	struct conf *cf = parse("x.conf", text), *other;
	size_t good = 0;

	(void)state;
	conf_pack(cf, &packed);
	for (size_t i = 0; i < packed.len; i++) {
		char was = packed.s[i];

		packed.s[i] = (char)(was ^ 0x55);
		if (unpack(packed.s, packed.len, &other) == 0) {
			struct strbuf place = STRBUF_INIT;

			good++;
			for (size_t k = 0; k < other->top.rules_n; k++)
				conf_format_rule_place(
					other, &other->top.rules[k], &place);
			strbuf_fini(&place);
			conf_free(other);
		}
		packed.s[i] = was;
	}
	assert_true(good > 0 && good < packed.len);
	conf_free(cf);
	strbuf_fini(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_conf_comes_out_as_it_went_in_with_every_place),
		cmocka_unit_test(an_empty_conf_without_a_file_can_be_sent_too),
		cmocka_unit_test(what_is_cut_or_longer_is_refused),
		cmocka_unit_test(changed_bytes_never_break_it),
	};

	return cmocka_run_group_tests_name("conf_pack", tests, NULL, NULL);
}
