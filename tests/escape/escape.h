/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/escape.h - what the probes share
 *
 * A probe is a function that tries one way out of a run and proves itself by
 * an effect: bytes exchanged with somebody outside, a secret read, a signal
 * that was delivered. It runs in a child of its own, and ends by one of the
 * three verdicts.
 *
 * The world is a file of lines "KEY VALUE" that the test writes: addresses,
 * paths, what the observers (observe.c) and the victim (victim.c) are called.
 * The folder "meet", which both sides see, carries requests to the observers
 * (ask.*) and what they saw (seen.NAME).
 */
#ifndef NETLEASH_TESTS_ESCAPE_ESCAPE_H
#define NETLEASH_TESTS_ESCAPE_ESCAPE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define PRINTF_ARGS(fmt, args) __attribute__((format(printf, fmt, args)))
#define COUNT(array)	       (sizeof(array) / sizeof((array)[0]))

/* Secrets of the test begin so, names of probes are made of these. */
#define SECRET	   "nlesc-secret-"
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_"
#define NAME_MAX_N 64

/* Objects of the victim's that have machine-wide names. */
#define VICTIM_KEY   0x6e6c7631
#define VICTIM_SHM   "/nlesc-shm"
#define VICTIM_QUEUE "/nlesc-queue"
#define VICTIM_RING  "nlesc-key"
#define USERSOCK_ID  0x6e6c55u
#define VSOCK_PORT   7700
#define ETHER_TYPE   0x88b5 /* for local experiments */

/**
 * struct probe - one way out
 * @run: tries it; returning is the same as blocked()
 * @a, @b, @n: what @run makes of them
 */
struct probe {
	const char *name;
	void (*run)(const struct probe *p);
	const char *a, *b;
	int n;
	enum {
		AS_USER, /* a plain user gets out where nothing holds him */
		AS_ROOT	 /* only root does */
	} control;
	bool optional; /* not in every kernel or on every machine */
};

/* The tables end with a row without a name. */
extern const struct probe net_probes[], family_probes[], inbound_probes[],
	unix_probes[], lent_probes[], process_probes[], kernel_probes[],
	file_probes[], mode_probes[], limit_probes[];

/* --- verdicts (escape.c): these end the probe ---------------------------- */

_Noreturn void blocked(const char *fmt, ...) PRINTF_ARGS(1, 2);
_Noreturn void escaped(const char *fmt, ...) PRINTF_ARGS(1, 2);
_Noreturn void unavailable(const char *fmt, ...) PRINTF_ARGS(1, 2);

/* "@what: errno's sentence" */
_Noreturn void blocked_by(const char *what);

/* --- the world (world.c) ---------------------------------------------------
 */

int world_load(const char *path);
/* NULL where the world has no such key */
const char *world(const char *key);
/* Ends the probe as unavailable where it has none. */
const char *world_need(const char *key);
/* The number (decimal or 0x) of a key that must be there. */
uintptr_t world_number(const char *key);
/* "@key" becomes its value, anything else is itself. */
const char *world_word(const char *word);

/* Process 1 of the run, or what stands for one where there is no run. */
const char *init_process(void);

/* Path of @name in the meeting folder. */
void meet_path(char *path, size_t size, const char *name);
/* Whether an observer saw @name within @ms. */
bool seen(const char *name, int ms);
/* Writes one request for an observer: see observe.c. */
void ask(const char *name, const char *fmt, ...) PRINTF_ARGS(2, 3);

/* Appends "arrived NAME HOW" to the world's log and tells the probe. */
void arrived(const char *name, const char *how);
/* The name after "ESC " in @bytes, or NULL. */
const char *name_in(const char *bytes, size_t n, char name[NAME_MAX_N + 1]);

const struct probe *probe_at(size_t index);
size_t probe_index(const struct probe *p);

/* --- sockets (exchange.c) ---------------------------------------------------
 */

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage room;
};

/* Numeric, with a zone, or "@key". Return: the length, 0 if it is bad. */
socklen_t address_make(union address *a, const char *text, const char *port);
bool readable(int fd, int ms);
void sleep_ms(int ms);
int64_t now_ms(void);
/* Connects within @ms. Return: 0 or -1 with errno. */
int connect_within(int fd, const union address *a, socklen_t n, int ms);
/* Says the probe's name on a connected @fd and waits for the answer. Ends. */
_Noreturn void say(const struct probe *p, int fd);
/* Connects @fd to a collector in the internet, and says. Ends. */
_Noreturn void say_outside(const struct probe *p, int fd);
/* The port of the run's own door, or of what the world has for one. */
int door_port(void);

/* --- the rest ----------------------------------------------------------------
 */

/* Reads @path; escaped() if a secret is in it. */
void look_in(const char *path);
/* Runs @argv, output and errors dropped. Return: its exit status, 128 + N. */
int run_quietly(char *const argv[]);

int observe_main(int argc, char **argv);
int victim_main(int argc, char **argv);
int lend_main(int argc, char **argv);

#endif
