/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend.h - one run for a caller without privilege
 */
#ifndef NETLEASH_SANDBOX_ATTEND_H
#define NETLEASH_SANDBOX_ATTEND_H

struct conf;
struct known_cas;

/**
 * struct attend_opts - borrowed
 * @conf:  what permits
 * @cas:   the daemon's CAs, or NULL: it has none
 * @sock:  to the caller
 * @tickets: to the daemon, shared
 * @permitted: the launcher reads there who has been permitted his run: a pid
 */
struct attend_opts {
	const struct conf *conf;
	const struct known_cas *cas;
	int sock;
	int tickets;
	int permitted;
};

/*
 * In a process of its own, as root, with one thread and every signal blocked:
 * from the caller's request to the end of his run. Never returns: it exits with
 * 0, or with 1 where something of the run is left for a sweep.
 */
_Noreturn void attend(const struct attend_opts *opts);

#endif
