/* SPDX-License-Identifier: MIT */
/*
 * sandbox/inspection.c - what a run needs whose TLS is looked into
 *
 * In:         the conf's word on what is looked into, and its credentials
 * Out:        a CA; files in CMD's view and variables in its environment; the
 *             secrets, for the proxy alone
 * Invariants: the key is in netleash's memory and nowhere else, or where a
 *             daemon signs, in the daemon's; CMD cannot write what it trusts
 */
#include "sandbox/inspection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/conf.h"
#include "common/fdio.h"
#include "common/macros.h"
#include "common/scope.h"
#include "proxy/proxy.h"
#include "sandbox/java_store.h"

/* No run lives longer; one that does needs a new start. */
#define CA_DAYS 365

#define STORE_MAX (16u << 20)

/* Each names the bundle, but for the one of Node.js, which adds to its own. */
static const struct {
	const char *name, *value;
} variables[] = {
	{ "SSL_CERT_FILE", INSPECTION_BUNDLE },	     /* OpenSSL: python, ruby */
	{ "CURL_CA_BUNDLE", INSPECTION_BUNDLE },     /* curl */
	{ "GIT_SSL_CAINFO", INSPECTION_BUNDLE },     /* git */
	{ "REQUESTS_CA_BUNDLE", INSPECTION_BUNDLE }, /* python-requests */
	{ "PIP_CERT", INSPECTION_BUNDLE },	     /* pip */
	{ "CARGO_HTTP_CAINFO", INSPECTION_BUNDLE },  /* cargo */
	{ "AWS_CA_BUNDLE", INSPECTION_BUNDLE },	     /* aws */
	{ "DENO_CERT", INSPECTION_CA },		     /* deno */
	{ "NODE_EXTRA_CA_CERTS", INSPECTION_CA },    /* node, npm */
};

static int fail(char *error, int r, const char *what)
{
	(void)snprintf(error, INSPECTION_ERROR_MAX, "%s: %s", what,
		       strerror(-r));
	return r;
}

static int give(struct inspection *in, const char *name, const char *value)
{
	char *word = NULL;

	if (asprintf(&word, "%s=%s", name, value) < 0)
		return -ENOMEM;
	in->given[in->given_n++] = word;
	return 0;
}

static void show(struct inspection *in, const char *path, const char *text,
		 size_t n)
{
	in->files[in->files_n++] = (struct mounts_file){ path, text, n };
}

/* The system's own, then ours. A system without a store has but ours. */
static int make_bundle(struct inspection *in, const char *pem,
		       const char **ret_store)
{
	const char *path = NULL;

	for (size_t i = 0; (path = ca_store_path(i)); i++) {
		AUTOFREE char *text = NULL;
		size_t n;

		if (fd_read_file(path, STORE_MAX, &text, &n) < 0)
			continue;
		strbuf_add(&in->bundle, text, n);
		if (n > 0 && text[n - 1] != '\n')
			strbuf_addc(&in->bundle, '\n');
		break;
	}
	strbuf_adds(&in->bundle, pem);
	*ret_store = path;
	return strbuf_failed(&in->bundle) ? -ENOMEM : 0;
}

/* Java reads none of the others. */
static int make_java(struct inspection *in)
{
	java_store_render(in->bundle.s, in->bundle.len, &in->java);
	if (strbuf_failed(&in->java))
		return -ENOMEM;
	show(in, INSPECTION_JAVA, in->java.s, in->java.len);
	in->java_options = JAVA_STORE_OPTIONS(INSPECTION_JAVA);
	return 0;
}

int inspection_trust(struct inspection *in, const char *pem)
{
	const size_t pem_n = strlen(pem);
	const char *store = NULL;
	int r = make_bundle(in, pem, &store);

	if (r == 0)
		r = make_java(in);
	if (r < 0)
		return r;
	show(in, INSPECTION_BUNDLE, in->bundle.s, in->bundle.len);
	/* Its tail, since the CA may be gone when it is shown. */
	show(in, INSPECTION_CA, in->bundle.s + in->bundle.len - pem_n, pem_n);
	/* For what reads no variable: wget, GnuTLS, Go, package managers. */
	if (store)
		show(in, store, in->bundle.s, in->bundle.len);
	for (size_t i = 0; i < ARRAY_SIZE(variables) && r == 0; i++)
		r = give(in, variables[i].name, variables[i].value);
	return r;
}

static int read_one(struct inspection *in, const struct conf_credential *c,
		    const struct caller *caller, const char *const *env,
		    char *error)
{
	const size_t i = in->secrets_n;
	struct proxy_secret *secret = &in->secrets[i];
	int r = credential_read(c, caller, env, CREDENTIAL_LIMIT_MS,
				&in->real[i], error);

	if (r < 0)
		return r;
	in->secrets_n++;
	*secret =
		(struct proxy_secret){ .name = c->name, .text = in->real[i].s };
	if (!c->placeholder)
		return 0;
	r = credential_placeholder(&in->real[i], &in->placeholders[i]);
	if (r == -EINVAL)
		(void)snprintf(error, INSPECTION_ERROR_MAX,
			       "credential '%s': the secret is too short to "
			       "have a placeholder, which takes 12 letters or "
			       "digits: write header in its stead",
			       c->name);
	if (r < 0)
		return r;
	secret->placeholder = in->placeholders[i].s;
	return give(in, c->placeholder, secret->placeholder);
}

int inspection_read(struct inspection *in, const struct conf *cf,
		    const struct caller *caller, const char *const *env,
		    const char *const *command_env,
		    char error[INSPECTION_ERROR_MAX])
{
	int r = 0;

	error[0] = '\0';
	in->secrets = calloc(cf->credentials_n + 1, sizeof(*in->secrets));
	if (!in->secrets)
		r = -ENOMEM;
	for (size_t i = 0; i < cf->credentials_n && r == 0; i++) {
		const struct conf_credential *c = &cf->credentials[i];

		r = read_one(in, c, caller,
			     c->from == CONF_FROM_COMMAND ? command_env : env,
			     error);
	}
	if (r < 0 && !error[0])
		(void)fail(error, r, "cannot read the credentials");
	return r;
}

int inspection_prepare(const struct conf *cf, const struct policy *policy,
		       const struct caller *caller, const char *const *env,
		       struct inspection *ret, char error[INSPECTION_ERROR_MAX])
{
	int r;

	error[0] = '\0';
	if (!policy_wants_inspection(policy))
		return 0;
	r = ca_new(time(NULL), CA_DAYS, &ret->ca);
	if (r == 0)
		r = inspection_trust(ret, ca_pem(ret->ca));
	if (r < 0)
		return fail(error, r, "cannot make a CA for the run");
	return inspection_read(ret, cf, caller, env, env, error);
}

void inspection_forget(struct inspection *in)
{
	ca_free(in->ca);
	in->ca = NULL;
	for (size_t i = 0; i < CONF_CREDENTIALS_MAX; i++)
		secret_fini(&in->real[i]);
	free(in->secrets);
	in->secrets = NULL;
	in->secrets_n = 0;
}

void inspection_fini(struct inspection *in)
{
	inspection_forget(in);
	strbuf_fini(&in->bundle);
	strbuf_fini(&in->java);
	for (size_t i = 0; i < in->given_n; i++)
		free(in->given[i]);
	for (size_t i = 0; i < CONF_CREDENTIALS_MAX; i++)
		secret_fini(&in->placeholders[i]);
	*in = (struct inspection){ 0 };
}
