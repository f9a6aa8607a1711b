# SPDX-License-Identifier: GPL-2.0-only
"""What mmscope import and export must give, worked out apart from them.

refs.py lackey TRACE CSV ORACLE SHIFT   the exports of a string that was made of TRACE
refs.py turns N CSV TRACE...            the csv of several, N references of each in turn
refs.py counts TRACE                    references and pages of TRACE
"""
import csv
import re
import struct
import sys

ACCESS = re.compile(r"(I  | [LSM] )([0-9a-f]+),([0-9]+)\Z")


def accesses(path, shift):
    """(page, kind) of each page that an access touches."""
    with open(path, encoding="latin-1", newline="\n") as f:
        for line in f:
            m = ACCESS.match(line.rstrip("\n"))
            if not m:
                continue
            first, size = int(m[2], 16), int(m[3])
            for page in range(first >> shift, (first + size - 1 >> shift) + 1):
                yield page, m[1].strip()


def read_csv(path):
    with open(path, newline="") as f:
        rows = list(csv.DictReader(f))
    assert [int(r["index"]) for r in rows] == list(range(len(rows))), "index"
    return rows


def writes_of_runs(refs):
    """Does a run of references to one page have a write? For each reference."""
    out, i = [], 0
    while i < len(refs):
        k = i
        while k < len(refs) and refs[k][0] == refs[i][0]:
            k += 1
        out += [any(kind in "SM" for _, kind in refs[i:k])] * (k - i)
        i = k
    return out


def check_oracle(path, pages):
    data = open(path, "rb").read()
    records = list(struct.iter_unpack("<IQIq", data))
    ids = {}
    want = [ids.setdefault(p, len(ids) + 1) for p in pages]
    assert [r[1] for r in records] == want, "ids"
    assert all(r[2] == 1 for r in records), "size"
    assert [r[0] for r in records] == [i // 1000000 for i in range(len(pages))], "time"
    later = {}
    for i in range(len(records) - 1, -1, -1):
        assert records[i][3] == later.get(records[i][1], -1), f"next of {i}"
        later[records[i][1]] = i


def lackey(trace, csv_path, oracle, shift):
    refs = list(accesses(trace, int(shift)))
    rows = read_csv(csv_path)
    assert [int(r["vpn"]) for r in rows] == [p for p, _ in refs], "pages"
    assert [r["rw"] == "w" for r in rows] == writes_of_runs(refs), "writes"
    check_oracle(oracle, [p for p, _ in refs])


def turns(n, csv_path, *traces):
    n = int(n)
    left = [[p for p, _ in accesses(t, 12)] for t in traces]
    want = []
    while any(left):
        for proc, refs in enumerate(left):
            want += [(proc, p) for p in refs[:n]]
            del refs[:n]
    rows = read_csv(csv_path)
    assert [(int(r["proc"]), int(r["vpn"])) for r in rows] == want, "turns"


def counts(trace):
    refs = [p for p, _ in accesses(trace, 12)]
    print(len(refs), len(set(refs)))


if __name__ == "__main__":
    {"lackey": lackey, "turns": turns, "counts": counts}[sys.argv[1]](*sys.argv[2:])
