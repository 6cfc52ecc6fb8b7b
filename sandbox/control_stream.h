/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_stream.h - the access log, live, to those who look on
 *
 * Invariants: a reader who is slow loses lines and is told how many; the proxy
 *             waits for none of them, and writes no line twice while nobody
 *             looks
 */
#ifndef NETLEASH_SANDBOX_CONTROL_STREAM_H
#define NETLEASH_SANDBOX_CONTROL_STREAM_H

struct control_streams;
struct control_conn;
struct proxy;

int control_streams_new(struct proxy *p, struct control_streams **ret);
void control_streams_free(struct control_streams *cs); /* NULL is fine */

/* @cc gets lines until its client goes. Return: 0, or -EBUSY or -ENOMEM and it
 * has still to be answered. */
int control_streams_add(struct control_streams *cs, struct control_conn *cc);

/* Ends them all. */
void control_streams_end(struct control_streams *cs);

#endif
