#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Plain HTTP against origins that break the rules, a WebSocket session, limited
# mode, and rules with methods and paths.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
serve "$PYTHON" "$SUPPORT/odd_origin.py" --port 8080 \
	--ready-file "$W/odd.ready"
until_true 10 test -e "$W/odd.ready" || skip "the odd server did not start"
N=http://v4.example:8080
conf 'allow v4.example:8080 allowed.example' 'limit idle-time 2s' \
	"log json $W/access.log"
fetch() {
	try leash run -c "$W/conf" -- curl -sS "$@"
}

fetch "$N/cut-length"
like "a body that breaks off is an error to curl" "$STATUS" '^(18|56)$'
fetch "$N/cut-chunks"
like "so are chunks that do" "$STATUS" '^(18|56)$'
fetch "$N/reset"
is "and a body without a length that a reset ends" "$STATUS" 56
fetch -w ' %{http_code}\n' "$N/garbage"
like "an answer that is no HTTP: 502" "$OUT" ' 502$'
like "with the reason" "$OUT" '^Reason: upstream$'
fetch -w ' %{http_code}\n' "$N/two-lengths"
like "two lengths: 502" "$OUT" ' 502$'
fetch -D - "$N/fake"
unlike "nobody speaks in netleash's name" "$OUT" 'X-Netleash'
like "and the answer is passed on" "$OUT" '^hi$'
fetch "$N/chunks"
is "chunks, extensions and a trailer" "$OUT" onetwo
fetch --http1.0 "$N/chunks"
is "to a client of HTTP/1.0 as well" "$OUT" onetwo
head -c 3000000 /dev/zero >"$WS/up"
fetch -H Expect: -w ' %{http_code}\n' --data-binary @up "$N/early"
like "an answer before the body has been read reaches the client" "$OUT" \
	' 413$'
fetch -w ' %{http_code}\n' "$N/silent"
like "a server that never answers: 504" "$OUT" ' 504$'
below "within the idle time, or not much later" "$MS" 20000
fetch "$N/count" "$N/garbage" "$N/count"
like "after a 502 the connection goes on, with a new one to the origin" \
	"$(printf '%s\n' "$OUT" | tr '\n' ' ')" '^1 netleash: .* 1 $'
fetch -H 'Proxy-Authorization: Basic c2VjcmV0' -H 'Connection: X-A' \
	-H 'X-A: 1' -H 'X-B: 2' "$N/head"
like "other fields reach the origin" "$OUT" '^X-B: 2'
unlike "hop-by-hop fields do not" "$OUT" '^(Proxy-|X-A|Connection)'

cat >"$WS/ws.py" <<'END'
"""A WebSocket session by hand: text, a megabyte, and the closing frame."""
import base64, hashlib, os, socket, struct, urllib.parse
door = urllib.parse.urlsplit(os.environ["http_proxy"])
s = socket.create_connection((door.hostname, door.port), 10)
key = base64.b64encode(os.urandom(16))
s.sendall(b"GET http://v4.example:8080/ws HTTP/1.1\r\nHost: v4.example:8080\r\n"
          b"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
          b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key +
          b"\r\n\r\n")
f = s.makefile("rb")
status = f.readline()
fields = {}
while (line := f.readline()) != b"\r\n":
    if not line:
        raise SystemExit("closed after %r" % status)
    name, value = line.split(b":", 1)
    fields[name.lower()] = value.strip()
if b" 101 " not in status:
    raise SystemExit(status)
want = base64.b64encode(hashlib.sha1(
    key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
print("accepted", fields[b"sec-websocket-accept"] == want)
def frame(opcode, data):
    mask = b"\1\2\3\4"
    head = bytes([0x80 | opcode])
    if len(data) < 126:
        head += bytes([0x80 | len(data)])
    else:
        head += b"\xff" + struct.pack("!Q", len(data))
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))
for opcode, data in ((1, b"hello"), (2, b"\0" * 1000000), (8, b"")):
    sent = frame(opcode, data)
    s.sendall(sent)
    print(opcode, f.read(len(sent)) == sent)
END
try leash run -c "$W/conf" -- "$PYTHON" ws.py
is "a WebSocket session" "$OUT" "accepted True
1 True
2 True
8 True"
like "is in the log as 101" "$(cat "$W/access.log")" '"path":"/ws".*"status":101}'

conf 'allow v4.example:8080' 'mode limited'
try leash run -c "$W/conf" -- "$PYTHON" ws.py
like "in limited mode there is no WebSocket" "$ERR" ' 502 '
fetch "$N/count"
is "but GET" "$OUT" 1
fetch -w '%{http_code}\n' -d x "$N/count"
like "POST is refused" "$OUT" '^403$'
like "in the summary with its method and path" "$ERR" \
	'POST http://v4.example:8080/count: method'

conf "allow GET $N/count"
fetch -w '%{http_code}\n' "$N/count" "$N/head?token=hidden"
like "a path that the rule names passes" "$OUT" '^1$'
like "another does not" "$OUT" '^403$'
like "the summary has the path" "$ERR" 'GET http://v4.example:8080/head: path'
unlike "without its query" "$ERR" 'hidden.*: path'
done_testing
