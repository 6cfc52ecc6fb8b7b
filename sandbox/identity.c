/* SPDX-License-Identifier: MIT */
/*
 * sandbox/identity.c - the two system users
 *
 * In:         the system's user database and its own tools to change it
 * Out:        netleash-offline and netleash-online, each with its own group
 * Invariants: netleash never writes /etc/passwd itself: useradd(8) knows the
 *             locks, shadow, and what the administrator configured; a user
 *             counts only after the database has shown it
 * References: useradd(8), systemd-sysusers(8), getpwnam(3)
 */
#include "sandbox/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "common/macros.h"
#include "common/scope.h"
#include "sandbox/state.h"
#include "sandbox/tool.h"

/* shadow's own words for its exit status. */
#define USERADD_NAME_IN_USE 9
#define USERDEL_NO_USER	    6
#define USERDEL_BUSY	    8

struct identity {
	const char *name, *comment, *sysusers;
};

static const struct identity identities[] = {
	{ IDENTITY_OFFLINE, "netleash without direct network",
	  "u " IDENTITY_OFFLINE " - \"netleash without direct network\"" },
	{ IDENTITY_ONLINE, "netleash with direct network",
	  "u " IDENTITY_ONLINE " - \"netleash with direct network\"" },
};

/* Return: 0, -ENOENT, -EINVAL for an account of that name that is root's. */
static int find_one(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	struct passwd entry, *found = NULL;
	char buffer[8192];
	int r;

	r = getpwnam_r(name, &entry, buffer, sizeof(buffer), &found);
	if (!found)
		return r == 0 || r == ENOENT || r == ESRCH ? -ENOENT : -r;
	if (entry.pw_uid == 0 || entry.pw_gid == 0)
		return -EINVAL;
	*ret_uid = entry.pw_uid;
	*ret_gid = entry.pw_gid;
	return 0;
}

int identity_find(struct identities *ret)
{
	struct identities found;
	int r;

	r = find_one(IDENTITY_OFFLINE, &found.offline_uid, &found.offline_gid);
	if (r == 0)
		r = find_one(IDENTITY_ONLINE, &found.online_uid,
			     &found.online_gid);
	if (r < 0)
		return r;
	/* One number for both would put the proxy itself on the leash. */
	if (found.offline_uid == found.online_uid ||
	    found.offline_gid == found.online_gid)
		return -EINVAL;
	*ret = found;
	return 0;
}

static bool group_exists(const char *name)
{
	struct group entry, *found = NULL;
	char buffer[8192];

	return getgrnam_r(name, &entry, buffer, sizeof(buffer), &found) == 0 &&
	       found;
}

static int useradd(const char *tool, const struct identity *id, char *output)
{
	static const char *const shells[] = { "/usr/sbin/nologin",
					      "/sbin/nologin", "/bin/false",
					      NULL };
	const char *shell = tool_find(shells);
	const char *argv[16] = { tool,
				 "--system",
				 "--no-create-home",
				 "--home-dir",
				 "/nonexistent",
				 "--shell",
				 shell ? shell : "/bin/false",
				 "--comment",
				 id->comment };
	size_t n = 9;

	/* useradd refuses to make a group that is there; so it may join it. */
	if (group_exists(id->name)) {
		argv[n++] = "--gid";
		argv[n++] = id->name;
	} else {
		argv[n++] = "--user-group";
	}
	argv[n++] = id->name;
	return tool_run(argv, output);
}

static int add_user(const struct identity *id, char *error)
{
	static const char *const useradds[] = { "/usr/sbin/useradd",
						"/sbin/useradd", NULL };
	static const char *const sysusers[] = { "/usr/bin/systemd-sysusers",
						"/bin/systemd-sysusers", NULL };
	char output[TOOL_OUTPUT_MAX] = "";
	const char *tool;
	int r;

	tool = tool_find(useradds);
	if (tool) {
		r = useradd(tool, id, output);
		/* Made by somebody else meanwhile: what we wanted. */
		if (r == USERADD_NAME_IN_USE)
			r = 0;
	} else {
		tool = tool_find(sysusers);
		if (!tool) {
			(void)snprintf(
				error, IDENTITY_ERROR_MAX,
				"the system user %s is missing, and "
				"neither useradd nor systemd-sysusers is "
				"there to make it: install the package "
				"'passwd'",
				id->name);
			return -ENOENT;
		}
		r = tool_run((const char *[]){ tool, "--inline", id->sysusers,
					       NULL },
			     output);
	}
	if (r == 0)
		return 0;
	(void)snprintf(error, IDENTITY_ERROR_MAX,
		       "cannot make the system user %s: %s: %s", id->name, tool,
		       r < 0 ? strerror(-r) : output);
	return r < 0 ? r : -EIO;
}

static int explain_find(int r, char *error)
{
	if (r == -EINVAL)
		(void)snprintf(
			error, IDENTITY_ERROR_MAX,
			"the users %s and %s must have a uid and a group "
			"of their own, not root's and not each other's: "
			"remove them and run 'netleash setup'",
			IDENTITY_OFFLINE, IDENTITY_ONLINE);
	else
		(void)snprintf(error, IDENTITY_ERROR_MAX,
			       "cannot look up the users %s and %s: %s",
			       IDENTITY_OFFLINE, IDENTITY_ONLINE, strerror(-r));
	return r;
}

int identity_apply(struct identities *ret, char error[IDENTITY_ERROR_MAX])
{
	AUTOCLOSE int lock_fd = -1;
	uid_t uid;
	gid_t gid;
	int r;

	r = identity_find(ret);
	if (r == 0)
		return 0;
	if (r != -ENOENT)
		return explain_find(r, error);

	r = state_lock(STATE_EXCLUSIVE, &lock_fd, error);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(identities); i++)
		if (find_one(identities[i].name, &uid, &gid) == -ENOENT)
			r = add_user(&identities[i], error);
	if (r < 0)
		return r;
	r = identity_find(ret);
	return r < 0 ? explain_find(r, error) : 0;
}

static int delete_one(const char *const *tools, const char *name, char *error)
{
	const char *tool = tool_find(tools);
	char output[TOOL_OUTPUT_MAX] = "";
	int r;

	if (!tool) {
		(void)snprintf(error, IDENTITY_ERROR_MAX,
			       "cannot remove %s: %s is not there", name,
			       tools[0]);
		return -ENOENT;
	}
	r = tool_run((const char *[]){ tool, name, NULL }, output);
	if (r == 0 || r == USERDEL_NO_USER)
		return 0;
	(void)snprintf(error, IDENTITY_ERROR_MAX, "cannot remove %s: %s: %s",
		       name, tool, r < 0 ? strerror(-r) : output);
	if (r == USERDEL_BUSY)
		return -EBUSY;
	return r < 0 ? r : -EIO;
}

int identity_revert(char error[IDENTITY_ERROR_MAX])
{
	static const char *const userdels[] = { "/usr/sbin/userdel",
						"/sbin/userdel", NULL };
	static const char *const groupdels[] = { "/usr/sbin/groupdel",
						 "/sbin/groupdel", NULL };
	uid_t uid;
	gid_t gid;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(identities); i++) {
		const char *name = identities[i].name;

		if (find_one(name, &uid, &gid) != -ENOENT)
			r = delete_one(userdels, name, error);
		/* userdel takes the group along only where so configured. */
		if (r == 0 && group_exists(name))
			r = delete_one(groupdels, name, error);
	}
	return r;
}
