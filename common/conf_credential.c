/* SPDX-License-Identifier: MIT */
/*
 * common/conf_credential.c - credential NAME { ... }
 *
 * In:         the statements of a block, from conf_block.c
 * Out:        struct conf_credential, complete, or errors
 * Invariants: what stands behind `from` and in a header's value is never shown
 *             in an error: somebody may have written the secret itself there
 * References: RFC 9110 sections 5.1, 5.5 and 5.6.2; section 7.6.1 for fields
 *             that are about one connection only
 */
#include "common/conf_credential.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/conf.h"
#include "common/conf_priv.h"
#include "common/conf_rules.h"

#define EXPECTED_FROM                                                          \
	"expected: from env NAME, from file PATH or from command CMD..."

/* In the order of enum conf_from. */
static const char *const from_names[] = { NULL, "env", "file", "command" };

const char *conf_from_name(enum conf_from from)
{
	return from_names[from];
}

static struct conf_credential *current(struct conf_parser *ps)
{
	return &ps->cf->credentials[ps->credential - 1];
}

/* An error at @w that does not tell what is there. */
static void hidden_error(struct conf_parser *ps, const struct conf_word *w,
			 const char *text)
{
	const struct conf_word place = { "***", 3, w->line, w->column };

	conf_error(ps, &place, "%s", text);
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool is_name(const struct conf_word *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (!is_alnum(w->s[i]) && w->s[i] != '-' && w->s[i] != '_')
			return false;
	return w->n > 0 && w->n <= CONF_CREDENTIAL_NAME_MAX;
}

static bool is_variable(const struct conf_word *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (!is_alnum(w->s[i]) && w->s[i] != '_')
			return false;
	return w->n > 0 && w->n <= CONF_CREDENTIAL_VAR_MAX &&
	       (w->s[0] < '0' || w->s[0] > '9');
}

static bool is_token(const struct conf_word *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (!is_alnum(w->s[i]) &&
		    (w->s[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", w->s[i])))
			return false;
	return w->n > 0 && w->n <= CONF_CREDENTIAL_HEADER_MAX;
}

/* Fields that say what the request is, or are between two hops only. */
static bool is_reserved(const struct conf_word *w)
{
	static const char proxy[] = "proxy-";
	static const char *const names[] = {
		"host", "content-length", "transfer-encoding", "connection",
		"te",	"trailer",	  "upgrade",	       "keep-alive",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == w->n &&
		    strncasecmp(names[i], w->s, w->n) == 0)
			return true;
	return w->n >= sizeof(proxy) - 1 &&
	       strncasecmp(proxy, w->s, sizeof(proxy) - 1) == 0;
}

static bool said_before(struct conf_parser *ps, const struct conf_word *w,
			bool said)
{
	char shown[CONF_SHOWN_MAX];

	if (said)
		conf_error(ps, w,
			   "duplicate: '%s' stands in this block already",
			   conf_show(w->s, w->n, shown));
	return said;
}

/* Return: NULL, or what is wrong with the words behind `from KIND`. */
static const char *check_from(enum conf_from from, const struct conf_word *w,
			      size_t n)
{
	const char *slash = w->n > 0 ? memchr(w->s, '/', w->n) : NULL;

	for (size_t i = 0; i < n; i++)
		if (w[i].n > CONF_CREDENTIAL_WORD_MAX)
			return "a word is longer than 4095 bytes";
	if (from == CONF_FROM_ENV && (n != 1 || !is_variable(w)))
		return "'from env' takes the name of one variable: letters, "
		       "digits and '_'";
	if (from == CONF_FROM_FILE &&
	    (n != 1 || !slash ||
	     (slash != w->s && (slash != w->s + 1 || w->s[0] != '~'))))
		return "'from file' takes one path, absolute or below ~/";
	if (from == CONF_FROM_COMMAND && n > CONF_CREDENTIAL_WORDS_MAX)
		return "a command has 32 words at most";
	if (from == CONF_FROM_COMMAND &&
	    (w->n == 0 || (slash && slash != w->s)))
		return "a command is an absolute path, or a name without '/' "
		       "that is looked for in the system's folders";
	return NULL;
}

static int set_from(struct conf_parser *ps, const struct conf_word *w, size_t n)
{
	struct conf_credential *c = current(ps);
	enum conf_from from = CONF_FROM_NOWHERE;
	const char *wrong = EXPECTED_FROM;

	if (said_before(ps, &w[0], c->from != CONF_FROM_NOWHERE))
		return 0;
	for (size_t i = CONF_FROM_ENV; n > 2 && i < ARRAY_SIZE(from_names); i++)
		if (conf_word_is(&w[1], from_names[i]))
			from = (enum conf_from)i;
	if (from != CONF_FROM_NOWHERE)
		wrong = check_from(from, &w[2], n - 2);
	if (wrong) {
		hidden_error(ps, &w[n > 2 ? 2 : n - 1], wrong);
		return 0;
	}
	c->words = calloc(n - 2 + 1, sizeof(*c->words));
	if (!c->words)
		return -ENOMEM;
	c->from = from;
	for (size_t i = 2; i < n; i++) {
		c->words[i - 2] = strndup(w[i].s, w[i].n);
		if (!c->words[i - 2])
			return -ENOMEM;
	}
	return 0;
}

static bool starts_with(const struct conf_word *w, const char *s)
{
	return w->n >= strlen(s) && strncasecmp(w->s, s, strlen(s)) == 0;
}

/* What stands against @r, which is well formed, or NULL. */
static const char *not_one_host(const struct rule *r)
{
	const struct port_set *ports = rule_ports(r);
	bool one = r->is_cidr ? rule_cidr(r)->bits ==
					(rule_cidr(r)->base.family == AF_INET
						 ? 32
						 : 128)
			      : r->kind == PATTERN_EXACT;

	if (!one)
		return "is more than one host: a credential goes to hosts that "
		       "are named one by one";
	if (ports &&
	    (ports->n != 1 || ports->range[0].first != ports->range[0].last))
		return "is more than one port: write one, or none for 443";
	return NULL;
}

static int set_target(struct conf_parser *ps, const struct conf_word *w)
{
	struct conf_credential *c = current(ps);
	const char *wrong = NULL;
	char shown[CONF_SHOWN_MAX];

	if (starts_with(w, "http://") || starts_with(w, "ws://"))
		wrong = "is not https: a credential is sent over TLS only, to "
			"a server whose certificate is good";
	else if (!starts_with(w, "https://"))
		wrong = "is no target: expected https://HOST[:PORT][/PATH]";
	else if (c->targets_n == CONF_CREDENTIAL_TARGETS_MAX)
		wrong = "is one target too many: 32 are possible";
	if (!wrong)
		return conf_add_inspect(ps, w, not_one_host, &c->targets,
					&c->targets_n);
	conf_error(ps, w, "'%s' %s", conf_show(w->s, w->n, shown), wrong);
	return 0;
}

static int set_for(struct conf_parser *ps, const struct conf_word *w, size_t n)
{
	int r = 0;

	if (n < 2)
		conf_error(ps, &w[0],
			   "expected: for https://HOST[:PORT][/PATH]...");
	for (size_t i = 1; i < n && r == 0; i++)
		r = set_target(ps, &w[i]);
	return r;
}

/* Return: NULL, or what is wrong with a header's value. */
static const char *check_value(const struct conf_word *w)
{
	const char *hole = w->n > 1 ? memmem(w->s, w->n, "{}", 2) : NULL;
	const char *end = w->s + w->n;

	if (w->n > CONF_CREDENTIAL_VALUE_MAX)
		return "the header's value is longer than 1024 bytes";
	if (!hole || memmem(hole + 2, (size_t)(end - hole - 2), "{}", 2))
		return "the header's value needs exactly one {}, in quotes, "
		       "where the secret goes";
	for (size_t i = 0; i < w->n; i++)
		if (w->s[i] < ' ' || w->s[i] > '~')
			return "the header's value has a byte that is not "
			       "printable ASCII";
	if (w->s[0] == ' ' || end[-1] == ' ')
		return "the header's value has a blank at its start or end";
	return NULL;
}

static int set_header(struct conf_parser *ps, const struct conf_word *w,
		      size_t n)
{
	struct conf_credential *c = current(ps);
	char shown[CONF_SHOWN_MAX];
	const char *wrong;

	if (said_before(ps, &w[0], c->header != NULL))
		return 0;
	if (n != 3) {
		hidden_error(ps, &w[n - 1],
			     "expected: header NAME \"VALUE with {}\"");
		return 0;
	}
	conf_show(w[1].s, w[1].n, shown);
	if (!is_token(&w[1])) {
		conf_error(ps, &w[1], "'%s' is no name of a header", shown);
		return 0;
	}
	if (is_reserved(&w[1])) {
		conf_error(ps, &w[1],
			   "the header '%s' is netleash's own to set", shown);
		return 0;
	}
	wrong = check_value(&w[2]);
	if (wrong) {
		hidden_error(ps, &w[2], wrong);
		return 0;
	}
	c->header = strndup(w[1].s, w[1].n);
	c->value = strndup(w[2].s, w[2].n);
	return c->header && c->value ? 0 : -ENOMEM;
}

/* The other credential that sets this variable, or NULL. */
static const struct conf_credential *sets_too(const struct conf_parser *ps,
					      const struct conf_word *w)
{
	for (size_t i = 0; i + 1 < ps->credential; i++) {
		const struct conf_credential *c = &ps->cf->credentials[i];

		if (c->placeholder && conf_word_is(w, c->placeholder))
			return c;
	}
	return NULL;
}

static int set_placeholder(struct conf_parser *ps, const struct conf_word *w,
			   size_t n)
{
	struct conf_credential *c = current(ps);
	const struct conf_credential *other;
	char shown[CONF_SHOWN_MAX];

	if (said_before(ps, &w[0], c->placeholder || c->placeholder_none))
		return 0;
	if (n == 2 && conf_word_is(&w[1], "none")) {
		c->placeholder_none = true;
		return 0;
	}
	if (n != 2 || !is_variable(&w[1])) {
		conf_error(ps, &w[n - 1],
			   "'%s': expected placeholder NAME, a variable that "
			   "the command gets, or placeholder none",
			   conf_show(w[n - 1].s, w[n - 1].n, shown));
		return 0;
	}
	other = sets_too(ps, &w[1]);
	if (other) {
		conf_error(ps, &w[1],
			   "the variable '%s' is the placeholder of credential "
			   "'%s' already",
			   conf_show(w[1].s, w[1].n, shown), other->name);
		return 0;
	}
	c->placeholder = strndup(w[1].s, w[1].n);
	return c->placeholder ? 0 : -ENOMEM;
}

int conf_credential_line(struct conf_parser *ps, const struct conf_word *w,
			 size_t n)
{
	static const char *const names[] = { "from", "for", "header",
					     "placeholder" };
	static int (*const setters[])(
		struct conf_parser * ps, const struct conf_word *w,
		size_t n) = { set_from, set_for, set_header, set_placeholder };
	char shown[CONF_SHOWN_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (conf_word_is(&w[0], names[i]))
			return setters[i](ps, w, n);
	conf_error(ps, &w[0],
		   "'%s': a credential has from, for, header and placeholder",
		   conf_show(w[0].s, w[0].n, shown));
	return 0;
}

/* The name of a block. Return: false after an error. */
static bool check_name(struct conf_parser *ps, const struct conf_word *w)
{
	const struct conf *cf = ps->cf;
	char shown[CONF_SHOWN_MAX];

	conf_show(w->s, w->n, shown);
	if (!is_name(w)) {
		conf_error(ps, w,
			   "'%s' is no name for a credential: up to %d "
			   "letters, digits, '-' and '_' are",
			   shown, CONF_CREDENTIAL_NAME_MAX);
		return false;
	}
	for (size_t i = 0; i < cf->credentials_n; i++) {
		const struct conf_credential *c = &cf->credentials[i];

		if (!conf_word_is(w, c->name))
			continue;
		conf_error(ps, w,
			   "duplicate: credential '%s' is at %s:%" PRIu32,
			   shown, cf->files[c->loc.file], c->loc.line);
		return false;
	}
	if (cf->credentials_n == CONF_CREDENTIALS_MAX)
		conf_error(ps, w, "more than %d credentials",
			   CONF_CREDENTIALS_MAX);
	return cf->credentials_n < CONF_CREDENTIALS_MAX;
}

int conf_credential_open(struct conf_parser *ps, const struct conf_word *name)
{
	struct conf *cf = ps->cf;
	struct conf_credential c = { .from = CONF_FROM_NOWHERE }, *grown;

	if (!check_name(ps, name))
		return -EINVAL;
	grown = conf_grow(cf->credentials, cf->credentials_n, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	cf->credentials = grown;
	c.name = strndup(name->s, name->n);
	if (!c.name)
		return -ENOMEM;
	c.loc = conf_word_loc(ps, name);
	grown[cf->credentials_n++] = c;
	ps->credential = cf->credentials_n;
	return 0;
}

void conf_credential_close(struct conf_parser *ps)
{
	const struct conf_credential *c = current(ps);
	const struct conf_word place = { c->name, strlen(c->name), c->loc.line,
					 c->loc.column };

	if (c->from == CONF_FROM_NOWHERE)
		conf_error(ps, &place, "it comes from nowhere: " EXPECTED_FROM);
	if (c->targets_n == 0)
		conf_error(ps, &place,
			   "it is for no host: expected: for "
			   "https://HOST[:PORT][/PATH]...");
	if (!c->header && !c->placeholder)
		conf_error(ps, &place,
			   "it is not used: expected: header NAME \"VALUE with "
			   "{}\", placeholder NAME, or both");
	ps->credential = 0;
}

/* conf_block.c takes the right form; what comes here has no brace. */
int conf_set_credential(struct conf_parser *ps, const struct conf_word *w,
			size_t n)
{
	hidden_error(ps, &w[n - 1],
		     "expected '{' after the name, in this line");
	return 0;
}
