# SPDX-License-Identifier: GPL-2.0-only
"""Kinds and counts of `mmscope faults` against workloads that know what they do.

The workload (workloads/faults.c) works in a fixed region and says what must
happen there, page by page, by pagemap and mincore. Two ways to compare: each
event of the region, and the difference of the counts between N and 0 pages.
"""
import collections
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, objects, ok, same, skip  # noqa: E402
from procs import until_armed  # noqa: E402
from tracing import TRACEFS, Trace  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
WORK = os.path.join(os.environ["MMS_WORKLOADS"], "faults")
RACES = os.path.join(os.environ["MMS_WORKLOADS"], "races")
EXPECT = "/tmp/mms-expected"
KINDS = "/tmp/mms-kinds"
ATTACH = ("kprobe.session", "fentry/fexit", "kprobe+kretprobe")
REGION = range(0x200000000000, 0x200000000000 + (1 << 30))
LOSSES = ("dropped", "missed_recursion", "missed_entry", "missed_return", "missed_child",
          "walk_failed")


def run(argv, env=None, timeout=120):
    return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False,
                          env={**os.environ, "MMS_EXPECT": EXPECT, **(env or {})})


def expected(path=EXPECT):
    with open(path, encoding="ascii") as f:
        return {k: int(v) for k, v in (line.split() for line in f) if int(v)}


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


class Skipped(Exception):
    """The workload cannot do this here."""


def observe(options, name, n, env=None, work=WORK):
    """Runs the workload under mmscope. Returns (objects, expected counts)."""
    if os.path.exists(EXPECT):
        os.unlink(EXPECT)
    p = run([MMSCOPE, "faults", "-O", "json", *options, "--", work, name, str(n)], env)
    if p.returncode == 77:
        raise Skipped(p.stderr.strip().removeprefix("SKIP "))
    if p.returncode:
        raise AssertionError(f"status {p.returncode}: {p.stderr}{p.stdout[:500]}")
    return objects(p.stdout), expected()


def losses(o):
    return {k: o[k] for k in LOSSES if o.get(k)}


def region_events(objs):
    return [e for o in objs for e in o.get("events", []) if int(e["addr"], 16) in REGION]


def as_expected(events, want, label, objs):
    got = dict(collections.Counter(e["kind"] for e in events))
    if not same(got, want, label):
        for e in events:
            if e["kind"] not in want:
                print("#", {k: v for k, v in e.items() if k in
                            ("kind", "addr", "before", "after", "flags", "ret", "retries", "vm_flags")})
        print("#", [k for o in objs for k in o.get("notes", [])])


def by_events(name, n, env=None):
    label = f"{name} {n}: kind of each fault"
    try:
        objs, want = observe(["--events"], name, n, env)
    except Skipped as why:
        skip(label, why)
        return
    as_expected(region_events(objs), want, label, objs)


def all_by_events(jobs, options=(), label=""):
    """Workloads one after the other under one mmscope: each is run by its own name, which its events have."""
    shutil.rmtree(KINDS, ignore_errors=True)
    os.makedirs(KINDS)
    script = ""
    for name, n in jobs:
        os.symlink(WORK, f"{KINDS}/{name}")
        script += (f"MMS_EXPECT={KINDS}/{name}.want {KINDS}/{name} {name} {n} 2> {KINDS}/{name}.err; "
                   f"echo $? > {KINDS}/{name}.status; ")
    p = run([MMSCOPE, "faults", "-O", "json", "--events", *options, "--", "sh", "-c", script + "true"], timeout=600)
    if p.returncode:
        raise AssertionError(f"status {p.returncode}: {p.stderr}{p.stdout[:500]}")
    objs = objects(p.stdout)
    events = region_events(objs)
    for name, n in jobs:
        each = f"{label}{name} {n}: kind of each fault"
        status, err = (read(f"{KINDS}/{name}.{what}").strip() for what in ("status", "err"))
        if status == "77":
            skip(each, err.removeprefix("SKIP "))
        elif status != "0":
            ok(False, each, f"status {status}: {err}")
        else:
            as_expected([e for e in events if e["comm"] == name], expected(f"{KINDS}/{name}.want"), each, objs)
    same({e["comm"] for e in events} - {name for name, _ in jobs}, set(), f"{label}all kinds: events of nobody else")


def counts(o):
    return collections.Counter({k["kind"]: k["count"] for k in o["kinds"]})


def by_counts(name, n, kinds, options=()):
    """Counts of n pages less those of none: what the program does otherwise cancels out."""
    (with_n,), want = observe(options, name, n)
    (without,), _ = observe(options, name, 0)
    diff = counts(with_n)
    diff.subtract(counts(without))
    if not same({k: sum(diff[i] for i in k.split("+")) for k in kinds},
                {k: sum(want.get(i, 0) for i in k.split("+")) for k in kinds}, f"{name} {n}: counts"):
        print("#", {k: (with_n_of, counts(without)[k]) for k, with_n_of in counts(with_n).items()})
    return with_n


def identity(o, name):
    same(o["seen"], o["stored"] + o["filtered"] + o["dropped"], f"{name}: seen = stored + dropped + filtered")
    same(sum(k["count"] for k in o["kinds"]), o["stored"], f"{name}: sum of kinds = stored")
    same(losses(o), {}, f"{name}: nothing lost")
    same(o["minflt"] + o["majflt"], o["rusage_minflt"] + o["rusage_majflt"], f"{name}: minflt + majflt = rusage")
    same(o["majflt"], o["rusage_majflt"], f"{name}: majflt = rusage")
    for k in o["kinds"]:
        timed = sum(k["hist"])
        if k["kind"] != "segv" and timed != k["count"]:
            ok(False, f"{name}: histogram of {k['kind']} has all", k)


EVENTS = [("anon", 23), ("zero", 19), ("zero-break", 17), ("cow", 17), ("reuse", 13), ("file", 40),
          ("file-major", 11), ("file-cow", 12), ("notify", 9), ("shmem", 21), ("uffd", 7),
          ("hugetlb", 3), ("thp", 2), ("thp-zero", 2), ("kernel", 14), ("populate", 15),
          ("remote", 6), ("segv", 5), ("sigbus", 4)]
HANDFUL = [(name, n) for name, n in EVENTS if name in ("anon", "cow", "file", "reuse", "zero")]


def kinds():
    write("/proc/sys/vm/nr_hugepages", "4")
    all_by_events(EVENTS)
    for kind in ATTACH:
        try:
            all_by_events(HANDFUL, ["--attach", kind], f"attach {kind}, ")
        except AssertionError as why:
            if "status 3" in str(why):
                skip(f"attach {kind}, kinds", str(why).replace("\n", " "))
            else:
                ok(False, f"attach {kind}, kinds", why)


def swap():
    """Pages on zram and on a disk, told apart although the numbers of the areas have a hole."""
    run(["dd", "if=/dev/zero", "of=/root/swap", "bs=1M", "count=64"])
    os.chmod("/root/swap", 0o600)
    run(["mkswap", "/root/swap"])
    with open("/proc/swaps", encoding="ascii") as f:
        zram = "zram0" in f.read()
    if run(["swapon", "/root/swap"]).returncode:
        skip("swap on a disk", "swapon refused a file")
        return
    if zram:
        # zram came first, so it has the higher priority and the lower number.
        by_events("swap", 11, {"MMS_SWAP": "zram"})
        run(["swapoff", "/dev/zram0"])
    else:
        skip("swap on zram", "no zram swap was set up")
    by_events("swap", 12, {"MMS_SWAP": "device"})
    if zram:
        run(["swapon", "-p", "5", "/dev/zram0"])
        by_events("swap", 13, {"MMS_SWAP": "zram"})
    run(["swapoff", "/root/swap"])


def totals():
    identity(by_counts("anon", 23, ["anon-zero-fill"]), "anon")
    # Parent and child also write to the same stack: who comes second may reuse the page.
    identity(by_counts("cow", 17, ["cow-copy+cow-reuse", "anon-zero-fill"]), "cow")
    identity(by_counts("segv", 5, ["segv"]), "segv")
    identity(by_counts("sigbus", 4, ["sigbus"]), "sigbus")
    identity(by_counts("remote", 6, ["anon-zero-fill"]), "remote")


def shell():
    """A real program with children: everything that it waited for is in rusage."""
    p = run([MMSCOPE, "faults", "-O", "json", "--", "sh", "-c",
             "for i in 1 2 3 4 5; do ls -l /usr/bin | sort | uniq -c > /dev/null; done; exit 7"])
    same(p.returncode, 7, "shell: the command's status")
    identity(objects(p.stdout)[0], "shell")


def attach_kinds():
    """Each way to hang on the function that works here sees the same."""
    for kind in ATTACH:
        try:
            (o,), want = observe(["--attach", kind], "anon", 200)
            (base,), _ = observe(["--attach", kind], "anon", 0)
        except AssertionError as why:
            if "status 3" in str(why):
                skip(f"attach {kind}", str(why).replace("\n", " "))
            else:
                ok(False, f"attach {kind}", why)
            continue
        same(o["attach"], kind, f"attach {kind}: named")
        same(counts(o)["anon-zero-fill"] - counts(base)["anon-zero-fill"], want["anon-zero-fill"],
             f"attach {kind}: counts")


def no_loss():
    """What made other ways lose: many blocked at once, and threads that share a CPU."""
    for name, n, kind in (("blocked", 60, "userfault"), ("contend", 2000, "anon-zero-fill")):
        try:
            o = by_counts(name, n, [kind])
        except Skipped as why:
            skip(f"{name} {n}", why)
            continue
        identity(o, name)
        print(f"# {name}: attached by {o['attach']}, {o['retries']} retries, missed_probe {o['missed_probe']}")


def loss_is_told():
    """Forced ways may lose; then a loss is named. What rusage has and we have not is never silent."""
    for kind in ATTACH:
        for name, n in (("blocked", 60), ("contend", 2000)):
            label = f"attach {kind}, {name}"
            try:
                (o,), _ = observe(["--attach", kind], name, n)
            except (AssertionError, Skipped) as why:
                skip(label, str(why).replace("\n", " "))
                continue
            lost = o["rusage_minflt"] + o["rusage_majflt"] - o["minflt"] - o["majflt"]
            ok(lost == 0 or losses(o) or o["missed_probe"], f"{label}: {lost} not counted, told", o)
            same(o["seen"], o["stored"] + o["filtered"] + o["dropped"], f"{label}: seen = stored + dropped + filtered")
            print(f"# {label}: {losses(o)} missed_probe {o['missed_probe']}")


def taken(pid):
    """Faults of a process so far, as the kernel counts them; also of one that has just ended."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        stat = f.read().rsplit(")", 1)[1].split()
    return int(stat[7]) + int(stat[9])


def often(where="", n=6000):
    """
    Whoever is inside bpf(2) keeps kprobes on its CPU from running programs, until it is back if it is
    preempted there. The reader shares a CPU with those who fault: it is not preempted, or it is told.
    """
    for kind in ATTACH:
        work = subprocess.Popen([WORK, "contend", str(n)], stdin=subprocess.PIPE,
                                env={**os.environ, "MMS_EXPECT": EXPECT, "MMS_WAIT": "1"})
        tool = subprocess.Popen(["taskset", "-c", "0", MMSCOPE, "faults", "-O", "json", "-e", "-o", "/tmp/often.json",
                                 "--attach", kind, "0.05"], stderr=subprocess.PIPE, text=True)
        try:
            until_armed(tool)
        except AssertionError:
            tool.kill()
            why = tool.communicate()[1].strip()
            work.communicate(b"\n")
            if tool.returncode == 3:
                skip(f"{where}attach {kind}, often", why)
            else:
                ok(False, f"{where}attach {kind}, often", why)
            continue
        run(["sh", "-c", "for i in $(seq 60); do /bin/true; done"])  # rows to be read
        before = taken(work.pid)
        work.stdin.write(b"\n")
        work.stdin.close()
        os.waitid(os.P_PID, work.pid, os.WEXITED | os.WNOWAIT)
        want = taken(work.pid) - before
        tool.send_signal(2)
        same((tool.wait(60), work.wait()), (0, 0), f"{where}attach {kind}, often: the tool and the workload")
        with open("/tmp/often.json", encoding="ascii") as f:
            objs = objects(f.read())
        got = sum(r["count"] for o in objs for r in o["processes"] if r["pid"] == work.pid)
        told = sum(losses(o).get(k, 0) for o in objs for k in losses(o)) + sum(o["missed_probe"] for o in objs)
        ok(want - got <= told, f"{where}attach {kind}, often: {max(0, want - got)} of {want} missed, all told", (want, got, told))
        same(sum(o["seen"] for o in objs), sum(o["stored"] + o["filtered"] + o["dropped"] for o in objs),
             f"{where}attach {kind}, often: seen = stored + dropped + filtered")
        print(f"# {where}attach {kind}, often: {len(objs)} reports, told {told}")


def ring_full():
    """A reader that sleeps: events are dropped, and counted."""
    n = 32000  # 128,000 events do not fit into 16 MiB
    env = {**os.environ, "MMS_EXPECT": EXPECT, "MMS_WAIT": "1"}
    work = subprocess.Popen([WORK, "contend", str(n)], stdin=subprocess.PIPE, env=env, text=True)
    tool = subprocess.Popen([MMSCOPE, "faults", "-O", "json", "--events", "-p", str(work.pid)],
                            stdout=subprocess.PIPE, text=True)
    until_armed(tool)
    tool.send_signal(19)
    work.communicate("\n", timeout=120)
    tool.send_signal(18)
    objs = objects(tool.communicate(timeout=120)[0])
    anon = sum(e["kind"] == "anon-zero-fill" for o in objs for e in o.get("events", []))
    last = objs[-1]
    ok(last["events_dropped"] > 0, "ring full: events are dropped", last)
    ok(anon <= last["streamed"], "ring full: streamed has all that came", (anon, last))
    same(last["stored"], last["streamed"] + last["events_dropped"], "ring full: stored = streamed + dropped")
    ok(last["stored"] >= 4 * n, "ring full: stored has every touch of the workload", last)


# Thousands of faults a second, and time for others.
BUSY = "while :; do /bin/true; sleep 0.02; done"


def whole_system():
    """Events of all processes, the tool's own among them: those that it says it streamed are there."""
    busy = subprocess.Popen(["sh", "-c", BUSY])
    for i in range(3):
        p = run([MMSCOPE, "faults", "-O", "json", "--events", "0.3", "1"])
        *batches, last = objects(p.stdout)
        same(sum(len(o["events"]) for o in batches), last["streamed"], f"whole system {i}: what was streamed was told")
        same(last["stored"], last["streamed"] + last["events_dropped"], f"whole system {i}: stored = streamed + dropped")
        ok(last["streamed"] > 50, f"whole system {i}: there were events", last)
    busy.kill()
    busy.wait()


def stream_ends():
    """A stream of events is whole when a signal ends it, prompt while it goes on, and silent when its reader leaves."""
    busy = subprocess.Popen(["sh", "-c", BUSY])
    argv = [MMSCOPE, "faults", "--events"]
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        tool = subprocess.Popen([*argv, "-O", "json"], stdout=subprocess.PIPE, text=True)
        first = tool.stdout.readline()
        ok(tool.poll() is None and objects(first), f"{sig.name}: events come while it runs", first)
        tool.send_signal(sig)
        text = first + tool.communicate(timeout=60)[0]
        *batches, last = objects(text)
        same((tool.returncode, text[-1]), (0, "\n"), f"{sig.name}: ends well")
        same(sum(len(o["events"]) for o in batches), last["streamed"], f"{sig.name}: what was streamed was told")
    for fmt in ("text", "csv", "json"):
        tool = subprocess.Popen([*argv, "-O", fmt], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        tool.stdout.readline()
        tool.stdout.close()
        same((tool.wait(60), tool.stderr.read()), (1, ""), f"{fmt}: the reader has left")
        tool.stderr.close()
    busy.kill()
    busy.wait()


def process():
    """-p sees one process only, and an interval what happened in it."""
    child = subprocess.Popen([sys.executable, "-c", """
import mmap, sys
m = mmap.mmap(-1, 4096 * 64, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
print("ready", flush=True)
sys.stdin.readline()
for i in range(37):
    m[i * 4096] = 1
print("done", flush=True)
sys.stdin.readline()
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.stdout.readline()
    tool = subprocess.Popen([MMSCOPE, "faults", "-O", "json", "-p", str(child.pid), "2", "3"],
                            stdout=subprocess.PIPE, text=True)
    first = json.loads(tool.stdout.readline())
    same(sum(k["count"] for k in first["kinds"]), 0, "process: asleep, no faults")
    child.stdin.write("\n")
    child.stdin.flush()
    child.stdout.readline()
    rest = [json.loads(tool.stdout.readline()) for _ in range(2)]
    tool.wait(60)
    got = sum((counts(o) for o in rest), collections.Counter())
    ok(got["anon-zero-fill"] >= 37 and got["anon-zero-fill"] <= 60, "process: 37 pages and few others", got)
    child.stdin.write("\n")
    child.stdin.flush()
    child.wait(10)
    ok(any(o["filtered"] for o in [first] + rest), "process: others are seen and filtered")


def cgroup():
    path = "/sys/fs/cgroup/mms-faults/below"
    os.makedirs(path, exist_ok=True)
    tool = subprocess.Popen([MMSCOPE, "faults", "-O", "json", "-e", "-c", "/sys/fs/cgroup/mms-faults"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until_armed(tool)
    run(["sh", "-c", f"echo $$ > {path}/cgroup.procs; exec {WORK} anon 230"])
    run([WORK, "anon", "111"])
    tool.send_signal(2)
    out, err = tool.communicate(timeout=60)
    if tool.returncode:
        ok(False, "cgroup: runs", err)
        return
    o = objects(out)[0]
    anon = sum(k["count"] for k in o["processes"] if k["kind"] == "anon-zero-fill")
    ok(230 <= anon < 300, "cgroup: only faults of the cgroup and below", anon)
    same({k["comm"] for k in o["processes"]}, {"faults"}, "cgroup: named by what it became")


def oom():
    path = "/sys/fs/cgroup/mms-oom"
    os.makedirs(path, exist_ok=True)
    if not os.path.exists(f"{path}/memory.max"):
        write("/sys/fs/cgroup/cgroup.subtree_control", "+memory")
    write(f"{path}/memory.max", "8M")
    write(f"{path}/memory.swap.max", "0")
    p = run([MMSCOPE, "faults", "-O", "json", "-o", "/tmp/oom.json", "--", "sh", "-c",
             f"echo $$ > {path}/cgroup.procs; exec {WORK} anon 8192"])
    with open("/tmp/oom.json", encoding="ascii") as f:
        o = json.loads(f.read())
    same(p.returncode, 128 + 9, "oom: killed")
    ok(counts(o)["oom"] >= 1, "oom: the failed fault has its kind", counts(o))
    same(o["minflt"] + o["majflt"], o["rusage_minflt"] + o["rusage_majflt"], "oom: minflt + majflt = rusage")


class Waits(Trace):
    """Calls of the functions in which a fault waits for a page that moves, as tracefs has them. .of(comm)"""

    FUNCTIONS = ("migration_entry_wait", "pmd_migration_entry_wait")

    def __init__(self):
        with open("/proc/kallsyms", encoding="ascii") as f:
            known = {line.split()[2] for line in f}
        self.probes = known.intersection(self.FUNCTIONS)
        for fn in self.probes:
            self.probe(f"p:mmswaits/{fn} {fn} comm=$comm")
        super().__init__("mmswaits")

    @staticmethod
    def probe(text):
        fd = os.open(f"{TRACEFS}/kprobe_events", os.O_WRONLY | os.O_APPEND)
        os.write(fd, text.encode())
        os.close(fd)

    def __exit__(self, *exc):
        super().__exit__(*exc)
        for fn in self.probes:
            self.probe(f"-:mmswaits/{fn}")

    def of(self, comm):
        return sum(f'comm="{comm}"' in text for _, _, _, text in self.events())


def raced(name, n, options):
    """Returns (objects, expected counts, waits for pages that move as the trace has them)."""
    with Waits() as waits:
        waits.on()
        objs, want = observe(options, name, n, work=RACES)
        waits.off()
        return objs, want, waits.of("races")


def looked_absent(got, want, kind):
    """
    PREEMPT_RT preempts whoever changes an entry, or fills a page, with the lock of the table held. Who
    comes then finds the page absent, and nothing to do once it has the lock.
    """
    late = got.get("anon-zero-fill", 0) - want.get("anon-zero-fill", 0)
    if "PREEMPT_RT" not in os.uname().version or kind not in want or not 0 < late <= 4:
        return want
    print(f"# {late} found the page absent for a moment")
    return {**want, "anon-zero-fill": want["anon-zero-fill"] + late, kind: want[kind] - late}


def race(name, n, kind):
    """A race that comes out as a kind at least n times: each fault of the region."""
    label = f"races {name} {n}"
    try:
        objs, want, waits = raced(name, n, ["--events"])
    except Skipped as why:
        skip(label, why)
        return False
    print(f"# {label}: {want}")
    ok(want.get(kind, 0) >= n, f"{label}: {kind} came about", want)
    events = region_events(objs)
    want = looked_absent(collections.Counter(e["kind"] for e in events), want, kind)
    as_expected(events, want, f"{label}: kind of each fault", objs)
    same(waits, want.get("migration-wait", 0), f"{label}: waits for pages that move, as in the trace")
    return True


def race_sums(name, n):
    (o,), _, waits = raced(name, n, [])
    identity(o, f"races {name} {n}")
    same(counts(o)["migration-wait"], waits, f"races {name} {n}: count of migration-wait, as in the trace")


def together():
    """Several threads at one page: all ask user space for it, or one fills it and the others find it there."""
    race("shared", 7, "userfault")
    if race("spurious", 19, "spurious"):
        race_sums("spurious", 19)


def moving():
    """Pages that are moved while they are touched: each fault waits for one."""
    if race("move", 60, "migration-wait"):
        race_sums("move", 60)
    race("move-huge", 20, "migration-wait")


PREEMPT = "/sys/kernel/debug/sched/preempt"


class FullPreemption:
    """with FullPreemption(): kernel code is preempted wherever it can be; after that as before."""

    def __enter__(self):
        if not os.path.exists(PREEMPT):
            raise Skipped("this kernel's preemption cannot be switched at run time")
        self.before = re.search(r"\((\w+)\)", read(PREEMPT))[1]
        write(PREEMPT, "full")
        same(re.search(r"\((\w+)\)", read(PREEMPT))[1], "full", "preempt=full: switched on")

    def __exit__(self, *exc):
        write(PREEMPT, self.before)


def preempted_as(kind, base):
    """One way to hang on the function, forced or (None) chosen, under preempt=full. Returns its name."""
    options = ["--attach", kind] if kind else []
    for name, n, what in (("blocked", 60, "userfault"), ("contend", 2000, "anon-zero-fill")):
        label = f"preempt=full, {kind or 'as chosen'}, {name}"
        try:
            (o,), want = observe(options, name, n)
        except (AssertionError, Skipped) as why:
            if kind and "status 3" in str(why):
                skip(label, str(why).replace("\n", " "))
            else:
                ok(False, label, why)
            return None
        if kind:
            same(o["seen"], o["stored"] + o["filtered"] + o["dropped"], f"{label}: seen = stored + dropped + filtered")
        else:
            identity(o, label)
        told = sum(losses(o).values()) + o["missed_probe"]
        lost = o["rusage_minflt"] + o["rusage_majflt"] - o["minflt"] - o["majflt"]
        ok(0 <= lost <= told, f"{label}: {lost} not counted, all told", o)
        missing = want[what] - (counts(o)[what] - base[what])
        # Of a chain whose first link was missed the rest is seen, and looks like another kind.
        ok(0 <= missing <= told, f"{label}: count of {what}, but for what was told", (missing, lost, told, counts(o)))
        print(f"# {label}: attached by {o['attach']}, {losses(o)} missed_probe {o['missed_probe']}")
    return o["attach"]


def preempted():
    """Where kernel code may be preempted anywhere the way that is chosen loses nothing, and others tell what they lose."""
    try:
        with FullPreemption():
            base = counts(observe([], "contend", 0)[0][0])
            chosen = preempted_as(None, base)
            for kind in ATTACH:
                if kind != chosen:
                    preempted_as(kind, base)
    except Skipped as why:
        skip("preempt=full", why)


def preempted_often():
    try:
        with FullPreemption():
            often("preempt=full, ", 3000)
    except Skipped as why:
        skip("preempt=full, often", why)


def passed_on():
    """What kill(1) sends to the tool alone reaches the command; its end is the tool's."""
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        tool = subprocess.Popen([MMSCOPE, "faults", "-O", "json", "--", "sleep", "60"],
                                stdout=subprocess.PIPE, text=True)
        until_armed(tool)
        tool.send_signal(sig)
        out = tool.communicate(timeout=30)[0]
        same(tool.returncode, 128 + sig, f"{sig.name} is passed on to the command")
        same([(o["signal"], o["in_flight"]) for o in objects(out)], [(sig, 0)], f"{sig.name}: and reported")


def zombie():
    """A process that has ended but was not waited for has ended."""
    child = subprocess.Popen(["sleep", "60"])
    tool = subprocess.Popen([MMSCOPE, "faults", "-O", "json", "-p", str(child.pid)], stdout=subprocess.PIPE)
    until_armed(tool)
    os.kill(child.pid, signal.SIGKILL)
    try:
        tool.wait(20)
    except subprocess.TimeoutExpired:
        tool.kill()
    same(tool.returncode, 0, "the end of a process that nobody waits for is seen")
    for command in ("faults", "cow", "tlb", "thp"):
        p = subprocess.run([MMSCOPE, command, "-p", str(child.pid), "0.2", "1"], capture_output=True, text=True, timeout=60, check=False)
        same((p.returncode, p.stdout, p.stderr),
             (1, "", f"mmscope: process {child.pid} has ended: its parent has not waited for it\n"), f"{command}: nor is one shown")
    child.wait()


def left_behind():
    """No event stays in tracefs, nor one that a killed mmscope had left."""
    def events():
        with open("/sys/kernel/tracing/kprobe_events", encoding="ascii") as f:
            return [line for line in f if "mmscope/" in line]
    argv = [MMSCOPE, "faults", "-O", "json", "--attach", "kprobe+kretprobe", "-p", str(os.getpid())]
    tool = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    until_armed(tool)
    same(len(events()), 2, "tracefs: two events while it runs")
    tool.kill()
    tool.wait()
    tool = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    until_armed(tool)
    same(len(events()), 2, "tracefs: those of a killed one are removed")
    tool.send_signal(signal.SIGINT)
    tool.wait(20)
    same(events(), [], "tracefs: none is left")


def refused():
    """Of an address that was refused only the signal is known: the rest is null, not 0."""
    objs, _ = observe(["--events"], "segv", 5)
    events = [e for o in objs for e in o.get("events", []) if e["kind"] == "segv"]
    keys = ("ns", "retries", "flags", "ret", "ip", "before", "level_before", "after", "level_after", "vma_start",
            "vma_end", "vm_flags", "pgoff", "dev", "inode", "file")
    same([{e[k] for k in keys} for e in events], [{None}] * 5, "segv: what is not known is null")


def hint_faults():
    """NUMA hint faults so far, and pages that they moved."""
    with open("/proc/vmstat", encoding="ascii") as f:
        v = dict(line.split() for line in f)
    return int(v.get("numa_hint_faults", 0)), int(v.get("numa_pages_migrated", 0))


def numa():
    if not os.path.exists("/sys/devices/system/node/node1"):
        skip("numa-hint", "one NUMA node only")
        return
    if not os.path.exists("/proc/sys/kernel/numa_balancing"):
        skip("numa-hint", "this kernel does not balance nodes")
        return
    write("/proc/sys/kernel/numa_balancing", "1")
    for name, value in (("scan_delay_ms", "50"), ("scan_period_min_ms", "50")):
        write(f"/sys/kernel/debug/sched/numa_balancing/{name}", value)
    # A process with a policy of its own is not balanced: vmstat then has the workload alone.
    libc = ctypes.CDLL(None, use_errno=True)
    both = ctypes.c_ulong(3)
    ok(libc.syscall(238, 2, ctypes.byref(both), ctypes.c_ulong(64)) == 0, "numa-hint: set_mempolicy(MPOL_BIND)")
    # One for all beside that of the command: others are balanced, too, the more the slower the machine.
    tool = subprocess.Popen([MMSCOPE, "faults", "-O", "json", "-o", "/tmp/numa.json", "3600"], stderr=subprocess.PIPE, text=True)
    try:
        until_armed(tool)
        before = hint_faults()
        (o,), _ = observe([], "numa", 2048)
        delta, moved = (a - b for a, b in zip(hint_faults(), before))
    finally:
        tool.send_signal(2)
        tool.wait(60)
    libc.syscall(238, 0, None, ctypes.c_ulong(0))
    with open("/tmp/numa.json", encoding="ascii") as f:
        of_all = counts(objects(f.read())[-1])["numa-hint"]
    got = counts(o)["numa-hint"]
    # Of two threads at the same page vmstat counts the first only; the second may see that the page has moved, and
    # of two observers one.
    near = max(50, of_all // 50)
    ok(abs(of_all - delta) <= near, "numa-hint: of all, as in vmstat", (got, of_all, delta))
    ok(100 < got <= of_all + near, "numa-hint: the command's are among them", (got, of_all, delta))
    here = next(k["bytes"] for k in o["kinds"] if k["kind"] == "numa-hint") // 4096
    ok(0 <= here - moved <= moved // 50 and moved > 100,
       "numa-hint: bytes are of the pages that moved, as in vmstat", (here, moved, got, delta))
    identity(o, "numa-hint")
    write("/proc/sys/kernel/numa_balancing", "0")


def bad_use():
    for argv, status in ((["-p", "0"], 2), (["-p", "x"], 2), (["--attach", "magic"], 2), (["--"], 2),
                         (["1", "0"], 2), (["-p", "4194303"], 1), (["--", "/no/such"], 1),
                         (["-c", "/no/such"], 1)):
        p = run([MMSCOPE, "faults", *argv])
        same(p.returncode, status, f"bad use: {' '.join(argv)}")
        ok(len(p.stderr.splitlines()) >= 1, f"bad use: {' '.join(argv)}: a line says why", p.stderr)
    p = run(["setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set", "-all", MMSCOPE, "faults", "1", "1"])
    if "setpriv" in p.stderr:
        skip("bad use: no rights", p.stderr.strip())
    else:
        same(p.returncode, 3, f"no rights: {p.stderr.strip()}")


# The same layout in each run: what a program does besides is then the same, too.
write("/proc/sys/kernel/randomize_va_space", "0")
for test in (kinds, swap, totals, shell, attach_kinds, no_loss, loss_is_told, often, ring_full, whole_system, stream_ends,
             process, cgroup, oom, together, moving, preempted, preempted_often, passed_on, zombie, left_behind, refused,
             numa, bad_use):
    if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
        case(test)
