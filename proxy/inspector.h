/* SPDX-License-Identifier: MIT */
/*
 * proxy/inspector.h - TLS ended and begun on a loop of its own
 *
 * In:   sockets: of clients that believe to speak to a host, and of hosts
 * Out:  descriptors that carry what is inside (proxy/tls_pump.h)
 *
 * A handshake takes milliseconds of computation. All of it, and the ciphers of
 * what goes through later, is the work of one thread here, so that no tunnel
 * waits for it. What is asked for comes from loops, and the answer goes back to
 * the loop that asked, by their mailboxes.
 */
#ifndef NETLEASH_PROXY_INSPECTOR_H
#define NETLEASH_PROXY_INSPECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/tls_context.h"

struct addr;
struct inspect_op;
struct inspector;
struct mailbox;
struct signer;

/*
 * A share is what one party, a run, has of it: its sessions have bounds of
 * their own, and their work comes in turn with that of the others, however much
 * of it there is (proxy/pace.h).
 */
struct inspect_share;

/* Descriptors that one inspected connection holds beside its own two. */
#define INSPECTOR_FDS 4

/*
 * Trusts of hosts what the system does, and the CAs in the files @cas. Return:
 * 0, or -errno; -EINVAL with a sentence part in @ret_error.
 */
int inspector_new(char *const *cas, size_t cas_n, struct inspector **ret,
		  char ret_error[TLS_ERROR_MAX]);

/* From here on it has a thread. Return: 0 or -errno. */
int inspector_start(struct inspector *in);

/*
 * Ends the thread, and what it has under way with it: the loops that asked
 * have an answer in their mailboxes then, which must be run once more.
 */
void inspector_stop(struct inspector *in);

/* It is stopped, or was not started. NULL is fine. */
void inspector_free(struct inspector *in);

/* Return: 0 or -ENOMEM. */
int inspect_share_new(struct inspector *in, struct inspect_share **ret);

/* Its sessions go on, and free it when the last has ended. NULL is fine. */
void inspect_share_free(struct inspect_share *s);

/**
 * struct inspect_bounds - how many clients there may be; 0: any number
 * @share: of this one; @all: of all together
 *
 * Of sessions with hosts there may be twice as many: a client has one at a
 * time, but one that ended may have last words yet. INSPECT_ASSURED are a
 * share's however many others have, or a few of them would shut out the rest.
 */
#define INSPECT_ASSURED 16u
struct inspect_bounds {
	uint32_t share, all;
};

/*
 * A place for a client: given back, or inspector_serve()'s, with whose session
 * it comes back. In any thread. Return: false where there is none.
 */
bool inspect_share_take(struct inspect_share *s,
			const struct inspect_bounds *bounds);
void inspect_share_give(struct inspect_share *s);

/**
 * struct inspect_opts - copied
 * @share: whose it is; must stay until the operation is over
 * @host:  normal name; with @addr it is its text only
 * @addr:  not NULL: the host is this address
 * @port:  of the host: what was learnt of it there may be used again
 * @signer: for a client: who signs; referred to
 * @early: of a client's socket: @early_n bytes that were read from it already
 * @deadline_ms: for the handshake
 */
struct inspect_opts {
	struct inspect_share *share;
	const char *host;
	const struct addr *addr;
	uint16_t port;
	struct signer *signer;
	const char *early;
	size_t early_n;
	uint32_t deadline_ms;
};

/* The callee owns @fd, -1 on failure; @error is borrowed for the call, a
 * sentence part after "the client" or the host. The operation is over. */
typedef void inspect_done_fn(int fd, const char *error, void *arg);

/*
 * Take @fd, in failure too; @done runs in the loop of @home, never from
 * inside. The first makes us the host for a client, the second a client of the
 * host, whose certificate must be good. @home must stay until inspector_stop():
 * what was cancelled comes back to it, too. The first takes a place of the
 * share's, in failure too. Return: 0; -ENOMEM; of the second -EDQUOT, where
 * there are too many.
 */
int inspector_serve(struct inspector *in, struct mailbox *home, int fd,
		    const struct inspect_opts *opts, inspect_done_fn *done,
		    void *arg, struct inspect_op **ret);
int inspector_connect(struct inspector *in, struct mailbox *home, int fd,
		      const struct inspect_opts *opts,
		      const struct inspect_bounds *bounds,
		      inspect_done_fn *done, void *arg,
		      struct inspect_op **ret);

/* In the loop that asked: @done will not run. NULL is fine. */
void inspect_cancel(struct inspect_op *op);

#endif
