# SPDX-License-Identifier: GPL-2.0-only
"""Page tables as they lie in physical memory, read through /proc/kcore: nothing of mmscope is used but, by who calls,
the frame of a top table."""
import struct

P = 4096
NAMES = ("pgd", "p4d", "pud", "pmd", "pte")
SHIFT = {"pgd": 48, "p4d": 39, "pud": 30, "pmd": 21, "pte": 12}
PRESENT, RW, US, A, D, PSE, NX = 1, 2, 4, 32, 64, 128, 1 << 63
FRAME = ((1 << 52) - 1) & ~0xfff
_TABLE = struct.Struct("<512Q")


class Kcore:
    """Physical memory through the program headers of /proc/kcore."""

    def __init__(self):
        self.f = open("/proc/kcore", "rb", buffering=0)
        h = self.f.read(64)
        phoff, = struct.unpack_from("<Q", h, 32)
        phentsize, phnum = struct.unpack_from("<HH", h, 54)
        self.segs = []
        for i in range(phnum):
            self.f.seek(phoff + i * phentsize)
            typ, _, off, _, pa, filesz, _, _ = struct.unpack("<IIQQQQQQ", self.f.read(56))
            if typ == 1 and pa not in (0, (1 << 64) - 1) or typ == 1 and pa == 0 and filesz > 1 << 16:
                self.segs.append((pa, filesz, off))
        self.segs.sort(key=lambda s: s[1])

    def bytes(self, pa, n):
        for base, size, off in reversed(self.segs):
            if base <= pa < base + size:
                self.f.seek(off + pa - base)
                return self.f.read(n)
        raise LookupError(hex(pa))

    def word(self, pa):
        return struct.unpack("<Q", self.bytes(pa, 8))[0]

    def tables(self, top, level):
        """All tables below the one at @top, itself included, its user half alone: {(level, address): 512 words}."""
        out = {}
        todo = [(level, top, 256)]
        while todo:
            level, pa, slots = todo.pop()
            words = list(_TABLE.unpack(self.bytes(pa, P)))
            words[slots:] = [0] * (512 - slots)
            out[(level, pa)] = words
            if level == "pte":
                continue
            below = NAMES[NAMES.index(level) + 1]
            for w in words:
                if w & PRESENT and not (w & PSE and level in ("pud", "pmd")):
                    todo.append((below, w & FRAME, 512))
        return out


def changes(before, after):
    """What differs between two of tables(): [(level, table, slot, word before, word after)]; None where there was none."""
    out = []
    for key in sorted(set(before) | set(after), key=str):
        b, a = before.get(key), after.get(key)
        if b == a:
            continue
        if b is None or a is None:
            out.append((*key, None, b and "a table", a and "a table"))
            continue
        out += [(*key, i, x, y) for i, (x, y) in enumerate(zip(b, a)) if x != y]
    return out
