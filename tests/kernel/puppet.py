# SPDX-License-Identifier: GPL-2.0-only
"""A process that maps, touches, protects and forks what a test tells it to, and nothing else in that memory."""
import subprocess
import sys

PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC = 0, 1, 2, 4
RW = PROT_READ | PROT_WRITE
SHARED, PRIVATE, FIXED, ANON, NORESERVE, HUGETLB = 1, 2, 16, 32, 0x4000, 0x40000
DONTNEED, MERGEABLE, HUGEPAGE, NOHUGEPAGE, PAGEOUT, POPULATE_WRITE = 4, 12, 14, 15, 21, 23
PG, MB = 4096, 1 << 20

_LOOP = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
for f in (libc.mprotect, libc.madvise):
    f.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
def ok(r):
    if r in (-1, 2**64 - 1):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return r
def mmap(n, prot=3, flags=0x22, fd=-1, addr=None, off=0):
    return ok(libc.mmap(addr, n, prot, flags, fd, off))
def region(n, prot=3, flags=0x22, fd=-1):
    "n bytes with an inaccessible page on both sides, so that neighbours never merge"
    p = mmap(n + 8192, 0)
    mmap(n, prot, flags | 16, fd, p + 4096)
    return p + 4096
def aligned(n, align):
    p = mmap(n + align, 0, 0x4022)
    p = (p + align - 1) & -align
    return mmap(n, 3, 0x32, -1, p)
def mprotect(p, n, prot): return ok(libc.mprotect(p, n, prot))
def madvise(p, n, what): return ok(libc.madvise(p, n, what))
def small(p, n): return madvise(p, n, 15) if os.path.isdir('/sys/kernel/mm/transparent_hugepage') else 0
def munmap(p, n): return ok(libc.munmap(p, n))
def poke(p, n=1, step=4096, v=1):
    for a in range(p, p + n * step, step):
        ctypes.c_ubyte.from_address(a).value = (v + a // 4096) & 255 or 1
def peek(p, n=1, step=4096):
    return sum(ctypes.c_ubyte.from_address(a).value for a in range(p, p + n * step, step))
def memfd(n):
    fd = os.memfd_create("puppet")
    os.ftruncate(fd, n)
    return fd
def fork():
    "the child answers on the same pipes only when it is the one addressed"
    r, w = os.pipe()
    r2, w2 = os.pipe()
    pid = os.fork()
    if pid:
        os.close(r), os.close(w2)
        kids[pid] = (os.fdopen(w, "w"), os.fdopen(r2))
        return pid
    os.close(w), os.close(r2)
    kids.clear()
    serve(os.fdopen(r), os.fdopen(w2, "w"))
    os._exit(0)
def tell(pid, text):
    w, r = kids[pid]
    w.write(text + "\\n")
    w.flush()
    return eval(r.readline())
def end(pid):
    w, r = kids.pop(pid)
    w.close()
    return os.waitpid(pid, 0)[1]
kids = {}
def serve(rd, wr):
    for line in rd:
        try:
            out = repr(eval(line, globals()))
        except Exception as e:
            out = repr("error: %s" % e)
        wr.write(out + "\\n")
        wr.flush()
serve(sys.stdin, sys.stdout)
"""


class Puppet:
    """p(expression) is evaluated in the process; see _LOOP for the words."""

    def __init__(self):
        self.p = subprocess.Popen([sys.executable, "-c", _LOOP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self("0")

    @property
    def pid(self):
        return self.p.pid

    def __call__(self, text):
        self.p.stdin.write(text + "\n")
        self.p.stdin.flush()
        line = self.p.stdout.readline()
        if not line:
            raise RuntimeError(f"the puppet ended in {text!r}")
        out = eval(line)  # pylint: disable=eval-used
        if isinstance(out, str) and out.startswith("error: "):
            raise RuntimeError(f"{text}: {out}")
        return out

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.p.stdin.close()
        self.p.wait()
