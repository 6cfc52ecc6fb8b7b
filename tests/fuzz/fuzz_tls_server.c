/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_tls_server.c - a client that says anything to a TLS server
 *
 * The first byte of the input says how many of the others came early; the rest
 * comes through the socket, and then the client's end. There must be one done
 * call, and no session: nobody can guess the end of a handshake.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "proxy/ca.h"
#include "proxy/leaf.h"
#include "proxy/tls_context.h"
#include "proxy/tls_server.h"

#define TURNS_MAX   1000
#define DEADLINE_MS 60000u /* more than the fuzzer's: a hang is seen */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct event_base *base;
static struct tls_context *ctx;
static struct leaf_cache *leaves;
static unsigned calls;

/* Once. No store is needed: the CA itself is trusted. */
static void begin(void)
{
	char path[] = "/tmp/netleash-fuzz-ca.XXXXXX", *paths[] = { path };
	char error[TLS_ERROR_MAX];
	struct ca *ca;
	int fd = mkstemp(path);
	size_t n;

	if (fd < 0 || ca_new(time(NULL), 30, &ca) < 0)
		abort();
	n = strlen(ca_pem(ca));
	if (write(fd, ca_pem(ca), n) != (ssize_t)n || close(fd) < 0)
		abort();
	base = event_base_new();
	leaves = leaf_cache_new(ca);
	if (!base || !leaves || tls_context_new(paths, 1, &ctx, error) < 0 ||
	    tls_context_serve(ctx) < 0)
		abort();
	(void)unlink(path);
}

static void on_done(int fd, const char *error, void *arg)
{
	(void)arg;
	calls++;
	if (fd >= 0 || !error || !*error)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_server_opts opts = { .host = "old.example.net",
					.deadline_ms = DEADLINE_MS };
	struct tls_server *s;
	int pair[2];

	if (!ctx)
		begin();
	if (size < 1)
		return 0;
	opts.leaves = leaves;
	opts.early = (const char *)data + 1;
	opts.early_n = data[0] < size - 1 ? data[0] : size - 1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       pair) < 0)
		abort();
	data += 1 + opts.early_n;
	size -= 1 + opts.early_n;
	/* What does not fit into the socket is cut off. */
	(void)send(pair[1], data, size, MSG_NOSIGNAL);
	(void)shutdown(pair[1], SHUT_WR);
	calls = 0;
	if (tls_server_start(base, ctx, pair[0], &opts, on_done, NULL, &s) < 0)
		abort();
	for (int i = 0; i < TURNS_MAX && calls == 0; i++)
		(void)event_base_loop(base, EVLOOP_ONCE);
	if (calls != 1)
		abort();
	close(pair[1]);
	return 0;
}
