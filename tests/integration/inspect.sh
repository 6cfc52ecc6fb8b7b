# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# tests/integration/inspect.sh - runs whose TLS is looked into, in every mode
#
# In:    lib.sh's world
# Out:   MODES, hold and certificate's issuers: see below
#
# The origins' certificates are of "test authority", which a conf names with
# verify-ca and the command does not trust; those of a run are of
# "netleash CA" and eight digits.

# shellcheck disable=SC2034 # for the tests
MODES='firewall netns user'
PLAIN_USER=64321

# The way from here on: firewall and netns are root's, user is a plain user's.
# The workspace is the caller's.
set_mode() {
	MODE=$1
	local owner=0
	[ "$MODE" != user ] || owner=$PLAIN_USER
	if [ ! -e "$W/passwd" ]; then
		cp /etc/passwd "$W/passwd"
		echo "plain:x:$PLAIN_USER:$PLAIN_USER::$W/home:/bin/sh" \
			>>"$W/passwd"
		mkdir -p "$W/home"
		chown "$PLAIN_USER" "$W/home"
	fi
	chown -R "$owner:$owner" "$WS"
}

# hold WORDS...: `netleash run WORDS...` in that mode
hold() {
	if [ "$MODE" != user ]; then
		leash run --isolation="$MODE" "$@"
	fi
	# shellcheck disable=SC2016 # for the inner shell
	in_host sh -c 'mount --bind "$1/passwd" /etc/passwd && shift &&
		exec "$@"' sh "$W" setpriv --reuid "$PLAIN_USER" \
		--regid "$PLAIN_USER" --clear-groups -- env -i \
		PATH=/usr/local/bin:/usr/bin:/bin HOME="$W/home" TERM=xterm \
		LANG=C.UTF-8 "${CALLER[@]}" "$NETLEASH" run "$@"
}

# A program for the workspace: who signed the certificate that a tunnel shows?
# shellcheck disable=SC2016 # for the shell that runs it
make_issuer() {
	cat >"$WS/issuer" <<-'END'
		#!/bin/sh
		exec openssl s_client -proxy "${HTTPS_PROXY#http://}" \
			-connect "$1:${2:-443}" -servername "$1" \
			</dev/null 2>&1 | sed -n 's/^ *\(issuer\|Verif\)/\1/p'
	END
	chmod 755 "$WS/issuer"
}

# seen FILTER: of the origin's requests, in Python: an expression over r
seen() {
	"$PYTHON" -c 'import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    h = {k.lower(): v for k, v in r["headers"]}
    if eval(sys.argv[2]):
        print(r["method"], r["path"])' "$W/origin.log" "$1"
}
