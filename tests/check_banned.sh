#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/check_banned.sh - calls that common/banned.h cannot poison
#
# The compiler refuses the calls named in common/banned.h. These others have a
# good form and a bad one, or are right in one place only:
#   signal()                    sigaction() says what it means
#   accept() pipe() dup()       a descriptor without close-on-exec leaks into the
#                               command: accept4, pipe2, F_DUPFD_CLOEXEC
#   getaddrinfo() and the like  block the event loop: only c-ares, in proxy/
#   fork() and relatives        processes are made in few places
set -u
# shellcheck source=tests/support/check.sh
. "$(dirname -- "$0")/support/check.sh"

faults=$(mktemp) || exit 1
trap 'rm -f "$faults"' EXIT

# Code without comments and strings, line numbers kept.
code_of() {
	awk '{
		out = ""; text = $0
		while (length(text)) {
			if (inside) {
				at = index(text, "*/")
				if (!at) break
				text = substr(text, at + 2); inside = 0
				continue
			}
			c = substr(text, 1, 1)
			if (substr(text, 1, 2) == "//") break
			if (substr(text, 1, 2) == "/*") {
				inside = 1; text = substr(text, 3); continue
			}
			if (c == "\"" && match(text, /^"([^"\\]|\\.)*"/)) {
				out = out "\"\""
				text = substr(text, RLENGTH + 1); continue
			}
			out = out c; text = substr(text, 2)
		}
		print out
	}' "$1"
}

# ban FILE CALLS WHY: CALLS is an extended regular expression of names
ban() {
	code_of "$1" | grep -n -o -E "(^|[^A-Za-z0-9_>.])($2)[ \t]*\(" |
		sed "s|^\([0-9]*\):[^A-Za-z_]*|$1:\1: |; s|\$|...): $3|"
}

# Where processes are made:
#   init.c      init, as netleash's child, and CMD, as init's
#   keeper.c    the proxy's privileged half, and what it loads a conf in
#   launcher.c  the daemon's privileged half
#   tool.c      useradd and its kin, while setting up, before any run
#   inquiry.c   npm, asked for its registry while the conf is read, and what
#               credentials come from, before the run
may_fork='sandbox/\(init\|keeper\|launcher\|tool\|inquiry\)\.c'

for file in $(sources '*.c' '*.h'); do
	case $file in
	tests/* | common/banned.h) continue ;;
	esac
	ban "$file" 'signal|bsd_signal|sysv_signal' 'use sigaction'
	ban "$file" 'accept' 'use accept4 with SOCK_CLOEXEC'
	ban "$file" 'pipe' 'use pipe2 with O_CLOEXEC'
	ban "$file" 'dup' 'use fcntl with F_DUPFD_CLOEXEC'
	ban "$file" 'mktemp|tmpnam|tempnam' 'a name is not a file'
	ban "$file" 'asctime|ctime|gmtime|localtime' 'hidden state'
	case $file in
	proxy/*)
		ban "$file" 'getaddrinfo|getnameinfo|gethostby[a-z0-9_]*' \
			'blocks the event loop'
		;;
	esac
	echo "$file" | grep -q -x "$may_fork" ||
		ban "$file" 'fork|vfork|clone3?|posix_spawnp?' \
			'processes are not made here'
done >"$faults"
complain_lines <"$faults"
check_done
