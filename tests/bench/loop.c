/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/loop.c - the load generator's event loop
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define EVENTS_MAX 256

static int epoll_fd = -1;

void bench_die(const char *what)
{
	(void)fprintf(stderr, "bench_load: %s%s%s\n", what, errno ? ": " : "",
		      errno ? strerror(errno) : "");
	exit(1);
}

uint64_t bench_now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void bench_loop_open(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		bench_die("epoll_create1");
}

static void control(int op, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (epoll_ctl(epoll_fd, op, w->fd, &ev) < 0)
		bench_die("epoll_ctl");
}

void bench_watch(struct watch *w, uint32_t events)
{
	control(EPOLL_CTL_ADD, w, events);
}

void bench_rewatch(struct watch *w, uint32_t events)
{
	control(EPOLL_CTL_MOD, w, events);
}

void bench_loop_run(uint64_t until_ns, bool (*done)(void))
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t now;

	while ((now = bench_now_ns()) < until_ns && !(done && done())) {
		uint64_t ms = (until_ns - now) / 1000000u + 1;
		int n = epoll_wait(epoll_fd, events, EVENTS_MAX,
				   ms > 1000 ? 1000 : (int)ms);

		if (n < 0 && errno != EINTR)
			bench_die("epoll_wait");
		for (int i = 0; i < n; i++) {
			struct watch *w = events[i].data.ptr;

			w->on_event(w, events[i].events);
		}
	}
}
