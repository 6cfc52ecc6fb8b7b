/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_ca_file.c - an authority that is kept in two files
 */
#include "proxy/ca_file.h"
#include "proxy/mbedtls_compat.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/fdio.h"
#include "common/macros.h"
#include "proxy/ca_priv.h"
#include "proxy/leaf.h"

#define DAY  (24 * 3600)
#define DAYS 30
#define OLD  "ca.pem.old"

static char error[CA_ERROR_MAX];
static char dir_path[64];
static int dir = -1;
static time_t now;

static int set_up(void **state)
{
	(void)state;
	(void)umask(022);
	now = time(NULL);
	(void)snprintf(dir_path, sizeof(dir_path), "/tmp/netleash-ca-XXXXXX");
	if (!mkdtemp(dir_path))
		return -1;
	dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlinkat(dir, CA_FILE_KEY, AT_REMOVEDIR);
	(void)unlinkat(dir, CA_FILE_CERTIFICATE, AT_REMOVEDIR);
	if (ca_file_remove(dir, error) < 0)
		return -1;
	(void)close(dir);
	return rmdir(dir_path);
}

static void make(void)
{
	if (ca_file_make(dir, now, DAYS, error) < 0)
		fail_msg("%s", error);
}

static int load(char pem[CA_PEM_MAX])
{
	struct ca *ca = NULL;
	int r;

	memset(error, 0, sizeof(error));
	r = ca_file_load(dir, now, &ca, error);
	if (pem)
		(void)snprintf(pem, CA_PEM_MAX, "%s", r == 0 ? ca_pem(ca) : "");
	if (r < 0 && strlen(error) < 20)
		fail_msg("%d has no sentence: '%s'", r, error);
	ca_free(ca);
	return r;
}

static void expect_refusal(int r, const char *sentence)
{
	const int got = load(NULL);

	if (got != r || !strstr(error, sentence))
		fail_msg("got %d '%s', want %d '%s'", got, error, r, sentence);
}

static void expect_pair(void)
{
	if (load(NULL) < 0)
		fail_msg("%s", error);
}

/* Return: its length; it is terminated. */
static size_t get(const char *name, char buf[CA_PEM_MAX])
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, buf, CA_PEM_MAX - 1);
	assert_true(n >= 0);
	buf[n] = '\0';
	(void)close(fd);
	return (size_t)n;
}

/* Over what is there, with its mode. */
static void put(const char *name, const char *bytes, size_t n)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			strcmp(name, CA_FILE_KEY) == 0 ? 0600 : 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, n), 0);
	(void)close(fd);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode;
}

static void a_pair_is_made_once_and_loaded(void **state)
{
	char first[CA_PEM_MAX], again[CA_PEM_MAX], key[CA_PEM_MAX];

	(void)state;
	(void)umask(0);
	make();
	assert_int_equal(load(first), 0);
	(void)get(CA_FILE_KEY, key);
	make();
	assert_int_equal(load(again), 0);
	assert_string_equal(first, again);
	(void)get(CA_FILE_KEY, again);
	assert_string_equal(key, again);
	assert_int_equal(mode_of(CA_FILE_KEY), S_IFREG | 0600);
	assert_int_equal(mode_of(CA_FILE_CERTIFICATE), S_IFREG | 0644);
	assert_int_equal(faccessat(dir, OLD, F_OK, 0), -1);
}

static void modes_do_not_depend_on_the_umask(void **state)
{
	(void)state;
	(void)umask(0777);
	make();
	(void)umask(022);
	assert_int_equal(mode_of(CA_FILE_KEY), S_IFREG | 0600);
	assert_int_equal(mode_of(CA_FILE_CERTIFICATE), S_IFREG | 0644);
}

static void what_is_loaded_signs_what_it_is_trusted_for(void **state)
{
	struct ca *one = NULL, *two = NULL;
	struct leaf_cache *leaves;
	struct leaf *leaf = NULL;
	uint32_t flags = 1;

	(void)state;
	make();
	assert_int_equal(ca_file_load(dir, now, &one, error), 0);
	assert_int_equal(ca_file_load(dir, now, &two, error), 0);
	leaves = leaf_cache_new(one);
	assert_int_equal(leaf_get(leaves, NULL, "a.example", NULL, now, &leaf),
			 0);
	assert_int_equal(mbedtls_x509_crt_verify(leaf_crt(leaf), &two->crt,
						 NULL, "a.example", &flags,
						 NULL, NULL),
			 0);
	/* Leaf keys are each load's own. */
	assert_true(compat_tls_is_pair(&leaf_crt(leaf)->pk, leaf_key(leaf),
				       &one->rng));
	assert_false(
		compat_tls_is_pair(&one->leaf_key, &two->leaf_key, &one->rng));
	leaf_unref(leaf);
	leaf_cache_free(leaves);
	ca_free(one);
	ca_free(two);
}

static void what_is_missing_is_said(void **state)
{
	(void)state;
	expect_refusal(-ENOENT, "there is no CA: run 'netleash setup'");
	make();
	assert_int_equal(unlinkat(dir, CA_FILE_KEY, 0), 0);
	expect_refusal(-EINVAL, "ca-key.pem is missing beside ca.pem: "
				"'netleash ca renew'");
	assert_int_equal(ca_file_make(dir, now, DAYS, error), -EINVAL);
	assert_int_equal(faccessat(dir, CA_FILE_KEY, F_OK, 0), -1);
	assert_int_equal(ca_file_renew(dir, now, DAYS, error), 0);
	expect_pair();
	assert_int_equal(unlinkat(dir, CA_FILE_CERTIFICATE, 0), 0);
	expect_refusal(-EINVAL, "ca.pem is missing beside ca-key.pem: "
				"'netleash ca renew'");
	assert_int_equal(ca_file_renew(dir, now, DAYS, error), 0);
	expect_pair();
}

static const struct {
	const char *name;
	mode_t mode;
	const char *sentence;
} modes[] = {
	{ CA_FILE_KEY, 0640,
	  "others can read or write ca-key.pem (mode 0640)" },
	{ CA_FILE_KEY, 0620, "'chmod 600' it" },
	{ CA_FILE_KEY, 0604, "'netleash ca renew'" },
	{ CA_FILE_KEY, 0602, "mode 0602" },
	{ CA_FILE_CERTIFICATE, 0664, "others can write ca.pem (mode 0664)" },
	{ CA_FILE_CERTIFICATE, 0646, "'chmod 644' it" },
	{ ".", 0770, "others can write the folder: 'chmod go-w' it" },
	{ ".", 0707, "'netleash ca renew'" },
};

static void what_others_can_touch_is_refused(void **state)
{
	(void)state;
	make();
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		const mode_t was = mode_of(modes[i].name) & 07777;

		assert_int_equal(fchmodat(dir, modes[i].name, modes[i].mode, 0),
				 0);
		expect_refusal(-EPERM, modes[i].sentence);
		assert_int_equal(ca_file_make(dir, now, DAYS, error), -EPERM);
		assert_int_equal(fchmodat(dir, modes[i].name, was, 0), 0);
		expect_pair();
	}
	assert_int_equal(fchmodat(dir, CA_FILE_KEY, 0400, 0), 0);
	expect_pair();
}

static void what_is_another_users_is_refused(void **state)
{
	static const char *const names[] = { CA_FILE_KEY, CA_FILE_CERTIFICATE };

	(void)state;
	if (geteuid() != 0)
		skip();
	make();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(fchownat(dir, names[i], 65532, 0, 0), 0);
		expect_refusal(-EPERM, "belongs to uid 65532: 'chown' it");
		assert_int_equal(fchownat(dir, names[i], 0, 0, 0), 0);
	}
	assert_int_equal(fchown(dir, 65532, 0), 0);
	expect_refusal(-EPERM, "the folder belongs to uid 65532");
	assert_int_equal(fchown(dir, 0, 0), 0);
	expect_pair();
}

static void what_is_no_regular_file_is_refused(void **state)
{
	static const char *const names[] = { CA_FILE_KEY, CA_FILE_CERTIFICATE };

	(void)state;
	make();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(renameat(dir, names[i], dir, "aside"), 0);
		assert_int_equal(symlinkat("aside", dir, names[i]), 0);
		expect_refusal(-EINVAL, "is a link: 'netleash ca renew'");
		assert_int_equal(ca_file_make(dir, now, DAYS, error), -EINVAL);
		assert_int_equal(unlinkat(dir, names[i], 0), 0);
		assert_int_equal(mkfifoat(dir, names[i], 0600), 0);
		expect_refusal(-EINVAL, "is no regular file: remove it");
		assert_int_equal(unlinkat(dir, names[i], 0), 0);
		assert_int_equal(mkdirat(dir, names[i], 0700), 0);
		expect_refusal(-EINVAL, "is no regular file: remove it");
		assert_int_equal(ca_file_renew(dir, now, DAYS, error), -EISDIR);
		assert_non_null(strstr(error, "is a folder: remove it"));
		assert_int_equal(unlinkat(dir, names[i], AT_REMOVEDIR), 0);
		assert_int_equal(symlinkat("aside", dir, names[i]), 0);
		assert_int_equal(ca_file_renew(dir, now, DAYS, error), 0);
		expect_pair();
		assert_int_equal(unlinkat(dir, "aside", 0), 0);
	}
}

static void a_file_that_is_cut_anywhere_is_damaged(void **state)
{
	static const char *const names[] = { CA_FILE_KEY, CA_FILE_CERTIFICATE };
	char whole[CA_PEM_MAX];

	(void)state;
	make();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const size_t n = get(names[i], whole);

		for (size_t cut = 0; cut < n; cut++) {
			put(names[i], whole, cut);
			expect_refusal(-EINVAL, "is damaged: 'netleash ca "
						"renew'");
			if (!strstr(error, names[i]))
				fail_msg("%s at %zu: %s", names[i], cut, error);
		}
		put(names[i], whole, n);
		expect_pair();
	}
}

/* The bits of base64 that its padding leaves over mean nothing. */
static bool is_same_certificate(const char *a, const char *b)
{
	mbedtls_x509_crt x, y;
	bool same;

	mbedtls_x509_crt_init(&x);
	mbedtls_x509_crt_init(&y);
	same = mbedtls_x509_crt_parse(&x, (const unsigned char *)a,
				      strlen(a) + 1) == 0 &&
	       mbedtls_x509_crt_parse(&y, (const unsigned char *)b,
				      strlen(b) + 1) == 0 &&
	       x.raw.len == y.raw.len &&
	       memcmp(x.raw.p, y.raw.p, x.raw.len) == 0;
	mbedtls_x509_crt_free(&x);
	mbedtls_x509_crt_free(&y);
	return same;
}

/* Whitespace in a key is nothing to find fault with. */
static void a_byte_that_is_another_never_makes_another_pair(void **state)
{
	static const char *const names[] = { CA_FILE_KEY, CA_FILE_CERTIFICATE };
	static const unsigned char flips[] = { 0x01, 0x02, 0x20, 0x80, 0xff };
	char whole[CA_PEM_MAX], want[CA_PEM_MAX], got[CA_PEM_MAX];

	(void)state;
	make();
	assert_int_equal(load(want), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const size_t n = get(names[i], whole);

		for (size_t at = 0; at < n; at++) {
			const char was = whole[at];

			whole[at] = (char)(was ^ (char)flips[at % 5]);
			put(names[i], whole, n);
			whole[at] = was;
			if (load(got) < 0)
				continue;
			if (!is_same_certificate(got, want))
				fail_msg("%s: byte %zu", names[i], at);
		}
		put(names[i], whole, n);
	}
}

static void bytes_beside_the_block_are_refused(void **state)
{
	static const char *const names[] = { CA_FILE_KEY, CA_FILE_CERTIFICATE };
	char whole[CA_PEM_MAX], more[3 * CA_PEM_MAX];

	(void)state;
	make();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const size_t n = get(names[i], whole);

		memcpy(more, whole, n + 1);
		put(names[i], more, n + 1); /* a NUL */
		expect_refusal(-EINVAL, "is damaged");
		memcpy(more + n, whole, n); /* twice */
		put(names[i], more, 2 * n);
		expect_refusal(-EINVAL, "is damaged");
		(void)snprintf(more, sizeof(more), "\n%s", whole);
		put(names[i], more, n + 1);
		expect_refusal(-EINVAL, "is damaged");
		memset(more, 'x', sizeof(more));
		memcpy(more, whole, n);
		put(names[i], more, sizeof(more));
		expect_refusal(-EINVAL, "is too large");
		put(names[i], whole, n);
		expect_pair();
	}
}

static void a_key_of_another_pair_is_refused(void **state)
{
	char old_key[CA_PEM_MAX], new_key[CA_PEM_MAX], text[CA_PEM_MAX];
	size_t n;

	(void)state;
	make();
	(void)get(CA_FILE_KEY, old_key);
	assert_int_equal(ca_file_renew(dir, now, DAYS, error), 0);
	(void)get(CA_FILE_KEY, new_key);
	put(CA_FILE_KEY, old_key, strlen(old_key));
	expect_refusal(-EINVAL, "ca-key.pem is not the key of ca.pem");
	/* Which is how a renewal is left that was killed: old beside new. */
	put(CA_FILE_KEY, new_key, strlen(new_key));
	n = get(OLD, text);
	put(CA_FILE_CERTIFICATE, text, n);
	expect_refusal(-EINVAL, "'netleash ca renew' makes a new one");
	assert_int_equal(ca_file_renew(dir, now, DAYS, error), 0);
	expect_pair();
}

static void times_are_looked_at(void **state)
{
	static const struct {
		time_t made_days_ago, hours_more;
		const char *sentence;
	} cases[] = {
		{ DAYS, 0, "ca.pem has expired: 'netleash ca renew'" },
		{ 10 * DAYS, 0, "has expired" },
		{ DAYS - 1, 1,
		  "expires in less than a day: 'netleash ca "
		  "renew'" },
		{ DAYS, -1, "expires in less than a day" },
		{ -3, 0,
		  "is not valid yet: set the clock right, or 'netleash "
		  "ca renew'" },
	};
	const time_t day = DAY;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		time_t then = now - cases[i].made_days_ago * day -
			      cases[i].hours_more * 3600;

		assert_int_equal(ca_file_renew(dir, then, DAYS, error), 0);
		expect_refusal(-EINVAL, cases[i].sentence);
	}
	assert_int_equal(
		ca_file_renew(dir, now - (DAYS - 2) * day, DAYS, error), 0);
	expect_pair();
	/* Clocks differ by a day. */
	assert_int_equal(ca_file_renew(dir, now + 23 * 3600, DAYS, error), 0);
	expect_pair();
}

/* A certificate with @name and @is_ca that ca's key signs, in ca's place. */
static void put_certificate(struct ca *ca, const char *name, int is_ca,
			    mbedtls_pk_context *signer)
{
	unsigned char serial[CA_SERIAL_BYTES], pem[CA_PEM_MAX];
	mbedtls_x509write_cert w;
	char from[CA_TIME_TEXT], to[CA_TIME_TEXT];

	ca_format_time(now - DAY, from);
	ca_format_time(now + DAYS * DAY, to);
	mbedtls_x509write_crt_init(&w);
	mbedtls_x509write_crt_set_md_alg(&w, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(&w, &ca->key);
	mbedtls_x509write_crt_set_issuer_key(&w, signer);
	assert_int_equal(ca_make_serial(ca, serial), 0);
	assert_int_equal(compat_tls_set_serial(&w, serial, sizeof(serial)), 0);
	assert_int_equal(mbedtls_x509write_crt_set_subject_name(&w, name), 0);
	assert_int_equal(mbedtls_x509write_crt_set_issuer_name(&w, name), 0);
	assert_int_equal(mbedtls_x509write_crt_set_validity(&w, from, to), 0);
	assert_int_equal(
		mbedtls_x509write_crt_set_basic_constraints(&w, is_ca, 0), 0);
	assert_int_equal(mbedtls_x509write_crt_set_key_usage(
				 &w, MBEDTLS_X509_KU_KEY_CERT_SIGN),
			 0);
	assert_int_equal(mbedtls_x509write_crt_pem(&w, pem, sizeof(pem),
						   mbedtls_ctr_drbg_random,
						   &ca->rng),
			 0);
	put(CA_FILE_CERTIFICATE, (const char *)pem, strlen((const char *)pem));
	mbedtls_x509write_crt_free(&w);
}

static void a_certificate_of_another_kind_is_refused(void **state)
{
	struct ca *ca = NULL;

	(void)state;
	make();
	assert_int_equal(ca_file_load(dir, now, &ca, error), 0);
	put_certificate(ca, ca->name, 1, &ca->key);
	expect_pair();
	put_certificate(ca, ca->name, 0, &ca->key);
	expect_refusal(-EINVAL, "ca.pem is not the certificate of a CA: "
				"'netleash ca renew'");
	put_certificate(ca, "CN=netleash CA,O=Example", 1, &ca->key);
	expect_refusal(-EINVAL,
		       "was not made by netleash: 'netleash ca renew'");
	put_certificate(ca, ca->name, 1, &ca->leaf_key);
	expect_refusal(-EINVAL, "ca.pem is damaged");
	ca_free(ca);
}

static void a_renewal_keeps_the_old_certificate(void **state)
{
	char first[CA_PEM_MAX], second[CA_PEM_MAX], old[CA_PEM_MAX];

	(void)state;
	assert_int_equal(ca_file_renew(dir, now, DAYS, error), 0);
	assert_int_equal(faccessat(dir, OLD, F_OK, 0), -1);
	assert_int_equal(load(first), 0);
	for (int turn = 0; turn < 3; turn++) {
		assert_int_equal(ca_file_renew(dir, now, DAYS, error), 0);
		assert_int_equal(load(second), 0);
		assert_string_not_equal(first, second);
		(void)get(OLD, old);
		assert_string_equal(first, old);
		memcpy(first, second, sizeof(first));
	}
	assert_int_equal(mode_of(CA_FILE_KEY), S_IFREG | 0600);
	assert_int_equal(mode_of(CA_FILE_CERTIFICATE), S_IFREG | 0644);
}

/* What one that was killed has left does not stand in the way. */
static void leftovers_are_swept(void **state)
{
	static const char *const names[] = {
		".ca-key.pem.new",
		".ca.pem.new",
		".ca.pem.old.new",
	};

	(void)state;
	make();
	assert_int_equal(linkat(dir, CA_FILE_CERTIFICATE, dir, OLD, 0), 0);
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			put(names[i], "half a", 6);
		assert_int_equal(turn == 0
					 ? ca_file_make(dir, now, DAYS, error)
					 : ca_file_renew(dir, now, DAYS, error),
				 0);
		expect_pair();
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			assert_int_equal(faccessat(dir, names[i], F_OK, 0), -1);
	}
}

static void facts_need_no_key_and_no_right(void **state)
{
	struct ca_facts facts = { .from = 0 };
	char pem[CA_PEM_MAX];

	(void)state;
	assert_int_equal(ca_file_facts(dir, &facts, error), -ENOENT);
	assert_non_null(strstr(error, "netleash setup"));
	make();
	assert_int_equal(load(pem), 0);
	assert_int_equal(unlinkat(dir, CA_FILE_KEY, 0), 0);
	assert_int_equal(ca_file_facts(dir, &facts, error), 0);
	assert_string_equal(facts.pem, pem);
	assert_int_equal(
		strncmp(facts.subject, CA_NAME_PREFIX, strlen(CA_NAME_PREFIX)),
		0);
	assert_int_equal(strlen(facts.sha256), CA_FINGERPRINT_TEXT - 1);
	assert_int_equal(strspn(facts.sha256, "0123456789ABCDEF:"),
			 CA_FINGERPRINT_TEXT - 1);
	assert_int_equal(facts.from, now - CA_SKEW_SECONDS);
	assert_int_equal(facts.until, now + DAYS * DAY);
	put(CA_FILE_CERTIFICATE, pem, strlen(pem) - 1);
	assert_int_equal(ca_file_facts(dir, &facts, error), -EINVAL);
	assert_non_null(strstr(error, "ca.pem is damaged"));
}

/* In a child, with a folder and a lock of its own. */
static pid_t start(int (*change)(int, time_t, unsigned, char *), int times)
{
	pid_t pid = fork();
	int fd, r = 0;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < times && r == 0; i++)
		r = change(fd, now, DAYS, error);
	if (r < 0)
		(void)fprintf(stderr, "%s\n", error);
	_exit(r < 0);
}

static void many_makers_make_one_pair(void **state)
{
	char want[CA_PEM_MAX], got[CA_PEM_MAX];
	pid_t pids[8];

	(void)state;
	for (int turn = 0; turn < 20; turn++) {
		int status = 0;

		for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
			pids[i] = start(ca_file_make, 1);
		while (load(want) == -ENOENT)
			;
		assert_string_not_equal(want, "");
		for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_int_equal(status, 0);
		}
		assert_int_equal(load(got), 0);
		assert_string_equal(want, got);
		assert_int_equal(ca_file_remove(dir, error), 0);
	}
}

/* Who loads meanwhile waits for a whole pair. */
static void loads_beside_renewals_see_whole_pairs(void **state)
{
	pid_t pid;
	int status = 0;

	(void)state;
	make();
	pid = start(ca_file_renew, 40);
	while (waitpid(pid, &status, WNOHANG) == 0)
		expect_pair();
	assert_int_equal(status, 0);
}

static void a_renewal_may_be_killed_at_any_moment(void **state)
{
	/* A disk that others keep busy gets through fewer. */
	const uint64_t end = clock_ms() + 20000;
	unsigned good = 0, half = 0;

	(void)state;
	make();
	srand(4711);
	for (int turn = 0; turn < 150 && clock_ms() < end; turn++) {
		const struct timespec wait = { .tv_nsec = rand() % 9000000 };
		pid_t pid = start(ca_file_renew, 1000);
		int r;

		(void)nanosleep(&wait, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		r = load(NULL);
		if (r == 0) {
			good++;
			continue;
		}
		half++;
		if (r != -EINVAL || !strstr(error, "not the key") ||
		    !strstr(error, "'netleash ca renew'"))
			fail_msg("turn %d: %d %s", turn, r, error);
		assert_int_equal(ca_file_renew(dir, now, DAYS, error), 0);
		expect_pair();
	}
	print_message("killed: %u good, %u half\n", good, half);
	assert_true(good > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_pair_is_made_once_and_loaded),
		CASE(modes_do_not_depend_on_the_umask),
		CASE(what_is_loaded_signs_what_it_is_trusted_for),
		CASE(what_is_missing_is_said),
		CASE(what_others_can_touch_is_refused),
		CASE(what_is_another_users_is_refused),
		CASE(what_is_no_regular_file_is_refused),
		CASE(a_file_that_is_cut_anywhere_is_damaged),
		CASE(a_byte_that_is_another_never_makes_another_pair),
		CASE(bytes_beside_the_block_are_refused),
		CASE(a_key_of_another_pair_is_refused),
		CASE(times_are_looked_at),
		CASE(a_certificate_of_another_kind_is_refused),
		CASE(a_renewal_keeps_the_old_certificate),
		CASE(leftovers_are_swept),
		CASE(facts_need_no_key_and_no_right),
		CASE(many_makers_make_one_pair),
		CASE(loads_beside_renewals_see_whole_pairs),
		CASE(a_renewal_may_be_killed_at_any_moment),
	};

	return cmocka_run_group_tests_name("ca_file", tests, NULL, NULL);
}
