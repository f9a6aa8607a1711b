#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""+ PID follow: children are targets from their first moment, whatever forks, and whatever becomes of them."""
import errno
import os
import shutil
import subprocess
import sys
import time

from ktap import SLOW, case, ok, same, skip
from mms import ROOT, control, pairs, read, targets
from procs import Crowd, Proc, popen

PARAM = "/sys/module/mmscope/parameters/max_targets"


def await_(what, secs=20):
    """Wait until what() is true: children are listed a moment after they began."""
    end = time.monotonic() + secs * SLOW
    while time.monotonic() < end:
        r = what()
        if r:
            return r
        time.sleep(0.02)
    return what()


def children(stat="children"):
    return int(pairs("stats")[stat])


def cmdline(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        return f.read().split(b"\0")[0].decode()


def ppid(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def descendant(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        kids = f.read().split()
    return int(kids[-1]) if kids else None


def generations():
    with Crowd() as c:
        same(pairs(f"{c.pid}/status")["parent"], "0", "nobody's child")
        c.tell("chain 5")
        ok(await_(lambda: len(targets()) == 6), "five generations", read("control"))
        for pid in set(targets()) - {c.pid}:
            s = pairs(f"{pid}/status")
            same((s["state"], s["follow"], int(s["parent"])), ("live", "yes", ppid(pid)), "a descendant and its parent")
            late = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - int(s["start_time_ns"]) - int(s["tracked_ns"])
            ok(-10**6 < late < 10**9, "tracked since it was forked", f"{late} ns late")
            ok("crowd" in read(f"{pid}/maps"), "it has its own tables")
        same(control(f"- {c.pid}"), 0, "forget the first")
        c.tell("fork 1")
        time.sleep(0.3)
        same(len(targets()), 5, "its descendants stay, and no child follows")
        control("clear")


def shared():
    with Crowd() as c:
        pid = c.tell("share 1")
        ok(await_(lambda: pid in targets()), "a process with its parent's memory is a target")
        same(pairs(f"{pid}/status")["parent"], str(c.pid), "of its parent")
        same(read(f"{pid}/maps"), read(f"{c.pid}/maps"), "with the same tables")
        c.tell("kill 0")
        same(targets()[pid][0], "exited", "it exits alone")
        same(targets()[c.pid][0], "live", "its parent lives")
        control("clear")


def shells():
    script = "read x; cat /proc/version | wc -c; sleep 77 & wait"
    p = popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    control(f"+ {p.pid} follow")
    p.stdin.write(b"\n")
    p.stdin.flush()
    kids = await_(lambda: {c: n for n, (s, c) in targets().items() if c == "sleep" and s == "live"})
    ok(kids, "a shell's child is followed through exec", read("control"))
    ok("sleep" in read(f"{kids['sleep']}/maps") or "busybox" in read(f"{kids['sleep']}/maps"), "it has the new program's tables")
    same(pairs(f"{kids['sleep']}/status")["parent"], str(p.pid), "its parent is the shell")
    ended = sorted(c for s, c in targets().values() if s == "exited")
    same(ended, ["cat", "wc"], "both ends of a pipe, ended")
    os.kill(kids["sleep"], 9)
    p.wait()
    control("clear")


SPAWN = """
import os, subprocess, sys
sys.stdin.readline()
a = subprocess.Popen(["sleep", "71"])
b = os.posix_spawn(sys.argv[1], ["sleep", "72"], os.environ)
c = subprocess.Popen("sleep 73", shell=True)
print(a.pid, b, c.pid, flush=True)
os.system("true")
print("over", flush=True)
sys.stdin.readline()
os.kill(a.pid, 9), os.kill(b, 9), os.kill(c.pid, 9)
"""


def spawned():
    """vfork and posix_spawn: the child has its parent's mm until exec."""
    p = popen([sys.executable, "-c", SPAWN, shutil.which("sleep")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    before, lost = children(), children("children_lost")
    control(f"+ {p.pid} follow")
    p.stdin.write("\n")
    p.stdin.flush()
    pids = list(map(int, p.stdout.readline().split()))
    p.stdout.readline()
    for pid, how in zip(pids, ("vfork", "posix_spawn", "a shell by vfork")):
        ok(await_(lambda: pid in targets() and pairs(f"{pid}/status").get("comm") in ("sleep", "sh")), f"{how}: a target", read("control"))
        ok(await_(lambda: targets()[pid][0] == "live"), f"{how}: live", read("control"))
        same(pairs(f"{pid}/status")["parent"], str(p.pid), f"{how}: its parent")
        with open(f"/proc/{pid}/maps", encoding="ascii") as f:
            first = f.readline().split()[0].split("-")[0]
        ok(first.lstrip("0") in read(f"{pid}/maps").split("-")[0], f"{how}: its own tables", read(f"{pid}/maps")[:100])
    ok(await_(lambda: children() - before >= 4), "system(3) too", children() - before)
    same(children("children_lost") - lost, 0, "none was lost")
    p.stdin.write("\n")
    p.stdin.flush()
    p.wait()
    control("clear")


def execs():
    """A file of the old program's gives EIO; the new one's are beside it."""
    p = popen(["sh", "-c", "read x; exec sleep 600"], stdin=subprocess.PIPE)
    control(f"+ {p.pid} follow")
    fd = os.open(f"{ROOT}/{p.pid}/maps", os.O_RDONLY)
    ok(os.read(fd, 10), "it is read before exec")
    p.stdin.write(b"\n")
    p.stdin.flush()
    ok(await_(lambda: targets().get(p.pid) == ("live", "sleep")), "replaced by the new program", read("control"))
    try:
        os.lseek(fd, 0, os.SEEK_SET)
        os.read(fd, 10)
        ok(False, "the old file is gone")
    except OSError as e:
        same(e.errno, errno.EIO, "the old file is gone")
    os.close(fd)
    ok(read(f"{p.pid}/maps"), "the new one is read")
    p.kill()
    p.wait()
    same(targets()[p.pid], ("exited", "sleep"), "and the dead keeps its name")
    control("clear")


def room():
    with Proc("loop", "1", "1", ready="lap") as other, Crowd() as c:
        lost = children("children_lost")
        c.tell("fork 500")
        c.tell("fork 500")
        c.tell("fork 23")
        ok(await_(lambda: len(targets()) == 1024), "1024 targets", len(targets()))
        same(control(f"+ {other.pid}"), errno.ENOSPC, "one more is ENOSPC")
        c.tell("fork 1")
        ok(await_(lambda: children("children_lost") - lost == 1), "one child more is lost", children("children_lost"))
        same(len(targets()), 1024, "and no target")
        c.tell("kill 0")
        same(sorted(set(s for s, _ in targets().values())), ["exited", "live"], "the dead stay targets")
        pid = c.tell("fork 1")
        ok(await_(lambda: targets().get(pid, [""])[0] == "live"), "one of them makes room for a child")
        same(control("clear"), 0, "clear")
        same(targets(), {}, "none is left")


def storm():
    old = open(PARAM, encoding="ascii").read()
    with open(PARAM, "w", encoding="ascii") as f:
        f.write("16")
    with Crowd() as c:
        before, lost = children(), children("children_lost")
        c.tell("storm 3000")
        await_(lambda: children() - before + children("children_lost") - lost == 3000)
        got, gone = children() - before, children("children_lost") - lost
        same(got + gone, 3000, "3000 children: each a target, or counted as lost")
        print(f"# {got} became targets, {gone} were lost")
        ok(len(targets()) <= 16, "never more than max_targets", read("control"))
        ok(int(pairs("stats")["targets"]) == len(targets()), "as stats says")
        ok(c.pid in targets(), "who forked them lives on")
        control("clear")
    with open(PARAM, "w", encoding="ascii") as f:
        f.write(old)


def namespaces():
    unshare = shutil.which("unshare")
    if not unshare:
        skip("a namespace of pids", "no unshare")
        return
    script = f"echo + $$ follow >{ROOT}/control; sleep 8 & echo $$ $!; wait"
    p = popen([unshare, "-p", "-f", "--kill-child", "sh", "-c", script], stdout=subprocess.PIPE, text=True)
    shell, kid = map(int, p.stdout.readline().split())
    same(shell, 1, "pid 1 of its namespace follows itself")
    ok(await_(lambda: targets().get(kid) == ("live", "sleep")), "its child has the number that it sees", read("control"))
    same(pairs(f"{kid}/status")["parent"], "1", "and a parent of that namespace")
    control("clear")
    p.kill()
    p.wait()
    script = f"read x; echo + $$ follow >{ROOT}/control; sleep 8 & echo $!; wait"
    p = popen([unshare, "-p", "-f", "--kill-child", "sh", "-c", script],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    shell = await_(lambda: descendant(p.pid))
    same(control(f"+ {shell}"), 0, "the same process by its number outside, not followed")
    p.stdin.write("\n")
    p.stdin.flush()
    kid = int(p.stdout.readline())
    ok(await_(lambda: kid in targets()), "who is a target twice is followed if one of them is", read("control"))
    control("clear")
    p.kill()
    p.wait()
    p = popen(["sh", "-c", f"read x; {unshare} -p -f sleep 79"], stdin=subprocess.PIPE)
    control(f"+ {p.pid} follow")
    p.stdin.write(b"\n")
    p.stdin.flush()
    kid = await_(lambda: [n for n, t in targets().items() if t == ("live", "sleep")])
    ok(kid and cmdline(kid[0]) == "sleep", "seen from outside it has the number of outside", read("control"))
    os.kill(kid[0], 9)
    p.wait()
    control("clear")


def begun(pid):
    """None while its directory is replaced."""
    try:
        return pairs(f"{pid}/status")["start_time_ns"]
    except OSError:
        return None


def reuse():
    last = "/proc/sys/kernel/ns_last_pid"
    if not os.path.exists(last):
        skip("a pid used again", "no ns_last_pid")
        return
    with Crowd() as c:
        for _ in range(20):
            pid = c.tell("fork 1")
            # its directory comes after it is listed
            first = await_(lambda: begun(pid))
            c.tell("kill 0")
            with open(last, "w", encoding="ascii") as f:
                f.write(str(pid - 1))
            if c.tell("fork 1") == pid:
                break
            c.tell("kill 0")
        ok(first and await_(lambda: begun(pid) not in (None, first)), "the new owner of a pid is the target")
        same(targets()[pid][0], "live", "not the dead one")
        control("clear")


for f in (generations, shared, shells, spawned, execs, room, storm, namespaces, reuse):
    t0 = time.monotonic()
    case(f)
    print(f"# {f.__name__}: {time.monotonic() - t0:.1f} s")
