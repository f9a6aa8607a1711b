# SPDX-License-Identifier: GPL-2.0-only
"""check.py MMSCOPE STRING TMP: replays a string through every policy and looks at what must hold;
then a prefix of its export, read here, through LRU and OPT of our own. Prints lines for TAP."""
import csv
import heapq
import io
import os
import struct
import subprocess
import sys
from collections import OrderedDict

mmscope, string, tmp = sys.argv[1:]
PREFIX = 200000


def run(*args):
    return subprocess.run([mmscope, *args], check=True, capture_output=True, text=True).stdout


def rows(*args):
    return list(csv.DictReader(io.StringIO(run("replay", "-O", "csv", *args))))


def say(good, what):
    print(f"{'ok' if good else 'not ok'} {os.path.basename(string).split('.')[0]}: {what}", flush=True)


def lru(pages, frames):
    held = OrderedDict()
    faults = 0
    for page in pages:
        if page in held:
            held.move_to_end(page)
            continue
        faults += 1
        if len(held) == frames:
            held.popitem(last=False)
        held[page] = True
    return faults


def opt(pages, frames):
    """A heap of next references; entries that are out of date are skipped."""
    never = len(pages)
    upcoming = [never] * len(pages)
    last = {}
    for i in range(len(pages) - 1, -1, -1):
        upcoming[i] = last.get(pages[i], never)
        last[pages[i]] = i
    held = {}
    heap = []
    faults = 0
    for i, page in enumerate(pages):
        if page not in held:
            faults += 1
            while len(held) >= frames:
                when, victim = heapq.heappop(heap)
                if held.get(victim) == -when:
                    del held[victim]
        held[page] = upcoming[i]
        heapq.heappush(heap, (-upcoming[i], page))
    return faults


def table():
    sizes = "1%,10%,50%,100%"
    got = rows("-f", sizes, string)
    fixed = [r for r in got if r["frames"]]
    largest = max(int(r["frames"]) for r in fixed)
    best = {r["frames"]: int(r["faults"]) for r in fixed if r["policy"] == "opt"}
    policies = sorted({r["policy"] for r in got})
    say(len(policies) >= 18, f"{len(policies)} policies")
    say(all(int(r["faults"]) >= best[r["frames"]] for r in fixed), "opt has the fewest faults")
    say(all(int(r["faults"]) == largest and r["evictions"] == "0"
            for r in fixed if int(r["frames"]) == largest), f"{largest} frames: first references alone")
    say(all(int(r["max_resident"]) <= int(r["frames"]) for r in fixed), "nobody has more than the frames")
    say(all(int(r["faults"]) - int(r["evictions"]) <= int(r["frames"]) for r in fixed),
        "who came has left or is there")
    return {r["frames"]: int(r["faults"]) for r in fixed if r["policy"] == "lru"}, best


def curves(lru_rows, opt_rows):
    got = rows("--curve=lru,opt", string)
    for key, want in (("lru_faults", lru_rows), ("opt_faults", opt_rows)):
        faults = [int(r[key]) for r in got]
        say(all(a >= b for a, b in zip(faults, faults[1:])), f"{key} never rise")
        at = {r["frames"]: int(r[key]) for r in got}
        say(all(at[f] == n for f, n in want.items()), f"{key} are those of the policy at {len(want)} sizes")


def export():
    whole = os.path.join(tmp, "x.oracleGeneral")
    part = os.path.join(tmp, "prefix.oracleGeneral")
    run("export", "oracleGeneral", string, "-o", whole)
    with open(whole, "rb") as f:
        data = f.read(24 * PREFIX)
    with open(part, "wb") as f:
        f.write(data)
    pages = [r[1] for r in struct.iter_unpack("<IQIq", data)]
    refs = os.path.join(tmp, "prefix.refs")
    run("import", "oracleGeneral", part, "-o", refs)
    number = len(set(pages))
    sizes = sorted({max(1, number * p // 100) for p in (1, 10, 50)})
    got = rows("--curve=lru,opt", "-f", ",".join(map(str, sizes)), refs)
    for r in got:
        n = int(r["frames"])
        want = lru(pages, n), opt(pages, n)
        have = int(r["lru_faults"]), int(r["opt_faults"])
        say(have == want, f"{n} frames, {len(pages)} references of the export: lru, opt {have}, in python {want}")


curves(*table())
export()
