#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""`mmscope tlb` against the kernel's trace of the same flushes, /proc/interrupts, and known workloads.

The workload (workloads/tlb.c) is stopped except while it does what it is told, so that its flushes from the
moment the tool counts to the moment it ends are those of the trace. The nr_tlb_* counters of /proc/vmstat would
be a third opinion; no kernel served is built with them.
"""
import collections
import ctypes
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from flushes import EVENTS, REASONS, owned, replay  # noqa: E402
from ktap import case, objects, ok, same, skip  # noqa: E402
from procs import Threads, until_armed  # noqa: E402
from tracing import Trace  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
LOST = ("dropped", "dropped_received", "missed_flush", "missed_recursion", "missed_probe", "missed_child")
TRIES = 20


def run(*argv, timeout=120, stdin=None):
    return subprocess.run([MMSCOPE, "tlb", *argv], capture_output=True, text=True, timeout=timeout, check=False, input=stdin)


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


class Tool:
    """It counts from here to end()."""

    def __init__(self, *argv):
        self.p = subprocess.Popen([MMSCOPE, "tlb", "-O", "json", *argv], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        try:
            until_armed(self.p)
        except AssertionError as why:
            self.p.kill()
            raise RuntimeError(f"{why}: {self.p.communicate()[1]}") from why

    def end(self, path=None):
        """The report; of a file, all in it."""
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGINT)
        out, err = self.p.communicate(timeout=120)
        if self.p.returncode:
            raise RuntimeError(f"ended with {self.p.returncode}: {err}")
        if not path:
            return objects(out)[-1]
        with open(path, encoding="ascii") as f:
            return objects(f.read())


def by_reason(o):
    """{reason: (flushes, pages, full)}"""
    out = {r: (0, 0, 0) for r in REASONS}
    out.update({r["reason"]: (r["flushes"], r["pages"], r["full"]) for r in o["reasons"]})
    return out


def row(o, pid):
    return next((p for p in o["processes"] if p["pid"] == pid), collections.defaultdict(int))


def received(o, by, of):
    return sum(r["flushes"] for r in o["received"] if (r["by_pid"], r["pid"]) == (by, of))


def interrupts():
    """How often a CPU was interrupted to flush its TLB."""
    with open("/proc/interrupts", encoding="ascii") as f:
        line = next(x.split() for x in f if x.strip().startswith("TLB:"))
    return sum(int(n) for n in line[1:] if n.isdigit())


def identity(o, name):
    same(o["seen"], o["stored"] + o["filtered"] + o["dropped"], f"{name}: seen = stored + dropped + filtered")
    same({k: o[k] for k in LOST if o[k]}, {}, f"{name}: nothing lost")
    events = sum(r["flushes"] + r["none"] for r in o["reasons"]) + o["cpus_hit"] + o["asked"]
    same(events, o["stored"], f"{name}: what is shown is what was stored")


def measure(work, t, *options):
    """(report on t while work() runs, what the kernel traced of it)"""
    with Trace(*EVENTS) as trace:
        tool = Tool(*(options or ("-p", str(t.pid))), "-e")
        trace.on()
        t.cont()
        work()
        t.stop()
        trace.off()
        o = tool.end()
        return o, trace.events()


def undisturbed(t, what, want, *options, reasons=("ipi-sent", "remote", "local-mm")):
    """
    Where somebody else gets the other CPU for a moment, there is nothing to shoot down, and where this one, the
    switch back has flushed what was to be flushed: try again. A slow machine does so at every tick, so the works are short.
    A kprobe that hits where another's program runs is missed, which is told, whoever it was that flushed: try again, too.
    """
    for _ in range(TRIES):
        o, events = measure(lambda: t.tell(what), t, *options)
        if all(by_reason(o)[r] == want for r in reasons) and not o["missed_probe"]:
            break
    return o, events


def alone():
    with Threads("0") as t:
        for what, want in (("protect 20 8", (20, 160, 0)), ("free 15 20", (15, 300, 0)), ("protect 12 64", (12, 0, 12)),
                           ("unmap 11 1", (11, 11, 0))):
            o, events = undisturbed(t, what, want, reasons=("local-mm",))
            got = by_reason(o)
            same(got["local-mm"], want, f"one thread, {what}: flushed where it runs")
            same(got, replay(events, t.tids()), f"{what}: every flush as the kernel traced it")
            p = row(o, t.pid)
            same((p["asked"], p["asked_pages"], p["asked_full"], p["asked_other"]), (*want, 0), f"{what}: and asked for")
            # Where it ran before it may count as one to be told, and be spared when the time comes.
            same((got["remote"], o["received"]), ((0, 0, 0), []), f"{what}: no other CPU flushed")
            # Some kernels ask there all the same, once a second, and trace that it was in vain.
            vain = sum(reason == "wrong-cpu" for reason, _, _ in owned(events))
            ok(o["cpus_hit"] <= vain, f"{what}: nor was one interrupted but in vain", (o["cpus_hit"], vain))
            identity(o, what)


def together():
    if len(os.sched_getaffinity(0)) < 2:
        skip("shootdowns between CPUs", "one CPU")
        return
    with Threads("0,1") as t:
        for what, want in (("unmap 12 1", (12, 12, 0)), ("protect 10 8", (10, 80, 0)), ("free 8 64", (8, 0, 8))):
            before = interrupts()
            o, events = undisturbed(t, what, want)
            got, p = by_reason(o), row(o, t.pid)
            same(got["ipi-sent"], want, f"two threads, {what}: so many shootdowns sent")
            same(got["remote"], want, f"{what}: received by the other CPU")
            same(got["local-mm"], want, f"{what}: flushed where they came from")
            same(p["cpus_hit"], want[0], f"{what}: one CPU interrupted each time")
            same((received(o, t.pid, t.pid), p["asked"]), (want[0],) * 2, f"{what}: caused by itself, as asked for")
            same(got, replay(events, t.tids()), f"{what}: every flush as the kernel traced it")
            ok(interrupts() - before >= p["cpus_hit"], f"{what}: no more than /proc/interrupts")
            identity(o, what)


def neighbours():
    """Two processes on the same CPUs: each its own, also at the switches between them."""
    with Threads("0,1") as a, Threads("0,1") as b:
        with Trace(*EVENTS) as trace:
            tool = Tool("-e")
            trace.on()
            a.cont()
            b.cont()
            for _ in range(5):
                a.tell("free 40 10")
                b.tell("free 60 10")
            a.stop()
            b.stop()
            trace.off()
            o = tool.end()
            events = trace.events()
        for t, nr in ((a, 200), (b, 300)):
            p, want = row(o, t.pid), replay(events, t.tids())
            got = tuple(p[k] for k in ("task_switch", "remote", "local", "local_mm", "ipi_sent"))
            same(got, tuple(want[r][0] for r in REASONS[:5]), f"{nr} frees beside others: every flush as traced")
            same(p["asked"], nr, f"{nr} frees: asked for")
            same(received(o, t.pid, t.pid), p["remote"], f"{nr} frees: what it received it had sent")
        ok(row(o, a.pid)["task_switch"] > 0, "task switches flush where PCID does not spare it", row(o, a.pid))
        same(received(o, a.pid, b.pid) + received(o, b.pid, a.pid), 0, "neither caused the other anything")
        identity(o, "neighbours")


def whole_system():
    """All that /proc/interrupts has, and no flush more than the trace."""
    with Threads("0,1") as t:
        for _ in range(TRIES):
            tool = Tool("-e")
            before = interrupts()
            t.cont()
            t.tell("free 200 3")
            t.stop()
            after = interrupts()
            o = tool.end()
            if o["cpus_hit"] == after - before:
                break
        same(o["cpus_hit"], after - before, "CPUs interrupted: as /proc/interrupts")
        same(sum(p["cpus_hit"] for p in o["processes"]), o["cpus_hit"], "the rows add up to it")
        for key, col in (("task-switch", "task_switch"), ("remote", "remote"), ("ipi-sent", "ipi_sent")):
            same(sum(p[col] for p in o["processes"]), by_reason(o)[key][0], f"{key}: the rows add up to the total")
        same(sum(r["flushes"] for r in o["received"]), by_reason(o)["remote"][0], "each received has a cause")
        identity(o, "the whole system")


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


def poke(pid, start, pages):
    """Write a byte to each page of another process."""
    libc = ctypes.CDLL(None, use_errno=True)
    byte = ctypes.create_string_buffer(b"x", 1)
    for i in range(pages):
        mine, theirs = Iovec(ctypes.addressof(byte), 1), Iovec(start + 4096 * i, 1)
        if libc.process_vm_writev(pid, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) != 1:
            raise OSError(ctypes.get_errno(), "process_vm_writev")


def another():
    """A process that has another's pages copied shoots that one down: who runs there has no part in it."""
    os.sched_setaffinity(0, {0})
    me = os.getpid()
    with Threads("0,1") as t:
        start = int(next(w[1] for w in t.lines if w[0] == "region"), 16)
        for _ in range(TRIES):
            t.cont()
            t.tell("share 0 1")
            # Its first thread sleeps in read(2), the second keeps CPU 1 busy.
            o, events = measure_running(lambda: poke(t.pid, start, 31), t)
            if row(o, me)["ipi_sent"] == row(o, t.pid)["remote"] == 31:
                break
        p, q = row(o, me), row(o, t.pid)
        same(p["ipi_sent"], 31, "31 pages of another process copied: 31 shootdowns sent")
        same(p["asked_other"], 31, "asked for, of another process")
        same((q["remote"], q["asked"], q["ipi_sent"]), (31, 0, 0), "received by that one, which caused none")
        same(received(o, me, t.pid), 31, "who caused what whom")
        sent = sum(1 for reason, _, who in owned(events) if reason == "ipi-sent" and who == me)
        same(sent, 31, "as the kernel traced it")
        identity(o, "another process")
    os.sched_setaffinity(0, set(range(os.cpu_count())))


def measure_running(work, t):
    with Trace(*EVENTS) as trace:
        t.cont()
        tool = Tool("-e")
        trace.on()
        work()
        trace.off()
        o = tool.end()
        t.stop()
        return o, trace.events()


def reclaim():
    """Pages swapped out by a write to memory.reclaim: who writes causes it, in batches."""
    path = "/sys/fs/cgroup/mms-tlb"
    os.makedirs(path, exist_ok=True)
    if not os.path.exists(f"{path}/memory.reclaim"):
        write("/sys/fs/cgroup/cgroup.subtree_control", "+memory")
    os.sched_setaffinity(0, {0})
    me = os.getpid()
    with Threads("0,1") as t:
        write(f"{path}/cgroup.procs", str(t.pid))
        t.cont()
        t.tell("free 1 512")
        t.tell("protect 2 1")  # touches all pages: they belong to the cgroup now

        def squeeze():
            try:
                write(f"{path}/memory.reclaim", "1M")
            except OSError:
                pass  # less than that was to be had
        o, events = measure_running(squeeze, t)
        sent = [pages for reason, pages, who in owned(events) if reason == "ipi-sent" and who == me]
        p = row(o, me)
        ok(p["batched"] > 0, "reclaim: shootdowns in batches, caused by who writes", p)
        same(p["ipi_sent"], len(sent), "reclaim: all of them as the kernel traced them")
        same(p["batched"], sum(n < 0 for n in sent), "reclaim: those for the pages of any process flush all")
        ok(received(o, me, t.pid) > 0, "reclaim: received by the process that loses pages", o["received"])
        identity(o, "reclaim")
    os.sched_setaffinity(0, set(range(os.cpu_count())))


def storm():
    """Threads that shoot each other down at once: a flush that is missed is told."""
    with Threads("0,1") as t:
        o, events = measure(lambda: t.tell("storm 15000 1"), t)
        want = replay(events, t.tids())
        got = by_reason(o)
        for reason in ("ipi-sent", "local-mm", "remote"):
            missing = want[reason][0] - got[reason][0]
            ok(0 <= missing <= o["missed_flush"], f"storm: {reason}: missed {missing} of {want[reason][0]}, told",
               (got, want, o["missed_flush"]))
        same(o["seen"], o["stored"] + o["filtered"] + o["dropped"], "storm: seen = stored + dropped + filtered")
        print(f"# storm: of {want['remote'][0]} received, {o['stood_in']} came in the midst of the program, {o['missed_flush']} were lost")


def attach_kinds():
    with Threads("0,1") as t:
        for kind in ("fentry", "kprobe"):
            try:
                o, events = undisturbed(t, "protect 10 3", (10, 30, 0), "-p", str(t.pid), "--attach", kind)
            except RuntimeError as why:
                t.cont()
                t.stop()
                if "ended with 3" in str(why):
                    skip(f"attach {kind}", str(why).strip())
                else:
                    ok(False, f"attach {kind}", why)
                continue
            same(o["attach"], kind, f"attach {kind}: named")
            same(by_reason(o), replay(events, t.tids()), f"attach {kind}: every flush as the kernel traced it")
            same((row(o, t.pid)["asked"], row(o, t.pid)["cpus_hit"]), (10, 10), f"attach {kind}: asked for, and hit")
            identity(o, f"attach {kind}")


def blind():
    """A program that sees nothing ends the run: kprobes switched off by hand stand for a function that was renamed."""
    knob = "/sys/kernel/debug/kprobes/enabled"
    if not os.path.exists(knob):
        skip("self-test", "no switch for kprobes")
        return
    write(knob, "0")
    try:
        p = run("--attach", "kprobe", "1", "1")
    finally:
        write(knob, "1")
    same((p.returncode, p.stdout), (1, ""), "self-test: a program that sees nothing fails the run")
    ok("self-test" in p.stderr and "switch_mm_irqs_off" in p.stderr and len(p.stderr.splitlines()) == 1,
       "self-test: one line names the hook", p.stderr)
    same(run("--attach", "kprobe", "0.1", "1").returncode, 0, "self-test: switched on again it passes")


def test_is_not_counted():
    """What the self-test's child did is in no count."""
    for kind in ("fentry", "kprobe"):
        o = objects(run("-O", "json", "-e", "--attach", kind, "1", "1").stdout)[0]
        own = [p for p in o["processes"] if p["comm"] == "mmscope"]
        ok(len(own) <= 1, f"{kind}: no child of the tool is in the rows", own)
        same(o["cpus_hit"] - sum(p["cpus_hit"] for p in o["processes"] if p["comm"] != "mmscope"), 0,
             f"{kind}: the tool shoots nobody down")


def command():
    """What one page more, unmapped N times, adds to a command."""
    def observed(n):
        p = run("-O", "json", "-e", "-o", "/tmp/tlb.json", "--", f"{os.environ['MMS_WORKLOADS']}/tlb", "0", stdin=f"unmap {n} 1\n")
        same(p.returncode, 0, f"command, {n}: its status is ours")
        with open("/tmp/tlb.json", encoding="ascii") as f:
            o = json.loads(f.read())
        identity(o, f"command, {n}")
        same([x["comm"] for x in o["processes"]], ["tlb"], f"command, {n}: it alone")
        ok(n <= by_reason(o)["local-mm"][0] + 10, f"command, {n}: its flushes", by_reason(o))
        return o["asked"]
    same(observed(207) - observed(100), 107, "command: 107 times more unmapped, 107 flushes more asked for")
    p = run("-O", "json", "-e", "--", "sh", "-c", f"echo unmap 50 1 | {os.environ['MMS_WORKLOADS']}/tlb 0 > /dev/null; exit 5")
    o = objects(p.stdout)[0]
    same((p.returncode, o["exit_status"], o["interval"]), (5, 5, 1), "command: one report, with its status")
    same({x["comm"] for x in o["processes"]}, {"sh", "tlb"}, "command: it and its children")
    ok(next(x["local_mm"] for x in o["processes"] if x["comm"] == "tlb") >= 50, "command: its children's flushes", o["processes"])
    identity(o, "command with children")


def cgroup():
    path = "/sys/fs/cgroup/mms-tlb/below"
    os.makedirs(path, exist_ok=True)
    with Threads("0") as inside, Threads("0") as outside:
        write(f"{path}/cgroup.procs", str(inside.pid))
        tool = Tool("-e", "-c", "/sys/fs/cgroup/mms-tlb")
        for t, n in ((inside, 41), (outside, 53)):
            t.cont()
            t.tell(f"unmap {n} 1")
            t.stop()
        o = tool.end()
        same([p["pid"] for p in o["processes"]], [inside.pid], "cgroup: only what is in it or below")
        same((o["asked"], o["asked_pages"]), (41, 41), "cgroup: the flushes that it asked for")
        ok(30 < by_reason(o)["local-mm"][0] <= 41, "cgroup: its flushes, but for those that a switch has done", by_reason(o))
        ok(o["filtered"] >= 53, "cgroup: others are seen and filtered", o["filtered"])
        identity(o, "cgroup")


def many():
    """More processes than the kernel's map has room for: told, or moved out in time."""
    nr = 9000
    with Threads("0") as t:
        t.cont()
        tool = Tool("-e", "-o", "/tmp/tlb.json")
        t.tell(f"children {nr} 0")
        o = tool.end("/tmp/tlb.json")[0]
        same(o["seen"], o["stored"] + o["filtered"] + o["dropped"], "full: seen = stored + dropped + filtered")
        ok(o["dropped"] > 0 and any("no room" in n for n in o["notes"]), "full: dropped, and told", o["dropped"])
        tool = Tool("-e", "-o", "/tmp/tlb.json", "0.5")
        t.tell(f"children {nr} 0")
        objs = tool.end("/tmp/tlb.json")
        pids = {p["pid"] for o in objs for p in o["processes"] if p["comm"] == "tlb"}
        same(sum(o["dropped"] for o in objs), 0, "with intervals the gone make room: none dropped")
        missed = {k: n for k in LOST if (n := sum(o[k] for o in objs))}
        ok(nr + 1 - sum(missed.values()) <= len(pids) <= nr + 1, "and every process has its row, or its flush is told as missed",
           (len(pids), missed))
        print(f"# full: {len(objs)} reports, {len(pids)} rows, missed {missed}")
        same(sum(o["seen"] for o in objs), sum(o["stored"] + o["filtered"] for o in objs), "none is lost on the way")


def intervals():
    """An interval has what happened in it."""
    with Threads("0") as t:
        tool = subprocess.Popen([MMSCOPE, "tlb", "-O", "json", "-p", str(t.pid), "2", "3"], stdout=subprocess.PIPE, text=True)
        first = json.loads(tool.stdout.readline())
        same((first["interval"], first["stored"]), (1, 0), "intervals: stopped, nothing")
        said = f"no flush of what is watched; {first['filtered']} events of others were seen"
        ok(said in first.get("notes", []), "intervals: which is said", first)
        t.cont()
        t.tell("unmap 37 1")
        t.stop()
        rest = [json.loads(tool.stdout.readline()) for _ in range(2)]
        same(tool.wait(60), 0, "intervals: so many, then the end")
        same(sum(o["asked"] for o in rest), 37, "intervals: 37 in those after")
        for o in rest:
            r = next(r for r in o["reasons"] if r["reason"] == "local-mm")
            ok(abs(r["per_second"] * o["span_ns"] / 1e9 - r["flushes"]) < 0.01, "intervals: rate times span = count", r)


def misses():
    """Counted where there is a PMU; else (TCG has none) a word, and no column of zeros."""
    objs = objects(run("-O", "json", "0.5", "2").stdout)
    told = [sum("no PMU" in n for n in o.get("notes", [])) for o in objs]
    counted = [o["dtlb_load_misses"] for o in objs if "dtlb_load_misses" in o]
    if counted:
        same((told, len(counted)), ([0, 0], 2), "TLB misses: in each report")
        ok(all(counted), "TLB misses: there are some", counted)
    else:
        same(told, [1, 0], "no PMU: told once")
        same([k for o in objs for k in o if "misses" in k or k.startswith("pmu")], [], "no PMU: no zeros")


def ends():
    """The process ends, a zombie included; signals are the command's."""
    child = subprocess.Popen(["sleep", "60"])
    tool = Tool("-p", str(child.pid))
    child.kill()
    try:
        tool.p.wait(20)
    except subprocess.TimeoutExpired:
        tool.p.kill()
    same(tool.p.returncode, 0, "the end of a process that nobody waits for is seen")
    child.wait()
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        tool = Tool("--", "sleep", "60")
        tool.p.send_signal(sig)
        out = tool.p.communicate(timeout=30)[0]
        same(tool.p.returncode, 128 + sig, f"{sig.name} is passed on to the command")
        same([o["signal"] for o in objects(out)], [sig], f"{sig.name}: and reported")


def left_behind():
    def events():
        with open("/sys/kernel/tracing/kprobe_events", encoding="ascii") as f:
            return [line for line in f if "mmscope/" in line]
    tool = Tool("--attach", "kprobe")
    same(len(events()), 4, "tracefs: four events while it runs")
    tool.p.kill()
    tool.p.wait()
    tool = Tool("--attach", "kprobe")
    same(len(events()), 4, "tracefs: those of a killed one are removed")
    tool.end()
    same(events(), [], "tracefs: none is left")


def bad_use():
    for argv, status in ((["-p", "4194303"], 1), (["--", "/no/such"], 1), (["-c", "/no/such"], 1)):
        p = run(*argv)
        same((p.returncode, len(p.stderr.splitlines())), (status, 1), f"bad use: {' '.join(argv)}: {p.stderr.strip()}")
    with Threads("0,0") as t:
        thread = max(t.tids())
        p = run("-p", str(thread))
        same(p.returncode, 1, f"bad use: a thread: {p.stderr.strip()}")
    p = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set", "-all", MMSCOPE, "tlb", "1", "1"],
                       capture_output=True, text=True, check=False)
    same((p.returncode, len(p.stderr.splitlines())), (3, 1), f"no rights: {p.stderr.strip()}")
    p = subprocess.run(["unshare", "--pid", "--fork", MMSCOPE, "tlb", "--", "true"], capture_output=True, text=True, check=False)
    same(p.returncode, 3, f"another pid namespace: {p.stderr.strip()}")


# The same layout in each run: what a program does besides is then the same, too.
write("/proc/sys/kernel/randomize_va_space", "0")
for test in (alone, together, neighbours, whole_system, another, reclaim, storm, attach_kinds, blind,
             test_is_not_counted, command, cgroup, many, intervals, misses, ends, left_behind, bad_use):
    if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
        case(test)
