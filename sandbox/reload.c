/* SPDX-License-Identifier: MIT */
/*
 * sandbox/reload.c - a proxy that works gets its conf and log anew
 *
 * In:         a wish to reload; the keeper's replies and what was built of
 *             them, from the loop
 * Out:        another policy, CA and log in the proxy, and what was done
 * States:     IDLE -> CONF (asked the keeper for it) -> BUILD (a thread makes
 *             a policy of it) -> LOG (asked the keeper) -> IDLE
 * Invariants: one question at a time is under way; whatever fails leaves what
 *             the proxy had
 *
 * We have no privilege any more: the keeper opens, we parse.
 */
#include "sandbox/reload.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/fdio.h"
#include "common/log.h"
#include "proxy/proxy.h"
#include "sandbox/conf_find.h"
#include "sandbox/keeper.h"
#include "sandbox/reload_build.h"
#include "sandbox/rulebook.h"

#define ERRORS_MAX (1u << 20)

enum state {
	RELOAD_IDLE,
	RELOAD_CONF,
	RELOAD_BUILD,
	RELOAD_LOG,
};

struct reload {
	struct reload_opts opts;
	struct rulebook *rules; /* what the proxy has now */
	enum state state;
	bool again;  /* asked for while one was under way */
	bool loaded; /* this one brought a conf */
	struct event *reply;
	struct reload_build *build; /* in BUILD */
	struct signer *signer;	    /* in BUILD: another CA, or NULL */
	char *errors; /* of a conf that is bad, in JSON; or NULL */
	char warning[KEEPER_WARNING_MAX]; /* of the last reply */
};

static void end(struct reload *rl);

static void ask(struct reload *rl, enum keeper_thing thing, enum state next)
{
	int r = keeper_ask(rl->opts.sock, thing);

	rl->state = next;
	if (r < 0) {
		log_error("reload: the keeper cannot be asked: %s",
			  strerror(-r));
		end(rl);
	}
}

/* What came of it is told, whatever that is: somebody may wait for it. */
static void end(struct reload *rl)
{
	const bool loaded = rl->loaded;
	const char *errors = rl->errors ? rl->errors : "";

	if (loaded)
		log_notice("reloaded: new requests meet the new rules");
	rl->state = RELOAD_IDLE;
	rl->loaded = false;
	if (rl->opts.done)
		rl->opts.done(rl->opts.arg, loaded ? rl->rules : NULL,
			      loaded ? rl->warning : errors);
	free(rl->errors);
	rl->errors = NULL;
	if (rl->again)
		reload_start(rl);
}

static bool same_listens(const struct conf *a, const struct conf *b)
{
	if (a->listens_n != b->listens_n)
		return false;
	for (size_t i = 0; i < a->listens_n; i++)
		if (a->listens[i].port != b->listens[i].port ||
		    !addr_equal(&a->listens[i].addr, &b->listens[i].addr))
			return false;
	return true;
}

static bool same_resolvers(const struct conf *a, const struct conf *b)
{
	if (a->resolvers_n != b->resolvers_n)
		return false;
	for (size_t i = 0; i < a->resolvers_n; i++)
		if (a->resolvers[i].port != b->resolvers[i].port ||
		    !addr_equal(&a->resolvers[i].addr, &b->resolvers[i].addr))
			return false;
	return true;
}

/* What is made once, at the start. */
static void tell_what_stays(const struct conf *now, const struct conf *next)
{
	if (!same_listens(now, next))
		log_warn("reload: 'listen' has changed: that needs a restart");
	if (!same_resolvers(now, next))
		log_warn("reload: 'resolver' has changed: that needs a "
			 "restart");
	if (conf_threads(now) != conf_threads(next))
		log_warn("reload: 'threads' has changed: that needs a restart");
	if (!conf_same_upstream(now, next))
		log_warn("reload: 'upstream' or 'verify-ca' has changed: that "
			 "needs a restart");
}

/* The conf is taken, or why it is not is said: go on with the log. */
static void end_conf(struct reload *rl, int r)
{
	rl->loaded = r == 0;
	signer_unref(rl->signer); /* nobody has signed with it */
	rl->signer = NULL;
	if (r == -EINVAL)
		log_error("reload: the conf is not usable: the old one stays");
	else if (r < 0)
		log_error("reload: the old conf stays: %s", strerror(-r));
	ask(rl, KEEPER_LOG, RELOAD_LOG);
}

/* Return: 0, or -ENOMEM and all is as it was. */
static int take_rules(struct reload *rl, struct reload_built *built)
{
	struct rulebook *rules;
	int r;

	r = rulebook_new(built->conf, &rules);
	if (r < 0)
		return r;
	built->conf = NULL; /* the rulebook's */
	rulebook_pass_on(rl->rules, rules);
	r = rulebook_adopt(rules, rl->opts.profile, built->policy);
	if (r == 0)
		built->policy = NULL;
	if (r == 0)
		r = rulebook_lend(rules, rl->opts.profile, rl->opts.scope);
	if (r < 0) {
		rulebook_unref(rules);
		return r;
	}
	if (rl->signer) {
		proxy_set_signer(rl->opts.proxy, rl->signer);
		rl->signer = NULL;
		log_notice("reloaded: the CA is another: it signs for runs "
			   "that begin from now on");
	}
	tell_what_stays(rulebook_conf(rl->rules), rulebook_conf(rules));
	proxy_set_limits(rl->opts.proxy, rulebook_conf(rules));
	rulebook_unref(rl->rules);
	rl->rules = rules;
	return 0;
}

/* reload_built_fn */
static void on_built(void *arg, struct reload_built *built)
{
	struct reload *rl = arg;
	int r = built->result;

	rl->build = NULL;
	conf_report_print(&built->report, true);
	if (r == 0)
		r = take_rules(rl, built);
	end_conf(rl, r);
}

/* The keeper's: the one that we have, or another. Takes @fd. */
static int take_ca(struct reload *rl, uint32_t number, int fd)
{
	char why[CA_ERROR_MAX];
	struct ca *ca = NULL;
	int r;

	if (number == 0 || number == proxy_ca_number(rl->opts.proxy)) {
		if (fd >= 0)
			(void)close(fd);
		return 0;
	}
	if (fd < 0)
		return -EPROTO;
	r = ca_pass_take(fd, time(NULL), &ca, why);
	(void)close(fd);
	if (r == 0)
		r = signer_new(ca, number, &rl->signer);
	else
		log_error("reload: the CA: %s", why);
	if (r < 0)
		ca_free(ca);
	return r;
}

/* Takes @fd. */
static void on_conf(struct reload *rl, int result, int fd)
{
	int r = result;

	if (r == 0 && fd < 0)
		r = -EPROTO;
	if (r == -EINVAL && fd >= 0)
		(void)fd_read_all(fd, ERRORS_MAX, &rl->errors, &(size_t){ 0 });
	if (r == 0)
		r = reload_build_start(proxy_base(rl->opts.proxy), fd,
				       rl->opts.profile, on_built, rl,
				       &rl->build);
	if (r == 0) {
		rl->state = RELOAD_BUILD;
		return;
	}
	if (fd >= 0)
		(void)close(fd);
	end_conf(rl, r);
}

/* Takes @fd. */
static int take_log(struct reload *rl, int fd, bool is_syslog)
{
	int r = proxy_set_log(rl->opts.proxy, fd, is_syslog);

	if (r < 0) {
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	if (rl->opts.log_fd >= 0)
		(void)close(rl->opts.log_fd);
	rl->opts.log_fd = fd;
	return 0;
}

static void on_log(struct reload *rl, int result, int fd, bool is_syslog)
{
	if (result == 0)
		result = take_log(rl, fd, is_syslog);
	if (result < 0)
		log_error("reload: the old log stays: %s", strerror(-result));
	end(rl);
}

/*
 * A reply that came without its descriptor, for which we had no room, is a
 * reply all the same: the keeper is there, and the next reload may do.
 */
static void on_reply(evutil_socket_t sock, short what, void *arg)
{
	int fds[KEEPER_FDS] = { -1, -1 }, r;
	struct keeper_reply reply;
	struct reload *rl = arg;

	(void)what;
	r = keeper_receive(sock, &reply, fds);
	if (r == -EPROTO) {
		reply = (struct keeper_reply){
			.thing = rl->state == RELOAD_LOG ? KEEPER_LOG
							 : KEEPER_CONF,
			.result = -EMFILE,
		};
	} else if (r < 0) {
		log_error("the keeper is gone: no reload is possible any "
			  "more, a restart helps");
		event_del(rl->reply);
		if (rl->state == RELOAD_CONF || rl->state == RELOAD_LOG)
			end(rl);
		return;
	}
	if (reply.thing == KEEPER_CONF && rl->state == RELOAD_CONF) {
		memcpy(rl->warning, reply.warning, sizeof(rl->warning));
		r = take_ca(rl, reply.ca, fds[1]);
		on_conf(rl, reply.result < 0 ? reply.result : r, fds[0]);
	} else if (reply.thing == KEEPER_LOG && rl->state == RELOAD_LOG) {
		on_log(rl, reply.result, fds[0], reply.is_syslog);
	} else {
		for (size_t i = 0; i < KEEPER_FDS; i++)
			if (fds[i] >= 0)
				(void)close(fds[i]);
	}
}

int reload_new(const struct reload_opts *opts, struct reload **ret)
{
	struct reload *rl = calloc(1, sizeof(*rl));

	if (!rl)
		return -ENOMEM;
	rl->opts = *opts;
	rl->rules = rulebook_ref(opts->rules);
	rl->reply = event_new(proxy_base(opts->proxy), opts->sock,
			      EV_READ | EV_PERSIST, on_reply, rl);
	if (!rl->reply || event_add(rl->reply, NULL) < 0) {
		if (rl->reply)
			event_free(rl->reply);
		rulebook_unref(rl->rules);
		free(rl);
		return -ENOMEM;
	}
	*ret = rl;
	return 0;
}

void reload_free(struct reload *rl)
{
	if (!rl)
		return;
	reload_build_cancel(rl->build);
	signer_unref(rl->signer);
	event_free(rl->reply);
	if (rl->opts.log_fd >= 0)
		(void)close(rl->opts.log_fd);
	rulebook_unref(rl->rules);
	free(rl->errors);
	free(rl);
}

bool reload_is_under_way(const struct reload *rl)
{
	return rl->state != RELOAD_IDLE;
}

void reload_start(struct reload *rl)
{
	rl->again = reload_is_under_way(rl);
	if (!rl->again)
		ask(rl, KEEPER_CONF, RELOAD_CONF);
}

void reload_force_mode(struct reload *rl, enum conf_mode mode)
{
	rulebook_force_mode(rl->rules, mode);
}

const struct conf *reload_conf(const struct reload *rl)
{
	return rulebook_conf(rl->rules);
}
