# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel does to memory and processes while they are looked at: each function does one thing once, over and over
again, beside processes that change and are read. NotHere: this guest cannot."""
import ctypes
import glob
import mmap
import os
import random
import signal
import subprocess
import time

KSM = "/sys/kernel/mm/ksm"
THP = "/sys/kernel/mm/transparent_hugepage"
HUGE = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
CGROUP = "/sys/fs/cgroup"
MB = 1 << 20
NOHUGE, COLLAPSE = 15, 25
_libc = ctypes.CDLL(None, use_errno=True)


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


def huge(state):
    """Huge pages split, and collapse again."""
    need(f"{THP}/enabled")
    if "m" not in state:
        state["on"] = get(f"{THP}/enabled")
        put(f"{THP}/enabled", "always")

        def what():
            m = arena(16 * MB)
            m[:] = b"\1" * len(m)

            def again():
                madvise(m, COLLAPSE)
                for off in range(0, len(m), 2 * MB):
                    _libc.mprotect(ctypes.c_void_p((address(m) + off) & -4096), ctypes.c_size_t(4096), 1)
                    _libc.mprotect(ctypes.c_void_p((address(m) + off) & -4096), ctypes.c_size_t(4096), 3)
                time.sleep(0.01)
            return again
        state["looked"] = what
        state["m"] = True
    if os.path.exists("/sys/kernel/debug/split_huge_pages"):
        put("/sys/kernel/debug/split_huge_pages", f"{state['pid']()},0x0,0x7fffffffffff")
    time.sleep(0.02)


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


def compaction(_):
    need("/proc/sys/vm/compact_memory")
    put("/proc/sys/vm/compact_memory", 1)


def migration(state):
    """Pages go from node to node."""
    nodes = len(glob.glob("/sys/devices/system/node/node[0-9]*"))
    if nodes < 2:
        raise NotHere("one node")
    old, new = ctypes.c_ulong(1 << state.setdefault("at", 0)), ctypes.c_ulong(2 >> state["at"])
    state["at"] ^= 1
    for pid in state["pids"]():
        _libc.syscall(256, pid, 64, ctypes.byref(old), ctypes.byref(new))


def swapping(state):
    """Swap goes off, which reads all of it, and on; reclaim in between."""
    with open("/proc/swaps", encoding="ascii") as f:
        swaps = [line.split()[0] for line in f.readlines()[1:]]
    state.setdefault("swap", swaps)
    if not state["swap"]:
        raise NotHere("no swap")
    if not swaps:
        subprocess.run(["swapon", state["swap"][0]], check=True)
    if os.path.exists(f"{CGROUP}/memory.reclaim"):
        try:
            put(f"{CGROUP}/memory.reclaim", "16M")
        except OSError:
            pass    # not so much to be had
    subprocess.run(["swapoff", state["swap"][0]], check=True)
    subprocess.run(["swapon", state["swap"][0]], check=True)


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
    pid = os.fork()
    if not pid:
        try:
            put(f"{group}/cgroup.procs", os.getpid())
            while not os.path.exists(f"/sys/kernel/debug/mmscope/{os.getpid()}"):
                time.sleep(0.001)
            m = arena(64 * MB)
            m[:] = b"\1" * len(m)
        finally:
            os._exit(0)     # whatever came: the rest is its parent's
    if state["control"](f"+ {pid}; sample {pid} 10"):
        os.kill(pid, signal.SIGTERM)    # it waits to be a target
    if os.waitpid(pid, 0)[1] != signal.SIGKILL:
        raise RuntimeError("no target, or the cgroup had memory enough")
    state["control"](f"- {pid}")


def hugetlb(state):
    """The pool grows and shrinks, and is used."""
    need(HUGE)
    state.setdefault("huge", int(get(HUGE)))
    put(HUGE, state["huge"] + 4)
    try:
        m = arena(4 * MB, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)
        m[0] = m[2 * MB] = 1
        m.close()
    except OSError:
        pass    # none to be had
    put(HUGE, state["huge"])


def unplug(_):
    """A processor goes and comes back."""
    cpu = "/sys/devices/system/cpu/cpu1/online"
    need(cpu)
    put(cpu, 0)
    time.sleep(0.05)
    put(cpu, 1)


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
open(f"/sys/kernel/debug/mmscope/{{pid}}/maps").read() if not err else None
sys.exit(err)
"""
    r = subprocess.run(["unshare", "-p", "-f", "python3", "-c", script], check=False, stderr=subprocess.PIPE)
    # the number may be a target already: those of another namespace count too
    if r.returncode not in (0, 17):
        raise RuntimeError(f"{r.returncode}: {r.stderr.decode()}")
    state["control"]("clear")


ALL = (huge, ksm, compaction, migration, swapping, memcg_kill, hugetlb, unplug, namespaces)


def restore(state):
    if "on" in state:
        put(f"{THP}/enabled", state["on"].split("[")[1].split("]")[0])
    if os.path.exists(f"{KSM}/run"):
        put(f"{KSM}/run", 2)
        put(f"{KSM}/run", 0)
