/* SPDX-License-Identifier: MIT */
/*
 * common/conf_upstream.c - upstream and verify-ca
 *
 * In:         the words after the keyword
 * Out:        struct conf_upstream, the hosts that do without it, more CAs
 * Invariants: credentials stand in the conf and nowhere else: whatever word is
 *             shown, in an error or in a dump, has "***" in their place
 * References: RFC 3986 sections 2.1 and 3.2.1; RFC 7617 section 2: a user name
 *             has no colon, and neither part a control byte
 */
#include "common/conf_upstream.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/conf_priv.h"
#include "common/parse.h"
#include "common/target.h"

#define EXPECTED "expected http://[USER:PASSWORD@]HOST:PORT or https://..."

/* USER:PASSWORD is decoded into this; the header that carries it is bounded. */
#define CREDENTIALS_MAX 512

/**
 * struct url - the parts of an upstream's word; borrowed from it
 * @user_n: bytes before the '@', if there is one
 */
struct url {
	bool tls;
	const char *user, *authority;
	size_t user_n, authority_n;
	bool has_user;
};

/* @w as it may be shown: in @buf, where credentials stood in it. */
static struct conf_word masked(const struct conf_word *w,
			       char buf[CONF_SHOWN_MAX])
{
	const char *at = w->n > 0 ? memrchr(w->s, '@', w->n) : NULL;
	const char *scheme_end = at ? memmem(w->s, w->n, "://", 3) : NULL;
	struct conf_word shown = *w;
	size_t scheme_n = 0, rest_n;
	char rest[CONF_SHOWN_MAX];

	if (!at)
		return shown;
	if (scheme_end && scheme_end < at)
		scheme_n = (size_t)(scheme_end + 3 - w->s);
	/* A long "scheme" may be a password that came to stand there. */
	if (scheme_n > sizeof("https://") - 1)
		scheme_n = 0;
	rest_n = w->n - (size_t)(at + 1 - w->s);
	(void)conf_show(at + 1, rest_n, rest);
	(void)snprintf(buf, CONF_SHOWN_MAX, "%.*s***@%.*s", (int)scheme_n, w->s,
		       CONF_SHOWN_MAX - 16, rest);
	shown.s = buf;
	shown.n = strlen(buf);
	return shown;
}

static int fail(struct conf_parser *ps, const struct conf_word *w,
		const char *wrong)
{
	char buf[CONF_SHOWN_MAX], shown[CONF_SHOWN_MAX];
	struct conf_word safe = masked(w, buf);

	conf_error(ps, &safe, "'%s': %s: " EXPECTED,
		   conf_show(safe.s, safe.n, shown), wrong);
	return 0;
}

/* Return: NULL, or what is wrong. */
static const char *split(const struct conf_word *w, struct url *ret)
{
	static const char http[] = "http://", https[] = "https://";
	const char *end = w->s + w->n, *s, *at;

	memset(ret, 0, sizeof(*ret));
	if (w->n >= sizeof(https) - 1 &&
	    strncasecmp(w->s, https, sizeof(https) - 1) == 0) {
		ret->tls = true;
		s = w->s + sizeof(https) - 1;
	} else if (w->n >= sizeof(http) - 1 &&
		   strncasecmp(w->s, http, sizeof(http) - 1) == 0) {
		s = w->s + sizeof(http) - 1;
	} else {
		return "it is no URL of a parent proxy";
	}
	if (end > s && end[-1] == '/')
		end--;
	at = end > s ? memrchr(s, '@', (size_t)(end - s)) : NULL;
	if (at) {
		ret->has_user = true;
		ret->user = s;
		ret->user_n = (size_t)(at - s);
		s = at + 1;
	}
	ret->authority = s;
	ret->authority_n = (size_t)(end - s);
	return NULL;
}

/* Percent-decodes @s into @out, which has room for @n bytes and a NUL. */
static const char *decode(const char *s, size_t n, char *out)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)s[i];

		if (c == '@' || c == '/')
			return "in the credentials '@' and '/' are written %40 "
			       "and %2F";
		if (c == '%') {
			c = n - i < 3 ? -1 : parse_hex_byte(s + i + 1);
			if (c < 0)
				return "a '%' in the credentials needs two hex "
				       "digits; '%' itself is %25";
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return "the credentials have a control byte";
		out[used++] = (char)c;
	}
	out[used] = '\0';
	return NULL;
}

/* Return: NULL, or what is wrong. @user and @password: CREDENTIALS_MAX. */
static const char *credentials(const struct url *url, char *user,
			       char *password)
{
	const char *colon = memchr(url->user, ':', url->user_n);
	const char *wrong;
	size_t n;

	if (url->user_n >= CREDENTIALS_MAX)
		return "the credentials are too long";
	if (!colon)
		return "there is a user name and no password";
	n = (size_t)(colon - url->user);
	wrong = decode(url->user, n, user);
	if (!wrong)
		wrong = decode(colon + 1, url->user_n - n - 1, password);
	if (!wrong && strchr(user, ':'))
		return "a user name cannot have a colon";
	return wrong;
}

/* Return: 0 or -ENOMEM. */
static int store(struct conf_parser *ps, const struct url *url,
		 const struct target *t, const char *user, const char *password)
{
	struct conf_upstream *up = &ps->cf->upstream;
	struct conf_upstream next = {
		.tls = url->tls,
		.is_addr = t->is_addr,
		.addr = t->addr,
		.port = t->port,
		.host = strdup(t->host),
		.direct = up->direct,
		.direct_n = up->direct_n,
	};

	if (url->has_user) {
		next.user = strdup(user);
		next.password = strdup(password);
	}
	if (!next.host || (url->has_user && (!next.user || !next.password))) {
		next.direct_n = 0;
		next.direct = NULL;
		conf_upstream_fini(&next);
		return -ENOMEM;
	}
	up->direct = NULL;
	up->direct_n = 0;
	conf_upstream_fini(up);
	*up = next;
	return 0;
}

static int set_parent(struct conf_parser *ps, const struct conf_word *w)
{
	char user[CREDENTIALS_MAX], password[CREDENTIALS_MAX];
	char detail[TARGET_DETAIL_MAX], buf[CONF_SHOWN_MAX];
	struct conf_word safe = masked(w, buf);
	const char *wrong;
	struct target t;
	struct url url;
	int r = 0;

	if (conf_repeated(ps, &ps->upstream, &safe))
		return 0;
	wrong = split(w, &url);
	if (!wrong && url.has_user)
		wrong = credentials(&url, user, password);
	if (!wrong && target_parse_authority(url.authority, url.authority_n, &t,
					     detail) != TARGET_OK)
		wrong = detail;
	if (wrong)
		r = fail(ps, w, wrong);
	else
		r = store(ps, &url, &t, user, password);
	explicit_bzero(user, sizeof(user));
	explicit_bzero(password, sizeof(password));
	return r;
}

/* What a word of `upstream direct` cannot be, or NULL. */
static const char *not_direct(const struct conf_word *w)
{
	if (w->n == 1 && *w->s == '*')
		return "would take the upstream away from every host: leave "
		       "the upstream line out instead";
	if (w->n == 0 || memmem(w->s, w->n, "://", 3) ||
	    memchr(w->s, '@', w->n) || method_is_word(w->s, w->n))
		return "is no host: expected HOST[:PORTS]";
	return NULL;
}

static int set_direct(struct conf_parser *ps, const struct conf_word *w)
{
	struct conf_upstream *up = &ps->cf->upstream;
	char error[RULE_ERROR_MAX], shown[CONF_SHOWN_MAX], buf[CONF_SHOWN_MAX];
	struct conf_word safe = masked(w, buf);
	const char *wrong = not_direct(w);
	struct rule rule, *grown;
	int r;

	if (wrong) {
		conf_error(ps, &safe, "'%s' %s",
			   conf_show(safe.s, safe.n, shown), wrong);
		return 0;
	}
	/* As in `deny`: without a port it is every port. */
	r = rule_parse(RULE_DENY, 0, w->s, w->n, &rule, error);
	if (r == -EINVAL)
		conf_error(ps, w, "%s", error);
	if (r < 0)
		return r == -EINVAL ? 0 : r;
	grown = conf_grow(up->direct, up->direct_n, sizeof(*grown));
	if (!grown) {
		rule_fini(&rule);
		return -ENOMEM;
	}
	rule.file = (uint16_t)ps->file; /* CONF_FILES_MAX */
	rule.line = w->line;
	rule.column = w->column;
	up->direct = grown;
	up->direct[up->direct_n++] = rule;
	return 0;
}

int conf_set_upstream(struct conf_parser *ps, const struct conf_word *w,
		      size_t n)
{
	char buf[CONF_SHOWN_MAX];
	struct conf_word safe;
	int r = 0;

	if (!conf_word_is(&w[0], "direct")) {
		if (n == 1)
			return set_parent(ps, &w[0]);
		safe = masked(&w[1], buf);
		conf_error(ps, &safe,
			   "more than 'upstream' takes: expected one URL, or "
			   "upstream direct HOST[:PORTS]...");
		return 0;
	}
	if (n == 1)
		conf_error(ps, &w[0], "expected HOST[:PORTS]... after direct");
	for (size_t i = 1; i < n && r == 0; i++)
		r = set_direct(ps, &w[i]);
	return r;
}

int conf_set_verify_ca(struct conf_parser *ps, const struct conf_word *w,
		       size_t n)
{
	struct conf *cf = ps->cf;
	char shown[CONF_SHOWN_MAX];

	for (size_t i = 0; i < n; i++) {
		char **grown, *path;

		if (w[i].n == 0 || w[i].s[0] != '/' || w[i].n >= PATH_MAX) {
			conf_error(ps, &w[i], "'%s': expected an absolute path",
				   conf_show(w[i].s, w[i].n, shown));
			continue;
		}
		grown = conf_grow(cf->verify_cas, cf->verify_cas_n,
				  sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		cf->verify_cas = grown;
		path = strndup(w[i].s, w[i].n);
		if (!path)
			return -ENOMEM;
		cf->verify_cas[cf->verify_cas_n++] = path;
	}
	return 0;
}

void conf_upstream_fini(struct conf_upstream *up)
{
	if (up->password)
		explicit_bzero(up->password, strlen(up->password));
	free(up->host);
	free(up->user);
	free(up->password);
	for (size_t i = 0; i < up->direct_n; i++)
		rule_fini(&up->direct[i]);
	free(up->direct);
	memset(up, 0, sizeof(*up));
}

/* So that it can stand in a URL, whatever it is. */
static void add_encoded(struct strbuf *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_')
			strbuf_addc(out, *s);
		else
			strbuf_addf(out, "%%%02X", c);
	}
}

static void add_credentials(struct strbuf *out, const struct conf_upstream *up,
			    bool secrets)
{
	if (!up->user)
		return;
	if (!secrets) {
		strbuf_adds(out, "***:***@");
		return;
	}
	add_encoded(out, up->user);
	strbuf_addc(out, ':');
	add_encoded(out, up->password);
	strbuf_addc(out, '@');
}

void conf_dump_upstream(const struct conf *cf, bool secrets, struct strbuf *out)
{
	const struct conf_upstream *up = &cf->upstream;
	struct target t = { .port = up->port,
			    .is_addr = up->is_addr,
			    .addr = up->addr };
	char text[TARGET_TEXT_MAX];

	if (up->host) {
		(void)snprintf(t.host, sizeof(t.host), "%s", up->host);
		strbuf_adds(out,
			    up->tls ? "upstream https://" : "upstream http://");
		add_credentials(out, up, secrets);
		strbuf_addf(out, "%s\n", target_format(&t, text));
	} else {
		strbuf_adds(out, "# upstream: none\n");
	}
	for (size_t i = 0; i < up->direct_n; i++)
		strbuf_addf(out, "upstream direct %s\n", up->direct[i].text);
	for (size_t i = 0; i < cf->verify_cas_n; i++) {
		strbuf_adds(out, "verify-ca ");
		conf_dump_word(out, cf->verify_cas[i]);
		strbuf_addc(out, '\n');
	}
}

bool conf_same_upstream(const struct conf *a, const struct conf *b)
{
	struct strbuf as = STRBUF_INIT, bs = STRBUF_INIT;
	bool same;

	conf_dump_upstream(a, true, &as);
	conf_dump_upstream(b, true, &bs);
	same = strbuf_failed(&as) || strbuf_failed(&bs) ||
	       strcmp(as.s, bs.s) == 0;
	if (as.s)
		explicit_bzero(as.s, as.len);
	if (bs.s)
		explicit_bzero(bs.s, bs.len);
	strbuf_fini(&as);
	strbuf_fini(&bs);
	return same;
}
