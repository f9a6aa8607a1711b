#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the textbook says of virtual memory, read with nothing but sh and cat. Oracles: /proc and the construction."""
import os
import re
import subprocess
import time

from ktap import case, ok, same, skip
from mms import ROOT, Target, pagemap, pairs, smaps
from puppet import (ANON, DONTNEED, HUGEPAGE, MB, NORESERVE, PAGEOUT, PG, PRIVATE, PROT_EXEC, PROT_NONE, PROT_READ, RW, SHARED,
                    Puppet)

PFN = (1 << 55) - 1


def sh(script):
    r = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    if r.returncode:
        raise RuntimeError(f"{script}: {r.stderr}")
    return r.stdout


def cat(pid, name):
    return sh(f"cat {ROOT}/{pid}/{name}")


def walk(pid, addr):
    return sh(f"exec 3<>{ROOT}/{pid}/walk; echo {addr:#x} >&3; cat <&3")


def field(text, name):
    return re.search(rf"\b{name}=(\S+)", text).group(1)


def frame(pid, addr):
    leaf = next(x for x in walk(pid, addr).splitlines() if x.startswith("leaf"))
    return int(field(leaf, "frame"), 16) if "frame=" in leaf else None


def vma(pid, start):
    """{key: kB} of the VMA that begins at start."""
    out = {}
    for line in cat(pid, "maps").splitlines():
        if line.endswith(" kB"):
            if out is not None and out.get("here"):
                k, v = line.split(":")
                out[k] = int(v.split()[0])
        else:
            if out.get("here"):
                return out
            out = {"here": int(line.split("-")[0], 16) == start} if line != "Total" else {}
    return out


def status_kb(pid, key):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return int(re.search(rf"^{key}:\s+(\d+) kB", f.read(), re.M).group(1))


def values(pid, name):
    """The "key value" lines of a file, up to its first table."""
    return {k: v for k, v in (x.split(None, 1) for x in cat(pid, name).split("#")[0].splitlines())}


def table(pid, name, head):
    """Rows of the section whose heading begins with the given words."""
    rows, here = [], False
    for line in cat(pid, name).splitlines():
        if line.startswith("#"):
            here = line[1:].split()[:len(head.split())] == head.split()
        elif here:
            rows.append(line.split())
    return rows


def translation():
    with Puppet() as p:
        a = p(f"region({4 * PG})")
        p(f"poke({a}, 4)")
        child = p("fork()")
        with Target(p.pid), Target(child):
            same((frame(p.pid, a), frame(child, a)), (pagemap(p.pid, a, a + PG)[0] & PFN,) * 2,
                 "S1: after fork one address of two processes is one frame, pagemap's")
            p(f"tell({child}, 'poke({a}, 1, 4096, 77)')")
            ok(frame(p.pid, a) != frame(child, a), "S1: after a write the same address is two frames")
            same(frame(child, a), pagemap(child, a, a + PG)[0] & PFN, "S1: the child's new frame is pagemap's")
            text = walk(child, a + 2 * PG)
            index = [int(field(x, "index")) for x in text.splitlines() if x.split()[0] in ("pgd", "p4d", "pud", "pmd", "pte")]
            va = 0
            for i in index:
                va = va << 9 | i
            same(va & ((1 << 45) - 1), (a + 2 * PG) >> 12 & ((1 << 45) - 1), "S1: the indices of the levels are the address")
            leaf = next(x for x in text.splitlines() if x.startswith("leaf"))
            same(int(field(leaf, "phys"), 16), int(field(leaf, "frame"), 16) * PG, "S1: the physical address is the frame's")
            page = next(x for x in text.splitlines() if x.startswith("page"))
            same(field(page, "mapcount"), "2", "S1: a page that both still share is mapped twice")
        p(f"end({child})")


def bits():
    with Puppet() as p:
        a = p(f"region({3 * PG})")
        p(f"poke({a}, 1)")
        p(f"peek({a + PG})")
        with Target(p.pid):
            pte = next(x for x in walk(p.pid, a).splitlines() if x.startswith("pte")).split()
            ok({"P", "RW", "US", "A", "D", "NX"} <= set(pte), "S2: a written page: P RW US A D NX", pte)
            pte = next(x for x in walk(p.pid, a + PG).splitlines() if x.startswith("pte")).split()
            ok("P" in pte and "RW" not in pte and "D" not in pte, "S2: a page only read: P, neither RW nor D", pte)
            ok("kind=none" in walk(p.pid, a + 2 * PG), "S2: an untouched page: none")


def tables():
    with Puppet() as p:
        n = 40
        a = p(f"aligned({n * 2 * MB}, {2 * MB})")
        p(f"small({a}, {n * 2 * MB})")
        with Target(p.pid):
            before = {r[0]: int(r[1]) for r in table(p.pid, "tables", "level tables")}
            p(f"poke({a}, {n}, {2 * MB})")
            os.kill(p.pid, 19)
            after = {r[0]: int(r[1]) for r in table(p.pid, "tables", "level tables")}
            same(after["pte"] - before["pte"], n, f"S3: {n} pages 2 MiB apart need {n} tables of ptes")
            rows = table(p.pid, "tables", "level tables")
            kb = sum(int(r[2]) for r in rows if r[0] in ("pte", "pmd", "pud", "deposited")) // 1024
            same(kb, status_kb(p.pid, "VmPTE"), "S3: their bytes are VmPTE")
            fill = {(r[0], r[1]): int(r[2]) for r in table(p.pid, "tables", "level fill")}
            ok(fill.get(("pte", "1"), 0) >= n, f"S3: at least {n} tables hold one page each", fill)
            mine = [r for r in table(p.pid, "tables", "start end pte") if int(r[0], 16) == a]
            same([int(r[2]) for r in mine], [n], "S3: told per VMA")
            os.kill(p.pid, 18)


def layout():
    with Puppet() as p, Target(p.pid):
        p("[bytearray(100) for _ in range(1000)] and 0")
        names = re.findall(r"^---\[ (.*) \]---$", cat(p.pid, "ranges"), re.M)
        ok([x for x in names if x in ("[heap]", "[stack]", "[vdso]")][:1] == ["[heap]"] and "[stack]" in names and "[vdso]" in names,
           "S4: heap, stack and vdso are named, the heap first", names)
        ok(any(x.endswith("libc.so.6") for x in names), "S4: so are mapped files", names)
        with open(f"/proc/{p.pid}/maps", encoding="utf-8") as f:
            lines = [x.split(None, 5) for x in f]
        want = sum(int(b, 16) - int(a, 16) for a, b in (x[0].split("-") for x in lines if x[-1].strip() != "[vsyscall]"))
        got = sum(int(x.split()[1]) << 10 for x in cat(p.pid, "ranges").splitlines() if x.startswith("0x"))
        same(got, want, "S4: the ranges cover every VMA, holes included")


def absent():
    with Puppet() as p:
        a = p(f"region({100 * PG})")
        p(f"poke({a}, 37)")
        with Target(p.pid):
            v = vma(p.pid, a)
            same((v["Anon"], v["Absent"], v["Size"]), (148, 252, 400), "S5: 37 of 100 pages touched, 63 never")
            p(f"madvise({a}, {10 * PG}, {DONTNEED})")
            same(vma(p.pid, a)["Absent"], 292, "S5: and 73 after MADV_DONTNEED of 10")


def huge():
    if not os.path.isdir("/sys/kernel/mm/transparent_hugepage"):
        skip("S18: huge pages", "no THP in this kernel")
        return
    with Puppet() as p:
        a = p(f"aligned({4 * MB}, {2 * MB})")
        p(f"madvise({a}, {4 * MB}, {HUGEPAGE})")
        p(f"poke({a}, 2, {2 * MB})")
        with Target(p.pid):
            v = vma(p.pid, a)
            same((v["2M"], v["4K"]), (4096, 0), "S6 S18: two touches, two huge pages")
            p(f"madvise({a}, {PG}, {DONTNEED})")
            v = vma(p.pid, a)
            same((v["2M"], v["4K"], v["Absent"]), (2048, 2044, 4), "S18: one page dropped splits one of them")


def hugetlb():
    with Puppet() as p:
        a = p(f"mmap({2 * MB}, 3, {PRIVATE | ANON | 0x40000 | 21 << 26})")
        p(f"poke({a}, 1)")
        with Target(p.pid):
            same((vma(p.pid, a)["HugeTLB"], vma(p.pid, a)["2M"]), (2048, 2048), "S6: a reserved huge page")


def flushes():
    with Puppet() as p:
        n, rounds = 8, 25
        a = p(f"region({n * PG})")
        p(f"poke({a}, {n})")
        with Target(p.pid):
            def count():
                return sum(int(r[1]) for r in table(p.pid, "tlb", "reason flushes") if r[0] in ("local", "local-mm", "ipi-sent"))
            before = count()
            p(f"[(mprotect({a}, {n * PG}, 1), mprotect({a}, {n * PG}, 3), poke({a}, {n})) for _ in range({rounds})] and 0")
            ok(count() - before >= rounds, f"S7: {rounds} revocations of a right, at least {rounds} flushes", f"{before} {count()}")
            ok(values(p.pid, "tlb")["pcid"] in ("yes", "no"), "S7: whether PCID is in use")


def swap():
    with open("/proc/swaps", encoding="ascii") as f:
        if len(f.readlines()) < 2:
            skip("S12: swap", "no swap area")
            return
    with Puppet() as p:
        n = 24
        a = p(f"region({n * PG})")
        p(f"[poke({a} + i, {n}, 4096, i * 37 + 1) for i in range(0, 4096, 3)] and 0")
        with Target(p.pid):
            for _ in range(20):
                p(f"madvise({a}, {n * PG}, {PAGEOUT})")
                if vma(p.pid, a)["Swap"] == 4 * n:
                    break
            v = vma(p.pid, a)
            same(v["Swap"], next(k["Swap"] for s, _, k in smaps(p.pid) if s == a), "S12: swap entries as smaps counts them")
            same(sum(v[k] for k in v if re.fullmatch(r"Swap\d+", k)), v["Swap"], "S12: and by swap area")
            leaf = next(x for x in walk(p.pid, a).splitlines() if x.startswith("leaf"))
            m = pagemap(p.pid, a, a + PG)[0]
            if m >> 62 & 1:
                same((int(field(leaf, "type")), int(field(leaf, "offset"), 16)), (m & 31, m >> 5 & ((1 << 50) - 1)),
                     "S12: type and offset of a slot are pagemap's")
            before = int(values(p.pid, "faults")["major"]) + int(values(p.pid, "faults")["minor"])
            p(f"peek({a}, {n})")
            after = int(values(p.pid, "faults")["major"]) + int(values(p.pid, "faults")["minor"])
            same(vma(p.pid, a)["Swap"], 0, "S12: all back after a read")
            ok(after > before, "S9 S12: by faults", f"{before} {after}")


def cow():
    with Puppet() as p:
        n, m = 30, 11
        a = p(f"region({n * PG})")
        p(f"poke({a}, {n})")
        with Target(p.pid):
            child = p("fork()")
            sh(f"echo '+ {child}' > {ROOT}/control")
            shared = sh(f"exec 3<>{ROOT}/{p.pid}/shared; echo {child} >&3; cat <&3")
            mine = [x.split() for x in shared.splitlines() if x.startswith(f"{a:#x} ")]
            same([(x[2], x[3], x[4]) for x in mine], [(str(4 * n), str(4 * n), "0")], f"S13 S14: after fork all {n} pages are shared")
            row = [r for r in table(p.pid, "cow", "start end copied") if int(r[0], 16) == a]
            same(row, [], "S13: nothing copied yet")
            p(f"poke({a}, {m})")
            row = [r for r in table(p.pid, "cow", "start end copied") if r[0].startswith("0x") and int(r[0], 16) == a]
            same([(r[2], r[3]) for r in row], [(str(m), str(m * PG))], f"S13: {m} writes copy {m} pages")
            shared = sh(f"exec 3<>{ROOT}/{p.pid}/shared; echo {child} >&3; cat <&3")
            mine = [x.split() for x in shared.splitlines() if x.startswith(f"{a:#x} ")]
            same([x[2] for x in mine], [str(4 * (n - m))], f"S13: {n - m} are still shared")
            p(f"end({child})")
            p(f"poke({a + m * PG}, {n - m})")
            row = [r for r in table(p.pid, "cow", "start end copied") if r[0].startswith("0x") and int(r[0], 16) == a]
            same([(r[2], r[4]) for r in row], [(str(m), str(n - m))], f"S13: with the child gone {n - m} are reused, none copied")
            sh(f"echo '- {child}' > {ROOT}/control")


def shared_memory():
    with Puppet() as p, Puppet() as q:
        n = 13
        a = p(f"region({2 * n * PG}, 3, {SHARED}, memfd({2 * n * PG}))")
        p(f"poke({a}, {n})")
        fd = next(x for x in os.listdir(f"/proc/{p.pid}/fd") if "puppet" in os.readlink(f"/proc/{p.pid}/fd/{x}"))
        b = q(f"region({2 * n * PG}, 3, {SHARED}, os.open('/proc/{p.pid}/fd/{fd}', 2))")
        q(f"peek({b}, {n})")
        with Target(p.pid), Target(q.pid):
            out = sh(f"exec 3<>{ROOT}/{p.pid}/shared; echo {q.pid} >&3; cat <&3")
            mine = [x.split() for x in out.splitlines() if x.startswith(f"{a:#x} ")]
            same([(x[2], x[3], x[4]) for x in mine], [(str(4 * n), "0", str(4 * n))], f"S14: {n} frames of a memfd in two processes")
            same([frame(p.pid, a + i * PG) for i in range(n)], [frame(q.pid, b + i * PG) for i in range(n)],
                 "S14: at their own addresses, the same frames")
            same(vma(p.pid, a)["Shared"], 4 * n, "S14: all of them mapped more than once")


def rights():
    with Puppet() as p:
        a = p(f"region({6 * PG})")
        p(f"poke({a}, 6)")
        with Target(p.pid):
            def seen():
                return [x.split()[4] for x in cat(p.pid, "ranges").splitlines() if x.startswith(f"{a:#x}-")][0]
            same(seen(), "rw-u", "S15: data is not executable")
            p(f"mprotect({a}, {6 * PG}, {PROT_READ})")
            same(seen(), "r--u", "S15: mprotect takes the write right from the entries")
            p(f"mprotect({a}, {6 * PG}, {RW | PROT_EXEC})")
            p(f"poke({a}, 6)")
            v = vma(p.pid, a)
            same((v["WX"], v["WXVma"], v["NxClear"]), (24, 24, 0), "S15: a W+X range is found, in the tables and in the VMA")
            p(f"mprotect({a}, {6 * PG}, {PROT_NONE})")
            v = vma(p.pid, a)
            same((v["ProtNone"], v["NumaHint"], v["WX"]), (24, 0, 0), "S15: PROT_NONE is no NUMA hint")
            total = cat(p.pid, "maps").split("Total\n")[1]
            same(re.search(r"NxClear:\s+(\d+)", total).group(1), "0", "S15: nothing is executable that no VMA allows")


def user_bit():
    with Puppet() as p:
        a = p(f"region({PG})")
        p(f"poke({a})")
        with Target(p.pid):
            text = walk(p.pid, a)
            ok(all("US" in x.split() for x in text.splitlines() if x.split()[0] in ("pgd", "p4d", "pud", "pmd", "pte")),
               "S16: the user bit is set on every level", text)
            kpti = pairs("features")["kpti"].split()[0]
            with open("/proc/cpuinfo", encoding="ascii") as f:
                same(kpti == "yes", " pti" in f.read(), "S16: KPTI is on or off as the kernel says")
            same("user-pgd" in text, kpti == "yes", "S16: and then the user copy of the top entry is shown")


def touched_once(path):
    """Pages of a file of 64 that are there after a touch of one. All figures as smaps says, each time."""
    with Puppet() as p:
        a = p(f"region({64 * PG}, 1, {PRIVATE}, os.open('{path}', 0))")
        with Target(p.pid):
            p(f"peek({a + 20 * PG})")
            n = vma(p.pid, a)["File"] // 4
            same(n * 4, next(k["Rss"] for s, _, k in smaps(p.pid) if s == a), "S17: resident pages of the file as smaps says")
            young = vma(p.pid, a)["Young"] // 4
            ok(1 <= young <= n, "S17: how many of them were used", f"{young} of {n}")
            return n


def around():
    path = "/root/around.bin"
    with open(path, "wb") as f:
        f.write(os.urandom(64 * PG))
        f.flush()
        os.fsync(f.fileno())  # pages that are being written out are locked, and not brought along
    for _ in range(20):
        n = touched_once(path)
        if n > 1:
            break
        time.sleep(0.1)  # now and then, one time in ten on some kernels, a touch brings nothing else
    ok(n > 1, "S17: one touch brought neighbours too (fault-around)", n)


def nodes():
    """VMA by VMA; of all but the vdso's, whose reserved pages numa_maps leaves out."""
    with Puppet() as p, Target(p.pid):
        os.kill(p.pid, 19)
        mine, theirs = {}, {}
        for line in cat(p.pid, "maps").split("Total\n")[0].splitlines():
            node = re.fullmatch(r"Node(\d+):\s+(\d+) kB", line)
            if not line.endswith(" kB"):
                v = mine.setdefault(int(line.split("-")[0], 16), {}) if "[v" not in line else {}
            elif node and int(node[2]):
                v[node[1]] = int(node[2])
        with open(f"/proc/{p.pid}/numa_maps", encoding="utf-8") as f:
            for line in f:
                start = int(line.split()[0], 16)
                if start in mine:
                    theirs[start] = {n: int(pages) * 4 for n, pages in re.findall(r"\bN(\d+)=(\d+)", line)}
        same(mine, theirs, "S19: pages per node as numa_maps counts them")
        os.kill(p.pid, 18)


def sparse():
    """64 GiB of address space with a page here and there: nobody's mmap_lock is held for long."""
    with Puppet() as p:
        a = p(f"region({64 << 30}, 3, {PRIVATE | ANON | NORESERVE})")
        p(f"small({a}, {64 << 30})")
        p(f"poke({a}, 64, {1 << 30})")
        with Target(p.pid):
            before = pairs("stats")
            v = vma(p.pid, a)
            same((v["Anon"], v["Size"]), (256, 64 << 20), "64 pages in 64 GiB")
            cat(p.pid, "tables"), cat(p.pid, "ranges"), cat(p.pid, "census")
            after = pairs("stats")
            bound = int(open("/sys/module/mmscope/parameters/hold_entries", encoding="ascii").read())
            ok(int(after["longest_hold_entries"]) <= bound + 512, "no hold looks at more slots than hold_entries and one table",
               after["longest_hold_entries"])
            ok(int(after["chunks"]) > int(before["chunks"]), "the reading is in stats")


for f in (translation, bits, tables, layout, absent, huge, hugetlb, flushes, swap, cow, shared_memory, rights, user_bit, around, nodes,
          sparse):
    case(f)
