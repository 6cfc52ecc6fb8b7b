/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/rules.c - what many rules cost: to load, to ask, to hold
 *
 * In:  how many rules; an absolute path to write a conf of deny lines to, or
 *      with --list a conf with a deny-list
 * Out: one line: seconds to load, nanoseconds a look-up, bytes held. Half of
 *      the names that are asked for are listed, half are not
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "proxy/policy.h"
#include "tests/bench/bench.h"

#define LOOKUPS	    1000000u
#define NAMES_COUNT 4096u
#define PART_RULES  200000u

/* The same number always, so that runs can be compared. */
static uint32_t random_next(void)
{
	static uint32_t state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static void write_part(const char *path, const char *before, unsigned from,
		       unsigned to)
{
	FILE *f = fopen(path, "we");

	if (!f)
		bench_die(path);
	for (unsigned i = from; i < to; i++)
		(void)fprintf(f, "%shost%u.list%u.example\n", before, i,
			      i % 997);
	if (fclose(f) != 0)
		bench_die(path);
}

/* PATH, which includes PATH.0, PATH.1 and so on: a file has its limit. */
static void write_rules(const char *path, unsigned n)
{
	FILE *f = fopen(path, "we");
	char part[PATH_MAX];

	if (!f)
		bench_die(path);
	(void)fputs("allow *\n", f);
	for (unsigned i = 0; i < n; i += PART_RULES) {
		(void)snprintf(part, sizeof(part), "%s.%u", path,
			       i / PART_RULES);
		(void)fprintf(f, "include %s\n", part);
		write_part(part, "deny ", i,
			   n - i < PART_RULES ? n : i + PART_RULES);
	}
	if (fclose(f) != 0)
		bench_die(path);
}

/* PATH, which names the hosts file PATH.list. */
static void write_list(const char *path, unsigned n)
{
	FILE *f = fopen(path, "we");
	char list[PATH_MAX];

	if (!f)
		bench_die(path);
	(void)snprintf(list, sizeof(list), "%s.list", path);
	(void)fprintf(f, "allow *\ndeny-list %s\n", list);
	if (fclose(f) != 0)
		bench_die(path);
	write_part(list, "0.0.0.0 ", 0, n);
}

static uint64_t held_bytes(void)
{
	char line[128];
	unsigned long kib = 0;
	FILE *f = fopen("/proc/self/smaps_rollup", "re");

	if (!f)
		bench_die("/proc/self/smaps_rollup");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Pss: %lu kB", &kib) == 1)
			break;
	(void)fclose(f);
	return (uint64_t)kib * 1024;
}

static struct request *make_requests(unsigned n)
{
	struct request *rq = calloc(NAMES_COUNT, sizeof(*rq));

	if (!rq)
		bench_die("no memory");
	for (unsigned i = 0; i < NAMES_COUNT; i++) {
		unsigned host = random_next() % n;
		char text[128];
		size_t len;

		/* Names of the other half: beyond the last that is listed. */
		len = (size_t)snprintf(text, sizeof(text),
				       "host%u.list%u.example:443",
				       i % 2 ? host : host + n, host % 997);
		rq[i].method = METHOD_CONNECT;
		if (target_parse_authority(text, len, &rq[i].target, NULL) !=
		    TARGET_OK)
			bench_die("a name is bad");
	}
	return rq;
}

int main(int argc, char **argv)
{
	bool is_list = argc > 1 && strcmp(argv[1], "--list") == 0;
	char **words = argv + is_list;
	bool usage = argc != 3 + is_list;
	unsigned n = usage ? 0 : (unsigned)strtoul(words[1], NULL, 10);
	const char *path = usage ? NULL : words[2];
	struct conf_report report;
	struct conf *cf = NULL;
	struct policy *policy = NULL;
	struct conf_opts opts = { 0 };
	uint64_t before, begun, load_ns, ask_ns;
	struct request *rq;
	unsigned denied = 0;

	if (n == 0) {
		(void)fputs("usage: bench_rules [--list] COUNT FILE\n", stderr);
		return 2;
	}
	if (is_list)
		write_list(path, n);
	else
		write_rules(path, n);
	rq = make_requests(n);
	before = held_bytes();
	begun = bench_now_ns();
	if (conf_load(&path, 1, &opts, &cf, &report) < 0 ||
	    policy_new(cf, NULL, &policy) < 0)
		bench_die("the rules do not load");
	load_ns = bench_now_ns() - begun;
	conf_report_fini(&report);
	begun = bench_now_ns();
	for (unsigned i = 0; i < LOOKUPS; i++) {
		struct decision d =
			policy_check_request(policy, &rq[i % NAMES_COUNT]);

		denied += d.reason == REASON_DENIED;
	}
	ask_ns = bench_now_ns() - begun;
	(void)printf("rules %u load_s %.3f lookup_ns %.0f bytes %llu "
		     "denied %u\n",
		     n, (double)load_ns / 1e9, (double)ask_ns / LOOKUPS,
		     (unsigned long long)(held_bytes() - before), denied);
	policy_free(policy);
	conf_free(cf);
	free(rq);
	return denied == LOOKUPS / 2 ? 0 : 1;
}
