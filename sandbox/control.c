/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control.c - a daemon's control socket: HTTP/1.1 over a unix socket
 *
 * In:         requests of administrators
 * Out:        answers (control_render.c), a live log (control_stream.c), and
 *             two changes: a reload, a mode
 * Invariants: whoever is not root or of the group gets 403 and nothing else;
 *             head, body and time of a request have bounds, and who stalls
 *             holds up nobody; a reload that many ask for is told to each
 *
 * The HTTP is libevent's: nothing here is a proxy's data path, and its peers
 * are trusted.
 */
#include "sandbox/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/json.h"
#include "common/log.h"
#include "common/macros.h"
#include "common/strbuf.h"
#include "proxy/proxy.h"
#include "sandbox/control_render.h"
#include "sandbox/control_stream.h"
#include "sandbox/reload.h"
#include "sandbox/runs.h"
#include "sandbox/server.h"

#define HEAD_MAX     8192
#define BODY_MAX     4096
#define SECONDS_MAX  30
#define WAITERS_MAX  64
#define GROUP_BUFFER 65536
#define REST_MS	     100

/* Who waits for a reload's end; @late: of the one after that which is under
 * way, since the conf that this one reads may be older than he is. */
struct waiter {
	LIST_ENTRY(waiter) link;
	struct control *control;
	struct evhttp_request *rq;
	bool late;
};

struct control {
	struct control_facts facts;
	struct evhttp *http;
	struct control_streams *streams;
	LIST_HEAD(, waiter) waiters;
	unsigned waiters_n;
	bool has_group;
	gid_t group;
};

static bool find_group(gid_t *ret)
{
	const struct group *g = getgrnam(CONTROL_GROUP);

	if (g)
		*ret = g->gr_gid;
	return g;
}

int control_listen(const char *path, int *ret_fd,
		   char error[IDENTITY_ERROR_MAX])
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	gid_t group = 0;
	int fd, r = 0;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		(void)snprintf(error, IDENTITY_ERROR_MAX,
			       "%s: longer than a socket's name can be", path);
		return -ENAMETOOLONG;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Whoever was there before us has ended: the daemon holds a lock. */
	(void)unlink(path);
	/* Nobody can connect before the mode is right. */
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    (find_group(&group) && lchown(path, 0, group) < 0) ||
	    chmod(path, group ? 0660 : 0600) < 0 || listen(fd, SOMAXCONN) < 0) {
		r = -errno;
		(void)snprintf(error, IDENTITY_ERROR_MAX, "%s: %s", path,
			       strerror(-r));
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static void add_header(struct evhttp_request *rq, const char *name,
		       const char *value)
{
	(void)evhttp_add_header(evhttp_request_get_output_headers(rq), name,
				value);
}

/* Takes what is in @text. */
static void answer(struct evhttp_request *rq, int status, const char *phrase,
		   const char *type, struct strbuf *text)
{
	struct evbuffer *body = evbuffer_new();

	add_header(rq, "Content-Type", type);
	if (!body || strbuf_failed(text) ||
	    evbuffer_add(body, text->s, text->len) < 0)
		evhttp_send_error(rq, HTTP_INTERNAL, "out of memory");
	else
		evhttp_send_reply(rq, status, phrase, body);
	if (body)
		evbuffer_free(body);
	strbuf_fini(text);
}

static void answer_json(struct evhttp_request *rq, int status,
			const char *phrase, struct strbuf *text)
{
	answer(rq, status, phrase, "application/json", text);
}

static void refuse(struct evhttp_request *rq, int status, const char *phrase,
		   const char *error)
{
	struct strbuf text = STRBUF_INIT;
	struct json j;

	json_init(&j, &text);
	json_object_open(&j, NULL);
	json_string(&j, "error", error);
	json_object_close(&j);
	strbuf_addc(&text, '\n');
	answer_json(rq, status, phrase, &text);
}

static void get_status(struct control *c, struct evhttp_request *rq)
{
	struct strbuf text = STRBUF_INIT;

	control_render_status(&c->facts, &text);
	answer_json(rq, HTTP_OK, "OK", &text);
}

static void get_blocked(struct control *c, struct evhttp_request *rq)
{
	struct strbuf text = STRBUF_INIT;

	control_render_blocked(&c->facts, &text);
	answer_json(rq, HTTP_OK, "OK", &text);
}

static void get_metrics(struct control *c, struct evhttp_request *rq)
{
	struct strbuf text = STRBUF_INIT;

	control_render_metrics(&c->facts, &text);
	answer(rq, HTTP_OK, "OK", "text/plain; version=0.0.4; charset=utf-8",
	       &text);
}

static void get_log(struct control *c, struct evhttp_request *rq)
{
	if (control_streams_add(c->streams, rq) < 0)
		refuse(rq, HTTP_SERVUNAVAIL, "Service Unavailable",
		       "too many look on already");
}

static void waiter_free(struct waiter *w)
{
	LIST_REMOVE(w, link);
	w->control->waiters_n--;
	free(w);
}

static void on_waiter_gone(struct evhttp_connection *connection, void *arg)
{
	(void)connection;
	waiter_free(arg);
}

/* The reload that begins now, or after the one under way, answers it. */
static void post_reload(struct control *c, struct evhttp_request *rq)
{
	struct waiter *w =
		c->waiters_n < WAITERS_MAX ? calloc(1, sizeof(*w)) : NULL;

	if (!w || c->facts.server->draining) {
		free(w);
		refuse(rq, HTTP_SERVUNAVAIL, "Service Unavailable",
		       "no reload is possible now");
		return;
	}
	w->control = c;
	w->rq = rq;
	w->late = reload_is_under_way(c->facts.server->reload);
	LIST_INSERT_HEAD(&c->waiters, w, link);
	c->waiters_n++;
	evhttp_connection_set_closecb(evhttp_request_get_connection(rq),
				      on_waiter_gone, w);
	reload_start(c->facts.server->reload);
}

void control_reloaded(struct control *c, bool changed, const char *errors)
{
	struct waiter *w, *next;

	if (changed)
		c->facts.reloads++;
	else
		c->facts.reloads_failed++;
	for (w = LIST_FIRST(&c->waiters); w; w = next) {
		struct evhttp_request *rq = w->rq;
		struct strbuf text = STRBUF_INIT;

		next = LIST_NEXT(w, link);
		if (w->late) {
			w->late = false;
			continue;
		}
		evhttp_connection_set_closecb(evhttp_request_get_connection(rq),
					      NULL, NULL);
		waiter_free(w);
		if (changed)
			strbuf_adds(&text, "{\"reloaded\":true}\n");
		else if (errors[0])
			strbuf_adds(&text, errors);
		else
			strbuf_adds(&text, "{\"error\":\"the old conf stays; "
					   "the daemon's messages say "
					   "why\"}\n");
		answer_json(rq, changed ? HTTP_OK : 409,
			    changed ? "OK" : "Conflict", &text);
	}
}

static void get_mode(struct control *c, struct evhttp_request *rq)
{
	struct strbuf text = STRBUF_INIT;
	struct json j;

	json_init(&j, &text);
	json_object_open(&j, NULL);
	json_string(&j, "mode", control_mode_name(c->facts.forced));
	json_object_close(&j);
	strbuf_addc(&text, '\n');
	answer_json(rq, HTTP_OK, "OK", &text);
}

/* {"mode":"WORD"}, with blanks where JSON has them; WORD has no escapes. */
static bool parse_mode(const char *s, enum conf_mode *ret)
{
	char word[16];
	int end = -1;

	if (sscanf(s, " { \"mode\" : \"%15[a-z]\" } %n", word, &end) != 1 ||
	    end < 0 || s[end] != '\0')
		return false;
	if (strcmp(word, "full") == 0)
		*ret = CONF_MODE_FULL;
	else if (strcmp(word, "limited") == 0)
		*ret = CONF_MODE_LIMITED;
	else if (strcmp(word, "conf") == 0)
		*ret = CONF_MODE_UNSET;
	else
		return false;
	return true;
}

static void put_mode(struct control *c, struct evhttp_request *rq)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(rq);
	size_t n = evbuffer_get_length(body);
	char text[BODY_MAX + 1];
	enum conf_mode mode;

	if (n > BODY_MAX)
		n = BODY_MAX;
	(void)evbuffer_copyout(body, text, n);
	text[n] = '\0';
	if (strlen(text) != n || !parse_mode(text, &mode)) {
		refuse(rq, HTTP_BADREQUEST, "Bad Request",
		       "expected {\"mode\":\"full\"}, \"limited\" or \"conf\"");
		return;
	}
	c->facts.forced = mode;
	runs_force_mode(c->facts.runs, mode);
	log_notice("mode %s, by the control socket", control_mode_name(mode));
	get_mode(c, rq);
}

static const struct route {
	const char *path;
	enum evhttp_cmd_type method;
	void (*serve)(struct control *c, struct evhttp_request *rq);
} routes[] = {
	{ "/v1/status", EVHTTP_REQ_GET, get_status },
	{ "/v1/blocked", EVHTTP_REQ_GET, get_blocked },
	{ "/v1/reload", EVHTTP_REQ_POST, post_reload },
	{ "/v1/mode", EVHTTP_REQ_GET, get_mode },
	{ "/v1/mode", EVHTTP_REQ_PUT, put_mode },
	{ "/v1/log", EVHTTP_REQ_GET, get_log },
	{ "/metrics", EVHTTP_REQ_GET, get_metrics },
};

/* Is the peer root, the daemon's own uid before, or of the group? */
static bool may(const struct control *c, struct evhttp_request *rq)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(
		evhttp_request_get_connection(rq));
	const int fd = bufferevent_getfd(bev);
	socklen_t size = sizeof(struct ucred);
	gid_t groups[GROUP_BUFFER / sizeof(gid_t)];
	struct ucred peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	if (peer.uid == 0 || (c->has_group && peer.gid == c->group))
		return true;
	size = sizeof(groups);
	if (!c->has_group ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(gid_t); i++)
		if (groups[i] == c->group)
			return true;
	return false;
}

static void wrong_method(struct evhttp_request *rq, const char *path)
{
	struct strbuf allow = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		if (strcmp(routes[i].path, path) == 0)
			strbuf_addf(&allow, "%s%s", allow.len > 0 ? ", " : "",
				    routes[i].method == EVHTTP_REQ_GET ? "GET"
				    : routes[i].method == EVHTTP_REQ_PUT
					    ? "PUT"
					    : "POST");
	if (!strbuf_failed(&allow))
		add_header(rq, "Allow", allow.s);
	strbuf_fini(&allow);
	refuse(rq, HTTP_BADMETHOD, "Method Not Allowed",
	       "this method is not for that");
}

static void on_request(struct evhttp_request *rq, void *arg)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(rq);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	struct control *c = arg;
	bool known = false;

	if (!may(c, rq)) {
		refuse(rq, 403, "Forbidden",
		       "this is for root and the group " CONTROL_GROUP);
		return;
	}
	for (size_t i = 0; path && i < ARRAY_SIZE(routes); i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		known = true;
		if (routes[i].method == evhttp_request_get_command(rq)) {
			routes[i].serve(c, rq);
			return;
		}
	}
	if (known)
		wrong_method(rq, path);
	else
		refuse(rq, HTTP_NOTFOUND, "Not Found", "there is nothing here");
}

static void on_rested(evutil_socket_t fd, short what, void *listener)
{
	(void)fd;
	(void)what;
	(void)evconnlistener_enable(listener);
}

/* Without a descriptor, who waits to be accepted would wake us again at once.
 * (@http is evhttp's: it has made the listener its own.) */
static void on_accept_failed(struct evconnlistener *listener, void *http)
{
	const struct timeval rest = { .tv_usec = REST_MS * 1000 };

	(void)http;
	log_warn("control: accepting pauses: %s", strerror(errno));
	/* The loop does not run any more when the listener is freed. */
	if (event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT,
			    on_rested, listener, &rest) == 0)
		(void)evconnlistener_disable(listener);
}

/* Takes @fd. */
static int make_http(struct control *c, struct event_base *base, int fd)
{
	struct evconnlistener *listener = evconnlistener_new(
		base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
		0, fd);

	if (!listener) {
		(void)close(fd);
		return -ENOMEM;
	}
	c->http = evhttp_new(base);
	if (!c->http || !evhttp_bind_listener(c->http, listener)) {
		evconnlistener_free(listener);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(listener, on_accept_failed);
	evhttp_set_max_headers_size(c->http, HEAD_MAX);
	evhttp_set_max_body_size(c->http, BODY_MAX);
	evhttp_set_timeout(c->http, SECONDS_MAX);
	/* Each, so that what is wrong gets our 405 with its Allow. */
	evhttp_set_allowed_methods(
		c->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
				 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
				 EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_gencb(c->http, on_request, c);
	return 0;
}

int control_new(struct server *s, struct runs *runs, int listen_fd,
		struct control **ret)
{
	struct control *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		(void)close(listen_fd);
		return -ENOMEM;
	}
	LIST_INIT(&c->waiters);
	c->facts.server = s;
	c->facts.runs = runs;
	(void)clock_gettime(CLOCK_REALTIME, &c->facts.started);
	c->has_group = find_group(&c->group);
	r = make_http(c, proxy_base(s->proxy), listen_fd);
	if (r == 0)
		r = control_streams_new(s->proxy, &c->streams);
	if (r < 0)
		control_free(c);
	else
		*ret = c;
	return r;
}

void control_drain(struct control *c)
{
	control_streams_end(c->streams);
}

enum conf_mode control_mode(const struct control *c)
{
	return c->facts.forced;
}

void control_free(struct control *c)
{
	struct waiter *w;

	if (!c)
		return;
	control_streams_free(c->streams);
	/* Their requests go with the connections; nobody is called any more. */
	while ((w = LIST_FIRST(&c->waiters))) {
		evhttp_connection_set_closecb(
			evhttp_request_get_connection(w->rq), NULL, NULL);
		waiter_free(w);
	}
	if (c->http)
		evhttp_free(c->http);
	free(c);
}
