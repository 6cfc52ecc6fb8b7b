#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tests/support/loss.py - take the leash away behind a run's back, and time it

  loss.py TIMES WORD... -- NETLEASH...

For each WORD, TIMES runs of NETLEASH..., whose command must become `sleep`;
each loses its rules as WORD says. One JSON object: for each word the
milliseconds from just before the change is asked for to the end of CMD, the
exit statuses, the lines on standard error, and what else went wrong.

WORD: ruleset, table, chain, element, dormant, hole, uids, gids, doors. The change is made by libnftables in
this process: an nft(8) would cost more than what is measured.
"""

import ctypes
import json
import os
import re
import select
import subprocess
import sys
import time

FIXED = {"ruleset": "flush ruleset", "table": "delete table inet netleash",
         "chain": "flush chain inet netleash leash",
         "dormant": "add table inet netleash { flags dormant; }",
         "hole": "insert rule inet netleash leash accept",
         "uids": "flush set inet netleash uids",
         "gids": "flush set inet netleash gids",
         "doors": "flush set inet netleash doors"}

nft = ctypes.CDLL("libnftables.so.1")
nft.nft_ctx_new.restype = ctypes.c_void_p
nft.nft_ctx_get_output_buffer.restype = ctypes.c_char_p
context = ctypes.c_void_p(nft.nft_ctx_new(0))
nft.nft_ctx_buffer_output(context)
nft.nft_ctx_buffer_error(context)


def ask(text):
    r = nft.nft_run_cmd_from_buffer(context, text.encode())
    return r, nft.nft_ctx_get_output_buffer(context).decode()


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


def command_of(run):
    """The pid of CMD, once it is one."""
    end = time.monotonic() + 10
    while time.monotonic() < end and run.poll() is None:
        try:
            for init in children(run.pid):
                for command in children(init):
                    with open("/proc/%d/comm" % command) as f:
                        if f.read() == "sleep\n":
                            return command
        except OSError:
            pass
        time.sleep(0.001)
    return None


def change_of(word):
    if word != "element":
        return FIXED[word]
    _, listing = ask("list set inet netleash allow")
    found = re.search(r'"[^"]+" \. \d+', listing)
    return "delete element inet netleash allow { %s }" % found.group(0)


def lose(word, command_line, result):
    ask("flush ruleset")  # what the one before left
    run = subprocess.Popen(command_line, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    command = command_of(run)
    if command is None:
        result["faults"].append("the command did not start")
        run.kill()
        result["lines"].append(run.communicate()[1].decode())
        return
    with open(os.pidfd_open(command), "rb", closefd=True) as ended:
        time.sleep(0.005)
        change = change_of(word)
        start = time.monotonic()
        r, _ = ask(change)
        alive = not select.select([ended], [], [], 10)[0]
        took = time.monotonic() - start
    if r != 0:
        result["faults"].append("nft refused: %s" % change)
    if alive:
        result["faults"].append("the command lived on")
        run.kill()
    result["lines"].append(run.communicate()[1].decode())
    result["status"].append(run.returncode)
    result["ms"].append(round(took * 1000, 2))


def main():
    times, at = int(sys.argv[1]), sys.argv.index("--")
    results = {}
    for word in sys.argv[2:at]:
        results[word] = {"ms": [], "status": [], "lines": [], "faults": []}
        for _ in range(times):
            lose(word, sys.argv[at + 1:], results[word])
    print(json.dumps(results))


main()
