/* SPDX-License-Identifier: MIT */
/*
 * sandbox/log_sink.h - open what the access log is written to
 */
#ifndef NETLEASH_SANDBOX_LOG_SINK_H
#define NETLEASH_SANDBOX_LOG_SINK_H

#include <limits.h>
#include <stdbool.h>

#include "common/conf.h"

struct caller;

#define LOG_SINK_ERROR_MAX 400

/**
 * struct log_place - where the access log goes; it holds no pointer, so that
 * it can be sent to another process
 * @as_caller: the caller named it, so it is opened with his rights
 */
struct log_place {
	enum conf_log kind;
	bool as_caller;
	char path[PATH_MAX];
};

/* @option is what --log said, or NULL: then as @cf says. Return: 0, or
 * -ENAMETOOLONG. */
int log_place_find(const struct conf *cf, const char *option,
		   struct log_place *ret);

/*
 * Return: 0 with an open descriptor, or -1 for CONF_LOG_NONE, in *@ret_fd; or
 * -errno with a sentence.
 */
int log_sink_open(const struct log_place *place, const struct caller *caller,
		  int *ret_fd, char error[LOG_SINK_ERROR_MAX]);

#endif
