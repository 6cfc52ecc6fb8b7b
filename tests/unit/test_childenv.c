/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_childenv.c - what of the caller's environment reaches CMD
 */
#include "sandbox/childenv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/childenv_names.h"

static struct childenv_opts plain(const char *const *caller)
{
	return (struct childenv_opts){
		.caller = caller,
		.port = 4711,
		.home = "/home/ann",
		.user = "ann",
		.shell = "/bin/bash",
		.run = "run7",
	};
}

/* The one value of @name; NULL if absent; two of it are a failure. */
static const char *value_of(char *const *env, const char *name)
{
	const char *found = NULL;
	size_t n = strlen(name);

	for (; *env; env++) {
		if (strncmp(*env, name, n) != 0 || (*env)[n] != '=')
			continue;
		if (found)
			fail_msg("%s is there twice", name);
		found = *env + n + 1;
	}
	return found;
}

static void expect(char *const *env, const char *name, const char *want)
{
	const char *got = value_of(env, name);

	if (!want && got)
		fail_msg("%s is '%s', should be absent", name, got);
	if (want && (!got || strcmp(got, want) != 0))
		fail_msg("%s is '%s', should be '%s'", name,
			 got ? got : "(absent)", want);
}

/* Runs @o and compares one variable. */
static void expect_from(const struct childenv_opts *o, const char *name,
			const char *want, const char *want_withheld)
{
	char **env, *withheld;

	assert_int_equal(childenv_make(o, &env, &withheld), 0);
	expect(env, name, want);
	if (want_withheld)
		assert_string_equal(withheld, want_withheld);
	childenv_free(env);
	free(withheld);
}

static void ordinary_variables_pass(void **state)
{
	static const char *const entries[] = {
		"EDITOR=vi",
		"LANG=C.UTF-8",
		"TERM=xterm",
		"CI=true",
		"npm_config_registry=http://reg.example/",
		"XDG_CONFIG_HOME=/home/ann/.config",
		"XDG_DATA_DIRS=/usr/share",
		"XDG_SESSION_TYPE=tty",
		"PIP_INDEX_URL=https://pip.example/simple",
		"URL=http://user@example.org/",
		"EMPTY=",
		"KEYBOARD=de",
		"MONKEY=1",
		"GIT_AUTHOR_NAME=Ann",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		const char *const caller[] = { entries[i], NULL };
		struct childenv_opts o = plain(caller);
		char name[64];
		size_t n = strcspn(entries[i], "=");

		memcpy(name, entries[i], n);
		name[n] = '\0';
		expect_from(&o, name, entries[i] + n + 1, "");
	}
}

static void secrets_sockets_and_loader_variables_are_withheld(void **state)
{
	static const char *const names[] = {
		"GITHUB_TOKEN",
		"npm_token",
		"CLIENT_SECRET",
		"PGPASSWORD",
		"MYSQL_PWD",
		"DB_PASS",
		"OPENAI_API_KEY",
		"STRIPE_KEY",
		"AWS_REGION",
		"AWS_SESSION_TOKEN",
		"AZURE_CLIENT_ID",
		"GOOGLE_APPLICATION_CREDENTIALS",
		"GH_PAT",
		"KUBECONFIG",
		"npm_config__auth",
		"SENTRY_DSN",
		"SSH_AUTH_SOCK",
		"DBUS_SESSION_BUS_ADDRESS",
		"XDG_RUNTIME_DIR",
		"DOCKER_HOST",
		"WAYLAND_DISPLAY",
		"DISPLAY",
		"TMUX",
		"NOTIFY_SOCKET",
		"LD_PRELOAD",
		"LD_LIBRARY_PATH",
		"LD_AUDIT",
		"GLIBC_TUNABLES",
		"VSCODE_IPC_HOOK_CLI",
		"SOME_SOCK",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char entry[128];
		const char *const caller[] = { entry, NULL };
		const char *const wanted[] = { names[i] };
		struct childenv_opts o = plain(caller);

		(void)snprintf(entry, sizeof(entry), "%s=/x", names[i]);
		expect_from(&o, names[i], NULL, names[i]);
		o.allow = (const char *const[]){ names[i], NULL };
		expect_from(&o, names[i], "/x", "");
		o.deny = (const char *const[]){ "*", NULL };
		expect_from(&o, names[i], NULL, names[i]);
		o.set = wanted;
		o.set_n = 1;
		expect_from(&o, names[i], "/x", "");
	}
}

static void url_with_a_password_is_withheld_whatever_its_name(void **state)
{
	static const struct {
		const char *value;
		bool secret;
	} cases[] = {
		{ "postgres://u:p@db/x", true },
		{ "a http://h/ b redis://:pw@h", true },
		{ "https://u@h/", false },
		{ "https://u:@h/", false },
		{ "https://h:80/x@y", false },
		{ "https://h/?q=a:b@c", false },
		{ "u:p@h", false },
		{ "://", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(childenv_is_withheld("PLACE", cases[i].value,
						      NULL, NULL),
				 cases[i].secret);
}

static void withheld_names_are_told_once_and_together(void **state)
{
	static const char *const caller[] = { "A_TOKEN=1",  "B=2",
					      "C_SECRET=3", "A_TOKEN=4",
					      "A\nTOKEN=5", NULL };
	struct childenv_opts o = plain(caller);

	(void)state;
	expect_from(&o, "B", "2", "A_TOKEN C_SECRET A\\x0aTOKEN");
}

static void globs_of_the_conf_ignore_case(void **state)
{
	static const char *const caller[] = { "CORP_THING=1", NULL };
	struct childenv_opts o = plain(caller);

	(void)state;
	o.deny = (const char *const[]){ "x", "corp_*", NULL };
	expect_from(&o, "CORP_THING", NULL, "CORP_THING");
}

static void identity_of_the_run_replaces_the_callers(void **state)
{
	static const char *const caller[] = { "HOME=/root",
					      "USER=root",
					      "LOGNAME=root",
					      "SHELL=/bin/zsh",
					      "TMPDIR=/var/tmp/x",
					      "TMP=/x",
					      "SUDO_USER=ann",
					      "SUDO_UID=1000",
					      "SUDO_COMMAND=/bin/x",
					      "OLDPWD=/x",
					      "PWD=/y",
					      "XDG_CACHE_HOME=/root/.cache",
					      "NETLEASH=0",
					      "MAIL=/var/x",
					      NULL };
	static const char *const want[][2] = {
		{ "HOME", "/home/ann" },  { "USER", "ann" },
		{ "LOGNAME", "ann" },	  { "SHELL", "/bin/bash" },
		{ "TMPDIR", "/tmp" },	  { "TMP", NULL },
		{ "SUDO_USER", NULL },	  { "SUDO_UID", NULL },
		{ "SUDO_COMMAND", NULL }, { "OLDPWD", NULL },
		{ "PWD", NULL },	  { "XDG_CACHE_HOME", NULL },
		{ "NETLEASH", "1" },	  { "NETLEASH_RUN", "run7" },
		{ "MAIL", NULL },
	};
	struct childenv_opts o = plain(caller);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		expect_from(&o, want[i][0], want[i][1], "");
}

static void missing_facts_have_defaults(void **state)
{
	struct childenv_opts o = plain(NULL);

	(void)state;
	o.home = "";
	o.user = o.shell = o.run = NULL;
	expect_from(&o, "HOME", "/tmp", "");
	expect_from(&o, "USER", "netleash", "");
	expect_from(&o, "SHELL", "/bin/sh", "");
	expect_from(&o, "NETLEASH_RUN", "", "");
}

static void path_keeps_absolute_entries_only(void **state)
{
	static const char *const standard =
		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const struct {
		const char *caller, *want;
	} cases[] = {
		{ "PATH=/a:/b", "/a:/b" }, { "PATH=:/a::.:bin:/b:", "/a:/b" },
		{ "PATH=.", standard },	   { "PATH=", standard },
		{ "X=1", standard },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const caller[] = { cases[i].caller, NULL };
		struct childenv_opts o = plain(caller);

		expect_from(&o, "PATH", cases[i].want, "");
	}
}

static void proxy_variables_name_the_door_in_every_spelling(void **state)
{
	static const char *const urls[] = {
		"HTTP_PROXY",
		"http_proxy",
		"HTTPS_PROXY",
		"https_proxy",
		"ALL_PROXY",
		"all_proxy",
		"WS_PROXY",
		"wss_proxy",
		"GRPC_PROXY",
		"grpc_proxy",
		"FTP_PROXY",
		"npm_config_proxy",
		"npm_config_https_proxy",
		"YARN_HTTP_PROXY",
		"PIP_PROXY",
		"DOCKER_HTTPS_PROXY",
		"BUNDLE_HTTPS_PROXY",
	};
	struct childenv_opts o = plain(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
		expect_from(&o, urls[i], "http://127.0.0.1:4711", "");
	expect_from(&o, "RSYNC_PROXY", "127.0.0.1:4711", "");
	expect_from(&o, "NODE_USE_ENV_PROXY", "1", "");
	expect_from(&o, "CLOUDSDK_PROXY_PORT", "4711", "");
	expect_from(&o, "CLOUDSDK_PROXY_TYPE", "http", "");
	/* These break npm and Yarn Berry. */
	expect_from(&o, "npm_config_http_proxy", NULL, "");
	expect_from(&o, "YARN_NO_PROXY", NULL, "");
	expect_from(&o, "YARN_PROXY", NULL, "");
}

static void proxy_variables_of_the_caller_are_dropped_silently(void **state)
{
	static const char *const names[] = {
		"HTTP_PROXY",
		"Http_Proxy",
		"no_proxy",
		"NO_PROXY",
		"npm_config_http_proxy",
		"NPM_CONFIG_HTTPS_PROXY",
		"npm_config_noproxy",
		"YARN_NO_PROXY",
		"SOME_PROXY",
		"CLOUDSDK_PROXY_USERNAME",
		"GLOBAL_AGENT_HTTP_PROXY",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char entry[128];
		const char *const caller[] = { entry, NULL };
		struct childenv_opts o = plain(caller);

		(void)snprintf(entry, sizeof(entry), "%s=http://u:p@corp:1/",
			       names[i]);
		o.port = 0;
		expect_from(&o, names[i], NULL, "");
	}
}

static void without_a_door_there_are_no_proxy_variables(void **state)
{
	struct childenv_opts o = plain(NULL);
	char **env, *withheld;

	(void)state;
	o.port = 0;
	assert_int_equal(childenv_make(&o, &env, &withheld), 0);
	for (char **e = env; *e; e++)
		if (strcasestr(*e, "proxy"))
			fail_msg("%s", *e);
	childenv_free(env);
	free(withheld);
}

static void no_proxy_names_loopback_only_where_it_is_usable(void **state)
{
	struct childenv_opts o = plain(NULL);

	(void)state;
	expect_from(&o, "NO_PROXY", "", "");
	expect_from(&o, "no_proxy", "", "");
	expect_from(&o, "npm_config_noproxy", NULL, "");
	o.loopback = true;
	expect_from(&o, "NO_PROXY", "localhost,127.0.0.1,::1,[::1]", "");
	expect_from(&o, "npm_config_noproxy", "localhost,127.0.0.1,::1,[::1]",
		    "");
}

static void java_options_are_appended_to_the_callers(void **state)
{
	static const char *const caller[] = { "JAVA_TOOL_OPTIONS=-Xmx1g",
					      NULL };
	struct childenv_opts o = plain(caller);

	(void)state;
	expect_from(&o, "JAVA_TOOL_OPTIONS",
		    "-Xmx1g -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=4711 "
		    "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=4711 "
		    "-Dhttp.nonProxyHosts=",
		    "");
	o.port = 0;
	expect_from(&o, "JAVA_TOOL_OPTIONS", "-Xmx1g", "");
}

static void clean_env_starts_from_five_names(void **state)
{
	static const char *const caller[] = { "PATH=/opt/x:/bin", "LANG=C",
					      "LC_ALL=C",	  "TERM=vt100",
					      "TZ=UTC",		  "EDITOR=vi",
					      "GITHUB_TOKEN=x",	  NULL };
	static const char *const set[] = { "EDITOR" };
	struct childenv_opts o = plain(caller);

	(void)state;
	o.clean = true;
	expect_from(&o, "PATH", "/opt/x:/bin", "");
	expect_from(&o, "LC_ALL", "C", "");
	expect_from(&o, "TZ", "UTC", "");
	expect_from(&o, "EDITOR", NULL, "");
	expect_from(&o, "GITHUB_TOKEN", NULL, "");
	o.set = set;
	o.set_n = 1;
	expect_from(&o, "EDITOR", "vi", "");
}

static void env_option_has_the_last_word(void **state)
{
	static const char *const caller[] = { "GITHUB_TOKEN=x", NULL };
	static const char *const set[] = { "GITHUB_TOKEN", "NO_PROXY=h",
					   "A=1=2",	   "A=3",
					   "HOME=/x",	   "ABSENT",
					   "EMPTY=" };
	struct childenv_opts o = plain(caller);

	(void)state;
	o.set = set;
	o.set_n = ARRAY_SIZE(set);
	expect_from(&o, "GITHUB_TOKEN", "x", "");
	expect_from(&o, "NO_PROXY", "h", "");
	expect_from(&o, "A", "3", "");
	expect_from(&o, "HOME", "/x", "");
	expect_from(&o, "ABSENT", NULL, "");
	expect_from(&o, "EMPTY", "", "");
}

static void a_store_for_java_stands_behind_all_others(void **state)
{
	static const char *const caller[] = { "JAVA_TOOL_OPTIONS=-Da=b", NULL };
	static const char *const set[] = { "JAVA_TOOL_OPTIONS=-Dc=d" };
	struct childenv_opts o = plain(NULL);

	(void)state;
	o.port = 0;
	o.java = "-Dstore";
	expect_from(&o, "JAVA_TOOL_OPTIONS", "-Dstore", "");
	o.caller = caller;
	expect_from(&o, "JAVA_TOOL_OPTIONS", "-Da=b -Dstore", "");
	o.set = set;
	o.set_n = 1;
	expect_from(&o, "JAVA_TOOL_OPTIONS", "-Dc=d -Dstore", "");
	o.set_n = 0;
	o.port = 4711;
	expect_from(&o, "JAVA_TOOL_OPTIONS",
		    "-Da=b -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=4711 "
		    "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=4711 "
		    "-Dhttp.nonProxyHosts= -Dstore",
		    "");
}

/* AWS_CA_BUNDLE is one: --env would not let the caller's in. */
static void what_is_given_is_not_called_withheld(void **state)
{
	static const char *const caller[] = { "AWS_CA_BUNDLE=/theirs",
					      "AWS_PROFILE=x", NULL };
	static const char *const given[] = { "AWS_CA_BUNDLE=/ours" };
	struct childenv_opts o = plain(caller);

	(void)state;
	o.given = given;
	o.given_n = 1;
	expect_from(&o, "AWS_CA_BUNDLE", "/ours", "AWS_PROFILE");
}

static void what_credentials_use_never_passes_and_is_given_last(void **state)
{
	static const char *const caller[] = { "MINE=secret", "GH_TOKEN=other",
					      "PLAIN=yes", NULL };
	static const char *const set[] = { "MINE", "GH_TOKEN", "PLAIN" };
	static const char *const hidden[] = { "MINE", "GH_TOKEN" };
	static const char *const given[] = { "GH_TOKEN=placeholder" };
	static const char *const allow[] = { "*", NULL };
	const struct childenv_opts o = {
		.caller = caller,
		.set = set,
		.set_n = ARRAY_SIZE(set),
		.allow = allow,
		.hidden = hidden,
		.hidden_n = ARRAY_SIZE(hidden),
		.given = given,
		.given_n = ARRAY_SIZE(given),
	};

	(void)state;
	expect_from(&o, "MINE", NULL, "");
	expect_from(&o, "GH_TOKEN", "placeholder", "");
	expect_from(&o, "PLAIN", "yes", "");
}

static void bad_env_word_is_named(void **state)
{
	static const char *const words[] = { "", "=x", "A B=1", "A\n", "\x7f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *const set[] = { "OK=1", words[i] };
		struct childenv_opts o = plain(NULL);
		char **env, *withheld;

		o.set = set;
		o.set_n = 2;
		assert_int_equal(childenv_make(&o, &env, &withheld), -EINVAL);
		assert_null(env);
		assert_string_equal(withheld, words[i]);
		free(withheld);
	}
}

/* The URLs too that would be withheld elsewhere; the ports are open already. */
static void the_callers_own_proxies_pass_unchanged(void **state)
{
	static const char *const caller[] = {
		"HTTP_PROXY=http://me:secret@127.0.0.1:8080",
		"https_proxy=http://localhost:8080/x",
		"NO_PROXY=intern.example",
		"EMPTY_PROXY=",
		"API_TOKEN=x",
		NULL,
	};
	struct childenv_opts o = plain(caller);

	(void)state;
	expect_from(&o, "HTTP_PROXY", "http://127.0.0.1:4711", "API_TOKEN");
	o.port = 0;
	o.loopback = true;
	o.external = true;
	for (int clean = 0; clean < 2; clean++) {
		o.clean = clean;
		expect_from(&o, "HTTP_PROXY", strchr(caller[0], '=') + 1, NULL);
		expect_from(&o, "https_proxy", "http://localhost:8080/x", NULL);
		expect_from(&o, "NO_PROXY", "intern.example", NULL);
		expect_from(&o, "ALL_PROXY", NULL, NULL);
		expect_from(&o, "API_TOKEN", NULL, clean ? "" : "API_TOKEN");
	}
}

static void malformed_entries_of_the_caller_are_skipped(void **state)
{
	static const char *const caller[] = { "",    "=x",  "NOVALUE",
					      "A=1", "A=2", NULL };
	struct childenv_opts o = plain(caller);

	(void)state;
	expect_from(&o, "A", "1", "");
	expect_from(&o, "NOVALUE", NULL, "");
}

static void thousands_of_variables_pass(void **state)
{
	enum {
		COUNT = 3000
	};
	static char text[COUNT][16];
	static const char *caller[COUNT + 1];
	struct childenv_opts o = plain(caller);

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "V%d=%d", i, i);
		caller[i] = text[i];
	}
	expect_from(&o, "V0", "0", "");
	expect_from(&o, "V2999", "2999", "");
}

static void folder_is_below_itself_and_not_below_a_longer_name(void **state)
{
	(void)state;
	assert_true(childenv_path_is_below("/a/b", "/a/b"));
	assert_true(childenv_path_is_below("/a/b/c", "/a/b"));
	assert_false(childenv_path_is_below("/a/bc", "/a/b"));
	assert_false(childenv_path_is_below("/a", "/a/b"));
	assert_false(childenv_path_is_below("/a", "/"));
	assert_false(childenv_path_is_below("/a", ""));
	assert_false(childenv_path_is_below("/a", NULL));
}

static void
git_finds_the_way_out_for_ssh_unless_the_caller_has_one(void **state)
{
	static const char *const none[] = { "A=b", NULL };
	static const char *const own[] = { "GIT_SSH_COMMAND=ssh -v", NULL };
	static const char *const old[] = { "GIT_SSH=/usr/bin/plink", NULL };
	static const char *const wanted[] = { "GIT_SSH_COMMAND=mine" };
	static const char *const odd[] = { "/opt/a b/netleash", "/opt/%h/n",
					   "/opt/n'x", "/opt/n;x" };
	struct childenv_opts o = plain(none);

	(void)state;
	expect_from(&o, "GIT_SSH_COMMAND", NULL, NULL);
	o.program = "/usr/local/sbin/netleash";
	expect_from(&o, "GIT_SSH_COMMAND",
		    "ssh -o ProxyCommand='/usr/local/sbin/netleash connect -- "
		    "%h %p'",
		    NULL);
	o.set = wanted;
	o.set_n = 1;
	expect_from(&o, "GIT_SSH_COMMAND", "mine", NULL);
	o.set_n = 0;
	o.port = 0;
	expect_from(&o, "GIT_SSH_COMMAND", NULL, NULL);

	o = plain(own);
	o.program = "/usr/local/sbin/netleash";
	expect_from(&o, "GIT_SSH_COMMAND", "ssh -v", NULL);
	o = plain(old);
	o.program = "/usr/local/sbin/netleash";
	expect_from(&o, "GIT_SSH_COMMAND", NULL, NULL);
	expect_from(&o, "GIT_SSH", "/usr/bin/plink", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		o = plain(none);
		o.program = odd[i];
		expect_from(&o, "GIT_SSH_COMMAND", NULL, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_variables_pass),
		cmocka_unit_test(
			secrets_sockets_and_loader_variables_are_withheld),
		cmocka_unit_test(
			url_with_a_password_is_withheld_whatever_its_name),
		cmocka_unit_test(withheld_names_are_told_once_and_together),
		cmocka_unit_test(globs_of_the_conf_ignore_case),
		cmocka_unit_test(identity_of_the_run_replaces_the_callers),
		cmocka_unit_test(missing_facts_have_defaults),
		cmocka_unit_test(path_keeps_absolute_entries_only),
		cmocka_unit_test(
			proxy_variables_name_the_door_in_every_spelling),
		cmocka_unit_test(
			proxy_variables_of_the_caller_are_dropped_silently),
		cmocka_unit_test(without_a_door_there_are_no_proxy_variables),
		cmocka_unit_test(
			no_proxy_names_loopback_only_where_it_is_usable),
		cmocka_unit_test(java_options_are_appended_to_the_callers),
		cmocka_unit_test(clean_env_starts_from_five_names),
		cmocka_unit_test(env_option_has_the_last_word),
		cmocka_unit_test(a_store_for_java_stands_behind_all_others),
		cmocka_unit_test(what_is_given_is_not_called_withheld),
		cmocka_unit_test(
			what_credentials_use_never_passes_and_is_given_last),
		cmocka_unit_test(bad_env_word_is_named),
		cmocka_unit_test(the_callers_own_proxies_pass_unchanged),
		cmocka_unit_test(malformed_entries_of_the_caller_are_skipped),
		cmocka_unit_test(thousands_of_variables_pass),
		cmocka_unit_test(
			folder_is_below_itself_and_not_below_a_longer_name),
		cmocka_unit_test(
			git_finds_the_way_out_for_ssh_unless_the_caller_has_one),
	};

	return cmocka_run_group_tests_name("childenv", tests, NULL, NULL);
}
