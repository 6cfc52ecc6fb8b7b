/* SPDX-License-Identifier: MIT */
/*
 * common/conf_dump.c - a conf back as text
 *
 * In:         a conf
 * Out:        text that parses to the same conf: every setting with its
 *             effective value, one rule a line, presets and includes as the
 *             rules that they hold
 * Invariants: dump, parse, dump gives the same text
 */
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "common/conf_limits.h"
#include "common/conf_priv.h"

/* A word as the lexer takes it, in quotes where it needs them. */
void conf_dump_word(struct strbuf *out, const char *s)
{
	if (s[0] != '\0' && s[0] != '#' && !strpbrk(s, " \t\"{};")) {
		strbuf_adds(out, s);
		return;
	}
	strbuf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, *s);
	}
	strbuf_addc(out, '"');
}

static void dump_endpoint(struct strbuf *out, const char *directive,
			  const struct addr *a, uint16_t port)
{
	char text[ADDR_TEXT_MAX];
	bool v6 = a->family == AF_INET6;

	strbuf_addf(out, "%s %s%s%s:%u\n", directive, v6 ? "[" : "",
		    addr_format(a, text), v6 ? "]" : "", port);
}

static void dump_words(struct strbuf *out, const char *directive, char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		strbuf_addf(out, "%s %s\n", directive, words[i]);
}

static void dump_methods(struct strbuf *out, unsigned methods)
{
	/* In the order of enum method; no rule can name METHOD_OTHER. */
	static const char *const names[] = {
		"GET",	 "HEAD",   "OPTIONS", "POST",	 "PUT",
		"PATCH", "DELETE", "TRACE",   "CONNECT",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (methods & (1u << i))
			strbuf_addf(out, "%s ", names[i]);
}

static void dump_mode(struct strbuf *out, const char *indent,
		      enum conf_mode mode)
{
	if (mode != CONF_MODE_UNSET)
		strbuf_addf(out, "%smode %s\n", indent,
			    mode == CONF_MODE_FULL ? "full" : "limited");
}

static void dump_running(struct strbuf *out, const char *indent,
			 enum conf_running running)
{
	if (running != CONF_RUNNING_UNSET)
		strbuf_addf(out, "%srunning-runs %s\n", indent,
			    running == CONF_RUNNING_KEEP ? "keep" : "follow");
}

static void dump_lists(struct strbuf *out, const char *indent,
		       const struct conf_rules *r)
{
	for (size_t i = 0; i < r->lists_n; i++) {
		const struct conf_list *list = &r->lists[i];
		uint32_t n = list->names.names_n;

		strbuf_addf(out, "%s%s-list ", indent,
			    list->rule.effect == RULE_ALLOW ? "allow" : "deny");
		conf_dump_word(out, list->rule.text);
		strbuf_addf(out, " # %" PRIu32 " name%s\n", n,
			    n == 1 ? "" : "s");
	}
}

static void dump_rules(struct strbuf *out, const char *indent, bool packed,
		       const struct conf_rules *r)
{
	char text[CIDR_TEXT_MAX];

	for (size_t i = 0; i < r->privates_n; i++)
		strbuf_addf(out, "%sprivate %s\n", indent,
			    cidr_format(&r->privates[i].cidr, text));
	for (size_t i = 0; i < r->rules_n; i++) {
		const struct rule *rule = &r->rules[i];

		strbuf_addf(out, "%s%s ", indent,
			    rule_effect_name(rule->effect));
		dump_methods(out, rule->methods);
		conf_dump_word(out, rule->text);
		strbuf_addc(out, '\n');
	}
	for (size_t i = 0; i < r->inspects_n; i++) {
		strbuf_addf(out, "%sinspect ", indent);
		conf_dump_word(out, r->inspects[i].text);
		strbuf_addc(out, '\n');
	}
	if (!packed)
		dump_lists(out, indent, r);
}

static void dump_limits(struct strbuf *out, const struct conf_limits *limits)
{
	const struct conf_limit *table = conf_limits_table();
	char text[CONF_LIMIT_TEXT_MAX];

	for (size_t i = 0; i < CONF_LIMITS_N; i++) {
		uint32_t v = conf_limit_value(limits, &table[i]);

		strbuf_addf(out, "limit %s %s\n", table[i].name,
			    conf_limit_format(&table[i], v, text));
	}
}

static void dump_log(struct strbuf *out, const struct conf *cf)
{
	switch (cf->log) {
	case CONF_LOG_NONE:
		strbuf_adds(out, "# log: none\n");
		break;
	case CONF_LOG_FILE:
		strbuf_adds(out, "log json ");
		conf_dump_word(out, cf->log_file);
		strbuf_addc(out, '\n');
		break;
	case CONF_LOG_STDERR:
		strbuf_adds(out, "log json stderr\n");
		break;
	case CONF_LOG_SYSLOG:
		strbuf_adds(out, "log json syslog\n");
		break;
	}
}

void conf_dump_whole(const struct conf *cf, bool packed, struct strbuf *out)
{
	for (size_t i = 0; i < cf->listens_n; i++)
		dump_endpoint(out, "listen", &cf->listens[i].addr,
			      cf->listens[i].port);
	if (!packed)
		conf_dump_auth(cf, out);
	dump_mode(out, "", cf->top.mode);
	dump_running(out, "", cf->top.running);
	if (cf->resolvers_n == 0)
		strbuf_adds(out, "# resolver: the system's\n");
	for (size_t i = 0; i < cf->resolvers_n; i++)
		dump_endpoint(out, "resolver", &cf->resolvers[i].addr,
			      cf->resolvers[i].port);
	conf_dump_upstream(cf, packed, out);
	dump_log(out, cf);
	strbuf_addf(out, "run-uids %" PRIu32 "-%" PRIu32 "\n",
		    cf->run_uid_first, cf->run_uid_last);
	strbuf_addf(out, "threads %u\n", conf_threads(cf));
	strbuf_addf(out, "tunnel-check %s\n",
		    conf_tunnel_check_name(cf->tunnel_check));
	dump_limits(out, &cf->limits);
	dump_words(out, "env-deny", cf->env_deny);
	dump_words(out, "env-allow", cf->env_allow);
	conf_dump_permits(cf, out);
	conf_dump_credentials(cf, out);
	dump_rules(out, "", packed, &cf->top);
	for (size_t i = 0; i < cf->profiles_n; i++) {
		strbuf_addf(out, "profile %s {\n", cf->profiles[i].name);
		dump_mode(out, "\t", cf->profiles[i].rules.mode);
		dump_running(out, "\t", cf->profiles[i].rules.running);
		dump_rules(out, "\t", packed, &cf->profiles[i].rules);
		strbuf_adds(out, "}\n");
	}
}

void conf_dump(const struct conf *cf, struct strbuf *out)
{
	conf_dump_whole(cf, false, out);
}
