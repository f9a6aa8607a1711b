#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Targets exit, exec and get unmapped; the module is unloaded at awkward times."""
import errno
import os
import signal
import subprocess
import threading
import time

from ktap import case, ok, same, skip
from mms import ROOT, Target, control, pairs, read
from procs import Proc, popen
from puppet import ANON, NOHUGEPAGE, NORESERVE, PRIVATE, Puppet

KO = os.environ.get("MMS_KO", "")


def exits():
    with Proc("loop", "16", "64", ready="lap") as p:
        pid = p.pid
        control(f"+ {pid}; sample {pid} 20")
        fd = os.open(f"{ROOT}/{pid}/ranges", os.O_RDONLY)
        ok(len(os.read(fd, 200)) > 0, "ranges are read while it lives")
        p.end()
        time.sleep(0.2)
        rest = b"".join(iter(lambda: os.read(fd, 4096), b""))
        ok(rest.count(b"\n") < 200, "a read that goes on after the exit ends")
        os.close(fd)
        same(pairs(f"{pid}/status")["state"], "exited", "status says exited")
        for f in ("ranges", "maps", "census"):
            ok(len(read(f"{pid}/{f}").splitlines()) <= 30, f"{f} of the dead is readable", read(f"{pid}/{f}"))
        same(control(f"sample {pid} 20"), 3, "sampling the dead is ESRCH")
        with open("/proc/meminfo", encoding="ascii") as f:
            ok(f.read(), "the machine lives")
        same(control(f"- {pid}"), 0, "the dead is forgotten")


def execs():
    p = popen(["sh", "-c", "read x; exec sleep 600"], stdin=subprocess.PIPE)
    control(f"+ {p.pid}")
    same(pairs(f"{p.pid}/status")["state"], "live", "before exec: live")
    before = read(f"{p.pid}/maps")
    p.stdin.write(b"\n")
    p.stdin.flush()
    for _ in range(100):
        if os.readlink(f"/proc/{p.pid}/exe").endswith("sleep"):
            break
        time.sleep(0.05)
    time.sleep(0.1)
    same(pairs(f"{p.pid}/status")["state"], "exec'd", "after exec: exec'd")
    ok("sleep" not in read(f"{p.pid}/maps"), "the old mm's map is not taken for the new one", before)
    same(control(f"- {p.pid}; + {p.pid}"), 0, "forget and track again in one write")
    same(pairs(f"{p.pid}/status")["state"], "live", "the new mm is live")
    ok("sleep" in read(f"{p.pid}/maps"), "and has the new map")
    control("clear")
    p.kill()
    p.wait()


def memory():
    """An open file does not keep a dead process's memory."""
    def free():
        """Free frames in kB, those that wait on a processor's own list included."""
        pages = 0
        with open("/proc/zoneinfo", encoding="ascii") as f:
            for w in map(str.split, f):
                if w[:2] == ["pages", "free"] or w[:1] == ["count:"]:
                    pages += int(w[-1])
        return pages * 4
    with Proc("loop", "1", "32768", ready="lap") as p:
        control(f"+ {p.pid}")
        fds = [os.open(f"{ROOT}/{p.pid}/{f}", os.O_RDONLY) for f in ("ranges", "maps", "idle", "walk")]
        for fd in fds[:2]:
            os.read(fd, 10)
        used = free()
        p.end()
        time.sleep(0.5)
        ok(free() - used > 100 << 10, "128 MiB came back though files and target are held", f"{used} kB -> {free()} kB")
        for fd in fds:
            os.close(fd)
        control("clear")


def unload():
    if not KO:
        skip("rmmod", "MMS_KO is not set")
        return
    with Proc("loop", "64", "512", ready="lap") as p:
        control(f"+ {p.pid}; sample {p.pid} 10")
        fd = os.open(f"{ROOT}/{p.pid}/ranges", os.O_RDONLY)
        os.read(fd, 10)
        r = subprocess.run(["rmmod", "mmscope"], capture_output=True, text=True, check=False)
        ok(r.returncode != 0, "rmmod with an open file is refused", r.stdout)
        os.close(fd)
        for i in range(10):
            time.sleep(0.013 * i)
            r = subprocess.run(["rmmod", "mmscope"], capture_output=True, text=True, check=False)
            if not same(r.returncode, 0, f"rmmod in the midst of sampling ({i})"):
                print("#", r.stderr)
                break
            ok(not os.path.exists(ROOT), f"nothing is left in debugfs ({i})")
            r = subprocess.run(["insmod", KO], capture_output=True, text=True, check=False)
            same((r.returncode, r.stderr), (0, ""), f"insmod again ({i})")
            same(read("control"), "", f"and no target ({i})")
            control(f"+ {p.pid}; sample {p.pid} 10")
            read(f"{p.pid}/maps")
        control("clear")


def readers():
    """Four readers of a process that exits under them."""
    for _ in range(5):
        with Proc("loop", "64", "4096", ready="lap") as p:
            control(f"+ {p.pid}; sample {p.pid} 10")
            rs = [subprocess.Popen(["sh", "-c", f"i=0; while [ $i -lt 20 ]; do cat {ROOT}/{p.pid}/{f} || exit; i=$((i+1)); done"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for f in ("ranges", "maps", "census", "idle")]
            time.sleep(0.1)
            os.kill(p.pid, signal.SIGKILL)
            for r in rs:
                r.wait(60)
            control(f"- {p.pid}")
    ok(True, "four readers survive five exits")


def broken_off(pid, name):
    """Forget a target once a read of its file has begun, with 2,000 chunks to come: the errno, or what was read."""
    control(f"+ {pid}")
    fd = os.open(f"{ROOT}/{pid}/{name}", os.O_RDONLY)
    got = []

    def reader():
        try:
            got.append(os.read(fd, 1 << 20).decode(errors="replace"))
        except OSError as e:
            got.append(errno.errorcode[e.errno])

    before = int(pairs("stats")["chunks"])
    t = threading.Thread(target=reader)
    t.start()
    while not got and int(pairs("stats")["chunks"]) - before < 5:
        pass
    control(f"- {pid}")
    t.join()
    os.close(fd)
    return got[0]


def forgotten():
    """A read of a whole large process does not keep others from forgetting it: it breaks off."""
    span, step = 32 << 30, 2 << 20
    with Puppet() as p:
        a = p(f"region({span}, 3, {PRIVATE | ANON | NORESERVE})")
        try:
            p(f"madvise({a}, {span}, {NOHUGEPAGE})")
        except RuntimeError:
            pass    # a kernel without huge pages
        p(f"poke({a}, {span // step}, {step})")
        same(broken_off(p.pid, "census"), "EIO", "a census that is being read when its target is forgotten ends with EIO")


def cost():
    s = pairs("stats")
    ok(int(s["chunks"]) > 0 and int(s["entries"]) > 0 and int(s["longest_hold_ns"]) > 0, "stats count the module's own cost", s)
    with Proc("loop", "64", "512", ready="lap") as p, Target(p.pid):
        a = int(pairs("stats")["entries"])
        read(f"{p.pid}/census")
        b = int(pairs("stats")["entries"])
        ok(b - a >= 512, "a census of 512 pages visits at least 512 entries", f"{a} -> {b}")


for f in (exits, execs, memory, readers, forgotten, cost, unload):
    case(f)
