/* SPDX-License-Identifier: MIT */
/*
 * sandbox/filter/generate.c - the seccomp programs, compiled once for all runs
 *
 * In:  nothing
 * Out: on standard output a C header for sandbox/syscalls.c: one array of
 *      instructions for each combination of doors, in the order of their bits,
 *      and one for the proxy
 *
 * Runs when netleash is built, on the machine (or its emulator) that it is
 * built for. Done at each start, it was a seventh of the time that took.
 */
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/filter/program.h"
#include "sandbox/syscalls.h"

static void print(const char *name, unsigned number,
		  const struct sock_fprog *program)
{
	(void)printf("static const struct sock_filter %s_%u[] = {\n", name,
		     number);
	for (unsigned i = 0; i < program->len; i++) {
		const struct sock_filter *f = &program->filter[i];

		(void)printf("\t{ 0x%04x, %u, %u, 0x%08x },\n", f->code, f->jt,
			     f->jf, f->k);
	}
	(void)printf("};\n");
}

static int print_all(void)
{
	struct sock_fprog program;
	int r = 0;

	for (unsigned i = 0; i < SYSCALLS_PROGRAMS && r == 0; i++) {
		const struct syscalls_opts opts = {
			.unix_sockets = i & 1,
			.user_namespaces = i & 2,
		};

		r = filter_compile_command(&opts, &program);
		if (r == 0) {
			print("command", i, &program);
			free(program.filter);
		}
	}
	if (r == 0)
		r = filter_compile_proxy(&program);
	if (r == 0) {
		print("proxy", 0, &program);
		free(program.filter);
	}
	return r;
}

int main(void)
{
	int r = print_all();

	if (r < 0)
		(void)fprintf(stderr, "the filters cannot be made: %s\n",
			      strerror(-r));
	return r == 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
