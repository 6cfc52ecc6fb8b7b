/* SPDX-License-Identifier: MIT */
/*
 * sandbox/identity.h - the two identities, the caller, and leases of run uids
 *
 * A lease is a flock(2) on a file of the state folder: it ends with the last
 * descriptor of the process that held it, however that process ended, so a
 * lease file that can be locked belongs to nobody: it is free, or its run is
 * dead and must be swept.
 */
#ifndef NETLEASH_SANDBOX_IDENTITY_H
#define NETLEASH_SANDBOX_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/local_ports.h"

#define IDENTITY_OFFLINE   "netleash-offline"
#define IDENTITY_ONLINE	   "netleash-online"
#define IDENTITY_STATE_DIR "/run/netleash"
#define IDENTITY_RUN_UIDS  256

/* Places that a sweep looks at; the start of a run must not get slower by the
 * number of others. */
#define LEASE_SWEEP_ALL	 SIZE_MAX
#define LEASE_SWEEP_SOME 16

#define RUN_NAME_MAX	   32
#define IDENTITY_ERROR_MAX 400

struct identities {
	uid_t offline_uid, online_uid;
	gid_t offline_gid, online_gid;
};

/**
 * struct caller - on whose behalf we run
 * @uid, @gid: the real ids, or under root the numeric SUDO_UID and SUDO_GID
 * @groups: his other groups, of one who is at the other end of a socket; else
 *          none are known
 * @home: from passwd; "" if there is none
 */
struct caller {
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t groups_n;
	char *name;
	char *home;
	char *shell;
};

/* Return: 0; -ENOENT if one does not exist; -errno. */
int identity_find(struct identities *ret);

/* Creates the system users that are missing. Idempotent. Needs root. */
int identity_apply(struct identities *ret, char error[IDENTITY_ERROR_MAX]);
int identity_revert(char error[IDENTITY_ERROR_MAX]);

/* Is the block of uids free of passwd entries, subuid ranges, and of
 * 61184-65534? Return: 0 or -EINVAL with a sentence. */
int identity_check_block(uid_t first, uid_t last,
			 char error[IDENTITY_ERROR_MAX]);

int caller_find(struct caller *ret, char error[IDENTITY_ERROR_MAX]);

/* Who connected the unix socket @sock to us, as the kernel knows him
 * (SO_PEERCRED, SO_PEERGROUPS). Return: 0 or -errno with a sentence. */
int caller_of_peer(int sock, struct caller *ret,
		   char error[IDENTITY_ERROR_MAX]);
void caller_fini(struct caller *c);

/*
 * From here to caller_leave() the kernel judges what root opens, and where it
 * looks, as if @c did it; for a caller of caller_of_peer(), who may signal us
 * meanwhile. The process must have one thread. Return: 0 or -errno, and then
 * nobody's rights are sure.
 */
int caller_enter(const struct caller *c);
int caller_leave(void);

/* Makes the state folder: root, 0755, leases 0700. Idempotent. */
int state_apply(char error[IDENTITY_ERROR_MAX]);
int state_revert(char error[IDENTITY_ERROR_MAX]);

/**
 * struct lease - one run's place in the block
 * @fd:   holds the flock; close-on-exec; closing it ends the lease
 * @uid:  the run's uid, its gid has the same number
 * @run:  name of the run, unique: cgroup, log, firewall
 */
struct lease {
	int fd;
	unsigned index;
	uid_t uid;
	char run[RUN_NAME_MAX];
	/* What it put into the firewall; recorded for the sweep. */
	uint16_t port; /* of the door */
	struct local_ports ports;
	bool servers;
};

/* What a dead run left: its lease is locked by us while this runs. */
typedef int lease_sweep_fn(const struct lease *dead, void *arg);

/*
 * Takes a free place of the block @first.. and names the run. The file records
 * name and port, so that whoever finds the lease free after a crash knows what
 * to clean: @sweep is called for such a place before it is used. Return: 0,
 * -EBUSY if all 256 are in use, or -errno, with a sentence.
 */
int lease_take(uid_t first, lease_sweep_fn *sweep, void *arg, struct lease *ret,
	       char error[IDENTITY_ERROR_MAX]);

/* Writes the door's port into the file; the run's local ports, and whether it
 * may have servers. Before any of it exists. Return: 0 or -errno. */
int lease_record_port(struct lease *l, uint16_t port);
int lease_record_local(struct lease *l, const struct local_ports *ports,
		       bool servers);

/* Gives the place back and ends the lease, for every copy of its fd. */
void lease_release(struct lease *l);

/* Is it fit to name a run: letters, digits, '-' and '_', 31 at most? */
bool run_name_check(const char *run);

/* Looks at @most places, and sweeps those whose run is dead. Return: how many
 * of them live, or -errno. */
int lease_sweep(uid_t first, size_t most, lease_sweep_fn *sweep, void *arg);

/* Shows every run that lives; @live is borrowed for the call. Return: 0 or
 * -errno. */
typedef void lease_live_fn(const struct lease *live, void *arg);
int lease_each_live(uid_t first, lease_live_fn *fn, void *arg);

#endif
