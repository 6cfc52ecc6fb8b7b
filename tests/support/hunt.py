#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/hunt.py - look for bytes everywhere that a command can look

  hunt.py REVERSED...

Each word is searched for the other way round, so that the search does not find
itself: in every file of /proc that any process has, memory and descriptors
included, and in the files of the places where secrets lie. What was found is
printed, a line each, and at the end "hunted" with two counts: files that could
be read, and those of other processes that could not.
"""

import os
import re
import stat
import sys

PLACES = ["/run", "/tmp", "/dev/shm", "/home", "/root", "/var/tmp", "/var/log",
          "/etc", "/srv", os.environ.get("HOME", "/"), os.getcwd()]
SIZE_MAX = 64 << 20
PROC = ["environ", "cmdline", "maps", "stack", "auxv", "comm", "mountinfo",
        "mem", "syscall", "pagemap", "fdinfo/0"]
words = [word[::-1].encode() for word in sys.argv[1:]]
read = closed = 0


def look(where, data):
    for i, word in enumerate(words):
        # Our own copies of the words are in our own memory.
        if word in data:
            print("found word", i + 1, "in", where)


def slurp(path):
    global read
    with open(path, "rb") as file:
        look(path, file.read(SIZE_MAX))
    read += 1


def memory(pid):
    """All of it that is mapped and readable."""
    with open("/proc/%s/maps" % pid) as file:
        maps = file.read()
    with open("/proc/%s/mem" % pid, "rb", 0) as file:
        for start, end in re.findall(r"^(\w+)-(\w+) r", maps, re.M):
            try:
                file.seek(int(start, 16))
                look("memory of " + pid,
                     file.read(int(end, 16) - int(start, 16)))
            except (OSError, ValueError, OverflowError):
                pass


def process(pid):
    global closed
    mine = int(pid) == os.getpid()
    for name in PROC:
        try:
            if name == "mem":
                if not mine:
                    memory(pid)
            else:
                slurp("/proc/%s/%s" % (pid, name))
        except OSError:
            closed += 1
    for folder in ("fd", "root", "cwd", "task/%s/fd" % pid, "map_files"):
        try:
            base = "/proc/%s/%s" % (pid, folder)
            for name in os.listdir(base):
                if not mine and folder != "root" and folder != "cwd" and \
                        stat.S_ISREG(os.stat(base + "/" + name).st_mode):
                    slurp(base + "/" + name)
        except OSError:
            closed += 1


for pid in filter(str.isdigit, os.listdir("/proc")):
    process(pid)
for place in PLACES:
    for folder, folders, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            try:
                if stat.S_ISREG(os.lstat(path).st_mode):
                    slurp(path)
            except OSError:
                pass
print("hunted", read, closed)
