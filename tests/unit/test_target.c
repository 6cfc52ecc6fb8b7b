/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_target.c - what a client asks for, well formed or refused
 */
#include "common/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

typedef enum target_err target_fn(const char *s, size_t n, struct target *ret,
				  char ret_detail[TARGET_DETAIL_MAX]);

/*
 * @want:   of TARGET_OK, target_format() and @path; else a part of the detail
 */
struct target_case {
	const char *text;
	enum target_err err;
	const char *want, *path;
};

static void assert_is_sentence(const char *text, const char *detail)
{
	size_t n = strlen(detail);

	if (n == 0 || n >= TARGET_DETAIL_MAX - 1)
		fail_msg("'%s' has no detail", text);
	for (size_t i = 0; i < n; i++)
		assert_in_range(detail[i], 0x20, 0x7e);
}

/* Parses from memory of exactly the text's length, as it is from the wire. */
static void check(target_fn *parse, const struct target_case *c)
{
	char detail[TARGET_DETAIL_MAX], text[TARGET_TEXT_MAX];
	size_t n = strlen(c->text);
	char *s = malloc(n > 0 ? n : 1);
	struct target t, quiet;
	enum target_err err;

	assert_non_null(s);
	memcpy(s, c->text, n);
	err = parse(s, n, &t, detail);
	if (err != c->err)
		fail_msg("'%s': got %d (%s)", c->text, err, detail);
	assert_int_equal(parse(s, n, &quiet, NULL), err);
	if (err == TARGET_OK) {
		assert_string_equal(detail, "");
		if (strcmp(target_format(&t, text), c->want) != 0)
			fail_msg("'%s': got %s", c->text, text);
		assert_int_equal(t.path_len, strlen(c->path ? c->path : ""));
		if (c->path)
			assert_memory_equal(t.path, c->path, t.path_len);
		if (t.path_len > 0)
			assert_true(t.path >= s && t.path <= s + n);
	} else {
		assert_is_sentence(c->text, detail);
		if (!strstr(detail, c->want))
			fail_msg("'%s': %s", c->text, detail);
	}
	free(s);
}

static void check_all(target_fn *parse, const struct target_case *cases,
		      size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(parse, &cases[i]);
}

/* What every function refuses, and why. */
static const struct target_case refused[] = {
	{ "", TARGET_EMPTY, "empty", NULL },
	{ ":443", TARGET_EMPTY, "the host is empty", NULL },
	{ "me@example.org:443", TARGET_USERINFO, "'@'", NULL },
	{ "me:pw@example.org:443", TARGET_USERINFO, "'@'", NULL },
	{ "example.org:80@attacker.example:443", TARGET_USERINFO, "'@'", NULL },
	{ "example.org..:443", TARGET_BAD_HOST, "empty label", NULL },
	{ "docs..example.org:443", TARGET_BAD_HOST, "empty label", NULL },
	{ "ex%61mple.org:443", TARGET_BAD_HOST, "character", NULL },
	{ "*.example.org:443", TARGET_BAD_HOST, "character", NULL },
	{ "caf\xc3\xa9.example:443", TARGET_BAD_HOST,
	  "write xn--caf-dma.example", NULL },
	{ "\xff.example:443", TARGET_BAD_HOST, "A-label", NULL },
	{ "a:b:443", TARGET_BAD_HOST, "more than one colon", NULL },
	{ "example.org:70000", TARGET_BAD_PORT, "1 to 65535", NULL },
	{ "example.org:http", TARGET_BAD_PORT, "1 to 65535", NULL },
	{ "example.org:0", TARGET_BAD_PORT, "1 to 65535", NULL },
	{ "example.org:0443", TARGET_BAD_PORT, "leading zeros", NULL },
	{ "example.org:+443", TARGET_BAD_PORT, "number", NULL },
	{ "example.org:", TARGET_BAD_PORT, "the port is empty", NULL },
	{ "[::1]:", TARGET_BAD_PORT, "the port is empty", NULL },
	{ "127.1:80", TARGET_NOT_QUAD, "write 127.0.0.1", NULL },
	{ "0x7f.1:80", TARGET_NOT_QUAD, "write 127.0.0.1", NULL },
	{ "0x7f000001:80", TARGET_NOT_QUAD, "write 127.0.0.1", NULL },
	{ "0177.0.0.1:80", TARGET_NOT_QUAD, "write 127.0.0.1", NULL },
	{ "2130706433:80", TARGET_NOT_QUAD, "write 127.0.0.1", NULL },
	{ "0300.0250.1.1:80", TARGET_NOT_QUAD, "write 192.168.1.1", NULL },
	{ "1.2.3.4.:80", TARGET_NOT_QUAD, "write 1.2.3.4", NULL },
	{ "1.2.3.4.5:80", TARGET_NOT_QUAD, "four numbers", NULL },
	{ "1.2.3.256:80", TARGET_NOT_QUAD, "four numbers", NULL },
	{ "example.7:80", TARGET_NOT_QUAD, "four numbers", NULL },
	{ "[fe80::2%25wlan0]:80", TARGET_ZONE, "zone", NULL },
	{ "[fe80::2%wlan0]:80", TARGET_ZONE, "zone", NULL },
	{ "fe80::2%wlan0", TARGET_ZONE, "zone", NULL },
	{ "[2a02:2770::1:443", TARGET_BAD_BRACKETS, "not closed", NULL },
	{ "[::1]443", TARGET_BAD_BRACKETS, "after ']'", NULL },
	{ "[::1]]:443", TARGET_BAD_BRACKETS, "after ']'", NULL },
	{ "[::1].:443", TARGET_BAD_BRACKETS, "after ']'", NULL },
	{ "[[::1]]:443", TARGET_BAD_BRACKETS, "no IPv6", NULL },
	{ "[]:443", TARGET_BAD_BRACKETS, "no IPv6", NULL },
	{ "[1.2.3.4]:443", TARGET_BAD_BRACKETS, "no IPv6", NULL },
	{ "[example.org]:443", TARGET_BAD_BRACKETS, "no IPv6", NULL },
	{ "[v1.fe]:443", TARGET_BAD_BRACKETS, "no IPv6", NULL },
	{ "a[::1]:443", TARGET_BAD_BRACKETS, "only", NULL },
	{ "::1]:443", TARGET_BAD_BRACKETS, "only", NULL },
	{ " example.org:443", TARGET_BAD_BYTE, "0x20", NULL },
	{ "example.org:443 ", TARGET_BAD_BYTE, "0x20", NULL },
	{ "exam\tple.org:443", TARGET_BAD_BYTE, "0x09", NULL },
	{ "example.org:443\r\n", TARGET_BAD_BYTE, "0x0d", NULL },
	{ "exam\x7fple.org:443", TARGET_BAD_BYTE, "0x7f", NULL },
	{ "example.org\\x:443", TARGET_BAD_BYTE, "backslash", NULL },
};

static void an_authority_is_a_host_and_a_port(void **state)
{
	static const struct target_case cases[] = {
		{ "EXAMPLE.org.:443", TARGET_OK, "example.org:443", NULL },
		{ "localhost:1", TARGET_OK, "localhost:1", NULL },
		{ "192.0.2.1:65535", TARGET_OK, "192.0.2.1:65535", NULL },
		{ "[2A02:2770:0:0:021A:4AFF:FEB3:02EE]:443", TARGET_OK,
		  "[2a02:2770::21a:4aff:feb3:2ee]:443", NULL },
		{ "[::ffff:10.0.0.1]:80", TARGET_OK, "10.0.0.1:80", NULL },
		{ "example.org", TARGET_NO_PORT, "host:port", NULL },
		{ "[::1]", TARGET_NO_PORT, "host:port", NULL },
		{ "2001:db8::1", TARGET_BAD_BRACKETS, "[2001:db8::1]", NULL },
		{ "::1:443", TARGET_BAD_BRACKETS, "brackets", NULL },
		{ "http://example.org/", TARGET_BAD_PORT, "", NULL },
		{ "example.org:443/x", TARGET_BAD_PORT, "", NULL },
		{ "example.org/x:443", TARGET_BAD_HOST, "character", NULL },
		{ "example.org#x:443", TARGET_BAD_HOST, "character", NULL },
	};

	(void)state;
	check_all(target_parse_authority, cases, ARRAY_SIZE(cases));
	check_all(target_parse_authority, refused, ARRAY_SIZE(refused));
}

static void a_url_has_a_scheme_a_host_and_a_path(void **state)
{
	static const struct target_case cases[] = {
		{ "http://example.org", TARGET_OK, "example.org:80", NULL },
		{ "HTTPS://Example.Org/a?b", TARGET_OK, "example.org:443",
		  "/a?b" },
		{ "ws://h:8888/", TARGET_OK, "h:8888", "/" },
		{ "wss://h/x//y/../@:", TARGET_OK, "h:443", "/x//y/../@:" },
		{ "http://h?q=/a", TARGET_OK, "h:80", "?q=/a" },
		{ "http://h?a\\b", TARGET_OK, "h:80", "?a\\b" },
		{ "http://[::1]:8080/x", TARGET_OK, "[::1]:8080", "/x" },
		{ "http://[::ffff:192.168.9.9]/", TARGET_OK, "192.168.9.9:80",
		  "/" },
		{ "http://h/\xc3\xa9", TARGET_OK, "h:80", "/\xc3\xa9" },
		{ "http://", TARGET_EMPTY, "empty", NULL },
		{ "http:///x", TARGET_EMPTY, "empty", NULL },
		{ "http://?x", TARGET_EMPTY, "empty", NULL },
		{ "http://example.org@attacker.example/", TARGET_USERINFO,
		  "'@'", NULL },
		{ "http://h:/", TARGET_BAD_PORT, "the port is empty", NULL },
		{ "http://h/x#y", TARGET_BAD_BYTE, "fragment", NULL },
		{ "http://h#@attacker.example/", TARGET_BAD_BYTE, "fragment",
		  NULL },
		{ "http://h/a b", TARGET_BAD_BYTE, "0x20", NULL },
		{ "http://h/a?b c", TARGET_BAD_BYTE, "0x20", NULL },
		{ "http://h/a\\b", TARGET_BAD_BYTE, "backslash", NULL },
		{ "http://h\\@attacker.example/", TARGET_BAD_BYTE, "backslash",
		  NULL },
		{ "http:\\\\h/", TARGET_BAD_SCHEME, "http, https", NULL },
		{ "http:/h/", TARGET_BAD_SCHEME, "http, https", NULL },
		{ "http:h", TARGET_BAD_SCHEME, "http, https", NULL },
		{ "//h/", TARGET_BAD_SCHEME, "http, https", NULL },
		{ "/x?http://h/", TARGET_BAD_SCHEME, "http, https", NULL },
		{ "ftp://h/", TARGET_BAD_SCHEME, "http, https", NULL },
		{ "httpx://h/", TARGET_BAD_SCHEME, "http, https", NULL },
		{ " http://h/", TARGET_BAD_SCHEME, "http, https", NULL },
		{ "h:80", TARGET_BAD_SCHEME, "http, https", NULL },
		{ "://h/", TARGET_BAD_SCHEME, "http, https", NULL },
		{ "http://::1/", TARGET_BAD_BRACKETS, "[::1]", NULL },
		{ "", TARGET_EMPTY, "empty", NULL },
	};

	(void)state;
	check_all(target_parse_url, cases, ARRAY_SIZE(cases));
	/* The same authorities are refused inside a URL. */
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		char url[200];
		struct target_case c = refused[i];

		(void)snprintf(url, sizeof(url), "https://%s/x", c.text);
		c.text = url;
		check(target_parse_url, &c);
	}
}

static void what_a_user_types_needs_no_port(void **state)
{
	static const struct target_case cases[] = {
		{ "example.org", TARGET_OK, "example.org", NULL },
		{ "example.org:443", TARGET_OK, "example.org:443", NULL },
		{ "192.0.2.1", TARGET_OK, "192.0.2.1", NULL },
		{ "2001:DB8::1", TARGET_OK, "2001:db8::1", NULL },
		{ "2001:db8::1:443", TARGET_OK, "2001:db8::1:443", NULL },
		{ "[2001:db8::1]", TARGET_OK, "2001:db8::1", NULL },
		{ "[2001:db8::1]:22", TARGET_OK, "[2001:db8::1]:22", NULL },
		{ "::ffff:10.0.0.1", TARGET_OK, "10.0.0.1", NULL },
		{ "https://KEYS.example.org./x", TARGET_OK,
		  "keys.example.org:443", "/x" },
		{ "http://h/x#y", TARGET_OK, "h:80", "/x" },
		{ "http://h#y?z/", TARGET_OK, "h:80", NULL },
		{ "http://h/x?y#z#", TARGET_OK, "h:80", "/x?y" },
		{ "ftp://h/", TARGET_BAD_SCHEME, "http, https", NULL },
		{ "example.org/x", TARGET_BAD_HOST, "no scheme", NULL },
		{ "10.0.0.0/8", TARGET_BAD_HOST, "no scheme", NULL },
		{ "/x", TARGET_BAD_HOST, "no scheme", NULL },
		{ "http:example.org", TARGET_BAD_PORT, "number", NULL },
		{ "http://example.org@attacker.example/", TARGET_USERINFO,
		  "'@'", NULL },
	};

	(void)state;
	check_all(target_parse_any, cases, ARRAY_SIZE(cases));
	check_all(target_parse_any, refused, ARRAY_SIZE(refused));
}

static enum target_err parse_bracketed_host(const char *s, size_t n,
					    struct target *ret, char *detail)
{
	return target_parse_host(s, n, true, ret, detail);
}

static enum target_err parse_bare_host(const char *s, size_t n,
				       struct target *ret, char *detail)
{
	return target_parse_host(s, n, false, ret, detail);
}

static void a_host_alone_has_no_port(void **state)
{
	static const struct target_case both[] = {
		{ "Example.org.", TARGET_OK, "example.org", NULL },
		{ "10.0.0.1", TARGET_OK, "10.0.0.1", NULL },
		{ "[::1]", TARGET_OK, "::1", NULL },
		{ "example.org:80", TARGET_BAD_HOST, "a port", NULL },
		{ "[::1]:80", TARGET_BAD_HOST, "a port", NULL },
		{ "127.1", TARGET_NOT_QUAD, "127.0.0.1", NULL },
		{ "caf\xc3\xa9.example", TARGET_BAD_HOST, "xn--caf-dma", NULL },
		{ "", TARGET_EMPTY, "empty", NULL },
	};
	static const struct target_case bare = { "2001:db8::1", TARGET_OK,
						 "2001:db8::1", NULL };
	static const struct target_case not_bare = { "2001:db8::1",
						     TARGET_BAD_BRACKETS,
						     "[2001:db8::1]", NULL };

	(void)state;
	check_all(parse_bracketed_host, both, ARRAY_SIZE(both));
	check_all(parse_bare_host, both, ARRAY_SIZE(both));
	check(parse_bare_host, &bare);
	check(parse_bracketed_host, &not_bare);
}

static void the_fields_say_what_was_parsed(void **state)
{
	struct target t;

	(void)state;
	assert_int_equal(
		target_parse_url("wss://[2001:db8::1]:9/p", 23, &t, NULL),
		TARGET_OK);
	assert_int_equal(t.scheme, SCHEME_WSS);
	assert_true(t.is_addr);
	assert_int_equal(t.addr.family, AF_INET6);
	assert_string_equal(t.host, "2001:db8::1");
	assert_int_equal(t.port, 9);
	assert_int_equal(target_parse_authority("h:80", 4, &t, NULL),
			 TARGET_OK);
	assert_int_equal(t.scheme, SCHEME_NONE);
	assert_false(t.is_addr);
	assert_string_equal(t.path, "");
}

/* A NUL anywhere is malformed: what a C string ends at, another reads on. */
static void a_nul_is_never_part_of_a_target(void **state)
{
	static target_fn *const parsers[] = { target_parse_authority,
					      target_parse_any,
					      target_parse_url,
					      parse_bare_host };
	static const char text[] = "http://example.org:80/path?query";

	(void)state;
	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		for (size_t p = 0; p < ARRAY_SIZE(parsers); p++) {
			char bytes[sizeof(text)];
			struct target t;

			memcpy(bytes, text, sizeof(text));
			bytes[at] = '\0';
			assert_int_not_equal(
				parsers[p](bytes, sizeof(text) - 1, &t, NULL),
				TARGET_OK);
			assert_int_not_equal(
				parsers[p]("example.org\0:80", 15, &t, NULL),
				TARGET_OK);
		}
	}
}

/* Whatever a cut leaves is read within its own bounds. */
static void a_cut_target_is_never_read_past_its_end(void **state)
{
	static const char *const texts[] = {
		"https://[2001:db8::ffff:192.0.2.1]:8443/path?query#fragment",
		"[fe80::1%25eth0]:443",
		"caf\xc3\xa9.\xe4\xbb\x96.example:65535",
		"0x7f.0377.1:80",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (size_t n = 0; n <= strlen(texts[i]); n++) {
			char detail[TARGET_DETAIL_MAX];
			char *s = malloc(n > 0 ? n : 1);
			struct target t;

			assert_non_null(s);
			memcpy(s, texts[i], n);
			(void)target_parse_authority(s, n, &t, detail);
			(void)target_parse_url(s, n, &t, detail);
			(void)target_parse_host(s, n, true, &t, detail);
			if (target_parse_any(s, n, &t, detail) == TARGET_OK)
				assert_true(t.path_len <= n);
			else
				assert_is_sentence(texts[i], detail);
			free(s);
		}
	}
}

static void names_end_at_253_bytes(void **state)
{
	(void)state;
	for (size_t n = 250; n < 260; n++) {
		char s[300], detail[TARGET_DETAIL_MAX], text[TARGET_TEXT_MAX];
		struct target t;
		enum target_err err;

		for (size_t i = 0; i < n; i++)
			s[i] = i % 64 == 63 ? '.' : 'a';
		if (s[n - 1] == '.')
			continue;
		memcpy(s + n, ":65535", 6);
		err = target_parse_authority(s, n + 6, &t, detail);
		assert_int_equal(err, n <= 253 ? TARGET_OK : TARGET_BAD_HOST);
		if (err == TARGET_OK)
			assert_memory_equal(target_format(&t, text), s, n + 6);
		else
			assert_non_null(strstr(detail, "253"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_authority_is_a_host_and_a_port),
		cmocka_unit_test(a_url_has_a_scheme_a_host_and_a_path),
		cmocka_unit_test(what_a_user_types_needs_no_port),
		cmocka_unit_test(a_host_alone_has_no_port),
		cmocka_unit_test(the_fields_say_what_was_parsed),
		cmocka_unit_test(a_nul_is_never_part_of_a_target),
		cmocka_unit_test(a_cut_target_is_never_read_past_its_end),
		cmocka_unit_test(names_end_at_253_bytes),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
