#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""bpf_mmscope_walk() from BPF programs: the words of PID/walk, the frames of pagemap, in any context, and a module that
stays while a program uses it."""
import os

from ktap import case, ok, same, skip
from mms import Target, pagemap, read
from module import insmod, rmmod
from procs import Proc

LEVELS = ("pgd", "p4d", "pud", "pmd", "pte")
ACCESSED = 1 << 5
EINVAL = 22


def have():
    return next(x for x in read("features").splitlines() if x.startswith("kfunc")).split()[1] == "yes"


def raws(block):
    return [int(block["levels"][lv]["raw"], 16) & ~ACCESSED if lv in block["levels"] else 0 for lv in LEVELS]


def answers(p):
    seen = {}
    with Target(p.pid) as t:
        for _, name, addr, ret, level, leaf, frame, *raw in (x for x in p.lines if x[0] == "question"):
            addr, ret, level, leaf, frame = int(addr, 16), int(ret), int(level), int(leaf), int(frame, 16)
            raw = [int(x, 16) & ~ACCESSED for x in raw]
            seen[name] = (ret, leaf)
            if name in ("kernel", "hole", "last"):
                same((ret, level, leaf, frame, raw), (-EINVAL, 0, 0, 0, [0] * 5), f"{name}: no user address")
                continue
            page = addr & ~4095
            same(ret, level, f"{name}: the level is returned and told")
            block, = t.walk(f"0x{page:x}")
            same([hex(x) for x in raw], [hex(x) for x in raws(block)], f"{name}: every level's word as PID/walk has it")
            same(LEVELS[5 - level], list(block["levels"])[-1], f"{name}: the level as well")
            e, = pagemap(p.pid, page, page + 4096)
            mapped = bool(e >> 63)
            same(bool(leaf), mapped, f"{name}: a leaf where pagemap has a page")
            if mapped:
                same(hex(frame), hex(e & ((1 << 55) - 1)), f"{name}: pagemap's frame")
    want = {"written": (1, 1), "inside": (1, 1), "zero": (1, 1), "protnone": (1, 1), "untouched": (1, 0), "no-table": (3, 0),
            "lone": (1, 1), "nothing": None, "text": (1, 1)}
    for name, w in want.items():
        if w:
            same(seen[name], w, f"{name}: level and leaf by construction")
    if os.path.exists("/sys/kernel/mm/transparent_hugepage/enabled"):
        same((seen["huge"], seen["in-huge"]), ((2, 1), (2, 1)), "a huge page ends at the pmd")
    else:
        skip("a huge page ends at the pmd", "no THP in this kernel")


def places(p):
    same(next(x for x in p.lines if x[0] == "too-small")[1], str(-EINVAL), "room for less than the struct")
    for _, where, *n in (x for x in p.lines if x[0] == "tally"):
        walked, no_mm, not_now, other, idle = map(int, n)
        print(f"# {where}: walked {walked}, no mm {no_mm}, between two mm {not_now}, other {other}")
        same((other, idle), (0, 0), f"{where}: nothing but an answer, no mm or not now")
        if where == "switch":
            ok(walked > 100 and no_mm > 100, "switch: walked under the run queue's lock, and refused to kernel threads", n)
            same(not_now, 0, "switch: before the switch the page tables are current's")


def lifetime(p):
    err = rmmod(tries=3)
    ok("in use" in err or "temporarily unavailable" in err, "rmmod while a program calls us is refused", err)
    p.end()
    same(rmmod(), "", "and works once the program is gone")
    same(insmod(), "", "insmod again")
    same(have(), True, "with the kfunc again")
    with Proc("kfunc") as again:
        same(len(again.lines), len(p.lines), "and a program calls it")
    same(rmmod(), "", "rmmod just after a program has ended")
    same(insmod(), "", "insmod")


def run():
    if not have():
        skip("kfunc", "no type information for this kernel's module")
        return
    with Proc("kfunc") as p:
        answers(p)
        places(p)
        lifetime(p)


case(run)
