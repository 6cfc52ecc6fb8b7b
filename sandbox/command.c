/* SPDX-License-Identifier: MIT */
/*
 * sandbox/command.c - from a clone of init to CMD's first instruction
 *
 * Steps:      1. CMD's 0 to 2, since the steps below look at them; its
 *                process group, where it has a session of its own
 *             2. view of the file system     (root, own mount namespace)
 *             3. identity, capabilities, limits
 *             4. the gate: all before it may be done while init and netleash
 *                still prepare the door
 *             5. proof that the leash holds, as CMD, in CMD's cgroup
 *             6. Landlock                     (it would pass the proof alone)
 *             7. signals, descriptors, the limit of the stack
 *             8. seccomp filter               (last: set-up needs none of it)
 *             9. exec
 * Invariants: in the run's cgroup from the first instruction; any step that
 *             fails is reported and CMD is not executed
 */
#include "sandbox/command.h"

#include <errno.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/macros.h"
#include "sandbox/confine.h"
#include "sandbox/init.h"
#include "sandbox/inquiry.h"
#include "sandbox/landlock.h"
#include "sandbox/mounts.h"
#include "sandbox/proof.h"
#include "sandbox/stack_limit.h"
#include "sandbox/syscalls.h"

#define STATUS_NETLEASH	  125
#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND  127

PRINTF_LIKE(3, 4)
static _Noreturn void fail(int report_fd, int status, const char *fmt, ...)
{
	struct command_failure failure = { .status = status };
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(failure.text, sizeof(failure.text), fmt, ap);
	va_end(ap);
	/* If init is gone there is nobody to tell; we end either way. */
	(void)fd_write_all(report_fd, &failure, sizeof(failure));
	_exit(status);
}

/* What kills us from here on is meant for CMD. */
static void say_ready(int report_fd)
{
	const struct command_failure none = { .status = 0 };

	(void)fd_write_all(report_fd, &none, sizeof(none));
}

static void place_stdio(const struct init_opts *opts, int report_fd)
{
	for (int fd = 0; fd <= 2; fd++)
		if (opts->stdio[fd] >= 0 && dup2(opts->stdio[fd], fd) < 0)
			fail(report_fd, STATUS_NETLEASH,
			     "cannot place descriptor %d: %s", fd,
			     strerror(errno));
}

/*
 * As a shell would start it: a foreground group of its own. A stop by the
 * terminal would pass by a group whose parent is in another session.
 */
static void lead_group(int report_fd)
{
	if (setpgid(0, 0) < 0)
		fail(report_fd, STATUS_NETLEASH,
		     "cannot make a process group: %s", strerror(errno));
	for (int fd = 0; fd <= 2; fd++)
		if (isatty(fd))
			(void)tcsetpgrp(fd, getpid()); /* of another session */
}

/*
 * execve(2) says the same of a file that is not there and of one whose
 * interpreter is not. Return: what to say behind the name.
 */
static const char *why_not_found(const struct init_opts *opts, const char *name)
{
	const char *path = getenv("PATH");
	char found[PATH_MAX];
	struct stat st;

	if (!name[0])
		return "command not found";
	if (strchr(name, '/') ? lstat(name, &st) == 0
			      : path && inquiry_find(path, name, found))
		return "it is there, but not its interpreter, or what it is a "
		       "link to; --readonly DIR shows a folder of your home";
	return opts->by_sudo && !strchr(name, '/')
		       ? "command not found in the PATH that sudo sets; with "
			 "your own: sudo env \"PATH=$PATH\" netleash ..."
		       : "command not found";
}

static _Noreturn void exec_command(const struct init_opts *opts, int report_fd)
{
	const char *name = opts->argv[0];

	/* execvpe(3) looks PATH up in the environment of the caller. */
	environ = (char **)(uintptr_t)opts->envp;
	(void)execvp(name, opts->argv);
	if (errno == ENOENT || errno == ENOTDIR)
		fail(report_fd, STATUS_NOT_FOUND, "%s: %s",
		     name[0] ? name : "''", why_not_found(opts, name));
	fail(report_fd, STATUS_CANNOT_RUN, "%s: cannot be executed: %s", name,
	     strerror(errno));
}

/*
 * Ports are limited where CMD can have no server: in the host's network, and
 * without local binding. A second line, so an old kernel is no failure.
 */
static int apply_landlock(const struct init_opts *opts, uint16_t door_port)
{
	uint16_t ports[LOCAL_PORTS_MAX + 1];
	size_t n = 0;
	int abi;

	if (door_port)
		ports[n++] = door_port;
	for (size_t i = 0; i < opts->ports->n; i++)
		ports[n++] = opts->ports->v[i];
	return landlock_apply(ports, n, opts->firewall && !opts->servers, &abi);
}

/* Nobody is told when the gate does not open: init says what was wrong. */
static void await_gate(int gate_fd)
{
	char byte;
	ssize_t n;

	do {
		n = read(gate_fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(STATUS_NETLEASH);
}

_Noreturn void command_exec(const struct init_opts *opts, uint16_t door_port,
			    const sigset_t *mask,
			    const struct command_link *link)
{
	const struct proof_opts proof = {
		.door_port = door_port,
		.decoy_port = opts->decoy.port,
		.own_loopback = opts->own_network,
	};
	const int report_fd = link->report;
	char text[MOUNTS_ERROR_MAX];
	const char *step = "";
	int r;

	place_stdio(opts, report_fd);
	if (opts->own_session)
		lead_group(report_fd);
	r = mounts_apply(&opts->mounts, text);
	if (r < 0)
		fail(report_fd, STATUS_NETLEASH, "%s", text);
	r = confine_command(&opts->confine, &step);
	if (r < 0)
		fail(report_fd, STATUS_NETLEASH,
		     "cannot give the command its identity: %s: %s", step,
		     strerror(-r));
	await_gate(link->gate);
	if (opts->leashed)
		r = proof_check(&proof, text, sizeof(text));
	if (r < 0)
		fail(report_fd, STATUS_NETLEASH,
		     "the leash does not hold, so nothing was run: %s; "
		     "'netleash setup' loads the rules again, should somebody "
		     "have changed them",
		     text);
	if (opts->leashed)
		r = apply_landlock(opts, door_port);
	if (r < 0)
		fail(report_fd, STATUS_NETLEASH,
		     "cannot apply Landlock's rules: %s", strerror(-r));
	/* Libraries open descriptors of their own (libnftables a socket). */
	if (close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
		fail(report_fd, STATUS_NETLEASH, "cannot close descriptors: %s",
		     strerror(errno));
	say_ready(report_fd);
	/* netleash blocked signals and changed no disposition of them. */
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	stack_limit_give_back();
	r = syscalls_load(opts->filter);
	if (r < 0)
		fail(report_fd, STATUS_NETLEASH,
		     "cannot load the system call filter: %s", strerror(-r));
	exec_command(opts, report_fd);
}
