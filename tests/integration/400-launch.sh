#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# An unprivileged `netleash run` through the daemon: root's leash, the caller's
# rights. What the conf permits, and to whom; nothing that the caller could not
# do himself; attribution by door; the run ends with its caller and its daemon.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv ps
# shellcheck source=tests/integration/users.sh
. "$LIB/users.sh"

CURL="curl -sS --max-time 20 --cacert ca.pem -o /dev/null -w %{http_code}"

write_conf() {
	conf 'listen 127.0.0.1:0' "log json $W/access.log" 'allow allowed.example' \
		'profile other { allow other.example }' \
		'profile closed { allow v4.example }' "$@"
}

write_conf "permit group:$DEV profile other *" "permit $BEN"
start_daemon

# --- the leash
try ann run -- sh -c "$CURL https://allowed.example/; id -u; cat /proc/self/cgroup"
like "a permitted caller gets what the conf allows" "$STATUS/$OUT" '^0/200'
like "by a uid of the block" "$OUT" '^20060[6-8][0-9][0-9]$'
like "in a cgroup of the run's own" "$OUT" '/netleash/r'
try ann run -- sh -c "$CURL https://other.example/"
is "and nothing else" "$STATUS/$OUT" "56/000"
like "the summary says what would allow it" "$ERR" \
	'other.example:443: not-allowed; to allow it: allow other.example'
try ann run -q -- sh -c "$CURL https://other.example/"
unlike "--quiet has none" "$ERR" blocked
try ann run -- sh -c 'exec 3<>/dev/tcp/93.184.216.34/80' 2>&1
is "there is no way past the door" "$([ "$STATUS" != 0 ] && echo shut)" shut
try ann run -- bash -c "exec 3<>/dev/tcp/93.184.216.34/80"
like "it is refused at once" "$ERR" 'refused|denied|not permitted'
try ann run --no-network -- sh -c "env | grep -c -i _proxy"
is "--no-network has no door" "$OUT" 0
try ann run --isolation=netns -- id -u
is "--isolation=netns is the caller's own" "$OUT" "$(id -u "$ANN")"

# --- who stands between: nothing of root's is left to it once the command runs
(ann run -- sh -c 'echo up; exec sleep 76.5') >"$W/between" 2>&1 &
CLIENT=$!
until_true 10 pgrep -x -f 'sleep 76.5'
# As soon as it has shed: that is no step which the command waits for.
attendant=$(pgrep -x netleash-attend)
has_shed() {
	grep -q "^Uid:.$online.$online.$online.$online\$" \
		"/proc/$attendant/status"
}
online=$(id -u netleash-online)
check "the attendant becomes the online identity" until_true 5 has_shed
is "without a group or a capability, and with a filter" "$(sed -n -E \
	's/^(Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):[[:space:]]*/\1 /p' \
	"/proc/$attendant/status" | sed 's/ *$//' | sort)" \
	"$(printf '%s\n' CapAmb CapBnd CapEff CapInh CapPrm |
		sed 's/$/ 0000000000000000/'; printf '%s\n' Groups 'NoNewPrivs 1' \
		'Seccomp 2')"
is "and nobody can read it" "$(stat -c %u "/proc/$attendant/environ")" 0
pkill -x -f 'sleep 76.5'
wait_for_end "$CLIENT" 10

# --- the same as root's
for n in 0 1 7 126 255; do
	try ann run -- sh -c "exit $n"
	is "exit status $n passes" "$STATUS" "$n"
done
try ann run -- sh -c 'kill -TERM $$'
is "a signal's death is 128+N" "$STATUS" 143
try ann run -- /nonexistent/command
is "a command that is not there is 127" "$STATUS" 127
like "and said" "$ERR" 'command not found'
try ann run -- "$W/ca.pem"
is "one that cannot be executed is 126" "$STATUS" 126
try ann run -- sh -c 'echo out; echo err >&2'
is "output and errors are kept apart" "$OUT/$ERR" "out/err"
is "standard input passes" "$(cd "$W/ann" && (echo typed |
	ann run -- sed s/typed/read/) 2>&1)" read
is "and half a million lines" "$(cd "$W/ann" && (seq 500000 |
	ann run -- cat | md5sum) 2>&1)" "$(seq 500000 | md5sum)"
is "the umask is the caller's" "$(cd "$W/ann" && (umask 027 &&
	ann run -- sh -c umask) 2>&1)" 0027
is "and his limits" "$(cd "$W/ann" && (ulimit -n 77; ulimit -Hc 0
	ann run -- sh -c 'ulimit -n') 2>&1)" 77
is "an ignored signal stays ignored" "$(cd "$W/ann" && (trap '' HUP
	ann run -- sh -c 'kill -HUP $$; echo alive') 2>&1)" alive
try ann run -- sh -c 'pwd; echo "$HOME $NETLEASH"'
is "folder, home and environment are the caller's" "$OUT" "$W/ann
$(getent passwd "$ANN" | cut -d: -f6) 1"
is "what is withheld is said once" "$(USER_ENV=CALLER_TOKEN=1 ann run -- true 2>&1 |
	grep -c 'withheld.*CALLER_TOKEN')" 1
(ann run -- sh -c 'trap "echo got; exit 5" TERM; echo up; while :; do sleep 0.05; done') \
	>"$W/trap" 2>&1 &
until_true 10 grep -q up "$W/trap"
pkill -TERM -u "$ANN" -f 'netleash run -- sh -c trap'
wait_for_end $! 10
is "a signal reaches the command" "$STATUS/$(tail -n 1 "$W/trap")" 5/got

# --- files: the caller's rights
try ann run -- sh -c 'echo x >new && mkdir -p d/e && ln -s new link && stat -c %U new'
is "what the command makes is the caller's" \
	"$(stat -c %U "$W/ann/new" "$W/ann/d/e" "$W/ann/link" | sort -u)" "$ANN"
echo secret >"$W/rooty/secret"
chmod 600 "$W/rooty/secret"
try ann run --writable "$W/rooty" -- sh -c "echo x >$W/rooty/new; cat $W/rooty/secret"
is "a folder that he cannot write stays so" \
	"$([ -e "$W/rooty/new" ] || echo no)/$STATUS/$OUT" "no/1/"
mkdir -m 700 "$W/hidden"
mkdir -m 755 "$W/hidden/in"
echo secret >"$W/hidden/in/file"
for option in --writable --readonly; do
	try ann run $option "$W/hidden/in" -- cat "$W/hidden/in/file"
	is "$option leads nowhere that he could not go" "$STATUS/$OUT" 125/
	like "and says why" "$ERR" 'Permission denied'
done
try as "$ANN" "$W/rooty" run -- sh -c 'echo x >here; pwd'
is "a working folder of root's is not written" \
	"$([ -e "$W/rooty/here" ] || echo no)" no
chown "$BEN" "$W/ben" && chmod 755 "$W/ben"
try as "$ANN" "$W/ben" run -- sh -c 'echo x >here'
is "nor another user's" "$([ -e "$W/ben/here" ] || echo no)" no
try ann run -- sh -c 'cat /etc/shadow'
is "nor is read what only root may read" "$STATUS/$OUT" 1/
try ann run -- sh -c 'ls /run'
is "no socket of the daemon's is seen" "$OUT" ""

# --- permit
try ann run -p other -- sh -c "$CURL https://other.example/"
is "a permitted profile counts" "$STATUS/$OUT" "0/200"
try ben run -p other --isolation=firewall -- true
is "another's is refused" "$STATUS" 125
like "with who and what" "$ERR" "$BEN is not permitted the profile other"
try ben run --isolation=firewall -a other.example -- true
like "rules of his own need custom" "$STATUS $ERR" '^125 .*rules of his own'
try ann run --online -- true
like "--online needs online" "$STATUS $ERR" '^125 .*--online'
try as nobody / run --isolation=firewall -- true
like "who is not named is refused" "$STATUS $ERR" "^125 .*no 'permit' line"
try ben run -- sh -c "$CURL https://allowed.example/; id -u"
like "each caller is judged by himself" "$OUT" '^20060[6-8]'

# --- attribution
(ann run -p other -- sh -c "read -r x; $CURL https://other.example/; $CURL https://allowed.example/") \
	>"$W/one" 2>&1 < <(sleep 2; echo go) &
ONE=$!
(ben run -- sh -c "read -r x; $CURL https://other.example/; $CURL https://allowed.example/") \
	>"$W/two" 2>&1 < <(sleep 2; echo go) &
wait $ONE $!
is "two runs at a time are judged each by its own rules" \
	"$(head -n 1 "$W/one") $(grep -o '000200' "$W/two")" "200200 000200"
like "the log names caller and command" "$(grep other.example "$W/access.log" |
	grep '"deny"' | tail -n 1)" \
	"\"run\":\"r[^\"]*\",\"caller\":\"$BEN\",\"command\":\"sh\""

# --- reload
write_conf "permit $ANN profile closed custom online" 'allow v4.example'
kill -HUP "$DAEMON"
until_true 10 grep -q reloaded "$W/messages"
try ben run --isolation=firewall -- true
like "after a reload other lines permit" "$STATUS $ERR" "^125 .*no 'permit' line"
try ann run -p closed -a other.example -- sh -c "$CURL https://other.example/;
	$CURL https://v4.example/"
is "and custom rules come on top" "$STATUS/$OUT" 0/200200
try ann run -p closed -a 'bad..name' -- true
like "a bad one is named" "$STATUS $ERR" "^125 .*--allow 'bad..name'"
try ann run -p closed --online -- sh -c "curl -sS --max-time 20 --cacert ca.pem \
	-o /dev/null -w '%{http_code}' https://other.example/"
is "--online where it is permitted" "$STATUS/$OUT" 0/200
echo 'no such line' >>"$W/conf"
kill -HUP "$DAEMON"
until_true 10 grep -q 'the old one stays' "$W/messages"
try ann run -p closed -- true
is "a conf with an error changes nothing" "$STATUS" 0

# --- a reload reaches running runs where their profile says so
write_conf "permit $ANN profile *" 'profile moving { running-runs follow
	allow v4.example }'
kill -HUP "$DAEMON"
until_true 10 sh -c "[ \$(grep -c 'reloaded:' $W/messages) = 2 ]"
for profile in moving closed; do
	mkfifo "$W/go.$profile"
	(ann run -p $profile -- sh -c "$CURL https://v4.example/; read -r x
		$CURL https://v4.example/; $CURL https://v4.example/") \
		<"$W/go.$profile" >"$W/during.$profile" 2>"$W/during.err" &
	DURING+=($!)
done
exec 7>"$W/go.moving" 8>"$W/go.closed"
until_true 20 sh -c "grep -q 200 $W/during.moving && grep -q 200 $W/during.closed"
conf 'listen 127.0.0.1:0' "permit $ANN profile *" 'allow allowed.example' \
	'profile moving { running-runs follow }' 'profile closed { mode full }'
kill -HUP "$DAEMON"
until_true 10 sh -c "[ \$(grep -c 'reloaded:' $W/messages) = 3 ]"
echo go >&7
echo go >&8
exec 7>&- 8>&-
wait "${DURING[@]}"
is "a run whose profile follows meets the new rules" \
	"$(cat "$W/during.moving")" 200000000
is "another keeps what it began with" "$(cat "$W/during.closed")" 200200200

# --- ends
(ann run -p closed -- sleep 77.5) >"$W/end" 2>&1 &
until_true 10 pgrep -x -f 'sleep 77.5'
pkill -KILL -u "$ANN" -f 'netleash run -p closed'
check "when the caller is killed the run ends" \
	until_true 10 sh -c '! pgrep -x -f "sleep 77.5"'
check "and leaves nothing" until_true 10 nothing_left
# However it ends: whoever is left of its processes clears up, or the launcher.
for victims in netleash-init netleash-attend 'netleash-attend|netleash-init'; do
	(ann run -p closed -- sleep 77.7) >"$W/end" 2>&1 &
	CLIENT=$!
	until_true 10 pgrep -x -f 'sleep 77.7'
	# shellcheck disable=SC2046 # one word each
	kill -KILL $(processes "$victims")
	wait_for_end "$CLIENT" 10
	is "when $victims is killed the client ends" "$STATUS" 137
	like "and says so" "$(cat "$W/end")" \
		"the run's (${victims//netleash-/})[a-z]* was killed"
	check "the command too" until_true 10 sh -c '! pgrep -x -f "sleep 77.7"'
	check "and it leaves nothing" until_true 10 nothing_left
done
write_conf "permit $ANN profile *"
try leash daemon -c "$W/conf" --pid-file "$W/pid"
like "a second daemon is refused" "$STATUS $ERR" '^1 .*another netleash daemon'
is "and leaves the first one's files alone" "$(cat "$W/pid") $(
	[ -S /run/netleash/launch.sock ] && echo there)" "$DAEMON there"
(ann run -p closed -- sh -c 'echo up; exec sleep 78.5') >"$W/end" 2>&1 &
CLIENT=$!
until_true 10 pgrep -x -f 'sleep 78.5'
kill -KILL "$DAEMON"
wait_for_end "$CLIENT" 10
is "when the daemon is killed the run ends with 137" "$STATUS" 137
like "and says so" "$(cat "$W/end")" 'the daemon has ended'
check "no process of it lives" sh -c '! pgrep -x -f "sleep 78.5"'
check "and nothing is left of it" until_true 10 nothing_left
try ann run --isolation=firewall -- true
like "with no daemon the firewall is out of reach" "$STATUS $ERR" '^125 .*root'
try ann run -- id -u
is "and auto takes a namespace" "$STATUS/$OUT" "0/$(id -u "$ANN")"
# Where the launcher was, somebody listens who is not root.
cat >"$W/false.py" <<'END'
import os, socket, sys
path, uid = sys.argv[1], int(sys.argv[2])
if os.path.exists(path):
    os.unlink(path)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(path)
os.chmod(path, 0o666)
os.setresuid(uid, uid, uid)
s.listen(8)
print("listens", flush=True)
while True:
    c = s.accept()[0]
    print("heard", len(c.recv(100)), flush=True)
    c.close()
END
"$PYTHON" "$W/false.py" /run/netleash/launch.sock "$(id -u "$BEN")" \
	>"$W/false" 2>&1 &
FALSE=$!
until_true 10 grep -q listens "$W/false"
try ann run -- id -u
is "a launcher that is not root's is none" "$STATUS/$OUT" "0/$(id -u "$ANN")"
check "and hears nothing" until_true 5 grep -q '^heard 0$' "$W/false"
unlike "of what a caller has" "$(cat "$W/false")" 'heard [^0]'
kill "$FALSE"
wait "$FALSE"
rm -f /run/netleash/launch.sock
# In a user namespace that lets nobody make another.
without_namespaces() {
	cd "$W/ann" || exit 99
	# shellcheck disable=SC2016 # for the inner shell
	in_host env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$W/ann" \
		setpriv --reuid "$ANN" --regid "$ANN" --init-groups \
		unshare --user --map-current-user --keep-caps sh -c '
			echo 0 >/proc/sys/user/max_user_namespaces || exit 98
			exec setpriv --ambient-caps=-all --inh-caps=-all "$@"' \
		sh "$NETLEASH" "$@"
}
try without_namespaces run -a allowed.example -- sh -c 'echo ran'
is "with neither it refuses" "$STATUS/$OUT" 125/
like "and says what is missing" "$ERR" 'namespace'
start_daemon
try ann run -- sh -c "$CURL https://allowed.example/"
is "a daemon that follows serves again" "$STATUS/$OUT" 0/200
(in_host bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"
	printf "CONNECT allowed.example:443 HTTP/1.1\r\n\r\n" >&3
	head -n 1 <&3; exec sleep 20' sh \
	"$(sed -n 's/^ready 127.0.0.1://p' "$W/ready")") >"$W/held" 2>&1 &
HELD=$!
until_true 10 grep -q 200 "$W/held"
kill -TERM "$DAEMON"
until_true 10 grep -q 'told to end' "$W/messages"
try ann run --isolation=firewall -- true
like "while it waits for what is open it begins no run" "$STATUS $ERR" \
	'^125 .*about to end'
kill "$HELD"
wait_for_end "$SHELL_PID" 20
DAEMON=
is "TERM ends it" "$STATUS" 0
check "its socket goes with it" sh -c '! [ -e /run/netleash/launch.sock ]'
done_testing
