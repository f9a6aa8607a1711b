#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What gcov counted, by source line. report.py BUILD-DIR [--lines PERCENT] [--branches PERCENT]

The same source may be in several objects (of the tool, of the unit tests): a line or
a branch counts as covered if it was in any of them. The failing side of an assertion is not counted: it
must not be reachable. Prints the sums of each group and, below the threshold, of each file; all lines
that were not reached go to BUILD-DIR/coverage.txt. Status 1 if a group with a threshold is below it.
"""
import argparse
import json
import os
import re
import subprocess
import sys
from collections import defaultdict

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
PURE, UNIT, REST = "pure files of the module and BPF", "tools linked by unit tests", "other tools"
ASSERTION = re.compile(r"\bassert\(|_Static_assert|__builtin_unreachable")


class File:
    """One source file: counts by line, and which branches of a line were taken."""

    def __init__(self, path):
        self.path = path
        self.count = defaultdict(int)
        self.taken = defaultdict(dict)
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            self.text = f.read().splitlines()

    def add(self, line):
        nr = line["line_number"]
        self.count[nr] += line["count"]
        branches = [b["count"] > 0 for b in line["branches"]]
        if not branches or ASSERTION.search(self.text[nr - 1]):
            return
        # One line may be in several functions, of a header or a macro: those of the same shape are one.
        was = self.taken[nr].get(len(branches), [False] * len(branches))
        self.taken[nr][len(branches)] = [a or b for a, b in zip(was, branches)]

    def branches(self, nr):
        return self.taken[nr][max(self.taken[nr])] if nr in self.taken else []

    def sums(self):
        """Lines, lines reached, branches, branches taken."""
        every = [b for nr in self.count for b in self.branches(nr)]
        return len(self.count), sum(c > 0 for c in self.count.values()), len(every), sum(every)

    def missed(self):
        """Lines not reached as ranges, and lines of which a branch was not taken."""
        bare, spans = sorted(nr for nr, c in self.count.items() if not c), []
        code = sorted(self.count)
        place = {nr: i for i, nr in enumerate(code)}
        for nr in bare:
            if spans and place[spans[-1][1]] + 1 == place[nr]:
                spans[-1][1] = nr
            else:
                spans.append([nr, nr])
        partly = [f"{nr} ({self.branches(nr).count(False)})" for nr in code
                  if self.count[nr] and False in self.branches(nr)]
        return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans), ", ".join(partly)


def notes(build):
    for folder, _, names in os.walk(build):
        for name in names:
            if name.endswith(".gcno"):
                yield os.path.join(folder, name)


def source_of(note, build):
    """tools/model/x.c, of BUILD/[unit/obj/]tools/model/x.gcno; None for a test."""
    path = os.path.relpath(note, build).removesuffix(".gcno") + ".c"
    path = path.removeprefix("unit/obj/")
    return path if os.path.exists(os.path.join(ROOT, path)) else None


def collect(build):
    """Files by path, and the paths that unit tests link."""
    files, linked = {}, set()
    todo = sorted(n for n in notes(build) if source_of(n, build))
    for i in range(0, len(todo), 50):
        out = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout", *todo[i:i + 50]], cwd=ROOT,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        for text in out.splitlines():
            o = json.loads(text)
            in_unit = "/unit/obj/" in o["data_file"] or "unit/obj" in o["data_file"]
            for f in o["files"]:
                path = os.path.relpath(os.path.join(o["current_working_directory"], f["file"]), ROOT)
                if not path.startswith(("tools/", "module/", "bpf/")):
                    continue
                if in_unit:
                    linked.add(path)
                for line in f["lines"]:
                    files.setdefault(path, File(path)).add(line)
    return files, linked


def percent(part, whole):
    return 100 * part / whole if whole else 100


def line_of(name, sums):
    lines, reached, branches, taken = sums
    return f"{name:46} lines {reached:6}/{lines:<6} {percent(reached, lines):5.1f}%   branches {taken:6}/{branches:<6} {percent(taken, branches):5.1f}%"


def below(sums, least_lines, least_branches):
    lines, reached, branches, taken = sums
    return not lines or percent(reached, lines) < least_lines or percent(taken, branches) < least_branches


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("build")
    p.add_argument("--lines", type=float, default=90)
    p.add_argument("--branches", type=float, default=75, help="of the tools; of the pure files as many as of lines")
    args = p.parse_args()
    files, linked = collect(args.build)
    groups = {PURE: [], UNIT: [], REST: []}
    for path, f in sorted(files.items()):
        groups[PURE if not path.startswith("tools/") else UNIT if path in linked else REST].append(f)
    bad = 0
    with open(os.path.join(args.build, "coverage.txt"), "w", encoding="utf-8") as to:
        for group, members in groups.items():
            total = [sum(x) for x in zip(*(f.sums() for f in members))] or [0] * 4
            print(line_of(group, total))
            to.write(f"== {line_of(group, total)}\n")
            least = args.lines if group == PURE else args.branches
            if group != REST and below(total, args.lines, least):
                bad = 1
                print(f"  below {args.lines:g}% of lines or {least:g}% of branches; its files, the least covered first:")
                for f in sorted(members, key=lambda f: f.sums()[3] - f.sums()[2]):
                    s = f.sums()
                    if below(s, args.lines, least):
                        print("  " + line_of(f.path, s))
            for f in members:
                bare, partly = f.missed()
                to.write(line_of(f.path, f.sums()) + "\n")
                if bare:
                    to.write(f"    not reached: {bare}\n")
                if partly:
                    to.write(f"    branches not taken: {partly}\n")
    print(f"the lines: {args.build}/coverage.txt")
    return bad


sys.exit(main())
