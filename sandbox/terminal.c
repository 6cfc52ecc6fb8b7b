/* SPDX-License-Identifier: MIT */
/*
 * sandbox/terminal.c - a terminal of CMD's own, moved to and from ours
 *
 * States:     a direction reads while its buffer is empty and writes while it
 *             is not; keys are read in the foreground only
 * Invariants: the descriptors of our terminal that others share keep their
 *             flags: we open one of our own; its modes are put back whenever
 *             somebody else may look at it
 */
#include "sandbox/terminal.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define BUFFER 16384

struct direction {
	struct terminal *terminal;
	bool open;
	struct event *read_ev, *write_ev;
	size_t start, end; /* bytes waiting in @buffer */
	char buffer[BUFFER];
};

/**
 * struct terminal
 * @tty:    ours
 * @master: of CMD's
 * @modes:  ours, as they were
 */
struct terminal {
	int tty, master;
	struct termios modes;
	bool is_raw;
	struct direction keys, screen;
	void (*done)(void *arg);
	void *arg;
};

/* Sized and set as ours. Return: CMD's end, or -errno. */
static int open_pair(struct terminal *t)
{
	struct winsize size;
	int slave;

	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (t->master < 0 || unlockpt(t->master) < 0)
		return -errno;
	slave = ioctl(t->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;
	if (tcgetattr(t->tty, &t->modes) == 0)
		(void)tcsetattr(slave, TCSANOW, &t->modes);
	if (ioctl(t->tty, TIOCGWINSZ, &size) == 0)
		(void)ioctl(slave, TIOCSWINSZ, &size);
	return slave;
}

int terminal_open(int ret_fds[3], struct terminal **ret)
{
	struct terminal *t;
	int slave, r = 0;

	*ret = NULL;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return 0;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->master = -1;
	t->tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (t->tty < 0) { /* the terminal of somebody else: given as it is */
		free(t);
		return 0;
	}
	slave = open_pair(t);
	if (slave < 0) {
		terminal_free(t);
		return slave;
	}
	for (int fd = 0; fd <= 2 && r == 0; fd++) {
		if (!isatty(fd))
			continue;
		ret_fds[fd] = fcntl(slave, F_DUPFD_CLOEXEC, 3);
		if (ret_fds[fd] < 0)
			r = -errno;
	}
	(void)close(slave);
	if (r < 0)
		terminal_free(t);
	else
		*ret = t;
	return r;
}

static bool is_foreground(const struct terminal *t)
{
	return tcgetpgrp(t->tty) == getpgrp();
}

static void direction_end(struct direction *d)
{
	struct terminal *t = d->terminal;

	d->open = false;
	(void)event_del(d->read_ev);
	(void)event_del(d->write_ev);
	if (d == &t->screen && t->done) {
		t->done(t->arg);
		t->done = NULL;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct direction *d = arg;
	ssize_t n = read(fd, d->buffer, sizeof(d->buffer));

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		direction_end(d); /* EIO: nobody has the other end */
		return;
	}
	d->start = 0;
	d->end = (size_t)n;
	(void)event_del(d->read_ev);
	if (event_add(d->write_ev, NULL) < 0)
		direction_end(d);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct direction *d = arg;
	ssize_t n = write(fd, d->buffer + d->start, d->end - d->start);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		direction_end(d);
		return;
	}
	d->start += (size_t)n;
	if (d->start < d->end)
		return;
	(void)event_del(d->write_ev);
	if (event_add(d->read_ev, NULL) < 0)
		direction_end(d);
}

static int direction_start(struct direction *d, struct terminal *t, int from,
			   int to, struct event_base *base)
{
	d->terminal = t;
	d->read_ev =
		event_new(base, from, EV_READ | EV_PERSIST, on_readable, d);
	d->write_ev =
		event_new(base, to, EV_WRITE | EV_PERSIST, on_writable, d);
	d->open = d->read_ev && d->write_ev;
	return d->open ? 0 : -ENOMEM;
}

int terminal_start(struct terminal *t, struct event_base *base)
{
	int r;

	if (!t)
		return 0;
	r = direction_start(&t->keys, t, t->tty, t->master, base);
	if (r == 0)
		r = direction_start(&t->screen, t, t->master, t->tty, base);
	if (r == 0 && event_add(t->screen.read_ev, NULL) < 0)
		r = -ENOMEM;
	if (r == 0)
		terminal_resume(t);
	return r;
}

void terminal_pause(struct terminal *t)
{
	if (!t)
		return;
	if (t->keys.open)
		(void)event_del(t->keys.read_ev);
	if (t->is_raw && is_foreground(t))
		(void)tcsetattr(t->tty, TCSADRAIN, &t->modes);
	t->is_raw = false;
}

void terminal_resume(struct terminal *t)
{
	struct termios raw;

	if (!t || !is_foreground(t))
		return;
	if (!t->is_raw && tcgetattr(t->tty, &t->modes) == 0) {
		raw = t->modes;
		cfmakeraw(&raw);
		t->is_raw = tcsetattr(t->tty, TCSADRAIN, &raw) == 0;
	}
	terminal_resize(t);
	if (t->keys.open && t->keys.start == t->keys.end)
		(void)event_add(t->keys.read_ev, NULL);
}

void terminal_resize(struct terminal *t)
{
	struct winsize size;

	if (t && ioctl(t->tty, TIOCGWINSZ, &size) == 0)
		(void)ioctl(t->master, TIOCSWINSZ, &size);
}

void terminal_flush(struct terminal *t, void (*done)(void *arg), void *arg)
{
	if (!t || !t->screen.open) {
		done(arg);
		return;
	}
	t->done = done;
	t->arg = arg;
}

static void direction_fini(struct direction *d)
{
	if (d->read_ev)
		event_free(d->read_ev);
	if (d->write_ev)
		event_free(d->write_ev);
}

void terminal_free(struct terminal *t)
{
	if (!t)
		return;
	terminal_pause(t);
	direction_fini(&t->keys);
	direction_fini(&t->screen);
	if (t->master >= 0)
		(void)close(t->master);
	if (t->tty >= 0)
		(void)close(t->tty);
	free(t);
}
