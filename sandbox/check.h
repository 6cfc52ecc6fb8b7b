/* SPDX-License-Identifier: MIT */
/*
 * sandbox/check.h - `netleash check [--json] [CONF]`
 */
#ifndef NETLEASH_SANDBOX_CHECK_H
#define NETLEASH_SANDBOX_CHECK_H

/*
 * Validates CONF, or the conf that a run would use, and prints it as
 * understood: every setting, and presets and includes as the rules that they
 * hold. @argv[0] is "check". Return: 0 for a good conf, else 1.
 */
int check_main(int argc, char **argv);

struct conf;
struct conf_report;
struct strbuf;

/* What --json prints, with its newline; @cf: NULL where it is not valid. */
void check_render_json(const struct conf_report *report, const struct conf *cf,
		       struct strbuf *out);

#endif
