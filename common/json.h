/* SPDX-License-Identifier: MIT */
/*
 * common/json.h - write JSON (RFC 8259) into a strbuf
 *
 * A writer puts the commas; the caller opens and closes. Strings may hold any
 * bytes: control bytes are escaped, and bytes that are not valid UTF-8 come
 * out as U+FFFD, so that the output is always valid JSON in one line.
 * @key is NULL inside arrays.
 */
#ifndef NETLEASH_COMMON_JSON_H
#define NETLEASH_COMMON_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/strbuf.h"

/**
 * struct json - one document being written
 * @out: borrowed; errors of memory show as strbuf_failed(@out)
 */
struct json {
	struct strbuf *out;
	bool need_comma;
};

void json_init(struct json *j, struct strbuf *out);
void json_object_open(struct json *j, const char *key);
void json_object_close(struct json *j);
void json_array_open(struct json *j, const char *key);
void json_array_close(struct json *j);
void json_string(struct json *j, const char *key, const char *value);
void json_string_n(struct json *j, const char *key, const char *value,
		   size_t n);
void json_uint(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/* String, or null where @value is NULL. */
void json_string_or_null(struct json *j, const char *key, const char *value);

#endif
