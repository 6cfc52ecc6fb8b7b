/* SPDX-License-Identifier: MIT */
/*
 * sandbox/reload.h - a proxy that works gets its conf and log anew
 */
#ifndef NETLEASH_SANDBOX_RELOAD_H
#define NETLEASH_SANDBOX_RELOAD_H

#include <stdbool.h>

#include "common/conf_choice.h"

struct conf;
struct proxy;
struct proxy_scope;
struct reload;
struct rulebook;

/**
 * struct reload_opts - borrowed for the life of the reload
 * @rules:   what the proxy has now
 * @profile: or NULL
 * @log_fd:  what it logs to now, or -1; taken
 * @sock:    the keeper's
 * @done:    NULL, or called after each: with the rules that the proxy has now
 *           if they are others, and with a warning; else with NULL and what
 *           check_render_json() says of the conf; "" where there is neither
 */
struct reload_opts {
	struct proxy *proxy;
	struct proxy_scope *scope;
	struct rulebook *rules;
	const char *profile;
	int log_fd, sock;
	void (*done)(void *arg, struct rulebook *rules, const char *said);
	void *arg;
};

/* Return: 0, or -ENOMEM and nothing is taken. */
int reload_new(const struct reload_opts *opts, struct reload **ret);
void reload_free(struct reload *rl);

/*
 * Begins a reload, or another one after that which is under way. What came of
 * it is logged, and @done is called: from inside where the keeper is gone. A
 * conf that is bad changes nothing; where the CA is, the one from before stays;
 * the log is opened anew in every case.
 */
void reload_start(struct reload *rl);

/* The next @done may be of a conf as it was before now. */
bool reload_is_under_way(const struct reload *rl);

/* As rulebook_force_mode(), for what the proxy has now: before @done is called
 * that may be more than its user knows of. */
void reload_force_mode(struct reload *rl, enum conf_mode mode);

/* What the proxy has now. Borrowed until the next turn of the loop. */
const struct conf *reload_conf(const struct reload *rl);

#endif
