#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Much at once, and many at once: a gibibyte each way with equal checksums, and
# two hundred tunnels side by side.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
conf 'allow allowed.example echo.example:7443'
SIZE=$((1 << 30))
TRY_SECONDS=150

# The stream that the origin sends.
stream() {
	openssl enc -aes-128-ctr -nosalt -K 00000000000000000000000000000000 \
		-iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null |
		head -c "$SIZE"
}
sum=$(stream | sha256sum | cut -d ' ' -f 1)

# shellcheck disable=SC2016 # for the inner shell
try leash run -c "$W/conf" -- sh -c 'curl -sS --cacert ca.pem \
	"https://allowed.example/stream/$1" | sha256sum' sh "$SIZE"
is "a download of 1 GiB has the origin's checksum" "${OUT%% *}" "$sum"
echo "# $((SIZE / (MS + 1) / 1000)) MB/s down"
(stream >"$WS/blob")
try leash run -c "$W/conf" -- curl -sS --cacert ca.pem -T blob \
	https://allowed.example/upload
is "an upload of 1 GiB has the sender's checksum" "$OUT" "$sum"
echo "# $((SIZE / (MS + 1) / 1000)) MB/s up"
rm -f "$WS/blob"

cat >"$WS/many.py" <<'END'
import os, socket, sys, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
tunnels = []
for i in range(200):
    s = socket.create_connection((proxy.hostname, proxy.port), 20)
    s.sendall(b"CONNECT echo.example:7443 HTTP/1.1\r\n"
              b"Host: echo.example:7443\r\n\r\n")
    tunnels.append(s)
def read_until(s, end):
    data = b""
    while not data.endswith(end):
        block = s.recv(4096)
        if not block:
            raise SystemExit("closed after %r" % data)
        data += block
    return data
for s in tunnels:
    head = read_until(s, b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise SystemExit("refused: %r" % head)
for turn in range(3):
    for i, s in enumerate(tunnels):
        s.sendall(b"tunnel %d turn %d;" % (i, turn))
    for i, s in enumerate(tunnels):
        got = read_until(s, b";")
        if got != b"tunnel %d turn %d;" % (i, turn):
            raise SystemExit("tunnel %d got %r" % (i, got))
# Half-close: what was on its way still arrives, then the end.
for i, s in enumerate(tunnels):
    s.sendall(b"last;")
    s.shutdown(socket.SHUT_WR)
for s in tunnels:
    if read_until(s, b";") != b"last;" or s.recv(1) != b"":
        raise SystemExit("half-close lost something")
print("all")
END
try leash run -c "$W/conf" -- "$PYTHON" many.py
is "200 tunnels at once carry their own bytes and half-close" "$OUT" all
done_testing
