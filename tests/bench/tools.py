# SPDX-License-Identifier: GPL-2.0-only
"""The tools that watch.py compares: how each is started, seen to be at work, and asked what it saw."""
import json
import os
import re
import subprocess

DIR = "/tmp/watch"
SAID = f"{DIR}/said"  # stdout and stderr
OUT = f"{DIR}/out"  # the file of tools that write one
ENV = {"BCC_KERNEL_SOURCE": "/root/headers", "PYTHONDONTWRITEBYTECODE": "1"}
# poll, nanosleep, epoll_wait, clock_nanosleep, ppoll, epoll_pwait, rt_sigtimedwait
WAITS = {7, 35, 232, 230, 271, 281, 128}
os.makedirs(DIR, exist_ok=True)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


class Tool:
    """name, what to run ("PID" stands for the program), how to read what it saw."""

    waits = WAITS

    def __init__(self, name, command=None):
        self.name = name
        self.command = command

    def argv(self, pid):
        if os.path.exists(OUT):
            os.unlink(OUT)
        return [word.replace("PID", str(pid)) for word in self.command]

    def is_armed(self, pid):
        """It holds a link or a perf event, and sleeps in the call in which it waits for work."""
        try:
            held = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            call = read(f"/proc/{pid}/syscall").split()[0]
        except (OSError, IndexError):
            return False
        return call.isdigit() and int(call) in self.waits and any(
            h in ("anon_inode:bpf_link", "anon_inode:[perf_event]") for h in held)

    def seen(self):
        raise NotImplementedError


class Mmscope(Tool):
    """Its own words are its name; what is stored for the process."""

    waits = {128}

    def __init__(self, name):
        super().__init__(name, [*name.split(), "-p", "PID", "-O", "json", "-o", OUT])

    def seen(self):
        objs = [json.loads(line) for line in read(OUT).splitlines() if line.startswith("{")]
        return sum(o.get("stored", 0) for o in objs)


class MmscopeCow(Mmscope):
    """What no fork is billed for is seen, too."""

    def seen(self):
        objs = [json.loads(line) for line in read(OUT).splitlines() if line.startswith("{")]
        return sum(o.get("seen", 0) for o in objs)


class MmscopeTlb(Mmscope):
    """Flushes of all reasons."""

    def seen(self):
        objs = [json.loads(line) for line in read(OUT).splitlines() if line.startswith("{")]
        return sum(r["flushes"] for o in objs for r in o.get("reasons", []))


class MmscopeEvents(Mmscope):
    """Events as text, one line each: the lines that are there."""

    def argv(self, pid):
        return [w for w in super().argv(pid) if w not in ("-O", "json")]

    def seen(self):
        return len(re.findall(r"^ *\d+ .*\banon-zero-fill\b", read(OUT), re.M))


class Bpftrace(Tool):
    """Maps are printed at the end: @: N, or buckets of a histogram, or @[...]: N."""

    def __init__(self, name, program):
        super().__init__(name, ["bpftrace", "-o", OUT, "-e", program])

    def seen(self):
        text = read(OUT)
        return sum(map(int, re.findall(r"^(?:@|\]): (\d+)$", text, re.M) + re.findall(r"^[\[(].*\) +(\d+) \|", text, re.M)))


class PerfStat(Tool):
    def __init__(self, name, event):
        super().__init__(name, ["perf", "stat", "-x,", "-o", OUT, "-e", event, "-p", "PID"])

    def seen(self):
        return sum(int(line.split(",")[0]) for line in read(OUT).splitlines() if re.match(r"\d+,", line))


class PerfRecord(Tool):
    def __init__(self, name, *options):
        super().__init__(name, ["perf", "record", "-q", "-B", "-o", OUT, "-e", "page-faults", "-c", "1",
                                *options, "-p", "PID"])

    def seen(self):
        p = subprocess.run(["perf", "report", "--stats", "-i", OUT], capture_output=True, text=True, check=False)
        n = re.search(r"SAMPLE events: +(\d+)", p.stdout)
        return int(n[1]) if n else 0


class PerfTrace(Tool):
    def __init__(self, name):
        super().__init__(name, ["perf", "trace", "-F", "all", "--no-syscalls", "-o", OUT, "-p", "PID"])

    def seen(self):
        return len(re.findall(r"\b(?:min|maj)fault\b", read(OUT)))


class Bcc(Tool):
    """A count in a table, or buckets of a histogram."""

    def seen(self):
        text = read(SAID)
        return sum(map(int, re.findall(r"^b?'?handle_mm_fault'? +(\d+)$", text, re.M) +
                       re.findall(r"^ +\d+ -> \d+ +: (\d+) ", text, re.M) + re.findall(r"^    (\d+)$", text, re.M)))


def map_bytes(pids):
    """What bpftool says of the maps that these processes hold."""
    ids = set()
    for pid in pids:
        for fd in os.listdir(f"/proc/{pid}/fdinfo"):
            ids.update(map(int, re.findall(r"^map_id:\s+(\d+)", read(f"/proc/{pid}/fdinfo/{fd}"), re.M)))
    if not ids:
        return 0
    p = subprocess.run(["bpftool", "-j", "map", "show"], capture_output=True, text=True, check=True)
    return sum(m.get("bytes_memlock", 0) for m in json.loads(p.stdout) if m["id"] in ids)


FAULT = "handle_mm_fault /pid == PID/ "
LATENCY = (f"kprobe:{FAULT}{{ @s[tid] = nsecs; }} kretprobe:handle_mm_fault /@s[tid]/ "
           "{ @ns = hist(nsecs - @s[tid]); delete(@s[tid]); }")
FLUSH = "tracepoint:tlb:tlb_flush /pid == PID/ { @ = count(); }"

TOUCH = [
    Mmscope("mmscope faults --no-kinds"),
    Mmscope("mmscope faults"),
    Mmscope("mmscope faults --around"),
    Mmscope("mmscope faults --by vma"),
    Mmscope("mmscope faults --stacks=user"),
    Mmscope("mmscope faults --stacks=both"),
    MmscopeEvents("mmscope faults --events"),
    MmscopeCow("mmscope cow"),
    Bpftrace("bpftrace kprobe count", f"kprobe:{FAULT}{{ @ = count(); }}"),
    Bpftrace("bpftrace kfunc count", f"kfunc:{FAULT}{{ @ = count(); }}"),
    Bpftrace("bpftrace software:page-faults:1", "software:page-faults:1 /pid == PID/ { @ = count(); }"),
    Bpftrace("bpftrace kprobe+kretprobe latency", LATENCY),
    Bpftrace("bpftrace kprobe @[kstack, ustack]", f"kprobe:{FAULT}{{ @[kstack, ustack] = count(); }}"),
    PerfStat("perf stat -e page-faults", "page-faults"),
    PerfRecord("perf record -c 1"),
    PerfRecord("perf record -c 1 -d", "-d"),
    PerfRecord("perf record -c 1 -g", "-g"),
    PerfTrace("perf trace -F all"),
    Bcc("bcc funccount", ["funccount-bpfcc", "-p", "PID", "handle_mm_fault"]),
    Bcc("bcc funclatency", ["funclatency-bpfcc", "-p", "PID", "handle_mm_fault"]),
]

COPY = [
    Mmscope("mmscope faults"),
    MmscopeCow("mmscope cow"),
    Bpftrace("bpftrace kprobe count", f"kprobe:{FAULT}{{ @ = count(); }}"),
    Bpftrace("bpftrace kprobe+kretprobe latency", LATENCY),
]

FLUSHES = [
    MmscopeTlb("mmscope tlb"),
    Bpftrace("bpftrace tlb:tlb_flush count", FLUSH),
    PerfStat("perf stat -e tlb:tlb_flush", "tlb:tlb_flush"),
]

# what watched.c is told, what that makes, who watches
SCENES = [("touch", "first touches", TOUCH), ("copy", "copies after a fork", COPY),
          ("flush", "first touches, each with a flush of the TLB,", FLUSHES)]
