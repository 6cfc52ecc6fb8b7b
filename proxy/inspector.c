/* SPDX-License-Identifier: MIT */
/*
 * proxy/inspector.c - TLS ended and begun on a loop of its own
 *
 * In:         operations in the mailbox
 * Out:        each one's answer in the mailbox of the loop that asked
 * States:     of an operation: posted -> under way (in @ops) -> answered. A
 *             cancelled one is answered all the same, and freed by the loop
 *             that asked once nothing of it is in any mailbox
 * Invariants: who asked touches @done, @cancelled and @owed, the inspector's
 *             thread all else between the two mailboxes
 */
#include "proxy/inspector.h"

#include <errno.h>
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
#include "proxy/signer.h"
#include "proxy/thread.h"
#include "proxy/tls_client.h"
#include "proxy/tls_server.h"

/**
 * struct inspect_op
 * @fd:    the socket, until it is under way; then the answer
 * @owed:  how often it will still come to the loop that asked
 * @begin, @stop: to the inspector
 * @ended, @stopped: back
 */
struct inspect_op {
	LIST_ENTRY(inspect_op) link;
	struct inspector *in;
	struct mailbox *home;
	bool serves, is_addr, under_way;
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
	struct job begin, stop, ended, stopped;
};

struct inspector {
	struct event_base *base;
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

static void op_free(struct inspect_op *op)
{
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
	const struct tls_server_opts opts = {
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
	const struct tls_client_opts opts = {
		.host = op->host,
		.addr = op->is_addr ? &op->addr : NULL,
		.port = op->port,
		.deadline_ms = op->deadline_ms,
	};

	return tls_client_start(op->in->base, op->in->tls, fd, &opts,
				on_handshake, op, &op->client);
}

static void on_begin(void *arg)
{
	struct inspect_op *op = arg;
	int fd = op->fd, r;

	op->fd = -1;
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

static void end_handshake(struct inspect_op *op)
{
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
	return ask(op_new(in, home, fd, opts), true, done, arg, ret);
}

int inspector_connect(struct inspector *in, struct mailbox *home, int fd,
		      const struct inspect_opts *opts, inspect_done_fn *done,
		      void *arg, struct inspect_op **ret)
{
	return ask(op_new(in, home, fd, opts), false, done, arg, ret);
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
