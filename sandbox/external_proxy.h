/* SPDX-License-Identifier: MIT */
/*
 * sandbox/external_proxy.h - the loopback proxies that the environment names
 *
 * Pure. For --external-proxy: CMD keeps the caller's proxy variables, and the
 * ports that they name are opened to it in place of a door of netleash's own.
 */
#ifndef NETLEASH_SANDBOX_EXTERNAL_PROXY_H
#define NETLEASH_SANDBOX_EXTERNAL_PROXY_H

#include <stddef.h>
#include <stdint.h>

/* One for each variable: HTTP, HTTPS, ALL, WS, WSS _PROXY in both cases. */
#define EXTERNAL_PROXY_MAX	 10
#define EXTERNAL_PROXY_ERROR_MAX 400

/*
 * Ports, ascending, each once, of the variables in @env (NULL-terminated). A
 * variable must say SCHEME://HOST:PORT with HOST localhost, 127.0.0.1 or
 * [::1]; user information before it and a path behind it are passed over; an
 * empty one is unset. Return: 0, or -EINVAL with a sentence that names the
 * variable, or that there is none.
 */
int external_proxy_ports(const char *const *env,
			 uint16_t ret[EXTERNAL_PROXY_MAX], size_t *ret_n,
			 char error[EXTERNAL_PROXY_ERROR_MAX]);

#endif
