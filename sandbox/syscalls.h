/* SPDX-License-Identifier: MIT */
/*
 * sandbox/syscalls.h - the seccomp filters of CMD and of the proxy itself
 *
 * What they say stands in sandbox/filter/, which runs when netleash is built;
 * here they are chosen and loaded.
 *
 * References: seccomp(2).
 */
#ifndef NETLEASH_SANDBOX_SYSCALLS_H
#define NETLEASH_SANDBOX_SYSCALLS_H

#include <stdbool.h>

#if defined(__SANITIZE_ADDRESS__)
#define SYSCALLS_RELAXED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SYSCALLS_RELAXED 1
#endif
#endif

/**
 * struct syscalls_opts - doors that the user opened on purpose
 * @unix_sockets: socket(AF_UNIX) works
 * @user_namespaces: clone and unshare may make namespaces, mount works there
 */
struct syscalls_opts {
	bool unix_sockets;
	bool user_namespaces;
};

/* How many combinations of them there are: a bit each. */
#define SYSCALLS_PROGRAMS 4

/* Stands in the proxy's program for the process that loads it: no pid. */
#define SYSCALLS_SELF 0x6e6c6964u

struct sock_fprog;

/* CMD's filter, as filter/command.c says; for ever. */
const struct sock_fprog *syscalls_command(const struct syscalls_opts *opts);

/* Loads a filter; no_new_privs must be set. Return: 0 or -errno. */
int syscalls_load(const struct sock_fprog *prog);

/*
 * Loads the filter of the proxy process, filter/proxy.c, for all its threads
 * and for good. Signals go to the process that calls this, so call it after the
 * last fork. Return: 0 or -errno.
 *
 * Built with AddressSanitizer the filter lets its leak checker work, which
 * traces our threads from a clone of us: SYSCALLS_RELAXED tells tests so.
 */
int syscalls_apply_proxy(void);

#endif
