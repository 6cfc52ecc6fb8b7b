/* SPDX-License-Identifier: MIT */
/*
 * common/rule_split.c - take a word of an allow or deny line apart
 *
 * In:    the word, any bytes
 * Out:   host, prefix length, ports and path as spans of it, and the scheme
 * Steps: look at the word as a whole; take off scheme and path; split the
 *        rest. What the parts mean is rule_parse.c's.
 */
#include "common/rule_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

int rule_fail(struct rule_parse *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(p->error, RULE_ERROR_MAX, fmt, args);
	va_end(args);
	return -EINVAL;
}

/* A copy that C's string functions can take; false if it does not fit. */
bool span_copy(struct span text, char *buf, size_t size)
{
	if (text.n >= size || memchr(text.s, '\0', text.n))
		return false;
	memcpy(buf, text.s, text.n);
	buf[text.n] = '\0';
	return true;
}

/* Text for a message: bounded, and nothing that moves a terminal's cursor. */
const char *span_show(char buf[SHOWN_SIZE], struct span text)
{
	size_t n = text.n > SHOWN_MAX ? SHOWN_MAX : text.n, len;
	char *out = buf;
	uint32_t cp;

	for (size_t i = 0; i < n; i += len) {
		len = utf8_decode(text.s + i, text.n - i, &cp);
		if (len > 0 && !utf8_is_unsafe(cp)) {
			memcpy(out, text.s + i, len);
			out += len;
		} else {
			len = 1;
			out += snprintf(out, 5, "\\x%02x",
					(unsigned char)text.s[i]);
		}
	}
	*out = '\0';
	return buf;
}

/*
 * A method that is not known, or is written in lower case, would be taken for
 * a host, and the words after it would hold for every method.
 */
static int check_method_like(struct rule_parse *p)
{
	char word[16], name[16] = "", shown[SHOWN_SIZE];
	bool upper = true;

	for (size_t i = 0; i < p->word.n; i++)
		upper = upper && isupper((unsigned char)p->word.s[i]);
	if (!span_copy(p->word, word, sizeof(word)))
		word[0] = '\0';
	for (size_t i = 0; word[i] != '\0'; i++)
		name[i] = (char)toupper((unsigned char)word[i]);
	if (method_is_word(name, strlen(name)))
		return rule_fail(
			p,
			"'%s' is a method: write '%s' and a host after "
			"it, or '%s:80,443' for a host of that name",
			word, name, word);
	if (upper)
		return rule_fail(
			p,
			"'%s' is not a method that a rule can name "
			"(GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE, "
			"TRACE, CONNECT); write a host in lower case",
			span_show(shown, p->word));
	return 0;
}

static int check_word(struct rule_parse *p)
{
	char shown[SHOWN_SIZE];

	if (p->word.n == 0)
		return rule_fail(p, "'' is no rule: write a host such as "
				    "'example.com'");
	if (p->word.n > WORD_MAX)
		return rule_fail(p,
				 "'%s...' is too long: write at most %d bytes",
				 span_show(shown, p->word), WORD_MAX);
	for (size_t i = 0; i < p->word.n; i++) {
		unsigned char c = (unsigned char)p->word.s[i];

		if (c <= 0x20 || c == 0x7f)
			return rule_fail(p,
					 "'%s' has a blank or control byte in "
					 "it: write one host a word",
					 span_show(shown, p->word));
	}
	return check_method_like(p);
}

static int check_user(struct rule_parse *p, struct span authority)
{
	const char *end = authority.s + authority.n;
	const char *at = memrchr(authority.s, '@', authority.n);
	char word[SHOWN_SIZE], host[SHOWN_SIZE];

	if (!at)
		return 0;
	return rule_fail(p,
			 "'%s' has user information: can never match; write "
			 "'%s'",
			 span_show(word, p->word),
			 span_show(host, span_from(at + 1, end)));
}

/* "[2001:db8::1]:443", "[2001:db8::]/32:443". */
static int split_brackets(struct rule_parse *p, struct span text)
{
	const char *end = text.s + text.n, *colon;
	const char *close = span_find(text, ']');
	char shown[SHOWN_SIZE];
	struct span rest;

	p->parts.brackets = true;
	if (!close)
		return rule_fail(p,
				 "'%s': '[' is not closed; write "
				 "'[2001:db8::1]:443'",
				 span_show(shown, p->word));
	p->parts.host = span_from(text.s + 1, close);
	if (!span_find(p->parts.host, ':'))
		return rule_fail(p,
				 "'%s': brackets are for IPv6 addresses; leave "
				 "them out",
				 span_show(shown, p->word));
	if (span_find(p->parts.host, '/'))
		return rule_fail(p,
				 "'%s': the prefix length goes after the "
				 "bracket; write '[2001:db8::]/32:443'",
				 span_show(shown, p->word));
	rest = span_from(close + 1, end);
	colon = span_find(rest, ':');
	if (rest.n > 0 && rest.s[0] == '/') {
		p->parts.bits = span_from(rest.s + 1, colon ? colon : end);
		rest = span_from(colon ? colon : end, end);
	}
	if (rest.n == 0)
		return 0;
	if (rest.s[0] != ':')
		return rule_fail(
			p,
			"'%s': only '/' and a prefix length, or ':' and "
			"ports, can follow the bracket",
			span_show(shown, p->word));
	p->parts.ports = span_from(rest.s + 1, end);
	return 0;
}

/* "104.16.0.0/13:443", "2001:db8::/32". */
static int split_cidr(struct rule_parse *p, struct span text, const char *slash)
{
	const char *end = text.s + text.n;
	const char *colon = memchr(slash, ':', (size_t)(end - slash));
	char shown[SHOWN_SIZE], host[SHOWN_SIZE], rest[SHOWN_SIZE];
	struct addr a;

	p->parts.host = span_from(text.s, slash);
	if (addr_parse(text.s, p->parts.host.n, &a) == ADDR_MALFORMED)
		return rule_fail(p,
				 "'%s' has a path without a scheme: write "
				 "'https://%s'",
				 span_show(shown, p->word),
				 span_show(host, p->word));
	if (colon && span_find(p->parts.host, ':'))
		return rule_fail(p,
				 "'%s': an IPv6 range with ports needs "
				 "brackets: write '[%s]%s'",
				 span_show(shown, p->word),
				 span_show(host, p->parts.host),
				 span_show(rest, span_from(slash, end)));
	p->parts.bits = span_from(slash + 1, colon ? colon : end);
	if (colon)
		p->parts.ports = span_from(colon + 1, end);
	return 0;
}

/* Splits host, prefix length and ports of a word or of a URL's authority. */
static int split_host(struct rule_parse *p, struct span text, bool is_url)
{
	const char *end = text.s + text.n;
	const char *slash = span_find(text, '/');
	const char *colon = span_find(text, ':');
	char shown[SHOWN_SIZE], host[SHOWN_SIZE];
	int r = check_user(p, text);

	if (r < 0)
		return r;
	if (text.n > 0 && text.s[0] == '[')
		return split_brackets(p, text);
	if (slash)
		return split_cidr(p, text, slash);
	p->parts.host = text;
	if (!colon)
		return 0;
	if (memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
		if (is_url)
			return rule_fail(p,
					 "'%s': an IPv6 address in a URL needs "
					 "brackets: write '[%s]'",
					 span_show(shown, p->word),
					 span_show(host, text));
		return 0; /* a bare IPv6 address, without ports */
	}
	p->parts.host = span_from(text.s, colon);
	p->parts.ports = span_from(colon + 1, end);
	return 0;
}

static int split_url(struct rule_parse *p, const char *separator)
{
	static const struct {
		const char *name;
		enum scheme scheme;
	} schemes[] = {
		{ "http", SCHEME_HTTP },
		{ "https", SCHEME_HTTPS },
		{ "ws", SCHEME_HTTP },
		{ "wss", SCHEME_HTTPS },
	};
	const char *end = p->word.s + p->word.n, *slash, *host = separator + 3;
	struct span scheme = span_from(p->word.s, separator);
	char shown[SHOWN_SIZE], name[8];

	if (!span_copy(scheme, name, sizeof(name)))
		name[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (strcasecmp(schemes[i].name, name) == 0)
			p->rule->scheme = schemes[i].scheme;
	if (p->rule->scheme == SCHEME_NONE)
		return rule_fail(
			p,
			"'%s' is not a scheme that a rule can name: "
			"write http, https, ws or wss, or the host and "
			"port alone",
			span_show(shown, scheme));
	if (memchr(host, '?', (size_t)(end - host)) ||
	    memchr(host, '#', (size_t)(end - host)))
		return rule_fail(p,
				 "'%s': '?' and '#' can never match, a rule "
				 "judges the path without the query; write the "
				 "path alone",
				 span_show(shown, p->word));
	slash = memchr(host, '/', (size_t)(end - host));
	if (slash)
		p->parts.path = span_from(slash, end);
	return split_host(p, span_from(host, slash ? slash : end), true);
}

int rule_split(struct rule_parse *p)
{
	const char *separator;
	int r = check_word(p);

	if (r < 0)
		return r;
	separator = memmem(p->word.s, p->word.n, "://", 3);
	return separator ? split_url(p, separator)
			 : split_host(p, p->word, false);
}
