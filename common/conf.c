/* SPDX-License-Identifier: MIT */
/*
 * common/conf.c - a conf's life: made, asked, freed
 */
#include "common/conf.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_priv.h"

#define DEFAULT_PORT	  3128
#define DEFAULT_RUN_FIRST 60600u
#define DEFAULT_RUN_LAST  60855u

void *conf_grow(void *array, size_t n, size_t size)
{
	/* Room is always a power of two, so only a full one must grow. */
	if (n > 0 && (n < 8 || (n & (n - 1)) != 0))
		return array;
	return reallocarray(array, n > 0 ? n * 2 : 8, size);
}

static void conf_rules_fini(struct conf_rules *r)
{
	for (size_t i = 0; i < r->rules_n; i++)
		rule_fini(&r->rules[i]);
	free(r->rules);
	for (size_t i = 0; i < r->inspects_n; i++)
		rule_fini(&r->inspects[i]);
	free(r->inspects);
	free(r->privates);
	for (size_t i = 0; i < r->lists_n; i++) {
		rule_fini(&r->lists[i].rule);
		name_list_fini(&r->lists[i].names);
	}
	free(r->lists);
}

void conf_rules_drop(struct conf_rules *r)
{
	conf_rules_fini(r);
	memset(r, 0, sizeof(*r));
}

static void words_free(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

void conf_free(struct conf *cf)
{
	if (!cf)
		return;
	for (size_t i = 0; i < cf->files_n; i++)
		free(cf->files[i]);
	free(cf->files);
	for (size_t i = 0; i < cf->includes_n; i++)
		free(cf->includes[i]);
	free(cf->includes);
	conf_rules_fini(&cf->top);
	for (size_t i = 0; i < cf->profiles_n; i++) {
		free(cf->profiles[i].name);
		conf_rules_fini(&cf->profiles[i].rules);
	}
	free(cf->profiles);
	free(cf->listens);
	conf_auth_fini(&cf->auth);
	free(cf->resolvers);
	free(cf->log_file);
	conf_upstream_fini(&cf->upstream);
	for (size_t i = 0; i < cf->verify_cas_n; i++)
		free(cf->verify_cas[i]);
	free(cf->verify_cas);
	words_free(cf->env_deny);
	words_free(cf->env_allow);
	conf_credentials_fini(cf);
	conf_permits_fini(cf);
	free(cf);
}

struct conf *conf_new(void)
{
	struct conf *cf = calloc(1, sizeof(*cf));

	if (!cf)
		return NULL;
	cf->top.mode = CONF_MODE_FULL;
	cf->top.running = CONF_RUNNING_KEEP;
	cf->run_uid_first = DEFAULT_RUN_FIRST;
	cf->run_uid_last = DEFAULT_RUN_LAST;
	conf_limits_init(&cf->limits);
	cf->listens = conf_grow(NULL, 0, sizeof(*cf->listens));
	if (!cf->listens) {
		free(cf);
		return NULL;
	}
	cf->listens[0] = (struct conf_listen){
		.addr = { .family = AF_INET, .bytes = { 127, 0, 0, 1 } },
		.port = DEFAULT_PORT,
	};
	cf->listens_n = 1;
	return cf;
}

const struct conf_profile *conf_profile(const struct conf *cf, const char *name)
{
	for (size_t i = 0; i < cf->profiles_n; i++)
		if (strcmp(cf->profiles[i].name, name) == 0)
			return &cf->profiles[i];
	return NULL;
}

void conf_format_rule_place(const struct conf *cf, const struct rule *r,
			    struct strbuf *out)
{
	if (r->file == RULE_FROM_ARGUMENT)
		strbuf_adds(out, "argument");
	else
		strbuf_addf(out, "%s:%" PRIu32, cf->files[r->file], r->line);
}
