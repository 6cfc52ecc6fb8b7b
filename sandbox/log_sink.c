/* SPDX-License-Identifier: MIT */
/*
 * sandbox/log_sink.c - open what the access log is written to
 *
 * Invariants: a file is a regular one, appended to, and never reached through
 *             a link in its last part; nothing here waits
 *
 * What the caller named is opened with his rights: a link that an earlier run
 * left in the workspace must not make us write where he could not.
 *
 * References: setfsuid(2), open(2), unix(7)
 */
#include "sandbox/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox/identity.h"

#define SYSLOG_SOCKET "/dev/log"

int log_place_find(const struct conf *cf, const char *option,
		   struct log_place *ret)
{
	const char *path = option ? option : cf->log_file;

	memset(ret, 0, sizeof(*ret));
	ret->kind = option ? CONF_LOG_FILE : cf->log;
	ret->as_caller = option != NULL;
	if (ret->kind != CONF_LOG_FILE)
		return 0;
	if (strlen(path) >= sizeof(ret->path))
		return -ENAMETOOLONG;
	(void)snprintf(ret->path, sizeof(ret->path), "%s", path);
	return 0;
}

static int open_file(const struct log_place *place, const struct caller *caller,
		     int *ret_fd)
{
	struct stat st;
	int fd, r = 0;

	if (place->as_caller) {
		(void)setfsgid(caller->gid);
		(void)setfsuid(caller->uid);
	}
	fd = open(place->path,
		  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
			  O_NONBLOCK | O_NOCTTY,
		  0640);
	if (fd < 0)
		r = -errno;
	if (place->as_caller) {
		(void)setfsuid(geteuid());
		(void)setfsgid(getegid());
	}
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return -EINVAL;
	}
	*ret_fd = fd;
	return 0;
}

/*
 * A description of our own, so that it can be made not to block without the
 * others who share standard error noticing. A socket cannot be opened so; it
 * has MSG_DONTWAIT. A file does not block, and its writers must go on sharing
 * one offset.
 */
static int open_stderr(int *ret_fd)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDERR_FILENO, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_CLOEXEC |
						     O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int open_syslog(int *ret_fd)
{
	static const struct sockaddr_un name = { .sun_family = AF_UNIX,
						 .sun_path = SYSLOG_SOCKET };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int log_sink_open(const struct log_place *place, const struct caller *caller,
		  int *ret_fd, char error[LOG_SINK_ERROR_MAX])
{
	const char *name = place->path;
	int r = 0;

	*ret_fd = -1;
	switch (place->kind) {
	case CONF_LOG_NONE:
		break;
	case CONF_LOG_FILE:
		r = open_file(place, caller, ret_fd);
		break;
	case CONF_LOG_STDERR:
		name = "stderr";
		r = open_stderr(ret_fd);
		break;
	case CONF_LOG_SYSLOG:
		name = "syslog, " SYSLOG_SOCKET;
		r = open_syslog(ret_fd);
		break;
	}
	if (r < 0)
		(void)snprintf(error, LOG_SINK_ERROR_MAX,
			       "the log '%.300s' cannot be opened: %s", name,
			       r == -EINVAL ? "not a regular file"
					    : strerror(-r));
	return r;
}
