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
	{ "GET / HTTP/1.1\r\nA: x" END, "x", "secret",
	  "GET / HTTP/1.1\r\nA: secret" END },
	{ "GET / HTTP/1.1\r\nA: x, x;x\r\nB: y\r\nC: xx" END, "x", "yy",
	  "GET / HTTP/1.1\r\nA: yy, yy;yy\r\nB: y\r\nC: yyyy" END },
	{ "GET / HTTP/1.1\r\nA: y" END, "x", "secret",
	  "GET / HTTP/1.1\r\nA: y" END },
	{ "GET / HTTP/1.1" END, "x", "secret", "GET / HTTP/1.1" END },
	/* The start line and names are not values */
	{ "GET /x?x=x HTTP/1.1\r\nA: x" END, "x", "s",
	  "GET /x?x=x HTTP/1.1\r\nA: s" END },
	{ "GET /a:x HTTP/1.1\r\nA: b" END, "x", "s",
	  "GET /a:x HTTP/1.1\r\nA: b" END },
	{ "HTTP/1.1 200 x: x\r\nx: x" END, "x", "s",
	  "HTTP/1.1 200 x: x\r\nx: s" END },
	{ "GET / HTTP/1.1\r\nXx: x:x" END, "x", "s",
	  "GET / HTTP/1.1\r\nXx: s:s" END },
	/* Behind the first colon all is value, at its ends too */
	{ "GET / HTTP/1.1\r\nA:x\r\nB: x y x\r\nC: x" END, "x", "s",
	  "GET / HTTP/1.1\r\nA:s\r\nB: s y s\r\nC: s" END },
	{ "GET / HTTP/1.1\r\nA: a:b" END, "a:b", "s",
	  "GET / HTTP/1.1\r\nA: s" END },
	/* It is text, and case matters */
	{ "GET / HTTP/1.1\r\nA: abc ABC aBc" END, "abc", "s",
	  "GET / HTTP/1.1\r\nA: s ABC aBc" END },
	{ "GET / HTTP/1.1\r\nA: a.c abc %s" END, "a.c", "%s%n",
	  "GET / HTTP/1.1\r\nA: %s%n abc %s" END },
	/* From left to right, and not again in what was put in */
	{ "GET / HTTP/1.1\r\nA: aaa" END, "aa", "b",
	  "GET / HTTP/1.1\r\nA: ba" END },
	{ "GET / HTTP/1.1\r\nA: abab" END, "ab", "abab",
	  "GET / HTTP/1.1\r\nA: abababab" END },
	{ "GET / HTTP/1.1\r\nA: aabb" END, "ab", "",
	  "GET / HTTP/1.1\r\nA: ab" END },
	/* It does not reach over the end of a line */
	{ "GET / HTTP/1.1\r\nA: a\r\nB: b" END, "a\r\nB: b", "s",
	  "GET / HTTP/1.1\r\nA: a\r\nB: b" END },
	/* Longer than all of it, and heads that are none */
	{ "G\r\n\r\n", "a very long text that is nowhere in it", "s",
	  "G\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nA: x", "x", "s", "GET / HTTP/1.1\r\nA: s" },
	{ "x", "x", "s", "x" },
	{ "\n", "x", "s", "\n" },
	{ "", "x", "s", "" },
};

static void only_values_are_swapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(swaps); i++) {
		struct strbuf head = STRBUF_INIT;

		if (*swaps[i].head)
			strbuf_adds(&head, swaps[i].head);
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
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct strbuf head = STRBUF_INIT;

		strbuf_adds(&head, heads[i][0]);
		secret_swap_answer(&head, "x", "s");
		expect(&head, heads[i][0], heads[i][1]);
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
		struct strbuf head = STRBUF_INIT;

		if (*fields[i].head)
			strbuf_adds(&head, fields[i].head);
		secret_set_field(&head, fields[i].name, fields[i].value,
				 "s3cr3t");
		expect(&head, fields[i].head, fields[i].want);
	}
}

static void a_secret_with_braces_is_put_in_as_it_is(void **state)
{
	struct strbuf head = STRBUF_INIT;

	(void)state;
	strbuf_adds(&head, "GET / HTTP/1.1" END);
	secret_set_field(&head, "A", "x{}y", "{}{}");
	expect(&head, "", "GET / HTTP/1.1\r\nA: x{}{}y" END);
}

/* What the proxy does with a request and its answer that echoes it. */
static void what_is_put_in_comes_out_again(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nCookie: k=PLACE; l=PLACE"
				   "\r\nX: PLACE" END;
	struct strbuf head = STRBUF_INIT;

	(void)state;
	strbuf_adds(&head, text);
	secret_swap(&head, "PLACE", "a much longer s3cr3t");
	assert_null(strstr(head.s, "PLACE"));
	secret_swap(&head, "a much longer s3cr3t", "PLACE");
	expect(&head, text, text);
}

static void want_of_memory_stays_seen(void **state)
{
	struct strbuf head = STRBUF_INIT;

	(void)state;
	strbuf_adds(&head, "GET / HTTP/1.1\r\nA: x" END);
	head.failed = true;
	secret_swap(&head, "x", "s3cr3t");
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
		cmocka_unit_test(only_values_are_swapped),
		cmocka_unit_test(of_an_answer_the_phrase_is_swapped_too),
		cmocka_unit_test(a_field_is_there_once_and_ours),
		cmocka_unit_test(a_secret_with_braces_is_put_in_as_it_is),
		cmocka_unit_test(what_is_put_in_comes_out_again),
		cmocka_unit_test(want_of_memory_stays_seen),
	};

	return cmocka_run_group_tests_name("secret_swap", tests, NULL, NULL);
}
