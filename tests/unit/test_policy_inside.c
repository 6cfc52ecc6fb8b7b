/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_policy_inside.c - what is inspected, and what passes inside
 */
#include "proxy/policy.h"

#include <stdio.h>

#include "cases.h"
#include "common/macros.h"
#include "policy_conf.h"
#include "proxy/policy_credential.h"

static struct policy *policy_of(const struct conf *cf, bool inspection)
{
	struct policy *p = NULL;

	assert_int_equal(policy_new(cf, NULL, &p), 0);
	policy_set_inspection(p, inspection);
	return p;
}

/* A URL is a request inside, anything else a tunnel. */
static struct request request_of(const char *target, const char *method)
{
	struct request rq = { .method = METHOD_CONNECT };

	assert_int_equal(
		target_parse_any(target, strlen(target), &rq.target, NULL),
		TARGET_OK);
	if (rq.target.scheme != SCHEME_NONE)
		rq.method = method_parse(method, strlen(method));
	return rq;
}

/* @rule: the word that decided, "" for none, NULL: whichever. */
static const struct {
	const char *conf, *target, *method, *reason;
	bool inspect;
	const char *rule, *suggestion;
} cases[] = {
	/* What no line needs to see stays a tunnel. */
	{ "allow a.example", "a.example:443", "", "allowed", false, "a.example",
	  "" },
	{ "allow a.example", "https://a.example/x", "GET", "allowed", false,
	  "a.example", "" },
	{ "allow a.example b.example ; inspect b.example", "a.example:443", "",
	  "allowed", false, NULL, "" },
	{ "allow https://a.example", "a.example:443", "", "allowed", false,
	  NULL, "" },
	{ "allow a.example ; deny http://a.example/x", "a.example:443", "",
	  "allowed", false, NULL, "" },

	/* an inspect line */
	{ "allow a.example ; inspect a.example", "a.example:443", "", "allowed",
	  true, "a.example", "" },
	{ "allow a.example ; inspect a.example", "https://a.example/x", "POST",
	  "allowed", true, NULL, "" },
	{ "allow a.example ; inspect a.example", "a.example:80", "", "allowed",
	  false, NULL, "" },
	{ "allow a.example ; inspect a.example", "http://a.example/", "GET",
	  "allowed", false, NULL, "" },
	{ "allow *.example ; inspect **.a.example", "b.a.example:443", "",
	  "allowed", true, NULL, "" },
	{ "allow a.example:* ; inspect a.example:8443", "a.example:8443", "",
	  "allowed", true, NULL, "" },
	{ "allow a.example:* ; inspect a.example:8443", "a.example:443", "",
	  "allowed", false, NULL, "" },
	{ "allow a.example:* ; inspect a.example:*", "a.example:80", "",
	  "allowed", false, NULL, "" },
	{ "allow * ; inspect 192.0.0.0/8", "192.1.1.1:443", "", "allowed", true,
	  NULL, "" },
	{ "allow * ; inspect 192.1.1.1", "[64:ff9b::192.1.1.1]:443", "",
	  "allowed", true, NULL, "" },
	{ "allow * ; inspect *", "1.1.1.1:443", "", "allowed", true, NULL, "" },
	/* It opens nothing. */
	{ "inspect a.example", "a.example:443", "", "not-allowed", false, "",
	  "allow a.example" },
	{ "allow a.example:22 ; inspect a.example", "a.example:443", "", "port",
	  false, NULL, "allow a.example" },
	{ "allow a.example ; deny a.example ; inspect a.example",
	  "a.example:443", "", "denied", false, NULL, "" },
	{ "allow a.example ; deny CONNECT a.example ; inspect a.example",
	  "a.example:443", "", "denied", false, NULL, "" },
	{ "allow http://a.example:8080 ; inspect a.example:8080",
	  "a.example:8080", "", "not-allowed", false, "",
	  "allow a.example:8080" },
	{ "allow * ; inspect *", "10.0.0.1:443", "", "private-address", false,
	  "", "allow 10.0.0.1" },

	/* rules with method or path */
	{ "allow GET https://a.example/x", "a.example:443", "", "allowed", true,
	  "https://a.example/x", "" },
	{ "allow GET https://a.example/x", "https://a.example/x", "GET",
	  "allowed", true, NULL, "" },
	{ "allow GET https://a.example/x", "https://a.example/x", "POST",
	  "method", false, NULL, NULL },
	{ "allow GET https://a.example/x", "https://a.example/y", "GET", "path",
	  false, NULL, NULL },
	{ "allow GET https://a.example/x", "https://a.example/./x", "GET",
	  "path", false, NULL, NULL },
	{ "allow GET https://a.example/x", "a.example:80", "", "not-allowed",
	  false, "", NULL },
	{ "allow GET a.example", "a.example:443", "", "allowed", true, NULL,
	  "" },
	{ "allow GET a.example", "a.example:80", "", "inspection-required",
	  false, NULL, "allow CONNECT a.example" },
	{ "allow GET a.example:8443", "a.example:8443", "", "allowed", true,
	  NULL, "" },
	{ "allow GET http://a.example:8080/x", "a.example:8080", "",
	  "inspection-required", false, NULL, "allow CONNECT a.example:8080" },
	{ "allow a.example ; allow GET https://a.example/x", "a.example:443",
	  "", "allowed", true, "https://a.example/x", "" },
	{ "allow a.example ; deny POST a.example", "a.example:443", "",
	  "allowed", true, "a.example", "" },
	{ "allow a.example ; deny POST a.example", "https://a.example/", "POST",
	  "denied", false, NULL, "" },
	{ "allow a.example ; deny POST a.example", "https://a.example/", "GET",
	  "allowed", true, NULL, "" },
	{ "allow a.example ; deny POST a.example", "a.example:80", "",
	  "inspection-required", false, "a.example", "" },
	{ "allow a.example ; deny https://a.example/s/**", "a.example:443", "",
	  "allowed", true, "a.example", "" },
	{ "allow a.example ; deny https://a.example/s/**",
	  "https://a.example/s/x", "GET", "denied", false, NULL, "" },
	{ "allow a.example ; deny https://a.example/s/**",
	  "https://a.example/o", "GET", "allowed", true, NULL, "" },
	{ "allow a.example:* ; deny https://a.example/s/**", "a.example:8443",
	  "", "allowed", true, NULL, "" },
	/* Plain http on that port cannot be told from other bytes. */
	{ "allow a.example:8080 ; deny http://a.example:8080/s",
	  "a.example:8080", "", "inspection-required", false, NULL,
	  "inspect a.example:8080" },
	{ "allow a.example:8080 ; deny http://a.example:8080/s ; inspect "
	  "a.example:8080",
	  "a.example:8080", "", "allowed", true, NULL, "" },

	/* CONNECT: tunnels as they are */
	{ "allow CONNECT a.example", "a.example:443", "", "allowed", false,
	  NULL, "" },
	{ "allow CONNECT a.example ; allow GET https://a.example/x",
	  "a.example:443", "", "allowed", false, NULL, "" },
	{ "allow CONNECT GET a.example", "a.example:443", "", "allowed", false,
	  NULL, "" },
	{ "allow CONNECT a.example ; deny POST a.example", "a.example:443", "",
	  "inspection-required", false, NULL, "" },
	{ "allow CONNECT a.example ; allow GET https://a.example/x ; deny POST "
	  "a.example",
	  "a.example:443", "", "allowed", true, "https://a.example/x", "" },
	{ "allow CONNECT a.example ; inspect a.example", "a.example:443", "",
	  "method", false, NULL, NULL },
	{ "allow CONNECT GET a.example ; inspect a.example", "a.example:443",
	  "", "allowed", true, NULL, "" },

	/* mode limited */
	{ "mode limited ; allow a.example", "a.example:443", "", "allowed",
	  true, "a.example", "" },
	{ "mode limited ; allow a.example", "https://a.example/", "GET",
	  "allowed", true, NULL, "" },
	{ "mode limited ; allow a.example", "https://a.example/", "POST",
	  "method", false, "", "" },
	{ "mode limited ; allow a.example", "a.example:80", "",
	  "inspection-required", false, "", "" },
	{ "mode limited ; allow a.example:22", "a.example:22", "",
	  "inspection-required", false, "", "inspect a.example:22" },
	{ "mode limited ; allow a.example:8443", "https://a.example:8443/",
	  "GET", "inspection-required", false, "", "inspect a.example:8443" },
	{ "mode limited ; allow https://a.example:8443", "a.example:8443", "",
	  "allowed", true, NULL, "" },
	{ "mode limited ; allow a.example:8443 ; inspect a.example:8443",
	  "a.example:8443", "", "allowed", true, NULL, "" },
	{ "mode limited ; allow a.example:8443 ; deny https://a.example:8443/x",
	  "a.example:8443", "", "allowed", true, NULL, "" },
	{ "mode limited ; allow GET a.example:8443", "a.example:8443", "",
	  "allowed", true, NULL, "" },
	{ "mode limited ; allow CONNECT a.example", "a.example:443", "",
	  "method", false, NULL, NULL },
	{ "mode limited ; allow POST https://a.example/x", "a.example:443", "",
	  "method", false, NULL, NULL },
	{ "mode limited ; allow b.example", "a.example:443", "", "not-allowed",
	  false, "", "allow a.example" },

	/* credentials */
	{ "credential c { ; from env X ; for https://a.example/x ; header y "
	  "\"{}\" ; } ; allow a.example b.example",
	  "a.example:443", "", "allowed", true, "a.example", "" },
	{ "credential c { ; from env X ; for https://a.example/x ; header y "
	  "\"{}\" ; } ; allow a.example b.example",
	  "b.example:443", "", "allowed", false, NULL, "" },
	{ "credential c { ; from env X ; for https://a.example/x ; header y "
	  "\"{}\" ; } ; allow b.example",
	  "a.example:443", "", "not-allowed", false, "", "allow a.example" },
	{ "credential c { ; from env X ; for https://a.example:8443 ; header y "
	  "\"{}\" ; } ; allow a.example:443,8443",
	  "a.example:443", "", "allowed", false, NULL, "" },
	{ "credential c { ; from env X ; for https://a.example:8443 ; header y "
	  "\"{}\" ; } ; allow a.example:443,8443",
	  "a.example:8443", "", "allowed", true, NULL, "" },

	/* addresses as targets */
	{ "allow GET https://10.0.0.7/x", "10.0.0.7:443", "", "allowed", true,
	  NULL, "" },
	{ "allow GET https://10.0.0.7/x", "https://10.0.0.7/x", "GET",
	  "allowed", true, NULL, "" },
	{ "allow GET https://10.0.0.7/x", "https://10.0.0.7/y", "GET", "path",
	  false, NULL, NULL },
	{ "allow GET http://10.0.0.7:8080/x ; allow https://*:8080",
	  "10.0.0.7:8080", "", "inspection-required", false, NULL, NULL },
	{ "allow * ; deny POST 1.2.0.0/16", "1.2.3.4:443", "", "allowed", true,
	  NULL, "" },
	{ "allow * ; deny POST 1.2.0.0/16", "https://1.2.3.4/", "POST",
	  "denied", false, NULL, "" },
};

static void check_case(size_t i)
{
	const struct request rq = request_of(cases[i].target, cases[i].method);
	struct conf *cf = test_conf(cases[i].conf);
	struct policy *p = policy_of(cf, true);
	struct decision d = policy_check_request(p, &rq);
	struct strbuf line = STRBUF_INIT, word = STRBUF_INIT;

	if (strcmp(reason_name(d.reason), cases[i].reason) != 0 ||
	    d.inspect != cases[i].inspect)
		fail_msg("\"%s\" on %s %s: %s, %d", cases[i].conf,
			 cases[i].method, cases[i].target,
			 reason_name(d.reason), d.inspect);
	if (d.rule)
		policy_word(&d, &word);
	if (cases[i].rule && strcmp(word.s ? word.s : "", cases[i].rule) != 0)
		fail_msg("\"%s\" on %s: decided by %s", cases[i].conf,
			 cases[i].target, word.s ? word.s : "nothing");
	policy_suggest(p, &rq, d, NULL, 0, &line);
	if (cases[i].suggestion &&
	    strcmp(line.s ? line.s : "", cases[i].suggestion) != 0)
		fail_msg("\"%s\" on %s: suggests %s", cases[i].conf,
			 cases[i].target, line.s ? line.s : "nothing");
	strbuf_fini(&line);
	strbuf_fini(&word);
	policy_free(p);
	conf_free(cf);
}

static void a_tunnel_is_inspected_where_only_the_inside_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_case(i);
}

/* The required cases: what is refused without a look inside stays refused,
 * but for that reason; what is allowed stays allowed. */
static void the_required_cases_stay_as_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(policy_cases); i++) {
		const struct policy_case *c = &policy_cases[i];
		struct policy *p, *with;
		struct decision a, b;
		struct request rq;
		struct conf *cf;

		if (c->answer == MALFORMED)
			continue;
		cf = test_conf(c->conf);
		p = policy_of(cf, false);
		with = policy_of(cf, true);
		rq = request_of(c->target, c->method[0] ? c->method : "GET");
		if (rq.target.port == 0)
			rq.target.port = 443;
		a = policy_check_request(p, &rq);
		b = policy_check_request(with, &rq);
		assert_false(a.inspect);
		if (a.reason == REASON_INSPECTION_REQUIRED)
			assert_true(b.reason == a.reason || b.inspect);
		else if (a.reason != b.reason)
			fail_msg("\"%s\" on %s: %s and %s", c->conf, c->target,
				 reason_name(a.reason), reason_name(b.reason));
		policy_free(p);
		policy_free(with);
		conf_free(cf);
	}
}

/* @want: of the tunnel, then of GET /x and GET /y inside it. */
static const struct {
	const char *conf, *host, *address;
	const char *want[3];
} addresses[] = {
	{ "allow a.example ; inspect a.example",
	  "a.example",
	  "1.1.1.1",
	  { "allowed", "allowed", "allowed" } },
	{ "allow a.example ; inspect a.example",
	  "a.example",
	  "10.0.0.7",
	  { "private-address", "private-address", "private-address" } },
	{ "allow a.example ; inspect a.example ; allow GET https://10.0.0.7/x",
	  "a.example",
	  "10.0.0.7",
	  { "allowed", "allowed", "private-address" } },
	{ "allow a.example ; allow GET https://10.0.0.7/x",
	  "a.example",
	  "10.0.0.7",
	  { "private-address", "allowed", "private-address" } },
	{ "allow a.example ; inspect a.example ; allow GET http://10.0.0.7/x",
	  "a.example",
	  "10.0.0.7",
	  { "private-address", "private-address", "private-address" } },
	{ "allow a.example ; inspect a.example ; deny https://1.2.0.0:443/x",
	  "a.example",
	  "1.2.0.0",
	  { "allowed", "denied", "allowed" } },
	{ "allow a.example ; deny https://1.2.0.0:443/x",
	  "a.example",
	  "1.2.0.0",
	  { "denied", "denied", "allowed" } },
	{ "allow a.example ; inspect a.example ; deny 1.2.0.0/16",
	  "a.example",
	  "1.2.3.4",
	  { "denied", "denied", "denied" } },
};

static void each_request_inside_is_judged_with_the_address_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		const char *paths[] = { NULL, "/x", "/y" };
		struct conf *cf = test_conf(addresses[i].conf);
		struct policy *p = policy_of(cf, true);
		struct addr a;

		assert_int_equal(addr_parse(addresses[i].address,
					    strlen(addresses[i].address), &a),
				 ADDR_OK);
		for (size_t k = 0; k < ARRAY_SIZE(paths); k++) {
			struct decision d;
			struct request rq;
			char url[100];

			(void)snprintf(url, sizeof(url), "%s%s%s",
				       k ? "https://" : "", addresses[i].host,
				       k ? paths[k] : ":443");
			rq = request_of(url, "GET");
			d = policy_check_address(p, &rq, &a);
			if (strcmp(reason_name(d.reason),
				   addresses[i].want[k]) != 0)
				fail_msg("\"%s\" %s at %s: %s",
					 addresses[i].conf, url,
					 addresses[i].address,
					 reason_name(d.reason));
		}
		policy_free(p);
		conf_free(cf);
	}
}

static void lines_of_a_profile_and_a_forced_mode_count(void **state)
{
	const struct request rq = request_of("a.example:443", "");
	struct conf *cf = test_conf("allow a.example ; profile p { ; inspect "
				    "a.example ; }");
	struct policy *top, *p;

	(void)state;
	top = policy_of(cf, true);
	assert_int_equal(policy_new(cf, "p", &p), 0);
	policy_set_inspection(p, true);
	assert_true(policy_check_request(p, &rq).inspect);
	assert_true(policy_wants_inspection(p));
	assert_false(policy_check_request(top, &rq).inspect);
	assert_false(policy_wants_inspection(top));
	assert_true(policy_conf_wants_inspection(cf));
	policy_force_mode(top, CONF_MODE_LIMITED);
	assert_true(policy_check_request(top, &rq).inspect);
	assert_true(policy_wants_inspection(top));
	policy_free(top);
	policy_free(p);
	conf_free(cf);
}

static const struct {
	const char *conf;
	bool wants;
} wishes[] = {
	{ "allow a.example https://b.example ; deny c.example", false },
	{ "allow GET http://a.example/x", false },
	{ "allow CONNECT a.example", false },
	{ "allow GET a.example", true },
	{ "allow a.example ; deny https://a.example/x", true },
	{ "inspect a.example", true },
	{ "mode limited ; allow a.example", true },
	{ "credential c { ; from env X ; for https://a.example ; placeholder "
	  "Y ; }",
	  true },
};

static void inspection_is_wanted_only_where_a_line_needs_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		struct conf *cf = test_conf(wishes[i].conf);
		struct policy *p = policy_of(cf, false);

		if (policy_wants_inspection(p) != wishes[i].wants ||
		    policy_conf_wants_inspection(cf) != wishes[i].wants)
			fail_msg("%s", wishes[i].conf);
		policy_free(p);
		conf_free(cf);
	}
}

/* @got: names of those that apply, with '!' where the header is set. */
static void expect_credentials(const struct policy *p, const char *url,
			       const char *want)
{
	struct policy_credential got[CONF_CREDENTIALS_MAX];
	struct strbuf text = STRBUF_INIT;
	const struct request rq = request_of(url, "GET");
	size_t n = policy_credentials(p, &rq.target, got);

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&text, "%s%s%zu ", got[i].credential->name,
			    got[i].header ? "!" : "", got[i].index);
	if (strcmp(text.s ? text.s : "", want) != 0)
		fail_msg("%s: %s", url, text.s ? text.s : "none");
	strbuf_fini(&text);
}

static void a_request_gets_the_credentials_that_are_for_it(void **state)
{
	struct conf *cf = test_conf(
		"allow a.example\n"
		"credential x { from env X; for https://a.example/x; header "
		"Authorization \"{}\" }\n"
		"credential y { from env Y; for https://a.example; header "
		"authorization \"{}\" }\n"
		"credential z { from env Z; for https://a.example "
		"https://b.example:8443; placeholder Z }\n");
	struct policy *p = policy_of(cf, true);

	(void)state;
	expect_credentials(p, "https://a.example/x/1?q", "x!0 y1 z2 ");
	expect_credentials(p, "https://a.example/y", "y!1 z2 ");
	expect_credentials(p, "wss://a.example/y", "y!1 z2 ");
	expect_credentials(p, "http://a.example/x", "");
	expect_credentials(p, "http://a.example:443/x", "");
	expect_credentials(p, "https://a.example:8443/x", "");
	expect_credentials(p, "https://b.example:8443/x", "z2 ");
	expect_credentials(p, "https://a.example/x/../y", "");
	expect_credentials(p, "a.example:443", "");
	policy_free(p);
	conf_free(cf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_tunnel_is_inspected_where_only_the_inside_decides),
		cmocka_unit_test(the_required_cases_stay_as_they_are),
		cmocka_unit_test(
			each_request_inside_is_judged_with_the_address_again),
		cmocka_unit_test(lines_of_a_profile_and_a_forced_mode_count),
		cmocka_unit_test(
			inspection_is_wanted_only_where_a_line_needs_it),
		cmocka_unit_test(
			a_request_gets_the_credentials_that_are_for_it),
	};

	return cmocka_run_group_tests_name("policy_inside", tests, NULL, NULL);
}
