#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/bench/soak_bad.py - clients of the soak that misbehave

In:  the proxy's address; names that lead somewhere, and some that do not
Out: nothing. What they do to the proxy is for the log to say, and what they do
     to others is for others to notice.

Each function below is one thing that a client does wrong, or an upstream that
vanishes under it. They are bounded in time, and none waits for anything that
may not come.
"""

import os
import random
import socket
import struct
import time

import soak_wire as wire

HEAD = (b"GET http://alpha.example:9001/x HTTP/1.1\r\nHost: alpha.example:9001"
        b"\r\nAccept: */*\r\n\r\n")
GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 200,
    b"GET / HTTP/0.9\r\n\r\n", b"GET /\r\n", b"\r\n" * 50, b"\x00" * 100,
    b"\x04\x01\x00\x50\x5d\xb8\xd8\x22\x00", b"\x05\x00",
    b"\x05\xff" + b"\x80" * 255,
    b"CONNECT alpha.example HTTP/1.1\r\n\r\n",
    b"CONNECT alpha.example:99999 HTTP/1.1\r\n\r\n",
    b"CONNECT [::1 HTTP/1.1\r\n\r\n", b"CONNECT  HTTP/1.1\r\n\r\n",
    b"GET http://alpha.example:9001/ HTTP/1.1\r\nHost: other.example\r\n\r\n",
    b"GET http://alpha.example:9001/ HTTP/1.1\r\nA: " + b"x" * 100000,
    b"GET http://alpha.example:9001/ HTTP/1.1\r\n" + b"A: b\r\n" * 500,
    b"POST http://alpha.example:9001/ HTTP/1.1\r\nHost: alpha.example:9001\r\n"
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"POST http://alpha.example:9001/ HTTP/1.1\r\nHost: alpha.example:9001\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"POST http://alpha.example:9001/ HTTP/1.1\r\nHost: alpha.example:9001\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n",
)
REFUSED = ("other.example:9001", "denied.example:9001", "private.example:9001",
           "10.0.0.1:80", "169.254.169.254:80", "[::1]:80", "127.0.0.1:22",
           "alpha.example:22")


class Bad:
    def __init__(self, proxy, source, rng):
        self.proxy = proxy
        self.source = source
        self.rng = rng
        self.sock = None

    def dial(self):
        self.sock, _ = wire.dial(self.proxy, self.source)
        self.sock.settimeout(4)
        return self.sock

    def leave(self):
        """In one of the ways that there are."""
        if self.rng.random() < 0.5:
            wire.reset(self.sock)
        else:
            self.sock.close()

    def tunnel(self, target, words=b""):
        """Its answer is read, whatever it is."""
        self.dial()
        self.sock.sendall(b"CONNECT %s HTTP/1.1\r\n\r\n" % target.encode() +
                          words)
        return self.sock.recv(4096)

    # --- heads

    def says_nothing(self):
        self.dial()
        time.sleep(self.rng.random() * 3)
        self.leave()

    def half_head(self):
        self.dial().sendall(HEAD[:self.rng.randrange(1, len(HEAD))])
        time.sleep(self.rng.choice((0, 0, 0.1, 3)))
        self.leave()

    def half_socks(self):
        whole = b"\x05\x01\x00\x05\x01\x00\x03\x0dalpha.example" + \
            struct.pack("!H", 9001)
        self.dial().sendall(whole[:self.rng.randrange(1, len(whole))])
        time.sleep(self.rng.choice((0, 0.1, 3)))
        self.leave()

    def slow_head(self):
        self.dial()
        for i in range(len(HEAD)):
            self.sock.sendall(HEAD[i:i + 1])
            time.sleep(0.03)
        self.sock.recv(4096)
        self.leave()

    def garbage(self):
        self.dial().sendall(self.rng.choice(GARBAGE))
        self.sock.recv(4096)
        self.leave()

    def random_bytes(self):
        data = bytearray(HEAD)
        for _ in range(self.rng.randint(1, 10)):
            data[self.rng.randrange(len(data))] = self.rng.randrange(256)
        self.dial().sendall(data)
        self.sock.recv(4096)
        self.leave()

    def noise(self):
        self.dial().sendall(os.urandom(self.rng.randint(1, 5000)))
        self.sock.recv(4096)
        self.leave()

    # --- in the middle

    def reset_in_the_middle(self):
        self.tunnel("alpha.example:9001", b"both 5 3000000 3000000\n")
        for _ in range(self.rng.randint(0, 20)):
            self.sock.sendall(wire.pattern(6, 0, 20000))
            self.sock.recv(20000)
        wire.reset(self.sock)

    def never_reads(self):
        self.tunnel("alpha.example:9001", b"both 5 8000000 0\n")
        time.sleep(self.rng.random() * 4)
        self.leave()

    def never_reads_http(self):
        self.dial().sendall(HEAD.replace(b"/x", b"/x?seed=1&n=8000000") * 3)
        time.sleep(self.rng.random() * 4)
        self.leave()

    def pipelines_and_goes(self):
        self.dial().sendall(HEAD * 20)
        self.leave()

    def ends_and_waits(self):
        """Half of it closed before the answer."""
        self.dial().sendall(b"CONNECT alpha.example:9001 HTTP/1.1\r\n\r\n"
                            b"both 5 100000 10\n")
        self.sock.shutdown(socket.SHUT_WR)
        while self.sock.recv(65536):
            pass
        self.leave()

    def goes_while_it_dials(self):
        self.dial().sendall(b"CONNECT %s HTTP/1.1\r\n\r\n" % self.rng.choice(
            (b"silent.example:9001", b"slow.example:9001",
             b"alpha.example:9001")))
        self.leave()

    def cut_body(self):
        self.dial().sendall(
            b"POST http://alpha.example:9001/p?n=10 HTTP/1.1\r\n"
            b"Host: alpha.example:9001\r\nContent-Length: 100000\r\n\r\n")
        self.sock.sendall(wire.pattern(1, 0, self.rng.randrange(1, 90000)))
        self.leave()

    # --- targets

    def refused(self):
        self.tunnel(self.rng.choice(REFUSED))
        self.leave()

    def many_names(self):
        """What is kept of names must be bounded."""
        for _ in range(5):
            self.tunnel("n%d.many.example:9001" % self.rng.randrange(1 << 40),
                        b"ping 1 1\n")
            self.leave()

    def no_such_name(self):
        self.tunnel("x%d.invalid.example:9001" % self.rng.randrange(1 << 40))
        self.leave()

    def silent_dns(self):
        self.tunnel(self.rng.choice(("silent.example:9001",
                                     "servfail.example:9001",
                                     "garbage.example:9001")))
        self.leave()

    def nobody_listens(self):
        self.tunnel("alpha.example:9999")
        self.leave()

    def upstream_resets(self):
        self.tunnel("alpha.example:9001", b"reset 5 %d\n" % self.rng.choice(
            (0, 1, 100000)))
        while self.sock.recv(65536):
            pass
        self.leave()

    def upstream_stalls(self):
        self.tunnel("alpha.example:9001", self.rng.choice(
            (b"stall\n", b"deaf\n")))
        self.sock.setblocking(False)
        try:
            for _ in range(20):
                self.sock.send(wire.pattern(6, 0, 100000))
        except OSError:
            pass
        time.sleep(self.rng.random() * 3)
        self.leave()

    def upstream_cuts(self):
        self.dial().sendall(HEAD.replace(b"/x", b"/x?seed=1&n=5000&cut=1"))
        while self.sock.recv(65536):
            pass
        self.leave()

    def idle(self):
        """Until the proxy's idle-time is over."""
        self.tunnel("alpha.example:9001", b"stall\n")
        self.sock.settimeout(12)
        self.sock.recv(1)
        self.leave()

    def vanishing(self):
        """An origin that is killed and comes again."""
        self.tunnel("vanish.example:9001", b"both 5 20000000 0\n")
        while self.sock.recv(65536):
            pass
        self.leave()

    def vanishing_http(self):
        for _ in range(10):
            self.dial().sendall(HEAD.replace(b"alpha", b"vanish").replace(
                b"/x", b"/x?seed=1&n=100000"))
            time.sleep(0.05)
            self.sock.recv(4096)
            self.leave()


KINDS = [name for name in vars(Bad)
         if name not in ("dial", "leave", "tunnel") and name[0] != "_"]


def misbehave(proxy, source, stop, count):
    """Until @stop is set; @count(kind) for each."""
    rng = random.Random()
    while not stop.is_set():
        kind = rng.choice(KINDS)
        bad = Bad(proxy, source, rng)
        try:
            getattr(bad, kind)()
        except OSError:
            pass
        if bad.sock is not None:
            bad.sock.close()
        count(kind)
        time.sleep(rng.random() * 0.05)


def burst(proxy, source, n, seconds):
    """More connections than the proxy has descriptors. Return: how many."""
    rng = random.Random()
    held = []
    for i in range(n):
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind((source, 0))
        try:
            sock.connect(proxy)
        except BlockingIOError:
            pass
        except OSError:
            sock.close()
            continue
        held.append(sock)
    end = time.monotonic() + seconds
    asked = set()
    while time.monotonic() < end:
        for i, sock in enumerate(held):
            if i not in asked:
                try:
                    sock.send(b"CONNECT alpha.example:9001 HTTP/1.1\r\n\r\n"
                              b"stall\n")
                    asked.add(i)
                except OSError:
                    pass
        time.sleep(0.2)
    for sock in held:
        if rng.random() < 0.5:
            wire.reset(sock)
        else:
            sock.close()
    return len(held)
