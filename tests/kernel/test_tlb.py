#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""PID/tlb against the kernel's trace of the same flushes, and against workloads whose flushes are known.

The nr_tlb_* counters of /proc/vmstat would be a second opinion; no kernel served is built with them.
"""
import os
import re
import time

from ktap import case, ok, same, skip
from mms import control, read
from procs import Proc
from tracing import Trace

REASONS = ["task-switch", "remote", "local", "local-mm", "ipi-sent", "wrong-cpu"]
PF_KTHREAD = 0x200000


def tlb(pid):
    """{reason: (flushes, pages, full)}"""
    lines = read(f"{pid}/tlb").splitlines()
    return {w[0]: tuple(map(int, w[1:])) for w in map(str.split, lines[2:2 + len(REASONS)])}


class Threads(Proc):
    """The workload tlb; stopped except while it does what it is told."""

    def __init__(self, cpus):
        super().__init__("tlb", cpus)
        self.tell("protect 4 3")
        self.tell("free 3 3")
        self.stop()

    def tell(self, text):
        self.p.stdin.write(text + "\n")
        self.p.stdin.flush()
        if self.p.stdout.readline() != "done\n":
            raise RuntimeError(f"tlb: {text}: ended with {self.p.wait()}")

    def tids(self):
        return set(map(int, os.listdir(f"/proc/{self.pid}/task")))

    def stop(self):
        super().stop()
        for tid in self.tids():
            for _ in range(500):
                with open(f"/proc/{self.pid}/task/{tid}/stat", encoding="ascii") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] == "T":
                        break
                time.sleep(0.01)


def is_kernel(pid, known={0: True}):  # pylint: disable=dangerous-default-value
    if pid not in known:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                known[pid] = bool(int(f.read().rsplit(")", 1)[1].split()[6]) & PF_KTHREAD)
        except OSError:
            known[pid] = False
    return known[pid]


def replay(events, tids):
    """What PID/tlb must say of the process with these threads."""
    out = {r: (0, 0, 0) for r in REASONS}
    loaded, last = {}, {}
    for pid, cpu, name, text in events:
        if name == "sched_switch":
            last[cpu] = int(re.search(r"next_pid=(\d+)", text)[1])
            if not is_kernel(last[cpu]):
                loaded[cpu] = last[cpu]
            continue
        pages, which = re.match(r"pages:(-?\d+) reason:.*\((\d)\)", text).groups()
        pages, reason = int(pages), REASONS[int(which)]
        if reason == "task-switch" and is_kernel(last.get(cpu, 0)):
            loaded[cpu] = None  # the tables of the kernel alone
        if (pid if reason == "ipi-sent" else loaded.get(cpu)) not in tids or (not pages and reason != "wrong-cpu"):
            continue
        f, p, a = out[reason]
        out[reason] = (f + 1, p + (pages > 0) * pages, a + (pages < 0))
    return out


def measure(work, *others):
    """Run work() with the targets tracked and traced; [counts of each]."""
    with Trace("tlb/tlb_flush", "sched/sched_switch") as trace:
        for t in others:
            same(control(f"+ {t.pid}"), 0, f"track {t.p.args[0].rsplit('/', 1)[-1]} {t.p.args[1]}")
        trace.on()
        for t in others:
            t.cont()
        work()
        for t in others:
            t.stop()
        trace.off()
        got = [tlb(t.pid) for t in others]
        events = trace.events()
        for t, g in zip(others, got):
            same(g, replay(events, t.tids()), f"every flush of {t.p.args[1]} as the kernel traced it")
        control("clear")
    return got


def form():
    with Proc("loop", "1", "1", ready="lap") as p:
        control(f"+ {p.pid}")
        lines = read(f"{p.pid}/tlb").splitlines()
        with open("/proc/cpuinfo", encoding="ascii") as f:
            pcid = " pcid " in f.read().replace("\n", " ")
        same(lines[0], f"pcid {'yes' if pcid else 'no'}", "pcid as in /proc/cpuinfo")
        same(lines[1], "# reason flushes pages full", "a header")
        same([x.split()[0] for x in lines[2:8]], REASONS, "a line per reason")
        ok(re.match(r"pmu (yes -|no \S.*)$", lines[8]), "a word on the PMU", lines[8:])
        p.end()
        same(read(f"{p.pid}/tlb").splitlines()[0], lines[0], "the dead have counters")
        control("clear")


def alone():
    with Threads("0") as t:
        got = measure(lambda: t.tell("protect 50 8"), t)[0]
        same(got["local-mm"], (50, 400, 0), "one thread: 50 times 8 pages protected")
        same(got["remote"], (0, 0, 0), "and no other CPU")
        got = measure(lambda: t.tell("free 30 20"), t)[0]
        same(got["local-mm"], (30, 600, 0), "one thread: 30 times 20 pages given back")
        got = measure(lambda: t.tell("protect 24 64"), t)[0]
        same(got["local-mm"], (24, 0, 24), "more pages than it pays to flush one by one: all")


def undisturbed(t, what, want):
    """Where somebody else gets the other CPU for a moment, there is nothing to shoot down: try again."""
    for _ in range(40):
        got = measure(lambda: t.tell(what), t)[0]
        if (got["ipi-sent"], got["remote"]) == (want, want):
            break
        time.sleep(0.1)
    return got


def together():
    if len(os.sched_getaffinity(0)) < 2:
        skip("shootdowns between CPUs", "one CPU")
        return
    os.sched_setaffinity(0, {0})
    with Threads("0,1") as t:
        got = undisturbed(t, "protect 100 8", (100, 800, 0))
        same(got["ipi-sent"], (100, 800, 0), "two threads: 100 shootdowns of 8 pages sent")
        same(got["local-mm"], (100, 800, 0), "as many flushed where they came from")
        same(got["remote"], (100, 800, 0), "and received by the other CPU")
        got = undisturbed(t, "protect 40 64", (40, 0, 40))
        same((got["ipi-sent"], got["remote"]), ((40, 0, 40),) * 2, "40 shootdowns of everything")
        with Threads("0,1") as other:
            a, b = measure(lambda: other.tell("free 200 10"), t, other)
            same((a["ipi-sent"], a["remote"], a["local-mm"]), ((0, 0, 0),) * 3, "a neighbour's shootdowns are not ours")
            ok(b["local-mm"][0] == 200 and a["task-switch"][0] > 0, "they are the neighbour's", (a, b))


for c in (form, alone, together):
    case(c)
