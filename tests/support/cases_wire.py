#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/cases_wire.py - the policy's required cases, over real sockets

  cases_wire.py NETLEASH CASES-HEADER FOLDER

Reads the rows of tests/unit/cases.h, starts `netleash proxy` with their conf
and a DNS server with their addresses, and asks for its target by CONNECT, by
plain HTTP and by SOCKS5. Prints a TAP line a row, without the plan. The caller
sees to it that whatever is allowed can be reached.
"""

import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import threading

import fake_dns

ROW = re.compile(r'\{ "(.*?)",\s+"(.*?)", "(.*?)", "(.*?)", '
                 r'(ALLOWED|REFUSED|MALFORMED), "(.*?)" \}')
STATUS = {"ALLOWED": 200, "REFUSED": 403, "MALFORMED": 400}
# RFC 1928; 2 stands for every reason of policy.
REPLY = {"ALLOWED": 0, "REFUSED": 2, "MALFORMED": 1}
SECONDS = 20
EARLY = ("not-allowed", "denied", "port", "method", "path",
         "inspection-required")


class Row:
    def __init__(self, conf, target, method, addresses, answer, reason):
        self.conf = [line.strip() for line in conf.split(";")]
        self.target, self.method = target, method
        self.addresses = addresses.split(", ") if addresses else []
        self.answer = answer
        self.reason = "malformed" if answer == "MALFORMED" else reason
        scheme, found, rest = target.partition("://")
        self.scheme = scheme if found else ""
        self.authority, slash, path = (rest if found else target).partition("/")
        self.path = slash + path
        if found and not re.search(r":\d+$", self.authority):
            self.authority += ":443" if self.scheme == "https" else ":80"
        host, _, port = self.authority.rpartition(":")
        self.host = host.strip("[]") if host.endswith("]") else host
        self.port = int(port) if port.isdigit() and int(port) < 65536 else None

    def name(self):
        return "%s | %s %s %s" % (" ; ".join(self.conf), self.method,
                                  self.target, ",".join(self.addresses))

    def is_early(self):
        """It is judged before its name is looked up."""
        return self.answer == "MALFORMED" or self.reason in EARLY

    def by_connect(self):
        """The answer and reason of a tunnel, which shows no method."""
        if self.method:
            return "REFUSED", "inspection-required"
        return self.answer, self.reason


def zone_of(row):
    lines = ["* A 0 151.101.1.69"]
    if row.addresses:
        host = row.host.rstrip(".").lower()
        for kind, mark in (("A", False), ("AAAA", True)):
            some = [a for a in row.addresses if (":" in a) == mark]
            if some:
                lines.append("%s %s 0 %s" % (host, kind, " ".join(some)))
    return "\n".join(lines) + "\n"


def http(port, words):
    """Return: the status, and the reason of a refusal."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as s:
        s.sendall(words.encode())
        got = b""
        while b"\r\n\r\n" not in got:
            block = s.recv(65536)
            if not block:
                break
            got += block
    status = re.match(rb"HTTP/1\.1 (\d+) ", got)
    reason = re.search(rb"\r\nX-Netleash-Reason: (\S+)\r\n", got)
    return (int(status[1]) if status else repr(got),
            reason[1].decode() if reason else "")


def socks(port, kind, host, far):
    with socket.create_connection(("127.0.0.1", port), SECONDS) as s:
        s.sendall(b"\5\1\0")
        f = s.makefile("rb")
        if f.read(2) != b"\5\0":
            return "no greeting"
        if kind == 3:
            name = host.encode()
            host = bytes([len(name)]) + name
        s.sendall(b"\5\1\0" + bytes([kind]) + host + far.to_bytes(2, "big"))
        reply = f.read(2)
        return reply[1] if len(reply) == 2 else "no reply"


def packed(host):
    """Ways to say a host in SOCKS5: by name, and as the address it is."""
    if ":" not in host:
        yield 3, host
    for kind, family in ((1, socket.AF_INET), (4, socket.AF_INET6)):
        try:
            yield kind, socket.inet_pton(family, host)
        except (OSError, UnicodeError):
            pass


def try_row(row, port):
    """Return: what was not as it must be."""
    faults = []

    def want(way, got, wanted):
        if got != wanted:
            faults.append("%s: %r, not %r" % (way, got, wanted))

    answer, reason = row.by_connect()
    want("CONNECT", http(port, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (
        row.authority, row.authority)), (STATUS[answer], reason))
    if row.port is not None:
        for kind, host in packed(row.host):
            want("SOCKS5 %d" % kind, socks(port, kind, host, row.port),
                 REPLY[answer])
    if row.method and row.scheme == "https":
        return faults  # no plain request has this target
    words = (row.method or "GET", row.authority, row.path or "/", row.authority)
    want("plain", http(port, "%s http://%s%s HTTP/1.1\r\nHost: %s\r\n\r\n" %
                       words), (STATUS[row.answer], row.reason))
    if row.scheme == "https":
        status = 501 if row.answer == "ALLOWED" else STATUS[row.answer]
        want("https URL", http(port, "%s https://%s%s HTTP/1.1\r\nHost: %s\r\n"
                               "\r\n" % words),
             (status, "unsupported" if status == 501 else row.reason))
    return faults


class Proxy:
    def __init__(self, netleash, row, folder):
        conf = os.path.join(folder, "conf")
        with open(conf, "w", encoding="utf-8") as file:
            file.write("\n".join(row.conf + [
                "listen 127.0.0.1:0", "resolver 127.0.0.1"]) + "\n")
        self.child = subprocess.Popen([netleash, "proxy", "-c", conf],
                                      stdout=subprocess.PIPE)
        ready = self.child.stdout.readline().decode()
        if not ready.startswith("ready "):
            raise SystemExit("no proxy for: " + row.name())
        self.port = int(ready.rsplit(":", 1)[1])

    def __enter__(self):
        return self.port

    def __exit__(self, *_):
        for _ in range(2):  # the second does not wait for what is open
            self.child.send_signal(signal.SIGTERM)
        self.child.wait()
        self.child.stdout.close()


def answer_loopback():
    """The origin of the rows that name 127.0.0.1."""
    listener = socket.create_server(("127.0.0.1", 5000))
    while True:
        s, _ = listener.accept()
        s.recv(4096)
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        s.close()


def main():
    netleash, header, folder = sys.argv[1:]
    zone, log = os.path.join(folder, "zone.row"), os.path.join(folder, "asked")
    with open(header, encoding="utf-8") as file:
        text = file.read()
    rows = [Row(*found) for found in ROW.findall(text)]
    written = text[:text.index("conf_error_case")].count("\n\t{ ")
    print("%sok - all %d rows were read" % (
        "" if len(rows) == written > 0 else "not ", written))
    with open(zone, "w", encoding="utf-8") as file:
        file.write(zone_of(rows[0]))
    server = fake_dns.Server(zone, log)
    udp, tcp = fake_dns.bind("127.0.0.1:53")
    for target, args in ((server.serve_udp, (udp,)), (server.serve_tcp, (tcp,)),
                         (answer_loopback, ())):
        threading.Thread(target=target, args=args, daemon=True).start()
    bad = len(rows) != written
    # What was asked for stays in the proxy's cache for a while.
    for _, group in itertools.groupby(rows, lambda row: (row.conf,
                                                         row.addresses)):
        group = list(group)
        with open(zone, "w", encoding="utf-8") as file:
            file.write(zone_of(group[0]))
        server.load()
        with Proxy(netleash, group[0], folder) as port:
            for row in group:
                before = os.path.getsize(log)
                faults = try_row(row, port)
                if os.path.getsize(log) > before and row.is_early():
                    faults.append("a name was looked up")
                bad = bad or bool(faults)
                print("%sok - %s" % ("not " if faults else "", row.name()))
                for fault in faults:
                    print("#   " + fault)
    sys.exit(bad)


if __name__ == "__main__":
    main()
