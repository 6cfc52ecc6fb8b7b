/* SPDX-License-Identifier: MIT */
/*
 * sandbox/authority.h - the machine's own CA, in a folder that lasts
 *
 * /run does not outlive a boot, and whoever was told to trust the CA would have
 * to be told again. The folder is root's; everybody may read the certificate,
 * nobody but root the key.
 */
#ifndef NETLEASH_SANDBOX_AUTHORITY_H
#define NETLEASH_SANDBOX_AUTHORITY_H

struct ca;
struct ca_facts;

#define AUTHORITY_DIR	    "/var/lib/netleash"
#define AUTHORITY_ERROR_MAX 320

/* As the functions of proxy/ca_file.h, with the folder, which make and renew
 * make where it is missing; in their sentences too. */
int authority_make(char error[AUTHORITY_ERROR_MAX]);
int authority_load(struct ca **ret, char error[AUTHORITY_ERROR_MAX]);
int authority_renew(char error[AUTHORITY_ERROR_MAX]);
int authority_facts(struct ca_facts *ret, char error[AUTHORITY_ERROR_MAX]);

/* And the folder, unless something of others is in it. Return: 0, also where
 * there is none; or -errno with a sentence. */
int authority_remove(char error[AUTHORITY_ERROR_MAX]);

#endif
