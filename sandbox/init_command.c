/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_command.c - init's side of the process that becomes CMD
 *
 * Two pipes lead to it: through one it says what failed, through the other it
 * is let past its gate. They end with whoever holds them, so that neither side
 * waits for one that is dead.
 */
#include "sandbox/init_command.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/clone.h"

#define EXIT_NETLEASH 125

static int fail_to_start(char *text, const char *what, const char *hint)
{
	(void)snprintf(text, INIT_TEXT_MAX, "%s: %s%s", what, strerror(errno),
		       hint);
	return -1;
}

static void close_link(struct command_link *link)
{
	(void)close(link->report);
	(void)close(link->gate);
	*link = COMMAND_LINK_NONE;
}

static int open_links(struct command_link *ret_ours,
		      struct command_link *ret_theirs)
{
	int report[2], gate[2];

	if (pipe2(report, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(gate, O_CLOEXEC) < 0) {
		(void)close(report[0]);
		(void)close(report[1]);
		return -1;
	}
	*ret_ours = (struct command_link){ report[0], gate[1] };
	*ret_theirs = (struct command_link){ report[1], gate[0] };
	return 0;
}

int init_command_start(const struct init_opts *opts, uint16_t door_port,
		       const sigset_t *mask, struct command_link *ret_link,
		       pid_t *ret_pid, char text[INIT_TEXT_MAX])
{
	struct command_link ours, theirs;
	pid_t pid;

	if (open_links(&ours, &theirs) < 0)
		return fail_to_start(text, "pipe", "");
	pid = clone_process(CLONE_NEWNS, opts->cgroup_fd);
	if (pid == 0) {
		close_link(&ours); /* or the gate would know no end */
		command_exec(opts, door_port, mask, &theirs);
	}
	if (pid < 0)
		(void)fail_to_start(
			text, "cannot start a process in the run's cgroup",
			" (Linux 5.7 or newer is needed)");
	close_link(&theirs);
	if (pid < 0) {
		close_link(&ours);
		return -1;
	}
	*ret_link = ours;
	*ret_pid = pid;
	return 0;
}

/* Return: as read(2): all of @ret, which comes in one piece, or the end. */
static ssize_t hear(const struct command_link *link,
		    struct command_failure *ret)
{
	ssize_t n;

	do {
		n = read(link->report, ret, sizeof(*ret));
	} while (n < 0 && errno == EINTR);
	return n;
}

int init_command_release(struct command_link *link, char text[INIT_TEXT_MAX])
{
	struct command_failure failure;
	bool ready = false;
	ssize_t n;

	/* It may be dead already: then it has said why, or said nothing. */
	(void)!write(link->gate, "", 1);
	n = hear(link, &failure);
	if (n == sizeof(failure) && failure.status == 0) {
		ready = true;
		n = hear(link, &failure);
	}
	close_link(link);
	if (n == 0 && ready)
		return 0;
	if (n != sizeof(failure) || failure.status == 0) {
		(void)snprintf(text, INIT_TEXT_MAX,
			       "the command's process was killed before it "
			       "ran");
		return -EXIT_NETLEASH;
	}
	failure.text[sizeof(failure.text) - 1] = '\0';
	(void)snprintf(text, INIT_TEXT_MAX, "%s", failure.text);
	return -failure.status;
}
