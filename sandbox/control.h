/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control.h - a daemon's control socket: HTTP/1.1 over a unix socket
 *
 *	GET  /v1/status		what it is and does
 *	GET  /v1/blocked	what policy refused, listeners and live runs
 *	POST /v1/reload		200, or 409 and what is wrong with the conf
 *	GET, PUT /v1/mode	{"mode":"full|limited|conf"}
 *	GET  /v1/log		lines of the access log, as they come
 *	GET  /metrics		Prometheus' text format
 *
 * JSON but for the last. For root, and the group CONTROL_GROUP where there is
 * one: by the socket's mode, and again by the peer's credentials.
 *
 * References: RFC 9112; unix(7) SO_PEERCRED; Prometheus, "Exposition formats"
 */
#ifndef NETLEASH_SANDBOX_CONTROL_H
#define NETLEASH_SANDBOX_CONTROL_H

#include "sandbox/identity.h"

#define CONTROL_SOCKET IDENTITY_STATE_DIR "/control.sock"
#define CONTROL_GROUP  "netleash"

struct control;
struct runs;
struct server;

/* Makes the socket at @path, while we may; it is the caller's. Return: 0 or
 * -errno with a sentence. */
int control_listen(const char *path, int *ret_fd,
		   char error[IDENTITY_ERROR_MAX]);

/* Takes @listen_fd, in failure too; serves from @s's loop. Return: 0 or
 * -errno. */
int control_new(struct server *s, struct runs *runs, int listen_fd,
		struct control **ret);

/* Before the proxy is freed. NULL is fine. */
void control_free(struct control *c);

/* A reload is over, as struct reload_opts has it: whoever waits is told. */
void control_reloaded(struct control *c, bool changed, const char *said);

/* The daemon ends once nothing is open: streams end now. */
void control_drain(struct control *c);

#endif
