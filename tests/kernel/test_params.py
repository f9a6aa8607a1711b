#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The module's parameters: bounds at run time and at load, and that they have an effect."""
import errno
import os

from ktap import case, ok, same
from mms import control, pairs
from module import insmod, rmmod
from procs import popen

DIR = "/sys/module/mmscope/parameters"
BOUNDS = {"max_targets": (1, 1024, 1024), "hold_entries": (64, 65536, 4096), "suspend_s": (0, 86400, 600), "cow_events": (16, 65536, 256),
          "time_every": (1, 65536, 16)}


def get(name):
    with open(f"{DIR}/{name}", encoding="ascii") as f:
        return f.read()


def put(name, text):
    fd = os.open(f"{DIR}/{name}", os.O_WRONLY)
    try:
        os.write(fd, text.encode())
        return "0"
    except OSError as e:
        return errno.errorcode[e.errno]
    finally:
        os.close(fd)


def defaults():
    same(sorted(os.listdir(DIR)), sorted(BOUNDS), "the parameters of the ABI, no more")
    for name, (_, _, default) in BOUNDS.items():
        same(get(name), f"{default}\n", f"{name} is {default}")
        same(oct(os.stat(f"{DIR}/{name}").st_mode & 0o777), oct(0o644), f"{name} has mode 0644")


def bounds():
    for name, (low, high, default) in BOUNDS.items():
        for n in (low, high, default):
            same((put(name, f"{n}\n"), get(name)), ("0", f"{n}\n"), f"{name}: {n} is taken")
        for text in (str(low - 1), str(high + 1), "-1", "4294967296", str((1 << 32) + low), "99999999999999999999999", str(-(1 << 63))):
            same((put(name, text), get(name)), ("ERANGE", f"{default}\n"), f"{name}: {text} is out of bounds, and changes nothing")
        for text in ("x", "1x", "0x40", " ", "\n", "1 2", "1.5", "yes", "\0"):
            same((put(name, text), get(name)), ("EINVAL", f"{default}\n"), f"{name}: {text!r} is no number")


def max_targets():
    ps = [popen(["sleep", "600"]) for _ in range(4)]
    try:
        put("max_targets", "3")
        add = [control(f"+ {p.pid}") for p in ps]
        same(add, [0, 0, 0, errno.ENOSPC], "max_targets=3: the fourth is ENOSPC")
        put("max_targets", "1")
        same(pairs("stats")["targets"], "3", "a smaller maximum leaves those there are")
        same(control(f"- {ps[0].pid}; + {ps[3].pid}"), errno.ENOSPC, "and lets none in while they are too many")
        same(control(f"clear; + {ps[3].pid}"), 0, "one fits after clear")
        same(control(f"+ {ps[0].pid}"), errno.ENOSPC, "not two")
        put("max_targets", "2")
        same(control(f"+ {ps[0].pid}"), 0, "two with max_targets=2")
    finally:
        control("clear")
        put("max_targets", "1024")
        for p in ps:
            p.kill()
            p.wait()


def at_load():
    same(rmmod(), "", "the module unloads")
    for arg, why in (("max_targets=0", "out of range"), ("max_targets=1025", "out of range"), ("hold_entries=63", "out of range"),
                     ("suspend_s=86401", "out of range"), ("cow_events=15", "out of range"), ("cow_events=x", "nvalid"),
                     ("max_targets", "nvalid"), ("max_targets=", "nvalid")):
        err = insmod(arg)
        ok(err and not os.path.exists("/sys/module/mmscope"), f"insmod {arg}: refused", err)
        ok(why in err, f"insmod {arg}: says why", err)
    same(insmod("max_targets=7", "hold_entries=64", "suspend_s=0", "cow_events=65536", "time_every=3"), "",
         "insmod with good values")
    same([get(n) for n in BOUNDS], ["7\n", "64\n", "0\n", "65536\n", "3\n"], "and they are in force")
    same(rmmod(), "", "it unloads again")
    same(insmod(), "", "and loads with the defaults")
    same([get(n) for n in BOUNDS], [f"{d}\n" for _, _, d in BOUNDS.values()], "which are in force")


for check in (defaults, bounds, max_targets, at_load):
    case(check)
