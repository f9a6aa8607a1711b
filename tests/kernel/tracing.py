# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's own trace of events, in an instance of our own: an oracle for what the module counts."""
import os
import re

TRACEFS = "/sys/kernel/tracing"
_LINE = re.compile(r"^\s*(.*)-(\d+)\s+\[(\d+)\]\s+\S+\s+([\d.]+): (\w+): (.*)$")


class Trace:
    """with Trace("tlb/tlb_flush", ...): recorded inside. .events() = [(pid, cpu, name, text)], in order."""

    def __init__(self, *events, kb=16384):
        if not os.path.ismount(TRACEFS):
            os.system(f"mount -t tracefs tracefs {TRACEFS} 2>/dev/null")
        self.dir = f"{TRACEFS}/instances/mmstest{os.getpid()}"
        os.mkdir(self.dir)
        self._write("tracing_on", "0")
        self._write("buffer_size_kb", str(kb))
        for e in events:
            self._write(f"events/{e}/enable", "1")

    def _write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="ascii") as f:
            f.write(text)

    def on(self):
        self._write("tracing_on", "1")

    def off(self):
        self._write("tracing_on", "0")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.off()
        self._write("events/enable", "0")
        os.rmdir(self.dir)

    def events(self):
        out = []
        with open(f"{self.dir}/trace", encoding="utf-8", errors="surrogateescape") as f:
            for line in f:
                m = _LINE.match(line)
                if m:
                    out.append((int(m[2]), int(m[3]), m[5], m[6]))
                elif "LOST" in line or "lost" in line:
                    raise RuntimeError(f"the trace lost events: {line}")
        return out
