/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_rule.c - words of rules, and paths against their globs
 *
 * The first byte picks effect and methods; the rest is a word, or two halves
 * at a newline: a word and a path. What is taken must hold what it promises:
 * its text is the word, its own glob's literal form is a safe path, and taking
 * its text again gives the same rule.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/path_glob.h"
#include "common/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct rule *r)
{
	char error[RULE_ERROR_MAX];
	struct rule again;

	assert(rule_parse(r->effect, r->methods, r->text, strlen(r->text),
			  &again, error) == 0);
	assert(again.is_cidr == r->is_cidr && again.scheme == r->scheme);
	assert(strcmp(rule_name(&again), rule_name(r)) == 0);
	assert(!rule_path(&again) == !rule_path(r) &&
	       !rule_ports(&again) == !rule_ports(r));
	rule_fini(&again);
}

static void check_hosts(const struct rule *r)
{
	struct target t = { .port = 443 };

	if (r->is_cidr) {
		t.is_addr = true;
		t.addr = rule_cidr(r)->base;
		assert(rule_matches_host(r, &t));
	} else if (r->kind == PATTERN_EXACT) {
		memcpy(t.host, rule_name(r), strlen(rule_name(r)) + 1);
		assert(rule_matches_host(r, &t));
	}
	(void)rule_matches_scheme(r, &t);
	if (rule_ports(r))
		assert(rule_matches_port(r, rule_ports(r)->range[0].first));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[RULE_ERROR_MAX] = "";
	const char *word, *path;
	struct rule r;
	size_t n;

	if (size < 1)
		return 0;
	word = (const char *)data + 1;
	n = size - 1;
	path = n > 0 ? memchr(word, '\n', n) : NULL;
	if (path)
		n = (size_t)(path - word);
	if (rule_parse(data[0] & 1 ? RULE_DENY : RULE_ALLOW,
		       (unsigned)data[0] >> 1, word, n, &r, error) < 0) {
		assert(memchr(error, '\0', sizeof(error)) && error[0] != '\0');
		return 0;
	}
	assert(strlen(r.text) == n && memcmp(r.text, word, n) == 0);
	check_again(&r);
	check_hosts(&r);
	if (rule_path(&r)) {
		if (!strchr(rule_path(&r), '*'))
			assert(path_glob_match(rule_path(&r), rule_path(&r),
					       strlen(rule_path(&r))));
		if (path) {
			size_t path_n = size - 2 - n;

			(void)path_is_safe(path + 1, path_n);
			(void)path_glob_match(rule_path(&r), path + 1, path_n);
		}
	}
	rule_fini(&r);
	return 0;
}
