/* SPDX-License-Identifier: MIT */
/*
 * proxy/client_hello.c - the server name in the first bytes of a tunnel
 *
 * In:         a tunnel's first bytes, from the first, as far as they came
 * Out:        a verdict, and the server name
 * Steps:      record header -> message header -> version, random, session,
 *             ciphers, compression -> each extension -> the end
 * Invariants: the walk stops where the first byte is missing or wrong, so
 *             that cuts do not matter; every length is held against the
 *             message's before it is used; what servers read in different
 *             ways is malformed, never let pass as something else
 *
 * The record's version is not looked at beyond its first half: servers are
 * told to ignore it (RFC 8446 5.1), and some take anything below 0x1000. Nor
 * may another record hide the hello: servers skip warnings and empty records
 * before it, so that those are malformed, not "not TLS".
 *
 * References: RFC 8446 sections 4.1.2, 4.2 and 5.1; RFC 6066 section 3
 */
#include "proxy/client_hello.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	RECORD_CHANGE_CIPHER = 0x14,
	RECORD_ALERT = 0x15,
	RECORD_HANDSHAKE = 0x16,
	MESSAGE_CLIENT_HELLO = 1,
	EXTENSION_SERVER_NAME = 0,
	NAME_HOST = 0,
};

#define RECORD_HEADER	 5
#define RECORD_MAJOR_MAX 0x0f
#define RECORD_MAX	 (16384 + 2048)
#define EXTENSIONS_MAX	 64 /* real hellos have twenty */
#define RANDOM_SIZE	 32

/**
 * struct walk - a place in the hello
 * @record_left:  bytes to the end of the record that @pos is in
 * @message_left: bytes to the end of the hello
 * @verdict:      CLIENT_HELLO_FOUND while nothing is wrong; a walk that has
 *                stopped reads zeros and goes nowhere
 */
struct walk {
	const char *bytes;
	size_t n, pos;
	size_t record_left, message_left;
	enum client_hello_verdict verdict;
};

static void stop(struct walk *w, enum client_hello_verdict verdict)
{
	if (w->verdict == CLIENT_HELLO_FOUND)
		w->verdict = verdict;
}

static bool going(const struct walk *w)
{
	return w->verdict == CLIENT_HELLO_FOUND;
}

static unsigned raw(const struct walk *w, size_t at)
{
	return (unsigned char)w->bytes[at];
}

/* A record that goes on with the hello: no other may come between. */
static void next_record(struct walk *w)
{
	size_t len;

	if (w->pos < w->n && raw(w, w->pos) != RECORD_HANDSHAKE) {
		stop(w, CLIENT_HELLO_MALFORMED);
		return;
	}
	if (w->n - w->pos < RECORD_HEADER) {
		stop(w, CLIENT_HELLO_MORE);
		return;
	}
	len = raw(w, w->pos + 3) << 8 | raw(w, w->pos + 4);
	if (len == 0 || len > RECORD_MAX) {
		stop(w, CLIENT_HELLO_MALFORMED);
		return;
	}
	w->pos += RECORD_HEADER;
	w->record_left = len;
}

/*
 * Goes on by @len bytes of the hello; they are copied to @to, unless that is
 * NULL.
 */
static void take(struct walk *w, size_t len, char *to)
{
	if (going(w) && len > w->message_left)
		stop(w, CLIENT_HELLO_MALFORMED);
	while (going(w) && len > 0) {
		size_t part;

		if (w->record_left == 0) {
			next_record(w);
			continue;
		}
		part = len < w->record_left ? len : w->record_left;
		if (part > w->n - w->pos) {
			stop(w, CLIENT_HELLO_MORE);
			break;
		}
		if (to) {
			memcpy(to, w->bytes + w->pos, part);
			to += part;
		}
		w->pos += part;
		w->record_left -= part;
		w->message_left -= part;
		len -= part;
	}
}

/* A number of @width bytes, most significant first; 0 once stopped. */
static size_t take_number(struct walk *w, size_t width)
{
	char bytes[3] = { 0 };
	size_t value = 0;

	take(w, width, bytes);
	if (!going(w))
		return 0;
	for (size_t i = 0; i < width; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

/* A list behind a length of @width bytes: over it, at least @min long. */
static void skip_list(struct walk *w, size_t width, size_t min)
{
	size_t len = take_number(w, width);

	if (len < min)
		stop(w, CLIENT_HELLO_MALFORMED);
	take(w, len, NULL);
}

/*
 * Reads the first record's header and the first byte in it: is it the
 * beginning of TLS at all?
 */
static void begin(struct walk *w)
{
	unsigned type = w->n > 0 ? raw(w, 0) : RECORD_HANDSHAKE;
	size_t len;

	if ((type != RECORD_HANDSHAKE && type != RECORD_ALERT &&
	     type != RECORD_CHANGE_CIPHER) ||
	    (w->n > 1 && raw(w, 1) > RECORD_MAJOR_MAX)) {
		stop(w, CLIENT_HELLO_NOT_TLS);
		return;
	}
	if (w->n < RECORD_HEADER) {
		stop(w, CLIENT_HELLO_MORE);
		return;
	}
	len = raw(w, 3) << 8 | raw(w, 4);
	if (type != RECORD_HANDSHAKE) {
		/* An alert has two bytes, a change of ciphers one. */
		stop(w, len == (type == RECORD_ALERT ? 2 : 1)
				? CLIENT_HELLO_MALFORMED
				: CLIENT_HELLO_NOT_TLS);
		return;
	}
	if (len > RECORD_MAX)
		stop(w, CLIENT_HELLO_NOT_TLS);
	else if (len == 0)
		stop(w, CLIENT_HELLO_MALFORMED);
	else if (w->n == RECORD_HEADER)
		stop(w, CLIENT_HELLO_MORE);
	else if (raw(w, RECORD_HEADER) != MESSAGE_CLIENT_HELLO)
		stop(w, CLIENT_HELLO_NOT_TLS);
}

/* The name of a server_name extension of @len bytes: exactly one entry. */
static void take_name(struct walk *w, size_t len, char *scratch,
		      const char **ret_name, size_t *ret_len)
{
	size_t list = take_number(w, 2), type = take_number(w, 1);
	size_t name = take_number(w, 2);

	if (!going(w))
		return;
	if (len != list + 2 || list != name + 3 || type != NAME_HOST ||
	    name == 0 || name > CLIENT_HELLO_NAME_MAX) {
		stop(w, CLIENT_HELLO_MALFORMED);
		return;
	}
	if (w->record_left == 0)
		next_record(w);
	*ret_name = scratch;
	if (going(w) && name <= w->record_left) {
		*ret_name = w->bytes + w->pos;
		scratch = NULL;
	}
	*ret_len = name;
	take(w, name, scratch);
}

static bool is_new(const uint16_t *seen, size_t n, size_t type)
{
	for (size_t i = 0; i < n; i++)
		if (seen[i] == type)
			return false;
	return true;
}

static void walk_extensions(struct walk *w, char *scratch,
			    const char **ret_name, size_t *ret_len)
{
	uint16_t seen[EXTENSIONS_MAX];
	size_t n = 0;

	if (take_number(w, 2) != w->message_left)
		stop(w, CLIENT_HELLO_MALFORMED);
	while (going(w) && w->message_left > 0) {
		size_t type = take_number(w, 2), len = take_number(w, 2);

		if (!going(w))
			break;
		if (n == EXTENSIONS_MAX || !is_new(seen, n, type) ||
		    len > w->message_left) {
			stop(w, CLIENT_HELLO_MALFORMED);
			break;
		}
		seen[n++] = (uint16_t)type;
		if (type != EXTENSION_SERVER_NAME)
			take(w, len, NULL);
		else if (len < 5)
			stop(w, CLIENT_HELLO_MALFORMED);
		else
			take_name(w, len, scratch, ret_name, ret_len);
	}
}

enum client_hello_verdict
client_hello_parse(const char *bytes, size_t n,
		   char scratch[CLIENT_HELLO_NAME_MAX], const char **ret_name,
		   size_t *ret_len)
{
	struct walk w = { .bytes = bytes,
			  .n = n < CLIENT_HELLO_MAX ? n : CLIENT_HELLO_MAX,
			  .message_left = 4,
			  .verdict = CLIENT_HELLO_FOUND };
	const char *name = NULL;
	size_t len = 0, message;

	begin(&w);
	(void)take_number(&w, 1);
	message = take_number(&w, 3);
	if (message > CLIENT_HELLO_MAX)
		stop(&w, CLIENT_HELLO_TOO_LARGE);
	w.message_left = message;
	take(&w, 2 + RANDOM_SIZE, NULL);
	skip_list(&w, 1, 0); /* session */
	skip_list(&w, 2, 2); /* ciphers */
	skip_list(&w, 1, 1); /* compression */
	/* TLS 1.2 and before may end here. */
	if (going(&w) && w.message_left > 0)
		walk_extensions(&w, scratch, &name, &len);

	if (w.verdict == CLIENT_HELLO_MORE && n >= CLIENT_HELLO_MAX)
		return CLIENT_HELLO_TOO_LARGE;
	if (w.verdict == CLIENT_HELLO_FOUND) {
		*ret_name = name;
		*ret_len = len;
	}
	return w.verdict;
}
