/* SPDX-License-Identifier: MIT */
/*
 * sandbox/connect_words.h - which proxy, and what it answered
 *
 * Pure: strings in, strings out.
 */
#ifndef NETLEASH_SANDBOX_CONNECT_WORDS_H
#define NETLEASH_SANDBOX_CONNECT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define CONNECT_HOST_MAX  256
#define CONNECT_ERROR_MAX 300

struct connect_proxy {
	char host[CONNECT_HOST_MAX]; /* a name, or an address without brackets
				      */
	char port[6];
};

/*
 * The URL of the first variable of @env (NULL-terminated) that names a proxy
 * for tunnels: HTTPS_PROXY, ALL_PROXY, HTTP_PROXY, each also in lower case. An
 * empty one is unset. Return: borrowed, or NULL.
 */
const char *connect_proxy_find(const char *const *env);

/*
 * "[http://]HOST[:PORT][/...]"; the port is 80 where there is none. Return:
 * 0, or -EINVAL with the part of a sentence that comes after the URL.
 */
int connect_proxy_parse(const char *url, struct connect_proxy *ret,
			char error[CONNECT_ERROR_MAX]);

enum connect_verdict {
	CONNECT_MORE,	 /* the head is not whole yet */
	CONNECT_OPEN,	 /* 2xx: what comes after the head is the far side's */
	CONNECT_REFUSED, /* another status; what comes after says why */
	CONNECT_WRONG	 /* this is no HTTP */
};

/**
 * struct connect_answer - spans of the bytes it was parsed from
 * @head_n: length of the head, with the empty line
 * @own:    netleash itself answered, so that the body is text for a person
 */
struct connect_answer {
	unsigned status;
	const char *phrase;
	size_t phrase_n;
	size_t head_n;
	bool own;
};

/* Interim answers (1xx) before the last one are passed over. */
enum connect_verdict connect_answer_parse(const char *bytes, size_t n,
					  struct connect_answer *ret);

#endif
