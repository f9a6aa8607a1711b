#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""identity.py NAME [unload]: what must hold of the module whatever was done to it before; KTAP on stdout, status 1 if
it does not. It forgets all targets first. With "unload" the module is removed and loaded again, which waits for every
target to be freed: a reference that was lost keeps it for good."""
import mmap
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../kernel"))
from faults import Faults  # noqa: E402
from mms import ROOT, control, pairs, read, targets  # noqa: E402

KO = os.environ.get("MMS_KO", "/lab/mmscope.ko")
KMEMLEAK = "/sys/kernel/debug/kmemleak"
SLOW = int(os.environ.get("MMS_SLOW") or 1)
PARTS = "Anon File Ksm Zero Special HugeTLB Absent Swap Migration Marker Other".split()
PAGES = 256
results = []


def ok(cond, name, why=""):
    results.append(bool(cond))
    print(f"{'ok' if cond else 'not ok'} {len(results)} - {sys.argv[1]}: {name}", flush=True)
    if not cond:
        print("\n".join(f"# {x}" for x in str(why).splitlines()[:20]))


def stats_add_up():
    """Read twice, as scans may go on in between: chunks lie between the sums."""
    def sums():
        s = {"hold_ns": 0, "hold_entries": 0}
        for w in map(str.split, read("stats").splitlines()):
            if len(w) == 3:
                s[w[0]] += int(w[2])
            else:
                s[w[0]] = int(w[1])
        return s
    a, b = sums(), sums()
    ok(all(a["chunks"] <= b[h] and a[h] <= b["chunks"] + 4 for h in ("hold_ns", "hold_entries")), "the sum of either histogram is chunks", f"{a}\n{b}")
    ok(min(v for k, v in b.items()) >= 0, "no count is below zero", b)
    ok(b["targets"] <= b["targets_peak"], "the peak is a peak", b)
    return b


def target_adds_up(pid):
    """Identities of one target that runs, this one; it faults, that there is something to add up."""
    m = mmap.mmap(-1, PAGES * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if os.path.isdir("/sys/kernel/mm/transparent_hugepage"):
        m.madvise(mmap.MADV_NOHUGEPAGE)
    for off in range(0, len(m), 4096):
        m[off] = 1
    for _ in range(20 * SLOW):
        f = Faults(pid)
        if f.whole and f.inflight <= 1:
            break
        time.sleep(0.05)
    ok(f.whole and f.user + f.kernel >= PAGES, "faults: user + kernel = outcomes = codes", f.key)
    # inflight is what the others leave: an end that was not counted is there for good
    ok(f.inflight <= 1, "faults: one thread has no more than one in flight", f.key)
    text = read(f"{pid}/maps").rsplit("\nTotal", 1)
    total = {w[0].rstrip(":"): int(w[1]) for w in map(str.split, text[-1].splitlines()) if len(w) == 3 and w[0].endswith(":")}
    ok(len(text) == 2 and total["Size"] == sum(total[p] for p in PARTS), "maps: Size is the sum of its parts", total)
    census = sum(int(w[1]) * 4 for w in map(str.split, read(f"{pid}/census").splitlines()[1:]))
    ok(census > 0, "census has pages", census)


def leaks():
    """kmemleak says what only looks lost for a moment, too: it has to say it twice."""
    for _ in range(3):
        try:
            with open(KMEMLEAK, "w", encoding="ascii") as f:
                f.write("scan")
        except OSError:
            return  # not there, or off
        time.sleep(6)
    with open(KMEMLEAK, encoding="ascii", errors="replace") as f:
        blocks = f.read().split("unreferenced object")
    ours = [b for b in blocks if "mmscope" in b or "mms_" in b]
    ok(not ours, "kmemleak knows of nothing of ours", "\n".join(ours))


def unload():
    refs = 0
    for _ in range(100 * SLOW):
        with open("/sys/module/mmscope/refcnt", encoding="ascii") as f:
            refs = int(f.read())
        if not refs:
            break
        time.sleep(0.1)
    ok(not refs, "nobody uses the module", refs)
    p = subprocess.Popen(["rmmod", "mmscope"])
    try:
        status = p.wait(60 * SLOW)
    except subprocess.TimeoutExpired:
        status = "it waits for a target that nobody frees"
    ok(status == 0, "it unloads", status)
    ok(subprocess.run(["insmod", KO], check=False).returncode == 0, "and loads")


def main():
    if len(sys.argv) < 2 or sys.argv[1][:1] in ("", "-") or sys.argv[2:] not in ([], ["unload"]):
        sys.exit(print("usage: identity.py NAME [unload]", file=sys.stderr) or 2)
    if not os.path.isdir("/sys/module/mmscope"):
        sys.exit("identity.py: mmscope is not loaded: run it in a guest (tests/vm/run)")
    ok(control("clear") == 0 and targets() == {}, "all targets are forgotten", read("control"))
    ok([d for d in os.listdir(ROOT) if d.isdigit()] == [], "and have no directory", os.listdir(ROOT))
    s = stats_add_up()
    ok(s["targets"] == 0, "stats counts none", s)
    me = os.getpid()
    ok(control(f"+ {me}; sample {me} 10") == 0, "a target, sampled")
    ok(pairs("stats")["targets"] == "1", "is counted")
    for _ in range(300 * SLOW):
        if int(pairs(f"{me}/wss")["scans"]) >= 2:
            break
        time.sleep(0.02)
    ok(int(pairs(f"{me}/wss")["scans"]) >= 2, "scans go on")
    target_adds_up(me)
    ok(control("clear") == 0, "and is forgotten")
    if "unload" in sys.argv[2:]:
        unload()
    leaks()
    print(f"1..{len(results)}", flush=True)
    os._exit(not all(results))


main()
