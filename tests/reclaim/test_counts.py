# SPDX-License-Identifier: GPL-2.0-only
"""
Counts against the kernel's own, of a window in which nothing else ran in the
cgroup: the program is stopped before and after. Rules: evictions = pgsteal (both
count a page as it is freed with a shadow left behind; pages that are freed
without one - MADV_FREE, truncated - do not occur here); refaults =
workingset_refault_*; swap-ins = pswpin + swpin_zero and swap-outs = pswpout +
swpout_zero, of the machine, as nothing else swaps here. Kernels that write no
zero pages but do not count them yet are allowed the few that a program has.
"""
import contextlib
import os
import signal
import time

from ktap import case, ok, same
from pressed import MIB, Group, Watch, keyed

FILE = "/root/reuse.data"
THP = "/sys/kernel/mm/transparent_hugepage/enabled"


@contextlib.contextmanager
def no_khugepaged():
    """It charges huge pages for a stopped program, too, and reclaims for them: the window would not be quiet."""
    if not os.path.exists(THP):
        yield
        return
    with open(THP, encoding="ascii") as f:
        was = f.read().split("[")[1].split("]")[0]
    with open(THP, "w", encoding="ascii") as f:
        f.write("never")
    try:
        yield
    finally:
        with open(THP, "w", encoding="ascii") as f:
            f.write(was)


def counters(g):
    """After the kernel has added up what its processors hold, and flushed it to the cgroup."""
    time.sleep(3)
    with open("/proc/sys/vm/stat_refresh", "rb") as f:
        f.read()
    return g.stat(), keyed("/proc/vmstat")


def total(rows, key):
    return sum(r[key] for r in rows)


def swapped(name, seen, before, after, way):
    zero = f"swp{way}_zero"
    kernel = sum(after[k] - before[k] for k in (f"pswp{way}", zero) if k in after)
    spare = 0 if zero in after else 16
    ok(kernel <= seen <= kernel + spare, f"{name}: swap-{way}s are the kernel's", f"seen {seen} kernel {kernel}")


def enough(g, key, before):
    """Until something worth comparing has happened, however slow the machine."""
    time.sleep(3)
    for _ in range(120):
        if g.stat()[key] - before[key] > 2000:
            return
        time.sleep(0.5)


def window(argv, page_type, swap):
    name = argv[0]
    with no_khugepaged(), Group("mms-counts", 12 * MIB) as g, Watch("-c", g.dir, interval="0.5") as w:
        p = g.start(*argv)
        os.kill(p.pid, signal.SIGSTOP)
        before, vm_before = counters(g)
        w.fresh()
        begin = len(w.seen)
        os.kill(p.pid, signal.SIGCONT)
        enough(g, f"workingset_refault_{page_type}", before)
        os.kill(p.pid, signal.SIGSTOP)
        after, vm_after = counters(g)
        w.fresh()
        rows = [o["verdicts"][0] for o in w.seen[begin:]]
        key = f"workingset_refault_{page_type}"
        refaults = total(rows, f"refaults_{page_type}")
        ok(refaults > 1000, f"{name}: enough happened", refaults)
        same(refaults, after[key] - before[key], f"{name}: refaults = {key} of memory.stat")
        if not same(total(rows, "evictions"), after["pgsteal"] - before["pgsteal"], f"{name}: evictions = pgsteal of memory.stat"):
            print("#", {k: n for k in vm_after if k.startswith("pg") and (n := vm_after[k] - vm_before.get(k, 0))})
        same(total(rows, "refaults_foreign"), 0, f"{name}: every page came back to its own cgroup")
        unknown = total(rows, "distance_unknown")
        ok(unknown <= argv[1] / 4 + 512, f"{name}: a distance is unknown at most once a page: evicted before the start",
           unknown)
        if swap:
            swapped(name, total(rows, "swapins"), vm_before, vm_after, "in")
            swapped(name, total(rows, "swapouts"), vm_before, vm_after, "out")
        ok(total(rows, "reclaim_memcg") > 10 and total(rows, "reclaim_memcg_ns") > 0,
           f"{name}: reclaim at the limit is seen", rows[-1])
        lost = {k: v for k, v in w.seen[-1].items() if k.startswith("lost_") and v}
        ok(not lost, f"{name}: nothing was lost", lost)
        status, said = w.end()
        ok(status == 0 and "evictions (kernel:" in said, f"{name}: an interrupt ends it with a summary", said)


def anon():
    window(("loop", 16384), "anon", True)


def file():
    window(("file", 16384, FILE), "file", False)
    os.unlink(FILE)


def scan():
    """Read-ahead: large folios on newer kernels, each counted by its pages."""
    window(("scan", 32768, FILE), "file", False)
    os.unlink(FILE)


case(anon)
case(file)
case(scan)
