#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/terminal.py - play a person at a terminal

  terminal.py SCRIPT COMMAND [ARGUMENT...]

Runs COMMAND on a pseudo-terminal of its own and follows SCRIPT, one step a
line ("#" comments):

  expect REGEX      wait until the output since the last expect matches
  send TEXT         type it and Return; C escapes count
  type TEXT         type it without Return: "\\x03" is Ctrl-C
  size ROWS COLUMNS resize the window
  front REGEX       wait until a process whose words match has its terminal:
                    what is typed then is for it
  pause SECONDS     let the other side settle
  status NUMBER     COMMAND ends, with this status (negative: by a signal)

The terminal echoes what is typed: write a word that is to be expected from
a command's output so that the typed line does not hold it (ec""ho).

Exit: 0 when all steps were seen, else 1 with the step and the output.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time


def has_terminal(pid, regex):
    """Is it in front, on whatever terminal it has?"""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().replace(b"\0", b" ").strip()
    except OSError:
        return False
    pgrp, terminal, front = fields[2], fields[4], fields[5]
    return (terminal != b"0" and pgrp == front
            and re.search(regex.encode(), words) is not None)


class Terminal:
    def __init__(self, command):
        self.seen = b""
        self.everything = b""
        self.patience = 20.0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.size(24, 80)

    def size(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            block = os.read(self.fd, 65536)
        except OSError:  # the other end is closed
            block = b""
        self.seen += block
        self.everything += block
        return bool(block)

    def expect(self, regex):
        end = time.monotonic() + self.patience
        pattern = re.compile(regex.encode(), re.S)
        while True:
            match = pattern.search(self.seen)
            if match:
                self.seen = self.seen[match.end():]
                return True
            left = end - time.monotonic()
            if left <= 0 or not self.read(left):
                return bool(pattern.search(self.seen))

    def front(self, regex):
        end = time.monotonic() + self.patience
        while not any(has_terminal(pid, regex) for pid in os.listdir("/proc")
                      if pid.isdigit()):
            if time.monotonic() > end:
                return False
            self.read(0.02)
        return True

    def type(self, text):
        os.write(self.fd, text)

    def status(self):
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            self.read(0.02)
        return None


def follow(terminal, step):
    verb, _, rest = step.partition(" ")
    text = rest.encode().decode("unicode_escape").encode("latin-1")
    if verb == "expect":
        return terminal.expect(rest)
    if verb == "send":
        terminal.type(text + b"\r")
    elif verb == "type":
        terminal.type(text)
    elif verb == "size":
        terminal.size(*map(int, rest.split()))
    elif verb == "front":
        return terminal.front(rest)
    elif verb == "pause":
        time.sleep(float(rest))
    elif verb == "status":
        return terminal.status() == int(rest)
    else:
        raise SystemExit("no such step: " + step)
    return True


def main():
    with open(sys.argv[1]) as file:
        steps = [line.strip() for line in file]
    terminal = Terminal(sys.argv[2:])
    for step in steps:
        if not step or step.startswith("#"):
            continue
        if not follow(terminal, step):
            print("step not seen: " + step)
            print("since the last match: %r" % terminal.seen)
            print("the whole: %r" % terminal.everything[-3000:])
            try:
                os.kill(terminal.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
