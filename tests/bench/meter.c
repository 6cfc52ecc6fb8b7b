/* SPDX-License-Identifier: MIT */
/*
 * tests/bench/meter.c - CPU time, memory and descriptors of a session
 *
 * A proxy under test is started as a session of its own, so that all its
 * processes are found, however it forks.
 */
#include "tests/bench/bench.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double meter_cpu_process(pid_t pid)
{
	clockid_t id;
	struct timespec ts;

	if (clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &ts) < 0)
		return 0;
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

uint64_t meter_pss_process(pid_t pid)
{
	char path[64], line[128];
	unsigned long kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Pss: %lu kB", &kib) == 1)
			break;
	(void)fclose(f);
	return (uint64_t)kib * 1024;
}

static unsigned descriptors_of(pid_t pid)
{
	char path[64];
	unsigned n = 0;
	const struct dirent *e;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	if (!d)
		return 0;
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* Calls @visit for each process of the session. */
static void each_process(pid_t sid, void (*visit)(pid_t pid, struct meter *m),
			 struct meter *m)
{
	const struct dirent *e;
	DIR *d;

	if (sid == 0)
		return; /* no proxy */
	d = opendir("/proc");
	if (!d)
		bench_die("/proc");
	while ((e = readdir(d))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid > 0 && getsid(pid) == sid)
			visit(pid, m);
	}
	(void)closedir(d);
}

static void visit_cpu(pid_t pid, struct meter *m)
{
	m->cpu_s += meter_cpu_process(pid);
}

static void visit_all(pid_t pid, struct meter *m)
{
	visit_cpu(pid, m);
	m->pss_bytes += meter_pss_process(pid);
	m->descriptors += descriptors_of(pid);
}

double meter_cpu(pid_t sid)
{
	struct meter m = { 0 };

	each_process(sid, visit_cpu, &m);
	return m.cpu_s;
}

struct meter meter_all(pid_t sid)
{
	struct meter m = { 0 };

	each_process(sid, visit_all, &m);
	return m;
}
