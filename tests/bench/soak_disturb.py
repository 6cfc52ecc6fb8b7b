# SPDX-License-Identifier: MIT
"""
tests/bench/soak_disturb.py - those who disturb: operator, disks, origins, bursts

Each method of Disturb is a thread of the soak, until self.stop. What may make
the good fail is announced as a window (soak_watch.py): a burst that takes the
daemon's descriptors, and a mode that is limited. Nothing else may.
"""

import json
import os
import random
import signal
import subprocess
import time

import soak_watch as watch

# What a reload changes, in turn. None of it touches what is good.
VARIANTS = (
    "limit head-time 2s\n",
    "limit head-time 2s\ndeny denied.example other.example\n",
    "limit head-time 1s\nlimit connections 150\nallow more.example\n"
    "profile more { allow more.example }\n",
)


class Disturb:
    def netleash_says(self, *words):
        done = subprocess.run([self.netleash, *words], capture_output=True,
                              text=True, timeout=60, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def operate(self):
        rng = random.Random()
        turn = 0
        while not self.stop.wait(rng.random()):
            began = time.time()
            turn += 1
            what = turn % 7
            if what in (0, 3):
                with self.conf_lock:
                    self.write_conf(VARIANTS[turn % len(VARIANTS)])
                    status, _, said = self.netleash_says("reload")
                good, name = status == 0, "reloads"
            elif what == 1:
                with self.conf_lock:
                    self.write_conf("allow bad..name\nlimit nothing 5\n")
                    status, _, said = self.netleash_says("reload")
                    self.write_conf(VARIANTS[turn % len(VARIANTS)])
                good, name = status == 1, "reloads of a bad conf"
            elif what == 2:
                name = rng.choice(("status", "blocked"))
                status, out, said = self.netleash_says(name, "--json")
                good = status == 0 and json.loads(out) is not None
                name = "operator: " + name
            elif what == 4:
                os.kill(self.pids["daemon"], signal.SIGHUP)
                good, name, said = True, "reloads by SIGHUP", ""
            elif what == 5:
                status, out = watch.ask(watch.SOCKET, "GET", "/metrics")
                good, name, said = status == 200, "operator: metrics", out
            else:
                good, said = self.set_mode()
                name = "modes set"
            self.counts[name] += 1
            if not good and not self.windows.has(began, time.time()):
                self.faults.add("%s went wrong: %s" % (name, said[-300:]))

    def set_mode(self):
        """The good are refused meanwhile, and some after."""
        window = self.windows.open()
        try:
            status, _, said = self.netleash_says("mode", "limited")
            self.stop.wait(0.2)
            back, _, more = self.netleash_says("mode", "conf")
        finally:
            self.windows.close(window, 0.1)
        return status == 0 and back == 0, said + more

    def writers_of(self, path):
        found = []
        for pid in self.pids.values():
            for fd in os.listdir("/proc/%d/fd" % pid):
                try:
                    if os.readlink("/proc/%d/fd/%s" % (pid, fd)) == path:
                        found.append(pid)
                except OSError:
                    pass
        return found

    def rotate(self):
        """As logrotate does: another name, and a reload."""
        while not self.stop.wait(8):
            old = self.log_path + ".1"
            os.rename(self.log_path, old)

            def is_let_go():
                with self.conf_lock:
                    self.netleash_says("reload")
                return os.path.exists(self.log_path) and \
                    not self.writers_of(old)
            if not watch.until(30, is_let_go):
                self.faults.add("a log that was rotated is still written to")
                return
            self.log.reopen()
            os.unlink(old)
            self.counts["logs rotated"] += 1

    def vanish(self):
        rng = random.Random()
        while not self.stop.wait(1 + rng.random() * 3):
            self.vanishing.kill()
            self.vanishing.wait()
            self.children.remove(self.vanishing)
            self.counts["origins killed"] += 1
            self.stop.wait(rng.random() * 2)
            self.vanishing = self.origin(watch.ADDRESSES[1])

    def limit_descriptors(self, n):
        """By its own identity, which needs no right for that."""
        subprocess.run(["setpriv", "--reuid", "netleash-online", "--regid",
                        "netleash-online", "--clear-groups", "prlimit",
                        "--pid", str(self.pids["daemon"]), "--nofile=%d:" % n],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False)

    def exhaust(self):
        wait = 3
        while not self.stop.wait(wait):
            window = self.windows.open()
            # What it lets in leaves room: so that is taken away meanwhile.
            self.limit_descriptors(self.options.descriptors // 2)
            child, thread = self.load("burst", self.port,
                                      2 * self.options.descriptors, 3,
                                      watch.SOCKET)
            thread.join()
            child.wait()
            child.stdin.close()
            child.stdout.close()
            self.children.remove(child)
            self.limit_descriptors(self.options.descriptors)
            self.windows.close(window, 3)
            self.counts["bursts"] += 1
            wait = min(15, self.options.seconds / 5)

    def fill(self):
        """Until not a byte fits; traffic goes on, lines are lost."""
        ballast = self.disk + "/ballast"
        while not self.stop.wait(min(20, self.options.seconds / 5)):
            with open(ballast, "wb", buffering=0) as file:
                end = time.monotonic() + 3
                while time.monotonic() < end:
                    try:
                        while file.write(bytes(4096)) > 0:
                            pass
                    except OSError:
                        pass
                    self.stop.wait(0.02)
            os.unlink(ballast)
            self.counts["disks filled"] += 1
