#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The HTTP and WebSocket clients that programs are written with: wget, python's
# requests and websocket, node's fetch; plain and through tunnels.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
need wget
for module in requests websocket websockets; do
	"$PYTHON" -c "import $module" 2>/dev/null ||
		skip "no python $module here"
done
world_up
head -c 3000000 /dev/urandom >"$W/files/big"
cp "$W/files/big" "$WS/up"
SUM=$(sha256sum "$WS/up" | cut -d ' ' -f 1)

# A WebSocket server that speaks first, and ends a session when told to.
cat >"$W/ws_server.py" <<'END'
import asyncio, sys, websockets
async def serve(ws, path=None):
    await ws.send("first")
    async for message in ws:
        if message == "end":
            await ws.close(4321, "as told")
        else:
            await ws.send(message)
async def main():
    async with websockets.serve(serve, "93.184.216.34", 9000,
                                max_size=1 << 24):
        open(sys.argv[1], "w").close()
        await asyncio.Future()
asyncio.run(main())
END
serve "$PYTHON" "$W/ws_server.py" "$W/ws.ready"
until_true 10 test -e "$W/ws.ready" || skip "the WebSocket server is not up"

conf 'allow allowed.example v4.example echo.example:9000' \
	"log json $W/access.log"
run() {
	try leash run -c "$W/conf" -- "$@"
}

# --- wget
run wget -q --ca-certificate=ca.pem -O - https://allowed.example/
like "wget through a tunnel" "$OUT" '^hello from allowed.example over https'
run wget -q --ca-certificate=ca.pem -O - https://other.example/
is "wget fails where the tunnel is refused" "$STATUS" 4
run wget -nv --ca-certificate=ca.pem -O - https://other.example/
like "and shows the words" "$ERR" '403|Blocked by netleash'
run wget -q -O got http://allowed.example/files/big
check "wget gets a file whole" cmp "$WS/got" "$W/files/big"
run wget -q -O - --method=PUT --body-file=up http://allowed.example/upload
is "wget puts one" "$OUT" "$SUM"

# --- python's requests: one session, so that connections are kept
cat >"$WS/session.py" <<'END'
import hashlib, os, requests
s = requests.Session()
s.verify = "ca.pem"
for scheme in "http", "https":
    root = scheme + "://allowed.example"
    for _ in range(2):
        print(s.get(root + "/", timeout=20).text.rsplit(" ", 1)[0])
    r = s.get(root + "/files/big", stream=True, timeout=20)
    digest = hashlib.sha256()
    for block in r.iter_content(65536):
        digest.update(block)
    print(r.status_code, digest.hexdigest())
    with open("up", "rb") as file:
        print(s.put(root + "/upload", data=file, timeout=20).text.strip())
    with open("up", "rb") as file:  # an iterator: in chunks
        print(s.put(root + "/upload", data=iter(lambda: file.read(50000), b""),
                    timeout=20).text.strip())
r = s.get("http://other.example/", timeout=20)
print(r.status_code, r.headers["X-Netleash-Reason"])
try:
    s.get("https://other.example/", timeout=20)
except requests.exceptions.ProxyError as error:
    print("403" in str(error))
END
run "$PYTHON" session.py
is "python's requests: pages, files, uploads, and refusals" "$OUT" "$(
	for scheme in http https; do
		echo "hello from allowed.example over $scheme at"
		echo "hello from allowed.example over $scheme at"
		echo "200 $SUM"
		echo "$SUM"
		echo "$SUM"
	done)
403 not-allowed
True"
is "each upload of plain HTTP is in the log" "$(grep -c \
	'"target":"allowed.example:80".*"path":"/upload"' "$W/access.log")" 3

# --- node's fetch, as the library undici has it; it tunnels both schemes
NODE=(env NODE_PATH=/usr/share/nodejs node)
cat >"$WS/fetch.js" <<'END'
const { fetch, ProxyAgent } = require('undici');
const fs = require('fs');
const dispatcher = new ProxyAgent({ uri: process.env.HTTPS_PROXY,
	requestTls: { ca: fs.readFileSync('ca.pem') } });
(async () => {
	for (const url of ['http://allowed.example/', 'https://v4.example/'])
		console.log(await (await fetch(url, { dispatcher })).text());
	const put = await fetch('https://allowed.example/upload', { dispatcher,
		method: 'PUT', body: fs.readFileSync('up') });
	console.log(await put.text());
	await fetch('https://other.example/', { dispatcher })
		.catch((error) => console.log('refused', error.cause.message));
	process.exit(0);
})();
END
if "${NODE[@]}" -e 'require("undici")' 2>/dev/null; then
	run "${NODE[@]}" fetch.js
	like "node's fetch" "$OUT" '^hello from allowed.example over http '
	like "over TLS too" "$OUT" '^hello from v4.example over https'
	like "and with a body" "$OUT" "^$SUM"
	like "which fails where it is refused" "$OUT" '^refused '
fi

# --- WebSocket: through a tunnel, as libraries do, and as a plain upgrade
cat >"$WS/ws.py" <<'END'
import inspect, os, socket, sys, urllib.parse, websocket
from websocket._handshake import handshake
door = urllib.parse.urlsplit(os.environ["HTTP_PROXY"])
URL = "ws://echo.example:9000/chat?room=1"
if sys.argv[1] == "tunnel":
    ws = websocket.create_connection(
        URL, timeout=20, http_proxy_host=door.hostname,
        http_proxy_port=door.port, proxy_type="http")
else:
    ws = websocket.WebSocket()
    ws.sock = socket.create_connection((door.hostname, door.port), 20)
    words = ["echo.example", 9000, URL.replace("ws:", "http:")]
    if "url" in inspect.signature(handshake).parameters:
        words.insert(0, URL)
    ws.handshake_response = handshake(ws.sock, *words)
    ws.connected = True
print("the server first:", ws.recv())
ws.send("one")
print(ws.recv())
big = os.urandom(1 << 20)
ws.send_binary(big)
print("a megabyte:", ws.recv() == big)
ws.ping(b"there?")
opcode, frame = ws.recv_data_frame(control_frame=True)
print("pong:", opcode == websocket.ABNF.OPCODE_PONG, frame.data == b"there?")
if sys.argv[2] == "far":
    ws.send("end")
else:
    ws.send_close(1000, b"mine")
opcode, data = ws.recv_data(control_frame=True)
print("closed:", opcode, int.from_bytes(data[:2], "big"), data[2:].decode())
print("and then:", ws.sock.recv(1))
END
for way in tunnel plain; do
	run "$PYTHON" ws.py "$way" far
	is "WebSocket, $way: frames both ways, ended by the server" "$OUT" \
		"the server first: first
one
a megabyte: True
pong: True True
closed: 8 4321 as told
and then: b''"
	run "$PYTHON" ws.py "$way" near
	is "WebSocket, $way: ended by the client" \
		"$(printf '%s\n' "$OUT" | tail -n 2)" "closed: 8 1000 mine
and then: b''"
done
is "the upgrade is in the log, without its query" "$(
	grep -c '"path":"/chat".*"status":101}' "$W/access.log")" 2
done_testing
