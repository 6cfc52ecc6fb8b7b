/* SPDX-License-Identifier: MIT */
/*
 * sandbox/keeper.c - the process that keeps the right to read the conf again
 *
 * In:         datagrams of four bytes from the proxy, each an index
 * Out:        descriptors: the conf as bytes, the log opened anew
 * Steps:      wait for an index -> KEEPER_CONF: a child of its own loads the
 *             conf and the CA, sends them, tells the keeper where the log is
 *             now, and is gone; KEEPER_LOG: open that place
 * Invariants: what the proxy says is compared with two numbers and is nothing
 *             else: no path, no length, no text of it is ever used; a conf
 *             that is bad leaves the log's place as it was
 *
 * Why the conf is parsed here at all, where privilege is: which files belong
 * to it only its own include lines tell, so whoever opens them must have read
 * them. Were the proxy to parse, it would have to name paths. The files are
 * the machine's and the caller's, the same that decided when the proxy was
 * started, and nobody on a leash or on the network can write them. The child
 * makes it cheap to be wrong: what a load allocates, spawns (a preset may ask
 * npm) or breaks ends with it, and the keeper goes on. What comes back is text
 * again, and the proxy parses that, with no privilege.
 *
 * References: unix(7), memfd_create(2), fork(2)
 */
#include "sandbox/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/conf_pack.h"
#include "common/fdio.h"
#include "common/json.h"
#include "common/log.h"
#include "proxy/policy.h"
#include "proxy/proxy.h"
#include "sandbox/authority.h"
#include "sandbox/check.h"
#include "sandbox/conf_find.h"
#include "sandbox/identity.h"
#include "sandbox/known_cas.h"
#include "sandbox/log_sink.h"

/* Exit status of the child that loads: it has told what is wrong. */
#define REPLIED 2

struct keeper {
	const struct keeper_opts *opts;
	struct log_place log;
	int sock;
	bool replied; /* in the child: nothing more is to be said */
	char warning[KEEPER_WARNING_MAX]; /* in the child */
};

static void reply_with(const struct keeper *k, enum keeper_thing thing,
		       int result, const int fds[KEEPER_FDS], uint32_t ca)
{
	struct keeper_reply msg = {
		.thing = (uint32_t)thing,
		.result = result,
		.is_syslog = k->log.kind == CONF_LOG_SYSLOG,
		.ca = ca,
	};
	const size_t n = fds[0] < 0 ? 0 : fds[1] < 0 ? 1 : 2;

	memcpy(msg.warning, k->warning, sizeof(msg.warning));
	/* If the proxy is gone, the end of file says so. */
	(void)fd_send(k->sock, &msg, sizeof(msg), fds, n);
}

static void reply(const struct keeper *k, enum keeper_thing thing, int result,
		  int fd)
{
	reply_with(k, thing, result, (int[KEEPER_FDS]){ fd, -1 }, 0);
}

static void open_log(const struct keeper *k)
{
	char error[LOG_SINK_ERROR_MAX];
	int fd, r;

	r = log_sink_open(&k->log, k->opts->caller, &fd, error);
	if (r < 0)
		log_error("%s", error);
	reply(k, KEEPER_LOG, r, fd);
	if (fd >= 0)
		(void)close(fd);
}

/* Takes @bytes. Return: a memory file, at its beginning; or -errno. */
static int put_in_memory(struct strbuf *bytes)
{
	int fd = memfd_create("netleash-conf", MFD_CLOEXEC), r;

	if (strbuf_failed(bytes))
		r = -ENOMEM;
	else if (fd < 0)
		r = -errno;
	else
		r = fd_write_all(fd, bytes->s, bytes->len);
	strbuf_fini(bytes);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0 && fd >= 0)
		(void)close(fd);
	return r < 0 ? r : fd;
}

/* Takes @text: JSON that says what is wrong, for whoever asked. */
static void tell(struct keeper *k, struct strbuf *text)
{
	int fd = put_in_memory(text);

	reply(k, KEEPER_CONF, -EINVAL, fd >= 0 ? fd : -1);
	k->replied = true;
}

static void tell_errors(struct keeper *k, const struct conf_report *report)
{
	struct strbuf text = STRBUF_INIT;

	check_render_json(report, NULL, &text);
	tell(k, &text);
}

static void refuse(struct keeper *k, const char *why)
{
	struct strbuf text = STRBUF_INIT;
	struct json j;

	log_error("%s", why);
	json_init(&j, &text);
	json_object_open(&j, NULL);
	json_string(&j, "error", why);
	json_object_close(&j);
	strbuf_addc(&text, '\n');
	tell(k, &text);
}

/* Says what is wrong with it for this proxy. */
static bool is_good(struct keeper *k, const struct conf *cf)
{
	char why[200];

	if (k->opts->profile && !conf_profile(cf, k->opts->profile)) {
		(void)snprintf(why, sizeof(why), "the conf has no profile '%s'",
			       k->opts->profile);
		refuse(k, why);
		return false;
	}
	if (k->opts->lacks_ca && policy_conf_wants_inspection(cf)) {
		refuse(k, "the conf asks for a look into tunnels, and there "
			  "was no CA that can be used: run 'netleash setup', "
			  "and restart");
		return false;
	}
	return true;
}

/*
 * The pair of now, for the proxy. One that cannot be used is no reason to keep
 * a conf from counting: the proxy has another, and the conf may deny more.
 */
static void load_ca(struct keeper *k, int *ret_fd, uint32_t *ret_number)
{
	char why[AUTHORITY_ERROR_MAX];
	struct ca *ca = NULL;
	int r;

	if (!k->opts->cas)
		return;
	r = authority_load(&ca, why);
	if (r == 0) {
		r = ca_pass_put(ca, ret_fd);
		if (r < 0)
			(void)snprintf(why, sizeof(why), "%s", strerror(-r));
	}
	/* Attendants may hear of it from now on. */
	if (r == 0)
		*ret_number = known_cas_add(k->opts->cas, ca_pem(ca));
	ca_free(ca);
	if (r == 0)
		return;
	(void)snprintf(k->warning, sizeof(k->warning),
		       "the CA cannot be used, the one from before stays: %s",
		       why);
	log_warn("%s", k->warning);
}

static int load(struct keeper *k, struct conf **ret)
{
	struct conf_report report = { 0 };
	struct conf *cf;
	int r;

	r = conf_find_load(k->opts->conf, k->opts->caller, CONF_AUTH_NEED, &cf,
			   &report);
	conf_report_print(&report, false);
	if (r == -EINVAL)
		tell_errors(k, &report);
	conf_report_fini(&report);
	if (r < 0)
		return r;
	if (!is_good(k, cf)) {
		conf_free(cf);
		return -EINVAL;
	}
	*ret = cf;
	return 0;
}

/* With an offset of its own. Who does not take it keeps what he has. */
static void send_copy(int sock, int fd)
{
	char path[32];
	int copy;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, O_RDONLY | O_CLOEXEC);
	if (copy >= 0)
		(void)fd_send(sock, "", 1, &copy, 1);
}

/*
 * In the child. The log's place goes to the keeper first, so that it is there
 * when the proxy, which has the conf by then, asks for the log.
 */
static int send_conf(struct keeper *k, int to_keeper)
{
	struct strbuf bytes = STRBUF_INIT;
	int fds[KEEPER_FDS] = { -1, -1 }, r;
	struct conf *cf = NULL;
	uint32_t ca = 0;

	r = load(k, &cf);
	if (r == 0)
		r = log_place_find(cf, k->opts->log_file, &k->log);
	if (r == 0) {
		load_ca(k, &fds[1], &ca);
		conf_pack(cf, &bytes);
		fds[0] = put_in_memory(&bytes);
		r = fds[0] < 0 ? fds[0] : 0;
	}
	if (r == 0)
		r = fd_write_all(to_keeper, &k->log, sizeof(k->log));
	if (r == 0 && k->opts->conf_copy >= 0)
		send_copy(k->opts->conf_copy, fds[0]);
	if (r == 0)
		reply_with(k, KEEPER_CONF, 0, fds, ca);
	return r;
}

/* Return: 0, or -errno and no reply was sent. */
static int load_in_child(struct keeper *k)
{
	struct log_place *log;
	char *bytes = NULL;
	int fds[2], r, status;
	size_t n = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		(void)close(fds[0]);
		_exit(send_conf(k, fds[1]) == 0 ? 0 : k->replied ? REPLIED : 1);
	}
	r = pid < 0 ? -errno : 0;
	(void)close(fds[1]);
	if (r == 0)
		r = fd_read_all(fds[0], sizeof(*log), &bytes, &n);
	(void)close(fds[0]);
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	if (r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == REPLIED) {
		free(bytes);
		return 0; /* and the log's place stays */
	}
	if (r == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
		       n != sizeof(*log)))
		r = -EINVAL;
	if (r == 0)
		memcpy(&k->log, bytes, sizeof(k->log));
	free(bytes);
	return r;
}

static void serve(struct keeper *k)
{
	uint32_t thing;
	size_t fds_n;
	int r;

	while (fd_recv(k->sock, &thing, sizeof(thing), NULL, 0, &fds_n) ==
	       sizeof(thing)) {
		switch (thing) {
		case KEEPER_CONF:
			r = load_in_child(k);
			if (r < 0)
				reply(k, KEEPER_CONF, r, -1);
			break;
		case KEEPER_LOG:
			open_log(k);
			break;
		default:
			return;
		}
	}
}

/*
 * Only the proxy ends us: a terminal's and a service manager's signals go to
 * the whole group, and stay blocked here as the proxy has them.
 */
static _Noreturn void keeper_main(const struct keeper_opts *opts, int sock)
{
	struct keeper k = { .opts = opts, .log = *opts->log, .sock = sock };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	ca_free(opts->ca); /* the proxy has its own; ours would outlive it */
	/* Whoever reads our output shall see its end when the proxy ends. */
	if (null < 0 || dup3(null, STDIN_FILENO, 0) < 0 ||
	    dup3(null, STDOUT_FILENO, 0) < 0)
		_exit(1);
	if (fd_close_all_but((int[]){ sock, opts->conf_copy, opts->hold }, 3) <
	    0)
		_exit(1);
	/* What our messages went to is closed, or somebody else's by now. */
	log_set_fd(STDERR_FILENO);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	serve(&k);
	for (size_t i = 0; i < KEEPER_REMOVE; i++)
		if (opts->remove[i])
			(void)unlink(opts->remove[i]);
	_exit(0);
}

int keeper_start(const struct keeper_opts *opts, int *ret_sock, pid_t *ret_pid)
{
	int fds[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		r = -errno;
		(void)close(fds[0]);
		(void)close(fds[1]);
		return r;
	}
	if (pid == 0)
		keeper_main(opts, fds[1]);
	(void)close(fds[1]);
	*ret_sock = fds[0];
	*ret_pid = pid;
	return 0;
}

int keeper_ask(int sock, enum keeper_thing thing)
{
	const uint32_t index = (uint32_t)thing;

	return fd_send(sock, &index, sizeof(index), NULL, 0);
}

int keeper_receive(int sock, struct keeper_reply *ret, int ret_fds[KEEPER_FDS])
{
	struct keeper_reply msg;
	int fds[KEEPER_FDS];
	size_t fds_n = 0;
	ssize_t n;

	n = fd_recv(sock, &msg, sizeof(msg), fds, KEEPER_FDS, &fds_n);
	if (n == sizeof(msg)) {
		*ret = msg;
		ret->warning[KEEPER_WARNING_MAX - 1] = '\0';
		for (size_t i = 0; i < KEEPER_FDS; i++)
			ret_fds[i] = i < fds_n ? fds[i] : -1;
		return 0;
	}
	for (size_t i = 0; i < fds_n; i++)
		(void)close(fds[i]);
	if (n < 0)
		return (int)n;
	return n == 0 ? -EPIPE : -EPROTO;
}
