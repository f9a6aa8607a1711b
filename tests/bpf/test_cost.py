# SPDX-License-Identifier: GPL-2.0-only
"""What watching costs, as mmscope tells it: with -v of a run, and in doctor --cost. Memory is held against bpftool's."""
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, objects, ok, same  # noqa: E402
from procs import until_armed  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
TOUCHES = 9 * 4096  # by construction
RING = 16 << 20
LABELS = ("program runs: ", "time in them: ", "time of a run: ", "maps: ", "mmscope's own CPU time: ", "both, of one CPU: ")
COMMAND = ["--", "sh", "-c", "for i in 1 2 3 4; do (:); done"]
memory = {}  # of each command's maps, as doctor has it


def run(*argv):
    return subprocess.run([MMSCOPE, *argv], capture_output=True, text=True, timeout=300, check=False)


def maps_of(pid):
    """The maps that a process holds, as bpftool has them."""
    ids = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as f:
            ids.update(map(int, re.findall(r"^map_id:\s+(\d+)", f.read(), re.M)))
    p = subprocess.run(["bpftool", "-j", "map", "show"], capture_output=True, text=True, check=True)
    return [m for m in json.loads(p.stdout) if m["id"] in ids]


def map_bytes(maps):
    """Kernels that reckon with keys and values have 0 for a ring buffer: its size is known all the same."""
    return sum(m.get("bytes_memlock") or (m["max_entries"] if m["type"] == "ringbuf" else 0) for m in maps)


def measured(rows, name, cost):
    row = rows[name]
    ok(TOUCHES <= row["faults"] <= TOUCHES + 16, f"doctor: {name}: as many faults as pages were touched", row)
    ok(row["fault_ns"] > 0 and abs(row["added_ns"] - (row["fault_ns"] - cost)) <= 1, f"doctor: {name}: added to that of nobody", row)
    ok(abs(row["ratio"] * cost / row["fault_ns"] - 1) < 0.01, f"doctor: {name}: its ratio", row)


def doctor():
    p = run("doctor", "--cost", "-O", "json")
    (o,) = objects(p.stdout)
    rows = {row["command"]: row for row in o["cost"]}
    watchers = ["mmscope " + c for c in ("faults --no-kinds", "faults", "faults --stacks", "faults --events", "cow", "tlb", "thrash")]
    same(list(rows), ["nobody", *watchers], f"doctor: each command has a row ({o.get('notes')})")
    for name, row in rows.items():
        measured(rows, name, o["cost_alone_ns"])
        if name.startswith("mmscope faults"):
            # To read what was seen may take a fault, too.
            ok(0 <= row["seen"] - row["faults"] <= 16, f"doctor: {name}: has seen all of them", row)
        else:
            same(row["seen"], None, f"doctor: {name}: counts no such faults")
    for name in watchers:
        ok(rows[name]["map_bytes"] > 1 << 20 and rows[name]["start_ns"] > 0, f"doctor: {name}: memory, and time to start", rows[name])
        memory[name] = rows[name]["map_bytes"]
    ring = memory["mmscope faults --events"] - memory["mmscope faults"]
    # Without events it is one page.
    ok(RING - 4096 <= ring < RING + (1 << 20), "doctor: the ring of events is 16 MiB", ring)
    (o,) = objects(run("doctor", "-O", "json").stdout)
    ok("cost" not in o, "doctor: nothing is measured unless asked for")


def beside(argv, idle):
    """Beside a process that sleeps: (report, the maps that the kernel has for it)"""
    tool = subprocess.Popen([MMSCOPE, *argv, "-O", "json", "-p", str(idle.pid)], stdout=subprocess.PIPE, text=True)
    until_armed(tool)
    maps = maps_of(tool.pid)
    tool.send_signal(signal.SIGINT)
    return objects(tool.communicate(timeout=60)[0])[-1], maps


def quiet(argv, idle):
    """Without -v: memory alone."""
    name = " ".join(argv)
    o, maps = beside(argv, idle)
    ok("program_runs" not in o and o["map_bytes"] > 1 << 20, f"{name}: the kernel takes no times without -v", o)
    # Elements come with the first process, and go with it.
    ok(abs(o["map_bytes"] - map_bytes(maps)) < 65536, f"{name}: memory of its maps as bpftool has it", (o["map_bytes"], maps))
    if "--events" in argv:
        same([m["max_entries"] for m in maps if m["type"] == "ringbuf"], [RING], f"{name}: the kernel has a ring of 16 MiB")
    told = memory.get(f"mmscope {name}")
    if told:
        ok(abs(told - o["map_bytes"]) < 65536, f"doctor: memory of {name} as in its report", (told, o["map_bytes"]))
    if len(argv) == 1:  # the others print by the same functions, or folded lines and nothing else
        text = run(*argv, *COMMAND).stdout
        ok(not any(label in text for label in LABELS), f"{name}: none of it without -v", text)


def verbose(argv):
    name = " ".join(argv)
    o = objects(run(*argv, "-v", "-O", "json", *COMMAND).stdout)[-1]
    # A fault runs two programs. What was filtered, too, but mmscope's own come after the cost was read.
    least = 2 * o["stored"] if argv[0] == "faults" else o["stored"]
    ok(o["program_runs"] >= max(least, 1), f"{name} -v: runs of programs", o)
    same(o["program_ns_per_run"], o["program_ns"] // o["program_runs"], f"{name} -v: time of a run")
    ok(o["map_bytes"] > 1 << 20 and 0 < o["tool_cpu_ns"] < 60e9 and 0 < o["cost_percent"] < 250, f"{name} -v: memory, own time", o)
    if len(argv) == 1:
        text = run(*argv, "-v", *COMMAND).stdout.splitlines()
        for label in LABELS:
            same(sum(line.startswith(label) for line in text), 1, f"{name} -v: {label}")


def commands():
    idle = subprocess.Popen(["sleep", "600"])
    for argv in (["faults"], ["faults", "--events"], ["faults", "--stacks"], ["cow"], ["cow", "--stacks"], ["tlb"]):
        quiet(argv, idle)
        verbose(argv)
    idle.kill()
    idle.wait()


TOUCH = f"""import mmap
m = mmap.mmap(-1, {TOUCHES} << 12)
m.madvise(mmap.MADV_NOHUGEPAGE)
for i in range({TOUCHES}):
    m[i << 12] = 1"""


def while_touched(*argv):
    """All intervals from before a process touches its pages until after it: (reports, maps as the kernel has them)"""
    tool = subprocess.Popen([MMSCOPE, "thrash", *argv, "-O", "json", "0.5"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    told = objects(tool.stdout.readline())
    maps = maps_of(tool.pid)
    subprocess.run(["python3", "-c", TOUCH], check=True)
    until = time.time_ns()
    while told[-1]["verdicts"][-1]["time_ns"] - told[-1]["verdicts"][-1]["interval_ns"] <= until:
        told += objects(tool.stdout.readline())
    tool.send_signal(signal.SIGINT)
    tool.communicate(timeout=60)
    return told, maps


def thrash():
    """It counts the faults of all, two programs each."""
    told, maps = while_touched()
    ok(all("program_runs" not in o for o in told), "thrash: the kernel takes no times without -v", told[0])
    bytes_ = told[-1]["map_bytes"]
    ok(abs(bytes_ - map_bytes(maps)) < 65536, "thrash: memory of its maps as bpftool has it", (bytes_, maps))
    ok(abs(bytes_ - memory["mmscope thrash"]) < 65536, "doctor: memory of thrash as in its report", (bytes_, memory))
    told, _ = while_touched("-v")
    runs = sum(o["program_runs"] for o in told)
    ok(runs >= 2 * TOUCHES, "thrash -v: runs of programs, two for each page that was touched meanwhile", (runs, told))
    ok(all(o["program_ns_per_run"] == (o["program_ns"] // o["program_runs"] if o["program_runs"] else 0) for o in told), "thrash -v: time of a run", told)
    ok(all(0 < o["tool_cpu_ns"] < 60e9 and o["cost_percent"] < 250 for o in told), "thrash -v: own time, of each interval", told)
    for options, times in (("-v",), 2), ((), 0):
        text = run("thrash", *options, "0.2", "2").stdout.splitlines()
        for label in LABELS:
            same(sum(line.startswith(label) for line in text), times, f"thrash {' '.join(options) or 'alone'}: {label}{times} times")


for test in (doctor, commands, thrash):
    case(test)
