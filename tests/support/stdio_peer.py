#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/stdio_peer.py - start a command with odd descriptors on 0 to 2

  stdio_peer.py KIND COMMAND...

KIND: how descriptors 0 and 1 are made.
  stream, tcp     one connected socket on both; 1 MiB goes in, our writing end
                  is closed, everything that comes back is counted
  pair            two sockets, one for each direction
  error           a socket on 2 alone; what arrives there is counted
  slow            as stream, but we read nothing for a while, then slowly,
                  and signals come meanwhile
  lost            a socket on 1 whose peer is gone
  folder, path    0 is a folder, or an O_PATH descriptor of a file
  closed          0, 1 and 2 are closed
  extra           0 to 2 as ours, and 50 more: files, folders, sockets
Prints "STATUS BYTES SHA256" of what came back.
"""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

SENT = os.urandom(1 << 20)


def tcp_pair():
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    return ours, theirs


def read_all(source, pause=0):
    """To the end; a reset is one, when the other side had not read it all."""
    found = []
    while True:
        time.sleep(pause)
        try:
            data = source.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            return b"".join(found)
        found.append(data)


def report(status, data):
    print(status, len(data), hashlib.sha256(data).hexdigest()[:16],
          "same" if data == SENT else "other")


def send(ours):
    try:
        ours.sendall(SENT)
        ours.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it does not read all of it


def disturb(run):
    """Signals that must not cost a byte, up to the end and behind CMD's."""
    while run.poll() is None:
        run.send_signal(signal.SIGWINCH)
        run.send_signal(signal.SIGCONT)
        time.sleep(0.002)


def converse(ours_in, ours_out, theirs_in, theirs_out, pause, command):
    run = subprocess.Popen(command, stdin=theirs_in, stdout=theirs_out)
    theirs_in.close()
    theirs_out.close()
    threading.Thread(target=send, args=(ours_in,), daemon=True).start()
    time.sleep(pause)
    if pause:
        threading.Thread(target=disturb, args=(run,), daemon=True).start()
    data = read_all(ours_out, 0.01 if pause else 0)
    report(run.wait(), data)


def main():
    kind, command = sys.argv[1], sys.argv[2:]
    if kind in ("stream", "tcp", "slow"):
        ours, theirs = tcp_pair() if kind == "tcp" else socket.socketpair()
        converse(ours, ours, theirs, theirs.dup(), 1 if kind == "slow" else 0,
                 command)
    elif kind == "pair":
        in_ours, in_theirs = socket.socketpair()
        out_ours, out_theirs = socket.socketpair()
        converse(in_ours, out_ours, in_theirs, out_theirs, 0, command)
    elif kind in ("error", "lost"):
        ours, theirs = socket.socketpair()
        name = "stderr" if kind == "error" else "stdout"
        run = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                               **{name: theirs})
        theirs.close()
        if kind == "lost":
            ours.close()
            report(run.wait(), b"")
        else:
            data = read_all(ours)
            report(run.wait(), data)
    elif kind in ("folder", "path"):
        flags = os.O_RDONLY if kind == "folder" else os.O_PATH
        fd = os.open("/" if kind == "folder" else "/etc/passwd", flags)
        sys.exit(subprocess.call(command, stdin=fd))
    elif kind == "closed":
        for fd in range(3):
            os.close(fd)
        os.execvp(command[0], command)
    elif kind == "extra":
        kept = [os.open("/", os.O_RDONLY), os.open("/etc/passwd", os.O_RDONLY),
                socket.socket(), *socket.socketpair()]
        for _ in range(9):
            for thing in kept[:5]:
                number = thing if isinstance(thing, int) else thing.fileno()
                kept.append(os.dup(number))
        for thing in kept:
            number = thing if isinstance(thing, int) else thing.fileno()
            os.set_inheritable(number, True)
        sys.exit(subprocess.call(command, close_fds=False))


main()
