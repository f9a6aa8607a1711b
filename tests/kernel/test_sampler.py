#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Who may sample an address space that several processes share: one target at a time, as things will stand once the
commands before, of the same write, have run."""
import errno
import os

from ktap import case, ok, same
from mms import ROOT, control, pairs
from procs import Proc


def name(err):
    return errno.errorcode.get(err, str(err))


def told(cmd, want, what):
    same(name(control(cmd)), want, f"{what} is {want}")


def ms(pid):
    return pairs(f"{pid}/status")["sample_ms"]


class Pair(Proc):
    """Two processes with one memory: .a, .b."""

    def __init__(self):
        super().__init__("crowd")
        self.p.stdin.write("share 1\n")
        self.p.stdin.flush()
        self.a, self.b = self.pid, int(self.p.stdout.readline().split()[1])

    def end(self):
        os.kill(self.b, 9)
        super().end()


def rivals():
    with Pair() as p:
        a, b = p.a, p.b
        told(f"+ {a}; + {b}", "0", "two targets of one memory")
        told(f"sample {a} 500; sample {b} 500", "EBUSY", "both in one write")
        same((ms(a), ms(b)), ("0", "0"), "and neither is sampled")
        told(f"sample {a} 500", "0", "one")
        told(f"sample {b} 500", "EBUSY", "the other beside it")
        told(f"sample {a} 400", "0", "the same once more")
        same((ms(a), ms(b)), ("400", "0"), "the first is, the other is not")
        fd = os.open(f"{ROOT}/{a}/idle", os.O_RDONLY)
        ok(os.read(fd, 48), "somebody reads")
        os.close(fd)
        told(f"sample {b} 500", "EBUSY", "the other after a reader of the first closed its file")
        told(f"- {b}; + {b}; sample {b} 500", "EBUSY", "the other, begun anew")
        told(f"sample {b} off", "0", "what is not sampled can be stopped")
        same(ms(a), "400", "which changes nothing for the first")
        control("clear")


def handing_over():
    """A command counts with what those before it in the same write will have done."""
    for before, what in (("sample {a} off; sample {b} 300", "stop one, begin the other"),
                         ("- {a}; sample {b} 300", "forget one, sample the other"),
                         ("clear; + {a}; + {b}; sample {b} 300", "clear, then the other"),
                         ("- {a}; + {a}; sample {b} 300", "one begun anew, the other sampled")):
        with Pair() as p:
            told(f"+ {p.a}; + {p.b}; sample {p.a} 500", "0", "one is sampled")
            told(before.format(a=p.a, b=p.b), "0", what)
            same(ms(p.b), "300", f"{what}: it is sampled")
            control("clear")
    for cmd, want, what in (("- {a}; + {a}; sample {a} 300", "0", "itself, begun anew"),
                            ("sample {a} 300; sample {a} off; sample {b} 300", "0", "one begun and stopped, then the other"),
                            ("sample {a} 300; - {a}; + {a}; sample {b} 300", "0", "one begun and forgotten, then the other"),
                            ("sample {a} off; sample {b} 300; sample {a} 300", "EBUSY", "handed over and wanted back"),
                            ("clear; + {a}; + {b}; sample {a} 300; sample {b} 300", "EBUSY", "clear, then both"),
                            ("- {b}; + {b}; sample {b} 300", "EBUSY", "the other, begun anew")):
        with Pair() as p:
            told(f"+ {p.a}; + {p.b}; sample {p.a} 500", "0", "one is sampled")
            told(cmd.format(a=p.a, b=p.b), want, what)
            if want != "0":
                same((ms(p.a), ms(p.b)), ("500", "0"), f"{what}: all is as it was")
            control("clear")


for check in (rivals, handing_over):
    case(check)
