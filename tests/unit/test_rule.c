/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_rule.c - words of allow and deny lines, good and bad
 */
#include "common/rule.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "common/path_glob.h"

static const struct {
	const char *word;
	enum rule_effect effect;
	const char *host; /* name, or CIDR */
	enum pattern_kind kind;
	const char *ports; /* NULL: none written */
	enum scheme scheme;
	const char *path;
} good[] = {
	{ "example.org", RULE_ALLOW, "example.org", PATTERN_EXACT, NULL,
	  SCHEME_NONE, NULL },
	{ "Example.ORG.", RULE_ALLOW, "example.org", PATTERN_EXACT, NULL,
	  SCHEME_NONE, NULL },
	{ "*.example.org:22", RULE_ALLOW, "example.org", PATTERN_BELOW, "22",
	  SCHEME_NONE, NULL },
	{ "**.example.org:*", RULE_DENY, "example.org", PATTERN_AND_BELOW, "*",
	  SCHEME_NONE, NULL },
	{ ".example.org:80,443,8000-8100", RULE_DENY, "example.org",
	  PATTERN_AND_BELOW, "80,443,8000-8100", SCHEME_NONE, NULL },
	{ "db?.example.org", RULE_ALLOW, "db?.example.org", PATTERN_GLOB, NULL,
	  SCHEME_NONE, NULL },
	{ "*", RULE_ALLOW, "", PATTERN_ANY, NULL, SCHEME_NONE, NULL },
	{ "*:*", RULE_ALLOW, "", PATTERN_ANY, "*", SCHEME_NONE, NULL },
	{ "*:22", RULE_DENY, "", PATTERN_ANY, "22", SCHEME_NONE, NULL },
	{ "10.0.0.7", RULE_ALLOW, "10.0.0.7/32", PATTERN_EXACT, NULL,
	  SCHEME_NONE, NULL },
	{ "10.0.0.0/8:5432", RULE_ALLOW, "10.0.0.0/8", PATTERN_EXACT, "5432",
	  SCHEME_NONE, NULL },
	{ "0.0.0.0/0", RULE_DENY, "0.0.0.0/0", PATTERN_EXACT, NULL, SCHEME_NONE,
	  NULL },
	{ "2001:db8::1", RULE_ALLOW, "2001:db8::1/128", PATTERN_EXACT, NULL,
	  SCHEME_NONE, NULL },
	{ "[2001:DB8::1]", RULE_ALLOW, "2001:db8::1/128", PATTERN_EXACT, NULL,
	  SCHEME_NONE, NULL },
	{ "[2001:db8::1]:443", RULE_ALLOW, "2001:db8::1/128", PATTERN_EXACT,
	  "443", SCHEME_NONE, NULL },
	{ "2001:db8::/32", RULE_ALLOW, "2001:db8::/32", PATTERN_EXACT, NULL,
	  SCHEME_NONE, NULL },
	{ "[2001:db8::]/32:443", RULE_ALLOW, "2001:db8::/32", PATTERN_EXACT,
	  "443", SCHEME_NONE, NULL },
	{ "[2001:db8::]/32", RULE_ALLOW, "2001:db8::/32", PATTERN_EXACT, NULL,
	  SCHEME_NONE, NULL },
	{ "[::ffff:10.0.0.7]:80", RULE_ALLOW, "10.0.0.7/32", PATTERN_EXACT,
	  "80", SCHEME_NONE, NULL },
	{ "::ffff:10.0.0.0/104", RULE_ALLOW, "10.0.0.0/8", PATTERN_EXACT, NULL,
	  SCHEME_NONE, NULL },
	{ "https://api.example.org/repos/**", RULE_ALLOW, "api.example.org",
	  PATTERN_EXACT, NULL, SCHEME_HTTPS, "/repos/**" },
	{ "HTTP://Example.org", RULE_ALLOW, "example.org", PATTERN_EXACT, NULL,
	  SCHEME_HTTP, NULL },
	{ "wss://*.example.org:8443/", RULE_ALLOW, "example.org", PATTERN_BELOW,
	  "8443", SCHEME_HTTPS, "/" },
	{ "ws://10.0.0.7/x%20y", RULE_ALLOW, "10.0.0.7/32", PATTERN_EXACT, NULL,
	  SCHEME_HTTP, "/x%20y" },
	{ "https://[2001:db8::1]:8443/a", RULE_DENY, "2001:db8::1/128",
	  PATTERN_EXACT, "8443", SCHEME_HTTPS, "/a" },
	{ "get:80,443", RULE_ALLOW, "get", PATTERN_EXACT, "80,443", SCHEME_NONE,
	  NULL },
	{ "localhost", RULE_ALLOW, "localhost", PATTERN_EXACT, NULL,
	  SCHEME_NONE, NULL },
	{ "_srv.example.org", RULE_ALLOW, "_srv.example.org", PATTERN_EXACT,
	  NULL, SCHEME_NONE, NULL },
};

static void good_words_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char error[RULE_ERROR_MAX] = "", text[PORT_SET_TEXT_MAX];
		char cidr[CIDR_TEXT_MAX];
		struct rule r;

		if (rule_parse(good[i].effect, 0, good[i].word,
			       strlen(good[i].word), &r, error) < 0)
			fail_msg("'%s': %s", good[i].word, error);
		assert_string_equal(r.text, good[i].word);
		assert_int_equal(r.effect, good[i].effect);
		assert_int_equal(r.scheme, good[i].scheme);
		if (r.is_cidr)
			assert_string_equal(cidr_format(rule_cidr(&r), cidr),
					    good[i].host);
		else
			assert_string_equal(rule_name(&r), good[i].host);
		assert_int_equal(r.is_cidr, strchr(good[i].host, '/') != NULL);
		assert_int_equal(r.kind, good[i].kind);
		assert_int_equal(rule_ports(&r) != NULL, good[i].ports != NULL);
		if (rule_ports(&r))
			assert_string_equal(port_set_format(rule_ports(&r),
							    text, sizeof(text)),
					    good[i].ports);
		assert_int_equal(rule_path(&r) != NULL, good[i].path != NULL);
		if (rule_path(&r))
			assert_string_equal(rule_path(&r), good[i].path);
		rule_fini(&r);
	}
}

/* Of a bad word: a piece of the message that says what to write. */
static const struct {
	const char *word, *says;
} bad[] = {
	{ "", "write a host" },
	{ "user@docs.example.org", "write 'docs.example.org'" },
	{ "https://u:p@docs.example.org/x", "write 'docs.example.org'" },
	{ "docs..example.org", "empty label" },
	{ "10.1", "write '10.0.0.1'" },
	{ "10.1:80", "write '10.0.0.1'" },
	{ "0x7f.1", "write '127.0.0.1'" },
	{ "2130706433", "write '127.0.0.1'" },
	{ "10.1/16", "write '10.0.0.1'" },
	{ "999.1.1.1", "not an IP address" },
	{ "caf\xc3\xa9.example", "write 'xn--caf-dma.example'" },
	{ "*.caf\xc3\xa9.example", "write '*.xn--caf-dma.example'" },
	{ "caf\xff.example", "not ASCII" },
	{ "docs.example.org:66000", "1 to 65535" },
	{ "docs.example.org:0", "1 to 65535" },
	{ "docs.example.org:90-80", "lower port first" },
	{ "docs.example.org:https", "not a number" },
	{ "docs.example.org:080", "without leading zeros" },
	{ "docs.example.org:", "empty piece" },
	{ "docs.example.org:80,,443", "empty piece" },
	{ "a.example:1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33",
	  "second rule" },
	{ "[fe80::2%wlan0]:80", "write 'fe80::2'" },
	{ "fe80::2%wlan0", "write 'fe80::2'" },
	{ "[2001:db8::1", "is not closed" },
	{ "[2001:db8::1]443", "':' and ports" },
	{ "[2001:db8::/32]:443", "[2001:db8::]/32:443" },
	{ "2001:db8::/32:443", "write '[2001:db8::]/32:443'" },
	{ "[10.0.0.1]:80", "leave them out" },
	{ "[2001:db8::g]:80", "not an IP address" },
	{ "a:b:c", "not an IP address" },
	{ "104.16.0.0/34", "/0 to /32" },
	{ "2001:db8::/129", "/0 to /128" },
	{ "104.16.0.0/", "/0 to /32" },
	{ "10.1.2.3/8", "write '10.0.0.0/8'" },
	{ "example.org/path", "write 'https://example.org/path'" },
	{ "192.168.*", "'192.168.0.0/16'" },
	{ "10.0.?.1:80", "'192.168.0.0/16'" },
	{ "*example.com", "write '*.example.com'" },
	{ "**", "write '*'" },
	{ "a.**.example", "can never match" },
	{ "GET", "a host after it" },
	{ "get", "write 'GET'" },
	{ "Post", "'Post:80,443'" },
	{ "PROPFIND", "not a method" },
	{ "LOCALHOST", "lower case" },
	{ "ftp://example.org/", "http, https, ws or wss" },
	{ "://example.org/", "http, https, ws or wss" },
	{ "https://", "is empty" },
	{ "https:///x", "is empty" },
	{ "https://example.org/a?b=c", "without the query" },
	{ "https://example.org#a", "without the query" },
	{ "https://2001:db8::1/a", "write '[2001:db8::1]'" },
	{ "https://example.org/a/../b", "'..'" },
	{ "https://example.org/a//b", "empty segments" },
	{ "https://example.org/a%2fb", "%2f" },
	{ "https://example.org/a%2", "two hex digits" },
	{ "https://example.org/caf\xc3\xa9", "%XX" },
	{ "two words", "one host a word" },
	{ "a\tb", "\\x09" },
	{ "a\x1b[31m", "\\x1b" },
	{ "a!b", "can never match" },
};

static void bad_words_are_refused_with_what_to_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char error[RULE_ERROR_MAX] = "";
		struct rule r = { .text = NULL };

		if (rule_parse(RULE_ALLOW, 0, bad[i].word, strlen(bad[i].word),
			       &r, error) != -EINVAL)
			fail_msg("'%s' was taken", bad[i].word);
		if (!strstr(error, bad[i].says))
			fail_msg("'%s': \"%s\" does not say \"%s\"",
				 bad[i].word, error, bad[i].says);
		assert_null(r.text);
		for (const char *c = error; *c; c++)
			assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
	}
}

static int parse(enum rule_effect effect, unsigned methods, const char *word)
{
	char error[RULE_ERROR_MAX];
	struct rule r;
	int ret = rule_parse(effect, methods, word, strlen(word), &r, error);

	if (ret == 0)
		rule_fini(&r);
	return ret;
}

static void a_star_is_for_allow_unless_it_is_narrowed(void **state)
{
	(void)state;
	assert_int_equal(parse(RULE_DENY, 0, "*"), -EINVAL);
	assert_int_equal(parse(RULE_DENY, 0, "*:*"), -EINVAL);
	assert_int_equal(parse(RULE_DENY, 0, "*:1-65535"), -EINVAL);
	assert_int_equal(parse(RULE_DENY, 0, "https://*"), -EINVAL);
	assert_int_equal(parse(RULE_DENY, 0, "*:22"), 0);
	assert_int_equal(parse(RULE_DENY, METHOD_POST, "*"), 0);
	assert_int_equal(parse(RULE_DENY, 0, "**.example"), 0);
	assert_int_equal(parse(RULE_ALLOW, 0, "*"), 0);
}

static void connect_has_no_scheme_and_no_path(void **state)
{
	(void)state;
	assert_int_equal(parse(RULE_ALLOW, METHOD_CONNECT, "a.example"), 0);
	assert_int_equal(parse(RULE_ALLOW, METHOD_CONNECT, "https://a.example"),
			 -EINVAL);
	assert_int_equal(parse(RULE_ALLOW, METHOD_CONNECT | METHOD_GET,
			       "https://a.example/x"),
			 0);
}

/* Whatever the cut leaves, it is a rule or an error, and never reads on. */
static void words_can_be_cut_at_every_byte(void **state)
{
	static const char *const words[] = {
		"https://[2001:db8::1]:8443/a/**/b%20c",
		"[2001:db8::]/32:443,8000-8100",
		"**.db?.example.org:80,443",
		"2001:db8::/32:443",
		"*.caf\xc3\xa9.example:https",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (size_t n = 0; n <= strlen(words[i]); n++) {
			char error[RULE_ERROR_MAX] = "";
			char *word = malloc(n + 1);
			struct rule r;
			int ret;

			assert_non_null(word);
			memcpy(word, words[i], n);
			word[n] = 'X'; /* no NUL, and must not be seen */
			ret = rule_parse(RULE_DENY, 0, word, n, &r, error);
			if (ret == 0) {
				assert_int_equal(strlen(r.text), n);
				rule_fini(&r);
			} else {
				assert_int_equal(ret, -EINVAL);
				assert_true(error[0] != '\0');
				assert_null(strchr(error, 'X'));
			}
			free(word);
		}
}

static void overlong_words_are_refused(void **state)
{
	static char word[100000];
	char error[RULE_ERROR_MAX];
	struct rule r;

	(void)state;
	memset(word, 'a', sizeof(word));
	assert_int_equal(
		rule_parse(RULE_ALLOW, 0, word, sizeof(word), &r, error),
		-EINVAL);
	assert_non_null(strstr(error, "too long"));
	memcpy(word, "https://a.example/", 18);
	assert_int_equal(
		rule_parse(RULE_ALLOW, 0, word, 18 + PATH_GLOB_MAX, &r, error),
		-EINVAL);
	assert_non_null(strstr(error, "path is too long"));
}

static void methods_are_case_sensitive_words(void **state)
{
	(void)state;
	assert_int_equal(method_parse("GET", 3), METHOD_GET);
	assert_int_equal(method_parse("CONNECT", 7), METHOD_CONNECT);
	assert_int_equal(method_parse("get", 3), METHOD_OTHER);
	assert_int_equal(method_parse("GETX", 4), METHOD_OTHER);
	assert_int_equal(method_parse_any_case("gEt", 3), METHOD_GET);
	assert_int_equal(method_parse_any_case("getx", 4), METHOD_OTHER);
	assert_int_equal(method_parse_any_case("ge", 2), METHOD_OTHER);
	assert_int_equal(method_parse("", 0), METHOD_OTHER);
	assert_true(method_is_word("PATCH", 5));
	assert_false(method_is_word("PROPFIND", 8));
	assert_string_equal(method_name(METHOD_DELETE), "DELETE");
	assert_null(method_name(METHOD_OTHER));
}

static const struct {
	const char *glob, *path;
	bool want;
} globs[] = {
	{ "/", "/", true },
	{ "/", "/a", false },
	{ "/a", "/a", true },
	{ "/a", "/a/", false },
	{ "/repos/**", "/repos/", true },
	{ "/repos/**", "/repos/a/b", true },
	{ "/repos/**", "/repos", false },
	{ "/repos/**", "/reposx/", false },
	{ "/repos/*", "/repos/a", true },
	{ "/repos/*", "/repos/", true },
	{ "/repos/*", "/repos/a/b", false },
	{ "/a*z/b", "/az/b", true },
	{ "/a*z/b", "/a/z/b", false },
	{ "/a*z/b", "/aazz/b", true },
	{ "/**", "/", true },
	{ "/**", "/any/thing", true },
	{ "/**/x", "/x", true },
	{ "/**/x", "/a/b/x", true },
	{ "/**/x", "/ax", false },
	{ "/a/**/b", "/a/b", true },
	{ "/a/**/b", "/a/1/2/b", true },
	{ "/a/**/b", "/ab", false },
	{ "/a**b", "/a/x/b", true },
	{ "/A", "/a", false },
	{ "/secret", "/s%65cret", true },
	{ "/s%65cret", "/secret", true },
	{ "/a%2Ab", "/a*b", true },
	{ "/a%2Ab", "/axb", false },
	{ "/a?b", "/axb", false },
	{ "", "", true },
	{ "*", "", true },
	{ "**", "", true },
	{ "/***", "/a/b", true },
};

static void path_globs_match_whole_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(globs); i++)
		if (path_glob_match(globs[i].glob, globs[i].path,
				    strlen(globs[i].path)) != globs[i].want)
			fail_msg("'%s' on '%s'", globs[i].glob, globs[i].path);
}

static void a_path_cannot_make_a_glob_slow(void **state)
{
	static char path[65536];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	assert_false(path_glob_match("/**a*a*a*a*a*a*b", path, sizeof(path)));
}

static void only_unambiguous_paths_are_safe(void **state)
{
	static const char *const safe[] = { "/",	  "/a",
					    "/a/",	  "/a.b/..c/.d",
					    "/%41%20b",	  "/a/...",
					    "/caf%C3%A9", "/a:b;c=d,e@f" };
	static const char *const unsafe[] = {
		"",	 "a",	   "*",	     "//",     "/a//b",
		"/.",	 "/..",	   "/a/./b", "/a/..",  "/a/../b",
		"/%2e",	 "/a%2Eb", "/a%2fb", "/a%2Fb", "/a%5cb",
		"/a\\b", "/%00",   "/a%0db", "/\x01",  "/a\x7f",
		"/a%7f", "/a%",	   "/a%4",   "/a%zz",  "/a%4g/b",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(safe); i++)
		if (!path_is_safe(safe[i], strlen(safe[i])))
			fail_msg("'%s' is safe", safe[i]);
	for (size_t i = 0; i < ARRAY_SIZE(unsafe); i++)
		if (path_is_safe(unsafe[i], strlen(unsafe[i])))
			fail_msg("'%s' is not safe", unsafe[i]);
	assert_false(path_is_safe("/a\0b", 4));
}

static void ports_default_by_effect_and_scheme(void **state)
{
	static const struct {
		enum rule_effect effect;
		const char *word;
		bool on_80, on_443, on_22;
	} cases[] = {
		{ RULE_ALLOW, "a.example", true, true, false },
		{ RULE_DENY, "a.example", true, true, true },
		{ RULE_ALLOW, "http://a.example", true, false, false },
		{ RULE_ALLOW, "https://a.example", false, true, false },
		{ RULE_DENY, "https://a.example", true, true, true },
		{ RULE_ALLOW, "a.example:22", false, false, true },
		{ RULE_DENY, "a.example:22", false, false, true },
		{ RULE_ALLOW, "a.example:*", true, true, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char error[RULE_ERROR_MAX];
		struct rule r;

		assert_int_equal(rule_parse(cases[i].effect, 0, cases[i].word,
					    strlen(cases[i].word), &r, error),
				 0);
		assert_int_equal(rule_matches_port(&r, 80), cases[i].on_80);
		assert_int_equal(rule_matches_port(&r, 443), cases[i].on_443);
		assert_int_equal(rule_matches_port(&r, 22), cases[i].on_22);
		rule_fini(&r);
	}
}

static void only_a_deny_looks_inside_an_ipv6_literal(void **state)
{
	static const struct {
		enum rule_effect effect;
		const char *word, *host;
		bool want;
	} cases[] = {
		{ RULE_DENY, "10.0.0.0/8", "10.1.1.1", true },
		{ RULE_DENY, "10.0.0.0/8", "64:ff9b::10.1.1.1", true },
		{ RULE_DENY, "10.0.0.0/8", "64:ff9b::11.1.1.1", false },
		{ RULE_DENY, "10.0.0.0/8", "2001:db8::1", false },
		{ RULE_ALLOW, "10.0.0.0/8", "10.1.1.1", true },
		{ RULE_ALLOW, "10.0.0.0/8", "64:ff9b::10.1.1.1", false },
		{ RULE_ALLOW, "*", "10.1.1.1", true },
		{ RULE_ALLOW, "**.example", "10.1.1.1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char error[RULE_ERROR_MAX];
		struct target t = { .is_addr = true };
		struct rule r;

		assert_int_equal(rule_parse(cases[i].effect, 0, cases[i].word,
					    strlen(cases[i].word), &r, error),
				 0);
		assert_int_equal(addr_parse(cases[i].host,
					    strlen(cases[i].host), &t.addr),
				 ADDR_OK);
		if (rule_matches_host(&r, &t) != cases[i].want)
			fail_msg("%s on %s", cases[i].word, cases[i].host);
		rule_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_words_are_understood),
		cmocka_unit_test(bad_words_are_refused_with_what_to_write),
		cmocka_unit_test(a_star_is_for_allow_unless_it_is_narrowed),
		cmocka_unit_test(connect_has_no_scheme_and_no_path),
		cmocka_unit_test(words_can_be_cut_at_every_byte),
		cmocka_unit_test(overlong_words_are_refused),
		cmocka_unit_test(methods_are_case_sensitive_words),
		cmocka_unit_test(path_globs_match_whole_paths),
		cmocka_unit_test(a_path_cannot_make_a_glob_slow),
		cmocka_unit_test(only_unambiguous_paths_are_safe),
		cmocka_unit_test(ports_default_by_effect_and_scheme),
		cmocka_unit_test(only_a_deny_looks_inside_an_ipv6_literal),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
