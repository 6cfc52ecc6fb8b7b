/* SPDX-License-Identifier: MIT */
/*
 * sandbox/leash.c - what holds one run, by isolation, before it starts
 *
 * Steps:      1. choose the isolation
 *             2. what the machine lacks (setup_apply), as root
 *             3. a lease, whose uid is the run's; a cgroup
 *             4. the door: a free port of the host's loopback, or a fixed one
 *                of the run's own; the decoy that the proof tries to reach
 */
#include "sandbox/leash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/log.h"
#include "common/strbuf.h"
#include "sandbox/cgroup.h"
#include "sandbox/childenv.h"
#include "sandbox/firewall_socket.h"
#include "sandbox/init.h"
#include "sandbox/plan.h"
#include "sandbox/setup.h"
#include "sandbox/sweep.h"
#include "sandbox/syscalls.h"

/* Processes that a run may have, where the system counts them. */
#define RUN_PROCESSES 4096

/* The name of a run uid, in the run's own passwd. */
#define RUN_USER "netleash"

/* Inside a network of the run's own every port is free. */
#define OWN_NETWORK_PORT 3128

/* The online identity is a user of its own: only root can become it. */
static int choose_online(const struct leash *l, char error[LEASH_ERROR_MAX])
{
	if (l->isolation != ISOLATION_AUTO) {
		(void)snprintf(error, LEASH_ERROR_MAX,
			       "--online has no isolation to choose");
		return -EINVAL;
	}
	if (!l->root) {
		(void)snprintf(error, LEASH_ERROR_MAX,
			       "--online needs root: use sudo");
		return -EPERM;
	}
	return 0;
}

static int choose(const struct plan *p, struct leash *l,
		  char error[LEASH_ERROR_MAX])
{
	char why[CGROUP_ERROR_MAX];
	const char *path;

	l->root = geteuid() == 0;
	l->isolation = p->cli.isolation;
	if (l->isolation == ISOLATION_FIREWALL && !l->root) {
		(void)snprintf(error, LEASH_ERROR_MAX,
			       "isolation firewall needs root: use sudo, or "
			       "--isolation=netns");
		return -EPERM;
	}
	if (p->cli.network == NETWORK_ONLINE)
		return choose_online(l, error);
	if (l->isolation != ISOLATION_AUTO)
		return 0;
	l->isolation = ISOLATION_NETNS;
	if (!l->root)
		return 0;
	if (cgroup_find(&path, why) == 0)
		l->isolation = ISOLATION_FIREWALL;
	else
		log_info("%s: isolation netns instead of firewall", why);
	return 0;
}

static int name_run(struct leash *l)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	(void)snprintf(l->lease.run, sizeof(l->lease.run), "u%u-%08x", getuid(),
		       random);
	return 0;
}

static int prepare_root(const struct plan *p, struct leash *l,
			char error[LEASH_ERROR_MAX])
{
	const bool firewall = l->isolation == ISOLATION_FIREWALL;
	int r;

	r = setup_apply(p->conf, firewall, LEASE_SWEEP_SOME, &l->ids, error,
			LEASH_ERROR_MAX);
	if (p->cli.network == NETWORK_ONLINE)
		return r == 0 ? name_run(l) : r;
	if (r == 0)
		r = lease_take(p->conf->run_uid_first, sweep_dead_run, NULL,
			       &l->lease, error);
	if (r == 0 && firewall)
		r = cgroup_create(l->lease.run, RUN_PROCESSES, &l->cgroup_fd,
				  error);
	return r;
}

/* Two entries of one name in passwd would confuse: a run uid has its own. */
static const char *user_name(const struct plan *p, const struct leash *l)
{
	if (!l->root)
		return p->caller.name;
	return l->lease.fd >= 0 ? RUN_USER : IDENTITY_ONLINE;
}

/*
 * On a free port that is not in @taken. What is turned down is held until one
 * is found, so that the kernel does not give it again.
 */
static int bind_apart(const struct local_ports *taken, struct door *ret)
{
	struct door refused[LOCAL_PORTS_MAX + 1], d = { .fds_n = 0 };
	size_t n = 0;
	int r;

	while ((r = door_bind(&d, 0)) == 0 && local_ports_has(taken, d.port))
		refused[n++] = d;
	while (n > 0)
		door_close(&refused[--n]);
	if (r == 0)
		*ret = d;
	return r;
}

static int make_door(const struct plan *p, struct leash *l)
{
	const struct local_ports *taken = &p->cli.local_ports;

	if (l->isolation == ISOLATION_FIREWALL)
		return bind_apart(taken, &l->door);
	/* Init listens inside. */
	l->door.port = local_ports_next_free(taken, OWN_NETWORK_PORT);
	return 0;
}

/* What the firewall will be told, so that the sweep of a dead run knows. */
static int record(const struct plan *p, struct leash *l)
{
	int r = 0;

	if (l->lease.fd < 0 || l->isolation != ISOLATION_FIREWALL)
		return 0;
	if (p->cli.local_ports.n > 0 || p->cli.local_binding)
		r = lease_record_local(&l->lease, &p->cli.local_ports,
				       p->cli.local_binding);
	return r == 0 ? lease_record_port(&l->lease, l->door.port) : r;
}

int leash_prepare(const struct plan *p, struct leash *ret,
		  char error[LEASH_ERROR_MAX])
{
	struct leash l = LEASH_INIT;
	int r;

	error[0] = '\0';
	r = choose(p, &l, error);
	if (r == 0)
		r = l.root ? prepare_root(p, &l, error) : name_run(&l);
	l.user = user_name(p, &l);
	if (r == 0 && p->cli.network == NETWORK_PROXY)
		r = make_door(p, &l);
	if (r == 0)
		r = record(p, &l);
	if (r == 0 && p->cli.network != NETWORK_ONLINE)
		r = bind_apart(&p->cli.local_ports, &l.decoy);
	if (r == 0)
		r = door_listen(&l.decoy);
	if (r < 0) {
		if (!error[0])
			(void)snprintf(error, LEASH_ERROR_MAX,
				       "cannot prepare the leash: %s",
				       strerror(-r));
		(void)leash_revert(&l);
		leash_close(&l);
		return r;
	}
	*ret = l;
	return 0;
}

void leash_fill(struct leash *l, const struct plan *p, struct init_opts *opts)
{
	const struct workspace *w = &p->workspace;
	const struct syscalls_opts filter = {
		.unix_sockets = p->cli.unix_sockets,
		.user_namespaces = p->cli.user_namespaces,
	};
	const bool leased = l->lease.fd >= 0;
	uid_t uid = p->caller.uid;
	gid_t gid = p->caller.gid;

	if (leased) {
		uid = l->lease.uid;
		gid = l->lease.uid;
	} else if (l->root) {
		uid = l->ids.online_uid;
		gid = l->ids.online_gid;
	}

	opts->firewall = l->isolation == ISOLATION_FIREWALL;
	opts->own_network = l->isolation == ISOLATION_NETNS;
	opts->own_users = !l->root;
	opts->tells = !p->cli.quiet && (p->cli.network == NETWORK_PROXY ||
					p->cli.network == NETWORK_EXTERNAL);
	opts->by_sudo = childenv_get(p->env, "SUDO_UID");
	opts->leashed = p->cli.network != NETWORK_ONLINE;
	opts->cgroup_fd = l->cgroup_fd;
	opts->lease = leased ? &l->lease : NULL;
	opts->door = l->door;
	opts->decoy = l->decoy;
	opts->ports = &p->cli.local_ports;
	opts->filter = syscalls_command(&filter);
	opts->servers = opts->firewall && p->cli.local_binding;
	opts->mounts = (struct mounts_opts){
		.home = w->home,
		.cwd = w->cwd,
		.shell = p->caller.shell,
		.user_name = l->user,
		.writable = (const char *const *)w->writable.v,
		.writable_n = w->writable.n,
		.readonly = (const char *const *)w->readonly.v,
		.readonly_n = w->readonly.n,
		.hidden = (const char *const *)w->hidden.v,
		.hidden_n = w->hidden.n,
		.files_folder =
			p->inspection.files_n > 0 ? INSPECTION_FOLDER : NULL,
		.files = p->inspection.files,
		.files_n = p->inspection.files_n,
		.idmap = l->root,
		.run_uid = uid,
		.run_gid = gid,
		.caller_uid = p->caller.uid,
		.caller_gid = p->caller.gid,
	};
	opts->confine = (struct confine_command_opts){
		.change_ids = l->root,
		.uid = uid,
		.gid = gid,
		.nproc = RUN_PROCESSES,
	};
}

void leash_tell(const struct leash *l, const struct plan *p)
{
	static const char *const names[] = {
		[ISOLATION_AUTO] = "none",
		[ISOLATION_FIREWALL] = "firewall",
		[ISOLATION_NETNS] = "netns",
	};
	const struct run_cli *cli = &p->cli;
	struct strbuf ports = STRBUF_INIT;

	log_info("run %s: isolation %s, door port %u", l->lease.run,
		 names[l->isolation], l->door.port);
	for (size_t i = 0; i < cli->local_ports.n; i++)
		strbuf_addf(&ports, " %u", (unsigned)cli->local_ports.v[i]);
	if (cli->network == NETWORK_EXTERNAL)
		log_info("external proxy: no door and no rules of netleash's "
			 "own");
	if (ports.len > 0)
		log_info("local ports:%s", ports.s);
	if (cli->local_binding)
		log_info("local binding: servers of the command's on loopback "
			 "can be reached");
	strbuf_fini(&ports);
}

int leash_revert(struct leash *l)
{
	int r = 0;

	if (l->cgroup_fd >= 0)
		r = cgroup_remove(l->lease.run);
	/* What is left has a name for as long as the lease says it. */
	if (r == 0 && l->lease.fd >= 0)
		lease_release(&l->lease);
	return r;
}

void leash_hand_over(struct leash *l)
{
	if (l->cgroup_fd >= 0)
		(void)close(l->cgroup_fd);
	if (l->lease.fd >= 0)
		(void)close(l->lease.fd);
	firewall_socket_close();
	l->cgroup_fd = l->lease.fd = -1;
	door_close(&l->decoy);
}

void leash_close(struct leash *l)
{
	leash_hand_over(l);
	door_close(&l->door);
}
