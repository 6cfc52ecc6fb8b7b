/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend.c - one run for a caller without privilege
 *
 * Steps:      1. is he named by a `permit` line at all? then his request,
 *                whole                                     (attend_request.c)
 *             2. may he? what the conf permits
 *             3. what he names, with his rights                      (plan.c)
 *             4. what holds the run                                 (leash.c)
 *             5. the run in the daemon's proxy                 (run_ticket.h)
 *             6. init, which takes over what step 4 made             (init.c)
 *             7. the run's door to the proxy
 *             8. shed every privilege
 *             9. pass words on until the run has ended        (attend_pump.c)
 * Invariants: nothing is done for him that he could not do himself, but for
 *             the leash, which only takes away; before step 8 his words are
 *             compared, resolved with his rights, or given to CMD, and nothing
 *             else; secrets of his are gone from here before there is another
 *             process; whatever fails before CMD runs ends with 125 and a
 *             sentence
 */
#include "sandbox/attend.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/fdio.h"
#include "common/log.h"
#include "sandbox/attend_inherit.h"
#include "sandbox/attend_permit.h"
#include "sandbox/attend_pump.h"
#include "sandbox/attend_request.h"
#include "sandbox/attend_ticket.h"
#include "sandbox/childenv.h"
#include "sandbox/confine.h"
#include "sandbox/init.h"
#include "sandbox/init_await.h"
#include "sandbox/known_cas.h"
#include "sandbox/launch.h"
#include "sandbox/leash.h"
#include "sandbox/plan.h"

#define EXIT_NETLEASH 125

#define ATTEND_ERROR_MAX 600

/* How long a caller may leave a word unread. */
#define UNREAD_SECONDS 10

/**
 * struct attendant - one call
 * @notes:  a memory file: what netleash has to say to the caller, who has been
 *           told its first @told bytes
 * @daemon: of attend_ticket.h
 * @wake:   init writes to the second
 */
struct attendant {
	const struct attend_opts *opts;
	struct request request;
	struct plan plan;
	struct leash leash;
	sigset_t mask;
	char **env;
	struct inherited inherited;
	off_t told;
	struct ticket_answer daemon;
	int notes, wake[2], init_sock;
	bool answered; /* he has had the last word */
	bool leaves;   /* something of the run, for the launcher to sweep */
	char error[ATTEND_ERROR_MAX];
};

static int fail(struct attendant *a, int r, const char *what)
{
	(void)snprintf(a->error, sizeof(a->error), "%s: %s", what,
		       strerror(-r));
	return r;
}

/* Return: 0; or -errno: if he is gone, the next step finds out. */
static int tell(const struct attendant *a, enum init_msg_type type, int value,
		const char *text)
{
	struct init_msg msg = { .type = (uint32_t)type, .value = value };

	(void)snprintf(msg.text, sizeof(msg.text), "%s", text);
	return fd_send(a->opts->sock, &msg, sizeof(msg), NULL, 0);
}

/* What was noted since is the caller's to read. */
static void tell_notes(struct attendant *a)
{
	struct init_msg msg = { .type = INIT_MSG_TEXT };
	ssize_t n;

	while ((n = pread(a->notes, msg.text, sizeof(msg.text) - 1, a->told)) >
	       0) {
		msg.text[n] = '\0';
		if (tell(a, INIT_MSG_TEXT, 0, msg.text) < 0)
			return;
		a->told += n;
	}
}

static int refuse(struct attendant *a, const char *why)
{
	(void)tell(a, INIT_MSG_FAILED, 0, why);
	a->answered = true;
	return -EPERM;
}

/* Step 1. Whom no line names is not waited for, and nothing of his is read. */
static int take_request(struct attendant *a)
{
	char why[ATTEND_ERROR_MAX];
	int r = request_who(a->opts->sock, &a->request, a->error);

	if (r < 0)
		return r;
	if (!attend_permits_any(a->opts->conf, &a->request.caller, why,
				sizeof(why)))
		return refuse(a, why);
	return request_take(a->opts->sock, &a->request, a->error);
}

/* The launcher counts him among those who run from here on, whom it does not
 * send away. */
static int say_permitted(const struct attendant *a)
{
	const pid_t pid = getpid();

	return write(a->opts->permitted, &pid, sizeof(pid)) == sizeof(pid) &&
			       close(a->opts->permitted) == 0
		       ? 0
		       : -EIO;
}

/* Step 2. The first answer: from here on it is his run, or none of ours. */
static int permit(struct attendant *a)
{
	char why[ATTEND_ERROR_MAX];

	if (run_cli_parse(a->request.args_n, a->request.words.args,
			  &a->plan.cli) != CLI_OK) {
		tell_notes(a);
		(void)snprintf(a->error, sizeof(a->error),
			       "the command line is wrong");
		return -EINVAL;
	}
	if (!launch_fits(&a->plan.cli)) {
		(void)snprintf(a->error, sizeof(a->error),
			       "-c, --log and --isolation=netns are the "
			       "caller's own to do");
		return -EINVAL;
	}
	if (!attend_permits(a->opts->conf, &a->request.caller, &a->plan.cli,
			    why, sizeof(why)))
		return refuse(a, why);
	if (a->plan.cli.verbose)
		log_set_level(LOG_LEVEL_INFO);
	if (say_permitted(a) < 0)
		return fail(a, -EIO, "the launcher has ended");
	(void)tell(a, INIT_MSG_READY, 0, "");
	return 0;
}

/* But for that by which we hear of init's end. */
static void take_signals(struct attendant *a)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGCHLD && a->request.head.ignored >> (sig - 1) & 1)
			(void)sigaction(sig, &ignore, NULL);
	(void)sigemptyset(&a->mask);
	for (int sig = 1; sig < NSIG; sig++)
		if (a->request.head.blocked >> (sig - 1) & 1)
			(void)sigaddset(&a->mask, sig);
}

/* Step 3. */
static int decide(struct attendant *a)
{
	struct request *req = &a->request;
	const char *what;
	int r, left;

	r = inherit_read_oom(req->pid, &a->inherited, &what);
	if (r < 0)
		return fail(a, r, what);
	take_signals(a);
	a->plan.caller = req->caller;
	req->caller = (struct caller){ 0 };
	a->plan.conf = a->opts->conf;
	a->plan.env = (const char *const *)req->words.env;
	r = caller_enter(&a->plan.caller);
	if (r == 0) {
		r = inherit_read(req->pid, &a->inherited, &what);
		if (r < 0)
			(void)fail(a, r, what);
	}
	if (r == 0 && fchdir(req->fds[LAUNCH_FD_CWD]) < 0)
		r = fail(a, -errno, "the working directory");
	if (r == 0)
		r = plan_make_for(&a->plan, a->error);
	left = caller_leave();
	if (left < 0) {
		log_error("attend: cannot come back from the caller's rights");
		_exit(1);
	}
	return r;
}

/*
 * Step 5. Without a door too: the daemon knows of every run. What CMD is shown
 * and given depends on what it says.
 */
static int register_run(struct attendant *a)
{
	const struct ticket_opts ticket = {
		.tickets = a->opts->tickets,
		.run = a->leash.lease.run,
		.pid = a->request.pid,
		.plan = &a->plan,
	};
	char pem[KNOWN_CAS_PEM];
	int r;

	r = attend_open_channel(&ticket, &a->daemon, a->error);
	inspection_forget(&a->plan.inspection);
	if (r < 0 || !a->daemon.ca || !a->opts->cas)
		return r;
	if (!known_cas_find(a->opts->cas, a->daemon.ca, pem)) {
		(void)snprintf(a->error, sizeof(a->error),
			       "the daemon signs with a CA that was renewed "
			       "too often since: 'netleash reload'");
		return -ESTALE;
	}
	return plan_trust(&a->plan, pem, a->error);
}

static int make_environment(struct attendant *a)
{
	int r;

	r = plan_environment(&a->plan, a->leash.door.port,
			     a->leash.isolation == ISOLATION_NETNS,
			     a->leash.lease.run, a->leash.user, &a->env,
			     a->error);
	if (r == 0 && pipe2(a->wake, O_CLOEXEC | O_NONBLOCK) < 0)
		r = -errno;
	return r;
}

/* Step 6. */
static int start_init(struct attendant *a)
{
	struct request *req = &a->request;
	struct init_opts opts = {
		.own_session = true,
		.wake_fd = a->wake[1],
		.stdio = { req->fds[LAUNCH_FD_STDIN],
			   req->fds[LAUNCH_FD_STDOUT],
			   req->fds[LAUNCH_FD_STDERR] },
		.argv = a->plan.cli.argv,
		.envp = a->env,
	};
	int r;

	leash_fill(&a->leash, &a->plan, &opts);
	opts.mounts.opener = &a->plan.caller;
	inherit_apply(&a->inherited);
	(void)umask((mode_t)req->head.mask);
	r = init_start(&opts, &a->mask, &a->init_sock, a->error);
	/* CMD's alone now: a reader of its output must see it closed. */
	for (int i = 0; i < LAUNCH_FDS; i++) {
		(void)close(req->fds[i]);
		req->fds[i] = -1;
	}
	(void)close(a->wake[1]);
	a->wake[1] = -1;
	return r;
}

/* init_socket_fn */
static int give_socket(void *arg, int fd, uint16_t local)
{
	const struct attendant *a = arg;
	int r = attend_give_socket(a->daemon.channel, fd, local);

	(void)close(fd);
	return r;
}

/* Step 7. */
static int begin(struct attendant *a)
{
	int r = init_await(a->init_sock, &a->leash.door, give_socket, a,
			   a->error);

	/* A daemon that has refused it already has said why. */
	return r == 0 || r == -EPIPE ? attend_begin(a->daemon.channel, a->error)
				     : r;
}

/* Step 8. */
static int shed(struct attendant *a)
{
	const struct identities *ids = &a->leash.ids;
	const char *step = "";
	int r = confine_proxy(ids->online_uid, ids->online_gid, true, &step);

	return r < 0 ? fail(a, r, step) : 0;
}

/* Init removes what the run has made, unless it was killed itself. @ended: it
 * has said that it did, and nobody waits for its own end. */
static void end_init(struct attendant *a, bool ended)
{
	int status = 0;

	(void)close(a->init_sock);
	a->init_sock = -1;
	while (!ended && waitpid(-1, &status, 0) < 0 && errno == EINTR)
		;
	a->leaves = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* Return: 0, or -errno and CMD never ran. */
static int run(struct attendant *a)
{
	bool ended = false;
	int r;

	r = take_request(a);
	if (r == 0)
		r = permit(a);
	if (r == 0)
		r = decide(a);
	if (r == 0)
		r = plan_secrets(&a->plan, a->opts->cas != NULL, a->error);
	if (r == 0)
		r = leash_prepare(&a->plan, &a->leash, a->error); /* step 4 */
	if (r == 0)
		r = register_run(a);
	if (r == 0)
		r = make_environment(a);
	if (r == 0)
		r = start_init(a);
	if (r < 0) {
		a->leaves = leash_revert(&a->leash) < 0;
		return r;
	}
	leash_hand_over(&a->leash);
	r = begin(a);
	if (r == 0)
		r = shed(a);
	if (r == 0)
		leash_tell(&a->leash, &a->plan);
	tell_notes(a);
	if (r == 0)
		ended = attend_pump(&(struct pump_opts){
			.caller = a->opts->sock,
			.init = a->init_sock,
			.channel = a->daemon.channel,
			.summary = a->plan.cli.quiet ? -1 : a->daemon.summary,
			.wake = a->wake[0],
		});
	end_init(a, ended);
	return r;
}

/*
 * What is unread in a socket that is closed resets the peer, who then never
 * reads our last word. So there is nothing: no more can come, and what came is
 * thrown away, descriptors too. He is not waited for.
 */
static void part(int sock)
{
	char ignored;

	(void)shutdown(sock, SHUT_RDWR);
	while (recv(sock, &ignored, sizeof(ignored), MSG_DONTWAIT) > 0)
		;
}

_Noreturn void attend(const struct attend_opts *opts)
{
	struct attendant a = {
		.opts = opts,
		.request = REQUEST_INIT,
		.leash = LEASH_INIT,
		.notes = memfd_create("netleash-notes", MFD_CLOEXEC),
		.daemon = { .channel = -1, .summary = -1 },
		.wake = { -1, -1 },
		.init_sock = -1,
	};
	int r;

	if (a.notes < 0 ||
	    setsockopt(opts->sock, SOL_SOCKET, SO_SNDTIMEO,
		       &(struct timeval){ .tv_sec = UNREAD_SECONDS },
		       sizeof(struct timeval)) < 0)
		_exit(1);
	log_set_fd(a.notes);
	r = run(&a);
	tell_notes(&a);
	if (r < 0 && !a.answered)
		(void)tell(&a, INIT_MSG_FAILED, EXIT_NETLEASH,
			   a.error[0] ? a.error : strerror(-r));
	part(opts->sock);
	_exit(a.leaves);
}
