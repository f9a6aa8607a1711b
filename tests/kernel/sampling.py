# SPDX-License-Identifier: GPL-2.0-only
"""Waiting for scans, and whether somebody else takes accessed bits."""
import time

from ktap import SLOW
from mms import pairs


def scans(pid):
    return int(pairs(f"{pid}/status")["scans"])


def wait_scans(pid, n):
    """PID/wss is read meanwhile, so that sampling does not stop for want of readers."""
    for i in range(1200 * SLOW):
        if (scans(pid) if i % 8 else int(pairs(f"{pid}/wss")["scans"])) >= n:
            return
        time.sleep(0.025)
    raise RuntimeError(f"no {n} scans in {30 * SLOW} s")


def ager():
    try:
        with open("/sys/module/damon_stat/parameters/enabled", encoding="ascii") as f:
            if f.read().strip() == "Y":
                return "damon_stat takes accessed bits"
    except OSError:
        pass
    return None
