/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_conn_credential.c - where secrets go, and where they must not
 */
#include "proxy/conn_credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"
#include "common/strbuf.h"
#include "common/target.h"
#include "proxy/policy.h"
#include "proxy/ruleset.h"
#include "proxy/scope.h"
#include "tests/unit/policy_conf.h"

#define CONF                                                                   \
	"allow api.example ;"                                                  \
	"credential key {; from env KEY; for https://api.example;"             \
	"header X-Key \"k {}\"; placeholder KEY; }"

#define END "\r\n\r\n"

/* Digits alone: such tokens exist, and they can stand in a length. */
#define SECRET	    "000000000099"
#define PLACEHOLDER "000000000007"

static const struct proxy_secret secrets[] = {
	{ .name = "key", .text = SECRET, .placeholder = PLACEHOLDER },
};

struct world {
	struct conf *conf;
	struct policy *policy;
	struct scope scope;
};

static void set_up(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->conf = test_conf(CONF);
	assert_int_equal(policy_new(w->conf, NULL, &w->policy), 0);
	w->scope.rules = ruleset_new_borrowed(w->conf, w->policy);
	assert_non_null(w->scope.rules);
	w->scope.secrets = secrets;
	w->scope.secrets_n = ARRAY_SIZE(secrets);
}

static void tear_down(struct world *w)
{
	ruleset_unref(w->scope.rules);
	policy_free(w->policy);
	conf_free(w->conf);
}

static void put(const struct world *w, const char *url, struct strbuf *head)
{
	struct target t;

	assert_int_equal(target_parse_url(url, strlen(url), &t, NULL),
			 TARGET_OK);
	conn_credential_put(&w->scope, &t, head);
	assert_false(strbuf_failed(head));
}

static void check_put(const char *url, const char *head, const char *want)
{
	struct strbuf out = STRBUF_INIT;
	struct world w;

	set_up(&w);
	strbuf_adds(&out, head);
	put(&w, url, &out);
	assert_string_equal(out.s, want);
	strbuf_fini(&out);
	tear_down(&w);
}

static void check_hide(const char *head, const char *want)
{
	struct strbuf out = STRBUF_INIT;
	struct world w;

	set_up(&w);
	strbuf_adds(&out, head);
	conn_credential_hide(&w.scope, &out, false);
	assert_string_equal(out.s, want);
	strbuf_fini(&out);
	tear_down(&w);
}

static void a_request_gets_its_credential_and_no_other_host_does(void **state)
{
	(void)state;
	check_put("https://api.example/",
		  "GET / HTTP/1.1\r\nX-Key: mine\r\nCookie: " PLACEHOLDER END,
		  "GET / HTTP/1.1\r\nCookie: " SECRET
		  "\r\nX-Key: k " SECRET END);
	check_put("https://other.example/",
		  "GET / HTTP/1.1\r\nX-Key: mine\r\nCookie: " PLACEHOLDER END,
		  "GET / HTTP/1.1\r\nX-Key: mine\r\nCookie: " PLACEHOLDER END);
	check_put("https://api.example:8443/",
		  "GET / HTTP/1.1\r\nCookie: " PLACEHOLDER END,
		  "GET / HTTP/1.1\r\nCookie: " PLACEHOLDER END);
}

/* A page may show them, or store what they say: it is the placeholder. */
static void no_other_field_and_no_target_gets_it(void **state)
{
	(void)state;
	check_put(
		"https://api.example/?key=" PLACEHOLDER,
		"GET /?key=" PLACEHOLDER " HTTP/1.1\r\nUser-Agent: " PLACEHOLDER
		"\r\nReferer: /" PLACEHOLDER "\r\nX-Shown: " PLACEHOLDER
		"\r\nIdempotency-Key: " PLACEHOLDER END,
		"GET /?key=" PLACEHOLDER " HTTP/1.1\r\nUser-Agent: " PLACEHOLDER
		"\r\nReferer: /" PLACEHOLDER "\r\nX-Shown: " PLACEHOLDER
		"\r\nIdempotency-Key: " PLACEHOLDER "\r\nX-Key: k " SECRET END);
}

/* "me:" and the placeholder, as git and curl -u send it, and the secret. */
static void a_placeholder_inside_of_basic_is_replaced(void **state)
{
	(void)state;
	check_put("https://api.example/",
		  "GET / HTTP/1.1\r\nAuthorization: Basic "
		  "bWU6MDAwMDAwMDAwMDA3" END,
		  "GET / HTTP/1.1\r\nAuthorization: Basic "
		  "bWU6MDAwMDAwMDAwMDk5\r\nX-Key: k " SECRET END);
	check_put("https://other.example/",
		  "GET / HTTP/1.1\r\nAuthorization: Basic "
		  "bWU6MDAwMDAwMDAwMDA3" END,
		  "GET / HTTP/1.1\r\nAuthorization: Basic "
		  "bWU6MDAwMDAwMDAwMDA3" END);
}

/* The rest of the body would be a request to the server, and to no policy. */
static void a_placeholder_is_never_a_length(void **state)
{
	(void)state;
	check_put("https://api.example/",
		  "POST / HTTP/1.1\r\nHost: h" PLACEHOLDER
		  "\r\nContent-Length: " PLACEHOLDER END,
		  "POST / HTTP/1.1\r\nHost: h" PLACEHOLDER
		  "\r\nContent-Length: " PLACEHOLDER
		  "\r\nX-Key: k " SECRET END);
}

static void hiding_a_secret_changes_no_length(void **state)
{
	(void)state;
	check_hide("HTTP/1.1 200 OK\r\ncontent-length: " SECRET
		   "\r\nA: " SECRET END,
		   "HTTP/1.1 200 OK\r\ncontent-length: " SECRET
		   "\r\nA: " PLACEHOLDER END);
}

static void a_trailer_is_cleaned_from_its_first_line_on(void **state)
{
	struct strbuf out = STRBUF_INIT;
	struct world w;

	(void)state;
	set_up(&w);
	strbuf_adds(&out, "A: " SECRET "\r\nB: x" SECRET END);
	conn_credential_hide(&w.scope, &out, true);
	assert_string_equal(out.s,
			    "A: " PLACEHOLDER "\r\nB: x" PLACEHOLDER END);
	strbuf_fini(&out);
	tear_down(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_request_gets_its_credential_and_no_other_host_does),
		cmocka_unit_test(no_other_field_and_no_target_gets_it),
		cmocka_unit_test(a_placeholder_inside_of_basic_is_replaced),
		cmocka_unit_test(a_placeholder_is_never_a_length),
		cmocka_unit_test(hiding_a_secret_changes_no_length),
		cmocka_unit_test(a_trailer_is_cleaned_from_its_first_line_on),
	};

	return cmocka_run_group_tests_name("conn_credential", tests, NULL,
					   NULL);
}
