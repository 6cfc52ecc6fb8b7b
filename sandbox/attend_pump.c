/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_pump.c - words between a caller, his run's init, the daemon
 *
 * In:         messages of one fixed size each, from either side
 * Out:        the same, those that this side may send
 * Steps:      1. GO; then pass on until init has its last word, or one of the
 *                three is gone
 *             2. the run's end in the proxy, and its summary, for the caller
 *             3. init's last word, for the caller
 * Invariants: who says what he never says is treated as gone; nobody is waited
 *             for but init, which ends a run by itself, and for a bounded time
 *             the daemon in step 2 and, by his socket's time limit, a caller
 *             who does not read
 */
#include "sandbox/attend_pump.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/macros.h"
#include "sandbox/init.h"
#include "sandbox/run_ticket.h"

#define SUMMARY_WAIT_MS 10000
#define SUMMARY_MAX	(1024 * 1024)

#define STATUS_LOST (128 + SIGKILL)

struct pump {
	const struct pump_opts *opts;
	struct init_msg last; /* EXITED or FAILED; type 0: none */
	bool caller_gone, daemon_gone;
};

/* A caller who does not read is not waited for: there is little to say. */
static void tell_caller(struct pump *p, const struct init_msg *msg)
{
	if (send(p->opts->caller, msg, sizeof(*msg),
		 MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
	    errno == EPIPE)
		p->caller_gone = true;
}

static bool receive(int sock, struct init_msg *ret)
{
	size_t fds_n;

	if (fd_recv(sock, ret, sizeof(*ret), NULL, 0, &fds_n) != sizeof(*ret))
		return false;
	ret->text[sizeof(ret->text) - 1] = '\0';
	return true;
}

/* Return: false when he is gone, or says what he may not. */
static bool on_caller(const struct pump *p)
{
	struct init_msg in, out = { .type = 0 };

	if (!receive(p->opts->caller, &in))
		return false;
	if (in.type == INIT_MSG_GO)
		return true; /* he need not: the run begins without it */
	if (in.type != INIT_MSG_SIGNAL && in.type != INIT_MSG_GROUP &&
	    in.type != INIT_MSG_AWAKE)
		return false;
	out.type = in.type;
	out.value = in.value;
	/* If init is gone, its end of file says so, behind its last word. */
	(void)fd_send(p->opts->init, &out, sizeof(out), NULL, 0);
	return true;
}

/* Return: false when it is gone or has said its last. */
static bool on_init(struct pump *p)
{
	struct init_msg msg;

	if (!receive(p->opts->init, &msg))
		return false;
	if (msg.type == INIT_MSG_EXITED || msg.type == INIT_MSG_FAILED) {
		p->last = msg;
		return false;
	}
	tell_caller(p, &msg);
	return true;
}

static void on_wake(struct pump *p)
{
	const struct init_msg msg = { .type = INIT_MSG_AWAKE };
	char drained[64];

	while (read(p->opts->wake, drained, sizeof(drained)) > 0)
		;
	tell_caller(p, &msg);
}

/* Step 1. */
static void pass_on(struct pump *p)
{
	const struct pump_opts *o = p->opts;
	struct pollfd fds[] = {
		{ .fd = o->init, .events = POLLIN },
		{ .fd = o->caller, .events = POLLIN },
		{ .fd = o->channel, .events = POLLIN },
		{ .fd = o->wake, .events = POLLIN },
	};

	while (poll(fds, ARRAY_SIZE(fds), -1) >= 0 || errno == EINTR) {
		if (fds[0].revents && !on_init(p))
			return;
		if (fds[3].revents)
			on_wake(p);
		if (fds[1].revents && !on_caller(p)) {
			p->caller_gone = true;
			return;
		}
		if (fds[2].revents) { /* it says nothing before the end */
			p->daemon_gone = true;
			return;
		}
	}
}

/* The run ends, by our end of file if not by itself. */
static void end_init(struct pump *p)
{
	(void)shutdown(p->opts->init, SHUT_WR);
	while (p->last.type == 0 && receive(p->opts->init, &p->last))
		if (p->last.type != INIT_MSG_EXITED &&
		    p->last.type != INIT_MSG_FAILED)
			p->last.type = 0;
}

/* Return: bytes of summary. */
static size_t await_summary(int channel)
{
	struct pollfd fd = { .fd = channel, .events = POLLIN };
	struct run_word word;
	size_t fds_n;

	(void)shutdown(channel, SHUT_WR);
	if (poll(&fd, 1, SUMMARY_WAIT_MS) <= 0 ||
	    fd_recv(channel, &word, sizeof(word), NULL, 0, &fds_n) !=
		    sizeof(word) ||
	    word.type != RUN_ENDED || word.value > SUMMARY_MAX)
		return 0;
	return word.value;
}

/* Step 2. In pieces of a message. */
static void tell_summary(struct pump *p)
{
	size_t left = await_summary(p->opts->channel);
	struct init_msg msg = { .type = INIT_MSG_TEXT };
	off_t at = 0;

	while (left > 0) {
		size_t want = MIN(left, sizeof(msg.text) - 1);
		ssize_t n = pread(p->opts->summary, msg.text, want, at);

		if (n <= 0)
			return;
		msg.text[n] = '\0';
		if (fd_send(p->opts->caller, &msg, sizeof(msg), NULL, 0) < 0)
			return;
		at += n;
		left -= (size_t)n;
	}
}

static void say_lost(struct init_msg *last, const char *text)
{
	*last = (struct init_msg){ .type = INIT_MSG_FAILED,
				   .value = STATUS_LOST };
	(void)snprintf(last->text, sizeof(last->text), "%s", text);
}

bool attend_pump(const struct pump_opts *opts)
{
	struct pump p = { .opts = opts };
	const struct init_msg go = { .type = INIT_MSG_GO };
	bool ended;

	if (fd_send(opts->init, &go, sizeof(go), NULL, 0) == 0)
		pass_on(&p);
	end_init(&p);
	ended = p.last.type == INIT_MSG_EXITED;
	if (p.caller_gone)
		return ended;
	if (p.daemon_gone)
		say_lost(&p.last, "the daemon has ended, and the command with "
				  "it: it was killed");
	else if (p.last.type == 0)
		say_lost(&p.last, INIT_KILLED);
	if (!p.daemon_gone && opts->summary >= 0)
		tell_summary(&p);
	(void)fd_send(opts->caller, &p.last, sizeof(p.last), NULL, 0);
	return ended;
}
