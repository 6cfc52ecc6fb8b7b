/* SPDX-License-Identifier: MIT */
/*
 * sandbox/supervise.c - one run, from GO to its exit status
 *
 * In:         init's messages, our own signals
 * Out:        signals for init to pass on; the exit status
 * Invariants: a signal that the terminal sent has reached CMD already where
 *             CMD shares our process group, and is not passed on; when CMD
 *             stops, we stop, so that the shell sees the job stop; when init
 *             goes away without a last word the run was killed from outside
 * References: signalfd(2), tcsetpgrp(3), setpgid(2)
 */
#include "sandbox/supervise.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/log.h"
#include "common/macros.h"
#include "common/strbuf.h"
#include "sandbox/init.h"
#include "sandbox/relay.h"
#include "sandbox/terminal.h"

#define STATUS_LOST (128 + SIGKILL)

/* An attendant that lives says what it knows. */
#define ATTENDANT_KILLED                                                       \
	"the run's attendant was killed: everything of the run died with it"

struct supervisor {
	const struct supervise_opts *opts;
	struct event *init_ev, *signal_ev;
	int status;
	bool have_status;
	bool have_word; /* init's last */
	bool started;
	struct strbuf last_words; /* the launcher's, about a run that began */
	bool init_gone; /* we only wait for a reader of CMD's output */
};

static const int passed_on[] = {
	SIGHUP,	 SIGINT,  SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
	SIGALRM, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH,
};

/* The terminal, if its foreground process group is ours; else -1. */
static int own_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0 && tcgetpgrp(fd) != getpgrp()) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/*
 * init cannot signal us: we are no process of its namespace. But the kernel
 * signals the owner of a pipe that becomes readable, fcntl(2) F_SETSIG.
 */
static void open_wake(int wake[2])
{
	wake[0] = wake[1] = -1;
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return; /* then only our shell can continue us */
	if (fcntl(wake[0], F_SETOWN, getpid()) < 0 ||
	    fcntl(wake[0], F_SETSIG, SIGCONT) < 0 ||
	    fcntl(wake[0], F_SETFL, O_NONBLOCK | O_ASYNC) < 0) {
		(void)close(wake[0]);
		(void)close(wake[1]);
		wake[0] = wake[1] = -1;
	}
}

void supervise_close_wake(struct supervise_io *io)
{
	if (io->wake[1] >= 0)
		(void)close(io->wake[1]);
	io->wake[1] = -1;
}

int supervise_open(struct supervise_io *ret)
{
	sigset_t set, block, mask;
	int fd, r;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		(void)sigaddset(&set, passed_on[i]);
	block = set;
	/* Blocked, not ignored: CMD inherits dispositions over exec. */
	(void)sigaddset(&block, SIGPIPE);
	(void)sigaddset(&block, SIGXFSZ); /* a log at its `ulimit -f` */
	(void)sigaddset(&block, SIGCHLD);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (sigprocmask(SIG_BLOCK, &block, &mask) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	ret->mask = mask;
	ret->signal_fd = fd;
	open_wake(ret->wake);
	ret->tty = own_terminal();
	return 0;
}

void supervise_close(struct supervise_io *io)
{
	if (io->signal_fd >= 0)
		(void)close(io->signal_fd);
	if (io->tty >= 0)
		(void)close(io->tty);
	supervise_close_wake(io);
	if (io->wake[0] >= 0)
		(void)close(io->wake[0]);
	io->signal_fd = io->tty = io->wake[0] = -1;
}

static int send_to_init(const struct supervisor *s, enum init_msg_type type,
			int value)
{
	const struct init_msg msg = { .type = (uint32_t)type, .value = value };

	return fd_send(s->opts->init_sock, &msg, sizeof(msg), NULL, 0);
}

static void finish(struct supervisor *s, int status)
{
	if (s->have_status)
		return;
	s->have_status = true;
	s->status = status;
}

/*
 * Stops ourselves the way CMD was stopped, so that the shell says the same of
 * the job. Returns when somebody continues us.
 */
static void stop_self(int sig)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, sig);
	if (sig == SIGSTOP) {
		(void)raise(SIGSTOP);
		return;
	}
	(void)raise(sig);
	/* Delivered, and so effective, only while it is not blocked. */
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool has_news(int sock)
{
	struct pollfd fd = { .fd = sock, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

/*
 * CMD stopped, so we do. Where no wake-up pipe reaches us, the kernel signals
 * us for a word on the socket; what is there already says that CMD goes on.
 */
static void on_stopped(const struct supervisor *s, int sig)
{
	const int sock = s->opts->init_sock;
	const int flags = s->opts->apart ? fcntl(sock, F_GETFL) : -1;

	terminal_pause(s->opts->terminal);
	if (flags >= 0)
		(void)fcntl(sock, F_SETFL, flags | O_ASYNC);
	if (flags < 0 || !has_news(sock))
		stop_self(sig);
	if (flags >= 0)
		(void)fcntl(sock, F_SETFL, flags);
	terminal_resume(s->opts->terminal);
}

static void on_exited(struct supervisor *s, int wait_status)
{
	if (WIFSIGNALED(wait_status))
		finish(s, 128 + WTERMSIG(wait_status));
	else
		finish(s, WEXITSTATUS(wait_status));
}

static void stop(const struct supervisor *s)
{
	s->opts->loop.stop(s->opts->loop.arg);
}

/* All that CMD wrote has been delivered: nothing is left to do. */
static void on_flushed(void *arg)
{
	stop(arg);
}

static void on_relay_flushed(void *arg)
{
	const struct supervisor *s = arg;

	terminal_flush(s->opts->terminal, on_flushed, arg);
}

/*
 * The launcher's words: it escaped what is not its own. Those about a run that
 * began come behind all that it wrote.
 */
static void on_text(struct supervisor *s, const char *text)
{
	if (s->started)
		strbuf_adds(&s->last_words, text);
	else
		(void)fd_write_all(STDERR_FILENO, text, strlen(text));
}

/* A terminal in raw mode would make stairs of our lines. */
static void on_words(struct supervisor *s, const struct init_msg *msg)
{
	terminal_pause(s->opts->terminal);
	if (msg->type == INIT_MSG_TEXT)
		on_text(s, msg->text);
	else
		log_error("%s", msg->text);
	terminal_resume(s->opts->terminal);
}

static void on_init(evutil_socket_t fd, short what, void *arg)
{
	struct supervisor *s = arg;
	struct init_msg msg;
	size_t fds_n;
	ssize_t n;

	(void)what;
	n = fd_recv(fd, &msg, sizeof(msg), NULL, 0, &fds_n);
	if (n != sizeof(msg)) {
		/* init is gone; without a last word it was killed. */
		if (!s->have_status) {
			terminal_pause(s->opts->terminal);
			log_error("%s", s->opts->apart ? ATTENDANT_KILLED
						       : INIT_KILLED);
			terminal_resume(s->opts->terminal);
		}
		finish(s, STATUS_LOST);
		(void)event_del(s->init_ev);
		s->init_gone = true;
		relay_flush(s->opts->relay, on_relay_flushed, s);
		return;
	}
	msg.text[sizeof(msg.text) - 1] = '\0';
	switch ((enum init_msg_type)msg.type) {
	case INIT_MSG_STARTED:
		s->started = true;
		log_info("the leash is proved, the command runs");
		break;
	case INIT_MSG_STOPPED:
		on_stopped(s, msg.value);
		break;
	case INIT_MSG_AWAKE: /* it woke us up, and has done that by now */
		(void)send_to_init(s, INIT_MSG_AWAKE, 0);
		break;
	case INIT_MSG_TEXT:
		on_words(s, &msg);
		break;
	case INIT_MSG_EXITED:
		s->have_word = true;
		on_exited(s, msg.value);
		(void)shutdown(fd, SHUT_WR); /* init waits for it */
		break;
	case INIT_MSG_FAILED:
		s->have_word = true;
		on_words(s, &msg);
		finish(s, msg.value);
		(void)shutdown(fd, SHUT_WR);
		break;
	case INIT_MSG_GO:
	case INIT_MSG_SIGNAL:
	case INIT_MSG_GROUP:
	case INIT_MSG_PORT:
	case INIT_MSG_READY:
	default:
		break; /* never said at this point; init parses no input */
	}
}

/*
 * SI_KERNEL is the terminal: CMD got the signal as well, if it was meant to.
 * But SIGCONT may find CMD in a process group of its own, and the SIGHUP of a
 * terminal that goes away is for the leader of the session, who may be us.
 */
static bool is_always_passed_on(int sig)
{
	return sig == SIGCONT || sig == SIGHUP;
}

/*
 * What would end a program that only writes out its last bytes. init's own
 * wake-up is no signal of anybody's, and may come behind its last word.
 */
static bool is_deadly(const struct signalfd_siginfo *info)
{
	switch (info->ssi_signo) {
	case SIGCONT:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGWINCH:
		return false;
	default:
		return true;
	}
}

/* We were continued, by init (see open_wake()) or by somebody else. */
static void on_awake(const struct supervisor *s)
{
	const int wake = s->opts->io->wake[0];
	char drained[64];

	while (wake >= 0 && read(wake, drained, sizeof(drained)) > 0)
		; /* a full pipe would signal no more */
	(void)send_to_init(s, INIT_MSG_AWAKE, 0);
}

/* If init is gone, its end of file says so. */
static void pass_on(const struct supervisor *s,
		    const struct signalfd_siginfo *info)
{
	const int sig = (int)info->ssi_signo;

	if (info->ssi_code == POLL_IN)
		return; /* a wake-up */
	/* A new size reaches CMD by its own terminal. */
	if (sig == SIGWINCH && s->opts->terminal)
		terminal_resize(s->opts->terminal);
	else if (s->opts->apart) /* what is for our group is for CMD's */
		(void)send_to_init(s, INIT_MSG_GROUP, sig);
	else if (info->ssi_code != SI_KERNEL || is_always_passed_on(sig))
		(void)send_to_init(s, INIT_MSG_SIGNAL, sig);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct supervisor *s = arg;
	struct signalfd_siginfo info;

	(void)what;
	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (s->init_gone && is_deadly(&info) &&
		    (info.ssi_code != SI_KERNEL || s->opts->apart ||
		     is_always_passed_on((int)info.ssi_signo)))
			stop(s);
		pass_on(s, &info);
		if (info.ssi_signo != SIGCONT)
			continue;
		on_awake(s);
		terminal_resume(s->opts->terminal);
	}
}

/*
 * CMD, say an interactive shell, may have moved the terminal to a process
 * group that is gone now. A script that called us wants it back. (SIGTTOU is
 * blocked, so that this works from the background.)
 */
static void restore_terminal(int tty)
{
	if (tty >= 0)
		(void)tcsetpgrp(tty, getpgrp()); /* it may be gone: fine */
}

int supervise_run(const struct supervise_opts *opts)
{
	struct supervisor s = { .opts = opts,
				.status = 125,
				.last_words = STRBUF_INIT };
	const struct supervise_loop *loop = &opts->loop;
	int r = -ENOMEM;

	s.init_ev = event_new(loop->base, opts->init_sock, EV_READ | EV_PERSIST,
			      on_init, &s);
	s.signal_ev = event_new(loop->base, opts->io->signal_fd,
				EV_READ | EV_PERSIST, on_signal, &s);
	if (!s.init_ev || !s.signal_ev || event_add(s.init_ev, NULL) < 0 ||
	    event_add(s.signal_ev, NULL) < 0)
		goto out;
	r = send_to_init(&s, INIT_MSG_GO, 0);
	if (r == -EPIPE || r == -ECONNRESET)
		r = 0; /* it has ended already: its last word is to be read */
	if (r == 0)
		r = loop->run(loop->arg);
out:
	if (r < 0 && !s.have_status)
		log_error("the event loop failed: %s", strerror(-r));
	/* With its last word all is done; its own end may take a while. */
	if (s.init_gone && !s.have_word)
		(void)waitpid(-1, NULL, 0); /* the only child that we have */
	restore_terminal(opts->io->tty);
	terminal_pause(opts->terminal);
	if (s.last_words.len > 0) /* a closed standard error is no failure */
		(void)fd_write_all(STDERR_FILENO, s.last_words.s,
				   s.last_words.len);
	strbuf_fini(&s.last_words);
	if (s.init_ev)
		event_free(s.init_ev);
	if (s.signal_ev)
		event_free(s.signal_ev);
	return s.status;
}
