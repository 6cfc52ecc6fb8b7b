/* SPDX-License-Identifier: MIT */
/*
 * sandbox/learn.h - the rules that a command needed, said when it has ended
 */
#ifndef NETLEASH_SANDBOX_LEARN_H
#define NETLEASH_SANDBOX_LEARN_H

#include "common/strbuf.h"

struct proxy_blocked;

/*
 * The rules with which the conf would have let @needed pass: lines for a conf,
 * each once, sorted, below a sentence for people. @more were not kept. Pure.
 */
void learn_render(const struct proxy_blocked *needed, size_t n,
		  unsigned long long more, struct strbuf *out);

#endif
