/* SPDX-License-Identifier: MIT */
/*
 * proxy/thread.c - start a thread that gets no signals
 */
#include "proxy/thread.h"

#include <signal.h>
#include <stdlib.h>

#include <event2/event.h>

#include "common/log.h"

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
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(ret, NULL, thread_main, base);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}
