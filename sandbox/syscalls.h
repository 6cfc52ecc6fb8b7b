/* SPDX-License-Identifier: MIT */
/*
 * sandbox/syscalls.h - the seccomp filters of CMD and of the proxy itself
 *
 * References: seccomp(2), libseccomp's seccomp_rule_add(3).
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

/* Compiles CMD's filter to BPF. *@ret is malloc'ed, owned by the caller.
 * Done before the fork, loaded after. Return: 0 or -errno. */
struct sock_fprog;
int syscalls_compile_command(const struct syscalls_opts *opts,
			     struct sock_fprog *ret);
void syscalls_fini(struct sock_fprog *prog);

/* Loads a compiled filter; no_new_privs must be set. Return: 0 or -errno. */
int syscalls_load(const struct sock_fprog *prog);

/*
 * Compiles and loads the filter of the proxy process, for all its threads and
 * for good. Signals go to the process that calls this, so call it after the
 * last fork. Return: 0 or -errno.
 *
 * Built with AddressSanitizer the filter lets its leak checker work, which
 * traces our threads from a clone of us: SYSCALLS_RELAXED tells tests so.
 */
int syscalls_apply_proxy(void);

#endif
