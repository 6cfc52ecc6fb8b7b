/* SPDX-License-Identifier: MIT */
/*
 * sandbox/run_secrets.h - a run's secrets, from its attendant to the daemon
 *
 * In a memory file: of each secret its name, its text and its placeholder,
 * which may be empty, with a NUL behind each of the three.
 */
#ifndef NETLEASH_SANDBOX_RUN_SECRETS_H
#define NETLEASH_SANDBOX_RUN_SECRETS_H

#include <stddef.h>

struct proxy_secret;

/**
 * struct run_secrets - all zeros: none
 * @bytes: @size bytes, in which the @n of @v point
 */
struct run_secrets {
	char *bytes;
	size_t size;
	struct proxy_secret *v;
	size_t n;
};

/* *@ret_fd is the caller's to close, -1 for no secret. Return: 0 or -errno. */
int run_secrets_put(const struct proxy_secret *v, size_t n, int *ret_fd);

/* The whole file; @fd stays the caller's. Return: 0; -EBADMSG for what is not
 * as above, or has more or longer pieces than a conf can have; -errno. */
int run_secrets_take(int fd, struct run_secrets *ret);

/* Wipes them. */
void run_secrets_fini(struct run_secrets *s);

#endif
