/* SPDX-License-Identifier: MIT */
/*
 * sandbox/server_listen.c - the listeners of a server, on each of its threads
 */
#include "sandbox/server_listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "sandbox/door.h"
#include "sandbox/rulebook.h"
#include "sandbox/server.h"

static int listen_one(struct server *s, const struct conf_listen *l)
{
	bool v6 = l->addr.family == AF_INET6;
	char text[ADDR_TEXT_MAX];
	int fds[CONF_THREADS_MAX], r;
	uint16_t port;

	addr_format(&l->addr, text);
	r = door_listen_on(&l->addr, l->port, s->threads, fds, &port);
	if (r < 0) {
		(void)snprintf(
			s->error, sizeof(s->error),
			"cannot listen on %s%s%s:%u: %s%s", v6 ? "[" : "", text,
			v6 ? "]" : "", l->port, strerror(-r),
			r == -EADDRINUSE ? ", perhaps by another netleash; a "
					   "'listen' line of the conf names "
					   "another port"
					 : "");
		return r;
	}
	for (unsigned i = 0; i < s->threads; i++)
		s->listeners[s->listeners_n++] = fds[i];
	strbuf_addf(&s->ready, "ready %s%s%s:%u\n", v6 ? "[" : "", text,
		    v6 ? "]" : "", port);
	return 0;
}

int server_listen(struct server *s)
{
	const struct conf *cf = rulebook_conf(s->rules);
	int r = 0;

	s->threads = conf_threads(cf);
	s->listeners =
		calloc(cf->listens_n * s->threads, sizeof(*s->listeners));
	if (!s->listeners)
		return -ENOMEM;
	for (size_t i = 0; i < cf->listens_n && r == 0; i++)
		r = listen_one(s, &cf->listens[i]);
	if (r == 0 && strbuf_failed(&s->ready))
		r = -ENOMEM;
	return r;
}
