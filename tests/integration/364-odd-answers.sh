#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Answers that are cut, framed twice, or not HTTP: no client takes one for
# whole, and none is given an answer that belongs to nobody.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
conf 'listen 127.0.0.1:0' 'allow 127.0.0.1:8080' 'limit idle-time 5s'
leash proxy -c "$W/conf" >"$W/ready" 2>"$W/messages" </dev/null &
SERVERS+=($!)
until_true 10 grep -q '^ready' "$W/ready"
TRY_SECONDS=120
try in_host "$PYTHON" "$SUPPORT/odd_answers.py" --origin 8080 \
	--proxy "$(sed -n 's/^ready 127\.0\.0\.1://p' "$W/ready")"
retell "$OUT"
is "all of it was tried" "$STATUS" 0
done_testing
