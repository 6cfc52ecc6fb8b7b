/* SPDX-License-Identifier: MIT */
/*
 * common/conf_permit.c - who may have the daemon run what
 *
 * Invariants: nobody may anything that no line says; what several lines say
 *             of one caller is not put together, so that each can be read alone
 */
#include "common/conf_permit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/conf_priv.h"

#define PREFIX_USER  "user:"
#define PREFIX_GROUP "group:"

/* Return: how much of @w is a prefix. */
static size_t parse_kind(const struct conf_word *w, enum conf_who *ret)
{
	const struct {
		const char *text;
		enum conf_who who;
	} prefixes[] = {
		{ PREFIX_USER, CONF_WHO_USER },
		{ PREFIX_GROUP, CONF_WHO_GROUP },
	};

	*ret = conf_word_is(w, "*") ? CONF_WHO_ALL : CONF_WHO_EITHER;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i].text);

		if (w->n < n || memcmp(w->s, prefixes[i].text, n) != 0)
			continue;
		*ret = prefixes[i].who;
		return n;
	}
	return 0;
}

/* passwd(5) keeps ':' to itself; of the rest services allow nearly all. */
static bool is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f || s[i] == ':')
			return false;
	return n > 0 && n <= CONF_WHO_MAX;
}

static int parse_who(struct conf_parser *ps, const struct conf_word *w,
		     struct conf_permit *p)
{
	const size_t skip = parse_kind(w, &p->who);
	char shown[CONF_SHOWN_MAX];

	if (!is_name(w->s + skip, w->n - skip)) {
		conf_error(ps, w,
			   "'%s' is no name of a user or group: expected NAME, "
			   "user:NAME, group:NAME or *",
			   conf_show(w->s, w->n, shown));
		return 0;
	}
	p->name = strndup(w->s + skip, w->n - skip);
	return p->name ? 0 : -ENOMEM;
}

static bool is_flag(const struct conf_word *w)
{
	return conf_word_is(w, "custom") || conf_word_is(w, "online") ||
	       conf_word_is(w, "profile");
}

/* The names after `profile`. Return: how many words, or -ENOMEM. */
static int parse_profiles(struct conf_parser *ps, const struct conf_word *w,
			  size_t n, struct conf_permit *p)
{
	size_t names_n = 0;

	while (names_n < n && !is_flag(&w[names_n]))
		names_n++;
	if (names_n == 0) {
		conf_error(ps, w - 1,
			   "'profile' needs a name: expected profile NAME... "
			   "or profile *");
		return 0;
	}
	p->profiles = calloc(names_n + 1, sizeof(*p->profiles));
	if (!p->profiles)
		return -ENOMEM;
	for (size_t i = 0; i < names_n; i++) {
		if (conf_word_is(&w[i], "*"))
			p->any_profile = true;
		p->profiles[i] = strndup(w[i].s, w[i].n);
		if (!p->profiles[i])
			return -ENOMEM;
	}
	return (int)names_n;
}

static int parse_rest(struct conf_parser *ps, const struct conf_word *w,
		      size_t n, struct conf_permit *p)
{
	char shown[CONF_SHOWN_MAX];

	for (size_t i = 0; i < n; i++) {
		int used = 0;

		if (conf_word_is(&w[i], "custom") && !p->custom)
			p->custom = true;
		else if (conf_word_is(&w[i], "online") && !p->online)
			p->online = true;
		else if (conf_word_is(&w[i], "profile") && !p->profiles)
			used = parse_profiles(ps, &w[i] + 1, n - i - 1, p);
		else
			conf_error(ps, &w[i],
				   "'%s': expected profile NAME..., custom or "
				   "online, each once",
				   conf_show(w[i].s, w[i].n, shown));
		if (used < 0)
			return used;
		i += (size_t)used;
	}
	return 0;
}

static void permit_fini(struct conf_permit *p)
{
	for (size_t i = 0; p->profiles && p->profiles[i]; i++)
		free(p->profiles[i]);
	free(p->profiles);
	free(p->name);
}

int conf_set_permit(struct conf_parser *ps, const struct conf_word *w, size_t n)
{
	const struct conf_loc loc = conf_word_loc(ps, &w[0]);
	struct conf_permit p = { .name = NULL }, *grown;
	struct conf *cf = ps->cf;
	int r;

	p.loc_file = loc.file;
	p.line = loc.line;
	p.column = loc.column;
	r = parse_who(ps, &w[0], &p);
	if (r == 0)
		r = parse_rest(ps, w + 1, n - 1, &p);
	grown = r == 0 ? conf_grow(cf->permits, cf->permits_n, sizeof(*grown))
		       : NULL;
	if (!grown) {
		permit_fini(&p);
		return -ENOMEM;
	}
	cf->permits = grown;
	grown[cf->permits_n++] = p;
	return 0;
}

/* Profiles may stand behind the line that names them. */
void conf_check_permits(struct conf_parser *ps)
{
	const struct conf *cf = ps->cf;

	for (size_t i = 0; i < cf->permits_n; i++) {
		const struct conf_permit *p = &cf->permits[i];
		const struct conf_word place = { "", 0, p->line, p->column };

		ps->file = p->loc_file;
		for (size_t k = 0; p->profiles && p->profiles[k]; k++)
			if (strcmp(p->profiles[k], "*") != 0 &&
			    !conf_profile(cf, p->profiles[k]))
				conf_error(ps, &place,
					   "permit: there is no profile '%s'",
					   p->profiles[k]);
	}
}

void conf_permits_fini(struct conf *cf)
{
	for (size_t i = 0; i < cf->permits_n; i++)
		permit_fini(&cf->permits[i]);
	free(cf->permits);
}

void conf_dump_permits(const struct conf *cf, struct strbuf *out)
{
	for (size_t i = 0; i < cf->permits_n; i++) {
		const struct conf_permit *p = &cf->permits[i];

		strbuf_addf(out, "permit %s",
			    p->who == CONF_WHO_USER    ? PREFIX_USER
			    : p->who == CONF_WHO_GROUP ? PREFIX_GROUP
						       : "");
		conf_dump_word(out, p->name);
		for (size_t k = 0; p->profiles && p->profiles[k]; k++) {
			strbuf_adds(out, k == 0 ? " profile " : " ");
			conf_dump_word(out, p->profiles[k]);
		}
		strbuf_addf(out, "%s%s\n", p->custom ? " custom" : "",
			    p->online ? " online" : "");
	}
}

static bool is_meant(const struct conf_permit *p, const struct conf_asker *a)
{
	if (p->who == CONF_WHO_ALL)
		return true;
	if (p->who != CONF_WHO_GROUP && strcmp(p->name, a->user) == 0)
		return true;
	for (size_t i = 0; p->who != CONF_WHO_USER && i < a->groups_n; i++)
		if (strcmp(p->name, a->groups[i]) == 0)
			return true;
	return false;
}

static bool has_profile(const struct conf_permit *p, const char *name)
{
	if (p->any_profile)
		return true;
	if (!name)
		return !p->profiles;
	for (size_t i = 0; p->profiles && p->profiles[i]; i++)
		if (strcmp(p->profiles[i], name) == 0)
			return true;
	return false;
}

/* The profiles of every line that means him, for the sentence. */
static void list_profiles(const struct conf *cf, const struct conf_asker *a,
			  char *why, size_t size)
{
	size_t at = strlen(why);
	const char *before = "; permitted: ";

	for (size_t i = 0; i < cf->permits_n; i++) {
		const struct conf_permit *p = &cf->permits[i];

		for (size_t k = 0;
		     is_meant(p, a) && p->profiles && p->profiles[k]; k++) {
			int n = snprintf(why + at, size - at, "%s%s", before,
					 p->profiles[k]);

			if (n < 0 || (size_t)n >= size - at)
				return;
			at += (size_t)n;
			before = ", ";
		}
	}
}

bool conf_permits_any(const struct conf *cf, const struct conf_asker *asker,
		      char *why, size_t size)
{
	for (size_t i = 0; i < cf->permits_n; i++)
		if (is_meant(&cf->permits[i], asker))
			return true;
	(void)snprintf(why, size,
		       "no 'permit' line of the daemon's conf names %s or a "
		       "group of his; 'permit %s' would allow this",
		       asker->user, asker->user);
	return false;
}

bool conf_permits(const struct conf *cf, const struct conf_asker *asker,
		  char *why, size_t size)
{
	bool profile = false, custom = false, online = false;

	if (!conf_permits_any(cf, asker, why, size))
		return false;
	for (size_t i = 0; i < cf->permits_n; i++) {
		const struct conf_permit *p = &cf->permits[i];

		if (!is_meant(p, asker))
			continue;
		if (!has_profile(p, asker->profile))
			continue;
		profile = true;
		custom |= p->custom;
		online |= p->online;
		if ((p->custom || !asker->custom) &&
		    (p->online || !asker->online))
			return true;
	}
	if (!profile) {
		(void)snprintf(why, size,
			       "%s is not permitted %s%s by the daemon's conf",
			       asker->user,
			       asker->profile ? "the profile "
					      : "a run without a profile",
			       asker->profile ? asker->profile : "");
		list_profiles(cf, asker, why, size);
	} else {
		(void)snprintf(why, size,
			       "%s is not permitted %s by the daemon's conf: "
			       "the word '%s' in his 'permit' line allows it",
			       asker->user,
			       asker->custom && !custom
				       ? "rules of his own (-a and -d)"
			       : asker->online && !online ? "--online"
							  : "both in one run",
			       asker->custom && !custom	  ? "custom"
			       : asker->online && !online ? "online"
							  : "custom online");
	}
	return false;
}
