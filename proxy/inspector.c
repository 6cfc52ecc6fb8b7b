/* SPDX-License-Identifier: MIT */
/*
 * proxy/inspector.c - TLS ended and begun on a loop of its own
 *
 * In:         operations in the mailbox
 * Out:        each one's answer in the mailbox of the loop that asked
 * States:     of an operation: posted -> waits for its turn -> under way (in
 *             @ops) -> answered. A
 *             cancelled one is answered all the same, and freed by the loop
 *             that asked once nothing of it is in any mailbox
 * Invariants: who asked touches @done, @cancelled and @owed, the inspector's
 *             thread all else between the two mailboxes
 */
#include "proxy/inspector.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/addr.h"
#include "common/hostname.h"
#include "proxy/mailbox.h"
#include "proxy/pace.h"
#include "proxy/signer.h"
#include "proxy/thread.h"
#include "proxy/tls_client.h"
#include "proxy/tls_owner.h"
#include "proxy/tls_server.h"

/* Sessions that there are, or that have a place. */
struct sessions {
	_Atomic(uint32_t) clients, hosts;
};

/**
 * struct inspect_share
 * @users: whoever made it, its operations and its sessions
 * @party: the inspector's thread's
 */
struct inspect_share {
	atomic_uint users;
	struct inspector *in;
	struct sessions n;
	struct pace_party party;
};

/**
 * struct inspect_op
 * @placed: it has its place still, which is not the session's yet
 * @fd:    the socket, until it is under way; then the answer
 * @owed:  how often it will still come to the loop that asked
 * @begin, @stop: to the inspector
 * @ended, @stopped: back
 */
struct inspect_op {
	LIST_ENTRY(inspect_op) link;
	struct inspector *in;
	struct mailbox *home;
	struct inspect_share *share;
	bool serves, is_addr, under_way, placed;
	int fd;
	char host[HOSTNAME_BUFFER];
	struct addr addr;
	uint16_t port;
	struct signer *signer;
	char *early;
	size_t early_n;
	uint32_t deadline_ms;
	struct tls_server *server;
	struct tls_client *client;
	char error[TLS_ERROR_MAX];
	inspect_done_fn *done;
	void *arg;
	bool cancelled;
	unsigned owed;
	struct pace_item turn;
	struct job begin, stop, ended, stopped;
};

struct inspector {
	struct event_base *base;
	struct pace *pace;
	struct sessions n;
	struct tls_context *tls;
	struct mailbox mailbox;
	LIST_HEAD(, inspect_op) ops;
	struct job quit;
	pthread_t thread;
	bool started;
};

int inspector_new(char *const *cas, size_t cas_n, struct inspector **ret,
		  char ret_error[TLS_ERROR_MAX])
{
	struct inspector *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return -ENOMEM;
	mailbox_init(&in->mailbox);
	LIST_INIT(&in->ops);
	in->base = event_base_new();
	r = in->base ? mailbox_open(&in->mailbox, in->base) : -ENOMEM;
	if (r == 0)
		r = pace_new(in->base, &in->pace);
	if (r == 0)
		r = tls_context_new(cas, cas_n, &in->tls, ret_error);
	if (r == 0)
		r = tls_context_serve(in->tls);
	if (r < 0) {
		inspector_free(in);
		return r;
	}
	*ret = in;
	return 0;
}

void inspector_free(struct inspector *in)
{
	if (!in)
		return;
	tls_context_free(in->tls);
	pace_free(in->pace);
	mailbox_fini(&in->mailbox);
	if (in->base)
		event_base_free(in->base);
	free(in);
}

int inspector_start(struct inspector *in)
{
	int r = thread_start(&in->thread, in->base);

	in->started = r == 0;
	return r;
}

int inspect_share_new(struct inspector *in, struct inspect_share **ret)
{
	struct inspect_share *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	atomic_init(&s->users, 1);
	s->in = in;
	pace_party_init(&s->party);
	*ret = s;
	return 0;
}

void inspect_share_free(struct inspect_share *s)
{
	if (s && atomic_fetch_sub(&s->users, 1) == 1)
		free(s);
}

static uint32_t add(_Atomic(uint32_t) *n, uint32_t by)
{
	return atomic_fetch_add_explicit(n, by, memory_order_relaxed);
}

/* Never one more, whoever else asks at the same time. */
static bool take(_Atomic(uint32_t) *n, uint32_t max)
{
	if (add(n, 1) < max || max == 0)
		return true;
	(void)add(n, UINT32_MAX);
	return false;
}

static bool take_both(_Atomic(uint32_t) *own, uint32_t own_max,
		      _Atomic(uint32_t) *all, uint32_t all_max)
{
	if (!take(own, own_max))
		return false;
	if (take(all, all_max))
		return true;
	if (atomic_load_explicit(own, memory_order_relaxed) <=
	    INSPECT_ASSURED) {
		(void)add(all, 1);
		return true;
	}
	(void)add(own, UINT32_MAX);
	return false;
}

bool inspect_share_take(struct inspect_share *s,
			const struct inspect_bounds *bounds)
{
	return take_both(&s->n.clients, bounds->share, &s->in->n.clients,
			 bounds->all);
}

void inspect_share_give(struct inspect_share *s)
{
	(void)add(&s->n.clients, UINT32_MAX);
	(void)add(&s->in->n.clients, UINT32_MAX);
}

static void give_host(struct inspect_share *s)
{
	(void)add(&s->n.hosts, UINT32_MAX);
	(void)add(&s->in->n.hosts, UINT32_MAX);
}

/* Of a session, whose place and reference these were. */
static void on_client_gone(void *arg)
{
	inspect_share_give(arg);
	inspect_share_free(arg);
}

static void on_host_gone(void *arg)
{
	give_host(arg);
	inspect_share_free(arg);
}

static struct tls_owner owner_of(struct inspect_op *op)
{
	op->placed = false;
	atomic_fetch_add(&op->share->users, 1);
	return (struct tls_owner){
		.pace = op->in->pace,
		.party = &op->share->party,
		.gone = op->serves ? on_client_gone : on_host_gone,
		.arg = op->share,
	};
}

static void give_place(struct inspect_op *op)
{
	if (op->placed && op->serves)
		inspect_share_give(op->share);
	else if (op->placed)
		give_host(op->share);
	op->placed = false;
}

static void op_free(struct inspect_op *op)
{
	give_place(op);
	inspect_share_free(op->share);
	signer_unref(op->signer);
	free(op->early);
	free(op);
}

/* In the inspector: the answer, once. Takes @fd. */
static void answer(struct inspect_op *op, int fd, const char *error)
{
	if (op->under_way)
		LIST_REMOVE(op, link);
	op->under_way = false;
	give_place(op);
	op->server = NULL;
	op->client = NULL;
	op->fd = fd;
	(void)snprintf(op->error, sizeof(op->error), "%s", error ? error : "");
	mailbox_post(op->home, &op->ended);
}

static void on_handshake(int fd, const char *error, void *arg)
{
	answer(arg, fd, error);
}

static int serve(struct inspect_op *op, int fd)
{
	const struct tls_owner owner = owner_of(op);
	const struct tls_server_opts opts = {
		.owner = &owner,
		.host = op->host,
		.addr = op->is_addr ? &op->addr : NULL,
		.leaves = signer_leaves(op->signer),
		.early = op->early,
		.early_n = op->early_n,
		.deadline_ms = op->deadline_ms,
	};

	return tls_server_start(op->in->base, op->in->tls, fd, &opts,
				on_handshake, op, &op->server);
}

static int dial(struct inspect_op *op, int fd)
{
	const struct tls_owner owner = owner_of(op);
	const struct tls_client_opts opts = {
		.owner = &owner,
		.host = op->host,
		.addr = op->is_addr ? &op->addr : NULL,
		.port = op->port,
		.deadline_ms = op->deadline_ms,
	};

	return tls_client_start(op->in->base, op->in->tls, fd, &opts,
				on_handshake, op, &op->client);
}

static void begin(void *arg)
{
	struct inspect_op *op = arg;
	int fd = op->fd, r;

	op->fd = -1;
	LIST_REMOVE(op, link); /* of those that wait */
	op->under_way = false;
	r = op->serves ? serve(op, fd) : dial(op, fd);
	if (r < 0) {
		answer(op, -1,
		       r == -ENOMEM ? "cannot be spoken to: no memory"
				    : "cannot be spoken to: no certificate "
				      "can be made for this host");
		return;
	}
	LIST_INSERT_HEAD(&op->in->ops, op, link);
	op->under_way = true;
}

static void on_begin(void *arg)
{
	struct inspect_op *op = arg;

	LIST_INSERT_HEAD(&op->in->ops, op, link);
	op->under_way = true;
	pace_add(op->in->pace, &op->share->party, &op->turn, begin, op);
}

/* Whether it has begun or waits. */
static void end_handshake(struct inspect_op *op)
{
	pace_drop(&op->turn);
	if (op->fd >= 0)
		close(op->fd);
	tls_server_cancel(op->server);
	tls_client_cancel(op->client);
	answer(op, -1, "was cancelled");
}

static void on_stop(void *arg)
{
	struct inspect_op *op = arg;

	if (op->under_way)
		end_handshake(op);
	mailbox_post(op->home, &op->stopped);
}

/* In the loop that asked. */
static void on_ended(void *arg)
{
	struct inspect_op *op = arg;

	op->owed--;
	if (!op->cancelled) {
		op->done(op->fd, op->fd < 0 ? op->error : NULL, op->arg);
		op_free(op);
		return;
	}
	if (op->fd >= 0)
		close(op->fd);
	if (op->owed == 0)
		op_free(op);
}

static void on_stopped(void *arg)
{
	struct inspect_op *op = arg;

	if (--op->owed == 0)
		op_free(op);
}

void inspect_cancel(struct inspect_op *op)
{
	if (!op)
		return;
	op->cancelled = true;
	op->owed++;
	mailbox_post(&op->in->mailbox, &op->stop);
}

static struct inspect_op *op_new(struct inspector *in, struct mailbox *home,
				 int fd, const struct inspect_opts *opts)
{
	struct inspect_op *op = calloc(1, sizeof(*op));

	if (op && opts->early_n > 0) {
		op->early = malloc(opts->early_n);
		if (!op->early) {
			free(op);
			op = NULL;
		}
	}
	if (!op) {
		close(fd);
		return NULL;
	}
	op->share = opts->share;
	atomic_fetch_add(&op->share->users, 1);
	if (opts->early_n > 0)
		memcpy(op->early, opts->early, opts->early_n);
	op->early_n = opts->early_n;
	op->in = in;
	op->home = home;
	op->fd = fd;
	(void)snprintf(op->host, sizeof(op->host), "%s", opts->host);
	op->is_addr = opts->addr != NULL;
	if (opts->addr)
		op->addr = *opts->addr;
	op->port = opts->port;
	op->signer = opts->signer ? signer_ref(opts->signer) : NULL;
	op->deadline_ms = opts->deadline_ms;
	op->begin = (struct job){ .fn = on_begin, .arg = op };
	op->stop = (struct job){ .fn = on_stop, .arg = op };
	op->ended = (struct job){ .fn = on_ended, .arg = op };
	op->stopped = (struct job){ .fn = on_stopped, .arg = op };
	return op;
}

static int ask(struct inspect_op *op, bool serves, inspect_done_fn *done,
	       void *arg, struct inspect_op **ret)
{
	if (!op)
		return -ENOMEM;
	op->serves = serves;
	op->placed = true;
	op->done = done;
	op->arg = arg;
	op->owed = 1;
	*ret = op;
	mailbox_post(&op->in->mailbox, &op->begin);
	return 0;
}

int inspector_serve(struct inspector *in, struct mailbox *home, int fd,
		    const struct inspect_opts *opts, inspect_done_fn *done,
		    void *arg, struct inspect_op **ret)
{
	struct inspect_op *op = op_new(in, home, fd, opts);

	if (!op)
		inspect_share_give(opts->share);
	return ask(op, true, done, arg, ret);
}

int inspector_connect(struct inspector *in, struct mailbox *home, int fd,
		      const struct inspect_opts *opts,
		      const struct inspect_bounds *bounds,
		      inspect_done_fn *done, void *arg, struct inspect_op **ret)
{
	struct inspect_share *s = opts->share;
	struct inspect_op *op;

	if (!take_both(&s->n.hosts, 2 * bounds->share, &in->n.hosts,
		       2 * bounds->all)) {
		close(fd);
		return -EDQUOT;
	}
	op = op_new(in, home, fd, opts);
	if (!op)
		give_host(s);
	return ask(op, false, done, arg, ret);
}

static void on_quit(void *arg)
{
	struct inspector *in = arg;

	(void)event_base_loopbreak(in->base);
}

void inspector_stop(struct inspector *in)
{
	struct inspect_op *op;

	if (!in)
		return;
	if (in->started) {
		in->quit = (struct job){ .fn = on_quit, .arg = in };
		mailbox_post(&in->mailbox, &in->quit);
		(void)pthread_join(in->thread, NULL);
		in->started = false;
	}
	/* What was posted after the last turn; nothing is under way twice. */
	mailbox_run(&in->mailbox);
	while ((op = LIST_FIRST(&in->ops)))
		end_handshake(op);
}
