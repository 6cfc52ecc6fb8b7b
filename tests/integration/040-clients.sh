#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Clients of other languages find the door by the variables that they read.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
need node
conf 'allow allowed.example'
cp "$SUPPORT/client.js" "$WS/"

cat >"$WS/client.py" <<'END'
import ssl, sys, urllib.error, urllib.request
context = ssl.create_default_context(cafile="ca.pem")
try:
    page = urllib.request.urlopen(sys.argv[1], context=context)
    print(page.status, page.read().decode(), end="")
except urllib.error.URLError as e:
    print(e.reason)
    sys.exit(1)
END
try leash run -c "$W/conf" -- "$PYTHON" client.py https://allowed.example/
is "python's urllib gets an allowed page" "$STATUS" 0
like "which is the page" "$OUT" '^200 hello from allowed.example'
try leash run -c "$W/conf" -- "$PYTHON" client.py https://other.example/
is "python is refused another" "$STATUS" 1
like "and python's message has the status and words" "$OUT" \
	'403 .*[A-Za-z]{4}'

try leash run -c "$W/conf" -- node client.js https://allowed.example/ ca.pem
is "a node client gets an allowed page" "$STATUS" 0
like "which is the page" "$OUT" '^200 hello from allowed.example'
try leash run -c "$W/conf" -- node client.js https://other.example/ ca.pem
is "node is refused another" "$STATUS" 1
like "and sees the reason" "$OUT" '^403 not-allowed '

# Node's own fetch reads the variables from version 24 on.
if [ "$(node -p 'process.versions.node.split(".")[0] >= 24')" = true ]; then
	CALLER=(NODE_EXTRA_CA_CERTS="$WS/ca.pem")
	try leash run -c "$W/conf" -- node -e '
		fetch("https://allowed.example/").then((r) => r.text())
			.then((t) => console.log(t))'
	like "node's fetch gets an allowed page" "$OUT" '^hello from allowed'
fi
done_testing
