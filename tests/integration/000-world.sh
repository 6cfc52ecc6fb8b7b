#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The world of the tests itself, without netleash: a test that sees something
# blocked proves nothing if it was never open.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up

try in_host curl -sS --cacert ca.pem https://allowed.example/
is "https works" "$STATUS" 0
like "and the name leads to the public address" "$OUT" \
	'^hello from allowed.example over https at (93.184|2606:2800)'
try in_host curl -sS -4 --cacert ca.pem https://v4.example/
like "over IPv4" "$OUT" 'at 93.184.216.34$'
try in_host curl -sS -6 --cacert ca.pem https://v6.example/
like "over IPv6" "$OUT" 'at 2606:2800:220:1::34$'
try in_host curl -sS http://private.example/
like "the private server answers" "$OUT" '^hello from private.example'
try in_host "$PYTHON" "$SUPPORT/direct.py"
is "every direct way is open outside a leash" \
	"$(printf '%s\n' "$OUT" | grep -c ' open ')" \
	"$(printf '%s\n' "$OUT" | wc -l)"
is "and DNS questions are logged" "$(asked v6.example AAAA)" 1
done_testing
