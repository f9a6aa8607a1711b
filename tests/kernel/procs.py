# SPDX-License-Identifier: GPL-2.0-only
"""Processes to look at: started, awaited, ended."""
import os
import signal
import subprocess
import time

from mms import control

SLOW = int(os.environ.get("MMS_SLOW") or 1)     # as ktap has it, for those who do not speak KTAP
BIN = os.environ.get("MMS_WORKLOADS", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../workloads"))


def cmdline(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        return f.read()


def popen(*args, **kw):
    """subprocess.Popen(), whose process may be a moment before its exec yet: waits until that is done."""
    p = subprocess.Popen(*args, **kw)
    for _ in range(3000 * SLOW):
        if p.poll() is not None or cmdline(p.pid) not in (b"", cmdline("self")):
            return p
        time.sleep(0.01)
    raise RuntimeError(f"{args}: not started")


def until_armed(tool):
    """A tool that counts beside what it watches waits for a signal (rt_sigtimedwait) only once it counts."""
    for _ in range(1200 * SLOW):
        with open(f"/proc/{tool.pid}/syscall", encoding="ascii") as f:
            if f.read().startswith("128 "):
                return
        if tool.poll() is not None:
            raise AssertionError(f"the tool ended with {tool.returncode} before it counted")
        time.sleep(0.1)
    raise AssertionError("the tool did not begin to count")


class Proc:
    """A workload; lines until its last word of readiness are in .lines."""

    def __init__(self, *argv, ready="ready"):
        self.p = subprocess.Popen([f"{BIN}/{argv[0]}", *argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = []
        for line in self.p.stdout:
            if line.strip() == ready:
                break
            self.lines.append(line.split())
        else:
            raise RuntimeError(f"{argv}: ended with {self.p.wait()} before '{ready}'")

    @property
    def pid(self):
        return self.p.pid

    def stop(self):
        """SIGSTOP, and wait until it has taken effect."""
        os.kill(self.pid, signal.SIGSTOP)
        for _ in range(500):
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "T":
                    return
            time.sleep(0.01)
        raise RuntimeError("does not stop")

    def cont(self):
        os.kill(self.pid, signal.SIGCONT)

    def end(self):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.end()


class Shapes(Proc):
    """.shape[name] = (start, pages, touched); .skipped[name] = why."""

    def __init__(self):
        super().__init__("shapes")
        self.shape = {w[1]: (int(w[2], 16), int(w[3]), int(w[4])) for w in self.lines if w[0] == "shape"}
        self.skipped = {w[1]: " ".join(w[2:]) for w in self.lines if w[0] == "skip"}


class Threads(Proc):
    """The workload tlb; stopped except while it does what it is told."""

    def __init__(self, cpus):
        super().__init__("tlb", cpus)
        self.tell("protect 4 3")
        self.tell("free 3 3")
        self.stop()

    def tell(self, text):
        self.p.stdin.write(text + "\n")
        self.p.stdin.flush()
        if self.p.stdout.readline() != "done\n":
            raise RuntimeError(f"tlb: {text}: ended with {self.p.wait()}")

    def tids(self):
        return set(map(int, os.listdir(f"/proc/{self.pid}/task")))

    def stop(self):
        super().stop()
        for tid in self.tids():
            for _ in range(500):
                with open(f"/proc/{self.pid}/task/{tid}/stat", encoding="ascii") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] == "T":
                        break
                time.sleep(0.01)


class Crowd(Proc):
    """The workload crowd, followed."""

    def __init__(self):
        super().__init__("crowd")
        if control(f"+ {self.pid} follow"):
            raise RuntimeError("cannot follow the crowd")

    def send(self, text):
        self.p.stdin.write(text + "\n")
        self.p.stdin.flush()

    def answer(self):
        return int(self.p.stdout.readline().split()[1])

    def tell(self, text):
        self.send(text)
        return self.answer()
