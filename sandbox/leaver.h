/* SPDX-License-Identifier: MIT */
/*
 * sandbox/leaver.h - who makes room where users share what there is
 *
 * Pure. Users are hostile to one another: whoever takes most loses first, so
 * that nobody is kept out by one who takes all.
 */
#ifndef NETLEASH_SANDBOX_LEAVER_H
#define NETLEASH_SANDBOX_LEAVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct stayer - one of those that may have to leave
 * @turn: when it came: the lower, the older
 */
struct stayer {
	uid_t uid;
	uint64_t turn;
};

/*
 * The oldest of the user who has most of the @n at @v, if he has more than
 * @floor; of users that have as many, of the one who is named first. Return:
 * its index, or @n: nobody. Seldom needed, so it need not be quick.
 */
size_t leaver_find(const struct stayer *v, size_t n, size_t floor);

#endif
