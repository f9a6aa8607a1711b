# SPDX-License-Identifier: GPL-2.0-only
"""Whose flushes those of a trace of tlb:tlb_flush and sched:sched_switch were."""
import re

REASONS = ["task-switch", "remote", "local", "local-mm", "ipi-sent", "wrong-cpu"]
EVENTS = ("tlb/tlb_flush", "sched/sched_switch")
PF_KTHREAD = 0x200000


def is_kernel(pid, known={0: True}):  # pylint: disable=dangerous-default-value
    if pid not in known:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                known[pid] = bool(int(f.read().rsplit(")", 1)[1].split()[6]) & PF_KTHREAD)
        except OSError:
            known[pid] = False
    return known[pid]


def owned(events):
    """(reason, pages, thread whose it is or None) of each flush; pages -1: all."""
    loaded, last = {}, {}
    for pid, cpu, name, text in events:
        if name == "sched_switch":
            last[cpu] = int(re.search(r"next_pid=(\d+)", text)[1])
            if not is_kernel(last[cpu]):
                loaded[cpu] = last[cpu]
            continue
        pages, which = re.match(r"pages:(-?\d+) reason:.*\((\d)\)", text).groups()
        reason = REASONS[int(which)]
        if reason == "task-switch" and is_kernel(last.get(cpu, 0)):
            loaded[cpu] = None  # the tables of the kernel alone
        yield reason, int(pages), pid if reason == "ipi-sent" else loaded.get(cpu)


def replay(events, tids):
    """{reason: (flushes, pages, full)} of the process with these threads; those that flushed nothing are left out."""
    out = {r: (0, 0, 0) for r in REASONS}
    for reason, pages, owner in owned(events):
        if owner not in tids or (not pages and reason != "wrong-cpu"):
            continue
        f, p, a = out[reason]
        out[reason] = (f + 1, p + (pages > 0) * pages, a + (pages < 0))
    return out
