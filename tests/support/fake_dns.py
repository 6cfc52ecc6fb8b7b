#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/fake_dns.py - a DNS server that answers as a script tells it

  fake_dns.py --listen ADDR:PORT [--listen [V6]:PORT ...] --zone FILE
              --log FILE [--ready-file FILE | --ready-fd FD]

It speaks UDP and TCP on every --listen address. When all of them are open it
writes "ready\n" to the ready file (which appears whole, by rename) or to the
descriptor, which it closes. SIGHUP reads the zone again, SIGTERM and SIGINT
end it.

The log gets one line a query, "TYPE NAME", lower-case name without the last
dot, written and flushed before the query is answered, so a test that has its
answer can trust that a name which is not there was never asked. A query over
TCP is logged like one over UDP.

The zone, one record or directive a line, "#" comments:

  NAME A|AAAA TTL ADDRESS...          one record an address
  NAME A|AAAA TTL @sequence ADDRESS...  the first query of this type gets the
                                      first address, the next the second...,
                                      the last one stays: DNS rebinding
  NAME CNAME TTL TARGET               followed inside the zone
  NAME TXT TTL WORD...
  NAME delay MS [TYPE]                answer that much later
  NAME drop [TYPE]                    never answer
  NAME servfail|refused|nxdomain [TYPE]
  NAME nodata [TYPE]                  no error, no record
  NAME truncate [TYPE]                UDP answers are empty with the TC bit,
                                      the records come over TCP
  NAME garbage [TYPE]                 the right id, then bytes of no meaning
  NAME wrongid [TYPE]                 a good answer under another id
  NAME wrongname [TYPE]               records that belong to another name
  NAME loop [TYPE]                    a compression pointer to itself

TYPE limits a directive to that type of query. NAME may be "*.example.test",
which matches every name below it, and "*", which matches every name; the most
exact one wins, whole: a name with lines of its own takes none of a wildcard's.
Names that match nothing get NXDOMAIN; a name without records of the type asked
gets an empty answer. Negative answers carry a SOA with a TTL of 60.
"""

import argparse
import ipaddress
import os
import signal
import socket
import struct
import sys
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15,
         "TXT": 16, "AAAA": 28, "SRV": 33, "SVCB": 64, "HTTPS": 65,
         "ANY": 255}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
RECORDS = ("A", "AAAA", "CNAME", "TXT")
FLAGS = ("drop", "servfail", "refused", "nxdomain", "nodata", "truncate",
         "garbage", "wrongid", "wrongname", "loop")
RCODES = {"servfail": 2, "nxdomain": 3, "refused": 5}
UDP_MAX = 512
CNAMES_MAX = 16


class Entry:
    """All that the zone says about one name."""

    def __init__(self):
        self.records = {}    # type -> (ttl, values, is_sequence)
        self.flags = {}      # directive -> set of types, None in it: all
        self.delays = {}     # type or None -> seconds
        self.asked = {}      # type -> how often, for sequences

    def has(self, flag, qtype):
        types = self.flags.get(flag, ())
        return None in types or qtype in types


def plain(name):
    return name.lower().rstrip(".")


def parse_address(kind, word):
    address = ipaddress.ip_address(word)
    if address.version != (4 if kind == "A" else 6):
        raise ValueError("%s is not of type %s" % (word, kind))
    return address.packed


def parse_record(entry, kind, words):
    ttl, values = int(words[0]), words[1:]
    sequence = bool(values) and values[0] == "@sequence"
    if sequence:
        values = values[1:]
    if not values:
        raise ValueError("no value")
    if kind in ("A", "AAAA"):
        values = [parse_address(kind, word) for word in values]
    elif kind == "CNAME":
        values = [plain(values[0])]
    else:
        values = [bytes([len(word)]) + word.encode() for word in values]
    if kind in entry.records and not sequence:
        values = entry.records[kind][1] + values
    entry.records[kind] = (ttl, values, sequence)


def parse_zone(text):
    zone = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        try:
            entry = zone.setdefault(plain(words[0]), Entry())
            what, rest = words[1], words[2:]
            if what in RECORDS:
                parse_record(entry, what, rest)
            elif what == "delay":
                kind = rest[1].upper() if len(rest) > 1 else None
                entry.delays[kind] = int(rest[0]) / 1000
            elif what in FLAGS:
                kind = rest[0].upper() if rest else None
                entry.flags.setdefault(what, set()).add(kind)
            else:
                raise ValueError("unknown word " + what)
        except (IndexError, ValueError) as error:
            raise SystemExit("zone line %d: %s: %s"
                             % (number, line.strip(), error))
    return zone


def find(zone, name):
    if name in zone:
        return zone[name]
    labels = name.split(".")
    for i in range(1, len(labels)):
        wild = "*." + ".".join(labels[i:])
        if wild in zone:
            return zone[wild]
    return zone.get("*")


def pack_name(name):
    out = b""
    for label in name.split("."):
        if label:
            out += bytes([len(label)]) + label.encode("latin-1")
    return out + b"\0"


def pack_record(name, kind, ttl, data):
    return pack_name(name) + struct.pack("!HHIH", TYPES[kind], 1, ttl,
                                         len(data)) + data


def parse_query(packet):
    """(id, flags, name, type, question bytes), or None."""
    if len(packet) < 17:
        return None
    ident, flags, questions = struct.unpack("!HHH", packet[:6])
    if flags & 0x8000 or questions != 1:
        return None
    labels, at = [], 12
    while True:
        if at >= len(packet):
            return None
        n = packet[at]
        if n == 0:
            break
        if n > 63 or at + 1 + n > len(packet):
            return None
        labels.append(packet[at + 1:at + 1 + n].decode("latin-1"))
        at += 1 + n
    if at + 5 > len(packet):
        return None
    kind = struct.unpack("!H", packet[at + 1:at + 3])[0]
    return (ident, flags, plain(".".join(labels)),
            TYPE_NAMES.get(kind, "TYPE%d" % kind), packet[12:at + 5])


class Server:
    def __init__(self, zone_path, log_path):
        self.zone_path = zone_path
        self.log = open(log_path, "a", encoding="latin-1")
        self.lock = threading.Lock()
        self.load()

    def load(self):
        with open(self.zone_path, encoding="utf-8") as file:
            zone = parse_zone(file.read())
        with self.lock:
            self.zone = zone

    def values(self, entry, kind):
        """Records of one type; a sequence moves on. Under the lock."""
        if kind not in entry.records:
            return 0, []
        ttl, values, sequence = entry.records[kind]
        if sequence:
            turn = entry.asked.get(kind, 0)
            entry.asked[kind] = turn + 1
            values = [values[min(turn, len(values) - 1)]]
        return ttl, values

    def collect(self, entry, name, kind):
        """Wire records for the answer section. Under the lock."""
        out = []
        for _ in range(CNAMES_MAX):
            ttl, values = self.values(entry, kind)
            if kind == "TXT" and values:
                values = [b"".join(values)]
            out += [pack_record(name, kind, ttl, v) for v in values]
            if values or "CNAME" not in entry.records or kind == "CNAME":
                break
            ttl, targets = self.values(entry, "CNAME")
            out.append(pack_record(name, "CNAME", ttl, pack_name(targets[0])))
            name = targets[0]
            entry = find(self.zone, name)
            if entry is None:
                break
        return out

    def answer(self, packet, is_udp):
        """(seconds to wait, reply or None)"""
        query = parse_query(packet)
        if query is None:
            return 0, None
        ident, flags, name, kind, question = query
        with self.lock:
            self.log.write("%s %s\n" % (kind, name))
            self.log.flush()
            entry = find(self.zone, name)
            if entry is None:
                entry = Entry()
                entry.flags["nxdomain"] = {None}
            wait = entry.delays.get(kind, entry.delays.get(None, 0))
            if entry.has("drop", kind):
                return 0, None
            if entry.has("garbage", kind):
                return wait, struct.pack("!H", ident) + b"\x85\xff" * 20
            owner = "other.invalid" if entry.has("wrongname", kind) else name
            cut = is_udp and entry.has("truncate", kind)
            rcode = 0
            for flag, code in RCODES.items():
                if entry.has(flag, kind):
                    rcode = code
            records = []
            if not (cut or rcode or entry.has("nodata", kind)):
                records = self.collect(entry, owner, kind)
            if entry.has("wrongid", kind):
                ident ^= 0x5555
        authority = b""
        if not records and not cut and rcode in (0, 3):
            soa = pack_name("ns.invalid") * 2 + struct.pack(
                "!IIIII", 1, 60, 60, 60, 60)
            authority = pack_record("", "SOA", 60, soa)
        body = b"".join(records)
        if entry.has("loop", kind):
            # The owner's name is a pointer to that very pointer.
            at = 12 + len(question)
            body = struct.pack("!HHHIH", 0xc000 | at, TYPES["A"], 1, 60, 4)
            body += b"\x5d\xb8\xd8\x22"
            records, authority = [body], b""
        if is_udp and 12 + len(question) + len(body) + len(authority) > UDP_MAX:
            cut, records, body, authority = True, [], b"", b""
        out_flags = 0x8080 | (flags & 0x0100) | rcode | (0x0200 if cut else 0)
        head = struct.pack("!HHHHHH", ident, out_flags, 1, len(records),
                           1 if authority else 0, 0)
        return wait, head + question + body + authority

    def on_datagram(self, sock, packet, peer):
        wait, reply = self.answer(packet, True)
        if reply is not None:
            time.sleep(wait)
            sock.sendto(reply, peer)

    def serve_udp(self, sock):
        while True:
            packet, peer = sock.recvfrom(65535)
            threading.Thread(target=self.on_datagram, daemon=True,
                             args=(sock, packet, peer)).start()

    def serve_stream(self, sock):
        def read(n):
            out = b""
            while len(out) < n:
                more = sock.recv(n - len(out))
                if not more:
                    raise EOFError
                out += more
            return out

        with sock:
            try:
                while True:
                    packet = read(struct.unpack("!H", read(2))[0])
                    wait, reply = self.answer(packet, False)
                    if reply is not None:
                        time.sleep(wait)
                        sock.sendall(struct.pack("!H", len(reply)) + reply)
            except (EOFError, OSError):
                pass

    def serve_tcp(self, listener):
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=self.serve_stream, daemon=True,
                             args=(sock,)).start()


def bind(text):
    """Both sockets of one --listen."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = []
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        sock = socket.socket(family, kind)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, int(port)))
        made.append(sock)
    made[1].listen(64)
    return made


def say_ready(options):
    if options.ready_file:
        with open(options.ready_file + ".new", "w", encoding="ascii") as file:
            file.write("ready\n")
        os.rename(options.ready_file + ".new", options.ready_file)
    if options.ready_fd is not None:
        os.write(options.ready_fd, b"ready\n")
        os.close(options.ready_fd)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", action="append", required=True)
    parser.add_argument("--zone", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--ready-file")
    parser.add_argument("--ready-fd", type=int)
    options = parser.parse_args()

    server = Server(options.zone, options.log)
    for text in options.listen:
        udp, tcp = bind(text)
        for target, sock in ((server.serve_udp, udp), (server.serve_tcp, tcp)):
            threading.Thread(target=target, args=(sock,),
                             daemon=True).start()

    def on_hangup(_number, _frame):
        # A zone with an error must not take the server down.
        try:
            server.load()
        except (SystemExit, OSError) as error:
            print(error, file=sys.stderr, flush=True)

    signal.signal(signal.SIGHUP, on_hangup)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    say_ready(options)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
