#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""How `mmscope tlb` counts hardware events, on an event that a guest without a PMU has too: minor faults.

Whom the counters are for, what they inherit, and what happens to an event that nobody counts is the same for
both. The tool's own code (tools/collect/pmu.c) is linked to workloads/pmu.
"""
import mmap
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, ok, skip  # noqa: E402

PMU = os.path.join(os.environ["MMS_WORKLOADS"], "pmu")
TOUCHER = """
import mmap, sys, threading
pages = mmap.mmap(-1, 4096 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
if hasattr(mmap, "MADV_NOHUGEPAGE"):
    try:
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    except OSError:
        pass
at = 0
def touch(n):
    for i in range(n):
        pages[(at + i) * 4096] = 1
def old(orders, done):
    for n in iter(orders.get, None):
        touch(n)
        done.put(1)
import queue
orders, done = queue.Queue(), queue.Queue()
threading.Thread(target=old, args=(orders, done), daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    who, n = line.split()
    if who == "main":
        touch(int(n))
    elif who == "old":
        orders.put(int(n))
        done.get()
    elif who == "new":
        t = threading.Thread(target=touch, args=(int(n),))
        t.start()
        t.join()
    else:
        import os
        if not os.fork():
            touch(int(n))
            os._exit(0)
        os.wait()
    at += int(n)
    print("done", flush=True)
"""


class Talker:
    def __init__(self, argv, ready="ready"):
        self.p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.p.stdout.readline().strip()
        if line != ready:
            raise RuntimeError(f"{argv}: {line}")

    def tell(self, text=""):
        self.p.stdin.write(text + "\n")
        self.p.stdin.flush()
        return self.p.stdout.readline().strip()

    def end(self):
        self.p.kill()
        self.p.wait()


def count(counter):
    none, minor, n, all_of_it = map(int, counter.tell().split())
    if (none, minor, all_of_it) != (0, 1, 1):
        raise AssertionError(f"an event of no machine is known {none}, minor faults are {minor}, all of the time {all_of_it}")
    return n


def faults_of(counter, toucher, who, n):
    """What n pages more, touched by one of its threads, add to the count."""
    def counted(n):
        toucher.tell(f"{who} {n}")
        before = count(counter)
        toucher.tell(f"{who} {n}")
        return count(counter) - before
    few = counted(0)
    return counted(n) - few


def process():
    t = Talker([sys.executable, "-c", TOUCHER])
    c = Talker([PMU, "pid", str(t.p.pid)])
    for who, n, want in (("main", 501, 501), ("old", 503, 503), ("new", 505, 505), ("child", 507, 0)):
        got = faults_of(c, t, who, n)
        # A thread that begins takes faults of its own, not always as many.
        ok(abs(got - want) <= 20, f"process: pages touched by {who}", f"got {got} want {want}")
    c.end()
    t.end()


def command():
    def counted(n):
        c = Talker([PMU, "command", "sh", "-c", f"{os.environ['MMS_WORKLOADS']}/faults anon {n}; true"])
        n = count(c)
        c.end()
        return n
    os.environ["MMS_EXPECT"] = "/tmp/pmu-expect"
    got = counted(530) - counted(0)
    ok(abs(got - 530) <= 20, "command: pages touched by its child", got)


def cgroup():
    path = "/sys/fs/cgroup/mms-pmu/below"
    os.makedirs(path, exist_ok=True)
    inside, outside = (Talker([sys.executable, "-c", TOUCHER]) for _ in range(2))
    with open(f"{path}/cgroup.procs", "w", encoding="ascii") as f:
        f.write(str(inside.p.pid))
    try:
        c = Talker([PMU, "cgroup", "/sys/fs/cgroup/mms-pmu"])
    except RuntimeError as why:
        skip("cgroup", f"no counters of cgroups: {why}")
        return
    for t, n, want in ((inside, 511, 511), (outside, 513, 0)):
        got = faults_of(c, t, "main", n)
        ok(abs(got - want) <= 20, f"cgroup: pages touched {'inside' if want else 'outside'}", f"got {got} want {want}")
    c.end()


def all_cpus():
    c = Talker([PMU, "all"])
    before = count(c)
    # Less than a huge page.
    pages = mmap.mmap(-1, 400 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for i in range(400):
        pages[i * 4096] = 1
    ok(400 <= count(c) - before < 4000, "all CPUs: pages touched by anybody")
    c.end()


def refused():
    for argv, why in ((["pid", "4194303"], "No such process"), (["cgroup", "/no/such"], "no such cgroup")):
        p = subprocess.run([PMU, *argv], capture_output=True, text=True, check=False)
        ok((p.returncode, p.stdout) == (3, f"no: {why}\n"), f"refused: {' '.join(argv)}", p.stdout)


for test in (process, command, cgroup, all_cpus, refused):
    if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
        case(test)
