#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# deny-list and allow-list: a block list in hosts format blocks, its line is
# named by the refusal, the summary, the log and `explain`; the command cannot
# write it; `netleash proxy` reads it anew.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

printf '%s\r\n' '# a block list' '127.0.0.1 localhost' '::1 ip6-localhost' \
	'0.0.0.0 0.0.0.0' '' '0.0.0.0 ads.example Denied.Allowed.Example.' \
	>"$W/block.txt"
printf '%s\n' allowed.example '*.allowed.example' >"$W/ok.txt"
conf 'allow-list ok.txt' 'allow other.example' 'deny-list block.txt' \
	'profile tight { deny-list tight.txt }' "log json $W/access.log"
echo '.other.example' >"$W/tight.txt"

# get HOST [OPTION...]: by curl on a leash
get() {
	local host=$1
	shift
	try leash run -c "$W/conf" "$@" -- \
		curl -sS -v --cacert ca.pem "https://$host/"
}

# --- a run
get allowed.example
is "a name of an allow-list is reached" "$STATUS" 0
get denied.allowed.example
is "a name of a deny-list is not, though a list allows it" "$STATUS" 56
like "the answer says why" "$ERR" '^< X-Netleash-Reason: denied'
like "and the summary by which line of the list" "$ERR" \
	"denied.allowed.example.* by $W/block.txt:6"
like "the log has it too" "$(cat "$W/access.log")" \
	'"target":"denied.allowed.example:443".*"rule":"'"$W"'/block.txt:6"'
like "and of what passes the line of the allow-list" \
	"$(cat "$W/access.log")" \
	'"target":"allowed.example:443".*"decision":"allow","rule":"'"$W"'/ok.txt:1"'
is "a name that is denied is never asked for" \
	"$(asked denied.allowed.example)" 0
get other.example
is "what no list has is as the conf says" "$STATUS" 0
get other.example -p tight
like "a profile's list counts for its runs" "$ERR" \
	"other.example.* by $W/tight.txt:1"

# --- explain and check
try leash explain -c "$W/conf" ads.example:22
is "explain knows the list" "$STATUS" 1
like "with file, line and name" "$OUT" \
	"^Decided by:  $W/block.txt:6: deny ads.example\$"
try leash explain --json -c "$W/conf" a.b.allowed.example
like "in JSON as well" "$OUT" '"rule":"'"$W"'/ok.txt:2"'
try leash check "$W/conf"
like "check tells how many names there are" "$OUT" \
	"^deny-list $W/block.txt # 2 names\$"
printf 'a.example\nb..example\n||c.example^\n' >"$W/bad.txt"
printf 'deny-list bad.txt\n' >"$W/bad.conf"
try leash check "$W/bad.conf"
is "a list with a wrong line is refused" "$STATUS/$OUT" "1/"
like "with its place" "$ERR" "^$W/bad.txt:2:1: 'b..example'"
like "and that of the next one" "$ERR" "^$W/bad.txt:3:1: "
try leash run -c "$W/bad.conf" -- true
is "by run too" "$STATUS" 125

# --- a list that lies where CMD can write
cp "$W/block.txt" "$WS/block.txt"
printf 'allow *\ndeny-list ws/block.txt\n' >"$W/inner.conf"
try leash run -c "$W/inner.conf" -- sh -c 'cat block.txt &&
	echo x >made && ! echo x >>block.txt && ! rm -f block.txt && ! mv block.txt x'
is "the command sees the list, and can neither write, remove nor move it" \
	"$STATUS" 0
check "nor did it" cmp "$W/block.txt" "$WS/block.txt"

ln -s ../block.txt "$WS/link.txt"
printf 'allow *\ndeny-list ws/link.txt\n' >"$W/inner.conf"
try leash run -c "$W/inner.conf" -- rm link.txt
is "a link in its place, which it could replace, is refused" "$STATUS" 125
like "with what to do" "$ERR" "by the link $WS/link.txt, which"
ln -s ../conf "$WS/link.conf"
try leash run -c link.conf -- rm link.conf
is "a conf that is reached by such a link, too" "$STATUS" 125
mkdir "$W/confs"
echo 'allow *' >"$W/confs/one.conf"
ln -s ../confs "$WS/confs"
printf 'include ws/confs/*.conf\n' >"$W/inner.conf"
try leash run -c "$W/inner.conf" -- rm confs
is "and a folder of confs" "$STATUS" 125

# --- netleash proxy reads it anew
said() {
	until_true 20 grep -q -E -e "$1" "$W/messages"
}

through() {
	try in_host curl -sS --max-time 20 --cacert "$W/ca.pem" -o /dev/null \
		-w '%{http_code}' -x "http://127.0.0.1:$PORT" "$1"
}

printf 'listen 127.0.0.1:0\nallow *\ndeny-list block.txt\n' >"$W/conf"
chmod 600 "$W/block.txt" # the proxy itself could not open it
: >"$W/messages"
leash proxy --pid-file "$W/pid" -c "$W/conf" >"$W/ready" 2>"$W/messages" \
	</dev/null &
SHELL_PID=$!
until_true 20 grep -q '^ready' "$W/ready"
PORT=$(sed -n 's/^ready 127\.0\.0\.1://p' "$W/ready")
through https://other.example/
is "before, a name passes" "$STATUS/$OUT" "0/200"
echo '0.0.0.0 other.example' >>"$W/block.txt"
kill -HUP "$(cat "$W/pid")"
check "HUP says that it reloaded" said '^netleash: reloaded'
through https://other.example/
is "after, it is on the list" "$STATUS/$OUT" "56/000"
: >"$W/messages"
printf 'allowed.example\nno name\n' >"$W/block.txt"
kill -HUP "$(cat "$W/pid")"
check "a list that is wrong is said to be" said 'not usable: the old one stays'
check "with the place" \
	grep -a -q "$W/block.txt:2:4: 'name' " "$W/messages"
through https://other.example/
is "and the old list stays" "$STATUS/$OUT" "56/000"
through https://allowed.example/
is "whole" "$STATUS/$OUT" "0/200"
: >"$W/messages"
rm "$W/block.txt"
mkfifo "$W/block.txt"
kill -HUP "$(cat "$W/pid")"
check "nothing waits for a pipe" said 'not usable: the old one stays'
rm "$W/block.txt"
seq -f 'host%.0f.list.example' 300000 >"$W/block.txt"
: >"$W/messages"
kill -HUP "$(cat "$W/pid")"
check "a long list is taken" said '^netleash: reloaded'
through https://other.example/
is "and the name that it lacks passes again" "$STATUS/$OUT" "0/200"
through https://host299999.list.example/
is "one that it has does not" "$STATUS/$OUT" "56/000"
kill -HUP "$(cat "$W/pid")"
kill -TERM "$(cat "$W/pid")"
wait_for_end "$SHELL_PID" 20
is "told to end in a reload it ends" "$STATUS" 0
done_testing
