/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/load.c - the load generator's main: one measurement a start
 *
 * In:  a mode, a proxy's protocol and port, the session that the proxy is
 * Out: one line of words and numbers on standard output: what was done, in how
 *      many seconds, with how many CPU seconds of the proxy and of ourselves
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SETTLE_NS 300000000u
#define HOST_MAX  200
#define FIRST	  64u /* tunnels that stand before memory is counted */

struct options {
	unsigned clients, ms;
	uint16_t origin; /* a port of our own to serve the origin on */
	bool has_origin;
	bool announce;
	pid_t session;
};

static unsigned want_ready;

static const char usage[] =
	"usage: bench_load [options] rate|bulk|pingpong|idle|http\n"
	"       bench_load origin\n"
	"       bench_load relay PORT TO\n"
	"       bench_load spawn COUNT COMMAND...\n"
	"       bench_load around COMMAND...\n"
	"  --origin PORT    serve the origin here (0: any free port)\n"
	"  --host HOST      the origin's address, or its name if that is "
	"127.0.0.1\n"
	"  --to PORT        the origin's port, where another serves it\n"
	"  --via PORT       the proxy's port (default: straight to the "
	"origin)\n"
	"  --via-env        the proxy that http_proxy names\n"
	"  --protocol WORD  none, connect or socks5\n"
	"  --clients N      how many at a time\n"
	"  --ms N           length of the measurement\n"
	"  --session PID    the proxy's processes, to count what they use\n"
	"  --session-env    those of BENCH_SESSION, if it is set\n"
	"  --cpu N          stay on this core\n"
	"  --announce       say when the measurement begins\n"
	"  --tls            the origin (--to) is an https server with /, "
	"small,\n"
	"                   and /big\n"
	"  --resume         TLS sessions are taken up again\n";

static bool all_are_ready(void)
{
	return clients.ready >= want_ready;
}

/* The wait for tunnels to stand is bounded: a proxy may never answer. */
static void wait_ready(unsigned n)
{
	want_ready = n;
	bench_loop_run(bench_now_ns() + 30000000000u, all_are_ready);
	if (!all_are_ready()) {
		errno = 0;
		bench_die("the tunnels did not come to stand in 30 s");
	}
}

static void settle(void)
{
	bench_loop_run(bench_now_ns() + SETTLE_NS, NULL);
}

static void announce(const struct options *o)
{
	if (!o->announce)
		return;
	(void)puts("begin");
	(void)fflush(stdout);
}

static int measure_idle(const struct options *o)
{
	struct meter before, after;
	double n = (double)(o->clients - FIRST);

	clients_start(FIRST);
	wait_ready(FIRST);
	settle();
	announce(o);
	before = meter_all(o->session);
	clients_start(o->clients - FIRST);
	wait_ready(o->clients);
	settle();
	after = meter_all(o->session);
	(void)printf("units %.0f pss_bytes %.0f descriptors %.2f\n", n,
		     (double)(after.pss_bytes - before.pss_bytes),
		     (double)(after.descriptors - before.descriptors));
	(void)fflush(stdout);
	if (o->announce)
		settle(); /* somebody looks at what we hold */
	return 0;
}

static int measure(const struct options *o)
{
	uint64_t units, begun_ns, ns;
	unsigned resumed;
	double cpu, own;

	clients_start(o->clients);
	wait_ready(o->clients);
	settle();
	announce(o);
	clients.longest_ns = 0;
	resumed = clients.resumed;
	own = meter_cpu_process(getpid());
	cpu = meter_cpu(o->session);
	units = clients.units;
	begun_ns = bench_now_ns();
	bench_loop_run(begun_ns + (uint64_t)o->ms * 1000000u, NULL);
	ns = bench_now_ns() - begun_ns;
	units = clients.units - units;
	cpu = meter_cpu(o->session) - cpu;
	own = meter_cpu_process(getpid()) - own;
	(void)printf("units %llu seconds %.6f cpu_s %.6f own_cpu_s %.6f "
		     "failed %u resumed %u longest_ms %.3f\n",
		     (unsigned long long)units, (double)ns / 1e9, cpu, own,
		     clients.failed, clients.resumed - resumed,
		     (double)clients.longest_ns / 1e6);
	return units > 0 ? 0 : 1;
}

static unsigned number(const char *word, unsigned max)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	if (*word == '\0' || *end != '\0' || n > max) {
		errno = 0;
		bench_die("a number is bad");
	}
	return (unsigned)n;
}

static uint16_t port_of_environment(void)
{
	const char *url = getenv("http_proxy");
	const char *colon = url ? strrchr(url, ':') : NULL;
	unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : 0;

	if (port == 0 || port > 65535) {
		errno = 0;
		bench_die("http_proxy names no port");
	}
	return (uint16_t)port;
}

static void pin(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		bench_die("sched_setaffinity");
}

static enum protocol protocol_of(const char *word)
{
	if (strcmp(word, "connect") == 0)
		return PROTOCOL_CONNECT;
	if (strcmp(word, "socks5") == 0)
		return PROTOCOL_SOCKS5;
	if (strcmp(word, "none") != 0) {
		errno = 0;
		bench_die("--protocol is none, connect or socks5");
	}
	return PROTOCOL_NONE;
}

static int mode_of(const char *word)
{
	static const char *const words[] = { "rate", "bulk", "pingpong", "idle",
					     "http" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	return -1;
}

static void parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "origin", required_argument, NULL, 'o' },
		{ "host", required_argument, NULL, 'h' },
		{ "to", required_argument, NULL, 't' },
		{ "via", required_argument, NULL, 'v' },
		{ "via-env", no_argument, NULL, 'e' },
		{ "protocol", required_argument, NULL, 'p' },
		{ "clients", required_argument, NULL, 'n' },
		{ "ms", required_argument, NULL, 'm' },
		{ "session", required_argument, NULL, 's' },
		{ "session-env", no_argument, NULL, 'S' },
		{ "cpu", required_argument, NULL, 'c' },
		{ "announce", no_argument, NULL, 'a' },
		{ "tls", no_argument, NULL, 'T' },
		{ "resume", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
		if (c == 'o') {
			o->origin = (uint16_t)number(optarg, 65535);
			o->has_origin = true;
		} else if (c == 'h') {
			clients.host = optarg;
			if (strlen(optarg) > HOST_MAX) {
				errno = 0;
				bench_die("a host is too long");
			}
		} else if (c == 't') {
			clients.to = (uint16_t)number(optarg, 65535);
		} else if (c == 'v') {
			clients.via = (uint16_t)number(optarg, 65535);
		} else if (c == 'e') {
			clients.via = port_of_environment();
		} else if (c == 'p') {
			clients.protocol = protocol_of(optarg);
		} else if (c == 'n') {
			o->clients = number(optarg, 1000000);
		} else if (c == 'm') {
			o->ms = number(optarg, 3600000);
		} else if (c == 's') {
			o->session = (pid_t)number(optarg, 1u << 30);
		} else if (c == 'S') {
			const char *word = getenv("BENCH_SESSION");

			o->session = (pid_t)number(word ? word : "0", 1u << 30);
		} else if (c == 'c') {
			pin(number(optarg, CPU_SETSIZE - 1));
		} else if (c == 'a') {
			o->announce = true;
		} else if (c == 'T') {
			clients.tls = true;
		} else if (c == 'r') {
			clients.resume = true;
		} else {
			(void)fputs(usage, stderr);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct options o = { .clients = 32, .ms = 2000 };
	struct rlimit files;
	const char *word;
	bool relay;
	int mode;

	clients.host = "127.0.0.1";
	parse(argc, argv, &o);
	word = optind < argc ? argv[optind++] : "";
	if (strcmp(word, "spawn") == 0 && optind + 1 < argc)
		return spawn_main(number(argv[optind], 100000),
				  argv + optind + 1);
	if (strcmp(word, "around") == 0 && optind < argc)
		return around_main(argv + optind);
	mode = mode_of(word);
	relay = strcmp(word, "relay") == 0 && optind + 2 == argc;
	if ((mode < 0 && !relay && strcmp(word, "origin") != 0) ||
	    o.clients == 0 || (mode == MODE_IDLE && o.clients <= FIRST)) {
		(void)fputs(usage, stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	bench_loop_open();
	if (relay)
		relay_main((uint16_t)number(argv[optind], 65535),
			   (uint16_t)number(argv[optind + 1], 65535));
	if (o.has_origin)
		clients.to = origin_listen(clients.host, o.origin);
	if (mode < 0) {
		(void)printf("ready %u\n", (unsigned)clients.to);
		(void)fflush(stdout);
		bench_loop_run(UINT64_MAX, NULL);
		return 0;
	}
	clients.mode = (enum mode)mode;
	if (clients.via == 0)
		clients.via = clients.to;
	return mode == MODE_IDLE ? measure_idle(&o) : measure(&o);
}
