#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# At a terminal a leashed shell behaves as if netleash were not there: Ctrl-C,
# Ctrl-Z and fg, the window's size, exit status; and netleash itself is a job
# like any other to the shell that started it.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

# A program for leash's words: terminal.py wants one it can exec.
cat >"$W/leash" <<END
#!/bin/sh
exec nsenter --net=/run/netns/$HOST env -i HOME=/root TERM=xterm \
	PATH=/usr/sbin:/usr/bin:/sbin:/bin PS1='ready> ' $NETLEASH run "\$@"
END
chmod +x "$W/leash"

# shellcheck source=tests/integration/terminal.sh
. "$LIB/terminal.sh"
done_testing
