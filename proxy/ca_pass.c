/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_pass.c - an authority from a process that may read its files to one
 * that may not
 *
 * Invariants: the key is in no buffer here when either returns; of what comes
 *             nothing is believed that ca_pair.c has not seen
 * References: memfd_create(2)
 */
#include "proxy/ca_pass.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fdio.h"
#include "proxy/ca_priv.h"

#define BOTH_MAX (CA_KEY_MAX + CA_PEM_MAX)

int ca_pass_put(const struct ca *ca, int *ret_fd)
{
	unsigned char key[CA_KEY_MAX];
	int fd = memfd_create("netleash-ca", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : 0;

	/* It writes to nothing of a key's; mbedTLS 2.28 does not say so. */
	if (r == 0 &&
	    mbedtls_pk_write_key_pem((mbedtls_pk_context *)(uintptr_t)&ca->key,
				     key, sizeof(key)) != 0)
		r = -EIO;
	if (r == 0)
		r = fd_write_all(fd, (const char *)key,
				 strlen((const char *)key) + 1);
	explicit_bzero(key, sizeof(key));
	if (r == 0)
		r = fd_write_all(fd, ca->pem, strlen(ca->pem) + 1);
	if (r == 0)
		*ret_fd = fd;
	else if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Return: how many bytes there are, or -errno. */
static ssize_t read_all(int fd, char bytes[BOTH_MAX + 1])
{
	size_t n = 0;

	while (n < BOTH_MAX + 1) {
		ssize_t got = pread(fd, bytes + n, BOTH_MAX + 1 - n, (off_t)n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static int parse(const char *bytes, size_t n, time_t now, struct ca **ret,
		 char *error)
{
	const size_t key_n = strnlen(bytes, n);
	const char *pem = bytes + key_n + 1;
	const size_t pem_n = key_n < n ? strnlen(pem, n - key_n - 1) : 0;

	/* Just two, each with its NUL. */
	if (n > BOTH_MAX || key_n == n || key_n + 1 + pem_n + 1 != n) {
		(void)snprintf(error, CA_ERROR_MAX,
			       "the CA did not come whole");
		return -EINVAL;
	}
	return ca_pair_parse(bytes, key_n, pem, pem_n, now, ret, error);
}

int ca_pass_take(int fd, time_t now, struct ca **ret,
		 char ret_error[CA_ERROR_MAX])
{
	char bytes[BOTH_MAX + 1];
	ssize_t n = read_all(fd, bytes);
	int r = (int)n;

	ret_error[0] = '\0';
	if (n >= 0)
		r = parse(bytes, (size_t)n, now, ret, ret_error);
	explicit_bzero(bytes, sizeof(bytes));
	if (n > 0)
		(void)!pwrite(fd, bytes, (size_t)n, 0);
	if (r < 0 && !ret_error[0])
		(void)snprintf(ret_error, CA_ERROR_MAX, "%s", strerror(-r));
	return r;
}
