# SPDX-License-Identifier: GPL-2.0-only
"""Loading and unloading mmscope.ko; each returns "" or what the program said."""
import os
import subprocess
import time

KO = os.environ.get("MMS_KO", "/lab/mmscope.ko")


def run(*argv):
    r = subprocess.run(argv, capture_output=True, text=True, check=False)
    return "" if not r.returncode else (r.stdout + r.stderr).strip() or f"status {r.returncode}"


def insmod(*params):
    return run("insmod", KO, *params)


def rmmod(tries=50):
    """A BPF program that has just gone, or a file just closed, holds the module for a moment more."""
    err = ""
    for _ in range(tries):
        err = run("rmmod", "mmscope")
        if not err:
            break
        time.sleep(0.1)
    return err
