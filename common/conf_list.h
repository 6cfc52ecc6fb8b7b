/* SPDX-License-Identifier: MIT */
/*
 * common/conf_list.h - a list of a conf: part of common/conf.h
 */
#ifndef NETLEASH_COMMON_CONF_LIST_H
#define NETLEASH_COMMON_CONF_LIST_H

#include "common/name_list.h"
#include "common/rule.h"

/**
 * struct conf_list - the file of an `allow-list` or `deny-list`
 * @rule: what it says about each of its names; has no host of its own, and the
 *        file's absolute path as its text
 */
struct conf_list {
	struct rule rule;
	struct name_list names;
};

#endif
