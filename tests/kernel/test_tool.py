#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The tool on the module: what it prints of known shapes, and that it leaves nothing behind.
Oracles: the shapes' construction, /proc/PID/pagemap, the arithmetic of the columns."""
import json
import os
import re
import signal
import struct
import subprocess
import time

from ktap import case, ok, same, skip
from mms import SIZES, control, read
from procs import Shapes

P = 4096
PARTS = "anon file ksm zero special hugetlb absent swap migration marker other".split()
s = Shapes()


def tool(*args, **kw):
    return subprocess.run(["mmscope", *map(str, args)], capture_output=True, text=True, check=False, **kw)


def tool_json(*args):
    r = tool(*args, "-O", "json")
    ok(r.returncode == 0 and not r.stderr, f"{args[0]} ends well", r.stderr)
    return [json.loads(line) for line in r.stdout.splitlines()]


def pagemap(addr):
    with open(f"/proc/{s.pid}/pagemap", "rb") as f:
        f.seek(addr // P * 8)
        return struct.unpack("Q", f.read(8))[0]


def walk():
    for name, (start, pages, _) in s.shape.items():
        if not pages:
            continue
        bad = []
        end = min(start + pages * P, start + (2 << 20))
        for d in tool_json("walk", s.pid, f"{start:x}-{end:x}"):
            e = pagemap(int(d["va"], 16))
            if e >> 63 and "frame" in d and int(d["frame"], 16) != e & ((1 << 55) - 1):
                bad.append((d["va"], d["frame"], hex(e)))
            if d["kind"] == "swap" and (d["swap_type"] != e & 31 or int(d["swap_offset"], 16) != (e & ((1 << 55) - 1)) >> 5):
                bad.append((d["va"], d["swap_type"], d["swap_offset"], hex(e)))
            if (d["kind"] == "none") != (not e >> 62):
                bad.append((d["va"], d["kind"], hex(e)))
        same(bad, [], f"walk: every page of {name} as pagemap has it")
    start = s.shape["anon"][0]
    d, = tool_json("walk", s.pid, f"{start + 0x123:x}")
    same(int(d["phys"], 16), int(d["frame"], 16) * P + 0x123, "walk: the physical address of the very byte")
    same((d["folio_order"], d["folio_head"], d["mapcount"]), (0, d["frame"], 1), "walk: what its page is")
    levels = [x["level"] for x in d["levels"] if x["level"] != "user-pgd"]
    ok(levels in (["pgd", "p4d", "pud", "pmd", "pte"], ["p4d", "pud", "pmd", "pte"]), "walk: every level once, in order", levels)
    r = tool("walk", s.pid, "7ffffffffff000000")
    same((r.returncode, r.stderr.count("\n")), (2, 1), "walk: beyond 64 bits is bad usage")
    r = tool("walk", s.pid, "ffffffff81000000")
    same((r.returncode, r.stderr.count("\n")), (1, 1), "walk: a kernel address is refused in one line")


def maps():
    d, = tool_json("maps", s.pid)
    bad = [m for m in d["maps"] if m["size_bytes"] != sum(m[k + "_bytes"] for k in PARTS)]
    same(bad, [], "maps: the parts of each mapping sum to its size")
    with open(f"/proc/{s.pid}/smaps_rollup", encoding="ascii") as f:
        rss = next(int(x.split()[1]) * 1024 for x in f if x.startswith("Rss:"))
    total = d["total"][0]
    same(total["rss_bytes"], rss, "maps: total RSS as smaps_rollup")
    same(sum(v for k, v in total.items() if re.fullmatch(r"node\d+_bytes", k)), rss + total["hugetlb_bytes"], "maps: by node")
    same(sum(v for k, v in total.items() if re.fullmatch(r"swap\d+_bytes", k)), total["swap_bytes"], "maps: by swap area")
    with open(f"/proc/{s.pid}/maps", encoding="utf-8") as f:
        want = [int(x.split("-")[0], 16) for x in f if "[vsyscall]" not in x]
    same([int(m["start"], 16) for m in d["maps"]], want, "maps: a row per mapping")
    less, = tool_json("maps", "--no-module", s.pid)
    same(less["total"][0]["rss_bytes"], rss, "maps: the fallback has the same RSS")
    same(sum(less["total"][0][k] for k in ("shared_bytes", "exclusive_bytes")), total["shared_bytes"] + total["exclusive_bytes"],
         "maps: and as much of others and its own together")
    same(less["total"][0]["absent_bytes"], None, "maps: the fallback does not invent absent pages")


def ranges_and_census():
    total = tool_json("maps", s.pid)[0]["total"][0]
    d, = tool_json("ranges", "-a", s.pid)
    same(sum(r["size_bytes"] for r in d["ranges"]), total["size_bytes"], "ranges: cover the mappings exactly")
    start, pages, touched = s.shape["anon"]
    mine = [r for r in d["ranges"] if start <= int(r["start"], 16) < start + pages * P]
    same([(r["kind"], r["size_bytes"] // P) for r in mine][:1], [("anon", touched)], "ranges: 23 touched pages are one")
    same(mine[0]["dirty_pages"], touched, "ranges: and dirty")
    d, = tool_json("census", s.pid)
    same(d["size_bytes"], sum(total[k.lower() + "_bytes"] for k in SIZES), "census: sums to the pages of all sizes")


def formats():
    for cmd in ("maps", "ranges", "census"):
        d, = tool_json(cmd, s.pid)
        rows = tool(cmd, "-O", "csv", s.pid).stdout.splitlines()
        same(len(rows), len(d[cmd]) + 1, f"{cmd}: csv has the rows of json")
        same(rows[0].split(","), list(d[cmd][0]), f"{cmd}: and its keys")


def leaves_nothing():
    same(read("control"), "", "no target is left")
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        with subprocess.Popen(["mmscope", "wss", str(s.pid), "0.2"], stdout=subprocess.PIPE) as w:
            w.stdout.readline()
            ok(read("control"), "a target while it runs")
            w.send_signal(sig)
            same((w.wait(), read("control")), (-sig, ""), f"none after {sig.name}")
    with subprocess.Popen(["mmscope", "wss", str(s.pid), "0.1"], stdout=subprocess.PIPE) as w:
        w.stdout.readline()
        w.stdout.close()
        same((w.wait(20), read("control")), (1, ""), "none after a closed pipe")


def shares():
    same(control(f"+ {s.pid}; sample {s.pid} 40"), 0, "somebody samples")
    r = tool("wss", s.pid, "0.5", "1")
    ok(r.returncode == 0 and "every 40 ms" in r.stdout, "wss uses that interval and says so", r.stdout + r.stderr)
    ok(f"{s.pid} live 40" in read("control"), "and leaves it as it was", read("control"))
    control(f"- {s.pid}")
    procs = [subprocess.Popen(["mmscope", "census", str(s.pid)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(8)]
    outs = [p.communicate()[0] for p in procs]
    same([p.returncode for p in procs], [0] * 8, "eight at once on one pid")
    same(len({o.split(b"MASK")[0] for o in outs}), 1, "and all tell the same")
    same(read("control"), "", "and none is left")
    with subprocess.Popen(["mmscope", "wss", str(s.pid), "0.3", "2"], stdout=subprocess.DEVNULL):
        time.sleep(0.3)
        r = tool("wss", s.pid, "0.5", "4", "-O", "csv")
    ok(r.returncode == 0 and r.stdout.count("\n") == 5, "wss goes on when the one whose target it used has ended", r.stdout + r.stderr)
    same(read("control"), "", "and nothing is left")


def deaths():
    with subprocess.Popen(["sleep", "1.5"]) as p:
        r = tool("wss", p.pid, "0.3")
        ok(r.returncode == 0 and "has exited" in r.stderr, "a process that exits after an interval is no failure", r.stdout + r.stderr)
    with subprocess.Popen(["sleep", "0.2"]) as p:
        r = tool("wss", p.pid, "2")
        ok(r.returncode == 1 and r.stderr.count("\n") == 1, "one that exits before is", r.stderr)
    p = subprocess.Popen(["sleep", "30"])
    same(control(f"+ {p.pid}"), 0, "somebody tracks")
    p.kill()
    time.sleep(0.3)
    r = tool("maps", p.pid)
    ok(r.returncode == 1 and "zombie" in r.stderr, "a zombie is named so", r.stderr)
    p.wait()
    r = tool("maps", p.pid)
    ok(r.returncode == 1 and "no process" in r.stderr, "a target that has exited is no process", r.stderr)
    control(f"- {p.pid}")
    r = tool("maps", 2)
    ok(r.returncode == 1 and "kernel thread" in r.stderr, "a kernel thread is named so", r.stderr)


def doctor():
    d, = tool_json("doctor")
    same((d["module_usable"], d["proc_usable"]), (True, True), "doctor: module and /proc are usable")
    names = {f["feature"]: f["status"] for f in d["features"]}
    ok(names.get("module: la57"), "doctor: tells the module's features", names)
    env = dict(os.environ)
    r = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "mmscope", "doctor", "-O", "json"],
                       capture_output=True, text=True, check=False, env=env)
    if r.returncode in (126, 127):
        skip("doctor without rights", "no setpriv")
        return
    d = json.loads(r.stdout)
    same((r.returncode, d["module_usable"], d["bpf_usable"]), (3, False, False), "doctor without rights: nothing works, status 3")


for f in (walk, maps, ranges_and_census, formats, leaves_nothing, shares, deaths, doctor):
    case(f)
s.end()
