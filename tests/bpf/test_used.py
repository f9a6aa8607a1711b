# SPDX-License-Identifier: GPL-2.0-only
"""`mmscope faults --used`: pages that came along with a fault, and which were used later.

The workload (workloads/used.c) touches what it is told to, so that what comes along is known
from fault_around_bytes or the size of a folio, and what is used later from the commands. It
is told by reports of the tool itself when its pages have been scanned: nothing depends on time.
"""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
import mms  # noqa: E402
import module  # noqa: E402
import procs  # noqa: E402
from ktap import case, ok, same, skip  # noqa: E402
from puppet import Puppet  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
WORK = os.path.join(os.environ["MMS_WORKLOADS"], "used")
FILE, WHOLE = "/root/mms-used", "/root/mms-used-whole"
PAGES = 256          # of the file, and of what is mapped: less than what one entry can map
BASE = 0x200000000000
WINDOWS = 16         # of 16 pages each, that a page is touched of
AROUND = "/sys/kernel/debug/fault_around_bytes"
MTHP = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled"
FILE_MINOR, ANON = "file-minor", "anon-zero-fill"
STATES = ("used", "unused", "unknown")


def run(argv, env=None, timeout=180):
    return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False,
                          env={**os.environ, **(env or {})})


def text(path):
    with open(path, encoding="ascii") as f:
        return f.read().strip()


def write(path, value):
    with open(path, "w", encoding="ascii") as f:
        f.write(value)


class Around:
    """with Around(BYTES): the kernel maps so much around a fault on a file."""

    def __init__(self, nr):
        self.nr, self.old = nr, text(AROUND)

    def __enter__(self):
        write(AROUND, str(self.nr))

    def __exit__(self, *exc):
        write(AROUND, self.old)


class Workload:
    def __init__(self, path=FILE):
        self.p = procs.popen([WORK, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.p.pid

    def __call__(self, *lines):
        for line in lines:
            self.p.stdin.write(line)
            self.p.stdin.flush()
            if self.p.stdout.readline() != "done\n":
                raise AssertionError(f"the workload ended in {line!r}")

    def present(self):
        """How many of its pages are mapped."""
        return sum(e >> 63 for e in mms.pagemap(self.pid, BASE, BASE + PAGES * 4096))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.p.stdin.close()
        self.p.wait()


class Tool:
    """Watches a process; report() is the next one."""

    def __init__(self, pid, ms):
        self.p = subprocess.Popen([MMSCOPE, "faults", "-O", "json", f"--used={ms}", "-p", str(pid), "0.3"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def report(self):
        line = self.p.stdout.readline()
        if not line:
            raise AssertionError(f"the tool ended: {self.p.stderr.read()}")
        o = json.loads(line)
        identity(o)
        return o

    def until(self, cond):
        """The first report that it holds for; what does not come is told with the last one."""
        for _ in range(300):
            o = self.report()
            if cond(o):
                return o
        raise AssertionError(f"never: {o['came_along']} after {o['scans']} scans")

    def later(self, scans):
        """A report so many scans from now."""
        now = self.report()["scans"]
        return self.until(lambda o: o["scans"] >= now + scans)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.p.send_signal(signal.SIGINT)
        out, err = self.p.communicate(timeout=60)
        for line in out.splitlines():
            identity(json.loads(line))
        if exc[0] is None:
            same((self.p.returncode, err), (0, ""), "the tool ends well")


broken = []


def identity(o):
    """In every report: each page that came is in one state."""
    rows = o["came_along"]
    if any(r["came"] != sum(r[s] for s in STATES) for r in rows) or \
       any(o[k] != sum(r[k] for r in rows) for k in ("came", *STATES)):
        broken.append(rows)


def of(o, kind):
    return next(({k: r[k] for k in ("came", *STATES)} for r in o["came_along"] if r["kind"] == kind),
                dict.fromkeys(("came", *STATES), 0))


def less(a, b):
    return {k: a[k] - b[k] for k in a}


def states(came, used=0, unknown=0):
    return {"came": came, "used": used, "unused": came - used - unknown, "unknown": unknown}


def settled(tool, work, kind):
    """What came before is judged, and the workload's own pages have had their turns."""
    last = None
    for _ in range(100):
        work("read 0 1 0")
        o = of(tool.later(3), kind)
        if o == last and not o["unknown"]:
            return o
        last = o
    raise AssertionError(f"the workload is never quiet: {last}")


def prepared(kind, bytes_around, mapping, ms=50, path=FILE):
    """A workload that has mapped and touched something like what follows, a tool, and the counts so far."""
    work = Workload(path)
    write(AROUND, str(bytes_around))
    work(f"{mapping} {PAGES}", "read 0 16 1", "write 0 16 1", "unmap 0 16", f"unmap 0 {PAGES}", f"{mapping} {PAGES}")
    tool = Tool(work.pid, ms)
    return work, tool, settled(tool, work, kind) if ms < 1000 else of(tool.report(), kind)


def neighbours(label, kind, nr, touch, mapping, bytes_around):
    """One page of each 16 is touched, @nr come along with each; later 23 of them are touched."""
    came = WINDOWS * nr
    with Around(bytes_around):
        work, tool, base = prepared(kind, bytes_around, mapping)
        with work, tool:
            work(f"{touch} 0 16 {WINDOWS}")
            got = tool.until(lambda o: less(of(o, kind), base)["came"] and not of(o, kind)["unknown"])
            same(work.present(), came + WINDOWS, f"{label}: so many are mapped")
            same(less(of(got, kind), base), states(came), f"{label}: came along, and none was used")
            same(less(of(tool.later(3), kind), base), states(came), f"{label}: nor some scans later")
            # 2 or 3 pages behind the one that took the fault, in 16 windows, then in 7
            work(f"{touch} 2 16 16")
            got = tool.until(lambda o: less(of(o, kind), base)["used"] >= 16)
            same(less(of(got, kind), base), states(came, 16), f"{label}: as many used as were touched")
            work(f"{touch} 3 32 7", f"{touch} 2 16 5", f"{touch} 0 16 {WINDOWS}")
            got = tool.until(lambda o: less(of(o, kind), base)["used"] >= 23)
            same(less(of(tool.later(4), kind), base), states(came, 23), f"{label}: 7 more, and some of them again")
            work(f"unmap 0 {PAGES}")
            same(less(of(tool.later(4), kind), base), states(came, 23), f"{label}: unmapped, they keep what they were")


def file_neighbours():
    neighbours("64K", FILE_MINOR, 15, "read", "file", 65536)


def fewer_neighbours():
    neighbours("16K", FILE_MINOR, 3, "read", "file", 16384)


def large_folio():
    """Written in one piece the file may be one folio, of which some kernels map all at once: pagemap says."""
    with Around(65536):
        work, tool, base = prepared(FILE_MINOR, 65536, "file", path=WHOLE)
        with work, tool:
            work("read 0 1 1")
            got = tool.until(lambda o: less(of(o, FILE_MINOR), base)["came"] and not of(o, FILE_MINOR)["unknown"])
            came = work.present() - 1
            ok(came >= 15, "large folio: neighbours are mapped", came)
            same(less(of(got, FILE_MINOR), base), states(came), "large folio: came along, and none was used")
            work("read 2 2 7")
            got = tool.until(lambda o: less(of(o, FILE_MINOR), base)["used"] >= 7)
            work(f"read {came} 1 1")
            got = tool.until(lambda o: less(of(o, FILE_MINOR), base)["used"] >= 8)
            same(less(of(got, FILE_MINOR), base), states(came, 8), "large folio: 8 were used, the last one too")


def mthp():
    if not os.path.exists(MTHP):
        skip("mthp: used later", "no folios of 64 KiB for anonymous memory")
        return
    large = MTHP.replace("64kB", "2048kB")
    old = [(f, text(f).split("[")[1].split("]")[0]) for f in (MTHP, large)]
    write(MTHP, "always")
    write(large, "never")
    try:
        neighbours("mthp", ANON, 15, "write", "anon", 65536)
    finally:
        for f, word in old:
            write(f, word)


def unmapped():
    """The scans are far apart: all that is done here at once is done before two of them."""
    with Around(65536):
        work, tool, base = prepared(FILE_MINOR, 65536, "file", 2000)
        with work, tool:
            # 5 pages are used by a write, all others go, part by part and with a new mapping of them all.
            work(f"read 0 16 {WINDOWS}", "write 129 1 5", "unmap 16 48", f"file {PAGES}", f"read 0 16 {WINDOWS}")
            got = of(tool.until(lambda o: less(of(o, FILE_MINOR), base)["came"]), FILE_MINOR)
            same((less(got, base)["came"], got["used"]), (480, 5), "unmapped: a write to what came along is a use at once")
            got = of(tool.later(4), FILE_MINOR)
            same(less(got, base)["came"], 480, "unmapped: no others came")
            same(got["unknown"], 235, "unmapped: what went before two scans stays unknown, what came again does not")


def becomes_another():
    """After execve(2) what came before is what it was by then, and what comes is judged as before."""
    with Around(65536):
        work, tool, base = prepared(FILE_MINOR, 65536, "file")
        with work, tool:
            work(f"read 0 16 {WINDOWS}")
            before = tool.until(lambda o: o["scans"] > 60 and not of(o, FILE_MINOR)["unknown"])
            same(less(of(before, FILE_MINOR), base), states(240), "exec: what came before it")
            work("exec 0", f"file {PAGES}", "read 0 16 1", "unmap 0 256", f"file {PAGES}")
            tool.until(lambda o: 0 < o["scans"] < 60)
            last, now = None, of(tool.later(5), FILE_MINOR)
            while now != last:
                work("read 0 1 0")
                last, now = now, of(tool.later(5), FILE_MINOR)
            ok(now["unused"] >= 240 and now["came"] > before["came"], "exec: it is kept, and more came", (before["came_along"], now))
            work(f"read 0 16 {WINDOWS}")
            tool.until(lambda o: less(of(o, FILE_MINOR), now)["came"] and of(o, FILE_MINOR)["unknown"] == now["unknown"])
            work("read 5 16 11")
            got = tool.until(lambda o: less(of(o, FILE_MINOR), now)["used"] >= 11)
            same(less(of(got, FILE_MINOR), now), states(240, 11), "exec: and what came then was used as before")


def real_program():
    p = run([MMSCOPE, "faults", "-O", "json", "--used=50", "--", sys.executable, "-c",
             "import json, decimal, http.client, unittest, asyncio\nfor i in range(3):\n  sum(range(2000000))"])
    o = json.loads(p.stdout)
    identity(o)
    around = sum(r["around_pages"] for r in o["kinds"])
    same((p.returncode, o["dropped_ring_full"]), (0, 0), "python3: runs, and no event is lost")
    same(o["came"], around, "python3: what came by events is what was counted")
    same({r["kind"]: r["came"] for r in o["came_along"]},
         {r["kind"]: r["around_pages"] for r in o["kinds"] if r["around_pages"]}, "python3: kind by kind")
    same(o["came"], o["used"] + o["unused"] + o["unknown"], "python3: used + unused + unknown")
    ok(o["used"] > 0 and o["unused"] > 0, "python3: some of both", o["came_along"])
    ok(any("lower bound" in n for n in o["notes"]), "python3: it is said that used is a lower bound", o.get("notes"))
    p = run([MMSCOPE, "faults", "--used=50", "--", sys.executable, "-c", "import json"])
    ok("CAME" in p.stdout and "used later: " in p.stdout and "# used is a lower bound" in p.stdout, "python3: in text", p.stdout)
    p = run([MMSCOPE, "faults", "-O", "csv", "--used=50", "--", sys.executable, "-c", "import json"])
    ok("\nkind,came,used,unused,unknown,used_percent\n" in p.stdout, "python3: in csv", p.stdout)


def other_programs():
    """Children and a process of another program are not its own memory: unknown, never guessed."""
    p = run([MMSCOPE, "faults", "-O", "json", "--used=50", "--", "sh", "-c", f"{sys.executable} -c 'import json'; exec true"])
    o = json.loads(p.stdout)
    identity(o)
    same((p.returncode, o["came"]), (0, sum(r["around_pages"] for r in o["kinds"])), "children: what came by events is what was counted")
    ok(o["unknown"] > 100, "children: what came to them is unknown", o["came_along"])
    p = run([MMSCOPE, "faults", "-O", "json", "--used=60000", "--", "true"])
    o = json.loads(p.stdout)
    identity(o)
    same((p.returncode, o["unused"]), (0, 0), "true: over before two scans: nothing is unused")
    ok(o["unknown"] > o["used"], "true: used is what a fault has found mapped, the rest is unknown", o["came_along"])


def targets():
    """As they were, before and after; what another user samples stays so."""
    with Workload() as work:
        before = mms.read("control")
        with Tool(work.pid, 50) as tool:
            tool.later(2)
            same(mms.pairs(f"{work.pid}/status")["sample_ms"], "50", "targets: sampled meanwhile")
        same(mms.read("control"), before, "targets: as they were")
        with mms.Target(work.pid):
            with Tool(work.pid, 50) as tool:
                tool.later(2)
            same(mms.pairs(f"{work.pid}/status")["sample_ms"], "0", "targets: kept, without the sampling")
            for mine in (40, 20, 80):
                mms.control(f"sample {work.pid} 40")
                with Tool(work.pid, mine) as tool:
                    o = tool.until(lambda o: o["scans"] > 1)
                same(o["scan_ns"], 40000000, f"targets: another's 40 ms hold, {mine} were asked for")
                same(mms.pairs(f"{work.pid}/status")["sample_ms"], "40", "targets: and are left alone")
        same(mms.read("control"), before, "targets: as they were, again")


def said():
    """What holds in place of what was asked for is said."""
    with Workload() as work, mms.Target(work.pid):
        mms.control(f"sample {work.pid} 40")
        with Tool(work.pid, 20) as tool:
            notes = tool.report()["notes"]
            ok(any("every 40 ms" in n for n in notes), "said: the interval of another user", notes)
            ok("notes" not in tool.report() or not any("lower bound" in n for n in tool.report().get("notes", [])),
               "said: once")


def ends():
    """The process ends, another user removes the target: neither is an error."""
    work = Workload()
    work(f"file {PAGES}", f"read 0 16 {WINDOWS}")
    p = subprocess.Popen([MMSCOPE, "faults", "-O", "json", "--used=20", "-p", str(work.pid)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while work.pid not in mms.targets():
        if p.poll() is not None:
            raise AssertionError(p.stderr.read())
        time.sleep(0.1)
    mms.control(f"- {work.pid}")
    while work.pid not in mms.targets() and p.poll() is None:
        time.sleep(0.1)
    ok(p.poll() is None, "ends: a target that another user removed is there again", p.poll())
    work.__exit__()
    out, err = p.communicate(timeout=120)
    same((p.returncode, err), (0, ""), "ends: with the process")
    identity(json.loads(out))
    ok(work.pid not in mms.targets(), "ends: and its target is gone")


def vmstat(*keys):
    with open("/proc/vmstat", encoding="ascii") as f:
        d = dict(line.split() for line in f)
    return [int(d[k]) for k in keys]


def swapped_out(group, pid, want):
    """All is on the disk, nothing in the swap cache any more."""
    for _ in range(200):
        try:
            write(f"{group}/memory.reclaim", "16M")
        except OSError:
            pass    # less than that was there
        with open(f"{group}/memory.stat", encoding="ascii") as f:
            stat = dict(line.split() for line in f)
        if int(stat["anon"]) == int(stat["swapcached"]) == 0 and swap_of(pid) >= want:
            return
        time.sleep(0.1)
    raise AssertionError(f"not swapped out: {stat}")


def swap_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) // 4 for line in f if line.startswith("VmSwap:"))


def swap_ahead():
    """What vmstat says of the whole machine; read in order, from a disk, most pages were read ahead."""
    for argv in (["dd", "if=/dev/zero", "of=/root/swap-used", "bs=1M", "count=64"], ["chmod", "600", "/root/swap-used"],
                 ["mkswap", "/root/swap-used"], ["swapoff", "-a"], ["swapon", "/root/swap-used"]):
        run(argv)
    group = "/sys/fs/cgroup/mms-used"
    write("/sys/fs/cgroup/cgroup.subtree_control", "+memory")
    os.makedirs(group, exist_ok=True)
    with Puppet() as p:
        write(f"{group}/cgroup.procs", str(p.pid))
        a = p("region(512 * 4096)")
        p(f"poke({a}, 512)")
        swapped_out(group, p.pid, 512)
        before = vmstat("swap_ra", "swap_ra_hit")
        tool = subprocess.Popen([MMSCOPE, "faults", "-O", "json", "--around", "-p", str(p.pid), "1"], stdout=subprocess.PIPE, text=True)
        tool.stdout.readline()
        p(f"peek({a}, 512)")
        tool.send_signal(signal.SIGINT)
        out = [json.loads(line) for line in tool.communicate(timeout=60)[0].splitlines()]
        after = vmstat("swap_ra", "swap_ra_hit")
    run(["swapoff", "/root/swap-used"])
    got = [sum(o[k] for o in out) for k in ("vmstat_swap_ra", "vmstat_swap_ra_hit")]
    want = [x - y for x, y in zip(after, before)]
    ok(0 < got[0] <= want[0] and 0 < got[1] <= want[1], "swap read-ahead: as vmstat", (got, want))
    ok(got[0] >= 256 and got[1] <= got[0], "swap read-ahead: most of 512 pages, of which some were hit", got)


def without_module():
    err = module.rmmod()
    if err:
        raise AssertionError(err)
    try:
        for argv in (["-p", str(os.getpid())], ["--", "true"]):
            p = run([MMSCOPE, "faults", "--used", *argv])
            same((p.returncode, p.stdout, len(p.stderr.splitlines())), (3, "", 1), f"no module: {argv[0]}: {p.stderr.strip()}")
            ok("insmod" in p.stderr or "modprobe" in p.stderr, "no module: and the fix", p.stderr)
        same(run([MMSCOPE, "faults", "--around", "--", "true"]).returncode, 0, "no module: --around does without")
    finally:
        same(module.insmod(), "", "no module: it is there again")


def bad_use():
    for argv in (["--used"], ["--used", "-a"], ["--used", "-t", "1"], ["--used=9", "-p", "1"], ["--used=600001", "-p", "1"],
                 ["--used=x", "-p", "1"], ["--used=", "-p", "1"], ["--used", "--children", "-p", "1"], ["--used", "--events", "-p", "1"],
                 ["--used", "--stacks", "-p", "1"], ["--used", "--cold", "--", "true"], ["--used", "--no-kinds", "-p", "1"],
                 ["--used", "--max-overhead", "5", "-p", "1"], ["--used", "-a", "--", "true"]):
        p = run([MMSCOPE, "faults", *argv])
        same((p.returncode, p.stdout, len(p.stderr.splitlines())), (2, "", 1), f"bad use: {' '.join(argv)}: {p.stderr.strip()}")
    for pid in ("4194303", "2"):
        p = run([MMSCOPE, "faults", "--used", "-p", pid])
        same((p.returncode, p.stdout, len(p.stderr.splitlines())), (1, "", 1), f"no process to sample: {p.stderr.strip()}")


def always():
    same(broken, [], "came = used + unused + unknown in every report")


def prepare():
    """FILE in the page cache page by page, in folios of one; WHOLE as it was written, at once."""
    for path in (FILE, WHOLE):
        with open(path, "wb") as f:
            f.write(os.urandom(PAGES * 4096))
            f.flush()
            os.fsync(f.fileno())
        if path == FILE:
            write("/proc/sys/vm/drop_caches", "1")
    with open(FILE, "rb", buffering=0) as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        for _ in range(PAGES):
            f.read(4096)


prepare()
for test in (file_neighbours, fewer_neighbours, large_folio, mthp, unmapped, becomes_another, real_program, other_programs, targets, said, ends,
             swap_ahead, without_module, bad_use, always):
    if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
        case(test)
