/* SPDX-License-Identifier: MIT */
/*
 * sandbox/run_secrets.c - a run's secrets, from its attendant to the daemon
 *
 * Invariants: they stand in one piece of memory, which is wiped; nothing of
 *             them is ever said, not even what is wrong with them
 * References: memfd_create(2)
 */
#include "sandbox/run_secrets.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf_credential.h"
#include "common/fdio.h"
#include "proxy/proxy.h"
#include "sandbox/credential.h"

#define ONE_MAX (CONF_CREDENTIAL_NAME_MAX + 2 * CREDENTIAL_SECRET_MAX + 3)
#define ALL_MAX (CONF_CREDENTIALS_MAX * ONE_MAX)

static int put_text(int fd, const char *text)
{
	return fd_write_all(fd, text, strlen(text) + 1);
}

int run_secrets_put(const struct proxy_secret *v, size_t n, int *ret_fd)
{
	int fd, r = 0;

	*ret_fd = -1;
	if (n == 0)
		return 0;
	fd = memfd_create("netleash-secrets", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < n && r == 0; i++) {
		r = put_text(fd, v[i].name);
		if (r == 0)
			r = put_text(fd, v[i].text);
		if (r == 0)
			r = put_text(fd,
				     v[i].placeholder ? v[i].placeholder : "");
	}
	if (r < 0)
		(void)close(fd);
	else
		*ret_fd = fd;
	return r;
}

static int read_bytes(int fd, struct run_secrets *s)
{
	size_t at = 0;

	while (at < s->size) {
		ssize_t n = pread(fd, s->bytes + at, s->size - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		at += (size_t)n;
	}
	return 0;
}

/* The next piece behind *@at, of @max bytes at most, without control bytes.
 * Return: NULL: there is none. */
static const char *next_text(const struct run_secrets *s, size_t *at,
			     size_t max)
{
	const char *text = s->bytes + *at;
	size_t n = strnlen(text, s->size - *at);

	if (n == s->size - *at || n > max)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return NULL;
	*at += n + 1;
	return text;
}

static bool parse_one(const struct run_secrets *s, size_t *at,
		      struct proxy_secret *ret)
{
	ret->name = next_text(s, at, CONF_CREDENTIAL_NAME_MAX);
	ret->text = ret->name ? next_text(s, at, CREDENTIAL_SECRET_MAX) : NULL;
	ret->placeholder =
		ret->text ? next_text(s, at, CREDENTIAL_SECRET_MAX) : NULL;
	if (!ret->placeholder || !ret->name[0] || !ret->text[0])
		return false;
	if (!ret->placeholder[0])
		ret->placeholder = NULL;
	return true;
}

static int parse(struct run_secrets *s)
{
	size_t at = 0;

	while (at < s->size) {
		if (s->n == CONF_CREDENTIALS_MAX ||
		    !parse_one(s, &at, &s->v[s->n]))
			return -EBADMSG;
		s->n++;
	}
	return s->n > 0 ? 0 : -EBADMSG;
}

int run_secrets_take(int fd, struct run_secrets *ret)
{
	struct run_secrets s = { .n = 0 };
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > ALL_MAX)
		return -EBADMSG;
	s.size = (size_t)st.st_size;
	s.bytes = malloc(s.size);
	s.v = calloc(CONF_CREDENTIALS_MAX, sizeof(*s.v));
	r = s.bytes && s.v ? read_bytes(fd, &s) : -ENOMEM;
	if (r == 0)
		r = parse(&s);
	if (r < 0)
		run_secrets_fini(&s);
	else
		*ret = s;
	return r;
}

void run_secrets_fini(struct run_secrets *s)
{
	if (s->bytes)
		explicit_bzero(s->bytes, s->size);
	free(s->bytes);
	free(s->v);
	*s = (struct run_secrets){ .n = 0 };
}
