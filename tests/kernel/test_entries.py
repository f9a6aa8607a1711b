#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""PID/entries: every entry of stopped processes equals /proc/PID/pagemap; positions, blocks, readers at once, ends in mid-read."""
import errno
import os
import random
import signal
import subprocess
import sys
import time

from entries import EXEC, HUGETLB, LEAF, MARKER, READ, SHARED, SHIFT, SWAP, WRITE, blocks, entry, path, read_all, wrong
from ktap import case, ok, same
from mms import Target, control, pagemap, read, smaps
from procs import Proc, Shapes, popen

P = 4096
PRESENT, SWAPPED = 1 << 63, 1 << 62
PFN = (1 << 55) - 1
HOLD = "/sys/module/mmscope/parameters/hold_entries"
THP = "/sys/kernel/mm/transparent_hugepage/enabled"


def python(code):
    """A python3 that ran code and waits; its first line of output is .line."""
    p = subprocess.Popen([sys.executable, "-c", code + "\nimport time; print('up', flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
    p.stdout.readline()
    os.kill(p.pid, signal.SIGSTOP)
    time.sleep(0.3)
    return p


def sparse():
    return python("import mmap\nm = mmap.mmap(-1, 64 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)\n"
                  "try: m.madvise(mmap.MADV_NOHUGEPAGE)\nexcept OSError: pass\nfor i in range(64): m[i << 30] = 1")


def expected(pid, start, end):
    """{addr: (present, frame or (type, offset))} by pagemap, of what is not empty."""
    out = {}
    for a in range(start, end, 64 << 20):
        for i, m in enumerate(pagemap(pid, a, min(a + (64 << 20), end))):
            if m & PRESENT:
                out[a + i * P] = (True, m & PFN)
            elif m & SWAPPED:
                out[a + i * P] = (False, (m & 31, m >> 5 & (1 << 50) - 1))
    return out


def found(bs, start, end):
    """The same of entries, huge ones expanded; markers as pagemap has them: their type and payload, which we do not tell."""
    out, marked = {}, set()
    for b in bs:
        if b.vma_start != start:
            continue
        for rec in b.recs:
            e = entry(*rec)
            for i in range(1 << SHIFT[e.level] - 12):
                if e.kind == LEAF:
                    out[e.addr + i * P] = (True, e.number + i)
                elif e.kind == SWAP:
                    out[e.addr + i * P] = (False, (e.type, e.number))
                elif e.kind == MARKER:
                    marked.add(e.addr + i * P)
    return out, marked


def compare(name, pid):
    bs = read_all(pid)
    bad = list(wrong(bs))
    ok(not bad, f"{name}: the blocks keep their rules", "\n".join(bad))
    bad, seen = [], 0
    for s, e, k in smaps(pid):
        mine = [b for b in bs if b.vma_start == s]
        want = (READ * (k["perm"][0] == "r") | WRITE * (k["perm"][1] == "w") | EXEC * (k["perm"][2] == "x") |
                SHARED * (k["perm"][3] == "s") | HUGETLB * ("ht" in k["flags"]))
        bad += [f"{s:#x}: {b[:5]} flags {want}" for b in mine if b.vma_end != e or b.vma_flags != want]
        if k["name"] == "[vsyscall]" or "pf" in k["flags"]:
            continue
        got, marked = found(mine, s, e)
        theirs = {a: w for a, w in expected(pid, s, e).items() if a not in marked}
        seen += len(theirs)
        if got != theirs:
            bad += [f"{a:#x} of {s:#x}: {got.get(a)} pagemap {theirs.get(a)}" for a in sorted(set(got) | set(theirs))
                    if got.get(a) != theirs.get(a)]
    ok(seen > 100 and not bad, f"{name}: entry by entry as pagemap has it", f"{len(bad)} of {seen}\n" + "\n".join(bad[:5]))
    return bs


def every_entry():
    with Shapes() as s:
        s.stop()
        with Target(s.pid):
            bs = compare("shapes", s.pid)
            all_ = [entry(*r) for b in bs for r in b.recs]
            for shape, flags, nr in (("protnone", 1 << 11, 11), ("anon", 1, 23), ("readonly", 1, 8)):
                start, pages, _ = s.shape[shape]
                mine = [e for e in all_ if start <= e.addr < start + pages * P]
                ok(len(mine) == nr and all(e.flags & flags for e in mine), f"{shape}: {nr} records with their flag", mine[:3])
            rights = {n: {e.rights for e in all_ if s.shape[n][0] <= e.addr < s.shape[n][0] + s.shape[n][1] * P}
                      for n in ("anon", "protnone", "readonly", "wx")}
            same(rights, {"anon": {11}, "protnone": {0}, "readonly": {9}, "wx": {15}}, "rights are those in effect")
    p = python("import json; x = list(range(50000))")
    with Target(p.pid):
        bs = compare("python3", p.pid)
        restart(p.pid, bs)
        rules(p.pid, bs)
        together(p.pid, bs)
    p.kill()
    p.wait()


def restart(pid, bs):
    """From any address: the records that follow, begun with the one it lies in."""
    flat = [(entry(*r).addr, entry(*r).addr + (1 << SHIFT[r[0] & 7]), r) for b in bs for r in b.recs]
    fd, bad = os.open(path(pid), os.O_RDONLY), []
    rnd = random.Random(7)
    for _ in range(300):
        b = rnd.choice(bs)
        pos = rnd.choice((rnd.randrange(b.start, b.end), rnd.randrange(b.vma_start, b.vma_end), rnd.choice(b.recs)[0] & ~0xfff))
        size = rnd.choice((72, 88, 1000, 4096, 100000))
        got = [r for x in blocks(os.pread(fd, size, pos)) for r in x.recs]
        want = [r for s, e, r in flat if e > pos][:len(got)]
        if bool(got) != any(e > pos for _, e, _ in flat) or got != want:
            bad.append(f"{pos:#x} size {size}: {got[:2]} not {want[:2]}")
    os.close(fd)
    ok(not bad, "300 reads from random addresses give the same records", "\n".join(bad))
    for size in (72, 73, 150, 4096, 65536):
        small = [r for b in read_all(pid, size) for r in b.recs]
        ok(small == [r for _, _, r in flat], f"with a buffer of {size} bytes as well")


def refused(fn, *args):
    try:
        fn(*args)
    except OSError as e:
        return e.errno
    return 0


def rules(pid, bs):
    fd = os.open(path(pid), os.O_RDONLY)
    same(refused(os.read, fd, 71), errno.EINVAL, "71 bytes are too few")
    same(len(os.read(fd, 72)), 72, "72 are a block of one")
    same(refused(os.lseek, fd, -1, os.SEEK_SET), errno.EINVAL, "a negative position is EINVAL")
    same(refused(os.pread, fd, 4096, -4096), errno.EINVAL, "for pread too")
    same(refused(os.lseek, fd, 1 << 62, os.SEEK_SET), errno.EINVAL, "a position in kernel space is EINVAL")
    same(os.lseek(fd, bs[-1].end, os.SEEK_SET), bs[-1].end, "seek behind the last block")
    same((os.read(fd, 4096), os.read(fd, 4096)), (b"", b""), "where the end is, and stays")
    same(os.pread(fd, 4096, 1 << 62), b"", "and far behind it")
    b = next(x for x in bs if len(x.recs) > 20)
    os.lseek(fd, b.vma_start, os.SEEK_SET)
    same(blocks(os.read(fd, 512 << 10))[0].vma_start, b.vma_start, "a VMA is read from its start")
    same(oct(os.stat(path(pid)).st_mode & 0o777), "0o400", "mode 0400")
    control(f"- {pid}")
    same(refused(os.read, fd, 4096), errno.EIO, "EIO once the target is forgotten")
    control(f"+ {pid}")
    os.close(fd)


def fork(fn, *args):
    pid = os.fork()
    if not pid:
        try:
            os._exit(fn(*args))
        except BaseException:  # pylint: disable=broad-except
            os._exit(99)
    return pid


def together(pid, bs):
    want = [r for b in bs for r in b.recs]

    def own():
        return 0 if all([r for b in read_all(pid, 20000) for r in b.recs] == want for _ in range(5)) else 1

    def shared(fd, seed):
        rnd = random.Random(seed)
        for _ in range(100):
            b = rnd.choice(bs)
            got = [r for x in blocks(os.pread(fd, 30000, b.start)) for r in x.recs]
            if b.recs[:len(got)] != got[:len(b.recs)]:
                return 1
        return 0

    def share_position(fd, out):
        while data := os.read(fd, 4096):
            for b in blocks(data):
                os.write(out, b"%d %d\n" % (b.start, len(b.recs)))
        return 0

    same([os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]) for p in [fork(own) for _ in range(4)]], [0] * 4, "four readers, a file each")
    fd = os.open(path(pid), os.O_RDONLY)
    same([os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]) for p in [fork(shared, fd, n) for n in range(4)]], [0] * 4,
         "four readers of one file, anywhere")
    r, w = os.pipe()
    pids = [fork(share_position, fd, w) for _ in range(4)]
    os.close(w)
    with os.fdopen(r) as f:
        lines = [tuple(map(int, x.split())) for x in f]
    for p in pids:
        os.waitpid(p, 0)
    os.close(fd)
    same((len(set(lines)), sum(n for _, n in lines)), (len(lines), len(want)), "four that share its position get each block once")


def large():
    p = sparse()
    with Target(p.pid) as t:
        began = time.monotonic()
        bs = read_all(p.pid)
        took = time.monotonic() - began
        start = next(s for s, e, _ in smaps(p.pid) if e - s >= 64 << 30)
        got = [entry(*r) for b in bs if b.vma_start <= start < b.vma_end for r in b.recs]
        got = [e.addr - start for e in got if (e.addr - start) % (1 << 30) == 0]
        same(got, [i << 30 for i in range(64)], "64 GiB, one page in each: 64 records")
        ok(took < 10, "in good time", took)
        print(f"# entries of 64 GiB with 64 pages: {took * 1000:.1f} ms")
        mine = [v for v in t.maps()[0] if v[0] <= start < v[1]][0][2]
        ok(mine["Anon"] >= 256 and mine["Absent"] == mine["Size"] - mine["Anon"], "maps agrees", mine)
        rs = [x for x in t.ranges() if start <= x["start"] < start + (64 << 30)]
        ok(sum(x["kb"] for x in rs if x["kind"] != "none") == mine["Anon"], "ranges agree", rs[:3])
        bounds(p.pid)
    p.kill()
    p.wait()


def hist():
    out = {"hold_ns": {}, "hold_entries": {}}
    for w in map(str.split, read("stats").splitlines()):
        if w[0] in out:
            out[w[0]][int(w[1].split("-")[0])] = int(w[2])
        else:
            out["=" + w[0]] = int(w[1])
    return out


def bounds(pid):
    with open(HOLD, encoding="ascii") as f:
        was = f.read()
    try:
        with open(HOLD, "w", encoding="ascii") as f:
            f.write("256")
        a = hist()["hold_entries"]
        read_all(pid)
        read(f"{pid}/maps")
        b = hist()["hold_entries"]
        new = {lo: n - a.get(lo, 0) for lo, n in b.items() if n != a.get(lo, 0)}
        ok(sum(new.values()) > 256 and max(new) <= 256, "no hold looks at more than hold_entries", new)
    finally:
        with open(HOLD, "w", encoding="ascii") as f:
            f.write(was)
    h = hist()
    same([sum(h[x].values()) for x in ("hold_ns", "hold_entries")], [h["=chunks"]] * 2, "the sum of either histogram is chunks")
    top = max(h["hold_entries"])
    ok(top <= h["=longest_hold_entries"] < 2 * max(top, 1), "longest_hold_entries is in the last bin", h)
    top = max(h["hold_ns"])
    ok(top <= h["=longest_hold_ns"] < 2 * max(top, 1), "longest_hold_ns too", h)


def running():
    """Rules hold of a process that runs; its end and exec are the end of the file."""
    with Proc("loop", "64", "4096", ready="lap") as p, Target(p.pid):
        for size in (72, 4096, 512 << 10):
            bad = list(wrong(read_all(p.pid, size)))
            ok(not bad, f"of a running process, {size} bytes at a time", "\n".join(bad))
        fd = os.open(path(p.pid), os.O_RDONLY)
        ok(len(blocks(os.read(fd, 72))) == 1, "a record before the end")
        p.end()
        time.sleep(0.2)
        same((os.read(fd, 72), os.pread(fd, 4096, 0)), (b"", b""), "none after it")
        os.close(fd)
    for _ in range(5):
        with Proc("loop", "64", "8192", ready="lap") as p, Target(p.pid):
            pids = [fork(lambda: 1 if any(list(wrong(read_all(p.pid, 512))) for _ in range(3)) else 0) for _ in range(2)]
            time.sleep(random.random() / 10)
            os.kill(p.pid, signal.SIGKILL)
            same([os.waitstatus_to_exitcode(os.waitpid(x, 0)[1]) for x in pids], [0, 0], "killed in mid-read")
    with popen(["sh", "-c", "read x; exec sleep 600"], stdin=subprocess.PIPE) as p:
        with Target(p.pid):
            fd = os.open(path(p.pid), os.O_RDONLY)
            ok(os.read(fd, 72), "a record before exec")
            p.stdin.write(b"\n")
            p.stdin.flush()
            for _ in range(100):
                if os.readlink(f"/proc/{p.pid}/exe").endswith("sleep"):
                    break
                time.sleep(0.05)
            time.sleep(0.1)
            same((os.read(fd, 72), read_all(p.pid)), (b"", []), "nothing of the old mm after exec, nothing of the new")
            os.close(fd)
        p.kill()


def main():
    """khugepaged changes tables of processes that stand still: it is told to leave them alone."""
    was = None
    if os.path.exists(THP):
        with open(THP, encoding="ascii") as f:
            was = f.read().split("[")[1].split("]")[0]
        with open(THP, "w", encoding="ascii") as f:
            f.write("madvise")
    for f in (every_entry, large, running):
        case(f)
    if was:
        with open(THP, "w", encoding="ascii") as f:
            f.write(was)


main()
