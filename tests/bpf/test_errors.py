# SPDX-License-Identifier: GPL-2.0-only
"""What a command needs and cannot have: one line that names it and the fix, status 3, and not one figure."""
import contextlib
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, objects, ok, same, skip  # noqa: E402

MMSCOPE = os.environ.get("MMSCOPE", "mmscope")
BPF = (["faults", "0.2", "1"], ["faults", "--no-kinds", "0.2", "1"], ["faults", "--events", "0.2", "1"],
       ["faults", "--stacks", "0.2", "1"], ["faults", "--around", "0.2", "1"], ["faults", "--cold", "--", "true"],
       ["faults", "--", "true"], ["cow", "0.2", "1"], ["cow", "--stacks", "0.2", "1"], ["cow", "--", "true"],
       ["tlb", "0.2", "1"], ["tlb", "--", "true"], ["thp", "0.2", "1"], ["thp", "--", "true"], ["thrash", "0.2", "1"], ["thrash", "-p", "1", "0.2", "1"])
MODULE = (["walk", "1", "400000"], ["maps", "1"], ["ranges", "1"], ["census", "1"], ["wss", "1"])
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all"]
NO_BTF = ["unshare", "--mount", "sh", "-c", ": > /tmp/mms-empty && mount --bind /tmp/mms-empty /sys/kernel/btf/vmlinux"
          " && exec \"$@\"", "sh"]


def refused(label, by, argv, words):
    for fmt in ("text", "json"):
        p = subprocess.run([*by, MMSCOPE, argv[0], "-O", fmt, *argv[1:]], capture_output=True, text=True, timeout=60, check=False)
        lines = p.stderr.splitlines()
        good = (p.returncode == 3 and not p.stdout and len(lines) == 1 and lines[0].startswith("mmscope: ") and
                "fix: " in lines[0] and any(w in lines[0] for w in words))
        ok(good, f"{label}: {' '.join(argv)}: {fmt}", f"status {p.returncode}\n{p.stderr}{p.stdout[:300]}")


def no_rights():
    """With 0 anybody may make maps, and load programs of other types."""
    for value, some in (("2", BPF), ("0", {a[0]: a for a in BPF}.values())):
        try:
            with sysctl("kernel.unprivileged_bpf_disabled", value):
                for argv in some:
                    refused(f"nobody, unprivileged_bpf_disabled={value}", NOBODY, argv, ["CAP_BPF"])
        except OSError as why:
            skip(f"nobody, unprivileged_bpf_disabled={value}", f"it is locked: {why.strerror}")
    for argv in MODULE:
        refused("nobody", NOBODY, argv, ["sudo"])


def no_cgroup():
    """There it is, and may not be opened: that is not "no such cgroup"."""
    for argv in (["faults", "-c", "/", "0.2", "1"], ["cow", "-c", "/", "0.2", "1"]):
        refused("root without CAP_DAC_READ_SEARCH", ["setpriv", "--bounding-set", "-dac_read_search"], argv, ["CAP_DAC_READ_SEARCH"])


def no_btf():
    for argv in BPF:
        refused("no BTF", NO_BTF, argv, ["btf: /sys/kernel/btf/vmlinux"])
    p = subprocess.run([*NO_BTF, MMSCOPE, "maps", "1"], capture_output=True, text=True, timeout=60, check=False)
    ok(p.returncode == 0 and not p.stderr, "no BTF: commands that need none work", p.stderr)


def no_namespace():
    """Process ids inside would be taken for others."""
    inside = ["unshare", "--pid", "--fork", "--mount-proc"]
    for argv in BPF:
        if argv[0] != "thrash" or "-p" in argv:
            refused("in a pid namespace", inside, argv, ["pid namespace: process ids"])
    p = subprocess.run([*inside, MMSCOPE, "thrash", "0.2", "1"], capture_output=True, text=True, timeout=60, check=False)
    ok(p.returncode == 0 and "(machine)" in p.stdout, "in a pid namespace: thrash of the machine works", p.stderr)
    ok("not counted: pid namespace: process ids" in p.stderr, "in a pid namespace: it has no stall, and says why", p.stderr)
    p = subprocess.run([*inside, MMSCOPE, "doctor"], capture_output=True, text=True, timeout=60, check=False)
    ok("pid namespace" in p.stdout and "--pid=host" in p.stdout, "in a pid namespace: doctor names it, and the fix", p.stdout)
    ok(re.search(r"^BPF commands .*: no$", p.stdout, re.M) and re.search(r"^less of thrash.*: yes$", p.stdout, re.M),
       "in a pid namespace: doctor says that thrash alone works", p.stdout)
    for by, want in ((inside, (0, False, True)), ([], (0, True, True)), (NOBODY, (3, False, False))):
        p = subprocess.run([*by, MMSCOPE, "doctor", "-O", "json"], capture_output=True, text=True, timeout=60, check=False)
        (d,) = objects(p.stdout)
        same((p.returncode, d["bpf_usable"], d["thrash_usable"]), want, f"doctor, {by[0] if by else 'here'}: what works, for machines")
        ok(any("pid namespace" in n for n in d.get("notes", [])) == (by == inside), f"doctor, {by[0] if by else 'here'}: a note tells why", d.get("notes"))
    p = subprocess.run([*inside, MMSCOPE, "doctor", "--cost", "-O", "json"], capture_output=True, text=True, timeout=60, check=False)
    (d,) = objects(p.stdout)
    ok(p.returncode == 0 and "cost" not in d and "cost: not measured, BPF cannot be fully used here" in d["notes"],
       "in a pid namespace: doctor says that no cost was measured", d.get("notes"))


@contextlib.contextmanager
def sysctl(name, value):
    """A setting for a while; OSError where the kernel does not take it."""
    path = "/proc/sys/" + name.replace(".", "/")
    with open(path, encoding="ascii") as f:
        old = f.read()

    def write(text):
        with open(path, "w", encoding="ascii") as f:
            f.write(text)

    write(value)
    try:
        yield
    finally:
        write(old)


def hidden_symbols():
    """Where not even root is told addresses, what needs them refuses; tlb needs none."""
    with sysctl("kernel.kptr_restrict", "2"):
        for argv in BPF:
            label = f"hidden symbols: {' '.join(argv)}"
            p = subprocess.run([MMSCOPE, argv[0], "-O", "json", *argv[1:]], capture_output=True, text=True, timeout=60, check=False)
            # thp needs them only where the kernel does not tell a split of a page table by its arguments.
            if argv[0] == "tlb" or (argv[0] == "thp" and p.returncode == 0):
                got = objects(p.stdout)
                ok(p.returncode == 0 and len(got) == 1 and "seen" in got[0], f"{label}: works", f"{p.returncode} {p.stderr}{p.stdout[:300]}")
            else:
                refused("hidden symbols", [], argv, ["kptr_restrict", *(["thp hooks"] if argv[0] == "thp" else [])])


def interpreted():
    """Faults and what builds on them take programs that are compiled; the others need not."""
    with contextlib.ExitStack() as restored:
        try:
            restored.enter_context(sysctl("net.core.bpf_jit_enable", "0"))
        except OSError as why:
            skip("interpreted", f"net.core.bpf_jit_enable cannot be 0: {why.strerror}")
            return
        for argv in BPF:
            if argv[0] in ("faults", "cow"):
                refused("interpreted", [], argv, ["bpf_jit_enable"])
        (o,) = objects(subprocess.run([MMSCOPE, "doctor", "-O", "json"], capture_output=True, text=True, timeout=60, check=False).stdout)
        same((o["bpf_usable"], o["thrash_usable"]), (False, True), "interpreted: doctor: BPF is of less use")
        p = subprocess.run([MMSCOPE, "tlb", "0.2", "1"], capture_output=True, text=True, timeout=60, check=False)
        same((p.returncode, p.stderr), (0, ""), "interpreted: tlb works")


for test in (no_rights, no_cgroup, no_btf, no_namespace, hidden_symbols, interpreted):
    if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
        case(test)
