/* SPDX-License-Identifier: MIT */
/*
 * sandbox/explain_render.c - an answer of `netleash explain` as text or JSON
 */
#include "sandbox/explain.h"

#include "common/json.h"

static const char *word(const struct decision *d)
{
	return d->reason == REASON_ALLOWED ? "allow" : "deny";
}

/* "allow GET HEAD https://api.example.com/x" */
static void add_rule(const struct decision *d, struct strbuf *out)
{
	const struct rule *r = d->rule;

	strbuf_addf(out, "%s ", rule_effect_name(r->effect));
	for (unsigned bit = 1; bit != 0 && bit <= r->methods; bit <<= 1)
		if (r->methods & bit)
			strbuf_addf(out, "%s ", method_name((enum method)bit));
	policy_word(d, out);
}

static void add_reason(const struct decision *d, struct strbuf *out)
{
	if (d->reason == REASON_ALLOWED)
		strbuf_adds(out, "allowed");
	else
		strbuf_addf(out, "refused, %s", reason_name(d->reason));
}

static void add_addrs(const struct explain *e, struct strbuf *out)
{
	for (size_t i = 0; i < e->addrs_n; i++) {
		const struct explain_addr *a = &e->addrs[i];
		char text[ADDR_TEXT_MAX];

		strbuf_addf(out, "%-13s%s: ", i == 0 ? "Addresses:" : "",
			    addr_format(&a->addr, text));
		add_reason(&a->decision, out);
		strbuf_addc(out, '\n');
	}
}

void explain_render_text(const struct explain *e, struct strbuf *out)
{
	const struct target *t = &e->rq.target;
	bool allowed = e->decision.reason == REASON_ALLOWED;
	char host[TARGET_TEXT_MAX];

	strbuf_addf(out, "%s (%s): ", target_format(t, host), e->method);
	add_reason(&e->decision, out);
	strbuf_addf(out, "\n%s", reason_sentence(e->decision.reason));
	if (!policy_has_allow(e->policy))
		strbuf_adds(out, " There is no allow line at all, so "
				 "everything is refused.");
	if (allowed && !t->is_addr && e->addrs_n == 0)
		strbuf_adds(out, " Its addresses are judged once it is "
				 "resolved: --resolve does that now.");
	strbuf_addc(out, '\n');
	if (e->decision.rule) {
		strbuf_adds(out, "Decided by:  ");
		policy_place(e->policy, &e->decision, out);
		strbuf_adds(out, ": ");
		add_rule(&e->decision, out);
		strbuf_addc(out, '\n');
	}
	if (e->decision.inspect)
		strbuf_adds(out, "Inspected:   TLS ends at netleash, and each "
				 "request inside is judged by itself.\n");
	add_addrs(e, out);
	if (e->allow_with[0] != '\0')
		strbuf_addf(out, "Would allow: %s\n", e->allow_with);
}

static void json_place(struct json *j, const char *key, const struct policy *p,
		       const struct decision *d)
{
	struct strbuf place = STRBUF_INIT;

	if (d->rule)
		policy_place(p, d, &place);
	json_string_or_null(j, key, place.s);
	strbuf_fini(&place);
}

static void json_addrs(struct json *j, const struct explain *e)
{
	json_array_open(j, "addresses");
	for (size_t i = 0; i < e->addrs_n; i++) {
		const struct explain_addr *a = &e->addrs[i];
		char text[ADDR_TEXT_MAX];

		json_object_open(j, NULL);
		json_string(j, "address", addr_format(&a->addr, text));
		json_string(j, "decision", word(&a->decision));
		json_string(j, "reason", reason_name(a->decision.reason));
		json_object_close(j);
	}
	json_array_close(j);
}

void explain_render_json(const struct explain *e, struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_open(&j, NULL);
	json_string(&j, "decision", word(&e->decision));
	json_string(&j, "reason", reason_name(e->decision.reason));
	json_place(&j, "rule", e->policy, &e->decision);
	json_string(&j, "host", e->rq.target.host);
	json_uint(&j, "port", e->rq.target.port);
	json_string(&j, "method", e->method);
	json_string_or_null(&j, "allow_with",
			    e->allow_with[0] ? e->allow_with : NULL);
	json_addrs(&j, e);
	json_bool(&j, "inspect", e->decision.inspect);
	json_object_close(&j);
	strbuf_addc(out, '\n');
}

void explain_render_malformed(const char *why, struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_open(&j, NULL);
	json_string(&j, "decision", "deny");
	json_string(&j, "reason", reason_name(REASON_MALFORMED));
	json_null(&j, "rule");
	json_null(&j, "host");
	json_null(&j, "port");
	json_null(&j, "method");
	json_null(&j, "allow_with");
	json_array_open(&j, "addresses");
	json_array_close(&j);
	json_bool(&j, "inspect", false);
	json_string(&j, "message", why);
	json_object_close(&j);
	strbuf_addc(out, '\n');
}
