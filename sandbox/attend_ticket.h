/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_ticket.h - a run is told to the daemon (run_ticket.h)
 */
#ifndef NETLEASH_SANDBOX_ATTEND_TICKET_H
#define NETLEASH_SANDBOX_ATTEND_TICKET_H

#include <stdint.h>
#include <sys/types.h>

#define TICKET_ERROR_MAX 512

struct plan;

/**
 * struct ticket_opts - borrowed
 * @tickets: the socket that all attendants share
 * @pid:     of the caller
 */
struct ticket_opts {
	int tickets;
	const char *run;
	pid_t pid;
	const struct plan *plan;
};

/**
 * struct ticket_answer
 * @channel: to the daemon
 * @summary: the memory file for it
 * @ca:      number of the CA that signs where tunnels of the run are looked
 *           into; 0: none are
 */
struct ticket_answer {
	int channel, summary;
	uint32_t ca;
};

/* With the secrets of the plan's inspection. Return: 0 with an answer, whose
 * descriptors are the caller's; or -errno with a sentence. */
int attend_open_channel(const struct ticket_opts *opts,
			struct ticket_answer *ret,
			char error[TICKET_ERROR_MAX]);

/* A listening socket: of the door, or of @local where it is not 0. It stays
 * the caller's. Return: 0 or -errno. */
int attend_give_socket(int channel, int fd, uint16_t local);

/* Return: 0 once the daemon serves the run; or -errno with a sentence. */
int attend_begin(int channel, char error[TICKET_ERROR_MAX]);

#endif
