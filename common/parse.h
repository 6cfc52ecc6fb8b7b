/* SPDX-License-Identifier: MIT */
/*
 * common/parse.h - numbers, durations, sizes and port lists from text, and back
 *
 * Pure and strict: the whole of the text, no blanks, no sign, no leading
 * zeros, nothing that overflows.
 */
#ifndef NETLEASH_COMMON_PARSE_H
#define NETLEASH_COMMON_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Return: 0, -EINVAL, or -ERANGE if it does not fit. */
int parse_u32(const char *s, size_t n, uint32_t *ret);
int parse_port(const char *s, size_t n, uint16_t *ret); /* 1 to 65535 */

/* "1500ms", "10s", "5m", "2h" to milliseconds; a bare number is seconds. */
int parse_duration_ms(const char *s, size_t n, uint32_t *ret);

/* "65536", "64k", "1m" (powers of 1024) to bytes. */
int parse_size(const char *s, size_t n, uint32_t *ret);

/*
 * A number as printf(3)'s %u has it, for where many are written. Not
 * terminated. Return: how many bytes it took, 20 at most.
 */
#define DECIMAL_MAX 20
size_t format_decimal(uint64_t value, char *ret);

/* A hex digit, or two of them, in either case. Return: its value, or -1. */
int parse_hex_digit(char c);
int parse_hex_byte(const char *s);

struct port_range {
	uint16_t first, last;
};

#define PORT_RANGES_MAX 16

/**
 * struct port_set - the ports of a rule, sorted, merged
 * @n: 0 means "no ports were given": the rule's default
 */
struct port_set {
	uint8_t n;
	struct port_range range[PORT_RANGES_MAX];
};

enum ports_err {
	PORTS_OK,
	PORTS_NOT_A_NUMBER,
	PORTS_OUT_OF_RANGE,
	PORTS_REVERSED,
	PORTS_TOO_MANY,
	PORTS_EMPTY, /* an empty piece */
};

/* "22", "8000-8100", "80,443,8080-8090", "*". */
enum ports_err port_set_parse(const char *s, size_t n, struct port_set *ret);
bool port_set_has(const struct port_set *set, uint16_t port);
bool port_set_is_all(const struct port_set *set);

/* Text as a rule writes it. @size at least PORT_SET_TEXT_MAX. */
#define PORT_SET_TEXT_MAX (PORT_RANGES_MAX * 12)
const char *port_set_format(const struct port_set *set, char *buf, size_t size);

#endif
