/* SPDX-License-Identifier: MIT */
/*
 * common/log.h - the operator's log: what netleash itself has to say
 *
 * One line a call on standard error, "netleash: " before it; control bytes in
 * the text are escaped, so that nothing a peer sent can forge a line or move
 * a terminal's cursor. Keeps errno. (The access log is proxy/access_log.h.)
 */
#ifndef NETLEASH_COMMON_LOG_H
#define NETLEASH_COMMON_LOG_H

#include <stdbool.h>

#include "common/macros.h"

enum log_level {
	LOG_LEVEL_ERROR,  /* we stop */
	LOG_LEVEL_WARN,	  /* we go on, something is lost */
	LOG_LEVEL_NOTICE, /* state that an operator wants to know */
	LOG_LEVEL_INFO,	  /* --verbose */
	LOG_LEVEL_DEBUG,  /* state moves */
};

/* Messages above @level are dropped. Starts at LOG_LEVEL_NOTICE. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Where lines go, from now on; borrowed. Starts as 2. */
void log_set_fd(int fd);

/*
 * Of lines that one call site (one @fmt) makes in the same second, only the
 * first LOG_BURST are written, or a peer could fill the disk; how many were
 * not stands before the next that is. Errors are always written.
 */
#define LOG_BURST 500
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...)	log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)	log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)	log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                         \
	do {                                                                   \
		if (log_enabled(LOG_LEVEL_DEBUG))                              \
			log_line(LOG_LEVEL_DEBUG, __VA_ARGS__);                \
	} while (0)

#endif
