/* SPDX-License-Identifier: MIT */
/*
 * common/conf_limits.c - the limits as data, and `limit NAME VALUE`
 *
 * In:  a name and a value as written
 * Out: a field of struct conf_limits, within its range
 *
 * tests/check_docs.sh reads the names from the table below.
 */
#include "common/conf_limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/conf_priv.h"
#include "common/parse.h"

#define SECOND 1000u
#define HOUR   (3600u * SECOND)

/* The two waits before a client hears of a failure, together. */
#define CONNECT_TIME_MAX (60u * SECOND)

#define AT(field) offsetof(struct conf_limits, field)

/* clang-format off */
static const struct conf_limit table[CONF_LIMITS_N] = {
	{ "head-size", CONF_BYTES, AT(head_size), 65536, 1024, 1048576 },
	{ "head-time", CONF_MILLISECONDS, AT(head_time),
	  15 * SECOND, SECOND / 10, 30 * SECOND },
	{ "header-count", CONF_COUNT, AT(header_count), 128, 8, 1024 },
	{ "idle-time", CONF_MILLISECONDS, AT(idle_time),
	  1 * HOUR, SECOND / 10, 24 * HOUR },
	{ "dial-time", CONF_MILLISECONDS, AT(dial_time),
	  20 * SECOND, SECOND / 10, 59 * SECOND },
	{ "dns-time", CONF_MILLISECONDS, AT(dns_time),
	  15 * SECOND, SECOND / 10, 59 * SECOND },
	{ "drain-time", CONF_MILLISECONDS, AT(drain_time),
	  30 * SECOND, SECOND / 10, 24 * HOUR },
	{ "connections", CONF_COUNT, AT(connections), 0, 1, 1000000 },
	{ "connections-per-run", CONF_COUNT, AT(connections_per_run),
	  10000, 1, 1000000 },
	{ "tunnels-per-target", CONF_COUNT, AT(tunnels_per_target),
	  5000, 1, 1000000 },
	{ "pending-dials", CONF_COUNT, AT(pending_dials), 2048, 1, 65536 },
	{ "pending-lookups", CONF_COUNT, AT(pending_lookups), 1024, 1, 65536 },
	{ "inspections", CONF_COUNT, AT(inspections), 4000, 1, 1000000 },
	{ "inspections-per-run", CONF_COUNT, AT(inspections_per_run),
	  1000, 1, 1000000 },
};
/* clang-format on */

const struct conf_limit *conf_limits_table(void)
{
	return table;
}

uint32_t conf_limit_value(const struct conf_limits *limits,
			  const struct conf_limit *l)
{
	uint32_t v;

	memcpy(&v, (const char *)limits + l->offset, sizeof(v));
	return v;
}

static void store(struct conf_limits *limits, const struct conf_limit *l,
		  uint32_t v)
{
	memcpy((char *)limits + l->offset, &v, sizeof(v));
}

void conf_limits_init(struct conf_limits *limits)
{
	for (size_t i = 0; i < CONF_LIMITS_N; i++)
		store(limits, &table[i], table[i].def);
}

/* The biggest unit that shows @v without a fraction. */
static const char *in_unit(uint32_t v, const uint32_t *sizes,
			   const char *const *names, size_t n, char *buf)
{
	size_t i = 0;

	while (i + 1 < n && v % sizes[i] != 0)
		i++;
	snprintf(buf, CONF_LIMIT_TEXT_MAX, "%" PRIu32 "%s", v / sizes[i],
		 names[i]);
	return buf;
}

const char *conf_limit_format(const struct conf_limit *l, uint32_t value,
			      char buf[CONF_LIMIT_TEXT_MAX])
{
	static const uint32_t times[] = { HOUR, 60 * SECOND, SECOND, 1 };
	static const char *const time_names[] = { "h", "m", "s", "ms" };
	static const uint32_t sizes[] = { 1048576, 1024, 1 };
	static const char *const size_names[] = { "m", "k", "" };

	if (value == 0) {
		snprintf(buf, CONF_LIMIT_TEXT_MAX, "auto");
		return buf;
	}
	switch (l->unit) {
	case CONF_BYTES:
		return in_unit(value, sizes, size_names, 3, buf);
	case CONF_MILLISECONDS:
		return in_unit(value, times, time_names, 4, buf);
	case CONF_COUNT:
		break;
	}
	snprintf(buf, CONF_LIMIT_TEXT_MAX, "%" PRIu32, value);
	return buf;
}

static int parse_value(const struct conf_limit *l, const struct conf_word *w,
		       uint32_t *ret)
{
	switch (l->unit) {
	case CONF_BYTES:
		return parse_size(w->s, w->n, ret);
	case CONF_MILLISECONDS:
		return parse_duration_ms(w->s, w->n, ret);
	case CONF_COUNT:
		break;
	}
	return parse_u32(w->s, w->n, ret);
}

static void unknown_limit(struct conf_parser *ps, const struct conf_word *w)
{
	const char *names[CONF_LIMITS_N], *near;
	char shown[CONF_SHOWN_MAX];

	for (size_t i = 0; i < CONF_LIMITS_N; i++)
		names[i] = table[i].name;
	near = conf_nearest(w, names, CONF_LIMITS_N);
	conf_show(w->s, w->n, shown);
	if (near)
		conf_error(ps, w, "unknown limit '%s': did you mean '%s'?",
			   shown, near);
	else
		conf_error(ps, w,
			   "unknown limit '%s': netleash.conf(5) lists them",
			   shown);
}

static void bad_value(struct conf_parser *ps, const struct conf_limit *l,
		      const struct conf_word *w, int r)
{
	static const char *const what[] = {
		[CONF_COUNT] = "a number",
		[CONF_BYTES] = "a size in bytes, or with k or m",
		[CONF_MILLISECONDS] = "a time in seconds, or with ms, s, m, h",
	};
	char min[CONF_LIMIT_TEXT_MAX], max[CONF_LIMIT_TEXT_MAX];
	char shown[CONF_SHOWN_MAX];

	conf_error(ps, w, "'%s' is %s: limit %s takes %s, from %s to %s%s",
		   conf_show(w->s, w->n, shown),
		   r == -EINVAL ? l->unit == CONF_COUNT ? "not a number"
							: "malformed"
				: "out of range",
		   l->name, what[l->unit], conf_limit_format(l, l->min, min),
		   conf_limit_format(l, l->max, max),
		   l->def == 0 ? ", or auto" : "");
}

int conf_set_limit(struct conf_parser *ps, const struct conf_word *w, size_t n)
{
	const struct conf_limit *l = table;
	uint32_t v = 0;
	int r;

	(void)n; /* the directive table says two */
	while (l < table + CONF_LIMITS_N && !conf_word_is(&w[0], l->name))
		l++;
	if (l == table + CONF_LIMITS_N) {
		unknown_limit(ps, &w[0]);
		return 0;
	}
	if (conf_repeated(ps, &ps->limits[l - table], &w[0]))
		return 0;
	if (l->def == 0 && conf_word_is(&w[1], "auto")) {
		store(&ps->cf->limits, l, 0);
		return 0;
	}
	r = parse_value(l, &w[1], &v);
	if (r == 0 && (v < l->min || v > l->max))
		r = -ERANGE;
	if (r < 0)
		bad_value(ps, l, &w[1], r);
	else
		store(&ps->cf->limits, l, v);
	return 0;
}

void conf_check_limits(struct conf_parser *ps)
{
	const struct conf_limits *l = &ps->cf->limits;
	const struct conf_seen *seen = NULL;

	if (l->dial_time + l->dns_time < CONNECT_TIME_MAX)
		return;
	for (size_t i = 0; i < CONF_LIMITS_N; i++)
		if (ps->limits[i].root > 0 &&
		    (table[i].offset == AT(dial_time) ||
		     table[i].offset == AT(dns_time)))
			seen = &ps->limits[i];
	if (!seen)
		return; /* not both can be defaults: those fit */
	ps->file = seen->loc.file;
	conf_error(
		ps,
		&(struct conf_word){ "", 0, seen->loc.line, seen->loc.column },
		"dial-time and dns-time together must stay under 60s: they "
		"are %" PRIu32 "ms and %" PRIu32 "ms",
		l->dial_time, l->dns_time);
}
