/* SPDX-License-Identifier: MIT */
/*
 * sandbox/inspection.h - what a run needs whose TLS is looked into
 *
 * A CA of the run's own, which dies with it, or the daemon's; the files and
 * variables by which CMD's programs come to trust it; the secrets that go into
 * requests.
 */
#ifndef NETLEASH_SANDBOX_INSPECTION_H
#define NETLEASH_SANDBOX_INSPECTION_H

#include <stddef.h>

#include "common/conf_credential.h"
#include "common/strbuf.h"
#include "sandbox/credential.h"
#include "sandbox/mounts.h"

struct ca;
struct caller;
struct conf;
struct policy;
struct proxy_secret;

#define INSPECTION_ERROR_MAX CREDENTIAL_ERROR_MAX

/* Where the following are, in CMD's view. */
#define INSPECTION_FOLDER "/run/netleash"

/* The system's store and ours, and ours alone, as CMD sees them. */
#define INSPECTION_BUNDLE INSPECTION_FOLDER "/ca-bundle.crt"
#define INSPECTION_CA	  INSPECTION_FOLDER "/ca.crt"
#define INSPECTION_JAVA	  INSPECTION_FOLDER "/ca-bundle.jks" /* as the first */

#define INSPECTION_FILES_MAX 4
#define INSPECTION_GIVEN_MAX (16 + CONF_CREDENTIALS_MAX)

/**
 * struct inspection - all zeros where nothing is looked into
 * @ca: the run's own; NULL where the daemon signs
 * @files: for CMD's view
 * @given: for CMD's environment, "NAME=VALUE"
 * @java_options: for JAVA_TOOL_OPTIONS, behind what stands there
 * @secrets: @secrets_n for the run's scope; they borrow from the two after it
 */
struct inspection {
	struct ca *ca;
	struct strbuf bundle, java;
	struct mounts_file files[INSPECTION_FILES_MAX];
	size_t files_n;
	char *given[INSPECTION_GIVEN_MAX];
	size_t given_n;
	const char *java_options;
	struct proxy_secret *secrets;
	struct secret real[CONF_CREDENTIALS_MAX];
	struct secret placeholders[CONF_CREDENTIALS_MAX];
	size_t secrets_n;
};

/*
 * If @policy, made of @cf, can want to look into a tunnel: makes the CA, reads
 * the secrets as @caller, with @env. Else *@ret stays as it is, which is all
 * zeros. Return: 0, or -errno with a sentence.
 */
int inspection_prepare(const struct conf *cf, const struct policy *policy,
		       const struct caller *caller, const char *const *env,
		       struct inspection *ret,
		       char error[INSPECTION_ERROR_MAX]);

/*
 * The two halves of that, for who has no CA. What makes CMD trust @pem, a
 * certificate, which is borrowed. Return: 0 or -errno.
 */
int inspection_trust(struct inspection *in, const char *pem);

/* The secrets; @command_env is of commands that print one. Return: 0, or -errno
 * with a sentence. */
int inspection_read(struct inspection *in, const struct conf *cf,
		    const struct caller *caller, const char *const *env,
		    const char *const *command_env,
		    char error[INSPECTION_ERROR_MAX]);

/* Wipes the secrets, but for what stands in their place, and the CA's key; what
 * CMD is to have stays. */
void inspection_forget(struct inspection *in);

/* The same, and frees it all. */
void inspection_fini(struct inspection *in);

#endif
