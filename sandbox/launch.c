/* SPDX-License-Identifier: MIT */
/*
 * sandbox/launch.c - `netleash run` without privilege: by the daemon
 *
 * Steps:      1. connect; only a listener of root's will do
 *             2. relays for sockets on 0 to 2, a terminal for CMD
 *             3. the request: words, descriptors, the working directory
 *             4. may we? the first word
 *             5. from here on as a run of our own               (supervise.c)
 */
#include "sandbox/launch.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/log.h"
#include "sandbox/cli.h"
#include "sandbox/init.h"
#include "sandbox/launch_request.h"
#include "sandbox/relay.h"
#include "sandbox/stdio.h"
#include "sandbox/supervise.h"
#include "sandbox/terminal.h"

/* For the first word: signals are blocked already, so somebody must say it. */
#define ANSWER_SECONDS 20

#define EXIT_NETLEASH 125

struct launch {
	int sock;
	int stdio[3]; /* -1: ours */
	struct supervise_io io;
	struct relay *relay;
	struct terminal *terminal;
	struct event_base *base;
};

bool launch_fits(const struct run_cli *cli)
{
	return !cli->conf && !cli->log_file &&
	       cli->isolation != ISOLATION_NETNS;
}

/* Return: 0; -ENOENT: nobody of root's listens; -errno. */
static int connect_launcher(int *ret)
{
	const struct sockaddr_un addr = { .sun_family = AF_UNIX,
					  .sun_path = LAUNCH_SOCKET };
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd, r = 0;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0) /* EACCES: on a leash, there are no unix sockets */
		return errno == EACCES ? -ENOENT : -errno;
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		r = errno == ECONNREFUSED || errno == ENOTDIR || errno == EACCES
			    ? -ENOENT
			    : -errno;
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
		 peer.uid != 0)
		r = -ENOENT;
	if (r < 0)
		(void)close(fd);
	else
		*ret = fd;
	return r;
}

/* Bit N-1 of each: signal N. */
static void describe_signals(const sigset_t *blocked, struct launch_head *head)
{
	for (int sig = 1; sig < NSIG; sig++) {
		const uint64_t bit = UINT64_C(1) << (sig - 1);
		struct sigaction now;

		if (sigaction(sig, NULL, &now) == 0 &&
		    now.sa_handler == SIG_IGN)
			head->ignored |= bit;
		if (sigismember(blocked, sig) == 1)
			head->blocked |= bit;
	}
}

/* Words in a memory file. Return: its descriptor, or -errno. */
static int pack_words(char **argv, struct launch_head *head)
{
	char *bytes = NULL;
	int fd, r;

	r = launch_words_pack(argv, environ, head, &bytes);
	if (r < 0)
		return r;
	fd = memfd_create("netleash-words", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		r = -errno;
	else
		r = fd_write_all(fd, bytes, head->bytes);
	free(bytes);
	if (r < 0 && fd >= 0)
		(void)close(fd);
	return r < 0 ? r : fd;
}

/* Step 3. */
static int send_request(struct launch *l, char **argv, char *error)
{
	struct launch_head head = { .version = LAUNCH_VERSION };
	int fds[LAUNCH_FDS], r;

	head.mask = umask(0);
	(void)umask((mode_t)head.mask);
	describe_signals(&l->io.mask, &head);
	for (int fd = 0; fd <= 2; fd++)
		fds[fd] = l->stdio[fd] >= 0 ? l->stdio[fd] : fd;
	fds[LAUNCH_FD_CWD] = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fds[LAUNCH_FD_CWD] < 0) {
		r = -errno;
		(void)snprintf(error, LAUNCH_ERROR_MAX,
			       "the working directory cannot be entered: %s",
			       strerror(-r));
		return r;
	}
	fds[LAUNCH_FD_WORDS] = pack_words(argv, &head);
	if (fds[LAUNCH_FD_WORDS] < 0) {
		(void)close(fds[LAUNCH_FD_CWD]);
		return fds[LAUNCH_FD_WORDS];
	}
	r = fd_send(l->sock, &head, sizeof(head), fds, LAUNCH_FDS);
	(void)close(fds[LAUNCH_FD_CWD]);
	(void)close(fds[LAUNCH_FD_WORDS]);
	return r;
}

/* Step 4. Return: 0: it is our run; -EPERM or -errno with a sentence. */
static int await_permission(const struct launch *l, char *error)
{
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	const struct timeval none = { .tv_sec = 0 };
	struct init_msg msg;
	size_t fds_n;
	ssize_t n;

	(void)setsockopt(l->sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience));
	n = fd_recv(l->sock, &msg, sizeof(msg), NULL, 0, &fds_n);
	(void)setsockopt(l->sock, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
	if (n == -EAGAIN) {
		(void)snprintf(error, LAUNCH_ERROR_MAX,
			       "the daemon does not answer: 'netleash status' "
			       "tells whether it works");
		return -EAGAIN;
	}
	if (n != sizeof(msg)) {
		(void)snprintf(error, LAUNCH_ERROR_MAX,
			       "the daemon takes no more runs: it has as many "
			       "as there can be, or as one user can have, or "
			       "has just ended; try again");
		return -EAGAIN;
	}
	msg.text[sizeof(msg.text) - 1] = '\0';
	if (msg.type == INIT_MSG_READY)
		return 0;
	(void)snprintf(error, LAUNCH_ERROR_MAX, "%s", msg.text);
	return msg.value == 0 ? -EPERM : -ECONNREFUSED;
}

/* So that a word on the socket wakes us where we are stopped. */
static int own_socket(int sock)
{
	if (fcntl(sock, F_SETOWN, getpid()) < 0 ||
	    fcntl(sock, F_SETSIG, SIGCONT) < 0)
		return -errno;
	return 0;
}

/* What is CMD's alone must not stay open here. */
static void close_stdio(struct launch *l)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++) {
		const bool taken = l->stdio[fd] >= 0;

		if (taken)
			(void)close(l->stdio[fd]);
		l->stdio[fd] = -1;
		if (!taken && fd < 2 && null_fd >= 0)
			(void)dup2(null_fd, fd);
	}
	if (null_fd >= 0)
		(void)close(null_fd);
}

/* What libevent cannot do without it does not return from: descriptors. */
static void on_fatal(int ignored)
{
	(void)ignored;
	log_error("no event loop can be made: %s", strerror(errno));
	_exit(EXIT_NETLEASH);
}

static void on_libevent_log(int severity, const char *text)
{
	(void)severity;
	(void)text;
}

static struct event_base *make_loop(void)
{
	event_set_log_callback(on_libevent_log);
	event_set_fatal_callback(on_fatal);
	return event_base_new();
}

static int run_loop(void *arg)
{
	return event_base_loop(arg, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? -EIO : 0;
}

static void stop_loop(void *arg)
{
	(void)event_base_loopbreak(arg);
}

/* Step 5. */
static int supervise(struct launch *l)
{
	const struct supervise_opts opts = {
		.loop = { l->base, run_loop, stop_loop, l->base },
		.io = &l->io,
		.init_sock = l->sock,
		.apart = true,
		.relay = l->relay,
		.terminal = l->terminal,
	};
	int r;

	close_stdio(l);
	r = relay_start(l->relay, l->base);
	if (r == 0)
		r = terminal_start(l->terminal, l->base);
	return r == 0 ? supervise_run(&opts) : r;
}

static int run(struct launch *l, char **argv, char *error)
{
	int r;

	r = stdio_check(error);
	if (r < 0)
		return r;
	r = connect_launcher(&l->sock);
	if (r < 0)
		return r;
	r = own_socket(l->sock);
	if (r == 0)
		r = supervise_open(&l->io);
	/* Nobody but the launcher wakes us, by the socket. */
	supervise_close_wake(&l->io);
	if (r == 0)
		r = relay_open(l->stdio, &l->relay);
	if (r == 0)
		r = terminal_open(l->stdio, &l->terminal);
	l->base = r == 0 ? make_loop() : NULL;
	if (r == 0 && !l->base)
		r = -ENOMEM;
	if (r == 0)
		r = send_request(l, argv, error);
	if (r == -EPIPE || r == -ECONNRESET)
		r = 0; /* it has ended the call: the next step says so */
	if (r < 0) {
		if (!error[0])
			(void)snprintf(error, LAUNCH_ERROR_MAX,
				       "the daemon cannot be asked: %s",
				       strerror(-r));
		return r == -ENOENT ? -EIO : r;
	}
	r = await_permission(l, error);
	return r == 0 ? supervise(l) : r;
}

/* Another way to run takes the signals anew; what we have drawn on ourselves,
 * for words that `ulimit -f` leaves no room for, ends nobody. */
static void give_signals_back(const sigset_t *mask)
{
	const struct timespec now = { 0 };
	sigset_t ours;

	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGXFSZ);
	if (sigismember(mask, SIGXFSZ) == 0)
		(void)sigtimedwait(&ours, NULL, &now);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
}

int launch_run(const struct run_cli *cli, char **argv,
	       char error[LAUNCH_ERROR_MAX])
{
	struct launch l = {
		.sock = -1,
		.stdio = { -1, -1, -1 },
		.io = { .signal_fd = -1, .wake = { -1, -1 }, .tty = -1 },
	};
	int r;

	if (cli->verbose)
		log_set_level(LOG_LEVEL_INFO);
	error[0] = '\0';
	r = run(&l, argv, error);
	relay_free(l.relay);
	terminal_free(l.terminal);
	for (int fd = 0; fd <= 2; fd++)
		if (l.stdio[fd] >= 0)
			(void)close(l.stdio[fd]);
	if (l.io.signal_fd >= 0)
		give_signals_back(&l.io.mask);
	supervise_close(&l.io);
	if (l.sock >= 0)
		(void)close(l.sock);
	if (l.base)
		event_base_free(l.base);
	return r;
}
