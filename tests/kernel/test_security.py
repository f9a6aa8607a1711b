#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Who may open our files and set our parameters: CAP_SYS_ADMIN of the first user namespace, whatever the modes say. And
no file tells an address of the kernel."""
import os
import re
import struct
import subprocess
import sys
import time

from ktap import case, ok, same
from mms import ROOT, Target, control, read
from procs import Proc

OPEN = """import errno, os, sys
for path in sys.argv[1:]:
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        try:
            os.close(os.open(path, flags))
            print("0", flags, path)
        except OSError as e:
            print(errno.errorcode[e.errno], flags, path)
"""
WRITE = """import errno, os, sys
for path in sys.argv[1:]:
    with open(path, encoding="ascii") as f:
        now = f.read()
    try:
        fd = os.open(path, os.O_WRONLY)
        os.write(fd, now.encode())
        print("0", path)
    except OSError as e:
        print(errno.errorcode[e.errno], path)
"""
# what a file that is only read answers to all else
MISUSE = """import ctypes, errno, fcntl, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
def mapped(fd, prot, flags):
    if libc.mmap(None, ctypes.c_size_t(4096), prot, flags, fd, ctypes.c_long(0)) == 2**64 - 1:
        raise OSError(ctypes.get_errno(), "mmap")
for path in sys.argv[1:]:
    fd = os.open(path, os.O_RDWR)
    for name, do in (("write", lambda: os.write(fd, b"0")), ("mmap", lambda: mapped(fd, 1, 2)), ("mmap", lambda: mapped(fd, 3, 1)),
                     ("ioctl", lambda: fcntl.ioctl(fd, 0x4004d500, b"0000"))):
        try:
            do()
            print(name, "0", path)
        except OSError as e:
            print(name, errno.errorcode[e.errno], path)
"""
CAPS = "import sys; print([x.split()[1] for x in open('/proc/self/status') if x.startswith('CapEff')][0])"
PARAMS = "/sys/module/mmscope/parameters"
WRITABLE = ("control", "walk", "shared")
WITHOUT_CAP = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
NO_ROOT = ["setpriv", "--securebits", "+noroot,+noroot_locked"]
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
KERNEL_LOW = 0xffff800000000000
TEXT_POINTER = re.compile(r"\b(?:0x)?ffff[0-9a-f]{12}\b")
NUMBER = re.compile(r"\b[0-9]{19,20}\b")
FROM_KERNEL = re.compile("out-of-tree module taints|module verification failed|parameter|BTF|: loading ")


def files():
    return sorted(f"{d}/{n}" for d, _, names in os.walk(ROOT) for n in names)


def opened(prefix, paths):
    """What the opens gave, all flags: {errno name: [path]}."""
    r = subprocess.run([*prefix, sys.executable, "-c", OPEN, *paths], capture_output=True, text=True, check=False, cwd="/")
    got = {}
    for line in r.stdout.splitlines():
        err, _, path = line.split(" ", 2)
        got.setdefault(err, []).append(path)
    if not got:
        raise RuntimeError(r.stderr)
    return got


def answers(prefix, script, *args):
    r = subprocess.run([*prefix, sys.executable, "-c", script, *args], capture_output=True, text=True, check=False, cwd="/")
    if r.returncode or not r.stdout:
        raise RuntimeError(r.stderr)
    return [line.split() for line in r.stdout.splitlines()]


def modes(paths):
    return {p: os.stat(p).st_mode & 0o7777 for p in paths}


def who():
    with Target(1):
        paths = files()
        dirs = ["/sys/kernel/debug", ROOT, f"{ROOT}/1"]
        before = modes(paths + dirs)
        ok(len(paths) >= 10, f"{len(paths)} files of the module and a target", paths)
        same(sorted(p for p in paths if before[p] not in (0o400, 0o600)), [], "modes are 0400 and 0600 only")
        same([oct(before[d]) for d in dirs[1:2]], ["0o700"], "the directory is 0700")
        got = opened([], paths)
        same(sorted(set(got.get("0", []))), paths, "root with CAP_SYS_ADMIN opens every file")
        same(sorted(opened(NOBODY, paths)), ["EACCES"], "another user opens none")
        same(sorted(opened(WITHOUT_CAP, paths)), ["EPERM"], "root without CAP_SYS_ADMIN opens none")
        same(sorted(opened(NO_ROOT, paths)), ["EACCES", "EPERM"], "nor does uid 0 without any capability (the modes refuse writing first)")
        same(sorted(opened(["unshare", "-U", "-r"], paths)), ["EPERM"], "root of a user namespace opens none")
        try:
            for p in paths + dirs:
                os.chmod(p, 0o777)
            for name, prefix in (("another user", NOBODY), ("root without CAP_SYS_ADMIN", WITHOUT_CAP),
                                 ("another user's user namespace", [*NOBODY, "unshare", "-U", "-r"])):
                same(sorted(opened(prefix, paths)), ["EPERM"], f"mode 0777 everywhere: {name} opens none")
        finally:
            for p, mode in before.items():
                os.chmod(p, mode)


def nobody_writes():
    """What need not be written cannot be, by who may do all."""
    with Target(1):
        paths = files()
        names = {p: p.rsplit("/", 1)[1] for p in paths}
        same(sorted(n for p, n in names.items() if os.stat(p).st_mode & 0o222), sorted(WRITABLE), "writable is what is told something, no more")
        got = answers([], MISUSE, *[p for p in paths if names[p] not in WRITABLE])
        same(sorted({(what, err) for what, err, _ in got if what == "write"}), [("write", "EINVAL")], "all others refuse to be written")
        same(sorted({(what, err) for what, err, _ in got if what != "write"}),
             [("ioctl", "ENOTTY"), ("mmap", "ENODEV")], "nor mapped, nor asked by ioctl")
        got = answers([], MISUSE, *[p for p in paths if names[p] in WRITABLE])
        same(sorted({(what, err) for what, err, _ in got if what != "write"}),
             [("ioctl", "ENOTTY"), ("mmap", "ENODEV")], "those that are written neither")


def parameters():
    """The modes let uid 0 in: the setters ask for the capability."""
    paths = [f"{PARAMS}/{n}" for n in sorted(os.listdir(PARAMS))]
    ok(paths, "there are parameters")
    same({oct(m) for m in modes(paths).values()}, {"0o644"}, "others cannot write them")
    same({w[0] for w in answers([], WRITE, *paths)}, {"0"}, "root with CAP_SYS_ADMIN sets them all")
    same({w[0] for w in answers(NOBODY, WRITE, *paths)}, {"EACCES"}, "another user sets none")
    same(answers(["unshare", "-U", "-r"], CAPS)[0][0][-10:], answers([], CAPS)[0][0][-10:], "root of a user namespace has every capability there")
    for name, prefix in (("root without CAP_SYS_ADMIN", WITHOUT_CAP), ("uid 0 without any capability", NO_ROOT),
                         ("root of a user namespace", ["unshare", "-U", "-r"])):
        same({w[0] for w in answers(prefix, WRITE, *paths)}, {"EPERM"}, f"{name} sets none")
    try:
        for p in paths:
            os.chmod(p, 0o666)
        same({w[0] for w in answers(NOBODY, WRITE, *paths)}, {"EPERM"}, "mode 0666: another user sets none")
    finally:
        for p in paths:
            os.chmod(p, 0o644)


def suspects(text):
    """Words that look like addresses of the kernel; the 64 bits of an entry may look so."""
    text = re.sub(r"raw=\S+", "", text)
    return TEXT_POINTER.findall(text) + [n for n in NUMBER.findall(text) if int(n) >= KERNEL_LOW]


def leaks():
    with Proc("shapes") as p, Target(p.pid) as t:
        same(control(f"sample {p.pid} 20"), 0, "sampling, so that every file has something to tell")
        time.sleep(0.5)
        bad, seen = {}, 0
        for path in files():
            try:
                with open(path, "rb") as f:
                    data = f.read()
            except OSError:
                continue
            seen += bool(data)
            if path.endswith("/idle"):
                found = [hex(w) for w in struct.unpack(f"<{len(data) // 8}Q", data[:len(data) // 8 * 8]) if w >= KERNEL_LOW]
            elif path.endswith("/entries"):
                found = []
            else:
                found = suspects(data.decode(errors="replace"))
            if found:
                bad[path] = found[:5]
        same(bad, {}, "no file tells an address of the kernel")
        ok(seen >= 8, "and they told something", seen)
        start = int(read(f"{p.pid}/ranges").splitlines()[1].split("-")[0], 16)
        same(suspects("\n".join(b["text"] for b in t.walk(f"0x{start:x}-0x{start + 65536:x}"))), [], "nor does walk")
    log = subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout
    same([x for x in log.splitlines() if "mmscope" in x and not FROM_KERNEL.search(x)], [], "the module wrote nothing to the kernel's log")


for check in (who, nobody_writes, parameters, leaks):
    case(check)
