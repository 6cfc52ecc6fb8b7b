/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_world.h - a proxy, and the little internet around it
 *
 * A real proxy on its real event loop, turned by hand, with clients and
 * origins in the same thread and a scripted DNS server on the same loop. Two
 * calls of the C library are taken over for all of the program: connect(2), so
 * that a dial to any address of the internet arrives at our own listener and
 * is judged on the way; and clock_gettime(2), so that hours pass at once.
 */
#ifndef NETLEASH_TESTS_FUZZ_CONN_WORLD_H
#define NETLEASH_TESTS_FUZZ_CONN_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"

#define WORLD_CLIENTS 6
#define WORLD_ORIGINS 24
#define WORLD_CONFS   6

/* Where the parent proxy of the confs that have one is. */
#define WORLD_PARENT "93.184.216.99"

/**
 * struct end - our end of a connection with the proxy
 * @port:    the client's own; of an origin's connection the one that was
 *           dialled, at @address
 * @sent, @got: all bytes, in order
 * @deaf:    reads no more
 * @ended:   the proxy has ended its direction in good order
 * @whole:   as much of @sent was there when it did
 * @spoilt:  the connection was reset, by either side, or nobody reads it:
 *           what came may not be all
 */
struct end {
	int fd;
	bool used, deaf, shut, ended, spoilt;
	uint16_t port;
	char address[48];
	size_t whole;
	struct strbuf sent, got;
};

struct world {
	unsigned conf;
	struct end clients[WORLD_CLIENTS], origins[WORLD_ORIGINS];
	struct strbuf log; /* of this input */
};

/* Clean and quiet, with the proxy of @conf; the world is one, and static. */
struct world *world_begin(unsigned conf);

/* A client that has not been there yet connects. */
void world_connect(struct end *e);
void world_send(struct end *e, const char *bytes, size_t n);
void world_shut(struct end *e);
void world_reset(struct end *e);
void world_close(struct end *e);

/* One turn of the loop; everybody who listens reads what there is. */
void world_turn(void);

/* Turns until nothing moves any more. */
void world_settle(void);
void world_skip_ms(uint64_t ms);

/*
 * Lets everything come to its end, first in good order, then by time, then by
 * force. Aborts if anything of this input is left in the proxy. Afterwards
 * world.log is whole.
 */
void world_end(void);

/*
 * The proxy is freed in the middle of everything, and made anew; the ends are
 * forgotten. Aborts if a socket is left.
 */
void world_end_at_once(void);

/* Forgets the input's ends, when they have been looked at. */
void world_fini(void);

/* Says what is wrong, shows what went to and fro, and aborts. */
__attribute__((noreturn)) void world_wrong(const char *fmt, ...)
	PRINTF_LIKE(1, 2);

#endif
