#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# tunnel-check: an allowed name is no front for another one.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
serve "$PYTHON" -c '
import socket
s = socket.create_server(("::", 22), family=socket.AF_INET6)
while True:
    c = s.accept()[0]
    c.sendall(b"SSH-2.0-test\r\n")
    c.sendall(c.recv(100))
    c.close()'
until_true 10 nsenter --net=/run/netns/"$INET" \
	bash -c 'exec 3<>/dev/tcp/127.0.0.1/22'
conf 'allow allowed.example allowed.example:22 v4.example git.example:8443' \
	"log json $W/access.log"

# front NAME [URL]: a tunnel to allowed.example that says NAME inside
front() {
	try leash run -c "$W/conf" -- curl -sS --cacert ca.pem \
		--connect-to "$1:443:allowed.example:443" "https://$1/"
}
try leash run -c "$W/conf" -- curl -sS --cacert ca.pem https://allowed.example/
like "the tunnel's own name passes" "$OUT" '^hello from allowed.example'
front v4.example
like "so does another one that is allowed" "$OUT" '^hello from v4.example'
front other.example
like "one that is not: the connection ends" "$STATUS" '^(35|56)$'
like "the summary says why, and what would allow it" "$ERR" \
	'other.example:443: sni; to allow it: allow other.example'
front git.example
like "one that is allowed on another port only is refused too" "$STATUS" \
	'^(35|56)$'
like "the log has the reason" "$(cat "$W/access.log")" \
	'"target":"allowed.example:443".*"decision":"deny".*"reason":"sni"'
# shellcheck disable=SC2016 # for the inner shell
try leash run -c "$W/conf" -- sh -c 'door=${HTTPS_PROXY#http://}
	exec curl -sS --cacert ca.pem --proxy "socks5h://${door%/}" \
		--connect-to other.example:443:allowed.example:443 \
		https://other.example/'
like "SOCKS5 is no way around it" "$STATUS" '^(35|56)$'

cat >"$WS/plain.py" <<'END'
import os, socket, sys, urllib.parse
door = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
s = socket.create_connection((door.hostname, door.port), 10)
target = sys.argv[1].encode()
s.sendall(b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + target + b"\r\n\r\n")
f = s.makefile("rb")
while f.readline() != b"\r\n":
    pass
try:
    if target.endswith(b":22"):
        print(f.readline().decode().strip())
    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
    print(len(f.read()) > 0)
except ConnectionResetError:
    print("reset")
END
try leash run -c "$W/conf" -- "$PYTHON" plain.py allowed.example:22
is "a protocol where the server speaks first" "$OUT" "SSH-2.0-test
True"
try leash run -c "$W/conf" -- "$PYTHON" plain.py allowed.example:80
is "what is not TLS passes" "$OUT" True

conf 'allow allowed.example allowed.example:22' 'tunnel-check tls'
try leash run -c "$W/conf" -- "$PYTHON" plain.py allowed.example:443
is "tunnel-check tls: not on 443" "$OUT" reset
like "which the summary tells" "$ERR" 'allowed.example:443: sni'
try leash run -c "$W/conf" -- "$PYTHON" plain.py allowed.example:22
like "elsewhere as before" "$OUT" '^True$'
conf 'allow allowed.example' 'tunnel-check off'
front other.example
like "tunnel-check off" "$OUT" '^hello from other.example'
done_testing
