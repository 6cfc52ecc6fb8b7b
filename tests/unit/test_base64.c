/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_base64.c - bytes to base64 and back, and nothing else
 */
#include "common/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "common/strbuf.h"

#define TEXT(s) s, sizeof(s) - 1

/* RFC 4648 section 10, and bytes of all kinds. */
static const struct {
	const char *bytes;
	size_t n;
	const char *base64;
} vectors[] = {
	{ TEXT(""), "" },
	{ TEXT("f"), "Zg==" },
	{ TEXT("fo"), "Zm8=" },
	{ TEXT("foo"), "Zm9v" },
	{ TEXT("foob"), "Zm9vYg==" },
	{ TEXT("fooba"), "Zm9vYmE=" },
	{ TEXT("foobar"), "Zm9vYmFy" },
	{ TEXT("\0\0\0"), "AAAA" },
	{ TEXT("\xff\xff\xff"), "////" },
	{ TEXT("\xfb\xef\xbe"), "++++" },
	{ TEXT("a\0b:\x80"), "YQBiOoA=" },
};

static void bytes_go_there_and_come_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const size_t n = strlen(vectors[i].base64);
		struct strbuf out = STRBUF_INIT, back = STRBUF_INIT;

		strbuf_adds(&out, "-");
		strbuf_adds(&back, "-");
		base64_add(&out, vectors[i].bytes, vectors[i].n);
		assert_string_equal(out.s + 1, vectors[i].base64);
		assert_true(base64_decode(vectors[i].base64, n, &back));
		assert_int_equal(back.len, vectors[i].n + 1);
		assert_memory_equal(back.s + 1, vectors[i].bytes, vectors[i].n);
		strbuf_fini(&out);
		strbuf_fini(&back);
	}
}

static void each_digit_has_its_value(void **state)
{
	unsigned digits = 0;

	(void)state;
	for (unsigned v = 0; v < 64; v++)
		assert_int_equal(base64_value(base64_digit(v)), v);
	for (int c = 0; c < 256; c++)
		digits += base64_value((char)c) >= 0;
	assert_int_equal(digits, 64);
}

static void what_no_encoder_makes_is_no_base64(void **state)
{
	static const char *const texts[] = {
		"Z",	 "Zg",	   "Zg=",      "Zg===",	  "Zm8",      "Zm9vY",
		"Zm9v=", "Zm9v==", "=",	       "==",	  "====",     "Z===",
		"Zh==",	 "Zm9=",   "Zg==Zg==", "Zg=a",	  "Zm 9",     "Zm9v\n",
		"Zm9-",	 "Zm9_",   "Zm9\x80",  "Zm9v Zm", "Zg==\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct strbuf out = STRBUF_INIT;

		if (base64_decode(texts[i], strlen(texts[i]), &out))
			fail_msg("'%s'", texts[i]);
		assert_int_equal(out.len, 0);
		strbuf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_there_and_come_back),
		cmocka_unit_test(each_digit_has_its_value),
		cmocka_unit_test(what_no_encoder_makes_is_no_base64),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
