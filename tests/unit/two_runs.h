/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/two_runs.h - a firewall with its base, and two runs' cgroups
 *
 * In a world of its own (world.h). Holds the state of one test program.
 */
#ifndef NETLEASH_TESTS_UNIT_TWO_RUNS_H
#define NETLEASH_TESTS_UNIT_TWO_RUNS_H

#include "packets.h"

#include "sandbox/firewall.h"
#include "sandbox/identity.h"

#define RUN_A	"r000-aaaaaaaa"
#define RUN_B	"r001-bbbbbbbb"
#define UID_A	60100u
#define UID_B	60101u
#define OFFLINE 997u

static const struct firewall_ids ids = { OFFLINE, OFFLINE, 60100, 60355 };
static struct firewall *fw;
static char error[FIREWALL_ERROR_MAX];
static int cgroup_a = -1, cgroup_b = -1;
static struct who run_a, run_b;

static inline void open_door(const char *run, uint16_t port)
{
	struct firewall_door door = { run, port };

	if (firewall_apply_door(fw, &door, error) < 0)
		fail_msg("%s", error);
}

static inline void close_door(const char *run, uint16_t port)
{
	struct firewall_door door = { run, port };

	if (firewall_revert_door(fw, &door, error) < 0)
		fail_msg("%s", error);
}

static inline void alias_loopback(void)
{
	struct ifreq ifr = { 0 };
	struct sockaddr_storage a;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(ifr.ifr_name, "lo:1", 5);
	(void)address("10.99.0.1", 0, &a);
	memcpy(&ifr.ifr_addr, &a, sizeof(ifr.ifr_addr));
	WORLD_MUST(ioctl(fd, SIOCSIFADDR, &ifr));
	close(fd);
}

static inline int two_runs_setup(void)
{
	alias_loopback();
	if (state_apply(error) < 0 || cgroup_apply_base(error) < 0 ||
	    cgroup_create(RUN_A, 0, &cgroup_a, error) < 0 ||
	    cgroup_create(RUN_B, 0, &cgroup_b, error) < 0 ||
	    firewall_open(&fw, error) < 0 ||
	    firewall_apply_base(fw, &ids, error) < 0) {
		fprintf(stderr, "%s\n", error);
		return -1;
	}
	run_a = (struct who){ cgroup_a, UID_A, UID_A };
	run_b = (struct who){ cgroup_b, UID_B, UID_B };
	return 0;
}

#endif
