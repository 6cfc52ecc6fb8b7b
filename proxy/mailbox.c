/* SPDX-License-Identifier: MIT */
/*
 * proxy/mailbox.c - how one thread has another do something
 */
#include "proxy/mailbox.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

void mailbox_init(struct mailbox *m)
{
	STAILQ_INIT(&m->jobs);
	(void)pthread_mutex_init(&m->lock, NULL);
	m->wake_fd = -1;
	m->wake = NULL;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	(void)what;
	(void)!read(fd, &n, sizeof(n)); /* only to make it quiet again */
	mailbox_run(arg);
}

int mailbox_open(struct mailbox *m, struct event_base *base)
{
	m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->wake_fd < 0)
		return -errno;
	m->wake = event_new(base, m->wake_fd, EV_READ | EV_PERSIST, on_wake, m);
	if (!m->wake || event_add(m->wake, NULL) < 0)
		return -ENOMEM;
	return 0;
}

void mailbox_fini(struct mailbox *m)
{
	if (m->wake)
		event_free(m->wake);
	if (m->wake_fd >= 0)
		close(m->wake_fd);
	(void)pthread_mutex_destroy(&m->lock);
}

void mailbox_post(struct mailbox *m, struct job *job)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&m->lock);
	STAILQ_INSERT_TAIL(&m->jobs, job, link);
	pthread_mutex_unlock(&m->lock);
	/* It cannot fail: a full counter would have woken it already. */
	(void)!write(m->wake_fd, &one, sizeof(one));
}

void mailbox_run(struct mailbox *m)
{
	struct jobs jobs = STAILQ_HEAD_INITIALIZER(jobs);
	struct job *job;

	pthread_mutex_lock(&m->lock);
	STAILQ_CONCAT(&jobs, &m->jobs);
	pthread_mutex_unlock(&m->lock);
	while ((job = STAILQ_FIRST(&jobs))) {
		STAILQ_REMOVE_HEAD(&jobs, link);
		job->fn(job->arg); /* @job may be gone */
	}
}
