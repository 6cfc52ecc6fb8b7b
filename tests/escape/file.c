/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/file.c - files that a run is not to read, or to write
 *
 * The test has put secrets into the folders that a run has not: the caller's
 * home, another home, /root, /run, /tmp, what --hide names.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/escape/escape.h"

void look_in(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char bytes[16384];
	const char *found;
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, bytes, sizeof(bytes) - 1);
	(void)close(fd);
	if (n <= 0)
		return;
	bytes[n] = '\0';
	found = memmem(bytes, (size_t)n, SECRET, strlen(SECRET));
	if (found)
		escaped("%.40s in %s", found, path);
	errno = ENODATA;
}

/* p->b: in front of the path */
static void read_secret(const struct probe *p)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s%s", p->b ? p->b : "",
		       world_need(p->a));
	look_in(path);
	blocked_by("open");
}

static void read_by_root_of(const struct probe *p)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "/proc/%s/%s/%s",
		       p->n ? world_need("victim_pid") : init_process(), p->b,
		       world_need(p->a));
	look_in(path);
	blocked_by("open");
}

/* Above the workspace, by names that no mount is thought to see. */
static void read_upwards(const struct probe *p)
{
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s%s%s", p->b,
		       "/../../../../../../../../../..", world_need(p->a));
	look_in(path);
	blocked_by("open");
}

static void list_folder(const struct probe *p)
{
	DIR *dir = opendir(world_need(p->a));
	struct dirent *entry;

	if (!dir)
		blocked_by("opendir");
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			escaped("%s is there", entry->d_name);
	blocked("it is empty");
}

static void uncover(const struct probe *p)
{
	const char *path = world_need(p->a);

	if (umount2(world_need(p->b), MNT_DETACH) < 0)
		blocked_by("umount");
	look_in(path);
	blocked("nothing came to light");
}

/* --- writing
 * -------------------------------------------------------------------- */

static void create(const struct probe *p)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/nlesc-%s", world_word(p->a),
		       p->name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		blocked_by(path);
	ask(p->name, "host exists %s 0", path);
	if (!seen(p->name, 700))
		blocked("made, but only for us");
	(void)unlink(path);
	escaped("made %s", path);
}

static void open_to_write(const struct probe *p)
{
	const char *path = world_word(p->a);
	int fd = open(path, p->n | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		if (errno == ENOENT && p->optional && world("control"))
			unavailable("%s is not there", path);
		blocked_by(path);
	}
	escaped("%s is open", path);
}

static void change_folder(const struct probe *p)
{
	const char *path = world_need("outside_file");
	char other[512];
	int r = -1;

	(void)snprintf(other, sizeof(other), "%s.new", path);
	switch (p->n) {
	case SYS_chmod:
		r = chmod(path, 0666);
		break;
	case SYS_rename:
		r = rename(path, other);
		(void)rename(other, path);
		break;
	case SYS_link:
		r = link(path, other);
		(void)unlink(other);
		break;
	case SYS_truncate:
		r = truncate(path, 0);
		break;
	case SYS_setxattr:
		r = (int)syscall(SYS_setxattr, path, "user.nlesc", "x", 1, 0);
		break;
	case SYS_utimensat:
		r = utimensat(AT_FDCWD, path, NULL, 0);
		break;
	default:
		break;
	}
	if (r < 0)
		blocked_by("change");
	escaped("a file outside is changed");
}

static const char *value_of(const char *path, char *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, bytes, size - 1);

	bytes[n > 0 ? n : 0] = '\0';
	(void)close(fd);
	return bytes;
}

/* Of the network namespace only: the control must not change the machine. */
static void set(const struct probe *p)
{
	char bytes[64];
	int fd = open(p->a, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		blocked_by(p->a);
	if (write(fd, p->b, strlen(p->b)) < 0)
		blocked_by("write");
	if (strncmp(value_of(p->a, bytes, sizeof(bytes)), p->b, strlen(p->b)) !=
	    0)
		blocked("not changed");
	escaped("%s is %s", p->a, p->b);
}

/* --- devices
 * ---------------------------------------------------------------------- */

static void device(const struct probe *p)
{
	char path[512], byte;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/nlesc-device",
		       world_need("workspace"));
	(void)unlink(path);
	if (mknod(path, (mode_t)p->n | 0666, makedev(1, 5)) < 0)
		blocked_by("mknod");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	(void)unlink(path);
	if (fd < 0)
		blocked_by("open");
	/* The block device of these numbers is a RAM disk that may be absent.
	 */
	if (read(fd, &byte, 1) < 0)
		blocked_by("read");
	escaped("read a device of our own making");
}

/* All of /dev: what opens beyond the harmless. */
static void devices(const struct probe *p)
{
	static const char harmless[] = " null zero full random urandom tty "
				       "ptmx stdin stdout stderr fd core ";
	DIR *dir = opendir("/dev");
	struct dirent *entry;

	(void)p;
	while (dir && (entry = readdir(dir))) {
		char word[300], path[300];
		struct stat st;
		int fd;

		(void)snprintf(word, sizeof(word), " %s ", entry->d_name);
		(void)snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		if (strstr(harmless, word) || lstat(path, &st) < 0 ||
		    !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
			continue;
		fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd >= 0)
			escaped("%s opens", path);
	}
	blocked("only the harmless ones open");
}

/* A terminal that is somebody else's. */
static void terminal(const struct probe *p)
{
	char file[512], path[64] = "", line[NAME_MAX_N + 8];
	int len = snprintf(line, sizeof(line), "ESC %s\n", p->name), fd;

	meet_path(file, sizeof(file), "terminal");
	(void)value_of(file, path, sizeof(path));
	path[strcspn(path, "\n")] = '\0';
	fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		blocked_by(path);
	(void)!write(fd, line, (size_t)len);
	if (seen(p->name, 500))
		escaped("wrote to %s", path);
	blocked("it is not theirs");
}

#define READ(name, key, control)                                               \
	{                                                                      \
		"read_" name, read_secret, key, NULL, 0, control, false        \
	}
#define BY_ROOT(name, key, link, victim, control)                              \
	{                                                                      \
		"read_" name, read_by_root_of, key, link, victim, control,     \
			false                                                  \
	}
#define CREATE(name, where, control)                                           \
	{                                                                      \
		"create_" name, create, where, NULL, 0, control, false         \
	}
#define CHANGE(name)                                                           \
	{                                                                      \
		"change_" #name, change_folder, NULL, NULL, SYS_##name,        \
			AS_USER, false                                         \
	}

/* clang-format off */
const struct probe file_probes[] = {
	READ("home", "secret_home", AS_USER),
	READ("other_home", "secret_other_home", AS_USER),
	READ("root", "secret_root", AS_ROOT),
	READ("run", "secret_run", AS_USER),
	READ("tmp", "secret_tmp", AS_USER),
	READ("hidden", "secret_hidden", AS_USER),
	READ("shm", "secret_shm", AS_USER),
	BY_ROOT("by_root_of_init", "secret_root", "root", 0, AS_ROOT),
	BY_ROOT("by_root_of_victim", "secret_run", "root", 1, AS_USER),
	BY_ROOT("by_cwd_of_init", "secret_root", "cwd/../../../../../../../../..", 0, AS_ROOT),
	{ "read_by_own_root", read_secret, "secret_run", "/proc/self/root", 0, AS_USER, false },
	{ "read_by_thread_root", read_secret, "secret_run", "/proc/thread-self/root", 0, AS_USER, false },
	{ "read_upwards", read_upwards, "secret_home", ".", 0, AS_USER, false },
	{ "read_upwards_of_cwd", read_upwards, "secret_home", "/proc/self/cwd", 0, AS_USER, false },
	{ "list_leases", list_folder, "state", NULL, 0, AS_USER, false },
	{ "uncover", uncover, "secret_hidden", "covered", 0, AS_ROOT, false },
	CREATE("outside", "@outside", AS_USER),
	CREATE("tmp", "/tmp", AS_USER),
	CREATE("var_tmp", "/var/tmp", AS_USER),
	CREATE("shm", "/dev/shm", AS_USER),
	CREATE("home", "@home", AS_USER),
	CREATE("run", "/run", AS_ROOT),
	CREATE("etc", "/etc", AS_ROOT),
	CREATE("usr_bin", "/usr/local/bin", AS_ROOT),
	CREATE("cron", "/etc/cron.d", AS_ROOT),
	CHANGE(chmod),
	CHANGE(rename),
	CHANGE(link),
	CHANGE(setxattr),
	CHANGE(utimensat),
	CHANGE(truncate),
	{ "write_log", open_to_write, "@access_log", NULL, O_WRONLY | O_APPEND, AS_USER, false },
	{ "write_conf", open_to_write, "@conf", NULL, O_WRONLY | O_APPEND, AS_USER, false },
	{ "write_core_pattern", open_to_write, "/proc/sys/kernel/core_pattern", NULL, O_WRONLY, AS_ROOT, false },
	{ "write_modprobe", open_to_write, "/proc/sys/kernel/hotplug", NULL, O_WRONLY, AS_ROOT, true },
	{ "write_sysrq", open_to_write, "/proc/sysrq-trigger", NULL, O_WRONLY, AS_ROOT, true },
	{ "write_passwd", open_to_write, "/etc/passwd", NULL, O_WRONLY | O_APPEND, AS_ROOT, false },
	{ "write_sys", open_to_write, "/sys/class/net/lo/mtu", NULL, O_WRONLY, AS_ROOT, false },
	{ "sysctl_ttl", set, "/proc/sys/net/ipv4/ip_default_ttl", "77", 0, AS_ROOT, false },
	{ "sysctl_forward", set, "/proc/sys/net/ipv4/conf/lo/forwarding", "1", 0, AS_ROOT, false },
	{ "device_made", device, NULL, NULL, S_IFCHR, AS_ROOT, false },
	{ "devices", devices, NULL, NULL, 0, AS_ROOT, false },
	{ "other_terminal", terminal, NULL, NULL, 0, AS_USER, false },
	{ 0 },
};
/* clang-format on */
