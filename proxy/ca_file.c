/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_file.c - an authority that is kept in two files
 *
 * In:         a folder
 * Out:        the two files, whole; or a struct ca; or a sentence
 * Steps:      of a change: the lock; what a dead one left goes; each file whole
 *             and on the disk under a name of its own; then the names, the
 *             key's first; then the folder on the disk
 * Invariants: a name always stands for a whole file; make never replaces one;
 *             whoever is killed leaves a pair that is good, or one that is said
 *             to be half done; a key in memory is wiped before it is given back
 * References: open(2), linkat(2), rename(2), flock(2), fsync(2)
 */
#include "proxy/ca_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fdio.h"
#include "common/macros.h"
#include "proxy/ca_priv.h"

#define KEY	CA_FILE_KEY
#define CRT	CA_FILE_CERTIFICATE
#define OLD	"ca.pem.old"
#define LOCK	"ca.lock"
#define NEW_KEY ".ca-key.pem.new"
#define NEW_CRT ".ca.pem.new"
#define NEW_OLD ".ca.pem.old.new"

#define LOCK_WAIT_MS 10000

#define RENEW "'netleash ca renew' makes a new one"

PRINTF_LIKE(3, 4)
static int fail(char *error, int r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(error, CA_ERROR_MAX, fmt, ap);
	va_end(ap);
	return r;
}

static int fail_errno(char *error, int r, const char *name)
{
	return fail(error, r, "%s: %s", name, strerror(-r));
}

/* Who could write here could put a pair of his own into the place of ours. */
static int check_dir(int dir_fd, uid_t *ret_owner, char *error)
{
	struct stat st;

	if (fstat(dir_fd, &st) < 0)
		return fail_errno(error, -errno, "the folder");
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(error, -EPERM,
			    "others can write the folder: 'chmod go-w' it, "
			    "and " RENEW " in case they have");
	*ret_owner = st.st_uid;
	return 0;
}

static int check_ours(int dir_fd, char *error)
{
	uid_t owner = 0;
	int r = check_dir(dir_fd, &owner, error);

	if (r == 0 && owner != geteuid())
		return fail(error, -EPERM,
			    "the folder belongs to uid %u: use sudo, or "
			    "'chown' it",
			    (unsigned)owner);
	return r;
}

static bool is_there(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- reading ------------------------------------------------------------- */

/* @kept_from: what others must not have. */
static int check_file(int fd, const char *name, mode_t kept_from, uid_t owner,
		      char *error)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail_errno(error, -errno, name);
	if (!S_ISREG(st.st_mode))
		return fail(error, -EINVAL,
			    "%s is no regular file: remove it; " RENEW, name);
	if (st.st_uid != owner)
		return fail(error, -EPERM,
			    "%s belongs to uid %u: 'chown' it if nobody else "
			    "has had it, else " RENEW,
			    name, (unsigned)st.st_uid);
	if (st.st_mode & kept_from)
		return fail(error, -EPERM,
			    "others can %s %s (mode %04o): 'chmod %03o' it if "
			    "nobody has, else " RENEW,
			    kept_from & S_IRGRP ? "read or write" : "write",
			    name, (unsigned)st.st_mode & 07777u,
			    (unsigned)(0666 & ~kept_from));
	return 0;
}

/* Return: 0 with @n bytes and a NUL; -EFBIG. */
static int read_whole(int fd, char *buf, size_t size, size_t *ret_n)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, buf + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0) {
			buf[n] = '\0';
			*ret_n = n;
			return 0;
		}
		n += (size_t)got;
	}
	return -EFBIG;
}

/* -ENOENT has no sentence: what it means depends on the other file. */
static int read_file(int dir_fd, const char *name, mode_t kept_from,
		     uid_t owner, char *buf, size_t size, size_t *ret_n,
		     char *error)
{
	int r, fd = openat(dir_fd, name,
			   O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
				   O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 && errno == ELOOP)
		return fail(error, -EINVAL, "%s is a link: " RENEW, name);
	if (fd < 0 && errno == ENXIO)
		return fail(error, -EINVAL,
			    "%s is no regular file: remove it; " RENEW, name);
	if (fd < 0)
		return fail_errno(error, -errno, name);
	r = check_file(fd, name, kept_from, owner, error);
	if (r == 0) {
		r = read_whole(fd, buf, size, ret_n);
		if (r == -EFBIG)
			r = fail(error, -EINVAL,
				 "%s is too large, and so damaged: " RENEW,
				 name);
		else if (r < 0)
			(void)fail_errno(error, r, name);
	}
	(void)close(fd);
	return r;
}

/* One of them, or both, could not be found. */
static int say_missing(bool key, bool crt, char *error)
{
	if (key && crt)
		return fail(error, -ENOENT,
			    "there is no CA: run 'netleash setup'");
	return fail(error, -EINVAL, "%s is missing beside %s: " RENEW,
		    key ? KEY : CRT, key ? CRT : KEY);
}

/* With the lock, or where there is none. */
static int load(int dir_fd, time_t now, struct ca **ret, char *error)
{
	char key[CA_KEY_MAX], pem[CA_PEM_MAX];
	size_t key_n = 0, pem_n = 0;
	const uid_t owner = geteuid();
	int r, missing;

	r = read_file(dir_fd, KEY, S_IRWXG | S_IRWXO, owner, key, sizeof(key),
		      &key_n, error);
	missing = r;
	if (r == 0 || r == -ENOENT)
		r = read_file(dir_fd, CRT, S_IWGRP | S_IWOTH, owner, pem,
			      sizeof(pem), &pem_n, error);
	if (r == -ENOENT || (r == 0 && missing == -ENOENT))
		r = say_missing(missing == -ENOENT, r == -ENOENT, error);
	if (r == 0) {
		r = ca_pair_parse(key, key_n, pem, pem_n, now, ret, error);
		if (r < 0 && r != -EINVAL)
			(void)fail_errno(error, r, "the CA");
	}
	explicit_bzero(key, sizeof(key));
	return r;
}

/* --- the lock ------------------------------------------------------------ */

/* Polled: a holder that was stopped must not hang every later one. */
static int wait_for_lock(int fd, int how, char *error)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	const uint64_t deadline = clock_ms() + LOCK_WAIT_MS;

	while (flock(fd, how | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_errno(error, -errno, LOCK);
		if (clock_ms() >= deadline)
			return fail(error, -EBUSY,
				    LOCK " is held by another netleash for "
					 "too long: see fuser(1) for which");
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

static int lock(int dir_fd, int flags, int how, int *ret_fd, char *error)
{
	int r, fd = openat(dir_fd, LOCK,
			   flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

	if (fd < 0)
		return fail_errno(error, -errno, LOCK);
	r = wait_for_lock(fd, how, error);
	if (r < 0)
		(void)close(fd);
	else
		*ret_fd = fd;
	return r;
}

/* Return: as load(); *@ret_locked: nobody was changing it meanwhile. */
static int load_locked(int dir_fd, time_t now, struct ca **ret,
		       bool *ret_locked, char *error)
{
	int r, lock_fd = -1;

	r = lock(dir_fd, O_RDONLY, LOCK_SH, &lock_fd, error);
	*ret_locked = r != -ENOENT;
	/* Nobody has ever made one here; the files may be a copy's. */
	if (r == 0 || r == -ENOENT)
		r = load(dir_fd, now, ret, error);
	if (lock_fd >= 0)
		(void)close(lock_fd);
	return r;
}

int ca_file_load(int dir_fd, time_t now, struct ca **ret,
		 char ret_error[CA_ERROR_MAX])
{
	bool locked = true;
	int r;

	r = check_ours(dir_fd, ret_error);
	if (r == 0)
		r = load_locked(dir_fd, now, ret, &locked, ret_error);
	/* The first that ever was may have been half done. */
	if (r < 0 && !locked && is_there(dir_fd, LOCK))
		r = load_locked(dir_fd, now, ret, &locked, ret_error);
	return r;
}

/* --- writing ------------------------------------------------------------- */

static int write_file(int dir_fd, const char *name, mode_t mode,
		      const char *text, char *error)
{
	int r, fd = openat(dir_fd, name,
			   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			   0600);

	if (fd < 0)
		return fail_errno(error, -errno, name);
	r = fd_write_all(fd, text, strlen(text));
	/* Before it has its name, whatever the umask says. */
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r < 0 ? fail_errno(error, r, name) : 0;
}

/* With the lock: whose they were is dead. */
static void remove_new(int dir_fd)
{
	(void)unlinkat(dir_fd, NEW_KEY, 0);
	(void)unlinkat(dir_fd, NEW_CRT, 0);
	(void)unlinkat(dir_fd, NEW_OLD, 0);
}

/* Both files whole, under their new names. */
static int write_new(int dir_fd, time_t now, unsigned days, char *error)
{
	unsigned char key[CA_KEY_MAX];
	struct ca *ca = NULL;
	int r = ca_new(now, days, &ca);

	if (r == 0 && mbedtls_pk_write_key_pem(&ca->key, key, sizeof(key)) != 0)
		r = -EIO;
	if (r < 0)
		(void)fail_errno(error, r, "a key cannot be made");
	if (r == 0)
		r = write_file(dir_fd, NEW_KEY, 0600, (const char *)key, error);
	if (r == 0)
		r = write_file(dir_fd, NEW_CRT, 0644, ca_pem(ca), error);
	explicit_bzero(key, sizeof(key));
	ca_free(ca);
	return r;
}

static int sync_dir(int dir_fd, char *error)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return fail_errno(error, -errno, "the folder");
	r = fsync(fd) < 0 ? -errno : 0;
	(void)close(fd);
	return r < 0 ? fail_errno(error, r, "the folder") : 0;
}

/* Never in the place of another. */
static int name_first(int dir_fd, const char *from, const char *to, char *error)
{
	if (linkat(dir_fd, from, dir_fd, to, 0) < 0)
		return fail_errno(error, -errno, to);
	return 0;
}

static int name_again(int dir_fd, const char *from, const char *to, char *error)
{
	int r;

	if (renameat(dir_fd, from, dir_fd, to) == 0)
		return 0;
	r = -errno;
	if (r == -EISDIR)
		return fail(error, r, "%s is a folder: remove it", to);
	return fail_errno(error, r, to);
}

/* A certificate that was trusted somewhere is kept, for who must find out. */
static int keep_old(int dir_fd, char *error)
{
	struct stat st;
	int r;

	if (fstatat(dir_fd, CRT, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return 0;
	r = name_first(dir_fd, CRT, NEW_OLD, error);
	if (r == 0)
		r = name_again(dir_fd, NEW_OLD, OLD, error);
	return r;
}

static int make(int dir_fd, time_t now, unsigned days, char *error)
{
	int r = write_new(dir_fd, now, days, error);

	if (r == 0)
		r = name_first(dir_fd, NEW_KEY, KEY, error);
	if (r == 0)
		r = name_first(dir_fd, NEW_CRT, CRT, error);
	remove_new(dir_fd);
	return r == 0 ? sync_dir(dir_fd, error) : r;
}

/* Nobody else changes anything from here on, and nothing half-made is left. */
static int begin_change(int dir_fd, int *ret_lock, char *error)
{
	int r = check_ours(dir_fd, error);

	if (r == 0)
		r = lock(dir_fd, O_RDWR | O_CREAT, LOCK_EX, ret_lock, error);
	if (r == 0)
		remove_new(dir_fd);
	return r;
}

int ca_file_make(int dir_fd, time_t now, unsigned days,
		 char ret_error[CA_ERROR_MAX])
{
	struct ca *there = NULL;
	int r, lock_fd = -1;

	r = begin_change(dir_fd, &lock_fd, ret_error);
	if (r < 0)
		return r;
	if (is_there(dir_fd, KEY) || is_there(dir_fd, CRT))
		r = load(dir_fd, now, &there, ret_error);
	else
		r = make(dir_fd, now, days, ret_error);
	ca_free(there);
	(void)close(lock_fd);
	return r;
}

int ca_file_renew(int dir_fd, time_t now, unsigned days,
		  char ret_error[CA_ERROR_MAX])
{
	int r, lock_fd = -1;

	r = begin_change(dir_fd, &lock_fd, ret_error);
	if (r < 0)
		return r;
	r = write_new(dir_fd, now, days, ret_error);
	if (r == 0)
		r = keep_old(dir_fd, ret_error);
	if (r == 0)
		r = name_again(dir_fd, NEW_KEY, KEY, ret_error);
	/* From here to the next line it is half done, and says so. */
	if (r == 0)
		r = name_again(dir_fd, NEW_CRT, CRT, ret_error);
	remove_new(dir_fd);
	if (r == 0)
		r = sync_dir(dir_fd, ret_error);
	(void)close(lock_fd);
	return r;
}

int ca_file_remove(int dir_fd, char ret_error[CA_ERROR_MAX])
{
	static const char *const names[] = { KEY, CRT, OLD, LOCK };

	remove_new(dir_fd);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (unlinkat(dir_fd, names[i], 0) < 0 && errno != ENOENT)
			return fail_errno(ret_error, -errno, names[i]);
	return 0;
}

/* --- what it says -------------------------------------------------------- */

static int fingerprint(const mbedtls_x509_crt *crt,
		       char ret[CA_FINGERPRINT_TEXT])
{
	unsigned char hash[32];
	int r = mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
			   crt->raw.p, crt->raw.len, hash);

	for (size_t i = 0; i < sizeof(hash); i++)
		(void)snprintf(ret + 3 * i, 4, "%02X:", hash[i]);
	ret[CA_FINGERPRINT_TEXT - 1] = '\0'; /* the last colon */
	return r == 0 ? 0 : -EIO;
}

int ca_file_facts(int dir_fd, struct ca_facts *ret,
		  char ret_error[CA_ERROR_MAX])
{
	struct ca_facts facts = { .from = 0 };
	mbedtls_x509_crt crt;
	uid_t owner = 0;
	size_t n = 0;
	int r;

	r = check_dir(dir_fd, &owner, ret_error);
	if (r == 0)
		r = read_file(dir_fd, CRT, S_IWGRP | S_IWOTH, owner, facts.pem,
			      sizeof(facts.pem), &n, ret_error);
	if (r == -ENOENT)
		return say_missing(true, true, ret_error);
	if (r < 0)
		return r;
	mbedtls_x509_crt_init(&crt);
	if (!compat_tls_init() || !ca_pair_parse_crt(facts.pem, n, &crt) ||
	    mbedtls_x509_dn_gets(facts.subject, sizeof(facts.subject),
				 &crt.subject) < 0 ||
	    fingerprint(&crt, facts.sha256) < 0) {
		r = fail(ret_error, -EINVAL, CRT " is damaged: " RENEW);
	} else {
		facts.from = ca_time(&crt.valid_from);
		facts.until = ca_time(&crt.valid_to);
		*ret = facts;
	}
	mbedtls_x509_crt_free(&crt);
	return r;
}
