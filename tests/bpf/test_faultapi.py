# SPDX-License-Identifier: GPL-2.0-only
"""What collect/bpf_fault.h gives besides the counts of `mmscope faults`.

workloads/faultapi counts a workload that knows what it does, and prints what
the functions return. Origin, place, size, neighbours and threads by
construction; stacks against /proc/kallsyms; the self-test by taking programs
away from it.
"""
import bisect
import collections
import errno
import functools
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, ok, same, skip  # noqa: E402

API = os.path.join(os.environ["MMS_WORKLOADS"], "faultapi")
WORK = os.path.join(os.environ["MMS_WORKLOADS"], "faults")
EXPECT = "/tmp/mms-api-expected"
BASE = 0x200000000000
HUGE = 2 << 20


class Skipped(Exception):
    """The workload, or the kernel, cannot do this here."""


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def expected():
    with open(EXPECT, encoding="ascii") as f:
        return {k: int(v) for k, v in (line.split() for line in f) if int(v)}


class Seen:
    """What one run of faultapi said."""

    def __init__(self, lines):
        self.all = [json.loads(line) for line in lines if line.startswith("{")]
        self.counts = self.of("count")
        self.losses = self.of("losses")[-1]

    def of(self, what):
        return [o for o in self.all if o["what"] == what]

    def sum(self, what="nr", **where):
        return sum(c[what] for c in self.counts if all(c.get(k) == v for k, v in where.items()))


def identity(seen, name):
    l = seen.losses
    same(l["seen"], l["stored"] + l["filtered"] + l["sampled_out"] + l["dropped"],
         f"{name}: seen = stored + filtered + sampled out + dropped")
    same((seen.sum(), l["dropped"], l["lost"]), (l["stored"], 0, 0), f"{name}: all stored is there, nothing is lost")


def observe(options, name, n, env=None):
    if os.path.exists(EXPECT):
        os.unlink(EXPECT)
    p = subprocess.run([API, *options, "--", WORK, name, str(n)], capture_output=True, text=True, timeout=120,
                       check=False, env={**os.environ, "MMS_EXPECT": EXPECT, **(env or {})})
    if p.returncode == 77:
        raise Skipped(p.stderr.strip().removeprefix("SKIP "))
    if p.returncode:
        raise AssertionError(f"status {p.returncode}: {p.stderr}")
    return Seen(p.stdout.splitlines())


def skipped(fn):
    """A function that skips by the name of its test."""
    @functools.wraps(fn)
    def wrapped(*args):
        try:
            fn(*args)
        except Skipped as why:
            skip(" ".join([fn.__name__, *map(str, args)]), why)
    return wrapped


def attach_kinds():
    """Those that work here."""
    for kind in ("kprobe.session", "fentry/fexit", "kprobe+kretprobe"):
        try:
            observe(["-A", kind], "anon", 0)
            yield kind
        except Skipped:
            pass


def origins():
    for name, n, origin in (("anon", 23, "user"), ("kernel", 14, "kernel"), ("populate", 15, "gup"),
                            ("remote", 6, "remote")):
        try:
            with_n, without = observe([], name, n), observe([], name, 0)
        except Skipped as why:
            skip(f"origin {origin}", why)
            continue
        same(with_n.sum(origin=origin, kind="anon-zero-fill") - without.sum(origin=origin, kind="anon-zero-fill"),
             n, f"origin {origin}: {n} by {name}")
        identity(with_n, f"origin {origin}")


@skipped
def vma(name, n, segment, size):
    s = observe(["-b", "vma"], name, n)
    rows = [c for c in s.counts if c["where"] == BASE]
    same(sum(c["nr"] for c in rows), sum(expected().values()), f"vma, {name}: all its faults")
    same({c.get("segment") for c in rows}, {segment}, f"vma, {name}: segment")
    same(sum(c["bytes"] for c in rows), size, f"vma, {name}: bytes")
    identity(s, f"vma, {name}")


def vmas():
    write("/proc/sys/vm/nr_hugepages", "4")
    vma("anon", 23, "anon", 23 * 4096)
    vma("zero", 19, "anon", 0)
    vma("cow", 17, "anon", 2 * 17 * 4096)  # filled by the parent, copied by the child
    vma("shmem", 21, "shmem", 21 * 4096)
    vma("file-cow", 12, "data", 12 * 4096)
    vma("hugetlb", 3, "hugetlb", 3 * HUGE)
    vma("thp", 2, "anon", 2 * HUGE)
    vma("sigbus", 4, "file", 4096 * 0)


def segments():
    """A real program has its parts where /proc/PID/maps of such a program has them."""
    p = subprocess.run([API, "-b", "vma", "--", "python3", "-c", "x = bytearray(3 << 20)"], capture_output=True,
                       text=True, timeout=120, check=True)
    s = Seen(p.stdout.splitlines())
    got = {c.get("segment") for c in s.counts}
    ok({"text", "data", "heap", "stack", "anon"} <= got, "segments of python3", got)
    ok(any(c.get("segment") == "text" and c["name"].startswith("libc") for c in s.counts), "segments: libc's text")
    ok(any(c.get("segment") == "data" and c["name"].startswith("python3") for c in s.counts), "segments: the data")
    same([c for c in s.counts if "segment" not in c and c["where"]], [], "segments: every place is remembered")
    identity(s, "segments")


@skipped
def files():
    s = observe(["-b", "file"], "file", 40)
    rows = [c for c in s.counts if c.get("name", "").startswith("mms-faults-")]
    same(sum(c["nr"] for c in rows), sum(expected().values()), "file: all its faults")
    same(len({(c["dev"], c["where"]) for c in rows}), 1, "file: one inode of one device")
    ok(all(c["dev"] and c["where"] == c["ino"] for c in rows), "file: which is known", rows)
    identity(s, "file")


@skipped
def swap_areas():
    with open("/proc/swaps", encoding="ascii") as f:
        if "zram0" not in f.read():
            raise Skipped("no zram swap was set up")
    s = observe(["-b", "swap"], "swap", 11, {"MMS_SWAP": "zram"})
    got = collections.Counter()
    for c in s.counts:
        if c["where"]:
            got[c["kind"]] += c["nr"]
    same(got, {k: v for k, v in expected().items() if k.startswith("swap-in")}, "swap: those of an area")
    same(len({c["where"] for c in s.counts if c["where"]}), 1, "swap: one area")


@skipped
def threads():
    s = observe(["-b", "thread,vma"], "contend", 160)
    rows = [c for c in s.counts if c["where"] == BASE and c["kind"] == "anon-zero-fill"]
    same(sorted(c["nr"] for c in rows), [160] * 4, "threads: each its own")
    same(len({c["tid"] for c in rows} - {c["pid"] for c in rows}), 4, "threads: four of them")
    identity(s, "threads")


@skipped
def around_file():
    s = observe(["-n", "-b", "vma"], "file", 40)
    rows = [c for c in s.counts if c["where"] == BASE]
    same(sum(c["nr"] + c["around"] for c in rows), 40, "around: each page of the file was faulted, or came along")
    ok(sum(c["nr"] for c in rows) < 40, "around: most came along", rows)
    s = observe(["-n", "-b", "vma"], "anon", 23)
    same(s.sum("around", where=BASE), 0, "around: nothing comes along with a small page")


@skipped
def around_mthp(kib):
    base = "/sys/kernel/mm/transparent_hugepage"
    if not os.path.exists(f"{base}/hugepages-{kib}kB"):
        raise Skipped(f"no anonymous folios of {kib} KiB here")
    write(f"{base}/hugepages-2048kB/enabled", "never")
    write(f"{base}/hugepages-{kib}kB/enabled", "always")
    try:
        s = observe(["-n", "-b", "vma"], "thp", 3)
    finally:
        write(f"{base}/hugepages-{kib}kB/enabled", "never")
        write(f"{base}/hugepages-2048kB/enabled", "inherit")
    same((s.sum(where=BASE, kind="anon-zero-fill"), s.sum("around", where=BASE)), (3, 3 * (kib // 4 - 1)),
         f"around: a folio of {kib} KiB")


def around():
    around_file()
    for kib in (64, 256, 1024):
        around_mthp(kib)


class Symbols:
    def __init__(self):
        with open("/proc/kallsyms", encoding="ascii") as f:
            rows = sorted((int(line.split()[0], 16), line.split()[2]) for line in f)
        self.at, self.names = [r[0] for r in rows], [r[1] for r in rows]

    def name(self, ip):
        return self.names[bisect.bisect_right(self.at, ip) - 1]


def stacks():
    symbols = Symbols()
    innermost = {}
    for kind in attach_kinds():
        # Whoever is preempted inside of a trampoline's program keeps it from running for others there, which is told.
        for _ in range(5):
            s = observe(["-A", kind, "-b", "vma,ustack,kstack"], "anon", 40)
            if not s.losses["lost"]:
                break
        rows = [c for c in s.counts if c["where"] == BASE]
        same(sum(c["nr"] for c in rows), 40, f"stacks, {kind}: all faults")
        ok(all(c["ustack"] and c["ustack"][0] < 1 << 47 for c in rows), f"stacks, {kind}: of the program", rows)
        innermost[kind] = {symbols.name(c["kstack"][0]) for c in rows if c["kstack"]}
        same(s.losses["stack_lost"], 0, f"stacks, {kind}: none lost")
        identity(s, f"stacks, {kind}")
    names = list(innermost.values())
    ok(names and names[0] and all(n == names[0] for n in names), "stacks: the same innermost frame in every way",
       innermost)
    ok("handle_mm_fault" not in set().union(*names), "stacks: which is its caller", innermost)


class Tool:
    """faultapi that runs beside a process, and reports when asked."""

    def __init__(self, *options):
        self.p = subprocess.Popen([API, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.p.stdout.readline()
        if line != "ready\n":
            raise AssertionError(f"faultapi {options} is not ready")

    def report(self):
        self.p.stdin.write("\n")
        self.p.stdin.flush()
        lines = []
        while not lines or '"what":"end"' not in lines[-1]:
            lines.append(self.p.stdout.readline())
        return Seen(lines)

    def close(self):
        self.p.stdin.close()
        self.p.wait(30)


PAGES = """
import ctypes, mmap, os, sys, threading
m = mmap.mmap(-1, 4096 * 64, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
def touch(n):
    for i in range(n):
        m[i * 4096] = 1
def thread():
    print(threading.get_native_id(), ctypes.addressof(ctypes.c_char.from_buffer(m)), flush=True)
    sys.stdin.readline()
    WHAT
    print("done", flush=True)
    sys.stdin.readline()
t = threading.Thread(target=thread)
t.start()
t.join()
"""


class Child:
    def __init__(self, what):
        self.p = subprocess.Popen([sys.executable, "-c", PAGES.replace("WHAT", what)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.tid, self.addr = map(int, self.p.stdout.readline().split())

    def go(self):
        self.p.stdin.write("\n")
        self.p.stdin.flush()
        return self.p.stdout.readline()

    def close(self):
        self.p.stdin.write("\n")
        self.p.stdin.close()
        self.p.wait(30)


def one_thread():
    child = Child("touch(37)")
    this, other = Tool("-t", str(child.tid), "-b", "vma"), Tool("-t", str(child.p.pid), "-b", "vma")
    child.go()
    same(this.report().sum(where=child.addr, kind="shmem"), 37, "one thread: its faults")
    same(other.report().sum(where=child.addr), 0, "one thread: not those of its process's first")
    for t in (this, other, child):
        t.close()


def follow():
    child = Child("pid = os.fork(); touch(41 if not pid else 0); pid or os._exit(0); os.waitpid(pid, 0); print(pid)")
    tool, alone = Tool("-p", str(child.p.pid), "-f", "-b", "vma"), Tool("-p", str(child.p.pid), "-b", "vma")
    forked = int(child.go())
    s = tool.report()
    same(s.sum(pid=forked, where=child.addr, kind="shmem"), 41, "follow: the child's faults")
    same(alone.report().sum(pid=forked), 0, "follow: only if asked for")
    for t in (tool, alone, child):
        t.close()


def in_flight():
    n = 9
    work = subprocess.Popen([WORK, "stuck", str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "MMS_WAIT": "1"})
    tool = Tool("-p", str(work.pid))
    work.stdin.write("\n")
    work.stdin.flush()
    if work.stdout.readline() != "stuck\n":
        skip("in flight", "no userfaultfd")
    else:
        s = tool.report()
        inside = s.of("open")
        same(s.of("cost")[0]["in_flight"], n, "in flight: how many")
        same({(o["pid"], o["comm"], o["origin"]) for o in inside}, {(work.pid, "faults", "user")}, "in flight: whose")
        same(sorted(o["addr"] & ~4095 for o in inside), [BASE + i * 4096 for i in range(n)], "in flight: where")
        same([o["ns"] for o in inside], sorted((o["ns"] for o in inside), reverse=True), "in flight: longest first")
    work.stdin.write("\n")
    work.stdin.close()
    work.wait(30)
    same(tool.report().of("open"), [], "in flight: none after the end")
    tool.close()


def with_number(pid):
    """A process with that number, which nobody has."""
    for _ in range(20):
        write("/proc/sys/kernel/ns_last_pid", str(pid - 1))
        child = Child("touch(11)")
        if child.p.pid == pid:
            return child
        child.close()
    raise Skipped("somebody else took the number every time")


@skipped
def number(*options):
    """A number that is given out again, also if the kernel skipped the program that looks at exits."""
    child = Child("touch(37)")
    name = " ".join(["number", *options])
    tool = Tool("-p", str(child.p.pid), *options)
    child.go()
    same(tool.report().sum(kind="shmem"), 37, f"{name}: the first one's")
    child.close()
    before = tool.report()
    again = with_number(child.p.pid)
    again.go()
    after = tool.report()
    same(before.sum(kind="shmem"), 37, f"{name}: no more of them")
    same(after.sum(), before.sum(), f"{name}: none of the next one's")
    same((after.losses["dropped"], after.losses["lost"]), (0, 0), f"{name}: nothing is lost")
    again.close()
    tool.close()


def numbers():
    """Alone by its number, and by a list of numbers, which children enter."""
    for options in ((), ("-x", "on_exit"), ("-f",), ("-f", "-x", "on_exit")):
        number(*options)


def stuck():
    work = subprocess.Popen([WORK, "stuck", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if work.stdout.readline() != "stuck\n":
        raise Skipped("no userfaultfd")
    return work, max(map(int, os.listdir(f"/proc/{work.pid}/task")))


@skipped
def meeting():
    """Two threads whose numbers lead to the same slot, inside a fault at the same time."""
    write("/proc/sys/kernel/pid_max", "4194304")
    tool = Tool()
    works, tids = [], []
    for n in range(1, 9):
        work, tid = stuck()
        if tids and (tid - tids[0]) % 16384:
            work.kill()
            work.wait()
        else:
            works.append(work)
            tids.append(tid)
        if len(tids) == 2:
            break
        # The next two numbers: the process, and its thread that is going to be stuck.
        write("/proc/sys/kernel/ns_last_pid", str(tids[0] + 16384 * n - 2))
    if len(tids) < 2:
        raise Skipped("somebody else took the number every time")
    got = {o["tid"] for o in tool.report().of("open")}
    ok(set(tids) <= got, "meeting: both are seen inside", (tids, got))
    for work in works:
        work.stdin.write("\n")
        work.stdin.close()
        work.wait(30)
    l = tool.report()
    same([o for o in l.of("open") if o["tid"] in tids], [], "meeting: none is left")
    same((l.losses["dropped"], l.losses["lost"]), (0, 0), "meeting: nothing is lost")
    tool.close()


@skipped
def sampled():
    s = observe(["-s", "10"], "contend", 2000)
    l = s.losses
    ok(8000 <= l["stored"] + l["sampled_out"] < 8400, "sampled: all are seen", l)
    ok(600 < l["stored"] < 1050, "sampled: one of ten is stored", l)
    identity(s, "sampled")


@skipped
def no_kinds():
    s, base = observe(["-k"], "anon", 200), observe(["-k"], "anon", 0)
    same({c["kind"] for c in s.counts}, {"any"}, "without kinds: none is told")
    same(s.sum() - base.sum(), 200, "without kinds: all are counted")
    identity(s, "without kinds")
    s = observe(["-k"], "sigbus", 4)
    same(s.sum(kind="sigbus"), 4, "without kinds: errors are told")


@skipped
def cost():
    c = observe(["-m"], "anon", 200).of("cost")[0]
    ok(c["runs"] >= 400 and c["run_ns"] > c["runs"] * 10, "cost: runs and their time", c)
    ok(3 << 20 < c["map_bytes"] < 256 << 20, "cost: memory of the maps", c)
    same(observe([], "anon", 200).of("cost")[0]["runs"], 0, "cost: not measured unless asked for")


@skipped
def events():
    s = observe(["-e"], "anon", 23)
    rows = [e for e in s.of("event") if BASE <= e["addr"] < BASE + (1 << 30)]
    same({(e["kind"], e["origin"], e["segment"], e["bytes"]) for e in rows}, {("anon-zero-fill", "user", "anon", 4096)},
         "events: kind, origin, segment, bytes")
    same(len(rows), 23, "events: one for each")
    same(s.losses["events"], s.losses["stored"], "events: as many as are stored")


def blind():
    """Each program that is taken away is missed, but those whose event cannot be made."""
    p = subprocess.run([API, "blind"], capture_output=True, text=True, timeout=600, check=False)
    same(p.returncode, 0, f"self-test: opens {p.stderr.strip()}")
    for o in map(json.loads, p.stdout.splitlines()):
        if "migration_wait" in o["program"]:
            same(o["error"], 0, f"self-test, {o['attach']}: passes without {o['program']}")
        else:
            ok(o["error"] == errno.EIO and o["program"] in o["why"], f"self-test, {o['attach']}: names {o['program']}",
               o)


write("/proc/sys/kernel/randomize_va_space", "0")
for test in (origins, vmas, segments, files, swap_areas, threads, around, stacks, one_thread, follow, numbers,
             in_flight, meeting, sampled, no_kinds, cost, events, blind):
    if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
        case(test)
