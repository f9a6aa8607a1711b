# SPDX-License-Identifier: GPL-2.0-only
"""PID/entries as include/uapi/linux/mmscope.h lays it out."""
import os
import struct
from collections import namedtuple

from mms import ROOT

HEAD = struct.Struct("<IIIIQQQQQ")
REC = struct.Struct("<QQ")
READ, WRITE, EXEC, SHARED, HUGETLB = 1, 2, 4, 8, 16
LEAF, SWAP, MIGRATION, MARKER, HWPOISON, DEVICE, OTHER = range(1, 8)
SHIFT = {1: 12, 2: 21, 3: 30}

Block = namedtuple("Block", "start end vma_start vma_end vma_flags recs")
Entry = namedtuple("Entry", "addr level kind rights type number flags")


def entry(where, what):
    return Entry(where & ~0xfff, where & 7, where >> 3 & 0xf, where >> 7 & 0xf, where >> 7 & 0x1f, what >> 12 & (1 << 40) - 1,
                 what & 0xfff | what >> 52 << 12)


def blocks(data):
    """Blocks of one read, records as (where, what); raises on what is no whole block."""
    out, at = [], 0
    while at < len(data):
        size, rec, nr, vma_flags, start, end, vma_start, vma_end, reserved = HEAD.unpack_from(data, at)
        recs = list(REC.iter_unpack(data[at + size:at + size + nr * rec]))
        if (size, rec, reserved) != (HEAD.size, REC.size, 0) or len(recs) != nr or not nr:
            raise ValueError(f"bad header {(size, rec, nr, reserved)} at {at} of {len(data)}")
        out.append(Block(start, end, vma_start, vma_end, vma_flags, recs))
        at += size + nr * rec
    return out


def path(pid):
    return f"{ROOT}/{pid}/entries"


def read_all(pid, size=512 << 10):
    """All blocks, read in order."""
    out = []
    fd = os.open(path(pid), os.O_RDONLY)
    try:
        while data := os.read(fd, size):
            out += blocks(data)
            if os.lseek(fd, 0, os.SEEK_CUR) != out[-1].end:
                raise ValueError("the position is not behind the last block")
    finally:
        os.close(fd)
    return out


def wrong(bs):
    """Rules of blocks that are broken, as text."""
    last = 0
    for b in bs:
        if not b.vma_start <= b.start < b.end <= b.vma_end or b.start < last:
            yield f"block {b.start:#x}-{b.end:#x} of {b.vma_start:#x}-{b.vma_end:#x} after {last:#x}"
        at = b.start
        for where, what in b.recs:
            e = entry(where, what)
            if e.addr < at or e.level not in SHIFT or not 1 <= e.kind <= 7 or e.addr % (1 << SHIFT[e.level]):
                yield f"{e} at {at:#x} in block {b.start:#x}-{b.end:#x}"
            at = e.addr + (1 << SHIFT.get(e.level, 12))
        if at > b.end:
            yield f"records to {at:#x} in a block to {b.end:#x}"
        last = b.end
