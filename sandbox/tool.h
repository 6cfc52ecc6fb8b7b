/* SPDX-License-Identifier: MIT */
/*
 * sandbox/tool.h - run one of the system's own administration tools
 */
#ifndef NETLEASH_SANDBOX_TOOL_H
#define NETLEASH_SANDBOX_TOOL_H

#include <stddef.h>

#define TOOL_OUTPUT_MAX 300

/*
 * Runs @argv, whose first word is an absolute path, with a clean environment
 * and no input, and waits. Return: its exit status, 128 + N for a signal N,
 * or -errno if it could not be run. @output gets the first line it wrote.
 */
int tool_run(const char *const *argv, char output[TOOL_OUTPUT_MAX]);

/* The same with our own environment: for netleash itself. */
int tool_run_as_we_are(const char *const *argv, char output[TOOL_OUTPUT_MAX]);

/* The first of @paths (NULL-terminated) that can be executed, or NULL. */
const char *tool_find(const char *const *paths);

#endif
