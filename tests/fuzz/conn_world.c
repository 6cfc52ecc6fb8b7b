/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_world.c - a proxy, and the little internet around it
 *
 * A proxy is made once for each conf and serves all inputs after that. That
 * nothing is left of an input is seen from outside: the loop has no event more
 * than before, the process no descriptor more, and a limit that an input alone
 * cannot reach is never reached.
 */
#include "tests/fuzz/conn_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/addr.h"
#include "common/conf.h"
#include "common/conf_load.h"
#include "common/fdio.h"
#include "common/log.h"
#include "common/macros.h"
#include "proxy/policy.h"
#include "proxy/proxy.h"
#include "tests/fuzz/conn_auth.h"
#include "tests/fuzz/conn_calls.h"
#include "tests/fuzz/conn_policy.h"
#include "tests/support/dns_script.h"

/* More descriptors than an input opens. */
#define FDS 48

/* Turns without a sign of life that count as quiet; DNS takes a few. */
#define QUIET_TURNS 4

/* More turns than any input needs. */
#define TURNS_MAX 20000u

/* One conf's proxy. @events: on its loop when nothing happens. */
struct service {
	struct conf *conf;
	struct policy *policy;
	struct proxy *proxy;
	struct proxy_scope *scope;
	struct event_base *base, *dns_base;
	struct dns_script dns;
	uint16_t port;
	int log, events;
};

static struct service services[WORLD_CONFS];
static struct service *now;
static int first_free;
static struct world world;
static bool moved;
static unsigned turns, dials;

/* --- making it */

/* It is read again with each proxy, and so stays. */
static int users_file(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;
	fd = memfd_create("users", MFD_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0600) < 0 ||
	    fd_write_all(fd, CONN_AUTH_USERS, sizeof(CONN_AUTH_USERS) - 1) < 0)
		world_wrong("no file of users");
	return fd;
}

static void load_conf(struct service *s, unsigned conf)
{
	static const struct conf_opts opts = { .auth = CONF_AUTH_NEED };
	struct strbuf text = STRBUF_INIT;
	struct conf_report report;

	strbuf_addf(&text, "resolver 127.0.0.1:%u\n%s", (unsigned)s->dns.port,
		    conn_policy_text(conf));
	if (conn_policy_asks(conf))
		strbuf_addf(&text, "auth /proc/self/fd/%d\n", users_file());
	if (conf_parse("fuzz.conf", text.s, text.len, &opts, &s->conf,
		       &report) < 0)
		world_wrong("%u: %s", report.errors[0].line,
			    report.errors[0].text);
	conf_report_fini(&report);
	strbuf_fini(&text);
}

/*
 * Of the first descriptors that are free when nothing happens. A pipe stays
 * in the pool of the tunnels, which is bounded.
 */
static int find_socket(void)
{
	struct stat st;

	for (int fd = first_free; fd < first_free + FDS; fd++)
		if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
			return fd;
	return -1;
}

static int count_events(void)
{
	return event_base_get_num_events(now->base, EVENT_BASE_COUNT_ADDED);
}

static void start_service(unsigned conf)
{
	struct proxy_scope_opts scope = { .run = "", .remember_blocked = true };
	struct proxy_opts opts = { 0 };
	struct service *s = &services[conf];
	int listener;

	s->dns_base = event_base_new();
	s->log = memfd_create("log", MFD_CLOEXEC);
	(void)fcntl(s->log, F_SETFL, O_APPEND);
	if (dns_script_start(&s->dns, s->dns_base, "127.0.0.1", 0) < 0)
		world_wrong("no DNS server");
	load_conf(s, conf);
	if (policy_new(s->conf, NULL, &s->policy) < 0)
		world_wrong("no policy");
	opts.conf = s->conf;
	scope.conf = s->conf;
	scope.policy = s->policy;
	scope.asks = conn_policy_asks(conf);
	opts.log_fd = s->log;
	if (proxy_new(&opts, &s->proxy) < 0)
		world_wrong("no proxy");
	s->base = proxy_base(s->proxy);
	listener = calls_listen(&s->port, 64);
	if (proxy_scope_new(s->proxy, &scope, &s->scope) < 0 ||
	    proxy_add_listener(s->scope, listener) < 0 ||
	    proxy_start(s->proxy) < 0)
		world_wrong("the proxy does not start");
}

/* Started, and noted what it is like when nothing happens. */
static void open_service(unsigned conf)
{
	now = &services[conf];
	start_service(conf);
	world_settle();
	now->events = count_events();
}

static void start_all(void)
{
	(void)sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
			NULL);
	log_set_level(LOG_LEVEL_ERROR);
	(void)calls_origin();
	for (unsigned i = 0; i < WORLD_CONFS; i++)
		open_service(i);
	first_free = fcntl(calls_origin(), F_DUPFD_CLOEXEC, 0);
	(void)close(first_free);
}

struct world *world_begin(unsigned conf)
{
	if (!now)
		start_all();
	now = &services[conf];
	calls_begin(conf, now->dns.port);
	world.conf = conf;
	dials = turns = 0;
	strbuf_reset(&world.log);
	return &world;
}

/* --- its ends */

static void end_open(struct end *e, int fd)
{
	e->fd = fd;
	e->used = true;
	/* Never NULL: so much easier to look at. */
	strbuf_addc(&e->sent, 0);
	strbuf_reset(&e->sent);
	strbuf_addc(&e->got, 0);
	strbuf_reset(&e->got);
	moved = true;
}

void world_connect(struct end *e)
{
	end_open(e, calls_connect(now->port, &e->port));
	if (e->fd < 0)
		world_wrong("the client cannot connect: %s", strerror(errno));
}

static void end_close(struct end *e, bool reset)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	if (e->fd < 0 || !e->used)
		return;
	if (reset)
		(void)setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &hard,
				 sizeof(hard));
	(void)close(e->fd);
	e->fd = -1;
	/* Even an orderly close resets what comes after it. */
	e->spoilt = e->spoilt || !e->ended;
	moved = true;
}

void world_reset(struct end *e)
{
	end_close(e, true);
}

void world_close(struct end *e)
{
	end_close(e, false);
}

void world_shut(struct end *e)
{
	if (!e->used || e->fd < 0 || e->shut)
		return;
	(void)shutdown(e->fd, SHUT_WR);
	e->shut = true;
	moved = true;
}

void world_send(struct end *e, const char *bytes, size_t n)
{
	ssize_t sent;

	if (!e->used || e->fd < 0 || e->shut || n == 0)
		return;
	sent = send(e->fd, bytes, n, MSG_NOSIGNAL);
	if (sent <= 0)
		return;
	strbuf_add(&e->sent, bytes, (size_t)sent);
	moved = true;
}

static void end_read(struct end *e)
{
	static char bytes[65536];
	ssize_t n;

	if (!e->used || e->fd < 0 || e->deaf || e->ended)
		return;
	while ((n = recv(e->fd, bytes, sizeof(bytes), 0)) > 0) {
		strbuf_add(&e->got, bytes, (size_t)n);
		moved = true;
	}
	if (n == 0) {
		e->ended = moved = true;
		e->whole = e->sent.len;
	} else if (errno != EAGAIN) {
		e->spoilt = true;
		end_close(e, true);
	}
}

static void end_fini(struct end *e)
{
	end_close(e, true);
	strbuf_fini(&e->sent);
	strbuf_fini(&e->got);
	*e = (struct end){ .fd = -1 };
}

/* --- turning it */

static void name_origin(struct end *e, const struct sockaddr_storage *ss)
{
	const struct call *d;
	struct addr unused;
	uint16_t from = 0;

	(void)addr_from_sockaddr((const struct sockaddr *)ss, &unused, &from);
	d = calls_find(from);
	if (!d)
		world_wrong("an origin is called by somebody else");
	e->port = d->port;
	(void)snprintf(e->address, sizeof(e->address), "%s", d->address);
}

static void accept_all(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd;

	while ((fd = accept4(calls_origin(), (struct sockaddr *)&ss, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		size_t i = 0;

		moved = true;
		while (i < WORLD_ORIGINS && world.origins[i].used)
			i++;
		if (i == WORLD_ORIGINS) { /* more than it is for */
			(void)close(fd);
			continue;
		}
		end_open(&world.origins[i], fd);
		name_origin(&world.origins[i], &ss);
	}
}

void world_turn(void)
{
	if (turns++ > TURNS_MAX)
		world_wrong("it turns and turns");
	if (event_base_loop(now->base, EVLOOP_NONBLOCK) < 0 ||
	    event_base_loop(now->dns_base, EVLOOP_NONBLOCK) < 0)
		world_wrong("the loop fails");
	moved = moved || dials != calls_count();
	dials = calls_count();
	accept_all();
	for (int i = 0; i < WORLD_CLIENTS; i++)
		end_read(&world.clients[i]);
	for (int i = 0; i < WORLD_ORIGINS; i++)
		end_read(&world.origins[i]);
}

void world_settle(void)
{
	for (int quiet = 0; quiet < QUIET_TURNS; quiet++) {
		moved = false;
		world_turn();
		if (moved)
			quiet = 0;
	}
}

void world_skip_ms(uint64_t ms)
{
	calls_skip_ms(ms);
	world_settle();
}

/* --- ending it */

static void end_in_good_order(void)
{
	for (int i = 0; i < WORLD_ORIGINS; i++)
		world_shut(&world.origins[i]);
	world_settle();
	for (int i = 0; i < WORLD_CLIENTS; i++)
		world_shut(&world.clients[i]);
	world_settle();
}

static void end_by_time(void)
{
	static const uint64_t ms[] = { 1000,  3000,   10000,  30000,
				       60000, 130000, 7200000 };

	for (size_t i = 0; i < ARRAY_SIZE(ms); i++) {
		if (count_events() == now->events)
			return;
		world_skip_ms(ms[i]);
	}
}

static void end_by_force(void)
{
	for (int i = 0; i < WORLD_ORIGINS; i++)
		end_close(&world.origins[i], true);
	for (int i = 0; i < WORLD_CLIENTS; i++)
		end_close(&world.clients[i], true);
	world_settle();
	end_by_time();
}

static void read_log(void)
{
	static char bytes[16384];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(now->log, bytes, sizeof(bytes), at)) > 0) {
		strbuf_add(&world.log, bytes, (size_t)n);
		at += n;
	}
	(void)ftruncate(now->log, 0);
}

void world_end(void)
{
	struct proxy_stats stats;

	world_settle();
	end_in_good_order();
	end_by_time();
	end_by_force();
	read_log();
	if (count_events() != now->events)
		world_wrong("%d events are left of it",
			    count_events() - now->events);
	proxy_scope_stats(now->scope, &stats);
	if (stats.connections != 0)
		world_wrong("%u connections are left of it",
			    (unsigned)stats.connections);
	if (find_socket() >= 0)
		world_wrong("socket %d is left of it", find_socket());
}

void world_fini(void)
{
	for (int i = 0; i < WORLD_ORIGINS; i++)
		end_fini(&world.origins[i]);
	for (int i = 0; i < WORLD_CLIENTS; i++)
		end_fini(&world.clients[i]);
}

void world_end_at_once(void)
{
	unsigned conf = world.conf;

	proxy_free(now->proxy);
	policy_free(now->policy);
	conf_free(now->conf);
	dns_script_stop(&now->dns);
	event_base_free(now->dns_base);
	(void)close(now->log);
	world_fini();
	if (find_socket() >= 0)
		world_wrong("socket %d is left of it", find_socket());
	*now = (struct service){ 0 };
	open_service(conf);
}

static void show(const char *what, int i, const struct end *e)
{
	struct strbuf text = STRBUF_INIT;

	if (!e->used)
		return;
	strbuf_addf(&text, "%s %d, port %u %s,%s%s%s%s\n  said ", what, i,
		    (unsigned)e->port, e->address, e->deaf ? " deaf" : "",
		    e->shut ? " shut" : "", e->ended ? " ended" : "",
		    e->spoilt ? " spoilt" : "");
	strbuf_add_escaped(&text, e->sent.s,
			   e->sent.len < 700 ? e->sent.len : 700);
	strbuf_adds(&text, "\n  got ");
	strbuf_add_escaped(&text, e->got.s,
			   e->got.len < 700 ? e->got.len : 700);
	(void)fprintf(stderr, "%s\n", text.s);
	strbuf_fini(&text);
}

void world_wrong(const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "--- conf %u: ", world.conf);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\n");
	for (int i = 0; i < WORLD_CLIENTS; i++)
		show("client", i, &world.clients[i]);
	for (int i = 0; i < WORLD_ORIGINS; i++)
		show("origin", i, &world.origins[i]);
	(void)fprintf(stderr, "%s", world.log.s ? world.log.s : "");
	abort();
}
