# SPDX-License-Identifier: GPL-2.0-only
"""Makes the kernel's allocations fail where the module asks for them, and tells which did: FAULT_INJECTION, its
stack filter set to where modules lie."""
import ctypes
import functools
import os
import re

DEBUG = "/sys/kernel/debug"
ATTRS = ("failslab", "fail_page_alloc", "fail_usercopy")
NTH = "/proc/thread-self/fail-nth"
TRACING = "/sys/kernel/tracing"
TRACE = f"{TRACING}/instances/mms_inject"
# should_fail_ex() itself, which both ask, and who copies from users asks alone, cannot be traced
EVENTS = {"mms_slab": "should_failslab ret=$retval:s32", "mms_page": "should_fail_alloc_page ret=$retval:u8"}
LOGGED = re.compile(r"\n ([\w.]+)\+(0x[0-9a-f]+)/0x[0-9a-f]+ \[mmscope\]")
FRAME = re.compile(r"=> ([\w.]+)\+(0x[0-9a-f]+)/0x[0-9a-f]+ \[mmscope\]")
_libc = ctypes.CDLL(None, use_errno=True)


def available():
    """None, or why not."""
    for path in (NTH, *(f"{DEBUG}/{a}/require-start" for a in ATTRS[:2])):
        if not os.path.exists(path):
            return f"this kernel has no {path}"
    return None


def _put(path, value, flags=os.O_TRUNC):
    fd = os.open(path, os.O_WRONLY | flags)
    try:
        os.write(fd, str(value).encode())
    finally:
        os.close(fd)


def _set(attr, name, value):
    _put(f"{DEBUG}/{attr}/{name}", value)


@functools.cache
def _modules_at():
    """Where modules are: asked first while there is one."""
    with open("/proc/modules", encoding="ascii") as f:
        low = min(int(line.split()[5], 16) for line in f)
    return 0xffffffffc0000000 if low >= 0xffffffffc0000000 else 0xffffffffa0000000


class Injector:
    """with Injector() as i: the switches are set and, outside, as they were after boot."""

    def __enter__(self):
        self.attrs = [a for a in ATTRS if os.path.exists(f"{DEBUG}/{a}")]
        for a in self.attrs:
            for name, value in (("probability", 0), ("interval", 1), ("times", -1), ("space", 0), ("verbose", 0), ("task-filter", "N"),
                                ("stacktrace-depth", 32), ("require-start", hex(_modules_at())), ("require-end", "0xffffffffff000000")):
                _set(a, name, value)
        _set("failslab", "ignore-gfp-wait", "N")
        _set("fail_page_alloc", "ignore-gfp-wait", "N")
        _set("fail_page_alloc", "ignore-gfp-highmem", "N")
        _set("fail_page_alloc", "min-order", 0)
        # the kernel's own account leaves out allocations that ask for no warning
        for name, what in EVENTS.items():
            _put(f"{TRACING}/kprobe_events", f"r:{name} {what}\n", os.O_APPEND)
        os.mkdir(TRACE)
        _put(f"{TRACE}/options/sym-offset", 1)
        for name in EVENTS:
            _put(f"{TRACE}/events/kprobes/{name}/trigger", "stacktrace if ret != 0")
            _put(f"{TRACE}/events/kprobes/{name}/filter", "ret != 0")
            _put(f"{TRACE}/events/kprobes/{name}/enable", 1)
        self.strange = self.kmsg = None
        self.nth = os.open(NTH, os.O_RDWR)
        self.hits, self.errors = {}, set()
        return self

    def __exit__(self, *exc):
        os.pwrite(self.nth, b"0", 0)
        os.close(self.nth)
        for name in EVENTS:
            _put(f"{TRACE}/events/kprobes/{name}/enable", 0)
            _put(f"{TRACE}/events/kprobes/{name}/trigger", "!stacktrace if ret != 0")
        os.rmdir(TRACE)
        for name in EVENTS:
            _put(f"{TRACING}/kprobe_events", f"-:{name}\n", os.O_APPEND)
        for a in self.attrs:
            _set(a, "probability", 0)
            _set(a, "require-start", 0)
            _set(a, "stacktrace-depth", 0)

    def told(self):
        """What failed since this was asked last: [(stack as text, function nearest to the failure, offset in it)]."""
        out = []
        with open(f"{TRACE}/trace", encoding="ascii", errors="replace") as f:
            for stack in f.read().split("<stack trace>")[1:]:
                frame = FRAME.search(stack)
                if not frame:
                    self.strange = self.strange or stack
                else:
                    out.append((stack, frame.group(1), int(frame.group(2), 16)))
        _put(f"{TRACE}/trace", " ")
        if self.kmsg is not None:
            out += self._logged()
        for _, symbol, offset in out:
            self.hits.setdefault(symbol, set()).add(offset)
        return out

    def log(self, on):
        """The kernel's own account too: it names what is gone when the trace is read, as the code of a load that failed."""
        if on:
            with open("/proc/sys/kernel/printk", encoding="ascii") as f:
                self.printk = f.read()
            self.kmsg = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self.kmsg, 0, os.SEEK_END)
        # not for the console; complaints still go there
        _put("/proc/sys/kernel/printk", "4 4 1 7" if on else self.printk)
        for a in self.attrs:
            _set(a, "verbose_ratelimit_interval_ms", 0)
            _set(a, "verbose", 2 if on else 0)
        if not on:
            os.close(self.kmsg)
            self.kmsg = None

    def _logged(self):
        lines = []
        while True:
            try:
                lines.append(os.read(self.kmsg, 8192).decode(errors="replace").split(";", 1)[1])
            except BlockingIOError:
                break
            except BrokenPipeError:
                continue    # the log has wrapped: some are lost
        for stack in "\n".join(lines).split("forcing a failure")[1:]:
            frame = LOGGED.search(stack)
            if frame:
                yield stack, frame.group(1), int(frame.group(2), 16)

    def at(self, n, do):
        """do() with the module's n-th allocation failing: (did it get that far, errno of the OSError or 0, what failed,
        what do() returned)."""
        self.told()
        err, value = 0, None
        os.pwrite(self.nth, str(n).encode(), 0)
        try:
            value = do()
        except OSError as e:
            err = e.errno
        left = int(os.pread(self.nth, 32, 0))
        os.pwrite(self.nth, b"0", 0)
        what = self.told()
        if err:
            self.errors.update(symbol for _, symbol, _ in what)
        return not left, err, what, value

    def narrow(self, start=None, end=0xffffffffff000000):
        """Only what is asked for from there fails; without, all that modules ask for."""
        for a in self.attrs[:2]:
            _set(a, "require-start", hex(start or _modules_at()))
            _set(a, "require-end", hex(end))

    def pages(self, on):
        """Whether pages fail, too: whether one is asked for hangs on how full the slabs happen to be."""
        _set("fail_page_alloc", "require-start", hex(_modules_at() if on else 0xfffffffffffff000))
        _set("fail_page_alloc", "require-end", hex(0xffffffffff000000 if on else 0xffffffffffffffff))

    def below(self, function, do):
        """do() with every allocation failing that a function makes, whatever way it tries: the errno, or 0."""
        self.narrow(*extent(function))
        self.told()
        self.everywhere(True)
        err = 0
        try:
            do()
        except OSError as e:
            err = e.errno
        self.everywhere(False)
        self.narrow()
        what = self.told()
        if err:
            self.errors.update(symbol for _, symbol, _ in what)
        return err

    def everywhere(self, on):
        """Whoever runs the module's code is given no memory: its workers too."""
        for a in self.attrs[:2]:
            _set(a, "probability", 100 if on else 0)


def extent(function, of=("[mmscope]",)):
    """Where a function of the module, or of () the kernel, begins and ends."""
    with open("/proc/kallsyms", encoding="ascii") as f:
        at = sorted((int(w[0], 16), w[2]) for w in map(str.split, f) if w[3:] == list(of) and w[1] in "tT")
    start = next(a for a, name in at if name == function)
    return start, min(a for a, _ in at if a > start)


def load(path):
    """insmod in this very task; raises OSError."""
    fd = os.open(path, os.O_RDONLY)
    try:
        if _libc.syscall(313, fd, b"", 0):
            raise OSError(ctypes.get_errno(), "finit_module")
    finally:
        os.close(fd)


def unload():
    if _libc.syscall(176, b"mmscope", os.O_NONBLOCK):
        raise OSError(ctypes.get_errno(), "delete_module")
