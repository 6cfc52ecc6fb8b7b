/* SPDX-License-Identifier: MIT */
/*
 * sandbox/attend_pump.h - words between a caller, his run's init, the daemon
 */
#ifndef NETLEASH_SANDBOX_ATTEND_PUMP_H
#define NETLEASH_SANDBOX_ATTEND_PUMP_H

#include <stdbool.h>

/**
 * struct pump_opts - borrowed
 * @caller:  his socket
 * @init:    of init_start(), which was READY; the pump says GO
 * @channel: to the daemon (run_ticket.h)
 * @summary: the memory file that the daemon writes to; -1: the caller wants
 *           none
 * @wake:    where init writes what shall wake the caller
 */
struct pump_opts {
	int caller, init, channel, summary, wake;
};

/*
 * Until the run has ended and everything that it made is gone; then the caller
 * has its status, unless he is gone too, which ends the run. It ends as well
 * when the daemon goes, since nobody answers at its door any more. Return: true
 * if init has said that all is undone: EXITED.
 */
bool attend_pump(const struct pump_opts *opts);

#endif
