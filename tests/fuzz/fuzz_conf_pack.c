/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_conf_pack.c - any bytes as a conf from another process
 *
 * What is taken for one has places that can be told, and packs to the same
 * conf again. The first byte tells whether the rest is packed bytes or the
 * text of a conf. Texts that include files are left out, as in fuzz_conf.c.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/conf_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void tell_places(const struct conf *cf, struct strbuf *out)
{
	for (size_t i = 0; i < cf->top.rules_n; i++) {
		conf_format_rule_place(cf, &cf->top.rules[i], out);
		strbuf_addc(out, '\n');
	}
	for (size_t i = 0; i < cf->top.inspects_n; i++) {
		conf_format_rule_place(cf, &cf->top.inspects[i], out);
		strbuf_addc(out, '\n');
	}
}

/* @cf goes out and comes in again: the same text, and the same places. */
static void send_around(const struct conf *cf)
{
	struct strbuf bytes = STRBUF_INIT, a = STRBUF_INIT, b = STRBUF_INIT;
	struct conf_report report;
	struct conf *other;

	conf_pack(cf, &bytes);
	require(!strbuf_failed(&bytes));
	require(conf_unpack(bytes.s, bytes.len, &other, &report) == 0);
	conf_report_fini(&report);
	conf_dump(cf, &a);
	tell_places(cf, &a);
	conf_dump(other, &b);
	tell_places(other, &b);
	require(strcmp(a.s, b.s) == 0);
	conf_free(other);
	strbuf_fini(&bytes);
	strbuf_fini(&a);
	strbuf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct conf_report report;
	struct conf *cf = NULL;
	int r;

	if (size == 0 || memmem(data, size, "include", 7) != NULL ||
	    memmem(data, size, "-list", 5) != NULL)
		return 0;
	if (data[0] & 1)
		r = conf_unpack(bytes + 1, size - 1, &cf, &report);
	else
		r = conf_parse("fuzz", bytes + 1, size - 1, NULL, &cf, &report);
	conf_report_fini(&report);
	if (r == 0)
		send_around(cf);
	conf_free(cf);
	return 0;
}
