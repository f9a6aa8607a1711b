#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""PID/faults against faults whose number and kind are known, and against getrusage()."""
import os
import subprocess
import time

from faults import BASE, Faults, Worker, children
from ktap import case, ok, same, skip
from mms import Target, pagemap, pairs

FILE = "/tmp/faults.data"


def step(w, command):
    """Run a command: what the file counted, and what the kernel did."""
    old = Faults(w.pid)
    got = w.do(command)
    new = Faults(w.pid)
    keys, codes = new.since(old)
    ok(new.whole, f"{command}: outcomes add up", new.key)
    ok(new.inflight == 0 and new.lost == 0, f"{command}: none in flight or lost", new.key)
    same((keys.get("minor", 0), keys.get("major", 0)), got, f"{command}: as getrusage counts")
    same((keys.get("task_minor", 0), keys.get("task_major", 0)), got, f"{command}: task_* are getrusage's")
    return keys, codes


def expect(w, command, error, n, outcome="minor", mode="user"):
    keys, codes = step(w, command)
    same(codes.get(error, 0), n, f"{command}: {n} faults of error code {error:#x}")
    same(keys.get(outcome, 0), n, f"{command}: {n} {outcome}")
    # the worker's own stack and libc may fault besides
    ok(n <= keys.get(mode, 0) <= n + 3, f"{command}: {n} in {mode} mode", keys)


def simple():
    with Worker() as w, Target(w.pid):
        w.do("anon 300")
        expect(w, "write 300", 6, 300)
        w.do("anon 200")
        expect(w, "read 200", 4, 200)
        expect(w, "write 200", 7, 200)
        expect(w, "write 200", 7, 0)
        w.do("anon 150")
        expect(w, "kread 150", 2, 150, mode="kernel")
        w.do("anon 70")
        expect(w, "kwrite 70", 0, 70, mode="kernel")
        w.do("anon 1")
        expect(w, "segv 17", 6, 17, "segv")
        f = Faults(w.pid)
        same(f.names.get(7), "P W U", "names of 0x7")
        same(f.names.get(0), "-", "no names of 0x0")
        timed = [sum(v[i] for v in f.ns.values()) for i in range(3)]
        if EVERY[0] == 1:
            same(timed[2], f.segv, "the other ends of the histogram")
            ok(sum(timed) == f.user, "faults in user mode have a duration", (timed, f.key))
        else:
            low = f.user // EVERY[0]
            ok(low - 1 <= sum(timed) <= low + 1, f"one in {EVERY[0]} has a duration", (timed, f.key))


def shared():
    with Worker() as w, Target(w.pid):
        w.do("anon 250")
        w.do("write 250")
        w.do("fork")
        expect(w, "write 100", 7, 100)
        w.do("wait")
        expect(w, "write 250", 7, 150)
        w.do("fork")
        keys, codes = step(w, "kread 60")
        same(codes.get(3), 60, "read(2) into pages shared with a child: 0x3")
        same(keys.get("kernel"), 60, "in kernel mode")
        w.do("wait")


def beyond():
    with Worker(FILE) as w, Target(w.pid):
        w.do("truncate 1")
        w.do("shared 4")
        w.do("truncate 0")
        expect(w, "sigbus 9", 6, 9, "sigbus")
    os.unlink(FILE)


def major():
    with Worker() as w, Target(w.pid):
        w.do("anon 64")
        w.do("write 64")
        w.do("pageout 64")
        out = sum(p >> 62 & 1 for p in pagemap(w.pid, BASE, BASE + 64 * 4096))
        if not out:
            skip("swapped pages", "nothing was swapped out")
            return
        old = Faults(w.pid)
        got = w.do("read 64")
        keys, _ = Faults(w.pid).since(old)
        same((keys.get("minor", 0), keys.get("major", 0)), got, "swapped in: minor and major as getrusage counts")
        ok(keys.get("major", 0) > 0, f"of {out} swapped pages some are major", keys)


def blocked():
    ko = os.environ.get("MMS_KO", "")
    with Worker() as w, Target(w.pid):
        w.do("anon 1")
        w.do("uffd")
        old = Faults(w.pid)
        same(old.inflight, 1, "a fault that userfaultfd holds is in flight")
        ok(old.whole, "and counted as such", old.key)
        if ko:
            r = subprocess.run(["rmmod", "mmscope"], capture_output=True, text=True, check=False)
            ok(r.returncode != 0, "rmmod is refused meanwhile", r.stdout)
        time.sleep(0.3)
        got = w.do("resolve")
        new = Faults(w.pid)
        same(new.inflight, 0, "then it ends")
        slow = sum(sum(v) - sum(old.ns.get(k, (0, 0, 0))) for k, v in new.ns.items() if int(k.split("-")[-1]) > 300000000)
        same(slow, 1, "and took 300 ms")
        same((new.minor - old.minor, new.major - old.major), got, "minor or major as getrusage has it")


def whole_life():
    """From the first instruction of an exec'd program to its end: what wait4() tells."""
    with Worker() as w:
        before = children()
        with Target(w.pid):
            start = Faults(w.pid)
            w.do("anon 500")
            w.do("write 500")
            w.do("race 200 4")
            w.end()
            end = Faults(w.pid)
            ok(end.whole, "after exit the outcomes add up", end.key)
            same(end.inflight, 0, "nothing is in flight in a dead process")
            after = children()
        ok(after[0] - before[0] >= end.task_minor >= 500 + start.task_minor, "task_minor of the dead is at most wait4's",
           (before, after, end.key))


def threads():
    with Worker() as w, Target(w.pid):
        w.do("anon 400")
        for _ in range(3):
            old = Faults(w.pid)
            w.do("anon 400")
            got = w.do("race 400 4")
            new = Faults(w.pid)
            keys, _ = new.since(old)
            ok(new.whole and not new.inflight, "four threads: outcomes add up", new.key)
            ok(keys["minor"] >= 400, "four threads: every page has a fault", keys)
            ok(abs(keys["task_minor"] - got[0]) <= 40, "four threads: ended threads are in task_minor", (keys, got))
        same(pairs("stats").get("faults_lost", "0"), "0", "no fault was lost")


PARAM = "/sys/module/mmscope/parameters/time_every"
EVERY = [0]


def every(n):
    EVERY[0] = n
    with open(PARAM, "w", encoding="ascii") as f_:
        f_.write(str(n))


for n_ in (1, 16):
    every(n_)
    for case_ in (simple, shared, beyond, major) + ((blocked,) if n_ == 1 else ()) + (threads, whole_life):
        case(case_)
