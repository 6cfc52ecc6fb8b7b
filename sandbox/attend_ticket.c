/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_ticket.c - a run is told to the daemon (run_ticket.h)
 */
#include "sandbox/attend_ticket.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fdio.h"
#include "sandbox/plan.h"
#include "sandbox/run_ticket.h"

/* The daemon answers from its loop; a policy may have to be made first. */
#define ANSWER_SECONDS 20

static int fail(char *error, int r, const char *what)
{
	(void)snprintf(error, TICKET_ERROR_MAX, "%s: %s", what, strerror(-r));
	return r;
}

static int add_rules(struct run_ticket *t, const struct run_cli *cli)
{
	for (size_t i = 0; i < cli->rules_n; i++) {
		const struct cli_rule *rule = &cli->rules[i];
		size_t n = strlen(rule->text) + 2;

		if (n > sizeof(t->rules) - t->rules_n)
			return -E2BIG;
		t->rules[t->rules_n] = rule_effect_name(rule->effect)[0];
		memcpy(t->rules + t->rules_n + 1, rule->text, n - 1);
		t->rules_n += (uint32_t)n;
	}
	return 0;
}

static int fill(struct run_ticket *t, const struct ticket_opts *o, char *error)
{
	const struct run_cli *cli = &o->plan->cli;
	const char *profile = cli->profile ? cli->profile : "";

	t->uid = o->plan->caller.uid;
	t->pid = (uint32_t)o->pid;
	(void)snprintf(t->run, sizeof(t->run), "%s", o->run);
	(void)snprintf(t->caller, sizeof(t->caller), "%s",
		       o->plan->caller.name);
	(void)snprintf(t->command, sizeof(t->command), "%s",
		       plan_command(o->plan));
	if (strlen(profile) >= sizeof(t->profile))
		return fail(error, -ENAMETOOLONG, profile);
	(void)snprintf(t->profile, sizeof(t->profile), "%s", profile);
	return add_rules(t, cli) < 0
		       ? fail(error, -E2BIG, "the rules of the command line")
		       : 0;
}

int attend_open_channel(const struct ticket_opts *opts, int *ret_channel,
			int *ret_summary, char error[TICKET_ERROR_MAX])
{
	struct run_ticket ticket = { .rules_n = 0 };
	int pair[2], memory, r;

	r = fill(&ticket, opts, error);
	if (r < 0)
		return r;
	memory = memfd_create("netleash-summary", MFD_CLOEXEC);
	if (memory < 0)
		return fail(error, -errno, "memory for the summary");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		r = fail(error, -errno, "a channel to the daemon");
		(void)close(memory);
		return r;
	}
	r = fd_send(opts->tickets, &ticket,
		    offsetof(struct run_ticket, rules) + ticket.rules_n,
		    (int[]){ pair[1], memory }, 2);
	(void)close(pair[1]);
	if (r < 0) {
		r = fail(error, r, "the daemon cannot be told of the run");
		(void)close(pair[0]);
		(void)close(memory);
		return r;
	}
	*ret_channel = pair[0];
	*ret_summary = memory;
	return 0;
}

int attend_give_socket(int channel, int fd, uint16_t local)
{
	const struct run_word word = { .type = RUN_SOCKET, .value = local };

	return fd_send(channel, &word, sizeof(word), &fd, 1);
}

int attend_begin(int channel, char error[TICKET_ERROR_MAX])
{
	const struct timeval wait = { .tv_sec = ANSWER_SECONDS };
	struct run_word word = { .type = RUN_BEGIN };
	size_t fds_n;
	ssize_t n;
	int r;

	(void)setsockopt(channel, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	r = fd_send(channel, &word, sizeof(word), NULL, 0);
	/* EPIPE: it has answered already, and closed. */
	if (r < 0 && r != -EPIPE)
		return fail(error, r, "the daemon cannot be told to begin");
	n = fd_recv(channel, &word, sizeof(word), NULL, 0, &fds_n);
	if (n == sizeof(word) && word.type == RUN_ACCEPTED)
		return 0;
	word.text[sizeof(word.text) - 1] = '\0';
	if (n == sizeof(word) && word.type == RUN_REFUSED)
		(void)snprintf(error, TICKET_ERROR_MAX, "%s", word.text);
	else
		(void)snprintf(error, TICKET_ERROR_MAX,
			       "the daemon does not answer");
	return -ECONNREFUSED;
}
