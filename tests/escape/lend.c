/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/lend.c - start a command with more than it should have
 *
 *	escape lend WORLD THING... -- COMMAND...
 *
 * THING is N=KIND for a descriptor (tcp, udp, fresh, unix, dir, path, secret,
 * append), "group" for a victim in the command's process group, "terminal"
 * for a terminal whose input is looked at afterwards, or "ring" for a key in
 * the session's key ring.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/escape/escape.h"

static int socket_of(const char *kind)
{
	union address a;
	socklen_t n = address_make(&a, "@inet4", "@port");
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const char *path = world("unix_outside");
	int fd;

	if (strcmp(kind, "udp") == 0)
		return socket(AF_INET, SOCK_DGRAM, 0);
	if (strcmp(kind, "unix") == 0) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s",
			       path ? path : "");
		return connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0 ? -1
									   : fd;
	}
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (strcmp(kind, "tcp") == 0 && connect(fd, &a.any, n) < 0)
		return -1;
	return fd;
}

static int open_kind(const char *kind)
{
	const char *secret = world("secret_file"), *own = world("own_file");

	if (strcmp(kind, "dir") == 0)
		return open("/", O_RDONLY | O_DIRECTORY);
	if (strcmp(kind, "path") == 0)
		return open("/", O_PATH | O_DIRECTORY);
	if (strcmp(kind, "secret") == 0)
		return open(secret ? secret : "", O_RDONLY);
	if (strcmp(kind, "append") == 0)
		return open(own ? own : "", O_WRONLY | O_APPEND);
	return socket_of(kind);
}

static int lend(const char *thing)
{
	char *end;
	long number = strtol(thing, &end, 10);
	int fd = *end == '=' ? open_kind(end + 1) : -1;

	if (fd < 0 || dup2(fd, (int)number) < 0) {
		(void)fprintf(stderr, "lend: %s: %s\n", thing, strerror(errno));
		return -1;
	}
	if (fd != number)
		(void)close(fd);
	return 0;
}

/* A victim beside the command, in one process group of a session of ours. */
static pid_t lend_group(const char *world_path)
{
	char path[512];
	char *argv[] = { NULL, path };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	pid_t pid;

	argv[0] = (char *)(uintptr_t)world_path;
	meet_path(path, sizeof(path), "info.group");
	(void)setsid();
	pid = fork();
	if (pid != 0) {
		/* Who lends is not who loses. */
		(void)sigaction(SIGUSR2, &ignore, NULL);
		return pid;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(victim_main(2, argv));
}

static void lend_ring(void)
{
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	(void)syscall(SYS_add_key, "user", VICTIM_RING, SECRET "ring",
		      sizeof(SECRET "ring"), KEY_SPEC_SESSION_KEYRING);
}

static int run(char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The shell of the terminal: what stands in its input after the command is
 * what it would take for typed. */
static _Noreturn void terminal_shell(char **argv)
{
	char bytes[256], name[NAME_MAX_N + 1];
	struct termios t;
	int status;
	ssize_t n;

	(void)tcgetattr(0, &t);
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	(void)tcsetattr(0, TCSANOW, &t);
	status = run(argv);
	if (readable(0, 200)) {
		n = read(0, bytes, sizeof(bytes));
		if (n > 0 && name_in(bytes, (size_t)n, name))
			arrived(name, "typed");
	}
	exit(status);
}

/* What the command prints is ours to pass on. */
static int terminal_main(char **argv)
{
	char bytes[1024];
	int master, status = 0;
	pid_t pid = forkpty(&master, NULL, NULL, NULL);
	ssize_t n;

	if (pid == 0)
		terminal_shell(argv);
	if (pid < 0)
		return 126;
	while ((n = read(master, bytes, sizeof(bytes))) > 0)
		(void)!write(2, bytes, (size_t)n);
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

int lend_main(int argc, char **argv)
{
	bool terminal = false;
	pid_t group = 0;
	int status;

	if (argc < 3 || world_load(argv[0]) < 0)
		return 2;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			status = (terminal ? terminal_main : run)(argv + i + 1);
			if (group > 0)
				(void)kill(group, SIGTERM);
			return status;
		}
		if (strcmp(argv[i], "terminal") == 0)
			terminal = true;
		else if (strcmp(argv[i], "group") == 0)
			group = lend_group(argv[0]);
		else if (strcmp(argv[i], "ring") == 0)
			lend_ring();
		else if (lend(argv[i]) < 0)
			return 2;
	}
	return 2;
}
