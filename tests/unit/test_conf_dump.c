/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conf_dump.c - a conf as text says the same conf
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/macros.h"

static void dump(const char *text, struct strbuf *out)
{
	struct conf_report report;
	struct conf *cf = NULL;

	if (conf_parse("t", text, strlen(text), NULL, &cf, &report) != 0)
		fail_msg("%s: %s", text, report.errors[0].text);
	strbuf_reset(out);
	conf_dump(cf, out);
	assert_false(strbuf_failed(out));
	conf_report_fini(&report);
	conf_free(cf);
}

static const char *const confs[] = {
	"",
	"listen 127.0.0.2:0 [::1]:8080\nmode limited\n",
	"allow GET HEAD a.example https://b.example/c/** [2001:db8::1]:8080\n"
	"deny POST d.example 10.0.0.0/8:1-5,7 e.example:*\n",
	"allow \"https://a.example/a;b\" \"https://a.example/{c}\"\n",
	"profile p { allow \"https://a.example/a;b\"; mode limited }\n"
	"profile q { }\n",
	"running-runs follow\nprofile p { running-runs keep }\n"
	"profile q { running-runs follow }\n",
	"log json \"/a b/\\\"c\\\\d\"\n",
	"log json /a#b\n",
	"log json \"/a;{}\"\n",
	"log json stderr\n",
	"log json syslog\n",
	"limit drain-time 5m\n",
	"resolver 127.0.0.1 [::1]:5353\nprivate 10.0.0.0/8 fd00::/8\n",
	"env-deny A* B\nenv-allow C?\nrun-uids 70000-70255\nthreads 64\n",
	"limit head-size 1500\nlimit idle-time 90m\nlimit dial-time 1500ms\n"
	"limit connections 17\nlimit dns-time 7\n",
	"upstream http://proxy.example:3128\nupstream direct *.corp "
	"10.0.0.0/8\n",
	"upstream direct [2001:db8::]/32:443 *:22\nverify-ca \"/a b\" /c\n"
	"upstream https://[2001:db8::1]:443/\n",
	"upstream HTTP://u:p@192.0.2.1:80\n",
	"credential a {\n\tfrom env A_TOKEN\n\tfor https://A.example "
	"https://b.example:8443/x/** https://[2001:db8::1]/\n"
	"\theader Authorization \"Bearer {}\"\n}\n"
	"credential b-1 { from file \"~/a b\"; for https://a.example; "
	"header X-Key \"{}\"; placeholder none }\n",
	"credential c { from command get \"a \\\"b\\\"\" \"\" \"#c\"; for "
	"https://a.example; placeholder TOKEN; header x \"\\\\ {} \\\"\" }",
	"inspect *.A.example:8443,9443 * [2001:db8::]/32\nallow a.example\n"
	"profile p { inspect b.example; inspect 192.0.2.0/24:443 }\n",
	"limit head-size 1m\nlimit head-time 100ms\n",
};

static void dump_parse_dump_is_a_fixed_point(void **state)
{
	struct strbuf once = STRBUF_INIT, twice = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(confs); i++) {
		dump(confs[i], &once);
		dump(once.s, &twice);
		assert_string_equal(once.s, twice.s);
	}
	strbuf_fini(&once);
	strbuf_fini(&twice);
}

static void every_setting_is_shown_with_its_value(void **state)
{
	static const char *const lines[] = {
		"listen 127.0.0.1:3128\n",
		"mode full\n",
		"run-uids 60600-60855\n",
		"threads ",
		"limit head-size 64k\n",
		"limit head-time 15s\n",
		"limit idle-time 1h\n",
		"limit connections auto\n",
		"limit pending-lookups 1024\n",
		"log",
		"resolver",
	};
	struct strbuf text = STRBUF_INIT;

	(void)state;
	dump("", &text);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!strstr(text.s, lines[i]))
			fail_msg("%s is not in:\n%s", lines[i], text.s);
	strbuf_fini(&text);
}

static void a_rule_is_shown_as_it_was_written(void **state)
{
	struct strbuf text = STRBUF_INIT;

	(void)state;
	dump("private 10.0.0.0/8\nallow HEAD GET *.Example.org:443 x.example\n"
	     "profile p { deny \"http://a.example/x;y\" }",
	     &text);
	assert_non_null(strstr(text.s, "private 10.0.0.0/8\n"
				       "allow GET HEAD *.Example.org:443\n"
				       "allow GET HEAD x.example\n"
				       "profile p {\n"
				       "\tdeny \"http://a.example/x;y\"\n"
				       "}\n"));
	strbuf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dump_parse_dump_is_a_fixed_point),
		cmocka_unit_test(every_setting_is_shown_with_its_value),
		cmocka_unit_test(a_rule_is_shown_as_it_was_written),
	};

	return cmocka_run_group_tests_name("conf_dump", tests, NULL, NULL);
}
