#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/hostile_child.py - a command that wants out and will not end

  hostile_child.py MARK PROCESSES OUTSIDE4 OUTSIDE6 PORT LOCAL-PORT

Becomes a daemon (two forks, sessions of its own), ignores every signal that
it can, forks up to PROCESSES times, and each process keeps sockets open and
tries without end to reach OUTSIDE at PORT, and loopback at LOCAL-PORT, by TCP
and UDP. The first one waits, as a command would. One byte on standard output
for each round of attempts. MARK is only there to be found in /proc.
"""

import os
import signal
import socket
import sys
import time

MOST = int(sys.argv[2])
OUTSIDE4, OUTSIDE6 = sys.argv[3], sys.argv[4]
PORT, LOCAL_PORT = int(sys.argv[5]), int(sys.argv[6])
V4, V6 = socket.AF_INET, socket.AF_INET6
PLACES = [(V4, (OUTSIDE4, PORT)), (V6, (OUTSIDE6, PORT)),
          (V4, ("127.0.0.1", LOCAL_PORT)), (V6, ("::1", LOCAL_PORT))]

kept = []


def ignore_all():
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass


def keep_sockets():
    """Open ones of both kinds, and one to the door with unread bytes."""
    for family, place in PLACES:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                s = socket.socket(family, kind)
                s.setblocking(False)
                kept.append((s, place))
                s.connect(place)
            except OSError:
                pass
    door = os.environ.get("HTTP_PROXY", "")
    if door:
        try:
            s = socket.create_connection(
                ("127.0.0.1", int(door.rsplit(":", 1)[1])), 0.2)
            s.sendall(b"CONNECT %s:%d HTTP/1.1\r\n\r\n"
                      % (OUTSIDE4.encode(), PORT))
            kept.append((s, None))
        except OSError:
            pass


def attempt():
    for s, place in kept:
        try:
            s.send(b"kept")
        except OSError:
            pass
    for family, place in PLACES:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(family, kind) as s:
                    s.settimeout(0.05)
                    s.connect(place)
                    s.send(b"new")
            except OSError:
                pass
    try:
        os.write(1, b".")
    except OSError:
        pass


def live():
    """One of the many: never returns."""
    ignore_all()
    keep_sockets()
    while True:
        attempt()
        time.sleep(0.01)


if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.setsid()
    ignore_all()
    for _ in range(MOST):
        try:
            if os.fork() == 0:
                live()
        except OSError:
            break  # a limit: as far as it gets
        time.sleep(0.002)
    live()
live()
