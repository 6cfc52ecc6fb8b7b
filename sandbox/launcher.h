/* SPDX-License-Identifier: MIT */
/*
 * sandbox/launcher.h - the process that launches for callers without privilege
 *
 * Forked by the daemon while it is root, and stays root. It reads no byte of a
 * caller's: each call gets an attendant, a process of its own (attend.h).
 */
#ifndef NETLEASH_SANDBOX_LAUNCHER_H
#define NETLEASH_SANDBOX_LAUNCHER_H

#include <sys/types.h>

#include "sandbox/identity.h"

struct conf;
struct known_cas;

/**
 * struct launcher_opts - borrowed by launcher_start(), copied by the fork
 * @conf:      what permits, and what a run is made by
 * @cas:       the daemon's CAs, or NULL: it has none
 * @conf_sock: on which another conf comes, as the keeper sends it
 * @listen_fd: of launcher_listen()
 */
struct launcher_opts {
	const struct conf *conf;
	struct known_cas *cas;
	int conf_sock;
	int listen_fd;
};

/* The socket for callers at LAUNCH_SOCKET, close-on-exec. Everybody may
 * connect; `permit` decides. Return: 0 or -errno with a sentence. */
int launcher_listen(int *ret_fd, char error[IDENTITY_ERROR_MAX]);

/*
 * Forks it. *@ret_sock is where runs tell that they are there (run_ticket.h);
 * when it is closed, its runs end, and then the launcher. Return: 0 or -errno;
 * the socket and the process are the caller's.
 */
int launcher_start(const struct launcher_opts *opts, int *ret_sock,
		   pid_t *ret_pid);

#endif
