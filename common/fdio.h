/* SPDX-License-Identifier: MIT */
/*
 * common/fdio.h - descriptors: whole reads and writes, passing, flags
 */
#ifndef NETLEASH_COMMON_FDIO_H
#define NETLEASH_COMMON_FDIO_H

#include <stddef.h>
#include <sys/types.h>

/* Writes all of it, over EINTR and short writes. Return: 0 or -errno. */
int fd_write_all(int fd, const void *bytes, size_t n);

/*
 * Reads a whole file of at most @max bytes; *@ret is malloc'ed and terminated.
 * Return: 0, -EFBIG, -ENOMEM, or -errno.
 */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len);
int fd_read_file(const char *path, size_t max, char **ret, size_t *ret_len);
int fd_write_file(const char *path, const char *text); /* existing file */

int fd_set_nonblocking(int fd);

/*
 * Closes every descriptor above 2 but the @n of @keep; those that are negative
 * or below 3 are passed over. @keep is sorted in place. Return: 0 or -errno.
 */
int fd_close_all_but(int *keep, size_t n);

#define FD_PASS_MAX 6

/*
 * One datagram of @n bytes and @fds_n descriptors over an AF_UNIX
 * SOCK_SEQPACKET socket. Return: 0 or -errno.
 */
int fd_send(int sock, const void *bytes, size_t n, const int *fds,
	    size_t fds_n);

/*
 * Receives one datagram whole. Descriptors that come with it are
 * close-on-exec and the caller's; more than @fds_max, or a datagram longer
 * than @size, is -EPROTO and all of them are closed. What a peer sent before it
 * went comes first, whatever it left unread. Return: its length, 0 at the end
 * of file, or -errno.
 */
ssize_t fd_recv(int sock, void *bytes, size_t size, int *ret_fds,
		size_t fds_max, size_t *ret_fds_n);

#endif
