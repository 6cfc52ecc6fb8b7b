/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_secret_text.c - secrets in all the forms they come back in
 */
#include "proxy/secret_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base64.h"
#include "common/macros.h"

static void expect(struct strbuf *out, const char *was, const char *want)
{
	assert_false(strbuf_failed(out));
	if (out->len != strlen(want) ||
	    (out->len > 0 && memcmp(out->s, want, out->len) != 0))
		fail_msg("'%s'\nbecame '%s'\nand not '%s'", was,
			 out->s ? out->s : "", want);
	strbuf_fini(out);
}

/* From a place of just that size, so that a read past it is seen. */
static void hide(const char *text, size_t n, const char *from, const char *to,
		 struct strbuf *out)
{
	struct secret_finder f;
	char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	secret_finder_init(&f, from, to);
	secret_finder_hide(&f, out, copy, n);
	free(copy);
}

/* --- into Authorization */

/* "me:PLACE" is bWU6UExBQ0U=, "me:s3cr3t" bWU6czNjcjN0. */
static const struct {
	const char *value, *want;
} basics[] = {
	{ " Basic bWU6UExBQ0U=\r\n", " Basic bWU6czNjcjN0\r\n" },
	{ "Basic bWU6UExBQ0U=", "Basic bWU6czNjcjN0" },
	{ " bAsIc \t bWU6UExBQ0U= \t\r\n", " bAsIc \t bWU6czNjcjN0 \t\r\n" },
	/* PLACE:, :PLACE, PLACE:PLACE, a\0PLACE\n */
	{ " Basic UExBQ0U6\r\n", " Basic czNjcjN0Og==\r\n" },
	{ " Basic OlBMQUNF\r\n", " Basic OnMzY3IzdA==\r\n" },
	{ " Basic UExBQ0U6UExBQ0U=\r\n", " Basic czNjcjN0OnMzY3IzdA==\r\n" },
	{ " Basic YQBQTEFDRQo=\r\n", " Basic YQBzM2NyM3QK\r\n" },
	/* As it is */
	{ " Bearer PLACE\r\n", " Bearer s3cr3t\r\n" },
	{ " Basic PLACE\r\n", " Basic s3cr3t\r\n" },
	{ " PLACE", " s3cr3t" },
	{ " Basic bWU6UExBQ0U=, PLACE\r\n", " Basic bWU6UExBQ0U=, s3cr3t\r\n" },
	/* No Basic, or no base64: not a byte is changed */
	{ " Bearer bWU6UExBQ0U=\r\n", NULL },
	{ " Basics bWU6UExBQ0U=\r\n", NULL },
	{ " BasicbWU6UExBQ0U=\r\n", NULL },
	{ " x Basic bWU6UExBQ0U=\r\n", NULL },
	{ " Basic bWU6UExBQ0U= x\r\n", NULL },
	{ " Basic bWU6UExBQ0U=, a=b\r\n", NULL },
	{ " Basic bWU6UExBQ0U\r\n", NULL },
	{ " Basic bWU6UExBQ0V=\r\n", NULL },
	{ " Basic bWU6U*xBQ0U=\r\n", NULL },
	{ " Basic =\r\n", NULL },
	{ " Basic \r\n", NULL },
	{ " Basic\r\n", NULL },
	{ " Basi", NULL },
	{ "", NULL },
	{ " Basic bWU6cHVibGlj\r\n", NULL }, /* me:public */
};

static void what_basic_stands_for_is_swapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(basics); i++) {
		struct strbuf out = STRBUF_INIT;

		secret_text_swap_authorization(&out, basics[i].value,
					       strlen(basics[i].value), "PLACE",
					       "s3cr3t");
		expect(&out, basics[i].value,
		       basics[i].want ? basics[i].want : basics[i].value);
	}
}

static void a_long_word_is_swapped_whole(void **state)
{
	struct strbuf plain = STRBUF_INIT, value = STRBUF_INIT,
		      want = STRBUF_INIT, out = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 5000; i++)
		strbuf_adds(&plain, "PLACE/");
	strbuf_adds(&value, "Basic ");
	base64_add(&value, plain.s, plain.len);
	secret_text_swap_authorization(&out, value.s, value.len, "PLACE",
				       "a much longer one");
	strbuf_reset(&plain);
	for (int i = 0; i < 5000; i++)
		strbuf_adds(&plain, "a much longer one/");
	strbuf_adds(&want, "Basic ");
	base64_add(&want, plain.s, plain.len);
	expect(&out, "long", want.s);
	strbuf_fini(&plain);
	strbuf_fini(&value);
	strbuf_fini(&want);
}

/* --- out of answers */

#define FROM "a/b+c =d%e"

static const struct {
	const char *text, *from, *to, *want;
} hidden[] = {
	{ "x " FROM " y " FROM, FROM, "PLACE", "x PLACE y PLACE" },
	{ "s3cr3ts3cr3t", "s3cr3t", "P", "PP" },
	{ "/?t=a%2Fb%2Bc%20%3Dd%25e&u", FROM, "P/+", "/?t=P%2F%2B&u" },
	{ "/?t=a%2fb%2bc%20%3dd%25e", FROM, "[x]", "/?t=%5Bx%5D" },
	/* Some of it, all of it, as a form has it, encoded again */
	{ "a/b%2bc =d%e", FROM, "P", "P" },
	{ "%61%2f%62%2b%63%20%3d%64%25%65", FROM, "P", "P" },
	{ "a%2Fb%2Bc+%3Dd%25e", FROM, "P/", "P%2F" },
	{ "a/b+c+=d%e", FROM, "P/", "P/" },
	{ "a%252Fb%252Bc%2520%253Dd%25e", FROM, "P", "P" },
	{ "%2573%252533cr3t", "s3cr3t", "P", "P" },
	/* Nearly, but not */
	{ "a%2Fb%2Bc%20%3Dd%25", FROM, "P", NULL },
	{ "A%2Fb%2Bc%20%3Dd%25e", FROM, "P", NULL },
	{ "%73%33cr3%7", "s3cr3t", "P", NULL },
	{ "%73%33cr3%", "s3cr3t", "P", NULL },
	{ "%73%33cr3%g4", "s3cr3t", "P", NULL },
	{ "%25%25%25%25", "s3cr3t", "P", NULL },
	{ "%252525252525", "s3cr3t", "P", NULL },
	{ "s3cr3", "s3cr3t", "P", NULL },
	{ "s3cr3T", "s3cr3t", "P", NULL },
	{ "", "s3cr3t", "P", NULL },
	/* From left to right, what was put in is not looked at */
	{ "aaa", "aa", "aaa", "aaaa" },
	{ "s3s3cr3tcr3t", "s3cr3t", "", "s3*cr3t" },
	/* One that is too short to be looked for in base64 */
	{ "YWJjZGU=", "abcde", "P", NULL },
	/* In base64: me:s3cr3t, xs3cr3t, s3cr3t alone, twice */
	{ "Basic bWU6czNjcjN0, x", "s3cr3t", "PLACE1",
	  "Basic bWU6UExBQ0Ux, x" },
	{ "eHMzY3IzdA==", "s3cr3t", "PLACE1", "eFBMQUNFMQ==" },
	{ "czNjcjN0", "s3cr3t", "PLACE1", "UExBQ0Ux" },
	{ "czNjcjN0czNjcjN0", "s3cr3t", "PLACE1", "UExBQ0UxUExBQ0Ux" },
	/* x:s3cr3t:s3cr3t: of another length, in the place there is */
	{ "eDpzM2NyM3Q6czNjcjN0", "s3cr3t", "[no]", "eDpbbm9dW246W25vXVtu" },
	{ "eDpzM2NyM3Q6czNjcjN0", "s3cr3t", "much longer",
	  "eDptdWNoIGw6bXVjaCBs" },
};

static void every_form_is_hidden(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		struct strbuf out = STRBUF_INIT;

		hide(hidden[i].text, strlen(hidden[i].text), hidden[i].from,
		     hidden[i].to, &out);
		expect(&out, hidden[i].text,
		       hidden[i].want ? hidden[i].want : hidden[i].text);
	}
}

/* "+/" to "-_", as in URLs. */
static void use_url_alphabet(struct strbuf *b)
{
	for (size_t i = 0; i < b->len; i++) {
		if (b->s[i] == '+')
			b->s[i] = '-';
		if (b->s[i] == '/')
			b->s[i] = '_';
	}
}

/*
 * Whatever stands before and behind, in either alphabet: with a stand-in of the
 * same length comes what that would have been.
 */
static void base64_has_the_placeholder_at_any_place(void **state)
{
	static const char secret[] = "s3\xfb\xff\xbe>?>?t",
			  place[] = "\xf8\xff~~?PLACE";

	(void)state;
	for (size_t i = 0; i < 7 * 7 * 2; i++) {
		const char *before = &"\xff\xfbuser:"[i % 7];
		const char *behind = &"\xff:ab\xfb?"[i / 7 % 7];
		struct strbuf plain = STRBUF_INIT, text = STRBUF_INIT,
			      want = STRBUF_INIT, out = STRBUF_INIT;

		strbuf_addf(&plain, "%s%s%s", before, secret, behind);
		base64_add(&text, plain.s, plain.len);
		strbuf_reset(&plain);
		strbuf_addf(&plain, "%s%s%s", before, place, behind);
		base64_add(&want, plain.s, plain.len);
		if (i >= 49) {
			use_url_alphabet(&text);
			use_url_alphabet(&want);
		}
		hide(text.s, text.len, secret, place, &out);
		expect(&out, text.s, want.s);
		strbuf_fini(&plain);
		strbuf_fini(&text);
		strbuf_fini(&want);
	}
}

/* What is left of a text that was cut is never longer, and is read no further
 * than it goes. */
static void a_text_may_be_cut_at_any_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		for (size_t n = 0; n < strlen(hidden[i].text); n++) {
			struct strbuf out = STRBUF_INIT;

			hide(hidden[i].text, n, hidden[i].from, "P", &out);
			assert_true(out.len <= n);
			strbuf_fini(&out);
			secret_text_swap_authorization(&out, hidden[i].text, n,
						       hidden[i].from, "P");
			assert_true(out.len <= n);
			strbuf_fini(&out);
		}
}

static void want_of_memory_is_seen(void **state)
{
	struct strbuf out = STRBUF_INIT;

	(void)state;
	out.failed = true;
	hide("czNjcjN0 s3cr3t s%33cr3t", 24, "s3cr3t", "PLACE1", &out);
	assert_true(strbuf_failed(&out));
	secret_text_swap_authorization(&out, "Basic bWU6UExBQ0U=", 18, "PLACE",
				       "s3cr3t");
	assert_true(strbuf_failed(&out));
	strbuf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_basic_stands_for_is_swapped),
		cmocka_unit_test(a_long_word_is_swapped_whole),
		cmocka_unit_test(every_form_is_hidden),
		cmocka_unit_test(base64_has_the_placeholder_at_any_place),
		cmocka_unit_test(a_text_may_be_cut_at_any_byte),
		cmocka_unit_test(want_of_memory_is_seen),
	};

	return cmocka_run_group_tests_name("secret_text", tests, NULL, NULL);
}
