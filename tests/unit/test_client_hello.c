/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_client_hello.c - the server name, however the hello is cut
 *
 * Every hello is given whole and in every prefix; once a verdict falls it is
 * the whole one's. The bytes lie at the end of an allocation of their own
 * size, so that a read past them is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "hellos.h"
#include "proxy/client_hello.h"

#define HELLO_MAX 20000

/* A hello in the making, as one record; then cut into records. */
struct hello {
	unsigned char bytes[HELLO_MAX * 2];
	size_t n;
};

static void put(struct hello *h, const void *bytes, size_t n)
{
	assert_true(n <= sizeof(h->bytes) - h->n);
	memcpy(h->bytes + h->n, bytes, n);
	h->n += n;
}

static void put_number(struct hello *h, size_t value, size_t width)
{
	while (width-- > 0) {
		unsigned char byte = (unsigned char)(value >> (8 * width));

		put(h, &byte, 1);
	}
}

static void put_extension(struct hello *h, unsigned type, const void *bytes,
			  size_t n)
{
	put_number(h, type, 2);
	put_number(h, n, 2);
	put(h, bytes, n);
}

static void put_name(struct hello *h, const char *name)
{
	size_t n = strlen(name);

	put_number(h, 0, 2);
	put_number(h, n + 5, 2);
	put_number(h, n + 3, 2);
	put_number(h, 0, 1);
	put_number(h, n, 2);
	put(h, name, n);
}

/* A hello around @extensions; without the list at all for NULL. */
static void make(struct hello *h, const struct hello *extensions)
{
	static const unsigned char random[32] = { 7 };
	struct hello body = { .n = 0 };

	put_number(&body, 0x0303, 2);
	put(&body, random, sizeof(random));
	put_number(&body, 0, 1);
	put_number(&body, 4, 2);
	put_number(&body, 0x1a1a1301, 4); /* the first one is GREASE */
	put_number(&body, 0x0100, 2);
	if (extensions) {
		put_number(&body, extensions->n, 2);
		put(&body, extensions->bytes, extensions->n);
	}
	h->n = 0;
	put_number(h, 0x160301, 3);
	put_number(h, body.n + 4, 2);
	put_number(h, 1, 1);
	put_number(h, body.n, 3);
	put(h, body.bytes, body.n);
}

/* The same message in records of at most @size bytes. */
static void cut_into_records(const struct hello *whole, size_t size,
			     struct hello *ret)
{
	ret->n = 0;
	for (size_t at = 5; at < whole->n; at += size) {
		size_t n = whole->n - at < size ? whole->n - at : size;

		put_number(ret, 0x160301, 3);
		put_number(ret, n, 2);
		put(ret, whole->bytes + at, n);
	}
}

static enum client_hello_verdict parse(const unsigned char *bytes, size_t n,
				       char *name)
{
	char scratch[CLIENT_HELLO_NAME_MAX], *copy = malloc(n ? n : 1);
	enum client_hello_verdict v;
	const char *found = NULL;
	size_t len = 0;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	v = client_hello_parse(copy, n, scratch, &found, &len);
	name[0] = '\0';
	if (v == CLIENT_HELLO_FOUND && found) {
		assert_true(len > 0 && len <= CLIENT_HELLO_NAME_MAX);
		memcpy(name, found, len);
		name[len] = '\0';
	}
	free(copy);
	return v;
}

/* Whole and in every prefix; @name is "" for no name. Return: the length at
 * which the verdict fell. */
static size_t check(const unsigned char *bytes, size_t n,
		    enum client_hello_verdict want, const char *name)
{
	char got[CLIENT_HELLO_NAME_MAX + 1];
	size_t fell = n;
	bool over = false;

	assert_int_equal(parse(bytes, n, got), want);
	assert_string_equal(got, name);
	for (size_t i = 0; i < n; i++) {
		enum client_hello_verdict v = parse(bytes, i, got);

		if (!over && v == CLIENT_HELLO_MORE)
			continue;
		if (!over)
			fell = i;
		over = true;
		assert_int_equal(v, want);
		assert_string_equal(got, name);
	}
	return fell;
}

static void check_hello(const struct hello *h, enum client_hello_verdict want,
			const char *name)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 48, 100, 1000 };
	struct hello cut;

	check(h->bytes, h->n, want, name);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (h->n / sizes[i] > 1000)
			continue;
		cut_into_records(h, sizes[i], &cut);
		check(cut.bytes, cut.n, want, name);
	}
}

static void real_hellos_give_the_name_at_their_last_byte(void **state)
{
	struct hello h = { .n = 0 };

	(void)state;
	assert_int_equal(check(hello_tls13, sizeof(hello_tls13),
			       CLIENT_HELLO_FOUND, "WWW.Example.COM."),
			 sizeof(hello_tls13));
	assert_int_equal(check(hello_tls12, sizeof(hello_tls12),
			       CLIENT_HELLO_FOUND, "old.example.net"),
			 sizeof(hello_tls12));
	assert_int_equal(check(hello_tls12_no_name, sizeof(hello_tls12_no_name),
			       CLIENT_HELLO_FOUND, ""),
			 sizeof(hello_tls12_no_name));
	put(&h, hello_tls13, sizeof(hello_tls13));
	check_hello(&h, CLIENT_HELLO_FOUND, "WWW.Example.COM.");
	/* What follows the hello is not looked at. */
	put(&h, "\x17\x03\x03garbage", 10);
	check(h.bytes, h.n, CLIENT_HELLO_FOUND, "WWW.Example.COM.");
}

static void grease_and_key_shares_of_kilobytes_are_passed_over(void **state)
{
	static const unsigned char share[1216];
	struct hello e = { .n = 0 }, h;

	(void)state;
	put_extension(&e, 0x2a2a, "", 0);
	put_extension(&e, 51, share, sizeof(share));
	put_extension(&e, 0xfe0d, share, 200); /* encrypted client hello */
	put_name(&e, "outer.example");
	put_extension(&e, 0x6a6a, "\0", 1);
	make(&h, &e);
	check_hello(&h, CLIENT_HELLO_FOUND, "outer.example");
}

static void a_hello_may_have_no_extensions_or_none_in_the_list(void **state)
{
	struct hello none = { .n = 0 }, h;

	(void)state;
	make(&h, NULL);
	check_hello(&h, CLIENT_HELLO_FOUND, "");
	make(&h, &none);
	check_hello(&h, CLIENT_HELLO_FOUND, "");
}

static void other_protocols_are_told_by_the_first_wrong_byte(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, at;
	} cases[] = {
		{ "SSH-2.0-x\r\n", 11, 1 },
		{ "GET / HTTP/1.1\r\n", 16, 1 },
		{ "\x80\x2e\x01\x03\x01\x00\x15", 7, 1 }, /* as of SSLv2 */
		{ "\x00\x00\x00\x08\x04", 5, 1 },
		{ "\x17\x03\x03\x00\x10", 5, 1 },
		{ "\x16\x46\x03\x01\x00\x05\x01", 7, 2 },
		{ "\x16\x03\x01\x48\x01\x01", 6, 5 },
		{ "\x16\x03\x01\x00\x05\x02", 6, 6 },
		{ "\x15\x03\x01\x00\x03\x01", 6, 5 },
		{ "\x14\x03\x01\x00\x02\x01", 6, 5 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t fell = check((const unsigned char *)cases[i].bytes,
				    cases[i].len, CLIENT_HELLO_NOT_TLS, "");

		if (fell != cases[i].at)
			fail_msg("case %zu: told at %zu", i, fell);
	}
}

/* Servers pass over these before a hello: it must not hide behind them. */
static void a_hello_cannot_hide_behind_other_records(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} before[] = {
		{ "\x15\x03\x01\x00\x02\x01\x5a", 7 },
		{ "\x14\x03\x03\x00\x01\x01", 6 },
		{ "\x16\x03\x01\x00\x00", 5 },
	};
	struct hello h, cut;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		h.n = 0;
		put(&h, before[i].bytes, before[i].len);
		put(&h, hello_tls12, sizeof(hello_tls12));
		check(h.bytes, h.n, CLIENT_HELLO_MALFORMED, "");
		/* In the middle of the hello, too. */
		cut.n = 0;
		put(&cut, hello_tls12, 3);
		put_number(&cut, 60, 2);
		put(&cut, hello_tls12 + 5, 60);
		put(&cut, before[i].bytes, before[i].len);
		put_number(&cut, 0x160303, 3);
		put_number(&cut, sizeof(hello_tls12) - 65, 2);
		put(&cut, hello_tls12 + 65, sizeof(hello_tls12) - 65);
		check(cut.bytes, cut.n, CLIENT_HELLO_MALFORMED, "");
	}
}

/* Nor behind a record version that servers are told to ignore. */
static void the_version_of_a_record_hides_nothing(void **state)
{
	struct hello h = { .n = 0 };

	(void)state;
	put(&h, hello_tls12, sizeof(hello_tls12));
	for (unsigned major = 0; major < 0x10; major++) {
		h.bytes[1] = (unsigned char)major;
		h.bytes[2] = 0x7f;
		check(h.bytes, h.n, CLIENT_HELLO_FOUND, "old.example.net");
	}
}

static void odd_server_name_extensions_are_malformed(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "", 0 },
		{ "\0\0", 2 },
		{ "\0\3\0\0\0", 5 },	       /* an empty name */
		{ "\0\4\1\0\1a", 6 },	       /* wrong type */
		{ "\0\4\0\0\2a", 6 },	       /* longer than it */
		{ "\0\5\0\0\1ab", 7 },	       /* more in the list */
		{ "\0\4\0\0\1ab", 7 },	       /* more behind it */
		{ "\0\6\0\0\1ab", 7 },	       /* list too long */
		{ "\0\10\0\0\1a\0\0\1b", 10 }, /* two names */
		{ "\0\10\0\0\1a\1\0\1b", 10 }, /* of two types */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct hello e = { .n = 0 }, h;

		put_extension(&e, 0, bad[i].bytes, bad[i].len);
		put_extension(&e, 23, "", 0);
		make(&h, &e);
		check_hello(&h, CLIENT_HELLO_MALFORMED, "");
	}
}

/* Bytes that make sense as the next extension, too, are still too many. */
static void what_follows_the_one_name_is_malformed(void **state)
{
	struct hello e = { .n = 0 }, h;

	(void)state;
	put_extension(&e, 0, "\0\4\0\0\1a\0\x2a\0\0", 10);
	make(&h, &e);
	check_hello(&h, CLIENT_HELLO_MALFORMED, "");

	/* A second entry of 259 bytes: also extension 1, of 255 bytes. */
	e.n = 0;
	put_number(&e, 0, 2);
	put_number(&e, 2 + 4 + 259, 2);
	put_number(&e, 4 + 259, 2);
	put(&e, "\0\0\1a", 4);
	put(&e, "\0\1\0\xff", 4);
	for (int i = 0; i < 255; i++)
		put(&e, "b", 1);
	make(&h, &e);
	check_hello(&h, CLIENT_HELLO_MALFORMED, "");
}

static void a_second_extension_of_a_type_is_malformed(void **state)
{
	struct hello e = { .n = 0 }, h;

	(void)state;
	put_name(&e, "good.example");
	put_extension(&e, 23, "", 0);
	put_name(&e, "evil.example");
	make(&h, &e);
	check_hello(&h, CLIENT_HELLO_MALFORMED, "");

	e.n = 0;
	put_extension(&e, 23, "", 0);
	put_name(&e, "good.example");
	put_extension(&e, 23, "", 0);
	make(&h, &e);
	check_hello(&h, CLIENT_HELLO_MALFORMED, "");
}

static void a_name_of_255_bytes_passes_and_of_256_does_not(void **state)
{
	char name[257];
	struct hello e = { .n = 0 }, h;

	(void)state;
	memset(name, 'a', 256);
	name[255] = '\0';
	put_name(&e, name);
	make(&h, &e);
	check_hello(&h, CLIENT_HELLO_FOUND, name);
	e.n = 0;
	name[255] = 'a';
	name[256] = '\0';
	put_name(&e, name);
	make(&h, &e);
	check_hello(&h, CLIENT_HELLO_MALFORMED, "");
}

static void sixty_four_extensions_pass_and_one_more_does_not(void **state)
{
	struct hello e = { .n = 0 }, h;

	(void)state;
	for (unsigned i = 100; i < 163; i++)
		put_extension(&e, i, "x", 1);
	put_name(&e, "last.example");
	make(&h, &e);
	check_hello(&h, CLIENT_HELLO_FOUND, "last.example");
	put_extension(&e, 163, "", 0);
	make(&h, &e);
	check_hello(&h, CLIENT_HELLO_MALFORMED, "");
}

/* The records' own headers count, too. */
static void hellos_up_to_the_limit_pass_and_no_larger_ones(void **state)
{
	static const unsigned char padding[HELLO_MAX];
	struct hello e, h, cut;
	char name[CLIENT_HELLO_NAME_MAX + 1];

	(void)state;
	for (size_t n = CLIENT_HELLO_MAX - 80; n < CLIENT_HELLO_MAX; n++) {
		e.n = 0;
		put_extension(&e, 21, padding, n - 40);
		put_name(&e, "x.example");
		make(&h, &e);
		assert_int_equal(parse(h.bytes, h.n, name),
				 h.n <= CLIENT_HELLO_MAX
					 ? CLIENT_HELLO_FOUND
					 : CLIENT_HELLO_TOO_LARGE);
	}
	cut_into_records(&h, 5, &cut);
	assert_int_equal(parse(cut.bytes, CLIENT_HELLO_MAX - 1, name),
			 CLIENT_HELLO_TOO_LARGE);
	/* A length that can never fit is refused when it is read. */
	assert_int_equal(check((const unsigned char *)"\x16\x03\x01\x01\x00"
						      "\x01\x00\x40\x01",
			       9, CLIENT_HELLO_TOO_LARGE, ""),
			 9);
}

static void an_endless_hello_ends_at_the_limit(void **state)
{
	static const unsigned char padding[HELLO_MAX];
	struct hello e = { .n = 0 }, h, cut;
	char name[CLIENT_HELLO_NAME_MAX + 1];

	(void)state;
	put_extension(&e, 21, padding, 16000);
	make(&h, &e);
	cut_into_records(&h, 20, &cut);
	assert_true(cut.n > CLIENT_HELLO_MAX);
	assert_int_equal(parse(cut.bytes, CLIENT_HELLO_MAX - 1, name),
			 CLIENT_HELLO_MORE);
	assert_int_equal(parse(cut.bytes, CLIENT_HELLO_MAX, name),
			 CLIENT_HELLO_TOO_LARGE);
	assert_int_equal(parse(cut.bytes, cut.n, name), CLIENT_HELLO_TOO_LARGE);
}

/* Lengths that do not add up, one after the other. */
static void lengths_that_do_not_add_up_are_malformed(void **state)
{
	struct hello e = { .n = 0 }, h, bad;
	static const struct {
		size_t at;
		int by;
	} lies[] = {
		{ 43, 40 },  /* session */
		{ 45, 1 },   /* ciphers */
		{ 45, -4 },  /* no cipher at all */
		{ 50, -1 },  /* no compression at all */
		{ 50, 100 }, /* compression */
		{ 53, 1 },   /* extensions */
		{ 53, -1 },  /* fewer extensions than bytes */
		{ 57, 60 },  /* an extension */
		{ 8, 1 },    /* the message: more than it holds, */
		{ 8, -1 },   /* and less */
	};

	(void)state;
	put_extension(&e, 23, "", 0);
	put_name(&e, "a.example");
	make(&h, &e);
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		bad = h;
		bad.bytes[lies[i].at] =
			(unsigned char)(bad.bytes[lies[i].at] + lies[i].by);
		put(&bad, "\x16\x03\x01\x00\x40", 5);
		for (int n = 0; n < 64; n++)
			put(&bad, "", 1);
		check(bad.bytes, bad.n, CLIENT_HELLO_MALFORMED, "");
	}
}

/* Any one byte of a real hello replaced: no crash, no two minds. */
static void flipped_bytes_never_make_cuts_matter(void **state)
{
	char got[CLIENT_HELLO_NAME_MAX + 1], want[CLIENT_HELLO_NAME_MAX + 1];
	struct hello h = { .n = 0 };

	(void)state;
	put(&h, hello_tls12, sizeof(hello_tls12));
	for (size_t i = 0; i < h.n; i++) {
		unsigned char saved = h.bytes[i];

		for (size_t c = 0; c < 256; c += i % 5 + 1) {
			enum client_hello_verdict v, cut = CLIENT_HELLO_MORE;

			h.bytes[i] = (unsigned char)c;
			v = parse(h.bytes, h.n, want);
			for (size_t n = 0; n <= h.n; n += i % 3 + 1) {
				cut = parse(h.bytes, n, got);
				if (cut != CLIENT_HELLO_MORE)
					break;
			}
			if (cut == CLIENT_HELLO_MORE)
				continue;
			assert_int_equal(cut, v);
			assert_string_equal(got, want);
		}
		h.bytes[i] = saved;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_hellos_give_the_name_at_their_last_byte),
		cmocka_unit_test(
			grease_and_key_shares_of_kilobytes_are_passed_over),
		cmocka_unit_test(
			a_hello_may_have_no_extensions_or_none_in_the_list),
		cmocka_unit_test(
			other_protocols_are_told_by_the_first_wrong_byte),
		cmocka_unit_test(a_hello_cannot_hide_behind_other_records),
		cmocka_unit_test(the_version_of_a_record_hides_nothing),
		cmocka_unit_test(odd_server_name_extensions_are_malformed),
		cmocka_unit_test(what_follows_the_one_name_is_malformed),
		cmocka_unit_test(a_second_extension_of_a_type_is_malformed),
		cmocka_unit_test(
			a_name_of_255_bytes_passes_and_of_256_does_not),
		cmocka_unit_test(
			sixty_four_extensions_pass_and_one_more_does_not),
		cmocka_unit_test(
			hellos_up_to_the_limit_pass_and_no_larger_ones),
		cmocka_unit_test(an_endless_hello_ends_at_the_limit),
		cmocka_unit_test(lengths_that_do_not_add_up_are_malformed),
		cmocka_unit_test(flipped_bytes_never_make_cuts_matter),
	};

	return cmocka_run_group_tests_name("client_hello", tests, NULL, NULL);
}
