/* SPDX-License-Identifier: MIT */
/*
 * proxy/flow.h - a tunnel from its first byte to its log line
 *
 * In:   two connected sockets and the facts of the request that joined them
 * Out:  bytes moved; both sockets closed in the way their peers should see; one
 *       access-log line
 *
 * A connection spends nearly all of its life like this, so a flow is small and
 * holds nothing that it can do without; what a request needs
 * (proxy/conn_priv.h) is gone when it begins.
 */
#ifndef NETLEASH_PROXY_FLOW_H
#define NETLEASH_PROXY_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr;
struct decision;
struct flows; /* those of one scope */
struct ruleset;
struct scope;
struct target_count;

/* Return: 0 or -ENOMEM. */
int flows_new(struct scope *s, struct flows **ret);

/* Ends all that are left. NULL is fine. */
void flows_free(struct flows *fs);

/* The scope's limits are others: who has been silent for too long by now? */
void flows_check(struct flows *fs);

/**
 * struct flow_opts - what is known of a tunnel; text and addresses are copied
 * @client, @client_port, @user: who asked; NULL or "" where that is not known
 * @address:  whom @remote_fd is connected to; NULL: not told
 * @protocol: a string constant, for the log; as are @target, @method and @path
 *            (@path_len bytes; without its query), which may be NULL but for
 *            the first
 * @rules:    a reference is taken; NULL where no policy was asked
 * @decision: what @rules said; NULL where no policy was asked
 * @counted:  given back at the end; may be NULL
 * @upstream: it goes through the parent proxy, which answered
 *            @upstream_status
 * @status:   of HTTP, that the client was answered with, or 0
 * @early:    @early_n bytes that go to the remote before anything else
 * @look:     `tunnel-check` is asked about the client's first bytes
 * @idle:     `limit idle-time` ends it
 */
struct flow_opts {
	int client_fd, remote_fd;
	const struct addr *client, *address;
	uint16_t client_port;
	uint64_t started_ms;
	const char *user, *protocol, *target, *method, *path;
	size_t path_len;
	struct ruleset *rules;
	const struct decision *decision;
	struct target_count *counted;
	bool upstream;
	unsigned upstream_status, status;
	const char *early;
	size_t early_n;
	bool look, idle;
};

/*
 * Takes the sockets, @counted, and a place among the scope's connections that
 * the caller has counted. Return: 0, or -ENOMEM and nothing was taken.
 */
int flow_start(struct flows *fs, const struct flow_opts *opts);

#endif
