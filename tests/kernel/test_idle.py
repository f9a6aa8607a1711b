#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What sampling does not look at is idle: pages poked at known scans, in memory left idle before. Oracle: the construction."""
import os
import random

from ktap import case, ok, same, skip
from mms import Target, control, pagemap, pairs
from puppet import DONTNEED, HUGEPAGE, MB, NOHUGEPAGE, PAGEOUT, PG, PROT_NONE, PROT_READ, RW, Puppet
from sampling import ager, scans, wait_scans

REGION = 2 * MB
THP = "/sys/kernel/mm/transparent_hugepage"
NEVER = 255


def idle(t, start, pages):
    h, recs = t.idle()
    return h["scans"], {a: (age, level, flags) for a, level, age, flags in recs if start <= a < start + pages * PG}


def sampled(p, size, how="", ms=100):
    """A puppet's idle memory, sampled until nothing is left to see."""
    start = p(f"aligned({size}, {REGION})")
    if os.path.exists(THP):
        p(f"madvise({start}, {size}, {NOHUGEPAGE})")
    p(f"poke({start}, {size // PG})")
    same(control(f"sample {p.pid} {ms} {how}"), 0, f"sampling on {how}")
    wait_scans(p.pid, 4)
    return start


def poked(p, t, start, size, pages, name):
    """Poke these pages; exactly they are as old as that, whatever was skipped."""
    before = idle(t, start, size // PG)[1]
    c0 = scans(p.pid)
    for n in pages:
        p(f"poke({start + n * PG})")
    c1 = scans(p.pid)
    wait_scans(p.pid, c1 + 3)
    n, a = idle(t, start, size // PG)
    want = {start + i * PG for i in pages}
    got = {x for x, (age, _, _) in a.items() if age != NEVER and n - age > c0}
    same(sorted(got), sorted(want), f"{name}: exactly the {len(want)} pages poked are that young")
    late = [x for x in got if n - a[x][0] > c1 + 2]
    same(late, [], f"{name}: none is younger than its poke")
    same(len(a), len(before), f"{name}: no page came or went")


def wakes():
    """Idle regions, skipped for long, are seen when a page of them is used again."""
    with Puppet() as p, Target(p.pid) as t:
        size = 64 * MB
        start = sampled(p, size)
        n, a = idle(t, start, size // PG)
        same(len(a), size // PG, "every page has an age")
        same({age for age, _, _ in a.values()}, {NEVER}, "and was never referenced")
        w = pairs(f"{p.pid}/wss")
        ok(int(w["skipped"]) >= size // REGION, "all idle regions are skipped", w)
        s = pairs(f"{p.pid}/status")
        same((s["flush"], s["skip"], s["suspended"]), ("yes", "yes", "no"), "status tells how")
        rng = random.Random(1)
        for i, k in enumerate((1, 3, 40)):
            poked(p, t, start, size, sorted(rng.sample(range(size // PG), k)), f"round {i}")
        poked(p, t, start, size, range(512), "a whole region")
        poked(p, t, start, size, [0, 511, 512, size // PG - 1], "edges")
        n0, a0 = idle(t, start, size // PG)
        wait_scans(p.pid, n0 + 20)
        n1, a1 = idle(t, start, size // PG)
        wrong = [(hex(x), a0[x][0], a1[x][0]) for x in a0 if a1[x][0] != (NEVER if a0[x][0] == NEVER else a0[x][0] + n1 - n0)]
        same(wrong, [], f"{n1 - n0} scans later every age is that much older, skipped or not")


def ways():
    """noskip looks at all; noflush flushes nothing."""
    with Puppet() as p, Target(p.pid) as t:
        size = 8 * MB
        start = sampled(p, size, "noskip")
        same(pairs(f"{p.pid}/wss")["skipped"], "0", "noskip: nothing is skipped")
        same(pairs(f"{p.pid}/status")["skip"], "no", "noskip: status tells")
        poked(p, t, start, size, [3, 5, 600], "noskip")
        s0 = pairs("stats")
        control(f"sample {p.pid} 100 noskip noflush")
        s = pairs(f"{p.pid}/status")
        same((s["flush"], s["skip"]), ("no", "no"), "noflush: status tells")
        wait_scans(p.pid, 4)
        s1 = pairs("stats")
        same((s1["flushes"], s1["flush_ns"]), (s0["flushes"], s0["flush_ns"]), "noflush: no flush")
        ok(int(s1["scans"]) - int(s0["scans"]) >= 5, "noflush: but scans", s1)
        control(f"sample {p.pid} 100 noflush")
        same(pairs(f"{p.pid}/status")["skip"], "no", "noflush alone: no skip either")
        s0 = pairs("stats")
        control(f"sample {p.pid} 100")
        wait_scans(p.pid, 4)
        s1 = pairs("stats")
        ok(int(s1["flushes"]) > int(s0["flushes"]) and int(s1["flush_ns"]) > int(s0["flush_ns"]), "flush: counted and timed", s1)
        ok(int(s1["skipped"]) > int(s0["skipped"]), "skip: counted", s1)


def pieces():
    """A region of two VMAs is looked at; one VMA again, it may be skipped again."""
    with Puppet() as p, Target(p.pid) as t:
        start = sampled(p, REGION)
        p(f"mprotect({start}, {MB}, {PROT_READ})")
        poked(p, t, start, REGION, [256, 300, 511], "half of the region read-only")
        p(f"mprotect({start}, {MB}, {RW})")
        poked(p, t, start, REGION, [0, 77, 400], "and one VMA again")
        p(f"mprotect({start}, {REGION}, {PROT_NONE})")
        wait_scans(p.pid, scans(p.pid) + 3)
        p(f"mprotect({start}, {REGION}, {RW})")
        poked(p, t, start, REGION, [9], "after PROT_NONE")


def forks():
    """A child's references are not the parent's; the parent's own copies are."""
    with Puppet() as p, Target(p.pid) as t:
        size = 4 * MB
        start = sampled(p, size)
        kid = p("fork()")
        wait_scans(p.pid, scans(p.pid) + 3)
        n0 = scans(p.pid)
        p(f"tell({kid}, 'poke({start}, {size // PG})')")
        wait_scans(p.pid, n0 + 3)
        n, a = idle(t, start, size // PG)
        same([hex(x) for x, (age, _, _) in a.items() if age != NEVER and n - age > n0], [], "the child's writes are not seen in the parent")
        poked(p, t, start, size, [1, 513], "copied on write by the parent")
        p(f"end({kid})")


def vanishes():
    """What is dropped or swapped out in idle memory is seen within 16 scans."""
    with Puppet() as p, Target(p.pid) as t:
        size = 4 * MB
        start = sampled(p, size)
        p(f"madvise({start + 100 * PG}, {50 * PG}, {DONTNEED})")
        wait_scans(p.pid, scans(p.pid) + 17)
        _, a = idle(t, start, size // PG)
        gone = {x for x in range(start, start + size, PG) if x not in a}
        same(gone, set(range(start + 100 * PG, start + 150 * PG, PG)), "pages dropped have no age 16 scans later")
        p(f"madvise({start + REGION}, {REGION}, {DONTNEED})")
        wait_scans(p.pid, scans(p.pid) + 17)
        same(sum(x >= start + REGION for x in idle(t, start, size // PG)[1]), 0, "nor has a whole region")
        poked(p, t, start, REGION, [7], "what is left")
        p(f"madvise({start + 256 * PG}, {64 * PG}, {PAGEOUT})")
        wait_scans(p.pid, scans(p.pid) + 17)
        pm = pagemap(p.pid, start, start + REGION)
        swapped = {start + i * PG for i, e in enumerate(pm) if e >> 62 & 1}
        same({x for x, v in idle(t, start, 512)[1].items() if v[2] & 1}, swapped, f"{len(swapped)} pages swapped out are told so")


def huge():
    """A huge leaf, split and poked in one page."""
    if not os.path.exists(THP):
        skip("thp", "this kernel has none")
        return
    with Puppet() as p, Target(p.pid) as t:
        start = p(f"aligned({2 * REGION}, {REGION})")
        p(f"madvise({start}, {2 * REGION}, {HUGEPAGE})")
        p(f"poke({start}, {1024})")
        control(f"sample {p.pid} 100")
        wait_scans(p.pid, 4)
        same({x: v[1] for x, v in idle(t, start, 1024)[1].items()}, {start: 2, start + REGION: 2}, "two huge leaves are two records")
        c0 = scans(p.pid)
        p(f"poke({start + 5 * PG})")
        wait_scans(p.pid, c0 + 3)
        n, a = idle(t, start, 1024)
        ok(n - a[start][0] > c0 and a[start + REGION][0] == NEVER, "the one that was poked is young, the other is not", a)
        p(f"madvise({start + REGION}, {PG}, {DONTNEED})")
        wait_scans(p.pid, scans(p.pid) + 3)
        a = idle(t, start, 1024)[1]
        same(sum(x >= start + REGION for x in a), 511, "split: 511 pages have an age")
        poked(p, t, start + REGION, REGION, [300], "split and left idle")


def moves():
    """mremap takes the table along: the address it leaves has nothing, the new one is looked at."""
    with Puppet() as p, Target(p.pid) as t:
        start = sampled(p, 2 * REGION)
        p("setattr(libc.mremap, 'restype', ctypes.c_void_p)")
        p("setattr(libc.mremap, 'argtypes', [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p])")
        to = p(f"aligned({2 * REGION}, {REGION})")
        same(p(f"libc.mremap({start}, {REGION}, {REGION}, 3, {to})"), to, "mremap of a whole table")
        wait_scans(p.pid, scans(p.pid) + 5)
        same(len(idle(t, start, 512)[1]), 0, "where it was nothing has an age")
        same(len(idle(t, to, 512)[1]), 512, "where it is every page has")
        poked(p, t, to, REGION, [4, 444], "moved")


if ager():
    skip("exactness", ager())
else:
    for fn in (wakes, ways, pieces, forks, vanishes, huge, moves):
        case(fn)
