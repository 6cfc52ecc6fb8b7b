/* SPDX-License-Identifier: MIT */
/*
 * common/conf_load.h - from files or text to a struct conf
 *
 * Reads the files that are named, by the caller or by `include`, and nothing
 * else: no name is resolved, no program is run, no folder is made. What a
 * `preset` stands for comes from the caller. Part of common/conf.h.
 */
#ifndef NETLEASH_COMMON_CONF_LOAD_H
#define NETLEASH_COMMON_CONF_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf_report.h"
#include "common/rule.h"

struct conf;

/**
 * conf_preset_fn - turns the name of a preset into conf text
 * @name: as written
 * @ret_text, @ret_len: malloc'ed text, holding rule directives only
 * @ret_source: malloc'ed file name to show for it
 * @error: what is wrong, for the message
 *
 * Return: 0 or -errno. Called while parsing; must have no effects.
 */
typedef int conf_preset_fn(void *arg, const char *name, char **ret_text,
			   size_t *ret_len, char **ret_source,
			   char error[RULE_ERROR_MAX]);

/* What becomes of the file of `auth`, which is a secret of those who serve. */
enum conf_auth_want {
	CONF_AUTH_PASS, /* it is not looked at */
	CONF_AUTH_LOOK, /* it is read where we may; else there is a warning */
	CONF_AUTH_NEED, /* it is read, or that is an error */
};

/**
 * struct conf_opts
 * @preset:     NULL: `preset` is an error
 * @preset_arg: handed to @preset
 * @may_be_pipe: a path of conf_load() may be a pipe or a terminal too (a file
 *              that the user named); an included file never may
 * @packed:     the text of conf_pack(), beside which the rest of it stands
 */
struct conf_opts {
	conf_preset_fn *preset;
	void *preset_arg;
	bool may_be_pipe, packed;
	enum conf_auth_want auth;
};

/*
 * Loads @paths_n files in order into one conf, as if they were one file, save
 * that a single-valued directive of a later file replaces an earlier file's.
 * Return: 0; -EINVAL with errors in @report (a file that cannot be read is
 * one of them); -ENOMEM. @report is filled in every case; the caller ends it
 * with conf_report_fini().
 */
int conf_load(const char *const *paths, size_t paths_n,
	      const struct conf_opts *opts, struct conf **ret,
	      struct conf_report *report);

/* The same for text that is already in memory, as the file @name. */
int conf_parse(const char *name, const char *text, size_t n,
	       const struct conf_opts *opts, struct conf **ret,
	       struct conf_report *report);

#endif
