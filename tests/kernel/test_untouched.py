#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Looking changes nothing: every table of a stopped process, word by word out of physical memory, is the same before and
after each file of ours was read; sampling clears accessed bits, sets none and touches no other."""
import os

from kcore import A, NAMES, P, PRESENT, PSE, Kcore, changes
from ktap import case, ok, same
from mms import ROOT, Target, control, pairs, read
from procs import Proc, Shapes
from sampling import wait_scans


def hexed(found):
    return [tuple(hex(x) if isinstance(x, int) and x > 511 else x for x in c) for c in found[:5]]


def top_of(t):
    """Address and level of the top table, from a walk of a range that is there."""
    first = t.walk(f"0x{t.ranges()[0]['start']:x}")[0]["levels"]
    name = next(n for n in NAMES if n in first)
    return int(first[name]["table"], 16) * P, name


def all_of(path):
    with open(path, "rb") as f:
        return f.read()


def walk_all(t, ranges):
    """Every level of every address that anything is mapped at, at most 2 MiB of each range from either end."""
    blocks = 0
    for r in ranges:
        for start in {r["start"], max(r["start"], r["end"] - (64 << 12))}:
            blocks += len(t.walk(f"0x{start:x}-0x{min(r['end'], start + (64 << 12)):x}"))
    return blocks


def shared(pid, other):
    fd = os.open(f"{ROOT}/{pid}/shared", os.O_RDWR)
    try:
        os.write(fd, str(other).encode())
        return b"".join(iter(lambda: os.read(fd, 65536), b""))
    finally:
        os.close(fd)


def readers(t, other):
    """(name, function) of all that can be asked about a target; each returns something that is not empty."""
    ranges = [r for r in t.ranges() if r["kind"] != "none"]
    special = {"walk": lambda: walk_all(t, ranges), "shared": lambda: shared(t.pid, other)}
    for name in sorted(os.listdir(f"{ROOT}/{t.pid}")):
        yield name, special.get(name, lambda name=name: all_of(f"{ROOT}/{t.pid}/{name}"))
    for name in ("features", "stats", "control"):
        yield name, lambda name=name: read(name)
    yield "- and +", lambda: not control(f"- {t.pid}; + {t.pid}")
    yield "follow", lambda: not control(f"- {t.pid}; + {t.pid} follow")


def views():
    with Shapes() as s, Proc("loop", "4", "8", ready="lap") as other, Target(s.pid) as t, Target(other.pid):
        s.stop()
        k = Kcore()
        top = top_of(t)
        before = k.tables(*top)
        words = sum(1 for ws in before.values() for w in ws if w)
        ok(len(before) >= 8 and words >= 200, "there is something to change", f"{len(before)} tables, {words} entries")
        ok(sum(1 for ws in before.values() for w in ws if w & A) >= 100, "and accessed bits to be lost")
        same(hexed(changes(before, k.tables(*top))), [], "a stopped process keeps its tables by itself")
        for name, ask in readers(t, other.pid):
            told = ask()
            after = k.tables(*top)
            ok(told, f"{name}: told something")
            same(hexed(changes(before, after)), [], f"{name}: no word of any table changed")
            before = after


def leaves(tables):
    """{(level, table, slot)} of the entries that map memory and were accessed."""
    return {(*key, i) for key, words in tables.items() for i, w in enumerate(words)
            if w & PRESENT and w & A and (key[0] == "pte" or w & PSE and key[0] in ("pmd", "pud"))}


def sampling():
    for how in ("", " noskip", " noflush", " noskip noflush"):
        # one of its own each: what the last variant took is not touched again
        with Shapes() as s, Target(s.pid) as t:
            s.stop()
            k = Kcore()
            top = top_of(t)
            before = k.tables(*top)
            same(control(f"sample {s.pid} 20{how}"), 0, f"sample{how}")
            wait_scans(s.pid, 20)
            for name in sorted(os.listdir(f"{ROOT}/{s.pid}")):
                if name not in ("walk", "shared"):
                    all_of(f"{ROOT}/{s.pid}/{name}")
            same(control(f"sample {s.pid} off"), 0, "off")
            found = changes(before, k.tables(*top))
            same(hexed([c for c in found if c[2] is None or (c[3] ^ c[4]) != A]), [], f"sample{how}: no bit but Accessed changed")
            same(hexed([c for c in found if c[4] & A]), [], f"sample{how}: and none was set")
            had = leaves(before)
            took = had & {c[:3] for c in found}
            ok(len(had) >= 100 and len(took) >= len(had) * 9 // 10, f"sample{how}: accessed bits were taken", f"{len(took)} of {len(had)}")
            print(f"# sample{how}: took {len(took)} of {len(had)} accessed bits")
            same(pairs(f"{s.pid}/status")["sample_ms"], "0", "it is off")


for check in (views, sampling):
    case(check)
