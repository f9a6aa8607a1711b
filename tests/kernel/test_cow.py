#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""PID/cow against copies, fills and reuses whose number and frames are known."""
import os
import select
import shutil
import subprocess
import sys

from faults import BASE, Cow, Faults, Worker
from ktap import case, ok, same, skip
from mms import Target, control, pagemap, read
from procs import popen

FILE = "/root/cow.data"
PARAM = "/sys/module/mmscope/parameters/cow_events"
TRACE = "/sys/kernel/tracing"
PG, HUGE = 4096, 2 << 20


def frames(pid, n):
    return [p & ((1 << 55) - 1) if p >> 63 else None for p in pagemap(pid, BASE, BASE + n * PG)]


def adds_up(c, what):
    """Totals are the sum of the generations, and of the mappings."""
    same(c.copied, sum(g[-4] for g in c.generations), f"{what}: generations add up")
    same((c.copied, c.copied_bytes, c.reused, c.reused_bytes, c.filled, c.filled_bytes),
         tuple(sum(v[i] for v in c.vmas) for i in range(2, 8)), f"{what}: mappings add up")


def step(w, command, want):
    """Run it: events in the region since are want, {(what, size): n}."""
    old = Cow(w.pid)
    since = max((e["time"] for e in old.events), default=0)
    w.do(command)
    new = Cow(w.pid)
    same(new.counts(since), want, f"{command}: {want}")
    same(new.raced, old.raced, f"{command}: no race with oneself")
    for (what, _), n in want.items():
        got = getattr(new, what) - getattr(old, what)
        ok(n <= got <= n + 20, f"{command}: the counter says so, but for libc's own pages", (n, got))
    adds_up(new, command)
    return new.inside(since)


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return int(f.read().split()[-1])


def left(w, command, first, n):
    """Pages [first, n) that nobody else has: kept, or copied all the same if a batch of the kernel's holds them."""
    since = max((e["time"] for e in Cow(w.pid).events), default=0)
    before = frames(w.pid, n)
    w.do(command)
    after = frames(w.pid, n)
    same([(e["what"], e["addr"], e["old"], e["new"]) for e in Cow(w.pid).inside(since)],
         [("reused" if before[i] == after[i] else "copied", BASE + i * PG, before[i], after[i]) for i in range(first, n)],
         f"{command}: reused or copied as pagemap has it")


def forked():
    with Worker() as w, Target(w.pid):
        w.do("anon 200")
        w.do("write 200")
        same(Cow(w.pid).counts(), {}, "first touches of anonymous memory copy nothing")
        w.do("fork")
        before = frames(w.pid, 200)
        events = step(w, "write 100", {("copied", PG): 100})
        after = frames(w.pid, 200)
        same([(e["addr"], e["old"], e["new"]) for e in events],
             [(BASE + i * PG, before[i], after[i]) for i in range(100)], "frames are pagemap's, before and after")
        c = Cow(w.pid)
        same(c.vma_at(BASE)[2:8], (100, 100 * PG, 0, 0, 0, 0), "all in one mapping")
        same({(e["tid"], e["comm"], e["generation"]) for e in events}, {(w.pid, "cow", 1)}, "who wrote, after which fork")
        child = child_of(w.pid)
        same(c.generations[1][2], child, "and whose birth that was")
        with Target(child):
            w.do("childwrite 50")
            same(Cow(child).counts(), {("reused", PG): 50}, "a child reuses what the parent has left")
            w.do("childwrite 150")
            same(Cow(child).counts(), {("reused", PG): 100, ("copied", PG): 50}, "and copies what it has not")
        w.do("wait")
        left(w, "write 200", 100, 200)
        step(w, "write 200", {})


def child_first():
    with Worker() as w, Target(w.pid):
        w.do("anon 80")
        w.do("write 80")
        w.do("fork")
        with Target(child_of(w.pid)) as t:
            w.do("childwrite 80")
            same(Cow(t.pid).counts(), {("copied", PG): 80}, "80 copies by a child")
        left(w, "write 80", 0, 80)
        w.do("wait")


def zero():
    with Worker() as w, Target(w.pid):
        w.do("anon 120")
        w.do("read 120")
        step(w, "write 120", {("filled", PG): 120})
        old = Cow(w.pid).events[-1]
        ok(old["old"] is not None, "the zero page has a frame", old)


def files():
    with Worker(FILE) as w, Target(w.pid):
        w.do("truncate 100")
        w.do("private 100")
        events = step(w, "write 40", {("filled", PG): 40})
        same({e["old"] for e in events}, {None}, "there was nothing")
        w.do("read 100")
        step(w, "write 100", {("copied", PG): 60})
        same(Cow(w.pid).vma_at(BASE)[8], FILE, "in the mapping of the file")
        w.do("private 30")
        events = step(w, "kread 30", {("filled", PG): 30})
        same([e["addr"] for e in events], [BASE + i * PG for i in range(30)], "those that wait for their mapping stay in order")
        times = [e["time"] for e in Cow(w.pid).events]
        same(times, sorted(times), "the oldest event first")
        w.do("shared 50")
        w.do("write 50")
        same(sum(v[6] for v in Cow(w.pid).vmas if v[8] == FILE), 70, "a shared mapping fills nothing")
    os.unlink(FILE)


def noticed():
    """Write-protected to learn of the next write: nobody shares the page."""
    with Worker() as w, Target(w.pid):
        w.do("anon 90")
        w.do("write 90")
        with open(f"/proc/{w.pid}/clear_refs", "w", encoding="ascii") as f:
            f.write("4\n")
        step(w, "write 70", {("reused", PG): 70})


def in_kernel():
    with Worker() as w, Target(w.pid):
        w.do("anon 200")
        w.do("write 200")
        w.do("fork")
        step(w, "kread 50", {("copied", PG): 50})
        same(Cow(w.pid).unplaced, 0, "what read(2) copied has a mapping")
        w.do("kread 200")
        c = Cow(w.pid)
        same(c.counts(), {("copied", PG): 200}, "as many as there are")
        ok(c.unplaced <= 150 - 64 and c.vma_at(BASE)[2] + c.unplaced == 200, "more than can wait are unplaced", (c.unplaced, c.vmas))
        adds_up(c, "with unplaced ones")
        w.do("wait")


def huge():
    with open("/sys/kernel/mm/transparent_hugepage/enabled", encoding="ascii") if os.path.exists(
            "/sys/kernel/mm/transparent_hugepage/enabled") else open(os.devnull, encoding="ascii") as f:
        thp = "[never]" not in f.read() and os.path.exists("/sys/kernel/mm/transparent_hugepage/enabled")
    with Worker() as w, Target(w.pid):
        w.do("thp 2")
        w.do("write 1")
        if not thp or not all(frames(w.pid, 512)):
            skip("thp", "no huge page was given")
        else:
            w.do("fork")
            step(w, "write 200", {("copied", PG): 200})
            w.do("wait")
            w.do("thp 1")
            w.do("write 1")
            w.do("fork")
            w.do("wait")
            step(w, "write 1", {("reused", HUGE): 1})
            w.do("thp 1")
            w.do("read 1")
            events = step_filled(w)
            ok(len(events) == 1 and events[0]["what"] == "filled" and events[0]["size"] in (PG, HUGE),
               "the huge zero page is filled, whole or in part", events)
    with Worker() as w, Target(w.pid):
        try:
            w.do("hugetlb 2")
        except RuntimeError as e:
            skip("hugetlb", str(e))
            return
        w.do("write 2")
        same(Cow(w.pid).counts(), {}, "first touches of hugetlb copy nothing")
        w.do("fork")
        before = frames(w.pid, 512)[0]
        events = step(w, "write 2", {("copied", HUGE): 2})
        same((events[0]["old"], events[0]["new"]), (before, frames(w.pid, 512)[0]), "hugetlb: frames are pagemap's")
        w.do("wait")
        w.do("unmap")


def step_filled(w):
    since = max((e["time"] for e in Cow(w.pid).events), default=0)
    w.do("write 1")
    return Cow(w.pid).inside(since)


def races():
    with Worker() as w, Target(w.pid):
        for _ in range(3):
            w.do("anon 150")
            w.do("write 150")
            w.do("fork")
            since = max((e["time"] for e in Cow(w.pid).events), default=0)
            w.do("race 150 4")
            c = Cow(w.pid)
            same(c.counts(since), {("copied", PG): 150}, "four threads at once: every page is copied once")
            same(len({e["addr"] for e in c.inside(since)}), 150, "and each is another one")
            w.do("wait")
        print(f"# {Cow(w.pid).raced} raced")
        same(Faults(w.pid).lost, 0, "no fault was lost")


def generations():
    with Worker() as w, Target(w.pid):
        w.do("anon 40")
        w.do("write 40")
        made = []
        for i in range(18):
            w.do("fork")
            made.append(child_of(w.pid))
            w.do(f"write {i + 1}")
            w.do("wait")
            w.do("write 40")
        c = Cow(w.pid)
        same(c.generation, 18, "18 forks")
        same([g[0] for g in c.generations], ["0", "older"] + [str(i) for i in range(4, 19)], "the first, older ones, the latest 15")
        same([g[2] for g in c.generations[2:]], made[3:], "each with its child")
        same([sum(e["generation"] == g and e["what"] == "copied" for e in c.inside()) for g in range(15, 19)],
             [15, 16, 17, 18], "copies belong to their generation")
        same([g[5] for g in c.generations[-4:]] and c.copied, sum(g[-4] for g in c.generations), "and add up")


def overflow():
    with open(PARAM, encoding="ascii") as f:
        was = f.read()
    with open(PARAM, "w", encoding="ascii") as f:
        f.write("16")
    with Worker() as w, Target(w.pid):
        w.do("anon 100")
        w.do("write 100")
        w.do("fork")
        w.do("write 100")
        c = Cow(w.pid)
        same(len(c.events), 16, "16 events are kept")
        same(c.events_lost, c.copied + c.reused + c.filled - 16, "the others are lost, and counted")
        same([e["addr"] for e in c.inside()][:15], [BASE + i * PG for i in range(100 - len(c.inside()), 100)][:15], "the latest, in order")
        w.do("wait")
    with open(PARAM, "w", encoding="ascii") as f:
        f.write(was)


def outrun():
    """A target that makes events while they are printed: those there were at first, and no more."""
    with open(PARAM, encoding="ascii") as f:
        was = f.read()
    with open(PARAM, "w", encoding="ascii") as f:
        f.write("16")
    with Worker() as w, Target(w.pid):
        w.do("anon 12000")
        w.do("read 12000")
        w.p.stdin.write("write 12000\n")
        w.p.stdin.flush()
        most, seen, reads = 0, set(), 0
        while not select.select([w.p.stdout], [], [], 0)[0]:
            c = Cow(w.pid)
            most, reads = max(most, len(c.events)), reads + 1
            seen.add(c.filled)
        same(w.p.stdout.readline().split()[0], "ok", "the target is done")
        ok(len(seen) > 2, "it was read while it filled pages", (reads, sorted(seen)))
        ok(most <= 16, "no more events than are kept", most)
    with open(PARAM, "w", encoding="ascii") as f:
        f.write(was)


LONG = "/root/" + "/".join(["d" * 250] * 15)
MAPPER = """
import mmap, os, sys
for i in range(32):
    fd = os.open(f"{sys.argv[1]}/{i}", os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, 4096)
    sys.stdin.readline() if not i else None
    m = mmap.mmap(fd, 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    m[0] = 1
    globals()[f"keep{i}"] = m
print("done", flush=True)
sys.stdin.readline()
"""


def long_names():
    os.makedirs(LONG)
    with popen([sys.executable, "-c", MAPPER, LONG], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        with Target(p.pid):
            p.stdin.write("\n")
            p.stdin.flush()
            same(p.stdout.readline(), "done\n", "long names: 32 files are mapped and written")
            c = Cow(p.pid)
            named = [v for v in c.vmas if v[8].startswith(LONG)]
            ok(0 < len(named) <= 65536 // len(LONG), "names of 64 KiB are kept",
               (len(named), c.key, read(f"{p.pid}/faults"), read(f"{p.pid}/status")))
            same({v[6] for v in named}, {1}, "a page filled in each")
            other = [v for v in c.vmas if v[0] == "-"]
            ok(other and other[0][6] >= 32 - len(named), "the other mappings are in a line together", other)
            adds_up(c, "long names")
        p.kill()
    shutil.rmtree("/root/" + "d" * 250)


def traced():
    for name, value in (("events/mmscope/cow/enable", "1"), ("trace", "")):
        with open(f"{TRACE}/{name}", "w", encoding="ascii") as f:
            f.write(value)
    with Worker() as w, Target(w.pid):
        w.do("anon 60")
        w.do("write 60")
        w.do("fork")
        w.do("write 60")
        w.do("wait")
        with open(f"{TRACE}/events/mmscope/cow/enable", "w", encoding="ascii") as f:
            f.write("0")
        got = []
        with open(f"{TRACE}/trace", encoding="ascii") as f:
            for line in f:
                if " cow: " in line:
                    got.append(dict(x.split("=") for x in line.split(" cow: ")[1].split()))
        none = hex((1 << 64) - 1)
        same([(int(e["pid"]), e["address"], e["old_frame"], e["new_frame"], e["size"], e["what"], e["generation"]) for e in got],
             [(w.pid, hex(e["addr"]), hex(e["old"]) if e["old"] is not None else none, hex(e["new"]), str(e["size"]), e["what"], str(e["generation"]))
              for e in Cow(w.pid).events], "the trace events are the file's")


control("clear")
for case_ in (forked, child_first, zero, files, noticed, in_kernel, huge, races, generations, overflow, outrun, long_names, traced):
    case(case_)
