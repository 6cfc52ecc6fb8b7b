/* SPDX-License-Identifier: MIT */
/*
 * common/pattern.c - patterns of host names, parsed and matched
 *
 * A pattern is what leads it ("", "*.", "**.", "."), which says how deep it
 * reaches, and a rest, which is a plain name or has wildcards inside labels.
 * A rest that no name can match is an error, so that a line that looks like a
 * rule is one.
 */
#include "common/hostname.h"

#include <string.h>

#include "common/addr.h"

/* What a pattern with BELOW must leave for one more label and its dot. */
#define BELOW_MAX (HOSTNAME_MAX - 2)

static bool is_wild(char c)
{
	return c == '*' || c == '?';
}

static bool has_wild(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_wild(s[i]))
			return true;
	return false;
}

/*
 * "10.0.*.*" and "192.168.1.?" are somebody's idea of a prefix: names do not
 * look like this, and addresses are not matched by wildcards.
 */
static bool looks_like_address(const char *s, size_t n)
{
	bool digit = false;

	for (size_t i = 0; i < n; i++) {
		if (s[i] >= '0' && s[i] <= '9')
			digit = true;
		else if (s[i] != '.' && !is_wild(s[i]))
			return false;
	}
	return digit;
}

/* The labels of a glob, as hostname_normalise() does it for a plain name. */
static enum hostname_err normalise_glob(const char *s, size_t n,
					char ret[HOSTNAME_BUFFER])
{
	char plain[HOSTNAME_BUFFER];
	enum hostname_err err;

	if (n > sizeof(plain)) /* with a trailing dot */
		return HOSTNAME_TOO_LONG;
	if (looks_like_address(s, n))
		return HOSTNAME_NUMERIC;
	/* With a letter for each wildcard (no hex digit, no 'x') it must be a
	 * name. */
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '*' && i + 1 < n && s[i + 1] == '*')
			return HOSTNAME_BAD_BYTE;
		plain[i] = is_wild(s[i]) ? 'z' : s[i];
	}
	err = hostname_normalise(plain, n, ret);
	if (err != HOSTNAME_OK)
		return err;
	for (size_t i = 0; i < n; i++)
		if (is_wild(s[i]))
			ret[i] = s[i];
	return HOSTNAME_OK;
}

static void set_hint(char *hint, const char *lead, size_t lead_n,
		     const char *name)
{
	size_t n = strlen(name);

	if (!hint || lead_n + n > HOSTNAME_MAX)
		return;
	memcpy(hint, lead, lead_n);
	memcpy(hint + lead_n, name, n + 1);
}

/* A star or two, glued to a plain name, where a dot was meant. */
static bool glued_star(const char *s, size_t n, char *hint)
{
	char name[HOSTNAME_BUFFER];
	size_t stars = 0;

	while (stars < n && s[stars] == '*')
		stars++;
	if (stars == 2 && n == 2) {
		set_hint(hint, "*", 1, "");
		return true;
	}
	if (stars < 1 || stars > 2 || stars == n || s[stars] == '-' ||
	    s[stars] == '_' ||
	    hostname_normalise(s + stars, n - stars, name) != HOSTNAME_OK)
		return false;
	set_hint(hint, stars == 1 ? "*." : "**.", stars + 1, name);
	return true;
}

/* Takes what leads the pattern off *@s. */
static enum pattern_kind take_depth(const char **s, size_t *n)
{
	size_t taken = 0;
	enum pattern_kind kind = PATTERN_EXACT;

	if (*n >= 3 && memcmp(*s, "**.", 3) == 0) {
		kind = PATTERN_AND_BELOW;
		taken = 3;
	} else if (*n >= 2 && memcmp(*s, "*.", 2) == 0) {
		kind = PATTERN_BELOW;
		taken = 2;
	} else if (*n >= 2 && (*s)[0] == '.') {
		kind = PATTERN_AND_BELOW;
		taken = 1;
	}
	*s += taken;
	*n -= taken;
	return kind;
}

enum hostname_err host_pattern_parse(const char *s, size_t n,
				     struct host_pattern *ret, char *ret_hint)
{
	struct host_pattern p = { .kind = PATTERN_ANY,
				  .glob_depth = PATTERN_ANY };
	const char *lead = s;
	char a_label[HOSTNAME_BUFFER];
	enum hostname_err err;

	if (ret_hint)
		ret_hint[0] = '\0';
	if (n == 1 && s[0] == '*') {
		*ret = p;
		return HOSTNAME_OK;
	}
	if (glued_star(s, n, ret_hint))
		return HOSTNAME_BAD_BYTE;

	p.glob_depth = take_depth(&s, &n);
	if (has_wild(s, n)) {
		p.kind = PATTERN_GLOB;
		err = normalise_glob(s, n, p.name);
	} else {
		p.kind = p.glob_depth;
		err = hostname_normalise(s, n, p.name);
	}
	if (err == HOSTNAME_EMPTY && p.glob_depth != PATTERN_EXACT)
		err = HOSTNAME_LABEL_EMPTY;
	if (err == HOSTNAME_NOT_ASCII && hostname_a_label(s, n, a_label))
		set_hint(ret_hint, lead, (size_t)(s - lead), a_label);
	if (err != HOSTNAME_OK)
		return err;
	if (p.glob_depth == PATTERN_BELOW && strlen(p.name) > BELOW_MAX)
		return HOSTNAME_TOO_LONG;
	*ret = p;
	return HOSTNAME_OK;
}

/*
 * One label against one of a glob. A star is retried with one byte more each
 * time what follows it fails; only the last star has to be, so that the work
 * is bounded by the product of the two lengths.
 */
static bool label_match(const char *glob, size_t glob_n, const char *s,
			size_t n)
{
	size_t g = 0, i = 0, star = glob_n, retry = 0;

	while (i < n) {
		if (g < glob_n && glob[g] == '*') {
			star = g++;
			retry = i;
		} else if (g < glob_n && (glob[g] == '?' || glob[g] == s[i])) {
			g++;
			i++;
		} else if (star < glob_n) {
			g = star + 1;
			i = ++retry;
		} else {
			return false;
		}
	}
	while (g < glob_n && glob[g] == '*')
		g++;
	return g == glob_n;
}

/* Label by label from the right; @depth says what may be left of @name. */
static bool glob_match(const char *glob, const char *name,
		       enum pattern_kind depth)
{
	size_t g_end = strlen(glob), n_end = strlen(name);

	for (;;) {
		size_t g = g_end, n = n_end;

		while (g > 0 && glob[g - 1] != '.')
			g--;
		while (n > 0 && name[n - 1] != '.')
			n--;
		if (!label_match(glob + g, g_end - g, name + n, n_end - n))
			return false;
		if (g == 0)
			return n == 0 ? depth != PATTERN_BELOW
				      : depth != PATTERN_EXACT;
		if (n == 0)
			return false;
		g_end = g - 1;
		n_end = n - 1;
	}
}

static bool is_below(const char *name, const char *parent)
{
	size_t n = strlen(name), parent_n = strlen(parent);

	return n > parent_n + 1 && name[n - parent_n - 1] == '.' &&
	       memcmp(name + n - parent_n, parent, parent_n) == 0;
}

bool host_pattern_match(const struct host_pattern *p, const char *name)
{
	if (strchr(name, ':') || addr_text_is_numeric(name, strlen(name)))
		return false;
	switch (p->kind) {
	case PATTERN_EXACT:
		return strcmp(name, p->name) == 0;
	case PATTERN_BELOW:
		return is_below(name, p->name);
	case PATTERN_AND_BELOW:
		return strcmp(name, p->name) == 0 || is_below(name, p->name);
	case PATTERN_GLOB:
		return glob_match(p->name, name, p->glob_depth);
	case PATTERN_ANY:
		return true;
	}
	return false;
}
