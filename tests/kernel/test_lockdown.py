#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Lockdown raised while the module is loaded: what is 0400 can be read, nothing can be written, the tool says why, and an
unsigned module does not load. There is no way back: the last test of a guest."""
import errno
import os
import subprocess

from ktap import case, ok, same, skip
from mms import ROOT, control, read
from module import insmod, rmmod
from procs import Proc

LOCKDOWN = "/sys/kernel/security/lockdown"


def try_open(path, flags):
    try:
        os.close(os.open(path, flags))
        return "0"
    except OSError as e:
        return errno.errorcode[e.errno]


def tool(*args):
    return subprocess.run(["mmscope", *map(str, args)], capture_output=True, text=True, check=False)


def files():
    return sorted(f"{d}/{n}" for d, _, names in os.walk(ROOT) for n in names)


def loaded(p, level):
    paths = files()
    read_only = [f for f in paths if os.stat(f).st_mode & 0o777 == 0o400]
    ok(len(read_only) >= 8 and len(read_only) < len(paths), "there are files of both kinds", paths)
    same([f for f in read_only if try_open(f, os.O_RDONLY) != "0"], [], f"{level}: every 0400 file opens")
    same({try_open(f, os.O_RDONLY) for f in paths if f not in read_only}, {"EPERM"}, f"{level}: no 0600 file does")
    same({try_open(f, flags) for f in paths for flags in (os.O_WRONLY, os.O_RDWR)}, {"EPERM"}, f"{level}: none for writing")
    same(read(f"{p.pid}/status").splitlines()[0], f"pid {p.pid}", f"{level}: a target of before can be read")
    ok("Total" in read(f"{p.pid}/maps"), f"{level}: its page tables too")
    r = tool("census", p.pid)
    ok(r.returncode == 3 and r.stderr.count("\n") == 1 and "lockdown" in r.stderr and "Secure Boot" in r.stderr,
       f"{level}: census says in one line that lockdown is why, and the way out", r.stderr)
    r = tool("doctor")
    ok("lockdown" in r.stdout, f"{level}: doctor names it", r.stdout)


def unloaded():
    same(rmmod(), "", "the module can be unloaded")
    err = insmod()
    ok("not permitted" in err, "an unsigned module is refused", err)
    r = tool("census", os.getpid())
    ok(r.returncode == 3 and r.stderr.count("\n") == 1 and "not loaded" in r.stderr and "lockdown" in r.stderr,
       "census says that it is not loaded and would not help", r.stderr)


def run():
    if not os.path.exists(LOCKDOWN):
        skip("lockdown", "this kernel has none")
        return
    with Proc("loop", "4", "8", ready="lap") as p:
        same(control(f"+ {p.pid}"), 0, "a target")
        for level in ("integrity", "confidentiality"):
            with open(LOCKDOWN, "w", encoding="ascii") as f:
                f.write(level)
            loaded(p, level)
    unloaded()


case(run)
