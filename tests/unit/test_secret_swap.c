/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_secret_swap.c - credentials into heads, and out of them
 */
#include "proxy/secret_swap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

#define END "\r\n\r\n"

static struct strbuf head_of(const char *text)
{
	struct strbuf head = STRBUF_INIT;

	if (*text)
		strbuf_adds(&head, text);
	return head;
}

static void expect(struct strbuf *head, const char *was, const char *want)
{
	assert_false(strbuf_failed(head));
	if (head->len != strlen(want) ||
	    (head->len > 0 && memcmp(head->s, want, head->len) != 0))
		fail_msg("'%s'\nbecame '%s'\nand not '%s'", was,
			 head->s ? head->s : "", want);
	strbuf_fini(head);
}

static const struct {
	const char *head, *from, *to, *want;
} swaps[] = {
	/* A hit, several, none */
	{ "GET / HTTP/1.1\r\nKey: x" END, "x", "secret",
	  "GET / HTTP/1.1\r\nKey: secret" END },
	{ "GET / HTTP/1.1\r\nKey: x, x;x\r\nToken: y\r\nCookie: xx" END, "x",
	  "yy",
	  "GET / HTTP/1.1\r\nKey: yy, yy;yy\r\nToken: y\r\nCookie: yyyy" END },
	{ "GET / HTTP/1.1\r\nKey: y" END, "x", "secret",
	  "GET / HTTP/1.1\r\nKey: y" END },
	{ "GET / HTTP/1.1" END, "x", "secret", "GET / HTTP/1.1" END },
	/* The start line and names are not values */
	{ "GET /x?x=x HTTP/1.1\r\nKey: x" END, "x", "s",
	  "GET /x?x=x HTTP/1.1\r\nKey: s" END },
	{ "GET /a:x HTTP/1.1\r\nKey: b" END, "x", "s",
	  "GET /a:x HTTP/1.1\r\nKey: b" END },
	{ "HTTP/1.1 200 x: x\r\nx-key: x" END, "x", "s",
	  "HTTP/1.1 200 x: x\r\nx-key: s" END },
	{ "GET / HTTP/1.1\r\nKey-x: x:x" END, "x", "s",
	  "GET / HTTP/1.1\r\nKey-x: s:s" END },
	/* Behind the first colon all is value, at its ends too */
	{ "GET / HTTP/1.1\r\nKey:x\r\nToken: x y x\r\nCookie: x" END, "x", "s",
	  "GET / HTTP/1.1\r\nKey:s\r\nToken: s y s\r\nCookie: s" END },
	{ "GET / HTTP/1.1\r\nKey: a:b" END, "a:b", "s",
	  "GET / HTTP/1.1\r\nKey: s" END },
	/* Nor is what other fields have */
	{ "GET / HTTP/1.1\r\nUser-Agent: x\r\nCookie: x\r\nX-A: x\r\nHost: x"
	  "\r\nIdempotency-Key: x" END,
	  "x", "s",
	  "GET / HTTP/1.1\r\nUser-Agent: x\r\nCookie: s\r\nX-A: x\r\nHost: x"
	  "\r\nIdempotency-Key: x" END },
	/* In Authorization, and there alone, it may be inside of Basic */
	{ "GET / HTTP/1.1\r\nAuthorization: basic bWU6UExBQ0U=" END, "PLACE",
	  "s3cr3t", "GET / HTTP/1.1\r\nAuthorization: basic bWU6czNjcjN0" END },
	{ "GET / HTTP/1.1\r\nauthorization:Basic bWU6UExBQ0U=" END, "PLACE",
	  "s3cr3t", "GET / HTTP/1.1\r\nauthorization:Basic bWU6czNjcjN0" END },
	{ "GET / HTTP/1.1\r\nX-Authorization: Basic bWU6UExBQ0U=" END, "PLACE",
	  "s3cr3t",
	  "GET / HTTP/1.1\r\nX-Authorization: Basic bWU6UExBQ0U=" END },
	/* It is text, and case matters */
	{ "GET / HTTP/1.1\r\nKey: abc ABC aBc" END, "abc", "s",
	  "GET / HTTP/1.1\r\nKey: s ABC aBc" END },
	{ "GET / HTTP/1.1\r\nKey: a.c abc %s" END, "a.c", "%s%n",
	  "GET / HTTP/1.1\r\nKey: %s%n abc %s" END },
	/* From left to right, and not again in what was put in */
	{ "GET / HTTP/1.1\r\nKey: aaa" END, "aa", "b",
	  "GET / HTTP/1.1\r\nKey: ba" END },
	{ "GET / HTTP/1.1\r\nKey: abab" END, "ab", "abab",
	  "GET / HTTP/1.1\r\nKey: abababab" END },
	{ "GET / HTTP/1.1\r\nKey: aabb" END, "ab", "",
	  "GET / HTTP/1.1\r\nKey: ab" END },
	/* It does not reach over the end of a line */
	{ "GET / HTTP/1.1\r\nKey: a\r\nToken: b" END, "a\r\nToken: b", "s",
	  "GET / HTTP/1.1\r\nKey: a\r\nToken: b" END },
	/* Longer than all of it, and heads that are none */
	{ "G\r\n\r\n", "a very long text that is nowhere in it", "s",
	  "G\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nKey: x", "x", "s", "GET / HTTP/1.1\r\nKey: s" },
	{ "x", "x", "s", "x" },
	{ "\n", "x", "s", "\n" },
	{ "", "x", "s", "" },
};

static void only_values_that_carry_credentials_are_swapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(swaps); i++) {
		struct strbuf head = head_of(swaps[i].head);

		secret_swap(&head, swaps[i].from, swaps[i].to);
		expect(&head, swaps[i].head, swaps[i].want);
	}
}

static void of_an_answer_the_phrase_is_swapped_too(void **state)
{
	static const char *const heads[][2] = {
		{ "HTTP/1.1 401 no x, x\r\nA: x" END,
		  "HTTP/1.1 401 no s, s\r\nA: s" END },
		{ "HTTP/1.1 401 x\r\nx: x" END, "HTTP/1.1 401 s\r\nx: s" END },
		{ "xTTP/1.x x01 \r\nA: x" END, "xTTP/1.x x01 \r\nA: s" END },
		{ "HTTP/1.1 xxx\r\n\r\n", "HTTP/1.1 xxx\r\n\r\n" },
		{ "x", "x" },
		{ "x x x", "x x s" },
		{ "HTTP/1.1 302 %78\r\nUser-Agent: x%78\r\nHost: x" END,
		  "HTTP/1.1 302 s\r\nUser-Agent: ss\r\nHost: s" END },
		/* What netleash writes itself, and no other */
		{ "HTTP/1.1 200 x\r\nMax-Forwards: x\r\nContent-Length: x\r\n"
		  "Transfer-Encoding: x\r\nConnection: x\r\nUpgrade: x" END,
		  "HTTP/1.1 200 s\r\nMax-Forwards: s\r\nContent-Length: x\r\n"
		  "Transfer-Encoding: x\r\nConnection: x\r\nUpgrade: x" END },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct strbuf head = head_of(heads[i][0]);

		secret_swap_answer(&head, "x", "s");
		expect(&head, heads[i][0], heads[i][1]);
	}
}

static void a_trailer_has_no_line_without_a_name(void **state)
{
	static const char *const lines[][2] = {
		{ "A: x\r\nx: x, x\r\n\r\n", "A: s\r\nx: s, s\r\n\r\n" },
		{ "x: %78\r\n", "x: s\r\n" },
		{ "Content-Length: x\r\nA:x", "Content-Length: x\r\nA:s" },
		{ "x x x\r\n", "x x x\r\n" },
		{ "\r\n", "\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct strbuf b = head_of(lines[i][0]);

		secret_swap_trailer(&b, "x", "s");
		expect(&b, lines[i][0], lines[i][1]);
	}
}

static const struct {
	const char *head, *name, *value, *want;
} fields[] = {
	/* Added once, behind the others */
	{ "GET / HTTP/1.1\r\nA: b" END, "Authorization", "Bearer {}",
	  "GET / HTTP/1.1\r\nA: b\r\nAuthorization: Bearer s3cr3t" END },
	{ "GET / HTTP/1.1" END, "X-Key", "{}",
	  "GET / HTTP/1.1\r\nX-Key: s3cr3t" END },
	/* In the place of the client's, however it wrote it */
	{ "GET / HTTP/1.1\r\nauthorization: x\r\nA: b\r\nAUTHORIZATION:y" END,
	  "Authorization", "{}!",
	  "GET / HTTP/1.1\r\nA: b\r\nAuthorization: s3cr3t!" END },
	/* Names that begin or end alike are others */
	{ "GET / HTTP/1.1\r\nX-Key-2: a\r\nMy-X-Key: b\r\nX-Ke: c" END, "X-Key",
	  "{}",
	  "GET / HTTP/1.1\r\nX-Key-2: a\r\nMy-X-Key: b\r\nX-Ke: c\r\n"
	  "X-Key: s3cr3t" END },
	/* What looks like one in the start line or in a value is none */
	{ "X-Key: / HTTP/1.1\r\nA: X-Key: b" END, "X-Key", "{}",
	  "X-Key: / HTTP/1.1\r\nA: X-Key: b\r\nX-Key: s3cr3t" END },
	/* The template is text but for its braces */
	{ "GET / HTTP/1.1" END, "A", "{ {} %s }",
	  "GET / HTTP/1.1\r\nA: { s3cr3t %s }" END },
	{ "", "A", "{}", "" },
};

static void a_field_is_there_once_and_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		struct strbuf head = head_of(fields[i].head);

		secret_set_field(&head, fields[i].name, fields[i].value,
				 "s3cr3t");
		expect(&head, fields[i].head, fields[i].want);
	}
}

static void a_secret_with_braces_is_put_in_as_it_is(void **state)
{
	struct strbuf head = head_of("GET / HTTP/1.1" END);

	(void)state;
	secret_set_field(&head, "A", "x{}y", "{}{}");
	expect(&head, "", "GET / HTTP/1.1\r\nA: x{}{}y" END);
}

/* What the proxy does with a request and its answer that echoes it. */
static void what_is_put_in_comes_out_again(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nCookie: k=PLACE; l=PLACE"
				   "\r\nX-Key: PLACE\r\nAuthorization: "
				   "Basic bWU6UExBQ0U=" END;
	struct strbuf head = head_of(text);

	(void)state;
	secret_swap(&head, "PLACE", "a much longer s3cr3t");
	assert_null(strstr(head.s, "PLACE"));
	assert_null(strstr(head.s, "UExBQ0U"));
	secret_swap(&head, "a much longer s3cr3t", "PLACE");
	expect(&head, text, text);
}

static void want_of_memory_stays_seen(void **state)
{
	struct strbuf head = head_of("GET / HTTP/1.1\r\nKey: x" END);

	(void)state;
	head.failed = true;
	secret_swap(&head, "x", "s3cr3t");
	secret_swap_answer(&head, "x", "s3cr3t");
	assert_true(strbuf_failed(&head));
	secret_set_field(&head, "A", "{}", "s3cr3t");
	assert_true(strbuf_failed(&head));
	assert_null(strstr(head.s, "s3cr3t"));
	strbuf_fini(&head);
	head.failed = true;
	secret_swap(&head, "x", "s3cr3t");
	secret_set_field(&head, "A", "{}", "s3cr3t");
	assert_true(strbuf_failed(&head));
	strbuf_fini(&head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			only_values_that_carry_credentials_are_swapped),
		cmocka_unit_test(of_an_answer_the_phrase_is_swapped_too),
		cmocka_unit_test(a_trailer_has_no_line_without_a_name),
		cmocka_unit_test(a_field_is_there_once_and_ours),
		cmocka_unit_test(a_secret_with_braces_is_put_in_as_it_is),
		cmocka_unit_test(what_is_put_in_comes_out_again),
		cmocka_unit_test(want_of_memory_stays_seen),
	};

	return cmocka_run_group_tests_name("secret_swap", tests, NULL, NULL);
}
