/* SPDX-License-Identifier: MIT */
/*
 * sandbox/cgroup_find.c - where cgroup2 is mounted
 *
 * Looked up anew each time, because a mount namespace of our own may show
 * another tree than the one before; the usual places cost one statfs(2).
 * References: proc(5) on mountinfo, cgroups(7) on hybrid layouts
 */
#include "sandbox/cgroup.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/vfs.h>

#include "common/fdio.h"
#include "common/macros.h"
#include "common/scope.h"

#define STANDARD_PATH	"/sys/fs/cgroup"
#define HYBRID_PATH	"/sys/fs/cgroup/unified"
#define MOUNTINFO_MAX	(8u * 1024 * 1024)
#define MOUNT_POINT_MAX 256

static bool is_cgroup2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/*
 * The mount point of a mountinfo line of type cgroup2, unescaped or not at
 * all: a path with blanks in it (written \040) is passed over.
 */
static bool read_mount_point(const char *line, size_t n, char *ret, size_t size)
{
	const char *end = line + n, *type, *s = line;
	size_t len;

	type = memmem(line, n, " - cgroup2 ", 11);
	if (!type)
		return false;
	for (int i = 0; i < 4; i++) { /* id, parent, device, root */
		s = memchr(s, ' ', (size_t)(end - s));
		if (!s)
			return false;
		s++;
	}
	len = strcspn(s, " ");
	if (s > type || len >= size || memchr(s, '\\', len))
		return false;
	memcpy(ret, s, len);
	ret[len] = '\0';
	return true;
}

static bool find_elsewhere(char *ret, size_t size)
{
	AUTOFREE char *text = NULL;
	size_t len;

	if (fd_read_file("/proc/self/mountinfo", MOUNTINFO_MAX, &text, &len) <
	    0)
		return false;
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		if (read_mount_point(line, n, ret, size) && is_cgroup2(ret))
			return true;
		line += n;
		line += *line == '\n';
	}
	return false;
}

int cgroup_find(const char **ret_path, char error[CGROUP_ERROR_MAX])
{
	static const char *const usual[] = { STANDARD_PATH, HYBRID_PATH };
	static char elsewhere[MOUNT_POINT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (is_cgroup2(usual[i])) {
			*ret_path = usual[i];
			return 0;
		}
	if (find_elsewhere(elsewhere, sizeof(elsewhere))) {
		*ret_path = elsewhere;
		return 0;
	}
	(void)snprintf(error, CGROUP_ERROR_MAX,
		       "cgroup2 is not mounted: the firewall cannot tell a "
		       "run's packets without it; mount it (mount -t cgroup2 "
		       "none " STANDARD_PATH "), or use --isolation netns");
	return -ENOENT;
}
