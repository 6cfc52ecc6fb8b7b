/* SPDX-License-Identifier: MIT */
/*
 * sandbox/init.c - PID 1 of a run: holds its clean-up, starts and ends CMD
 *
 * Steps:      1. ids mapped, mount propagation cut, loopback up: what the
 *                isolation asks for
 *             2. clone CMD's process into its cgroup, where it prepares itself
 *                up to its gate
 *             3. watch the rule set, open the door in the firewall (one
 *                transaction)
 *             4. listen on the door: strangers are kept away by now; where
 *                the run has a network of its own, hand the sockets out
 *             5. wait for GO: the proxy has shed its privilege and serves.
 *                Then the gate opens: CMD's process proves the leash and execs
 *             6. pass signals on, reap, until CMD ends, netleash is gone, or
 *                the rule set that holds the leash is
 *             7. end the run: kill the cgroup, wait until it is empty, delete
 *                the door's element, remove the cgroup, free the lease
 * Invariants: deny rules are never touched here; the element is deleted only
 *             when no process of the run is left; end of file on the socket
 *             ends the run at any step (PR_SET_PDEATHSIG is a second line:
 *             it is not delivered by a parent that has changed its uid)
 * References: pid_namespaces(7), clone(2) CLONE_INTO_CGROUP, signalfd(2)
 */
#include "sandbox/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/macros.h"
#include "sandbox/cgroup.h"
#include "sandbox/clone.h"
#include "sandbox/firewall_socket.h"
#include "sandbox/forward.h"
#include "sandbox/init_command.h"
#include "sandbox/init_fds.h"
#include "sandbox/init_firewall.h"
#include "sandbox/init_rejected.h"
#include "sandbox/netns.h"

/* A killed cgroup empties within milliseconds; a task stuck in the kernel
 * (a dead network file system) may never go. Then the element stays too. */
#define END_TIMEOUT_MS 10000

#define WAKE_AGAIN_MS 100

#define EXIT_NETLEASH 125
#define EXIT_LOST     (128 + SIGKILL)

struct init {
	const struct init_opts *opts;
	const sigset_t *mask;
	int sock;
	int signal_fd;
	struct door door, decoy;
	struct init_firewall fw;
	bool lost;		  /* the firewall's rules went away */
	struct command_link link; /* our ends; -1: closed */
	pid_t command;		  /* 0: not started, or reaped */
	int wait_status;
	bool stopped; /* CMD is, by @stop_signal */
	int stop_signal;
	bool told_stopped; /* netleash was told, and has not come back since */
	uint64_t rejected; /* before CMD began: by the proof */
};

static int send_msg(const struct init *in, enum init_msg_type type,
		    int32_t value, const char *text, const int *fds, size_t n)
{
	struct init_msg msg = { .type = (uint32_t)type, .value = value };

	(void)snprintf(msg.text, sizeof(msg.text), "%s", text);
	return fd_send(in->sock, &msg, sizeof(msg), fds, n);
}

/* What is somebody else's terminal stays that. */
static void lead_session(const struct init_opts *opts)
{
	(void)setsid(); /* cannot fail: we are a new process */
	for (int fd = 0; fd <= 2; fd++)
		if (opts->stdio[fd] >= 0 && isatty(opts->stdio[fd]) &&
		    ioctl(opts->stdio[fd], TIOCSCTTY, 0) == 0)
			return;
}

static int prepare(const struct init *in, char *text)
{
	const struct init_opts *opts = in->opts;
	int r = 0;

	if (opts->own_session)
		lead_session(opts);
	if (opts->own_users)
		r = netns_map_caller(opts->confine.uid, opts->confine.gid,
				     text);
	if (r < 0)
		return r;
	/* Only now: a process that is not dumpable cannot map its own ids. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) {
		r = -errno;
		(void)snprintf(text, INIT_TEXT_MAX,
			       "cannot detach the mount namespace: %s",
			       strerror(-r));
		return r;
	}
	if (opts->own_network)
		r = netns_loopback_up();
	if (r < 0)
		(void)snprintf(text, INIT_TEXT_MAX,
			       "cannot bring up the run's loopback: %s",
			       strerror(-r));
	return r;
}

/* Return: 0 after GO, -EPIPE when netleash is gone. */
static int wait_for_go(const struct init *in)
{
	struct init_msg msg;
	size_t fds_n;
	ssize_t n;

	n = fd_recv(in->sock, &msg, sizeof(msg), NULL, 0, &fds_n);
	return n == sizeof(msg) && msg.type == INIT_MSG_GO ? 0 : -EPIPE;
}

/*
 * The rules keep strangers away from the door by now, so it may answer. Tells
 * netleash, and hands it the sockets that were made inside.
 */
static int offer_door(struct init *in, char *text)
{
	const bool inside = in->opts->own_network && in->door.port;
	int r = 0;

	if (inside)
		r = door_bind(&in->door, in->door.port);
	if (r == 0)
		r = door_listen(&in->door);
	if (r < 0) {
		(void)snprintf(text, INIT_TEXT_MAX,
			       "cannot listen on loopback: %s", strerror(-r));
		return r;
	}
	if (in->opts->own_network)
		r = forward_offer(in->sock, in->opts->ports, text);
	if (r < 0)
		return r;
	return send_msg(in, INIT_MSG_READY, 0, "", in->door.fds,
			inside ? in->door.fds_n : 0);
}

static int start_command(struct init *in, char *text)
{
	return init_command_start(in->opts, in->door.port, in->mask, &in->link,
				  &in->command, text);
}

/* Continues netleash, should it be stopped. Full: one is on its way. */
static void wake_netleash(const struct init *in)
{
	if (in->opts->wake_fd >= 0)
		(void)!write(in->opts->wake_fd, "", 1);
}

/*
 * CMD can stop and go on as often as it likes, while netleash, stopped itself,
 * reads nothing. One word is enough until netleash says that it is back; init
 * never waits for it.
 */
static void tell_stopped(struct init *in)
{
	const struct init_msg msg = { .type = INIT_MSG_STOPPED,
				      .value = in->stop_signal };

	if (in->told_stopped)
		return;
	in->told_stopped = true;
	(void)send(in->sock, &msg, sizeof(msg), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Signals coalesce: every waiting child is looked at. Orphans come to us. */
static void on_child(struct init *in)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) >
	       0) {
		if (pid != in->command)
			continue;
		if (WIFSTOPPED(status)) {
			in->stopped = true;
			in->stop_signal = WSTOPSIG(status);
			tell_stopped(in);
		} else if (WIFCONTINUED(status)) {
			/* Perhaps by somebody else than netleash's shell. */
			in->stopped = false;
			if (in->told_stopped)
				wake_netleash(in);
		} else {
			in->wait_status = status;
			in->command = 0;
		}
	}
}

/* It stopped as CMD did; CMD may have gone on and stopped again meanwhile. */
static void on_awake(struct init *in)
{
	in->told_stopped = false;
	on_child(in);
	if (in->stopped && in->command > 0)
		tell_stopped(in);
}

/* Return: false when netleash is gone or says what it never says. */
static bool on_message(struct init *in)
{
	struct init_msg msg;
	size_t fds_n;
	ssize_t n;
	pid_t to;

	n = fd_recv(in->sock, &msg, sizeof(msg), NULL, 0, &fds_n);
	if (n != sizeof(msg))
		return false;
	if (msg.type == INIT_MSG_AWAKE) {
		on_awake(in);
		return true;
	}
	if (msg.type != INIT_MSG_SIGNAL && msg.type != INIT_MSG_GROUP)
		return false;
	to = msg.type == INIT_MSG_GROUP && in->opts->own_session ? -in->command
								 : in->command;
	if (in->command > 0 && msg.value > 0 && msg.value < NSIG)
		(void)kill(to, msg.value); /* it may be gone: fine */
	return true;
}

static void run_until_end(struct init *in)
{
	struct signalfd_siginfo info;
	struct pollfd fds[] = {
		{ .fd = in->sock, .events = POLLIN },
		{ .fd = in->signal_fd, .events = POLLIN },
		{ .fd = in->fw.watch_fd, .events = POLLIN },
	};

	while (in->command > 0) {
		/* A wake-up is lost if netleash was just about to stop. */
		const bool owed = in->told_stopped && !in->stopped;

		if (poll(fds, ARRAY_SIZE(fds), owed ? WAKE_AGAIN_MS : -1) < 0 &&
		    errno != EINTR)
			return;
		if (owed)
			wake_netleash(in);
		if (fds[1].revents) {
			(void)!read(in->signal_fd, &info, sizeof(info));
			on_child(in);
		}
		if (fds[2].revents && init_firewall_lost(&in->fw)) {
			in->lost = true;
			return;
		}
		if (fds[0].revents && !on_message(in))
			return;
	}
}

static void tell_rejected(const struct init *in)
{
	char text[INIT_TEXT_MAX];

	if (init_rejected_render(
		    init_rejected(in->opts, &in->fw) - in->rejected, text))
		(void)send_msg(in, INIT_MSG_TEXT, 0, text, NULL, 0);
}

/*
 * Takes down what the run put into the system; nothing is deleted while a
 * process of the run may live. Return: 0, or -errno with @text.
 */
static int end_run(struct init *in, char *text)
{
	const struct init_opts *opts = in->opts;
	int r = 0;

	/*
	 * While the rules still keep strangers away: the door answers nobody
	 * from now on, whoever else holds the sockets.
	 */
	for (size_t i = 0; i < in->door.fds_n; i++)
		(void)shutdown(in->door.fds[i], SHUT_RDWR);
	if (opts->cgroup_fd >= 0)
		r = cgroup_kill(opts->cgroup_fd, END_TIMEOUT_MS);
	if (r < 0) {
		(void)snprintf(text, INIT_TEXT_MAX,
			       "a process of the run cannot be killed: %s",
			       strerror(-r));
		return r;
	}
	(void)kill(-1, SIGKILL); /* all of our namespace but us */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		; /* orphans come to us: after this there is none */
	r = init_firewall_close(&in->fw, opts, text);
	if (r < 0)
		return r;
	if (opts->cgroup_fd >= 0) {
		r = cgroup_remove(opts->lease->run);
		if (r < 0) {
			(void)snprintf(text, INIT_TEXT_MAX,
				       "cannot remove the run's cgroup: %s",
				       strerror(-r));
			return r;
		}
	}
	if (opts->lease)
		lease_release(opts->lease);
	return 0;
}

/*
 * A socket that is closed with something unread in it resets its peer, who
 * then never reads what waits for him: our last word. So netleash ends its
 * half once it has that word.
 */
static void wait_for_farewell(const struct init *in)
{
	struct init_msg ignored;
	ssize_t n;

	do {
		n = read(in->sock, &ignored, sizeof(ignored));
	} while (n > 0 || (n < 0 && errno == EINTR));
}

/* See firewall_socket.h; what else we hold is free. */
static void rest(void)
{
	const struct timespec pause = { .tv_nsec = FIREWALL_SOCKET_REST_MS *
						   1000000L };

	for (int fd = 0; fd <= 2; fd++)
		(void)close(fd);
	(void)nanosleep(&pause, NULL);
}

static _Noreturn void finish(struct init *in, int status, const char *why)
{
	char text[INIT_TEXT_MAX] = "";
	bool leaves;

	/* Nobody waits for our end: what we hold is free from here on. */
	(void)!chdir("/");
	wake_netleash(in); /* it may have stopped with CMD: it must hear this */
	if (status == 0)
		tell_rejected(in);
	leaves = end_run(in, text) < 0;
	if (leaves)
		status = status ? status : EXIT_NETLEASH;
	else
		text[0] = '\0';
	if (status)
		(void)send_msg(in, INIT_MSG_FAILED, status, *why ? why : text,
			       NULL, 0);
	else
		(void)send_msg(in, INIT_MSG_EXITED, in->wait_status, "", NULL,
			       0);
	wait_for_farewell(in);
	(void)close(in->sock);
	if (in->opts->firewall && status == 0)
		rest();
	_exit(leaves); /* something for a sweep */
}

/* CMD first: what the rules say matters no more once it is dead. */
static _Noreturn void end_lost(struct init *in)
{
	if (in->opts->cgroup_fd >= 0)
		(void)cgroup_kill(in->opts->cgroup_fd, END_TIMEOUT_MS);
	init_firewall_forget(&in->fw);
	finish(in, EXIT_LOST,
	       "the firewall's rules were changed while the command ran: it "
	       "was killed");
}

static _Noreturn void init_main(struct init_opts *opts, const sigset_t *mask,
				int sock)
{
	struct init in = {
		.opts = opts,
		.mask = mask,
		.sock = sock,
		.fw = INIT_FIREWALL_INIT,
		.link = COMMAND_LINK_NONE,
		.door = opts->door,
		.decoy = opts->decoy,
	};
	char text[INIT_TEXT_MAX] = "";
	sigset_t child;
	int input_fd = -1, r;

	if (opts->forget)
		opts->forget(opts->forget_arg);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "netleash-init");
	if (opts->firewall)
		firewall_socket_adopt();
	if (init_fds_keep(opts, sock) < 0)
		finish(&in, EXIT_NETLEASH, "close_range failed");
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	in.signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (in.signal_fd < 0)
		finish(&in, EXIT_NETLEASH, "signalfd failed");
	if (init_fds_divert(opts, &input_fd) < 0)
		finish(&in, EXIT_NETLEASH, "cannot copy standard input");
	if (prepare(&in, text) < 0 || start_command(&in, text) < 0 ||
	    (opts->firewall && init_firewall_open(&in.fw, opts, text) < 0) ||
	    offer_door(&in, text) < 0)
		finish(&in, EXIT_NETLEASH, text);
	if (wait_for_go(&in) < 0)
		finish(&in, EXIT_NETLEASH, "netleash ended");
	if (init_fds_pump(input_fd) < 0)
		finish(&in, EXIT_NETLEASH, "cannot copy standard input");
	r = init_command_release(&in.link, text);
	if (r < 0)
		finish(&in, -r, text);
	in.rejected = init_rejected(opts, &in.fw);
	door_close(&in.decoy);
	init_fds_release(opts);
	if (send_msg(&in, INIT_MSG_STARTED, 0, "", NULL, 0) == 0)
		run_until_end(&in);
	if (in.lost)
		end_lost(&in);
	finish(&in, 0, "");
}

int init_start(const struct init_opts *opts, const sigset_t *mask,
	       int *ret_sock, char error[INIT_TEXT_MAX])
{
	uint64_t flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC;
	int pair[2];
	pid_t pid;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	if (opts->own_network)
		flags |= CLONE_NEWNET;
	if (opts->own_users)
		flags |= CLONE_NEWUSER;
	pid = clone_process(flags, -1);
	if (pid == 0) {
		struct init_opts own = *opts;

		init_main(&own, mask, pair[1]);
	}
	r = pid < 0 ? -errno : 0;
	(void)close(pair[1]);
	if (r < 0) {
		netns_explain(-r, error);
		(void)close(pair[0]);
		return r;
	}
	*ret_sock = pair[0];
	return 0;
}
