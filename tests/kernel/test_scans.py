#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sampling as a whole: it stops when nobody reads and begins anew, and tells each scan through mmscope:scan."""
import os
import re
import threading
import time

from ktap import case, ok, same
from mms import ROOT, Target, control, pairs, read
from procs import Proc
from sampling import ager, scans, wait_scans

PARAM = "/sys/module/mmscope/parameters/suspend_s"
TRACEFS = "/sys/kernel/tracing"


def set_param(v):
    with open(PARAM, "w", encoding="ascii") as f:
        f.write(str(v))


def wait_for(fn, seconds=20):
    for _ in range(seconds * 20):
        if fn():
            return True
        time.sleep(0.05)
    return False


def suspended(pid):
    """status is no reading of ages: it wakes nothing."""
    return pairs(f"{pid}/status")["suspended"] == "yes"


def stops_and_resumes():
    with Proc("loop", "20", "600", ready="lap") as p, Target(p.pid) as t:
        same(pairs(f"{p.pid}/status")["suspended"], "no", "no sampling: not suspended")
        set_param(1)
        control(f"sample {p.pid} 100")
        began = time.monotonic()
        ok(wait_for(lambda: scans(p.pid) >= 2, 10), "it scans at first")
        ok(wait_for(lambda: suspended(p.pid)), "nobody reads: it stops by itself")
        ok(time.monotonic() - began >= 0.9, "not before suspend_s", time.monotonic() - began)
        s0 = pairs("stats")["scans"]
        time.sleep(1.0)
        same(pairs("stats")["scans"], s0, "and scans no more")
        same(pairs(f"{p.pid}/status")["sample_ms"], "100", "the interval stays")
        w = pairs(f"{p.pid}/wss")
        same((w["suspended"], w["scans"], w["pages"], w["skipped"]), ("yes", "0", "0", "0"), "the next read says so, without ages")
        same(suspended(p.pid), False, "and begins anew")
        wait_scans(p.pid, 3)
        w = pairs(f"{p.pid}/wss")
        same(w["suspended"], "no", "later reads have data")
        # one that nobody reads has no time for more than ten
        end = time.monotonic() + 60
        while scans(p.pid) < 20 and time.monotonic() < end:
            t.idle()
            time.sleep(0.2)
        ok(scans(p.pid) >= 20 and not suspended(p.pid), "who reads on keeps it awake")
        ok(wait_for(lambda: suspended(p.pid)), "suspended once more")
        h, recs = t.idle()
        same((h["scans"], recs), (0, []), "idle of suspended sampling is its header")
        ok(wait_for(lambda: scans(p.pid) >= 2, 10), "and wakes it as well")
        ok(wait_for(lambda: suspended(p.pid)), "suspended a third time")
        same(control(f"sample {p.pid} 200"), 0, "sample while suspended begins anew")
        same(suspended(p.pid), False, "at once")
        ok(wait_for(lambda: suspended(p.pid)), "suspended a fourth time")
        same(control(f"sample {p.pid} off"), 0, "off while suspended")
        same(pairs(f"{p.pid}/status")["suspended"], "no", "off is not suspended")
        control(f"sample {p.pid} 100")
        ok(wait_for(lambda: suspended(p.pid)), "and a last time")


def never_suspends():
    with Proc("loop", "20", "600", ready="lap") as p, Target(p.pid):
        set_param(0)
        control(f"sample {p.pid} 50")
        time.sleep(2.5)
        ok(scans(p.pid) > 10 and not suspended(p.pid), "suspend_s 0: never")
        set_param(1)
        control(f"sample {p.pid} 2000")
        time.sleep(3.0)
        same(suspended(p.pid), False, "not before two intervals have passed")


def races():
    """Readers, suspension, new sampling, the end of the target, all at once."""
    set_param(1)
    stop = threading.Event()
    errors = []

    def reader(pid):
        rng = 0
        while not stop.is_set():
            for f in ("wss", "idle", "status"):
                try:
                    with open(f"{ROOT}/{pid}/{f}", "rb") as fd:
                        fd.read()
                except FileNotFoundError:
                    pass
                except OSError as e:
                    if e.errno != 5:
                        errors.append((f, e))
            rng += 1
            time.sleep(1.3 if rng % 20 == 0 else 0.01)

    with Proc("loop", "20", "600", ready="lap") as p:
        pid = p.pid
        threads = [threading.Thread(target=reader, args=(pid,)) for _ in range(2)]
        for x in threads:
            x.start()
        for i in range(60):
            control(f"+ {pid}; sample {pid} 10")
            time.sleep(0.05 if i % 15 else 1.5)
            control(f"sample {pid} 10 noskip; sample {pid} off" if i % 3 else f"sample {pid} 20 noflush")
            if i % 2:
                control(f"- {pid}")
        p.end()
        time.sleep(0.3)
        stop.set()
        for x in threads:
            x.join()
        control("clear")
    same(errors, [], "readers meet nothing but EIO of a target that was forgotten")


def trace(*path, text=None):
    p = os.path.join(TRACEFS, *path)
    if text is None:
        with open(p, encoding="utf-8", errors="replace") as f:
            return f.read()
    with open(p, "w", encoding="ascii") as f:
        f.write(text)
    return None


def event():
    fmt = trace("events/mmscope/scan/format")
    fields = re.findall(r"field:([\w ]+) (\w+);\s*offset:\d+;\s*size:(\d+);", fmt)
    mine = [(n, int(s)) for _, n, s in fields if not n.startswith("common_")]
    same(mine, [("pid", 4), ("scan", 8), ("duration_ns", 8), ("entries", 8), ("referenced", 8), ("skipped", 8), ("flushed", 1)],
         "format: the fields of the contract")
    ok(int(trace("events/mmscope/scan/id")) > 0, "it has an id to be opened by")
    set_param(600)
    n = 1000
    with Proc("loop", str(n), "8000", ready="lap") as p, Target(p.pid):
        trace("trace", text="")
        trace("events/mmscope/scan/enable", text="1")
        s0 = pairs("stats")
        control(f"sample {p.pid} 200")
        wait_scans(p.pid, 8)
        p.stop()
        # what the loop touched last is seen by the next scan but one at the latest
        wait_scans(p.pid, scans(p.pid) + 6)
        w = pairs(f"{p.pid}/wss")
        control(f"sample {p.pid} off")
        s1 = pairs("stats")
        trace("events/mmscope/scan/enable", text="0")
        text = trace("trace")
    lines = [dict(kv.split("=") for kv in x.split("scan: ", 1)[1].split()) for x in text.splitlines() if " scan: " in x]
    ev = [{k: int(v) for k, v in x.items()} for x in lines if int(x["pid"]) == p.pid]
    same([x["scan"] for x in ev], list(range(len(ev))), "events are numbered from 0, the scan that only clears, without a gap")
    ok(len(ev) - 1 >= int(w["scans"]), "an event for each scan that wss counts", f"{len(ev)} {w['scans']}")
    same(int(s1["scans"]) - int(s0["scans"]) - len(ev) in (0, 1), True, "and that stats counts; one may have been broken off")
    total = int(s1["scan_ns"]) - int(s0["scan_ns"])
    ok(0 < sum(x["duration_ns"] for x in ev) <= total, "durations add up to scan_ns", f"{ev} {total}")
    ok(ev[0]["referenced"] >= 8000 and ev[0]["skipped"] == 0 and ev[0]["flushed"] == 1, "the first finds all 8000 pages", ev[0])
    if not ager():
        ok(all(n <= x["referenced"] <= n + 64 for x in ev[2:7]), f"then {n}, and what the loop's own code and stack are", ev[2:7])
        same(ev[-1]["referenced"], 0, "nothing once it stands still")
        same(ev[-1]["flushed"], 0, "and nothing to flush")
        ok(ev[-1]["skipped"] >= 8000 // 512 - 2, "all inner regions skipped", ev[-1])
        ok(ev[-1]["entries"] < ev[0]["entries"] / 2, "few entries looked at", f"{ev[0]} {ev[-1]}")
    same(int(w["skipped"]) in [x["skipped"] for x in ev[-3:]], True, "skipped as wss says")
    same(read("control"), "", "no target is left")


for fn in (stops_and_resumes, never_suspends, races, event):
    case(fn)
set_param(600)
