/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_pass.h - an authority from a process that may read its files to one
 * that may not
 *
 * In a memory file: the key and the certificate as PEM, with a NUL behind each.
 */
#ifndef NETLEASH_PROXY_CA_PASS_H
#define NETLEASH_PROXY_CA_PASS_H

#include <time.h>

#include "proxy/ca.h"

/* *@ret_fd is the caller's to close. Return: 0 or -errno. */
int ca_pass_put(const struct ca *ca, int *ret_fd);

/*
 * The whole file, which is wiped; @fd stays the caller's. Return: 0; -EINVAL
 * with a sentence for what is not as above, or as ca_file_load() would have it;
 * -errno with one.
 */
int ca_pass_take(int fd, time_t now, struct ca **ret,
		 char ret_error[CA_ERROR_MAX]);

#endif
