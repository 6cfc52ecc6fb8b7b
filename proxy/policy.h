/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy.h - may this request pass, why, and by which line
 *
 * In:         a conf, a profile, rules of the command line
 * Out:        decisions; pure, no I/O, safe to call from any thread
 * Order:      deny, allow, port, method, path, then every address by itself
 * Invariants: immutable once made; the answer always carries a reason, and
 *             the rule that decided where one did. policy_check_request()
 *             decides everything that needs no address; only when it allows
 *             may a name be resolved; every address of the answer then goes
 *             through policy_check_address(), and only those that it allows
 *             may be dialled. Where a tunnel is inspected, each request in
 *             it goes through both again, as https to the tunnel's host and
 *             port and with the address that was dialled.
 *
 * This is a facade: sandbox/ may include it.
 */
#ifndef NETLEASH_PROXY_POLICY_H
#define NETLEASH_PROXY_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf_choice.h"
#include "common/rule.h"
#include "common/strbuf.h"
#include "proxy/reason.h"

struct conf;
struct conf_rules;
struct policy;

/**
 * struct request - what is asked, for policy
 * @target: host, port, scheme, path (SCHEME_NONE: a tunnel)
 * @method: METHOD_CONNECT for tunnels, SOCKS too
 * @alike:  where that is none of ours, but one in another case: that one, which
 *          some servers take it for; so what denies that one denies it. Or 0
 */
struct request {
	struct target target;
	enum method method;
	unsigned alike;
};

/* Sets both, as a client has written it. */
void policy_set_method(struct request *rq, const char *s, size_t n);

/**
 * struct decision - the answer
 * @reason: REASON_ALLOWED, or a reason of the policy group
 * @inspect: of policy_check_request(): allowed, but only if the tunnel holds
 *          TLS and nothing else, and is looked into
 * @rule:   the rule that decided: borrowed from the policy; NULL where none
 *          did (not-allowed, private-address without a rule, mode limited)
 * @record: where @rule is a list's, the name in it; else NULL; borrowed
 */
struct decision {
	enum reason reason;
	bool inspect;
	const struct rule *rule;
	const char *record;
};

/* @profile may be NULL. The conf is borrowed and must outlive the policy.
 * Return: 0, -ENOENT for an unknown profile, -ENOMEM. */
int policy_new(const struct conf *cf, const char *profile, struct policy **ret);
void policy_free(struct policy *p);

/* What @base says, and @more; both are borrowed. Costs by how much @more holds.
 * Modes and inspection have to be said again. Return: 0 or -ENOMEM. */
int policy_new_on(const struct policy *base, const struct conf_rules *more,
		  struct policy **ret);

/*
 * Everything that needs no address; for an IP literal, its address too. For
 * an https URL with SCHEME_HTTPS the path and method are judged as if
 * inspected; for a tunnel (METHOD_CONNECT) a host and port that only narrow
 * rules (method, path) cover, and mode limited, are
 * REASON_INSPECTION_REQUIRED, or where inspection is possible allowed with
 * @inspect, if some request inside might be.
 */
struct decision policy_check_request(const struct policy *p,
				     const struct request *rq);

/* One address that @rq's name resolved to. */
struct decision policy_check_address(const struct policy *p,
				     const struct request *rq,
				     const struct addr *a);

/* Of refusals of addresses the one to report: denied only if all are. */
enum reason policy_worst(enum reason a, enum reason b);

/*
 * The rule that would allow @rq, as a line for the conf ("allow
 * example.com:8080", "private 10.0.0.7"), into @out; nothing if no rule can
 * (a deny line stands in the way: then the sentence names it).
 * @addrs are the refused addresses for REASON_PRIVATE_ADDRESS, else 0.
 */
void policy_suggest(const struct policy *p, const struct request *rq,
		    struct decision d, const struct addr *addrs, size_t addrs_n,
		    struct strbuf *out);

/*
 * Where stands what decided ("FILE:LINE" or "argument"), and its word as
 * written, into @out. @d has a rule.
 */
void policy_place(const struct policy *p, const struct decision *d,
		  struct strbuf *out);
void policy_word(const struct decision *d, struct strbuf *out);

/* The place of a rule that is not a list's. */
void policy_rule_place(const struct policy *p, const struct rule *r,
		       struct strbuf *out);

/* False if there is no allow rule at all: everything is refused. */
bool policy_has_allow(const struct policy *p);

/* True in mode limited: a connection must not leave HTTP, either. */
bool policy_is_limited(const struct policy *p);

/* Whatever the conf says, the mode is @mode for requests from now on, in every
 * thread; CONF_MODE_UNSET: what the conf says. */
void policy_force_mode(struct policy *p, enum conf_mode mode);

/*
 * May tunnels be looked into? False until it is said, before the policy is
 * shared; then decisions never have @inspect.
 */
void policy_set_inspection(struct policy *p, bool possible);

/* Can there be a tunnel to look into, in the mode of now? */
bool policy_wants_inspection(const struct policy *p);

/* The same of a conf, in whichever profile, without a mode that is forced. */
bool policy_conf_wants_inspection(const struct conf *cf);

/* Does an allow line let https pass to what @r, RULE_INSPECT, names? */
bool policy_covers(const struct policy *p, const struct rule *r);

/* Warnings that only the whole shows: shadowed rules, narrow beside plain. */
typedef void policy_warn_fn(void *arg, const struct rule *r, const char *text);
void policy_lint(const struct policy *p, policy_warn_fn *warn, void *arg);

#endif
