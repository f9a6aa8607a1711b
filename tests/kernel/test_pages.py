#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the module knows of pages: sharing, sizes of folios, nodes, swap areas, KSM, NUMA hints.
Oracles: smaps, numa_maps, kpagecount, kpageflags, zoneinfo, pagemap, vmstat, the construction."""
import os
import re
import signal
import struct
import subprocess
import time

from ktap import case, ok, same, skip
from mms import SIZES, Target, control, pagemap, read, smaps
from procs import Shapes
from puppet import HUGEPAGE, MB, MERGEABLE, PAGEOUT, PG, SHARED, Puppet

PFN = (1 << 55) - 1
DONTFORK, DONTNEED = 10, 4
THP = "/sys/kernel/mm/transparent_hugepage"
KSM = "/sys/kernel/mm/ksm"
BALANCING = "/proc/sys/kernel/numa_balancing"
# Bits of kpageflags, by the names of the page line; exclusive has the bit that is "mapped to disk" of a file's page.
KPF = {"locked": 0, "referenced": 2, "uptodate": 3, "dirty": 4, "lru": 5, "active": 6, "writeback": 8, "swapcache": 13,
       "swapbacked": 14, "unevictable": 18, "hwpoison": 19, "idle": 25, "reserved": 32, "mlocked": 33, "private": 35,
       "exclusive": 34}
KPF_HEAD, KPF_TAIL, KPF_HUGE, KPF_KSM, KPF_ZERO = 1 << 15, 1 << 16, 1 << 17, 1 << 21, 1 << 24


def get(path):
    with open(path, encoding="ascii") as f:
        return f.read().strip()


def put(path, value):
    with open(path, "w", encoding="ascii") as f:
        f.write(str(value))


class Frames:
    """A file of one word per frame: kpagecount, kpageflags."""

    def __init__(self, name):
        self.fd = os.open(f"/proc/{name}", os.O_RDONLY)

    def __getitem__(self, frame):
        return struct.unpack("<Q", os.pread(self.fd, 8, frame * 8))[0]

    def some(self, frame, n=4096):
        """n of them, fewer at the end of memory."""
        data = os.pread(self.fd, 8 * n, frame * 8)
        return struct.unpack(f"<{len(data) // 8}Q", data)


count, flags = Frames("kpagecount"), Frames("kpageflags")


gigantic = {}


def folio(head):
    """Pages of the folio that begins at head. Those of 1 GiB were reserved at boot and stay."""
    if not flags[head] & KPF_HEAD:
        return 1
    if head in gigantic:
        return gigantic[head]
    n, words = 1, flags.some(head + 1, 512)
    while words:
        tails = next((i for i, w in enumerate(words) if not w & KPF_TAIL), len(words))
        n += tails
        words = flags.some(head + n) if tails == len(words) else None
    if n >= 1 << 18:
        gigantic[head] = n
    return n


def zones():
    """(node, zone, first frame, frames) of every zone."""
    out, node, name, spanned = [], 0, "", 0
    for line in get("/proc/zoneinfo").splitlines():
        w = line.split()
        if line.startswith("Node"):
            node, name = int(w[1].rstrip(",")), w[3]
        elif w[0] == "spanned":
            spanned = int(w[1])
        elif w[0] == "start_pfn:":
            out.append((node, name, int(w[1]), spanned))
    return out


ZONES = zones()


def ksm_flag_says():
    """Some kernels say KSM of every anonymous page."""
    with Puppet() as p:
        a = p(f"region({PG})")
        p(f"poke({a})")
        return not flags[pagemap(p.pid, a, a + PG)[0] & PFN] & KPF_KSM


KSM_SAID = ksm_flag_says()


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    for _ in range(500):
        if get(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] == "T":
            return
        time.sleep(0.01)
    raise RuntimeError("does not stop")


def vma(t, start):
    return next(k for s, _, k in t.maps()[0] if s == start)


def numa_maps(pid):
    """{start: {node: kB}}"""
    out = {}
    with open(f"/proc/{pid}/numa_maps", encoding="utf-8", errors="surrogateescape") as f:
        for line in f:
            kb = int(re.search(r"kernelpagesize_kB=(\d+)|$", line).group(1) or 4)
            out[int(line.split()[0], 16)] = {int(n): int(p) * kb for n, p in re.findall(r" N(\d+)=(\d+)", line)}
    return out


def identities(k):
    by_node = sum(v for x, v in k.items() if re.fullmatch(r"Node\d+", x))
    by_swap = sum(v for x, v in k.items() if re.fullmatch(r"Swap\d+", x))
    mapped = sum(k[x] for x in SIZES)
    return (mapped == k["Rss"] + k["Zero"] + k["Special"] + k["HugeTLB"] and mapped == by_node + k["Zero"] + k["Special"]
            and k["Swap"] == by_swap and k["Rss"] + k["HugeTLB"] == k["Shared"] + k["Exclusive"])


def totals(name, t):
    """Every VMA of a process that stands still, against smaps and numa_maps."""
    mine, total = t.maps()
    mine = {s: k for s, _, k in mine}
    theirs = {s: k for s, _, k in smaps(t.pid) if k["name"] != "[vsyscall]"}
    nodes = numa_maps(t.pid)
    bad = {"sharing": [], "nodes": [], "rights": [], "sums": []}
    for s, k in theirs.items():
        m = mine[s]
        want = tuple(sum(k[f"{x}_{y}"] for y in ("Clean", "Dirty", "Hugetlb")) for x in ("Shared", "Private"))
        # of a table of puds smaps asks for processes that share it, which only a table of pmds counts
        if m["1G"]:
            want = (m["Shared"], sum(want) - m["Shared"])
        if (m["Shared"], m["Exclusive"]) != want:
            bad["sharing"].append(f"{s:#x} {k['name']} {(m['Shared'], m['Exclusive'])} smaps {want}")
        got = {int(x[4:]): v for x, v in m.items() if re.fullmatch(r"Node\d+", x) and v}
        # numa_maps leaves the kernel's own pages out
        if k["name"] not in ("[vdso]", "[vvar]", "[vvar_vclock]") and got != nodes.get(s, {}):
            bad["nodes"].append(f"{s:#x} {k['name']} {got} numa_maps {nodes.get(s)}")
        if m["Ksm"] != k.get("KSM", m["Ksm"]):
            bad["sharing"].append(f"{s:#x} {k['name']} Ksm {m['Ksm']} smaps {k['KSM']}")
        wx = m["Size"] if "w" in k["perm"] and "x" in k["perm"] else 0
        if m["WXVma"] != wx or m["NxClear"] or m["WX"] > wx:
            bad["rights"].append(f"{s:#x} {k['perm']} {m}")
        if not identities(m):
            bad["sums"].append(f"{s:#x} {m}")
    ok(not bad["sharing"], f"{name}: Shared and Exclusive of every VMA as smaps", "\n".join(bad["sharing"]))
    ok(not bad["nodes"], f"{name}: pages per node of every VMA as numa_maps", "\n".join(bad["nodes"]))
    ok(not bad["rights"], f"{name}: W+X VMAs as /proc/PID/maps, nothing executable that is not allowed", "\n".join(bad["rights"]))
    ok(not bad["sums"] and identities(total), f"{name}: the keys add up in every VMA and in all", "\n".join(bad["sums"]))


def differs(b):
    """Why a block's page line is not what the kernel says of the frame, or None."""
    leaf, page = b["leaf"], b["page"]
    frame, head = int(leaf["frame"], 16), int(page["head"], 16)
    before, n = flags[frame], count[frame]
    node, zone = int(page["node"]), page["zone"]
    if not any(z[:2] == (node, zone) and z[2] <= frame < z[2] + z[3] for z in ZONES):
        return f"node {node} zone {zone}"
    if not before & KPF_ZERO and page["mapcount"] != str(n):
        return f"kpagecount {n}"
    if not head <= frame < head + (1 << int(page["order"])) or folio(head) != 1 << int(page["order"]):
        return f"folio of {folio(head)} pages at {head:#x}"
    if KSM_SAID and (leaf["kind"] == "ksm") != bool(before & KPF_KSM):
        return "ksm"
    if frame != head:
        return None     # some kernels give the tails' own flags there
    mine = page["flags"].split(",")
    # what changes by itself meanwhile is no difference
    steady = ~(before ^ flags[frame])
    for x, bit in KPF.items():
        if steady >> bit & 1 and (x in mine) != bool(before >> bit & 1) and not (x == "exclusive" and leaf["kind"] != "anon"):
            return f"{x} kpageflags {before:#x}"
    return None


def pages(name, t, limit=48):
    """The page lines of every VMA, its first pages, against kpagecount and kpageflags."""
    n, bad = 0, []
    for s, e, k in smaps(t.pid):
        if k["name"] == "[vsyscall]":
            continue
        for b in t.walk(f"{s:#x}-{min(e, s + limit * PG):#x}"):
            if ("page" in b) != (b["leaf"]["kind"] in ("anon", "file", "ksm", "zero")):
                bad.append(f"page line\n{b['text']}")
            elif "page" in b:
                n += 1
                why = differs(b)
                # a page may be off its list for a moment, when the kernel sorts it: then look again
                for _ in range(3):
                    if not why:
                        break
                    time.sleep(0.05)
                    b, = t.walk(f"{b['va']:#x}")
                    why = differs(b)
                if why:
                    bad.append(f"{why}\n{b['text']}")
    ok(n > 100 and not bad, f"{name}: page lines as kpagecount, kpageflags and zoneinfo", f"{len(bad)} of {n}\n" + "\n".join(bad[:3]))


def shapes():
    with Shapes() as s, Target(s.pid) as t:
        s.stop()
        totals("shapes", t)
        pages("shapes", t)
        wx = s.shape["wx"][0]
        same({k: vma(t, wx)[k] for k in ("WX", "WXVma", "NxClear")}, {"WX": 20, "WXVma": 20, "NxClear": 0}, "wx: 5 pages")
        if "hugetlb1g" in s.shape:
            same(vma(t, s.shape["hugetlb1g"][0])["Exclusive"], 1 << 20, "hugetlb1g: nobody else's")
        none = s.shape["protnone"][0]
        same({k: vma(t, none)[k] for k in ("ProtNone", "NumaHint")}, {"ProtNone": 44, "NumaHint": 0}, "protnone: no hint")


def forked():
    with Puppet() as p, Target(p.pid) as t:
        a, b = p(f"region({20 * PG})"), p(f"region({8 * PG})")
        p(f"poke({a}, 20), poke({b}, 8), madvise({b}, {8 * PG}, {DONTFORK})")
        same([vma(t, x)["Exclusive"] for x in (a, b)], [80, 32], "fork: before, everything is the parent's alone")
        child = p("fork()")
        with Target(child) as c:
            same([vma(t, x)["Shared"] for x in (a, b)], [80, 0], "fork: all is shared but what was not for the child")
            p(f"tell({child}, 'poke({a}, 5)')")
            want = {"Shared": 60, "Exclusive": 20}
            same([{k: vma(x, a)[k] for k in want} for x in (t, c)], [want, want], "fork: five written by the child are each one's own")
            stop(p.pid)
            stop(child)
            for name, x in (("parent", t), ("child", c)):
                totals(name, x)
                pages(name, x)
            os.kill(child, signal.SIGCONT)
            os.kill(p.pid, signal.SIGCONT)
        p(f"end({child})")
        same(vma(t, a)["Shared"], 0, "fork: alone again")


def huge():
    """A huge page that another process maps in part: some of its pages are shared, some not."""
    if not os.path.exists(THP):
        skip("huge", "no THP in this kernel")
        return
    with Puppet() as p, Target(p.pid) as t:
        a = p(f"aligned({2 * MB}, {2 * MB})")
        p(f"madvise({a}, {2 * MB}, {HUGEPAGE})")
        p(f"poke({a})")
        if not vma(t, a)["2M"]:
            skip("huge", "no huge page was given")
            return
        child = p("fork()")
        with Target(child) as c:
            p(f"tell({child}, 'madvise({a + 8 * PG}, {100 * PG}, {DONTNEED})')")
            want = {"2M": 2048, "Shared": 412 * 4, "Exclusive": 400}
            same({k: vma(t, a)[k] for k in want}, want, "huge: a leaf of which 412 of 512 pages are shared")
            want = {"2M": 0, "4K": 412 * 4, "Absent": 400, "Shared": 412 * 4}
            same({k: vma(c, a)[k] for k in want}, want, "huge: by ptes of the child")
            totals("huge", t)
            totals("huge's child", c)
            pages("huge", t, 512)
            pages("huge's child", c, 512)
        p(f"end({child})")


def hugetlb():
    with open("/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", encoding="ascii") as f:
        if not int(f.read()):
            skip("hugetlb", "no page of 1 GiB was reserved")
            return
    with Puppet() as p, Target(p.pid) as t:
        p(f"globals().update(h=os.memfd_create('h', 4), g=os.memfd_create('g', 4)) or os.ftruncate(h, {4 * MB})")
        a = p(f"mmap({4 * MB}, 3, {SHARED}, h)")
        # all of a 1 GiB slot: processes share the table of pmds, and a page counts once
        p("os.ftruncate(g, 1 << 30)")
        b = p("mmap(1 << 30, 3, 0x4011, g, aligned(1 << 30, 1 << 30))")
        p(f"poke({a}), poke({b})")
        same([vma(t, x)["Exclusive"] for x in (a, b)], [2048, 2048], "hugetlb: alone")
        child = p("fork()")
        p(f"tell({child}, '(poke({a}), poke({b}))')")
        with Target(child) as c:
            for x in (t, c):
                same([vma(x, y)["Shared"] for y in (a, b)], [2048, 2048], "hugetlb: shared by two, also through one table")
            totals("hugetlb", t)
            pages("hugetlb", c)
        p(f"end({child})")


def ksm():
    with Puppet() as p, Target(p.pid) as t:
        n = 16
        a, b = p(f"region({n * PG})"), p(f"region({n * PG})")
        for x in (a, b):
            p(f"ctypes.memset({x}, 90, {n * PG}) and madvise({x}, {n * PG}, {MERGEABLE})")
        put(f"{KSM}/pages_to_scan", 1000)
        put(f"{KSM}/sleep_millisecs", 10)
        put(f"{KSM}/run", 1)
        frames = []
        for _ in range(400):
            frames = [x & PFN for s in (a, b) for x in pagemap(p.pid, s, s + n * PG)]
            if len(set(frames)) == 1:
                break
            time.sleep(0.05)
        put(f"{KSM}/run", 0)
        same(len(set(frames)), 1, f"ksm: {2 * n} equal pages of two VMAs are one frame")
        want = {"Ksm": 4 * n, "Anon": 0, "Shared": 4 * n, "Exclusive": 0}
        same([{k: vma(t, x)[k] for k in want} for x in (a, b)], [want, want], "ksm: Ksm, all of it shared")
        leaf = t.walk(f"{a:#x}")[0]
        same((leaf["leaf"]["kind"], leaf["page"]["mapcount"]), ("ksm", str(count[frames[0]])), "ksm: mapped as often as kpagecount says")
        totals("ksm", t)
        pages("ksm", t)
        p(f"poke({a}, 3)")
        want = {"Ksm": 4 * n - 12, "Anon": 12, "Exclusive": 12}
        same({k: vma(t, a)[k] for k in want}, want, "ksm: three written are the process's own again")


def folios():
    """Folios of 64 KiB, from a page before an aligned address on: chunks of the walk end inside of one."""
    knobs = {f"{THP}/hugepages-{size}/enabled": want for size, want in (("64kB", "always"), ("2048kB", "never"))}
    if not all(os.path.exists(x) for x in knobs):
        skip("mthp", "this kernel has no folios of 64 KiB for anonymous memory")
        return
    was = {x: re.search(r"\[(\w+)\]", get(x)).group(1) for x in knobs}
    try:
        for x, want in knobs.items():
            put(x, want)
        with Puppet() as p, Target(p.pid) as t:
            n = 2048
            a = p(f"aligned({16 * MB}, {2 * MB})") + 2 * MB
            p(f"munmap({a - 2 * MB}, {2 * MB - PG}), munmap({a + n * PG}, {4 * MB})")
            p(f"poke({a - PG}, {n + 1})")
            heads = [x & PFN for x in pagemap(p.pid, a, a + n * PG)[::16]]
            whole = sum(flags[h] & KPF_HEAD and folio(h) == 16 for h in heads)
            if whole != n // 16:
                skip("mthp", f"the kernel gave {whole} of {n // 16} folios")
                return
            want = {"4K": 4, "64K": 4 * n, "128K": 0, "Anon": 4 * (n + 1)}
            same({k: vma(t, a - PG)[k] for k in want}, want, f"mthp: {n // 16} folios of 64 KiB and one page")
            page = t.walk(f"{a + 5 * PG:#x}")[0]["page"]
            same((page["order"], int(page["head"], 16)), ("4", heads[0]), "mthp: order and head")
            totals("mthp", t)
            pages("mthp", t)
            p(f"madvise({a + 37 * PG}, {PG}, {DONTNEED})")
            want = {"4K": 64, "64K": 4 * n - 64, "Absent": vma(t, a - PG)["Absent"]}
            same({k: vma(t, a - PG)[k] for k in want}, want, "mthp: what is mapped in part is single pages")
            ok(vma(t, a - PG)["Absent"] >= 4, "mthp: and one page is absent")
    finally:
        for x, value in was.items():
            put(x, value)


def swaps():
    if not os.path.exists("/dev/vdb") or len(get("/proc/swaps").splitlines()) != 2:
        skip("swaps", "needs one swap area and an empty /dev/vdb")
        return
    with Puppet() as p, Target(p.pid) as t:
        n = 512     # many more than slots that each CPU keeps in hand
        a = p(f"region({n * PG})")
        p(f"[ctypes.memmove({a} + i * {PG}, os.urandom({PG}), {PG}) for i in range({n})] and 0")

        def out(start, pages_out):
            for _ in range(50):
                p(f"madvise({start}, {pages_out * PG}, {PAGEOUT})")
                if all(x >> 62 & 1 for x in pagemap(p.pid, start, start + pages_out * PG)):
                    return
                time.sleep(0.1)
        out(a, n // 4)
        subprocess.run(["mkswap", "/dev/vdb"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["swapon", "-p", "100", "/dev/vdb"], check=True)
        try:
            out(a + n // 4 * PG, n * 3 // 4)
            want = {}
            for x in pagemap(p.pid, a, a + n * PG):
                if x >> 62 & 1:
                    want[f"Swap{x & 31}"] = want.get(f"Swap{x & 31}", 0) + 4
            v = vma(t, a)
            same({k: v[k] for k in v if re.fullmatch(r"Swap\d+", k)}, want, "swaps: entries per area as pagemap")
            same((len(want), sum(want.values())), (2, 4 * n), "swaps: all of them in two areas")
            same(v["Swap"], next(k["Swap"] for s, _, k in smaps(p.pid) if s == a), "swaps: together as smaps")
            stop(p.pid)
            totals("swaps", t)
            os.kill(p.pid, signal.SIGCONT)
        finally:
            p(f"peek({a}, {n})")
            subprocess.run(["swapoff", "/dev/vdb"], check=True)
        pages("swaps", t)


def hint_faults():
    return int(re.search(r"numa_hint_faults (\d+)", get("/proc/vmstat")).group(1))


def hints():
    """NUMA balancing takes the rights of pages that nobody uses just now; the first touch gives them back."""
    if not os.path.exists(BALANCING) or not os.path.exists("/sys/devices/system/node/node1"):
        skip("hints", "one NUMA node only, or no NUMA balancing")
        return
    knobs = "/sys/kernel/debug/sched/numa_balancing"
    put(BALANCING, 1)
    put(f"{knobs}/scan_delay_ms", 50)
    put(f"{knobs}/scan_period_min_ms", 50)
    with Puppet() as p, Target(p.pid) as t:
        n = 200
        a, b = p(f"region({n * PG})"), p(f"region({20 * PG})")
        p(f"poke({a}, {n}), poke({b}, 20), mprotect({b}, {20 * PG}, 0)")
        p("globals().update(threading=__import__('threading'), go=[1])")
        # two threads: those of one are let alone on its own node
        p("[threading.Thread(target=lambda: [None for _ in iter(lambda: bool(go), False)], daemon=True).start() for _ in range(2)] and 0")
        for _ in range(300):
            if vma(t, a)["NumaHint"] > 2 * n:
                break
            time.sleep(0.1)
        put(BALANCING, 0)
        stop(p.pid)
        v = vma(t, a)
        hinted = v["NumaHint"] // 4
        ok(hinted > n // 2, f"hints: {hinted} of {n} pages have one", v)
        same((v["ProtNone"], v["Anon"], vma(t, b)["ProtNone"], vma(t, b)["NumaHint"]), (0, 4 * n, 80, 0), "hints: are not PROT_NONE")
        totals("hints", t)
        seen = [x for x in t.ranges() if a <= x["start"] < a + n * PG]
        told = [x for x in seen if {"PROTNONE", "NUMAHINT"} <= set(x["flags"][0].split(","))]
        same(sum(x["kb"] for x in told), 4 * hinted, "hints: told in ranges")
        ok(all(x["rights"].startswith("---") == (x in told) for x in seen), "hints: no rights in effect", seen)
        same(sum(int(x.split()[1]) for x in read(f"{p.pid}/census").splitlines() if ",NUMAHINT" in x),
             t.maps()[1]["NumaHint"] // 4, "hints: and in census")
        block = next(x for x in t.walk(f"{a:#x}-{a + n * PG:#x}") if "PROTNONE" in x["levels"]["pte"]["flags"])
        ok("NUMAHINT" not in block["text"] and "page" in block, "hints: no bit of the entry, but a page", block["text"])
        os.kill(p.pid, signal.SIGCONT)
        before = hint_faults()
        p(f"peek({a}, {n})")
        p("go.clear()")
        ok(hint_faults() - before >= hinted, "hints: as many faults as pages had one", f"{hint_faults() - before} of {hinted}")
        same(vma(t, a)["NumaHint"], 0, "hints: gone")


def watched():
    """userfaultfd takes all rights of pages in the same way; that is no hint."""
    with Puppet() as p, Target(p.pid) as t:
        a = p(f"region({8 * PG})")
        p(f"poke({a}, 8)")
        p("globals().update(fcntl=__import__('fcntl'), struct=__import__('struct'), u=libc.syscall(323, 0o2004000))")
        # UFFDIO_API with UFFD_FEATURE_RWP, UFFDIO_REGISTER in its mode, UFFDIO_RWPROTECT of five pages
        try:
            p("fcntl.ioctl(u, 0xc018aa3f, struct.pack('QQQ', 0xaa, 1 << 17, 0)) and 0")
            p(f"fcntl.ioctl(u, 0xc020aa00, struct.pack('QQQQ', {a}, {8 * PG}, 8, 0)) and 0")
            p(f"fcntl.ioctl(u, 0xc018aa09, struct.pack('QQQ', {a}, {5 * PG}, 1)) and 0")
        except RuntimeError:
            skip("watched", "userfaultfd cannot take the right to read")
            return
        v = vma(t, a)
        same((v["ProtNone"], v["NumaHint"], v["Anon"]), (20, 0, 32), "watched: 5 pages that userfaultfd made inaccessible")
        p("os.close(u)")


def persistent_memory():
    """A file system in persistent memory, mapped without copies; None if there is none."""
    for m in ("nd_e820", "nd_pmem", "ext4"):
        subprocess.run(["modprobe", "-q", m], check=False)
    for _ in range(30):
        if os.path.exists("/dev/pmem0"):
            break
        time.sleep(0.1)
    else:
        return None
    os.makedirs("/root/dax", exist_ok=True)
    subprocess.run("mkfs.ext4 -q -b 4096 /dev/pmem0 && mount -o dax=always /dev/pmem0 /root/dax", shell=True, check=True)
    return "/root/dax"


def dax():
    """Device memory is what smaps takes it for: raw frames where the entry says so, else pages of the file."""
    where = persistent_memory()
    if not where:
        skip("dax", "no persistent memory")
        return
    with Puppet() as p, Target(p.pid) as t:
        p(f"globals().update(fd=os.open('{where}/f', 0o102))")
        p("os.posix_fallocate(fd, 0, 8 << 20)")
        a = p("aligned(8 << 20, 2 << 20)")
        p(f"mmap(8 << 20, 3, {SHARED} | 16, fd, {a})")
        p(f"poke({a}, 600)")
        b = p(f"region({MB}, 3, 2, fd)")
        p(f"peek({b}, 100)")
        p(f"poke({b}, 40)")
        stop(p.pid)
        theirs = {s: k for s, _, k in smaps(p.pid)}
        for name, start, n in (("shared", a, 8 * MB), ("private", b, MB)):
            k, want = vma(t, start), theirs[start]
            same((k["Rss"], k["Anon"], k["Shared"]), (want["Rss"], want["Anonymous"], want["Shared_Clean"] + want["Shared_Dirty"]),
                 f"dax, {name}: as smaps has it")
            ok(identities(k) and not k["Zero"], f"dax, {name}: the identities hold, none is a page of zeros", k)
            present = sum(m >> 63 for m in pagemap(p.pid, start, start + n))
            same(sum(k[x] for x in SIZES), 4 * present, f"dax, {name}: as many pages as pagemap has")
        os.kill(p.pid, signal.SIGCONT)
        control(f"sample {p.pid} 50")
        time.sleep(0.5)
        h, ages = t.idle()
        ok(h["scans"] and len(ages) > 40, "dax: sampling has ages", h)
        same([x for x in ages if a <= x[0] < a + 8 * MB], [], "dax: none of device memory")
    subprocess.run(["umount", where], check=True)


for f in (shapes, forked, huge, hugetlb, ksm, folios, swaps, hints, watched, dax):
    case(f)
