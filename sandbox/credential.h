/* SPDX-License-Identifier: MIT */
/*
 * sandbox/credential.h - get a credential's secret, before the run starts
 */
#ifndef NETLEASH_SANDBOX_CREDENTIAL_H
#define NETLEASH_SANDBOX_CREDENTIAL_H

#include <stddef.h>

struct caller;
struct conf_credential;

#define CREDENTIAL_SECRET_MAX 8192 /* bytes, with the newline at its end */
#define CREDENTIAL_SECRET_MIN 8	   /* without it */
#define CREDENTIAL_LIMIT_MS   30000
#define CREDENTIAL_ERROR_MAX  600

/**
 * struct secret - what must not be shown
 * @s: @n bytes and a NUL, none of them a control byte; owned; NULL: none
 */
struct secret {
	char *s;
	size_t n;
};

/*
 * Reads the variable of @env (NULL-terminated), or the file, or runs the
 * command once, as @caller, with standard input from /dev/null and @env but
 * for PATH and HOME; waits for it, @limit_ms at most. One newline at the end is
 * taken off; what is left has no control byte, no blank at an end, and is not
 * so short that it may stand in an answer by chance. Return: 0; or -errno with
 * a sentence in @error, which has nothing of the secret.
 */
int credential_read(const struct conf_credential *c,
		    const struct caller *caller, const char *const *env,
		    int limit_ms, struct secret *ret,
		    char error[CREDENTIAL_ERROR_MAX]);

/* Writes over it and frees it. */
void secret_fini(struct secret *s);

/*
 * Random text of the same shape into *@ret: as long, a digit for a digit, a
 * letter of the same case for a letter, other bytes as they are, and what a
 * kind of token begins with ("ghp_") too. Return: 0; -EINVAL for a secret of
 * too few letters and digits to be told from other text; -errno.
 */
int credential_placeholder(const struct secret *s, struct secret *ret);

#endif
