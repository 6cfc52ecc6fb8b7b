/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_http.c - connections of the control socket
 */
#include "sandbox/control_http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/macros.h"
#include "common/strbuf.h"
#include "sandbox/control_request.h"
#include "sandbox/leaver.h"

#define READING_SECONDS 10
#define ENDING_SECONDS	30
#define ACCEPT_MAX	16 /* in one turn of the loop */
#define REST_MS		100
#define LOOKING_SECONDS 2 /* whether who says no more is still there */
#define WAITING_MAX	(256u * 1024) /* bytes that a stream may be behind */
#define INPUT_MAX	(CONTROL_HEAD_MAX + CONTROL_BODY_MAX)
#define GROUP_BUFFER	65536

static const struct bound {
	unsigned all, of_user;
} bounds[] = {
	[CONTROL_WAITER] = { 64, 16 },
	[CONTROL_STREAM] = { 32, 8 },
};

enum state {
	READING,
	HELD,
	ENDING
};

/**
 * struct control_conn
 * @timer: of READING and ENDING, and of HELD once he has ended his half
 * @gone:  of HELD
 */
struct control_conn {
	TAILQ_ENTRY(control_conn) link;
	struct control_http *http;
	uid_t uid;
	enum state state;
	enum control_held held;
	struct bufferevent *bev;
	struct event *timer;
	control_gone_fn *gone;
	void *gone_arg;
};

TAILQ_HEAD(conn_list, control_conn);

/* @conns: the oldest first. */
struct control_http {
	struct control_http_opts opts;
	struct event *accepting, *rest;
	struct conn_list conns;
	unsigned n;
};

static const char *phrase_of(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 431, "Request Header Fields Too Large" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Internal Server Error";
}

static void conn_free(struct control_conn *cc)
{
	struct control_http *h = cc->http;

	TAILQ_REMOVE(&h->conns, cc, link);
	h->n--;
	if (cc->timer)
		event_free(cc->timer);
	bufferevent_free(cc->bev);
	free(cc);
}

/* What is unread in a socket that is closed resets its peer, who then never
 * reads the answer. So no more can come, and what came is thrown away. */
static void stop_reading(int fd)
{
	char ignored[4096];

	(void)shutdown(fd, SHUT_RD);
	while (recv(fd, ignored, sizeof(ignored), MSG_DONTWAIT) > 0)
		;
}

static void set_timer(const struct control_conn *cc, int seconds)
{
	const struct timeval tv = { .tv_sec = seconds };

	(void)event_add(cc->timer, &tv); /* in failure: it lasts longer */
}

static void end(struct control_conn *cc)
{
	cc->state = ENDING;
	cc->gone = NULL;
	(void)bufferevent_disable(cc->bev, EV_READ);
	stop_reading(bufferevent_getfd(cc->bev));
	set_timer(cc, ENDING_SECONDS);
	/* on_written() comes once all is gone; for nothing it would not. */
	if (evbuffer_get_length(bufferevent_get_output(cc->bev)) == 0)
		bufferevent_trigger(cc->bev, EV_WRITE,
				    BEV_TRIG_DEFER_CALLBACKS);
}

void control_conn_answer(struct control_conn *cc, int status, const char *type,
			 const char *allow, struct strbuf *text)
{
	struct evbuffer *out = bufferevent_get_output(cc->bev);
	const bool ok = !strbuf_failed(text);

	(void)evbuffer_add_printf(
		out,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n%s%s%s\r\n",
		ok ? status : 500, phrase_of(ok ? status : 500), type,
		ok ? text->len : 0, allow ? "Allow: " : "", allow ? allow : "",
		allow ? "\r\n" : "");
	if (ok)
		(void)evbuffer_add(out, text->s, text->len);
	strbuf_fini(text);
	end(cc);
}

static void refuse(struct control_conn *cc, int status)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "{\"error\":\"%s\"}\n", phrase_of(status));
	control_conn_answer(cc, status, "application/json", NULL, &text);
}

bool control_conn_hold(struct control_conn *cc, enum control_held held,
		       control_gone_fn *gone, void *arg)
{
	const struct bound *bound = &bounds[held];
	const struct control_conn *other;
	unsigned all = 0, of_user = 0;

	TAILQ_FOREACH (other, &cc->http->conns, link) {
		if (other->state != HELD || other->held != held)
			continue;
		all++;
		of_user += other->uid == cc->uid && cc->uid != 0;
	}
	if (all >= bound->all || of_user >= bound->of_user)
		return false;
	cc->state = HELD;
	cc->held = held;
	cc->gone = gone;
	cc->gone_arg = arg;
	(void)event_del(cc->timer);
	return true;
}

void control_conn_begin(struct control_conn *cc, const char *type)
{
	(void)evbuffer_add_printf(bufferevent_get_output(cc->bev),
				  "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
				  "Connection: close\r\n\r\n",
				  type);
}

bool control_conn_send(struct control_conn *cc, const char *bytes, size_t n)
{
	struct evbuffer *out = bufferevent_get_output(cc->bev);

	return evbuffer_get_length(out) + n <= WAITING_MAX &&
	       evbuffer_add(out, bytes, n) == 0;
}

void control_conn_end(struct control_conn *cc)
{
	end(cc);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct control_conn *cc = arg;
	struct control_request rq;
	char bytes[INPUT_MAX];
	ssize_t n;
	int r;

	if (cc->state != READING) { /* nothing that he has to say counts */
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	n = evbuffer_copyout(in, bytes, sizeof(bytes));
	r = n < 0 ? -EAGAIN : control_request_parse(bytes, (size_t)n, &rq);
	if (r == -EAGAIN)
		return;
	if (r == 0)
		cc->http->opts.serve(cc, &rq, cc->http->opts.arg);
	else
		refuse(cc, r);
	(void)evbuffer_drain(in, evbuffer_get_length(in));
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct control_conn *cc = arg;

	if (cc->state == ENDING &&
	    evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		conn_free(cc);
}

static void lose(struct control_conn *cc)
{
	if (cc->gone)
		cc->gone(cc->gone_arg);
	conn_free(cc);
}

/* Has the client ended both halves? Of one alone there is no POLLHUP. */
static bool is_gone(const struct control_conn *cc)
{
	struct pollfd fd = { .fd = bufferevent_getfd(cc->bev) };

	return poll(&fd, 1, 0) < 0 || (fd.revents & (POLLHUP | POLLERR));
}

/* The client is gone, or has ended his half: before his request was whole, or
 * after it. The latter still wants the answer. */
static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct control_conn *cc = arg;

	(void)bev;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	if (cc->state == HELD && (what & BEV_EVENT_EOF) && !is_gone(cc))
		set_timer(cc, LOOKING_SECONDS); /* he is not heard going */
	else
		lose(cc);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct control_conn *cc = arg;

	(void)fd;
	(void)what;
	if (cc->state == HELD && !is_gone(cc))
		set_timer(cc, LOOKING_SECONDS);
	else
		lose(cc);
}

/* Root, or of the group? */
static bool may(const struct control_http *h, int fd, const struct ucred *peer)
{
	gid_t groups[GROUP_BUFFER / sizeof(gid_t)];
	socklen_t size = sizeof(groups);

	if (peer->uid == 0)
		return true;
	if (h->opts.group == (gid_t)-1)
		return false;
	if (peer->gid == h->opts.group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(gid_t); i++)
		if (groups[i] == h->opts.group)
			return true;
	return false;
}

static unsigned count_of(const struct control_http *h, uid_t uid, bool held)
{
	const struct control_conn *cc;
	unsigned n = 0;

	TAILQ_FOREACH (cc, &h->conns, link)
		n += cc->uid == uid && (held || cc->state != HELD);
	return n;
}

/* The oldest that is not held, of @uid. */
static struct control_conn *oldest_of(struct control_http *h, uid_t uid)
{
	struct control_conn *cc;

	TAILQ_FOREACH (cc, &h->conns, link)
		if (cc->uid == uid && cc->state != HELD)
			return cc;
	return NULL;
}

/* Who makes room for one more of @uid: his own, if nobody has more. */
static struct control_conn *find_leaver(struct control_http *h, uid_t uid)
{
	struct control_conn *at[CONTROL_CONNS_MAX], *cc;
	struct stayer v[CONTROL_CONNS_MAX] = { { 0 } };
	size_t n = 0, found;

	TAILQ_FOREACH (cc, &h->conns, link) {
		if (cc->state == HELD || n == CONTROL_CONNS_MAX)
			continue;
		v[n] = (struct stayer){ cc->uid, n };
		at[n++] = cc;
	}
	found = leaver_find(v, n, count_of(h, uid, false));
	return found < n ? at[found] : oldest_of(h, uid);
}

static bool make_room(struct control_http *h, uid_t uid)
{
	struct control_conn *leaver;

	if (uid != 0 && count_of(h, uid, true) >= CONTROL_CONNS_OF_USER)
		leaver = oldest_of(h, uid);
	else if (h->n >= CONTROL_CONNS_MAX)
		leaver = find_leaver(h, uid);
	else
		return true;
	if (leaver)
		conn_free(leaver);
	return leaver;
}

/* Takes @fd. */
static void conn_new(struct control_http *h, int fd, uid_t uid, bool allowed)
{
	struct control_conn *cc = calloc(1, sizeof(*cc));

	if (cc)
		cc->bev = bufferevent_socket_new(h->opts.base, fd,
						 BEV_OPT_CLOSE_ON_FREE);
	if (!cc || !cc->bev) {
		free(cc);
		(void)close(fd);
		return;
	}
	cc->http = h;
	cc->uid = uid;
	TAILQ_INSERT_TAIL(&h->conns, cc, link);
	h->n++;
	cc->timer = evtimer_new(h->opts.base, on_timer, cc);
	bufferevent_setcb(cc->bev, on_read, on_written, on_event, cc);
	bufferevent_setwatermark(cc->bev, EV_READ, 0, INPUT_MAX);
	if (!cc->timer) {
		conn_free(cc);
		return;
	}
	if (!allowed) {
		refuse(cc, 403);
		return;
	}
	set_timer(cc, READING_SECONDS);
	if (bufferevent_enable(cc->bev, EV_READ | EV_WRITE) < 0)
		conn_free(cc);
}

static void take(struct control_http *h, int fd)
{
	socklen_t size = sizeof(struct ucred);
	struct ucred peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    !make_room(h, peer.uid)) {
		(void)close(fd);
		return;
	}
	conn_new(h, fd, peer.uid, may(h, fd, &peer));
}

/* Without a descriptor, who waits to be accepted would wake us again at once.
 */
static void pause_accepting(struct control_http *h)
{
	const struct timeval rest = { .tv_usec = REST_MS * 1000 };

	log_warn("control: accepting pauses: %s", strerror(errno));
	if (event_add(h->rest, &rest) == 0)
		(void)event_del(h->accepting);
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
	const struct control_http *h = arg;

	(void)fd;
	(void)what;
	(void)event_add(h->accepting, NULL);
}

static void on_accept(evutil_socket_t listen_fd, short what, void *arg)
{
	struct control_http *h = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_MAX; i++) {
		int fd = accept4(listen_fd, NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			take(h, fd);
		else if (errno == EAGAIN)
			return;
		else if (errno != ECONNABORTED && errno != EINTR) {
			pause_accepting(h);
			return;
		}
	}
}

int control_http_new(const struct control_http_opts *opts,
		     struct control_http **ret)
{
	struct control_http *h = calloc(1, sizeof(*h));

	if (!h) {
		(void)close(opts->listen_fd);
		return -ENOMEM;
	}
	h->opts = *opts;
	TAILQ_INIT(&h->conns);
	h->accepting = event_new(opts->base, opts->listen_fd,
				 EV_READ | EV_PERSIST, on_accept, h);
	h->rest = evtimer_new(opts->base, on_rested, h);
	if (!h->accepting || !h->rest || event_add(h->accepting, NULL) < 0) {
		control_http_free(h);
		return -ENOMEM;
	}
	*ret = h;
	return 0;
}

void control_http_free(struct control_http *h)
{
	struct control_conn *cc;

	if (!h)
		return;
	while ((cc = TAILQ_FIRST(&h->conns)))
		conn_free(cc);
	if (h->accepting)
		event_free(h->accepting);
	if (h->rest)
		event_free(h->rest);
	(void)close(h->opts.listen_fd);
	free(h);
}
