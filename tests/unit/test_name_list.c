/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_name_list.c - the text of lists to names, and what is wrong
 */
#include "common/name_list.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "common/strbuf.h"

/* "LINE:COLUMN WORD" of each line that is wrong, then the last one's why. */
struct told {
	struct strbuf places;
	char why[500];
	unsigned n;
};

static void on_wrong(void *arg, uint32_t line, uint32_t column,
		     const char *word, size_t n, const char *why)
{
	struct told *t = arg;

	t->n++;
	strbuf_addf(&t->places, "%" PRIu32 ":%" PRIu32 " %.*s\n", line, column,
		    (int)n, word);
	(void)snprintf(t->why, sizeof(t->why), "%s", why);
}

static void start(struct name_list_parser *p, struct name_list *list,
		  struct told *told)
{
	memset(p, 0, sizeof(*p));
	memset(list, 0, sizeof(*list));
	memset(told, 0, sizeof(*told));
	p->list = list;
	p->names_max = 1000;
	p->wrong = on_wrong;
	p->arg = told;
	name_list_parse_start(p);
}

/* "LINE PATTERN" of each name. */
static void show(const struct name_list *list, struct strbuf *out)
{
	struct name_entry e;
	uint32_t n = 0;

	strbuf_adds(out, "");
	for (size_t at = 0; name_list_next(list, &at, &e); n++)
		strbuf_addf(out, "%" PRIu32 " %s%.*s\n", e.line,
			    e.kind == PATTERN_EXACT   ? ""
			    : e.kind == PATTERN_BELOW ? "*."
						      : "**.",
			    (int)e.n, e.name);
	assert_int_equal(n, list->names_n);
}

/* In pieces that end at @cut. */
static void parse(const char *text, size_t n, size_t cut, struct strbuf *names,
		  struct told *told)
{
	static struct name_list_parser p;
	struct name_list list;

	start(&p, &list, told);
	assert_int_equal(name_list_parse(&p, text, cut), 0);
	assert_int_equal(name_list_parse(&p, text + cut, n - cut), 0);
	assert_int_equal(name_list_parse_end(&p), 0);
	show(&list, names);
	assert_true(p.wrong_n >= told->n);
	name_list_fini(&list);
}

#define BOM "\xef\xbb\xbf"

static const struct {
	const char *text, *names, *wrong, *why;
} cases[] = {
	{ "", "", NULL, NULL },
	{ "a.example", "1 a.example\n", NULL, NULL },
	{ "\n\n  a.example \t\n\r\n", "3 a.example\n", NULL, NULL },
	{ BOM "a.example\r\nb.example\r", "1 a.example\n2 b.example\n", NULL,
	  NULL },
	{ "# a list\n\t# of names\na.example # no\nb.example\t#c.example",
	  "3 a.example\n4 b.example\n", NULL, NULL },
	{ "# \xc3\xa4\na.example", "2 a.example\n", NULL, NULL },
	{ "*.a.example\n.b.example\n**.c.example\n_x._y.example.\nA.EXAMPLE",
	  "1 *.a.example\n2 **.b.example\n3 **.c.example\n4 _x._y.example\n"
	  "5 a.example\n",
	  NULL, NULL },
	{ "0.0.0.0 a.example b.example # c.example\n127.0.0.1\tc.example\n"
	  "::1 d.example\n:: e.example\n127.0.53.53 f.example",
	  "1 a.example\n1 b.example\n2 c.example\n3 d.example\n4 e.example\n"
	  "5 f.example\n",
	  NULL, NULL },
	{ "127.0.0.1 localhost localhost.localdomain local\n"
	  "255.255.255.255 broadcasthost\nfe80::1%lo0 localhost\n"
	  "ff02::1 ip6-allnodes\n0.0.0.0 0.0.0.0\n::1 ip6-loopback\n"
	  "localhost",
	  "7 localhost\n", NULL, NULL },
	{ "a.example\na.example", "1 a.example\n2 a.example\n", NULL, NULL },

	{ BOM " a..b", "", "1:2 a..b\n", "has an empty label: expected" },
	{ "a.example b.example", "", "1:11 b.example\n", "second word" },
	{ "0.0.0.0 a.example b$c\nd.example", "2 d.example\n", "1:19 b$c\n",
	  "no host name has" },
	{ "192.0.2.1 a.example", "", "1:1 192.0.2.1\n", "real address" },
	{ "fe80::1%lo0 a.example", "", "1:1 fe80::1%lo0\n", "real address" },
	{ "10.0.0.1", "", "1:1 10.0.0.1\n", "is an address" },
	{ "0.0.0.0 ::1", "", "1:9 ::1\n", "is an address" },
	{ "||a.example^", "", "1:1 ||a.example^\n", "ad blocker" },
	{ "a.example##.ad", "", "1:1 a.example##.ad\n", "no host name" },
	{ "b\xc3\xbc"
	  "cher.example",
	  "",
	  "1:1 b\xc3\xbc"
	  "cher.example\n",
	  "write 'xn--bcher-kva.example'" },
	{ "*a.example", "", "1:1 *a.example\n", "write '*.a.example'" },
	{ "a*.example\n*\ndb?.example", "",
	  "1:1 a*.example\n2:1 *\n3:1 db?.example\n", "has a wildcard" },
	{ "https://a.example/", "", "1:1 https://a.example/\n", "no host" },
	{ "a.example:443", "", "1:1 a.example:443\n", "no host name has" },
	{ "a\rb.example", "", "1:1 a\rb.example\n", "no host name has" },
};

static void names_lines_and_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf names = STRBUF_INIT;
		const char *wrong = cases[i].wrong ? cases[i].wrong : "";
		struct told t;

		parse(cases[i].text, strlen(cases[i].text), 0, &names, &t);
		assert_string_equal(names.s, cases[i].names);
		assert_string_equal(t.places.s ? t.places.s : "", wrong);
		if (cases[i].why && !strstr(t.why, cases[i].why))
			fail_msg("'%s': %s", cases[i].text, t.why);
		strbuf_fini(&names);
		strbuf_fini(&t.places);
	}
}

static void where_the_pieces_end_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = strlen(cases[i].text);

		for (size_t cut = 0; cut <= n; cut++) {
			struct strbuf names = STRBUF_INIT;
			/* Of its own size, so that a sanitizer sees the end. */
			char *text = malloc(n + 1);
			struct told t;

			memcpy(text, cases[i].text, n);
			parse(text, n, cut, &names, &t);
			assert_string_equal(names.s, cases[i].names);
			assert_string_equal(t.places.s ? t.places.s : "",
					    cases[i].wrong ? cases[i].wrong
							   : "");
			strbuf_fini(&names);
			strbuf_fini(&t.places);
			free(text);
		}
	}
}

static void a_nul_byte_is_wrong_even_in_a_comment(void **state)
{
	static const char text[] = "a.example\n# x\0y\nb.example\n";
	struct strbuf names = STRBUF_INIT;
	struct told t;

	(void)state;
	parse(text, sizeof(text) - 1, 5, &names, &t);
	assert_string_equal(names.s, "1 a.example\n3 b.example\n");
	assert_int_equal(t.n, 1);
	assert_non_null(strstr(t.why, "NUL"));
	strbuf_fini(&names);
	strbuf_fini(&t.places);
}

static void a_line_may_be_long_but_not_endless(void **state)
{
	const size_t max = NAME_LIST_LINE_MAX;
	size_t n = max + 12;
	char *text = malloc(n);

	(void)state;
	for (size_t over = 0; over < 2; over++)
		for (size_t cut = 0; cut <= max; cut += 4096) {
			struct strbuf names = STRBUF_INIT;
			struct told t;

			memset(text, '#', n);
			memcpy(text + max + over, "\na.example\n", 11);
			parse(text, max + over + 11, cut, &names, &t);
			assert_string_equal(names.s, "2 a.example\n");
			assert_int_equal(t.n, over);
			strbuf_fini(&names);
			strbuf_fini(&t.places);
		}
	free(text);
}

static void only_the_first_wrong_lines_are_told_and_all_are_counted(void **s)
{
	static struct name_list_parser p;
	struct name_list list;
	struct told t;

	(void)s;
	start(&p, &list, &t);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(name_list_parse(&p, "a..b\n", 5), 0);
	assert_int_equal(name_list_parse_end(&p), 0);
	assert_int_equal(p.wrong_n, 5000);
	assert_int_equal(t.n, NAME_LIST_TOLD_MAX);
	assert_int_equal(list.n, 0);
	name_list_fini(&list);
	strbuf_fini(&t.places);
}

static void too_many_names_end_the_list(void **state)
{
	static struct name_list_parser p;
	struct name_list list;
	struct told t;

	(void)state;
	start(&p, &list, &t);
	p.names_max = 2;
	assert_int_equal(name_list_parse(&p, "a\nb\nc\nd\n||", 10), 0);
	assert_int_equal(name_list_parse_end(&p), 0);
	assert_true(p.full);
	assert_int_equal(list.names_n, 2);
	assert_string_equal(t.places.s, "3:1 c\n");
	assert_non_null(strstr(t.why, "the 2 that"));
	name_list_fini(&list);
	strbuf_fini(&t.places);
}

static void another_ones_bytes_are_names_or_refused(void **state)
{
	static const char text[] = "a.example\n*.b.example\n.c.example\n";
	static struct name_list_parser p;
	struct name_list list, copy = { NULL, 0, 0, 0 };
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	struct told t;

	(void)state;
	start(&p, &list, &t);
	assert_int_equal(name_list_parse(&p, text, sizeof(text) - 1), 0);
	assert_int_equal(name_list_parse_end(&p), 0);
	assert_int_equal(name_list_copy(&copy, list.bytes, list.n, 3), 0);
	show(&list, &a);
	show(&copy, &b);
	assert_string_equal(a.s, b.s);
	name_list_fini(&copy);
	assert_int_equal(name_list_copy(&copy, list.bytes, list.n, 2), -EPROTO);
	assert_int_equal(name_list_copy(&copy, list.bytes, list.n, 4), -EPROTO);
	for (size_t n = 1; n < list.n; n++)
		assert_int_equal(name_list_copy(&copy, list.bytes, n, 3),
				 -EPROTO);
	/* Every byte but the line's number counts. */
	for (size_t i = 4; i < 6 + 9; i++) {
		char was = list.bytes[i];

		list.bytes[i] = '?';
		assert_int_equal(name_list_copy(&copy, list.bytes, list.n, 3),
				 -EPROTO);
		list.bytes[i] = was;
	}
	assert_null(copy.bytes);
	name_list_fini(&list);
	strbuf_fini(&a);
	strbuf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_lines_and_what_is_wrong),
		cmocka_unit_test(where_the_pieces_end_changes_nothing),
		cmocka_unit_test(a_nul_byte_is_wrong_even_in_a_comment),
		cmocka_unit_test(a_line_may_be_long_but_not_endless),
		cmocka_unit_test(
			only_the_first_wrong_lines_are_told_and_all_are_counted),
		cmocka_unit_test(too_many_names_end_the_list),
		cmocka_unit_test(another_ones_bytes_are_names_or_refused),
	};

	return cmocka_run_group_tests_name("name_list", tests, NULL, NULL);
}
