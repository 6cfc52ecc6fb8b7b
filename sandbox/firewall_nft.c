/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_nft.c - load, read back and remove the rules by libnftables
 *
 * In:         text of firewall_rules.c
 * Out:        the kernel's answer: 0, or -errno and a sentence
 * Steps:      base: current? else lock, look again, load, look again
 * Invariants: one call to the library is one transaction; the base is loaded
 *             under the lock of the state folder; nothing is ever listed that
 *             grows with the number of runs; a start where the base is loaded
 *             does not start the library for it
 * References: libnftables(3), nfnetlink's NFT_MSG_GETGEN
 *
 * nft turns paths into inodes by stat(2) below /sys/fs/cgroup. No mount
 * namespace is needed for that even where cgroup2 is somewhere else: see
 * firewall_place_make().
 */
#include "sandbox/firewall.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/scope.h"
#include "common/strbuf.h"
#include "sandbox/cgroup.h"
#include "sandbox/firewall_priv.h"
#include "sandbox/firewall_rules.h"
#include "sandbox/firewall_socket.h"
#include "sandbox/firewall_version.h"
#include "sandbox/identity.h"
#include "sandbox/nft_library.h"
#include "sandbox/state.h"

/* One after the other with growing pauses: half a second in all. */
#define TRIES 100

static int fail(char *error, int r, const char *sentence)
{
	(void)snprintf(error, FIREWALL_ERROR_MAX, "%s", sentence);
	return r;
}

/* Asks nf_tables for its generation: the cheapest question it answers. */
static int ask_generation(int fd)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg body;
	} ask = {
		.head.nlmsg_len = sizeof(ask),
		.head.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
		.head.nlmsg_flags = NLM_F_REQUEST,
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		char more[256];
	} answer;
	ssize_t n;

	if (send(fd, &ask, sizeof(ask), 0) < 0)
		return -errno;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof(answer.head) + sizeof(answer.err.error))
		return -EPROTO;
	return answer.head.nlmsg_type == NLMSG_ERROR ? answer.err.error : 0;
}

/*
 * libnftables ends the whole process when it cannot open its socket, so we
 * find out first, and can say what is missing.
 */
static int check_kernel(int *ret_fd, char *error)
{
	const int fd = firewall_socket();
	int r;

	if (fd == -EPROTONOSUPPORT || fd == -EAFNOSUPPORT)
		return fail(error, -EOPNOTSUPP,
			    "this kernel has no netfilter: use a kernel with "
			    "nf_tables, or --isolation netns");
	if (fd < 0) {
		(void)snprintf(error, FIREWALL_ERROR_MAX,
			       "cannot reach the firewall by netlink: %s",
			       strerror(-fd));
		return fd;
	}
	r = ask_generation(fd);
	if (r == -EPERM)
		return fail(error, r,
			    "the firewall can only be changed with "
			    "CAP_NET_ADMIN: run netleash as root");
	if (r < 0)
		return fail(error, -EOPNOTSUPP,
			    "this kernel has no nf_tables: load the module "
			    "(modprobe nf_tables), or use --isolation netns");
	*ret_fd = fd;
	return 0;
}

int firewall_open(struct firewall **ret, char error[FIREWALL_ERROR_MAX])
{
	struct firewall *fw;
	int fd = -1, r;

	r = check_kernel(&fd, error);
	if (r < 0)
		return r;
	fw = calloc(1, sizeof(*fw));
	if (!fw)
		return fail(error, -ENOMEM, "out of memory");
	fw->fd = fd;
	*ret = fw;
	return 0;
}

/* Most starts only ask for the version, or open a door. */
static struct nft_ctx *start_library(struct firewall *fw, const char **ret_why)
{
	const struct nft_library *lib = nft_library(ret_why);
	struct nft_ctx *nft;

	if (!lib)
		return NULL;
	fw->lib = lib;
	*ret_why = "out of memory";
	nft = lib->ctx_new(NFT_CTX_DEFAULT);
	if (nft && (lib->ctx_buffer_output(nft) != 0 ||
		    lib->ctx_buffer_error(nft) != 0)) {
		lib->ctx_free(nft);
		nft = NULL;
	}
	fw->nft = nft;
	return nft;
}

void firewall_close(struct firewall *fw)
{
	if (!fw)
		return;
	if (fw->nft)
		fw->lib->ctx_free(fw->nft);
	free(fw);
}

/* The library reports in words only; these are the ones that we act on. */
static int errno_of(const char *message)
{
	static const int known[] = { EINTR, ENOENT, EEXIST,
				     EPERM, EBUSY,  EOPNOTSUPP };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strstr(message, strerror(known[i])))
			return -known[i];
	return -EIO;
}

/*
 * Runs @text as one transaction. @ret_error stays valid until the next run; it
 * and the output are always fetched, which is what empties them.
 *
 * Every change by anybody ends the kernel's answer to whoever is reading the
 * rule set at that moment with EINTR (or ERESTART, whose words begin alike),
 * and nothing was done. With many runs that is normal: we ask again.
 */
static int run(struct firewall *fw, const char *text, const char **ret_error)
{
	const char *message = "";
	struct nft_ctx *nft = fw->nft;
	int r = -ENOMEM;

	if (!nft)
		nft = start_library(fw, &message);
	for (unsigned i = 0; nft; i++) {
		const struct timespec pause = { .tv_nsec = 100000L * i };

		r = fw->lib->run_cmd_from_buffer(nft, text);
		(void)fw->lib->ctx_get_output_buffer(nft);
		message = fw->lib->ctx_get_error_buffer(nft);
		if (r != 0)
			r = errno_of(message);
		if (r != -EINTR || i == TRIES)
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (ret_error)
		*ret_error = message;
	return r;
}

static int run_buffer(struct firewall *fw, struct strbuf *text,
		      const char **ret_error)
{
	int r;

	*ret_error = "out of memory";
	if (strbuf_failed(text))
		return -ENOMEM;
	r = run(fw, text->s, ret_error);
	strbuf_reset(text);
	return r;
}

/* A sentence from the library's message, which has the rule in its tail. */
static int explain(char *error, int r, const char *what, const char *message)
{
	const char *hint = "";

	if (strstr(message, "socket cgroupv2"))
		hint = " (rules need 'socket cgroupv2': Linux 5.13 or newer "
		       "with CONFIG_NFT_SOCKET; modprobe nft_socket, or use "
		       "--isolation netns)";
	else if (strstr(message, "reject"))
		hint = " (rules need 'reject': CONFIG_NFT_REJECT_INET; "
		       "modprobe nft_reject_inet, or use --isolation netns)";
	(void)snprintf(error, FIREWALL_ERROR_MAX, "cannot %s: %.*s%s", what,
		       (int)strcspn(message, "\n"), message, hint);
	return r;
}

static int find_place(struct firewall_place *ret, char *error)
{
	char reason[CGROUP_ERROR_MAX], path[FIREWALL_PATH_MAX];
	const char *mount;
	struct stat st;
	int r;

	r = cgroup_find(&mount, reason);
	if (r < 0)
		return fail(error, r, reason);
	(void)snprintf(path, sizeof(path), "%s/netleash", mount);
	if (stat(path, &st) < 0) {
		r = -errno;
		(void)snprintf(
			error, FIREWALL_ERROR_MAX,
			"there is no cgroup %s: %s; run 'netleash setup'", path,
			strerror(-r));
		return r;
	}
	r = firewall_place_make(mount, st.st_ino, ret);
	return r < 0 ? fail(error, r,
			    "cgroup2 is mounted at a path that nft cannot "
			    "read: mount it at /sys/fs/cgroup")
		     : 0;
}

/* Return: 0; -ENOENT if no base is loaded, -ESTALE if another is; -errno. */
static int check_version(const char *version)
{
	char loaded[FIREWALL_VERSION_MAX];
	int r = firewall_version_read(loaded, sizeof(loaded));

	if (r < 0)
		return r;
	if (strcmp(loaded, version) == 0)
		return 0;
	return strncmp(loaded, FIREWALL_VERSION_PREFIX,
		       strlen(FIREWALL_VERSION_PREFIX)) == 0
		       ? -ESTALE
		       : -ENOENT;
}

int firewall_check_base(const struct firewall_ids *ids,
			char error[FIREWALL_ERROR_MAX])
{
	char version[FIREWALL_VERSION_MAX];
	struct firewall_place place;
	int r;

	r = find_place(&place, error);
	if (r < 0)
		return r;
	firewall_render_version(ids, &place, version);
	r = check_version(version);
	if (r < 0)
		(void)snprintf(error, FIREWALL_ERROR_MAX,
			       "these base rules are not loaded: %s",
			       strerror(-r));
	return r;
}

static int load_base(struct firewall *fw, const struct firewall_ids *ids,
		     const struct firewall_place *place, char *error)
{
	struct strbuf text = STRBUF_INIT;
	const char *message;
	int r;

	firewall_render_base(ids, place, &text);
	r = run_buffer(fw, &text, &message);
	if (r < 0)
		(void)explain(error, r, "load the firewall rules", message);
	else
		(void)run(fw, FIREWALL_DELETE_OLD, NULL); /* none: fine */
	strbuf_fini(&text);
	return r;
}

void firewall_forget_base(struct firewall *fw)
{
	(void)run(fw, FIREWALL_FORGET_VERSION, NULL); /* none: fine */
}

int firewall_apply_base(struct firewall *fw, const struct firewall_ids *ids,
			char error[FIREWALL_ERROR_MAX])
{
	char version[FIREWALL_VERSION_MAX], reason[IDENTITY_ERROR_MAX];
	struct firewall_place place;
	AUTOCLOSE int lock_fd = -1;
	int r;

	r = find_place(&place, error);
	if (r < 0)
		return r;
	firewall_render_version(ids, &place, version);
	if (check_version(version) == 0)
		return 0;

	r = state_lock(STATE_EXCLUSIVE, &lock_fd, reason);
	if (r < 0)
		return fail(error, r, reason);
	if (check_version(version) == 0)
		return 0; /* somebody else was faster */
	r = load_base(fw, ids, &place, error);
	if (r < 0)
		return r;
	if (check_version(version) == 0)
		return 0;
	return fail(error, -EIO,
		    "the firewall took the rules and does not show them: "
		    "does another program flush the rule set?");
}

int firewall_revert_base(struct firewall *fw, char error[FIREWALL_ERROR_MAX])
{
	const char *message;
	int r;

	r = run(fw, FIREWALL_DELETE_BASE, &message);
	return r < 0 ? explain(error, r, "remove the firewall rules", message)
		     : 0;
}

int firewall_find_run(const char *run_name, struct firewall_place *ret,
		      uint64_t *ret_cgroup_id, char error[FIREWALL_ERROR_MAX])
{
	char path[FIREWALL_PATH_MAX + 32];
	struct stat st;
	int r;

	if (!run_name_check(run_name))
		return fail(error, -EINVAL, "that is no name of a run");
	r = find_place(ret, error);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s", ret->path,
		       run_name);
	if (stat(path, &st) == 0) {
		*ret_cgroup_id = st.st_ino;
		return 0;
	}
	r = -errno;
	(void)snprintf(error, FIREWALL_ERROR_MAX,
		       "the run %s has no cgroup: %s", run_name, strerror(-r));
	return r;
}

/* @how: FIREWALL_CREATE, and looked at afterwards, or FIREWALL_DELETE. */
static int change_local(struct firewall *fw, const struct firewall_local *local,
			enum firewall_verb how, char error[FIREWALL_ERROR_MAX])
{
	const bool opens = how == FIREWALL_CREATE;
	struct strbuf text = STRBUF_INIT;
	struct firewall_place place;
	const char *message;
	uint64_t unused;
	int r;

	if (local->ports.n == 0 && !local->servers)
		return 0;
	r = firewall_find_run(local->run, &place, &unused, error);
	if (r < 0)
		return r;
	firewall_render_local(how, &place, local, &text);
	r = run_buffer(fw, &text, &message);
	if (r == 0 && opens) {
		firewall_render_local(FIREWALL_GET, &place, local, &text);
		r = run_buffer(fw, &text, &message);
	}
	if (r == -ENOENT && !opens)
		r = 0; /* the table itself is gone */
	if (r < 0)
		(void)explain(error, r,
			      opens ? "open the run's loopback"
				    : "close the run's loopback",
			      message);
	strbuf_fini(&text);
	return r;
}

int firewall_apply_local(struct firewall *fw,
			 const struct firewall_local *local,
			 char error[FIREWALL_ERROR_MAX])
{
	return change_local(fw, local, FIREWALL_CREATE, error);
}

int firewall_revert_local(struct firewall *fw,
			  const struct firewall_local *local,
			  char error[FIREWALL_ERROR_MAX])
{
	return change_local(fw, local, FIREWALL_DELETE, error);
}
