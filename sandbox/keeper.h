/* SPDX-License-Identifier: MIT */
/*
 * sandbox/keeper.h - the process that keeps the right to read the conf again
 *
 * The proxy gives up its privileges and the right to open files for writing
 * before it reads its first byte from a client. What it needs again later it
 * asks of the keeper, which was forked before: by an index, never by a path.
 */
#ifndef NETLEASH_SANDBOX_KEEPER_H
#define NETLEASH_SANDBOX_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ca;
struct caller;
struct known_cas;
struct log_place;

/* What can be asked for. */
enum keeper_thing {
	KEEPER_CONF, /* load the conf, a memory file with conf_pack()'s bytes;
			and the CA, one of ca_pass_put() */
	KEEPER_LOG,  /* the access log of the conf that was loaded last */
	KEEPER_THINGS
};

#define KEEPER_WARNING_MAX 400

/**
 * struct keeper_reply - one datagram, and its descriptors
 * @result:    0; -EINVAL: the conf is bad, or what it names does not work,
 *             and the keeper has said so; with it may come a memory file of
 *             what check_render_json() says; -errno
 * @is_syslog: the descriptor is a socket of syslog's
 * @ca:        number of the CA, which is the second descriptor; 0: there is
 *             none
 * @warning:   what is wrong with the CA, so that the proxy keeps the one that
 *             it has; or ""
 */
struct keeper_reply {
	uint32_t thing;
	int32_t result;
	uint32_t is_syslog;
	uint32_t ca;
	char warning[KEEPER_WARNING_MAX];
};

#define KEEPER_FDS 2

#define KEEPER_REMOVE 3

/**
 * struct keeper_opts - borrowed by keeper_start(), copied by the fork
 * @conf:     -c, or NULL
 * @profile:  which a conf must have to be good, or NULL
 * @log_file: --log, or NULL; it replaces what the conf says
 * @log:      where the log is now
 * @remove:   files that go when the proxy has ended; NULL: none
 * @hold:     a lock, or -1: kept until these files are gone, so that whoever
 *            has it next loses none of his own
 * @cas:      where a CA is loaded with each conf: those that are known; else
 *            NULL
 * @ca:       the one that the proxy has, of which the keeper's copy is wiped
 * @lacks_ca: the proxy has no means to look into tunnels: a conf that asks for
 *            it is not good
 * @conf_copy: every conf that is loaded is sent there too, as bytes of
 *            conf_pack() in a memory file with one byte of data; or -1
 */
struct keeper_opts {
	const char *conf;
	const char *profile;
	const char *log_file;
	const char *remove[KEEPER_REMOVE];
	int hold;
	int conf_copy;
	bool lacks_ca;
	struct known_cas *cas;
	struct ca *ca;
	const struct caller *caller;
	const struct log_place *log;
};

/*
 * Forks the keeper. Nothing stays open in it but standard error and its end of
 * the socket; it ends when the socket is closed. Return: 0 with the socket and
 * the process, which are the caller's to close and to wait for; or -errno.
 */
int keeper_start(const struct keeper_opts *opts, int *ret_sock, pid_t *ret_pid);

/* One question at a time: wait for its reply. Return: 0 or -errno. */
int keeper_ask(int sock, enum keeper_thing thing);

/*
 * When the socket is readable. Those of @ret_fds are -1 that did not come.
 * Return: 0; -EPIPE when the keeper is gone; -errno.
 */
int keeper_receive(int sock, struct keeper_reply *ret, int ret_fds[KEEPER_FDS]);

#endif
