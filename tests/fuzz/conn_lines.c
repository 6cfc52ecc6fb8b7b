/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_lines.c - the access log of one input, as it was read back
 *
 * A key is looked for as text: a quote inside a value has a backslash before
 * it, so that no value can look like a key.
 */
#include "tests/fuzz/conn_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/conn_world.h"

bool line_says(const struct strbuf *text, const char *word)
{
	return text->s && strcmp(text->s, word) == 0;
}

/* What stands behind "key": in the line. */
static const char *value_of(const char *line, const char *key)
{
	char text[40];
	const char *at;

	(void)snprintf(text, sizeof(text), "\"%s\":", key);
	at = strstr(line, text);
	if (!at)
		world_wrong("no %s in: %s", key, line);
	return at + strlen(text);
}

static const char *read_escape(const char *at, struct strbuf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found = strchr(from, *at);

	if (*at == 'u') {
		char hex[5] = "";

		memcpy(hex, at + 1, 4);
		strbuf_addc(out, (char)strtoul(hex, NULL, 16));
		return at + 5;
	}
	if (!*at || !found)
		world_wrong("a bad escape: %s", at);
	strbuf_addc(out, to[found - from]);
	return at + 1;
}

static void read_text(const char *line, const char *key, struct strbuf *out)
{
	const char *at = value_of(line, key);

	if (*at != '"')
		return; /* null */
	strbuf_adds(out, "");
	for (at++; *at != '"';) {
		if (*at == '\\') {
			at = read_escape(at + 1, out);
			continue;
		}
		if ((unsigned char)*at < ' ' || (unsigned char)*at > '~')
			world_wrong("a raw byte in the log: %s", line);
		strbuf_addc(out, *at++);
	}
	if (!out->s) /* it is there, and empty */
		strbuf_addc(out, '\0');
}

static void read_line(const char *text, struct line *ret)
{
	struct strbuf client = STRBUF_INIT;
	const char *colon;

	*ret = (struct line){ 0 };
	read_text(text, "client", &client);
	colon = client.s ? strrchr(client.s, ':') : NULL;
	if (!colon)
		world_wrong("no client: %s", text);
	ret->port = (uint16_t)strtoul(colon + 1, NULL, 10);
	strbuf_fini(&client);
	read_text(text, "protocol", &ret->protocol);
	read_text(text, "method", &ret->method);
	read_text(text, "target", &ret->target);
	read_text(text, "path", &ret->path);
	read_text(text, "decision", &ret->decision);
	read_text(text, "reason", &ret->reason);
	if (strstr(text, "\"user\":"))
		read_text(text, "user", &ret->user);
	ret->status = (unsigned)strtoul(value_of(text, "status"), NULL, 10);
	ret->bytes_out = strtoull(value_of(text, "bytes_out"), NULL, 10);
}

size_t lines_read(const struct strbuf *log, struct line *ret)
{
	char *all = log->s, *end;
	size_t n = 0;

	for (; all && *all; all = end + 1) {
		end = strchr(all, '\n');
		if (!end)
			world_wrong("the last line has no end");
		if (n == LINES_MAX)
			world_wrong("more lines than there can be requests");
		*end = '\0';
		read_line(all, &ret[n++]);
		*end = '\n';
	}
	return n;
}

void lines_fini(struct line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct line *l = &lines[i];
		struct strbuf *all[] = { &l->protocol, &l->method,   &l->target,
					 &l->path,     &l->decision, &l->reason,
					 &l->user,     &l->body };

		for (size_t j = 0; j < sizeof(all) / sizeof(*all); j++)
			strbuf_fini(all[j]);
	}
}
