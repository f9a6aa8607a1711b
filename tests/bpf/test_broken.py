#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the tool says when what it stands on breaks under it: its output, debugfs, the module, a map or a ring of the
kernel that is full, probes, the cgroup it watches, its own life. One line and a sane status, or the loss is told."""
import contextlib
import errno
import mmap
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, objects, ok, same  # noqa: E402
from module import insmod, rmmod  # noqa: E402
from mms import control, targets  # noqa: E402
from procs import BIN, until_armed  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
ME = str(os.getpid())
DEBUGFS = "/sys/kernel/debug"
TRACEFS = "/sys/kernel/tracing"
BPF = (["faults"], ["faults", "--events"], ["cow"], ["tlb"], ["thp"], ["thrash"])
MODULE = (["walk", ME, "400000"], ["maps", ME], ["ranges", ME], ["census", ME], ["wss", ME, "0.3", "1"])
NO_DEBUGFS = ["unshare", "--mount", "sh", "-c", f"umount -l {DEBUGFS} && exec \"$@\"", "sh"]


def run(argv, by=(), **kw):
    kw = {"stdout": subprocess.PIPE, **kw}
    return subprocess.run([*by, MMSCOPE, *argv], stderr=subprocess.PIPE, text=True, timeout=300, check=False, **kw)


def bpftool(*argv):
    return subprocess.run(["bpftool", *argv], capture_output=True, text=True, check=False)


def ids(what):
    """Of all programs, maps or links."""
    return re.findall(r"^(\d+): ", bpftool(what).stdout, re.M)


def said(text):
    """But for what csv and text say of the data."""
    return [li for li in text.splitlines() if not li.startswith("# ")]


@contextlib.contextmanager
def running(*argv):
    """A tool that reports as JSON; whatever happens it does not stay."""
    with subprocess.Popen([MMSCOPE, argv[0], "-O", "json", *argv[1:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tool:
        try:
            yield tool
        finally:
            tool.kill()


def ended(tool, name, sig=None):
    """Its status, what it printed since, what it said; a tool that hangs fails the test."""
    if sig:
        tool.send_signal(sig)
    try:
        out, err = tool.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        tool.kill()
        out, err = tool.communicate()
        ok(False, f"{name}: it ends", out[-300:])
    return tool.returncode, out, said(err)


def report(tool):
    return objects(tool.stdout.readline())[0]


def told(tool, word, there=True):
    """Whether one of the next reports has a note with that word, or none; a few may have waited in the pipe."""
    return any(there == any(word in s for s in report(tool).get("notes", [])) for _ in range(20))


def write(path, text):
    """Return: 0 or the errno."""
    try:
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
    except OSError as e:
        return e.errno
    return 0


@contextlib.contextmanager
def off(knob):
    """A switch of the kernel, until it is on again."""
    same(write(knob, "0"), 0, f"{knob} is off")
    try:
        yield
    finally:
        write(knob, "1")


def pages(n, prot):
    """N mappings of one page; those that can be are written to."""
    for _ in range(n):
        m = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=prot)
        if prot & mmap.PROT_WRITE:
            m[0] = 1
        m.close()


def label(argv):
    return " ".join(argv).replace(ME, "PID")


def counts(tool, name):
    """Faults of ours are counted, or told as missed: 6.12's kprobe.session misses some. Older reports may wait in the pipe."""
    pages(500, mmap.PROT_READ | mmap.PROT_WRITE)
    sums = {"faults": 0}
    for _ in range(40):
        for k, n in report(tool).items():
            if k == "faults" or k.startswith("missed"):
                sums[k] = sums.get(k, 0) + n
        if sum(sums.values()) >= 500:
            break
    ok(sum(sums.values()) >= 500 and sums["faults"], name, sums)


def outputs():
    """No room; no reader."""
    for argv in (*([*a, "0.2", "1"] for a in BPF), *MODULE):
        with open("/dev/full", "w", encoding="ascii") as full:
            p = run(argv, stdout=full)
        # thrash sums up on stderr what it saw, and wss what it cost
        told = [li for li in said(p.stderr) if "No space left" in li]
        ok(p.returncode == 1 and len(told) == 1 and told[0].startswith("mmscope: "), f"no room: {label(argv)}", (p.returncode, p.stderr))
    for argv in (["tlb", "0.2"], ["faults", "--events"], *MODULE):
        r, w = os.pipe()
        os.close(r)
        p = run(argv, stdout=w)
        os.close(w)
        same((p.returncode, [li for li in said(p.stderr) if "module's scans" not in li]), (1, []), f"no reader: {label(argv)}")


def no_debugfs():
    """Never there: what can do without does and says so. Gone under a tool: it says so, and takes its target back."""
    for argv in MODULE:
        p = run([*argv, "-O", "json"], NO_DEBUGFS)
        if argv[0] in ("census", "wss"):
            ok(p.returncode == 3 and not p.stdout and len(p.stderr.splitlines()) == 1 and "debugfs" in p.stderr,
               f"no debugfs: {argv[0]} says so", (p.returncode, p.stdout[:200], p.stderr))
        else:
            ok(p.returncode == 0 and "debugfs" in p.stdout + p.stderr and objects(p.stdout),
               f"no debugfs: {argv[0]} reads /proc, and says why", (p.returncode, p.stdout[:400], p.stderr))
    p = run(["tlb", "0.2", "1"], NO_DEBUGFS)
    same((p.returncode, p.stderr), (0, ""), "no debugfs: tlb needs none")
    p = run(["doctor"], NO_DEBUGFS)
    ok(p.returncode == 0 and re.search(r"^debugfs +no ", p.stdout, re.M), "no debugfs: doctor names it", p.stdout[:400])
    with running("wss", ME, "0.5") as tool:
        report(tool)
        subprocess.run(["umount", "-l", DEBUGFS], check=True)
        try:
            status, _, lines = ended(tool, "debugfs goes")
        finally:
            subprocess.run(["mount", "-t", "debugfs", "none", DEBUGFS], check=True)
    ok(status == 3 and len(lines) == 1 and "debugfs is not mounted" in lines[0], "debugfs goes: wss says so and ends", (status, lines))
    same(targets(), {}, "debugfs goes: wss leaves no target")


def module_gone():
    """Of a target of its own the tool holds the module; of another user's the module goes under it."""
    with running("wss", ME, "0.5") as tool:
        report(tool)
        ok(rmmod(3), "the module is held by its user")
        ok([report(tool) for _ in range(3)][2], "the module is held: wss goes on")
        same((ended(tool, "the module is held", signal.SIGINT)[0], targets()), (-signal.SIGINT, {}), "the module is held: wss ends well")
    for back in (False, True):
        name = "the module goes and comes back" if back else "the module goes"
        same((control(f"+ {ME}"), control(f"sample {ME} 50")), (0, 0), f"{name}: another user's target")
        with running("wss", ME, "1") as tool:
            report(tool)
            try:
                if back:
                    tool.send_signal(signal.SIGSTOP)
                same(rmmod(), "", f"{name}: it may")
                if back:
                    same(insmod(), "", f"{name}: loaded")
                    tool.send_signal(signal.SIGCONT)
                    ok([report(tool) for _ in range(3)][2], f"{name}: wss begins anew and goes on")
                    same(ended(tool, name, signal.SIGINT)[0], -signal.SIGINT, f"{name}: wss ends well")
                else:
                    status, _, lines = ended(tool, name)
                    ok(status == 3 and len(lines) == 1 and "mmscope.ko is not loaded" in lines[0], f"{name}: wss says so and ends", (status, lines))
                    p = run(["census", ME])
                    same((p.returncode, len(p.stderr.splitlines())), (3, 1), f"{name}: census says so")
            finally:
                insmod()    # fails where it is loaded
        same(targets(), {}, f"{name}: nobody is followed")


def map_full():
    """More processes than the kernel's map has room for: what is not counted is told."""
    n = 4500    # of two sorts of faults at least: 8192 is room for all
    with running("faults") as tool:
        until_armed(tool)
        subprocess.run([f"{BIN}/crowd"], input=f"storm {n}\n", stdout=subprocess.DEVNULL, text=True, check=False, timeout=300)
        status, out, _ = ended(tool, "map full", signal.SIGINT)
    o = objects(out)[-1]
    print("#", {k: o[k] for k in o if k.startswith(("seen", "stored", "filtered", "dropped"))})
    same(status, 0, "map full: the tool ends well")
    same(o["seen"], o["stored"] + o["filtered"] + o["sampled_out"] + o["dropped"], "map full: seen = stored + dropped + filtered")
    ok(o["dropped_map_full"] > 0 and any("no room" in s for s in o.get("notes", [])), "map full: the loss is told", o.get("notes"))


def ring_full():
    """A tool that is stopped reads no ring: neither events nor mappings are lost without a word."""
    for argv, n, prot in ((["--stacks"], 9000, mmap.PROT_READ | mmap.PROT_EXEC),
                          (["--events", "--kind", "spurious"], 90000, mmap.PROT_READ | mmap.PROT_WRITE)):
        name = f"ring full: {argv[0]}"
        with running("faults", *argv, "-p", ME) as tool:
            until_armed(tool)
            tool.send_signal(signal.SIGSTOP)
            pages(n, prot)
            tool.send_signal(signal.SIGCONT)
            status, out, _ = ended(tool, name, signal.SIGINT)
        o = objects(out)[-1]
        ok(status == 0 and any(s.startswith("lost: ") for s in o.get("notes", [])), f"{name}: the loss is told", (status, o.get("notes")))
        same(o["seen"], o["stored"] + o["filtered"] + o["sampled_out"] + o["dropped"], f"{name}: seen = stored + dropped + filtered")
        if "events_dropped" in o:
            same(o["stored"], o["streamed"] + o["events_dropped"], f"{name}: stored = streamed + dropped")
            ok(o["stored"] >= n, f"{name}: the counts have all", o["stored"])


def probes_gone():
    """Links are not detached by others, but all kprobes and ftrace can be switched off: then that is told."""
    kprobes, ftrace = f"{DEBUGFS}/kprobes/enabled", "/proc/sys/kernel/ftrace_enabled"
    for argv, knob in ((["faults", "--attach", "kprobe+kretprobe", "-p", ME], kprobes),
                       (["faults", "--attach", "kprobe.session", "--no-kinds", "-p", ME], ftrace),
                       (["thrash"], kprobes), (["thp"], kprobes)):
        name = f"probes go: {' '.join(argv[:3])}"
        off_words = f"{'kprobes are' if knob == kprobes else 'ftrace is'} switched off"
        with running(*argv, "1") as tool:
            ok(not any(off_words in s for s in report(tool).get("notes", [])), f"{name}: they are on")
            if argv[0] == "faults":
                links = ids("link")
                ok(links and all(bpftool("link", "detach", "id", i).returncode for i in links), f"{name}: no link is detached by others", links)
            if "kprobe+kretprobe" in argv:
                same((write(f"{TRACEFS}/events/mmscope/enable", "0"), write(f"{TRACEFS}/kprobe_events", "")), (0, errno.EBUSY),
                     f"{name}: tracefs's switch is of another user, and takes no event away")
                counts(tool, f"{name}: the tool goes on")
            with off(knob):
                ok(told(tool, off_words), f"{name}: that is told")
            ok(told(tool, off_words, False), f"{name}: on again it goes on")
            if argv[0] == "faults":
                counts(tool, f"{name}: and counts")
            same(ended(tool, name, signal.SIGINT)[0], 0, f"{name}: it ends well")
    with off(kprobes):
        for argv in (["faults"], ["thrash"], ["thp"]):
            p = run([*argv, "0.2", "1"])
            ok(p.returncode in (1, 3) and not p.stdout and len(p.stderr.splitlines()) == 1, f"probes are off: {argv[0]} says so", (p.returncode, p.stderr))


def cgroup_gone():
    """It is removed under who watches it, and another one takes its name."""
    group = "/sys/fs/cgroup/mms-gone"
    for again, argv in enumerate((["faults"], ["cow"], ["tlb"], ["thp"], ["thrash"])):
        os.mkdir(group)
        with running(*argv, "-c", "mms-gone", "0.5") as tool:
            report(tool)
            os.rmdir(group)
            if again % 2:
                os.mkdir(group)
            status, _, lines = ended(tool, f"cgroup goes: {argv[0]}")
        lines = [li for li in lines if " intervals, " not in li]    # of thrash: what it saw
        same((status, lines), (0, ["mmscope: cgroup '/mms-gone' is gone"]), f"cgroup goes: {argv[0]} says so and ends")
        if again % 2:
            os.rmdir(group)


def left_behind():
    """Whoever is killed leaves no program, map or link; and of the module what the manual says."""
    def ours():
        return [len(ids(what)) for what in ("prog", "map", "link")]

    before = ours()
    for argv in (["faults"], ["tlb"], ["thrash"], ["wss", ME]):
        with running(*argv, "0.5") as tool:
            report(tool)
            ok(argv[0] == "wss" or ours() > before, f"killed: {argv[0]} has programs while it runs", ours())
            tool.kill()
            tool.wait()
        for _ in range(30):
            if ours() == before:
                break
            time.sleep(0.1)
        same(ours(), before, f"killed: {argv[0]} leaves no program, map or link")
        p = run([*argv, "0.5", "1"])
        same((p.returncode, [li for li in said(p.stderr) if " intervals, " not in li and "module's scans" not in li]), (0, []),
             f"killed: the next {argv[0]} works")
    same(list(targets()), [int(ME)], "killed: wss leaves its target")
    same((control(f"- {ME}"), targets()), (0, {}), "killed: which is removed by hand")


for test in (module_gone, no_debugfs, probes_gone, cgroup_gone, outputs, ring_full, left_behind, map_full):
    if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
        case(test)
