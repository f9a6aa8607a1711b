# SPDX-License-Identifier: GPL-2.0-only
"""check_allot.py MMSCOPE STRING STRING TMP: two real strings allotted against each other. Prefixes of their
exports are divided here too, with LRU of our own at every size; the whole strings must agree with themselves.
Prints lines for TAP."""
import json
import os
import struct
import subprocess
import sys
from collections import OrderedDict

mmscope, *strings, tmp = sys.argv[1:]
PREFIX = 300000
TURN = 20000


def run(*args):
    return subprocess.run([mmscope, *args], check=True, capture_output=True).stdout


def allot(frames, *args):
    found = {}
    for row in json.loads(run("allot", "-m", str(frames), "--turn", str(TURN), "-O", "json", *args))["allotments"]:
        found.setdefault(row["rule"], []).append(row)
    return found


def say(good, what):
    print(f"{'ok' if good else 'not ok'} allot: {what}", flush=True)


def pages_of(string):
    """The first references of its export."""
    data = subprocess.Popen([mmscope, "export", "oracleGeneral", string, "-o", "-"], stdout=subprocess.PIPE)
    head = data.stdout.read(24 * PREFIX)
    data.stdout.close()
    data.wait()
    return [r[1] for r in struct.iter_unpack("<IQIq", head)]


def write(name, pages):
    path = os.path.join(tmp, name)
    with open(path + ".u64", "wb") as f:
        f.write(struct.pack(f"<{len(pages)}Q", *pages))
    run("import", "u64", "--name", name, "-o", path + ".refs", path + ".u64")
    return path + ".refs"


def curve(pages):
    """Faults of LRU by size: the place of each page in a list, the last used first."""
    at = [0] * (len(set(pages)) + 1)
    stack = []
    for page in pages:
        if stack and stack[0] == page:
            at[1] += 1
            continue
        if page in stack:
            k = stack.index(page)
            at[k + 1] += 1
            del stack[k]
        stack.insert(0, page)
    faults = [len(pages)]
    for hits in at[1:]:
        faults.append(faults[-1] - hits)
    return faults


def shared(first, second, frames):
    """One LRU list, in turns: faults of each."""
    held = OrderedDict()
    faults = [0, 0]
    for begin in range(0, max(len(first), len(second)), TURN):
        for who, pages in enumerate((first, second)):
            for page in pages[begin:begin + TURN]:
                key = (who, page)
                if key in held:
                    held.move_to_end(key)
                    continue
                faults[who] += 1
                if len(held) == frames:
                    held.popitem(last=False)
                held[key] = True
    return faults


def prefixes():
    pages = [pages_of(s) for s in strings]
    files = [write(f"prefix{i}", p) for i, p in enumerate(pages)]
    curves = [curve(p) for p in pages]
    size = [len(c) - 1 for c in curves]

    def faults(i, frames):
        return curves[i][min(frames, size[i])]

    for percent in (10, 30, 60):
        m = sum(size) * percent // 100
        got = allot(m, *files)
        best = min(faults(0, a) + faults(1, m - a) for a in range(1, m))
        text = f"{m} frames for {' and '.join(os.path.basename(s) for s in strings)}"
        say(got["optimal"][-1]["faults"] == best, f"{text}: optimal has {best} faults, as the best of {m - 1} divisions")
        say(all(r["faults"] == faults(i, r["frames"]) for rule, rows in got.items() if rule != "global"
                for i, r in enumerate(rows[:2])), f"{text}: faults of each under each of {len(got) - 1} rules")
        say(all(sum(r["frames"] for r in rows[:2]) == m for rule, rows in got.items() if rule != "global"),
            f"{text}: all are given")
        want = shared(*pages, m)
        say([r["faults"] for r in got["global"][:2]] == want, f"{text}: global has {want}")


def whole():
    got = allot("25%", *strings)
    say(all(rows[-1]["faults"] >= got["optimal"][-1]["faults"] for rule, rows in got.items() if rule != "global"),
        "whole strings: no rule has fewer faults than optimal")
    say(all(rows[-1]["faults"] == sum(r["faults"] for r in rows[:-1]) for rows in got.values()), "whole strings: sums")


prefixes()
whole()
