/* SPDX-License-Identifier: MIT */
/*
 * proxy/tunnel.h - move bytes both ways until both sides are done
 *
 * In:   two connected, non-blocking sockets, and early data, from conn.c
 * Out:  one done callback with how it ended and two byte counts
 *
 * An idle tunnel holds no buffer: all tunnels of a loop read into one, and
 * only what a short write leaves over is kept, until it can be written. A
 * direction that fills the buffer goes through a pipe of the loop's instead.
 * The end of one side's bytes is passed to the other (half-close); the other
 * direction goes on. A tunnel may be looked at before the client's first bytes
 * go on; once that is decided it costs nothing more.
 */
#ifndef NETLEASH_PROXY_TUNNEL_H
#define NETLEASH_PROXY_TUNNEL_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct tunnel;
struct tunnel_loop; /* what the tunnels of one event loop share */

/*
 * At most @pipes_max tunnels at a time move what is bulky through a pipe, by
 * splice(2); SIGPIPE must be blocked or ignored. Return: 0 or -ENOMEM.
 */
int tunnel_loop_new(struct event_base *base, size_t pipes_max,
		    struct tunnel_loop **ret);

/* Every tunnel must have ended. NULL is fine. */
void tunnel_loop_free(struct tunnel_loop *tl);

enum tunnel_end {
	/* All bytes were passed on, and the end of one direction: closing both
	 * sockets tells the other's. */
	TUNNEL_DONE,
	/* This side reset the connection; the other should see a reset too,
	 * lest it takes a cut-off stream for a whole one. */
	TUNNEL_CLIENT_RESET,
	TUNNEL_REMOTE_RESET,
	/* This side would take no more, but all that it said was passed on,
	 * with its end; the other may still be talking: close it gently. */
	TUNNEL_CLIENT_DEAF,
	TUNNEL_REMOTE_DEAF,
	/* What the client said first is not to be passed on. */
	TUNNEL_REFUSED,
	TUNNEL_NO_MEMORY,
};

enum tunnel_look {
	TUNNEL_LOOK_MORE, /* hold them, and ask again when there are more */
	TUNNEL_LOOK_PASS, /* and do not ask again */
	TUNNEL_LOOK_REFUSE,
};

/*
 * Judges the client's first @n bytes, all from the first on. It must not say
 * MORE for ever: what is held is only bounded by its patience. A client that
 * ends where it says MORE is refused.
 */
typedef enum tunnel_look tunnel_look_fn(const char *bytes, size_t n, void *arg);

/**
 * struct tunnel_counts - bytes that the kernel took for the other side
 * @in:  from the remote to the client
 * @out: from the client to the remote, with the early data
 */
struct tunnel_counts {
	uint64_t in, out;
};

/* The tunnel is freed when this returns; the sockets are the caller's. */
typedef void tunnel_done_fn(enum tunnel_end end, struct tunnel_counts counts,
			    void *arg);

/*
 * Borrows the sockets until @done has run or tunnel_cancel() returns. @early
 * (@early_n bytes, copied) goes to the remote before anything else. @look may
 * be NULL, and takes @arg too. Never calls either from inside.
 * Return: 0 or -ENOMEM.
 */
int tunnel_start(struct tunnel_loop *tl, int client_fd, int remote_fd,
		 const char *early, size_t early_n, tunnel_look_fn *look,
		 tunnel_done_fn *done, void *arg, struct tunnel **ret);

/* Stop and free; @done will not run. NULL is fine. */
void tunnel_cancel(struct tunnel *t);

struct tunnel_counts tunnel_counts(const struct tunnel *t);

/* When a byte was last moved, in clock_ms() time. */
uint64_t tunnel_active_ms(const struct tunnel *t);

#endif
