#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/check_cppcheck.sh - cppcheck finds nothing in the three rooms
#
# Warnings and portability findings count, style opinions do not. Headers of
# the system are not read: cppcheck knows the C library by itself.
set -u
# shellcheck source=tests/support/check.sh
. "$(dirname -- "$0")/support/check.sh"

command -v cppcheck >/dev/null 2>&1 || skip "cppcheck is not installed"
cppcheck --quiet --std=c11 --language=c -I . -D_GNU_SOURCE \
	--enable=warning,portability --inline-suppr \
	--suppress=missingIncludeSystem --suppress=unknownMacro \
	--suppress=normalCheckLevelMaxBranches \
	--template='{file}:{line}: {severity}: {message} [{id}]' \
	--error-exitcode=2 common proxy sandbox ||
	complain "cppcheck exits $?, see above"
check_done
