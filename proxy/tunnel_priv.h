/* SPDX-License-Identifier: MIT */
/*
 * proxy/tunnel_priv.h - a tunnel, inside out
 *
 * For tunnel.c, which decides what happens, and tunnel_move.c, which gets
 * bytes from one socket to the other, only.
 */
#ifndef NETLEASH_PROXY_TUNNEL_PRIV_H
#define NETLEASH_PROXY_TUNNEL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "proxy/tunnel.h"

struct pipe;
struct pipe_pool;

/* One read of this size costs little more than one of 64 KiB. */
#define TUNNEL_READ_MAX (256u * 1024)

struct tunnel_loop {
	struct event_base *base;
	struct pipe_pool *pipes;
	size_t backlog_bytes; /* in memory, of all tunnels */
	char *buffer;	      /* in use only within one callback */
};

/**
 * struct backlog - what could not be written to a side yet
 * @pipe:  the bytes are in here
 * @bytes: or here, from @at to @n
 */
struct backlog {
	struct event writable;
	struct pipe *pipe;
	char *bytes;
	size_t at, n;
};

/**
 * struct side - one socket, and what is to be written to it
 * @backlog: NULL: nothing. Only a side that is behind has one
 * @written: bytes that the kernel took
 * @bulk:    what comes from here fills the buffer: splice it
 */
struct side {
	struct event readable;
	struct backlog *backlog;
	uint64_t written;
	int fd;
	bool is_remote : 1;
	bool reading : 1, writing : 1; /* which events are registered */
	bool read_done : 1, deaf : 1, bulk : 1;
};

/**
 * struct tunnel
 * @look: while the client's first bytes are held, in the remote's backlog
 */
struct tunnel {
	struct tunnel_loop *loop;
	struct side client, remote;
	uint64_t active_ms;
	tunnel_look_fn *look;
	tunnel_done_fn *done;
	void *arg;
};

enum moved {
	MOVED,	       /* some bytes, or none just now; the backlog tells */
	MOVED_EOF,     /* the side that was read has said all */
	MOVED_RESET,   /* reading failed */
	MOVED_DEAF,    /* writing failed */
	MOVED_REFUSED, /* the look at the first bytes has failed */
	MOVED_NO_MEMORY,
};

static inline struct tunnel *tunnel_of(struct side *s)
{
	size_t at = s->is_remote ? offsetof(struct tunnel, remote)
				 : offsetof(struct tunnel, client);

	return (struct tunnel *)(void *)((char *)s - at);
}

static inline struct side *peer_of(struct side *s)
{
	struct tunnel *t = tunnel_of(s);

	return s->is_remote ? &t->client : &t->remote;
}

/* True while the client's first bytes, waiting for @to, may not go on. */
static inline bool is_held(struct side *to)
{
	return to->is_remote && tunnel_of(to)->look;
}

/* tunnel.c: the socket of the side @arg takes bytes again. */
void tunnel_on_writable(evutil_socket_t fd, short what, void *arg);

/*
 * tunnel_move.c
 */

/* Reads @from, whose peer has no backlog or is held, and writes to that. */
enum moved tunnel_move(struct side *from);

/* Writes the backlog of @to. Return: MOVED or MOVED_DEAF. */
enum moved tunnel_flush(struct side *to);

/*
 * Looks at @n more of the client's first bytes. Return: MOVED; then either the
 * look is over, with what was held still in the backlog, or all is in there.
 */
enum moved tunnel_look_at(struct tunnel *t, const char *bytes, size_t n);

/* Appends to the backlog, mostly to none. Return: 0 or -ENOMEM. */
int tunnel_backlog_keep(struct side *to, const char *bytes, size_t n);
void tunnel_backlog_free(struct side *to);

#endif
