/* SPDX-License-Identifier: MIT */
/*
 * proxy/log_tap.c - the lines of an access log, for whoever looks on now
 */
#include "proxy/log_tap.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include "proxy/proxy_watch.h"

void log_tap_send(struct log_tap *t, const char *line, size_t n)
{
	struct proxy_tap_head head = { t->thread, t->line };
	struct iovec parts[] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (char *)(uintptr_t)line, .iov_len = n },
	};
	const struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 2 };

	if (t->fd < 0)
		return;
	t->line++;
	(void)sendmsg(t->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}
