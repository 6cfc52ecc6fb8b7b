/* SPDX-License-Identifier: MIT */
/*
 * proxy/policy_priv.h - the inside of a policy
 *
 * For policy.c (decides), policy_inside.c (decides what is inspected),
 * policy_new.c (makes it), policy_suggest.c (asks "what if"), policy_lint.c and
 * policy_covers.c (compare rules) and policy_credential.c only.
 */
#ifndef NETLEASH_PROXY_POLICY_PRIV_H
#define NETLEASH_PROXY_POLICY_PRIV_H

#include <stdatomic.h>

#include "proxy/policy.h"

struct conf_rules;
struct lists;
struct rules;

#define POLICY_PARTS_MAX 3

/**
 * struct policy
 * @base:  whose conf, lists and indices these are, too; or NULL
 * @parts: the top level's rules, then the profile's if there is one, then what
 *         comes on top of @base
 * @inspects: of `inspect`; NULL: none
 * @inspection: policy_set_inspection()
 * @mode:  the conf's, and what is said instead: UNSET for nothing
 */
struct policy {
	const struct conf *conf;
	const struct policy *base;
	const struct conf_rules *parts[POLICY_PARTS_MAX];
	size_t parts_n;
	struct rules *rules;
	struct lists *lists; /* NULL: none */
	struct rules *inspects;
	bool inspection;
	enum conf_mode mode;
	_Atomic(enum conf_mode) forced;
	bool has_allow;
};

/**
 * struct policy_inside - what is said of https to one host and port
 * @tls:     it can be https, and inspection is possible; else nothing counts
 * @limited: the mode
 * @line, @credential: an `inspect` line, a credential is about it
 * @named:   an https rule names the port
 * @allows, @denies: a rule with a method or path that only shows inside
 * @connect: a rule allows tunnels as such
 * @plain:   an allow without method and path
 * @narrow:  with one: then such decide
 * @open:    of these, one that some request could pass by
 */
struct policy_inside {
	bool tls, limited;
	uint16_t port;
	bool line, credential, named, allows, denies, connect;
	const struct rule *plain, *narrow, *open;
};

/* policy_inside.c: @r matches host and scheme; lines and credentials; is it to
 * be looked into; can a request inside pass by @r, an allow. */
void policy_inside_init(struct policy_inside *in, const struct policy *p,
			const struct target *t);
void policy_inside_add(struct policy_inside *in, const struct rule *r);
void policy_inside_look(struct policy_inside *in, const struct policy *p,
			const struct target *t);
bool policy_inside_wanted(const struct policy_inside *in);
bool policy_opens_inside(const struct rule *r, bool limited);

/* policy_lint.c: the ports that @r is about, written or not. */
const struct port_set *policy_ports_of(const struct rule *r);
bool policy_ports_overlap(const struct port_set *a, const struct port_set *b);

/* One line more than the conf has; a member that is not there is NULL. */
struct policy_extra {
	const struct rule *rule;
	const struct cidr *range; /* of a `private` line */
};

/* As the functions of policy.h, with @extra (may be NULL) added. */
struct decision policy_decide(const struct policy *p, const struct request *rq,
			      const struct policy_extra *extra);
struct decision policy_decide_address(const struct policy *p,
				      const struct request *rq,
				      const struct addr *a,
				      const struct policy_extra *extra);

#endif
