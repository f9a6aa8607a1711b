# SPDX-License-Identifier: GPL-2.0-only
"""Views of `mmscope faults`: rows by every key, whom it watches, --cold, --max-overhead.

The workload (workloads/views.c) says which faults it took where; what a program does
besides cancels out against a run with N = 0, or lies elsewhere. Sums are held against
rusage and vmstat, resident pages against the smaps that the workload wrote itself.
"""
import collections
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, objects, ok, same, skip  # noqa: E402
from procs import until_armed  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
WORK = os.path.join(os.environ["MMS_WORKLOADS"], "views")
FAULTS = os.path.join(os.environ["MMS_WORKLOADS"], "faults")
EXPECT = "/tmp/mms-views-expected"
SMAPS = "/tmp/mms-views-smaps"
ENV = {**os.environ, "MMS_EXPECT": EXPECT, "MMS_SMAPS": SMAPS}


def run(argv, env=None, timeout=180):
    return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False,
                          env={**ENV, **(env or {})})


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def expected():
    """[(key, count), ...] as the workload wrote them."""
    with open(EXPECT, encoding="ascii") as f:
        return [(k, int(v)) for k, v in (line.rsplit(None, 1) for line in f)]


def faults(options, *command, env=None):
    """All objects of a run."""
    p = run([MMSCOPE, "faults", "-O", "json", *options, "--", *command], env)
    if p.returncode:
        raise AssertionError(f"status {p.returncode}: {p.stderr}{p.stdout[:500]}")
    return objects(p.stdout)


def observe(options, name, n, env=None):
    """(the report, what the workload expects)"""
    (o,) = faults(options, WORK, name, str(n), env=env)
    return o, dict(expected())


def watch(options, during):
    """Runs the tool without a command; during() is called while it counts. Returns its objects."""
    tool = subprocess.Popen([MMSCOPE, "faults", "-O", "json", *options], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    until_armed(tool)
    try:
        during()
    finally:
        if tool.poll() is None:
            tool.send_signal(signal.SIGINT)
    out, err = tool.communicate(timeout=60)
    if tool.returncode:
        raise AssertionError(f"status {tool.returncode}: {err}")
    return objects(out)


def rows(o):
    """The rows of the table, whatever its name."""
    name = o["by"].split(",")[0]
    return o[name + ("es" if name == "process" else "s")]


def by(o, key):
    out = collections.Counter()
    for r in rows(o):
        if r["rest"] is None:
            out[r[key]] += r["count"]
    return out


def sums(o, label):
    """Rows add up to the total, the total to what the kernel counted."""
    r = rows(o)
    same(sum(x["count"] for x in r), o["faults"], f"{label}: rows add up to the total")
    same(o["faults"], o["stored"], f"{label}: the total is what was stored")
    same(o["seen"], o["stored"] + o["filtered"] + o["sampled_out"] + o["dropped"],
         f"{label}: seen = stored + filtered + sampled out + dropped")
    same(sum(x["minor"] + x["major"] for x in r), o["minflt"] + o["majflt"], f"{label}: minor and major add up")
    if "rusage_minflt" in o:
        same((o["minflt"] + o["majflt"], o["majflt"]),
             (o["rusage_minflt"] + o["rusage_majflt"], o["rusage_majflt"]), f"{label}: as in rusage")
    bad = [x for x in r if sum(x["hist"]) != x["count"] and x.get("kind") != "segv"]
    same(bad, [], f"{label}: histograms have every fault")


def vmas():
    o, want = observe(["--by", "vma", "--around"], "vma", 13)
    got = {f"{int(r['start'], 16):x}-{int(r['end'], 16):x}:{r['segment']}": r for r in rows(o) if r["end"]}
    same({k: got[k]["count"] for k in want if k in got}, want, "vma: counts of each mapping, grown ones as one")
    sums(o, "vma")
    for k, n in want.items():
        pages = (int(k.split("-")[1].split(":")[0], 16) - int(k.split("-")[0], 16)) // 4096
        if k.endswith(":file"):
            same(got[k]["around_pages"], pages - n, "vma: pages of the file that came along")
            ok(got[k]["file"].startswith("mms-views-"), "vma: the file's name", got[k])
        elif k.endswith(":anon"):
            same(got[k]["around_pages"], 0, "vma: nothing comes along with anonymous pages")
            same(got[k]["bytes"], n * 4096, "vma: bytes of anonymous pages")
    both, _ = observe(["--by", "vma,kind"], "vma", 13)
    same(collections.Counter({k: v for k, v in by(both, "start").items()}), by(o, "start"), "vma,kind: the same by mapping")
    segment, _ = observe(["--by", "segment"], "vma", 13)
    same(by(segment, "segment"), by(o, "segment"), "segment: as the sums by mapping")
    sums(segment, "segment")


def files():
    o, want = observe(["--by", "file"], "file", 11)
    got = {f"{r['dev']}/{r['inode']}": r["count"] for r in rows(o) if r["inode"]}
    same({k: got.get(k) for k in want}, want, "file: counts by device and inode")
    none = [r for r in rows(o) if r["inode"] is None]
    same([(r["dev"], r["file"]) for r in none], [(None, None)], "file: one row of what is of no file")
    sums(o, "file")
    names = {r["inode"]: r["file"] for r in rows(o)}
    same(names[os.stat(WORK).st_ino], "views", "file: the program by its name")


def threads():
    base, _ = observe(["--by", "thread"], "thread", 0)
    o, want = observe(["--by", "thread"], "thread", 7)
    got = {str(r["tid"]): r["count"] for r in rows(o)}
    idle = sorted(r["count"] for r in rows(base) if r["tid"] != r["pid"])
    same(sorted(got[t] - n for t, n in want.items()), idle, "thread: counts of each, less what an idle one takes")
    same(len(got), 4, "thread: one row each")
    sums(o, "thread")


def origins():
    # A page that both a program and the kernel touch at its start is the one's or the other's, by
    # who comes first: not in three runs of three.
    for _ in range(3):
        base, _ = observe(["--by", "origin"], "origin", 0)
        o, want = observe(["--by", "origin"], "origin", 9)
        diff = by(o, "origin")
        diff.subtract(by(base, "origin"))
        if all(diff[k] == want[k] for k in want):
            break
    same({k: diff[k] for k in want}, want, "origin: user, kernel, gup, remote")
    sums(o, "origin")


def cgroups():
    script = ""
    for name, n in (("a", 31), ("b", 53)):
        path = f"/sys/fs/cgroup/mms-views/{name}"
        os.makedirs(path, exist_ok=True)
        script += f"(sh -c 'echo $$ > {path}/cgroup.procs; exec {WORK} anon '$(({n} * $1)));"
    got = []
    for on in ("0", "1"):
        (o,) = faults(["--by", "cgroup"], "sh", "-c", script, "sh", on)
        got.append(by(o, "cgroup"))
        sums(o, f"cgroup {on}")
    got[1].subtract(got[0])
    same({k: v for k, v in got[1].items() if v}, {"/mms-views/a": 31, "/mms-views/b": 53}, "cgroup: counts of each")


def sums_of_all():
    for keys in ("kind", "process,kind", "kind,origin,process", "thread,file", "vma,origin,kind", "file,kind",
                 "swap,kind", "cgroup,process,segment"):
        o, _ = observe(["--by", keys, "--hist"], "vma", 5)
        same(o["by"], keys, f"{keys}: said")
        sums(o, keys)
        same(sum(h["count"] for h in o["histograms"]), o["faults"], f"{keys}: histograms add up")
        ok(all(r["wall_percent"] is not None and r["per_s"] > 0 for r in rows(o)), f"{keys}: rates and shares are known")


def cut():
    """--top, --sort and -k leave nothing out of the sums."""
    o, _ = observe(["--by", "vma", "--top", "3", "--sort", "time"], "vma", 13)
    r = rows(o)
    same([x["rest"] for x in r], [None] * 3 + ["others"], "top: three rows and the others")
    ok(r[0]["total_ns"] >= r[1]["total_ns"] >= r[2]["total_ns"], "top: sorted by time", r)
    ok(r[3]["rest_rows"] > 3 and r[3]["start"] is None, "top: the others have a number and no key", r[3])
    sums(o, "top")
    o, _ = observe(["-k", "anon-zero-fill,shmem", "--sort", "bytes"], "vma", 13)
    same(sorted(x["kind"] for x in rows(o) if x["rest"] is None), ["anon-zero-fill", "shmem"], "kind: those asked for")
    same([x["rest"] for x in rows(o)].count("other kinds"), 1, "kind: one row of the others")
    sums(o, "kind")
    whole, _ = observe(["--by", "kind"], "vma", 13)
    same({k: v for k, v in by(whole, "kind").items() if k in ("anon-zero-fill", "shmem")}, dict(by(o, "kind")),
         "kind: counts are the same")
    for sort, key in (("max", "max_ns"), ("bytes", "bytes"), ("count", "count")):
        o, _ = observe(["--sort", sort], "vma", 13)
        v = [x[key] for x in rows(o)]
        same(v, sorted(v, reverse=True), f"sort: {sort}")


def no_kinds():
    o, _ = observe(["--no-kinds"], "vma", 13)
    same({x["kind"] for x in rows(o)}, {"any"}, "no-kinds: all are any")
    sums(o, "no-kinds")
    o, _ = observe(["--no-kinds", "--by", "vma"], "vma", 13)
    got = {f"{int(r['start'], 16):x}-{int(r['end'], 16):x}:{r['segment']}": r["count"] for r in rows(o) if r["end"]}
    want = dict(expected())
    same({k: got.get(k) for k in want}, want, "no-kinds: places are known all the same")


PYTHON = r"""
import mmap, os, subprocess, sys, threading
def touch(n):
    m = mmap.mmap(-1, 4096 * 64, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for i in range(n):
        m[i * 4096] = 1
go = threading.Event()
def worker():
    print(threading.get_native_id(), flush=True)
    go.wait()
    touch(37)
t = threading.Thread(target=worker)
t.start()
sys.stdin.readline()
touch(59)
go.set()
t.join()
print("done", flush=True)
sys.stdin.readline()
subprocess.run(sys.argv[1:])
print("done", flush=True)
sys.stdin.readline()
"""


def subject():
    p = subprocess.Popen([sys.executable, "-c", PYTHON, WORK, "anon", "211"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True, env=ENV)
    tid = int(p.stdout.readline())

    def step():
        p.stdin.write("\n")
        p.stdin.flush()
        p.stdout.readline()
    return p, tid, step


def one_thread():
    """-t sees one thread of two, and ends with it."""
    p, tid, step = subject()
    o = watch(["-t", str(tid), "--by", "thread,kind"], step)[-1]
    same({r["tid"] for r in rows(o)}, {tid}, "tid: rows of this thread only")
    got = by(o, "kind")["anon-zero-fill"]
    ok(37 <= got < 37 + 20, "tid: its 37 pages, not the 59 of the other", got)
    ok(o["filtered"] > 0, "tid: others are seen and filtered")
    p.kill()
    p.wait()


def children():
    """--children follows what -p alone leaves out."""
    for follow in (False, True):
        p, _, step = subject()
        step()
        o = watch(["-p", str(p.pid), "--by", "process,kind", *(["--children"] if follow else [])], step)[-1]
        pids = {r["pid"] for r in rows(o)}
        anon = [r for r in rows(o) if r["pid"] != p.pid and r["kind"] == "anon-zero-fill"]
        if follow:
            same([r["comm"] for r in anon], ["views"], "children: named by what it became")
            ok(anon and 211 <= anon[0]["count"] < 211 + 60, "children: its 211 pages", anon)
        else:
            same(pids - {p.pid}, set(), "children: not without the option")
        p.kill()
        p.wait()


def whole():
    """-a with a command: the machine as long as it runs, beside vmstat."""
    (o,) = faults(["-a", "--by", "process,kind"], "sh", "-c", f"{WORK} anon 3000; {WORK} anon 20")
    anon = sum(r["count"] for r in rows(o) if r["comm"] == "views" and r["kind"] == "anon-zero-fill")
    ok(3020 <= anon < 3020 + 100, "all: the command's faults", anon)
    diff = o["vmstat_difference"]
    # Some kernels count each retry; both readings take a moment in which others fault.
    ok(min(abs(diff), abs(diff - o["retries"])) < 50, "all: vmstat's pgfault is our total", o)
    same(o["seen"], o["stored"] + o["filtered"] + o["sampled_out"] + o["dropped"], "all: identity")
    ok("rusage_minflt" not in o, "all: nothing is said of rusage")


def seen_stuck():
    """Five faults that do not end: what --events says of them at its end, and how many lines --stacks has on stderr."""
    p = subprocess.Popen([WORK, "stuck", "5"], stdout=subprocess.PIPE, text=True, env={**ENV, "MMS_WAIT": "1"},
                         stdin=subprocess.PIPE)
    tools = [subprocess.Popen([MMSCOPE, "faults", *argv, "-p", str(p.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) for argv in (["--events", "-O", "json"], ["--stacks=user"])]
    for tool in tools:
        until_armed(tool)
    p.stdin.write("\n")
    p.stdin.flush()
    p.stdout.readline()
    got = []
    for tool in tools:
        tool.send_signal(signal.SIGINT)
        got.append(tool.communicate(timeout=60))
    p.kill()
    p.wait()
    events = [json.loads(line) for line in got[0][0].splitlines()]
    return events, sum("not yet ended: 5 faults" in line for line in got[1][1].splitlines())


def in_flight():
    p = subprocess.Popen([WORK, "stuck", "5"], stdout=subprocess.PIPE, text=True, env={**ENV, "MMS_WAIT": "1"},
                         stdin=subprocess.PIPE)
    tool = subprocess.Popen([MMSCOPE, "faults", "-O", "json", "-p", str(p.pid), "3", "2"], stdout=subprocess.PIPE,
                            text=True)
    until_armed(tool)
    p.stdin.write("\n")
    p.stdin.flush()
    p.stdout.readline()
    objs = [json.loads(line) for line in tool.communicate(timeout=60)[0].splitlines()]
    want = sorted(k for k, _ in expected())
    text = run([MMSCOPE, "faults", "-p", str(p.pid), "0.2", "1"]).stdout
    p.kill()
    p.wait()
    last = objs[-1]["in_flight_faults"]
    same(sorted(r["addr"] for r in last), want, "in flight: the addresses")
    same({(r["pid"], r["origin"], r["comm"]) for r in last}, {(p.pid, "user", "views")}, "in flight: whose and from where")
    same(len({r["tid"] for r in last} - {p.pid}), 5, "in flight: five threads")
    same(objs[-1]["in_flight"], 5, "in flight: counted")
    same(objs[-1]["in_flight_ns"], sum(r["ns"] for r in last), "in flight: their time adds up")
    same([r["ns"] for r in last], sorted((r["ns"] for r in last), reverse=True), "in flight: the longest first")
    events, stacks = seen_stuck()
    same((events[-1]["in_flight"], len(events[-1]["in_flight_faults"])), (5, 5), "in flight: at the end of events")
    same(stacks, 1, "in flight: a remark beside stacks")
    # They were stuck when this one began to look.
    ok("not yet ended: 0" in text, "in flight: what began before is not counted", text)


def notes(objs):
    return [n for o in objs for n in o.get("notes", [])]


def budget():
    (o,) = faults(["--max-overhead", "5000"], WORK, "storm", "4")
    same((o["sampled_out"], [r["sampled"] for r in rows(o)]), (0, [1] * len(rows(o))), "budget: a generous one changes nothing")
    sums(o, "budget, generous")
    (o,) = faults(["--max-overhead", "0.02"], WORK, "storm", "7")
    ok(o["sampled_out"] > 0, "budget: a tiny one samples", o)
    ok(any("is looked at" in n for n in notes([o])), "budget: it says so", notes([o]))
    same(o["seen"], o["stored"] + o["filtered"] + o["sampled_out"] + o["dropped"], "budget: identity")
    same(o["faults"], o["rusage_minflt"] + o["rusage_majflt"], "budget: the total is exact")
    guess = sum(r["count"] for r in rows(o))
    ok(abs(guess - o["faults"]) < o["faults"] * 0.05, "budget: the rows stand for all", (guess, o["faults"]))
    same(sum(r["stored"] for r in rows(o)), o["stored"], "budget: and say what was stored")
    ok(all(r["sampled"] > 1 for r in rows(o)), "budget: rows say how much was sampled", rows(o))
    text = run([MMSCOPE, "faults", "--max-overhead", "0.02", "--", WORK, "storm", "4"]).stdout
    ok("~" in text and "# sampled" in text, "budget: text marks estimates", text)


def budget_of_events():
    objs = faults(["--events", "--max-overhead", "0.02"], WORK, "storm", "5")
    reports = [o for o in objs if o["schema"].startswith("mmscope.faults/")]
    streamed = sum(len(o.get("events", [])) for o in objs)
    ok(streamed > 0 and len(reports) == 1, "budget of events: events at first, then counts", [o["schema"] for o in objs][-3:])
    same(objs[-1]["streamed"], streamed, "budget of events: those that came are all there")
    counted = reports[0]["faults"]
    n = objs[-1]["stored"] + objs[-1]["sampled_out"]
    ok(0 <= streamed + counted - n <= n // 50, "budget of events: none is lost between", (streamed, counted, n))


def own_cost():
    (o,) = faults(["-v"], WORK, "anon", "500")
    # Entry and return, and programs at fork, exec, exit.
    ok(o["program_runs"] >= 2 * o["faults"], "cost: runs of the programs", o)
    ok(o["program_ns"] > 0 and o["map_bytes"] > 0 and o["tool_cpu_ns"] > 0, "cost: times and memory", o)
    text = run([MMSCOPE, "faults", "-v", "--", "true"]).stdout
    ok("program runs: " in text and "maps: " in text and "CPU time: " in text, "cost: in text with -v", text)
    (o,) = faults([], WORK, "anon", "500")
    ok("program_runs" not in o and o["map_bytes"] > 0, "cost: without -v nothing is measured, no zero", o)


def events():
    objs = faults(["--events", "--around"], WORK, "vma", "13")
    want = {k.split("-")[0]: (k.split(":")[1], n) for k, n in expected()}
    got = collections.defaultdict(list)
    for e in (e for o in objs for e in o.get("events", [])):
        for start in want:
            if e["vma_start"] and int(start, 16) <= int(e["addr"], 16) < int(start, 16) + (1 << 22):
                got[start].append(e)
    for start, (segment, n) in want.items():
        e = got[start]
        same((len(e), {x["segment"] for x in e}, {x["origin"] for x in e}), (n, {segment}, {"user"}),
             f"events: {segment} at {start}")
        if segment == "file":
            same(sum(x["around_pages"] for x in e) + n, 26, "events: pages that came along")
    objs = faults(["--events", "-k", "shmem"], WORK, "vma", "13")
    same({e["kind"] for o in objs for e in o.get("events", [])}, {"shmem"}, "events: of one kind")
    ok(objs[-1]["other_kinds"] > 26, "events: others are counted", objs[-1])
    objs = faults(["--events"], WORK, "origin", "4")
    got = collections.Counter(e["origin"] for o in objs for e in o.get("events", [])
                              if 0x200000000000 <= int(e["addr"], 16) < 0x200010000000)
    same(got, {"user": 4, "kernel": 8, "gup": 12, "remote": 4}, "events: origins")


def smaps_segments():
    """Resident pages as the workload saw them last."""
    out, name = collections.Counter(), None
    with open(SMAPS, encoding="ascii") as f:
        for line in f:
            word = line.split()
            if not line[0].isupper():
                path = word[5] if len(word) > 5 else ""
                name = ("heap" if path == "[heap]" else "stack" if path == "[stack]" else
                        "data" if path[:1] == "/" and word[1] == "rw-p" else
                        "file" if path[:1] == "/" and word[1][2] == "-" else None)
            elif word[0] == "Rss:" and name:
                # Some kernels call the bss before it [heap], too.
                out[name] = int(word[1]) // 4 + (out[name] if name != "heap" else 0)
    return out


def cold_curve(n):
    objs = faults(["--cold"], WORK, "cold", str(n))
    return objs, [tuple(k.split()) + (v,) for k, v in expected()]


def row(o, what):
    return next(r for r in o["segments"] if r["what"] == what)


def taken(o):
    minor, major = row(o, "minor"), row(o, "major")
    return {k: minor[k] + major[k] for k in ("heap", "stack", "data", "bss", "file", "text", "all")}


def cold():
    without, _ = cold_curve(0)
    objs, steps = cold_curve(19)
    end, last = objs[-1], taken(objs[-1])
    base = taken(without[-1])
    want = {s: c for _, s, c in steps if c}
    same({k: last[k] - base[k] for k in want}, want, "cold: faults by segment")
    same(sorted(want), ["bss", "data", "file", "heap", "stack"], "cold: of five segments")
    same((end["minflt"] + end["majflt"], end["rusage_difference"]),
         (end["rusage_minflt"] + end["rusage_majflt"], 0), "cold: totals as in rusage")
    same(last["all"] + end["child_minflt"] + end["child_majflt"], end["minflt"] + end["majflt"],
         "cold: the curve ends at the total")
    same([r for r in end["segments"] if r["what"] == "resident"][0]["all"], None,
         "cold: what is resident after the end is not known")
    moments = [o["at_ns"] for o in objs]
    same(moments, sorted(moments), "cold: moments follow each other")
    totals = [taken(o)["all"] for o in objs]
    same(totals, sorted(totals), "cold: sums only grow")
    # Every moment between two steps has the steps before it, and no other.
    ok(checked_moments(objs, steps, last) >= 2, "cold: moments in the pauses", moments)
    alive = [o for o in objs[:-1] if o["at_ns"] + o["execve_ns"] > int(steps[-1][0]) + 500000000]
    ok(len(alive) > 0, "cold: a moment after the last step", moments)
    resident = row(alive[-1], "resident")
    got = {k: resident[k] for k in ("heap", "stack", "data", "file")}
    same(got, dict(smaps_segments()), "cold: resident pages as in smaps")


def checked_moments(objs, steps, last):
    times = [int(t) for t, _, _ in steps]
    nr = 0
    for o in objs[:-1]:
        at, read = o["at_ns"] + o["execve_ns"], o["read_ns"]
        # Steps come in groups; a moment in the middle of one proves nothing.
        near = [t for t in times if at - 100000000 < t < at + read + 250000000]
        if near or at < times[0]:
            continue
        got = taken(o)
        to_come = collections.Counter()
        for t, segment, count in steps:
            if int(t) > at:
                to_come[segment] += count
        same({s: last[s] - got[s] for s in ("heap", "stack", "bss", "file")},
             {s: to_come[s] for s in ("heap", "stack", "bss", "file")}, f"cold: what is to come at {at - o['execve_ns']} ns")
        nr += 1
    return nr


def cold_of_a_program():
    objs = faults(["--cold"], sys.executable, "-c", "import json")
    end = objs[-1]
    same(end["rusage_difference"], 0, "cold: python3 as in rusage")
    last = taken(end)
    ok(last["text"] > 0 and last["heap"] > 0 and last["data"] > 0 and last["stack"] > 0, "cold: python3 has its segments", last)
    for o in objs[:-1]:
        r = row(o, "resident")
        if r["all"] is not None and r["all"] < sum(r[k] for k in ("text", "data", "heap", "stack", "file", "bss")):
            ok(False, "cold: resident adds up", r)


def swapon(path, *options):
    p = run(["swapon", *options, path])
    if p.returncode:
        raise AssertionError(f"swapon {path}: {p.stderr}")


def swapped(area, n):
    p = run([MMSCOPE, "faults", "-O", "json", "--by", "swap,kind", "--", FAULTS, "swap", str(n)], {"MMS_SWAP": area})
    if p.returncode == 77:
        skip(f"swap: {area} {n}", p.stderr.strip())
        return None
    if p.returncode:
        raise AssertionError(f"status {p.returncode}: {p.stderr}")
    (o,) = [json.loads(line) for line in p.stdout.splitlines()]
    sums(o, f"swap: {area} {n}")
    want = sum(v for k, v in expected() if k.startswith("swap-in"))
    got = collections.Counter()
    for r in rows(o):
        if r["swap_type"] is not None:
            got[(r["swap_type"], r["swap"])] += r["count"]
    return got, want


def swaps():
    """Each area by its path, also when the numbers have a hole."""
    with open("/proc/swaps", encoding="ascii") as f:
        if f.read().count("\n") != 2:
            skip("swap: areas by name", "zram is not the only swap area")
            return
    for name in ("one", "two"):
        path = f"/root/swap-{name}"
        run(["dd", "if=/dev/zero", f"of={path}", "bs=1M", "count=48"])
        os.chmod(path, 0o600)
        run(["mkswap", path])
    swapon("/root/swap-one", "-p", "1")   # type 1: zram has 0
    swapon("/root/swap-two", "-p", "2")
    run(["swapoff", "/dev/zram0"])
    # Only one area is on at a time: some kernels keep slots of another one in reserve.
    steps = [((2, "/root/swap-two"), "device", 13, ["swapoff", "/root/swap-one"]),
             ((0, "/root/swap-one"), "device", 17, ["swapon", "/root/swap-one"], ["swapoff", "/root/swap-two"]),
             ((1, "/dev/zram0"), "zram", 11, ["swapon", "/dev/zram0"], ["swapoff", "/root/swap-one"])]
    for key, area, n, *before in steps:
        for command in before:
            if run(command).returncode:
                raise AssertionError(" ".join(command))
        got = swapped(area, n)
        if got:
            same(dict(got[0]), {key: got[1]}, f"swap: {key[1]} has type {key[0]}")


def bad_use():
    for argv in (["--by", "vma,file"], ["--by", "segment,swap"], ["--by", "kind,kind"], ["--by", ""], ["--by", "page"],
                 ["-k", "none"], ["--sort", "name"], ["--top", "0"], ["--top", "x"], ["--children"], ["-a", "-p", "1"],
                 ["-p", "1", "-t", "1"], ["-t", "x"], ["--cold"], ["--cold", "-a", "--", "true"],
                 ["--cold", "--events", "--", "true"], ["--events", "--top", "3"], ["--no-kinds", "-k", "segv"],
                 ["--max-overhead", "0"], ["--max-overhead", "some"], ["-p", "1", "--", "true"]):
        p = run([MMSCOPE, "faults", *argv])
        same((p.returncode, p.stdout, len(p.stderr.splitlines())), (2, "", 1), f"bad use: {' '.join(argv)}")
    p = run([MMSCOPE, "faults", "-t", "4194303"])
    same((p.returncode, len(p.stderr.splitlines())), (1, 1), f"no such thread: {p.stderr.strip()}")


write("/proc/sys/kernel/randomize_va_space", "0")
for test in (vmas, files, threads, origins, cgroups, sums_of_all, cut, no_kinds, one_thread, children, whole, in_flight,
             budget, budget_of_events, own_cost, events, cold, cold_of_a_program, swaps, bad_use):
    if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
        case(test)
