/* SPDX-License-Identifier: MIT */
/*
 * common/conf_profile.h - what the top level of a conf and its profiles hold
 *
 * Part of common/conf.h.
 */
#ifndef NETLEASH_COMMON_CONF_PROFILE_H
#define NETLEASH_COMMON_CONF_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/conf_choice.h"
#include "common/conf_list.h"
#include "common/rule.h"

/* Where a word stands. @file indexes conf.files; line and column from 1. */
struct conf_loc {
	uint32_t file, line, column;
};

struct conf_range { /* a `private` word */
	struct cidr cidr;
	struct conf_loc loc;
};

/**
 * struct conf_rules - what the top level and each profile hold
 * @inspects: of `inspect`: RULE_INSPECT, about https, without method or path
 * @mode:    CONF_MODE_UNSET in a profile: the top level's
 * @running: the same
 */
struct conf_rules {
	struct rule *rules;
	size_t rules_n;
	struct rule *inspects;
	size_t inspects_n;
	struct conf_range *privates;
	size_t privates_n;
	struct conf_list *lists;
	size_t lists_n;
	enum conf_mode mode;
	enum conf_running running;
};

struct conf_profile {
	char *name;
	struct conf_loc loc;
	struct conf_rules rules;
};

#endif
