#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""PID/tables of stopped processes: bytes equal VmPTE, slots used equal PID/entries, tables of known mappings by construction."""
import os
import signal
import subprocess
import sys
import time

from entries import entry, read_all
from ktap import case, ok, same, skip
from mms import ROOT, Target, read, smaps
from procs import Proc, Shapes
from puppet import Puppet

THP = "/sys/kernel/mm/transparent_hugepage/enabled"
HUGE = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
LEVELS = ("pte", "pmd", "pud", "p4d", "pgd")


def parse(pid):
    """{level: (tables, bytes, used, slots)}, {(level, fill): tables}, [(start, end, pte, pmd, pud, deposited, name)]"""
    levels, fill, vmas, into = {}, {}, [], None
    for line in read(f"{pid}/tables").splitlines():
        w = line.split()
        if w[0] == "#":
            into = w[1]
        elif into == "level" and len(w) == 5:
            levels[w[0]] = tuple(0 if x == "-" else int(x) for x in w[1:])
        elif into == "level":
            fill[(w[0], int(w[1].split("-")[0]))] = int(w[2])
        else:
            w = line.split(None, 6)
            vmas.append((int(w[0], 16), int(w[1], 16), *map(int, w[2:6]), w[6]))
    return levels, fill, vmas


def vm_pte(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return next(int(x.split()[1]) for x in f if x.startswith("VmPTE:")) * 1024


def check(name, pid):
    levels, fill, vmas = parse(pid)
    top = max((x for x in levels if x in LEVELS), key=LEVELS.index)
    same(sum(levels[x][1] for x in ("pte", "pmd", "pud", "deposited")), vm_pte(pid), f"{name}: bytes equal VmPTE")
    records = [entry(*r).level for b in read_all(pid) for r in b.recs]
    want = {"pte": records.count(1), "pmd": levels["pte"][0] + records.count(2), "pud": levels["pmd"][0] + records.count(3)}
    want.update({a: levels[b][0] for a, b in (("p4d", "pud"), ("pgd", "p4d")) if a in levels})
    same({x: levels[x][2] for x in want}, want, f"{name}: slots used are the tables and entries below")
    same([levels[x][3] for x in LEVELS if x in levels],
         [512 * levels[x][0] if x != top else 256 for x in LEVELS if x in levels], f"{name}: slots")
    tables = [x for x in levels if x != "total"]
    same(levels["total"][:2], tuple(sum(levels[x][i] for x in tables) for i in (0, 1)), f"{name}: the total")
    same({x: sum(n for (y, _), n in fill.items() if x == y) for x in LEVELS[:LEVELS.index(top)]},
         {x: levels[x][0] for x in LEVELS[:LEVELS.index(top)]}, f"{name}: every table but the top is in the fill histogram")
    low = {x: sum(lo * n for (y, lo), n in fill.items() if x == y) for x in LEVELS[:LEVELS.index(top)]}
    ok(all(n <= levels[x][2] <= max(2 * n, 0) for x, n in low.items()), f"{name}: which agrees with the slots used", (low, levels))
    same([sum(v[i] for v in vmas) for i in range(2, 6)], [levels[x][0] for x in ("pte", "pmd", "pud", "deposited")],
         f"{name}: the VMAs' tables are all tables")
    same([v[:2] for v in vmas], [(s, e) for s, e, k in smaps(pid) if k["name"] != "[vsyscall]"], f"{name}: a line per VMA")
    return levels, fill, {v[0]: v for v in vmas}


def shapes():
    with Shapes() as s:
        s.stop()
        with Target(s.pid):
            _, _, vmas = check("shapes", s.pid)
            for n, want in (("thp", 2), ("hugezero", 1), ("hugetlb2m", 0), ("anon", 0)):
                if n in s.shape:
                    same(vmas[s.shape[n][0]][5], want, f"{n}: {want} tables are deposited")
                else:
                    skip(n, s.skipped[n])
            if "hugetlb2m" in s.shape:
                same(vmas[s.shape["hugetlb2m"][0]][2], 0, "a hugetlb mapping has no ptes")
            whole = read(f"{s.pid}/tables")
            for size in (1, 70, 1000):
                fd = os.open(f"{ROOT}/{s.pid}/tables", os.O_RDONLY)
                text = b"".join(iter(lambda: os.read(fd, size), b"")).decode(errors="surrogateescape")
                ok(text == whole, f"read {size} bytes at a time it is the same")
                at = len(whole) // 2
                same(os.pread(fd, 100, at).decode(errors="surrogateescape"), whole[at:at + 100], f"and from its middle ({size})")
                os.close(fd)


def python(name, code, look=None):
    p = subprocess.Popen([sys.executable, "-c", code + "\nimport time; print('up', flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
    p.stdout.readline()
    os.kill(p.pid, signal.SIGSTOP)
    time.sleep(0.3)
    with Target(p.pid):
        got = check(name, p.pid)
        if look:
            look(p.pid, *got)
    p.kill()
    p.wait()


def sparse(pid, levels, fill, vmas):
    start, end = next((s, e) for s, e, _ in smaps(pid) if e - s >= 64 << 30)
    ok(fill.get(("pte", 1), 0) >= 60, "64 GiB, a page in each: tables with one pte", fill)
    mine = [v for v in vmas.values() if v[0] == start][0]
    ok(63 <= mine[2] <= 66 and 63 <= mine[3] <= 66, "64 tables of ptes and 64 of pmds", mine)
    ok(levels["pmd"][0] >= 64 and end > start, "in the sum as well", levels)


def shared_pmds():
    """Two processes that map a file of hugetlbfs share its tables of pmds, and are charged for them both."""
    if not os.path.exists(HUGE):
        skip("shared pmds", "no 2 MiB hugetlb pages")
        return
    with open(HUGE, encoding="ascii") as f:
        if int(f.read()) < 4:
            skip("shared pmds", "too few 2 MiB hugetlb pages")
            return
    code = ("import os, mmap, time\nfd = os.memfd_create('h', 4)\nos.ftruncate(fd, 3 << 30)\n"
            "m = mmap.mmap(fd, 3 << 30, flags=mmap.MAP_SHARED | 0x4000)\nm[0] = 1; m[3 << 29] = 1\n"
            "pid = os.fork()\nm[0]; m[3 << 29]\nif pid: print(pid, flush=True)\ntime.sleep(600)\n")
    p = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child = int(p.stdout.readline())
    time.sleep(0.5)
    for pid in (p.pid, child):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(0.3)
    for name, pid in (("parent", p.pid), ("child", child)):
        with Target(pid):
            check(f"shared pmds, {name}", pid)
    os.kill(child, signal.SIGKILL)
    p.kill()
    p.wait()


def ends():
    with Proc("loop", "64", "512", ready="lap") as p, Target(p.pid):
        ok(len(read(f"{p.pid}/tables").splitlines()) > 10, "of a process that runs")
        fd = os.open(f"{ROOT}/{p.pid}/tables", os.O_RDONLY)
        os.read(fd, 10)
        p.end()
        time.sleep(0.2)
        ok(b"".join(iter(lambda: os.read(fd, 4096), b"")).count(b"\n") < 50, "a read that goes on after the exit ends")
        os.close(fd)
        same(read(f"{p.pid}/tables"), "", "nothing of the dead")


def grows():
    """A VMA that grows when its line is made already: the rest is a line of its own, further up."""
    with Puppet() as p, Target(p.pid):
        start = p("aligned(16 << 20, 2 << 20)")
        p(f"mprotect({start} + (4 << 20), 12 << 20, 0)")
        p(f"poke({start}, 1024)")
        fd, text = os.open(f"{ROOT}/{p.pid}/tables", os.O_RDONLY), ""
        # byte by byte the file is one line ahead: stop in the midst of the line before
        before = max(e for _, e, _ in smaps(p.pid) if e <= start)
        while f" {before:#x} " not in text.rsplit("\n", 1)[-1]:
            text += os.read(fd, 1).decode(errors="surrogateescape")
        p(f"mprotect({start} + (4 << 20), 4 << 20, 3)")
        same([e for s, e, _ in smaps(p.pid) if s == start], [start + (8 << 20)], "it is one VMA before and after")
        text += b"".join(iter(lambda: os.read(fd, 1), b"")).decode(errors="surrogateescape")
        os.close(fd)
        lines = [tuple(int(x, 16) for x in w[:2]) for w in map(str.split, text.splitlines()) if w[0].startswith("0x")]
        ok(all(a[1] <= b[0] for a, b in zip(lines, lines[1:])), "no line overlaps another", lines)
        same([x for x in lines if start <= x[0] < start + (8 << 20)], [(start, start + (4 << 20)), (start + (4 << 20), start + (8 << 20))],
             "its two parts")
    log = subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout
    ok("buggy" not in log, "seq_file finds nothing to complain of")


def main():
    """khugepaged changes tables of processes that stand still: it is told to leave them alone."""
    was = None
    if os.path.exists(THP):
        with open(THP, encoding="ascii") as f:
            was = f.read().split("[")[1].split("]")[0]
        with open(THP, "w", encoding="ascii") as f:
            f.write("madvise")
    case(shapes)
    case(lambda: python("python3", "import json; x = list(range(50000))"))
    case(lambda: python("sparse", "import mmap\nm = mmap.mmap(-1, 64 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)\n"
                        "try: m.madvise(mmap.MADV_NOHUGEPAGE)\nexcept OSError: pass\nfor i in range(64): m[i << 30] = 1", sparse))
    case(shared_pmds)
    case(grows)
    case(ends)
    if was:
        with open(THP, "w", encoding="ascii") as f:
            f.write(was)


main()
