/* SPDX-License-Identifier: MIT */
/*
 * proxy/thread.c - start a thread that gets no signals
 */
#include "proxy/thread.h"

#include <signal.h>
#include <stdlib.h>

#include <event2/event.h>

#include "common/log.h"

/* The default is `ulimit -s` of when the program began. */
#define STACK_MIN ((size_t)512 * 1024)

static void *thread_main(void *arg)
{
	if (event_base_loop(arg, EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
		/* We would wait for ever for a loop that does not turn. */
		log_error("an event loop failed");
		abort();
	}
	return NULL;
}

int thread_start(pthread_t *ret, struct event_base *base)
{
	pthread_attr_t attr;
	sigset_t all, before;
	size_t stack = 0;
	int r;

	r = -pthread_attr_init(&attr);
	if (r < 0)
		return r;
	if (pthread_attr_getstacksize(&attr, &stack) == 0 && stack < STACK_MIN)
		r = -pthread_attr_setstacksize(&attr, STACK_MIN);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (r == 0)
		r = -pthread_create(ret, &attr, thread_main, base);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	return r;
}
