#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/direct.py - try to reach the test's internet without a proxy

One line for each way: "WAY open|ERROR MILLISECONDS". A way is open when an
answer came, not when a send succeeded.
"""

import errno
import socket
import struct
import sys
import time

PUBLIC4, PUBLIC6 = "93.184.216.34", "2606:2800:220:1::34"
GATE4, GATE6 = "192.168.77.1", "fd77::1"
QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" \
    b"\x07allowed\x07example\x00\x00\x01\x00\x01"


def tcp(family, address, port, say=b"x", type_=socket.SOCK_STREAM, proto=0):
    with socket.socket(family, type_, proto) as s:
        s.settimeout(3)
        s.connect((address, port))
        s.sendall(say)
        return s.recv(100)


def udp(family, address, port, say=b"x"):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.connect((address, port))
        s.send(say)
        return s.recv(512)


def sendto(family, address, port):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.sendto(b"x", (address, port))
        return s.recv(512)


def ping(family, address, type_):
    """An echo request through a ping socket or a raw one."""
    proto = 1 if family == socket.AF_INET else 58
    with socket.socket(family, type_, proto) as s:
        s.settimeout(3)
        kind = 8 if family == socket.AF_INET else 128
        head = struct.pack("!BBHHH", kind, 0, 0, 1, 1)
        total = sum(struct.unpack("!4H", head))
        total = ~((total >> 16) + (total & 0xffff)) & 0xffff
        s.sendto(head[:2] + struct.pack("!H", total) + head[4:],
                 (address, 0))
        return s.recv(512)


V4, V6 = socket.AF_INET, socket.AF_INET6
WAYS = [
    ("tcp4", tcp, V4, PUBLIC4, 7),
    ("tcp6", tcp, V6, PUBLIC6, 7),
    ("tcp-mapped", tcp, V6, "::ffff:" + PUBLIC4, 7),
    ("https4", tcp, V4, PUBLIC4, 7443),
    ("gateway4", tcp, V4, GATE4, 7),
    ("gateway6", tcp, V6, GATE6, 7),
    ("udp4", udp, V4, PUBLIC4, 7),
    ("udp6", udp, V6, PUBLIC6, 7),
    ("sendto4", sendto, V4, PUBLIC4, 7),
    ("sendto6", sendto, V6, PUBLIC6, 7),
    ("dns-udp", udp, V4, GATE4, 53, QUERY),
    ("dns-udp6", udp, V6, GATE6, 53, QUERY),
    ("dns-tcp", tcp, V4, GATE4, 53, struct.pack("!H", len(QUERY)) + QUERY),
    ("dns-public", udp, V4, PUBLIC4, 53, QUERY),
    ("ping4", ping, V4, PUBLIC4, socket.SOCK_DGRAM),
    ("ping6", ping, V6, PUBLIC6, socket.SOCK_DGRAM),
    ("raw4", ping, V4, PUBLIC4, socket.SOCK_RAW),
    ("raw6", ping, V6, PUBLIC6, socket.SOCK_RAW),
]

for name, function, *args in WAYS:
    start = time.monotonic()
    try:
        result = "open" if function(*args) else "empty"
    except OSError as e:
        result = errno.errorcode.get(e.errno, type(e).__name__)
    print(name, result, int((time.monotonic() - start) * 1000))
sys.stdout.flush()
