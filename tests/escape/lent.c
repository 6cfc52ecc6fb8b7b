/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/lent.c - what the starter of the run left open
 *
 * lend.c has put things there: descriptors from 20 on and 0 to 2, a terminal,
 * a process group with somebody in it, a session's key ring.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/escape/escape.h"

static void lent_say(const struct probe *p)
{
	say(p, p->n);
}

/* An open socket is free to be connected anew. */
static void lent_connect(const struct probe *p)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	(void)connect(p->n, &none, sizeof(none));
	say_outside(p, p->n);
}

static void lent_folder(const struct probe *p)
{
	const char *path = world_need("secret_file");
	char bytes[256] = "";
	int fd = openat(p->n, path + 1, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		blocked_by("openat");
	if (read(fd, bytes, sizeof(bytes) - 1) < 0)
		blocked_by("read");
	if (!strstr(bytes, SECRET))
		blocked("no secret");
	escaped("read %s", path);
}

static void lent_file(const struct probe *p)
{
	char bytes[256] = "";

	if (read(p->n, bytes, sizeof(bytes) - 1) < 0)
		blocked_by("read");
	if (!strstr(bytes, SECRET))
		blocked("no secret");
	escaped("read it");
}

/* Opened for appending: is it more for us by another name? */
static void lent_again(const struct probe *p)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", p->n);
	look_in(path);
	blocked("not readable: %s", strerror(errno));
}

/* Input for the shell that gets the terminal after us. */
static void type(const struct probe *p)
{
	char line[NAME_MAX_N + 8];
	int fd = p->n < 0 ? open("/dev/tty", O_RDWR | O_CLOEXEC) : p->n;
	int len = snprintf(line, sizeof(line), "ESC %s\n", p->name);

	for (int i = 0; i < len; i++)
		if (ioctl(fd, TIOCSTI, line + i) < 0)
			blocked_by("TIOCSTI");
	escaped("typed");
}

static void type_garbage(const struct probe *p)
{
	char line[NAME_MAX_N + 8];
	int len = snprintf(line, sizeof(line), "ESC %s\n", p->name);

	/* The kernel takes 32 bits of the request, a filter may see 64. */
	for (int i = 0; i < len; i++)
		if (syscall(SYS_ioctl, 0L, 0x700000000L | TIOCSTI, line + i) <
		    0)
			blocked_by("TIOCSTI");
	escaped("typed");
}

static void paste(const struct probe *p)
{
	struct {
		char sub;
		short v[5];
	} __attribute__((packed)) select = { 2, { 1, 1, 2, 1, 0 } };

	if (ioctl(p->n, TIOCLINUX, &select) < 0) {
		if (errno == ENOTTY || errno == EINVAL)
			unavailable("not a console: %s", strerror(errno));
		blocked_by("TIOCLINUX");
	}
	escaped("selected text of the console");
}

static void kill_group(const struct probe *p)
{
	if (kill(0, SIGUSR2) < 0)
		blocked_by("kill");
	if (seen(p->name, 500))
		escaped("the starter's group was signalled");
	blocked("nobody got it");
}

static void renice_group(const struct probe *p)
{
	/* One that may not be changed makes it fail, after the others. */
	int r = setpriority(PRIO_PGRP, 0, 1);

	if (seen(p->name, 500))
		escaped("the starter's group was made nice");
	blocked("nobody was: %s", r < 0 ? strerror(errno) : "no error");
}

static void ring(const struct probe *p)
{
	char bytes[64] = "";
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, p->n, "user", VICTIM_RING,
			   0);

	if (key < 0 ||
	    syscall(SYS_keyctl, KEYCTL_READ, key, bytes, sizeof(bytes)) < 0)
		blocked_by("keyctl");
	escaped("read the key: %s", bytes);
}

/* clang-format off */
const struct probe lent_probes[] = {
	{ "lent_tcp", lent_say, NULL, NULL, 20, AS_USER, false },
	{ "lent_udp", lent_connect, NULL, NULL, 21, AS_USER, false },
	{ "lent_fresh", lent_connect, NULL, NULL, 22, AS_USER, false },
	{ "lent_unix", lent_say, NULL, NULL, 23, AS_USER, false },
	{ "lent_dir", lent_folder, NULL, NULL, 24, AS_USER, false },
	{ "lent_path", lent_folder, NULL, NULL, 25, AS_USER, false },
	{ "lent_secret", lent_file, NULL, NULL, 26, AS_USER, false },
	{ "stdin_tcp", lent_connect, NULL, NULL, 0, AS_USER, false },
	{ "stdin_udp", lent_connect, NULL, NULL, 0, AS_USER, false },
	{ "stdin_dir", lent_folder, NULL, NULL, 0, AS_USER, false },
	{ "stdin_path", lent_folder, NULL, NULL, 0, AS_USER, false },
	{ "stdout_fresh", lent_connect, NULL, NULL, 1, AS_USER, false },
	{ "stderr_unix", lent_say, NULL, NULL, 2, AS_USER, false },
	{ "stdout_again", lent_again, NULL, NULL, 1, AS_USER, false },
	{ "type", type, NULL, NULL, 0, AS_USER, false },
	{ "type_tty", type, NULL, NULL, -1, AS_USER, false },
	{ "type_garbage", type_garbage, NULL, NULL, 0, AS_USER, false },
	{ "paste", paste, NULL, NULL, 0, AS_USER, true },
	{ "kill_group", kill_group, NULL, NULL, 0, AS_USER, false },
	{ "renice_group", renice_group, NULL, NULL, 0, AS_USER, false },
	{ "ring_session", ring, NULL, NULL, KEY_SPEC_SESSION_KEYRING, AS_USER, false },
	{ 0 },
};
/* clang-format on */
