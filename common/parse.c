/* SPDX-License-Identifier: MIT */
/*
 * common/parse.c - numbers, durations, sizes and port lists from text, and back
 */
#include "common/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

size_t format_decimal(uint64_t value, char *ret)
{
	char digits[DECIMAL_MAX];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	memcpy(ret, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at;
}

int parse_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int parse_hex_byte(const char *s)
{
	const int high = parse_hex_digit(s[0]);
	const int low = high < 0 ? -1 : parse_hex_digit(s[1]);

	return low < 0 ? -1 : high * 16 + low;
}

int parse_u32(const char *s, size_t n, uint32_t *ret)
{
	uint64_t v = 0;

	if (n == 0 || (n > 1 && s[0] == '0'))
		return -EINVAL;
	/* All of it is looked at first: "99999999999x" is no number at all. */
	for (size_t i = 0; i < n; i++)
		if (!is_digit(s[i]))
			return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		v = v * 10 + (uint64_t)(s[i] - '0');
		if (v > UINT32_MAX)
			return -ERANGE;
	}
	*ret = (uint32_t)v;
	return 0;
}

int parse_port(const char *s, size_t n, uint16_t *ret)
{
	uint32_t v;
	int r = parse_u32(s, n, &v);

	if (r < 0)
		return r;
	if (v < 1 || v > UINT16_MAX)
		return -ERANGE;
	*ret = (uint16_t)v;
	return 0;
}

struct unit {
	const char *name;
	uint32_t factor;
};

/* A number and one of @units; the last of them, named "", is the default. */
static int parse_with_unit(const char *s, size_t n, const struct unit *units,
			   uint32_t *ret)
{
	size_t digits = 0, rest;
	uint64_t product;
	uint32_t v;
	int r;

	while (digits < n && is_digit(s[digits]))
		digits++;
	rest = n - digits;
	while (strlen(units->name) != rest ||
	       memcmp(units->name, s + digits, rest) != 0) {
		if (units->name[0] == '\0')
			return -EINVAL;
		units++;
	}
	r = parse_u32(s, digits, &v);
	if (r < 0)
		return r;
	product = (uint64_t)v * units->factor;
	if (product > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)product;
	return 0;
}

int parse_duration_ms(const char *s, size_t n, uint32_t *ret)
{
	static const struct unit units[] = {
		{ "ms", 1 },	  { "s", 1000 }, { "m", 60 * 1000 },
		{ "h", 3600000 }, { "", 1000 },
	};

	return parse_with_unit(s, n, units, ret);
}

int parse_size(const char *s, size_t n, uint32_t *ret)
{
	static const struct unit units[] = {
		{ "k", 1024 },
		{ "m", 1024 * 1024 },
		{ "", 1 },
	};

	return parse_with_unit(s, n, units, ret);
}

static enum ports_err parse_one_port(const char *s, size_t n, uint16_t *ret)
{
	if (n == 0)
		return PORTS_EMPTY;
	switch (parse_port(s, n, ret)) {
	case 0:
		return PORTS_OK;
	case -ERANGE:
		return PORTS_OUT_OF_RANGE;
	default:
		return PORTS_NOT_A_NUMBER;
	}
}

/* "22" or "8000-8100". */
static enum ports_err parse_piece(const char *s, size_t n,
				  struct port_range *ret)
{
	const char *dash = n > 0 ? memchr(s, '-', n) : NULL;
	size_t first_n = dash ? (size_t)(dash - s) : n;
	enum ports_err err;

	err = parse_one_port(s, first_n, &ret->first);
	if (err != PORTS_OK)
		return err;
	ret->last = ret->first;
	if (!dash)
		return PORTS_OK;
	err = parse_one_port(dash + 1, n - first_n - 1, &ret->last);
	if (err != PORTS_OK)
		return err;
	return ret->last < ret->first ? PORTS_REVERSED : PORTS_OK;
}

/* True if @a and @b overlap or follow each other without a gap. */
static bool touches(const struct port_range *a, const struct port_range *b)
{
	return a->first <= (uint32_t)b->last + 1 &&
	       b->first <= (uint32_t)a->last + 1;
}

/* Keeps @set sorted and merged. Return: false if there is no room. */
static bool insert_range(struct port_set *set, struct port_range add)
{
	size_t kept = 0, at;

	for (size_t i = 0; i < set->n; i++) {
		struct port_range r = set->range[i];

		if (touches(&r, &add)) {
			if (r.first < add.first)
				add.first = r.first;
			if (r.last > add.last)
				add.last = r.last;
		} else {
			set->range[kept++] = r;
		}
	}
	if (kept == PORT_RANGES_MAX)
		return false;
	for (at = kept; at > 0 && set->range[at - 1].first > add.first; at--)
		set->range[at] = set->range[at - 1];
	set->range[at] = add;
	set->n = (uint8_t)(kept + 1);
	return true;
}

enum ports_err port_set_parse(const char *s, size_t n, struct port_set *ret)
{
	struct port_set set = { .n = 0 };
	size_t at = 0;

	if (n == 1 && s[0] == '*') {
		(void)insert_range(&set, (struct port_range){ 1, UINT16_MAX });
		*ret = set;
		return PORTS_OK;
	}
	for (;;) {
		const char *comma = at < n ? memchr(s + at, ',', n - at) : NULL;
		size_t end = comma ? (size_t)(comma - s) : n;
		struct port_range piece;
		enum ports_err err = parse_piece(s + at, end - at, &piece);

		if (err != PORTS_OK)
			return err;
		if (!insert_range(&set, piece))
			return PORTS_TOO_MANY;
		if (!comma)
			break;
		at = end + 1;
	}
	*ret = set;
	return PORTS_OK;
}

bool port_set_has(const struct port_set *set, uint16_t port)
{
	for (size_t i = 0; i < set->n; i++)
		if (port >= set->range[i].first && port <= set->range[i].last)
			return true;
	return false;
}

bool port_set_is_all(const struct port_set *set)
{
	return set->n == 1 && set->range[0].first == 1 &&
	       set->range[0].last == UINT16_MAX;
}

const char *port_set_format(const struct port_set *set, char *buf, size_t size)
{
	size_t len = 0;

	if (size == 0)
		return buf;
	buf[0] = '\0';
	if (port_set_is_all(set)) {
		(void)snprintf(buf, size, "*");
		return buf;
	}
	for (size_t i = 0; i < set->n && len < size; i++) {
		const struct port_range *r = &set->range[i];
		const char *comma = i > 0 ? "," : "";
		int n;

		if (r->first == r->last)
			n = snprintf(buf + len, size - len, "%s%" PRIu16, comma,
				     r->first);
		else
			n = snprintf(buf + len, size - len,
				     "%s%" PRIu16 "-%" PRIu16, comma, r->first,
				     r->last);
		if (n < 0)
			break;
		len += (size_t)n;
	}
	return buf;
}
