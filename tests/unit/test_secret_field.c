/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_secret_field.c - which fields of a request carry credentials
 */
#include "proxy/secret_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macros.h"

static const char *const carrying[] = {
	"Authorization",
	"AUTHORIZATION",
	"authorization",
	"Cookie",
	"X-Api-Key",
	"x-goog-api-key",
	"X-APIKEY",
	"Api_Key",
	"PRIVATE-TOKEN",
	"Job-Token",
	"X-Auth-Token",
	"X-Auth-Key",
	"X-Auth",
	"X-Vault-Token",
	"DD-API-KEY",
	"DD-APPLICATION-KEY",
	"Ocp-Apim-Subscription-Key",
	"X-Shopify-Access-Token",
	"X-AccessToken",
	"X-AuthToken",
	"X-Client-Secret",
	"X-Password",
	"X-Passwd",
	"X-Credential",
	"X-Credentials",
	"Session",
	"X-Session-Id",
	"X-SessionId",
	"X-JWT-Assertion",
	"Key",
	"Token",
	"-Token",
	"Token-",
	"a--token__b",
};

static const char *const others[] = {
	"",
	"-",
	"_",
	"User-Agent",
	"Referer",
	"From",
	"Accept",
	"X-Shown",
	"X-Request-Id",
	"Origin",
	"Content-Type",
	"Content-Disposition",
	"If-None-Match",
	"Range",
	"Forwarded",
	"X-Forwarded-For",
	"Host",
	/* A word is whole, or it is another. */
	"Monkey",
	"X-Keyboard",
	"Author",
	"X-Authority",
	"Tokens",
	"Keyed",
	"X-Secretary",
	"Cookies",
	"X-Sessions-Left",
	"Auth0rization",
	"Api.Key",
	"X Token",
	/* They have the word, and are shown to others. */
	"Idempotency-Key",
	"idempotency-key",
	"X-Idempotency-Key",
	"Key-Idempotency",
	"Sec-WebSocket-Key",
	"Sec-Token",
};

static void a_name_with_such_a_word_carries_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(carrying); i++)
		if (!secret_field_carries(carrying[i], strlen(carrying[i])))
			fail_msg("%s", carrying[i]);
}

static void no_other_name_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (secret_field_carries(others[i], strlen(others[i])))
			fail_msg("%s", others[i]);
	/* What stands behind it is no part of it. */
	assert_false(secret_field_carries("X-Token", 6));
	assert_false(secret_field_carries("Cookie", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_with_such_a_word_carries_them),
		cmocka_unit_test(no_other_name_does),
	};

	return cmocka_run_group_tests_name("secret_field", tests, NULL, NULL);
}
