# SPDX-License-Identifier: GPL-2.0-only
"""Every error of mmscope thrash: one line, the right status, nothing on stdout. What a cgroup leaves to the replay lab."""
import os
import re
import struct
import subprocess

from ktap import case, ok
from pressed import MIB, Group


def run(*argv, user=None):
    def drop():
        if user:
            os.setgid(user)
            os.setuid(user)
    # pylint: disable=subprocess-popen-preexec-fn
    r = subprocess.run(["mmscope", "thrash", *argv], capture_output=True, text=True, timeout=60, check=False, preexec_fn=drop)
    return r.returncode, r.stdout, r.stderr


def fails(name, status, words, *argv, user=None):
    got, out, err = run(*argv, user=user)
    lines = err.splitlines()
    good = got == status and not out and lines and lines[0].startswith("mmscope: ") and words in err
    ok(good and (len(lines) == 1 or status == 2), name, f"status {got}\n{err}{out}")


def errors():
    fails("no such cgroup", 1, "no such cgroup", "-c", "/nowhere/at/all")
    fails("a directory that is no cgroup", 1, "cgroup2", "-c", "/tmp")
    os.makedirs("/sys/fs/cgroup/mms-off/inner", exist_ok=True)
    fails("a cgroup without the memory controller", 3, "memory controller", "-c", "/mms-off/inner")
    os.rmdir("/sys/fs/cgroup/mms-off/inner")
    os.rmdir("/sys/fs/cgroup/mms-off")
    fails("no such process", 1, "no process 999999999", "-p", "999999999")
    fails("no rights", 3, "root", user=65534)
    fails("not a pid", 2, "not a process id", "-p", "x")
    fails("not a time", 2, "not a time", "soon")
    fails("count of zero", 2, "count", "1", "0")
    fails("one argument too many", 2, "too many", "1", "2", "3")
    fails("-p and -c", 2, "exclude", "-p", "1", "-c", "/")
    fails("unknown option", 2, "option", "--frob")


def formats():
    status, out, _ = run("-O", "csv", "0.2", "1")
    lines = out.splitlines()
    ok(status == 0 and lines[0].startswith("time_ns,interval_ns,time,verdict") and len(lines) == 2, "csv: header and row", out)
    status, out, _ = run("0.2", "2")
    ok(status == 0 and len(out.splitlines()) == 3 and out.startswith("TIME"), "text: header and two rows", out)
    status, out, _ = run("-h")
    ok(status == 0 and "thrash" in out and "mmscope thrash -p" in out, "help has examples", out)


def second_mount():
    """The root has no memory.current, wherever it is mounted: its memory is managed all the same."""
    at = "/tmp/mms-cgroup2"
    os.mkdir(at)
    subprocess.run(["mount", "-t", "cgroup2", "none", at], check=True)
    try:
        status, out, err = run("-O", "csv", "-c", at, "0.2", "1")
    finally:
        subprocess.run(["umount", at], check=True)
        os.rmdir(at)
    ok(status == 0 and "verdict" in out, "the root of a second mount is the root", f"status {status}\n{err}{out}")


def size_in(group, refs, *options, lead=()):
    """mmscope size in a cgroup, or in none. Return: status, and MiB that there are, if these are too few."""
    def enter():
        if group:
            with open(f"/sys/fs/cgroup{group}/cgroup.procs", "w", encoding="ascii") as f:
                f.write("0")
    # pylint: disable=subprocess-popen-preexec-fn
    r = subprocess.run([*lead, "mmscope", "size", *options, refs], capture_output=True, text=True, timeout=300, check=False, preexec_fn=enter)
    there = re.search(r"there are ([0-9.]+) MiB", r.stderr)
    return r.returncode, float(there[1]) if there else r.stderr


def room():
    """A million pages take more than 48 MiB: refused where no more is left, by the cgroup or by the one above."""
    refs = "/tmp/mms-room.refs"
    with open("/tmp/mms-room.u32", "wb") as f:
        f.write(struct.pack("<1000000I", *range(1000000)))
    subprocess.run(["mmscope", "import", "u32", "-o", refs, "/tmp/mms-room.u32"], check=True, capture_output=True)
    os.remove("/tmp/mms-room.u32")
    with Group("mms-room", "max") as g:
        inner = f"{g.dir}/inner"
        os.mkdir(inner)
        status, text = size_in(g.name, refs)
        ok(status == 0, "room: a cgroup without a limit is none", text)
        g.limit(48 * MIB)
        for where in g.name, f"{g.name}/inner":
            status, mib = size_in(where, refs)
            ok(status == 1 and isinstance(mib, float) and 30 < mib <= 43.2, f"room: nine tenths of what is left of 48 MiB in {where}", f"{status} {mib}")
        mount = "umount -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec \"$@\""
        status, mib = size_in(g.name, refs, lead=("unshare", "-C", "-m", "sh", "-c", mount, "sh"))
        ok(status == 1 and isinstance(mib, float) and 30 < mib <= 43.2, "room: and where that cgroup is the root, as in a container",
           f"{status} {mib}")
        status, mib = size_in(g.name, refs, "--max-memory", "50%")
        ok(status == 1 and isinstance(mib, float) and 17 < mib <= 24, "room: half of it", f"{status} {mib}")
        g.limit(256 * MIB)
        status, text = size_in(g.name, refs)
        ok(status == 0, "room: more is enough, and it keeps to it", text)
        os.rmdir(inner)
    os.remove(refs)


case(errors)
case(second_mount)
case(room)
case(formats)
