/* SPDX-License-Identifier: MIT */
/*
 * sandbox/childenv.h - the environment of CMD
 *
 * Pure: the caller's environment and the run's facts in, a new environment
 * out. Secrets and sockets of the caller stay out:
 * names such as *TOKEN*, *SECRET*, *PASSWORD*, *CREDENTIAL*, *API_KEY*, *_KEY,
 * AWS_*, SSH_AUTH_SOCK, DBUS_*, XDG_RUNTIME_DIR, DOCKER_HOST, *_SOCK, the
 * loader's LD_*, and every value that is a URL with a password in it. The
 * whole list, with reasons, is in childenv_names.c.
 */
#ifndef NETLEASH_SANDBOX_CHILDENV_H
#define NETLEASH_SANDBOX_CHILDENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct childenv_opts
 * @caller:   the caller's environment, NULL-terminated
 * @set:      --env: "NAME" (let it through) or "NAME=VALUE"
 * @deny, @allow: name globs of the conf, NULL-terminated or NULL; @deny beats
 *            @allow, and @allow beats the built-in list
 * @hidden:   names of variables that never pass, even where --env names them:
 *            a credential comes from them, or a placeholder stands there
 * @given:    "NAME=VALUE" words of the run's, set last
 * @java:     options for every JVM, behind all others; NULL: none
 * @clean:    --clean-env
 * @port:     the door; 0: no proxy variables of ours
 * @loopback: CMD has a loopback that it can use (netns, local binding, local
 *            ports): NO_PROXY names it
 * @external: --external-proxy and --online: the caller's proxy variables pass
 * as they are, with the password that they may hold; @port is 0
 * @program:  netleash, as CMD sees it, for git's ssh; NULL: not to be had
 * @home, @user, @shell, @run: facts of the run
 */
struct childenv_opts {
	const char *const *caller;
	const char *const *set;
	size_t set_n;
	const char *const *deny, *const *allow;
	const char *const *hidden, *const *given;
	size_t hidden_n, given_n;
	const char *java;
	bool clean;
	uint16_t port;
	bool loopback;
	bool external;
	const char *program;
	const char *home, *user, *shell, *run;
};

/*
 * Return: 0 with a malloc'ed, NULL-terminated environment (free with
 * childenv_free()) and *@ret_withheld: names that stayed out because they
 * look like secrets or sockets, blank-separated, "" for none, malloc'ed.
 * -EINVAL with the bad --env word in @ret_withheld; -ENOMEM.
 */
int childenv_make(const struct childenv_opts *opts, char ***ret,
		  char **ret_withheld);
void childenv_free(char **env);

/* Value of @name in @env, NULL-terminated or NULL, as getenv(3). */
const char *childenv_get(const char *const *env, const char *name);

#endif
