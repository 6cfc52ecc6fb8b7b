#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/differ.py - what two servers make of odd requests, and netleash

  differ.py --proxy PORT --nginx PORT --apache PORT --origin PORT
            --access-log FILE

Every request of odd_requests.py is sent to both servers, and through the proxy
to an origin of ours at --origin that reads in the strictest way and answers
200. What of it the proxy forwards is sent to both servers again. The servers
say in X-Seen what they have understood: METHOD|TARGET|HOST; they must end
connections that wait for more within a second, and so must the proxy.

For each test one TAP line, without the plan:
  - what a request does to the origin is framed in one way, strictly
  - both servers understand what was forwarded in that way, and nothing else
  - where both servers agree about the client's own bytes, so does the proxy
  - every request that reached the origin was judged: it is in the access log
  - what the servers differ about was refused, or forwarded in one form
"""

import argparse
import collections
import concurrent.futures
import json
import re
import socket
import socketserver
import sys
import threading

import odd_requests

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
VALUE = rb"[^\x00-\x08\x0a-\x1f\x7f]*"
HEAD = re.compile(rb"(%s) ([!-~]+) HTTP/1\.1\r\n((?:%s: %s\r\n)*)\r\n"
                  % (TOKEN, TOKEN, VALUE))
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})\r\n")
TRAILER = re.compile(rb"(?:%s:%s\r\n)*\r\n" % (TOKEN, VALUE))
ANSWER = re.compile(rb"^HTTP/1\.[01] ([2-5]\d\d) .*?\r\n\r\n", re.M | re.S)
SEEN = re.compile(rb"^X-Seen: (.*?)\r$", re.M)
REFUSED = {400, 408, 411, 413, 414, 417, 421, 431, 500, 501, 505}
FINAL = b"GET /final HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
UNKNOWN = (b"", b"", b"")  # an answer without X-Seen
SECONDS = 20


class Loose(Exception):
    """Bytes that could be framed in another way too, and why."""


def read_chunks(data, at):
    """Return: where the body ends, or None if it goes on."""
    while True:
        size = CHUNK.match(data, at)
        if not size:
            if b"\r\n" in data[at:]:
                raise Loose("a chunk's size: %r" % data[at:at + 40])
            return None
        left = int(size[1], 16)
        at = size.end()
        if not left:
            break
        if len(data) < at + left + 2:
            return None
        if data[at + left:at + left + 2] != b"\r\n":
            raise Loose("a chunk's end")
        at += left + 2
    trailer = TRAILER.match(data, at)
    if trailer:
        return trailer.end()
    if b"\r\n\r\n" in data[at:]:
        raise Loose("a trailer: %r" % data[at:at + 80])
    return None


def read_request(data, authority):
    """Return: (method, target, host) and its length; None if it goes on."""
    head = HEAD.match(data)
    if not head:
        if b"\r\n\r\n" in data:
            raise Loose("a head: %r" % data[:200])
        return None
    fields = collections.defaultdict(list)
    for line in head[3].split(b"\r\n")[:-1]:
        name, value = line.split(b": ", 1)
        fields[name.lower()].append(value)
    if fields[b"host"] != [authority]:
        raise Loose("Host: %r" % fields[b"host"])
    lengths, codings = fields[b"content-length"], fields[b"transfer-encoding"]
    if len(lengths) + len(codings) > 1:
        raise Loose("framed twice: %r" % head[3])
    if any(name.replace(b"_", b"-") in (b"content-length", b"transfer-encoding")
           and b"_" in name for name in fields):
        raise Loose("a second framing: %r" % head[3])
    end = head.end()
    if codings:
        if codings != [b"chunked"]:
            raise Loose("a coding: %r" % codings)
        end = read_chunks(data, end)
    elif lengths:
        if not re.fullmatch(rb"0|[1-9]\d{0,18}", lengths[0]):
            raise Loose("a length: %r" % lengths)
        end += int(lengths[0])
    if end is None or end > len(data):
        return None
    return (head[1], head[2], authority.split(b":")[0]), end


class Recorder(socketserver.BaseRequestHandler):
    """The origin behind the proxy: one record for each connection."""
    records = []
    authority = b""

    def handle(self):
        record = {"bytes": b"", "whole": 0, "requests": [], "loose": None}
        self.records.append(record)
        while True:
            try:
                block = self.request.recv(65536)
            except OSError:
                return
            if not block:
                return
            record["bytes"] += block
            try:
                self.answer(record)
            except Loose as error:
                record["loose"] = str(error)
                return

    def answer(self, record):
        while True:
            found = read_request(record["bytes"][record["whole"]:],
                                 self.authority)
            if not found:
                return
            record["requests"].append(found[0])
            record["whole"] += found[1]
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                                 b"\r\n")


class Origin(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def exchange(port, data):
    """All that comes back until the other side ends the connection."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as s:
        def send():
            try:
                s.sendall(data)
            except OSError:
                pass  # it has heard enough
        sender = threading.Thread(target=send)
        sender.start()
        try:
            while True:
                block = s.recv(65536)
                if not block:
                    break
                got += block
        except ConnectionError:
            pass
        except TimeoutError:
            got += b"HANGS"
        sender.join()
    return got


def understood(answers):
    """What a server has understood: a list, which a refusal's status ends."""
    seen = []
    for answer in ANSWER.finditer(answers):
        status = int(answer[1])
        if status in REFUSED or (status == 405 and
                                 b"\r\nConnection: close\r\n" in answer[0]):
            return seen + [status]
        what = SEEN.search(answer[0])
        if not what:
            seen.append(UNKNOWN)
            continue
        method, target, host = what[1].split(b"|", 2)
        if target.startswith(method + b" "):  # Apache has the whole line
            target = target[len(method) + 1:].rsplit(b" ", 1)[0]
        target = re.sub(rb"(?i)^http://[^/?]*", b"", target) or b"/"
        if target.startswith(b"?"):
            target = b"/" + target
        seen.append((method, target, host.lower()))
    return seen


def is_whole(seen):
    return not seen or not isinstance(seen[-1], int)


def agree(one, other):
    """Both the same, as far as neither has refused to go on."""
    for a, b in zip(one, other):
        if isinstance(a, int) or isinstance(b, int):
            return True
        if a != b and UNKNOWN not in (a, b):
            return False
    return len(one) == len(other)


FAULTS = 0


def report(name, faults, note=""):
    global FAULTS
    FAULTS += bool(faults)
    print("%sok - %s%s" % ("not " if faults else "", name, note))
    for fault in faults[:20]:
        print("#   " + fault)
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    for option in ("proxy", "nginx", "apache", "origin"):
        parser.add_argument("--" + option, type=int, required=True)
    parser.add_argument("--access-log", required=True)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    authority = "127.0.0.1:%d" % args.origin
    Recorder.authority = authority.encode()
    origin = Origin(("127.0.0.1", args.origin), Recorder)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    pool = concurrent.futures.ThreadPoolExecutor(32)
    cases = list(odd_requests.requests(authority))

    def ask(port, texts):
        return list(pool.map(lambda text: exchange(port, text), texts))

    texts = [text for _, text in cases]
    answers = ask(args.proxy, texts)
    nginx = [understood(a) for a in ask(args.nginx, texts)]
    apache = [understood(a) for a in ask(args.apache, texts)]
    origin.shutdown()

    forwarded = collections.defaultdict(list)
    for record in Recorder.records:
        number = re.search(rb"/(\d+)/(?:odd|next|smuggled)", record["bytes"])
        record["case"] = int(number[1]) if number else -1
        forwarded[record["case"]].append(record)
    report("nothing hangs", [repr(name) for (name, _), answer
                             in zip(cases, answers) if b"HANGS" in answer])
    report("what reaches the origin is framed in one way",
           ["%r: %s" % (cases[r["case"]][0], r["loose"])
            for r in Recorder.records if r["loose"]],
           " (%d requests)" % sum(len(r["requests"])
                                  for r in Recorder.records))

    whole = [r for r in Recorder.records if r["requests"]]
    again = [r["bytes"][:r["whole"]] + FINAL for r in whole]
    want = [[(m, b"/" if t == b"" else t, h) for m, t, h in r["requests"]] +
            [(b"GET", b"/final", b"a")] for r in whole]
    refusals = set()
    for server, port in (("nginx", args.nginx), ("apache", args.apache)):
        faults = []
        for r, saw, wanted in zip(whole, ask(port, again), want):
            saw = understood(saw)
            if not is_whole(saw):
                refusals.add((saw[-1], cases[r["case"]][0]))
            if not agree(saw, wanted):
                faults.append("%r: forwarded %r, %s saw %r" % (
                    cases[r["case"]][0], wanted, server, saw))
        report("%s understands what was forwarded in that way" % server,
               faults)
    report("which no server refuses for its framing",
           ["%d %r" % what for what in refusals
            if what[0] not in (405, 501) and what[1] not in odd_requests.LINES],
           " (%d for their request line)" % len(refusals))

    differ, refused, alone = [], 0, []
    for number, (name, _) in enumerate(cases):
        got = [q for r in forwarded[number] for q in r["requests"]]
        one, other = nginx[number], apache[number]
        if one == other and is_whole(one):
            if not agree(got, one[:len(got)]):
                alone.append("%r: both %r, the proxy %r" % (name, one, got))
        elif one != other:
            differ.append(name)
            if b"X-Netleash-Reason" in answers[number]:
                refused += 1
            elif args.verbose:
                print("# %d %r is forwarded" % (number, name))
        if args.verbose:
            print("# %d %r\n#   nginx  %r\n#   apache %r\n#   origin %r" % (
                number, name, one, other, got))
    report("where both servers agree the proxy understands the same", alone)
    report("there is something that the servers differ about",
           [] if len(differ) > 30 else [repr(differ)],
           " (%d of %d cases, %d refused)" % (len(differ), len(cases),
                                              refused))

    judged = collections.Counter()
    with open(args.access_log, encoding="utf-8", errors="replace") as log:
        for line in map(json.loads, log):
            if line.get("decision") == "allow":
                judged[line["method"], line["path"]] += 1
    reached = collections.Counter(  # of a method a line has 32 bytes
        (m.decode()[:32], t.decode().split("?")[0])
        for r in Recorder.records for m, t, _ in r["requests"] if t != b"*")
    report("every request that reached the origin was judged",
           ["%r" % (what,) for what in reached - judged])
    sys.exit(FAULTS > 0)


if __name__ == "__main__":
    main()
