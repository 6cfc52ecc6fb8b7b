/* SPDX-License-Identifier: MIT */
/*
 * sandbox/server_listen.h - the listeners of a server, on each of its threads
 */
#ifndef NETLEASH_SANDBOX_SERVER_LISTEN_H
#define NETLEASH_SANDBOX_SERVER_LISTEN_H

struct server;

/* Opens what the conf's `listen` lines say, and makes the lines that tell of
 * it, s->ready. Return: 0, or -errno with a sentence in s->error where there is
 * one. */
int server_listen(struct server *s);

#endif
