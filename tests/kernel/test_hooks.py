#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Targets cleared and the module unloaded in the midst of forks.

Each time the kernel's tracepoints are unhooked and hooked on running code, which multi-threaded TCG
does not survive for long, with or without the module: not in the suite of all tests (testing.md).
"""
import os
import subprocess
import time

from ktap import case, same, skip
from mms import control, targets
from procs import Crowd

KO = os.environ.get("MMS_KO", "")


def mid_storm():
    with Crowd() as c:
        c.send("storm 4000")
        for i in range(10):
            time.sleep(0.05)
            same(control("clear"), 0, f"clear in the midst of forks ({i})")
            time.sleep(0.05)
            same(targets(), {}, "and nothing comes back")
            control(f"+ {c.pid} follow")
        control("clear")
        c.answer()


def unload():
    if not KO:
        skip("rmmod", "MMS_KO is not set")
        return
    with Crowd() as c:
        c.send("storm 100000")
        for i in range(8):
            time.sleep(0.05 + 0.013 * i)
            for _ in range(100):  # a fault in flight keeps the module
                r = subprocess.run(["rmmod", "mmscope"], capture_output=True, text=True, check=False)
                if not r.returncode:
                    break
                time.sleep(0.02)
            if not same((r.returncode, r.stderr), (0, ""), f"rmmod in the midst of forks ({i})"):
                break
            r = subprocess.run(["insmod", KO], capture_output=True, text=True, check=False)
            same((r.returncode, r.stderr), (0, ""), f"insmod again ({i})")
            control(f"+ {c.pid} follow")
        control("clear")


for f in (mid_storm, unload):
    case(f)
