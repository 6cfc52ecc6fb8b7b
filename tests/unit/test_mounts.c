/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_mounts.c - what CMD sees of the file system, and what not
 *
 * The pure parts are tables. The rest runs as root in real namespaces: each
 * test builds a small host (homes, secrets, a socket) in a mount namespace of
 * its own, so that nothing of the machine is touched, and then looks at it
 * with the eyes of CMD, in a child that has given up root.
 */
#include "sandbox/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macros.h"
#include "common/strbuf.h"
#include "sandbox/confine.h"
#include "sandbox/identity.h"
#include "sandbox/mounts_users.h"

#define CALLER 1234u
#define OTHER  4321u
#define RUN    399999u

/* Pure parts. */

static const struct {
	const char *path, *home;
	bool want;
} workspaces[] = {
	{ "/", "/home/ann", false },
	{ "/home", "/home/ann", false },
	{ "/home/ann", "/home/ann", false },
	{ "/home/bob", "/home/ann", false },
	{ "/home/ann/p", "/home/ann", true },
	{ "/home/annex", "/home/ann", false },
	{ "/home/bob/p", "/home/ann", true },
	{ "/root", "/root", false },
	{ "/root", "/home/ann", false },
	{ "/root/p", "/root", true },
	{ "/usr", "/root", false },
	{ "/usr/local/src", "/root", false },
	{ "/usrp", "/root", true },
	{ "/etc/x", "/root", false },
	{ "/var/www/x", "/root", false },
	{ "/var/lib/ci", "/var/lib/ci", false },
	{ "/var/lib/ci/job", "/var/lib/ci", true },
	{ "/var/lib/ci/job", "/var", false },
	{ "/var/tmp/x", "/root", false },
	{ "/usr/sbin/x", "/usr/sbin", false },
	{ "/lib64", "/root", false },
	{ "/run/user/1/x", "/root", false },
	{ "/dev/shm/x", "/root", false },
	{ "/proc/1", "/root", false },
	{ "/sys/x", "/root", false },
	{ "/boot", "/root", false },
	{ "/tmp", "/tmp", false },
	{ "/tmp/x", "/tmp", true },
	{ "/srv", "/root", false },
	{ "/srv/p", "/root", true },
	{ "/opt/p/q", "/root", true },
	{ "/mnt/p", "", true },
	{ "/data", "/", true },
	{ "/build/p", NULL, true },
	{ "relative", "/root", false },
	{ "", "/root", false },
};

static void workspace_is_never_a_home_or_the_systems(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(workspaces); i++)
		if (mounts_is_workspace(workspaces[i].path,
					workspaces[i].home) !=
		    workspaces[i].want)
			fail_msg("%s with home %s", workspaces[i].path,
				 workspaces[i].home ? workspaces[i].home
						    : "(none)");
}

static const struct {
	const char *path, *home;
	bool hidden, replaced;
} homes[] = {
	{ "/home/ann", "/home/ann", true, true },
	{ "/home/ann/p", "/home/ann", true, false },
	{ "/home/ben", "/home/ann", true, false },
	{ "/home", "/home/ann", true, true },
	{ "/homes", "/home/ann", false, false },
	{ "/root", "/home/ann", true, true },
	{ "/tmp", "/tmp", true, true },
	{ "/run/x", "/root", true, false },
	{ "/dev/shm", "/root", true, true },
	{ "/var/lib/ci", "/var/lib/ci", true, true },
	{ "/var/lib/ci", "/root", false, false },
	{ "/", "/", false, false },
	{ "/usr/sbin", "/usr/sbin", false, false },
	{ "/srv/p", "/root", false, false },
};

static void a_home_is_hidden_and_an_empty_one_is_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(homes); i++)
		if (mounts_is_hidden(homes[i].path, homes[i].home) !=
			    homes[i].hidden ||
		    mounts_is_replaced(homes[i].path, homes[i].home) !=
			    homes[i].replaced)
			fail_msg("%s with home %s", homes[i].path,
				 homes[i].home);
}

static const struct {
	const char *old, *name, *home;
	bool is_group;
	const char *want; /* what is appended */
} users[] = {
	{ "root:x:0:0:r:/root:/bin/sh\n", "ann", "/home/ann", false,
	  "ann:x:399999:399999:netleash run:/home/ann:/bin/dash\n" },
	{ "ann:x:1234:1:::\n", "ann", "/h", false,
	  "netleash:x:399999:399999:netleash run:/h:/bin/dash\n" },
	{ "root:x:0:", "ann", "/h", true, "\nann:x:399999:\n" },
	{ "ann:x:5:\n", "ann", "/h", true, "netleash:x:399999:\n" },
	{ "a:x:399999:1:::\n", "ann", "/h", false, "" },
	{ "", "a:b", "/h:\n", false,
	  "netleash:x:399999:399999:netleash run:/:/bin/dash\n" },
	{ ":\n::\n+\n\n", NULL, NULL, true, "netleash:x:399999:\n" },
};

static void run_uid_gets_one_entry_with_an_unused_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		struct mounts_opts o = {
			.user_name = users[i].name,
			.home = users[i].home,
			.shell = "/bin/dash",
			.run_uid = RUN,
			.run_gid = RUN,
		};
		struct strbuf text = STRBUF_INIT;
		size_t n = strlen(users[i].old);

		/* Exactly as long as it is: an overrun is seen by ASan. */
		char *old = malloc(n + 1);

		assert_non_null(old);
		memcpy(old, users[i].old, n);
		users_render(&o, users[i].is_group, old, n, &text);
		assert_string_equal((text.s ? text.s : "") + n, users[i].want);
		free(old);
		strbuf_fini(&text);
	}
}

/* What a child reports of a condition that does not hold. */
struct report {
	int line, error;
	char text[MOUNTS_ERROR_MAX];
};

static int report_fd = -1;
static char mount_error[MOUNTS_ERROR_MAX];

static _Noreturn void give_up(int line)
{
	struct report report = { .line = line, .error = errno };

	memcpy(report.text, mount_error, sizeof(report.text));
	(void)!write(report_fd, &report, sizeof(report));
	_exit(1);
}

#define HOLDS(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			give_up(__LINE__);                                     \
	} while (0)

/* Files of the small host. Missing folders on the way are made. */
static void put(const char *path, mode_t mode, uid_t uid)
{
	const bool is_folder = path[strlen(path) - 1] == '/';
	char copy[256];
	int fd;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = copy + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		HOLDS(mkdir(copy, 0755) == 0 || errno == EEXIST);
		*p = '/';
	}
	if (!is_folder) {
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		HOLDS(fd >= 0 && write(fd, "old\n", 4) == 4);
		close(fd);
	}
	HOLDS(chown(path, uid, uid) == 0 && chmod(path, mode) == 0);
}

static void tmpfs_on(const char *path, const char *options)
{
	HOLDS(mount("tmpfs", path, "tmpfs", 0, options) == 0);
}

static void make_host(void)
{
	HOLDS(unshare(CLONE_NEWNS) == 0);
	HOLDS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	umask(022);
	tmpfs_on("/home", "mode=755");
	tmpfs_on("/root", "mode=700");
	tmpfs_on("/run", "mode=755");
	tmpfs_on("/srv", "mode=755");
	tmpfs_on("/tmp", "mode=1777");
	tmpfs_on("/var/tmp", "mode=1777");
	put("/home/ann/", 0700, CALLER);
	put("/home/ann/.ssh/id", 0644, CALLER);
	put("/home/ann/src/", 0755, CALLER);
	put("/home/ann/src/p/", 0755, CALLER);
	put("/home/ann/src/p/mine", 0600, CALLER);
	put("/home/ann/src/p/theirs", 0666, OTHER);
	put("/home/ann/src/p/suid", 04755, 0);
	put("/home/ann/src/p/sub/", 0755, CALLER);
	put("/home/bob/public", 0644, OTHER);
	put("/root/secret", 0644, 0);
	put("/tmp/host-file", 0666, OTHER);
	put("/tmp/build/p/mine", 0644, CALLER);
	HOLDS(chown("/tmp/build/p", CALLER, CALLER) == 0);
	put("/srv/open", 0666, OTHER);
	put("/srv/closed/", 0700, CALLER);
	put("/srv/closed/p/", 0755, CALLER);
	put("/srv/closed/secret", 0644, CALLER);
	put("/run/sock", 0666, 0);
	put("/run/resolve/conf", 0644, 0);
}

static struct mounts_opts ann(const char *cwd)
{
	return (struct mounts_opts){
		.home = "/home/ann",
		.cwd = cwd,
		.shell = "/bin/sh",
		.user_name = "ann",
		.idmap = true,
		.run_uid = RUN,
		.run_gid = RUN,
		.caller_uid = CALLER,
		.caller_gid = CALLER,
	};
}

/* Builds the view and becomes CMD; @prepare runs before, as root. */
static void enter(const struct mounts_opts *o)
{
	const struct confine_command_opts ids = { true, RUN, RUN, 0 };
	const char *step;

	HOLDS(mounts_apply(o, mount_error) == 0);
	HOLDS(confine_command(&ids, &step) == 0);
}

static void enter_workspace(const char *cwd)
{
	const char *const writable[] = { cwd };
	struct mounts_opts o = ann(cwd);

	o.writable = writable;
	o.writable_n = 1;
	enter(&o);
}

/* Runs @fn as pid 1 of a pid namespace, on a small host. */
static void on_host(void (*fn)(void))
{
	struct report report = { 0 };
	int fds[2], status;
	pid_t pid;

	if (getuid() != 0) {
		if (getenv("NETLEASH_TESTS_MUST_RUN"))
			fail_msg("%s", "needs root");
		skip();
	}
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		report_fd = fds[1];
		HOLDS(unshare(CLONE_NEWPID | CLONE_NEWIPC) == 0);
		pid = fork();
		HOLDS(pid >= 0);
		if (pid == 0) {
			make_host();
			fn();
			_exit(0);
		}
		HOLDS(waitpid(pid, &status, 0) == pid);
		HOLDS(status == 0);
		_exit(0);
	}
	close(fds[1]);
	if (read(fds[0], &report, sizeof(report)) != sizeof(report))
		report.line = 0;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (report.line != 0)
		fail_msg("line %d does not hold (%s) %s", report.line,
			 strerror(report.error), report.text);
	assert_int_equal(status, 0);
}

/* Runs @fn in a child that sees what it sees now; then we can look on as
 * root. The child is CMD, we are the host. */
static void as_command(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	HOLDS(pid >= 0);
	if (pid == 0) {
		HOLDS(unshare(CLONE_NEWNS) == 0);
		fn();
		_exit(0);
	}
	HOLDS(waitpid(pid, &status, 0) == pid);
	HOLDS(status == 0);
}

static bool can_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool can_create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static uid_t owner(const char *path)
{
	struct stat st;

	HOLDS(lstat(path, &st) == 0);
	return st.st_uid;
}

static bool has_flags(const char *path, unsigned long flags)
{
	struct statvfs st;

	return statvfs(path, &st) == 0 && (st.f_flag & flags) == flags;
}

static void hidden_things(void)
{
	static const char *const gone[] = {
		"/root/secret",
		"/home/bob",
		"/home/ann/.ssh",
		"/run/sock",
		"/run/resolve",
		"/tmp/host-file",
		"/tmp/build",
		"/dev/log",
		"/dev/mem",
		"/dev/kvm",
		"/dev/vda",
		"/dev/fuse",
		"/home/ann/src/p/../../.ssh/id",
		"/var/spool/cron/tab",
	};

	tmpfs_on("/var/spool", "mode=755");
	put("/var/spool/cron/tab", 0644, 0);
	enter_workspace("/home/ann/src/p");
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		errno = 0;
		HOLDS(!is_there(gone[i]));
	}
	/* Nor through other processes' eyes: there are none but init. */
	HOLDS(!is_there("/proc/1/root/root/secret"));
	HOLDS(umount2("/root", MNT_DETACH) < 0 && errno == EPERM);
	HOLDS(umount2("/home", MNT_DETACH) < 0);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	HOLDS(lstat(path, &st) == 0);
	return st.st_mode & 07777;
}

static void readonly_tree(void)
{
	struct statvfs st;

	enter_workspace("/home/ann/src/p");
	HOLDS(!can_write("/srv/open") && errno == EROFS);
	HOLDS(!can_create("/var/tmp/x") && errno == EROFS);
	HOLDS(!can_create("/srv/x"));
	HOLDS(!can_create("/run/x"));
	HOLDS(!can_create("/home/x"));
	HOLDS(!can_create("/dev/x"));
	HOLDS(statvfs("/usr", &st) == 0);
	HOLDS((st.f_flag & (ST_RDONLY | ST_NOSUID)) == (ST_RDONLY | ST_NOSUID));
	HOLDS(is_there("/usr/bin/env") && is_there("/etc/passwd"));
}

/* Whatever CMD can write to makes nobody root and is no device. */
static void flags_of_what_is_new(void)
{
	static const char *const folders[] = { "/tmp", "/run", "/home", "/root",
					       "/dev/shm" };
	const char text[] = "text\n";
	const struct mounts_file file = { "/run/files/one", text, 5 };
	struct mounts_opts o = ann("/");

	o.files_folder = "/run/files";
	o.files = &file;
	o.files_n = 1;
	enter(&o);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		HOLDS(has_flags(folders[i], ST_NOSUID | ST_NODEV));
	HOLDS(has_flags("/proc", ST_NOSUID | ST_NODEV | ST_NOEXEC));
	HOLDS(has_flags("/etc/passwd", ST_RDONLY | ST_NOSUID | ST_NODEV));
	HOLDS(has_flags("/run/files", ST_RDONLY | ST_NOSUID | ST_NODEV));
	HOLDS(has_flags("/run/files/one", ST_RDONLY | ST_NOSUID | ST_NODEV));
}

static void private_folders_are_writable(void)
{
	enter_workspace("/home/ann/src/p");
	HOLDS(can_create("/tmp/x"));
	HOLDS(can_create("/home/ann/x"));
	HOLDS(can_create("/home/ann/src/x"));
	HOLDS(can_create("/dev/shm/x"));
	HOLDS(owner("/home/ann") == RUN);
	HOLDS(mode_of("/home/ann") == 0700);
}

static void write_in_workspace(void)
{
	struct statvfs st;
	char cwd[256];
	int fd;

	enter_workspace("/home/ann/src/p");
	HOLDS(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/home/ann/src/p") == 0);
	HOLDS(owner("mine") == RUN && can_write("mine"));
	fd = open("mine", O_RDONLY | O_CLOEXEC);
	HOLDS(fd >= 0);
	HOLDS(can_create("made") && owner("made") == RUN);
	HOLDS(mkdir("folder", 0755) == 0 && owner("folder") == RUN);
	HOLDS(rename("mine", "folder/mine") == 0);
	HOLDS(symlink("made", "link") == 0);
	/* A third user's: seen, readable, owned by nobody, not writable. */
	HOLDS(owner("theirs") == 65534);
	HOLDS(!can_write("theirs") && errno == EACCES);
	HOLDS(chmod("theirs", 0777) < 0);
	HOLDS(statvfs(".", &st) == 0);
	HOLDS((st.f_flag & (ST_NOSUID | ST_NODEV)) == (ST_NOSUID | ST_NODEV));
	HOLDS(!(st.f_flag & ST_RDONLY));
	HOLDS(chown("made", 0, 0) < 0);
}

/* The same folder, from outside, afterwards. */
static void files_belong_to_the_caller_on_disk(void)
{
	struct stat st;

	as_command(write_in_workspace);
	HOLDS(owner("/home/ann/src/p/made") == CALLER);
	HOLDS(owner("/home/ann/src/p/link") == CALLER);
	HOLDS(stat("/home/ann/src/p/folder", &st) == 0);
	HOLDS(st.st_uid == CALLER && st.st_gid == CALLER);
	HOLDS(owner("/home/ann/src/p/folder/mine") == CALLER);
	HOLDS(owner("/home/ann/src/p/theirs") == OTHER);
	HOLDS(!is_there("/home/ann/x") && !is_there("/tmp/x"));
}

static void write_as_root_caller(void)
{
	static const char *const writable[] = { "/root/p" };
	struct mounts_opts o = ann("/root/p");

	o.home = "/root";
	o.user_name = "root";
	o.caller_uid = o.caller_gid = 0;
	o.writable = writable;
	o.writable_n = 1;
	enter(&o);
	HOLDS(owner("mine") == RUN && can_write("mine"));
	HOLDS(can_create("made"));
	HOLDS(!is_there("/root/secret") && can_create("/root/x"));
}

static void workspace_of_root(void)
{
	put("/root/p/mine", 0600, 0);
	as_command(write_as_root_caller);
	HOLDS(owner("/root/p/made") == 0);
	HOLDS(is_there("/root/secret") && !is_there("/root/x"));
}

/* A group that the caller shares with others: his file stays his. */
static void write_shared_group(void)
{
	enter_workspace("/home/ann/src/p");
	HOLDS(can_write("mine"));
	HOLDS(can_create("shared/made"));
}

static void files_of_a_shared_group(void)
{
	struct stat st;

	put("/home/ann/src/p/shared/", 0755, CALLER);
	HOLDS(chown("/home/ann/src/p/shared", CALLER, 50) == 0);
	HOLDS(chmod("/home/ann/src/p/shared", 02775) == 0);
	HOLDS(chown("/home/ann/src/p/mine", CALLER, 50) == 0);
	as_command(write_shared_group);
	HOLDS(stat("/home/ann/src/p/shared/made", &st) == 0);
	HOLDS(st.st_uid == CALLER && st.st_gid == 50);
}

static void nested_folders(void)
{
	const char *const writable[] = { "/srv/closed/p", "/home/ann/src/p/sub",
					 "/home/ann/src/p", "/home/ann/src/p" };
	const char *const readonly[] = { "/home/ann/src/p/mine" };
	const char *const hidden[] = { "/home/ann/src/p/theirs",
				       "/home/ann/src/p/h", "/srv/gone" };
	struct mounts_opts o = ann("/home/ann/src/p/sub");

	put("/home/ann/src/p/h/secret", 0644, CALLER);
	put("/srv/gone/secret", 0644, CALLER);
	o.writable = writable;
	o.writable_n = ARRAY_SIZE(writable);
	o.readonly = readonly;
	o.readonly_n = 1;
	o.hidden = hidden;
	o.hidden_n = ARRAY_SIZE(hidden);
	enter(&o);
	HOLDS(can_create("made") && can_create("../made"));
	HOLDS(!can_write("../mine") && errno == EROFS);
	HOLDS(access("../mine", R_OK) == 0);
	HOLDS(rename("../mine", "../x") < 0);
	HOLDS(unlink("../mine") < 0);
	HOLDS(!can_write("../theirs") && access("../theirs", R_OK) == 0);
	HOLDS(!is_there("../h/secret") && !can_create("../h/x"));
	HOLDS(!is_there("/srv/gone/secret"));
	/* In a folder that only the caller may search: reachable, and what is
	 * beside it is not. */
	HOLDS(can_create("/srv/closed/p/x"));
	HOLDS(!is_there("/srv/closed/secret"));
}

/* A conf in the workspace must still be there when the next run reads it. */
static void way_to_a_readonly_file_cannot_be_renamed(void)
{
	const char *const writable[] = { "/home/ann/src/p" };
	const char *const readonly[] = { "/home/ann/src/p/a/b/conf" };
	const char *const hidden[] = { "/home/ann/src/p/c/d" };
	struct mounts_opts o = ann("/home/ann/src/p");

	put("/home/ann/src/p/a/", 0755, CALLER);
	put("/home/ann/src/p/a/b/", 0755, CALLER);
	put("/home/ann/src/p/a/b/conf", 0644, CALLER);
	put("/home/ann/src/p/c/", 0755, CALLER);
	put("/home/ann/src/p/c/d/secret", 0644, CALLER);
	o.writable = writable;
	o.writable_n = 1;
	o.readonly = readonly;
	o.readonly_n = 1;
	o.hidden = hidden;
	o.hidden_n = 1;
	enter(&o);
	HOLDS(rename("a/b/conf", "a/b/x") < 0 && errno == EBUSY);
	HOLDS(rename("a/b", "a/x") < 0 && errno == EBUSY);
	HOLDS(rename("a", "x") < 0 && errno == EBUSY);
	HOLDS(rename("c", "x") < 0 && errno == EBUSY);
	HOLDS(!can_write("a/b/conf") && access("a/b/conf", R_OK) == 0);
	HOLDS(!is_there("c/d/secret"));
	HOLDS(can_create("a/made") && owner("a/made") == RUN);
	HOLDS(can_create("a/b/made") && unlink("a/b/made") == 0);
}

static void workspace_in_tmp(void)
{
	enter_workspace("/tmp/build/p");
	HOLDS(can_write("mine") && can_create("made"));
	HOLDS(is_there("/tmp/build/p/mine"));
	HOLDS(!is_there("/tmp/host-file"));
}

static void mount_inside_the_workspace(void)
{
	tmpfs_on("/home/ann/src/p/sub", "mode=755");
	put("/home/ann/src/p/sub/in", 0644, CALLER);
	enter_workspace("/home/ann/src/p");
	HOLDS(is_there("sub/in") && owner("sub/in") == RUN);
	HOLDS(can_write("sub/in"));
}

/* A mount inside that cannot be mapped comes read-only; a covered file does
 * not show through. */
static void unmappable_mount_inside_the_workspace(void)
{
	put("/home/ann/src/p/sub/covered", 0644, CALLER);
	HOLDS(mount("proc", "/home/ann/src/p/sub", "proc", 0, NULL) == 0);
	enter_workspace("/home/ann/src/p");
	HOLDS(!is_there("sub/covered") && is_there("sub/self"));
	HOLDS(can_write("mine") && can_create("made"));
	HOLDS(has_flags("sub", ST_RDONLY));
}

static void unmappable_workspace(void)
{
	const char *const writable[] = { "/srv/pts" };
	struct mounts_opts o = ann("/srv/pts");

	put("/srv/pts/", 0755, CALLER);
	HOLDS(mount("proc", "/srv/pts", "proc", 0, NULL) == 0);
	o.writable = writable;
	o.writable_n = 1;
	HOLDS(mounts_apply(&o, mount_error) < 0);
	HOLDS(strstr(mount_error, "/srv/pts") &&
	      strstr(mount_error, "file system"));
}

static void host_readonly_mount_stays_readonly(void)
{
	tmpfs_on("/home/ann/src/p/sub", "mode=755");
	HOLDS(mount(NULL, "/home/ann/src/p/sub", NULL,
		    MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	enter_workspace("/home/ann/src/p");
	HOLDS(can_create("made"));
	HOLDS(!can_create("sub/made") && errno == EROFS);
}

/* What the host itself does not let be written stays so, too, where it cannot
 * be mapped as a whole. */
static void host_readonly_workspace_stays_readonly(void)
{
	HOLDS(mount("/home/ann/src/p", "/home/ann/src/p", NULL, MS_BIND,
		    NULL) == 0);
	HOLDS(mount("proc", "/home/ann/src/p/sub", "proc", 0, NULL) == 0);
	HOLDS(mount(NULL, "/home/ann/src/p", NULL,
		    MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	enter_workspace("/home/ann/src/p");
	HOLDS(owner("mine") == RUN);
	HOLDS(!can_write("mine") && errno == EROFS);
}

/* It has rights for others, and CMD's group is none of them. */
static void way_that_the_own_group_may_not_go(void)
{
	put("/srv/shut/p/", 0755, CALLER);
	HOLDS(chown("/srv/shut/p", CALLER, CALLER) == 0);
	HOLDS(chown("/srv/shut", OTHER, RUN) == 0);
	HOLDS(chmod("/srv/shut", 0705) == 0);
	enter_workspace("/srv/shut/p");
	HOLDS(can_create("made") && can_create("/srv/shut/p/more"));
}

static void swapped_link_is_refused(void)
{
	const char *const writable[] = { "/home/ann/src/p/link/x" };
	struct mounts_opts o = ann("/");

	HOLDS(symlink("/root", "/home/ann/src/p/link") == 0);
	put("/root/x/", 0755, CALLER);
	o.writable = writable;
	o.writable_n = 1;
	HOLDS(mounts_apply(&o, mount_error) == -ELOOP);
	HOLDS(strstr(mount_error, "/home/ann/src/p/link/x"));
}

/* As root it would be opened; whoever named it may not go there. */
static void folder_is_opened_with_the_rights_of_who_names_it(void)
{
	const char *const writable[] = { "/srv/theirs/p" };
	const struct caller caller = { .uid = CALLER, .gid = CALLER };
	struct mounts_opts o = ann("/");

	put("/srv/theirs/p/", 0755, CALLER);
	HOLDS(chown("/srv/theirs", OTHER, OTHER) == 0);
	HOLDS(chmod("/srv/theirs", 0700) == 0);
	o.writable = writable;
	o.writable_n = 1;
	o.opener = &caller;
	HOLDS(mounts_apply(&o, mount_error) == -EACCES);
	HOLDS(strstr(mount_error, "/srv/theirs/p"));
}

static void missing_folder_is_named(void)
{
	const char *const writable[] = { "/srv/none" };
	struct mounts_opts o = ann("/");

	o.writable = writable;
	o.writable_n = 1;
	HOLDS(mounts_apply(&o, mount_error) == -ENOENT);
	HOLDS(strstr(mount_error, "/srv/none"));
}

static void cwd_is_home_when_hidden(void)
{
	struct mounts_opts o = ann("/home/bob");
	char cwd[256];

	enter(&o);
	HOLDS(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/home/ann") == 0);
	HOLDS(can_create("x"));
}

static void system_folder_is_a_cwd_without_writes(void)
{
	struct mounts_opts o = ann("/etc");
	char cwd[256];

	enter(&o);
	HOLDS(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/etc") == 0);
	HOLDS(!can_create("x"));
}

static void home_outside_home(void)
{
	const char *const writable[] = { "/srv/ci/job" };
	struct mounts_opts o = ann("/srv/ci/job");

	put("/srv/ci/secret", 0644, CALLER);
	put("/srv/ci/job/", 0755, CALLER);
	o.home = "/srv/ci";
	o.writable = writable;
	o.writable_n = 1;
	enter(&o);
	HOLDS(!is_there("/srv/ci/secret") && can_create("/srv/ci/x"));
	HOLDS(can_create("made"));
}

static void home_that_leads_into_the_system(void)
{
	struct mounts_opts o = ann("/");

	HOLDS(symlink("/etc", "/home/eve") == 0);
	o.home = "/home/eve";
	enter(&o);
	HOLDS(is_there("/etc/passwd") && !can_create("/etc/x"));
	HOLDS(owner("/etc") == 0);
}

static void no_home(void)
{
	struct mounts_opts o = ann("/etc");

	o.home = "/";
	enter(&o);
	HOLDS(!is_there("/home/ann") && can_create("/tmp/x"));
}

static void devices(void)
{
	char byte = 1;
	int fd;

	enter_workspace("/home/ann/src/p");
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	HOLDS(fd >= 0 && read(fd, &byte, 1) == 1 && byte == 0);
	HOLDS(can_write("/dev/null"));
	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	HOLDS(fd >= 0 && write(fd, "x", 1) < 0 && errno == ENOSPC);
	fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	HOLDS(fd >= 0 && read(fd, &byte, 1) == 1);
	HOLDS(is_there("/dev/random") && is_there("/dev/tty"));
	fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	HOLDS(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
	HOLDS(strcmp(ptsname(fd), "/dev/pts/0") == 0);
	HOLDS(open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC) >= 0);
	HOLDS(access("/dev/fd/0", F_OK) == 0);
	HOLDS(mknod("null", S_IFCHR | 0666, 0x103) < 0);
}

static void terminal_keeps_a_name(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	char name[64];

	HOLDS(master >= 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	HOLDS(slave >= 0 && dup2(slave, 0) == 0);
	enter_workspace("/home/ann/src/p");
	HOLDS(ttyname_r(0, name, sizeof(name)) == 0);
	HOLDS(strcmp(name, "/dev/console") == 0);
}

static void names(void)
{
	const struct passwd *pw;

	enter_workspace("/home/ann/src/p");
	pw = getpwuid(getuid());
	HOLDS(pw && strcmp(pw->pw_name, "ann") == 0);
	HOLDS(strcmp(pw->pw_dir, "/home/ann") == 0);
	pw = getpwnam("root");
	HOLDS(pw && pw->pw_uid == 0);
	HOLDS(!can_write("/etc/passwd") && !can_write("/etc/group"));
	HOLDS(!is_there("/dev/shm/.netleash-file"));
}

/* resolv.conf of most systems is a link into /run. */
static void resolv_conf(void)
{
	HOLDS(mount("/run/resolve/conf", "/etc/resolv.conf", NULL, MS_BIND,
		    NULL) == 0 ||
	      errno == ENOENT);
	enter_workspace("/home/ann/src/p");
	HOLDS(access("/etc/resolv.conf", R_OK) == 0 || errno == ENOENT);
}

static void processes(void)
{
	enter_workspace("/home/ann/src/p");
	HOLDS(getpid() == 1 && is_there("/proc/1/stat"));
	HOLDS(!is_there("/proc/2/stat"));
}

static int run_shell(const char *script)
{
	int status;
	pid_t pid = fork();

	HOLDS(pid >= 0);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	HOLDS(waitpid(pid, &status, 0) == pid);
	return status;
}

static void git_works(void)
{
	enter_workspace("/home/ann/src/p");
	setenv("HOME", "/home/ann", 1);
	HOLDS(run_shell("[ $(whoami) = ann ] && id >/dev/null") == 0);
	HOLDS(run_shell("! command -v git >/dev/null || { git init -q . && "
			"git add mine && git -c user.email=e commit -qm m && "
			"git status >/dev/null; } 2>&1") == 0);
}

/* The way of a caller without root: a user namespace with one id. */
static void user_namespace(void)
{
	const char *const writable[] = { "/home/ann/src/p" };
	const struct confine_command_opts ids = { false, 0, 0, 0 };
	struct mounts_opts o = ann("/home/ann/src/p");
	const char *step;
	char map[64];
	int fd;
	pid_t pid;

	HOLDS(setresgid(CALLER, CALLER, CALLER) == 0);
	HOLDS(setresuid(CALLER, CALLER, CALLER) == 0);
	/* Giving up root made /proc/self root's. */
	HOLDS(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
	HOLDS(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) == 0);
	fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
	HOLDS(fd >= 0 && write(fd, "deny", 4) == 4);
	close(fd);
	(void)snprintf(map, sizeof(map), "%u %u 1", CALLER, CALLER);
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	HOLDS(fd >= 0 && write(fd, map, strlen(map)) > 0);
	close(fd);
	fd = open("/proc/self/gid_map", O_WRONLY | O_CLOEXEC);
	HOLDS(fd >= 0 && write(fd, map, strlen(map)) > 0);
	close(fd);
	pid = fork();
	HOLDS(pid >= 0);
	if (pid > 0) {
		int status;

		HOLDS(waitpid(pid, &status, 0) == pid);
		_exit(status != 0);
	}
	o.idmap = false;
	o.run_uid = o.run_gid = CALLER;
	o.writable = writable;
	o.writable_n = 1;
	HOLDS(mounts_apply(&o, mount_error) == 0);
	HOLDS(confine_command(&ids, &step) == 0);
	HOLDS(can_write("mine") && can_create("made"));
	HOLDS(!is_there("/home/ann/.ssh") && !is_there("/run/sock"));
	HOLDS(!can_create("/dev/x") && can_write("/dev/null"));
	HOLDS(can_create("/tmp/x") && can_create("/home/ann/x"));
	HOLDS(umount2("/home", MNT_DETACH) < 0);
	fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	HOLDS(fd >= 0);
}

/* A root that is a folder: what mount(2) does to mounts fails there. */
static void chroot_without_a_mount(void)
{
	static const char *const shown[] = { "/usr", "/etc", "/dev",
					     "/bin", "/lib", "/lib64" };
	const char *const writable[] = { "/build/p" };
	struct mounts_opts o = ann("/build/p");
	char path[64], cwd[64];

	put("/srv/root/proc/", 0755, 0);
	put("/srv/root/tmp/", 01777, 0);
	put("/srv/root/build/p/", 0755, CALLER);
	put("/srv/root/home/ann/secret", 0755, CALLER);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		struct stat st;

		(void)snprintf(path, sizeof(path), "/srv/root%s", shown[i]);
		if (stat(shown[i], &st) < 0)
			continue;
		HOLDS(mkdir(path, 0755) == 0);
		HOLDS(mount(shown[i], path, NULL, MS_BIND | MS_REC, NULL) == 0);
	}
	HOLDS(chroot("/srv/root") == 0 && chdir("/build/p") == 0);
	o.writable = writable;
	o.writable_n = 1;
	enter(&o);
	HOLDS(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/build/p") == 0);
	HOLDS(can_create("made") && owner("made") == RUN);
	HOLDS(!can_create("/build/x") && errno == EROFS);
	HOLDS(!is_there("/home/ann/secret") && can_create("/home/ann/x"));
	HOLDS(is_there("/usr/bin/env") && !is_there("/srv"));
	HOLDS(is_there("/proc/self") && can_write("/dev/null"));
	HOLDS(chdir("/") == 0 && chdir("..") == 0 && !is_there("srv"));
}

/* What we mount must not be seen by those who share their mounts with us. */
static void host_sees_none_of_our_mounts(void)
{
	HOLDS(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
	as_command(write_in_workspace);
	HOLDS(is_there("/root/secret") && is_there("/tmp/host-file"));
	HOLDS(is_there("/run/sock") && can_create("/srv/x"));
	as_command(chroot_without_a_mount);
	HOLDS(is_there("/root/secret") && is_there("/tmp/host-file"));
	HOLDS(is_there("/srv/root/home/ann/secret"));
	HOLDS(can_create("/srv/root/y") && can_create("/srv/y"));
}

/* On the machine's own disk, where there is one that is not a tmpfs. */
static void workspace_on_disk(void)
{
	char path[] = "/opt/netleash-test-XXXXXX", file[64];
	pid_t pid;
	int status;

	HOLDS(mkdtemp(path) && chown(path, CALLER, CALLER) == 0);
	(void)snprintf(file, sizeof(file), "%s/made", path);
	pid = fork();
	HOLDS(pid >= 0);
	if (pid == 0) {
		HOLDS(unshare(CLONE_NEWNS) == 0);
		enter_workspace(path);
		HOLDS(can_create("made") && owner("made") == RUN);
		_exit(0);
	}
	HOLDS(waitpid(pid, &status, 0) == pid);
	if (status == 0 && owner(file) != CALLER)
		status = 1;
	(void)unlink(file);
	HOLDS(rmdir(path) == 0);
	HOLDS(status == 0);
}

#define ON_HOST(name)                                                          \
	static void test_##name(void **state)                                  \
	{                                                                      \
		(void)state;                                                   \
		on_host(name);                                                 \
	}

ON_HOST(hidden_things)
ON_HOST(readonly_tree)
ON_HOST(flags_of_what_is_new)
ON_HOST(private_folders_are_writable)
ON_HOST(files_belong_to_the_caller_on_disk)
ON_HOST(workspace_of_root)
ON_HOST(files_of_a_shared_group)
ON_HOST(nested_folders)
ON_HOST(way_to_a_readonly_file_cannot_be_renamed)
ON_HOST(workspace_in_tmp)
ON_HOST(mount_inside_the_workspace)
ON_HOST(unmappable_mount_inside_the_workspace)
ON_HOST(unmappable_workspace)
ON_HOST(host_readonly_mount_stays_readonly)
ON_HOST(host_readonly_workspace_stays_readonly)
ON_HOST(way_that_the_own_group_may_not_go)
ON_HOST(swapped_link_is_refused)
ON_HOST(folder_is_opened_with_the_rights_of_who_names_it)
ON_HOST(missing_folder_is_named)
ON_HOST(cwd_is_home_when_hidden)
ON_HOST(system_folder_is_a_cwd_without_writes)
ON_HOST(home_outside_home)
ON_HOST(home_that_leads_into_the_system)
ON_HOST(no_home)
ON_HOST(devices)
ON_HOST(terminal_keeps_a_name)
ON_HOST(names)
ON_HOST(resolv_conf)
ON_HOST(processes)
ON_HOST(git_works)
ON_HOST(user_namespace)
ON_HOST(chroot_without_a_mount)
ON_HOST(host_sees_none_of_our_mounts)
ON_HOST(workspace_on_disk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workspace_is_never_a_home_or_the_systems),
		cmocka_unit_test(a_home_is_hidden_and_an_empty_one_is_there),
		cmocka_unit_test(run_uid_gets_one_entry_with_an_unused_name),
		cmocka_unit_test(test_hidden_things),
		cmocka_unit_test(test_readonly_tree),
		cmocka_unit_test(test_flags_of_what_is_new),
		cmocka_unit_test(test_private_folders_are_writable),
		cmocka_unit_test(test_files_belong_to_the_caller_on_disk),
		cmocka_unit_test(test_workspace_of_root),
		cmocka_unit_test(test_files_of_a_shared_group),
		cmocka_unit_test(test_nested_folders),
		cmocka_unit_test(test_way_to_a_readonly_file_cannot_be_renamed),
		cmocka_unit_test(test_workspace_in_tmp),
		cmocka_unit_test(test_mount_inside_the_workspace),
		cmocka_unit_test(test_unmappable_mount_inside_the_workspace),
		cmocka_unit_test(test_unmappable_workspace),
		cmocka_unit_test(test_host_readonly_mount_stays_readonly),
		cmocka_unit_test(test_host_readonly_workspace_stays_readonly),
		cmocka_unit_test(test_way_that_the_own_group_may_not_go),
		cmocka_unit_test(test_swapped_link_is_refused),
		cmocka_unit_test(
			test_folder_is_opened_with_the_rights_of_who_names_it),
		cmocka_unit_test(test_missing_folder_is_named),
		cmocka_unit_test(test_cwd_is_home_when_hidden),
		cmocka_unit_test(test_system_folder_is_a_cwd_without_writes),
		cmocka_unit_test(test_home_outside_home),
		cmocka_unit_test(test_home_that_leads_into_the_system),
		cmocka_unit_test(test_no_home),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_terminal_keeps_a_name),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_resolv_conf),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_git_works),
		cmocka_unit_test(test_user_namespace),
		cmocka_unit_test(test_chroot_without_a_mount),
		cmocka_unit_test(test_host_sees_none_of_our_mounts),
		cmocka_unit_test(test_workspace_on_disk),
	};

	return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}
