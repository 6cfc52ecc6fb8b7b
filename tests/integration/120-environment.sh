#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The caller's environment passes, his secrets do not; the proxy variables are
# those that tools read.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

CALLER=(PLAIN=plain 'ODD=a b=c' GITHUB_TOKEN=hush1 AWS_SECRET_ACCESS_KEY=hush2
	MY_PASSWORD=hush3 SERVICE_API_KEY=hush4 SSH_AUTH_SOCK=/tmp/hush5
	DBUS_SESSION_BUS_ADDRESS=hush6 LD_PRELOAD=libc.so.6
	LD_LIBRARY_PATH=/hush8 DOCKER_HOST=hush9 XDG_RUNTIME_DIR=/hush10
	HTTP_PROXY=http://hush11:1 https_proxy=http://hush12:1
	NO_PROXY=allowed.example ALL_PROXY=socks5://hush13:1)
try leash run -- env
is "the run works" "$STATUS" 0
like "a plain variable passes" "$OUT" '^PLAIN=plain$'
like "whatever stands in it" "$OUT" '^ODD=a b=c$'
unlike "no secret, socket, loader variable or foreign proxy passes" "$OUT" \
	'hush'
unlike "nor what the loader reads" "$OUT" '^LD_'
like "what was withheld is named" "$ERR" 'GITHUB_TOKEN'
unlike "without its value" "$ERR" 'hush'
is "in one line" "$(printf '%s\n' "$ERR" | wc -l)" 1
like "NETLEASH is set" "$OUT" '^NETLEASH=1$'
for name in HTTP_PROXY HTTPS_PROXY http_proxy https_proxy ALL_PROXY all_proxy
do
	like "$name is the door" "$OUT" "^$name=http://127\\.0\\.0\\.1:[0-9]+/?\$"
done
like "NO_PROXY is empty: loopback is not to be reached" "$OUT" '^NO_PROXY=$'
home=$(printf '%s\n' "$OUT" | sed -n 's/^HOME=//p')
temporary=$(printf '%s\n' "$OUT" | sed -n 's/^TMPDIR=//p')
try leash run -- sh -c "cd '$home' && touch '$home/a' '${temporary:-/tmp}/b' &&
	echo written"
is "HOME and TMPDIR can be written" "$OUT" written
check "and the caller's home has nothing of it" test ! -e /root/a

try leash run --env GITHUB_TOKEN -- sh -c 'echo "$GITHUB_TOKEN.$MY_PASSWORD"'
is "--env lets one through, and only one" "$OUT" "hush1."
try leash run --env NEW=value -- sh -c 'echo "$NEW"'
is "--env sets one" "$OUT" value
try leash run --env MY_PASSWORD=other -- sh -c 'echo "$MY_PASSWORD"'
is "--env sets one that would be withheld" "$OUT" other
try leash run --env '=x' -- true
is "a bad --env is 125" "$STATUS" 125
try leash run --clean-env -- env
unlike "--clean-env starts anew" "$OUT" '^(PLAIN|ODD)='
like "but keeps PATH" "$OUT" '^PATH=/'
like "and the door" "$OUT" '^HTTPS_PROXY=http://127'
conf 'env-deny PLAIN' 'env-allow MY_PASSWORD'
try leash run -c "$W/conf" -- env
unlike "env-deny withholds" "$OUT" '^PLAIN='
like "env-allow lets through" "$OUT" '^MY_PASSWORD=hush3$'
done_testing
