#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What gcov counted, by source line. report.py [OPTION]... BUILD-DIR [GUEST-DIR...]; report.py --module TO DIR...

The same source may be in several objects (of the tool, of the unit tests): a line or
a branch counts as covered if it was in any of them. The failing side of an assertion is not counted: it
must not be reachable. Prints the sums of each group and, below the threshold, of each file; all lines
that were not reached go to BUILD-DIR/coverage.txt. What the tool that counts did in guests is added from
GUEST-DIRs, and told apart. With --module: the module in guests, one DIR for each, listed in the file TO.
Status 1 if a group with a threshold is below it, or a guest counted nothing.
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
TOOLS, MODULE = "all tools, with guests", "the module, in guests"
# tests/vm/build-module builds in a copy of the sources.
COPY = re.compile(r"^.*\bbuild/ko/[^/]+/src/")
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


def of_ours(note, build):
    """BUILD/[unit/obj/]tools/model/x.gcno, or BUILD/unit/test_y-test_y.gcno: a test may include sources and headers."""
    path = os.path.relpath(note, build).removesuffix(".gcno")
    if path.startswith("unit/test_"):
        return os.path.exists(os.path.join(ROOT, f"tests/{path.rpartition('-')[0]}.c"))
    return os.path.exists(os.path.join(ROOT, path.removeprefix("unit/obj/") + ".c"))


def counted(todo, gcov="gcov"):
    """Each object's counts and its sources: the object's name, [(path, lines)]."""
    for i in range(0, len(todo), 50):
        r = subprocess.run([gcov, "--json-format", "--branch-probabilities", "--stdout", *todo[i:i + 50]], cwd=ROOT,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, encoding="utf-8")
        # Otherwise nothing was counted, which is told by what is missing.
        if "stamp mismatch" in r.stderr or ", prefer '" in r.stderr:
            sys.exit(f"gcov: counts of another build: {r.stderr.splitlines()[0]}")
        for o in map(json.loads, r.stdout.splitlines()):
            paths = [os.path.relpath(os.path.join(o["current_working_directory"], f["file"]), ROOT) for f in o["files"]]
            yield o["data_file"], [(COPY.sub("", p), f["lines"]) for p, f in zip(paths, o["files"])]


def collect(build, files, linked):
    """Adds to files by path, and to the paths that unit tests link or include."""
    for name, sources in counted(sorted(n for n in notes(build) if of_ours(n, build))):
        for path, lines in sources:
            if not path.startswith(("tools/", "module/", "bpf/")):
                continue
            if "/unit/" in name:
                linked.add(path)
            for line in lines:
                files.setdefault(path, File(path)).add(line)


def percent(part, whole):
    return 100 * part / whole if whole else 100


def line_of(name, sums):
    lines, reached, branches, taken = sums
    return f"{name:46} lines {reached:6}/{lines:<6} {percent(reached, lines):5.1f}%   branches {taken:6}/{branches:<6} {percent(taken, branches):5.1f}%"


def below(sums, least_lines, least_branches):
    lines, reached, branches, taken = sums
    return not lines or percent(reached, lines) < least_lines or percent(taken, branches) < least_branches


def tell(group, members, least, to):
    """Print a group, write its lines; whether it is below LEAST (lines, branches), if that is given."""
    total = [sum(x) for x in zip(*(f.sums() for f in members))] or [0] * 4
    print(line_of(group, total))
    bad = least and below(total, *least)
    if bad:
        print(f"  below {least[0]:g}% of lines" + f" or {least[1]:g}% of branches" * (least[1] > 0) + "; its files, the least covered first:")
        for f in sorted(members, key=lambda f: f.sums()[3] - f.sums()[2]):
            if below(f.sums(), *least):
                print("  " + line_of(f.path, f.sums()))
    if not to:
        return bad
    to.write(f"== {line_of(group, total)}\n")
    for f in members:
        bare, partly = f.missed()
        to.write(line_of(f.path, f.sums()) + "\n")
        if bare:
            to.write(f"    not reached: {bare}\n")
        if partly:
            to.write(f"    branches not taken: {partly}\n")
    return bad


def module(args):
    """Of the module: no threshold of branches, as many are the kernel's macros and its checks of the code itself."""
    files, bad = {}, 0
    for build in args.builds:
        todo = sorted(n for n in notes(build) if os.path.exists(n.removesuffix(".gcno") + ".gcda"))
        if not todo:
            print(f"{build}: nothing was counted")
            bad = 1
        for _, sources in counted(todo, args.gcov):
            for path, lines in sources:
                if path.startswith("module/"):
                    for line in lines:
                        files.setdefault(path, File(path)).add(line)
    with open(args.module, "w", encoding="utf-8") as to:
        bad |= tell(MODULE, [f for _, f in sorted(files.items())], (args.module_lines, 0), to)
    print(f"the lines: {args.module}")
    return bad


def host(args):
    build, *guests = args.builds
    files, linked = {}, set()

    def groups():
        of = {PURE: [], UNIT: [], REST: []}
        for path, f in sorted(files.items()):
            of[PURE if not path.startswith("tools/") else UNIT if path in linked else REST].append(f)
        return of

    collect(build, files, linked)
    bad = 0
    with open(os.path.join(build, "coverage.txt"), "w", encoding="utf-8") as to:
        for group, members in groups().items():
            least = {PURE: (args.lines, args.lines), UNIT: (args.lines, args.branches), REST: None}[group]
            bad |= bool(tell(group, members, least, to if group == PURE or not guests else None))
        for guest in guests:
            collect(guest, files, set())
        if guests:
            of = groups()
            for group in UNIT, REST:
                tell(group + ", with guests", of[group], None, to)
            bad |= bool(tell(TOOLS, of[UNIT] + of[REST], (args.lines, args.all_branches), None))
    print(f"the lines: {build}/coverage.txt")
    return bad


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("builds", nargs="+")
    p.add_argument("--lines", type=float, default=90)
    p.add_argument("--branches", type=float, default=90, help="of the tools that unit tests link; of the pure files as many as of lines")
    p.add_argument("--all-branches", type=float, default=75, help="of all tools, with guests")
    p.add_argument("--module", metavar="TO")
    p.add_argument("--module-lines", type=float, default=80)
    p.add_argument("--gcov", default="gcov", help="that of the compiler")
    args = p.parse_args()
    return module(args) if args.module else host(args)


if __name__ == "__main__":
    sys.exit(main())
