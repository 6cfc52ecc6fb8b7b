/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_request.c - a caller's request, taken whole or refused
 *
 * Invariants: what is read is a memory file, which answers at once whatever
 *             its owner does, and is read once; CMD gets files, pipes and
 *             terminals, and no descriptor that is a way out
 *
 * References: memfd_create(2), unix(7)
 */
#include "sandbox/attend_request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/fdio.h"

#define REQUEST_SECONDS 10

static int refuse(char *error, const char *why)
{
	(void)snprintf(error, IDENTITY_ERROR_MAX,
		       "the launcher was asked for something it does not "
		       "understand: %s",
		       why);
	return -EINVAL;
}

/* As stdio_check() has it for a caller's own. */
static bool is_fit_for_command(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !(flags & O_PATH) && fstat(fd, &st) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) ||
		S_ISCHR(st.st_mode));
}

static int check_fds(const struct request *r, char *error)
{
	struct stat st;

	for (int i = LAUNCH_FD_STDIN; i <= LAUNCH_FD_STDERR; i++)
		if (!is_fit_for_command(r->fds[i]))
			return refuse(error, "0 to 2 must be files, pipes or "
					     "terminals");
	if (fstat(r->fds[LAUNCH_FD_CWD], &st) < 0 || !S_ISDIR(st.st_mode))
		return refuse(error, "no working directory");
	/* Only a memory file has seals, or could have. */
	if (fcntl(r->fds[LAUNCH_FD_WORDS], F_GET_SEALS) < 0 ||
	    fstat(r->fds[LAUNCH_FD_WORDS], &st) < 0 || !S_ISREG(st.st_mode))
		return refuse(error, "no words");
	return 0;
}

/* However its owner changes it meanwhile: what we have read counts. */
static int read_words(struct request *r, char *error)
{
	const size_t n = r->head.bytes;
	size_t at = 0;

	r->bytes = malloc(n);
	if (!r->bytes)
		return -ENOMEM;
	while (at < n) {
		ssize_t got = pread(r->fds[LAUNCH_FD_WORDS], r->bytes + at,
				    n - at, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return refuse(error, "fewer words than it says");
		at += (size_t)got;
	}
	if (launch_words_parse(&r->head, r->bytes, &r->words) < 0)
		return refuse(error, "its words do not add up");
	r->args_n = (int)r->head.args_n;
	return 0;
}

int request_who(int sock, struct request *r, char error[IDENTITY_ERROR_MAX])
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int result = caller_of_peer(sock, &r->caller, error);

	if (result < 0)
		return result;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	r->pid = peer.pid;
	return 0;
}

int request_take(int sock, struct request *r, char error[IDENTITY_ERROR_MAX])
{
	const struct timeval wait = { .tv_sec = REQUEST_SECONDS };
	size_t fds_n = 0;
	ssize_t n;
	int result;

	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
		return -errno;
	n = fd_recv(sock, &r->head, sizeof(r->head), r->fds, LAUNCH_FDS,
		    &fds_n);
	if (n == 0)
		return -EPIPE;
	if (n == -EAGAIN)
		return refuse(error, "nothing, for too long");
	if (n != sizeof(r->head) || fds_n != LAUNCH_FDS)
		return refuse(error, "no request");
	if (launch_head_check(&r->head) < 0)
		return refuse(error, "this netleash is of another version, or "
				     "the command line is too long");
	result = check_fds(r, error);
	return result == 0 ? read_words(r, error) : result;
}
