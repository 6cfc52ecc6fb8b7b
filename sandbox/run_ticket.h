/* SPDX-License-Identifier: MIT */
/*
 * sandbox/run_ticket.h - a run tells the daemon's proxy that it is there
 *
 * The launcher's attendant of a run, which is privileged, and the daemon, which
 * is not, say no more to each other than this.
 *
 * Order:  a RUN_TICKET on the socket that all attendants share, with the end
 *         of a channel, a memory file and, where there are credentials, their
 *         secrets (run_secrets.h); from then on the channel:
 *         (RUN_KNOWN | RUN_REFUSED) -> [RUN_SOCKET...] -> RUN_BEGIN ->
 *         (RUN_ACCEPTED | RUN_REFUSED) -> the attendant ends its half ->
 *         (RUN_ENDED), and in the memory file is the summary. End of file on
 *         either side ends the run.
 */
#ifndef NETLEASH_SANDBOX_RUN_TICKET_H
#define NETLEASH_SANDBOX_RUN_TICKET_H

#include <stdint.h>

#include "sandbox/identity.h"

#define RUN_TICKET_NAME	 64
#define RUN_TICKET_RULES 16384
#define RUN_WORD_TEXT	 512
#define RUN_TICKET_FDS	 3 /* at most; 2 at least */

/**
 * struct run_ticket - the one datagram on the shared socket
 * @run, @caller, @command, @profile: terminated; @profile may be ""
 * @uid, @pid: of the caller
 * @rules_n: bytes of @rules, of which the datagram has no more: each is 'a',
 *           'd' or 'i', the words of an allow, deny or inspect line, NUL
 */
struct run_ticket {
	uint32_t uid, pid;
	char run[RUN_NAME_MAX];
	char caller[RUN_TICKET_NAME];
	char command[RUN_TICKET_NAME];
	char profile[RUN_TICKET_NAME];
	uint32_t rules_n;
	char rules[RUN_TICKET_RULES];
};

enum run_word_type {
	RUN_KNOWN = 1, /* from the daemon: @value: the number of its CA that
			  the command must trust; 0: nothing is looked into */
	RUN_SOCKET,    /* to the daemon, with a listening socket: of the door,
			      or of local port @value */
	RUN_BEGIN,     /* to the daemon */
	RUN_ACCEPTED,  /* from the daemon: what comes is served */
	RUN_REFUSED,   /* from the daemon: the sentence @text */
	RUN_ENDED,     /* from the daemon: @value bytes of summary */
};

/* On the channel, always whole. */
struct run_word {
	uint32_t type;
	uint32_t value;
	char text[RUN_WORD_TEXT];
};

#endif
