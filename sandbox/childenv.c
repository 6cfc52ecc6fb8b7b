/* SPDX-License-Identifier: MIT */
/*
 * sandbox/childenv.c - the environment of CMD
 *
 * In:    the caller's environment, --env words, the facts of the run
 * Out:   the environment that execve(2) gets, and the names that stayed out
 * Steps: 1. the caller's variables, judged one by one
 *        2. who CMD is: HOME, USER, SHELL, PATH, TMPDIR
 *        3. where its door is, in every spelling that tools read
 *        4. --env, which has the last word of the caller's
 *        5. what the run gives: placeholders of credentials
 *
 * The proxy variables are for convenience: they tell tools where the door is.
 * Nothing is enforced by them.
 *
 * Left out on purpose: npm_config_http_proxy (npm warns that it does not know
 * it), YARN_PROXY and YARN_NO_PROXY (Yarn Berry refuses to start), a socks5h
 * URL in ALL_PROXY (httpx and gRPC fail on it). JAVA_TOOL_OPTIONS makes every
 * JVM print one line on stderr; without it no JVM would find the door at all.
 */
#include "sandbox/childenv.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macros.h"
#include "common/strbuf.h"
#include "sandbox/childenv_names.h"

#define DEFAULT_PATH                                                           \
	"/usr/local/sbin:/usr/local/bin:"                                      \
	"/usr/sbin:/usr/bin:/sbin:/bin"
#define LOOPBACK_NAMES "localhost,127.0.0.1,::1,[::1]"

/**
 * struct env - the environment while it is made
 * @v:      NULL-terminated "NAME=VALUE" strings, owned
 * @failed: memory ran out; told once, at the end
 */
struct env {
	char **v;
	size_t n, size;
	bool failed;
};

static bool has_name(const char *entry, const char *name, size_t n)
{
	return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* Index of @name in @env, or its length. */
static size_t env_find(const struct env *env, const char *name, size_t n)
{
	size_t i = 0;

	while (i < env->n && !has_name(env->v[i], name, n))
		i++;
	return i;
}

static bool env_grow(struct env *env)
{
	size_t size = env->size ? env->size * 2 : 64;
	char **v;

	if (env->n + 1 < env->size)
		return true;
	v = realloc(env->v, size * sizeof(*v));
	if (!v)
		return false;
	env->v = v;
	env->size = size;
	return true;
}

/* Takes @entry, "NAME=VALUE" or NULL for no memory; replaces an older one. */
static void env_take(struct env *env, char *entry)
{
	size_t i;

	if (!entry || !env_grow(env)) {
		free(entry);
		env->failed = true;
		return;
	}
	i = env_find(env, entry, strcspn(entry, "="));
	if (i < env->n)
		free(env->v[i]);
	else
		env->v[++env->n] = NULL;
	env->v[i] = entry;
}

static void env_set(struct env *env, const char *name, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static void env_set(struct env *env, const char *name, const char *fmt, ...)
{
	struct strbuf entry = STRBUF_INIT;
	char *value;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (n < 0) {
		env->failed = true;
		return;
	}
	strbuf_adds(&entry, name);
	strbuf_addc(&entry, '=');
	strbuf_adds(&entry, value);
	free(value);
	env_take(env, strbuf_take(&entry));
}

const char *childenv_get(const char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; env && env[i]; i++)
		if (has_name(env[i], name, n))
			return env[i] + n + 1;
	return NULL;
}

/* Is @name (of length @n) let through or set by --env? */
static bool is_wanted(const struct childenv_opts *o, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < o->set_n; i++)
		if (strcspn(o->set[i], "=") == n &&
		    strncmp(o->set[i], name, n) == 0)
			return true;
	return false;
}

static bool is_hidden(const struct childenv_opts *o, const char *name)
{
	for (size_t i = 0; i < o->hidden_n; i++)
		if (strcmp(o->hidden[i], name) == 0)
			return true;
	return false;
}

static bool is_given(const struct childenv_opts *o, const char *name)
{
	for (size_t i = 0; i < o->given_n; i++)
		if (has_name(o->given[i], name, strlen(name)))
			return true;
	return false;
}

/*
 * Step 1 for one variable. The first of two with one name counts, as for
 * getenv(3). Withheld names are remembered once each.
 */
static void pass_one(struct env *env, const struct childenv_opts *o,
		     const char *name, const char *value, struct strbuf *names)
{
	if (is_hidden(o, name))
		return;
	if (o->external && childenv_is_proxy(name)) {
		if (childenv_get(o->caller, name) == value)
			env_set(env, name, "%s", value);
		return;
	}
	if (childenv_is_replaced(name))
		return;
	if (o->clean && !childenv_is_clean(name))
		return;
	if (childenv_get(o->caller, name) != value)
		return;
	if (!childenv_is_withheld(name, value, o->deny, o->allow)) {
		if (!childenv_is_stale(name, value, o->home))
			env_set(env, name, "%s", value);
	} else if (!is_wanted(o, name) && !is_given(o, name)) {
		if (names->len > 0)
			strbuf_addc(names, ' ');
		strbuf_add_escaped(names, name, strlen(name));
	}
}

static void pass_caller(struct env *env, const struct childenv_opts *o,
			struct strbuf *names)
{
	for (size_t i = 0; o->caller && o->caller[i]; i++) {
		size_t n = strcspn(o->caller[i], "=");
		char *name;

		if (n == 0 || o->caller[i][n] == '\0')
			continue;
		name = strndup(o->caller[i], n);
		if (!name) {
			env->failed = true;
			return;
		}
		pass_one(env, o, name, o->caller[i] + n + 1, names);
		free(name);
	}
}

/*
 * An empty or relative entry means the working directory, which CMD can
 * write: `ls` would then be whatever a package put there.
 */
static void set_path(struct env *env, const char *path)
{
	struct strbuf kept = STRBUF_INIT;
	char *text;
	size_t n;

	for (; path && *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if (path[0] != '/')
			continue;
		if (kept.len > 0)
			strbuf_addc(&kept, ':');
		strbuf_add(&kept, path, n);
	}
	if (kept.len == 0)
		strbuf_adds(&kept, DEFAULT_PATH);
	text = strbuf_take(&kept);
	if (text)
		env_set(env, "PATH", "%s", text);
	else
		env->failed = true;
	free(text);
}

/* Step 2. A caller without a home has only /tmp to write to. */
static void set_facts(struct env *env, const struct childenv_opts *o)
{
	const char *home = o->home && *o->home ? o->home : "/tmp";
	const char *user = o->user && *o->user ? o->user : "netleash";

	env_set(env, "HOME", "%s", home);
	env_set(env, "USER", "%s", user);
	env_set(env, "LOGNAME", "%s", user);
	env_set(env, "SHELL", "%s",
		o->shell && *o->shell ? o->shell : "/bin/sh");
	env_set(env, "TMPDIR", "/tmp");
	set_path(env, childenv_get(o->caller, "PATH"));
	env_set(env, "NETLEASH", "1");
	env_set(env, "NETLEASH_RUN", "%s", o->run ? o->run : "");
}

/* Variables whose value is the door's URL. */
/* clang-format off */
static const char *const url_names[] = {
	"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY",
	"all_proxy", "FTP_PROXY", "ftp_proxy", "WS_PROXY", "ws_proxy",
	"WSS_PROXY", "wss_proxy", "GRPC_PROXY", "grpc_proxy",

	/* Over the file of a project or of the system that says otherwise. */
	"npm_config_proxy", "npm_config_https_proxy", "YARN_HTTP_PROXY",
	"YARN_HTTPS_PROXY", "BUNDLE_HTTP_PROXY", "BUNDLE_HTTPS_PROXY",
	"PIP_PROXY", "DOCKER_HTTP_PROXY", "DOCKER_HTTPS_PROXY",
};
/* clang-format on */

static void add_java(struct env *env, const char *options)
{
	size_t at = env_find(env, "JAVA_TOOL_OPTIONS", 17);
	const char *old = at < env->n ? env->v[at] + 18 : "";

	env_set(env, "JAVA_TOOL_OPTIONS", "%s%s%s", old, *old ? " " : "",
		options);
}

/* Java reads no proxy variable; what the caller gave it stays in front. */
static void set_java(struct env *env, const struct childenv_opts *o)
{
	struct strbuf options = STRBUF_INIT;
	unsigned port = o->port;

	strbuf_addf(&options,
		    "-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=%u "
		    "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=%u "
		    "-Dhttp.nonProxyHosts=%s",
		    port, port, o->loopback ? "localhost|127.*|[::1]" : "");
	if (strbuf_failed(&options))
		env->failed = true;
	else
		add_java(env, options.s);
	strbuf_fini(&options);
}

/* Has it nothing in it that a shell, or ssh's %h, would read otherwise? */
static bool is_plain_path(const char *path)
{
	for (; *path; path++)
		if (!isalnum((unsigned char)*path) && !strchr("/._+-", *path))
			return false;
	return true;
}

/*
 * ssh reads no proxy variable. Its own conf would be the place, but is the
 * caller's and hidden; git's ssh can be told here, unless the caller has told
 * it something himself.
 */
static void set_ssh(struct env *env, const struct childenv_opts *o)
{
	if (!o->program || !is_plain_path(o->program) ||
	    env_find(env, "GIT_SSH_COMMAND", 15) < env->n ||
	    env_find(env, "GIT_SSH", 7) < env->n)
		return;
	env_set(env, "GIT_SSH_COMMAND",
		"ssh -o ProxyCommand='%s connect -- %%h %%p'", o->program);
}

/* Step 3. */
static void set_proxy(struct env *env, const struct childenv_opts *o)
{
	const char *direct = o->loopback ? LOOPBACK_NAMES : "";
	unsigned port = o->port;

	for (size_t i = 0; i < ARRAY_SIZE(url_names); i++)
		env_set(env, url_names[i], "http://127.0.0.1:%u", port);
	env_set(env, "NO_PROXY", "%s", direct);
	env_set(env, "no_proxy", "%s", direct);
	if (o->loopback) {
		env_set(env, "npm_config_noproxy", "%s", direct);
		env_set(env, "BUNDLE_NO_PROXY", "%s", direct);
	}
	env_set(env, "NODE_USE_ENV_PROXY", "1");
	env_set(env, "ELECTRON_GET_USE_PROXY", "1");
	env_set(env, "RSYNC_PROXY", "127.0.0.1:%u", port);
	env_set(env, "CLOUDSDK_PROXY_TYPE", "http");
	env_set(env, "CLOUDSDK_PROXY_ADDRESS", "127.0.0.1");
	env_set(env, "CLOUDSDK_PROXY_PORT", "%u", port);
	set_java(env, o);
	set_ssh(env, o);
}

/* A name that a shell or a tool could be given: no blank, no control byte. */
static bool is_valid_word(const char *word)
{
	size_t n = strcspn(word, "=");

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)word[i] <= ' ' || word[i] == 0x7f)
			return false;
	return n > 0;
}

/* Step 4. A bare name that the caller does not have sets nothing. */
static void set_wanted(struct env *env, const struct childenv_opts *o)
{
	for (size_t i = 0; i < o->set_n; i++) {
		const char *word = o->set[i], *value;

		if (strchr(word, '=')) {
			env_take(env, strdup(word));
			continue;
		}
		value = is_hidden(o, word) ? NULL
					   : childenv_get(o->caller, word);
		if (value)
			env_set(env, word, "%s", value);
	}
}

/* Step 5. */
static void set_given(struct env *env, const struct childenv_opts *o)
{
	for (size_t i = 0; i < o->given_n; i++)
		env_take(env, strdup(o->given[i]));
	if (o->java)
		add_java(env, o->java);
}

int childenv_make(const struct childenv_opts *opts, char ***ret,
		  char **ret_withheld)
{
	struct env env = { NULL, 0, 0, false };
	struct strbuf names = STRBUF_INIT;
	char *withheld;

	*ret = NULL;
	*ret_withheld = NULL;
	for (size_t i = 0; i < opts->set_n; i++) {
		if (is_valid_word(opts->set[i]))
			continue;
		*ret_withheld = strdup(opts->set[i]);
		return *ret_withheld ? -EINVAL : -ENOMEM;
	}

	pass_caller(&env, opts, &names);
	set_facts(&env, opts);
	if (opts->port != 0)
		set_proxy(&env, opts);
	set_wanted(&env, opts);
	set_given(&env, opts);

	withheld = names.len > 0 ? strbuf_take(&names) : strdup("");
	if (!withheld || env.failed || strbuf_failed(&names)) {
		strbuf_fini(&names);
		free(withheld);
		childenv_free(env.v);
		return -ENOMEM;
	}
	*ret = env.v;
	*ret_withheld = withheld;
	return 0;
}

void childenv_free(char **env)
{
	for (char **e = env; e && *e; e++)
		free(*e);
	free(env);
}
