/* SPDX-License-Identifier: MIT */
/*
 * sandbox/netns.h - a network, and where needed a user namespace, of our own
 *
 * Run in init, right after it was cloned into them.
 * References: user_namespaces(7), network_namespaces(7), netdevice(7).
 */
#ifndef NETLEASH_SANDBOX_NETNS_H
#define NETLEASH_SANDBOX_NETNS_H

#include <stdint.h>
#include <sys/types.h>

#define NETNS_ERROR_MAX 400

/*
 * Maps the caller's own uid and gid to themselves, and nobody else. To be
 * called while dumpable. Return: 0 or -errno with a sentence that names the
 * setting that forbids it.
 */
int netns_map_caller(uid_t uid, gid_t gid, char error[NETNS_ERROR_MAX]);

/* Brings up the loopback of the network we are in. Return: 0 or -errno. */
int netns_loopback_up(void);

/*
 * How many connections and datagrams found no route in the network we are in,
 * of IPv4: for IPv6 there is a second text, which costs as much again, and who
 * tries that tries this as well. Return: 0 or -errno.
 */
int netns_unrouted(uint64_t *ret);

/* The same by the text of /proc/net/snmp. Pure; 0 where it does not say. */
uint64_t netns_parse_unrouted(const char *snmp);

/*
 * Why making namespaces failed with @error_number, as a sentence that names
 * the sysctl or the AppArmor setting of this machine.
 */
void netns_explain(int error_number, char error[NETNS_ERROR_MAX]);

#endif
