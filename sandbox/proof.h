/* SPDX-License-Identifier: MIT */
/*
 * sandbox/proof.h - before CMD runs: does the leash hold, seen from inside?
 *
 * Run in CMD's place: its cgroup, uid and namespaces, without capabilities.
 */
#ifndef NETLEASH_SANDBOX_PROOF_H
#define NETLEASH_SANDBOX_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct proof_opts - the claims to prove
 * @door_port:  answers on 127.0.0.1 (and on ::1 where there is one); 0: the
 *              run has no door
 * @decoy_port: a listener of netleash's own, in the host's network, on
 *              127.0.0.1 and ::1, that must not be reached
 * @own_loopback: CMD has a loopback of its own, where datagrams may go
 */
struct proof_opts {
	uint16_t door_port;
	uint16_t decoy_port;
	bool own_loopback;
};

/*
 * Return: 0 if every claim holds, else -errno with the claim that does not in
 * @error. Takes at most PROOF_TIMEOUT_MS a claim, microseconds where it holds.
 */
#define PROOF_TIMEOUT_MS 2000
int proof_check(const struct proof_opts *opts, char *error, size_t size);

#endif
