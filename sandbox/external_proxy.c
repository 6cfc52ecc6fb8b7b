/* SPDX-License-Identifier: MIT */
/*
 * sandbox/external_proxy.c - the loopback proxies that the environment names
 */
#include "sandbox/external_proxy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/macros.h"
#include "common/parse.h"

static const char *const variables[EXTERNAL_PROXY_MAX] = {
	"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY", "WSS_PROXY",
	"http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy",
};

static const char *const hosts[] = { "localhost", "127.0.0.1", "[::1]" };

/* Is @name (of @n bytes) one of them? */
static bool is_variable(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		if (strlen(variables[i]) == n &&
		    memcmp(variables[i], name, n) == 0)
			return true;
	return false;
}

static bool is_scheme(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char c = s[i];
		const bool letter =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter &&
		    (i == 0 || !strchr("0123456789+-.", c) || c == '\0'))
			return false;
	}
	return n > 0;
}

/* Return: NULL with *@ret_port set, or what is wrong with @url. */
static const char *port_of(const char *url, uint16_t *ret_port)
{
	const char *authority = strstr(url, "://"), *at, *port;
	size_t n;

	if (!authority || !is_scheme(url, (size_t)(authority - url)))
		return "has no scheme";
	authority += strlen("://");
	n = strcspn(authority, "/?#");
	at = memrchr(authority, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - authority);
		authority = at + 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		size_t len = strlen(hosts[i]);

		if (n < len || strncasecmp(authority, hosts[i], len) != 0)
			continue;
		if (n == len)
			return "has no port";
		port = authority + len;
		if (*port != ':')
			continue;
		if (parse_port(port + 1, n - len - 1, ret_port) < 0)
			return "has no port from 1 to 65535";
		return NULL;
	}
	return "names another host than localhost, 127.0.0.1 or [::1]";
}

/* Keeps @ports ascending, and each port once. */
static void add_port(uint16_t *ports, size_t *n, uint16_t port)
{
	size_t at = 0;

	while (at < *n && ports[at] < port)
		at++;
	if (at < *n && ports[at] == port)
		return;
	memmove(&ports[at + 1], &ports[at], (*n - at) * sizeof(*ports));
	ports[at] = port;
	(*n)++;
}

int external_proxy_ports(const char *const *env,
			 uint16_t ret[EXTERNAL_PROXY_MAX], size_t *ret_n,
			 char error[EXTERNAL_PROXY_ERROR_MAX])
{
	uint16_t ports[EXTERNAL_PROXY_MAX];
	size_t n = 0;

	for (; *env; env++) {
		const char *value = strchr(*env, '='), *wrong;
		uint16_t port;

		if (!value || !is_variable(*env, (size_t)(value - *env)) ||
		    value[1] == '\0')
			continue;
		wrong = port_of(value + 1, &port);
		if (wrong) {
			(void)snprintf(error, EXTERNAL_PROXY_ERROR_MAX,
				       "--external-proxy: %.*s %s: it must be "
				       "like http://127.0.0.1:3128",
				       (int)(value - *env), *env, wrong);
			return -EINVAL;
		}
		/* A variable can stand twice, but not name a new port each
		 * time without end. */
		if (n == EXTERNAL_PROXY_MAX) {
			(void)snprintf(error, EXTERNAL_PROXY_ERROR_MAX,
				       "--external-proxy: too many ports");
			return -EINVAL;
		}
		add_port(ports, &n, port);
	}
	if (n == 0) {
		(void)snprintf(error, EXTERNAL_PROXY_ERROR_MAX,
			       "--external-proxy: none of HTTP_PROXY, "
			       "HTTPS_PROXY, ALL_PROXY, WS_PROXY, WSS_PROXY "
			       "is set");
		return -EINVAL;
	}
	memcpy(ret, ports, n * sizeof(*ret));
	*ret_n = n;
	return 0;
}
