/* SPDX-License-Identifier: MIT */
/*
 * sandbox/terminal.h - a terminal of CMD's own, moved to and from ours
 *
 * A process can have no terminal of another session, so a CMD that is not
 * started by us gets a pseudo terminal. Ours is in raw mode meanwhile: its
 * keys, ^C and ^Z among them, mean there what they mean.
 *
 * References: pts(4), tty_ioctl(4), termios(3)
 */
#ifndef NETLEASH_SANDBOX_TERMINAL_H
#define NETLEASH_SANDBOX_TERMINAL_H

struct event_base;
struct terminal;

/*
 * Where 0 and 1 are terminals makes one for CMD, of the same size and modes.
 * Which of 0 to 2 are terminals become CMD's: @ret_fds[i], the caller's to
 * close; the others are left as they are. Where 1 leads elsewhere, to a pager
 * say, the keys are not only ours, and no terminal is made: *@ret is NULL.
 * Return: 0 or -errno.
 */
int terminal_open(int ret_fds[3], struct terminal **ret);

/* Of each of these NULL is fine. */

/* Starts moving bytes on @base. Return: 0 or -errno. */
int terminal_start(struct terminal *t, struct event_base *base);

/* Ours is as it was, for a shell; and CMD's again, if we are in foreground. */
void terminal_pause(struct terminal *t);
void terminal_resume(struct terminal *t);

/* Our size has changed. */
void terminal_resize(struct terminal *t);

/* @done runs when all that was written to CMD's terminal is on ours; nobody
 * holds CMD's any more. */
void terminal_flush(struct terminal *t, void (*done)(void *arg), void *arg);
void terminal_free(struct terminal *t);

#endif
