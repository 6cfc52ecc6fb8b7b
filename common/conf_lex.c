/* SPDX-License-Identifier: MIT */
/*
 * common/conf_lex.c - cut the text of a conf into words and statements
 *
 * In:         bytes, any bytes
 * Out:        one statement a call: its words, and what ended it
 * Invariants: @pos only grows; a word never crosses a line; a statement with
 *             an error takes its whole line with it, so that one slip is one
 *             message
 */
#include "common/conf_lex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"

void conf_lexer_init(struct conf_lexer *lx, char *text, size_t n)
{
	memset(lx, 0, sizeof(*lx));
	lx->text = text;
	lx->n = n;
	lx->line = 1;
	/* Editors hide a byte order mark, so columns count from after it. */
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		lx->pos = lx->line_start = 3;
}

/* Length of the line end at @pos: "\n", "\r\n", "\r" as the last byte. */
static size_t line_end(const struct conf_lexer *lx, size_t pos)
{
	if (pos >= lx->n)
		return 0;
	if (lx->text[pos] == '\n')
		return 1;
	if (lx->text[pos] != '\r')
		return 0;
	if (pos + 1 == lx->n)
		return 1;
	return lx->text[pos + 1] == '\n' ? 2 : 0;
}

static void next_line(struct conf_lexer *lx, size_t end)
{
	lx->pos += end;
	lx->line_start = lx->pos;
	lx->line++;
}

void conf_lexer_skip_line(struct conf_lexer *lx)
{
	while (lx->pos < lx->n && line_end(lx, lx->pos) == 0)
		lx->pos++;
	if (lx->pos < lx->n)
		next_line(lx, line_end(lx, lx->pos));
}

static struct conf_word place(const struct conf_lexer *lx, size_t pos, size_t n)
{
	return (struct conf_word){
		.s = lx->text + pos,
		.n = n,
		.line = lx->line,
		.column = (uint32_t)(pos - lx->line_start + 1),
	};
}

/* Control bytes other than a tab have no business in a conf. */
static const char *bad_byte(char c)
{
	unsigned char b = (unsigned char)c;

	if (b == 0)
		return "a NUL byte cannot stand in a conf";
	if ((b < 0x20 && b != '\t') || b == 0x7f)
		return "a control byte cannot stand in a conf";
	return NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_structural(const struct conf_lexer *lx, char c)
{
	return c == '{' || c == '}' || (c == ';' && lx->in_braces);
}

/* True where a word must be over: blank, line end, text end, structure. */
static bool at_word_end(const struct conf_lexer *lx, size_t pos)
{
	return pos >= lx->n || is_blank(lx->text[pos]) ||
	       is_structural(lx, lx->text[pos]) || line_end(lx, pos) > 0;
}

/* Return: NULL with the word in @ret, or what is wrong at @ret_pos. */
static const char *lex_plain(struct conf_lexer *lx, struct conf_word *ret,
			     size_t *ret_pos)
{
	size_t start = lx->pos, pos = start;
	const char *error;

	for (; !at_word_end(lx, pos); pos++) {
		error = bad_byte(lx->text[pos]);
		if (!error && lx->text[pos] == '"')
			error = "a quote inside a word: quotes stand around "
				"the whole word";
		if (error) {
			*ret_pos = pos;
			return error;
		}
	}
	*ret = place(lx, start, pos - start);
	lx->pos = pos;
	return NULL;
}

/* The same for a quoted word; its text is unescaped in place. */
static const char *lex_quoted(struct conf_lexer *lx, struct conf_word *ret,
			      size_t *ret_pos)
{
	size_t start = lx->pos, pos = start + 1, out = pos;

	for (; pos < lx->n && lx->text[pos] != '"'; pos++) {
		char c = lx->text[pos];

		*ret_pos = pos;
		if (line_end(lx, pos) > 0)
			break;
		if (bad_byte(c))
			return bad_byte(c);
		if (c == '\\') {
			char next = pos + 1 < lx->n ? lx->text[pos + 1] : 0;

			if (next != '"' && next != '\\')
				return "in quotes only \\\" and \\\\ are known";
			c = next;
			pos++;
		}
		lx->text[out++] = c;
	}
	if (pos >= lx->n || lx->text[pos] != '"') {
		*ret_pos = start;
		return "the quote is not closed";
	}
	if (!at_word_end(lx, pos + 1)) {
		*ret_pos = pos + 1;
		return "a blank is expected after the closing quote";
	}
	*ret = place(lx, start, out - start - 1);
	ret->s++;
	lx->pos = pos + 1;
	return NULL;
}

/* The word, or the end of the statement, that stands at a non-blank byte. */
static const char *lex_word(struct conf_lexer *lx, struct conf_statement *st,
			    size_t *ret_pos)
{
	struct conf_word *grown, w;
	const char *error;

	if (lx->text[lx->pos] == '"')
		error = lex_quoted(lx, &w, ret_pos);
	else
		error = lex_plain(lx, &w, ret_pos);
	if (error)
		return error;
	if (st->n == st->size) {
		size_t size = st->size > 0 ? st->size * 2 : 16;

		grown = realloc(st->words, size * sizeof(*grown));
		if (!grown) {
			st->nomem = true;
			return NULL;
		}
		st->words = grown;
		st->size = size;
	}
	st->words[st->n++] = w;
	return NULL;
}

/* A comment, up to its line end. Even there a NUL is an error. */
static const char *skip_comment(struct conf_lexer *lx, size_t *ret_pos)
{
	while (lx->pos < lx->n && line_end(lx, lx->pos) == 0) {
		if (lx->text[lx->pos] == 0) {
			*ret_pos = lx->pos;
			return bad_byte(0);
		}
		lx->pos++;
	}
	return NULL;
}

/* Ends @st if the next byte does. */
static bool lex_end(struct conf_lexer *lx, struct conf_statement *st)
{
	size_t end = line_end(lx, lx->pos);
	char c;

	if (lx->pos >= lx->n) {
		st->end = CONF_END_TEXT;
		st->at = place(lx, lx->n, 0);
		return true;
	}
	c = lx->text[lx->pos];
	if (end == 0 && !is_structural(lx, c))
		return false;
	st->at = place(lx, lx->pos, end > 0 ? 0 : 1);
	if (end > 0) {
		st->end = CONF_END_LINE;
		next_line(lx, end);
		return true;
	}
	st->end = c == '{'   ? CONF_END_OPEN
		  : c == '}' ? CONF_END_CLOSE
			     : CONF_END_SEMICOLON;
	lx->pos++;
	return true;
}

int conf_lexer_next(struct conf_lexer *lx, struct conf_statement *st)
{
	const char *error = NULL;
	size_t bad = 0;

	st->n = 0;
	st->error = NULL;
	st->nomem = false;
	while (!error && !st->nomem) {
		while (lx->pos < lx->n && is_blank(lx->text[lx->pos]))
			lx->pos++;
		if (lex_end(lx, st))
			return 0;
		if (lx->text[lx->pos] == '#')
			error = skip_comment(lx, &bad);
		else
			error = lex_word(lx, st, &bad);
	}
	if (st->nomem)
		return -ENOMEM;
	st->end = CONF_END_ERROR;
	st->error = error;
	st->at = place(lx, bad, 1);
	conf_lexer_skip_line(lx);
	return 0;
}
