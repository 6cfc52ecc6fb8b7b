/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conf_upstream.c - what `upstream` and `verify-ca` say
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/conf_pack.h"
#include "common/conf_report.h"
#include "common/macros.h"

static struct conf *good(const char *text)
{
	struct conf_report report;
	struct conf *cf = NULL;

	if (conf_parse("t.conf", text, strlen(text), NULL, &cf, &report) != 0)
		fail_msg("%s: %s", text, report.errors[0].text);
	conf_report_fini(&report);
	return cf;
}

static const struct {
	const char *text;
	const char *host;
	uint16_t port;
	bool tls, is_addr;
	const char *user, *password;
} parents[] = {
	{ "upstream http://proxy.example:3128", "proxy.example", 3128, false,
	  false, NULL, NULL },
	{ "upstream HTTPS://Proxy.Example.:443/", "proxy.example", 443, true,
	  false, NULL, NULL },
	{ "upstream http://192.0.2.7:8080", "192.0.2.7", 8080, false, true,
	  NULL, NULL },
	{ "upstream https://[2001:DB8::1]:8443", "2001:db8::1", 8443, true,
	  true, NULL, NULL },
	{ "upstream http://me:se:cret@p.example:1", "p.example", 1, false,
	  false, "me", "se:cret" },
	{ "upstream \"http://a%40b:%2f%25%3A x@p.example:1\"", "p.example", 1,
	  false, false, "a@b", "/%: x" },
	{ "upstream http://:@p.example:1", "p.example", 1, false, false, "",
	  "" },
};

static void a_parent_has_host_port_scheme_and_credentials(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		struct conf *cf = good(parents[i].text);
		const struct conf_upstream *up = &cf->upstream;

		assert_string_equal(up->host, parents[i].host);
		assert_int_equal(up->port, parents[i].port);
		assert_int_equal(up->tls, parents[i].tls);
		assert_int_equal(up->is_addr, parents[i].is_addr);
		if (parents[i].user) {
			assert_string_equal(up->user, parents[i].user);
			assert_string_equal(up->password, parents[i].password);
		} else {
			assert_null(up->user);
			assert_null(up->password);
		}
		conf_free(cf);
	}
}

static const struct {
	const char *text;
	uint32_t column;
	const char *says;
} errors[] = {
	{ "upstream", 1, "needs a value" },
	{ "upstream proxy.example:3128", 10, "no URL of a parent proxy" },
	{ "upstream socks5://u:secret@p.example:1080", 10, "no URL" },
	{ "upstream http://proxy.example", 10, "port" },
	{ "upstream http://proxy.example:0", 10, "port" },
	{ "upstream http://proxy.example:99999", 10, "port" },
	{ "upstream http://:3128", 10, "host" },
	{ "upstream http://127.1:3128", 10, "dotted quad" },
	{ "upstream http://proxy.example:3128/path", 10, "port" },
	{ "upstream http://user@p.example:1", 10, "no password" },
	{ "upstream http://u:secret@p.example", 10, "port" },
	{ "upstream http://u:sec%zzret@p.example:1", 10, "two hex digits" },
	{ "upstream http://u:secret%0d@p.example:1", 10, "control byte" },
	{ "upstream http://u:secret%0@p.example:1", 10, "two hex digits" },
	{ "upstream http://u%3ax:secret@p.example:1", 10, "colon" },
	{ "upstream http://u:sec@ret@p.example:1", 10, "%40" },
	{ "upstream http://a.example:1 http://u:secret@b.example:2", 29,
	  "more than" },
	{ "upstream http://a.example:1\nupstream http://u:secret@b.example:2",
	  10, "duplicate" },
	{ "upstream direct", 10, "after direct" },
	{ "upstream direct *", 17, "leave the upstream line out" },
	{ "upstream direct *:*", 17, "'*' alone" },
	{ "upstream direct http://a.example", 17, "no host" },
	{ "upstream direct u:secret@a.example", 17, "no host" },
	{ "upstream direct GET", 17, "no host" },
	{ "upstream direct a..example", 17, "empty label" },
	{ "profile p {\nupstream http://a.example:1\n}", 1,
	  "cannot stand in a profile" },
	{ "verify-ca ca.pem", 11, "absolute path" },
};

static void what_is_wrong_is_said_without_the_credentials(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct conf_report report;
		struct conf *cf = NULL;

		assert_int_equal(conf_parse("t", errors[i].text,
					    strlen(errors[i].text), NULL, &cf,
					    &report),
				 -EINVAL);
		assert_int_equal(report.errors_n, 1);
		if (!strstr(report.errors[0].text, errors[i].says))
			fail_msg("%s: %s", errors[i].text,
				 report.errors[0].text);
		assert_int_equal(report.errors[0].column, errors[i].column);
		assert_null(strstr(report.errors[0].text, "sec"));
		assert_null(strstr(report.errors[0].word, "sec"));
		conf_report_fini(&report);
	}
}

static void the_dump_hides_the_credentials(void **state)
{
	struct conf *cf = good("upstream https://user:secret@p.example:1\n"
			       "upstream direct **.corp.example 10.0.0.0/8:80\n"
			       "verify-ca /etc/ca.pem");
	struct strbuf out = STRBUF_INIT;

	(void)state;
	conf_dump(cf, &out);
	assert_non_null(strstr(out.s, "\nupstream https://***:***@p.example:1\n"
				      "upstream direct **.corp.example\n"
				      "upstream direct 10.0.0.0/8:80\n"
				      "verify-ca /etc/ca.pem\n"));
	assert_null(strstr(out.s, "secret"));
	assert_null(strstr(out.s, "user:"));
	strbuf_fini(&out);
	conf_free(cf);
}

static void two_confs_have_the_same_parent_or_not(void **state)
{
	static const char *const texts[] = {
		"mode full",
		"upstream http://p.example:1",
		"upstream https://p.example:1",
		"upstream http://a:b@p.example:1",
		"upstream http://a:c@p.example:1",
		"upstream http://p.example:1\nupstream direct a.example",
		"upstream http://p.example:1\nverify-ca /a",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
			struct conf *a = good(texts[i]), *b = good(texts[j]);

			assert_int_equal(conf_same_upstream(a, b), i == j);
			conf_free(a);
			conf_free(b);
		}
}

static void a_packed_conf_keeps_the_credentials(void **state)
{
	struct conf *cf = good("upstream \"https://a%40b;{:%2f%25\xc3\xa9 "
			       "\\\"x@p.example:1\"\nverify-ca \"/a b\"\n"
			       "upstream direct [2001:db8::]/32:443 *:22");
	struct strbuf packed = STRBUF_INIT;
	struct conf_report report;
	struct conf *other;

	(void)state;
	conf_pack(cf, &packed);
	assert_int_equal(conf_unpack(packed.s, packed.len, &other, &report), 0);
	assert_true(conf_same_upstream(cf, other));
	assert_string_equal(other->upstream.user, "a@b;{");
	assert_string_equal(other->upstream.password, "/%\xc3\xa9 \"x");
	conf_report_fini(&report);
	strbuf_fini(&packed);
	conf_free(cf);
	conf_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parent_has_host_port_scheme_and_credentials),
		cmocka_unit_test(what_is_wrong_is_said_without_the_credentials),
		cmocka_unit_test(the_dump_hides_the_credentials),
		cmocka_unit_test(a_packed_conf_keeps_the_credentials),
		cmocka_unit_test(two_confs_have_the_same_parent_or_not),
	};

	return cmocka_run_group_tests_name("conf_upstream", tests, NULL, NULL);
}
