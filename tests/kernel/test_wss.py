#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A loop over exactly N of M pages has a working set of N there. Oracle: the construction."""
import subprocess
import time

from ktap import case, ok, same, skip
from mms import Target, control, pairs, read
from procs import Proc
from sampling import ager, wait_scans


def ages(t, start, pages):
    h, recs = t.idle()
    return h, {a: (age, flags) for a, _, age, flags in recs if start <= a < start + pages * 4096}


def exact(n, m, mode):
    with Proc("loop", str(n), str(m), mode, ready="lap") as p, Target(p.pid) as t:
        start = int(p.lines[0][1], 16)
        same(control(f"sample {p.pid} 200"), 0, f"{n}/{m}{mode}: sampling on")
        wait_scans(p.pid, 4)
        h, a = ages(t, start, m)
        same(len(a), m, f"{n}/{m}{mode}: every page of the region has an age")
        young = sorted(x for x, (age, _) in a.items() if age <= 1)
        want = [start + i * (m // n) * 4096 for i in range(n)]
        same(young, want, f"{n}/{m}{mode}: the pages referenced in the last two intervals are those {n}")
        never = sum(age == 255 for age, _ in a.values())
        same(never, m - n, f"{n}/{m}{mode}: the others were never referenced")
        same(h["interval"], 200000000, "interval is the asked one")
        ok(h["window"] >= 3 * 150000000, "the window is measured", h)
        same(h["lost"], 0, "nothing lost")


def stops():
    """A loop that stops grows old, one scan at a time."""
    with Proc("loop", "32", "128", ready="lap") as p, Target(p.pid) as t:
        start = int(p.lines[0][1], 16)
        control(f"sample {p.pid} 100")
        wait_scans(p.pid, 3)
        p.stop()
        n0 = int(pairs(f"{p.pid}/wss")["scans"])
        wait_scans(p.pid, n0 + 6)
        h, a = ages(t, start, 128)
        got = {age for x, (age, _) in a.items() if age != 255}
        ok(len(got) == 1 and abs(got.pop() - (h["scans"] - n0)) <= 1, "a stopped loop's pages have the age of the stop",
           f"{sorted(set(age for age, _ in a.values()))} after {h['scans'] - n0}")
        w = [x.split() for x in read(f"{p.pid}/wss").splitlines() if x and not x.startswith("#") and x.split()[0].isdigit()]
        deltas = [int(x[0]) for x in w if len(x) == 4]
        same(deltas, [1 << i for i in range(len(deltas))], "W(t, delta) for delta 1, 2, 4, ...")
        pages = [int(x[2]) for x in w if len(x) == 4]
        same(pages, sorted(pages), "W grows with delta")
        same(control(f"sample {p.pid} off"), 0, "sampling off")
        n = int(pairs(f"{p.pid}/wss")["scans"]) if "scans" in pairs(f"{p.pid}/wss") else 0
        time.sleep(0.5)
        same(int(pairs(f"{p.pid}/wss").get("scans", 0)), n, "no more scans")


def tool():
    """mmscope wss -e tells the same N for that VMA."""
    with Proc("loop", "50", "300", ready="lap") as p:
        start = int(p.lines[0][1], 16)
        r = subprocess.run(["mmscope", "wss", "-e", "-O", "csv", str(p.pid), "2", "1"], capture_output=True, text=True, check=False)
        same(r.returncode, 0, "mmscope wss ends well")
        row = next((x for x in r.stdout.splitlines() if f"{start:x}" in x), "")
        ok(",50," in row, "mmscope wss -e finds 50 of 300 pages", r.stdout + r.stderr)
        same(read("control"), "", "and leaves no target behind")


if ager():
    skip("exactness", ager())
else:
    case(lambda: exact(7, 64, "r"))
    case(lambda: exact(100, 1000, "w"))
    case(lambda: exact(1, 3000, "r"))
    case(stops)
    case(tool)
