# SPDX-License-Identifier: MIT
"""
tests/bench/soak_runs.py - runs of a caller without privilege, and their deaths

Good runs: transfers from inside, each of which becomes a record; the end with
           the command's own status
Victims:   one of their processes is killed at some moment, and everything of
           the run must be gone: processes, cgroup, elements, the daemon's entry
Early:     the client is ended while its run is only beginning
"""

import json
import os
import random
import signal
import subprocess
import time

import soak_watch as watch
import soak_wire as wire

GONE = 10.0  # seconds that a run has to be gone
INSIDE = "soak_wire.py"


class Runs:
    def __init__(self, netleash, user, folder, sock, ledger, faults, windows,
                 stop):
        self.netleash = netleash
        self.user = user
        self.folder = folder
        self.sock = sock
        self.ledger = ledger
        self.faults = faults
        self.windows = windows
        self.stop = stop
        self.counts = {}

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def start(self, words, profile):
        return subprocess.Popen(
            [self.netleash, "run", "-q", "--isolation=firewall", "-p", profile,
             "--"] + words,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=self.folder, user=self.user.pw_uid,
            group=self.user.pw_gid, extra_groups=[],
            env={"PATH": "/usr/bin:/bin", "HOME": self.user.pw_dir,
                 "LANG": "C.UTF-8"})

    @staticmethod
    def transfers(seconds, host, other):
        return ["/usr/bin/python3", INSIDE, "inside", str(seconds),
                host + ":9001", other]

    def blame(self, began, sentence):
        """Unless it was a time in which it may be so."""
        if self.windows.has(began, time.time()):
            self.count("runs refused while descriptors were exhausted, "
                       "or the mode limited")
        else:
            self.faults.add(sentence)

    # --- good ones

    def good(self, profile, other):
        rng = random.Random()
        while not self.stop.is_set():
            began = time.time()
            run = self.start(self.transfers(rng.choice((0, 0, 1, 3)),
                                            profile + ".example",
                                            other + ".example:9001"),
                             profile)
            done = False
            for text in run.stdout:
                done = self.take(text, began) or done
            said = run.stderr.read().decode("utf-8", "replace")
            status = self.end_of(run, GONE)
            if status == 0 and done:
                self.count("runs that were good")
            else:
                self.blame(began, "a good run ended with %s: %s" % (
                    status, said[-300:]))
            run.stdout.close()
            run.stderr.close()

    def take(self, text, began):
        """Return: true when it says that it is done."""
        try:
            words = json.loads(text)
        except ValueError:
            return False
        if words[0] == "record":
            self.ledger.add_record(wire.RECORD(*words[1:]), True)
        elif words[0] == "refused":
            record = wire.RECORD(*words[1:])
            if not record.error or "403" not in record.error:
                self.blame(began, "%s was not refused: %s" % (
                    record.target, record.error))
            self.ledger.expect_refusal(record)
        return words[0] == "done"

    @staticmethod
    def end_of(run, seconds):
        """Its status, or None: it hung, and was killed."""
        try:
            return run.wait(seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
            return None

    # --- victims

    def name_of(self, run):
        for entry in watch.status(self.sock)["runs"]:
            if entry["pid"] == run.pid:
                return entry["run"]
        return None

    def members(self, name):
        """The processes of a run: kind -> {pid: start}."""
        found = {"command": {}, "init": {}, "attendant": {}}
        everyone = watch.processes()
        try:
            pids = watch.read(watch.cgroups()[name] + "/cgroup.procs").split()
        except (OSError, KeyError):
            return found
        for pid in map(int, pids):
            if pid not in everyone:
                continue
            kind = "init" if everyone[pid][0] == "netleash-init" else "command"
            found[kind][pid] = everyone[pid][2]
            parent = everyone[pid][1]
            if everyone.get(parent, ("",))[0] == "netleash-init":
                found["init"][parent] = everyone[parent][2]
        for pid in list(found["init"]):
            parent = everyone[pid][1]
            if everyone.get(parent, ("",))[0] == "netleash-attend":
                found["attendant"][parent] = everyone[parent][2]
        return found

    def victims(self):
        rng = random.Random()
        while not self.stop.is_set():
            began = time.time()
            run = self.start(self.transfers(25, "victim.example",
                                            "victim.example:9002"), "victim")
            first = run.stdout.readline()
            try:
                if first.strip() == b"up":
                    self.stop.wait(rng.random() * 1.5)
                    self.kill_one(run, rng.choice(
                        ("command", "init", "attendant", "client")), began)
                else:
                    said = run.stderr.read().decode("utf-8", "replace")
                    self.blame(began, "a run did not begin: %s" % said[-300:])
            except OSError as e:
                self.blame(began, "the daemon did not answer: %s" % e)
            if run.poll() is None:
                run.kill()
            run.stdout.close()
            run.stderr.close()
            run.wait()

    def kill_one(self, run, kind, began):
        name = self.name_of(run)
        if name is None:
            self.blame(began, "the daemon does not know a run that is up")
            return
        members = self.members(name)
        members["client"] = {run.pid: watch.stat_of(run.pid)[2]}
        if not members[kind]:
            self.faults.add("run %s has no %s" % (name, kind))
            return
        for pid in members[kind]:
            os.kill(pid, signal.SIGKILL)
        self.count("runs killed: %s" % kind)
        killed = time.time()
        status = self.end_of(run, GONE)
        if status is None:
            self.faults.add("run %s: its client hangs after a kill of its %s" %
                            (name, kind))
        elif status == 0 or (kind == "client") != (status < 0):
            self.faults.add("run %s: its client ended with %d after a kill of "
                            "its %s" % (name, status, kind))
        left = self.what_is_left(name, members)
        while left and time.time() < killed + GONE:
            time.sleep(0.05)
            left = self.what_is_left(name, members)
        if left:
            self.blame(killed, "run %s: %s %g s after a kill of its %s" % (
                name, left, GONE, kind))

    def what_is_left(self, name, members):
        for kind in members:
            for pid, start in members[kind].items():
                stat = watch.stat_of(pid)
                if stat and stat[2] == start and kind != "client":
                    return "its %s %d lives" % (kind, pid)
        if name in watch.cgroups():
            return "its cgroup is there"
        if any("/%s" % name in text for _, text in watch.elements()):
            return "its elements are there"
        if any(entry["run"] == name for entry in
               watch.status(self.sock)["runs"]):
            return "the daemon has it"
        return None

    # --- early ends

    def early(self):
        rng = random.Random()
        while not self.stop.is_set():
            run = self.start(["sleep", "30"], "victim")
            time.sleep(rng.random() * 0.06)
            run.send_signal(rng.choice((signal.SIGKILL, signal.SIGKILL,
                                        signal.SIGTERM, signal.SIGINT)))
            if self.end_of(run, GONE) is None:
                self.faults.add("a client that was told to end at its start "
                                "hangs")
            self.count("clients ended at their start")
            run.stdout.close()
            run.stderr.close()
            self.stop.wait(rng.random() * 0.5)
