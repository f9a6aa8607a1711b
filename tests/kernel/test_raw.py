#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Raw entries: physical memory, read through /proc/kcore, holds the very words that walk prints, level by level.

Nothing of mmscope is trusted here but the frame of the top table: from there on the walk is done again in this file.
"""
import struct

from kcore import A, D, FRAME, NAMES, NX, P, PRESENT, PSE, RW, SHIFT, US, Kcore
from ktap import case, ok, same, skip
from mms import Target
from procs import Shapes


def check(name, t, k, va):
    b = t.walk(f"0x{va:x}")[0]
    lv = [(n, b["levels"][n]) for n in NAMES if n in b["levels"]]
    table = int(lv[0][1]["table"], 16)
    for n, e in lv:
        index = va >> SHIFT[n] & 511
        raw = k.word(table * P + index * 8)
        mine = int(e["raw"], 16)
        if not (ok(int(e["table"], 16) == table and int(e["index"]) == index and (raw ^ mine) & ~(A | D) == 0,
                   f"{name}: {n} is the word in memory", f"{raw:#x} at {table:#x}[{index}]\n{b['text']}")):
            return
        bits = {"P": PRESENT, "RW": RW, "US": US, "A": A, "D": D, "NX": NX}
        if raw & PRESENT:
            bad = [x for x, m in bits.items() if (x in e["flags"]) != bool(mine & m)]
            ok(not bad, f"{name}: {n} bits are named", f"{bad}\n{b['text']}")
        if not raw & PRESENT or (raw & PSE and n in ("pud", "pmd")) or n == "pte":
            break
        table = (raw & FRAME) >> 12
    same(n, lv[-1][0], f"{name}: the walk ends where the tables end")
    if name not in ("none", "swap", "protnone"):
        size = 1 << SHIFT[n]
        pa = (raw & FRAME & ~(size - 1)) + (va & (size - 1))
        same(int(b["leaf"]["phys"], 16), pa, f"{name}: the physical address")
    else:
        ok("frame" not in b["leaf"] or name == "protnone", f"{name}: no frame is claimed", b["text"])


def content():
    """The bytes at the physical address are the bytes that the process wrote."""
    with Shapes() as s, Target(s.pid) as t:
        s.stop()
        k = Kcore()
        start = s.shape["memfd"][0]
        pa = int(t.walk(f"0x{start:x}")[0]["leaf"]["phys"], 16)
        with open(f"/proc/{s.pid}/mem", "rb", buffering=0) as f:
            f.seek(start)
            want = struct.unpack("<Q", f.read(8))[0]
        same(k.word(pa), want, "memory at the physical address is the process's")
        levels = 5 if "pgd" in t.walk(f"0x{start:x}")[0]["levels"] else 4
        with open("/proc/cpuinfo", encoding="ascii") as c, open("/proc/cmdline", encoding="ascii") as l:
            la57 = " la57" in c.read() and "no5lvl" not in l.read()
        same(levels, 5 if la57 else 4, "the number of levels is the CPU's")
        for name, (start, pages, _) in s.shape.items():
            if name in ("untouched", "zero", "uffdwp", "guard"):
                continue
            check(name, t, k, start)
            if name == "hugetlb1g":
                check(name, t, k, start + (1 << 29) + 5 * P)
        check("none", t, k, s.shape["untouched"][0])
        for name, why in s.skipped.items():
            skip(name, why)


case(content)
