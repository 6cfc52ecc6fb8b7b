/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_render.h - what a daemon is and does, as text
 */
#ifndef NETLEASH_SANDBOX_CONTROL_RENDER_H
#define NETLEASH_SANDBOX_CONTROL_RENDER_H

#include <stdint.h>
#include <time.h>

#include "common/conf_choice.h"

struct runs;
struct server;
struct strbuf;

/**
 * struct control_facts - borrowed
 * @forced: what PUT /v1/mode said; UNSET: nothing
 */
struct control_facts {
	struct server *server;
	struct runs *runs;
	struct timespec started;
	enum conf_mode forced;
	uint64_t reloads, reloads_failed;
};

/* Each appends one object with its newline, or the whole text. */
void control_render_status(const struct control_facts *f, struct strbuf *out);
void control_render_blocked(const struct control_facts *f, struct strbuf *out);
void control_render_metrics(const struct control_facts *f, struct strbuf *out);

/* "full", "limited", "conf" */
const char *control_mode_name(enum conf_mode mode);

#endif
