/* SPDX-License-Identifier: MIT */
/*
 * sandbox/preset.h - what `preset NAME` in a conf stands for
 *
 * NAME.conf of the folder of presets, or for a preset that asks a tool, what
 * the tool says. The folder is share/netleash/presets beside the folder that
 * the program is in, else the one that it was built for; the environment
 * variable NETLEASH_PRESET_DIR names another one, but never to root.
 */
#ifndef NETLEASH_SANDBOX_PRESET_H
#define NETLEASH_SANDBOX_PRESET_H

#include <stddef.h>

#include "common/rule.h"

/*
 * A conf_preset_fn. @arg: the struct caller on whose behalf tools are asked;
 * borrowed. Return: 0, -ENOMEM, or -errno with a sentence in @error.
 */
int preset_load(void *arg, const char *name, char **ret_text, size_t *ret_len,
		char **ret_source, char error[RULE_ERROR_MAX]);

#endif
