/* SPDX-License-Identifier: MIT */
/*
 * common/conf_pack.h - a conf as bytes, for another process of this program
 *
 * The bytes are the conf's text as conf_dump() writes it, but with credentials
 * in full: they are not to be shown or kept. The other side parses it like any
 * text, and beside it stands what a dump has lost: from which file and line
 * each rule came, so that logs and answers still name that line, and the names
 * of lists and the users of `auth`, so that the other side opens no file.
 */
#ifndef NETLEASH_COMMON_CONF_PACK_H
#define NETLEASH_COMMON_CONF_PACK_H

#include <stddef.h>

#include "common/strbuf.h"

struct conf;
struct conf_report;

/* Appends to @out; look at strbuf_failed(). */
void conf_pack(const struct conf *cf, struct strbuf *out);

/*
 * Return: 0; -EPROTO if it is no packed conf; -EINVAL if its text does not
 * parse; -ENOMEM. @report is filled in every case, as by conf_parse().
 */
int conf_unpack(const char *bytes, size_t n, struct conf **ret,
		struct conf_report *report);

#endif
