/* SPDX-License-Identifier: MIT */
/*
 * sandbox/authority.c - the machine's own CA, in a folder that lasts
 */
#include "sandbox/authority.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/scope.h"
#include "proxy/proxy.h"

/* Whoever trusts it was told so by hand. */
#define DAYS 3650

static int fail(char *error, int r, const char *why)
{
	(void)snprintf(error, AUTHORITY_ERROR_MAX, "%s: %s", AUTHORITY_DIR,
		       why);
	return r;
}

static int open_dir(int *ret_fd, char *error)
{
	*ret_fd = open(AUTHORITY_DIR,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd >= 0)
		return 0;
	if (errno == ENOENT)
		return fail(error, -ENOENT,
			    "there is no CA: run 'netleash setup'");
	return fail(error, -errno, strerror(errno));
}

static int make_dir(int *ret_fd, char *error)
{
	const bool made = mkdir(AUTHORITY_DIR, 0755) == 0;
	int r;

	if (!made && errno != EEXIST)
		return fail(error, -errno, strerror(errno));
	r = open_dir(ret_fd, error);
	/* The umask of whoever started us had a say in mkdir(2). */
	if (r == 0 && made && fchmod(*ret_fd, 0755) < 0)
		r = fail(error, -errno, strerror(errno));
	return r;
}

int authority_make(char error[AUTHORITY_ERROR_MAX])
{
	AUTOCLOSE int dir_fd = -1;
	char why[CA_ERROR_MAX];
	int r = make_dir(&dir_fd, error);

	if (r < 0)
		return r;
	r = ca_file_make(dir_fd, time(NULL), DAYS, why);
	return r < 0 ? fail(error, r, why) : 0;
}

int authority_renew(char error[AUTHORITY_ERROR_MAX])
{
	AUTOCLOSE int dir_fd = -1;
	char why[CA_ERROR_MAX];
	int r = make_dir(&dir_fd, error);

	if (r < 0)
		return r;
	r = ca_file_renew(dir_fd, time(NULL), DAYS, why);
	return r < 0 ? fail(error, r, why) : 0;
}

int authority_load(struct ca **ret, char error[AUTHORITY_ERROR_MAX])
{
	AUTOCLOSE int dir_fd = -1;
	char why[CA_ERROR_MAX];
	int r = open_dir(&dir_fd, error);

	if (r < 0)
		return r;
	r = ca_file_load(dir_fd, time(NULL), ret, why);
	return r < 0 ? fail(error, r, why) : 0;
}

int authority_facts(struct ca_facts *ret, char error[AUTHORITY_ERROR_MAX])
{
	AUTOCLOSE int dir_fd = -1;
	char why[CA_ERROR_MAX];
	int r = open_dir(&dir_fd, error);

	if (r < 0)
		return r;
	r = ca_file_facts(dir_fd, ret, why);
	return r < 0 ? fail(error, r, why) : 0;
}

int authority_remove(char error[AUTHORITY_ERROR_MAX])
{
	AUTOCLOSE int dir_fd = -1;
	char why[CA_ERROR_MAX];
	int r = open_dir(&dir_fd, error);

	if (r == -ENOENT)
		return 0;
	if (r == 0) {
		r = ca_file_remove(dir_fd, why);
		if (r < 0)
			(void)fail(error, r, why);
	}
	if (r == 0 && rmdir(AUTHORITY_DIR) < 0 && errno != ENOTEMPTY &&
	    errno != EEXIST && errno != ENOENT)
		r = fail(error, -errno, strerror(errno));
	return r;
}
