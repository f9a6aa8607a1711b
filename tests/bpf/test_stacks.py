# SPDX-License-Identifier: GPL-2.0-only
"""Stacks of `mmscope faults --stacks` against programs whose functions are known.

The workload (workloads/stacks) touches N pages from one chain of functions and M
from another: exactly so many faults must be told under exactly these frames, and
the sum over all stacks must be the number of all faults.
"""
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, objects, ok, same  # noqa: E402
from procs import until_armed  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
DIR = os.environ["MMS_WORKLOADS"]
WORK = os.path.join(DIR, "stacks")
A = ["main", "outer_a", "middle_a", "touch_a"]
B = ["main", "outer_b", "lib_outer", "lib_touch"]
# What flamegraph.pl takes: frames that are not empty, ';' between them, one blank, a number.
FOLDED = re.compile(r"[^; \t\n]+(;[^; \t\n]+)* [1-9][0-9]*")
LOSSES = ("dropped", "missed_recursion", "missed_entry", "missed_return", "missed_child")


def run(argv, timeout=300, **more):
    return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False, **more)


def observe(command, *options):
    """One report of a command: the object, and what it wrote to stderr."""
    p = run([MMSCOPE, "faults", "--stacks=user", "-O", "json", "-o", "/tmp/stacks.json", *options, "--", *command])
    if p.returncode:
        raise AssertionError(f"status {p.returncode}: {p.stderr}")
    with open("/tmp/stacks.json", encoding="ascii") as f:
        (o,) = objects(f.read())
    return o


def folded(command, *options):
    """The lines of a command as (frames, number), every one of them well-formed."""
    p = run([MMSCOPE, "faults", "-o", "/tmp/stacks.folded", *options, "--", *command])
    if p.returncode:
        raise AssertionError(f"status {p.returncode}: {p.stderr}")
    with open("/tmp/stacks.folded", encoding="utf-8") as f:
        lines = f.read().splitlines()
    bad = [line for line in lines if not FOLDED.fullmatch(line)]
    same(bad, [], f"{os.path.basename(command[0])} {' '.join(options)}: {len(lines)} lines, all as flamegraph.pl takes them")
    return [(line.rsplit(" ", 1)[0].split(";"), int(line.rsplit(" ", 1)[1])) for line in lines], p.stderr


def of(o, chain, kind="anon-zero-fill", key="count"):
    """Sum over the stacks whose innermost functions are these."""
    return sum(s[key] for s in o["stacks"] if s["kind"] == kind and s["user"][-len(chain):] == chain)


def identity(o, name):
    same(sum(s["count"] for s in o["stacks"]), o["stored"], f"{name}: sum over stacks = stored")
    same(o["seen"], o["stored"] + o["filtered"] + o["dropped"] + o["sampled_out"], f"{name}: nothing unaccounted for")
    same({k: o[k] for k in LOSSES if o[k]}, {}, f"{name}: nothing lost")


def show(o, n=12):
    for s in sorted(o["stacks"], key=lambda s: -s["count"])[:n]:
        print("#", s["count"], s["comm"], s["kind"], ";".join(s["user"] or []), ";".join(s["kernel"] or []))


def exact():
    for n, m in ((230, 170), (17, 0)):
        o = observe([WORK, str(n), str(m)])
        if not same((of(o, A), of(o, B)), (n, m), f"{n} pages from touch_a, {m} from lib_touch"):
            show(o)
        identity(o, f"{n} {m}")
        same(of(o, A, key="bytes"), n * 4096, f"{n} {m}: bytes")
        same(o["rusage_minflt"] + o["rusage_majflt"], sum(s["count"] for s in o["stacks"] if s["kind"] != "segv"),
             f"{n} {m}: sum over stacks = rusage")
        same({s["comm"] for s in o["stacks"]}, {"stacks"}, f"{n} {m}: named by the command")


def children():
    """Who forks, who execs in between: each stack is named by what was mapped at its time."""
    o = observe([WORK, "41", "29", "fork"])
    same((of(o, ["main", "in_child"] + A[1:]), of(o, ["main", "in_child"] + B[1:])), (41, 29), "in a forked child")
    identity(o, "fork")
    o = observe(["sh", "-c", f"true; {WORK} 33 22; {WORK} 3 2; true"])
    same((of(o, A), of(o, B)), (36, 24), "in children of a shell")
    identity(o, "shell")
    # Two programs in one process, whose functions have the same addresses. libc has no frame
    # pointers: the chain goes astray there, and what nobody called is not told.
    first, second = (os.path.join(DIR, f"stacks-{i}") for i in ("first", "second"))
    o = observe([first, "31", "0", "exec", second, "19", "0"])
    got = {i: sum(s["count"] for s in o["stacks"] if s["kind"] == "anon-zero-fill" and
                  s["user"] == ["__libc_start_call_main", "main", "outer_a", "middle_a", f"{i}_touch_a"])
           for i in ("first", "second")}
    if not same(got, {"first": 31, "second": 19}, "before and after an exec, at the same addresses"):
        show(o)
    identity(o, "exec")


def ended():
    """All processes, and the one of interest came and went before the report."""
    tool = subprocess.Popen([MMSCOPE, "faults", "--stacks=user", "-O", "json"], stdout=subprocess.PIPE, text=True)
    until_armed(tool)
    run([WORK, "123", "45"])
    time.sleep(1)
    tool.send_signal(signal.SIGINT)
    (o,) = objects(tool.communicate(timeout=60)[0])
    mine = dict(o, stacks=[s for s in o["stacks"] if s["comm"] == "stacks"])
    if not same((of(mine, A), of(mine, B)), (123, 45), "a process that ended before the report"):
        show(mine)
    # The tool faults, too, between reading the one and the other.
    missing = o["stored"] - sum(s["count"] for s in o["stacks"])
    ok(0 <= missing < 300, f"all processes: sum over stacks = stored, but for {missing} while they were read", missing)


def waiting(work, m="61"):
    return subprocess.Popen([work, "83", m, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def running():
    """A process that ran before the tool: what it has mapped is read from /proc."""
    work = waiting(WORK)
    work.stdout.readline()
    tool = subprocess.Popen([MMSCOPE, "faults", "--stacks=user", "-O", "json", "-p", str(work.pid)],
                            stdout=subprocess.PIPE, text=True)
    until_armed(tool)
    work.communicate("\n", timeout=60)
    (o,) = objects(tool.communicate(timeout=60)[0])
    same((of(o, A), of(o, B)), (83, 61), "a process that ran before")
    identity(o, "running")


def interval():
    """Each report has what came since the one before."""
    work = waiting(WORK)
    work.stdout.readline()
    tool = subprocess.Popen([MMSCOPE, "faults", "--stacks=user", "-O", "json", "-p", str(work.pid), "2", "3"],
                            stdout=subprocess.PIPE, text=True)
    (first,) = objects(tool.stdout.readline())
    same(of(first, A), 0, "interval: none yet")
    work.communicate("\n", timeout=60)
    rest = objects(tool.communicate(timeout=60)[0])
    same(sum(of(o, A) for o in rest), 83, "interval: once")


def changed():
    """A program, or a library, that was replaced behind its back: no name rather than a wrong one."""
    os.makedirs("/tmp/moved", exist_ok=True)
    for f in ("stacks", "libmmsstacks.so"):
        shutil.copy(os.path.join(DIR, f), "/tmp/moved")
    work, lib = "/tmp/moved/stacks", "/tmp/moved/libmmsstacks.so"
    script = (f"{work} 51 37; cp {DIR}/stacks-first /tmp/moved/new; mv /tmp/moved/new {work}; "
              f"cp {DIR}/stacks-first {lib}")
    o = observe(["sh", "-c", script])
    names = collections.Counter(f for s in o["stacks"] if s["comm"] == "stacks" for f in s["user"])
    same([f for f in names if "touch" in f or "outer" in f or f == "main"], [], "replaced: none of its functions")
    mine = sum(s["count"] for s in o["stacks"] if s["kind"] == "anon-zero-fill" and
               s["user"][-1] in ("[stacks]", "[libmmsstacks.so]") and "[stacks]" in s["user"])
    ok(mine >= 51 + 37, "replaced: the faults are told all the same", names)
    identity(o, "replaced")


def formats():
    """Text is folded; the same sums as json, by count, by time and by bytes."""
    lines, err = folded([WORK, "230", "170"], "--stacks=user")
    tail = A + ["fault:anon-zero-fill"]
    same(sum(n for f, n in lines if f[0] == "stacks" and f[-5:] == tail), 230, "folded: the same count")
    same(err, "", "folded: nothing to say besides")
    lines, _ = folded([WORK, "230", "170"], "--stacks=user", "--weight=bytes")
    same(sum(n for f, n in lines if f[-5:] == tail), 230 * 4096, "folded: bytes")
    lines, _ = folded([WORK, "230", "170"], "--stacks=user", "--weight=ns")
    ok(sum(n for f, n in lines if f[-5:] == tail) > 230 * 100, "folded: time", lines[:5])
    p = run([MMSCOPE, "faults", "--stacks", "-O", "csv", "-o", "/tmp/stacks.csv", "--", WORK, "5", "5"])
    with open("/tmp/stacks.csv", encoding="utf-8") as f:
        same(f.readline(), "comm,pid,user,kernel,kind,origin,count,ns,bytes\n", f"csv: header {p.stderr}")


def kernel():
    """Stacks of the kernel: the exception's, and the system call's that touched the pages."""
    o = observe([WORK, "64", "0", "read"], "--stacks=both")
    touched = [s for s in o["stacks"] if s["origin"] == "kernel" and "main" in s["user"] and
               s["kind"] == "anon-zero-fill"]
    same(sum(s["count"] for s in touched), 64, "kernel: pages that read(2) touched")
    ok(touched and all(any("read" in f for f in s["kernel"]) for s in touched), "kernel: under read", touched[:2])
    users = [s for s in o["stacks"] if s["origin"] == "user"]
    ok(users and all(any("exc_page_fault" in f for f in s["kernel"]) for s in users), "kernel: under the exception",
       [s for s in users if not any("exc_page_fault" in f for f in s["kernel"])][:2])
    raw = {f for s in o["stacks"] for f in s["kernel"] if f.startswith("0x")}
    same(raw, set(), "kernel: every frame has a name")
    identity(o, "kernel")
    show(o, 4)
    lines, _ = folded([WORK, "64", "0", "read"], "--stacks")
    ok(any(f[-2].endswith("_[k]") for f, _ in lines), "kernel: marked in folded lines", lines[:3])
    same([f for f, _ in lines if any(g.endswith("_[k]") and not h.endswith("_[k]") and not h.startswith("fault:")
                                     for g, h in zip(f, f[1:]))], [], "kernel: below the program's frames")
    o = observe([WORK, "64", "0", "read"], "--stacks=kernel")
    same({s["user"] for s in o["stacks"] if s["user"] is None} | {s["user"] and 1 for s in o["stacks"]}, {None},
         "kernel alone: no frames of the program")
    identity(o, "kernel alone")


def programs():
    """Real ones: built without frame pointers, so that chains are short; sums are whole."""
    sql = ("create table t(a integer primary key, b text); with recursive c(x) as (select 1 union all select x+1 "
           "from c where x < 20000) insert into t select x, hex(randomblob(20)) from c; select count(*) from t;")
    for command, want in ((["python3", "-c", "x = [str(i) for i in range(100000)]; print(len(x))"], r"_?Py\w+"),
                          (["sqlite3", ":memory:", sql], r"sqlite3\w+|\[libsqlite3.*\]")):
        name = command[0]
        o = observe(command)
        identity(o, name)
        same(o["rusage_minflt"] + o["rusage_majflt"], sum(s["count"] for s in o["stacks"] if s["kind"] != "segv"),
             f"{name}: sum over stacks = rusage")
        frames = collections.Counter()
        for s in o["stacks"]:
            frames[s["user"][-1]] += s["count"]
        total = sum(frames.values())
        known = sum(n for f, n in frames.items() if not f.startswith("0x") and not f.startswith("[no stack"))
        ok(known >= total * 0.99, f"{name}: of {total} faults {known} with a function or a library",
           frames.most_common(20))
        ok(any(re.fullmatch(want, f) for f in frames), f"{name}: its own functions", frames.most_common(20))
        print("#", name, frames.most_common(8))
        folded(command, "--stacks")


def too_many():
    """More stacks than there is room for: told, and still in the sum."""
    o = observe([WORK, "16", "0", "tree"])
    lost = [s for s in o["stacks"] if s["user"][0].startswith("[no stack")]
    identity(o, "tree")
    got = sum(s["count"] for s in o["stacks"] if s["user"][-1] == "tree")
    print("#", o["stack_lost"], "stacks lost,", got, "with a stack,", len(o["stacks"]), "lines")
    same(sum(s["count"] for s in lost), o["stack_lost"], "tree: those without a stack have a frame that says so")
    ok(got + o["stack_lost"] >= 1 << 16, "tree: all are there", (got, o["stack_lost"]))
    ok(o["stack_lost"] > 0, "tree: there is no room for all of them", o["stack_lost"])
    ok(any("stack" in n for n in o.get("notes", [])), "tree: said in words", o.get("notes"))


for test in (exact, children, ended, running, interval, changed, formats, kernel, programs, too_many):
    if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
        case(test)
