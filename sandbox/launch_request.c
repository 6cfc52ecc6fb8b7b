/* SPDX-License-Identifier: MIT */
/*
 * sandbox/launch_request.c - what an unprivileged `netleash run` asks for
 */
#include "sandbox/launch_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int launch_head_check(const struct launch_head *head)
{
	if (head->version != LAUNCH_VERSION || head->reserved != 0)
		return -EINVAL;
	/* "run" and a command, at least. */
	if (head->args_n < 2 || head->args_n > LAUNCH_WORDS_MAX ||
	    head->env_n > LAUNCH_WORDS_MAX || head->bytes > LAUNCH_BYTES_MAX)
		return -EINVAL;
	if (head->bytes < head->args_n + head->env_n || head->mask > 0777)
		return -EINVAL;
	return 0;
}

int launch_words_parse(const struct launch_head *head, char *bytes,
		       struct launch_words *ret)
{
	const size_t args_n = head->args_n, n = args_n + head->env_n;
	char **v, *at = bytes, *end = bytes + head->bytes;
	struct launch_words w;

	v = calloc(n + 2, sizeof(*v)); /* each list has its NULL */
	if (!v)
		return -ENOMEM;
	w.args = v;
	w.env = v + args_n + 1;
	for (size_t i = 0; i < n; i++) {
		char *nul = memchr(at, '\0', (size_t)(end - at));

		if (!nul) {
			free(v);
			return -EINVAL;
		}
		if (i < args_n)
			w.args[i] = at;
		else
			w.env[i - args_n] = at;
		at = nul + 1;
	}
	if (at != end) {
		free(v);
		return -EINVAL;
	}
	*ret = w;
	return 0;
}

void launch_words_fini(struct launch_words *w)
{
	free(w->args);
	w->args = w->env = NULL;
}

/* Adds @words to the counts. Return: 0 or -E2BIG. */
static int count(char *const *words, uint32_t *ret_n, size_t *bytes)
{
	size_t n = 0;

	for (; words[n]; n++) {
		*bytes += strlen(words[n]) + 1;
		if (n == LAUNCH_WORDS_MAX || *bytes > LAUNCH_BYTES_MAX)
			return -E2BIG;
	}
	*ret_n = (uint32_t)n;
	return 0;
}

static char *copy(char *to, char *const *words)
{
	for (; *words; words++) {
		size_t n = strlen(*words) + 1;

		memcpy(to, *words, n);
		to += n;
	}
	return to;
}

int launch_words_pack(char *const *args, char *const *env,
		      struct launch_head *head, char **ret)
{
	size_t bytes = 0;
	char *text;
	int r;

	r = count(args, &head->args_n, &bytes);
	if (r == 0)
		r = count(env, &head->env_n, &bytes);
	if (r < 0)
		return r;
	head->bytes = (uint32_t)bytes;
	text = malloc(bytes + 1);
	if (!text)
		return -ENOMEM;
	(void)copy(copy(text, args), env);
	*ret = text;
	return 0;
}
