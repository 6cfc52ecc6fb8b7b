/* SPDX-License-Identifier: MIT */
/*
 * sandbox/notify.h - tell a service manager how far we are
 *
 * References: sd_notify(3), systemd.service(5) Type=notify and notify-reload
 */
#ifndef NETLEASH_SANDBOX_NOTIFY_H
#define NETLEASH_SANDBOX_NOTIFY_H

/*
 * Finds $NOTIFY_SOCKET and takes it out of the environment. To be called while
 * we may make sockets. Without one, the rest does nothing.
 */
void notify_open(void);

/* "NAME=VALUE" lines. Not waited for: a manager that does not listen is no
 * reason to stop. */
void notify_send(const char *state);

/* RELOADING=1, with the time that systemd wants. */
void notify_reloading(void);

#endif
