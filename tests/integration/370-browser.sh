#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# labels: browser
#
# Chromium, headless, on the leash. (Ubuntu has it as a snap only, which runs in
# no place but its own: there this may skip.)
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
need chromium
"$PYTHON" -c 'import websockets' 2>/dev/null || skip "no python websockets here"
world_up

CHROMIUM=(chromium --headless
	--disable-gpu --disable-quic --no-first-run --disable-component-update
	--disable-background-networking --disable-sync --disable-dev-shm-usage
	--ignore-certificate-errors --user-data-dir=/tmp/data --timeout=15000
	--dump-dom)

# A page of plain HTTP, with a script that comes over TLS and a WebSocket. It
# is loaded when its image is: after the WebSocket has been answered.
cat >"$W/files/page.html" <<'END'
<!doctype html><title>page</title><p id=script>no script<p id=socket>no socket
<script src="https://v4.example/files/script.js"></script>
<img src="http://echo.example:9001/"><img src="https://other.example/">
END
cat >"$W/files/script.js" <<'END'
const say = (id, text) => document.getElementById(id).textContent = text;
say('script', 'a script over TLS');
const socket = new WebSocket('ws://echo.example:9000/');
socket.onopen = () => socket.send('hello');
socket.onmessage = (m) => { say('socket', 'echo: ' + m.data); socket.close(); };
END
cat >"$W/echo.py" <<'END'
import asyncio, sys, websockets
over = None
async def echo(ws, path=None):
    async for message in ws:
        await ws.send(message)
    over.set()
async def image(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.wait_for(over.wait(), 20)
    writer.write(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
async def main():
    global over
    over = asyncio.Event()
    async with websockets.serve(echo, "93.184.216.34", 9000):
        await asyncio.start_server(image, "93.184.216.34", 9001)
        open(sys.argv[1], "w").close()
        await asyncio.Future()
asyncio.run(main())
END
serve "$PYTHON" "$W/echo.py" "$W/echo.ready"
until_true 10 test -e "$W/echo.ready" || skip "the WebSocket server is not up"
conf 'allow allowed.example v4.example echo.example:9000-9001' \
	"log json $W/access.log"

# --- in a sandbox of its own, led to the door by the variables
on_leash() {
	leash run -c "$W/conf" --unix-sockets "$@"
}
try on_leash --user-namespaces -- "${CHROMIUM[@]}" \
	http://allowed.example/files/page.html
like "a page loads" "$OUT" '<title>page</title>'
like "with its script over TLS" "$OUT" 'a script over TLS'
like "and its WebSocket" "$OUT" 'echo: hello'
like "which comes through a tunnel" "$(cat "$W/access.log")" \
	'"method":"CONNECT","target":"echo.example:9000".*"decision":"allow"'
like "an image that is blocked is in the summary" "$ERR" \
	'other.example:443.*: not-allowed'

# --- without one
try on_leash -- "${CHROMIUM[@]}" --no-sandbox http://other.example/
like "a page that is blocked shows the refusal" "$OUT" \
	'No allow rule matches this host'
like "and the line that would allow it" "$OUT" 'allow other.example'
done_testing
