/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_version.h - which base rules nf_tables has
 *
 * Every start asks, so it is one question and one answer: through libnftables
 * it would be a copy of all tables of the machine.
 */
#ifndef NETLEASH_SANDBOX_FIREWALL_VERSION_H
#define NETLEASH_SANDBOX_FIREWALL_VERSION_H

#include <stddef.h>

/*
 * The comment of the first rule of chain `edition` that has one, cut to
 * @size. Return: 0; -ENOENT: there is none, or no table; -errno.
 */
int firewall_version_read(char *ret, size_t size);

/* The same, of one datagram that nf_tables sent. Pure. Return: 1 where a
 * comment was found, 0 where more comes, -ENOENT where nothing more does,
 * -EINTR where the rules changed meanwhile, or what the kernel says. */
int firewall_version_parse(const void *bytes, size_t n, char *ret, size_t size);

#endif
