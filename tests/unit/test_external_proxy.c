/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_external_proxy.c - ports out of proxy variables
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "sandbox/external_proxy.h"

static void ports_come_out_sorted_and_once(void **state)
{
	const char *const env[] = {
		"PATH=/bin",
		"HTTP_PROXY=http://127.0.0.1:3128",
		"https_proxy=http://LocalHost:80/path?x",
		"ALL_PROXY=socks5h://me:p%40ss@[::1]:1080",
		"WS_PROXY=http://127.0.0.1:3128/",
		"wss_proxy=",
		"NO_PROXY=example.org",
		NULL,
	};
	char error[EXTERNAL_PROXY_ERROR_MAX];
	uint16_t ports[EXTERNAL_PROXY_MAX];
	size_t n;

	(void)state;
	assert_int_equal(external_proxy_ports(env, ports, &n, error), 0);
	assert_int_equal(n, 3);
	assert_int_equal(ports[0], 80);
	assert_int_equal(ports[1], 1080);
	assert_int_equal(ports[2], 3128);
}

static void anything_else_is_an_error_that_names_the_variable(void **state)
{
	static const char *const values[] = {
		"127.0.0.1:3128",
		"http://127.0.0.1",
		"http://127.0.0.1:0",
		"http://127.0.0.1:65536",
		"http://127.0.0.1:",
		"http://127.0.0.1:80x",
		"http://127.0.0.1: 80",
		"http://127.0.0.2:80",
		"http://proxy.corp:80",
		"http://localhost.:80",
		"http://::1:80",
		"http://[::1]",
		"http://[::ffff:7f00:1]:1",
		"://127.0.0.1:80",
		"1http://127.0.0.1:80",
		"http://127.0.0.1:80@evil:81",
		"http://127.0.0.1:080",
		" http://127.0.0.1:80",
	};
	char error[EXTERNAL_PROXY_ERROR_MAX], variable[128];
	uint16_t ports[EXTERNAL_PROXY_MAX];
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const char *const env[] = { variable, NULL };

		(void)snprintf(variable, sizeof(variable), "all_proxy=%s",
			       values[i]);
		if (external_proxy_ports(env, ports, &n, error) != -EINVAL)
			fail_msg("%s was accepted", variable);
		assert_non_null(strstr(error, "all_proxy"));
	}
}

static void no_variable_at_all_is_an_error(void **state)
{
	const char *const env[] = { "FTP_PROXY=http://127.0.0.1:1",
				    "HTTP_PROXY=", "Http_Proxy=x", NULL };
	char error[EXTERNAL_PROXY_ERROR_MAX];
	uint16_t ports[EXTERNAL_PROXY_MAX];
	size_t n;

	(void)state;
	assert_int_equal(external_proxy_ports(env, ports, &n, error), -EINVAL);
	assert_non_null(strstr(error, "none of"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_come_out_sorted_and_once),
		cmocka_unit_test(
			anything_else_is_an_error_that_names_the_variable),
		cmocka_unit_test(no_variable_at_all_is_an_error),
	};

	return cmocka_run_group_tests_name("external_proxy", tests, NULL, NULL);
}
