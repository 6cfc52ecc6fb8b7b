/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/policy_conf.h - a conf from one line, for tests of policy
 *
 * "allow a.example ; deny b.example:22 ; mode limited": each ';' ends a line.
 * The conf is read as a file is, so that what policy_suggest() writes is seen
 * to be a line of a conf. What does not parse fails the test.
 */
#ifndef NETLEASH_TESTS_POLICY_CONF_H
#define NETLEASH_TESTS_POLICY_CONF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"

static inline struct conf *test_conf(const char *text)
{
	struct conf_report report;
	char *lines = strdup(text);
	struct conf *cf = NULL;

	assert_non_null(lines);
	for (char *c = lines; *c; c++)
		if (*c == ';')
			*c = '\n';
	if (conf_parse("test.conf", lines, strlen(lines), NULL, &cf, &report) <
	    0)
		fail_msg("\"%s\": %s", text,
			 report.errors_n ? report.errors[0].text : "memory");
	conf_report_fini(&report);
	free(lines);
	return cf;
}

#endif
