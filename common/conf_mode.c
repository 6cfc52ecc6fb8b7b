/* SPDX-License-Identifier: MIT */
/*
 * common/conf_mode.c - choices that the top level and each profile may make
 */
#include "common/conf_priv.h"

int conf_set_mode(struct conf_parser *ps, const struct conf_word *w, size_t n)
{
	struct conf_seen *seen = ps->profile ? &ps->profile_mode : &ps->mode;
	char shown[CONF_SHOWN_MAX];
	enum conf_mode mode;

	(void)n;
	if (!ps->in_discard && conf_repeated(ps, seen, w))
		return 0;
	if (conf_word_is(w, "full")) {
		mode = CONF_MODE_FULL;
	} else if (conf_word_is(w, "limited")) {
		mode = CONF_MODE_LIMITED;
	} else {
		conf_error(ps, w, "'%s' is no mode: expected full or limited",
			   conf_show(w->s, w->n, shown));
		return 0;
	}
	conf_scope(ps)->mode = mode;
	return 0;
}

int conf_set_running(struct conf_parser *ps, const struct conf_word *w,
		     size_t n)
{
	struct conf_seen *seen =
		ps->profile ? &ps->profile_running : &ps->running;
	char shown[CONF_SHOWN_MAX];

	(void)n;
	if (!ps->in_discard && conf_repeated(ps, seen, w))
		return 0;
	if (conf_word_is(w, "keep"))
		conf_scope(ps)->running = CONF_RUNNING_KEEP;
	else if (conf_word_is(w, "follow"))
		conf_scope(ps)->running = CONF_RUNNING_FOLLOW;
	else
		conf_error(ps, w, "'%s': expected keep or follow",
			   conf_show(w->s, w->n, shown));
	return 0;
}
