#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What is on descriptors 0 to 2: sockets are relayed without a loss, what
# would be a way out is refused, and nothing else is passed on.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv
chmod 777 "$WS"
CALLER_IDS=()
TRY_SECONDS=15

# peer KIND OPTION... -- COMMAND...: netleash run, with KIND's descriptors
peer() {
	local kind=$1
	shift
	in_host env -i PATH="$PATH" HOME=/nonexistent LANG=C.UTF-8 \
		"${CALLER_IDS[@]}" "$PYTHON" "$SUPPORT/stdio_peer.py" "$kind" \
		"$NETLEASH" run --quiet "$@"
}

all_kinds() {
	local who=$1 kind
	shift
	for kind in stream tcp pair slow; do
		try peer "$kind" "$@" -- cat
		like "$who, $kind: a mebibyte comes back whole after a half-close" \
			"$OUT$ERR" '^0 1048576 [0-9a-f]+ same$'
	done
	try peer stream "$@" -- sh -c 'cat >/dev/null; exit 43'
	like "$who: the exit status passes" "$OUT" '^43 0 '
	try peer stream "$@" -- sh -c 'head -c 10 >/dev/null; echo done'
	like "$who: a command that does not read it all still answers" "$OUT" \
		'^0 5 '
	try peer stream "$@" -- head -c 300000 /dev/zero
	like "$who: what was written before the end is delivered" "$OUT" \
		'^0 300000 '
	try peer stream "$@" -- sh -c 'kill -TERM $$'
	like "$who: so does the signal" "$OUT" '^143 '
	try peer error "$@" -- sh -c 'head -c 300000 /dev/zero >&2'
	like "$who: a socket on standard error" "$OUT$ERR" '^0 300000 '
	try peer lost "$@" -- sh -c 'while echo x; do :; done; exit 9'
	like "$who: a peer that is gone ends the writer" "$OUT" '^(9|141) '
	try peer stream "$@" -- "$PYTHON" -c 'import os, stat
print(*(stat.S_ISSOCK(os.fstat(fd).st_mode) for fd in range(3)), flush=True)
print(os.listdir("/proc/self/fd"))'
	like "$who: the command holds no socket" "$OUT" '^0 '
	try peer stream "$@" -- "$PYTHON" -c 'import os, stat, sys
sys.exit(any(stat.S_ISSOCK(os.fstat(fd).st_mode) for fd in range(3)))'
	like "$who: none on 0 to 2" "$OUT" '^0 '

	rm -f "$WS/ran"
	for kind in folder path; do
		try peer "$kind" "$@" -- touch ran
		is "$who, $kind on 0: refused" "$STATUS" 125
		like "$who, $kind on 0: and said so" "$ERR" \
			'^netleash: standard input is '
	done
	check "$who: nothing was run" test ! -e "$WS/ran"

	rm -f "$WS/fds"
	try peer closed "$@" -- sh -c 'ls -l /proc/self/fd >fds; exit 6'
	is "$who: with 0 to 2 closed it runs, and passes the status" \
		"$STATUS" 6
	unlike "$who: 0 to 2 are no socket and no folder then" \
		"$(cat "$WS/fds")" '[012] -> (socket|/$|/proc$)'
	try peer extra "$@" -- "$PYTHON" -c 'import os
print(sorted(int(f) for f in os.listdir("/proc/self/fd")))'
	is "$who: of fifty more descriptors none is inherited" "$OUT" \
		'[0, 1, 2, 3]'
}

all_kinds firewall --isolation firewall
all_kinds netns --isolation netns
chown 1000:1000 "$WS"
CALLER_IDS=(setpriv --reuid 1000 --regid 1000 --clear-groups)
all_kinds unprivileged

# As node makes them: its "pipes" for a child are sockets.
CALLER_IDS=()
if command -v node >/dev/null; then
	cat >"$WS/spawn.js" <<-'JS'
		const { spawn } = require("child_process");
		const child = spawn(process.argv[2], process.argv.slice(3),
			{ stdio: ["pipe", "pipe", "inherit"] });
		let n = 0;
		child.stdout.on("data", (d) => { n += d.length; });
		child.on("close", (code) => console.log(code, n));
		child.stdin.end(Buffer.alloc(1 << 20));
	JS
	try in_host env -i PATH="$PATH" HOME=/root node "$WS/spawn.js" \
		"$NETLEASH" run --quiet -- sh -c 'cat; exit 5'
	is "node's child gets and gives a mebibyte" "$OUT" "5 1048576"
else
	skip "no node here"
fi
# --- a file on standard input, where CMD has the caller's own uid
printf 'before\n' >"$W/file"
chown 1000:1000 "$W/file"
chmod 755 "$W"
(in_host env -i PATH="$PATH" HOME=/nonexistent setpriv --reuid 1000 \
	--regid 1000 --clear-groups "$NETLEASH" run -q -- \
	sh -c 'cat; echo after >>/proc/self/fd/0' \
	<"$W/file" >"$W/out" 2>/dev/null)
is "it is read whole" "$(cat "$W/out")" before
is "and cannot be opened anew for writing" "$(cat "$W/file")" before
done_testing
