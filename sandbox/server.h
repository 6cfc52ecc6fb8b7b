/* SPDX-License-Identifier: MIT */
/*
 * sandbox/server.h - a proxy for the conf's listeners, in the foreground
 *
 * What `netleash proxy` is, and `netleash daemon` adds to.
 */
#ifndef NETLEASH_SANDBOX_SERVER_H
#define NETLEASH_SANDBOX_SERVER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/strbuf.h"
#include "sandbox/identity.h"
#include "sandbox/keeper.h"
#include "sandbox/log_sink.h"
#include "sandbox/serve_cli.h"

struct ca;
struct event;
struct known_cas;
struct proxy;
struct proxy_scope;
struct reload;
struct rulebook;
struct server_kind;

#define SERVER_ERROR_MAX 600

/**
 * struct server - one proxy; for server.c and for its kind
 * @kind_arg: the kind's own
 * @conf_name: owned; cli.conf, where that was not absolute
 * @rules:  what it began with
 * @loaded: when what it has now was loaded
 * @ready:  the "ready" lines
 * @ca:     the kind's, or NULL, until the proxy has it
 * @lacks_ca, @cas: of struct keeper_opts
 * @remove: files that go with us: whoever made them writes them here; the
 *          keeper removes them once it is there
 */
struct server {
	const struct server_kind *kind;
	void *kind_arg;
	struct serve_cli cli;
	char *conf_name;
	struct caller caller;
	struct rulebook *rules;
	struct timespec loaded;
	struct identities ids;
	struct log_place log;
	struct strbuf ready;
	struct ca *ca;
	struct known_cas *cas;
	unsigned threads;
	int *listeners; /* @threads for each address */
	size_t listeners_n;
	int log_fd, messages_fd, signal_fd, keeper_sock;
	int hold, conf_copy; /* of struct keeper_opts */
	pid_t keeper;
	const char *remove[KEEPER_REMOVE];
	bool draining, drained, lacks_ca;
	struct proxy *proxy;
	struct proxy_scope *scope; /* of the listeners */
	struct reload *reload;
	struct event *signals, *drain_over;
	char error[SERVER_ERROR_MAX];
};

/**
 * struct server_kind - what else it does; each may be NULL
 * @prepare:  with every right, after setup; other processes may be forked
 * @start:    the proxy is there, no right has gone, nothing is read yet
 * @serving:  "ready" has been said
 * @reloading: a reload was asked for by a signal
 * @reloaded: a reload is over, as struct reload_opts has it
 * @draining: told to end
 * @busy:     there is something beside connections to wait for: once it is
 * over, server_settle() is called
 * @stop, @fini: before the proxy is freed, and after; whatever was done before
 */
struct server_kind {
	const char *verb;
	int (*prepare)(struct server *s);
	int (*start)(struct server *s);
	void (*serving)(struct server *s);
	void (*reloading)(struct server *s);
	void (*reloaded)(struct server *s, struct rulebook *rules,
			 const char *said);
	void (*draining)(struct server *s);
	bool (*busy)(struct server *s);
	void (*stop)(struct server *s);
	void (*fini)(struct server *s);
};

/* Ends, where nothing is waited for any more. */
void server_settle(struct server *s);

/* To the end. Return: the exit status. */
int server_main(const struct server_kind *kind, void *kind_arg, int argc,
		char **argv);

#endif
