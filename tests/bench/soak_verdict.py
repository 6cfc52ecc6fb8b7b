# SPDX-License-Identifier: MIT
"""
tests/bench/soak_verdict.py - is all as it should be?

Methods of the soak that look at what was seen once it is quiet: self.ledger
and self.last (the daemon's status) for the sums, self.rows for what must be
flat, self.at_rest and self.after for what must be given back.
"""

import collections
import json
import re
import statistics
import time

import soak_watch as watch

# By how much the last tenth may be more than the first: a share, and KiB.
MEMORY_SHARE, MEMORY_KIB = 0.05, 1536
# In its first minutes the heap still finds its size: each burst is a new most.
SHORT_SECONDS, SHORT_KIB = 300, 4096


class Verdict:
    def check_sums(self):
        ledger, last, add = self.ledger, self.last, self.faults.add
        ended = sum(last["requests"].values())
        if ledger.file_dropped != last["log_lines_dropped"]:
            add("the log tells of %d lines that were dropped, the daemon of "
                "%d" % (ledger.file_dropped, last["log_lines_dropped"]))
        if ledger.file_n + ledger.file_dropped != ended:
            add("%d lines and %d that were dropped are not %d requests" % (
                ledger.file_n, ledger.file_dropped, ended))
        if ledger.stream_n + ledger.stream_dropped != ended:
            add("the live log has %d lines and %d that were dropped, of %d" % (
                ledger.stream_n, ledger.stream_dropped, ended))
        missing, unknown = ledger.unmatched()
        if missing > ledger.file_dropped:
            add("%d transfers have no line, and only %d were dropped" % (
                missing, ledger.file_dropped))
        for line in unknown[:3]:
            add("a line is no transfer's: %r" % line)
        self.missing = missing
        more = ledger.add_what_only_the_stream_has()
        self.lost = ended - ledger.file_n - more
        sums = (ledger.bytes_in, ledger.bytes_out)
        told = (last["bytes_in"], last["bytes_out"])
        if self.lost < 0 or any(a > b for a, b in zip(sums, told)) or \
                (self.lost == 0 and sums != told):
            add("the lines have %d and %d bytes, the daemon %d and %d, and %d "
                "lines are lost" % (sums + told + (self.lost,)))

    def check_flat(self):
        """The last tenth against the first."""
        n = max(3, len(self.rows) // 10)
        more = SHORT_KIB if self.options.seconds < SHORT_SECONDS \
            else MEMORY_KIB
        if len(self.rows) < 2 * n:
            self.faults.add("there are only %d rows of figures" %
                            len(self.rows))
            return
        for name in self.pids:
            # Not rss: pages of the program and of libraries that are looked
            # at for the first time belong to the page cache.
            key = "%s anonymous" % name
            first = statistics.median(r[key] for r in self.rows[:n])
            last = statistics.median(r[key] for r in self.rows[-n:])
            if last > first * (1 + MEMORY_SHARE) + more and \
                    not self.options.sanitized:
                self.faults.add("%s grew from %d to %d KiB" % (
                    key, first, last))
        for name in self.pids:
            for kind in ("descriptors", "threads"):
                key = "%s %s" % (name, kind)
                if self.after[key] > self.at_rest[key]:
                    self.faults.add("%s: %d at rest before, %d after" % (
                        key, self.at_rest[key], self.after[key]))

    def check_runs(self):
        def left():
            found = ["cgroup " + name for name in watch.cgroups()]
            found += ["element %s %s" % e for e in watch.elements()]
            found += ["process %d %s" % (pid, stat[0]) for pid, stat in
                      watch.processes().items() if stat[0] in
                      ("netleash-init", "netleash-attend") and
                      watch.is_ours(pid)]
            found += ["run " + r["run"] for r in
                      watch.status(watch.SOCKET)["runs"]]
            return found
        watch.until(15, lambda: not left())
        for what in left():
            self.faults.add("at the end there is a %s" % what)

    def check_happened(self):
        """A soak in which something did not happen says nothing about it."""
        wanted = ["bursts", "disks filled", "logs rotated", "origins killed",
                  "reloads", "reloads of a bad conf", "modes set",
                  "control: wrong", "launch: cut half way",
                  "runs that were good", "clients ended at their start"]
        wanted += ["runs killed: " + kind for kind in
                   ("command", "init", "attendant", "client")]
        self.counts.update(self.runs.counts)
        for what in wanted:
            if not self.counts[what]:
                self.faults.add("there were no %s" % what)
        said = watch.read(self.messages)
        if "accepting pauses" not in said:
            self.faults.add("descriptors were never exhausted")
        if not self.last["log_lines_dropped"]:
            self.faults.add("the disk was never full")
        for word in ("runtime error", "Sanitizer", "Assertion", "is gone",
                     "internal", "Error from accept", "Epoll"):
            for line in said.splitlines():
                if word in line:
                    self.faults.add("the daemon says: " + line[:300])
                    break

    # --- in words

    def report(self):
        ledger = self.ledger
        print("%d s, %d good transfers (%d more in times when they may fail), "
              "%.1f GB in, %.1f GB out" % (
                  time.monotonic() - self.begun, sum(ledger.kinds.values()),
                  ledger.excused, ledger.good_got / 1e9,
                  ledger.good_sent / 1e9))
        print("lines of the log: %d, dropped and told %d, of these not in the "
              "live log either %d; fragments %d" % (
                  ledger.file_n, ledger.file_dropped,
                  getattr(self, "lost", -1), ledger.fragments))
        print("of its lines' reasons: " + ", ".join(
            "%s %d" % pair for pair in ledger.decisions.most_common()))
        for what, n in sorted(self.counts.items()):
            if n > 0 and what not in watch.load.soak_bad.KINDS:
                print("  %-50s %8d" % (what, n))
        print("  %-50s %8d" % ("misbehaving clients", sum(
            self.counts[k] for k in watch.load.soak_bad.KINDS)))
        print("the daemon's messages, by kind:")
        kinds = collections.Counter(
            re.sub(r"\d+", "N", line)[:110]
            for line in watch.read(self.messages).splitlines())
        for line, n in kinds.most_common(20):
            print("  %6d  %s" % (n, line))
        rows = self.rows
        if not rows:
            return
        n = max(3, len(rows) // 10)
        print("%-26s %10s %10s %10s %10s" % ("", "first", "last", "most",
                                             "at rest"))
        for key in rows[0]:
            if key != "time":
                values = [r[key] for r in rows]
                print("%-26s %10d %10d %10d %4d %5d" % (
                    key, statistics.median(values[:n]),
                    statistics.median(values[-n:]), max(values),
                    self.at_rest[key], self.after[key]))

    def write_json(self, path):
        n = max(1, len(self.rows) // 10)
        tenths = [{key: statistics.median(r[key] for r in self.rows[i:i + n])
                   for key in self.rows[0]}
                  for i in range(0, len(self.rows), n)]
        with open(path, "w") as file:
            json.dump({
                "seconds": self.options.seconds, "faults": self.faults.said,
                "transfers": self.ledger.kinds, "counts": self.counts,
                "reasons": self.ledger.decisions,
                "lines": self.ledger.file_n,
                "dropped": self.ledger.file_dropped, "tenths": tenths,
                "at_rest": [self.at_rest, self.after],
            }, file, indent=1)
            file.write("\n")
