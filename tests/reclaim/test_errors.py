# SPDX-License-Identifier: GPL-2.0-only
"""Every error of mmscope thrash: one line, the right status, nothing on stdout."""
import os
import subprocess

from ktap import case, ok


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


case(errors)
case(formats)
