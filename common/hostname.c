/* SPDX-License-Identifier: MIT */
/*
 * common/hostname.c - names normalised, and said as A-labels in messages
 */
#include "common/hostname.h"

#include <stdint.h>
#include <string.h>

#include "common/addr.h"
#include "common/macros.h"
#include "common/punycode.h"
#include "common/utf8.h"

#define LABEL_MAX 63

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

enum hostname_err hostname_normalise(const char *s, size_t n,
				     char ret[HOSTNAME_BUFFER])
{
	char name[HOSTNAME_BUFFER];
	size_t label = 0;

	if (n > 0 && s[n - 1] == '.')
		n--;
	if (n == 0)
		return HOSTNAME_EMPTY;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x80)
			return HOSTNAME_NOT_ASCII;
	if (n > HOSTNAME_MAX)
		return HOSTNAME_TOO_LONG;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		name[i] = c;
		if (c == '.') {
			if (label == 0)
				return HOSTNAME_LABEL_EMPTY;
			label = 0;
			continue;
		}
		if (!is_name_byte(c))
			return HOSTNAME_BAD_BYTE;
		if (++label > LABEL_MAX)
			return HOSTNAME_LABEL_TOO_LONG;
	}
	if (label == 0)
		return HOSTNAME_LABEL_EMPTY;
	if (addr_text_is_numeric(name, n))
		return HOSTNAME_NUMERIC;
	name[n] = '\0';
	memcpy(ret, name, n + 1);
	return HOSTNAME_OK;
}

/*
 * Lower case for the scripts that most names are written in. The others are
 * left as they are: a message need not be right about all of Unicode.
 */
static uint32_t lower(uint32_t cp)
{
	static const struct {
		uint32_t first, last, add;
	} ranges[] = {
		{ 'A', 'Z', 0x20 },	{ 0xc0, 0xd6, 0x20 },
		{ 0xd8, 0xde, 0x20 },	{ 0x391, 0x3a1, 0x20 },
		{ 0x3a3, 0x3ab, 0x20 }, { 0x400, 0x40f, 0x50 },
		{ 0x410, 0x42f, 0x20 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return cp + ranges[i].add;
	return cp;
}

/* The full stops that people type in other scripts (RFC 3490 3.1). */
static bool is_dot(uint32_t cp)
{
	return cp == '.' || cp == 0x3002 || cp == 0xff0e || cp == 0xff61;
}

struct name {
	char s[HOSTNAME_BUFFER];
	size_t len;
};

static bool add(struct name *to, const char *bytes, size_t n)
{
	if (n > HOSTNAME_MAX - to->len)
		return false;
	memcpy(to->s + to->len, bytes, n);
	to->len += n;
	return true;
}

static bool add_label(struct name *to, const uint32_t *cp, size_t n)
{
	char text[LABEL_MAX];
	bool ascii = true;
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		ascii = ascii && cp[i] < 0x80;
	if (!ascii)
		return add(to, "xn--", 4) &&
		       punycode_encode(cp, n, text, LABEL_MAX - 4, &len) &&
		       add(to, text, len);
	for (size_t i = 0; i < n; i++)
		text[i] = (char)cp[i];
	return add(to, text, n);
}

bool hostname_a_label(const char *s, size_t n, char ret[HOSTNAME_BUFFER])
{
	struct name name = { .len = 0 };
	uint32_t label[LABEL_MAX];
	size_t label_n = 0;

	for (size_t i = 0; i < n;) {
		uint32_t cp = 0;
		size_t len = utf8_decode(s + i, n - i, &cp);

		if (len == 0 || utf8_is_unsafe(cp))
			return false;
		i += len;
		if (is_dot(cp)) {
			if (!add_label(&name, label, label_n) ||
			    !add(&name, ".", 1))
				return false;
			label_n = 0;
		} else if (label_n == LABEL_MAX) {
			return false;
		} else {
			label[label_n++] = lower(cp);
		}
	}
	return add_label(&name, label, label_n) &&
	       hostname_normalise(name.s, name.len, ret) == HOSTNAME_OK;
}

const char *hostname_strerror(enum hostname_err err)
{
	switch (err) {
	case HOSTNAME_OK:
		return "is a host name";
	case HOSTNAME_EMPTY:
		return "is empty";
	case HOSTNAME_TOO_LONG:
		return "is longer than 253 bytes";
	case HOSTNAME_LABEL_EMPTY:
		return "has an empty label";
	case HOSTNAME_LABEL_TOO_LONG:
		return "has a label longer than 63 bytes";
	case HOSTNAME_NOT_ASCII:
		return "is not ASCII";
	case HOSTNAME_BAD_BYTE:
		return "has a character that no host name has";
	case HOSTNAME_NUMERIC:
		return "ends in a number but is not a dotted quad";
	}
	return "is not a host name";
}
