#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""watch.py [-s STARTS] [-r ROUNDS] [-n PAGES] [--time] [NAME...]: what it costs to be watched, by mmscope and by its peers.

One program (watched.c) makes page faults. Every tool in turn is started, waited for until it is at work,
made to watch for some rounds, and stopped; before that the program does the same unwatched, so that
what the machine does besides hits both. So it is done several times. Printed are the ratios: THREAD, of what the faulting thread took, and
TOTAL, of what the processor did until the tool had caught up. So it is under QEMU -icount, where
nanoseconds are instructions of one processor. With --time it is WALL in place of TOTAL: what passed until
the program had done its faults, the tool beside it on another processor; of times under emulation only
ratios say anything.

A tool that sees half of the faults is cheap: what each one has seen stands beside what was made, by
the kernel's count for the process. Tools whose name contains no NAME are left out.
"""
import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import time

import tools

CGROUP = "/sys/fs/cgroup/watchers"
WATCHED = os.environ.get("MMS_WATCHED", "/root/watched")


def read(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return f.read()


def used_us():
    return int(re.search(r"^usage_usec (\d+)", read(f"{CGROUP}/cpu.stat"), re.M)[1])


def idle_ns():
    return float(read("/proc/uptime").split()[1]) * 1e9


def settle():
    """Until the tools have caught up and the kernel has nothing to do. Returns what they have used by then."""
    for _ in range(40):
        used, idle = used_us(), idle_ns()
        time.sleep(0.3)
        if used_us() - used < 300 and idle_ns() - idle > 0.27e9 * os.cpu_count():
            return used
    return used


class Watched:
    """The program that makes the faults."""

    def __init__(self, timed):
        self.timed = timed
        self.nr_flushed = 0
        # pylint: disable=consider-using-with
        self.p = subprocess.Popen([WATCHED, f"{CGROUP}/cpu.stat"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)

    @property
    def pid(self):
        return self.p.pid

    def do(self, verb, pages):
        """Returns nanoseconds of the thread, and in total."""
        self.p.stdin.write(f"{verb} {pages}\n")
        self.p.stdin.flush()
        thread, wall, median_thread, median_wall, used = map(int, self.p.stdout.readline().split())
        self.nr_flushed += pages if verb == "flush" else 0
        if self.timed:
            return median_thread, median_wall
        return thread, wall + (settle() - used) * 1000

    def made(self, verb):
        """Flushes by construction, else the kernel's count of faults, minor and major."""
        if verb == "flush":
            return self.nr_flushed
        word = read(f"/proc/{self.pid}/stat").rsplit(")", 1)[1].split()
        return int(word[7]) + int(word[9])

    def end(self):
        self.p.stdin.close()
        self.p.wait()


class NotMeasured(Exception):
    """Why there is no row."""


class Running:
    """A tool at work, from its start until stop()."""

    def __init__(self, tool, pid):
        self.tool = tool
        if not shutil.which(tool.command[0]):
            raise NotMeasured(f"no {tool.command[0]} here")
        with open(tools.SAID, "wb") as said:
            # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
            self.p = subprocess.Popen(tool.argv(pid), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                      env={**os.environ, **tools.ENV},
                                      preexec_fn=lambda: move_to(f"{CGROUP}/cgroup.procs"))
        try:
            self.wait_for_it()
        except NotMeasured:
            self.p.kill()
            self.p.wait()
            raise

    def wait_for_it(self):
        """It holds what it watches by, and has gone to sleep: looked at three times."""
        asleep = 0
        for _ in range(6000):
            if self.p.poll() is not None:
                raise NotMeasured(last_words())
            asleep = asleep + 1 if self.tool.is_armed(self.p.pid) else 0
            if asleep == 3:
                return
            time.sleep(0.1)
        raise NotMeasured("it did not begin to watch")

    def memory(self):
        """KiB of BPF maps by bpftool, and resident KiB."""
        pids = read(f"{CGROUP}/cgroup.procs").split()
        rss = sum(int(n) for p in pids for n in re.findall(r"VmRSS:\s+(\d+)", read(f"/proc/{p}/status")))
        return tools.map_bytes(pids) / 1024, rss

    def stop(self):
        """Returns how many faults it says it has seen."""
        self.p.send_signal(signal.SIGINT)
        try:
            self.p.wait(300)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            raise NotMeasured("it does not stop") from None
        return self.tool.seen()


def move_to(procs):
    with open(procs, "w", encoding="ascii") as f:
        f.write("0")


def last_words():
    lines = [line.strip() for line in read(tools.SAID).splitlines() if line.strip()]
    return lines[0][:100] if lines else "it ended without a word"


class Row:
    """What was measured of one tool."""

    def __init__(self, tool):
        self.tool = tool  # None: nobody
        self.thread, self.total, self.added = [], [], []
        self.seen = self.made = 0
        self.maps = self.rss = 0
        self.why = None

    def measure(self, watched, verb, args):
        """Some rounds of one start. The first time is for what comes once: in the tool, and in the
        kernel's lists of free pages when much time has passed."""
        rounds = range(args.rounds + 1)
        if self.why:
            return
        try:
            off = [watched.do(verb, args.pages) for _ in rounds][1:]
            running = Running(self.tool, watched.pid) if self.tool else None
            before = watched.made(verb)
            on = [watched.do(verb, args.pages) for _ in rounds][1:]
            self.made += watched.made(verb) - before
            if running:
                self.maps, self.rss = running.memory()
                self.seen += running.stop()
        except NotMeasured as why:
            self.why = str(why)
            return
        for without, watching in zip(off, on):
            self.thread.append(watching[0] / without[0])
            self.total.append(watching[1] / without[1])
            self.added.append((watching[1] - without[1]) / args.pages)

    def text(self):
        name = self.tool.name if self.tool else "nobody, once more"
        if self.tool and not self.why and self.seen * 100 < self.made:
            self.why = f"it saw {self.seen} of {self.made}"
        if self.why:
            return f"{name:<34} not measured: {self.why}"
        out = f"{name:<34}"
        for v in (self.thread, self.total):
            out += f" {statistics.median(v):7.3f} {min(v):7.3f} {max(v):7.3f}"
        out += f" {statistics.median(self.added):+8.0f}"
        if not self.tool:
            return out
        return out + f" {self.seen:>9} {self.made:>9} {self.maps:9.0f} {self.rss:9}"


HEAD = (f"{'WATCHED BY':<34} {'THREAD':>7} {'MIN':>7} {'MAX':>7} {{:>7}} {'MIN':>7} {'MAX':>7}"
        f" {'ADDED':>8} {'SEEN':>9} {'MADE':>9} {'MAPS-KIB':>9} {'RSS-KIB':>9}")


def scene(verb, what, rows, args):
    """All tools of a table, interleaved; each time another one is the first."""
    watched = Watched(args.time)
    try:
        base = statistics.median(watched.do(verb, args.pages)[0] for _ in range(5)) / args.pages
        print(f"{args.pages} {what} a round, {base:.0f} ns each when nobody watches; ratios to that, median of"
              f" {args.starts} x {args.rounds} rounds")
        print(HEAD.format("WALL" if args.time else "TOTAL"), flush=True)
        for i in reversed(range(args.starts)):
            for j in range(len(rows)):
                row = rows[(i * 5 + j) % len(rows)]
                row.measure(watched, verb, args)
                if not i:
                    print(row.text(), flush=True)
        print(flush=True)
    finally:
        watched.end()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-s", "--starts", type=int, default=3)
    p.add_argument("-r", "--rounds", type=int, default=3)
    p.add_argument("-n", "--pages", type=int, default=4096)
    p.add_argument("-v", "--verb", help="one table only: touch, copy or flush")
    p.add_argument("names", nargs="*")
    p.add_argument("--time", action="store_true")
    args = p.parse_args()
    # The program has the last processor for itself, all others share the first.
    os.sched_setaffinity(0, {0})
    os.makedirs(CGROUP, exist_ok=True)
    for verb, what, some in tools.SCENES:
        rows = [Row(None)] + [Row(t) for t in some if not args.names or any(n in t.name for n in args.names)]
        if len(rows) > 1 and args.verb in (None, verb):
            scene(verb, what, rows, args)


if __name__ == "__main__":
    main()
