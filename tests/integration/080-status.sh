#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Exit status, arguments, descriptors and folder are the command's; what cannot
# run says so.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

for status in 0 1 42 125 255; do
	try leash run -- sh -c "exit $status"
	is "exit $status is passed on" "$STATUS" "$status"
done
for signal in TERM KILL INT SEGV HUP; do
	# shellcheck disable=SC2016 # for the inner shell
	try leash run -- sh -c 'kill -s "$1" $$; sleep 5' sh "$signal"
	is "a death by $signal is 128 and its number" "$STATUS" \
		$((128 + $(kill -l "$signal")))
done
try leash run -- no-such-command-here
is "a command that is not found is 127" "$STATUS" 127
like "with a sentence that names it" "$ERR" '^netleash: .*no-such-command'
try leash run -- ./missing
is "a path that is not there is 127" "$STATUS" 127
echo 'echo hello' >"$WS/plain"
try leash run -- ./plain
is "a file that is not executable is 126" "$STATUS" 126
try leash run -- /usr
is "a folder is 126" "$STATUS" 126
printf '#!/no/such/interpreter\n' >"$WS/script"
chmod +x "$WS/script"
try leash run -- ./script
is "a script whose interpreter is missing is 126 or 127" \
	"$(echo "$STATUS" | grep -x '12[67]')" "$STATUS"

# --- the line
try leash run -- printf '<%s>' '' 'a b' '$x' '--' '-a'
is "arguments arrive as they are" "$OUT" '<><a b><$x><--><-a>'
try leash run echo -a -p
is "the first word that is no option starts the command" "$OUT" "-a -p"
try leash run --allow=allowed.example -- curl -sS --cacert ca.pem \
	https://allowed.example/
is "long options take =" "$STATUS" 0
try leash run -- pwd
is "the working folder is the caller's" "$OUT" "$WS"
(cd "$WS" && printf 'in\0put' | leash run -- cat) >"$W/out" 2>"$W/err"
is "standard input and output pass every byte" \
	"$(od -A n -c "$W/out" | tr -d ' ')" 'in\0put'
is "and netleash adds nothing" "$(cat "$W/err")" ""
(cd "$WS" && leash run -- sh -c 'echo out; echo err >&2') \
	>"$W/out" 2>"$W/err"
is "standard error is the command's alone" \
	"$(cat "$W/out")/$(cat "$W/err")" "out/err"
(cd "$WS" && leash run -- "$PYTHON" -c '
import os
print(sorted(int(n) for n in os.listdir("/proc/self/fd"))[:3],
      [n for n in range(3, 100) if os.path.exists("/proc/self/fd/%d" % n)
       and os.readlink("/proc/self/fd/%d" % n) != "/proc/1/fd"
       and "/proc" not in os.readlink("/proc/self/fd/%d" % n)])') \
	>"$W/out" 2>"$W/err" 8</etc/passwd 9</etc </dev/null
is "no descriptor but the three is inherited" "$(cat "$W/out")" "[0, 1, 2] []"
(cd "$WS" && leash run -- sh -c 'yes | head -n 1; echo "$?"') >"$W/out" \
	2>"$W/err" </dev/null
is "SIGPIPE is as it should be inside" "$(cat "$W/out")" "y
0"
try leash run -- grep -E '^(SigIgn|SigBlk)' /proc/self/status
unlike "no signal is ignored or blocked" "$OUT" '[1-9a-f]$'
try leash run -- sh -c 'umask; ulimit -c'
is "the mask is the caller's, and no core is written" "$OUT" "$(umask)
0"

# --- the run's own footing
try leash run -- grep -E '^(CapEff|CapPrm|CapBnd|CapInh|CapAmb)' \
	/proc/self/status
unlike "no capability is left" "$OUT" '[1-9a-f]$'
try leash run -- grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
is "no_new_privs and a filter are on" \
	"$(printf '%s' "$OUT" | tr -s ' \t\n' ' ')" "NoNewPrivs: 1 Seccomp: 2"
try leash run -- sh -c 'id -u; id -G; id -un'
uid=$(printf '%s\n' "$OUT" | sed -n 1p)
is "the only group is the run's own" \
	"$(printf '%s\n' "$OUT" | sed -n 2p)" "$uid"
like "the uid has a name" "$(printf '%s\n' "$OUT" | sed -n 3p)" '[a-z]'

# --- bad options: 125, one sentence, and nothing runs
bad() {
	local name=$1
	shift
	try leash run "$@" -- touch ran
	is "$name: 125" "$STATUS" 125
	like "$name: with a sentence" "$ERR" '^netleash: .{10}'
	check "$name: and nothing ran" test ! -e "$WS/ran"
}
bad "an unknown option" --no-such-option
bad "an unknown short option" -Z
bad "a conf that is not there" -c "$W/none.conf"
bad "an unknown profile" -p nosuch
bad "a bad rule" -a 'exa mple..org'
bad "a rule with user information" --allow=user@allowed.example
bad "deny *" -d '*'
bad "a bad isolation" --isolation=maybe
try leash run -a allowed.example --log
is "an option without its value: 125" "$STATUS" 125
printf 'alloww x\nallow a..b\n' >"$W/bad.conf"
bad "a conf with errors" -c "$W/bad.conf"
like "each is named with its line" "$ERR" 'bad.conf:2:'
try leash run
is "no command at all: 125" "$STATUS" 125
try leash run --
is "nothing after --: 125" "$STATUS" 125
try leash no-such-verb
is "an unknown verb: 125 or 2" \
	"$(echo "$STATUS" | grep -x -E '125|2')" "$STATUS"
try leash
is "no verb at all is an error too" \
	"$(echo "$STATUS" | grep -x -E '125|2')" "$STATUS"
done_testing
