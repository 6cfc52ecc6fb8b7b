#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/kills.py - kill -9 of netleash's processes, at random moments

  kills.py kill COUNT SEED DIR NETLEASH CHILD...
  kills.py collect FILE INTERFACE
  kills.py listen FILE PORT

kill:    COUNT runs of CHILD, in each isolation by turns; in each, at a random
         moment, one or two random processes of netleash get SIGKILL. What is
         left then is looked at, and one JSON object is printed at the end.
         Everything that dies on the way comes to us, the subreaper.
collect: every IP packet that arrives at INTERFACE, but for the neighbour
         discovery of the kernel itself, is a line in FILE.
listen:  every connection and datagram that reaches PORT on loopback likewise.
"""

import ctypes
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
LEASES = "/run/netleash/leases"
# From the first of netleash's system calls to well after CMD's first fork.
WINDOW_SECONDS = 0.17
PLACE_SECONDS = 0.003
GONE_SECONDS = 3.0
CALLER = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"]
ISOLATIONS = [("firewall", [], "firewall"), ("netns", [], "netns"),
              ("netns-user", CALLER, "netns")]


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def name_of(pid):
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().strip()
    except OSError:
        return ""


def victims_of(main):
    """[(kind, pid)] of everything that the run consists of right now."""
    found = [("main", main)]
    for init in children(main):
        found.append(("init", init))
        # CMD first; then the orphans that came to init.
        for i, child in enumerate(children(init)):
            kind = "descendant"
            if i == 0:
                kind = "place" if name_of(child).startswith("netleash") \
                    else "command"
            found.append((kind, child))
            todo = children(child)
            while todo:
                pid = todo.pop()
                found.append(("descendant", pid))
                todo += children(pid)
    return found


def alive(mark):
    """Processes with @mark in their command line, but for us."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if mark in words and int(pid) != os.getpid():
            found.append(int(pid))
    return found


def reap():
    """Takes every ended child. Returns {pid: status}."""
    ended = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            break
        ended[pid] = os.waitstatus_to_exitcode(status)
    return ended


def lease_names():
    names = set()
    try:
        for place in os.listdir(LEASES):
            with open(os.path.join(LEASES, place)) as f:
                names.add(f.read(13))
    except OSError:
        pass
    return names - {""}


class Killer:
    def __init__(self, count, seed, folder, netleash, child):
        self.count, self.folder = count, folder
        self.netleash, self.child = netleash, child
        self.random = random.Random(seed)
        self.kills = {}
        self.window = WINDOW_SECONDS
        self.faults = []
        self.runs = set()
        self.slowest = 0.0
        self.status = {}

    def fault(self, number, text):
        self.faults.append("run %d: %s" % (number, text))

    def start(self, number):
        isolation, prefix, option = ISOLATIONS[number % len(ISOLATIONS)]
        self.mark = "mark%d-%d" % (os.getpid(), number)
        words = prefix + [self.netleash, "run", "--quiet", "-c",
                          os.path.join(self.folder, "conf"),
                          "--isolation", option, "--"]
        words += [self.mark if w == "MARK" else w for w in self.child]
        with open(os.path.join(self.folder, "attempts"), "ab") as out, \
                open(os.path.join(self.folder, "stderr"), "ab") as err:
            run = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=err)
        return isolation, run.pid

    def wait(self, main):
        """Every third run dies while CMD's place is being made: it is short,
        and a moment of all that there are would seldom hit it."""
        if self.random.random() >= 0.33:
            time.sleep(self.random.random() * self.window)
            return
        end = time.monotonic() + 1
        while time.monotonic() < end:
            if any(children(init) for init in children(main)):
                break
        time.sleep(self.random.random() * PLACE_SECONDS)

    def choose(self, main):
        """One class first, or the many descendants would be all that dies."""
        found = victims_of(main)
        kind = self.random.choice(sorted({kind for kind, _ in found}))
        victims = [self.random.choice([v for v in found if v[0] == kind])]
        if self.random.random() < 0.2:
            victims.append(self.random.choice(found))
        return list(dict.fromkeys(victims))

    def kill(self, isolation, victim):
        kind, pid = victim
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        key = "%s %s" % (isolation, kind)
        self.kills[key] = self.kills.get(key, 0) + 1
        return True

    def wait_until_gone(self, number, main):
        """No child of ours, and nobody with the mark: both, or a fault."""
        start = time.monotonic()
        status = None
        while True:
            ended = reap()
            status = ended.get(main, status)
            if status is not None and not children(os.getpid()) and \
                    not alive(self.mark.encode()):
                break
            if time.monotonic() - start > GONE_SECONDS:
                left = alive(self.mark.encode()) + children(os.getpid())
                self.fault(number, "still there: %s" % sorted(
                    (p, name_of(p)) for p in set(left)))
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.1)
                reap()
                break
            time.sleep(0.001)
        self.slowest = max(self.slowest, time.monotonic() - start)
        return status

    def one(self, number):
        isolation, main = self.start(number)
        self.wait(main)
        victims = self.choose(main)
        killed = {v[0] for v in victims if self.kill(isolation, v)}
        if not killed & {"main", "init", "place", "command"}:
            # Losing one of its many children does not end a run.
            time.sleep(0.01)
            self.kill(isolation, ("main", main))
            killed.add("main")
        self.runs |= lease_names()
        status = self.wait_until_gone(number, main)
        wanted = {-9} if "main" in killed else {125, 137}
        if status not in wanted and not (killed == {"main"} and
                                         status in wanted | {125, 137}):
            self.fault(number, "%s of %s: exit status %s" % (
                sorted(killed), isolation, status))
        self.status[str(status)] = self.status.get(str(status), 0) + 1

    def attempts(self):
        return os.path.getsize(os.path.join(self.folder, "attempts"))

    def find_window(self):
        """How long a run takes here until its child tries: a third of the
        moments lie before that, whatever else the machine is doing."""
        begun = time.monotonic()
        _, main = self.start(0)
        while self.attempts() == 0 and time.monotonic() - begun < 10:
            time.sleep(0.001)
        self.window = max(WINDOW_SECONDS, 3 * (time.monotonic() - begun))
        os.kill(main, signal.SIGKILL)
        self.wait_until_gone(0, main)

    def run(self):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.find_window()
        self.slowest = 0.0
        start = time.monotonic()
        number = 0
        while sum(self.kills.values()) < self.count:
            self.one(number)
            number += 1
        print(json.dumps({
            "kills": sum(self.kills.values()), "runs": number,
            "by": self.kills, "status": self.status,
            "faults": self.faults, "names": sorted(self.runs),
            "slowest_ms": int(self.slowest * 1000),
            "seconds": int(time.monotonic() - start)}))


def is_noise(kind, packet):
    """ARP, and what the kernel says by itself about IPv6 neighbours."""
    if kind == 0x0800:
        return False
    if kind != 0x86dd:
        return True
    after = packet[6]
    at = 40
    if after == 0:  # hop-by-hop, as in a listener report
        after, at = packet[40], 40 + 8 * (packet[41] + 1)
    return after == 58 and packet[at] in (133, 134, 135, 136, 143)


def collect(path, interface):
    every = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                          socket.htons(3))
    every.bind((interface, 0))
    with open(path, "w", buffering=1) as log:
        log.write("ready\n")
        while True:
            packet, (_, kind, direction, _, _) = every.recvfrom(2048)
            if direction == 4 or is_noise(kind, packet):
                continue  # 4 is what we send ourselves
            log.write("packet %04x %s\n" % (kind, packet[:48].hex()))


def listen(path, port):
    sockets = []
    for family, address in ((socket.AF_INET, "127.0.0.1"),
                            (socket.AF_INET6, "::1")):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            s = socket.socket(family, kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, port))
            if kind == socket.SOCK_STREAM:
                s.listen(100)
            sockets.append(s)
    with open(path, "w", buffering=1) as log:
        log.write("ready\n")
        while True:
            for s in select.select(sockets, [], [])[0]:
                if s.type == socket.SOCK_STREAM:
                    connection, peer = s.accept()
                    connection.close()
                else:
                    _, peer = s.recvfrom(100)
                log.write("reached by %s\n" % (peer,))


if sys.argv[1] == "kill":
    Killer(int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5],
           sys.argv[6:]).run()
elif sys.argv[1] == "collect":
    collect(sys.argv[2], sys.argv[3])
else:
    listen(sys.argv[2], int(sys.argv[3]))
