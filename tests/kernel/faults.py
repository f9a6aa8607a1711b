# SPDX-License-Identifier: GPL-2.0-only
"""Reads PID/faults and PID/cow; drives tests/workloads/cow.c."""
import resource

from mms import read
from procs import Proc

BASE = 0x200000000000
OUTCOMES = ("minor", "major", "segv", "sigbus", "failed", "inflight", "lost")


def _sections(text):
    """[lines before the first "#", after it, ...], split into words."""
    out = [[]]
    for line in text.splitlines():
        if line.startswith("# "):
            out.append([])
        else:
            out[-1].append(line.split())
    return out


class Faults:
    """One read of PID/faults: .key, .code {error: count}, .ns {(low, high): (minor, major, other)}."""

    def __init__(self, pid):
        pairs, codes, ns = _sections(read(f"{pid}/faults"))
        self.key = {k: int(v) for k, v in pairs}
        self.code = {int(w[0], 16): int(w[1]) for w in codes}
        self.names = {int(w[0], 16): " ".join(w[2:]) for w in codes}
        self.ns = {w[0]: tuple(int(x) for x in w[1:]) for w in ns}

    def __getattr__(self, name):
        return self.key[name]

    @property
    def whole(self):
        """Does the contract's identity hold?"""
        k = self.key
        return k["user"] + k["kernel"] == sum(k[o] for o in OUTCOMES) == sum(self.code.values())

    def since(self, old):
        """What came since an earlier read: ({key: n}, {code: n}), zeros left out."""
        keys = {k: v - old.key[k] for k, v in self.key.items() if v != old.key[k]}
        codes = {c: v - old.code.get(c, 0) for c, v in self.code.items() if v != old.code.get(c, 0)}
        return keys, codes


class Cow:
    """One read of PID/cow."""

    def __init__(self, pid):
        pairs, generations, vmas, events = _sections(read(f"{pid}/cow"))
        self.key = {k: int(v) for k, v in pairs}
        self.generations = [(w[0], *(int(x) for x in w[1:] if x != "-")) for w in generations]
        self.vmas = [(w[0], w[1], *(int(x) for x in w[2:8]), " ".join(w[8:])) for w in vmas]
        self.events = [{"time": int(w[0]), "addr": int(w[1], 16), "what": w[2],
                        "old": None if w[3] == "-" else int(w[3], 16), "new": int(w[4], 16), "size": int(w[5]),
                        "generation": int(w[6]), "tid": int(w[7]), "comm": " ".join(w[8:])} for w in events]

    def __getattr__(self, name):
        return self.key[name]

    def inside(self, since=0, end=BASE + (64 << 20)):
        """Events in the workload's region after a moment."""
        return [e for e in self.events if BASE <= e["addr"] < end and e["time"] > since]

    def counts(self, since=0):
        """{(what, size): events in the region}"""
        out = {}
        for e in self.inside(since):
            k = (e["what"], e["size"])
            out[k] = out.get(k, 0) + 1
        return out

    def vma_at(self, addr):
        return next((v for v in self.vmas if v[0] != "-" and int(v[0], 16) <= addr < int(v[1], 16)), None)


class Worker(Proc):
    """tests/workloads/cow: .do("write 5") returns (minor, major) of getrusage()."""

    def __init__(self, *argv):
        super().__init__("cow", *argv)
        for warm in ("anon 4", "write 4", "fork", "write 4", "childwrite 2", "wait", "unmap"):
            self.do(warm)

    def do(self, command):
        self.p.stdin.write(command + "\n")
        self.p.stdin.flush()
        word, *rest = self.p.stdout.readline().split()
        if word != "ok":
            raise RuntimeError(f"{command}: {' '.join(rest)}")
        if command == "fork":
            self.do("nop")  # its own buffers are shared now too
        return int(rest[0]), int(rest[1])


def children():
    """(minor, major) of all children waited for."""
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_minflt, r.ru_majflt
