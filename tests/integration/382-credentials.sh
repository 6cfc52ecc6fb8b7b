#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Credentials: they reach the host that they are for, and the command, which
# looks everywhere, has none of them.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/integration/inspect.sh
. "$LIB/inspect.sh"
need git
world_up
log=$W/access.log
git init -q --bare "$W/files/probe.git"
env_secret=ghp_EnvSecret0123456789abcdefghijABCDEF
file_secret=sk-file-Secret9876543210zyxwvutsrq
home_secret=HomeSecret-24680-abcdefgh
command_secret=CmdSecret/13579+qwertyuiop==
more_secret=MoreSecret1029384756
all="$env_secret|$more_secret|$file_secret|$home_secret|CmdSecret/13579\\+"
hunt=("$PYTHON" hunt.py)
for secret in $env_secret $file_secret $home_secret $command_secret; do
	hunt+=("$(printf '%s\n' "$secret" | rev)")
done
cp "$SUPPORT/hunt.py" "$WS/hunt.py"

mkdir -p "$WS/tools" "$W/etc"
set_mode firewall # which makes $W/home
printf '%s\n' "$file_secret" >"$WS/secret"
printf '%s' "$home_secret" >"$W/home/token"
printf '%s\n' "$command_secret" >"$W/home/vault"
printf '%s\n' '#!/bin/sh' 'cat /proc/self/environ >/dev/null' \
	"cat '$W/home/vault'; cat '$W/home/vault' >&2" >"$WS/tools/get-secret"
printf '%s\n' "$file_secret" >"$W/etc/secret" # as /etc has them
chmod 755 "$WS/tools/get-secret"
# The program may be reached by others, as in /etc.
chmod 644 "$WS/secret" "$W/etc/secret" "$W/home/token"
chmod 600 "$W/home/vault" "$W/origin.log"

# rules LINE...: with credentials of every kind
rules() {
	local home=$W/home/token
	# shellcheck disable=SC2088 # for netleash
	[ "$MODE" != user ] || home='~/token'
	conf "log json $log" \
		'allow allowed.example v4.example git.example other.example' \
		'inspect other.example' \
		'credential by-env { from env NLTEST_TOKEN' \
		'  for https://allowed.example/' \
		'  header Authorization "Bearer {}" }' \
		"credential by-file { from file $WS/secret" \
		'  for https://v4.example/files/api/; placeholder FILE_TOKEN }' \
		"credential by-home { from file $home" \
		'  for https://git.example/files; header X-Home "{}"' \
		'  placeholder none }' \
		"credential by-command { from command $WS/tools/get-secret" \
		'  for https://git.example/; header X-Command "key={}"' \
		'  placeholder CMD_TOKEN }' \
		"credential like-etc { from file $W/etc/secret" \
		'  for https://v6.example/; header X-Etc "{}" }' "$@"
	: >"$log"
	chmod 666 "$log"
}
run() {
	: >"$W/origin.log"
	try hold -c "$W/conf" -- "$@"
	[ "$STATUS" != 125 ] || not_ok "$MODE: nothing was run" "$ERR"
	# Whatever was asked: nobody was told.
	unlike "$MODE: no secret in $1's output or netleash's" "$OUT$ERR" "$all"
}
trust="verify-ca $W/ca.pem"

# one HEADER WANTED NAME: what the origin has seen of it in the last request
one() {
	is "$MODE: $3" "$("$PYTHON" -c 'import json, sys
headers = []
for line in open(sys.argv[1]):
    headers = [v for k, v in json.loads(line)["headers"]
               if k.lower() == sys.argv[2]]
print(*(headers or ["none"]), sep="|")' "$W/origin.log" "$1")" "$2"
}

uses() {
	rules "$trust"
	run curl -sS https://allowed.example/
	one authorization "Bearer $env_secret" "a header is set, from a variable"
	run curl -sS -H 'Authorization: mine' -H 'authorization: two' \
		https://allowed.example/
	one authorization "Bearer $env_secret" "in place of the command's own"
	run curl -sS https://git.example/files/x
	one x-home "$home_secret" "from a file in the home"
	one x-command "key=$command_secret" "and from a command, both at once"
	run curl -sS https://git.example/
	one x-home none "below its path only"
	one x-command "key=$command_secret" "and elsewhere the other alone"

	run sh -c 'echo "$FILE_TOKEN $CMD_TOKEN $NLTEST_TOKEN."'
	like "$MODE: placeholders have the secret's shape" "$OUT" \
		'^sk-[a-z]{4}-[A-Z][a-z]{5}[0-9]{10}[a-z]{10} [A-Z][a-z]{2}[A-Z][a-z]{5}/[0-9]{5}\+[a-z]{10}== \.$'
	# shellcheck disable=SC2016 # for the inner shell
	send='exec curl -sS -H "Authorization: token $FILE_TOKEN, $CMD_TOKEN" \
		-H "X-Shown: $FILE_TOKEN" -A "$FILE_TOKEN" -e "$FILE_TOKEN" \
		"$@"'
	run sh -c "$send" sh https://v4.example/files/api/x
	like "$MODE: a placeholder is replaced" "$(cat "$W/origin.log")" \
		"\"Authorization\", \"token $file_secret, "
	unlike "$MODE: and none of another host's" "$(cat "$W/origin.log")" \
		"CmdSecret"
	is "$MODE: in no header that may be shown" \
		"$(grep -o -e "$file_secret" "$W/origin.log" | wc -l)" 1
	# shellcheck disable=SC2016 # for the inner shell
	run sh -c 'curl -sS -u "me:$FILE_TOKEN" https://v4.example/files/api/x'
	one authorization "Basic $(printf %s "me:$file_secret" | base64 -w 0)" \
		"a placeholder in a password of curl's is replaced"
	# shellcheck disable=SC2016 # for git
	run git -c credential.helper='!echo username=me; echo "password=$CMD_TOKEN";:' \
		ls-remote https://git.example/locked/git/probe.git
	is "$MODE: git, which is asked for one, gets in" "$STATUS" 0
	one authorization "Basic $(printf %s "me:$command_secret" |
		base64 -w 0)" "since the secret is in git's password"
	for url in https://v4.example/files/apix https://v4.example/files/ \
		https://v4.example/files/api/../x \
		https://v4.example/files/%61pi/..%2fx \
		https://v4.example/files/api//x \
		https://other.example/files/api/x \
		http://v4.example/files/api/x http://allowed.example/ \
		http://v4.example:443/files/api/x; do
		run sh -c "$send" sh --path-as-is "$url"
		unlike "$MODE: not at $url" "$(cat "$W/origin.log")" "$all"
	done
	# shellcheck disable=SC2016 # for the inner shell
	run sh -c 'curl -sS "https://v4.example/files/api/?$FILE_TOKEN" \
		-d "$FILE_TOKEN"'
	unlike "$MODE: not in a query" "$(cat "$W/origin.log")" "$all"
	unlike "$MODE: and not in the log" "$(cat "$log")" "$all"
}

echoes() {
	run curl -sS -i https://allowed.example/reflect
	like "$MODE: a header that comes back is cleaned" "$OUT" \
		'^X-Reflect-Authorization: Bearer \[credential\]'
	rules "$trust" 'credential more { from env NLTEST_MORE' \
		' for https://v4.example/reflect; placeholder MORE }'
	CALLER+=("NLTEST_MORE=$more_secret")
	# shellcheck disable=SC2016 # for the inner shell
	run sh -c 'curl -sS -i -H "X-It-Key: $MORE" https://v4.example/reflect
		echo "X-Reflect-X-It-Key: $MORE"'
	is "$MODE: or has the placeholder again" "$(printf '%s\n' "$OUT" |
		tr -d '\r' | grep -c "^$(printf '%s\n' "$OUT" | tail -n 1)\$")" 2
	# shellcheck disable=SC2016 # for the inner shell
	run sh -c 'curl -sS -i -u "me:$MORE" https://v4.example/reflect
		printf "X-Reflect-Authorization: Basic %s\n" \
			"$(printf %s "me:$MORE" | base64 -w 0)"'
	is "$MODE: in base64 too" "$(printf '%s\n' "$OUT" |
		tr -d '\r' | grep -c "^$(printf '%s\n' "$OUT" | tail -n 1)\$")" 2
	CALLER=("NLTEST_TOKEN=$env_secret")
	rules "$trust"
	run curl -sS -L --location-trusted -H 'Authorization: mine' \
		'https://allowed.example/redirect?https://other.example/'
	one authorization mine "a redirect to another host does not take it along"
	run curl -sS -i -H 'Host: other.example' https://allowed.example/
	like "$MODE: a bad request is refused" "$OUT" ' 400 '
	is "$MODE: and goes nowhere" "$(cat "$W/origin.log")" ''
	run curl -sS -i --connect-to allowed.example:443:v4.example:443 -k \
		https://allowed.example/
	unlike "$MODE: a name with another host's tunnel gets nothing" \
		"$(cat "$W/origin.log")" "$all"
	run curl -sS -i https://closed.example/ https://git.example:81/
	rules # without verify-ca: the certificate is of nobody
	run curl -sS -i https://allowed.example/
	like "$MODE: a certificate that is no good" "$OUT" ' 502 '
	is "$MODE: gets no secret" "$(cat "$W/origin.log")" ''
	unlike "$MODE: and no word of it is logged" "$(cat "$log")" "$all"
}

hunts() {
	rules "$trust"
	# While a request with the secret is under way.
	run sh -c 'curl -sS -m 20 -o page https://allowed.example/endless &
		sleep 0.3; "$@"; kill $!' sh "${hunt[@]}"
	like "$MODE: a hunt reads a lot" "$OUT$ERR" '^hunted [0-9]{3}'
	unlike "$MODE: and finds nothing" "$OUT" '^found'
	rm -f "$WS/page"
	# shellcheck disable=SC2016 # for the inner shell
	run sh -c 'cat "$1" "$2" "$3" "$4" | wc -c; ls -l "$1"
		: >"$1"; rm -f "$1"; mv "$1" b
		ln "$1" other; mv tools elsewhere; echo x >>tools/get-secret
		rm -f tools/get-secret; mv tools/get-secret tools/b
		cp tools/get-secret tools/c && rm tools/c' \
		sh secret "$W/etc/secret" "$W/home/token" ../ws/secret
	is "$MODE: what secrets come from is empty or not to be had" \
		"$(printf '%s\n' "$OUT" | head -n 1)" 0
	is "$MODE: it is as it was" "$(cat "$WS/secret" "$WS/tools/get-secret" |
		sha256sum)" "$SOURCES"
	check "$MODE: by no other name either" test ! -e "$WS/b" -a \
		! -e "$WS/other" -a ! -e "$WS/elsewhere" -a ! -e "$WS/tools/b"

	# --- the authority
	run sh -c 'grep -r -l "PRIVATE KEY" /run /tmp "$HOME"
		for f in /run/netleash/* /etc/ssl/certs/ca-certificates.crt; do
			echo x >>"$f"; rm -f "$f"; mv "$f" /tmp/x; ln "$f" /tmp/y
			chmod 666 "$f"; truncate -s 0 "$f"
			mount --bind /etc/passwd "$f"; umount "$f"
		done; rm -rf /run/netleash; mv /run/netleash /run/other
		mkdir -p /run/new
		ls /run/netleash | tr "\n" " "
		cmp /run/netleash/ca-bundle.crt \
			/etc/ssl/certs/ca-certificates.crt && echo same
		tail -n 1 /run/netleash/ca.crt
		curl -sS https://allowed.example/'
	like "$MODE: the bundle cannot be changed" "$OUT" \
		'^ca-bundle.crt ca-bundle.jks ca.crt same$'
	like "$MODE: nor what stands in it" "$OUT" '^-----END CERTIFICATE-----$'
	like "$MODE: and serves on" "$OUT" '^hello from allowed.example'
	unlike "$MODE: no key is anywhere" "$OUT" '^/'

	# --- processes that know it
	run sh -c 'for s in QUIT ABRT SEGV; do kill -$s 1; kill -$s -1; done
		ls -a; curl -sS https://allowed.example/'
	unlike "$MODE: no core file" "$(ls -a "$WS")" '(^|/)core'
	try hold -c "$W/conf" --env NLTEST_TOKEN -- env
	unlike "$MODE: --env does not let the variable in" "$OUT$ERR" \
		"$all|NLTEST_TOKEN"
}

CALLER=("NLTEST_TOKEN=$env_secret")
SOURCES=$(cat "$WS/secret" "$WS/tools/get-secret" | sha256sum)
for mode in $MODES; do
	set_mode "$mode"
	chown "$(stat -c %u "$WS")" "$W/home/vault"
	uses
	echoes
	hunts
done

# A process of the caller's own uid, which is CMD's there, cannot be traced.
set_mode user
(hold -c "$W/conf" -- sleep 20 >/dev/null 2>&1) &
sleeper=$!
netleashes() {
	# What is dead and not yet waited for has no memory to read.
	ps -u "$PLAIN_USER" -o pid=,stat=,comm= |
		awk '$2 !~ /^Z/ && $3 ~ /^netleash(-init)?$/ { print $1 }'
}
until_true 10 pgrep -u "$PLAIN_USER" -x sleep
owners=$(for pid in $(netleashes); do stat -c %u "/proc/$pid/mem"; done)
is "user: netleash and its init are closed to him" \
	"$(printf '%s\n' "$owners" | sort | uniq -c | awk '{ print $1 $2 }')" 20
limits=$(for pid in $(netleashes); do
	awk '/^Max core/ { print $5 }' "/proc/$pid/limits"
done)
# 1 byte: with 0 a core_pattern that is a pipe would get one.
is "user: netleash leaves no core" \
	"$(printf '%s\n' "$limits" | head -n 1)" 1
# Root could read it; of the two, only netleash has anything to read.
holders=$(for pid in $(netleashes); do
	"$PYTHON" -c 'import sys
pid, word = sys.argv[1], sys.argv[2][::-1].encode()
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
    for line in maps:
        where, mode = line.split()[:2]
        first, last = (int(x, 16) for x in where.split("-"))
        if mode.startswith("rw") and "[v" not in line:
            mem.seek(first)
            if word in mem.read(last - first):
                print(open(f"/proc/{pid}/comm").read().strip())
                break' "$pid" "$(printf '%s\n' "$env_secret" | rev)"
done)
is "user: netleash holds the secret, and init does not" "$holders" netleash
kill "$sleeper"
wait "$sleeper" 2>/dev/null

# --- what cannot be read: nothing runs
set_mode firewall
# missing WHAT FROM PATTERN: with a credential that comes from there
missing() {
	conf 'allow allowed.example' "credential c { from $2" \
		' for https://allowed.example/; placeholder TOKEN }'
	try hold -c "$W/conf" -- touch ran
	is "$1: 125" "$STATUS" 125
	like "$1: says so" "$ERR" "^netleash: credential 'c': .*$3"
	is "$1: in one line" "$(printf '%s\n' "$ERR" | wc -l)" 1
	unlike "$1: without the secret" "$OUT$ERR" "$all|Secret"
	check "$1: the command did not run" test ! -e "$WS/ran"
}
missing "a variable that is not set" 'env NLTEST_OTHER' \
	'NLTEST_OTHER is not set'
CALLER=("NLTEST_TOKEN=")
missing "an empty one" 'env NLTEST_TOKEN' 'gives nothing'
CALLER=("NLTEST_TOKEN=Secret12345
Secret67890")
missing "one with two lines" 'env NLTEST_TOKEN' 'more than one line'
CALLER=("NLTEST_TOKEN=Secret1")
missing "one that may stand anywhere by chance" 'env NLTEST_TOKEN' \
	'fewer than 8 bytes'
CALLER=("NLTEST_TOKEN=Secret12345 ")
missing "one with a blank at its end" 'env NLTEST_TOKEN' \
	'begins or ends with a blank'
CALLER=("NLTEST_TOKEN=Secret12345")
missing "one that is too short for a placeholder" 'env NLTEST_TOKEN' \
	'too short to have a placeholder'
CALLER=()
missing "a file that is not there" "file $W/nowhere" \
	'nowhere cannot be read: No such file'
missing "a folder" "file $W/etc" 'no regular file|Is a directory'
head -c 9000 /dev/zero | tr '\0' S >"$W/etc/large"
missing "a file that is too large" "file $W/etc/large" 'more than 8192 bytes'
printf 'Secret\0Secret12345' >"$W/etc/binary"
printf 'Secret12345678\n\n' >"$W/etc/lines"
missing "a file with two newlines" "file $W/etc/lines" 'more than one line'
missing "a file with a control byte" "file $W/etc/binary" 'control byte'
missing "a program that is not there" 'command /nowhere/x' 'x.*'
missing "a program without a path" 'command nltest-nowhere' 'is not in'
printf '#!/bin/sh\necho Secret12345678; echo Secret >&2; exit 3\n' \
	>"$W/etc/fails"
printf '#!/bin/sh\nprintf Secret12345678; kill -9 $$\n' >"$W/etc/dies"
chmod 755 "$W/etc/fails" "$W/etc/dies"
missing "a program that fails" "command $W/etc/fails" 'exits with status 3'
missing "a program that dies" "command $W/etc/dies" 'ended by signal 9'

# What a run could replace is no source.
ln -s "$W/etc/secret" "$WS/link"
ln -s "$W/etc" "$WS/way"
for from in "file $WS/link" "file $WS/way/secret" "command $WS/way/fails"; do
	conf 'allow allowed.example' "credential c { from $from" \
		' for https://allowed.example/; header X "{}" }'
	try hold -c "$W/conf" -- touch ran
	is "from $from, a link in the workspace: 125" "$STATUS" 125
	like "it is named" "$ERR" 'reached by the link'
done
check "and nothing ran" test ! -e "$WS/ran"
done_testing
