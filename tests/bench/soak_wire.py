#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/bench/soak_wire.py - what the soak sends, and to whom

  soak_wire.py origin ADDRESS PORT       an origin, until it is killed
  soak_wire.py inside SECONDS HOST OTHER in a run: good transfers with HOST
                                         through the proxy of the environment

A transfer has a seed, and byte I of it is byte SEED + I of one fixed block that
repeats: bytes that are lost, doubled or another's are seen at once.

The origin speaks HTTP/1.1, and one line of words for tunnels:

  both SEED N M    sends N bytes of SEED, takes M bytes of SEED + 1, says
                   "ok TAKEN SENT" and ends
  ping SEED N      answers each of N messages of 64 bytes with itself
  reset SEED N     sends N bytes, then resets
  stall            says nothing, until the other ends
  deaf             does not read either

Each good transfer becomes a record of struct RECORD, which soak_watch.py holds
against the line of the access log that is its own.
"""

import collections
import json
import os
import random
import select
import socket
import struct
import sys
import threading
import time
import urllib.parse

BLOCK_N = 1 << 19
BLOCK = memoryview(random.Random(7).randbytes(BLOCK_N) * 2)
PIECE = 1 << 17
PATIENCE = 30.0
MESSAGE = 64
HOLD = 20.0  # seconds that an origin stalls

# @client is as the log has it; @got, @sent: bytes from and to the far side, or
# of an HTTP body; @error: None, or the words of what went wrong.
RECORD = collections.namedtuple(
    "RECORD", "kind client target path began ended got sent error")


class Failure(Exception):
    """What a transfer met with, in words."""


def pattern(seed, at, n):
    start = (seed + at) % BLOCK_N
    return BLOCK[start:start + min(n, PIECE)]


def is_pattern(seed, at, data):
    view = memoryview(data)
    while view:
        want = pattern(seed, at, len(view))
        if view[:len(want)] != want:
            return False
        at += len(want)
        view = view[len(want):]
    return True


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


class Stream:
    """Reads of a socket by lines and by counts."""

    def __init__(self, sock):
        self.sock = sock
        self.held = b""

    def more(self):
        data = self.sock.recv(PIECE)
        self.held += data
        return bool(data)

    def line(self, most=65536):
        while b"\n" not in self.held:
            if len(self.held) > most or not self.more():
                raise Failure("cut in a line: %r" % bytes(self.held[:80]))
        line, _, self.held = self.held.partition(b"\n")
        return line.rstrip(b"\r")

    def some(self, most):
        if not self.held and not self.more():
            return b""
        data, self.held = self.held[:most], self.held[most:]
        return data

    def take(self, seed, n, at=0):
        """@n bytes of the pattern, compared."""
        end = at + n
        while at < end:
            data = self.some(end - at)
            if not data:
                raise Failure("cut after %d of %d bytes" % (at, end))
            if not is_pattern(seed, at, data):
                raise Failure("wrong bytes after %d" % at)
            at += len(data)


def head_of(stream):
    """(first line, headers in lower case), or None at the end."""
    try:
        first = stream.line()
    except Failure:
        if stream.held:
            raise
        return None
    headers = {}
    while True:
        line = stream.line()
        if not line:
            return first.decode("latin-1"), headers
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()


def send_pattern(sock, seed, n, chunked=False):
    at = 0
    while at < n:
        piece = pattern(seed, at, n - at)
        if chunked:
            sock.sendall(b"%x\r\n" % len(piece) + bytes(piece) + b"\r\n")
        else:
            sock.sendall(piece)
        at += len(piece)
    if chunked:
        sock.sendall(b"0\r\n\r\n")


def take_body(stream, headers, seed):
    """Return: how many bytes it had."""
    if "chunked" not in headers.get("transfer-encoding", ""):
        n = int(headers.get("content-length", "0"))
        stream.take(seed, n)
        return n
    at = 0
    while True:
        n = int(stream.line().split(b";")[0], 16)
        if n == 0:
            while stream.line():
                pass
            return at
        stream.take(seed, n, at)
        at += n
        stream.line()


def duplex(sock, stream, send_seed, send_n, take_seed, take_n):
    """Both ways at the same time."""
    sent = taken = 0
    sock.setblocking(False)
    if stream.held:
        data = stream.some(take_n)
        if not is_pattern(take_seed, 0, data):
            raise Failure("wrong bytes at the start")
        taken = len(data)
    while sent < send_n or taken < take_n:
        readable, writable, _ = select.select(
            [sock] if taken < take_n else [], [sock] if sent < send_n else [],
            [], PATIENCE)
        if not readable and not writable:
            raise Failure("silence after %d and %d bytes" % (taken, sent))
        if readable:
            data = sock.recv(min(PIECE, take_n - taken))
            if not data:
                raise Failure("cut after %d of %d bytes" % (taken, take_n))
            if not is_pattern(take_seed, taken, data):
                raise Failure("wrong bytes after %d" % taken)
            taken += len(data)
        if writable:
            sent += sock.send(pattern(send_seed, sent, send_n - sent))
    sock.settimeout(PATIENCE)


# --- the origin -----------------------------------------------------------

def serve_http(sock, stream, first):
    while first:
        line, headers = first
        method, target, _ = line.split(" ")
        query = dict(urllib.parse.parse_qsl(
            urllib.parse.urlsplit(target).query))
        seed, n = int(query.get("seed", 0)), int(query.get("n", 0))
        taken = take_body(stream, headers, seed + 1)
        if "cut" in query:
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                         % (n + 1))
            send_pattern(sock, seed, n)
            return
        sock.sendall(b"HTTP/1.1 200 OK\r\nX-Taken: %d\r\n%s\r\n\r\n" % (
            taken, b"Transfer-Encoding: chunked" if "chunked" in query
            else b"Content-Length: %d" % n))
        if method != "HEAD":
            send_pattern(sock, seed, n, "chunked" in query)
        first = head_of(stream)


def serve_words(sock, stream, words):
    if words[0] == "both":
        seed, n, m = map(int, words[1:])
        duplex(sock, stream, seed, n, seed + 1, m)
        sock.sendall(b"ok %d %d\n" % (m, n))
        sock.shutdown(socket.SHUT_WR)
        if stream.some(1):
            raise Failure("bytes after the end")
    elif words[0] == "ping":
        for i in range(int(words[2])):
            stream.take(int(words[1]), MESSAGE, i)
            sock.sendall(pattern(int(words[1]), i, MESSAGE))
        stream.some(1)
    elif words[0] == "reset":
        send_pattern(sock, int(words[1]), int(words[2]))
        reset(sock)
    elif words[0] == "stall":
        sock.settimeout(HOLD)
        while stream.some(PIECE):
            pass
    elif words[0] == "deaf":
        time.sleep(HOLD)


def serve_one(sock):
    with sock:
        try:
            sock.settimeout(PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = Stream(sock)
            line = stream.line().decode("latin-1")
            if line.endswith(("HTTP/1.1", "HTTP/1.0")):
                stream.held = line.encode("latin-1") + b"\n" + stream.held
                serve_http(sock, stream, head_of(stream))
            else:
                serve_words(sock, stream, line.split())
        except (Failure, OSError, ValueError, IndexError):
            pass  # its client knows; or it is one that misbehaves


def serve(address, port):
    listener = socket.create_server((address, port), backlog=1024)
    threading.stack_size(256 * 1024)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve_one, args=(sock,), daemon=True).start()


# --- a good client --------------------------------------------------------

def dial(proxy, source=None):
    """Return: a socket to the proxy, and its own name."""
    sock = socket.socket()
    sock.settimeout(PATIENCE)
    if source:
        # The port is chosen by connect(), which knows the whole pair.
        sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        sock.bind((source, 0))
    sock.connect(proxy)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock, "%s:%d" % sock.getsockname()


def ask_connect(sock, stream, host, port):
    sock.sendall(b"CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (
        (host.encode(), port) * 2))
    answer = head_of(stream)
    if answer is None:
        raise Failure("no answer")
    if answer[0].split(" ")[1] != "200":
        raise Failure("%s (%s)" % (answer[0], answer[1].get(
            "x-netleash-reason", "")))


def ask_socks(sock, stream, host, port):
    def exactly(n):
        data = b""
        while len(data) < n:
            more = stream.some(n - len(data))
            if not more:
                raise Failure("cut in SOCKS")
            data += more
        return data

    sock.sendall(b"\x05\x01\x00")
    if exactly(2) != b"\x05\x00":
        raise Failure("SOCKS: no method")
    sock.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() +
                 struct.pack("!H", port))
    head = exactly(4)
    exactly(6 if head[3] == 1 else 18)
    if head[1] != 0:
        raise Failure("SOCKS reply %d" % head[1])


def talk(sock, stream, kind, seed, n, m):
    """Return: bytes got and sent."""
    if kind == "ping":
        line = b"ping %d %d\n" % (seed, n)
        sock.sendall(line)
        for i in range(n):
            sock.sendall(pattern(seed, i, MESSAGE))
            stream.take(seed, MESSAGE, i)
        return n * MESSAGE, n * MESSAGE + len(line)
    line = b"both %d %d %d\n" % (seed, n, m)
    sock.sendall(line)
    duplex(sock, stream, seed + 1, m, seed, n)
    last = stream.line()
    if last != b"ok %d %d" % (m, n):
        raise Failure("the origin has %r" % last)
    sock.shutdown(socket.SHUT_WR)
    if stream.some(1):
        raise Failure("bytes after the end")
    return n + len(last) + 1, m + len(line)


def tunnel(proxy, how, kind, host, port, seed, n, m, source=None):
    """One tunnel with one exchange. Return: its record."""
    began, client, got, sent, error = time.time(), None, 0, 0, None
    try:
        sock, client = dial(proxy, source)
        with sock:
            stream = Stream(sock)
            (ask_socks if how == "socks5" else ask_connect)(
                sock, stream, host, port)
            got, sent = talk(sock, stream, kind, seed, n, m)
    except (OSError, Failure, ValueError, IndexError) as e:
        error = "%s: %s" % (type(e).__name__, e)
    return RECORD("%s %s" % (how, kind), client, "%s:%d" % (host, port), None,
                  began, time.time(), got, sent, error)


def http(proxy, host, port, seed, plan, source=None):
    """Requests on one connection: of each (method, n, m, chunked). Yields
    their records."""
    client = sock = None
    target = "%s:%d" % (host, port)
    for i, (method, n, m, chunked) in enumerate(plan):
        began, error = time.time(), None
        path = "/%d/%d" % (seed, i)
        try:
            if sock is None:
                sock, client = dial(proxy, source)
                stream = Stream(sock)
            head = ("%s http://%s%s?seed=%d&n=%d%s HTTP/1.1\r\nHost: %s\r\n"
                    % (method, target, path, seed, n,
                       "&chunked" if chunked else "", target))
            head = head.replace("&chunked", "&chunked=1")
            if m and chunked:
                head += "Transfer-Encoding: chunked\r\n"
            elif m:
                head += "Content-Length: %d\r\n" % m
            sock.sendall(head.encode() + b"\r\n")
            if m:
                send_pattern(sock, seed + 1, m, chunked)
            answer = head_of(stream)
            if answer is None:
                raise Failure("no answer")
            if " 200 " not in answer[0]:
                raise Failure("%s (%s)" % (answer[0], answer[1].get(
                    "x-netleash-reason", "")))
            if take_body(stream, answer[1], seed) != n:
                raise Failure("another length")
            if answer[1].get("x-taken") != str(m):
                raise Failure("the origin took %s" % answer[1].get("x-taken"))
        except (OSError, Failure, ValueError, IndexError) as e:
            error = "%s: %s" % (type(e).__name__, e)
        yield RECORD("http " + method, client, target, path, began,
                     time.time(), n, m, error)
        if error:
            break
    if sock is not None:
        sock.close()


def some_good(rng, proxy, host, port, source=None):
    """One thing that a good client does. Yields its records."""
    seed = rng.randrange(1, 1 << 30)
    size = rng.choice((0, 1, 1000, 20000, 20000, 300000, 2000000))
    other = rng.choice((0, 1, 1000, 20000, 300000))
    how = rng.choice(("connect", "connect", "socks5", "http"))
    if how == "http":
        plan = [(rng.choice(("GET", "GET", "POST")), rng.choice(
            (0, 10, 3000, 100000)), 0, rng.random() < 0.5)
            for _ in range(rng.randint(1, 6))]
        plan = [(method, n, 5000 if method == "POST" else 0, chunked)
                for method, n, _, chunked in plan]
        yield from http(proxy, host, port, seed, plan, source)
    elif rng.random() < 0.3:
        yield tunnel(proxy, how, "ping", host, port, seed, rng.randint(1, 100),
                     0, source)
    else:
        yield tunnel(proxy, how, "both", host, port, seed, size, other, source)


# --- in a run ---------------------------------------------------------------

def inside(seconds, host, other):
    """Good transfers with @host, and one that @other's rules do not allow."""
    name, _, port = host.rpartition(":")
    at = urllib.parse.urlsplit(os.environ["HTTP_PROXY"])
    proxy = (at.hostname, at.port)
    rng = random.Random()
    end = time.monotonic() + seconds
    print("up", flush=True)
    refused = tunnel(proxy, "connect", "ping", other.rpartition(":")[0],
                     int(other.rpartition(":")[2]), 1, 1, 0)
    print(json.dumps(["refused"] + list(refused)), flush=True)
    while True:
        for record in some_good(rng, proxy, name, int(port)):
            print(json.dumps(["record"] + list(record)), flush=True)
        if time.monotonic() >= end:
            break
        time.sleep(0.1)
    print(json.dumps(["done"]), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "origin":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        inside(float(sys.argv[2]), sys.argv[3], sys.argv[4])
