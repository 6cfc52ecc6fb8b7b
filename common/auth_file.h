/* SPDX-License-Identifier: MIT */
/*
 * common/auth_file.h - the users of a proxy, from the file that `auth` names
 *
 * Pure. A line is NAME:SHA256, the second being the password's hash in hex;
 * blank lines, and comments from a `#` at the start of a line or after a blank.
 * A byte order mark and CRLF are fine.
 */
#ifndef NETLEASH_COMMON_AUTH_FILE_H
#define NETLEASH_COMMON_AUTH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTH_FILE_MAX  (256u << 10) /* bytes */
#define AUTH_USERS_MAX 1024u
#define AUTH_NAME_MAX  64u
#define AUTH_HASH_SIZE 32u

/**
 * struct auth_user
 * @name: filled up with NUL, of which there is one at least
 * @hash: of the password
 * @line: where it stands
 */
struct auth_user {
	char name[AUTH_NAME_MAX + 8];
	unsigned char hash[AUTH_HASH_SIZE];
	uint32_t line;
};

/* Start from a zeroed one. */
struct auth_users {
	struct auth_user *v;
	size_t n;
};

/* 1 to AUTH_NAME_MAX letters, digits, '.', '_' and '-'. */
bool auth_name_is_good(const char *s, size_t n);

/* A good name, that is not there yet. Return: 0 or -ENOMEM. */
int auth_users_add(struct auth_users *users, const char *name, size_t n,
		   const unsigned char hash[AUTH_HASH_SIZE], uint32_t line);
void auth_users_fini(struct auth_users *users);

/* The one of this name, or NULL: for loading, not for judging. */
const struct auth_user *auth_users_find(const struct auth_users *users,
					const char *name, size_t n);

/**
 * auth_file_wrong_fn - a line that is wrong
 * @column: from 1, of what is wrong in it
 * @why:    a sentence; nothing of the line stands in it but a name that is
 *          good: a password may have come to stand anywhere
 */
typedef void auth_file_wrong_fn(void *arg, uint32_t line, uint32_t column,
				const char *why);

/*
 * Adds the users of the @n bytes at @text, and tells each line that is wrong.
 * Return: 0 or -ENOMEM.
 */
int auth_file_parse(const char *text, size_t n, struct auth_users *users,
		    auth_file_wrong_fn *wrong, void *arg);

#endif
