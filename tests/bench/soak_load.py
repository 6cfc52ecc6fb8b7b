#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/bench/soak_load.py - one process of the soak's load, until stdin ends

  soak_load.py good PORT NAME THREADS     transfers that must work
  soak_load.py bad PORT THREADS           clients that misbehave (soak_bad.py)
  soak_load.py burst PORT COUNT SECONDS SOCKET
                                          connections without number, once
  soak_load.py names PORT COUNT           as many names, to fill what is kept
  soak_load.py control SOCKET             control requests that are wrong
  soak_load.py launch SOCKET              requests to the launcher likewise

Out: lines of JSON: ["record", ...] of soak_wire.RECORD, ["count", KIND, N],
     ["fault", SENTENCE]
"""

import collections
import json
import os
import random
import resource
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import hostile_caller  # noqa: E402
import hostile_control  # noqa: E402
import soak_bad  # noqa: E402
import soak_wire as wire  # noqa: E402

# Who they are by the log: the good, the bad, and those of a burst.
GOOD, BAD, BURST = "127.0.0.2", "127.0.0.3", "127.0.0.4"
STOP = threading.Event()
LOCK = threading.Lock()
COUNTS = collections.Counter()


def say(*words):
    with LOCK:
        print(json.dumps(words), flush=True)


def count(kind, n=1):
    with LOCK:
        COUNTS[kind] += n


def in_threads(functions):
    threads = [threading.Thread(target=f, daemon=True) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def good(proxy, name):
    rng = random.Random()
    while not STOP.is_set():
        for record in wire.some_good(rng, proxy, name, 9001, GOOD):
            say("record", *record)
        time.sleep(rng.random() * 0.08)


def burst(proxy, n, seconds, path):
    """Those of the proxy are limited; so some at the control socket, too."""
    held = []
    for _ in range(n // 2):
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        try:
            sock.connect(path)
            sock.send(b"GET /v1/sta")
        except OSError:
            pass
        held.append(sock)
    count("connections of bursts", soak_bad.burst(proxy, BURST, n, seconds))
    for sock in held:
        sock.close()


def names(proxy, n):
    for i in range(n):
        bad = soak_bad.Bad(proxy, BAD, random)
        try:
            bad.tunnel("f%d.many.example:9001" % i, b"ping 1 0\n")
        except OSError:
            pass
        bad.sock.close()
        if STOP.is_set():
            break


# --- the control socket -----------------------------------------------------

def connect_unix(path, kind=socket.SOCK_STREAM):
    sock = socket.socket(socket.AF_UNIX, kind)
    sock.settimeout(10)
    sock.connect(path)
    return sock


def wrong_control(path, rng):
    name, data = rng.choice(hostile_control.WRONG)
    first = hostile_control.ask(path, data)
    count("control: wrong")
    if first is None or b" 200 " in first:
        say("fault", "control: %s: %r" % (name, first))


def stalled_control(path, rng):
    held = []
    for _ in range(20):
        sock = connect_unix(path)
        sock.sendall(b"GET /v1/status HTTP/1.1\r\nHo"[:rng.randrange(29)])
        held.append(sock)
    count("control: half a request", len(held))
    STOP.wait(rng.random() * 5)
    for sock in held:
        sock.close()


def unread_streams(path, rng):
    """The live log, for those who do not read it."""
    held = []
    for _ in range(8):
        sock = connect_unix(path)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(b"GET /v1/log HTTP/1.1\r\nHost: a\r\n\r\n")
        held.append(sock)
    count("control: a log that nobody reads", len(held))
    STOP.wait(2 + rng.random() * 8)
    for sock in held:
        sock.close()


def cut_reload(path, rng):
    """Who asks for a reload and does not wait for it."""
    for _ in range(5):
        with connect_unix(path) as sock:
            sock.sendall(b"POST /v1/reload HTTP/1.1\r\nHost: a\r\n"
                         b"Content-Length: 0\r\n\r\n")
            STOP.wait(rng.choice((0, 0.005)))
    count("control: a reload nobody waits for", 5)


def control(path, what):
    rng = random.Random()
    while not STOP.is_set():
        try:
            what(path, rng)
        except OSError:
            count("control: no connection")
        STOP.wait(rng.random())


# --- the launcher -------------------------------------------------------------

def wrong_launch(path):
    for name, data, fds in hostile_caller.kinds():
        try:
            wrong = hostile_caller.refuses(path, data, fds)
        except OSError:
            wrong = None
        count("launch: wrong")
        if wrong:
            say("fault", "launch: %s: %s" % (name, wrong))
        if STOP.wait(0.02):
            break


def cut_launch(path, rng):
    """Gone at some point of a request that is right."""
    caller = hostile_caller.Caller(path)
    fds = hostile_caller.usual_fds()
    step = rng.randrange(4)
    if step > 0:
        caller.send(hostile_caller.head(hostile_caller.ARGS,
                                        hostile_caller.ENV), fds)
    if step > 1:
        try:
            caller.sock.settimeout(rng.random() * 0.1 + 0.001)
            caller.sock.recv(4096)
        except OSError:
            pass
    STOP.wait(rng.random() * (2 if step == 0 else 0.05))
    caller.sock.close()
    hostile_caller.close_all(fds)
    count("launch: cut half way")


def launch(path):
    rng = random.Random()
    while not STOP.is_set():
        try:
            if rng.random() < 0.05:
                wrong_launch(path)
            else:
                cut_launch(path, rng)
        except OSError:
            count("launch: no connection")
        STOP.wait(0.3)


def main():
    role, where, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    proxy = ("127.0.0.1", int(where)) if where.isdigit() else None
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    threading.stack_size(256 * 1024)

    def wait_for_end():
        sys.stdin.read()
        STOP.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    if role == "good":
        in_threads([lambda: good(proxy, rest[0])] * int(rest[1]))
    elif role == "bad":
        in_threads([lambda: soak_bad.misbehave(proxy, BAD, STOP, count)]
                   * int(rest[0]))
    elif role == "burst":
        burst(proxy, int(rest[0]), float(rest[1]), rest[2])
    elif role == "names":
        in_threads([lambda: names(proxy, int(rest[0]))] * 4)
    elif role == "control":
        in_threads([lambda w=w: control(where, w) for w in (
            wrong_control, stalled_control, unread_streams, cut_reload)])
    elif role == "launch":
        launch(where)
    for kind, n in sorted(COUNTS.items()):
        say("count", kind, n)


if __name__ == "__main__":
    main()
