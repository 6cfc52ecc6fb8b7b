/* SPDX-License-Identifier: MIT */
/*
 * sandbox/preset.c - find and read a preset
 *
 * In:         a name that the conf has checked: a-z, 0-9 and '-' only
 * Out:        the text of its file, or the rule that a tool's answer makes
 * Invariants: what is read widens a leash, so the file must belong to someone
 *             who could change the program, the conf or the caller's files
 *             anyway, and nobody else may write to it
 */
#include "sandbox/preset.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/scope.h"
#include "sandbox/identity.h"
#include "sandbox/preset_npm.h"

#define PRESET_BYTES_MAX (1u << 20)

/* ".../bin/netleash" to ".../share/netleash/presets"; "" if it is unknown. */
static void folder_beside_program(char ret[PATH_MAX])
{
	static const char tail[] = "/share/netleash/presets";
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	ret[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(ret, '/');

		if (!slash) {
			ret[0] = '\0';
			return;
		}
		*slash = '\0';
	}
	if (strlen(ret) + sizeof(tail) > PATH_MAX)
		ret[0] = '\0';
	else
		memcpy(ret + strlen(ret), tail, sizeof(tail));
}

/* Root's policy is not the business of whoever set root's environment. */
static const char *folder_of_environment(void)
{
	const char *folder;

	if (geteuid() == 0)
		return NULL;
	folder = secure_getenv("NETLEASH_PRESET_DIR");
	return folder && folder[0] == '/' ? folder : NULL;
}

static bool is_trusted(const struct stat *file, const struct caller *caller)
{
	struct stat program;

	if (!S_ISREG(file->st_mode) || (file->st_mode & S_IWOTH))
		return false;
	if (file->st_uid == 0 || file->st_uid == geteuid() ||
	    file->st_uid == caller->uid)
		return true;
	return stat("/proc/self/exe", &program) == 0 &&
	       file->st_uid == program.st_uid;
}

/* Return: 0; -ENOENT: not in this folder; -errno with a sentence. */
static int read_from(const char *folder, const char *name,
		     const struct caller *caller, char **ret_text,
		     size_t *ret_len, char **ret_source, char *error)
{
	AUTOFREE char *path = NULL;
	AUTOCLOSE int fd = -1;
	struct stat st;
	int r;

	if (asprintf(&path, "%s/%s.conf", folder, name) < 0) {
		path = NULL; /* undefined after a failure */
		return -ENOMEM;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0) {
		r = -errno;
		snprintf(error, RULE_ERROR_MAX, "%.200s cannot be read: %s",
			 path, strerror(-r));
		return r;
	}
	if (!is_trusted(&st, caller)) {
		snprintf(error, RULE_ERROR_MAX,
			 "%.200s is not a regular file that only root or you "
			 "can write to",
			 path);
		return -EACCES;
	}
	r = fd_read_all(fd, PRESET_BYTES_MAX, ret_text, ret_len);
	if (r < 0) {
		snprintf(error, RULE_ERROR_MAX, "%.200s cannot be read: %s",
			 path, strerror(-r));
		return r;
	}
	*ret_source = path;
	path = NULL;
	return 0;
}

static int load_file(const struct caller *caller, const char *name,
		     char **ret_text, size_t *ret_len, char **ret_source,
		     char *error)
{
	const char *folders[2] = { NETLEASH_PRESET_DIR, NULL };
	char beside[PATH_MAX];
	int r = -ENOENT;

	folders[1] = folders[0];
	folder_beside_program(beside);
	if (beside[0] != '\0')
		folders[0] = beside;
	if (folder_of_environment())
		folders[0] = folders[1] = folder_of_environment();
	for (size_t i = 0; i < 2 && r == -ENOENT; i++)
		r = read_from(folders[i], name, caller, ret_text, ret_len,
			      ret_source, error);
	if (r == -ENOENT)
		snprintf(error, RULE_ERROR_MAX,
			 "there is no such preset: no '%s.conf' in %.200s",
			 name, folders[1]);
	return r;
}

static int load_npm(const struct caller *caller, char **ret_text,
		    size_t *ret_len, char **ret_source, char *error)
{
	const struct npm_asker asker = {
		.path = NPM_TRUSTED_PATH,
		.uid = caller->uid,
		.gid = caller->gid,
		.home = caller->home,
		.limit_ms = NPM_LIMIT_MS,
	};
	char *source;
	int r;

	source = strdup("preset npm");
	if (!source)
		return -ENOMEM;
	r = npm_registry_rule(&asker, ret_text, error);
	if (r < 0) {
		free(source);
		return r;
	}
	*ret_len = strlen(*ret_text);
	*ret_source = source;
	return 0;
}

int preset_load(void *arg, const char *name, char **ret_text, size_t *ret_len,
		char **ret_source, char error[RULE_ERROR_MAX])
{
	const struct caller *caller = arg;

	if (strcmp(name, "npm") == 0)
		return load_npm(caller, ret_text, ret_len, ret_source, error);
	return load_file(caller, name, ret_text, ret_len, ret_source, error);
}
