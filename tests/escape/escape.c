/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/escape.c - try every way out of a run
 *
 *	escape try WORLD RESULTS [NAME...]   all probes, or those
 *	escape list user|root|optional|lent|all   names, for the controls
 *	escape observe|victim|lend ...       see there
 *	escape caps                          "EUID CAPABILITIES", of an exec'ed
 *	                                     privileged copy
 *
 * In:    the world (escape.h)
 * Out:   a line each, "probe NAME: blocked|ESCAPED|unavailable DETAIL"
 * Exit:  0 when all probes were tried, whatever came out
 */
#include "tests/escape/escape.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBE_MS 15000

enum verdict {
	NONE,
	BLOCKED,
	ESCAPED,
	UNAVAILABLE
};

static const char *const words[] = { "blocked", "blocked", "ESCAPED",
				     "unavailable" };

/* Shared with the probe's process: it may die of what it tries. */
static struct {
	enum verdict verdict;
	char detail[200];
} * shared;

static const struct probe *const tables[] = {
	net_probes,	family_probes, inbound_probes, unix_probes,
	process_probes, kernel_probes, file_probes,    mode_probes,
	limit_probes,	lent_probes,
};

const struct probe *probe_at(size_t index)
{
	for (size_t t = 0; t < COUNT(tables); t++)
		for (const struct probe *p = tables[t]; p->name; p++)
			if (index-- == 0)
				return p;
	return NULL;
}

size_t probe_index(const struct probe *p)
{
	size_t i = 0;

	while (probe_at(i) && probe_at(i) != p)
		i++;
	return i;
}

PRINTF_ARGS(2, 0)
static _Noreturn void end(enum verdict verdict, const char *fmt, va_list ap)
{
	(void)vsnprintf(shared->detail, sizeof(shared->detail), fmt, ap);
	shared->verdict = verdict;
	_exit(0);
}

void blocked(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	end(BLOCKED, fmt, ap);
}

void escaped(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	end(ESCAPED, fmt, ap);
}

void unavailable(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	end(UNAVAILABLE, fmt, ap);
}

void blocked_by(const char *what)
{
	blocked("%s: %s", what, strerror(errno));
}

/* Waits for the probe, and no longer than for a probe. */
static int wait_for(pid_t pid)
{
	int64_t deadline = now_ms() + PROBE_MS;
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ms() > deadline) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			break;
		}
		sleep_ms(2);
	}
	return status;
}

static void try(const struct probe *p, FILE *results)
{
	pid_t pid;
	int status;

	memset(shared, 0, sizeof(*shared));
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* As root, unleashed: what one mounts the next must not see. */
		if (world("control"))
			(void)unshare(CLONE_NEWNS);
		p->run(p);
		_exit(0);
	}
	status = pid < 0 ? 0 : wait_for(pid);
	if (shared->verdict == NONE && WIFSIGNALED(status))
		(void)snprintf(shared->detail, sizeof(shared->detail),
			       "killed by signal %d", WTERMSIG(status));
	shared->detail[strcspn(shared->detail, "\n")] = '\0';
	(void)fprintf(results, "probe %s: %s %s\n", p->name,
		      words[shared->verdict], shared->detail);
	(void)fflush(results);
}

/* What a probe sends to all must not end the one who tries. */
static void ignore_signals(void)
{
	static const int ours[] = { SIGUSR1, SIGUSR2, SIGIO, SIGHUP, SIGPIPE };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < COUNT(ours); i++)
		(void)sigaction(ours[i], &ignore, NULL);
}

static bool is_named(const struct probe *p, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], p->name) == 0)
			return true;
	return false;
}

/* Ways that need a descriptor lent to the run are tried where one is. */
static bool is_lent(const struct probe *p)
{
	for (const struct probe *l = lent_probes; l->name; l++)
		if (l == p)
			return true;
	return false;
}

static int try_main(int argc, char **argv)
{
	FILE *results;
	int r;

	if (argc < 2 || (r = world_load(argv[0])) < 0 ||
	    !(results = fopen(argv[1], "ae"))) {
		(void)fprintf(stderr, "escape: no world, or no results\n");
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 2;
	ignore_signals();
	for (size_t i = 0; probe_at(i); i++) {
		const struct probe *p = probe_at(i);

		if (argc > 2 ? is_named(p, argc - 2, argv + 2) : !is_lent(p))
			try(p, results);
	}
	return fclose(results) == 0 ? 0 : 2;
}

static bool is_listed(const struct probe *p, const char *which)
{
	if (is_lent(p))
		return strcmp(which, "lent") == 0;
	if (strcmp(which, "optional") == 0)
		return p->optional;
	if (strcmp(which, "user") == 0)
		return p->control == AS_USER;
	if (strcmp(which, "root") == 0)
		return p->control == AS_ROOT;
	return strcmp(which, "all") == 0;
}

static int list_main(const char *which)
{
	for (size_t i = 0; probe_at(i); i++)
		if (is_listed(probe_at(i), which))
			(void)printf("%s\n", probe_at(i)->name);
	return 0;
}

static int caps_main(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256], caps[64] = "?";

	while (status && fgets(line, sizeof(line), status))
		(void)sscanf(line, "CapEff: %63s", caps);
	(void)printf("%u %s\n", geteuid(), caps);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "try") == 0)
		return try_main(argc - 2, argv + 2);
	if (argc == 3 && strcmp(argv[1], "list") == 0)
		return list_main(argv[2]);
	if (argc >= 2 && strcmp(argv[1], "caps") == 0)
		return caps_main();
	if (argc >= 2 && strcmp(argv[1], "observe") == 0)
		return observe_main(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "victim") == 0)
		return victim_main(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "lend") == 0)
		return lend_main(argc - 2, argv + 2);
	(void)fprintf(stderr, "escape: see the top of escape.c\n");
	return 2;
}
