/* SPDX-License-Identifier: MIT */
/*
 * proxy/closer.h - close a socket so that the peer gets what was sent to it
 *
 * Closing a socket with unread bytes in it makes the kernel send a reset, and
 * a reset makes the peer's kernel throw away what the peer has not read yet:
 * our answer. And a reset that we mean to send must not overtake the bytes
 * before it. Both take a moment, which is bounded here.
 */
#ifndef NETLEASH_PROXY_CLOSER_H
#define NETLEASH_PROXY_CLOSER_H

struct event_base;
struct closer;

enum closer_how {
	/* End our direction, read and discard until the peer ends its own. */
	CLOSER_FIN,
	/* Wait until what was sent has been received, then reset. */
	CLOSER_RESET,
};

#define CLOSER_MAX_MS	 2000
#define CLOSER_MAX_BYTES (1u << 20) /* discarded, at most */

/* The socket is closed; the closer is freed when this returns. */
typedef void closer_done_fn(void *arg);

/*
 * Takes the non-blocking socket @fd, on failure too (then it is closed at
 * once). Never calls @done from inside. Return: 0 or -ENOMEM.
 */
int closer_start(struct event_base *base, int fd, enum closer_how how,
		 closer_done_fn *done, void *arg, struct closer **ret);

/* Closes at once; @done will not run. NULL is fine. */
void closer_cancel(struct closer *c);

#endif
