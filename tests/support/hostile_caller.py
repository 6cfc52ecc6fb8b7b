#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/hostile_caller.py - requests to the launcher that are wrong

usage: hostile_caller.py SOCKET COUNT
       hostile_caller.py SOCKET hold COUNT
       hostile_caller.py SOCKET gone
       hostile_caller.py SOCKET narrow
       hostile_caller.py SOCKET unread

Sends each kind of wrong request, then COUNT of random ones, and wants for each
an answer that refuses it, or the end of the connection: never a run, never
silence for long. TAP lines without numbers. Then holds connections open half
way while it counts how many the launcher still takes. A quarter of what there
is for all who ask is one user's.

hold: COUNT connections that say nothing, each opened anew when it is ended,
until standard input is closed; then it says how often it was told why.
gone: the limits of a caller who is not there any more are nobody's.
unread: a run that has much to tell its caller, who reads nothing, until
standard input is closed.
narrow: callers with so few descriptors that a step of their run's fails.
"""

import array
import os
import random
import resource
import select
import socket
import struct
import sys
import tempfile
import time

HEAD = struct.Struct("<IIIIIIQQ")  # struct launch_head
MSG = struct.Struct("<Ii512s")  # struct init_msg
TEXT = 11  # INIT_MSG_TEXT
STARTED, FAILED, EXITED = 7, 9, 10  # INIT_MSG_...
LAST = (FAILED, EXITED)  # then we end our half


def words(args, env):
    return b"".join(w + b"\0" for w in args + env)


def memory(data):
    fd = os.memfd_create("words")
    os.write(fd, data)
    return fd


def head(arguments, environment, **change):
    data = words(arguments, environment)
    fields = {
        "version": 1, "args": len(arguments), "env": len(environment),
        "bytes": len(data),
        "mask": 0o22, "reserved": 0, "ignored": 0, "blocked": 0,
    }
    fields.update(change)
    return HEAD.pack(*(v & (2**64 - 1 if k in ("ignored", "blocked") else
                            2**32 - 1) for k, v in fields.items()))


ARGS = [b"run", b"--", b"sh", b"-c", b"echo ran"]
ENV = [b"PATH=/usr/bin:/bin"]


class Caller:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(30)
        self.sock.connect(path)

    def send(self, data, fds):
        self.sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                    array.array("i", fds))] if fds else [])

    def answer(self):
        """All that it says: (types, texts). A text of TEXT is printed as it is."""
        types, texts = [], []
        try:
            while True:
                data = self.sock.recv(4096)
                if not data:
                    break
                kind, _, text = MSG.unpack(data)
                types.append(kind)
                texts.append(text.split(b"\0")[0].decode("utf-8", "replace"))
                if kind in LAST:
                    self.sock.shutdown(socket.SHUT_WR)
        except ConnectionResetError:
            pass
        except TimeoutError:
            types.append("silence")
        self.sock.close()
        return types, texts


def usual_fds():
    null = os.open("/dev/null", os.O_RDWR)
    cwd = os.open("/tmp", os.O_PATH | os.O_DIRECTORY)
    return [null, os.dup(null), os.dup(null), cwd, memory(words(ARGS, ENV))]


def kinds():
    """(name, bytes, descriptors) of each request that is wrong."""
    good = head(ARGS, ENV)

    def with_fd(i, fd):
        fds = usual_fds()
        fds[i] = fd
        return fds

    yield "an empty-looking datagram", b"x", []
    yield "a head cut short", good[:-1], usual_fds()
    yield "a head too long", good + b"x", usual_fds()
    yield "a datagram of 100 KiB", b"x" * 102400, usual_fds()
    yield "no descriptors", good, []
    yield "a descriptor too few", good, usual_fds()[:4]
    yield "a descriptor too many", good, usual_fds() + [0]
    yield "twenty descriptors", good, usual_fds() * 4
    for name, change in (
            ("another version", {"version": 2}), ("no words", {"args": 0}),
            ("one word", {"args": 1}), ("too many words", {"args": 40000}),
            ("huge counts", {"args": 2**32 - 1, "env": 2}),
            ("huge environment", {"env": 2**32 - 1}),
            ("no bytes", {"bytes": 0}), ("more bytes than there may be",
                                         {"bytes": 2**31}),
            ("more bytes than there are", {"bytes": 100000}),
            ("fewer bytes than there are", {"bytes": 20}),
            ("a word too many", {"env": 2}), ("a word too few", {"env": 0}),
            ("a mask out of range", {"mask": 0o10000}),
            ("a reserved field", {"reserved": 7})):
        yield name, head(ARGS, ENV, **change), usual_fds()

    for i in range(3):
        a, b = socket.socketpair()
        yield f"a socket as {i}", good, with_fd(i, a.detach())
        b.close()
        yield f"a folder as {i}", good, with_fd(i, os.open("/", os.O_RDONLY))
        yield f"a path as {i}", good, with_fd(i, os.open("/etc/passwd",
                                                         os.O_PATH))
    yield "a file as the folder", good, with_fd(3, os.open("/etc/passwd",
                                                           os.O_RDONLY))
    yield "a pipe as the folder", good, with_fd(3, os.pipe()[0])
    r, w = os.pipe()
    yield "a pipe as the words", good, with_fd(4, r)
    yield "a terminal's end as the words", good, with_fd(
        4, os.open("/dev/zero", os.O_RDONLY))
    with tempfile.TemporaryFile() as f:
        f.write(words(ARGS, ENV))
        f.flush()
        yield "a file on disk as the words", good, with_fd(4, os.dup(
            f.fileno()))
    yield "words that cannot be read", good, with_fd(4, os.open(
        f"/proc/self/fd/{memory(words(ARGS, ENV))}", os.O_WRONLY))
    os.close(w)

    def request(args):
        fds = usual_fds()
        fds[4] = memory(words(args, ENV))
        return head(args, ENV), fds

    for name, args in (
            ("an option that there is not", [b"run", b"--root", b"--",
                                             b"true"]),
            ("no command", [b"run", b"--quiet"]),
            ("a conf", [b"run", b"-c", b"/etc/shadow", b"--", b"true"]),
            ("a log", [b"run", b"--log", b"/tmp/x", b"--", b"true"]),
            ("a namespace", [b"run", b"--isolation=netns", b"--",
                             b"true"]),
            ("help", [b"run", b"--help"]),
            ("a folder that is not there", [b"run", b"--writable",
                                            b"/nonexistent", b"--", b"true"]),
            ("control bytes", [b"run", b"--writable", b"/\x1b[2J\xff", b"--",
                               b"true"]),
            ("a very long profile", [b"run", b"-p", b"p" * 5000, b"--",
                                     b"true"]),
            ("a port out of range", [b"run", b"--local-port", b"70000", b"--",
                                     b"true"])):
        data, fds = request(args)
        yield name, data, fds


def close_all(fds):
    for fd in set(fds):
        if fd > 2:
            try:
                os.close(fd)
            except OSError:
                pass


def refuses(path, data, fds):
    """None, or what is wrong with its answer."""
    c = Caller(path)
    try:
        c.send(data, fds)
    except OSError:
        pass
    types, texts = c.answer()
    close_all(fds)
    if "silence" in types:
        return "silence"
    if STARTED in types or EXITED in types:
        return "it ran"
    for kind, t in zip(types, texts):
        if kind == TEXT and any(ord(ch) < 32 and ch not in "\n\t" for ch in t):
            return f"unescaped: {t!r}"
    return None


def hold(path, count):
    told = 0
    poll = select.poll()
    poll.register(0, select.POLLHUP | select.POLLIN)
    held = {}

    def open_one():
        c = Caller(path)
        held[c.sock.fileno()] = c
        poll.register(c.sock, select.POLLIN)

    for _ in range(count):
        open_one()
    print("held", flush=True)
    while True:
        for fd, _ in poll.poll():
            if fd == 0:
                print("told", told, flush=True)
                return
            c = held.pop(fd)
            poll.unregister(fd)
            try:
                told += len(c.sock.recv(4096)) > 0
            except OSError:
                pass
            c.sock.close()
            time.sleep(0.002)
            open_one()


def gone(path):
    """Who has connected has ended, and his socket is another's."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (77, 77))
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(30)
    pid = os.fork()
    if pid == 0:
        sock.connect(path)
        os._exit(0)
    os.waitpid(pid, 0)
    c = Caller.__new__(Caller)
    c.sock = sock
    args = [b"run", b"--", b"sh", b"-c", b"ulimit -n"]
    fds = usual_fds()
    r, fds[1] = os.pipe()
    fds[4] = memory(words(args, ENV))
    c.send(head(args, ENV), fds)
    types, texts = c.answer()
    close_all(fds)
    print(types, texts, os.read(r, 100))


def narrow(path):
    """Each number of descriptors fails at another step."""
    ends = set()
    for n in range(3, 36):
        pid = os.fork()
        if pid == 0:
            c, fds = Caller(path), usual_fds()
            resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))
            c.send(head(ARGS, ENV), fds)
            types, _ = c.answer()
            os._exit(types[-1])
        ends.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print(sorted(ends))


def unread(path):
    """Each time that CMD goes on, its caller is to be woken."""
    story = (b"P=$$; (for i in $(seq 400); do kill -STOP $P; sleep 0.005;"
             b" kill -CONT $P; sleep 0.005; done; kill -KILL $P) &"
             b" while :; do sleep 1; done")
    args = [b"run", b"-q", b"--", b"sh", b"-c", story]
    c, fds = Caller(path), usual_fds()
    fds[4] = memory(words(args, ENV))
    c.send(head(args, ENV), fds)
    print("asked", flush=True)
    sys.stdin.read()


def main():
    path = sys.argv[1]
    if sys.argv[2] == "hold":
        hold(path, int(sys.argv[3]))
        return
    if sys.argv[2] == "gone":
        gone(path)
        return
    if sys.argv[2] == "unread":
        unread(path)
        return
    if sys.argv[2] == "narrow":
        narrow(path)
        return
    count = int(sys.argv[2])
    for name, data, fds in kinds():
        wrong = refuses(path, data, fds)
        print(f"not ok - {name}: {wrong}" if wrong else
              f"ok - {name} is refused", flush=True)
    rng = random.Random(1)
    bad = 0
    for i in range(count):
        data = bytearray(head(ARGS, ENV))
        body = bytearray(words(ARGS, ENV))
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(24)] = rng.randrange(256)
        for _ in range(rng.randint(0, 4)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        fds = usual_fds()
        os.close(fds[4])
        fds[4] = memory(bytes(body))
        rng.shuffle(fds)
        if refuses(path, bytes(data), fds) == "silence":
            bad += 1
    print(f"{'not ok' if bad else 'ok'} - {count} random requests are "
          f"answered, each")

    held = []
    for i in range(400):
        c = Caller(path)
        c.sock.settimeout(0.05)
        held.append(c)
    time.sleep(0.5)
    taken = 0
    for c in held:
        try:
            if c.sock.recv(1) == b"":
                continue
        except TimeoutError:
            taken += 1
        except OSError:
            continue
    print(f"{'ok' if 0 < taken <= 64 else 'not ok'} - of 400 who say "
          f"nothing {taken} are waited for")
    sys.stdout.flush()
    # Holds them until it is told that others were served.
    sys.stdin.readline()


if __name__ == "__main__":
    main()
