/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_render.c - what a daemon is and does, as text
 */
#include "sandbox/control_render.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/json.h"
#include "proxy/proxy.h"
#include "sandbox/reload.h"
#include "sandbox/runs.h"
#include "sandbox/server.h"

const char *control_mode_name(enum conf_mode mode)
{
	switch (mode) {
	case CONF_MODE_FULL:
		return "full";
	case CONF_MODE_LIMITED:
		return "limited";
	case CONF_MODE_UNSET:
		break;
	}
	return "conf";
}

static enum conf_mode mode_now(const struct control_facts *f)
{
	const struct conf *cf = reload_conf(f->server->reload);
	const struct conf_profile *profile = NULL;

	if (f->forced != CONF_MODE_UNSET)
		return f->forced;
	if (f->server->cli.profile)
		profile = conf_profile(cf, f->server->cli.profile);
	if (profile && profile->rules.mode != CONF_MODE_UNSET)
		return profile->rules.mode;
	return cf->top.mode;
}

static void add_time(struct json *j, const char *key, struct timespec at)
{
	char text[32];
	struct tm tm;

	if (gmtime_r(&at.tv_sec, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		json_string(j, key, text);
	else
		json_null(j, key);
}

static uint64_t seconds_since(struct timespec at)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec > at.tv_sec ? (uint64_t)(now.tv_sec - at.tv_sec) : 0;
}

static void add_listeners(struct json *j, const struct strbuf *ready)
{
	const char *at = ready->s ? ready->s : "", *end;

	json_array_open(j, "listeners");
	/* Lines of "ready ADDRESS:PORT". */
	for (; (end = strchr(at, '\n')); at = end + 1)
		json_string_n(j, NULL, at + strlen("ready "),
			      (size_t)(end - at) - strlen("ready "));
	json_array_close(j);
}

static void add_requests(struct json *j, const struct proxy_stats *stats)
{
	json_object_open(j, "requests");
	for (unsigned i = 0; i < REASON_COUNT; i++)
		if (stats->ended[i] > 0)
			json_uint(j, reason_name((enum reason)i),
				  stats->ended[i]);
	json_object_close(j);
}

static void add_numbers(struct json *j, const struct proxy_stats *stats)
{
	json_uint(j, "connections", stats->connections);
	json_uint(j, "accepted", stats->accepted);
	add_requests(j, stats);
	json_uint(j, "bytes_in", stats->bytes_in);
	json_uint(j, "bytes_out", stats->bytes_out);
}

/* runs_fn */
static void add_run(const struct run_facts *run, void *arg)
{
	struct proxy_stats stats;
	struct json *j = arg;

	proxy_scope_stats(run->scope, &stats);
	json_object_open(j, NULL);
	json_string(j, "run", run->ticket->run);
	json_string(j, "caller", run->ticket->caller);
	json_uint(j, "uid", run->ticket->uid);
	json_uint(j, "pid", run->ticket->pid);
	json_string(j, "command", run->ticket->command);
	json_string_or_null(j, "profile",
			    run->ticket->profile[0] ? run->ticket->profile
						    : NULL);
	add_time(j, "since", run->since);
	add_numbers(j, &stats);
	json_object_close(j);
}

void control_render_status(const struct control_facts *f, struct strbuf *out)
{
	const struct conf *cf = reload_conf(f->server->reload);
	struct proxy_stats stats;
	uint64_t dropped;
	struct json j;

	proxy_totals(f->server->proxy, &stats, &dropped);
	json_init(&j, out);
	json_object_open(&j, NULL);
	json_string(&j, "version", NETLEASH_VERSION);
	json_uint(&j, "pid", (uint64_t)getpid());
	json_uint(&j, "uptime_seconds", seconds_since(f->started));
	json_array_open(&j, "conf");
	for (size_t i = 0; i < cf->files_n; i++)
		if (cf->files[i][0])
			json_string(&j, NULL, cf->files[i]);
	json_array_close(&j);
	add_time(&j, "conf_loaded", f->server->loaded);
	json_string_or_null(&j, "profile", f->server->cli.profile);
	json_string(&j, "mode", control_mode_name(mode_now(f)));
	json_bool(&j, "mode_forced", f->forced != CONF_MODE_UNSET);
	add_listeners(&j, &f->server->ready);
	json_uint(&j, "threads", f->server->threads);
	json_bool(&j, "draining", f->server->draining);
	add_numbers(&j, &stats);
	json_uint(&j, "log_lines_dropped", dropped);
	json_array_open(&j, "runs");
	(void)runs_each(f->runs, add_run, &j);
	json_array_close(&j);
	json_object_close(&j);
	strbuf_addc(out, '\n');
}

struct blocked_call {
	struct json *j;
	bool failed;
	uint64_t more;
};

static void add_blocked(struct blocked_call *call, struct proxy_scope *scope,
			const struct run_ticket *ticket)
{
	const struct proxy_blocked *blocked;
	struct json *j = call->j;
	uint64_t more;
	size_t n;

	blocked = call->failed ? proxy_scope_failed(scope, &n, &more)
			       : proxy_scope_blocked(scope, &n, &more);
	call->more += more;
	for (size_t i = 0; i < n; i++) {
		const struct proxy_blocked *b = &blocked[i];

		json_object_open(j, NULL);
		json_string(j, "target", b->target);
		json_string(j, "reason", reason_name(b->reason));
		json_string_or_null(j, call->failed ? "detail" : "rule",
				    b->rule[0] ? b->rule : NULL);
		if (!call->failed)
			json_string_or_null(j, "allow_with",
					    b->allow_with[0] ? b->allow_with
							     : NULL);
		json_uint(j, "count", b->count);
		json_string_or_null(j, "run", ticket ? ticket->run : NULL);
		json_string_or_null(j, "caller",
				    ticket ? ticket->caller : NULL);
		json_object_close(j);
	}
}

/* runs_fn */
static void add_blocked_of_run(const struct run_facts *run, void *arg)
{
	add_blocked(arg, run->scope, run->ticket);
}

static void add_all_blocked(const struct control_facts *f, struct json *j,
			    bool failed)
{
	struct blocked_call call = { .j = j, .failed = failed };

	json_array_open(j, failed ? "failed" : "blocked");
	add_blocked(&call, f->server->scope, NULL);
	(void)runs_each(f->runs, add_blocked_of_run, &call);
	json_array_close(j);
	json_uint(j, failed ? "more_failed" : "more", call.more);
}

void control_render_blocked(const struct control_facts *f, struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_open(&j, NULL);
	add_all_blocked(f, &j, false);
	add_all_blocked(f, &j, true);
	json_object_close(&j);
	strbuf_addc(out, '\n');
}

static void add_family(struct strbuf *out, const char *name, const char *type,
		       const char *help)
{
	strbuf_addf(out, "# HELP netleash_%s %s\n# TYPE netleash_%s %s\n", name,
		    help, name, type);
}

static void add_metric(struct strbuf *out, const char *name, const char *type,
		       const char *help, uint64_t value)
{
	add_family(out, name, type, help);
	strbuf_addf(out, "netleash_%s %" PRIu64 "\n", name, value);
}

void control_render_metrics(const struct control_facts *f, struct strbuf *out)
{
	struct proxy_stats stats;
	uint64_t dropped;

	proxy_totals(f->server->proxy, &stats, &dropped);
	add_family(out, "build_info", "gauge",
		   "Always 1; the label says which.");
	strbuf_adds(out, "netleash_build_info{version=\"" NETLEASH_VERSION
			 "\"} 1\n");
	add_metric(out, "start_time_seconds", "gauge",
		   "When the daemon began, since the epoch.",
		   (uint64_t)f->started.tv_sec);
	add_metric(out, "conf_loaded_time_seconds", "gauge",
		   "When the conf in use was loaded, since the epoch.",
		   (uint64_t)f->server->loaded.tv_sec);
	add_family(out, "reloads_total", "counter",
		   "Reloads by what came of "
		   "them.");
	strbuf_addf(out,
		    "netleash_reloads_total{result=\"ok\"} %" PRIu64
		    "\nnetleash_reloads_total{result=\"failed\"} %" PRIu64 "\n",
		    f->reloads, f->reloads_failed);
	add_metric(out, "connections", "gauge", "Connections of clients now.",
		   stats.connections);
	add_metric(out, "connections_accepted_total", "counter",
		   "Connections of clients that were accepted.",
		   stats.accepted);
	add_family(out, "requests_total", "counter",
		   "Requests and tunnels that ended, by reason.");
	for (unsigned i = 0; i < REASON_COUNT; i++)
		strbuf_addf(out,
			    "netleash_requests_total{reason=\"%s\"} %" PRIu64
			    "\n",
			    reason_name((enum reason)i), stats.ended[i]);
	add_family(out, "bytes_total", "counter",
		   "Bytes moved, to clients (in) and from them (out).");
	strbuf_addf(out,
		    "netleash_bytes_total{direction=\"in\"} %" PRIu64
		    "\nnetleash_bytes_total{direction=\"out\"} %" PRIu64 "\n",
		    stats.bytes_in, stats.bytes_out);
	add_metric(out, "log_lines_dropped_total", "counter",
		   "Lines of the access log that were lost.", dropped);
	add_metric(out, "runs", "gauge", "Runs of callers now.",
		   runs_each(f->runs, NULL, NULL));
	add_metric(out, "runs_begun_total", "counter",
		   "Runs of callers since the start.", runs_begun(f->runs));
}
