/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/bench.h - what the parts of the load generator share
 *
 * One thread, one epoll loop: clients and origin live in the same process, so
 * that everything but the proxy is on one core. A failure ends the program
 * with a sentence: a measurement that went wrong is none.
 */
#ifndef NETLEASH_TESTS_BENCH_BENCH_H
#define NETLEASH_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A descriptor in the loop. Its callback may end and free its own only. */
struct watch {
	int fd;
	void (*on_event)(struct watch *w, uint32_t events);
};

_Noreturn void bench_die(const char *what);
uint64_t bench_now_ns(void);

void bench_loop_open(void);
void bench_watch(struct watch *w, uint32_t events);   /* begin */
void bench_rewatch(struct watch *w, uint32_t events); /* other events */
/* Runs callbacks until @until_ns, or until @done says so where it is given. */
void bench_loop_run(uint64_t until_ns, bool (*done)(void));

/*
 * The origin: what a connection's first byte asks for. 'E' sends back all that
 * comes, 'B' sends without an end, 'G' answers HTTP requests with 1 KiB.
 * @host is an address. Return: the port, for port 0 a free one.
 */
uint16_t origin_listen(const char *host, uint16_t port);

/* A TCP relay from @port of loopback to its port @to; returns never. */
void relay_main(uint16_t port, uint16_t to);

enum protocol {
	PROTOCOL_NONE, /* straight to the port: no proxy, or a TCP relay */
	PROTOCOL_CONNECT,
	PROTOCOL_SOCKS5,
};

enum mode {
	MODE_RATE,
	MODE_BULK,
	MODE_PINGPONG,
	MODE_IDLE,
	MODE_HTTP
};

/**
 * struct clients - what the clients do, and how far they have come
 * @tls:   the origin speaks TLS and HTTP inside: a request is a client's work
 * @resume: each takes up the session of one before it
 * @via:   the port to connect to: the proxy's, or the origin's own
 * @host, @to: the origin's address or name, and port; a name is that of
 *         127.0.0.1
 * @units: tunnels, bytes, round trips or requests so far
 * @longest_ns: of the round trips of pingpong
 * @ready: tunnels that stand
 * @failed: connections that ended early (rate only; elsewhere it is fatal)
 * @resumed: sessions that were taken up again
 */
struct clients {
	enum mode mode;
	enum protocol protocol;
	bool tls, resume;
	uint16_t via, to;
	const char *host;
	uint64_t units, longest_ns;
	unsigned ready, failed, resumed;
};
extern struct clients clients;

/* Lets @n more clients begin, at most 32 of them connecting at a time. */
void clients_start(unsigned n);

/*
 * A client's TLS session on its socket, which stays the client's. Who is at
 * the other end is not asked: proxies show certificates of their own.
 */
struct tls;
struct tls *tls_new(int fd, const char *host, bool resume);
/* Return: 0, EPOLLIN or EPOLLOUT to wait for, or -1. */
int tls_shake(struct tls *t);
bool tls_was_resumed(const struct tls *t);
/* As recv(2) and send(2), of a record at most; only EAGAIN is told apart. */
ssize_t tls_recv(struct tls *t, void *bytes, size_t n);
ssize_t tls_send(struct tls *t, const void *bytes, size_t n);
/* Says goodbye, and keeps the session for tls_new(). NULL is fine. */
void tls_end(struct tls *t);

/* All processes of session @sid; what cannot be read counts as nothing. */
struct meter {
	double cpu_s;
	uint64_t pss_bytes;
	unsigned descriptors;
};
double meter_cpu(pid_t sid);
struct meter meter_all(pid_t sid);
/* Of one process alone. */
double meter_cpu_process(pid_t pid);
uint64_t meter_pss_process(pid_t pid);

/* Runs argv @n times; prints median and 90th percentile of milliseconds. */
int spawn_main(unsigned n, char *const argv[]);
/* Runs argv, which announces its window; prints its line with what argv's
 * process, without children, has used meanwhile. */
int around_main(char *const argv[]);

#endif
