#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a hostile command says to its door: each malformed head gets its answer,
# and the door goes on.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
world_up
conf 'allow *:*' 'limit head-time 1s'

cat >"$WS/heads.py" <<'END'
"""Prints "NAME STATUS REASON" for each head; "closed" where none came."""
import os, socket, urllib.parse
door = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])

def ask(name, data, shut=False):
    s = socket.create_connection((door.hostname, door.port), 10)
    s.settimeout(10)
    got = b""
    try:
        s.sendall(data)
        if shut:
            s.shutdown(socket.SHUT_WR)
        while b"\r\n\r\n" not in got:
            block = s.recv(65536)
            if not block:
                break
            got += block
    except OSError:
        pass
    s.close()
    lines = got.split(b"\r\n")
    status = lines[0].split(b" ")[1].decode() if got else "closed"
    reason = [l.split(b":")[1].strip().decode() for l in lines
              if l.lower().startswith(b"x-netleash-reason")]
    print(name, status, *reason, flush=True)

def connect(target, rest=b"\r\n\r\n"):
    return b"CONNECT " + target + b" HTTP/1.1" + rest

ask("good", connect(b"echo.example:7443"))
ask("good-host", connect(b"echo.example:7443",
                         b"\r\nHost: echo.example:7443\r\n\r\n"))
for name, target in (("empty", b""), ("no-port", b"allowed.example"),
                     ("empty-port", b"allowed.example:"),
                     ("big-port", b"allowed.example:65536"),
                     ("zero-port", b"allowed.example:0"),
                     ("padded-port", b"allowed.example:0443"),
                     ("name-port", b"allowed.example:https"),
                     ("userinfo", b"me@allowed.example:443"),
                     ("nul", b"allowed\0.example:443"),
                     ("control", b"allowed\x01.example:443"),
                     ("non-ascii", b"caf\xc3\xa9.example:443"),
                     ("short-quad", b"127.1:443"), ("hex", b"0x7f.1:443"),
                     ("number", b"2130706433:443"),
                     ("octal", b"0177.0.0.1:443"),
                     ("zone", b"[fe80::1%eth0]:443"),
                     ("open-bracket", b"[::1:443"),
                     ("two-dots", b"allowed..example:443"),
                     ("long-label", b"a" * 64 + b".example:443"),
                     ("long-name", b"a." * 130 + b"example:443"),
                     ("url", b"https://allowed.example/"),
                     ("blank", b"allowed.example:443 x")):
    ask("bad-" + name, connect(target))
ask("bad-version", b"CONNECT echo.example:7443 HTTP/9.9\r\n\r\n")
ask("bad-no-version", b"CONNECT echo.example:7443\r\n\r\n")
ask("bad-colon", connect(b"echo.example:7443",
                         b"\r\nHost : echo.example:7443\r\n\r\n"))
ask("bad-fold", connect(b"echo.example:7443", b"\r\nA: b\r\n c\r\n\r\n"))
ask("bad-bare-cr", connect(b"echo.example:7443", b"\r\nA: b\rc\r\n\r\n"))
ask("bad-field-nul", connect(b"echo.example:7443", b"\r\nA: b\0c\r\n\r\n"))
ask("bad-bytes", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20)
ask("bad-text", b"hello there\r\n\r\n")
ask("large", connect(b"echo.example:7443", b"\r\nA: " + b"b" * 300000))
ask("fields", connect(b"echo.example:7443",
                      b"".join(b"\r\nF%d: x" % i for i in range(5000))
                      + b"\r\n\r\n"))
ask("slow", b"CONNECT echo.example:7443 HT")
ask("cut", b"CONNECT echo.example:7443 HT", shut=True)
ask("nothing", b"", shut=True)
ask("last", connect(b"echo.example:7443"))
END
try leash run -c "$W/conf" -- "$PYTHON" heads.py
is "all heads were sent" "$STATUS" 0
answer() {
	printf '%s\n' "$OUT" | sed -n "s/^$1 //p"
}
is "a good head is answered 200" "$(answer good)" 200
is "with a Host field too" "$(answer good-host)" 200
is "every malformed head is answered 400 malformed, or closed" \
	"$(printf '%s\n' "$OUT" | grep '^bad-' |
		grep -v -E ' 400 malformed$| 505 | 501 |-(bytes|text) closed$')" ""
is "a target that is no host and port gets its 400" \
	"$(printf '%s\n' "$OUT" | grep -c '^bad-.* 400 malformed$' |
		awk '{ print ($1 >= 24) }')" 1
is "a head that is too large: 431" "$(answer large)" "431 head-too-large"
is "too many fields: 431" "$(answer fields)" "431 head-too-large"
is "a head that comes too slowly: 408" "$(answer slow)" "408 head-timeout"
is "the door still works after them" "$(answer last)" 200

# Random bytes, and cut and flipped good ones; the door must outlive them.
cat >"$WS/noise.py" <<'END'
import os, random, socket, urllib.parse
door = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
random.seed(1)
good = b"CONNECT echo.example:7443 HTTP/1.1\r\nHost: echo.example:7443\r\n\r\n"
for turn in range(500):
    data = bytearray(good[:random.randrange(len(good))]
                     if turn % 3 else random.randbytes(200))
    if data and turn % 3 == 2:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    with socket.create_connection((door.hostname, door.port), 5) as s:
        try:
            s.sendall(data)
            if turn % 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             b"\1\0\0\0\0\0\0\0")
        except OSError:
            pass
with socket.create_connection((door.hostname, door.port), 5) as s:
    s.sendall(good)
    print(s.recv(100).split(b"\r\n")[0].decode())
END
try leash run -c "$W/conf" -- "$PYTHON" noise.py
like "after five hundred bad connections a good one works" "$OUT" ' 200 '
try leash run -c "$W/conf" -- curl -sS -v http://allowed.example/
like "plain HTTP gets a clear answer" "$ERR" \
	'^< HTTP/1.1 (200|501)|X-Netleash-Reason'
done_testing
