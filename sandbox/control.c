/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control.c - a daemon's control socket: HTTP/1.1 over a unix socket
 *
 * In:         requests of administrators
 * Out:        answers (control_render.c), a live log (control_stream.c), and
 *             two changes: a reload, a mode
 * Invariants: whoever is not root or of the group gets 403 and nothing else,
 *             and who stalls holds up nobody (control_http.c); a reload that
 *             many ask for is told to each
 */
#include "sandbox/control.h"

#include <errno.h>
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
#include "sandbox/control_http.h"
#include "sandbox/control_render.h"
#include "sandbox/control_request.h"
#include "sandbox/control_stream.h"
#include "sandbox/reload.h"
#include "sandbox/runs.h"
#include "sandbox/server.h"

/* Who waits for a reload's end; @late: of the one after that which is under
 * way, since the conf that this one reads may be older than he is. */
struct waiter {
	LIST_ENTRY(waiter) link;
	struct control *control;
	struct control_conn *cc;
	bool late;
};

struct control {
	struct control_facts facts;
	struct control_http *http;
	struct control_streams *streams;
	LIST_HEAD(, waiter) waiters;
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

static void answer_json(struct control_conn *cc, int status,
			struct strbuf *text)
{
	control_conn_answer(cc, status, "application/json", NULL, text);
}

static void error_text(const char *error, struct strbuf *text)
{
	struct json j;

	json_init(&j, text);
	json_object_open(&j, NULL);
	json_string(&j, "error", error);
	json_object_close(&j);
	strbuf_addc(text, '\n');
}

static void refuse(struct control_conn *cc, int status, const char *error)
{
	struct strbuf text = STRBUF_INIT;

	error_text(error, &text);
	answer_json(cc, status, &text);
}

static void get_status(struct control *c, struct control_conn *cc,
		       const struct control_request *rq)
{
	struct strbuf text = STRBUF_INIT;

	(void)rq;
	control_render_status(&c->facts, &text);
	answer_json(cc, 200, &text);
}

static void get_blocked(struct control *c, struct control_conn *cc,
			const struct control_request *rq)
{
	struct strbuf text = STRBUF_INIT;

	(void)rq;
	control_render_blocked(&c->facts, &text);
	answer_json(cc, 200, &text);
}

static void get_metrics(struct control *c, struct control_conn *cc,
			const struct control_request *rq)
{
	struct strbuf text = STRBUF_INIT;

	(void)rq;
	control_render_metrics(&c->facts, &text);
	control_conn_answer(cc, 200, "text/plain; version=0.0.4; charset=utf-8",
			    NULL, &text);
}

static void get_log(struct control *c, struct control_conn *cc,
		    const struct control_request *rq)
{
	(void)rq;
	if (control_streams_add(c->streams, cc) < 0)
		refuse(cc, 503, "too many look on already");
}

static void waiter_free(struct waiter *w)
{
	LIST_REMOVE(w, link);
	free(w);
}

static void on_waiter_gone(void *arg)
{
	waiter_free(arg);
}

/* The reload that begins now, or after the one under way, answers it. */
static void post_reload(struct control *c, struct control_conn *cc,
			const struct control_request *rq)
{
	struct waiter *w = calloc(1, sizeof(*w));

	(void)rq;
	if (!w || c->facts.server->draining ||
	    !control_conn_hold(cc, CONTROL_WAITER, on_waiter_gone, w)) {
		free(w);
		refuse(cc, 503, "no reload is possible now");
		return;
	}
	w->control = c;
	w->cc = cc;
	w->late = reload_is_under_way(c->facts.server->reload);
	LIST_INSERT_HEAD(&c->waiters, w, link);
	reload_start(c->facts.server->reload);
}

static void render_reload(bool changed, const char *said, struct strbuf *out)
{
	struct json j;

	if (!changed && said[0]) {
		strbuf_adds(out, said);
		return;
	}
	if (!changed) {
		error_text("the old conf stays; the daemon's messages say why",
			   out);
		return;
	}
	json_init(&j, out);
	json_object_open(&j, NULL);
	json_bool(&j, "reloaded", true);
	if (said[0])
		json_string(&j, "warning", said);
	json_object_close(&j);
	strbuf_addc(out, '\n');
}

void control_reloaded(struct control *c, bool changed, const char *said)
{
	struct waiter *w, *next;

	if (changed)
		c->facts.reloads++;
	else
		c->facts.reloads_failed++;
	for (w = LIST_FIRST(&c->waiters); w; w = next) {
		struct control_conn *cc = w->cc;
		struct strbuf text = STRBUF_INIT;

		next = LIST_NEXT(w, link);
		if (w->late) {
			w->late = false;
			continue;
		}
		waiter_free(w);
		render_reload(changed, said, &text);
		answer_json(cc, changed ? 200 : 409, &text);
	}
}

static void get_mode(struct control *c, struct control_conn *cc,
		     const struct control_request *rq)
{
	struct strbuf text = STRBUF_INIT;
	struct json j;

	(void)rq;
	json_init(&j, &text);
	json_object_open(&j, NULL);
	json_string(&j, "mode", control_mode_name(c->facts.forced));
	json_object_close(&j);
	strbuf_addc(&text, '\n');
	answer_json(cc, 200, &text);
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

static void put_mode(struct control *c, struct control_conn *cc,
		     const struct control_request *rq)
{
	char text[CONTROL_BODY_MAX + 1];
	enum conf_mode mode;

	memcpy(text, rq->body, rq->body_n);
	text[rq->body_n] = '\0';
	if (strlen(text) != rq->body_n || !parse_mode(text, &mode)) {
		refuse(cc, 400,
		       "expected {\"mode\":\"full\"}, \"limited\" or \"conf\"");
		return;
	}
	c->facts.forced = mode;
	reload_force_mode(c->facts.server->reload, mode);
	runs_force_mode(c->facts.runs, mode);
	log_notice("mode %s, by the control socket", control_mode_name(mode));
	get_mode(c, cc, rq);
}

static const struct route {
	const char *path;
	enum control_method method;
	void (*serve)(struct control *c, struct control_conn *cc,
		      const struct control_request *rq);
} routes[] = {
	{ "/v1/status", CONTROL_GET, get_status },
	{ "/v1/blocked", CONTROL_GET, get_blocked },
	{ "/v1/reload", CONTROL_POST, post_reload },
	{ "/v1/mode", CONTROL_GET, get_mode },
	{ "/v1/mode", CONTROL_PUT, put_mode },
	{ "/v1/log", CONTROL_GET, get_log },
	{ "/metrics", CONTROL_GET, get_metrics },
};

static void wrong_method(struct control_conn *cc, const char *path)
{
	static const char *const names[] = { "GET", "POST", "PUT" };
	struct strbuf allow = STRBUF_INIT, text = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		if (strcmp(routes[i].path, path) == 0)
			strbuf_addf(&allow, "%s%s", allow.len > 0 ? ", " : "",
				    names[routes[i].method]);
	error_text("this method is not for that", &text);
	control_conn_answer(cc, 405, "application/json",
			    strbuf_failed(&allow) ? NULL : allow.s, &text);
	strbuf_fini(&allow);
}

/* control_serve_fn */
static void on_request(struct control_conn *cc,
		       const struct control_request *rq, void *arg)
{
	struct control *c = arg;
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (strcmp(routes[i].path, rq->path) != 0)
			continue;
		known = true;
		if (routes[i].method == rq->method) {
			routes[i].serve(c, cc, rq);
			return;
		}
	}
	if (known)
		wrong_method(cc, rq->path);
	else
		refuse(cc, 404, "there is nothing here");
}

int control_new(struct server *s, struct runs *runs, int listen_fd,
		struct control **ret)
{
	struct control *c = calloc(1, sizeof(*c));
	struct control_http_opts opts = {
		.base = proxy_base(s->proxy),
		.listen_fd = listen_fd,
		.group = (gid_t)-1,
		.serve = on_request,
		.arg = c,
	};
	int r;

	if (!c) {
		(void)close(listen_fd);
		return -ENOMEM;
	}
	LIST_INIT(&c->waiters);
	c->facts.server = s;
	c->facts.runs = runs;
	(void)clock_gettime(CLOCK_REALTIME, &c->facts.started);
	(void)find_group(&opts.group);
	r = control_http_new(&opts, &c->http);
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

void control_free(struct control *c)
{
	struct waiter *w;

	if (!c)
		return;
	control_streams_free(c->streams);
	while ((w = LIST_FIRST(&c->waiters)))
		waiter_free(w);
	control_http_free(c->http);
	free(c);
}
