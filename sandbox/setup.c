/* SPDX-License-Identifier: MIT */
/*
 * sandbox/setup.c - make and remove what every run needs, once
 *
 * In:         the conf's block of run uids
 * Out:        state folder, two users, cgroup, base rules; or none of them;
 *             and of `netleash setup` the daemon's CA
 * Steps:      setup in that order: each needs the one before. Teardown the
 *             other way round, but only when no run lives, dead runs first
 * Invariants: rules and cgroup go together, the cgroup first: while something
 *             lives in it that fails, and the rules stay
 */
#include "sandbox/setup.h"

#include <errno.h>

#include "common/conf.h"
#include "common/conf_load.h"
#include "common/log.h"
#include "common/scope.h"
#include "common/strbuf.h"
#include "sandbox/authority.h"
#include "sandbox/cgroup.h"
#include "sandbox/conf_find.h"
#include "sandbox/firewall.h"
#include "sandbox/state.h"
#include "sandbox/sweep.h"

#define ERROR_MAX  600
#define EXIT_USAGE 2

static const char setup_usage[] =
	"usage: netleash setup [-c CONF]\n"
	"\n"
	"Makes the system users netleash-offline and netleash-online, the\n"
	"state folder " IDENTITY_STATE_DIR
	", the base firewall rules, and the CA of\n"
	"'netleash daemon' in " AUTHORITY_DIR
	". Does nothing that is done already.\n"
	"'netleash run' as root does the same by itself, but for the CA.\n"
	"\n"
	"  -c, --conf CONF  take the block of run uids from CONF instead of\n"
	"                   " CONF_FIND_SYSTEM "\n";

static const char teardown_usage[] =
	"usage: netleash teardown\n"
	"\n"
	"Removes what 'netleash setup' made, the CA too. Refuses while a run\n"
	"or a daemon lives.\n";

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static void add_name(const struct lease *live, void *arg)
{
	strbuf_addf(arg, " %s", live->run);
}

static int refuse_if_live(char *error)
{
	struct strbuf names = STRBUF_INIT;
	int r;

	r = lease_each_live(0, add_name, &names);
	if (r == 0 && names.len > 0) {
		r = -EBUSY;
		(void)snprintf(error, ERROR_MAX,
			       "there are runs that live:%.*s; end them first",
			       (int)(names.len < 400 ? names.len : 400),
			       names.s);
	} else if (r < 0) {
		(void)snprintf(error, ERROR_MAX, "cannot read the leases: %s",
			       strerror(-r));
	}
	strbuf_fini(&names);
	return r;
}

/*
 * A run that lives ends itself when the rules that hold it are replaced, so
 * another version's rules, or another block's, stay until it has ended.
 */
static int apply_base(struct firewall *fw, const struct firewall_ids *ids,
		      char *error)
{
	char names[ERROR_MAX];
	int r;

	r = firewall_check_base(ids, error);
	if (r == -ESTALE && refuse_if_live(names) < 0) {
		(void)snprintf(error, ERROR_MAX,
			       "the rules that are loaded are of another "
			       "version or have other run-uids, and %.400s",
			       names);
		return -EBUSY;
	}
	return r == 0 ? 0 : firewall_apply_base(fw, ids, error);
}

/* The part that needs the firewall. */
static int apply_firewall(const struct firewall_ids *ids, size_t sweep,
			  char *error)
{
	struct firewall *fw = NULL;
	int r;

	r = cgroup_apply_base(error);
	if (r == 0)
		r = firewall_open(&fw, error);
	if (r == 0)
		r = apply_base(fw, ids, error);
	/* What cannot be swept stays on the leash, and keeps its place shut;
	 * that is no reason not to start another run. */
	if (r == 0)
		(void)lease_sweep(ids->run_first, sweep, sweep_dead_run, fw);
	firewall_close(fw);
	return r;
}

static int apply_all(const struct conf *cf, bool firewall, size_t sweep,
		     struct identities *ret, char *error)
{
	char backstop_error[ERROR_MAX];
	struct firewall_ids ids;
	int r;

	if (geteuid() != 0) {
		(void)snprintf(error, ERROR_MAX,
			       "making users and firewall rules needs root: "
			       "use sudo");
		return -EPERM;
	}
	r = identity_check_block(cf->run_uid_first, cf->run_uid_last, error);
	if (r == 0)
		r = state_apply(error);
	if (r == 0)
		r = identity_apply(ret, error);
	if (r < 0)
		return r;
	ids = (struct firewall_ids){
		.offline_uid = ret->offline_uid,
		.offline_gid = ret->offline_gid,
		.run_first = cf->run_uid_first,
		.run_last = cf->run_uid_last,
	};
	r = apply_firewall(&ids, sweep, firewall ? error : backstop_error);
	return firewall ? r : 0;
}

int setup_apply(const struct conf *cf, bool firewall, size_t sweep,
		struct identities *ret, char *error, size_t size)
{
	char text[ERROR_MAX] = "";
	int r = apply_all(cf, firewall, sweep, ret, text);

	if (r < 0)
		(void)snprintf(error, size, "%s", text);
	return r;
}

/* Setup is not concerned with rules: it asks no tool what a preset means. */
static int no_rules(void *arg, const char *name, char **ret_text,
		    size_t *ret_len, char **ret_source,
		    char error[RULE_ERROR_MAX])
{
	(void)arg;
	*ret_text = strdup("");
	*ret_source = strdup(name);
	*ret_len = 0;
	if (*ret_text && *ret_source)
		return 0;
	free(*ret_text);
	free(*ret_source);
	*ret_text = *ret_source = NULL;
	(void)snprintf(error, RULE_ERROR_MAX, "out of memory");
	return -ENOMEM;
}

/* The conf @named, or the system's; defaults where that does not exist. */
static struct conf *load_conf(const char *named)
{
	const struct conf_opts opts = { .preset = no_rules,
					.may_be_pipe = named != NULL };
	const char *path = named ? named : CONF_FIND_SYSTEM;
	struct conf_report report = { 0 };
	struct conf *cf = NULL;
	int r;

	if (!named && access(path, F_OK) < 0 && errno == ENOENT)
		return conf_new();
	r = conf_load(&path, 1, &opts, &cf, &report);
	if (r < 0)
		conf_report_print(&report, true);
	conf_report_fini(&report);
	return r < 0 ? NULL : cf;
}

static void count_live(const struct lease *live, void *arg)
{
	unsigned *n = arg;

	(void)live;
	(*n)++;
}

/*
 * Somebody may have changed the rules and left their version: asked for by
 * name, and with no run that stands on them, they are loaded anew.
 */
static void forget_rules(void)
{
	char error[FIREWALL_ERROR_MAX];
	struct firewall *fw = NULL;
	unsigned n = 0;

	if (geteuid() != 0 || lease_each_live(0, count_live, &n) < 0 || n > 0)
		return;
	if (firewall_open(&fw, error) == 0)
		firewall_forget_base(fw);
	firewall_close(fw);
}

int setup_main(int argc, char **argv)
{
	const char *named = NULL;
	char error[ERROR_MAX];
	struct identities ids;
	struct conf *cf;
	int r;

	for (int i = 1; i < argc; i++) {
		if (is_help(argv[i])) {
			(void)fputs(setup_usage, stdout);
			return 0;
		}
		if (i + 1 < argc && (strcmp(argv[i], "-c") == 0 ||
				     strcmp(argv[i], "--conf") == 0)) {
			named = argv[++i];
		} else if (strncmp(argv[i], "--conf=", 7) == 0) {
			named = argv[i] + 7;
		} else {
			(void)fprintf(stderr,
				      "netleash: setup: bad option '%s'\n%s",
				      argv[i], setup_usage);
			return EXIT_USAGE;
		}
	}
	cf = load_conf(named);
	if (!cf)
		return 1; /* the report said why */
	forget_rules();
	r = setup_apply(cf, true, LEASE_SWEEP_ALL, &ids, error, sizeof(error));
	if (r < 0)
		log_error("setup: %s", error);
	else
		(void)printf("offline: uid %u, runs: uids %u-%u, online: uid "
			     "%u; the base rules are loaded\n",
			     (unsigned)ids.offline_uid, cf->run_uid_first,
			     cf->run_uid_last, (unsigned)ids.online_uid);
	conf_free(cf);
	if (r == 0) {
		r = authority_make(error);
		if (r < 0)
			log_error("setup: %s", error);
	}
	return r < 0;
}

static int revert_firewall(char *error)
{
	struct firewall *fw = NULL;
	int r;

	r = firewall_open(&fw, error);
	if (r == -EOPNOTSUPP)
		fw = NULL; /* no firewall, so nothing of ours in it */
	else if (r < 0)
		return r;
	r = lease_sweep(0, LEASE_SWEEP_ALL, sweep_dead_run, fw);
	if (r != 0)
		(void)snprintf(error, ERROR_MAX,
			       "what a dead run left cannot be removed: %s",
			       r < 0 ? strerror(-r) : "a run has started");
	if (r > 0)
		r = -EBUSY;
	if (r == 0)
		r = cgroup_revert_base(error);
	if (r == 0 && fw)
		r = firewall_revert_base(fw, error);
	firewall_close(fw);
	return r;
}

static int revert_all(char *error)
{
	AUTOCLOSE int lock_fd = -1, daemon_fd = -1;
	int r;

	if (geteuid() != 0) {
		(void)snprintf(error, ERROR_MAX,
			       "removing users and firewall rules needs root: "
			       "use sudo");
		return -EPERM;
	}
	/* Without a folder there is no run, and nobody to lock out. */
	r = state_lock(STATE_EXCLUSIVE, &lock_fd, error);
	if (r == 0)
		r = state_lock_daemon(&daemon_fd, error);
	if (r == -ENOENT)
		r = 0;
	if (r == 0)
		r = refuse_if_live(error);
	if (r == 0)
		r = revert_firewall(error);
	if (r == 0)
		r = identity_revert(error);
	if (r == 0)
		r = authority_remove(error);
	if (r == 0)
		r = state_revert(error);
	return r;
}

int teardown_main(int argc, char **argv)
{
	char error[ERROR_MAX];
	int r;

	if (argc > 1 && is_help(argv[1])) {
		(void)fputs(teardown_usage, stdout);
		return 0;
	}
	if (argc > 1) {
		(void)fprintf(stderr, "netleash: teardown: bad option '%s'\n%s",
			      argv[1], teardown_usage);
		return EXIT_USAGE;
	}
	r = revert_all(error);
	if (r < 0)
		log_error("teardown: %s", error);
	return r < 0;
}
