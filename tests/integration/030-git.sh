#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# git clones over https through the door, and says why where it may not.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need git

# A repository for git's plain ("dumb") http transport.
export GIT_CONFIG_GLOBAL=$W/gitconfig GIT_CONFIG_NOSYSTEM=1
git config --global user.name tester
git config --global user.email tester@allowed.example
git config --global init.defaultBranch main
git init -q "$W/source"
printf 'first\n' >"$W/source/page"
git -C "$W/source" add page
git -C "$W/source" commit -q -m 'add a page'
git clone -q --bare "$W/source" "$W/files/source.git"
git -C "$W/files/source.git" update-server-info

conf 'allow git.example'
try leash run -c "$W/conf" -- git -c http.sslCAInfo="$WS/ca.pem" clone -q \
	https://git.example/files/source.git clone
is "git clone over https works" "$STATUS" 0
is "and brings the content" "$(cat "$WS/clone/page")" first
try leash run -c "$W/conf" -- git -C clone log --format=%s
is "git works in the clone without a word about its owner" "$OUT$ERR" \
	'add a page'
try leash run -c "$W/conf" -- git -c http.sslCAInfo="$WS/ca.pem" clone -q \
	https://allowed.example/files/source.git refused
is "a clone from a host that is not allowed fails" "$STATUS" 128
like "and git shows 403" "$ERR" '403'
like "and the rule that would allow it is shown" "$ERR" \
	'allow allowed.example'
check "nothing was left of it" test ! -e "$WS/refused"
done_testing
