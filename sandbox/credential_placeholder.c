/* SPDX-License-Identifier: MIT */
/*
 * sandbox/credential_placeholder.c - what stands for a secret in CMD's hands
 *
 * In:         a secret
 * Out:        random text of its shape, for programs that look at the shape
 * Invariants: of the secret it tells the length, where which kind of byte is,
 *             and its punctuation; nothing else
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/macros.h"
#include "sandbox/credential.h"

/* Fewer random bytes may stand in a header by chance. */
#define RANDOM_MIN 12

/* What everybody knows of a token of that kind; of two the longer first. */
static const char *const prefixes[] = {
	"github_pat_", "sk-ant-", "glpat-", "pypi-", "xoxb-", "xoxp-", "ghp_",
	"gho_",	       "ghu_",	  "ghs_",   "ghr_",  "npm_",  "AKIA",  "sk-",
};

static size_t prefix_of(const struct secret *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		if (s->n > n && memcmp(s->s, prefixes[i], n) == 0)
			return n;
	}
	return 0;
}

/* From how many @c is one, and the first of them; 0: it stays as it is. */
static unsigned kind_of(char c, char *ret_first)
{
	static const struct {
		char first, last;
	} kinds[] = { { '0', '9' }, { 'a', 'z' }, { 'A', 'Z' } };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (c >= kinds[i].first && c <= kinds[i].last) {
			*ret_first = kinds[i].first;
			return (unsigned)(kinds[i].last - kinds[i].first + 1);
		}
	return 0;
}

static int fill_random(void *bytes, size_t n)
{
	char *at = bytes;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

int credential_placeholder(const struct secret *s, struct secret *ret)
{
	struct secret p = { .s = malloc(s->n + 1), .n = s->n };
	uint16_t *random = calloc(s->n, sizeof(*random));
	size_t changed = 0;
	int r = -ENOMEM;

	if (!p.s || !random)
		goto out;
	r = fill_random(random, s->n * sizeof(*random));
	if (r < 0)
		goto out;
	memcpy(p.s, s->s, s->n);
	p.s[s->n] = '\0';
	for (size_t i = prefix_of(s); i < s->n; i++) {
		char first = 0;
		unsigned n = kind_of(s->s[i], &first);

		if (n == 0)
			continue;
		p.s[i] = (char)(first + (int)(random[i] % n));
		changed++;
	}
	r = changed < RANDOM_MIN ? -EINVAL : 0;
out:
	free(random);
	if (r < 0)
		secret_fini(&p);
	else
		*ret = p;
	return r;
}
