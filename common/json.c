/* SPDX-License-Identifier: MIT */
/*
 * common/json.c - write JSON (RFC 8259) into a strbuf
 */
#include "common/json.h"

#include <inttypes.h>
#include <string.h>

#include "common/parse.h"
#include "common/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static void add_code_point(struct strbuf *out, uint32_t cp, const char *bytes,
			   size_t n)
{
	if (cp == '"' || cp == '\\') {
		strbuf_addc(out, '\\');
		strbuf_addc(out, (char)cp);
	} else if (cp == '\n') {
		strbuf_adds(out, "\\n");
	} else if (cp == '\t') {
		strbuf_adds(out, "\\t");
	} else if (cp == '\r') {
		strbuf_adds(out, "\\r");
	} else if (utf8_is_unsafe(cp)) {
		strbuf_addf(out, "\\u%04" PRIx32, cp); /* all below U+10000 */
	} else {
		strbuf_add(out, bytes, n);
	}
}

/* How much of @s stands for itself, as nearly all of it does. */
static size_t plain_length(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= ' ' && s[i] <= '~' && s[i] != '"' &&
	       s[i] != '\\')
		i++;
	return i;
}

static void add_quoted(struct strbuf *out, const char *s, size_t n)
{
	strbuf_addc(out, '"');
	for (size_t i = 0; i < n;) {
		uint32_t cp = 0;
		size_t len = plain_length(s + i, n - i);

		if (len > 0) {
			strbuf_add(out, s + i, len);
			i += len;
			continue;
		}
		len = utf8_decode(s + i, n - i, &cp);
		if (len == 0) {
			strbuf_adds(out, REPLACEMENT);
			i++;
		} else {
			add_code_point(out, cp, s + i, len);
			i += len;
		}
	}
	strbuf_addc(out, '"');
}

/* What stands before a value: the comma of the last one, and the key. */
static void begin_value(struct json *j, const char *key)
{
	if (j->need_comma)
		strbuf_addc(j->out, ',');
	if (key) {
		add_quoted(j->out, key, strlen(key));
		strbuf_addc(j->out, ':');
	}
	j->need_comma = true;
}

void json_init(struct json *j, struct strbuf *out)
{
	j->out = out;
	j->need_comma = false;
}

static void open_with(struct json *j, const char *key, char bracket)
{
	begin_value(j, key);
	strbuf_addc(j->out, bracket);
	j->need_comma = false;
}

/* What was closed is a value of what stands around it. */
static void close_with(struct json *j, char bracket)
{
	strbuf_addc(j->out, bracket);
	j->need_comma = true;
}

void json_object_open(struct json *j, const char *key)
{
	open_with(j, key, '{');
}

void json_object_close(struct json *j)
{
	close_with(j, '}');
}

void json_array_open(struct json *j, const char *key)
{
	open_with(j, key, '[');
}

void json_array_close(struct json *j)
{
	close_with(j, ']');
}

void json_string(struct json *j, const char *key, const char *value)
{
	json_string_n(j, key, value, strlen(value));
}

void json_string_n(struct json *j, const char *key, const char *value, size_t n)
{
	begin_value(j, key);
	add_quoted(j->out, value, n);
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
	char text[DECIMAL_MAX];

	begin_value(j, key);
	strbuf_add(j->out, text, format_decimal(value, text));
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin_value(j, key);
	strbuf_adds(j->out, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	begin_value(j, key);
	strbuf_adds(j->out, "null");
}

void json_string_or_null(struct json *j, const char *key, const char *value)
{
	if (value)
		json_string(j, key, value);
	else
		json_null(j, key);
}
