#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""PID/shared against pages that two processes are known to share, and pagemap."""
import errno
import mmap
import os
import time
from concurrent.futures import ThreadPoolExecutor

from faults import BASE, Worker
from ktap import case, ok, same, skip
from mms import ROOT, Target, control, pagemap
from puppet import Puppet

FILE = "/root/shared.data"
THP = "/sys/kernel/mm/transparent_hugepage"
PG = 4096


def shared(pid, other):
    """({start: (kB, anon, file, name)}, (kB, anon, file))"""
    fd = os.open(f"{ROOT}/{pid}/shared", os.O_RDWR)
    try:
        os.write(fd, f"{other}\n".encode())
        text = b"".join(iter(lambda: os.read(fd, 65536), b"")).decode(errors="surrogateescape")
    finally:
        os.close(fd)
    lines = [x.split(None, 5) for x in text.splitlines()]
    same(" ".join(lines[0]), "# start end kB anon_kB file_kB name", "header")
    vmas = {int(w[0], 16): (*(int(x) for x in w[2:5]), w[5]) for w in lines[1:-1]}
    total = tuple(int(x) for x in lines[-1][1:])
    same(total, tuple(sum(v[i] for v in vmas.values()) for i in range(3)), "the total is that of the lines")
    return vmas, total


def frames(pid):
    """Frames of all present pages; not the zero page, mapped by none for itself."""
    out = set()
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as f:
        for line in f:
            s, e = (int(x, 16) for x in line.split()[0].split("-"))
            if "[v" not in line:
                out |= {p & ((1 << 55) - 1) for p in pagemap(pid, s, e) if p >> 63}
    return out


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return int(f.read().split()[-1])


def elsewhere():
    with Worker(FILE) as w, open(FILE, "r+b") as f:
        f.truncate(100 * PG)
        w.do("shared 100")
        w.do("write 60")
        with mmap.mmap(f.fileno(), 100 * PG) as m:
            m.madvise(mmap.MADV_RANDOM)
            for i in range(40, 100):
                m[i * PG] = 1
            with Target(w.pid), Target(os.getpid()):
                there, _ = shared(w.pid, os.getpid())
                same(there.get(BASE), (80, 0, 80, FILE), "20 pages of a file, at different addresses")
                here, _ = shared(os.getpid(), w.pid)
                ok((80, 0, 80, FILE) in here.values() and BASE not in here, "and as the other sees it", here)
                both = frames(w.pid) & frames(os.getpid())
                ok(len(both) >= 20, "pagemap has as many frames in common", len(both))
    os.unlink(FILE)


def family():
    with Worker() as w, Target(w.pid):
        w.do("anon 100")
        w.do("write 100")
        w.do("fork")
        child = child_of(w.pid)
        with Target(child):
            vmas, total = shared(w.pid, child)
            same(vmas.get(BASE), (400, 400, 0, "anon"), "all that a child was born with")
            w.stop()
            both = frames(w.pid) & frames(child)
            # the zero page is in both, and in none of the sums
            ok(abs(total[0] // 4 - len(both)) <= 1, "total: as many frames as pagemap has in common", (total, len(both)))
            w.cont()
            w.do("write 40")
            same(shared(w.pid, child)[0].get(BASE), (240, 240, 0, "anon"), "less what the parent copied")
            w.do("childwrite 100")
            ok(BASE not in shared(w.pid, child)[0], "nothing after all was copied")
            os.kill(child, 9)
            w.do("wait")
            same(shared(w.pid, child)[1], (0, 0, 0), "a dead process shares nothing")
        same(control(f"- {child}"), errno.ESRCH, "the child is no target now")


def zero_and_huge():
    with Worker() as w, Target(w.pid):
        w.do("anon 60")
        w.do("read 60")
        w.do("fork")
        with Target(child_of(w.pid)) as c:
            ok(BASE not in shared(w.pid, c.pid)[0], "the zero page is left out")
        w.do("wait")
        try:
            w.do("hugetlb 2")
        except RuntimeError as e:
            skip("hugetlb", str(e))
            return
        w.do("write 2")
        w.do("fork")
        with Target(child_of(w.pid)) as c:
            same(shared(w.pid, c.pid)[0].get(BASE, ())[:3], (4096, 4096, 0), "hugetlb pages of a family")
        w.do("wait")


def vanishes():
    """What was counted of a VMA that is unmapped in mid-read is not told of the next one."""
    with Puppet() as p, Target(p.pid):
        hits = 0
        for i in range(12):
            start = p("region((96 << 20) + 16384)")
            small = start + (96 << 20)
            p(f"madvise({start}, 96 << 20, 15) if {os.path.exists(THP)} else 0")
            p(f"poke({start}, {(96 << 20) // PG + 4})")
            p(f"mprotect({small}, 16384, 1)")
            child = p("fork()")
            with Target(child), ThreadPoolExecutor() as pool:
                job = pool.submit(shared, p.pid, child)
                time.sleep(0.005 + i / 1000)
                p(f"munmap({start}, 96 << 20)")
                vmas, _ = job.result()
            with open(f"/proc/{p.pid}/maps", encoding="ascii") as f:
                size = {int(s, 16): int(e, 16) - int(s, 16) for s, e in (x.split()[0].split("-") for x in f)}
            bad = {hex(a): v for a, v in vmas.items() if a in size and v[0] * 1024 > size[a]}
            ok(not bad, "no VMA shares more than it has", bad)
            hits += 0 < vmas.get(start, (0,))[0] < 96 << 10
            p(f"munmap({small}, 16384)")
            p(f"end({child})")
        print(f"# {hits} of 12 were unmapped in mid-read")


def refusals():
    def error(fn):
        try:
            fn()
        except OSError as e:
            return e.errno
        return 0

    with Worker() as w, Target(w.pid):
        fd = os.open(f"{ROOT}/{w.pid}/shared", os.O_RDWR)
        same(error(lambda: os.read(fd, 100)), errno.EINVAL, "reading before writing")
        for text in (b"", b"x", b"-1", b"+1", b"1 2", b"1\n2", b"1" * 40, b"99999999999", b"1\0"):
            same(error(lambda t=text: os.write(fd, t)), errno.EINVAL, f"malformed: {text!r}")
        same(error(lambda: os.write(fd, b"1")), errno.ESRCH, "not a target")
        os.write(fd, str(w.pid).encode())
        ok(os.read(fd, 65536).count(b"\n") > 2, "a process shares with itself")
        same(error(lambda: os.write(fd, b"1")), errno.ESRCH, "a wrong write")
        os.lseek(fd, 0, os.SEEK_SET)
        ok(os.read(fd, 65536).count(b"\n") > 2, "leaves the last good one in force")
        os.close(fd)


control("clear")
for case_ in (elsewhere, family, zero_and_huge, vanishes, refusals):
    case(case_)
