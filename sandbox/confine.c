/* SPDX-License-Identifier: MIT */
/*
 * sandbox/confine.c - shedding privilege, in numbered stages
 *
 * In:  a process with whatever privilege it was started with
 * Out: a process that has none and cannot get any back
 *
 * Every step is checked, and what it did is read back from the kernel: a
 * step that silently did nothing is the classic way to keep root.
 *
 * References: capabilities(7), setresuid(2), prctl(2), credentials(7).
 */
#include "sandbox/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sandbox/syscalls.h"

/*
 * Without the right to do so (CAP_SETPCAP) the set stays: no_new_privs and a
 * uid that is not root make it void, and @required is false only then.
 */
static int empty_bounding_set(bool required)
{
	for (unsigned long cap = 0;; cap++) {
		int r = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (r < 0) /* past the last capability of this kernel */
			return errno == EINVAL && cap > 0 ? 0 : -errno;
		if (r == 0)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			if (errno == EPERM && !required)
				return 0;
			return -errno;
		}
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 0)
			return -ENOTRECOVERABLE;
	}
}

static int clear_ambient_set(void)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static int leave_groups(void)
{
	if (setgroups(0, NULL) < 0)
		return -errno;
	return getgroups(0, NULL) == 0 ? 0 : -ENOTRECOVERABLE;
}

static int change_gid(gid_t gid)
{
	gid_t real, effective, saved;

	if (setresgid(gid, gid, gid) < 0 ||
	    getresgid(&real, &effective, &saved) < 0)
		return -errno;
	return real == gid && effective == gid && saved == gid
		       ? 0
		       : -ENOTRECOVERABLE;
}

static int change_uid(uid_t uid)
{
	uid_t real, effective, saved;

	if (setresuid(uid, uid, uid) < 0 ||
	    getresuid(&real, &effective, &saved) < 0)
		return -errno;
	return real == uid && effective == uid && saved == uid
		       ? 0
		       : -ENOTRECOVERABLE;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capset, &head, caps) < 0 ||
	    syscall(SYS_capget, &head, caps) < 0)
		return -errno;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (caps[i].effective | caps[i].permitted | caps[i].inheritable)
			return -ENOTRECOVERABLE;
	return 0;
}

static int set_no_new_privs(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0
							   : -ENOTRECOVERABLE;
}

/*
 * A core file would hold what CMD must not read, or be written where CMD
 * chooses. A limit of 0 stops files but not a handler that core_pattern pipes
 * to; 1 stops both, see core(5). A caller's own 0 cannot be raised by all.
 */
static int forbid_core_files(void)
{
	struct rlimit none;

	if (getrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	if (none.rlim_max > 1)
		none.rlim_max = 1;
	none.rlim_cur = none.rlim_max;
	return setrlimit(RLIMIT_CORE, &none) < 0 ? -errno : 0;
}

/* No process of the same uid can trace or read us, nor our /proc entry. */
static int set_not_dumpable(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -ENOTRECOVERABLE;
}

/* Never above what is there: the caller may have a lower limit of its own. */
static int limit_processes(unsigned nproc)
{
	struct rlimit limit;

	if (nproc == 0)
		return 0;
	if (getrlimit(RLIMIT_NPROC, &limit) < 0)
		return -errno;
	if (limit.rlim_max > nproc)
		limit.rlim_max = nproc;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NPROC, &limit) < 0 ? -errno : 0;
}

/*
 * `echo >/dev/stderr` opens the pipe on descriptor 2 anew, by its mode, and
 * the caller made it 0600. A pipe without a name can only be reached through
 * the descriptors of those who hold it, so a wider mode, in the direction that
 * CMD has, gives it to nobody else. Named pipes, files and terminals are not
 * ours to change.
 */
static void share_pipes(void)
{
	struct statfs fs;
	struct stat st;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		const int how = fcntl(fd, F_GETFL) & O_ACCMODE;
		mode_t more = 0;

		if (fstatfs(fd, &fs) < 0 || fs.f_type != PIPEFS_MAGIC ||
		    fstat(fd, &st) < 0)
			continue;
		if (how != O_WRONLY)
			more |= S_IROTH;
		if (how != O_RDONLY)
			more |= S_IWOTH;
		/* A pipe of others' stays as it is. */
		(void)fchmod(fd, (st.st_mode & 07777) | more);
	}
}

/* Names the step that is about to run, so that a failure can be told. */
#define STEP(name, call)                                                       \
	do {                                                                   \
		*ret_step = name;                                              \
		r = (call);                                                    \
		if (r < 0)                                                     \
			return r;                                              \
	} while (0)

/* What both stages share, in this order: the bounding set needs the root that
 * the ids give up, and the groups need it too. */
static int shed(bool change_ids, uid_t uid, gid_t gid, const char **ret_step)
{
	int r;

	STEP("empty the bounding set", empty_bounding_set(change_ids));
	STEP("clear the ambient set", clear_ambient_set());
	STEP("forbid core files", forbid_core_files());
	if (change_ids) {
		STEP("leave all groups", leave_groups());
		STEP("change the group id", change_gid(gid));
		STEP("change the user id", change_uid(uid));
	}
	STEP("drop all capabilities", drop_capabilities());
	STEP("set no_new_privs", set_no_new_privs());
	return 0;
}

int confine_proxy(uid_t uid, gid_t gid, bool change_ids, const char **ret_step)
{
	int r = shed(change_ids, uid, gid, ret_step);

	if (r < 0)
		return r;
	STEP("forbid tracing", set_not_dumpable());
	STEP("load the proxy's system call filter", syscalls_apply_proxy());
	return 0;
}

int confine_command(const struct confine_command_opts *opts,
		    const char **ret_step)
{
	int r;

	STEP("limit processes", limit_processes(opts->nproc));
	if (opts->change_ids)
		share_pipes();
	return shed(opts->change_ids, opts->uid, opts->gid, ret_step);
}
