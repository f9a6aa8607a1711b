#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`mmscope thp` against workloads whose collapses and splits are known, /proc/vmstat, khugepaged's own count, smaps.

The suite holds khugepaged still; where it is to work it is told by its sysfs files, and stilled again.
"""
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, objects, ok, same, skip  # noqa: E402
from procs import Proc, until_armed  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
SYS = "/sys/kernel/mm/transparent_hugepage"
HUGE = 2 << 20
LOST = ("dropped", "missed_split", "missed_recursion", "missed_probe", "missed_child")
VMSTAT = ("thp_collapse_alloc", "thp_split_pmd", "thp_split_page", "thp_split_page_failed")
TRIES = 8


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def vmstat():
    found = dict(line.split() for line in read("/proc/vmstat").splitlines())
    return {k: int(found[k]) for k in VMSTAT}


def run(*argv, timeout=120):
    return subprocess.run([MMSCOPE, "thp", *argv], capture_output=True, text=True, timeout=timeout, check=False)


class Tool:
    """It counts from here to end()."""

    def __init__(self, *argv):
        self.p = subprocess.Popen([MMSCOPE, "thp", "-O", "json", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            until_armed(self.p)
        except AssertionError as why:
            self.p.kill()
            raise RuntimeError(f"{why}: {self.p.communicate()[1]}") from why

    def end(self):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGINT)
        out, err = self.p.communicate(timeout=120)
        if self.p.returncode:
            raise RuntimeError(f"ended with {self.p.returncode}: {err}")
        return objects(out)[-1]


class Ranges(Proc):
    """The workload thp."""

    def __init__(self, nr):
        super().__init__("thp", str(nr))

    def tell(self, text):
        """Return: the calls that failed."""
        self.p.stdin.write(text + "\n")
        self.p.stdin.flush()
        answer = self.p.stdout.readline().split()
        if not answer:
            raise RuntimeError(f"thp: {text}: ended with {self.p.wait()}")
        return int(answer[1])


def row(o, pid):
    return next((p for p in o["processes"] if p["pid"] == pid), None)


def attempts(o, pid, what):
    return {(a["by"], a["result"]): a["count"] for a in o["attempts"] if (a["pid"], a["what"]) == (pid, what)}


def rollup(pid):
    got = dict(re.findall(r"^(\w+):\s+(\d+) kB", read(f"/proc/{pid}/smaps_rollup"), re.M))
    return {k: int(v) << 10 for k, v in got.items()}


def identity(o, name):
    same(o["seen"], o["stored"] + o["filtered"] + o["dropped"], f"{name}: seen = stored + dropped + filtered")
    same({k: o[k] for k in LOST if o[k]}, {}, f"{name}: nothing lost")
    same(sum(a["count"] for a in o["attempts"]), o["stored"], f"{name}: what is shown is what was stored")


def watched(t, what, *options):
    """(report, calls that failed, what /proc/vmstat says meanwhile)"""
    tool = Tool(*(options or ("-p", str(t.pid))))
    before = vmstat()
    bad = sum(t.tell(w) for w in what)
    after = vmstat()
    return tool.end(), bad, {k: after[k] - before[k] for k in VMSTAT}


def collapses():
    """So many ranges, so many collapses; a range that is huge already is none."""
    with Ranges(8) as t:
        t.tell("small 0 8")
        o, bad, stat = watched(t, ["collapse 0 7", "collapse 0 3"])
        p = row(o, t.pid)
        same((bad, p["madvise"], p["khugepaged"]), (0, 7, 0), "7 ranges collapsed by madvise")
        same((p["failed"], p["refused"], p["split_entries"]), (0, 0, 0), "collapses: none refused, nothing split")
        same(stat["thp_collapse_alloc"], 7, "collapses: as /proc/vmstat has it")
        same(attempts(o, t.pid, "collapse"), {("madvise", "succeeded"): 7}, "collapses: by whom, and how they ended")
        same(sum(attempts(o, t.pid, "look").values()), 3, "collapses: those of what is huge already were looks")
        smaps = rollup(t.pid)
        same((p["huge_bytes"], p["huge_pages_4k"], p["anon_huge_bytes"]), (7 * HUGE, 7 * 512, smaps["AnonHugePages"]), "cover: as smaps")
        same(o["resident_bytes"], sum(q["resident_bytes"] or 0 for q in o["processes"]), "cover: the sum is that of the rows")
        same(round(p["cover_percent"], 1), round(100 * 7 * HUGE / p["resident_bytes"], 1), "cover: of what is resident")
        ok(abs(p["resident_bytes"] - smaps["Rss"]) <= 64 << 10, "resident: as smaps", (p, smaps))
        identity(o, "collapses")


def splits():
    """Of the entry by a hole, of the folio by MADV_COLD: which splits the entry, too."""
    with Ranges(12) as t:
        for what, entries, folios in (("hole 0 5", 5, 0), ("unmap 0 3", 3, 0), ("cold 0 4", 4, 4)):
            for _ in range(TRIES):
                t.tell("huge 0 12")
                o, bad, stat = watched(t, [what])
                p = row(o, t.pid)
                if stat["thp_split_page"] == folios and stat["thp_split_pmd"] == entries:
                    break
            same((bad, p["split_entries"], p["split_folios"]), (0, entries, folios), f"{what}: entries and folios split")
            same((stat["thp_split_pmd"], stat["thp_split_page"]), (entries, folios), f"{what}: as /proc/vmstat has it")
            same(attempts(o, t.pid, "split-entry"), {("itself", "succeeded"): entries}, f"{what}: by the process itself")
            same(p["huge_bytes"], rollup(t.pid)["AnonHugePages"], f"{what}: cover as smaps")
            identity(o, what)


def foreign():
    """Splits that another asks for: the owner's all the same. What two share has no known owner."""
    knob = "/sys/kernel/debug/split_huge_pages"
    with Ranges(6) as t:
        start = int(next(w[1] for w in t.lines if w[0] == "region"), 16)
        t.tell("huge 0 6")

        def split(first, nr):
            write(knob, f"{t.pid},{start + first * HUGE:#x},{start + (first + nr) * HUGE:#x}")
        tool = Tool("-a")
        before = vmstat()
        split(0, 3)
        after = vmstat()
        o = tool.end()
        p = row(o, t.pid)
        nr = after["thp_split_page"] - before["thp_split_page"]
        same((nr, p["split_folios"]), (3, 3), "3 folios split by another process: their owner's")
        same(attempts(o, t.pid, "split-folio"), {("other", "succeeded"): 3}, "by another process")
        same(p["split_entries"], after["thp_split_pmd"] - before["thp_split_pmd"], "their entries, too")
        identity(o, "split by another")
        t.tell("fork 0 0")
        tool = Tool("-a")
        before = vmstat()
        split(3, 2)
        o, after = tool.end(), vmstat()
        same(o["split_folios"], after["thp_split_page"] - before["thp_split_page"], "shared folios: as many as /proc/vmstat has")
        same(sum(attempts(o, t.pid, "split-folio").values()), 0, "shared by two: no owner is made up")
        same(o["split_entries"], after["thp_split_pmd"] - before["thp_split_pmd"], "shared folios: the entries of both")
        identity(o, "shared")


def refused():
    """A range that madvise does not get: the kernel's reason, and nothing collapsed."""
    with Ranges(4) as t:
        t.tell("small 0 4")
        t.tell("fork 0 0")
        before = int(read(f"{SYS}/khugepaged/max_ptes_shared"))
        o, bad, stat = watched(t, ["unmap 0 2", "collapse 0 2"])
        p = row(o, t.pid)
        ok(bad == 2, "a hole in the range: madvise refuses", bad)
        same((p["madvise"] if p else 0, stat["thp_collapse_alloc"]), (0, 0), "refused: nothing collapsed")
        same(before, int(read(f"{SYS}/khugepaged/max_ptes_shared")), "refused: settings as they were")
        identity(o, "refused")


@contextlib.contextmanager
def busy(**more):
    """khugepaged works, as fast as it can; then all is as it was."""
    settings = {"max_ptes_none": "511", "pages_to_scan": "100000", "scan_sleep_millisecs": "100", "alloc_sleep_millisecs": "100", **more}
    old = {k: read(f"{SYS}/khugepaged/{k}").strip() for k in settings}
    enabled = re.search(r"\[(\w+)\]", read(f"{SYS}/enabled")).group(1)
    try:
        write(f"{SYS}/enabled", "always")
        for k, v in settings.items():
            write(f"{SYS}/khugepaged/{k}", v)
        yield
    finally:
        write(f"{SYS}/enabled", enabled)
        for k, v in old.items():
            write(f"{SYS}/khugepaged/{k}", v)


def collapsed():
    return int(read(f"{SYS}/khugepaged/pages_collapsed"))


def figures():
    return {**vmstat(), "collapsed": collapsed()}


def meanwhile(got, key, marks, name):
    """As many as the kernel counts, which is read before and after the tool begins and ends: whoever works goes on meanwhile."""
    started, armed, low, high = (m[key] for m in marks)
    ok(low - armed <= got <= high - started, name, f"{got}, kernel {(started, armed, low, high)}")


def wait_for(what, seconds=90):
    for _ in range(seconds * 5):
        if what():
            return True
        time.sleep(0.2)
    return False


def by_khugepaged():
    """Its work is the owner's, not its own; as many as it says itself."""
    with Ranges(6) as t:
        t.tell("one 0 6")
        started, tool, armed = figures(), Tool("-a"), figures()
        t.tell("let 0 6")
        with busy():
            ok(wait_for(lambda: rollup(t.pid)["AnonHugePages"] == 6 * HUGE), "khugepaged: has done all six", rollup(t.pid))
        low, o, high = figures(), tool.end(), figures()
        p = row(o, t.pid)
        same((p["khugepaged"], p["madvise"]), (6, 0), "khugepaged: 6 collapses, told as the owner's")
        same(p["comm"], "thp", "khugepaged: the owner has a name")
        same([q["pid"] for q in o["processes"] if q["comm"] == "khugepaged"], [], "khugepaged: has no row of its own")
        meanwhile(o["khugepaged"], "collapsed", (started, armed, low, high), "khugepaged: as many as it counts itself")
        ok(o["khugepaged"] + o["failed"] >= low["thp_collapse_alloc"] - armed["thp_collapse_alloc"], "khugepaged: all of /proc/vmstat's", (o, armed, low))
        identity(o, "khugepaged")
    with Ranges(3) as t:
        t.tell("one 0 3")
        tool = Tool("-p", str(t.pid))
        t.tell("let 0 3")
        with busy(max_ptes_none="0"):
            scans = int(read(f"{SYS}/khugepaged/full_scans"))
            wait_for(lambda: int(read(f"{SYS}/khugepaged/full_scans")) >= scans + 2)
        o = tool.end()
        p = row(o, t.pid)
        looks = attempts(o, t.pid, "look")
        ok(p["refused"] >= 3 and looks.get(("khugepaged", "exceed-none-pte"), 0) >= 3, "khugepaged: ranges too empty are refused, and why", (p, looks))
        same(p["khugepaged"], 0, "khugepaged: none of them collapsed")
        identity(o, "refused by khugepaged")


PROGRAM = """
import sys
keep = [bytearray(b"x") * (1 << 16) for _ in range(400)]
print("ready", flush=True)
for line in sys.stdin:
    keep.append(bytearray(b"y") * (6 << 20))
    del keep[:50]
    print("done", flush=True)
"""


def program(argv, wait_ready, act, name):
    """A real program under "always", with khugepaged at work: all as the kernel counts it."""
    write(f"{SYS}/khugepaged/scan_sleep_millisecs", "3600000")
    started, tool, armed = figures(), Tool("-a"), figures()
    with busy():
        p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        wait_ready(p)
        act(p)
        wait_for(lambda: collapsed() > armed["collapsed"], 40)
        huge = rollup(p.pid)
        write(f"{SYS}/khugepaged/scan_sleep_millisecs", "3600000")
    marks = (started, armed, figures())
    o = tool.end()
    marks += (figures(),)
    p.kill()
    p.wait()
    r = row(o, p.pid)
    ok(r and r["cover_percent"] > 0, f"{name}: covered in part by huge pages", (r, huge))
    meanwhile(o["khugepaged"], "collapsed", marks, f"{name}: collapses as khugepaged counts them")
    meanwhile(o["split_entries"], "thp_split_pmd", marks, f"{name}: entries split as /proc/vmstat has it")
    meanwhile(o["split_folios"], "thp_split_page", marks, f"{name}: folios split as /proc/vmstat has it")
    identity(o, name)
    print(f"# {name}: {o['khugepaged']} collapsed, {o['split_entries']} entries and {o['split_folios']} folios split, cover {r['cover_percent']:.1f} % of {r['resident_bytes'] >> 10} KiB")


def python():
    def act(p):
        for _ in range(6):
            p.stdin.write("more\n")
            p.stdin.flush()
            p.stdout.readline()
    program(["python3", "-c", PROGRAM], lambda p: p.stdout.readline(), act, "python3")


def redis():
    def cli(*argv):
        return subprocess.run(["redis-cli", "-p", "7001", *argv], capture_output=True, text=True, check=False).stdout

    def ready(_):
        wait_for(lambda: "PONG" in cli("ping"), 30)

    def act(_):
        cli("debug", "populate", "20000", "k", "1000")
        cli("flushall", "sync")
        cli("debug", "populate", "10000", "k", "1000")
    # It asks not to have huge pages, unless told otherwise.
    program(["redis-server", "--port", "7001", "--save", "", "--disable-thp", "no", "--enable-debug-command", "yes", "--dir", "/tmp",
             "--logfile", "/dev/null"], ready, act, "redis-server")


def command():
    """From its exec on, with its children; what ended has no cover."""
    p = run("-O", "json", "-o", "/tmp/thp.json", "--", "sh", "-c",
            f"printf 'one 0 3\\ncollapse 0 3\\n' | {os.environ['MMS_WORKLOADS']}/thp 4 > /dev/null; exit 7")
    same((p.returncode, p.stderr), (7, ""), "command: its status is ours")
    o = objects(read("/tmp/thp.json"))[0]
    same((o["exit_status"], o["madvise"]), (7, 3), "command: its child's are counted")
    same([q["resident_bytes"] for q in o["processes"]], [None] * len(o["processes"]), "command: no cover of what has ended")
    identity(o, "command")


def intervals():
    with Ranges(5) as t:
        t.tell("small 0 5")
        tool = subprocess.Popen([MMSCOPE, "thp", "-O", "json", "-p", str(t.pid), "3", "3"], stdout=subprocess.PIPE, text=True)
        first = json.loads(tool.stdout.readline())
        same((first["interval"], first["madvise"], first["stored"]), (1, 0, 0), "intervals: nothing yet")
        same(row(first, t.pid)["huge_bytes"], 0, "intervals: the process has a row, and no cover")
        t.tell("collapse 0 5")
        rest = [json.loads(tool.stdout.readline()) for _ in range(2)]
        same((tool.wait(60), [o["interval"] for o in rest]), (0, [2, 3]), "intervals: so many, then the end")
        same(sum(o["madvise"] for o in rest), 5, "intervals: 5 in those after")
        same(row(rest[1], t.pid)["huge_bytes"], 5 * HUGE, "intervals: the cover at the end")


def filters():
    """Others are seen and left out."""
    with Ranges(3) as a, Ranges(3) as b:
        a.tell("small 0 3")
        b.tell("small 0 3")
        tool = Tool("-p", str(a.pid))
        a.tell("collapse 0 2")
        b.tell("collapse 0 3")
        o = tool.end()
        same(([p["pid"] for p in o["processes"]], o["madvise"], o["filtered"] >= 3), ([a.pid], 2, True), "-p: this one, the other's filtered")
        identity(o, "-p")
        path = "/sys/fs/cgroup/mms-thp"
        os.makedirs(path, exist_ok=True)
        write(f"{path}/cgroup.procs", str(b.pid))
        b.tell("small 0 3")
        tool = Tool("-c", path)
        a.tell("collapse 2 1")
        b.tell("collapse 0 3")
        o = tool.end()
        same(([p["pid"] for p in o["processes"]], o["madvise"]), ([b.pid], 3), "-c: the one in the cgroup")
        identity(o, "-c")


def parent_of(pid):
    return int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[1])


def children():
    """What a process forks from now on, and what that forks: counted with --children, else filtered."""
    for options, name in ((["--children"], "--children"), ([], "without --children")):
        with Ranges(5) as t:
            t.tell("fork 0 0")
            t.tell("small 0 5")
            o, bad, stat = watched(t, ["collapse 0 2", "heirs 2 3"], "-p", str(t.pid), *options)
            same((bad, stat["thp_collapse_alloc"]), (0, 2 + 3 + 3), f"{name}: all three collapse")
            got = {p["pid"]: p for p in o["processes"]}
            identity(o, name)
            if not options:
                same(([(pid, p["madvise"], p["huge_bytes"]) for pid, p in got.items()], o["madvise"]), ([(t.pid, 2, 2 * HUGE)], 2),
                     f"{name}: its own alone")
                ok(o["filtered"] >= 6, f"{name}: theirs are filtered", o["filtered"])
                continue
            (kid,) = [pid for pid in got if pid != t.pid and parent_of(pid) == t.pid]
            (heir,) = [pid for pid in got if parent_of(pid) == kid]
            same(sorted(got), sorted((t.pid, kid, heir)), f"{name}: it, its child and grandchild, not the older one")
            same([(got[p]["madvise"], got[p]["comm"]) for p in (t.pid, kid, heir)], [(2, "thp"), (3, "thp"), (3, "thp")],
                 f"{name}: each by itself")
            same([attempts(o, p, "collapse") for p in (kid, heir)], [{("madvise", "succeeded"): 3}] * 2, f"{name}: by whom, and how they ended")
            same(o["madvise"], 8, f"{name}: the sum")
            for pid, at in (kid, "child"), (heir, "grandchild"):
                same(got[pid]["anon_huge_bytes"], rollup(pid)["AnonHugePages"], f"{name}: cover of the {at} as smaps")


def blind():
    """A program that sees nothing ends the run: kprobes switched off by hand stand for a function that was renamed."""
    knob = "/sys/kernel/debug/kprobes/enabled"
    write(knob, "0")
    try:
        p = run("1", "1")
    finally:
        write(knob, "1")
    same((p.returncode, p.stdout), (1, ""), "self-test: a program that sees nothing fails the run")
    ok("self-test" in p.stderr and "__split_huge_pmd" in p.stderr and len(p.stderr.splitlines()) == 1, "self-test: one line names the hook", p.stderr)
    p = run("-O", "json", "0.1", "1")
    o = objects(p.stdout)[0]
    same((p.returncode, [q["pid"] for q in o["processes"] if q["madvise"]]), (0, []), "self-test: passes again, and is in no count")
    ok("_split" in o["attach"] or "split_" in o["attach"], "the functions that are hooked are named", o["attach"])
    with open("/sys/kernel/tracing/kprobe_events", encoding="ascii") as f:
        same([line for line in f if "mmscope/" in line], [], "tracefs: no probe is left")


def verbose():
    o = objects(run("-v", "-O", "json", "0.5", "1").stdout)[0]
    ok("program_runs" in o and "program_ns" in o, "-v: own cost", o)
    alone = objects(run("-v", "-O", "json", "-p", str(os.getpid()), "0.5", "1").stdout)[0]["map_bytes"]
    ok(0 < alone < 1 << 20 < o["map_bytes"] < (16 if os.path.exists("/proc/lockdep") else 10) << 20, "-v: one process takes little memory", (alone, o["map_bytes"]))
    print(f"# memory of the maps: {o['map_bytes'] >> 10} KiB, of one process {alone >> 10} KiB")
    text = run("-v", "-p", str(os.getpid()), "0.2", "1").stdout  # who is asked for has a row
    ok("KHUGEPGD" in text and "cover" in text and "program runs" in text, "text: columns, cover, cost", text)


def bad_use():
    for argv, status in ((["-p", "4194303"], 1), (["--", "/no/such"], 1), (["-c", "/no/such"], 1)):
        p = run(*argv)
        same((p.returncode, len(p.stderr.splitlines())), (status, 1), f"bad use: {' '.join(argv)}: {p.stderr.strip()}")
    p = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set", "-all", MMSCOPE, "thp", "1", "1"],
                       capture_output=True, text=True, check=False)
    same((p.returncode, len(p.stderr.splitlines())), (3, 1), f"no rights: {p.stderr.strip()}")


def none():
    """A kernel without huge pages says so."""
    p = run("1", "1")
    same((p.returncode, p.stdout, len(p.stderr.splitlines())), (3, "", 1), f"no huge pages: {p.stderr.strip()}")
    ok("no transparent huge pages" in p.stderr, "no huge pages: named", p.stderr)


if not os.path.exists(f"{SYS}/enabled"):
    case(none)
    skip("collapses and splits", "no transparent huge pages")
else:
    for test in (collapses, splits, foreign, refused, by_khugepaged, python, redis, command, intervals, filters, children, blind, verbose, bad_use):
        if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
            case(test)
