/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_policy.c - every case of the policy, in every order of lines
 *
 * cases.h is what is required; `more` are its neighbours. Each case is judged
 * as written and with its lines reversed; what is refused is judged again with
 * the line that policy_suggest() names.
 */
#include "proxy/policy.h"

#include <errno.h>
#include <stdio.h>

#include "cases.h"
#include "common/macros.h"
#include "policy_conf.h"

#define ADDRS_MAX 8

/* What is asked, from a case. */
struct ask {
	struct request rq;
	struct addr addrs[ADDRS_MAX];
	size_t addrs_n;
};

static const struct policy_case more[] = {
	/* deny wins, with ports, methods, schemes */
	{ "allow a.example:8080 ; deny a.example", "a.example:8080", "", "",
	  REFUSED, "denied" },
	{ "allow a.example ; deny a.example:22", "a.example:443", "", "",
	  ALLOWED, "" },
	{ "allow * ; deny *:80", "http://a.example/", "", "", REFUSED,
	  "denied" },
	{ "allow * ; deny *:80", "a.example:443", "", "", ALLOWED, "" },
	{ "allow a.example ; deny POST a.example", "http://a.example/", "POST",
	  "", REFUSED, "denied" },
	{ "allow a.example ; deny POST a.example", "http://a.example/", "post",
	  "", REFUSED, "denied" },
	{ "allow a.example ; deny POST a.example", "http://a.example/", "pOST",
	  "", REFUSED, "denied" },
	{ "allow a.example ; deny POST a.example", "http://a.example/", "posts",
	  "", ALLOWED, "" },
	{ "allow a.example ; deny POST a.example", "http://a.example/", "get",
	  "", ALLOWED, "" },
	{ "allow GET a.example", "http://a.example/", "get", "", REFUSED,
	  "method" },
	{ "mode limited ; allow a.example", "http://a.example/", "get", "",
	  REFUSED, "method" },
	{ "allow a.example ; deny POST a.example", "http://a.example/", "GET",
	  "", ALLOWED, "" },
	{ "allow a.example ; deny POST a.example", "a.example:443", "", "",
	  REFUSED, "inspection-required" },
	{ "allow a.example ; deny CONNECT a.example", "a.example:443", "", "",
	  REFUSED, "denied" },
	{ "allow a.example ; deny CONNECT a.example", "http://a.example/", "",
	  "", ALLOWED, "" },
	{ "allow a.example ; deny https://a.example/secret/**",
	  "https://a.example/secret/x", "", "", REFUSED, "denied" },
	{ "allow a.example ; deny https://a.example/secret/**",
	  "https://a.example/s%65cret/x", "", "", REFUSED, "denied" },
	{ "allow a.example ; deny https://a.example/secret/**",
	  "https://a.example/a/../secret/x", "", "", REFUSED, "path" },
	{ "allow a.example ; deny https://a.example/secret/**",
	  "https://a.example//secret/x", "", "", REFUSED, "path" },
	{ "allow a.example ; deny https://a.example/secret/**",
	  "https://a.example/a%2fb", "", "", REFUSED, "path" },
	{ "allow a.example ; deny https://a.example/secret/**",
	  "https://a.example/open", "", "", ALLOWED, "" },
	{ "allow a.example ; deny https://a.example/secret/**",
	  "http://a.example/secret/x", "", "", ALLOWED, "" },
	{ "allow a.example ; deny https://a.example/secret/**", "a.example:443",
	  "", "", REFUSED, "inspection-required" },
	{ "allow a.example ; deny https://a.example/secret/**", "a.example:80",
	  "", "", ALLOWED, "" },
	{ "allow a.example:* ; deny https://a.example/secret/**",
	  "a.example:8443", "", "", REFUSED, "inspection-required" },
	{ "allow a.example ; deny http://a.example", "http://a.example/", "",
	  "", REFUSED, "denied" },
	{ "allow a.example ; deny http://a.example", "https://a.example/", "",
	  "", ALLOWED, "" },
	{ "allow a.example ; deny http://a.example", "a.example:443", "", "",
	  ALLOWED, "" },
	{ "allow a.example ; deny http://a.example", "ws://a.example/", "", "",
	  REFUSED, "denied" },
	{ "allow CONNECT a.example ; deny POST a.example", "a.example:443", "",
	  "", REFUSED, "inspection-required" },
	{ "deny a.example", "a.example:443", "", "", REFUSED, "denied" },

	/* schemes of allow */
	{ "allow https://a.example", "a.example:443", "", "", ALLOWED, "" },
	{ "allow https://a.example", "https://a.example/x", "", "", ALLOWED,
	  "" },
	{ "allow https://a.example", "wss://a.example/x", "", "", ALLOWED, "" },
	{ "allow https://a.example", "http://a.example/", "", "", REFUSED,
	  "not-allowed" },
	{ "allow https://a.example", "a.example:80", "", "", REFUSED,
	  "not-allowed" },
	{ "allow https://a.example", "a.example:8443", "", "", REFUSED,
	  "port" },
	{ "allow https://a.example:8443", "a.example:8443", "", "", ALLOWED,
	  "" },
	{ "allow https://a.example:8443", "a.example:443", "", "", REFUSED,
	  "port" },
	{ "allow http://a.example", "http://a.example/", "", "", ALLOWED, "" },
	{ "allow http://a.example", "a.example:443", "", "", REFUSED,
	  "not-allowed" },
	{ "allow http://a.example/x", "http://a.example/x?q=/y", "", "",
	  ALLOWED, "" },
	{ "allow http://a.example/", "http://a.example", "", "", ALLOWED, "" },

	/* narrow rules decide over plain ones */
	{ "allow a.example ; allow GET https://a.example/x",
	  "https://a.example/y", "", "", REFUSED, "path" },
	{ "allow a.example ; allow GET https://a.example/x",
	  "https://a.example/x", "POST", "", REFUSED, "method" },
	{ "allow a.example ; allow GET https://a.example/x",
	  "https://a.example/x", "", "", ALLOWED, "" },
	{ "allow a.example ; allow GET https://a.example/x",
	  "http://a.example/y", "POST", "", ALLOWED, "" },
	{ "allow a.example ; allow GET https://a.example/x", "a.example:443",
	  "", "", REFUSED, "inspection-required" },
	{ "allow a.example ; allow GET https://a.example/x", "a.example:80", "",
	  "", ALLOWED, "" },
	{ "allow a.example:* ; allow GET https://a.example/x", "a.example:8443",
	  "", "", ALLOWED, "" },
	{ "allow * ; allow GET a.example", "http://a.example/", "POST", "",
	  REFUSED, "method" },
	{ "allow * ; allow GET a.example", "http://b.example/", "POST", "",
	  ALLOWED, "" },
	{ "allow GET *", "http://b.example/", "POST", "", REFUSED, "method" },
	{ "allow GET *", "b.example:443", "", "", REFUSED,
	  "inspection-required" },
	{ "allow GET a.example", "http://a.example/x", "OTHER", "", REFUSED,
	  "method" },
	{ "allow http://a.example/x", "http://a.example/x", "OTHER", "",
	  ALLOWED, "" },
	{ "allow GET http://a.example/a ; allow POST http://a.example/b",
	  "http://a.example/b", "GET", "", REFUSED, "path" },
	{ "allow https://a.example/x", "a.example:8443", "", "", REFUSED,
	  "port" },
	{ "allow GET http://a.example/**", "http://a.example/a/./b", "", "",
	  REFUSED, "path" },
	{ "allow GET http://a.example/**", "http://a.example/a%2eb", "", "",
	  REFUSED, "path" },
	{ "allow http://a.example", "http://a.example/a%2fb", "", "", ALLOWED,
	  "" },

	/* tunnels by name */
	{ "allow CONNECT a.example", "a.example:443", "", "", ALLOWED, "" },
	{ "allow CONNECT a.example", "http://a.example/", "", "", REFUSED,
	  "method" },
	{ "allow CONNECT a.example ; allow GET https://a.example/x",
	  "a.example:443", "", "", ALLOWED, "" },
	{ "allow GET a.example", "a.example:443", "", "", REFUSED,
	  "inspection-required" },
	{ "allow https://a.example/x", "a.example:443", "", "", REFUSED,
	  "inspection-required" },

	/* limited */
	{ "mode limited ; allow a.example", "a.example:443", "", "", REFUSED,
	  "inspection-required" },
	{ "mode limited ; allow CONNECT a.example", "a.example:443", "", "",
	  REFUSED, "inspection-required" },
	{ "mode limited ; allow a.example", "b.example:443", "", "", REFUSED,
	  "not-allowed" },
	{ "mode limited ; allow a.example", "a.example:22", "", "", REFUSED,
	  "port" },
	{ "mode limited ; allow a.example ; deny a.example", "a.example:443",
	  "", "", REFUSED, "denied" },
	{ "mode limited ; allow a.example", "http://a.example/", "OPTIONS", "",
	  ALLOWED, "" },
	{ "mode limited ; allow a.example", "https://a.example/", "POST", "",
	  REFUSED, "method" },
	{ "mode limited ; allow GET https://a.example/x", "https://a.example/x",
	  "GET", "", ALLOWED, "" },
	{ "mode limited ; allow POST http://a.example/x", "http://a.example/x",
	  "POST", "", REFUSED, "method" },
	{ "mode full ; allow a.example", "a.example:443", "", "", ALLOWED, "" },

	/* literals */
	{ "allow *.0.0.7.example", "10.0.0.7:443", "", "", REFUSED,
	  "not-allowed" },
	{ "allow **.example", "1.1.1.1:443", "", "", REFUSED, "not-allowed" },
	{ "allow *", "1.1.1.1:443", "", "", ALLOWED, "" },
	{ "allow *", "1.1.1.1:22", "", "", REFUSED, "port" },
	{ "allow 1.1.1.0/24", "1.1.1.1:443", "", "", ALLOWED, "" },
	{ "allow 10.0.0.0/8", "10.1.1.1:443", "", "", ALLOWED, "" },
	{ "allow 0.0.0.0/0", "10.1.1.1:443", "", "", REFUSED,
	  "private-address" },
	{ "allow 0.0.0.0/0", "1.1.1.1:443", "", "", ALLOWED, "" },
	{ "allow 0.0.0.0/0 ; private 10.0.0.0/8", "10.1.1.1:443", "", "",
	  REFUSED, "private-address" },
	{ "allow * ; private 10.0.0.0/8", "10.1.1.1:443", "", "", ALLOWED, "" },
	{ "allow * ; private 10.0.0.0/8", "10.1.1.1:22", "", "", REFUSED,
	  "port" },
	{ "allow GET * ; private 10.0.0.0/8", "http://10.1.1.1/", "", "",
	  ALLOWED, "" },
	{ "private 10.0.0.0/8", "10.1.1.1:443", "", "", REFUSED,
	  "not-allowed" },
	{ "allow * 10.0.0.7:5432", "10.0.0.7:443", "", "", REFUSED,
	  "private-address" },
	{ "allow * 10.0.0.7:5432", "10.0.0.7:5432", "", "", ALLOWED, "" },
	{ "allow 169.254.0.0/16", "169.254.1.1:443", "", "", REFUSED,
	  "private-address" },
	{ "allow 169.254.1.1", "169.254.1.1:443", "", "", ALLOWED, "" },
	{ "allow [fd00:ec2::254]:80", "[fd00:ec2::254]:80", "", "", ALLOWED,
	  "" },
	{ "allow fd00::/8", "[fd00:ec2::254]:80", "", "", REFUSED,
	  "private-address" },
	{ "allow fd00::/8", "[fd00::1]:80", "", "", ALLOWED, "" },
	{ "allow * ; deny 10.0.0.0/8 ; private 10.0.0.0/8", "10.1.1.1:443", "",
	  "", REFUSED, "denied" },
	{ "allow * ; deny 104.16.0.0/13", "[64:ff9b::104.20.1.1]:443", "", "",
	  REFUSED, "denied" },
	{ "allow * ; deny 104.16.0.0/13", "[2002:6814:101::1]:443", "", "",
	  REFUSED, "denied" },
	{ "allow 1.1.1.1", "[64:ff9b::1.1.1.1]:443", "", "", REFUSED,
	  "not-allowed" },
	{ "allow 64:ff9b::/96", "[64:ff9b::1.1.1.1]:443", "", "", ALLOWED, "" },
	{ "allow 64:ff9b::/96", "[64:ff9b::10.0.0.1]:443", "", "", REFUSED,
	  "private-address" },
	{ "allow * 10.0.0.1", "[64:ff9b::10.0.0.1]:443", "", "", ALLOWED, "" },
	{ "allow GET http://10.0.0.7/x", "http://10.0.0.7/x", "", "", ALLOWED,
	  "" },
	{ "allow GET http://10.0.0.7/x", "http://10.0.0.7/y", "", "", REFUSED,
	  "path" },

	/* a literal whose address is asked about once more */
	{ "allow 10.0.0.7", "10.0.0.7:443", "", "10.0.0.7", ALLOWED, "" },

	/* what names resolve to */
	{ "allow a.example ; allow 10.0.0.7", "a.example:443", "", "10.0.0.7",
	  ALLOWED, "" },
	{ "allow a.example ; allow 10.0.0.7:5432", "a.example:443", "",
	  "10.0.0.7", REFUSED, "private-address" },
	{ "allow a.example ; allow 10.0.0.0/8", "a.example:443", "", "10.9.9.9",
	  ALLOWED, "" },
	{ "allow a.example ; allow 0.0.0.0/0", "a.example:443", "", "10.9.9.9",
	  REFUSED, "private-address" },
	{ "allow a.example ; allow GET http://10.0.0.7/x", "http://a.example/x",
	  "", "10.0.0.7", ALLOWED, "" },
	{ "allow a.example ; allow GET http://10.0.0.7/x",
	  "http://a.example/admin", "", "10.0.0.7", REFUSED,
	  "private-address" },
	{ "allow a.example ; allow GET http://10.0.0.7/x", "http://a.example/x",
	  "POST", "10.0.0.7", REFUSED, "private-address" },
	{ "allow a.example ; allow http://10.0.0.7", "http://a.example/x", "",
	  "10.0.0.7", ALLOWED, "" },
	{ "allow a.example ; allow https://10.0.0.7:80", "http://a.example/x",
	  "", "10.0.0.7", REFUSED, "private-address" },
	{ "allow a.example ; private 10.0.0.0/8", "a.example:443", "",
	  "64:ff9b::10.0.0.1", ALLOWED, "" },
	{ "allow a.example ; private 64:ff9b::10.0.0.1", "a.example:443", "",
	  "64:ff9b::10.0.0.1", ALLOWED, "" },
	{ "allow a.example ; private 10.0.0.0/8", "a.example:443", "",
	  "64:ff9b:1::10.0.0.1", REFUSED, "private-address" },
	{ "allow a.example ; private 64:ff9b:1::/48", "a.example:443", "",
	  "64:ff9b:1::10.0.0.1", ALLOWED, "" },
	{ "allow a.example ; allow 169.254.169.254", "a.example:443", "",
	  "169.254.169.254", ALLOWED, "" },
	{ "allow a.example ; allow 169.254.169.254", "a.example:443", "",
	  "64:ff9b::169.254.169.254", ALLOWED, "" },
	{ "allow a.example ; private fc00::/6", "a.example:443", "", "fe80::1",
	  REFUSED, "private-address" },
	{ "allow a.example ; private fc00::/6", "a.example:443", "", "fc00::1",
	  ALLOWED, "" },
	/* Teredo: server 10.0.0.1, client 10.0.0.2 (inverted) */
	{ "allow a.example ; private 10.0.0.1", "a.example:443", "",
	  "2001:0:a00:1::f5ff:fffd", REFUSED, "private-address" },
	{ "allow a.example ; private 10.0.0.2", "a.example:443", "",
	  "2001:0:a00:1::f5ff:fffd", REFUSED, "private-address" },
	{ "allow a.example ; private 10.0.0.0/30", "a.example:443", "",
	  "2001:0:a00:1::f5ff:fffd", ALLOWED, "" },
	/* Teredo: server 1.1.1.1, client 10.0.0.2 */
	{ "allow a.example ; private 10.0.0.2", "a.example:443", "",
	  "2001:0:101:101::f5ff:fffd", ALLOWED, "" },
	{ "allow a.example ; private 10.0.0.1", "a.example:443", "",
	  "2001:0:101:101::f5ff:fffd", REFUSED, "private-address" },
	{ "allow a.example ; deny 10.0.0.2 ; private 10.0.0.0/30",
	  "a.example:443", "", "2001:0:a00:1::f5ff:fffd", REFUSED, "denied" },
	{ "allow a.example ; deny 1.2.0.0/16", "a.example:443", "", "1.2.3.4",
	  REFUSED, "denied" },
	{ "allow a.example ; deny 1.2.0.0/16", "a.example:443", "",
	  "1.2.3.4, 1.1.1.1", ALLOWED, "" },
	{ "allow a.example ; deny 1.2.0.0/16", "a.example:443", "",
	  "1.2.3.4, 10.0.0.1", REFUSED, "private-address" },
	{ "allow a.example ; deny 1.2.0.0/16:80", "a.example:443", "",
	  "1.2.3.4", ALLOWED, "" },
	{ "allow a.example ; deny 1.2.0.0/16", "a.example:443", "",
	  "64:ff9b::1.2.3.4", REFUSED, "denied" },
	{ "allow a.example ; deny POST 1.2.0.0/16", "http://a.example/", "GET",
	  "1.2.3.4", ALLOWED, "" },
	{ "allow a.example ; deny POST 1.2.0.0/16", "a.example:443", "",
	  "1.2.3.4", REFUSED, "denied" },
	{ "allow a.example ; deny 10.0.0.0/8 ; private 10.0.0.0/8",
	  "a.example:443", "", "10.0.0.1", REFUSED, "denied" },
};

static void set_method(struct request *rq, const struct policy_case *c)
{
	const char *method = c->method;

	if (method[0] == '\0')
		method = rq->target.scheme == SCHEME_NONE ? "CONNECT" : "GET";
	policy_set_method(rq, method, strlen(method));
}

/* Return: false for a malformed target. */
static bool ask_init(struct ask *a, const struct policy_case *c)
{
	char detail[TARGET_DETAIL_MAX];
	const char *s = c->addresses;

	memset(a, 0, sizeof(*a));
	if (target_parse_any(c->target, strlen(c->target), &a->rq.target,
			     detail) != TARGET_OK)
		return false;
	if (a->rq.target.port == 0)
		a->rq.target.port = 443;
	set_method(&a->rq, c);
	while (*s) {
		size_t n = strcspn(s, ", ");

		assert_int_equal(addr_parse(s, n, &a->addrs[a->addrs_n++]),
				 ADDR_OK);
		s += n;
		s += strspn(s, ", ");
	}
	return true;
}

/* As the data path asks: the request, then each address of the answer. */
static struct decision judge(const struct policy *p, const struct ask *a)
{
	struct decision d = policy_check_request(p, &a->rq);
	struct decision worst = { .reason = REASON_ALLOWED };

	if (d.reason != REASON_ALLOWED || a->addrs_n == 0)
		return d;
	for (size_t i = 0; i < a->addrs_n; i++) {
		d = policy_check_address(p, &a->rq, &a->addrs[i]);
		if (d.reason == REASON_ALLOWED)
			return d;
		worst.reason = policy_worst(worst.reason, d.reason);
		worst.rule = d.rule;
	}
	return worst;
}

/* "a ; b ; c" to "c;b;a". */
static void reverse(const char *conf, char *ret)
{
	const char *end = conf + strlen(conf);

	while (end > conf) {
		const char *start = end;

		while (start > conf && start[-1] != ';')
			start--;
		memcpy(ret, start, (size_t)(end - start));
		ret += end - start;
		*ret++ = ';';
		end = start > conf ? start - 1 : start;
	}
	*ret = '\0';
}

static void check_reason(const struct policy_case *c, const char *conf,
			 struct decision d)
{
	const char *want = c->answer == ALLOWED ? "allowed" : c->reason;

	if (strcmp(reason_name(d.reason), want) != 0)
		fail_msg("\"%s\" on %s %s (%s): %s, want %s", conf, c->method,
			 c->target, c->addresses, reason_name(d.reason), want);
	if (d.reason == REASON_NOT_ALLOWED ||
	    d.reason == REASON_PRIVATE_ADDRESS)
		assert_null(d.rule);
	if (d.reason == REASON_DENIED)
		assert_int_equal(d.rule->effect, RULE_DENY);
}

/* What policy_suggest() says must be true, and must be one line. */
static void check_suggestion(const struct policy_case *c, const char *conf,
			     const struct policy *p, const struct ask *a,
			     struct decision d)
{
	struct strbuf line = STRBUF_INIT;
	char longer[1024];
	struct conf *cf;
	struct policy *with;

	policy_suggest(p, &a->rq, d, a->addrs, a->addrs_n, &line);
	if (line.len == 0) {
		/* Only where a deny, the mode, or an odd path is in the way. */
		if (!strstr(conf, "deny") && !strstr(conf, "limited") &&
		    d.reason != REASON_PATH)
			fail_msg("\"%s\" on %s: no suggestion", conf,
				 c->target);
		return;
	}
	assert_int_not_equal(d.reason, REASON_ALLOWED);
	assert_int_not_equal(d.reason, REASON_DENIED);
	(void)snprintf(longer, sizeof(longer), "%s ; %s", conf, line.s);
	cf = test_conf(longer);
	assert_int_equal(policy_new(cf, NULL, &with), 0);
	if (judge(with, a).reason != REASON_ALLOWED)
		fail_msg("\"%s\" does not allow %s", longer, c->target);
	policy_free(with);
	conf_free(cf);
	strbuf_fini(&line);
}

static void check_case(const struct policy_case *c, const char *conf)
{
	struct conf *cf;
	struct policy *p;
	struct decision d;
	struct ask a;

	if (!ask_init(&a, c)) {
		if (c->answer != MALFORMED)
			fail_msg("%s is malformed", c->target);
		return;
	}
	if (c->answer == MALFORMED)
		fail_msg("%s is not malformed", c->target);
	cf = test_conf(conf);
	assert_int_equal(policy_new(cf, NULL, &p), 0);
	d = judge(p, &a);
	check_reason(c, conf, d);
	if (d.reason != REASON_ALLOWED)
		check_suggestion(c, conf, p, &a, d);
	policy_free(p);
	conf_free(cf);
}

static void check_both_ways(const struct policy_case *c)
{
	char reversed[512];

	assert_true(strlen(c->conf) < sizeof(reversed) - 1);
	reverse(c->conf, reversed);
	check_case(c, c->conf);
	check_case(c, reversed);
}

static void the_required_cases_hold_in_any_order_of_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(policy_cases); i++)
		check_both_ways(&policy_cases[i]);
}

static void their_neighbours_hold_in_any_order_of_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		check_both_ways(&more[i]);
}

static const struct {
	const char *conf, *target, *method, *addresses, *want;
} suggestions[] = {
	{ "", "a.example:443", "", "", "allow a.example" },
	{ "", "a.example:80", "", "", "allow a.example" },
	{ "", "a.example:22", "", "", "allow a.example:22" },
	{ "allow a.example", "a.example:8080", "", "", "allow a.example:8080" },
	{ "", "[2001:500::1]:443", "", "", "allow 2001:500::1" },
	{ "", "[2001:500::1]:22", "", "", "allow [2001:500::1]:22" },
	{ "", "10.0.0.7:8080", "", "", "allow 10.0.0.7:8080" },
	{ "allow *", "10.0.0.7:443", "", "", "allow 10.0.0.7" },
	{ "allow *", "http://169.254.169.254/x", "", "",
	  "allow 169.254.169.254" },
	{ "allow a.example", "a.example:443", "", "10.0.0.7",
	  "private 10.0.0.7" },
	{ "allow a.example", "a.example:443", "", "fdab::1",
	  "private fdab::1" },
	{ "allow a.example:22", "a.example:22", "", "169.254.1.1",
	  "allow 169.254.1.1:22" },
	{ "allow a.example", "a.example:443", "", "169.254.1.1, 10.0.0.7",
	  "private 10.0.0.7" },
	{ "allow a.example ; deny 10.0.0.7", "a.example:443", "",
	  "10.0.0.7, 10.0.0.8", "private 10.0.0.8" },
	{ "allow a.example", "a.example:443", "", "", "" },
	{ "allow * ; deny a.example", "a.example:443", "", "", "" },
	{ "deny a.example:22", "a.example:22", "", "", "" },
	{ "allow GET http://a.example/x", "http://a.example/x", "PUT", "",
	  "allow PUT http://a.example/x" },
	{ "allow GET https://a.example:8443/x", "https://a.example:8443/y?q=1",
	  "GET", "", "allow GET https://a.example:8443/y" },
	{ "allow GET http://[fd00::1]/x", "http://[fd00::1]/y", "GET", "",
	  "allow GET http://[fd00::1]/y" },
	{ "allow GET http://a.example/x", "http://a.example", "GET", "",
	  "allow GET http://a.example/" },
	{ "allow GET http://a.example/x", "http://a.example/y", "OTHER", "",
	  "allow http://a.example/y" },
	/* A path of a client is never handed back as a glob or a new word. */
	{ "allow GET http://a.example/x", "http://a.example/**", "GET", "",
	  "" },
	{ "allow GET http://a.example/x", "http://a.example/a;b", "GET", "",
	  "" },
	{ "allow GET http://a.example/x", "http://a.example/a\"b", "GET", "",
	  "" },
	{ "allow GET http://a.example/x", "http://a.example/../x", "GET", "",
	  "" },
	{ "allow GET a.example", "a.example:443", "", "",
	  "allow CONNECT a.example" },
	{ "mode limited ; allow a.example", "a.example:443", "", "", "" },
	{ "mode limited ; allow a.example", "https://a.example/x", "GET", "",
	  "allow GET https://a.example/x" },
	{ "mode limited ; allow a.example", "http://a.example/", "PUT", "",
	  "" },
};

static void suggestions_are_the_line_to_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(suggestions); i++) {
		const struct policy_case c = { suggestions[i].conf,
					       suggestions[i].target,
					       suggestions[i].method,
					       suggestions[i].addresses,
					       REFUSED,
					       "" };
		struct strbuf line = STRBUF_INIT;
		struct conf *cf;
		struct policy *p;
		struct decision d;
		struct ask a;

		if (!ask_init(&a, &c))
			fail_msg("%s is malformed", c.target);
		cf = test_conf(c.conf);
		assert_int_equal(policy_new(cf, NULL, &p), 0);
		d = judge(p, &a);
		policy_suggest(p, &a.rq, d, a.addrs, a.addrs_n, &line);
		if (strcmp(line.s ? line.s : "", suggestions[i].want) != 0)
			fail_msg("\"%s\" on %s: \"%s\", want \"%s\"", c.conf,
				 c.target, line.s ? line.s : "",
				 suggestions[i].want);
		strbuf_fini(&line);
		policy_free(p);
		conf_free(cf);
	}
}

/* A tunnel whose server name was refused: @rq is about that name. */
static void a_refused_server_name_gets_its_allow_line(void **state)
{
	const struct policy_case c = {
		"allow a.example", "b.example:443", "", "", REFUSED, ""
	};
	const struct decision sni = { .reason = REASON_SNI };
	struct strbuf line = STRBUF_INIT;
	struct conf *cf;
	struct policy *p;
	struct ask a;

	(void)state;
	assert_true(ask_init(&a, &c));
	cf = test_conf(c.conf);
	assert_int_equal(policy_new(cf, NULL, &p), 0);
	policy_suggest(p, &a.rq, sni, NULL, 0, &line);
	assert_string_equal(line.s, "allow b.example");
	strbuf_fini(&line);
	policy_free(p);
	conf_free(cf);
}

static void the_deciding_rule_is_named_with_its_place(void **state)
{
	const struct policy_case c = {
		"", "a.example:443", "", "", ALLOWED, ""
	};
	struct conf *cf = test_conf("allow * ; allow **.example ; allow "
				    "a.example");
	struct strbuf place = STRBUF_INIT;
	char error[RULE_ERROR_MAX];
	struct policy *p;
	struct decision d;
	struct ask a;

	(void)state;
	assert_true(ask_init(&a, &c));
	assert_int_equal(policy_new(cf, NULL, &p), 0);
	d = policy_check_request(p, &a.rq);
	assert_string_equal(d.rule->text, "a.example");
	policy_rule_place(p, d.rule, &place);
	assert_string_equal(place.s, "test.conf:3");
	policy_free(p);

	assert_int_equal(conf_add_argument(cf, RULE_DENY, "a.example", error),
			 0);
	assert_int_equal(policy_new(cf, NULL, &p), 0);
	d = policy_check_request(p, &a.rq);
	assert_int_equal(d.reason, REASON_DENIED);
	strbuf_reset(&place);
	policy_rule_place(p, d.rule, &place);
	assert_string_equal(place.s, "argument");
	strbuf_fini(&place);
	policy_free(p);
	conf_free(cf);
}

static void a_profile_adds_to_the_top_level(void **state)
{
	static const struct {
		const char *conf, *profile;
		enum reason want;
	} rows[] = {
		{ "deny c.example", NULL, REASON_NOT_ALLOWED },
		{ "deny c.example", "build", REASON_ALLOWED },
		{ "mode limited", "build", REASON_ALLOWED },
		{ "mode limited", "same", REASON_INSPECTION_REQUIRED },
		{ "allow *", "tight", REASON_DENIED },
	};
	static const char profiles[] = "; profile build { ; allow b.example ; "
				       "mode full ; } ; profile same { ; allow "
				       "b.example ; } ; profile tight { ; deny "
				       "b.example ; }";
	const struct policy_case c = {
		"", "b.example:443", "", "", ALLOWED, ""
	};
	struct ask a;

	(void)state;
	assert_true(ask_init(&a, &c));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[256];
		struct policy *p;
		struct conf *cf;

		(void)snprintf(text, sizeof(text), "%s%s", rows[i].conf,
			       profiles);
		cf = test_conf(text);
		assert_int_equal(policy_new(cf, "other", &p), -ENOENT);
		assert_int_equal(policy_new(cf, rows[i].profile, &p), 0);
		assert_int_equal(policy_check_request(p, &a.rq).reason,
				 rows[i].want);
		assert_int_equal(policy_has_allow(p), i != 0);
		policy_free(p);
		conf_free(cf);
	}
}

static void the_worst_reason_is_denied_only_if_all_are(void **state)
{
	const enum reason denied = REASON_DENIED, none = REASON_ALLOWED;
	const enum reason closed = REASON_PRIVATE_ADDRESS;

	(void)state;
	assert_int_equal(policy_worst(none, denied), denied);
	assert_int_equal(policy_worst(denied, none), denied);
	assert_int_equal(policy_worst(denied, denied), denied);
	assert_int_equal(policy_worst(denied, closed), closed);
	assert_int_equal(policy_worst(closed, denied), closed);
	assert_int_equal(policy_worst(closed, closed), closed);
}

static const struct {
	const char *conf;
	const char *warnings; /* the words warned about, in order */
	const char *says;
} lints[] = {
	{ "allow a.example b.example ; deny c.example", "", "" },
	{ "allow a.example ; allow A.Example", "A.Example ", "adds nothing" },
	{ "allow a.example ; allow *.example", "a.example ", "adds nothing" },
	{ "allow *.example ; allow a.example", "a.example ", "adds nothing" },
	{ "allow example ; allow *.example", "", "" },
	{ "allow *.example ; allow **.example", "*.example ", "adds nothing" },
	{ "allow **.a.example ; allow *.example", "**.a.example ", "adds" },
	{ "allow db?.example ; allow *.example", "db?.example ", "adds" },
	{ "allow db?.example ; allow db?.example", "db?.example ", "adds" },
	{ "allow db1.example ; allow db?.example", "db1.example ", "adds" },
	{ "allow db?.example ; allow d*.example", "", "" },
	{ "allow a.example ; allow *", "a.example ", "adds nothing" },
	{ "allow a.example:22 ; allow *", "", "" },
	{ "allow a.example:80 ; allow a.example", "a.example:80 ", "adds" },
	{ "allow a.example:22-23,80 ; allow a.example:1-100",
	  "a.example:22-23,80 ", "adds" },
	{ "deny a.example:22 ; deny a.example", "a.example:22 ", "adds" },
	{ "deny POST a.example ; deny a.example", "a.example ", "adds" },
	{ "deny http://a.example ; deny a.example", "http://a.example ",
	  "adds" },
	{ "allow a.example ; deny **.example", "a.example ",
	  "can never allow" },
	{ "allow **.example ; deny a.example", "", "" },
	{ "allow a.example ; deny a.example:22", "", "" },
	{ "deny a.example ; allow **.example", "", "" },
	{ "allow a.example ; allow GET https://a.example/x",
	  "a.example https://a.example/x ", "narrower" },
	{ "allow * ; allow GET https://a.example/x", "https://a.example/x ",
	  "narrower" },
	{ "allow a.example:22 ; allow GET https://a.example/x", "", "" },
	{ "allow http://a.example ; allow GET https://a.example/x", "", "" },
	{ "allow GET a.example ; allow GET HEAD a.example", "a.example ",
	  "adds" },
	{ "allow 10.0.0.7 ; allow 10.0.0.0/8", "10.0.0.7 ", "adds" },
	{ "allow 10.0.0.7 ; allow 0.0.0.0/0", "", "" },
	{ "allow 10.0.0.7 ; allow *", "", "" },
	{ "allow 169.254.1.1 ; allow 169.254.0.0/16", "", "" },
	{ "deny 1.1.1.1 ; deny 1.1.0.0/16", "1.1.1.1 ", "adds" },
	{ "deny 1.1.0.0/16 ; deny 1.1.0.0/24", "1.1.0.0/24 ", "adds" },
	{ "allow 1.1.1.1 ; deny 1.1.0.0/16", "1.1.1.1 ", "can never allow" },
};

struct warned {
	struct strbuf words;
	struct strbuf texts;
};

static void on_warning(void *arg, const struct rule *r, const char *text)
{
	struct warned *w = arg;

	strbuf_addf(&w->words, "%s ", r->text);
	strbuf_addf(&w->texts, "%s\n", text);
}

static void lint_tells_what_adds_nothing_and_what_is_overridden(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lints); i++) {
		struct warned w = { STRBUF_INIT, STRBUF_INIT };
		struct conf *cf;
		struct policy *p;

		cf = test_conf(lints[i].conf);
		assert_int_equal(policy_new(cf, NULL, &p), 0);
		policy_lint(p, on_warning, &w);
		if (strcmp(w.words.s ? w.words.s : "", lints[i].warnings) != 0)
			fail_msg("\"%s\": %s", lints[i].conf,
				 w.texts.s ? w.texts.s : "nothing");
		if (w.texts.s && !strstr(w.texts.s, lints[i].says))
			fail_msg("%s", w.texts.s);
		strbuf_fini(&w.words);
		strbuf_fini(&w.texts);
		policy_free(p);
		conf_free(cf);
	}
}

static void bad_confs_are_refused_line_by_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(conf_error_cases); i++) {
		const struct conf_error_case *c = &conf_error_cases[i];
		struct conf_report report;
		struct conf *cf = NULL;
		size_t n = 0;

		assert_int_equal(conf_parse("test.conf", c->conf,
					    strlen(c->conf), NULL, &cf,
					    &report),
				 -EINVAL);
		for (; c->lines[n] != 0; n++)
			if (n >= report.errors_n ||
			    report.errors[n].line != c->lines[n])
				fail_msg("\"%s\": line %u", c->conf,
					 c->lines[n]);
		assert_int_equal(report.errors_n, n);
		conf_report_fini(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_required_cases_hold_in_any_order_of_lines),
		cmocka_unit_test(their_neighbours_hold_in_any_order_of_lines),
		cmocka_unit_test(bad_confs_are_refused_line_by_line),
		cmocka_unit_test(suggestions_are_the_line_to_write),
		cmocka_unit_test(a_refused_server_name_gets_its_allow_line),
		cmocka_unit_test(the_deciding_rule_is_named_with_its_place),
		cmocka_unit_test(a_profile_adds_to_the_top_level),
		cmocka_unit_test(the_worst_reason_is_denied_only_if_all_are),
		cmocka_unit_test(
			lint_tells_what_adds_nothing_and_what_is_overridden),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
