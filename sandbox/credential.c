/* SPDX-License-Identifier: MIT */
/*
 * sandbox/credential.c - get a credential's secret, before the run starts
 *
 * In:         where it comes from, who asks, his environment
 * Out:        the secret, or a sentence
 * Invariants: what was read stands in one buffer of ours, which is wiped, and
 *             in the secret; no sentence has a byte of it
 */
#include "sandbox/credential.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/conf_credential.h"
#include "common/macros.h"
#include "common/scope.h"
#include "sandbox/childenv.h"
#include "sandbox/identity.h"
#include "sandbox/inquiry.h"

/* One byte more than is taken shows that there is more. */
#define ANSWER_MAX (CREDENTIAL_SECRET_MAX + 1)

/**
 * struct reading - one credential being read
 * @what: what it is read from, for sentences
 */
struct reading {
	const struct conf_credential *credential;
	const struct caller *caller;
	const char *const *env;
	int limit_ms;
	const char *what;
	char *error;
};

PRINTF_LIKE(3, 4)
static int fail(const struct reading *rd, int r, const char *fmt, ...)
{
	int n = snprintf(rd->error, CREDENTIAL_ERROR_MAX,
			 "credential '%s': ", rd->credential->name);
	va_list ap;

	va_start(ap, fmt);
	/* A name is short: there is room. */
	(void)vsnprintf(rd->error + n, CREDENTIAL_ERROR_MAX - (size_t)n, fmt,
			ap);
	va_end(ap);
	return r;
}

/* Return: NULL, or what is wrong with a secret, whatever it is read from. */
static const char *fault_of(const char *s, size_t n)
{
	if (n == 0)
		return "gives nothing";
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return "gives more than one line, or has a control "
			       "byte";
	/* A field's value loses them on its way: it would come back without. */
	if (s[0] == ' ' || s[n - 1] == ' ')
		return "gives a secret that begins or ends with a blank: take "
		       "it away there";
	if (n < CREDENTIAL_SECRET_MIN)
		return "gives a secret of fewer than 8 bytes: it is taken out "
		       "of answers, where one so short may stand by chance. "
		       "Have a longer one made, or do without credential";
	return NULL;
}

/* Return: 0, or -errno with a sentence. */
static int keep(const struct reading *rd, const char *s, size_t n,
		struct secret *ret)
{
	const char *fault;

	if (n > CREDENTIAL_SECRET_MAX)
		return fail(rd, -EFBIG, "%.200s gives more than %d bytes",
			    rd->what, CREDENTIAL_SECRET_MAX);
	if (n > 0 && s[n - 1] == '\n')
		n--;
	fault = fault_of(s, n);
	if (fault)
		return fail(rd, -EINVAL, "%.200s %s", rd->what, fault);
	ret->s = malloc(n + 1);
	if (!ret->s)
		return fail(rd, -ENOMEM, "out of memory");
	memcpy(ret->s, s, n);
	ret->s[n] = '\0';
	ret->n = n;
	return 0;
}

static int read_env(const struct reading *rd, struct secret *ret)
{
	const char *value = childenv_get(rd->env, rd->what);

	if (!value && childenv_get(rd->env, "SUDO_UID"))
		return fail(rd, -ENOENT,
			    "the variable %.200s is not set; sudo passes it on "
			    "with --preserve-env=%.200s",
			    rd->what, rd->what);
	if (!value)
		return fail(rd, -ENOENT, "the variable %.200s is not set",
			    rd->what);
	return keep(rd, value, strlen(value), ret);
}

static const char *why_no_file(int status)
{
	if (!WIFEXITED(status))
		return "it took too long";
	if (WEXITSTATUS(status) == INQUIRY_NOT_REGULAR)
		return "it is no regular file";
	return strerror(WEXITSTATUS(status));
}

/* Asks, and keeps the answer of a child that ended well. */
static int ask(const struct reading *rd, struct inquiry *q, struct secret *ret)
{
	char answer[ANSWER_MAX];
	size_t n = 0;
	int status = 0, r;

	q->uid = rd->caller->uid;
	q->gid = rd->caller->gid;
	q->groups = rd->caller->groups;
	q->groups_n = rd->caller->groups_n;
	q->answer_max = sizeof(answer);
	q->limit_ms = rd->limit_ms;
	r = inquiry_ask(q, answer, &n, &status);
	if (r == -ETIMEDOUT)
		r = fail(rd, r, "%.200s took longer than %d s", rd->what,
			 rd->limit_ms / 1000);
	else if (r == -EFBIG)
		r = keep(rd, answer, sizeof(answer), ret); /* says so */
	else if (r < 0)
		r = fail(rd, r, "%.200s: %s", rd->what, strerror(-r));
	else if (status != 0 && q->file)
		r = fail(rd, -EIO, "%.200s cannot be read: %s", rd->what,
			 why_no_file(status));
	else if (WIFSIGNALED(status))
		r = fail(rd, -EIO, "%.200s was ended by signal %d", rd->what,
			 WTERMSIG(status));
	else if (status != 0)
		r = fail(rd, -EIO,
			 "%.200s exits with status %d; run it in / to see why",
			 rd->what, WEXITSTATUS(status));
	else
		r = keep(rd, answer, n, ret);
	explicit_bzero(answer, sizeof(answer));
	return r;
}

static int read_file(const struct reading *rd, struct secret *ret)
{
	struct inquiry q = { .file = rd->what };
	char path[PATH_MAX];

	if (rd->what[0] == '~') {
		if (rd->caller->home[0] == '\0')
			return fail(rd, -ENOENT, "%.200s: there is no home",
				    rd->what);
		if (snprintf(path, sizeof(path), "%s%s", rd->caller->home,
			     rd->what + 1) >= (int)sizeof(path))
			return fail(rd, -ENAMETOOLONG, "%.200s: %s", rd->what,
				    strerror(ENAMETOOLONG));
		q.file = path;
	}
	return ask(rd, &q, ret);
}

static bool is_ours(const char *var)
{
	return strncmp(var, "PATH=", 5) == 0 || strncmp(var, "HOME=", 5) == 0;
}

/* @env with @path and @home in place of its own. Return: NULL: no memory. */
static const char **make_env(const char *const *env, const char *path,
			     const char *home)
{
	size_t n = 0, used = 0;
	const char **ret;

	while (env && env[n])
		n++;
	ret = calloc(n + 3, sizeof(*ret));
	if (!ret)
		return NULL;
	ret[used++] = path;
	ret[used++] = home;
	for (size_t i = 0; i < n; i++)
		if (!is_ours(env[i]))
			ret[used++] = env[i];
	return ret;
}

static int run_command(const struct reading *rd, struct secret *ret)
{
	char *const *words = rd->credential->words;
	AUTOFREE const char **env = NULL;
	const char *argv[CONF_CREDENTIAL_WORDS_MAX + 1];
	char program[PATH_MAX], home[PATH_MAX];
	struct inquiry q = { .program = rd->what, .argv = argv };
	size_t n = 0;

	for (; n < CONF_CREDENTIAL_WORDS_MAX && words[n]; n++)
		argv[n] = words[n];
	argv[n] = NULL;
	if (rd->what[0] != '/') {
		if (!inquiry_find(INQUIRY_TRUSTED_PATH, rd->what, program))
			return fail(rd, -ENOENT,
				    "%.200s is not in %s: write its whole path",
				    rd->what, INQUIRY_TRUSTED_PATH);
		q.program = program;
	}
	(void)snprintf(home, sizeof(home), "HOME=%s",
		       rd->caller->home[0] ? rd->caller->home : "/");
	env = make_env(rd->env, "PATH=" INQUIRY_TRUSTED_PATH, home);
	if (!env)
		return fail(rd, -ENOMEM, "out of memory");
	q.env = env;
	return ask(rd, &q, ret);
}

int credential_read(const struct conf_credential *c,
		    const struct caller *caller, const char *const *env,
		    int limit_ms, struct secret *ret,
		    char error[CREDENTIAL_ERROR_MAX])
{
	const struct reading rd = {
		c, caller, env, limit_ms, c->words[0], error
	};

	*ret = (struct secret){ NULL, 0 };
	error[0] = '\0';
	switch (c->from) {
	case CONF_FROM_ENV:
		return read_env(&rd, ret);
	case CONF_FROM_FILE:
		return read_file(&rd, ret);
	case CONF_FROM_COMMAND:
		return run_command(&rd, ret);
	case CONF_FROM_NOWHERE:
		break;
	}
	return fail(&rd, -EINVAL, "it comes from nowhere");
}

void secret_fini(struct secret *s)
{
	if (s->s)
		explicit_bzero(s->s, s->n);
	free(s->s);
	*s = (struct secret){ NULL, 0 };
}
