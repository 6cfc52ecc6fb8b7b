#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/odd_answers.py - what clients see of origins that break the rules

  odd_answers.py --proxy PORT --origin PORT

An origin answers a request for /N/... with the bytes of case N, and ends the
connection, in good order or by a reset. Clients ask for it through the proxy:
one that reads in the strictest way, with a second request behind the first, so
that an answer too many would be taken for the second's; python's http.client;
curl, which speaks HTTP/1.1 and HTTP/1.0. Each case is WHOLE, and then every
client gets just its body, or it is BAD, and then no client may take what it
got for a whole answer: an error, or an answer of the proxy's own.

Prints TAP lines, without the plan.
"""

import argparse
import concurrent.futures
import http.client
import os
import re
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading

WHOLE, BAD = "whole", "bad"
SECONDS = 20
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EVIL = OK + b"Content-Length: 4\r\n\r\nevil"
RESET = b"RESET"  # at the end of a case: not sent, but done


def with_length(value):
    return OK + b"Content-Length: " + value + b"\r\n\r\nabcde"


CASES = [
    # --- what is odd, and right
    (WHOLE, b"abcde", OK + b"Content-Length: 5\r\n\r\nabcde"),
    (WHOLE, b"abcde", b"HTTP/1.0 200 OK\r\ncontent-length:5\r\n\r\nabcde"),
    (WHOLE, b"abcde", b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nabcde"),
    (WHOLE, b"abcde", OK + b"Content-Length: 005\r\n\r\nabcde"),
    (WHOLE, b"abcde", CHUNKED + b"5\r\nabcde\r\n0\r\n\r\n"),
    (WHOLE, b"abcde", CHUNKED + b"2;a=\"b\"\r\nab\r\n03\r\ncde\r\n00\r\nX: y"
                                b"\r\nContent-Length: 99\r\n\r\n"),
    (WHOLE, b"abcde", OK + b"\r\nabcde"),
    (WHOLE, b"", OK + b"\r\n"),
    (WHOLE, b"", OK + b"Content-Length: 0\r\n\r\n"),
    (WHOLE, b"", b"HTTP/1.1 204 No\r\n\r\n"),
    (WHOLE, b"", b"HTTP/1.1 304 No\r\nContent-Length: 99\r\n\r\n"),
    (WHOLE, b"abcde", b"HTTP/1.1 100 x\r\n\r\nHTTP/1.1 103 x\r\nLink: a\r\n\r\n"
                      + OK + b"Content-Length: 5\r\n\r\nabcde"),
    # --- more than one answer: the first is whole, the rest is nobody's
    (WHOLE, b"hi", OK + b"Content-Length: 2\r\n\r\nhi" + EVIL),
    (WHOLE, b"hi", CHUNKED + b"2\r\nhi\r\n0\r\n\r\n" + EVIL),
    (WHOLE, b"", b"HTTP/1.1 204 No\r\n\r\n" + EVIL),
    (WHOLE, b"", b"HTTP/1.1 304 No\r\nContent-Length: 4\r\n\r\nevil" + EVIL),
    (WHOLE, b"", OK + b"Content-Length: 0\r\n\r\n" + EVIL),
    # --- cut
    (BAD, None, b""),
    (BAD, None, RESET),
    (BAD, None, b"HTTP/1.1 2"),
    (BAD, None, OK),
    (BAD, None, OK + b"Content-Length: 5\r\n"),
    (BAD, None, OK + b"Content-Length: 5\r\n\r\n"),
    (BAD, None, OK + b"Content-Length: 5\r\n\r\nabcd"),
    (BAD, None, OK + b"Content-Length: 5\r\n\r\nabcd" + RESET),
    (BAD, None, OK + b"\r\nabcde" + RESET),
    (BAD, None, b"HTTP/1.0 200 OK\r\n\r\nabcde" + RESET),
    (BAD, None, b"HTTP/1.1 100 x\r\n\r\n"),
] + [
    (BAD, None, CHUNKED + body + end) for end in (b"", RESET) for body in (
        b"", b"5", b"5\r", b"5\r\n", b"5\r\nab", b"5\r\nabcde",
        b"5\r\nabcde\r", b"5\r\nabcde\r\n", b"5\r\nabcde\r\n0",
        b"5\r\nabcde\r\n0\r\n", b"5\r\nabcde\r\n0\r\n\r",
        b"5\r\nabcde\r\n0\r\nX: y\r\n", b"5;a")
] + [
    # --- chunks that two readers could end in two places
    (BAD, None, CHUNKED + body) for body in (
        b"5 \r\nabcde\r\n0\r\n\r\n", b" 5\r\nabcde\r\n0\r\n\r\n",
        b"0x5\r\nabcde\r\n0\r\n\r\n", b"+5\r\nabcde\r\n0\r\n\r\n",
        b"-5\r\nabcde\r\n0\r\n\r\n", b"5\nabcde\n0\n\n",
        b"5\r\nabcdeX\r\n0\r\n\r\n", b"5\r\nabcde0\r\n\r\n",
        b"5\r\nabcde\r\n\r\n", b"fffffffffffffffff\r\nabcde\r\n0\r\n\r\n",
        b"ffffffffffffffff\r\nabcde\r\n0\r\n\r\n",
        b"5;\nabcde\r\n0\r\n\r\n", b"5\r\nabcde\r\n0\r\nX\r\n\r\n",
        b"5\r\nabcde\r\n0\r\nX : y\r\n\r\n",
        b"5\r\nabcde\r\n0\r\nX: y\n\r\n", b"5\r\nabcde\r\n0\n\r\n", b"abcde")
] + [
    # --- framed twice, or by what is no number and no coding
    (BAD, None, with_length(value)) for value in (
        b"5\r\nContent-Length: 5", b"5\r\nContent-Length: 2", b"5, 5", b"+5",
        b"-5", b"0x5", b"5 5", b"5;", b"", b"99999999999999999999",
        b"5\x00", b"\x0b5", b"5\n", b"5\r", b"5\r\n 5")
] + [
    (BAD, None, OK + fields + b"\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")
    for fields in (
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: identity",
        b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, x",
        b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding : chunked",
        b"Transfer_Encoding: chunked", b"Transfer-Encoding: \x0bchunked",
        b"X: y\nTransfer-Encoding: chunked",
        b"X: y\rTransfer-Encoding: chunked",
        b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
        b"Content-Length: 99\r\nConnection: Content-Length",
        b"X: \x00", b"X", b": y", b"X y: z", b" X: y",
        b"X: " + b"y" * 100000, b"\r\n".join([b"X: y"] * 3000))
] + [
    # --- heads
    (BAD, None, head + b"\r\nContent-Length: 5\r\n\r\nabcde") for head in (
        b"", b"abcde", b"HTTP/0.9 200 OK", b"HTTP/2.0 200 OK",
        b"HTTP/1.2 200 OK", b"http/1.1 200 OK", b"HTTP/1.1  200 OK",
        b" HTTP/1.1 200 OK",
        b"\r\nHTTP/1.1 200 OK", b"HTTP/1.1 200OK", b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 999 OK",
        b"HTTP/1.1 -20 OK", b"HTTP/1.1 200 O\rK", b"HTTP/1.1 200 O\x00K",
        b"HTTP/1.1 200 OK\n", b"ICY 200 OK", b"HTTP/1.1 204 No",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade", b"HTTP/1.1 103 x", b"HTTP/1.1 100 x")
] + [
    (BAD, None, b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"0\r\n\r\n"),
    (BAD, None, b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"5\r\nabcde\r\n0\r\n\r\n"),
    (BAD, None, b"HTTP/1.1 103 x\r\n\r\n" * 1000 + EVIL),
]


class Origin(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that went away is no news


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            line = self.rfile.readline(65536)
            while self.rfile.readline(65536) not in (b"\r\n", b""):
                pass
            path = re.match(rb"GET /(\d+)/(\w+)", line)
            if not path:
                return
            if path[2] == b"next":
                self.wfile.write(OK + b"Content-Length: 4\r\n\r\nnext")
                continue
            answer = CASES[int(path[1])][2]
            self.wfile.write(answer.removesuffix(RESET))
            if answer.endswith(RESET):
                # What was sent is to arrive before it.
                threading.Event().wait(0.05)
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                        struct.pack("ii", 1, 0))
                self.request.close()  # with no FIN before
            return

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass


def read_strictly(f, status):
    """Return: the body; None if it is not whole, or not framed in one way."""
    fields = []
    while True:
        line = f.readline()
        if line == b"\r\n":
            break
        if not re.fullmatch(rb"[!-9;-~]+: [^\x00-\x08\n-\x1f\x7f]*\r\n", line):
            return None
        fields.append(line.lower())
    lengths = [x for x in fields if x.startswith(b"content-length:")]
    codings = [x for x in fields if x.startswith(b"transfer-encoding:")]
    if len(lengths) + len(codings) > 1:
        return None
    if status < 200 or status in (204, 304):
        return b""
    if lengths:
        n = int(lengths[0].split()[1])
        body = f.read(n)
        return body if len(body) == n else None
    if not codings:
        return f.read()
    body = b""
    while True:
        size = re.fullmatch(rb"([0-9a-f]+)\r\n", f.readline())
        n = int(size[1], 16) if size else -1
        if n <= 0:
            break
        block = f.read(n + 2)
        if len(block) != n + 2 or not block.endswith(b"\r\n"):
            return None
        body += block[:-2]
    while n == 0:
        line = f.readline()
        if line == b"\r\n":
            return body
        if not line.endswith(b"\r\n"):
            break
    return None


def ask_strictly(port, authority, number):
    """What the first request got, and the second: (status, body) each."""
    got = []
    with socket.create_connection(("127.0.0.1", port), SECONDS) as s:
        s.sendall(b"".join(
            b"GET http://%s/%d/%s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (
                authority, number, path, authority, last)
            for path, last in ((b"odd", b""),
                               (b"next", b"Connection: close\r\n"))))
        f = s.makefile("rb")
        try:
            while True:
                line = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n",
                                    f.readline())
                if not line:
                    break
                body = read_strictly(f, int(line[1]))
                if int(line[1]) >= 200:
                    got.append((int(line[1]), body))
                if body is None:
                    break
        except ConnectionError:
            got.append((0, None))
    return got


def ask_python(port, url):
    """Old ones take 103 for the answer: then it cannot be judged."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        c.request("GET", url)
        answer = c.getresponse()
        return answer.status, answer.read()
    except (http.client.HTTPException, ConnectionError):
        return 0, None
    finally:
        c.close()


def ask_curl(port, urls, version):
    """All of them with one curl: what each got."""
    with tempfile.TemporaryDirectory() as folder:
        words = "".join('url = "%s"\noutput = "%s/%d"\n' % (url, folder, number)
                        for number, url in enumerate(urls))
        r = subprocess.run(["curl", "-s", version, "-m", str(SECONDS), "-x",
                            "127.0.0.1:%d" % port, "-w",
                            "%{http_code} %{exitcode}\\n", "-K", "-"],
                           input=words, capture_output=True, text=True,
                           check=False)
        got = []
        for number, line in enumerate(r.stdout.splitlines()):
            status, error = map(int, line.split())
            path = os.path.join(folder, str(number))
            body = b""
            if os.path.exists(path):
                with open(path, "rb") as file:
                    body = file.read()
            got.append((0, None) if error else (status, body))
        return got


def judge(kind, body, got):
    """Return: whether a client may have understood this."""
    if kind == WHOLE:
        return got[1] == body and got[0] in (200, 204, 304)
    return got[1] is None or got[0] == 502


def try_case(number, args, authority):
    kind, body, _ = CASES[number]
    url = "http://%s/%d/odd" % (authority, number)
    faults = []
    strict = ask_strictly(args.proxy, authority.encode(), number)
    if not judge(kind, body, strict[0] if strict else (0, None)):
        faults.append("strict: %r" % (strict,))
    for got in strict[1:]:
        if got not in ((200, b"next"), (0, None)):
            faults.append("the second request got %r" % (got,))
    if kind == WHOLE and len(strict) > 2:
        faults.append("there are %d answers" % len(strict))
    got = ask_python(args.proxy, url)
    if got[0] != 103 and not judge(kind, body, got):
        faults.append("python: %r" % (got,))
    return faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--proxy", type=int, required=True)
    parser.add_argument("--origin", type=int, required=True)
    args = parser.parse_args()
    authority = "127.0.0.1:%d" % args.origin
    origin = Origin(("127.0.0.1", args.origin), Handler)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(
            lambda number: try_case(number, args, authority),
            range(len(CASES))))
    urls = ["http://%s/%d/odd" % (authority, n) for n in range(len(CASES))]
    bad = False
    for version in "--http1.1", "--http1.0":
        answers = ask_curl(args.proxy, urls, version)
        bad = bad or len(answers) != len(CASES)
        for (kind, body, _), faults, got in zip(CASES, results, answers):
            if not judge(kind, body, got):
                faults.append("curl %s: %r" % (version, got))
    for (kind, _, answer), faults in zip(CASES, results):
        bad = bad or bool(faults)
        print("%sok - %s: %s" % ("not " if faults else "", kind,
                                 repr(answer)[2:-1].replace("#", "")[:90]))
        for fault in faults:
            print("#   " + fault[:300])
    sys.exit(bad)


if __name__ == "__main__":
    main()
