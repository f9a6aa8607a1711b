#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""features tells what is on now. Oracles: /proc/cpuinfo, sysfs switches that this test turns, kernel
threads in /proc, perf_event_open(2) from here, tracefs."""
import ctypes
import mmap
import os
import struct
import time

from ktap import case, ok, same, skip
from mms import pagemap, read

NAMES = ("la57 kpti thp hugetlb numa soft-dirty uffd-wp saved-dirty pte-marker page-idle lru-gen tlb-flush sampling pmd-skip damon "
         "pcid pmu fault-events tlb-events fork-events trace-events kfunc").split()
LRU_GEN = "/sys/kernel/mm/lru_gen/enabled"
DAMON_STAT = "/sys/module/damon_stat/parameters/enabled"
DAMON = "/sys/kernel/mm/damon/admin/kdamonds"
TRACE = "/sys/kernel/tracing/events"


def features():
    return {w[0]: (w[1], w[2]) for w in (line.split(" ", 2) for line in read("features").splitlines())}


def yes(name):
    return features()[name][0] == "yes"


def put(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def get(path):
    with open(path, encoding="ascii") as f:
        return f.read().strip()


def form():
    lines = [line.split(" ", 2) for line in read("features").splitlines()]
    same(sorted({len(x) for x in lines}), [3], "every line is NAME yes|no WHY")
    same(sorted({x[1] for x in lines} - {"yes", "no"}), [], "yes or no")
    same([x[0] for x in lines[:len(NAMES)]], NAMES, "the names of the ABI in its order")
    same([x[0] for x in lines if x[1] == "no" and x[2] == "-" and x[0] not in ("kpti", "thp", "hugetlb")], [], "a no has a reason")


def cpu():
    with open("/proc/cpuinfo", encoding="ascii") as f:
        flags = next(line for line in f if line.startswith("flags")).split(":")[1].split()
    for name, flag in (("la57", "la57"), ("kpti", "pti"), ("pcid", "pcid")):
        same(yes(name), flag in flags, f"{name} as cpuinfo has it")


def kernel():
    same(yes("thp"), os.path.exists("/sys/kernel/mm/transparent_hugepage/enabled"), "thp as sysfs has it")
    same(yes("hugetlb"), "HugePages_Total" in get("/proc/meminfo"), "hugetlb as meminfo has it")
    nodes = len([n for n in os.listdir("/sys/devices/system/node") if n.startswith("node")])
    same(yes("numa"), nodes > 1, f"numa with {nodes} nodes")
    m = mmap.mmap(-1, 4096)
    m[0] = 1
    a = ctypes.addressof(ctypes.c_char.from_buffer(m))
    same(yes("soft-dirty"), bool(pagemap(os.getpid(), a, a + 4096)[0] >> 55 & 1), "soft-dirty as pagemap shows a page just written")
    for name, events in (("fault-events", ("exceptions/page_fault_user", "exceptions/page_fault_kernel")), ("tlb-events", ("tlb/tlb_flush",)),
                         ("fork-events", ("sched/sched_process_fork", "sched/sched_process_exec")), ("trace-events", ("mmscope",))):
        same(yes(name), all(os.path.isdir(f"{TRACE}/{e}") for e in events), f"{name} as tracefs has them")
    same(yes("kfunc"), os.path.exists("/sys/kernel/btf/mmscope"), "kfunc where the module's type information is")


def lru_gen():
    if not os.path.exists(LRU_GEN):
        same(yes("lru-gen"), False, "lru-gen: no MGLRU in this kernel")
        return
    before = get(LRU_GEN)
    got, want = [], []
    try:
        for value in ("0", "7", "1", "0", "1", "0", "0", "7", "7", before):
            put(LRU_GEN, value)
            want.append(int(get(LRU_GEN), 16) & 1)
            got.append(int(yes("lru-gen")))
    finally:
        put(LRU_GEN, before)
    same(got, want, "lru-gen follows its switch")
    put(LRU_GEN, "0")
    undecided = sum("undecided" in features()["lru-gen"][1] for _ in range(20))
    put(LRU_GEN, before)
    same(undecided, 0, "lru-gen is decided in 20 of 20 reads")
    with os.popen("cat /sys/kernel/debug/mmscope/features") as f:
        line = next(x for x in f if x.startswith("lru-gen"))
    same(line.split()[1] == "yes", bool(int(before, 16) & 1), "lru-gen: cat tells the same")


def kdamonds():
    n = 0
    for pid in os.listdir("/proc"):
        try:
            n += pid.isdigit() and get(f"/proc/{pid}/comm").startswith("kdamond.")
        except OSError:
            pass
    return n


def settle(want):
    """A kdamond starts and ends a moment after its switch."""
    for _ in range(100):
        if bool(kdamonds()) == want:
            break
        time.sleep(0.1)
    return bool(kdamonds()) == want


def damon():
    same(yes("damon"), bool(kdamonds()), "damon: as the kernel's threads tell")
    pretender = os.fork()
    if not pretender:
        put("/proc/self/comm", "kdamond.7")
        time.sleep(60)
        os._exit(0)
    time.sleep(0.5)
    if not [p for p in os.listdir("/proc") if p.isdigit() and p != str(pretender) and get_comm(p).startswith("kdamond.")]:
        same(yes("damon"), False, "damon: a process that only bears the name is none")
    os.kill(pretender, 9)
    os.wait()
    if os.path.exists(DAMON_STAT):
        before = get(DAMON_STAT)
        for value in ("Y", "N"):
            put(DAMON_STAT, value)
            ok(settle(value == "Y"), f"damon_stat is switched to {value}")
            same(yes("damon"), value == "Y", f"damon with damon_stat {value}")
        put(DAMON_STAT, before)
        settle(before == "Y")
    elif os.path.exists(f"{DAMON}/nr_kdamonds"):
        put(f"{DAMON}/nr_kdamonds", "1")
        put(f"{DAMON}/0/contexts/nr_contexts", "1")
        ctx = f"{DAMON}/0/contexts/0"
        put(f"{ctx}/operations", "vaddr")
        put(f"{ctx}/targets/nr_targets", "1")
        put(f"{ctx}/targets/0/pid_target", str(os.getpid()))
        put(f"{DAMON}/0/state", "on")
        ok(settle(True), "a kdamond is started")
        same(yes("damon"), True, "damon with a kdamond")
        put(f"{DAMON}/0/state", "off")
        ok(settle(False), "the kdamond is stopped")
        same(yes("damon"), False, "damon without")
        put(f"{DAMON}/nr_kdamonds", "0")
    else:
        skip("damon", "this kernel has no DAMON")


def get_comm(pid):
    try:
        return get(f"/proc/{pid}/comm")
    except OSError:
        return ""


def pmu():
    attr = struct.pack("<IIQQQQQ", 3, 128, 3 | 1 << 16, 0, 0, 0, 1).ljust(128, b"\0")
    fd = ctypes.CDLL(None, use_errno=True).syscall(298, attr, 0, -1, -1, 0)
    same(yes("pmu"), fd >= 0, "pmu as perf_event_open(2) finds it")
    if fd >= 0:
        os.close(fd)


for check in (form, cpu, kernel, lru_gen, damon, pmu):
    case(check)
