/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init_firewall.c - what init has of one run in the firewall
 *
 * Invariants: watched before anything is opened, so that no change goes
 *             unseen; what may be half there is taken away as well
 */
#include "sandbox/init_firewall.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox/firewall.h"
#include "sandbox/firewall_watch_filter.h"

static struct firewall_door door_of(const struct init_opts *opts)
{
	return (struct firewall_door){
		.run = opts->lease->run,
		.port = opts->door.port,
	};
}

static struct firewall_local local_of(const struct init_opts *opts)
{
	return (struct firewall_local){
		.run = opts->lease->run,
		.uid = opts->lease->uid,
		.index = opts->lease->index,
		.ports = *opts->ports,
		.servers = opts->servers,
	};
}

static int watch(struct init_firewall *f, const struct init_opts *opts)
{
	struct stat st;
	int r;

	/* nf_tables names a cgroup by its id: the directory's inode number. */
	if (fstat(opts->cgroup_fd, &st) < 0)
		return -errno;
	f->watched = (struct firewall_watched){
		.cgroup_id = st.st_ino,
		.port = opts->door.port,
		.uid = opts->lease->uid,
	};
	r = firewall_watch_open(&f->watch_fd);
	if (r == 0) /* without it, we are only woken more often */
		(void)firewall_watch_filter(f->watch_fd, &f->watched);
	return r;
}

int init_firewall_open(struct init_firewall *f, const struct init_opts *opts,
		       char error[INIT_TEXT_MAX])
{
	const struct firewall_door door = door_of(opts);
	const struct firewall_local local = local_of(opts);
	int r;

	r = watch(f, opts);
	if (r < 0) {
		(void)snprintf(error, INIT_TEXT_MAX,
			       "cannot watch the firewall's rules: %s",
			       strerror(-r));
		return r;
	}
	if (!door.port && !local.ports.n && !local.servers)
		return 0; /* --no-network: the base rules deny all */
	r = firewall_open(&f->fw, error);
	if (r < 0)
		return r;
	f->door_open = true;
	r = firewall_apply_door(f->fw, &door, error);
	if (r < 0)
		return r;
	f->local_open = true;
	return firewall_apply_local(f->fw, &local, error);
}

bool init_firewall_lost(const struct init_firewall *f)
{
	return firewall_watch_lost(f->watch_fd, &f->watched);
}

int init_firewall_rejected(const struct init_firewall *f,
			   const struct init_opts *opts, uint64_t *ret)
{
	*ret = 0;
	return f->fw ? firewall_rejected(f->fw, opts->lease->uid, ret) : 0;
}

void init_firewall_forget(struct init_firewall *f)
{
	char ignored[INIT_TEXT_MAX];

	if (!f->fw && firewall_open(&f->fw, ignored) < 0)
		return;
	firewall_forget_base(f->fw);
}

int init_firewall_close(struct init_firewall *f, const struct init_opts *opts,
			char error[INIT_TEXT_MAX])
{
	int r = 0;

	if (f->local_open) {
		const struct firewall_local local = local_of(opts);

		r = firewall_revert_local(f->fw, &local, error);
	}
	if (r == 0 && f->door_open) {
		const struct firewall_door door = door_of(opts);

		r = firewall_revert_door(f->fw, &door, error);
	}
	return r;
}
