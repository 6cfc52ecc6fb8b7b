/* SPDX-License-Identifier: MIT */
/*
 * proxy/log_tap.h - the lines of an access log, for whoever looks on now
 */
#ifndef NETLEASH_PROXY_LOG_TAP_H
#define NETLEASH_PROXY_LOG_TAP_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct log_tap - of one log
 * @fd:   a datagram socket, borrowed; -1: nobody looks
 * @thread, @line: of struct proxy_tap_head
 */
struct log_tap {
	int fd;
	uint32_t thread, line;
};

#define LOG_TAP_NONE                                                           \
	{                                                                      \
		.fd = -1                                                       \
	}

/* One line. What cannot be sent at once is lost, and counted by @line. */
void log_tap_send(struct log_tap *t, const char *line, size_t n);

#endif
