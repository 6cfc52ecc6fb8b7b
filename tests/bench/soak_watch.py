# SPDX-License-Identifier: MIT
"""
tests/bench/soak_watch.py - what the soak sees: the log, the daemon, figures

Invariants: a good transfer and a line of the log are one to one. A line is a
            transfer's by its client, its target and its time: its request
            began while the transfer lasted. What the log says was dropped may
            be missing, and nothing else; the sum of what is there and what is
            missing is what the daemon says that it did.
"""

import collections
import datetime
import http.client
import json
import os
import re
import socket
import subprocess
import threading
import time

import soak_load as load
import soak_wire as wire

# The origins: one that stays, and one that is killed and comes again.
ADDRESSES = ("93.184.216.34", "93.184.216.35")
SOCKET = "/run/netleash/control.sock"
SLOP = 0.02  # seconds: two clocks, in milliseconds
FAULTS_MAX = 20


def until(seconds, function):
    end = time.monotonic() + seconds
    while not function():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


class Faults:
    """What is not as it should be, each kind a few times."""

    def __init__(self):
        self.lock = threading.Lock()
        self.said = []
        self.n = 0

    def add(self, sentence):
        with self.lock:
            self.n += 1
            if len(self.said) < FAULTS_MAX:
                self.said.append(sentence)


class Windows:
    """Times in which the good may be refused, and are told so."""

    def __init__(self):
        self.lock = threading.Lock()
        self.all = []

    def open(self):
        window = [time.time(), float("inf")]
        with self.lock:
            self.all.append(window)
        return window

    @staticmethod
    def close(window, after):
        window[1] = time.time() + after

    def has(self, began, ended):
        with self.lock:
            return any(began <= end and ended >= start
                       for start, end in self.all)


class Ledger:
    def __init__(self, faults, windows, caller):
        self.faults = faults
        self.windows = windows
        self.caller = caller
        self.lock = threading.Lock()
        self.records = collections.defaultdict(list)
        self.lines = collections.defaultdict(list)
        self.kinds = collections.Counter()
        self.matched = 0
        self.excused = 0
        self.good_got = self.good_sent = 0
        self.file_n = self.file_dropped = self.fragments = 0
        self.stream_n = self.stream_dropped = 0
        self.bytes_in = self.bytes_out = 0
        self.decisions = collections.Counter()
        self.balance = {}

    # --- transfers

    def add_record(self, record, in_run):
        with self.lock:
            if record.error and not self.windows.has(record.began,
                                                     record.ended):
                self.faults.add("%s%s to %s failed: %s" % (
                    "in a run: " if in_run else "", record.kind,
                    record.target, record.error))
            elif record.error:
                self.excused += 1
            else:
                self.kinds[record.kind + (", in a run" if in_run else "")] += 1
                self.good_got += record.got
                self.good_sent += record.sent
        self.place(record, in_run)

    def place(self, record, in_run):
        if record.client is None:
            return
        with self.lock:
            for line in self.lines[record.client]:
                if self.is_same(record, line):
                    self.lines[record.client].remove(line)
                    self.match(record, in_run, line)
                    return
            self.records[record.client].append((record, in_run))

    def expect_refusal(self, record):
        """It has a line, which allows nothing."""
        self.place(record, True)

    @staticmethod
    def is_same(record, line):
        return (line["target"] == record.target and
                line["path"] == record.path or
                line["target"] is None and record.error) and \
            record.began - SLOP <= line["began"] <= record.ended + SLOP

    def match(self, record, in_run, line):
        self.matched += 1
        if (line["run"] is not None) != in_run or \
                (in_run and line.get("caller") != self.caller):
            self.faults.add("a line names another run or caller: %r" % line)
        if record.error:
            return
        if line["decision"] != "allow" or \
                (line["bytes_in"], line["bytes_out"]) != \
                (record.got, record.sent):
            self.faults.add("%s to %s had %d and %d bytes, its line says %r" %
                            (record.kind, record.target, record.got,
                             record.sent, line))

    def unmatched(self):
        """How many good transfers have no line, and lines no transfer."""
        with self.lock:
            return (sum(not r.error for rs in self.records.values()
                        for r, _ in rs),
                    [line for ls in self.lines.values() for line in ls])

    # --- lines

    def parse(self, text):
        """Return: an object, or None. One that follows a torn one on the same
        line counts."""
        try:
            return json.loads(text)
        except ValueError:
            pass
        self.fragments += 1
        at = text.rfind('{"time":')
        if at > 0:
            try:
                entry = json.loads(text[at:])
            except ValueError:
                return None
            self.faults.add("a line stands behind a torn one: %s" % text[:200])
            return entry
        return None

    def add_line(self, text):
        """A line of the log's file."""
        with self.lock:
            line = self.parse(text)
            if line is None:
                return
            if "dropped" in line:
                self.file_dropped += line["dropped"]
                return
            self.file_n += 1
            self.add_bytes(line)
            self.weigh(text, line, 1)
            self.decisions[line["reason"]] += 1
            end = datetime.datetime.fromisoformat(
                line["time"].replace("Z", "+00:00")).timestamp()
            line["began"] = end - line["ms"] / 1000
            host = (line["target"] or "").rpartition(":")[0]
            if line["client"].startswith(load.GOOD + ":") or \
                    (line["run"] and host not in ("", "victim.example")):
                self.find_record(line)

    def find_record(self, line):
        mine = self.records[line["client"]]
        for pair in mine:
            if self.is_same(pair[0], line):
                mine.remove(pair)
                self.match(*pair, line)
                return
        self.lines[line["client"]].append(line)

    def add_bytes(self, line):
        self.bytes_in += line["bytes_in"]
        self.bytes_out += line["bytes_out"]

    def add_stream_line(self, text):
        """The same, from the live log; it may have what the file has not."""
        with self.lock:
            line = json.loads(text)
            if "target" not in line:
                self.stream_dropped += line["dropped"]
                return
            self.stream_n += 1
            self.weigh(text, line, -1)

    def weigh(self, text, line, n):
        """Lines that stand in one of both; text, since two can be the same."""
        weight = self.balance.get(text, (0, 0, 0))[0] + n
        if weight:
            self.balance[text] = (weight, line["bytes_in"], line["bytes_out"])
        else:
            del self.balance[text]

    def add_what_only_the_stream_has(self):
        """Return: how many lines that are, whose bytes count from now on."""
        n = 0
        with self.lock:
            for weight, got, sent in self.balance.values():
                if weight < 0:
                    n -= weight
                    self.bytes_in -= weight * got
                    self.bytes_out -= weight * sent
        return n

    def forget(self, before):
        """Transfers that failed may have no line, and never will."""
        with self.lock:
            for client in list(self.records):
                self.records[client] = [
                    pair for pair in self.records[client]
                    if not pair[0].error or pair[0].ended > before]
                if not self.records[client]:
                    del self.records[client]
            for client in [c for c, ls in self.lines.items() if not ls]:
                del self.lines[client]


class LogFile:
    """Follows the log's file over its rotations."""

    def __init__(self, path, ledger):
        self.path = path
        self.ledger = ledger
        self.lock = threading.Lock()
        self.file = open(path, "rb")
        self.tail = b""

    def read(self):
        with self.lock:
            while True:
                data = self.file.read(1 << 16)
                if not data:
                    return
                whole = (self.tail + data).split(b"\n")
                self.tail = whole.pop()
                for line in whole:
                    if line:
                        self.ledger.add_line(line.decode("utf-8", "replace"))

    def reopen(self):
        """Nobody writes to the old one any more."""
        self.read()
        with self.lock:
            if self.tail:
                self.ledger.fragments += 1
            self.tail = b""
            self.file.close()
            self.file = open(self.path, "rb")


class Control(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)


def ask(path, method, target, body=None):
    """Return: (status, text)."""
    connection = Control(path)
    try:
        connection.request(method, target, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def status(path):
    code, text = ask(path, "GET", "/v1/status")
    if code != 200:
        raise OSError("status: %d %s" % (code, text))
    return json.loads(text)


def follow_stream(path, ledger, streams):
    """The live log to the ledger, until the daemon ends it."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    sock.sendall(b"GET /v1/log HTTP/1.1\r\nHost: a\r\n\r\n")
    stream = wire.Stream(sock)
    if wire.head_of(stream) is None:
        return
    streams.set()
    try:
        while True:
            ledger.add_stream_line(stream.line().decode("utf-8", "replace"))
    except (wire.Failure, OSError):
        pass
    finally:
        streams.clear()


# --- figures ------------------------------------------------------------------

def read(path):
    with open(path, "r", errors="replace") as file:
        return file.read()


def stat_of(pid):
    """(name, parent, start), or None."""
    try:
        text = read("/proc/%s/stat" % pid)
    except OSError:
        return None
    name, _, rest = text.partition("(")[2].rpartition(")")
    words = rest.split()
    return name, int(words[1]), int(words[19])


def is_ours(pid):
    """In our network: others may have runs of their own on this machine."""
    try:
        return os.readlink("/proc/%d/ns/net" % pid) == \
            os.readlink("/proc/self/ns/net")
    except OSError:
        return False


def processes():
    """pid -> (name, parent, start)"""
    found = {}
    for pid in os.listdir("/proc"):
        stat = stat_of(pid) if pid.isdigit() else None
        if stat:
            found[int(pid)] = stat
    return found


def memory_of(pid):
    """KiB: (rss, pss, anonymous)"""
    text = read("/proc/%d/smaps_rollup" % pid)
    return tuple(int(re.search(r"^%s:\s+(\d+)" % name, text, re.M).group(1))
                 for name in ("Rss", "Pss", "Anonymous"))


def descriptors_of(pid):
    """How many that are no pipes, and pipes: what moves bulk keeps its own,
    a bounded number, from the first use on."""
    kinds = collections.Counter()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            kinds[os.readlink("/proc/%d/fd/%s" % (pid, fd))[:5]] += 1
        except OSError:
            pass  # closed by now
    return sum(kinds.values()) - kinds["pipe:"], kinds["pipe:"]


def cgroups():
    for root in ("/sys/fs/cgroup/netleash", "/sys/fs/cgroup/unified/netleash"):
        if os.path.isdir(root):
            return {name: os.path.join(root, name) for name in
                    os.listdir(root) if os.path.isdir(
                        os.path.join(root, name))}
    return {}


def elements():
    """Of all sets and maps of the base: what runs have put there."""
    out = subprocess.run(["nft", "-j", "list", "table", "inet", "netleash"],
                         capture_output=True, text=True)
    found = []
    if out.returncode == 0:
        for item in json.loads(out.stdout)["nftables"]:
            for kind in ("set", "map"):
                name = item.get(kind, {}).get("name")
                if name not in (None, "uids", "gids", "tried"):
                    found += [(name, json.dumps(e))
                              for e in item[kind].get("elem", ())]
    return found


class Sampler(threading.Thread):
    """Once a second; rows of figures by name."""

    def __init__(self, pids, faults):
        super().__init__(daemon=True)
        self.pids = pids
        self.faults = faults
        self.rows = []
        self.stop = threading.Event()

    def take(self):
        row = {"time": time.time()}
        for name, pid in self.pids.items():
            rss, pss, anonymous = memory_of(pid)
            row[name + " rss"] = rss
            row[name + " pss"] = pss
            row[name + " anonymous"] = anonymous
            row[name + " descriptors"], row[name + " pipes"] = \
                descriptors_of(pid)
            row[name + " threads"] = len(os.listdir("/proc/%d/task" % pid))
        row["cgroups"] = len(cgroups())
        row["elements"] = len(elements())
        return row

    def run(self):
        while not self.stop.wait(1):
            try:
                self.rows.append(self.take())
            except (OSError, AttributeError) as e:
                self.faults.add("no figures of the daemon: %s" % e)
                return
