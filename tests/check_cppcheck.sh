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
# The list macros of <sys/queue.h> look like syntax errors unless they are
# known; it is the one header of the system that is read.
queue=$(echo '#include <sys/queue.h>' | cc -E - 2>/dev/null |
	sed -n 's/^# [0-9]* "\(.*queue\.h\)".*/\1/p' | head -n 1)
# What 2.17 says in error: arrays of which only what was written is read, memory
# that its owner has, a null that is checked by what it makes false, and a
# pointer that does not outlive what it points to.
cppcheck --quiet --std=c11 --language=c -I . -D_GNU_SOURCE -D__x86_64__ \
	${queue:+--include="$queue"} \
	--enable=warning,portability --inline-suppr \
	--suppress=missingIncludeSystem --suppress=unknownMacro \
	--suppress=normalCheckLevelMaxBranches \
	--suppress=uninitvar:common/hostname.c \
	--suppress=uninitvar:common/rule_split.c \
	--suppress=uninitvar:proxy/client_hello.c \
	--suppress=memleak:proxy/inspector.c \
	--suppress=nullPointerOutOfMemory:proxy/proxy_scope.c \
	--suppress=autoVariables:sandbox/explain.c \
	--template='{file}:{line}: {severity}: {message} [{id}]' \
	--error-exitcode=2 common proxy sandbox ||
	complain "cppcheck exits $?, see above"
check_done
