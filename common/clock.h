/* SPDX-License-Identifier: MIT */
/*
 * common/clock.h - monotonic time in milliseconds and microseconds
 *
 * Never goes back and says nothing about the date; clock_gettime(2).
 */
#ifndef NETLEASH_COMMON_CLOCK_H
#define NETLEASH_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail */
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static inline uint64_t clock_ms(void)
{
	return clock_us() / 1000u;
}

#endif
