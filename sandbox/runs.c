/* SPDX-License-Identifier: MIT */
/*
 * sandbox/runs.c - the runs that a daemon's proxy serves
 *
 * States:     a run is there from its ticket on; its attendant's end of file
 *             closes it; it is gone when nothing of it is left in the proxy
 * Invariants: nothing of one run is seen or waited for by another
 */
#include "sandbox/runs.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/fdio.h"
#include "common/log.h"
#include "proxy/proxy.h"
#include "sandbox/rulebook.h"
#include "sandbox/run_secrets.h"
#include "sandbox/summary.h"

/* More than there are run uids: something is wrong. */
#define RUNS_MAX 1024

/**
 * struct run - one
 * @rules:   what judged it first, kept until its scope is gone
 * @custom:  @rules are its own
 * @ca:      number of the CA that its command trusts, or 0
 * @channel: -1 when its attendant is gone
 * @summary: a memory file of the attendant's
 * @secrets: what @scope borrows
 */
struct run {
	LIST_ENTRY(run) link;
	struct runs *runs;
	struct proxy_scope *scope;
	struct rulebook *rules;
	bool custom;
	uint32_t ca;
	int channel, summary;
	struct event *readable;
	struct timespec since;
	struct run_secrets secrets;
	struct run_ticket ticket;
};

LIST_HEAD(run_list, run);

/* @ending: closed, but something of them is left in the proxy. */
struct runs {
	struct proxy *proxy;
	struct rulebook *rules;
	int tickets;
	size_t n;
	uint64_t begun;
	struct event *readable;
	bool draining;
	void (*over)(void *arg); /* of runs_drain() */
	void *over_arg;
	struct run_list live, ending;
};

static void run_free(struct run *run)
{
	if (run->readable)
		event_free(run->readable);
	if (run->channel >= 0)
		(void)close(run->channel);
	if (run->summary >= 0)
		(void)close(run->summary);
	LIST_REMOVE(run, link);
	run->runs->n--;
	rulebook_unref(run->rules);
	run_secrets_fini(&run->secrets);
	free(run);
}

static void say(const struct run *run, enum run_word_type type, uint32_t value,
		const char *text)
{
	struct run_word word = { .type = (uint32_t)type, .value = value };

	(void)snprintf(word.text, sizeof(word.text), "%s", text);
	/* It waits for this word; if it is gone, its end of file says so. */
	(void)fd_send(run->channel, &word, sizeof(word), NULL, 0);
}

static void write_summary(struct run *run)
{
	const struct proxy_blocked *blocked;
	struct strbuf text = STRBUF_INIT;
	uint64_t more = 0;
	size_t n = 0;

	blocked = proxy_scope_blocked(run->scope, &n, &more);
	summary_render(blocked, n, more, &text);
	blocked = proxy_scope_failed(run->scope, &n, &more);
	summary_render_failed(blocked, n, more, &text);
	if (strbuf_failed(&text) ||
	    fd_write_all(run->summary, text.s, text.len) < 0)
		text.len = 0;
	say(run, RUN_ENDED, (uint32_t)text.len, "");
	strbuf_fini(&text);
}

/* From the loop: nothing of it is left. */
static void on_closed(void *arg)
{
	struct run *run = arg;
	const struct runs *rs = run->runs;

	write_summary(run);
	run_free(run);
	if (rs->n == 0 && rs->over)
		rs->over(rs->over_arg);
}

static void close_run(struct run *run)
{
	LIST_REMOVE(run, link);
	LIST_INSERT_HEAD(&run->runs->ending, run, link);
	if (run->readable)
		event_free(run->readable);
	run->readable = NULL;
	proxy_scope_close(run->scope, on_closed, run);
}

/* Return: false when it is over. */
static bool on_word(struct run *run)
{
	struct run_word word;
	size_t fds_n = 0;
	int fd = -1, r;

	if (fd_recv(run->channel, &word, sizeof(word), &fd, 1, &fds_n) !=
	    sizeof(word)) {
		if (fds_n > 0)
			(void)close(fd);
		return false;
	}
	if (word.type == RUN_SOCKET && fds_n == 1 && word.value <= UINT16_MAX) {
		r = word.value ? proxy_add_forward(run->scope, fd,
						   (uint16_t)word.value)
			       : proxy_add_listener(run->scope, fd);
		if (r == 0)
			return true;
		say(run, RUN_REFUSED, 0, "the daemon cannot listen for it");
		return false;
	}
	if (fds_n > 0)
		(void)close(fd);
	if (word.type != RUN_BEGIN)
		return false;
	say(run, RUN_ACCEPTED, 0, "");
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;

	(void)fd;
	(void)what;
	if (!on_word(run))
		close_run(run);
}

/* A letter of a ticket's rules. */
static enum rule_effect effect_of(char letter)
{
	return letter == 'a'   ? RULE_ALLOW
	       : letter == 'i' ? RULE_INSPECT
			       : RULE_DENY;
}

/* A rulebook of its own: the daemon's, which is shared, and on top of it the
 * caller's words. Return: 0 or -errno with a sentence. */
static int make_custom(struct run *run, char error[RUN_WORD_TEXT])
{
	const struct run_ticket *t = &run->ticket;
	struct conf *cf = conf_new();
	char why[RULE_ERROR_MAX];
	int r = cf ? 0 : -ENOMEM;

	for (size_t at = 0; at < t->rules_n && r == 0;
	     at += strlen(t->rules + at) + 1) {
		const char *rule = t->rules + at;
		const enum rule_effect effect = effect_of(rule[0]);

		r = conf_add_argument(cf, effect, rule + 1, why);
		if (r == -EINVAL)
			(void)snprintf(error, RUN_WORD_TEXT,
				       "--%s '%.100s': %s",
				       rule_effect_name(effect), rule + 1, why);
	}
	if (r == 0)
		r = rulebook_new_on(run->runs->rules, cf, &run->rules);
	if (r < 0)
		conf_free(cf);
	run->custom = true;
	if (r < 0)
		return r;
	rulebook_pass_on(run->runs->rules, run->rules);
	if (rulebook_inspects(run->rules) || !policy_conf_wants_inspection(cf))
		return 0;
	(void)snprintf(error, RUN_WORD_TEXT,
		       "these rules ask for a look into tunnels, and the "
		       "daemon has no CA: 'netleash setup', and restart it");
	return -ENOENT;
}

static int make_scope(struct run *run, char error[RUN_WORD_TEXT])
{
	struct run_ticket *t = &run->ticket;
	struct proxy_scope_opts opts = {
		.run = t->run,
		.caller = t->caller,
		.command = t->command,
		.secrets = run->secrets.v,
		.secrets_n = run->secrets.n,
		.remember_blocked = true,
	};
	int r = 0;

	if (run->runs->draining) {
		(void)snprintf(error, RUN_WORD_TEXT,
			       "the daemon is about to end: try again once it "
			       "runs again");
		return -ECONNREFUSED;
	}
	if (t->rules_n > 0)
		r = make_custom(run, error);
	else
		run->rules = rulebook_ref(run->runs->rules);
	if (r < 0)
		return r;
	r = rulebook_policy(run->rules, t->profile, &opts.policy);
	if (r == -ENOENT)
		(void)snprintf(error, RUN_WORD_TEXT,
			       "the daemon's conf has no profile '%s'",
			       t->profile);
	if (r < 0)
		return r;
	opts.conf = rulebook_conf(run->rules);
	opts.distrusted = !rulebook_wants_inspection(run->rules, t->profile);
	/* The one that this scope is signed for by, whatever comes later. */
	run->ca = opts.distrusted ? 0 : proxy_ca_number(run->runs->proxy);
	return proxy_scope_new(run->runs->proxy, &opts, &run->scope);
}

static bool is_text(const char *s, size_t size)
{
	return memchr(s, '\0', size);
}

/* The launcher is ours; that it is right in every way costs nothing. */
static bool is_right(const struct run_ticket *t, size_t n)
{
	const size_t head = offsetof(struct run_ticket, rules);

	return n >= head && t->rules_n == n - head &&
	       (t->rules_n == 0 || t->rules[t->rules_n - 1] == '\0') &&
	       is_text(t->run, sizeof(t->run)) && run_name_check(t->run) &&
	       is_text(t->caller, sizeof(t->caller)) &&
	       is_text(t->command, sizeof(t->command)) &&
	       is_text(t->profile, sizeof(t->profile));
}

/* What @fd holds is then the run's. Return: 0 or -errno. */
static int take_secrets(struct run *run, int fd)
{
	int r = fd < 0 ? 0 : run_secrets_take(fd, &run->secrets);

	if (fd >= 0)
		(void)close(fd);
	return r;
}

static void begin(struct runs *rs, const struct run_ticket *t,
		  const int fds[RUN_TICKET_FDS])
{
	struct run *run = rs->n < RUNS_MAX ? calloc(1, sizeof(*run)) : NULL;
	char error[RUN_WORD_TEXT] = "";
	int r;

	if (!run) {
		for (size_t i = 0; i < RUN_TICKET_FDS; i++)
			if (fds[i] >= 0)
				(void)close(fds[i]); /* which it notices */
		return;
	}
	run->runs = rs;
	run->ticket = *t;
	run->channel = fds[0];
	run->summary = fds[1];
	(void)clock_gettime(CLOCK_REALTIME, &run->since);
	LIST_INSERT_HEAD(&rs->live, run, link);
	rs->n++;
	rs->begun++;
	r = take_secrets(run, fds[2]);
	if (r == 0)
		r = make_scope(run, error);
	if (r < 0) {
		say(run, RUN_REFUSED, 0, error[0] ? error : strerror(-r));
		run_free(run);
		return;
	}
	run->readable = event_new(proxy_base(rs->proxy), run->channel,
				  EV_READ | EV_PERSIST, on_readable, run);
	if (run->readable && event_add(run->readable, NULL) == 0) {
		say(run, RUN_KNOWN, run->ca, "");
		return;
	}
	say(run, RUN_REFUSED, 0, strerror(ENOMEM));
	close_run(run); /* the proxy lets go of its rules first */
}

static void on_ticket(evutil_socket_t fd, short what, void *arg)
{
	struct runs *rs = arg;
	struct run_ticket ticket;
	int fds[RUN_TICKET_FDS] = { -1, -1, -1 };
	size_t fds_n = 0;
	ssize_t n;

	(void)what;
	n = fd_recv(fd, &ticket, sizeof(ticket), fds, RUN_TICKET_FDS, &fds_n);
	if (n > 0 && fds_n >= 2 && is_right(&ticket, (size_t)n)) {
		begin(rs, &ticket, fds);
		return;
	}
	for (size_t i = 0; i < fds_n; i++)
		(void)close(fds[i]);
	if (n > 0 || n == -EPROTO || n == -EINTR || n == -EAGAIN)
		return;
	log_error("the launcher is gone: no more runs for callers, a restart "
		  "helps");
	event_del(rs->readable);
}

int runs_new(struct proxy *p, int tickets, struct rulebook *rules,
	     struct runs **ret)
{
	struct runs *rs = calloc(1, sizeof(*rs));

	if (!rs)
		return -ENOMEM;
	LIST_INIT(&rs->live);
	LIST_INIT(&rs->ending);
	rs->proxy = p;
	rs->readable = event_new(proxy_base(p), tickets, EV_READ | EV_PERSIST,
				 on_ticket, rs);
	if (!rs->readable || event_add(rs->readable, NULL) < 0) {
		if (rs->readable)
			event_free(rs->readable);
		free(rs);
		return -ENOMEM;
	}
	rs->tickets = tickets;
	rs->rules = rulebook_ref(rules);
	*ret = rs;
	return 0;
}

void runs_drain(struct runs *rs, void (*over)(void *arg), void *arg)
{
	rs->draining = true;
	rs->over = over;
	rs->over_arg = arg;
}

bool runs_are_left(const struct runs *rs)
{
	return rs->n > 0;
}

void runs_stop(struct runs *rs)
{
	struct run *run;

	if (!rs)
		return;
	event_free(rs->readable);
	LIST_FOREACH (run, &rs->live, link) {
		event_free(run->readable);
		run->readable = NULL;
	}
}

void runs_free(struct runs *rs)
{
	struct run *run;

	if (!rs)
		return;
	while ((run = LIST_FIRST(&rs->live)) || (run = LIST_FIRST(&rs->ending)))
		run_free(run);
	(void)close(rs->tickets);
	rulebook_unref(rs->rules);
	free(rs);
}

static bool follows(const struct conf *cf, const char *profile)
{
	const struct conf_profile *p = conf_profile(cf, profile);

	if (p && p->rules.running != CONF_RUNNING_UNSET)
		return p->rules.running == CONF_RUNNING_FOLLOW;
	return cf->top.running == CONF_RUNNING_FOLLOW;
}

/* Rules of the caller's own came on top of those that he knew: these stay. */
static void follow(const struct runs *rs, const struct run *run)
{
	int r;

	if (run->custom ||
	    !follows(rulebook_conf(rs->rules), run->ticket.profile))
		return;
	r = rulebook_lend(rs->rules, run->ticket.profile, run->scope);
	if (r < 0)
		log_error("run %s keeps the rules that it has: %s",
			  run->ticket.run, strerror(-r));
}

void runs_set_rules(struct runs *rs, struct rulebook *rules)
{
	const struct run *run;

	rulebook_unref(rs->rules);
	rs->rules = rulebook_ref(rules);
	LIST_FOREACH (run, &rs->live, link)
		follow(rs, run);
}

void runs_force_mode(struct runs *rs, enum conf_mode mode)
{
	const struct run *run;

	rulebook_force_mode(rs->rules, mode);
	LIST_FOREACH (run, &rs->live, link)
		rulebook_force_mode(run->rules, mode);
}

uint64_t runs_begun(const struct runs *rs)
{
	return rs->begun;
}

size_t runs_each(const struct runs *rs, runs_fn *fn, void *arg)
{
	const struct run *run;
	size_t n = 0;

	LIST_FOREACH (run, &rs->live, link) {
		const struct run_facts facts = {
			.ticket = &run->ticket,
			.since = run->since,
			.scope = run->scope,
		};

		n++;
		if (fn)
			fn(&facts, arg);
	}
	return n;
}
