/* SPDX-License-Identifier: MIT */
/*
 * common/conf_block.c - statements, `profile NAME {` and `credential NAME {`
 *
 * In:         the text of one file or preset
 * Out:        each statement handed to its directive, in the right scope, or
 *             to its credential
 * States:     depth 0 (top level, or the profile that a preset stands in) ->
 *             1 in a block -> more: only after an error, so that the closing
 *             braces still pair up
 * Invariants: a block ends in the text that opened it
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"

#define PROFILE_NAME_MAX 64

/**
 * struct blocks - what is open in this text
 * @opened: the word that opened the outermost block
 * @skip: what a credential that is wrong itself holds is not looked at
 * @closed_line: line of the last closing brace; 0: none
 */
struct blocks {
	size_t depth;
	struct conf_word opened;
	bool skip;
	uint32_t closed_line;
};

struct conf_loc conf_word_loc(const struct conf_parser *ps,
			      const struct conf_word *w)
{
	return (struct conf_loc){ ps->file, w->line, w->column };
}

struct conf_rules *conf_scope(struct conf_parser *ps)
{
	if (ps->in_discard)
		return &ps->discard;
	if (ps->profile > 0)
		return &ps->cf->profiles[ps->profile - 1].rules;
	return &ps->cf->top;
}

static bool name_is_good(const struct conf_word *w)
{
	if (w->n == 0 || w->n > PROFILE_NAME_MAX)
		return false;
	for (size_t i = 0; i < w->n; i++) {
		char c = w->s[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');

		if (!alnum && (i == 0 || !strchr("-_.", c) || c == 0))
			return false;
	}
	return true;
}

/* Makes the profile that @w names current. Return: 0, -EINVAL, -ENOMEM. */
static int add_profile(struct conf_parser *ps, const struct conf_word *w)
{
	struct conf *cf = ps->cf;
	const struct conf_profile *same;
	struct conf_profile *grown;
	char shown[CONF_SHOWN_MAX];
	char *name;

	if (!name_is_good(w)) {
		conf_error(ps, w,
			   "'%s' is no name for a profile: up to %d letters, "
			   "digits, '-', '_' and '.' are",
			   conf_show(w->s, w->n, shown), PROFILE_NAME_MAX);
		return -EINVAL;
	}
	name = strndup(w->s, w->n);
	if (!name)
		return -ENOMEM;
	same = conf_profile(cf, name);
	if (same) {
		conf_error(ps, w, "duplicate: profile '%s' is at %s:%" PRIu32,
			   name, cf->files[same->loc.file], same->loc.line);
		free(name);
		return -EINVAL;
	}
	grown = conf_grow(cf->profiles, cf->profiles_n, sizeof(*grown));
	if (!grown) {
		free(name);
		return -ENOMEM;
	}
	cf->profiles = grown;
	cf->profiles[cf->profiles_n++] = (struct conf_profile){
		.name = name,
		.loc = conf_word_loc(ps, w),
	};
	ps->profile = cf->profiles_n;
	ps->profile_mode.root = ps->profile_running.root = 0;
	return 0;
}

/* Return: 0; -EINVAL after an error; -ENOMEM. */
static int begin_block(struct conf_parser *ps, const struct blocks *b,
		       const struct conf_statement *st, bool is_profile)
{
	const char *what = is_profile ? "profile" : "credential";

	if (b->depth > 0)
		conf_error(ps, &st->words[0],
			   "a %s cannot stand inside another block", what);
	else if (st->n != 2)
		conf_error(ps, &st->words[0], "expected: %s NAME { ... }",
			   what);
	else
		return is_profile ? add_profile(ps, &st->words[1])
				  : conf_credential_open(ps, &st->words[1]);
	return -EINVAL;
}

static int open_block(struct conf_parser *ps, struct blocks *b,
		      struct conf_lexer *lx, const struct conf_statement *st)
{
	bool is_profile = st->n > 0 && conf_word_is(&st->words[0], "profile");
	bool is_credential =
		st->n > 0 && conf_word_is(&st->words[0], "credential");
	int r;

	if ((!is_profile && !is_credential) || ps->in_preset) {
		conf_error(ps, &st->at,
			   "stray brace: only 'profile NAME {' and 'credential "
			   "NAME {' open a block; a brace that belongs to a "
			   "word needs quotes");
		conf_lexer_skip_line(lx);
		return 0;
	}
	r = begin_block(ps, b, st, is_profile);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		ps->in_discard = true;
		b->skip |= is_credential || ps->credential > 0;
	}
	if (b->depth++ == 0)
		b->opened = st->words[0];
	lx->in_braces = true;
	return 0;
}

static void end_block(struct conf_parser *ps, struct blocks *b)
{
	ps->profile = ps->credential = 0;
	ps->in_discard = b->skip = false;
}

static void close_block(struct conf_parser *ps, struct blocks *b,
			struct conf_lexer *lx, const struct conf_statement *st)
{
	if (b->depth == 0) {
		conf_error(ps, &st->at, "stray brace: no block is open");
		return;
	}
	if (--b->depth > 0)
		return;
	if (ps->credential > 0 && !ps->in_discard)
		conf_credential_close(ps);
	end_block(ps, b);
	lx->in_braces = false;
	b->closed_line = st->at.line;
}

/* After a closing brace only a comment may follow on the line. */
static bool follows_block(struct conf_parser *ps, struct blocks *b,
			  struct conf_lexer *lx,
			  const struct conf_statement *st)
{
	const struct conf_word *first = st->n > 0 ? &st->words[0] : &st->at;

	if (b->depth > 0 || b->closed_line != first->line || first->n == 0)
		return false;
	conf_error(ps, first, "expected the end of the line after '}'");
	if (st->end != CONF_END_LINE && st->end != CONF_END_TEXT)
		conf_lexer_skip_line(lx);
	return true;
}

static int statement(struct conf_parser *ps, struct blocks *b,
		     struct conf_lexer *lx, const struct conf_statement *st)
{
	int r = 0;

	if (st->end == CONF_END_ERROR) {
		conf_error(ps, &st->at, "%s", st->error);
		return 0;
	}
	if (follows_block(ps, b, lx, st))
		return 0;
	if (st->end == CONF_END_OPEN)
		return open_block(ps, b, lx, st);
	if (st->n > 0 && !b->skip)
		r = ps->credential > 0 && !ps->in_discard
			    ? conf_credential_line(ps, st->words, st->n)
			    : conf_directive(ps, st->words, st->n);
	if (st->end == CONF_END_CLOSE)
		close_block(ps, b, lx, st);
	return r;
}

int conf_parse_text(struct conf_parser *ps, char *text, size_t n)
{
	struct conf_statement st = { .words = NULL };
	struct blocks b = { .depth = 0 };
	struct conf_lexer lx;
	int r;

	conf_lexer_init(&lx, text, n);
	do {
		r = conf_lexer_next(&lx, &st);
		if (r == 0)
			r = statement(ps, &b, &lx, &st);
	} while (r == 0 && !ps->nomem && st.end != CONF_END_TEXT);
	if (b.depth > 0) {
		conf_error(ps, &b.opened,
			   "the block is not closed: expected '}'");
		end_block(ps, &b);
	}
	free(st.words);
	return ps->nomem ? -ENOMEM : r;
}
