/* SPDX-License-Identifier: MIT */
/*
 * proxy/secret_field.c - which fields of a request carry credentials
 *
 * netleash.conf(5) has the two lists, too.
 */
#include "proxy/secret_field.h"

#include "proxy/http_syntax.h"

/* A field that has one of these words in its name does... */
static const char *const carrying[] = {
	"auth",	  "authorization", "authtoken",	  "key",
	"apikey", "token",	   "accesstoken", "secret",
	"passwd", "password",	   "credential",  "credentials",
	"cookie", "session",	   "sessionid",	  "jwt",
	NULL,
};

/*
 * ...unless one of these is there, too: an Idempotency-Key is kept and shown,
 * and what begins with Sec- is no secret of the client's (Sec-WebSocket-Key).
 */
static const char *const harmless[] = { "idempotency", "sec", NULL };

static bool is_separator(char c)
{
	return c == '-' || c == '_';
}

bool secret_field_carries(const char *name, size_t n)
{
	bool carries = false;
	size_t at = 0;

	while (at < n) {
		size_t end = at;

		while (end < n && !is_separator(name[end]))
			end++;
		if (http_is_one_of(name + at, end - at, harmless))
			return false;
		carries = carries ||
			  http_is_one_of(name + at, end - at, carrying);
		at = end + 1;
	}
	return carries;
}
