/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_identity.c - the users, the caller, the block of run uids
 *
 * Users are made by the system's own tools in a copy of /etc.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>
#include <grp.h>
#include <pwd.h>

#include "sandbox/identity.h"
#include "world.h"

#define FIRST 60600u
#define LAST  60855u

static char error[IDENTITY_ERROR_MAX];

static void append(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	close(fd);
}

static void the_users_come_and_go(void **state)
{
	struct identities ids, again;
	const struct passwd *pw;

	(void)state;
	assert_int_equal(identity_revert(error), 0);
	assert_int_equal(identity_find(&ids), -ENOENT);
	if (identity_apply(&ids, error) < 0)
		fail_msg("%s", error);
	assert_int_equal(identity_apply(&again, error), 0);
	assert_memory_equal(&ids, &again, sizeof(ids));
	assert_true(ids.offline_uid != 0 && ids.online_uid != 0);
	assert_int_not_equal(ids.offline_uid, ids.online_uid);
	assert_int_not_equal(ids.offline_gid, ids.online_gid);

	pw = getpwnam(IDENTITY_OFFLINE);
	assert_non_null(pw);
	assert_string_equal(pw->pw_dir, "/nonexistent");
	assert_non_null(strstr(pw->pw_shell, "nologin"));
	assert_int_equal(getgrnam(IDENTITY_OFFLINE)->gr_gid, pw->pw_gid);

	assert_int_equal(identity_revert(error), 0);
	assert_int_equal(identity_revert(error), 0);
	assert_null(getpwnam(IDENTITY_OFFLINE));
	assert_null(getgrnam(IDENTITY_ONLINE));
}

static void a_group_that_is_left_over_is_used(void **state)
{
	struct identities ids;

	(void)state;
	assert_int_equal(world_sh("groupadd --system netleash-online", ""), 0);
	if (identity_apply(&ids, error) < 0)
		fail_msg("%s", error);
	assert_int_equal(getgrnam(IDENTITY_ONLINE)->gr_gid, ids.online_gid);
	assert_int_equal(identity_revert(error), 0);
}

static void many_at_once_all_succeed(void **state)
{
	pid_t pids[6];
	int status;

	(void)state;
	for (int i = 0; i < 6; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct identities ids;

			_exit(identity_apply(&ids, error) < 0);
		}
	}
	for (int i = 0; i < 6; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(identity_revert(error), 0);
}

static void a_user_that_is_root_is_refused(void **state)
{
	struct identities ids;

	(void)state;
	assert_int_equal(world_sh("cp -a /etc/passwd /etc/passwd.saved", ""),
			 0);
	append("/etc/passwd", IDENTITY_OFFLINE ":x:0:0::/:/bin/sh\n");
	assert_int_equal(identity_apply(&ids, error), -EINVAL);
	assert_non_null(strstr(error, "not root's"));
	assert_int_equal(world_sh("mv /etc/passwd.saved /etc/passwd", ""), 0);
}

static void two_users_of_one_uid_are_refused(void **state)
{
	struct identities ids;

	(void)state;
	assert_int_equal(world_sh("cp -a /etc/passwd /etc/passwd.saved", ""),
			 0);
	append("/etc/passwd", IDENTITY_OFFLINE ":x:977:977::/:/bin/false\n");
	append("/etc/passwd", IDENTITY_ONLINE ":x:977:976::/:/bin/false\n");
	assert_int_equal(identity_find(&ids), -EINVAL);
	assert_int_equal(world_sh("mv /etc/passwd.saved /etc/passwd", ""), 0);
}

static void a_read_only_etc_is_said(void **state)
{
	struct identities ids;

	(void)state;
	assert_int_equal(mount(NULL, "/etc", NULL,
			       MS_REMOUNT | MS_BIND | MS_RDONLY, NULL),
			 0);
	assert_int_equal(identity_apply(&ids, error), -EIO);
	assert_non_null(strstr(error, IDENTITY_OFFLINE));
	assert_non_null(strstr(error, "useradd"));
	assert_int_equal(mount(NULL, "/etc", NULL, MS_REMOUNT | MS_BIND, NULL),
			 0);
}

static void hide(const char *path)
{
	if (access(path, F_OK) == 0)
		assert_int_equal(mount("/dev/null", path, NULL, MS_BIND, NULL),
				 0);
}

/* Hides the tools for good: last. */
static void without_useradd_sysusers_does_it_or_it_says_so(void **state)
{
	bool sysusers = access("/usr/bin/systemd-sysusers", X_OK) == 0;
	struct identities ids;

	(void)state;
	hide("/usr/sbin/useradd");
	if (sysusers) {
		if (identity_apply(&ids, error) < 0)
			fail_msg("%s", error);
		assert_int_equal(identity_revert(error), 0);
		hide("/usr/bin/systemd-sysusers");
	}
	assert_int_equal(identity_apply(&ids, error), -ENOENT);
	assert_non_null(strstr(error, "install the package"));
}

static void the_block_must_be_free_and_whole(void **state)
{
	(void)state;
	if (identity_check_block(FIRST, LAST, error) < 0)
		fail_msg("%s", error);
	assert_int_equal(identity_check_block(FIRST, LAST - 1, error), -EINVAL);
	assert_int_equal(identity_check_block(FIRST, FIRST - 1, error),
			 -EINVAL);
	assert_int_equal(identity_check_block(100, 355, error), -EINVAL);
	assert_int_equal(identity_check_block(60929, 61184, error), -EINVAL);
	assert_non_null(strstr(error, "61184"));
	assert_int_equal(identity_check_block(60928, 61183, error), 0);
	assert_int_equal(identity_check_block(65535, 65790, error), -EINVAL);
	assert_int_equal(
		identity_check_block(UINT32_MAX - 255, UINT32_MAX, error),
		-EINVAL);
}

static const struct {
	const char *path, *line;
	bool in_the_way;
} claims[] = {
	{ "/etc/passwd", "bob:x:60600:100::/:/bin/sh\n", true },
	{ "/etc/passwd", "bob:x:60855:100::/:/bin/sh\n", true },
	{ "/etc/passwd", "bob:x:60599:100::/:/bin/sh\n", false },
	{ "/etc/passwd", "bob:x:60856:100::/:/bin/sh\n", false },
	{ "/etc/passwd", "bob:x:1000:60700::/:/bin/sh\n", true },
	{ "/etc/passwd", "60700:60700:x\n", false },
	{ "/etc/passwd", "bob:x:60600", true },
	{ "/etc/passwd", "bob:x:60600x:1::/:\n", false },
	{ "/etc/passwd", "+::::::\n", false },
	{ "/etc/group", "staff:x:60700:\n", true },
	{ "/etc/group", "staff:x:60900:\n", false },
	{ "/etc/subuid", "bob:60000:601\n", true },
	{ "/etc/subuid", "bob:60000:600\n", false },
	{ "/etc/subuid", "bob:60856:65536\n", false },
	{ "/etc/subuid", "bob:100:4294967295\n", true },
	{ "/etc/subuid", "bob:60600\n", false },
	{ "/etc/subuid", "bob:60600:0\n", false },
	{ "/etc/subgid", "bob:60855:1\n", true },
};

static void whoever_claims_an_id_of_the_block_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
		char keep[300];
		int r;

		(void)snprintf(keep, sizeof(keep),
			       "cp -a %s /run/kept || : >/run/kept",
			       claims[i].path);
		assert_int_equal(world_sh(keep, ""), 0);
		append(claims[i].path, claims[i].line);
		r = identity_check_block(FIRST, LAST, error);
		if (r != (claims[i].in_the_way ? -EINVAL : 0))
			fail_msg("%s in %s: %d", claims[i].line, claims[i].path,
				 r);
		if (claims[i].in_the_way)
			assert_non_null(strstr(error, claims[i].path));
		assert_int_equal(
			world_sh("cat /run/kept >\"$1\"", claims[i].path), 0);
	}
}

static void absent_files_claim_nothing(void **state)
{
	(void)state;
	(void)unlink("/etc/subuid");
	(void)unlink("/etc/subgid");
	assert_int_equal(identity_check_block(FIRST, LAST, error), 0);
}

static const struct {
	const char *uid, *gid;
	int want;
	uid_t want_uid;
} sudo_cases[] = {
	{ NULL, NULL, 0, 0 },
	{ "1234", "1235", 0, 1234 },
	{ "0", "0", 0, 0 },
	{ "1234", NULL, -EINVAL, 0 },
	{ NULL, "1234", -EINVAL, 0 },
	{ "", "", -EINVAL, 0 },
	{ "root", "0", -EINVAL, 0 },
	{ "-1", "0", -EINVAL, 0 },
	{ " 12", "0", -EINVAL, 0 },
	{ "4294967295", "0", -EINVAL, 0 },
	{ "4294967296", "0", -EINVAL, 0 },
	{ "1234", "12x", -EINVAL, 0 },
};

static void set(const char *name, const char *value)
{
	if (value)
		assert_int_equal(setenv(name, value, 1), 0);
	else
		assert_int_equal(unsetenv(name), 0);
}

static void under_root_sudo_says_who_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sudo_cases) / sizeof(*sudo_cases); i++) {
		struct caller c;
		int r;

		set("SUDO_UID", sudo_cases[i].uid);
		set("SUDO_GID", sudo_cases[i].gid);
		r = caller_find(&c, error);
		if (r != sudo_cases[i].want)
			fail_msg("SUDO_UID=%s SUDO_GID=%s: %d",
				 sudo_cases[i].uid, sudo_cases[i].gid, r);
		if (r < 0)
			continue;
		assert_int_equal(c.uid, sudo_cases[i].want_uid);
		caller_fini(&c);
		caller_fini(&c);
	}
	set("SUDO_UID", NULL);
	set("SUDO_GID", NULL);
}

static void a_caller_without_an_entry_is_a_number(void **state)
{
	struct caller c;

	(void)state;
	set("SUDO_UID", "54321");
	set("SUDO_GID", "54322");
	assert_int_equal(caller_find(&c, error), 0);
	assert_int_equal(c.gid, 54322);
	assert_string_equal(c.name, "54321");
	assert_string_equal(c.home, "");
	assert_string_equal(c.shell, "/bin/sh");
	caller_fini(&c);

	append("/etc/passwd", "carol:x:54321:54322::/home/carol:/bin/zsh\n");
	assert_int_equal(caller_find(&c, error), 0);
	assert_string_equal(c.name, "carol");
	assert_string_equal(c.home, "/home/carol");
	assert_string_equal(c.shell, "/bin/zsh");
	caller_fini(&c);
	set("SUDO_UID", NULL);
	set("SUDO_GID", NULL);
}

/* Anybody can set SUDO_UID; only root's word counts. */
static void an_ordinary_user_cannot_claim_to_be_another(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct caller c;

		set("SUDO_UID", "1");
		set("SUDO_GID", "1");
		WORLD_MUST(setresgid(4242, 4242, 4242));
		WORLD_MUST(setresuid(4242, 4242, 4242));
		_exit(caller_find(&c, error) < 0 || c.uid != 4242 ||
		      c.gid != 4242);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int tests_in_world(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_block_must_be_free_and_whole),
		cmocka_unit_test(whoever_claims_an_id_of_the_block_is_named),
		cmocka_unit_test(absent_files_claim_nothing),
		cmocka_unit_test(under_root_sudo_says_who_calls),
		cmocka_unit_test(a_caller_without_an_entry_is_a_number),
		cmocka_unit_test(an_ordinary_user_cannot_claim_to_be_another),
		cmocka_unit_test(the_users_come_and_go),
		cmocka_unit_test(a_group_that_is_left_over_is_used),
		cmocka_unit_test(many_at_once_all_succeed),
		cmocka_unit_test(a_user_that_is_root_is_refused),
		cmocka_unit_test(two_users_of_one_uid_are_refused),
		cmocka_unit_test(a_read_only_etc_is_said),
		cmocka_unit_test(
			without_useradd_sysusers_does_it_or_it_says_so),
	};

	if (state_apply(error) < 0) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}

int main(void)
{
	return world_run(WORLD_STANDARD, tests_in_world);
}
