#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every page of several stopped processes: frame, present, swap type and offset equal /proc/PID/pagemap; totals equal smaps."""
import os
import subprocess
import time

from ktap import case, ok, same
from mms import Target, pagemap, read, smaps
from procs import Proc, Shapes

P = 4096
PRESENT, SWAP, UFFD_WP, SOFT_DIRTY = 1 << 63, 1 << 62, 1 << 57, 1 << 55
PFN = (1 << 55) - 1
LIMIT = 64 << 20    # pages of larger VMAs are looked at from both ends


def spans(pid):
    for s, e, k in smaps(pid):
        if k["name"] == "[vsyscall]" or "pf" in k["flags"]:
            continue
        if e - s <= LIMIT:
            yield s, e
        else:
            yield s, s + (2 << 20)
            yield e - (2 << 20), e


def raw_frames(t, pid):
    """pagemap says nothing of VM_PFNMAP: there only raw frames or nothing may be."""
    for s, e, k in smaps(pid):
        if "pf" in k["flags"] and k["name"] != "[vsyscall]":
            for b in t.walk(f"0x{s:x}-0x{e:x}"):
                if b["leaf"]["kind"] not in ("special", "none"):
                    yield b["text"]


def differences(t, pid):
    pages, bad = 0, list(raw_frames(t, pid))
    for s, e in spans(pid):
        for a in range(s, e, 512 * P):
            z = min(a + 512 * P, e)
            pm = pagemap(pid, a, z)
            if not any(pm):
                # nothing there by the oracle: two probes, ranges cover the rest
                bl, pm, a0 = t.walk(f"0x{a:x}"), pm[:1], a
            else:
                bl, a0 = t.walk(f"0x{a:x}-0x{z:x}"), a
            if len(bl) != len(pm):
                bad.append(f"{a0:#x}: {len(bl)} blocks for {len(pm)} pages")
                continue
            for i, (b, m) in enumerate(zip(bl, pm)):
                pages += 1
                why = differs(b, m, a0 + i * P)
                if why:
                    bad.append(f"{a0 + i * P:#x} pagemap {m:#018x}: {why}\n{b['text']}")
    return pages, bad


def differs(b, m, va):
    leaf = b["leaf"]
    if b["va"] != va:
        return f"va {b['va']:#x}"
    present = leaf["kind"] in ("anon", "file", "ksm", "zero", "special")
    if bool(m & PRESENT) != present:
        return "present"
    if present:
        if int(leaf["frame"], 16) != m & PFN:
            return f"frame {leaf['frame']}"
        if int(leaf["phys"], 16) != (m & PFN) * P:
            return f"phys {leaf['phys']}"
    if leaf["kind"] == "swap":
        if not m & SWAP:
            return "swap"
        if (int(leaf["type"]), int(leaf["offset"], 16)) != (m & 31, (m >> 5) & ((1 << 50) - 1)):
            return f"slot {leaf['type']}:{leaf['offset']}"
    if leaf["kind"] == "none" and m & (SWAP | PRESENT):
        return "none"
    return None


def compare(name, pid):
    with Target(pid) as t:
        pages, bad = differences(t, pid)
        ok(pages > 100 and not bad, f"{name}: every page equals pagemap", f"{len(bad)} of {pages}\n" + "\n".join(bad[:3]))
        vmas, total = t.maps()
        mine = {v[0]: v[2] for v in vmas}
        theirs = {s: k for s, e, k in smaps(pid) if k["name"] != "[vsyscall]"}
        same(sorted(mine), sorted(theirs), f"{name}: the same VMAs as smaps")
        heads = [x for x in read(f"{pid}/maps").splitlines() if x != "Total" and not x.endswith(" kB")]
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as f:
            same(heads, [x for x in f.read().splitlines() if not x.endswith("[vsyscall]")], f"{name}: first lines as in /proc/PID/maps")
        for key, kf in (("Size", lambda k: k["Size"]), ("Rss", lambda k: k["Rss"]), ("Anon+Ksm", lambda k: k["Anonymous"]),
                        ("Swap", lambda k: k["Swap"]), ("HugeTLB", lambda k: k["Shared_Hugetlb"] + k["Private_Hugetlb"])):
            bad = [f"{s:#x} {key}: {sum(mine[s][x] for x in key.split('+'))} smaps {kf(theirs[s])}" for s in theirs
                   if s in mine and sum(mine[s][x] for x in key.split("+")) != kf(theirs[s])]
            ok(not bad, f"{name}: {key} of every VMA equals smaps", "\n".join(bad))
        huge = {s: k.get("AnonHugePages", 0) + k.get("ShmemPmdMapped", 0) + k.get("FilePmdMapped", 0) for s, k in theirs.items()}
        bad = [f"{s:#x} 2M {mine[s]['2M']} smaps {huge[s]}" for s in huge if not mine[s]["HugeTLB"] and not mine[s]["Zero"] and
               mine[s]["2M"] != huge[s]]
        ok(not bad, f"{name}: 2M pages of every VMA equal smaps", "\n".join(bad))
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            roll = {x.split(":")[0]: int(x.split()[1]) for x in f.readlines()[1:]}
        same((total["Rss"], total["Swap"]), (roll["Rss"], roll["Swap"]), f"{name}: Rss and Swap equal smaps_rollup")


def shapes():
    with Shapes() as s:
        s.stop()
        compare("shapes", s.pid)


def looper():
    with Proc("loop", "64", "512", ready="lap") as p:
        p.stop()
        compare("loop", p.pid)


def python():
    with subprocess.Popen(["python3", "-c", "import json, time; x = list(range(50000)); print('up', flush=True); time.sleep(600)"],
                          stdout=subprocess.PIPE) as p:
        p.stdout.readline()
        os.kill(p.pid, 19)
        time.sleep(0.3)
        compare("python3", p.pid)
        p.kill()


for f in (shapes, looper, python):
    case(f)
