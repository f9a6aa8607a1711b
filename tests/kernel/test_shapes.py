#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What shapes.c built is what the page tables say: walk, ranges, maps, census. Oracle: the construction itself."""
from ktap import case, ok, same, skip
from mms import SIZES, Target, read
from procs import Shapes

P = 4096
s = Shapes()
t = Target(s.pid)
t.__enter__()


def blocks(name):
    start, pages, _ = s.shape[name]
    out = []
    for a in range(start, start + pages * P, 512 * P):
        out += t.walk(f"0x{a:x}-0x{min(a + 512 * P, start + pages * P):x}")
    return out


def kinds(name):
    return [b["leaf"]["kind"] for b in blocks(name)]


def want(name, fn):
    if name in s.skipped:
        skip(name, s.skipped[name])
    else:
        case(fn)


def anon():
    same(kinds("anon"), ["anon"] * 23 + ["none"] * 41, "23 of 64 touched pages are anon, the others none")
    same([i for i, k in enumerate(kinds("stride3")) if k == "anon"], list(range(0, 64, 3)), "every third page")
    same(kinds("untouched"), ["none"] * 9, "untouched pages have no entry")
    b = blocks("anon")[0]
    same(b["leaf"]["rights"], "rw-u", "a written page is rw-u")
    pte = b["levels"]["pte"]
    for bit in ("P", "RW", "US", "A", "D", "NX"):
        ok(bit in pte["flags"], f"a written page's pte has {bit}", b["text"])
    same((b["leaf"]["level"], b["leaf"]["size"]), ("pte", "4096"), "mapped by a pte of 4096 bytes")


def zero():
    same(kinds("zero"), ["zero"] * 13 + ["none"] * 3, "13 pages read are the zero page")
    same({b["leaf"]["rights"] for b in blocks("zero")[:13]}, {"r--u"}, "the zero page is read-only")


def protnone():
    bs = blocks("protnone")
    same([b["leaf"]["kind"] for b in bs], ["anon"] * 11, "PROT_NONE pages keep their kind")
    same({b["leaf"]["rights"] for b in bs}, {"----"}, "and have no rights, not even US")
    ok(all("PROTNONE" in b["levels"]["pte"]["flags"] for b in bs), "and the flag PROTNONE")
    ok(all("P" not in b["levels"]["pte"]["flags"] for b in bs), "and not P")


def rights():
    same({b["leaf"]["rights"] for b in blocks("readonly")}, {"r--u"}, "mprotect(PROT_READ) is r--u")
    same({b["leaf"]["rights"] for b in blocks("wx")}, {"rwxu"}, "a W+X mapping is rwxu")


def thp():
    bs = blocks("thp")
    same([b["leaf"]["kind"] for b in bs], ["anon"] * 1024 + ["none"] * 512, "two THPs, then nothing")
    same({(b["leaf"]["level"], b["leaf"]["size"]) for b in bs[:1024]}, {("pmd", "2097152")}, "mapped by a pmd of 2 MiB")
    f0 = int(bs[0]["leaf"]["frame"], 16)
    same([int(b["leaf"]["frame"], 16) - f0 for b in bs[:512]], list(range(512)), "frames inside a THP follow each other")
    same(f0 % 512, 0, "and begin aligned")


def hugezero():
    same(set(kinds("hugezero")), {"zero"}, "a THP only read is the huge zero page")


def hugetlb2m():
    bs = blocks("hugetlb2m")
    same({(b["leaf"]["kind"], b["leaf"].get("size")) for b in bs[:512]}, {("anon", "2097152")}, "a 2 MiB hugetlb page")
    same({b["leaf"]["kind"] for b in bs[512:]}, {"none"}, "the second was never touched")


def hugetlb1g():
    start = s.shape["hugetlb1g"][0]
    b = t.walk(f"0x{start + 777 * P:x}")[0]
    same((b["leaf"]["level"], b["leaf"]["size"]), ("pud", str(1 << 30)), "a 1 GiB hugetlb page is mapped by a pud")
    same(int(b["leaf"]["frame"], 16) % (1 << 18), 777, "the frame is that of the addressed 4 KiB")


def swap():
    bs = blocks("swap")
    same([b["leaf"]["kind"] for b in bs], ["swap"] * 37, "37 pages are swap entries")
    same(len({b["leaf"]["offset"] for b in bs}), 37, "each in a slot of its own")


def shared():
    same(kinds("memfd"), ["file"] * 12, "12 pages of a memfd are file pages")
    same(kinds("file"), ["file"] * 10, "10 pages of a file")
    same(kinds("filecow"), ["anon"] * 3 + ["file"] * 7, "3 of 10 private file pages were copied")
    same({b["leaf"]["rights"] for b in blocks("filecow")[3:]}, {"r--u"}, "the file's own pages stay read-only")


def uffdwp():
    bs = blocks("uffdwp")
    same([(b["leaf"]["kind"], b["leaf"].get("marker")) for b in bs], [("marker", "uffd-wp")] * 7 + [("none", None)] * 9,
         "7 uffd-wp markers")


def guard():
    bs = blocks("guard")
    same([(b["leaf"]["kind"], b["leaf"].get("marker")) for b in bs],
         [("anon", None)] * 4 + [("marker", "guard")] * 5 + [("none", None)] * 3, "5 guard markers between 4 pages and 3 holes")


def pkey():
    key = s.shape["pkey"][2]
    ok(all(f"PKEY={key}" in b["text"] or f"pkey={key}" in b["text"] for b in blocks("pkey")), f"protection key {key} shows",
       blocks("pkey")[0]["text"])


def ranges():
    """The ranges of each shape cover it exactly, and count what was touched."""
    rs = t.ranges()
    ok(all(a["end"] <= b["start"] for a, b in zip(rs, rs[1:])), "ranges ascend and never overlap")
    ok(all(r["kb"] * 1024 == r["end"] - r["start"] for r in rs), "sizes are end - start")
    for name, mapped in (("anon", 23), ("stride3", 22), ("zero", 13), ("untouched", 0), ("protnone", 11), ("filecow", 10)):
        start, pages, _ = s.shape[name]
        mine = [r for r in rs if start <= r["start"] < start + pages * P]
        same(sum(r["kb"] for r in mine), pages * 4, f"ranges cover {name}")
        same(sum(r["kb"] for r in mine if r["kind"] != "none"), mapped * 4, f"ranges count {name}")
    start = s.shape["stride3"][0]
    same(len([r for r in rs if start <= r["start"] < start + 64 * P]), 43, "22 pages and 21 holes are 43 ranges")


def maps():
    vmas, total = t.maps()
    by = {v[0]: v[2] for v in vmas}
    for name, key, kb in (("anon", "Anon", 92), ("anon", "Absent", 164), ("zero", "Zero", 52), ("protnone", "ProtNone", 44),
                          ("wx", "Executable", 20), ("memfd", "File", 48), ("filecow", "Anon", 12), ("filecow", "File", 28)):
        same(by[s.shape[name][0]][key], kb, f"maps: {name} has {key} {kb} kB")
    keys = "Anon File Ksm Zero Special HugeTLB Absent Swap Migration Marker Other".split()
    for k in [total] + [v[2] for v in vmas]:
        if k["Size"] != sum(k[x] for x in keys):
            ok(False, "Size is the sum of its parts in every VMA", k)
            break
    else:
        ok(True, "Size is the sum of its parts in every VMA")
    same(sum(total[k] for k in SIZES), total["Rss"] + total["Zero"] + total["Special"] + total["HugeTLB"],
         "pages by size add up to what is mapped")
    for k in total:
        if k != "Size":
            same(total[k], sum(v[2].get(k, 0) for v in vmas), f"Total {k} is the sum over the VMAs")


def census():
    _, total = t.maps()
    lines = [x.split() for x in read(f"{s.pid}/census").splitlines()[1:]]
    same(sum(int(x[1]) for x in lines) * 4, sum(total[k] for k in SIZES), "the census counts every mapped page once")
    ok([int(x[1]) for x in lines] == sorted((int(x[1]) for x in lines), reverse=True), "most pages first")


try:
    s.stop()
    for f in (anon, zero, protnone, rights, shared, ranges, maps, census):
        case(f)
    for name, f in (("thp", thp), ("hugezero", hugezero), ("hugetlb2m", hugetlb2m), ("hugetlb1g", hugetlb1g), ("swap", swap),
                    ("uffdwp", uffdwp), ("guard", guard), ("pkey", pkey)):
        want(name, f)
finally:
    t.__exit__()
    s.end()
