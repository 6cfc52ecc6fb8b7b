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
#include "sandbox/run_secrets.h"
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

/* Sends the ticket with our end's other one. Return: 0 or -errno. */
static int send_ticket(const struct ticket_opts *opts,
		       const struct run_ticket *ticket, int channel,
		       int summary)
{
	const struct inspection *in = &opts->plan->inspection;
	int fds[RUN_TICKET_FDS] = { channel, summary, -1 }, r;

	r = run_secrets_put(in->secrets, in->secrets_n, &fds[2]);
	if (r < 0)
		return r;
	r = fd_send(opts->tickets, ticket,
		    offsetof(struct run_ticket, rules) + ticket->rules_n, fds,
		    fds[2] >= 0 ? 3 : 2);
	if (fds[2] >= 0)
		(void)close(fds[2]);
	return r;
}

/* Return: 0 with a word of @type; or -errno with a sentence. */
static int hear(int channel, enum run_word_type type, struct run_word *ret,
		char *error)
{
	size_t fds_n;
	ssize_t n = fd_recv(channel, ret, sizeof(*ret), NULL, 0, &fds_n);

	if (n == sizeof(*ret) && ret->type == (uint32_t)type)
		return 0;
	ret->text[sizeof(ret->text) - 1] = '\0';
	if (n == sizeof(*ret) && ret->type == RUN_REFUSED)
		(void)snprintf(error, TICKET_ERROR_MAX, "%s", ret->text);
	else
		(void)snprintf(error, TICKET_ERROR_MAX,
			       "the daemon does not answer");
	return -ECONNREFUSED;
}

int attend_open_channel(const struct ticket_opts *opts,
			struct ticket_answer *ret, char error[TICKET_ERROR_MAX])
{
	const struct timeval wait = { .tv_sec = ANSWER_SECONDS };
	struct run_ticket ticket = { .rules_n = 0 };
	struct run_word word;
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
	(void)setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	r = send_ticket(opts, &ticket, pair[1], memory);
	(void)close(pair[1]);
	if (r < 0)
		(void)fail(error, r, "the daemon cannot be told of the run");
	else
		r = hear(pair[0], RUN_KNOWN, &word, error);
	if (r < 0) {
		(void)close(pair[0]);
		(void)close(memory);
		return r;
	}
	*ret = (struct ticket_answer){ pair[0], memory, word.value };
	return 0;
}

int attend_give_socket(int channel, int fd, uint16_t local)
{
	const struct run_word word = { .type = RUN_SOCKET, .value = local };

	return fd_send(channel, &word, sizeof(word), &fd, 1);
}

int attend_begin(int channel, char error[TICKET_ERROR_MAX])
{
	struct run_word word = { .type = RUN_BEGIN };
	int r = fd_send(channel, &word, sizeof(word), NULL, 0);

	/* EPIPE: it has answered already, and closed. */
	if (r < 0 && r != -EPIPE)
		return fail(error, r, "the daemon cannot be told to begin");
	return hear(channel, RUN_ACCEPTED, &word, error);
}
