#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/hostile_control.py - control requests that are wrong

usage: hostile_control.py SOCKET COUNT
       hostile_control.py SOCKET crowd
       hostile_control.py SOCKET slow

TAP lines without numbers: each kind of wrong request gets an error or the end
of the connection, COUNT random ones too, and no stalled client holds up others.

crowd: 300 connections that send a byte now and then, 20 that look on; says how
many of these may, holds all until standard input is closed, then says how many
of the former have lived for longer than a request may take.
slow: looks on and reads nothing until standard input is closed; then tells how
many lines it got or has lost.
"""

import json
import random
import select
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


def connect(path, data):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(path)
    try:
        s.sendall(data)
    except OSError:
        pass
    return s


def first_line(s):
    try:
        return s.recv(4096).split(b"\r\n")[0]
    except OSError:
        return b""


def told():
    return bool(select.select([0], [], [], 0)[0])


def crowd(path):
    looks = [connect(path, b"GET /v1/log HTTP/1.1\r\nHost: a\r\n\r\n")
             for _ in range(20)]
    may = [first_line(s) for s in looks]
    stalled = [connect(path, b"GET /v1/st") for _ in range(300)]
    print("look on:", sum(b" 200 " in m for m in may),
          "refused:", sum(b" 503 " in m for m in may), flush=True)
    start = time.monotonic()
    old = 0
    while not told():
        time.sleep(0.5)
        for s in list(stalled):
            try:
                s.send(b"x", socket.MSG_DONTWAIT)
            except OSError:
                stalled.remove(s)
        if time.monotonic() - start > 15:
            old = len(stalled)
    print("stalled:", old, flush=True)


def slow(path):
    s = connect(path, b"GET /v1/log HTTP/1.0\r\n\r\n")
    got = b""
    while b"\r\n\r\n" not in got:
        got += s.recv(1)
    print("looks on", flush=True)
    sys.stdin.readline()
    print("reads", flush=True)
    got = b""
    # To the end of our input, and until nothing comes any more.
    while True:
        last = told()
        if select.select([s], [], [], 3 if last else 0.2)[0]:
            if not (piece := s.recv(65536)):
                break
            got += piece
        elif last:
            break
    lines = dropped = 0
    for line in got.splitlines():
        entry = json.loads(line)
        dropped += entry.get("dropped", 0)
        lines += "dropped" not in entry
    print("lines", lines, "dropped", dropped, "sum", lines + dropped)


def main():
    path = sys.argv[1]
    if sys.argv[2] in ("crowd", "slow"):
        {"crowd": crowd, "slow": slow}[sys.argv[2]](path)
        return
    count = int(sys.argv[2])
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
