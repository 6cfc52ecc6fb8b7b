/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init.h - PID 1 of a run: holds its clean-up, starts and ends CMD
 *
 * In:         the facts of a run, computed by run.c before the fork
 * Out:        messages to netleash over a SOCK_SEQPACKET pair, all of the one
 *             fixed-size shape below; init parses nothing else
 * Order:      [PORT...] -> READY -> (GO) -> STARTED -> [STOPPED...] -> [TEXT]
 *             -> EXITED,
 * or FAILED in place of any of them; end of file on either side ends the run
 * Invariants: init is outside the run's cgroup and is the only one that takes
 *             down what the run put into the system
 */
#ifndef NETLEASH_SANDBOX_INIT_H
#define NETLEASH_SANDBOX_INIT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "sandbox/confine.h"
#include "sandbox/door.h"
#include "sandbox/identity.h"
#include "sandbox/mounts.h"

struct sock_fprog;

enum init_msg_type {
	INIT_MSG_GO = 1,  /* to init: the proxy is unprivileged and serves */
	INIT_MSG_SIGNAL,  /* to init: @value is a signal for CMD */
	INIT_MSG_GROUP,	  /* to init: the same, for CMD's process group */
	INIT_MSG_AWAKE,	  /* to init: netleash was stopped and goes on */
	INIT_MSG_PORT,	  /* from init: sockets for local port @value */
	INIT_MSG_READY,	  /* from init: with the door's sockets, if it made them
			   */
	INIT_MSG_STARTED, /* from init: CMD was executed */
	INIT_MSG_STOPPED, /* from init: CMD was stopped by signal @value */
	INIT_MSG_FAILED,  /* from init: exit status @value, sentence @text */
	INIT_MSG_EXITED,  /* from init: wait status @value; all is cleaned */
	INIT_MSG_TEXT,	  /* from init, the launcher: @text is for the caller */
};

#define INIT_TEXT_MAX 512

/* Where its end of file comes without a last word. */
#define INIT_KILLED                                                            \
	"the run's init was killed: everything of the run died with it"

struct init_msg {
	uint32_t type;
	int32_t value;
	char text[INIT_TEXT_MAX];
};

/**
 * struct init_opts - a run, ready to start; all borrowed
 * @firewall:   hold the leash by the firewall: a door element, a run uid
 * @own_network: hold it by a network namespace of the run's own
 * @own_users:  in a user namespace, where CMD keeps the caller's ids
 * @own_session: CMD is no job of the caller's shell: init leads a session,
 *              whose terminal is that of @stdio, if it is nobody's
 * @leashed:    prove it, and confine it by Landlock; false: --online
 * @cgroup_fd:  the run's cgroup; -1 where there is none
 * @lease:      NULL where there is none; init releases it at the end
 * @door:       the run's door, bound and not listening yet; init listens once
 * the firewall keeps strangers away, and keeps duplicates, so that nobody can
 * take the port. With @own_network only its port is set: init makes the sockets
 * inside and hands them out. Port 0: no door
 * @ports:      services of the host's loopback that CMD may reach: through the
 *              firewall, or with @own_network by sockets that init hands out
 * @servers:    with @firewall: CMD's own servers on loopback work
 * @decoy:      a live listener of netleash's own that CMD must not reach;
 *              init closes it once that is proved
 * @wake_fd:    a byte written there continues netleash; -1: none
 * @stdio:      for CMD's 0 to 2; -1: ours
 * @filter:     CMD's seccomp program
 * @forget:     wipes what of the parent's secrets the fork has copied; or NULL
 * @argv, @envp: CMD
 * @tells:      say at the end how much went past the door, in vain
 * @by_sudo:    the caller came by sudo(8), whose PATH is not his own
 */
struct init_opts {
	bool firewall;
	bool own_network;
	bool own_users;
	bool own_session;
	bool leashed;
	int cgroup_fd;
	struct lease *lease;
	struct door door;
	struct door decoy;
	const struct local_ports *ports;
	bool servers;
	struct mounts_opts mounts;
	struct confine_command_opts confine;
	int wake_fd;
	int stdio[3];
	const struct sock_fprog *filter;
	void (*forget)(void *arg);
	void *forget_arg;
	char *const *argv;
	char *const *envp;
	bool tells;
	bool by_sudo;
};

/*
 * Forks init into new pid, mount and ipc namespaces. The caller must have one
 * thread and every signal blocked; CMD gets @mask back. *@ret_sock is the
 * caller's end, close-on-exec. Return: 0 or -errno with a sentence; on failure
 * nothing was started, and what @opts names is still the caller's to take down.
 */
int init_start(const struct init_opts *opts, const sigset_t *mask,
	       int *ret_sock, char error[INIT_TEXT_MAX]);

#endif
