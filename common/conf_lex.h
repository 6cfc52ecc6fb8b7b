/* SPDX-License-Identifier: MIT */
/*
 * common/conf_lex.h - the text of a conf cut into words and statements
 *
 * Pure. Blanks part words; a line, and inside braces `;`, parts statements;
 * `#` at the start of a word begins a comment; double quotes stand around a
 * whole word, with \" and \\ inside and nothing else escaped. CRLF and a byte
 * order mark are fine; any other control byte is an error. For
 * common/conf*.c and their tests only.
 */
#ifndef NETLEASH_COMMON_CONF_LEX_H
#define NETLEASH_COMMON_CONF_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A word of a line, quotes removed; borrowed from the lexer's text. */
struct conf_word {
	const char *s;
	size_t n;
	uint32_t line, column;
};

enum conf_end {
	CONF_END_LINE,
	CONF_END_SEMICOLON, /* inside braces only */
	CONF_END_OPEN,	    /* { */
	CONF_END_CLOSE,	    /* } */
	CONF_END_TEXT,
	CONF_END_ERROR, /* @error says why; the line is skipped */
};

/**
 * struct conf_statement - words up to what ends them
 * @words: owned, reused by the next statement
 * @at:    the end, or the byte that is wrong
 */
struct conf_statement {
	struct conf_word *words;
	size_t n, size;
	enum conf_end end;
	struct conf_word at;
	const char *error;
	bool nomem;
};

/**
 * struct conf_lexer
 * @text: changed in place: a quoted word loses its backslashes; borrowed
 * @in_braces: `;` ends a statement
 */
struct conf_lexer {
	char *text;
	size_t n, pos, line_start;
	uint32_t line;
	bool in_braces;
};

void conf_lexer_init(struct conf_lexer *lx, char *text, size_t n);

/* Return: 0 or -ENOMEM. Start from a zeroed @st, free @st->words at the end. */
int conf_lexer_next(struct conf_lexer *lx, struct conf_statement *st);

/* Goes on with the next line. */
void conf_lexer_skip_line(struct conf_lexer *lx);

#endif
