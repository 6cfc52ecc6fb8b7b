#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A command that the daemon runs for a caller has a terminal of its own, and to
# him and his shell that makes no difference.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv
# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

conf 'listen 127.0.0.1:0' "permit $ANN"
start_daemon
chown "$ANN:" "$WS"

cat >"$W/leash" <<END
#!/bin/sh
exec nsenter --net=/run/netns/$HOST env -i HOME=/home/$ANN TERM=xterm \
	PATH=/usr/sbin:/usr/bin:/sbin:/bin PS1='ready> ' \
	setpriv --reuid $ANN --regid $ANN --init-groups \
	$NETLEASH run --isolation=firewall "\$@"
END
chmod +x "$W/leash"

# shellcheck source=tests/integration/terminal.sh
. "$LIB/terminal.sh"

cat >"$W/story" <<END
expect ready> \$
send $W/leash -- sh -c 'ls /dev/pts; ps -o tty= -p \$\$; [ -w /dev/tty ] && echo ow""n'
expect own
expect ready> \$
send stty -a | grep -o ' icanon'
expect icanon
send exit 0
status 0
END
story "the terminal is one of its own, and the caller's is as it was" \
	"${SHELL_WORDS[@]}"

# No stairs, and nothing before what the command wrote.
cat >"$W/story" <<END
expect ready> \$
send $W/leash -- sh -c 'curl -sS -o /dev/null http://other.example/; seq 3000; echo la""st'
expect 2999\r\n3000\r\nlast\r\nnetleash: blocked 1 target:\r\n  other.example
expect ready> \$
send $W/leash -- /nonexistent; echo be""hind
expect /nonexistent: command not found\r\nbehind
send exit 0
status 0
END
story "the summary comes last, line by line" "${SHELL_WORDS[@]}"
stop_daemon
done_testing
