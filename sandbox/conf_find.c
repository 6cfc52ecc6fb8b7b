/* SPDX-License-Identifier: MIT */
/*
 * sandbox/conf_find.c - which conf counts, loaded with its presets
 *
 * A conf in the working directory counts only when it is named: the command
 * on the leash can write there, and must never widen its own leash.
 */
#include "sandbox/conf_find.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/scope.h"
#include "common/utf8.h"
#include "sandbox/identity.h"
#include "sandbox/preset.h"

static bool is_missing(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

int conf_find_load(const char *named, const struct caller *caller,
		   enum conf_auth_want auth, struct conf **ret,
		   struct conf_report *report)
{
	/* The callback's argument is not const, but preset.c only reads it. */
	union {
		const struct caller *in;
		void *out;
	} arg = { .in = caller };
	const struct conf_opts opts = {
		.preset = preset_load,
		.preset_arg = arg.out,
		.may_be_pipe = named != NULL,
		.auth = auth,
	};
	AUTOFREE char *user = NULL;
	const char *paths[2];
	size_t n = 0;

	memset(report, 0, sizeof(*report));
	if (named)
		return conf_load(&named, 1, &opts, ret, report);
	if (!is_missing(CONF_FIND_SYSTEM))
		paths[n++] = CONF_FIND_SYSTEM;
	if (caller->home[0] == '/') {
		if (asprintf(&user, "%s/%s", caller->home, CONF_FIND_USER) <
		    0) {
			user = NULL; /* undefined after a failure */
			return -ENOMEM;
		}
		if (!is_missing(user))
			paths[n++] = user;
	}
	return conf_load(paths, n, &opts, ret, report);
}

/* @s on standard error, so that no byte of it can move a terminal's cursor. */
static void print_safe(const char *s)
{
	size_t left = strlen(s);

	while (left > 0) {
		uint32_t cp;
		size_t n = utf8_decode(s, left, &cp);

		if (n > 0 && !utf8_is_unsafe(cp)) {
			(void)fwrite(s, 1, n, stderr);
		} else {
			n = 1;
			fprintf(stderr, "\\x%02x", (unsigned char)s[0]);
		}
		s += n;
		left -= n;
	}
}

static void print_message(const struct conf_message *m, const char *kind)
{
	print_safe(m->file);
	if (m->line > 0)
		fprintf(stderr, ":%" PRIu32 ":%" PRIu32, m->line, m->column);
	fprintf(stderr, ": %s", kind);
	print_safe(m->text);
	fputc('\n', stderr);
}

void conf_report_print(const struct conf_report *report, bool quiet)
{
	for (size_t i = 0; i < report->errors_n; i++)
		print_message(&report->errors[i], "");
	for (size_t i = 0; i < report->warnings_n && !quiet; i++)
		print_message(&report->warnings[i], "warning: ");
	if (report->truncated)
		fprintf(stderr, "netleash: only the first %d are shown\n",
			CONF_MESSAGES_MAX);
}
