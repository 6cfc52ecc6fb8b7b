/* SPDX-License-Identifier: MIT */
/*
 * proxy/thread.h - start a thread that gets no signals
 */
#ifndef NETLEASH_PROXY_THREAD_H
#define NETLEASH_PROXY_THREAD_H

#include <pthread.h>

struct event_base;

/* Signals are for the thread that owns the proxy. Runs the loop of @base until
 * it is broken off from inside. Return: 0 or -errno. */
int thread_start(pthread_t *ret, struct event_base *base);

#endif
