/* SPDX-License-Identifier: MIT */
/*
 * common/conf_limits.h - the table of limits: name, unit, default, range
 *
 * For common/conf*.c and their tests only.
 */
#ifndef NETLEASH_COMMON_CONF_LIMITS_H
#define NETLEASH_COMMON_CONF_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"

#define CONF_LIMITS_N 14

enum conf_unit {
	CONF_COUNT,
	CONF_BYTES,
	CONF_MILLISECONDS
};

struct conf_limit {
	const char *name;
	enum conf_unit unit;
	size_t offset; /* into struct conf_limits */
	uint32_t def, min, max;
};

const struct conf_limit *conf_limits_table(void);
void conf_limits_init(struct conf_limits *limits);
uint32_t conf_limit_value(const struct conf_limits *limits,
			  const struct conf_limit *l);
#define CONF_LIMIT_TEXT_MAX 24
const char *conf_limit_format(const struct conf_limit *l, uint32_t value,
			      char buf[CONF_LIMIT_TEXT_MAX]);
#endif
