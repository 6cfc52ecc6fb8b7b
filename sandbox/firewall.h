/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall.h - the operating system's firewall, as netleash needs it
 *
 * In:         identities, the doors of a run
 * Out:        a base rule set that denies them everything, and one element a
 *             run that lets its cgroup reach its own door
 * Invariants: every change is one transaction; the base stays when a run
 *             ends; without an element the base denies all
 *
 * One implementation a system (firewall_nft.c). The rule set's text is made
 * by firewall_rules.c, which is pure. What the rules say and why stands there.
 */
#ifndef NETLEASH_SANDBOX_FIREWALL_H
#define NETLEASH_SANDBOX_FIREWALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/local_ports.h"

struct firewall;

/**
 * struct firewall_ids - who is offline
 * @offline_uid, @offline_gid: the identity itself
 * @run_first, @run_last: the block of run uids, and of gids of the same numbers
 */
struct firewall_ids {
	uid_t offline_uid;
	gid_t offline_gid;
	uid_t run_first, run_last;
};

/**
 * struct firewall_door - what one run may reach
 * @run:  name of the run's cgroup below netleash/
 * @port: of the run's own proxy on 127.0.0.1 and ::1; 0: no door at all
 */
struct firewall_door {
	const char *run;
	uint16_t port;
};

/**
 * struct firewall_local - what of loopback one run may use besides its door
 * @run:     name of the run's cgroup below netleash/
 * @uid:     the run's
 * @index:   of its lease, below 256: no two runs that live have the same
 * @ports:   services of the host on 127.0.0.1 and ::1
 * @servers: TCP servers of its own on loopback, for itself and for the host,
 *           not for other runs
 */
struct firewall_local {
	const char *run;
	uid_t uid;
	unsigned index;
	struct local_ports ports;
	bool servers;
};

#define FIREWALL_ERROR_MAX 512

/*
 * Needs the right to change the firewall (root). Works wherever cgroup2 is
 * mounted, below /sys/fs/cgroup or not. Return: 0 or -errno with a sentence
 * in @error that says what is missing and what to do.
 */
int firewall_open(struct firewall **ret, char error[FIREWALL_ERROR_MAX]);
void firewall_close(struct firewall *fw);

/*
 * Loads the base rules where they are absent or of another version or
 * identities, under the lock of the state folder: state_apply() and
 * cgroup_apply_base() come first. Idempotent.
 */
int firewall_apply_base(struct firewall *fw, const struct firewall_ids *ids,
			char error[FIREWALL_ERROR_MAX]);

/*
 * Return: 0 if just that base is loaded; -ENOENT if none is; -ESTALE if one of
 * another version or other identities is; else -errno with a sentence.
 */
int firewall_check_base(const struct firewall_ids *ids,
			char error[FIREWALL_ERROR_MAX]);

/*
 * Has the base loaded anew by the next firewall_apply_base(), whatever it looks
 * like now: somebody may have emptied a chain. No run must live.
 */
void firewall_forget_base(struct firewall *fw);

/* Removes the table and all that is in it (teardown). Absent is success. */
int firewall_revert_base(struct firewall *fw, char error[FIREWALL_ERROR_MAX]);

/* How many packets of a run's were rejected since the base was loaded, by this
 * one and those who had its uid before. Return: 0 or -errno. */
int firewall_rejected(struct firewall *fw, uid_t run_uid, uint64_t *ret);

/*
 * Adds or deletes a run's door in one transaction. Deleting what is absent is
 * success. The run's cgroup must exist in both cases. -EEXIST: the port is
 * the door of a dead run that nobody has swept yet.
 *
 * From here on only the run itself reaches the port. A stranger who connected
 * before is thrown out when he sends anything; to have none, bind, open the
 * door, and only then listen.
 */
int firewall_apply_door(struct firewall *fw, const struct firewall_door *door,
			char error[FIREWALL_ERROR_MAX]);
int firewall_revert_door(struct firewall *fw, const struct firewall_door *door,
			 char error[FIREWALL_ERROR_MAX]);

/*
 * The same for what else of loopback the run may use; nothing asked for is
 * success. Others keep their way to these ports.
 */
int firewall_apply_local(struct firewall *fw,
			 const struct firewall_local *local,
			 char error[FIREWALL_ERROR_MAX]);
int firewall_revert_local(struct firewall *fw,
			  const struct firewall_local *local,
			  char error[FIREWALL_ERROR_MAX]);

#endif
