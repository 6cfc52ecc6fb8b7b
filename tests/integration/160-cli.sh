#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# netleash explain and netleash check: what they print, and their exit status.
# They need neither root nor the network: run as nobody, in the host's place.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

as_nobody() {
	in_host setpriv --reuid 65533 --regid 65533 --clear-groups \
		env -i PATH="$PATH" HOME=/nonexistent "$@"
}
# The program and the conf where nobody can read them.
mkdir "$WS/bin"
cp "$NETLEASH" "$WS/bin/netleash"
chmod 755 "$WS/bin/netleash"
PROGRAM=$WS/bin/netleash
conf_text() {
	printf '%b\n' "$1" | sed 's/ ; /\n/g' >"$WS/conf"
}

# CONF | ARGUMENTS | STATUS | REASON
while IFS='|' read -r text words status reason; do
	[ -n "$text" ] || continue
	text=$(echo "$text" | sed 's/^ *//; s/ *$//')
	reason=$(echo "$reason" | tr -d ' ')
	conf_text "$text"
	# shellcheck disable=SC2086 # words of the table
	try as_nobody "$PROGRAM" explain -c "$WS/conf" --json $words
	is "explain:$words under '$text'" "$STATUS $(
		printf '%s' "$OUT" | "$PYTHON" -c 'import json, sys
try:
    print(json.load(sys.stdin)["reason"])
except ValueError:
    print("-")' 2>/dev/null)" "$((status)) $reason"
done <<'END'
allow example.org | example.org:443 | 0 | allowed
allow example.org | docs.example.org | 1 | not-allowed
allow Example.ORG | eXample.org. | 0 | allowed
allow *.example.org | example.org | 1 | not-allowed
allow **.example.org | example.org | 0 | allowed
allow example.org | example.org:8080 | 1 | port
allow git.example.org:22 | git.example.org:22 | 0 | allowed
allow *.example.org ; deny keys.example.org | keys.example.org | 1 | denied
# nothing | example.org | 1 | not-allowed
allow app.example.org | --address 151.101.1.69 app.example.org | 0 | allowed
allow app.example.org | --address 10.77.1.2 app.example.org | 1 | private-address
allow app.example.org | --address 64:ff9b::192.168.9.9 app.example.org | 1 | private-address
allow app.example.org | --address 192.168.9.9 --address 151.101.1.69 app.example.org | 0 | allowed
allow wiki.example.org ; private 10.64.0.0/12 | --address 10.79.255.254 wiki.example.org | 0 | allowed
allow * | 192.168.9.9:443 | 1 | private-address
allow 127.0.0.1:5000 | 127.0.0.1:5000 | 0 | allowed
mode limited ; allow docs.example.org | --method PUT http://docs.example.org/ | 1 | method
mode limited ; allow docs.example.org | --method HEAD http://docs.example.org/ | 0 | allowed
allow allowed.example | --resolve allowed.example | 0 | allowed
allow private.example | --resolve private.example | 1 | private-address
profile site { allow docs.example.org } | -p site docs.example.org | 0 | allowed
profile site { allow docs.example.org } | docs.example.org | 1 | not-allowed
allow a.example | -a b.example b.example | 0 | allowed
allow a.example | -d a.example a.example | 1 | denied
END
conf_text 'allow *'
for target in me@example.org 127.2:80 3232235777:80 0300.0250.1.1 \
	'example.org:70000' 'example.org..' 'example.org:http' \
	'[fe80::2%25wlan0]:80' 'café.example' '[2a02:2770::1:443' '' \
	'http://example.org@attacker.example/'; do
	try as_nobody "$PROGRAM" explain -c "$WS/conf" -- "$target"
	is "explain: '$target' is malformed" "$STATUS" 2
done
conf_text 'deny x.example\nallow *.example.org'
try as_nobody "$PROGRAM" explain -c "$WS/conf" --json v.example.org
like "the rule is named by file and line" "$OUT" "\"rule\": *\"$WS/conf:2\""
try as_nobody "$PROGRAM" explain -c "$WS/conf" --json other.example
like "a rule that did not decide is null, not absent" "$OUT" '"rule": *null'
like "and the one that would allow is there" "$OUT" \
	'"allow_with": *"allow other.example"'
try as_nobody "$PROGRAM" explain -c "$WS/conf" other.example
like "without --json it says so in words" "$OUT" 'allow other.example'
try as_nobody "$PROGRAM" explain -a v.example --json v.example
like "a rule of the line is called argument" "$OUT" '"rule": *"argument"'
try as_nobody "$PROGRAM" explain
is "explain without a target: 2" "$STATUS" 2
try as_nobody "$PROGRAM" explain -c "$WS/none" x.example
is "explain with a conf that is not there: 2" "$STATUS" 2
is "nothing but --resolve asked for a name" \
	"$(sed 's/.* //' "$W/dns.log" | sort -u | tr '\n' ' ')" \
	"allowed.example private.example "

# --- words that are not understood, and output that goes nowhere
# shellcheck disable=SC2016 # for the inner shell
for words in --help --version 'run --help' 'check --help'; do
	# shellcheck disable=SC2086 # words of the list
	try as_nobody sh -c '"$@" >/dev/full' sh "$PROGRAM" $words
	is "$words to a full disk is no success" "$STATUS" 1
	like "and says so" "$ERR" '^netleash: standard output cannot be written'
done
for words in help '-V' 'help run' 'help explain'; do
	case $words in
	help) same=--help ;;
	-V) same=--version ;;
	*) same="${words#help } --help" ;;
	esac
	# shellcheck disable=SC2086 # words of the list
	try as_nobody "$PROGRAM" $same
	wanted=0/$OUT
	# shellcheck disable=SC2086 # words of the list
	try as_nobody "$PROGRAM" $words
	is "$words is $same" "$STATUS/$OUT" "$wanted"
done
try as_nobody "$PROGRAM" help curl
like "help of no verb is an error" "$STATUS/$ERR" \
	"^125/netleash: 'curl' is not a verb"
try as_nobody "$PROGRAM" run --no-such -- true
like "an unknown option is named" "$STATUS/$ERR" \
	"^125/netleash: run: there is no option '--no-such'"
try as_nobody "$PROGRAM" run --quiet=1 -- true
like "a value too many is not called unknown" "$STATUS/$ERR" \
	"^125/netleash: run: no value may follow in '--quiet=1'"
try as_nobody "$PROGRAM" curl https://example.org/
like "a command without its verb is told of run" "$STATUS/$ERR" \
	"^125/netleash: 'curl' is not a verb; 'netleash run -- CMD' "
try as_nobody "$PROGRAM" mode fast
like "a word that is wrong is named" "$STATUS/$ERR" "^2/.*wrong usage at 'fast'"
try as_nobody "$PROGRAM" mode full --json --socket /nonexistent/socket
like "options may follow the word" "$STATUS/$ERR" '^1/.*no netleash daemon'

# --- check
conf_text 'modee full\nallow docs.example.org\nallow a..b\nlimit connections lots'
try as_nobody "$PROGRAM" check "$WS/conf"
is "check: a conf with errors: 1" "$STATUS" 1
for line in 1 3 4; do
	like "the error in line $line is named" "$OUT$ERR" \
		"^$WS/conf:$line:[0-9]+: "
done
unlike "and the good line is not" "$OUT$ERR" "conf:2:"
try as_nobody "$PROGRAM" check --json "$WS/conf"
check "check --json is JSON" "$PYTHON" -c 'import json, sys
report = json.load(open(sys.argv[1]))
assert report["valid"] is False, report
assert [e["line"] for e in report["errors"]] == [1, 3, 4], report
for e in report["errors"]:
    assert {"file", "line", "column", "word", "message"} == set(e), e
' "$W/out"
conf_text 'allow docs.example.org\nprofile site { allow docs.example.net; deny ads.docs.example.net }'
try as_nobody "$PROGRAM" check "$WS/conf"
is "check: a good conf: 0" "$STATUS" 0
like "it is printed as understood" "$OUT" 'allow docs.example.org'
like "with every limit" "$OUT" 'limit head-size'
cp "$W/out" "$WS/conf2"
try as_nobody "$PROGRAM" check "$WS/conf2"
is "what check prints is a conf" "$STATUS" 0
is "that means the same" "$OUT" "$(cat "$WS/conf2")"
: >"$WS/conf"
try as_nobody "$PROGRAM" check "$WS/conf"
is "an empty conf is a good one" "$STATUS" 0
try as_nobody "$PROGRAM" check "$WS/none"
is "a conf that is not there: 1" "$STATUS" 1
done_testing
