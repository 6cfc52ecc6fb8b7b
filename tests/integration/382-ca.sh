#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The daemon's CA: made by setup, once; shown, exported and renewed by `ca`;
# whatever is wrong with it is said, with what to do; gone with teardown.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need setpriv openssl

dir=/var/lib/netleash
leave() {
	local status=$?
	rm -rf "$dir"
	(exit "$status")
	world_down
}
trap leave EXIT
rm -rf "$dir"

# member NAME: of the JSON object in OUT
member() {
	"$PYTHON" -c 'import json, sys
print(json.loads(sys.argv[1])[sys.argv[2]])' "$OUT" "$1"
}
plain() {
	in_host setpriv --reuid 65533 --regid 65533 --clear-groups env -i \
		PATH=/usr/bin:/bin "$NETLEASH" "$@"
}

try leash run -- true
check "a run makes no CA in files" test ! -e "$dir"
for verb in show export; do
	try plain ca $verb
	like "without one $verb says what to do" "$STATUS/$OUT/$ERR" \
		"^1//netleash: ca: .*there is no CA: run 'netleash setup'"
done

# --- setup
(umask 077 && cd "$WS" && leash setup) >/dev/null 2>&1
is "setup makes it, whatever the umask" \
	"$(stat -c %u:%a "$dir" "$dir/ca-key.pem" "$dir/ca.pem" | tr '\n' ' ')" \
	'0:755 0:600 0:644 '
one=$(cat "$dir/ca-key.pem" "$dir/ca.pem")
try leash setup
is "once" "$STATUS/$(cat "$dir/ca-key.pem" "$dir/ca.pem")" "0/$one"
is "nothing else is there" "$(ls -A "$dir")" 'ca-key.pem
ca.lock
ca.pem'

# --- ca
try plain ca export
is "export prints the certificate, for everybody" "$STATUS/$OUT" \
	"0/$(cat "$dir/ca.pem")"
cp "$dir/ca.pem" "$W/first.pem"
is "openssl takes it for a CA that signed itself" \
	"$(openssl verify -x509_strict -check_ss_sig -CAfile "$W/first.pem" \
		"$W/first.pem" 2>&1)" "$W/first.pem: OK"
like "of no others' CAs" "$(openssl x509 -in "$W/first.pem" -noout -text)" \
	'CA:TRUE, pathlen:0'
try plain ca show --json
is "show names its fingerprint" "$STATUS/$(member sha256)" \
	"0/$(openssl x509 -in "$W/first.pem" -noout -fingerprint -sha256 |
		cut -d= -f2)"
is "where it is" "$(member path)" "$dir/ca.pem"
is "whose it is" "$(member subject)" \
	"$(openssl x509 -in "$W/first.pem" -noout -subject -nameopt RFC2253 |
		cut -d= -f2-)"
is "until when it is good" "$(date -u -d "$(member not_after)" +%s)" \
	"$(date -u -d "$(openssl x509 -in "$W/first.pem" -noout -enddate |
		cut -d= -f2)" +%s)"
try plain ca export --json
is "export has JSON too" "$(member pem)" "$(cat "$dir/ca.pem")"
try plain ca show
like "and show has lines" "$OUT" '^sha256: [0-9A-F:]{95}$'
try plain ca renew
like "renew is root's" "$STATUS/$ERR" '^1/.*needs root: use sudo'
is "and changes nothing" "$(cat "$dir/ca-key.pem" "$dir/ca.pem")" "$one"
try leash ca renew --json
is "root gets another" "$STATUS/$(member sha256)" \
	"0/$(openssl x509 -in "$dir/ca.pem" -noout -fingerprint -sha256 |
		cut -d= -f2)"
like "and is told of the daemon" "$ERR" "until 'netleash reload'"
check "with another key" sh -c '! printf %s "$2" | grep -q -F "$(sed -n 2p "$1")"' \
	sh "$dir/ca-key.pem" "$one"
is "the old certificate is kept" "$(cat "$dir/ca.pem.old")" \
	"$(cat "$W/first.pem")"
is "modes are as they were" "$(stat -c %a "$dir/ca-key.pem" "$dir/ca.pem" |
	tr '\n' ' ')" '600 644 '
try leash ca
is "without a word it is wrong usage" "$STATUS" 2
try leash ca renew now
is "so it is with one too many" "$STATUS" 2

# --- faults: setup and show say what is wrong, and touch nothing
# faulty NAME PATTERN
faulty() {
	local before verb
	before=$(cat "$dir"/ca-key.pem "$dir"/ca.pem 2>&1)
	for verb in setup 'ca show'; do
		# shellcheck disable=SC2086 # two words
		try leash $verb
		like "$1: $verb says so" "$STATUS/$ERR" "^1/.*$dir: $2"
	done
	is "$1: and leaves it" \
		"$(cat "$dir"/ca-key.pem "$dir"/ca.pem 2>&1)" "$before"
}
chmod 640 "$dir/ca-key.pem"
faulty "a key that others can read" "others can read or write ca-key.pem.*chmod 600"
chmod 600 "$dir/ca-key.pem"
chmod 775 "$dir"
faulty "a folder that others can write" "others can write the folder.*chmod go-w"
chmod 755 "$dir"
mv "$dir/ca-key.pem" "$W/key"
faulty "half a pair" "ca-key.pem is missing beside ca.pem: 'netleash ca renew'"
openssl ecparam -name prime256v1 -genkey -noout -out "$dir/ca-key.pem"
chmod 600 "$dir/ca-key.pem"
faulty "another's key" "ca-key.pem is not the key of ca.pem.*'netleash ca renew'"
head -c 100 "$W/key" >"$dir/ca-key.pem"
faulty "a key that is cut" "ca-key.pem is damaged: 'netleash ca renew'"
rm "$dir/ca-key.pem"
ln -s "$W/key" "$dir/ca-key.pem"
faulty "a link" "ca-key.pem is a link: 'netleash ca renew'"
try leash ca renew
is "renew mends it" "$STATUS/$(stat -c %F "$dir/ca-key.pem")" '0/regular file'
try leash ca show
is "and all is well" "$STATUS" 0

# --- a command on a leash does not get at the key
try leash run -- sh -c "cat $dir/ca-key.pem; cp $dir/ca-key.pem /tmp/x;
	cd $dir && ls -la && echo x >x; cat /tmp/x"
unlike "no command reads the key" "$OUT" 'PRIVATE'
check "nor writes there" test ! -e "$dir/x"
try leash run --writable "$dir" -- cat "$dir/ca-key.pem"
unlike "not if it is told to" "$OUT" 'PRIVATE'

# --- teardown
try leash teardown
is "teardown removes it" "$STATUS/$([ -e "$dir" ] || echo gone)" 0/gone
leash setup >/dev/null 2>&1
echo mine >"$dir/note"
try leash teardown
is "and leaves what is not netleash's" "$STATUS/$(ls -A "$dir")" 0/note
done_testing
