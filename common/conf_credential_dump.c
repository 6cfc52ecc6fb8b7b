/* SPDX-License-Identifier: MIT */
/*
 * common/conf_credential_dump.c - credentials of a conf back as text, and freed
 *
 * Nothing here is secret: a conf has none.
 */
#include "common/conf_credential.h"

#include <stdlib.h>

#include "common/conf.h"
#include "common/conf_priv.h"

static void dump_words(struct strbuf *out, const char *keyword,
		       char *const *words)
{
	strbuf_adds(out, keyword);
	for (; *words; words++) {
		strbuf_addc(out, ' ');
		conf_dump_word(out, *words);
	}
	strbuf_addc(out, '\n');
}

static void dump_one(const struct conf_credential *c, struct strbuf *out)
{
	strbuf_addf(out, "credential %s {\n\tfrom %s", c->name,
		    conf_from_name(c->from));
	dump_words(out, "", c->words);
	for (size_t i = 0; i < c->targets_n; i++) {
		char *word[] = { c->targets[i].text, NULL };

		dump_words(out, "\tfor", word);
	}
	if (c->header) {
		char *words[] = { c->header, c->value, NULL };

		dump_words(out, "\theader", words);
	}
	if (c->placeholder || c->placeholder_none)
		strbuf_addf(out, "\tplaceholder %s\n",
			    c->placeholder ? c->placeholder : "none");
	strbuf_adds(out, "}\n");
}

void conf_dump_credentials(const struct conf *cf, struct strbuf *out)
{
	for (size_t i = 0; i < cf->credentials_n; i++)
		dump_one(&cf->credentials[i], out);
}

static void credential_fini(struct conf_credential *c)
{
	for (size_t i = 0; c->words && c->words[i]; i++)
		free(c->words[i]);
	free(c->words);
	for (size_t i = 0; i < c->targets_n; i++)
		rule_fini(&c->targets[i]);
	free(c->targets);
	free(c->name);
	free(c->header);
	free(c->value);
	free(c->placeholder);
}

void conf_credentials_fini(struct conf *cf)
{
	for (size_t i = 0; i < cf->credentials_n; i++)
		credential_fini(&cf->credentials[i]);
	free(cf->credentials);
}
