#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""control and walk refuse what is wrong with the fitting errno, change nothing, and stay usable."""
import errno
import os
import subprocess
import time

from ktap import case, ok, same
from mms import ROOT, Target, control, pairs, read
from procs import Proc, popen


def err(spec, pid):
    fd = os.open(f"{ROOT}/{pid}/walk", os.O_RDWR)
    try:
        os.write(fd, spec)
        return 0
    except OSError as e:
        return e.errno
    finally:
        os.close(fd)


def name(e):
    return errno.errorcode.get(e, str(e))


def grammar():
    before = read("control")
    kthread = next(p for p in os.listdir("/proc") if p.isdigit() and p != "1" and not os.path.exists(f"/proc/{p}/exe") and
                   open(f"/proc/{p}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[1] in ("0", "2"))
    gone = subprocess.Popen(["true"])
    gone.wait()
    zombie = subprocess.Popen(["true"])
    time.sleep(0.5)
    for cmd, want in ((f"+ {gone.pid}", "ESRCH"), (f"+ {zombie.pid}", "ESRCH"), (f"+ {kthread}", "EINVAL"), ("+ 4194304", "ESRCH"),
                      ("+ 99999999999", "ERANGE"), ("+ 99999999999999999999999", "ERANGE"), ("+ -1", "EINVAL"), ("+ 0", "EINVAL"),
                      ("+", "EINVAL"), ("+ ", "EINVAL"), ("+ 1x", "EINVAL"), ("+ 1 2", "EINVAL"), ("* 1", "EINVAL"), ("hello", "EINVAL"),
                      ("- 1", "ESRCH"), ("-", "EINVAL"), ("sample", "EINVAL"), ("sample 1", "EINVAL"), ("sample 1 100", "ESRCH"),
                      ("sample 1 x", "EINVAL"), ("clear 1", "EINVAL"), ("+ 1; bogus", "EINVAL"), (f"+ 1; + {gone.pid}", "ESRCH"),
                      ("+ 1; + 1", "EEXIST"), (b"+ 1\0", "EINVAL"), ("+ " + " " * 4094 + "1", "E2BIG"), ("x" * 100000, "E2BIG")):
        got = control(cmd)
        same(name(got), want, f"control: {cmd[:24]!r} is {want}")
    zombie.wait()
    same(read("control"), before, "control: nothing changed")
    same(control("+ 1"), 0, "control: + 1")
    for cmd, want in (("sample 1 9", "ERANGE"), ("sample 1 600001", "ERANGE"), ("sample 1 99999999999999999999", "ERANGE"),
                      ("sample 1 on", "EINVAL"), ("sample 1 100 100", "EINVAL"),
                      ("sample 1 100 noskip noskip", "EINVAL"), ("sample 1 100 noflush noskip x", "EINVAL"), ("sample 1 off noflush", "EINVAL"),
                      ("sample 1 noflush", "EINVAL"), ("sample 1 9 noflush", "ERANGE"), ("+ 1", "EEXIST"), ("- 1; + 4194304", "ESRCH")):
        same(name(control(cmd)), want, f"control: {cmd!r} on a target is {want}")
    same(pairs("1/status")["sample_ms"], "0", "control: sampling is still off")
    same(control("sample 1 100 noskip noflush; sample 1 off"), 0, "control: noskip and noflush in any order")
    same(control("- 1"), 0, "control: - 1")
    same(control(" + 1 ;\n\n - 1 ; "), 0, "control: spaces, newlines and empty commands are no errors")
    for cmd in ("+ 1; - 1; + 1; - 1", "+ 1; clear; + 1; - 1", "+ 1; - 1; + 1; - 1; + 1; clear"):
        same(name(control(cmd)), "0", f"control: {cmd!r} in one write")
    same(name(control("+ 1; - 1; + 1; + 1")), "EEXIST", "control: the second + of two is EEXIST, whatever was before")
    ok(not os.path.exists(f"{ROOT}/1"), "control: and leaves no directory")
    same(control("+ 1; sample 1 500\n"), 0, "control: two commands in one write")
    ok(os.path.isdir(f"{ROOT}/1"), "control: the directory is there")
    same(control("clear"), 0, "control: clear")
    same(read("control"), "", "control: no target is left")
    ok(not os.path.exists(f"{ROOT}/1"), "control: and no directory")


def addresses():
    with Proc("loop", "4", "8", ready="lap") as p, Target(p.pid) as t:
        a = int(p.lines[0][1], 16)
        for spec, want in ((f"0x{a + 1:x}", "EINVAL"), (f"0x{a:x}-0x{a + 7:x}", "EINVAL"), (f"0x{a:x}-0x{a:x}", "EINVAL"),
                           (f"0x{a + 4096:x}-0x{a:x}", "EINVAL"), ("", "EINVAL"), ("zz", "EINVAL"), ("0x", "EINVAL"),
                           ("0x8000000000000000", "ERANGE"), ("0xffffffff81000000", "ERANGE"), ("0xffff888000000000", "ERANGE"),
                           ("0x00ffffffffffe000", "0"), ("0x10000000000000000", "ERANGE"), (f"0x{a:x}-0x{a + (2 << 20) + 4096:x}", "ERANGE"),
                           (f"0x{a:x} 1", "EINVAL"), (f"0x{a:x}-", "EINVAL"), ("0x" + "0" * 5000 + "1000", "E2BIG")):
            if want == "0":
                la57 = "yes" in next(x for x in read("features").splitlines() if x.split()[0] == "la57").split()[1]
                same(name(err(spec.encode(), p.pid)), "0" if la57 else "ERANGE", "walk: the last user page of 5-level tables")
            else:
                same(name(err(spec.encode(), p.pid)), want, f"walk: {spec[:40]!r} is {want}")
        same(t.walk(f"0x{a:x}")[0]["leaf"]["kind"], "anon", "walk: a good address works after all of them")
        same(t.walk(f"{a}\n")[0]["va"], a, "walk: decimal is an address too")
        fd = os.open(f"{ROOT}/{p.pid}/walk", os.O_RDONLY)
        try:
            os.read(fd, 10)
            ok(False, "walk: a read before a write is EINVAL")
        except OSError as e:
            same(name(e.errno), "EINVAL", "walk: a read before a write is EINVAL")
        os.close(fd)


def rights():
    """Root without CAP_SYS_ADMIN is refused, whatever the mode bits say."""
    drop = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
    r = subprocess.run(drop + ["cat", f"{ROOT}/stats"], capture_output=True, text=True, check=False)
    ok(r.returncode == 1 and "not permitted" in r.stderr, "open without CAP_SYS_ADMIN is EPERM", r.stderr + r.stdout)
    r = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", "cat", f"{ROOT}/stats"], capture_output=True, text=True, check=False)
    ok(r.returncode == 1, "another user cannot read", r.stdout)
    for f, mode in (("", 0o700), ("features", 0o400), ("control", 0o600), ("stats", 0o400)):
        same(oct(os.stat(f"{ROOT}/{f}").st_mode & 0o777), oct(mode), f"mode of {f or 'the directory'}")
    with Target(1):
        for f, mode in (("walk", 0o600), ("status", 0o400), ("ranges", 0o400), ("maps", 0o400), ("census", 0o400), ("idle", 0o400), ("wss", 0o400)):
            same(oct(os.stat(f"{ROOT}/1/{f}").st_mode & 0o777), oct(mode), f"mode of PID/{f}")


def crowd():
    """1024 targets and no more."""
    ps = [popen(["sleep", "600"]) for _ in range(30)]
    try:
        same(control(";".join(f"+ {p.pid}" for p in ps)), 0, "30 targets in one write")
        same(len(read("control").splitlines()), 30, "30 lines in control")
        same(pairs("stats")["targets"], "30", "stats counts them")
        for p in ps[:10]:
            p.kill()
            p.wait()
        states = [x.split()[1] for x in read("control").splitlines()]
        same((states.count("exited"), states.count("live")), (10, 20), "10 that ended are exited")
    finally:
        control("clear")
        for p in ps:
            p.kill()
            p.wait()


for f in (grammar, addresses, rights, crowd):
    case(f)
