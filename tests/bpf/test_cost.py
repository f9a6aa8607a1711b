# SPDX-License-Identifier: GPL-2.0-only
"""What watching costs, as mmscope tells it: with -v of a run, and in doctor --cost."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, objects, ok, same  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
TOUCHES = 8 * 4096  # by construction
LABELS = ("program runs: ", "time in them: ", "time of a run: ", "maps: ", "mmscope's own CPU time: ", "both, of one CPU: ")


def run(*argv):
    return subprocess.run([MMSCOPE, *argv], capture_output=True, text=True, timeout=300, check=False)


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
            same(row["seen"], row["faults"], f"doctor: {name}: has seen all of them")
        else:
            same(row["seen"], None, f"doctor: {name}: counts no such faults")
    for name in watchers:
        ok(rows[name]["map_bytes"] > 1 << 20 and rows[name]["start_ns"] > 0, f"doctor: {name}: memory, and time to start", rows[name])
    ring = rows["mmscope faults --events"]["map_bytes"] - rows["mmscope faults"]["map_bytes"]
    ok(16 << 20 <= ring < 17 << 20, "doctor: the ring of events is 16 MiB", ring)
    for c in ("faults", "cow", "tlb"):
        out = subprocess.run([MMSCOPE, c, "-p", str(os.getpid()), "-O", "json", "0.1", "1"], capture_output=True, text=True, check=False)
        told, row = objects(out.stdout)[-1]["map_bytes"], rows[f"mmscope {c}"]
        # Elements that come with the first process, and go with it.
        ok(abs(told - row["map_bytes"]) < 65536, f"doctor: memory of {c} as in its report", (told, row))
    (o,) = objects(run("doctor", "-O", "json").stdout)
    ok("cost" not in o, "doctor: nothing is measured unless asked for")


def verbose():
    for argv in (["faults"], ["faults", "--events"], ["faults", "--stacks"], ["cow"], ["cow", "--stacks"], ["tlb"]):
        name = " ".join(argv)
        cmd = ["--", "sh", "-c", "for i in 1 2 3 4; do (:); done"]
        o = objects(run(*argv, "-v", "-O", "json", *cmd).stdout)[-1]
        # A fault runs two programs. What was filtered, too, but mmscope's own come after the cost was read.
        least = 2 * o["stored"] if argv[0] == "faults" else o["stored"]
        ok(o["program_runs"] >= max(least, 1), f"{name} -v: runs of programs", o)
        same(o["program_ns_per_run"], o["program_ns"] // o["program_runs"], f"{name} -v: time of a run")
        ok(o["map_bytes"] > 1 << 20 and 0 < o["tool_cpu_ns"] < 60e9 and 0 < o["cost_percent"] < 250, f"{name} -v: memory, own time", o)
        o = objects(run(*argv, "-O", "json", *cmd).stdout)[-1]
        ok("program_runs" not in o and o["map_bytes"] > 1 << 20, f"{name}: the kernel takes no times without -v", o)
        if "--stacks" in argv:
            continue  # folded lines and nothing else
        text = run(*argv, "-v", *cmd).stdout.splitlines()
        for label in LABELS:
            same(sum(line.startswith(label) for line in text), 1, f"{name} -v: {label}")
        text = run(*argv, *cmd).stdout
        ok(not any(label in text for label in LABELS), f"{name}: none of it without -v", text)


for test in (doctor, verbose):
    case(test)
