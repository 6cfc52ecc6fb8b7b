/* SPDX-License-Identifier: MIT */
/*
 * sandbox/reload_build.c - packed bytes to a policy, beside the loop
 *
 * In:         a descriptor with conf_pack()'s bytes
 * Out:        one done callback, from the loop
 * Steps:      a thread reads, parses, indexes and writes to an eventfd; the
 *             loop wakes up, waits for the thread, which ends at once, and
 *             hands over what it made
 * Invariants: the thread touches nothing but its own struct until it has
 *             written; the loop touches it only after that, or after the join
 * References: eventfd(2), pthread_create(3)
 */
#include "sandbox/reload_build.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/conf_pack.h"
#include "common/fdio.h"
#include "proxy/policy.h"

/* What the most names that lists may have pack into is less. */
#define CONF_BYTES_MAX (1u << 30)

struct reload_build {
	int fd, wake_fd;
	const char *profile;
	reload_built_fn *done;
	void *arg;
	pthread_t thread;
	struct event *wake;
	struct reload_built built;
};

static int build(struct reload_build *b)
{
	struct reload_built *built = &b->built;
	char *bytes = NULL;
	size_t n = 0;
	int r;

	r = fd_read_all(b->fd, CONF_BYTES_MAX, &bytes, &n);
	if (r == 0)
		r = conf_unpack(bytes, n, &built->conf, &built->report);
	free(bytes);
	if (r == 0)
		r = policy_new(built->conf, b->profile, &built->policy);
	return r;
}

static void *thread_main(void *arg)
{
	const uint64_t one = 1;
	struct reload_build *b = arg;

	b->built.result = build(b);
	/* Cannot fail: the counter is far from full. */
	(void)fd_write_all(b->wake_fd, &one, sizeof(one));
	return NULL;
}

static void build_free(struct reload_build *b)
{
	if (b->wake)
		event_free(b->wake);
	if (b->wake_fd >= 0)
		(void)close(b->wake_fd);
	if (b->fd >= 0)
		(void)close(b->fd);
	policy_free(b->built.policy);
	conf_free(b->built.conf);
	conf_report_fini(&b->built.report);
	free(b);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct reload_build *b = arg;

	(void)fd;
	(void)what;
	(void)pthread_join(b->thread, NULL);
	if (b->built.result < 0) {
		conf_free(b->built.conf);
		b->built.conf = NULL;
	}
	b->done(b->arg, &b->built);
	build_free(b);
}

int reload_build_start(struct event_base *base, int fd, const char *profile,
		       reload_built_fn *done, void *arg,
		       struct reload_build **ret)
{
	struct reload_build *b = calloc(1, sizeof(*b));
	int r = -ENOMEM;

	if (!b)
		return r;
	b->fd = -1;
	b->profile = profile;
	b->done = done;
	b->arg = arg;
	b->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->wake_fd < 0) {
		r = -errno;
		goto out;
	}
	b->wake = event_new(base, b->wake_fd, EV_READ, on_wake, b);
	if (!b->wake || event_add(b->wake, NULL) < 0)
		goto out;
	b->fd = fd;
	r = -pthread_create(&b->thread, NULL, thread_main, b);
	if (r < 0)
		b->fd = -1; /* the caller's again */
out:
	if (r < 0)
		build_free(b);
	else
		*ret = b;
	return r;
}

void reload_build_cancel(struct reload_build *b)
{
	if (!b)
		return;
	(void)pthread_join(b->thread, NULL);
	build_free(b);
}
