/* SPDX-License-Identifier: MIT */
/*
 * sandbox/doctor.h - `netleash doctor`: what this machine can enforce
 */
#ifndef NETLEASH_SANDBOX_DOCTOR_H
#define NETLEASH_SANDBOX_DOCTOR_H

#include <stdbool.h>

/**
 * struct doctor_view - what the probe says of itself, from inside a run
 * @uid:      as which it runs
 * @caps:     its effective capabilities
 * @no_new_privs, @filter: of its process, as proc(5) shows them
 * @writable: the working directory is the caller's, and can be written
 */
struct doctor_view {
	unsigned uid;
	unsigned long long caps;
	bool no_new_privs, filter, writable;
};

/* The probe's one line, or what came instead of it. Pure. Return: was it one?
 */
bool doctor_parse(const char *line, struct doctor_view *ret);

/* @argv[0] is "doctor". Return: 0 if a run would hold, 1 if none would, 2 for
 * bad usage. */
int doctor_main(int argc, char **argv);

#endif
