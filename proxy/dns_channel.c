/* SPDX-License-Identifier: MIT */
/*
 * proxy/dns_channel.c - one c-ares channel on one event loop
 *
 * In:         names and a family
 * Out:        one answer a question, from the loop
 * Steps:      ask -> `asked` -> c-ares calls back, at any time -> `ready` ->
 *             the loop calls the owner back -> freed
 * Invariants: nothing of ours runs inside a c-ares callback but moving the
 *             question to another list, so c-ares is never re-entered; after
 *             every call into c-ares the timer is set anew
 * References: ares_getaddrinfo(3), ares_init_options(3), RFC 2181 section 8
 *
 * c-ares answers by itself for some names, inside the call that asks; it
 * cancels a channel or nothing; and when a channel ends each open question
 * comes back with ARES_EDESTRUCTION. The lists take care of all three: when
 * resolv.conf has changed, the questions that come back from the old channel
 * are asked again on the new one.
 */
#include "proxy/dns_channel.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/conf.h"
#include "common/hostname.h"
#include "common/strbuf.h"
#include "proxy/cares_compat.h"
#include "proxy/file_stamp.h"
#include "proxy/resolve.h"

/* Doubling time-outs: three tries take seven times the first. */
#define TRIES		 3
#define TRIES_SUM	 7
#define FIRST_TRY_MIN_MS 50u
#define FIRST_TRY_MAX_MS 1500u
#define SERVERS_MAX	 16

struct question {
	TAILQ_ENTRY(question) link;
	struct dns_channel *channel;
	dns_answer_fn *answer;
	void *arg;
	struct cares_question cares;
	enum dns_status status;
	uint32_t ttl_s;
	size_t n;
	struct addr addrs[RESOLVE_ADDRS_MAX];
	char name[HOSTNAME_BUFFER];
};
TAILQ_HEAD(questions, question);

/* A socket of c-ares' that it wants to be told about. */
struct watched {
	TAILQ_ENTRY(watched) link;
	struct dns_channel *channel;
	struct event ev;
	ares_socket_t fd;
};

struct dns_channel {
	struct event_base *base;
	ares_channel ares;
	struct event timer_ev;
	struct event ready_ev;
	TAILQ_HEAD(, watched) watched;
	struct questions asked, ready;
	char *servers; /* as c-ares takes them; NULL: resolv.conf's */
	char *resolv_conf;
	struct file_stamp stamp;
	uint64_t looked_ms;
	uint32_t timeout_ms;
};

/* ------------------------------------------------------- c-ares' sockets */

static void set_timer(struct dns_channel *c)
{
	struct timeval tv;

	if (!ares_timeout(c->ares, NULL, &tv)) {
		(void)event_del(&c->timer_ev);
		return;
	}
	/* It counts in whole milliseconds: one more, or we come too early. */
	tv.tv_usec += 1000;
	if (tv.tv_usec >= 1000000) {
		tv.tv_sec++;
		tv.tv_usec -= 1000000;
	}
	(void)event_add(&c->timer_ev, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dns_channel *c = arg;

	(void)fd;
	(void)what;
	ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timer(c);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct watched *w = arg;
	struct dns_channel *c = w->channel; /* c-ares may end @w meanwhile */

	ares_process_fd(c->ares, what & EV_READ ? fd : ARES_SOCKET_BAD,
			what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	set_timer(c);
}

static void watched_free(struct watched *w)
{
	(void)event_del(&w->ev);
	TAILQ_REMOVE(&w->channel->watched, w, link);
	free(w);
}

/*
 * c-ares tells what it waits for. Without memory a socket goes unwatched: its
 * question then ends by time-out.
 */
static void on_socket_state(void *arg, ares_socket_t fd, int readable,
			    int writable)
{
	struct dns_channel *c = arg;
	struct watched *w;
	short what = EV_PERSIST;

	TAILQ_FOREACH (w, &c->watched, link)
		if (w->fd == fd)
			break;
	if (!readable && !writable) {
		if (w)
			watched_free(w);
		return;
	}
	if (w) {
		(void)event_del(&w->ev);
	} else {
		w = calloc(1, sizeof(*w));
		if (!w)
			return;
		w->channel = c;
		w->fd = fd;
		TAILQ_INSERT_TAIL(&c->watched, w, link);
	}
	if (readable)
		what |= EV_READ;
	if (writable)
		what |= EV_WRITE;
	(void)event_assign(&w->ev, c->base, fd, what, on_socket, w);
	(void)event_add(&w->ev, NULL);
}

/* ------------------------------------------------------------- questions */

static void take_addr(struct question *q, const struct addr *a)
{
	for (size_t i = 0; i < q->n; i++)
		if (addr_equal(&q->addrs[i], a))
			return;
	if (q->n < RESOLVE_ADDRS_MAX)
		q->addrs[q->n++] = *a;
}

/* A TTL with the top bit set counts as zero (RFC 2181 8). */
static uint32_t lower_ttl(uint32_t ttl_s, int found)
{
	uint32_t other = found < 0 ? 0 : (uint32_t)found;

	return other < ttl_s ? other : ttl_s;
}

static void on_found(const struct sockaddr *sa, int ttl_s, void *arg)
{
	struct question *q = arg;
	struct addr a;

	if (sa && addr_from_sockaddr(sa, &a, NULL) < 0)
		return;
	if (sa)
		take_addr(q, &a);
	q->ttl_s = lower_ttl(q->ttl_s, ttl_s);
}

/*
 * SERVFAIL, REFUSED, rubbish and a closed port all end in some other status
 * here once no server is left, and the status does not tell which it was.
 */
static enum dns_status status_of(int status)
{
	switch (status) {
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
		return DNS_NOTHING;
	case ARES_ETIMEOUT:
		return DNS_TIMED_OUT;
	default:
		return DNS_FAILED;
	}
}

/* Runs whenever c-ares likes, inside our own calls too. */
static void on_answer(int status, void *arg)
{
	struct question *q = arg;
	struct dns_channel *c = q->channel;

	if (status == ARES_EDESTRUCTION)
		return; /* whoever ends the channel looks after `asked` */
	q->status = status_of(status);
	if (status == ARES_SUCCESS)
		q->status = q->n > 0 ? DNS_FOUND : DNS_NOTHING;
	if (q->status != DNS_FOUND)
		q->ttl_s = 0;
	TAILQ_REMOVE(&c->asked, q, link);
	TAILQ_INSERT_TAIL(&c->ready, q, link);
	event_active(&c->ready_ev, EV_TIMEOUT, 0);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct dns_channel *c = arg;
	struct question *q;

	(void)fd;
	(void)what;
	while ((q = TAILQ_FIRST(&c->ready))) {
		TAILQ_REMOVE(&c->ready, q, link);
		q->answer(q->status, q->addrs, q->n, q->ttl_s, q->arg);
		free(q);
	}
}

static void question_send(struct question *q)
{
	struct dns_channel *c = q->channel;

	q->ttl_s = UINT32_MAX;
	TAILQ_INSERT_TAIL(&c->asked, q, link);
	cares_ask(c->ares, &q->cares);
}

/* Return: one of c-ares' sockets that has something to tell, or none. */
static ares_socket_t find_telling(const struct dns_channel *c)
{
	struct pollfd fds[SERVERS_MAX];
	struct watched *w;
	nfds_t n = 0;

	TAILQ_FOREACH (w, &c->watched, link)
		if (n < SERVERS_MAX)
			fds[n++] = (struct pollfd){ w->fd, POLLIN, 0 };
	if (n == 0 || poll(fds, n, 0) <= 0)
		return ARES_SOCKET_BAD;
	while (n > 0 && fds[n - 1].revents == 0)
		n--;
	return n > 0 ? fds[n - 1].fd : ARES_SOCKET_BAD;
}

/*
 * On this machine a closed port is known as soon as a question is out, and the
 * sending of the next one would be told so in its place: the first would wait
 * for its time-out. Hence what there is to hear is heard before.
 */
static void hear(struct dns_channel *c)
{
	ares_socket_t fd;

	for (int i = 0; i < SERVERS_MAX * TRIES; i++) {
		if ((fd = find_telling(c)) == ARES_SOCKET_BAD)
			break;
		ares_process_fd(c->ares, fd, ARES_SOCKET_BAD);
	}
}

int dns_channel_ask(struct dns_channel *c, const char *name, int family,
		    dns_answer_fn *answer, void *arg)
{
	struct question *q;
	size_t n = strlen(name);

	if (n >= sizeof(q->name))
		return -EINVAL;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->channel = c;
	q->answer = answer;
	q->arg = arg;
	memcpy(q->name, name, n + 1);
	q->cares = (struct cares_question){ .name = q->name,
					    .family = family,
					    .found = on_found,
					    .done = on_answer,
					    .arg = q };
	hear(c);
	question_send(q);
	set_timer(c);
	return 0;
}

/* ------------------------------------------------------------ the channel */

static uint32_t first_try_ms(uint32_t timeout_ms)
{
	uint32_t ms = timeout_ms / TRIES_SUM;

	if (ms < FIRST_TRY_MIN_MS)
		return FIRST_TRY_MIN_MS;
	return ms < FIRST_TRY_MAX_MS ? ms : FIRST_TRY_MAX_MS;
}

static int errno_of(int status)
{
	return status == ARES_ENOMEM ? -ENOMEM : -EIO;
}

/*
 * No search domains, no aliases from the environment, and DNS alone: what
 * /etc/hosts says stands in a table of our own, c-ares would open and scan
 * the file for every question.
 */
static int open_ares(struct dns_channel *c, ares_channel *ret)
{
	char lookups[] = "b";
	struct ares_options options;
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		   ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS |
		   ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
	ares_channel channel;
	int status;

	memset(&options, 0, sizeof(options));
	options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
	options.timeout = (int)first_try_ms(c->timeout_ms);
	options.tries = TRIES;
	options.lookups = lookups;
	options.sock_state_cb = on_socket_state;
	options.sock_state_cb_data = c;
	options.resolvconf_path = c->resolv_conf;
	cares_compat_options(&options, &mask);

	status = ares_init_options(&channel, &options, mask);
	if (status != ARES_SUCCESS)
		return errno_of(status);
	if (c->servers) {
		status = ares_set_servers_ports_csv(channel, c->servers);
		if (status != ARES_SUCCESS) {
			ares_destroy(channel);
			return status == ARES_ENOMEM ? -ENOMEM : -EINVAL;
		}
	}
	*ret = channel;
	return 0;
}

/* "127.0.0.1:53,[::1]:5353" */
static int servers_to_text(const struct conf_server *servers, size_t n,
			   char **ret)
{
	struct strbuf b = STRBUF_INIT;
	char text[ADDR_TEXT_MAX];

	if (n > SERVERS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		bool v6 = servers[i].addr.family == AF_INET6;

		strbuf_addf(&b, "%s%s%s%s:%u", i > 0 ? "," : "", v6 ? "[" : "",
			    addr_format(&servers[i].addr, text), v6 ? "]" : "",
			    servers[i].port);
	}
	*ret = strbuf_take(&b);
	return *ret ? 0 : -ENOMEM;
}

int dns_channel_new(struct event_base *base,
		    const struct dns_channel_opts *opts,
		    struct dns_channel **ret)
{
	struct dns_channel *c = calloc(1, sizeof(*c));
	int r = -ENOMEM;

	if (!c)
		return -ENOMEM;
	c->base = base;
	c->timeout_ms = opts->timeout_ms;
	TAILQ_INIT(&c->watched);
	TAILQ_INIT(&c->asked);
	TAILQ_INIT(&c->ready);
	(void)event_assign(&c->timer_ev, base, -1, 0, on_timer, c);
	(void)event_assign(&c->ready_ev, base, -1, 0, on_ready, c);
	c->resolv_conf = strdup(opts->resolv_conf);
	if (!c->resolv_conf)
		goto out;
	if (opts->servers_n > 0) {
		r = servers_to_text(opts->servers, opts->servers_n,
				    &c->servers);
		if (r < 0)
			goto out;
	}
	/* Taken before it is read: a change in between is seen next time. */
	c->stamp = file_stamp_take(c->resolv_conf);
	r = open_ares(c, &c->ares);
	if (r < 0)
		goto out;
	*ret = c;
	c = NULL;
	r = 0;
out:
	dns_channel_free(c);
	return r;
}

static void questions_free(struct questions *list)
{
	struct question *q;

	while ((q = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, q, link);
		free(q);
	}
}

void dns_channel_free(struct dns_channel *c)
{
	if (!c)
		return;
	if (c->ares)
		ares_destroy(c->ares);
	while (!TAILQ_EMPTY(&c->watched))
		watched_free(TAILQ_FIRST(&c->watched));
	questions_free(&c->asked);
	questions_free(&c->ready);
	(void)event_del(&c->timer_ev);
	(void)event_del(&c->ready_ev);
	free(c->servers);
	free(c->resolv_conf);
	free(c);
}

bool dns_channel_refresh(struct dns_channel *c, uint64_t now_ms)
{
	struct questions again;
	struct file_stamp stamp;
	ares_channel old = c->ares;
	struct question *q;

	if (c->servers || now_ms - c->looked_ms < FILE_STAMP_INTERVAL_MS)
		return false;
	c->looked_ms = now_ms;
	stamp = file_stamp_take(c->resolv_conf);
	/* A file that is gone for a moment is about to be written anew. */
	if (!file_stamp_is_file(&stamp) || file_stamp_equal(&stamp, &c->stamp))
		return false;
	if (open_ares(c, &c->ares) < 0)
		return false; /* no memory: the old servers until next time */
	c->stamp = stamp;

	TAILQ_INIT(&again);
	ares_destroy(old); /* leaves its questions in `asked` */
	TAILQ_CONCAT(&again, &c->asked, link);
	while ((q = TAILQ_FIRST(&again))) {
		TAILQ_REMOVE(&again, q, link);
		question_send(q);
	}
	set_timer(c);
	return true;
}
