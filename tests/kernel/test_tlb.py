#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""PID/tlb against the kernel's trace of the same flushes, and against workloads whose flushes are known.

The nr_tlb_* counters of /proc/vmstat would be a second opinion; no kernel served is built with them.
"""
import os
import re
import time

from flushes import EVENTS, REASONS, replay
from ktap import case, ok, same, skip
from mms import control, read
from procs import Proc, Threads
from tracing import Trace


def tlb(pid):
    """{reason: (flushes, pages, full)}"""
    lines = read(f"{pid}/tlb").splitlines()
    return {w[0]: tuple(map(int, w[1:])) for w in map(str.split, lines[2:2 + len(REASONS)])}


def measure(work, *others):
    """Run work() with the targets tracked and traced; [counts of each]."""
    with Trace(*EVENTS) as trace:
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
    """Where somebody else gets the other CPU for a moment, there is nothing to shoot down: try again.
    A thread of the kernel does so at every tick of a slow machine, so a few shootdowns at a time.
    """
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
        got = undisturbed(t, "protect 10 8", (10, 80, 0))
        same(got["ipi-sent"], (10, 80, 0), "two threads: 10 shootdowns of 8 pages sent")
        same(got["local-mm"], (10, 80, 0), "as many flushed where they came from")
        same(got["remote"], (10, 80, 0), "and received by the other CPU")
        got = undisturbed(t, "protect 6 64", (6, 0, 6))
        same((got["ipi-sent"], got["remote"]), ((6, 0, 6),) * 2, "6 shootdowns of everything")
        with Threads("0,1") as other:
            a, b = measure(lambda: other.tell("free 200 10"), t, other)
            same((a["ipi-sent"], a["remote"], a["local-mm"]), ((0, 0, 0),) * 3, "a neighbour's shootdowns are not ours")
            ok(b["local-mm"][0] == 200 and a["task-switch"][0] > 0, "they are the neighbour's", (a, b))


for c in (form, alone, together):
    case(c)
