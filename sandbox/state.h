/* SPDX-License-Identifier: MIT */
/*
 * sandbox/state.h - the lock of the state folder
 *
 * The folder itself is made and removed by state_apply() and state_revert()
 * of identity.h. Whoever makes or removes users or base rules holds the lock
 * exclusively; whoever takes a lease shares it, so that a teardown never
 * removes what a new run has just found. It is never taken twice by one
 * process at a time: flock(2) would wait for itself.
 */
#ifndef NETLEASH_SANDBOX_STATE_H
#define NETLEASH_SANDBOX_STATE_H

#include "sandbox/identity.h"

enum state_lock {
	STATE_SHARED,
	STATE_EXCLUSIVE
};

/*
 * Waits for the lock, half a minute at most. Return: 0 with a close-on-exec
 * descriptor that holds it until it is closed, -EBUSY, or -errno, with a
 * sentence. -ENOENT: there is no state folder (yet, or any more).
 */
int state_lock(enum state_lock how, int *ret_fd,
	       char error[IDENTITY_ERROR_MAX]);

/*
 * The one daemon of a machine holds this lock for as long as it lives; the
 * descriptor is close-on-exec as well. Waits a moment for one that is ending.
 * Return: 0; -EBUSY: there is one; -errno; with a sentence.
 */
int state_lock_daemon(int *ret_fd, char error[IDENTITY_ERROR_MAX]);

#endif
