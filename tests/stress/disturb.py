# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel does to memory and processes while they are looked at: each function does one thing once, over and over
again, beside processes that change and are read. Its .effects are what must have come of it: counters of /proc/vmstat, or
what it counts in state["seen"] where the kernel has no counter. NotHere: this guest cannot."""
import collections
import ctypes
import errno
import glob
import mmap
import os
import random
import signal
import subprocess
import time

KSM = "/sys/kernel/mm/ksm"
THP = "/sys/kernel/mm/transparent_hugepage"
BALANCING = "/proc/sys/kernel/numa_balancing"
HUGE = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
CGROUP = "/sys/fs/cgroup"
MB = 1 << 20
DONTNEED, NOHUGE, PAGEOUT, COLLAPSE = 4, 15, 21, 25
_libc = ctypes.CDLL(None, use_errno=True)


def vmstat():
    with open("/proc/vmstat", encoding="ascii") as f:
        return {k: int(v) for k, v in map(str.split, f)}


class Effects:
    """What came of a disturbance since this was made."""

    def __init__(self, do, state):
        self.names, self.state = do.effects, state
        self.before, self.seen = vmstat(), collections.Counter(state["seen"])

    def sums(self):
        now = vmstat()
        unknown = [n for n in self.names if n not in now and "_" in n]
        if unknown:
            raise NotHere(f"/proc/vmstat has no {unknown[0]}")
        return {n: now[n] - self.before[n] if n in now else self.state["seen"][n] - self.seen[n] for n in self.names}


def effects(*names):
    """Names with _ are of /proc/vmstat, those without of state["seen"]."""
    def with_effects(do):
        do.effects = names
        return do
    return with_effects


class NotHere(Exception):
    """Why this guest cannot do it."""


def put(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(str(text))


def get(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def need(path):
    if not os.path.exists(path):
        raise NotHere(f"no {path}")


def arena(n, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS):
    return mmap.mmap(-1, n, flags=flags)


def address(m):
    return ctypes.addressof(ctypes.c_char.from_buffer(m))


def madvise(m, what):
    return _libc.madvise(ctypes.c_void_p(address(m)), ctypes.c_size_t(len(m)), what)


def on_node(pid, node):
    """Pages of a process on a node; 0 if it has ended."""
    try:
        with open(f"/proc/{pid}/numa_maps", encoding="ascii", errors="replace") as f:
            return sum(int(w.split("=")[1]) for line in f for w in line.split() if w.startswith(f"N{node}="))
    except OSError:
        return 0


class Looked:
    """A process of its own, a target that is sampled; .run(what) forks it and calls what() in it over and over."""

    def __init__(self, control, what):
        r, w = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(r)
            try:
                again = what()
                os.write(w, b"r")
                while True:
                    again()
            finally:
                os._exit(1)     # whatever came: the rest is its parent's
        os.close(w)
        ready = os.read(r, 1)
        os.close(r)
        if not ready or control(f"+ {self.pid}; sample {self.pid} 10"):
            self.end()
            raise RuntimeError("a process to be looked at could not be had")

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@effects("thp_collapse_alloc", "thp_split_pmd", "thp_split_page")
def huge(state):
    """Huge pages split, and collapse again."""
    need(f"{THP}/enabled")
    need("/sys/kernel/debug/split_huge_pages")
    if "m" not in state:
        state["on"] = get(f"{THP}/enabled")
        put(f"{THP}/enabled", "always")
        # touched by the one that is looked at alone, at an address that is known here
        m = state["m"] = arena(16 * MB)

        def what():
            m[:] = b"\1" * len(m)

            def again():
                madvise(m, COLLAPSE)
                for off in range(0, len(m), 2 * MB):
                    _libc.mprotect(ctypes.c_void_p((address(m) + off) & -4096), ctypes.c_size_t(4096), 1)
                    _libc.mprotect(ctypes.c_void_p((address(m) + off) & -4096), ctypes.c_size_t(4096), 3)
                time.sleep(0.01)
            return again
        state["looked"] = what
    else:
        # it ends at the first address where nothing is mapped
        at = address(state["m"])
        put("/sys/kernel/debug/split_huge_pages", f"{state['pid']()},0x{at:x},0x{at + len(state['m']):x}")
    time.sleep(0.02)


@effects("shared", "cow_ksm")
def ksm(state):
    """Equal pages merge, and are torn apart."""
    need(f"{KSM}/run")
    if "m" not in state:
        def what():
            m = arena(8 * MB)
            madvise(m, 12)
            m[:] = b"\7" * len(m)

            def again():
                for off in range(0, len(m), 16384):
                    m[off] = random.randrange(8)
                time.sleep(0.02)
            return again
        state["looked"] = what
        state["m"] = True
        put(f"{KSM}/pages_to_scan", 4000)
        put(f"{KSM}/sleep_millisecs", 5)
    put(f"{KSM}/run", random.choice((1, 1, 2)))
    time.sleep(0.03)
    state["seen"]["shared"] += int(get(f"{KSM}/pages_sharing")) > 0


@effects("compact_migrate_scanned", "compact_isolated", "pgmigrate_success")
def compaction(state):
    """Memory with holes moves together; what holes there are does not depend on others."""
    need("/proc/sys/vm/compact_memory")
    m = state["holes"] = arena(8 * MB)
    madvise(m, NOHUGE)
    for off in range(0, len(m), 4096):
        m[off] = 1
    for off in range(0, len(m), 8192):
        _libc.madvise(ctypes.c_void_p(address(m) + off), ctypes.c_size_t(4096), DONTNEED)
    put("/proc/sys/vm/compact_memory", 1)


@effects("pgmigrate_success", "moved")
def migration(state):
    """Pages go from node to node."""
    nodes = len(glob.glob("/sys/devices/system/node/node[0-9]*"))
    if nodes < 2:
        raise NotHere("one node")
    if "looked" not in state:
        def what():
            m = arena(8 * MB)
            m[:] = b"\1" * len(m)
            return lambda: time.sleep(0.01) or m
        state["looked"] = what
    old, new = ctypes.c_ulong(1 << state.setdefault("at", 0)), ctypes.c_ulong(2 >> state["at"])
    state["at"] ^= 1
    before = on_node(state["pid"](), state["at"])
    others = sorted(state["pids"]())
    for pid in {state["pid"](), *random.sample(others, min(2, len(others)))}:
        _libc.syscall(256, pid, 64, ctypes.byref(old), ctypes.byref(new))
    state["seen"]["moved"] += on_node(state["pid"](), state["at"]) > before


def balanced(sched="/sys/kernel/debug/sched/numa_balancing"):
    """So that the first scan is soon, and there are many."""
    kept = {}
    for name, value in (("scan_delay_ms", 5), ("scan_period_min_ms", 5), ("scan_period_max_ms", 20)):
        if os.path.exists(f"{sched}/{name}"):
            kept[f"{sched}/{name}"] = get(f"{sched}/{name}")
            put(f"{sched}/{name}", value)
    kept[BALANCING] = get(BALANCING)
    put(BALANCING, 1)
    return kept


@effects("numa_pte_updates", "numa_hint_faults")
def balancing(state):
    """The kernel takes rights away to see from which node memory is used."""
    need(BALANCING)
    if len(glob.glob("/sys/devices/system/node/node[0-9]*")) < 2:
        raise NotHere("one node")
    if "m" not in state:
        state["kept"] = balanced()

        def what():
            m = arena(16 * MB)

            def again():
                for off in range(0, len(m), 4096):
                    m[off] = 1
            return again
        state["looked"] = what
        state["m"] = True
    time.sleep(0.05)


@effects("pswpin", "pswpout", "swapoffs")
def swapping(state):
    """Swap goes off, which reads all of it, and on; reclaim in between."""
    with open("/proc/swaps", encoding="ascii") as f:
        swaps = [line.split()[0] for line in f.readlines()[1:]]
    state.setdefault("swap", swaps)
    if not state["swap"]:
        raise NotHere("no swap")
    if not swaps:
        subprocess.run(["swapon", state["swap"][0]], check=True)
    if "m" not in state:
        def what():
            m = arena(8 * MB)
            m[:] = os.urandom(4096) * (len(m) // 4096)

            def again():
                madvise(m, PAGEOUT)
                for off in range(0, len(m), 16384):
                    m[off] = 1
            return again
        state["looked"] = what
        state["m"] = True
    if os.path.exists(f"{CGROUP}/memory.reclaim"):
        try:
            put(f"{CGROUP}/memory.reclaim", "16M")
        except OSError:
            pass    # not so much to be had
    subprocess.run(["swapoff", state["swap"][0]], check=True)
    state["seen"]["swapoffs"] += not get("/proc/swaps").splitlines()[1:]
    subprocess.run(["swapon", state["swap"][0]], check=True)


@effects("oom_kill", "killed", "targets")
def memcg_kill(state):
    """A cgroup runs out of memory under a target."""
    group = f"{CGROUP}/mms_strain"
    need(f"{CGROUP}/cgroup.controllers")
    if "memory" not in get(f"{CGROUP}/cgroup.controllers"):
        raise NotHere("no memory controller")
    if not os.path.isdir(group):
        put(f"{CGROUP}/cgroup.subtree_control", "+memory")
        os.mkdir(group)
        put(f"{group}/memory.max", "12M")
        try:
            put(f"{group}/memory.swap.max", 0)
        except OSError:
            pass
    # told by a pipe: others may forget the target before its directory was seen
    go, told = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            put(f"{group}/cgroup.procs", os.getpid())
            os.close(told)
            os.read(go, 1)
            m = arena(64 * MB)
            m[:] = b"\1" * len(m)
        finally:
            os._exit(0)     # whatever came: the rest is its parent's
    state["seen"]["targets"] += not state["control"](f"+ {pid}; sample {pid} 10")
    os.close(go)
    os.close(told)  # it goes on
    if os.waitpid(pid, 0)[1] != signal.SIGKILL:
        raise RuntimeError("the cgroup had memory enough")
    state["control"](f"- {pid}")
    events = dict(map(str.split, get(f"{group}/memory.events").splitlines()))
    state["seen"]["killed"] = int(events["oom_kill"])


@effects("htlb_buddy_alloc_success", "used", "shrunk")
def hugetlb(state):
    """The pool grows and shrinks, and is used."""
    need(HUGE)
    state.setdefault("huge", int(get(HUGE)))
    put(HUGE, state["huge"] + 4)
    try:
        m = arena(4 * MB, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)
        m[0] = m[2 * MB] = 1
        state["seen"]["used"] += int(get(HUGE)) > int(get(HUGE.replace("nr_", "free_")))
        m.close()
    except OSError:
        pass    # none to be had
    grown = int(get(HUGE))
    put(HUGE, state["huge"])
    state["seen"]["shrunk"] += int(get(HUGE)) < grown


@effects("gone", "back")
def unplug(state):
    """A processor goes and comes back."""
    cpu = "/sys/devices/system/cpu/cpu1/online"
    need(cpu)
    put(cpu, 0)
    time.sleep(0.05)
    state["seen"]["gone"] += "cpu1 " not in get("/proc/stat")
    put(cpu, 1)
    state["seen"]["back"] += "cpu1 " in get("/proc/stat")


@effects("targets")
def namespaces(state):
    """Targets that are named in a namespace of pids of their own, and end with it."""
    script = f"""
import os, sys
sys.path.insert(0, {os.path.join(os.path.dirname(os.path.abspath(__file__)), '../kernel')!r})
from mms import control
pid = os.fork()
if not pid:
    while True:
        bytearray(1 << 16)
err = control(f"+ {{pid}} follow; sample {{pid}} 10")
kid = os.fork()
if not kid:
    os._exit(0)
os.waitpid(kid, 0)
try:
    open(f"/sys/kernel/debug/mmscope/{{pid}}/maps").read() if not err else None
except OSError as e:
    err = e.errno
sys.exit(err)
"""
    r = subprocess.run(["unshare", "-p", "-f", "python3", "-c", script], check=False, stderr=subprocess.PIPE)
    # the number may be a target already: those of another namespace count too; others may forget it at any moment
    state["seen"]["targets"] += r.returncode == 0
    if r.returncode not in (0, errno.EEXIST, errno.ENOENT, errno.ESRCH, errno.EIO):
        raise RuntimeError(f"{r.returncode}: {r.stderr.decode()}")
    state["control"]("clear")


ALL = (huge, ksm, compaction, migration, balancing, swapping, memcg_kill, hugetlb, unplug, namespaces)


def restore(state):
    if "on" in state:
        put(f"{THP}/enabled", state["on"].split("[")[1].split("]")[0])
    for path, value in state.get("kept", {}).items():
        put(path, value)
    if os.path.exists(f"{KSM}/run"):
        put(f"{KSM}/run", 2)
        put(f"{KSM}/run", 0)
