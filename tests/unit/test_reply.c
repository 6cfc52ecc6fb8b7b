/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_reply.c - what clients get to see, and never get to forge
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "proxy/reply.h"

/* Splits an answer at its empty line. Return: the body. */
static const char *body_of(const struct strbuf *out)
{
	const char *end = strstr(out->s, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

/* A head of ours is lines with CRLF, and nothing that is not printable. */
static void assert_head_is_clean(const struct strbuf *out)
{
	const char *end = body_of(out);

	for (const char *p = out->s; p < end; p++) {
		if (*p == '\r')
			assert_int_equal(p[1], '\n');
		else if (*p == '\n')
			assert_int_equal(p[-1], '\r');
		else
			assert_in_range(*p, 0x20, 0x7e);
	}
}

static void every_reason_has_status_phrase_header_and_length(void **state)
{
	(void)state;
	for (int i = REASON_ALLOWED + 1; i < REASON_COUNT; i++) {
		for (int json = 0; json < 2; json++) {
			struct reply r = { .reason = (enum reason)i,
					   .host = "example.com",
					   .port = 8080,
					   .json = json != 0 };
			struct strbuf out = STRBUF_INIT, want = STRBUF_INIT;

			reply_render(&r, &out);
			assert_false(strbuf_failed(&out));
			assert_head_is_clean(&out);
			strbuf_addf(&want, "HTTP/1.1 %u %s\r\n",
				    reason_http_status(r.reason),
				    reason_phrase(r.reason));
			assert_memory_equal(out.s, want.s, want.len);
			strbuf_reset(&want);
			strbuf_addf(&want, "\r\nX-Netleash-Reason: %s\r\n",
				    reason_name(r.reason));
			assert_has(out.s, want.s);
			strbuf_reset(&want);
			strbuf_addf(&want, "\r\nContent-Length: %zu\r\n",
				    strlen(body_of(&out)));
			assert_has(out.s, want.s);
			assert_has(out.s, "\r\nConnection: close\r\n");
			assert_has(out.s,
				   "\r\nX-Content-Type-Options: nosniff\r\n");
			strbuf_fini(&out);
			strbuf_fini(&want);
		}
	}
}

static void the_text_ends_with_the_line_that_would_allow_it(void **state)
{
	struct reply r = { .reason = REASON_PORT,
			   .host = "2001:db8::1",
			   .port = 8080,
			   .detail = "One more sentence.",
			   .rule = "/etc/netleash/netleash.conf:7",
			   .allow_with = "allow [2001:db8::1]:8080" };
	const char *end = "\nallow [2001:db8::1]:8080\n";
	struct strbuf out = STRBUF_INIT;

	(void)state;
	reply_render(&r, &out);
	assert_has(body_of(&out), "Target: [2001:db8::1]:8080\n");
	assert_has(body_of(&out), "\nOne more sentence.\n");
	assert_has(body_of(&out), "Rule: /etc/netleash/netleash.conf:7\n");
	assert_has(out.s, "Content-Type: text/plain; charset=utf-8\r\n");
	assert_string_equal(out.s + out.len - strlen(end), end);
	strbuf_fini(&out);
}

static void json_has_all_its_keys_also_where_they_are_null(void **state)
{
	struct reply r = { .reason = REASON_NOT_ALLOWED,
			   .host = "example.com",
			   .port = 443,
			   .allow_with = "allow example.com",
			   .json = true };
	struct strbuf out = STRBUF_INIT;

	(void)state;
	reply_render(&r, &out);
	assert_has(out.s, "Content-Type: application/json\r\n");
	assert_has(body_of(&out),
		   "{\"decision\":\"deny\",\"reason\":\"not-allowed\","
		   "\"host\":\"example.com\",\"port\":443,\"message\":\"");
	assert_has(body_of(&out),
		   "\"rule\":null,\"allow_with\":\"allow example.com\"}\n");
	strbuf_reset(&out);
	r = (struct reply){ .reason = REASON_MALFORMED, .json = true };
	reply_render(&r, &out);
	assert_has(body_of(&out), "{\"decision\":\"error\",\"reason\":"
				  "\"malformed\",\"host\":null,\"port\":null,");
	assert_has(body_of(&out), "\"rule\":null,\"allow_with\":null}\n");
	strbuf_fini(&out);
}

static void what_a_client_sent_comes_back_escaped(void **state)
{
	struct reply r = { .reason = REASON_MALFORMED,
			   .detail = "bad: \r\n\r\n<b>\x1b[2J\xc3\xa9\\" };
	struct strbuf out = STRBUF_INIT;

	(void)state;
	reply_render(&r, &out);
	assert_head_is_clean(&out);
	assert_has(body_of(&out),
		   "bad: \\x0d\\x0a\\x0d\\x0a<b>\\x1b[2J\\xc3\\xa9\\\\\n");
	assert_null(strchr(body_of(&out), '\r'));
	strbuf_reset(&out);
	r.json = true;
	reply_render(&r, &out);
	assert_head_is_clean(&out);
	assert_null(strchr(body_of(&out), '\r'));
	assert_null(strchr(body_of(&out), '\x1b'));
	assert_ptr_equal(strchr(body_of(&out), '\n'), out.s + out.len - 1);
	strbuf_fini(&out);
}

static void a_head_request_gets_the_length_and_no_body(void **state)
{
	struct reply r = { .reason = REASON_UNSUPPORTED, .head_only = true };
	struct strbuf out = STRBUF_INIT;

	(void)state;
	reply_render(&r, &out);
	assert_string_equal(body_of(&out), "");
	assert_null(strstr(out.s, "Content-Length: 0"));
	strbuf_fini(&out);
}

static void a_connect_that_succeeds_has_no_length_and_no_body(void **state)
{
	struct strbuf out = STRBUF_INIT;

	(void)state;
	reply_render_established(&out);
	assert_string_equal(out.s,
			    "HTTP/1.1 200 Connection established\r\n\r\n");
	strbuf_fini(&out);
}

static void json_is_chosen_by_accept_in_any_case_anywhere(void **state)
{
	static const struct {
		const char *value;
		bool want;
	} cases[] = {
		{ "application/json", true },
		{ "text/html, Application/JSON;q=0.1", true },
		{ "*/*", false },
		{ "", false },
		{ "application/jso", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(reply_accepts_json(cases[i].value,
						    strlen(cases[i].value)),
				 cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_reason_has_status_phrase_header_and_length),
		cmocka_unit_test(
			the_text_ends_with_the_line_that_would_allow_it),
		cmocka_unit_test(
			json_has_all_its_keys_also_where_they_are_null),
		cmocka_unit_test(what_a_client_sent_comes_back_escaped),
		cmocka_unit_test(a_head_request_gets_the_length_and_no_body),
		cmocka_unit_test(
			a_connect_that_succeeds_has_no_length_and_no_body),
		cmocka_unit_test(json_is_chosen_by_accept_in_any_case_anywhere),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
