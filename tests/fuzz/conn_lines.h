/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_lines.h - the access log of one input, as it was read back
 */
#ifndef NETLEASH_TESTS_FUZZ_CONN_LINES_H
#define NETLEASH_TESTS_FUZZ_CONN_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"

#define LINES_MAX 600

/**
 * struct line - one request's line; a text that is null has .s NULL
 * @port:  the client's
 * @body:  of the request, as its client said it: filled in by conn_check.c
 * @uses:  how many origins it came to
 */
struct line {
	uint16_t port;
	struct strbuf protocol, method, target, path, decision, reason, user;
	unsigned status;
	uint64_t bytes_out;
	struct strbuf body;
	unsigned uses;
};

/* Reads all of @log, up to LINES_MAX. Return: how many there are. */
size_t lines_read(const struct strbuf *log, struct line *ret);
void lines_fini(struct line *lines, size_t n);

/* True if the text is there, and is @word. */
bool line_says(const struct strbuf *text, const char *word);

#endif
