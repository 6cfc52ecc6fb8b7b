/* SPDX-License-Identifier: MIT */
/*
 * common/conf_directives.c - the table of directives, and the simple ones
 *
 * In:         a keyword and the words after it
 * Out:        fields of struct conf, or errors that say what was expected
 * Invariants: a single-valued directive stands once in a file and what it
 *             includes; a later file of conf_load() may replace it
 *
 * tests/check_docs.sh reads the names from the table at the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"
#include "common/conf_rules.h"
#include "common/parse.h"

#define RUN_UIDS      256u
#define RUN_UID_MIN   1000u
#define RUN_UID_MAX   2147483647u
#define DYNAMIC_FIRST 61184u /* systemd's dynamic users, and nobody's 65534 */
#define DYNAMIC_LAST  65534u
#define DNS_PORT      53

bool conf_word_is(const struct conf_word *w, const char *s)
{
	return w->n == strlen(s) && memcmp(w->s, s, w->n) == 0;
}

bool conf_repeated(struct conf_parser *ps, struct conf_seen *seen,
		   const struct conf_word *w)
{
	if (seen->root == ps->root) {
		conf_error(ps, w, "duplicate: it is at %s:%" PRIu32 " already",
			   ps->cf->files[seen->loc.file], seen->loc.line);
		return true;
	}
	seen->root = ps->root;
	seen->loc = conf_word_loc(ps, w);
	return false;
}

/*
 * ADDRESS:PORT, or with @def_port also ADDRESS alone; IPv6 in brackets where
 * a port follows. Return: NULL or what is wrong.
 */
static const char *parse_endpoint(const struct conf_word *w, uint32_t def_port,
				  struct addr *ret, uint32_t *ret_port)
{
	const char *end = w->s + w->n, *host = w->s, *colon;
	size_t host_n = w->n;

	colon = memrchr(w->s, ':', w->n);
	*ret_port = def_port;
	if (def_port > 0 && addr_parse(w->s, w->n, ret) == ADDR_OK)
		return NULL;
	if (def_port > 0 && w->n > 2 && host[0] == '[' && end[-1] == ']')
		colon = NULL; /* [2001:db8::1] */
	if (colon) {
		host_n = (size_t)(colon - w->s);
		if (parse_u32(colon + 1, (size_t)(end - colon - 1), ret_port) <
			    0 ||
		    *ret_port > UINT16_MAX)
			return "has no port from 0 to 65535";
	} else if (def_port == 0) {
		return "has no port";
	}
	if (host_n > 2 && host[0] == '[' && host[host_n - 1] == ']') {
		if (addr_parse(host + 1, host_n - 2, ret) == ADDR_OK &&
		    ret->family == AF_INET6)
			return NULL;
	} else if (addr_parse(host, host_n, ret) == ADDR_OK &&
		   ret->family == AF_INET) {
		return NULL;
	}
	return "is not an IP address";
}

static void endpoint_error(struct conf_parser *ps, const struct conf_word *w,
			   const char *wrong, const char *expected)
{
	char shown[CONF_SHOWN_MAX];

	conf_error(ps, w, "'%s' %s: expected %s", conf_show(w->s, w->n, shown),
		   wrong, expected);
}

static int set_listen_one(struct conf_parser *ps, const struct conf_word *w)
{
	struct conf *cf = ps->cf;
	struct conf_listen l = { .loc = conf_word_loc(ps, w) }, *grown;
	const char *wrong;
	uint32_t port;

	wrong = parse_endpoint(w, 0, &l.addr, &port);
	if (wrong) {
		endpoint_error(ps, w, wrong,
			       "IPV4:PORT or [IPV6]:PORT; port 0 takes a free "
			       "one");
		return 0;
	}
	l.port = (uint16_t)port;
	if (!ps->listen_seen)
		cf->listens_n = 0; /* the default */
	ps->listen_seen = true;
	for (size_t i = 0; i < cf->listens_n; i++)
		if (port > 0 && cf->listens[i].port == port &&
		    addr_equal(&cf->listens[i].addr, &l.addr)) {
			conf_error(ps, w,
				   "duplicate: it is at %s:%" PRIu32 " already",
				   cf->files[cf->listens[i].loc.file],
				   cf->listens[i].loc.line);
			return 0;
		}
	grown = conf_grow(cf->listens, cf->listens_n, sizeof(l));
	if (!grown)
		return -ENOMEM;
	cf->listens = grown;
	cf->listens[cf->listens_n++] = l;
	return 0;
}

static int set_listen(struct conf_parser *ps, const struct conf_word *w,
		      size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = set_listen_one(ps, &w[i]);
	return r;
}

static int set_resolver(struct conf_parser *ps, const struct conf_word *w,
			size_t n)
{
	struct conf *cf = ps->cf;

	for (size_t i = 0; i < n; i++) {
		struct conf_server s = { .loc = conf_word_loc(ps, &w[i]) };
		struct conf_server *grown;
		uint32_t port;
		const char *wrong;

		wrong = parse_endpoint(&w[i], DNS_PORT, &s.addr, &port);
		if (!wrong && port == 0)
			wrong = "has no port from 1 to 65535";
		if (wrong) {
			endpoint_error(ps, &w[i], wrong,
				       "ADDRESS, IPV4:PORT or [IPV6]:PORT");
			continue;
		}
		s.port = (uint16_t)port;
		grown = conf_grow(cf->resolvers, cf->resolvers_n, sizeof(s));
		if (!grown)
			return -ENOMEM;
		cf->resolvers = grown;
		cf->resolvers[cf->resolvers_n++] = s;
	}
	return 0;
}

static int set_log(struct conf_parser *ps, const struct conf_word *w, size_t n)
{
	char shown[CONF_SHOWN_MAX];
	enum conf_log where = CONF_LOG_FILE;
	char *path = NULL;

	(void)n;
	if (conf_repeated(ps, &ps->log, &w[0]))
		return 0;
	if (!conf_word_is(&w[0], "json")) {
		conf_error(ps, &w[0], "'%s' is no log format: expected json",
			   conf_show(w[0].s, w[0].n, shown));
		return 0;
	}
	if (conf_word_is(&w[1], "stderr")) {
		where = CONF_LOG_STDERR;
	} else if (conf_word_is(&w[1], "syslog")) {
		where = CONF_LOG_SYSLOG;
	} else if (w[1].n == 0 || w[1].s[0] != '/' || w[1].n >= PATH_MAX) {
		conf_error(ps, &w[1],
			   "'%s': expected an absolute path, stderr or syslog",
			   conf_show(w[1].s, w[1].n, shown));
		return 0;
	} else {
		path = strndup(w[1].s, w[1].n);
		if (!path)
			return -ENOMEM;
	}
	free(ps->cf->log_file);
	ps->cf->log_file = path;
	ps->cf->log = where;
	return 0;
}

/* In the order of enum conf_tunnel_check. */
static const char *const tunnel_checks[] = { "sni", "tls", "off" };

const char *conf_tunnel_check_name(enum conf_tunnel_check c)
{
	return tunnel_checks[c];
}

static int set_tunnel_check(struct conf_parser *ps, const struct conf_word *w,
			    size_t n)
{
	char shown[CONF_SHOWN_MAX];

	(void)n;
	if (conf_repeated(ps, &ps->tunnel_check, w))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(tunnel_checks); i++)
		if (conf_word_is(w, tunnel_checks[i])) {
			ps->cf->tunnel_check = (enum conf_tunnel_check)i;
			return 0;
		}
	conf_error(ps, w, "'%s' is no check: expected sni, tls or off",
		   conf_show(w->s, w->n, shown));
	return 0;
}

/* More than that share a proxy's work no better. */
#define CORES_USED_MAX 4

unsigned conf_threads(const struct conf *cf)
{
	cpu_set_t cores;
	int n = 1;

	if (cf->threads > 0)
		return cf->threads;
	if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
		n = CPU_COUNT(&cores);
	return (unsigned)(n < CORES_USED_MAX ? n : CORES_USED_MAX);
}

static int set_threads(struct conf_parser *ps, const struct conf_word *w,
		       size_t n)
{
	char shown[CONF_SHOWN_MAX];
	uint32_t v;

	(void)n;
	if (conf_repeated(ps, &ps->threads, w))
		return 0;
	if (parse_u32(w->s, w->n, &v) < 0 || v < 1 || v > CONF_THREADS_MAX) {
		conf_error(ps, w, "'%s' is no number from 1 to %d",
			   conf_show(w->s, w->n, shown), CONF_THREADS_MAX);
		return 0;
	}
	ps->cf->threads = v;
	return 0;
}

static int set_run_uids(struct conf_parser *ps, const struct conf_word *w,
			size_t n)
{
	const char *dash = w->n > 0 ? memchr(w->s, '-', w->n) : NULL;
	size_t first_n = dash ? (size_t)(dash - w->s) : 0;
	char shown[CONF_SHOWN_MAX];
	uint32_t first, last;
	const char *wrong = NULL;

	(void)n;
	if (conf_repeated(ps, &ps->run_uids, w))
		return 0;
	if (!dash || parse_u32(w->s, first_n, &first) < 0 ||
	    parse_u32(dash + 1, w->n - first_n - 1, &last) < 0)
		wrong = "is not a range";
	else if (first < RUN_UID_MIN || last > RUN_UID_MAX)
		wrong = "is out of range";
	else if (last < first || last - first != RUN_UIDS - 1)
		wrong = "does not have 256 uids";
	else if (first <= DYNAMIC_LAST && last >= DYNAMIC_FIRST)
		wrong = "meets 61184-65534, which the system gives away";
	if (wrong) {
		conf_error(ps, w,
			   "'%s' %s: expected FIRST-LAST, exactly 256 uids "
			   "from 1000 to 2147483647, such as 60600-60855",
			   conf_show(w->s, w->n, shown), wrong);
		return 0;
	}
	ps->cf->run_uid_first = first;
	ps->cf->run_uid_last = last;
	return 0;
}

static bool is_env_glob(const struct conf_word *w)
{
	for (size_t i = 0; i < w->n; i++) {
		char c = w->s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '_' || c == '*' ||
		      c == '?'))
			return false;
	}
	return w->n > 0 && w->n <= 255;
}

/* Appends to a NULL-terminated array of @count. */
static int add_globs(struct conf_parser *ps, char ***list, size_t *count,
		     const struct conf_word *w, size_t n)
{
	char shown[CONF_SHOWN_MAX];

	for (size_t i = 0; i < n; i++) {
		char **grown;

		if (!is_env_glob(&w[i])) {
			conf_error(ps, &w[i],
				   "'%s' is no variable name: letters, digits, "
				   "'_', and '*' and '?' for any are",
				   conf_show(w[i].s, w[i].n, shown));
			continue;
		}
		/* One more than it holds: the NULL at its end. */
		grown = conf_grow(*list, *count + (*count > 0), sizeof(**list));
		if (!grown)
			return -ENOMEM;
		*list = grown;
		grown[*count + 1] = NULL;
		grown[*count] = strndup(w[i].s, w[i].n);
		if (!grown[*count])
			return -ENOMEM;
		(*count)++;
	}
	return 0;
}

static int set_env_deny(struct conf_parser *ps, const struct conf_word *w,
			size_t n)
{
	return add_globs(ps, &ps->cf->env_deny, &ps->env_deny_n, w, n);
}

static int set_env_allow(struct conf_parser *ps, const struct conf_word *w,
			 size_t n)
{
	return add_globs(ps, &ps->cf->env_allow, &ps->env_allow_n, w, n);
}

static int set_include(struct conf_parser *ps, const struct conf_word *w,
		       size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = conf_include(ps, &w[i]);
	return r;
}

/* conf_block.c takes the right form; what comes here has no brace. */
static int set_profile(struct conf_parser *ps, const struct conf_word *w,
		       size_t n)
{
	conf_error(ps, &w[n - 1], "expected '{' after the name, in this line");
	return 0;
}

#define EVERYWHERE (CONF_IN_PROFILE | CONF_IN_PRESET)

/* Sorted; the unit test holds it to that. */
/* clang-format off */
static const struct conf_directive table[] = {
	{ "allow", conf_set_allow, 1, 0, EVERYWHERE,
	  "allow [METHOD...] HOST[:PORTS]... or URL..." },
	{ "allow-list", conf_set_allow_list, 1, 0, CONF_IN_PROFILE,
	  "allow-list FILE..." },
	{ "auth", conf_set_auth, 1, 1, 0, "auth FILE" },
	{ "credential", conf_set_credential, 1, 0, 0, "credential NAME { ... }" },
	{ "deny", conf_set_deny, 1, 0, EVERYWHERE,
	  "deny [METHOD...] HOST[:PORTS]... or URL..." },
	{ "deny-list", conf_set_deny_list, 1, 0, CONF_IN_PROFILE,
	  "deny-list FILE..." },
	{ "env-allow", set_env_allow, 1, 0, 0, "env-allow NAME..." },
	{ "env-deny", set_env_deny, 1, 0, 0, "env-deny NAME..." },
	{ "include", set_include, 1, 0, 0, "include FILE-OR-PATTERN..." },
	{ "inspect", conf_set_inspect, 1, 0, CONF_IN_PROFILE,
	  "inspect HOST[:PORTS]..." },
	{ "limit", conf_set_limit, 2, 2, 0, "limit NAME VALUE" },
	{ "listen", set_listen, 1, 0, 0, "listen ADDRESS:PORT..." },
	{ "log", set_log, 2, 2, 0, "log json PATH|stderr|syslog" },
	{ "mode", conf_set_mode, 1, 1, CONF_IN_PROFILE, "mode full|limited" },
	{ "permit", conf_set_permit, 1, 0, 0,
	  "permit WHO [profile NAME...] [custom] [online]" },
	{ "preset", conf_set_preset, 1, 0, CONF_IN_PROFILE, "preset NAME..." },
	{ "private", conf_set_private, 1, 0, CONF_IN_PROFILE,
	  "private ADDRESS[/BITS]..." },
	{ "profile", set_profile, 1, 0, 0, "profile NAME { ... }" },
	{ "resolver", set_resolver, 1, 0, 0, "resolver ADDRESS[:PORT]..." },
	{ "run-uids", set_run_uids, 1, 1, 0, "run-uids FIRST-LAST" },
	{ "running-runs", conf_set_running, 1, 1, CONF_IN_PROFILE,
	  "running-runs keep|follow" },
	{ "threads", set_threads, 1, 1, 0, "threads NUMBER" },
	{ "tunnel-check", set_tunnel_check, 1, 1, 0, "tunnel-check sni|tls|off" },
	{ "upstream", conf_set_upstream, 1, 0, 0,
	  "upstream URL, or upstream direct HOST[:PORTS]..." },
	{ "verify-ca", conf_set_verify_ca, 1, 0, 0, "verify-ca FILE..." },
};
/* clang-format on */

const struct conf_directive *conf_directives(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(table);
	return table;
}

static void unknown_directive(struct conf_parser *ps, const struct conf_word *w)
{
	const char *names[ARRAY_SIZE(table)], *near;
	char shown[CONF_SHOWN_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		names[i] = table[i].name;
	near = conf_nearest(w, names, ARRAY_SIZE(table));
	conf_show(w->s, w->n, shown);
	if (near)
		conf_error(ps, w, "unknown directive '%s': did you mean '%s'?",
			   shown, near);
	else
		conf_error(ps, w,
			   "unknown directive '%s': netleash.conf(5) lists "
			   "those that there are",
			   shown);
}

/* Return: NULL, or why the directive cannot stand here. */
static const char *misplaced(const struct conf_parser *ps,
			     const struct conf_directive *d)
{
	if (ps->in_preset && !(d->where & CONF_IN_PRESET))
		return "a preset";
	if ((ps->profile > 0 || ps->in_discard) &&
	    !(d->where & CONF_IN_PROFILE))
		return "a profile";
	return NULL;
}

int conf_directive(struct conf_parser *ps, const struct conf_word *words,
		   size_t n)
{
	const struct conf_directive *d = table;
	const char *where;

	while (d < table + ARRAY_SIZE(table) &&
	       !conf_word_is(&words[0], d->name))
		d++;
	if (d == table + ARRAY_SIZE(table)) {
		unknown_directive(ps, &words[0]);
		return 0;
	}
	where = misplaced(ps, d);
	if (where) {
		conf_error(ps, &words[0], "'%s' cannot stand in %s", d->name,
			   where);
		return 0;
	}
	if (n - 1 < d->min) {
		conf_error(ps, &words[0], "'%s' needs %s: expected %s", d->name,
			   n == 1 ? "a value" : "more values", d->usage);
		return 0;
	}
	if (d->max > 0 && n - 1 > d->max) {
		conf_error(ps, &words[d->max + 1],
			   "more than '%s' takes: expected %s", d->name,
			   d->usage);
		return 0;
	}
	return d->set(ps, words + 1, n - 1);
}
