/* SPDX-License-Identifier: MIT */
/*
 * sandbox/conf_find.h - which conf counts, loaded with its presets
 */
#ifndef NETLEASH_SANDBOX_CONF_FIND_H
#define NETLEASH_SANDBOX_CONF_FIND_H

#include <stdbool.h>

#include "common/conf.h"

struct caller;

#define CONF_FIND_SYSTEM "/etc/netleash/netleash.conf"
#define CONF_FIND_USER	 ".config/netleash/netleash.conf" /* below the home */

/*
 * Loads @named, or where it is NULL the system's conf and then that of
 * @caller; of these two one that does not exist is skipped, but one that
 * cannot be read is an error, for it may hold the deny lines. Presets that ask
 * a tool ask as @caller. @auth is what becomes of the file of `auth`.
 * Return: as conf_load(); @report is filled in every case.
 */
int conf_find_load(const char *named, const struct caller *caller,
		   enum conf_auth_want auth, struct conf **ret,
		   struct conf_report *report);

/*
 * One line for each error, and unless @quiet for each warning, on standard
 * error: FILE:LINE:COLUMN: MESSAGE. What is not safe on a terminal is escaped.
 */
void conf_report_print(const struct conf_report *report, bool quiet);

#endif
