/* SPDX-License-Identifier: MIT */
/*
 * common/conf_permit.h - who may have the daemon run what
 *
 * `permit WHO [profile NAME...] [custom] [online]` of netleash.conf(5), as
 * data, and the answer that the lines give together. Pure.
 */
#ifndef NETLEASH_COMMON_CONF_PERMIT_H
#define NETLEASH_COMMON_CONF_PERMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct conf_parser;
struct conf_word;
struct strbuf;

enum conf_who {
	CONF_WHO_EITHER, /* a user or a group of that name */
	CONF_WHO_USER,
	CONF_WHO_GROUP,
	CONF_WHO_ALL
};

#define CONF_WHO_MAX 63 /* bytes of a name */

/**
 * struct conf_permit - one line
 * @name:     of whom; "*" for all
 * @loc_file, @line, @column: of that word, as struct conf_loc
 * @profiles: NULL-terminated; NULL: the top level's rules only
 * @any_profile: every one, and none
 * @custom:   rules of his own too
 */
struct conf_permit {
	enum conf_who who;
	char *name;
	char **profiles;
	uint32_t loc_file, line, column;
	bool any_profile, custom, online;
};

/**
 * struct conf_asker - who asks, and for what
 * @groups: names of all his groups, @groups_n
 * @profile: or NULL
 * @custom: he brings rules
 */
struct conf_asker {
	const char *user;
	const char *const *groups;
	size_t groups_n;
	const char *profile;
	bool custom, online;
};

/* One line has to permit all of it. Return: false with a sentence in @why. */
bool conf_permits(const struct conf *cf, const struct conf_asker *asker,
		  char *why, size_t size);

/* Is there a line that means him? Of @asker only the names count. Return: false
 * with a sentence in @why. */
bool conf_permits_any(const struct conf *cf, const struct conf_asker *asker,
		      char *why, size_t size);

/* conf_set_fn of the directive; what parsing needs besides. */
int conf_set_permit(struct conf_parser *ps, const struct conf_word *w,
		    size_t n);
void conf_check_permits(struct conf_parser *ps);
void conf_permits_fini(struct conf *cf);
void conf_dump_permits(const struct conf *cf, struct strbuf *out);

#endif
