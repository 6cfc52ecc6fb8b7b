/* SPDX-License-Identifier: MIT */
/*
 * proxy/mailbox.h - how one thread has another do something
 *
 * References: eventfd(2); libevent's bases have no locks here, so that another
 * thread can wake one only through a descriptor
 */
#ifndef NETLEASH_PROXY_MAILBOX_H
#define NETLEASH_PROXY_MAILBOX_H

#include <pthread.h>
#include <sys/queue.h>

struct event;
struct event_base;

/* What is to be done; kept by whoever posts it until it runs. */
struct job {
	STAILQ_ENTRY(job) link;
	void (*fn)(void *arg);
	void *arg;
};
STAILQ_HEAD(jobs, job);

/**
 * struct mailbox - jobs for the thread that runs one event base
 * @jobs: under @lock; @wake_fd says that there are some. -1: not open
 */
struct mailbox {
	pthread_mutex_t lock;
	struct jobs jobs;
	int wake_fd;
	struct event *wake;
};

/* Nothing can be posted yet, but mailbox_fini() does no harm. */
void mailbox_init(struct mailbox *m);

/* Return: 0 or -errno. */
int mailbox_open(struct mailbox *m, struct event_base *base);
void mailbox_fini(struct mailbox *m);

/* Runs @job in the mailbox's thread, soon, in the order of posting. */
void mailbox_post(struct mailbox *m, struct job *job);

/* Runs what is there now: for the thread itself, or who has outlived it. */
void mailbox_run(struct mailbox *m);

#endif
