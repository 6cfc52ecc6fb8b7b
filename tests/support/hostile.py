#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/hostile.py - a grandchild that will not go away

  hostile.py MARK LOG

Forks twice into a session of its own, ignores every signal that it can, and
tries again and again to reach the internet: straight, and through any proxy
port it knows. What it managed is written to LOG, a line each:
"TIME alive", "TIME direct", "TIME proxy".
"""

import os
import signal
import socket
import sys
import time
import urllib.parse

log = open(sys.argv[2], "a", buffering=1)
door = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
for _ in range(2):
    if os.fork():
        os._exit(0)
    os.setsid()
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


def reach(address, say):
    try:
        with socket.create_connection(address, 0.2) as s:
            s.sendall(say)
            return s.recv(100)
    except OSError:
        return b""


while True:
    log.write("%.3f alive\n" % time.time())
    if reach(("93.184.216.34", 7), b"x"):
        log.write("%.3f direct\n" % time.time())
    if b" 200 " in reach((door.hostname, door.port),
                         b"CONNECT echo.example:7443 HTTP/1.1\r\n"
                         b"Host: echo.example:7443\r\n\r\n"):
        log.write("%.3f proxy\n" % time.time())
    time.sleep(0.02)
