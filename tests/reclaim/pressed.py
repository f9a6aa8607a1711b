# SPDX-License-Identifier: GPL-2.0-only
"""A cgroup with a limit, programs in it, and mmscope thrash watching them."""
import json
import os
import queue
import signal
import subprocess
import threading
import time

ROOT = "/sys/fs/cgroup"
BIN = os.environ.get("MMS_WORKLOADS", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../workloads"))
MIB = 1 << 20


def keyed(path):
    with open(path, encoding="ascii") as f:
        return {k: int(v) for k, v in (line.split() for line in f)}


class Group:
    """with Group("name", limit): a cgroup below the root."""

    def __init__(self, name, limit):
        with open(f"{ROOT}/cgroup.subtree_control", "w", encoding="ascii") as f:
            f.write("+memory")
        self.name = f"/{name}"
        self.dir = f"{ROOT}/{name}"
        os.mkdir(self.dir)
        self.procs = []
        self.limit(limit)

    def limit(self, size):
        with open(f"{self.dir}/memory.max", "w", encoding="ascii") as f:
            f.write(str(size))

    def usage(self):
        with open(f"{self.dir}/memory.current", encoding="ascii") as f:
            return int(f.read())

    def stat(self):
        return keyed(f"{self.dir}/memory.stat")

    def start(self, *argv):
        """A workload in the cgroup from its first instruction; returns at its "ready"."""
        def enter():
            with open(f"{self.dir}/cgroup.procs", "w", encoding="ascii") as f:
                f.write("0")
        # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
        p = subprocess.Popen([f"{BIN}/reuse", *map(str, argv)], stdout=subprocess.PIPE, text=True, preexec_fn=enter)
        self.procs.append(p)
        if p.stdout.readline().strip() != "ready":
            raise RuntimeError(f"{argv}: ended with {p.wait()}")
        return p

    def end(self, p=None):
        for q in [p] if p else list(self.procs):
            q.kill()
            q.wait()
            self.procs.remove(q)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.end()
        for _ in range(50):
            try:
                os.rmdir(self.dir)
                return
            except OSError:
                time.sleep(0.1)


class Watch:
    """mmscope thrash ...; rows arrive as dicts, in order."""

    def __init__(self, *argv, interval="1"):
        # pylint: disable=consider-using-with
        self.p = subprocess.Popen(["mmscope", "thrash", "-O", "json", *map(str, argv), interval],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.rows = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.p.stdout:
            self.rows.put(json.loads(line))
        self.rows.put(None)

    def next(self, timeout=60):
        """The next interval's object; .seen keeps them all."""
        obj = self.rows.get(timeout=timeout)
        if obj is None:
            raise RuntimeError(f"mmscope ended: {self.p.stderr.read()}")
        self.seen.append(obj)
        return obj

    def row(self):
        return self.next()["verdicts"][0]

    def fresh(self):
        """The first row of an interval that has not begun yet."""
        while not self.rows.empty():
            self.next()
        self.row()
        return self.row()

    def until(self, cond, most=15):
        """Rows up to the first that meets the condition, or all of them if none does."""
        rows = []
        for _ in range(most):
            rows.append(self.row())
            if cond(rows[-1]):
                break
        return rows

    def end(self):
        """Interrupt. Return: exit status and what it said."""
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGINT)
        said = self.p.stderr.read()
        return self.p.wait(timeout=60), said

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.p.poll() is None:
            self.end()


def brief(rows):
    """For a diagnosis: what the rows said."""
    keys = ("verdict", "evictions", "refaults", "stall_percent", "psi_some_percent", "distance_p50_bytes",
            "distance_p90_bytes", "distance_mean_bytes", "distance_basis", "limit_bytes", "usage_bytes", "need_bytes")
    return "\n".join(" ".join(f"{k}={r[k]}" for k in keys) for r in rows)
