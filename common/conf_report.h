/* SPDX-License-Identifier: MIT */
/*
 * common/conf_report.h - what is wrong with a conf, and what looks odd in it
 *
 * Every error is kept, not only the first, so that one look mends a file.
 */
#ifndef NETLEASH_COMMON_CONF_REPORT_H
#define NETLEASH_COMMON_CONF_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct conf_message - an error or a warning
 * @file, @line, @column: where; @file is text so that it outlives the conf;
 *        line 0: the file as a whole (it cannot be read)
 * @word: the offending word, cut if it is long, "" where there is none
 */
struct conf_message {
	char *file;
	uint32_t line, column;
	char *word;
	char *text;
};

struct conf_report {
	struct conf_message *errors, *warnings;
	size_t errors_n, warnings_n;
	bool truncated; /* more than CONF_MESSAGES_MAX errors or warnings */
};
#define CONF_MESSAGES_MAX 1000

/* Adds a warning; everything is copied. Return: 0 or -ENOMEM. */
int conf_report_warn(struct conf_report *report, const char *file,
		     uint32_t line, uint32_t column, const char *word,
		     const char *text);
void conf_report_fini(struct conf_report *report);

#endif
