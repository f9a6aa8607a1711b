# SPDX-License-Identifier: GPL-2.0-only
"""Real programs under `mmscope faults`, reconciled with what the kernel counts itself.

Who the witnesses are: rusage of a command and its children, /proc/PID/stat of a
process that lives on, memory.stat of a cgroup, /proc/vmstat of the system. Their
rules are in mmscope-faults(8), RECONCILIATION.
"""
import collections
import glob
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, objects, ok, same, skip  # noqa: E402
from procs import until_armed  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
LOSSES = ("dropped", "missed_recursion", "missed_entry", "missed_return", "missed_child", "walk_failed")
FAILED = ("segv", "sigbus", "oom")
CGROUPS = "/sys/fs/cgroup"
DATABASE = "/root/mms-real.db"  # on a disk: /tmp may be memory
CC = "/root/cc"
WORK = os.path.join(os.environ["MMS_WORKLOADS"], "faults")
RET_MAJOR = 4  # VM_FAULT_MAJOR

# How this kernel counts pgfault: "fault" when it ends, or every "link" of a chain of
# retries. Each comparison with retries in it tells, and they must all tell the same.
rules = {"fault", "link"}


def run(argv, timeout=120, **kw):
    return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False, **kw)


def must(argv, **kw):
    p = run(argv, **kw)
    assert p.returncode == 0, f"{argv}: status {p.returncode}: {p.stderr}{p.stdout}"
    return p.stdout


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def fields(text):
    return {k: int(v) for k, v in (line.split() for line in text.splitlines())}


def until(what, cond):
    for _ in range(600):
        if cond():
            return
        time.sleep(0.1)
    raise AssertionError(f"waited in vain: {what}")


class Tool:
    """mmscope faults beside what is watched, from when it counts to when it is told to stop."""

    nr = 0

    def __init__(self, *options):
        Tool.nr += 1
        self.path = f"/tmp/mms-real-{Tool.nr}.json"
        self.p = subprocess.Popen([MMSCOPE, "faults", "-O", "json", "-o", self.path, *options],
                                  stderr=subprocess.PIPE, text=True)
        until_armed(self.p)

    def stop(self):
        self.p.send_signal(signal.SIGINT)
        err = self.p.communicate(timeout=120)[1]
        assert self.p.returncode == 0, f"status {self.p.returncode}: {err}"
        with open(self.path, encoding="utf-8") as f:
            objs = objects(f.read())
        os.unlink(self.path)
        return objs


def counts(o):
    return collections.Counter({k["kind"]: k["count"] for k in o["kinds"]})


def accounted(o, name):
    """What must hold of any run: nothing is lost, and everything has a kind."""
    same(o["seen"], o["stored"] + o["filtered"] + o["dropped"] + o.get("sampled_out", 0),
         f"{name}: seen = stored + filtered + dropped")
    same({k: o[k] for k in LOSSES if o.get(k)}, {}, f"{name}: nothing lost")


def sums(o, name):
    accounted(o, name)
    same(sum(k["count"] for k in o["kinds"]), o["stored"], f"{name}: sum of kinds = stored")
    same([k for k in o["kinds"] if k["kind"] not in FAILED and k["minor"] + k["major"] != k["count"]], [],
         f"{name}: what did not fail is minor or major")


def reconciled(o, name):
    sums(o, name)
    same(o["minflt"] + o["majflt"], o["rusage_minflt"] + o["rusage_majflt"], f"{name}: minflt + majflt = rusage")
    same(o["majflt"], o["rusage_majflt"], f"{name}: majflt = rusage")
    print(f"# {name}: {o['minflt']} minor, {o['majflt']} major, {o['retries']} retries, {o['attach']},"
          f" {dict(counts(o))}")


def command(name, argv):
    """A program from its start to its end, with its children."""
    out = "/tmp/mms-real-command.json"
    p = run([MMSCOPE, "faults", "-O", "json", "-o", out, "--", *argv])
    same(p.returncode, 0, f"{name}: the command ran {p.stderr}")
    with open(out, encoding="utf-8") as f:
        (o,) = objects(f.read())
    reconciled(o, name)
    return o, p.stdout


def page_rule(label, got, faults, retries):
    """pgfault of the kernel against our faults that were not refused before."""
    fits = {rule for rule, want in (("fault", faults), ("link", faults + retries)) if want == got}
    ok(rules & fits, label, f"kernel {got}, we {faults} with {retries} retries; so far it counted each of {rules}")
    if rules & fits:
        rules.intersection_update(fits)


# --- commands: rusage


def sqlite():
    if os.path.exists(DATABASE):
        os.unlink(DATABASE)
    o, _ = command("sqlite3 makes 10 MB", ["sqlite3", DATABASE, "create table t(a integer primary key, b blob);"
                   " with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500)"
                   " insert into t select i, zeroblob(4000) from n;"])
    ok(os.path.getsize(DATABASE) > 10**7, "sqlite3: 10 MB are there", os.path.getsize(DATABASE))
    forget(DATABASE)
    o, out = command("sqlite3 asks, by mmap", ["sqlite3", DATABASE, "pragma mmap_size = 64000000;"
                     " select count(*), sum(length(b)) from t;"])
    same(out.split()[-1], "2500|10000000", "sqlite3: the answer")
    # The file was not in memory: somebody waited for the disk.
    ok(o["majflt"] > 0 and counts(o)["file-major"] > 0, "sqlite3: pages of the file came from the disk", counts(o))


def forget(path):
    """The page cache no longer has this file."""
    fd = os.open(path, os.O_RDWR)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def python():
    o, out = command("python3", ["python3", "-c", "import argparse, decimal, json, subprocess, xml.dom.minidom\n"
                                 "print(len({i: str(i) for i in range(200000)}))"])
    same(out, "200000\n", "python3: the dict")
    # 200,000 strings of 55 bytes or so and the table: no less than 10 MB of untouched memory.
    ok(counts(o)["anon-zero-fill"] + 512 * counts(o)["anon-huge"] > 2500, "python3: its memory was made", counts(o))


def shell():
    o, out = command("a shell with many short children", ["sh", "-c",
                     "for i in 1 2 3 4 5 6 7 8 9 10; do echo $i | sed s/1/2/ | tr 2 3; ls / > /dev/null; done"
                     " | sort | uniq -c | wc -l"])
    same(out.strip(), "8", "shell: the answer")  # 1, 2 and 3 are all 3 now
    ok(counts(o)["cow-copy"] > 40, "shell: children copied pages of the parent", counts(o))


def stress():
    command("stress-ng --vm", ["stress-ng", "-q", "--vm", "1", "--vm-bytes", "4M", "--vm-ops", "50",
                               "--vm-method", "zero-one"])


def compiler():
    """The host's gcc with a source of ours (tests/bundle-cc): the guest's root has none."""
    if not os.path.exists(f"{CC}/gcc"):
        skip("gcc", f"no compiler in {CC}")
        return
    command("gcc", ["env", f"LD_LIBRARY_PATH={CC}", f"{CC}/gcc", f"-B{CC}/", "-O1", "-c", "-o", "/tmp/mms-real.o",
                    f"{CC}/source.i"])
    with open("/tmp/mms-real.o", "rb") as f:
        same(f.read(18)[16:], b"\x01\x00", "gcc: what it made is an object file")


# --- a process that lives on, and its cgroup: /proc/PID/stat and memory.stat


def make_cgroup(name, **settings):
    path = f"{CGROUPS}/{name}"
    os.makedirs(path, exist_ok=True)
    if not os.path.exists(f"{path}/memory.stat"):
        write(f"{CGROUPS}/cgroup.subtree_control", "+memory")
    for key, value in settings.items():
        write(f"{path}/memory.{key}", value)
    return path


def within(path, argv):
    return ["sh", "-c", f"echo $$ > {path}/cgroup.procs && exec \"$@\"", "sh", *argv]


def memory_stat(path):
    """(pgfault, pgmajfault). Each CPU's part comes in later, every two seconds at most: wait until it stays."""
    last, since = None, 0
    while True:
        s = fields(read(f"{path}/memory.stat"))
        now = (s["pgfault"], s["pgmajfault"])
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > 3:
            return now
        time.sleep(0.01)


def stat(pid):
    """What the process took, what the children it waited for took: (minor, major, minor, major)."""
    f = read(f"/proc/{pid}/stat").rpartition(") ")[2].split()
    return f[0], int(f[7]), int(f[9]), int(f[8]), int(f[10])


class Stopped:
    """A process that cannot fault while counters are read."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)
        until("the process stops", lambda: stat(self.pid)[0] == "T")

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGCONT)


def redis():
    """A server that forks to save, and copies what is written meanwhile."""
    path, sock = make_cgroup("mms-redis"), "/tmp/mms-redis.sock"
    server = subprocess.Popen(within(path, ["redis-server", "--port", "0", "--unixsocket", sock, "--save", "", "--dir", "/tmp",
                                            "--dbfilename", "mms-real.rdb", "--rdb-key-save-delay", "1500"]),
                              stdout=subprocess.DEVNULL)

    def ask(*words):
        return run(["redis-cli", "-s", sock, *words]).stdout.strip()

    def fill(char):
        return ask("eval", "for i = 1, 2000 do redis.call('set', 'key:' .. i, string.rep(ARGV[1], 1000)) end return 'filled'",
                   "0", char)

    try:
        until("redis answers", lambda: ask("ping") == "PONG")
        same(fill("x"), "filled", "redis: filled")
        with Stopped(server.pid):
            memory = memory_stat(path)
            by_pid = Tool("-p", str(server.pid))
            by_cgroup = Tool("-e", "-c", path)
            before = stat(server.pid)[1:]
        ask("bgsave")
        # It needs three seconds: it cannot end before it is stopped, nor before all is written.
        with Stopped(int(read(f"/proc/{server.pid}/task/{server.pid}/children"))):
            same(fill("y"), "filled", "redis: written while it saves")
        until("redis has saved", lambda: "rdb_bgsave_in_progress:0" in ask("info", "persistence"))
        ok("rdb_last_bgsave_status:ok" in ask("info", "persistence"), "redis: saved")
        with Stopped(server.pid):
            after = stat(server.pid)[1:]
            (process,) = by_pid.stop()
            (group,) = by_cgroup.stop()
            memory = [a - b for a, b in zip(memory_stat(path), memory)]
    finally:
        server.kill()
        server.wait()
        os.rmdir(path)
    redis_process(process, [a - b for a, b in zip(after, before)])
    redis_cgroup(group, server.pid, [a - b for a, b in zip(after, before)], memory)


def redis_process(o, delta):
    sums(o, "redis -p")
    same(o["minflt"] + o["majflt"], delta[0] + delta[1], "redis -p: minflt + majflt = /proc/PID/stat")
    same(o["majflt"], delta[1], "redis -p: majflt = /proc/PID/stat")
    ok(counts(o)["cow-copy"] > 450, "redis -p: the 2 MB written while it saved were copied", counts(o))


def redis_cgroup(o, pid, delta, memory):
    accounted(o, "redis -c")
    rows = o["processes"]
    same(sum(k["count"] for k in rows), o["stored"], "redis -c: sum of rows = stored")
    mine, child = ([k["minor"] + k["major"] for k in rows if (k["pid"] == pid) == who] for who in (True, False))
    same(sum(mine), delta[0] + delta[1], "redis -c: rows of the server = its /proc/PID/stat")
    same(sum(child), delta[2] + delta[3], "redis -c: rows of the child that saved = what the server waited for")
    ok(sum(child) > 0, "redis -c: the child took faults", rows)
    page_rule("redis -c: memory.stat pgfault", memory[0], o["stored"], o["retries"])
    ok(memory[1] <= o["majflt"], "redis -c: memory.stat pgmajfault <= majflt", (memory[1], o["majflt"]))
    print(f"# redis: {o['minflt']} minor, {o['majflt']} major, memory.stat {memory}, children {delta[2:]}")


def streamed(objs, name, own=0):
    """@own: so many faults of mmscope itself may come after it last emptied the ring."""
    got = sum(len(o.get("events", [])) for o in objs)
    ok(0 <= objs[-1]["streamed"] - got <= own, f"{name}: all events came", (objs[-1]["streamed"], got))
    same([n for n in objs[-1].get("notes", []) if n.startswith("lost")], [], f"{name}: nothing lost")
    same(objs[-1]["dropped"], 0, f"{name}: nothing dropped")


def events_of(objs):
    """All but addresses that were refused before handle_mm_fault()."""
    return [e for o in objs for e in o.get("events", []) if e["ns"] is not None]


def majors(events):
    return sum(bool(int(e["ret"], 16) & RET_MAJOR) for e in events)


def query():
    return ["sqlite3", DATABASE, "pragma mmap_size = 64000000; select sum(length(b)) from t where a % 3;"]


def cgroup():
    """What one cgroup did, from its birth to its end."""
    path = make_cgroup("mms-real")
    same(fields(read(f"{path}/memory.stat"))["pgfault"], 0, "cgroup: it is new")
    forget(DATABASE)
    tool = Tool("--events", "-c", path)
    must(within(path, query()))
    objs = tool.stop()
    memory = memory_stat(path)
    os.rmdir(path)
    streamed(objs, "cgroup")
    events = events_of(objs)
    page_rule("cgroup: memory.stat pgfault", memory[0], len(events), sum(e["retries"] for e in events))
    same(majors(events), memory[1], "cgroup: memory.stat pgmajfault = those that returned MAJOR")
    ok(memory[1] > 0, "cgroup: something came from the disk", memory)
    print(f"# cgroup: memory.stat {memory}, {len(events)} events, {majors(events)} major,"
          f" {sum(e['retries'] for e in events)} retries, {sum(bool(int(e['flags'], 16) & 0x20) for e in events)} tried again")


# --- the whole system: /proc/vmstat


class Window:
    """All faults of the system between two looks at /proc/vmstat."""

    def __init__(self):
        self.fd = os.open("/proc/vmstat", os.O_RDONLY)
        self.tool = Tool("--events")
        for _ in range(3):  # the second time we do the same, we do not fault
            self.look()
        self.begin = self.look()

    def look(self):
        t = time.monotonic_ns()
        text = os.pread(self.fd, 65536, 0)
        return t, text, time.monotonic_ns()

    def end(self, name):
        """Sets inside, unsure (while we looked) and delta."""
        end = self.look()
        objs = self.tool.stop()
        os.close(self.fd)
        streamed(objs, name, own=10)
        a, b = fields(self.begin[1].decode()), fields(end[1].decode())
        self.delta = {k: b[k] - a[k] for k in b}
        self.inside, self.unsure = [], []
        for e in events_of(objs):
            first, last = e["ts_ns"], e["ts_ns"] + e["ns"]
            if first >= self.begin[2] and last <= end[0]:
                self.inside.append(e)
            elif last >= self.begin[0] and first <= end[2]:
                self.unsure.append(e)
        self.retries = sum(e["retries"] for e in self.inside)
        return self

    def pgfault(self, name):
        if not self.unsure:
            page_rule(f"{name}: vmstat pgfault", self.delta["pgfault"], len(self.inside), self.retries)
            return
        most = len(self.inside) + self.retries + sum(1 + e["retries"] for e in self.unsure)
        ok(len(self.inside) <= self.delta["pgfault"] <= most, f"{name}: vmstat pgfault",
           (self.delta["pgfault"], len(self.inside), self.retries, self.unsure))

    def tell(self, name):
        kinds = collections.Counter(e["kind"] for e in self.inside)
        told = " ".join(f"{k} {self.delta.get(k)}" for k in ("pgfault", "pgmajfault", "pswpin", "swap_ra", "swpin_zero"))
        print(f"# {name}: {told}; {len(self.inside)} events, {majors(self.inside)} major, {self.retries} retries,"
              f" {len(self.unsure)} while we looked: {dict(kinds)}")
        return kinds


def system():
    forget(DATABASE)
    w = Window()
    must(query())
    run([WORK, "sigbus", "4"])
    run([WORK, "segv", "5"])
    kinds = w.end("system").tell("system")
    # pgfault has those that failed; those that were refused before are in no counter.
    same((kinds["sigbus"], kinds["segv"]), (4, 0), "system: pages that could not be had")
    ok(len(w.inside) > 300, "system: the program is in it", len(w.inside))
    w.pgfault("system")
    most = majors(w.inside + w.unsure)
    ok(majors(w.inside) <= w.delta["pgmajfault"] <= most, "system: vmstat pgmajfault = those that returned MAJOR",
       (w.delta["pgmajfault"], majors(w.inside), most))


# --- swap: pswpin and pgmajfault


def swapping(name):
    """python3 goes twice through more memory than it is allowed. Returns (window, kinds)."""
    path = make_cgroup("mms-swap", max="12M")
    w = Window()
    must(within(path, ["python3", "-c", "m = bytearray(b'0123456789abcdef' * 65536)\n"
                       "m *= 12\nassert set(m[::4096]) == {48}"]))
    kinds = w.end(name).tell(name)
    os.rmdir(path)
    accounted_swap(name, w, kinds)
    return w, kinds


def accounted_swap(name, w, kinds):
    started = kinds["swap-in-zram"] + kinds["swap-in-device"]
    ok(started > 100, f"{name}: pages came back", kinds)
    w.pgfault(name)
    same(w.delta["pgmajfault"], majors(w.inside), f"{name}: vmstat pgmajfault = those that returned MAJOR")
    same(started + sum(e["kind"] not in ("swap-in-zram", "swap-in-device") for e in w.inside
                       if int(e["ret"], 16) & RET_MAJOR), majors(w.inside),
         f"{name}: each swap-in-zram and swap-in-device is a MAJOR one")
    # Pages of zeros are not written where the kernel keeps a list of them: nothing to read.
    same(w.delta["pswpin"] + w.delta.get("swpin_zero", 0), started + w.delta["swap_ra"],
         f"{name}: pswpin + swpin_zero = swap-ins that were started + read ahead")


def zram():
    if "zram0" not in read("/proc/swaps"):
        skip("swap on zram", "no zram swap was set up")
        return
    w, kinds = swapping("zram")
    same((kinds["swap-in-device"], w.delta["swap_ra"]), (0, 0), "zram: nothing is read ahead, no other device")


def swap_file():
    had_zram = "zram0" in read("/proc/swaps")
    must(["dd", "if=/dev/zero", "of=/root/mms-swap", "bs=1M", "count=48"])
    os.chmod("/root/mms-swap", 0o600)
    must(["mkswap", "/root/mms-swap"])
    if had_zram:
        must(["swapoff", "/dev/zram0"])
    must(["swapon", "/root/mms-swap"])
    try:
        _, kinds = swapping("swap file")
        same(kinds["swap-in-zram"], 0, "swap file: no zram")
        # What was read ahead is there when the fault comes: no major one.
        ok(kinds["swap-in-cache"] > 0, "swap file: some were read ahead", kinds)
    finally:
        must(["swapoff", "/root/mms-swap"])
        if had_zram:
            must(["swapon", "-p", "5", "/dev/zram0"])


# --- what is missing is said


def refused(name, argv, word):
    p = run(argv)
    same(p.returncode, 3, f"{name}: exit status {p.stderr.strip()}")
    same((len(p.stderr.splitlines()), p.stdout), (1, ""), f"{name}: one line, and nothing else")
    ok(word in p.stderr, f"{name}: it names {word}", p.stderr)


def missing():
    for name in ("faults", "cow", "tlb"):
        args = [MMSCOPE, name, *(["-p", str(os.getpid())] if name == "cow" else []), "1", "1"]
        refused(f"{name} without BTF", ["unshare", "-m", "sh", "-c",
                "mount -t tmpfs none /sys/kernel/btf && exec \"$@\"", "sh", *args], "BTF")
        refused(f"{name} without rights", ["setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set", "-all", *args],
                "root")


# With megabytes of readahead no fault would wait for the disk.
for readahead in glob.glob("/sys/block/vd*/queue/read_ahead_kb"):
    write(readahead, "128")
for test in (sqlite, python, shell, stress, compiler, redis, cgroup, system, zram, swap_file, missing):
    if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
        case(test)
