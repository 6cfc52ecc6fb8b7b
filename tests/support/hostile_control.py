#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/hostile_control.py - control requests that are wrong

usage: hostile_control.py SOCKET COUNT

TAP lines without numbers: each kind of wrong request gets an error or the end
of the connection, COUNT random ones too, and no stalled client holds up others.
"""

import random
import socket
import sys
import time

WRONG = (
    ("no request at all", b"\r\n\r\n\r\n"),
    ("no version", b"GET /v1/status\r\n\r\n"),
    ("HTTP/9", b"GET /v1/status HTTP/9.9\r\n\r\n"),
    ("a NUL", b"GET /v1/st\0atus HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a long line", b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n"),
    ("a long head", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20000 + b"\r\n"),
    ("a long body", b"PUT /v1/mode HTTP/1.1\r\nHost: a\r\nContent-Length: "
     b"100000000\r\n\r\n" + b"x" * 100000),
    ("a negative length", b"PUT /v1/mode HTTP/1.1\r\nHost: a\r\n"
     b"Content-Length: -5\r\n\r\n"),
    ("chunks that never end", b"PUT /v1/mode HTTP/1.1\r\nHost: a\r\n"
     b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n" + b"x" * 10000),
    ("a chunk of no number", b"PUT /v1/mode HTTP/1.1\r\nHost: a\r\n"
     b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
    ("another method", b"BREW /v1/status HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("DELETE", b"DELETE /v1/status HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("CONNECT", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a path that is not there", b"GET /v1/../etc/passwd HTTP/1.1\r\n"
     b"Host: a\r\n\r\n"),
    ("an odd URI", b"GET http://[::1/v1/status HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 500),
) + tuple((f"mode {b!r}", b"PUT /v1/mode HTTP/1.1\r\nHost: a\r\n"
           b"Content-Length: %d\r\n\r\n%s" % (len(b), b)) for b in (
               b"", b"{}", b"limited", b'{"mode":"off"}', b'{"mode":"full"',
               b'{"mode":"full"} x', b'{"mode":"full","mode":"limited"}',
               b'{"mode":"' + b"f" * 3000 + b'"}', b'{"mode":"full\0"}',
               b"\xff" * 50))


def ask(path, data, seconds=10.0):
    """The answer's first line, b"" for an end without one, None: silence."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(seconds)
    s.connect(path)
    got = b""
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    try:
        while b"\n" not in got:
            piece = s.recv(4096)
            if not piece:
                break
            got += piece
    except TimeoutError:
        return None
    except OSError:
        pass
    s.close()
    return got.split(b"\r\n")[0]


def main():
    path, count = sys.argv[1], int(sys.argv[2])
    for name, data in WRONG:
        first = ask(path, data)
        good = first is not None and b" 200 " not in first
        print(f"{'ok' if good else 'not ok'} - {name} is refused"
              f"{'' if good else f': {first!r}'}", flush=True)

    rng = random.Random(2)
    silent = 0
    base = b"PUT /v1/mode HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    for _ in range(count):
        data = bytearray(base)
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(data))
            if rng.random() < 0.3:
                del data[at:at + rng.randint(1, 10)]
            elif data:
                data[at % len(data)] = rng.randrange(256)
            if not data:
                data = bytearray(b"x")
        if ask(path, bytes(data)) is None:
            silent += 1
    print(f"{'not ok' if silent else 'ok'} - {count} random requests are "
          f"answered or ended, each")

    held = []
    for i in range(200):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        s.sendall(b"GET /v1/status HTTP/1.1\r\nHo"[:i % 29])
        held.append(s)
    start = time.monotonic()
    first = ask(path, b"GET /v1/status HTTP/1.0\r\n\r\n")
    took = time.monotonic() - start
    good = first is not None and b" 200 " in first
    print(f"{'ok' if good else 'not ok'} - beside 200 that stall half way "
          f"another is served" + ("" if good else f": {first!r} {took:.1f}s"))


if __name__ == "__main__":
    main()
