# SPDX-License-Identifier: GPL-2.0-only
"""
Verdicts on sets of known size under a known limit. The oracle of "need" is the
kernel: what the same program is charged (memory.current) once it may have all it
wants. 8 % is allowed to the median of five rows: a reclaim batch leaves up to 2 %
of 12 MiB free below the limit, and MGLRU evicts a little more than LRU. It evicts
a generation at a time, so that a row that sees half a burst may be off by 20 %.
"""
import os
import time

from ktap import case, ok, same
from pressed import MIB, Group, Watch, brief

FILE = "/root/reuse.data"


def near(need, truth, share):
    return need is not None and abs(need - truth) <= share * truth


def settled(row):
    return row["verdict"] == "thrashing" and row["distance_basis"] == "settled"


def thrashes(g, w, name, argv, least, most):
    """A set that does not fit: thrashing, the right need, and gone once the limit is raised."""
    g.limit(12 * MIB)
    p = g.start(*argv)
    w.fresh()
    rows = (w.until(settled, 12) + [w.row() for _ in range(4)])[-5:]
    ok(all(r["verdict"] == "thrashing" for r in rows), f"{name} is thrashing, and stays so", brief(rows))
    g.limit(24 * MIB)
    after = [w.row() for _ in range(4)]
    # The limit rose in the middle of the first of these intervals.
    ok(all(r["verdict"] == "fits" for r in after[2:]), f"{name}: fits within two intervals of raising the limit",
       brief(after))
    truth = g.usage()
    needs = sorted(r["need_bytes"] or 0 for r in rows)
    ok(near(needs[2], truth, 0.08) and least * MIB <= needs[2] <= most * MIB,
       f"{name}: the need is what it takes, within 8 %", f"charged {truth} when free\n{brief(rows)}")
    ok(all(near(n, truth, 0.2) for n in needs), f"{name}: no row is off by more than 20 %", f"{truth}: {needs}")
    g.end(p)


def calm(g, w, name, argv, want, settle=2):
    """A pattern that must never be called thrashing."""
    g.limit(12 * MIB)
    p = g.start(*argv)
    w.fresh()
    early = [w.row() for _ in range(settle)]
    rows = [w.row() for _ in range(5)]
    g.end(p)
    ok(all(r["verdict"] == want for r in rows), f"{name} is {want}", brief(rows))
    ok(not any(r["verdict"] == "thrashing" for r in early + rows), f"{name} is never called thrashing",
       brief(early + rows))
    return rows


def sets():
    with Group("mms-thrash", 12 * MIB) as g, Watch("-c", g.dir) as w:
        thrashes(g, w, "a loop over 16 MiB", ("loop", 16384), 15.5, 18.5)
        thrashes(g, w, "a loop over 13 MiB", ("loop", 13312), 12.5, 14.6)
        thrashes(g, w, "random use of 16 MiB", ("random", 16384), 15.5, 18.5)
        thrashes(g, w, "a loop over a mapped file of 16 MiB", ("file", 16384, FILE), 15.5, 18.5)
        rows = calm(g, w, "a loop over 10 MiB", ("loop", 10240), "fits")
        ok(all(r["need_bytes"] is None for r in rows), "no need is told of a set that fits", brief(rows))
        calm(g, w, "a stream of fresh memory", ("stream", 32768), "streaming")
        with open(FILE, "wb") as f:
            os.truncate(f.fileno(), 3 << 30)
        calm(g, w, "a file larger than memory read once", ("readonce", 3 << 20, FILE), "streaming")
        os.unlink(FILE)
        lost = {k: v for k, v in w.seen[-1].items() if k.startswith("lost_") and v}
        ok(not lost, "nothing was lost", lost)


def processes():
    """Of two processes in one cgroup the one that thrashes is named, the other is not."""
    with Group("mms-procs", 12 * MIB) as g:
        sleeper = g.start("sleep", 512)
        looper = g.start("loop", 16384)
        with Watch("-p", looper.pid) as w:
            rows = w.until(settled, 12)
            ok(rows[-1]["verdict"] == "thrashing" and rows[-1]["pid"] == looper.pid, "-p: the looping process thrashes",
               brief(rows))
            ok(rows[-1]["cgroup"] == g.name, "-p: its cgroup is named", rows[-1]["cgroup"])
        with Watch("-p", sleeper.pid) as w:
            rows = [w.row() for _ in range(4)]
            ok(all(r["verdict"] == "fits" for r in rows), "-p: the sleeping process does not", brief(rows))


def everything():
    """Without a subject every cgroup that reclaims has a row, and the machine the last."""
    with Group("mms-one", 12 * MIB) as one, Group("mms-two", 12 * MIB) as two:
        one.start("loop", 16384)
        two.start("stream", 32768)
        with Watch() as w:
            want = {"/mms-one": "thrashing", "/mms-two": "streaming", "(machine)": "fits"}
            got = {}
            # Two busy programs and the watcher share what little the guest has: it may take a while.
            for _ in range(20):
                got = {r["cgroup"]: r for r in w.next()["verdicts"]}
                if {k: r["verdict"] for k, r in got.items() if k in want} == want:
                    break
            ok(got.get("/mms-one", {}).get("verdict") == "thrashing", "all: the loop thrashes", got)
            ok(got.get("/mms-two", {}).get("verdict") == "streaming", "all: the stream beside it streams", got)
            ok(got.get("(machine)", {}).get("verdict") == "fits", "all: the machine itself has enough", got)


def latecomer():
    """A cgroup that begins to reclaim while all are watched: its past is not of its first interval."""
    with Group("mms-late", 64 * MIB) as g, Watch(interval="0.5") as w:
        w.next()
        g.start("loop", 16384)
        time.sleep(5)
        g.limit(12 * MIB)
        rows = []
        while len(rows) < 6 and len(w.seen) < 60:
            rows += [r for r in w.next()["verdicts"] if r["cgroup"] == g.name]
        ok(len(rows) == 6, "latecomer: it has rows", len(w.seen))
        first = rows[0] if rows else {}
        same([first.get(k) for k in ("stall_ns", "psi_some_ns", "cpu_ns")], [None] * 3,
             "latecomer: no time is told of its first interval")
        cpus = os.cpu_count() + 0.5
        ok(not any((r[k] or 0) > cpus * r["interval_ns"] for r in rows for k in ("psi_some_ns", "cpu_ns")),
           "latecomer: no interval has more time than there was", rows)


case(sets)
case(processes)
case(everything)
case(latecomer)
