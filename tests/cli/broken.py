# SPDX-License-Identifier: GPL-2.0-only
"""What the tool leaves where it cannot finish: a file is as it was or whole, whoever ends the tool and wherever;
a disk that is full, a limit, an output that is closed or takes nothing: status 1 and one line that says so."""
import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import case, ok, same, skip  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.environ["MMSCOPE"]
OLD = b"what was there before\n"
WRITERS = (["import", "lackey", "a.txt", "-o"], ["import", "refs", "a.refs", "-o"], ["export", "csv", "a.refs", "-o"],
           ["export", "oracleGeneral", "a.refs", "-o"])
# Those that say something without the module and BPF, and wherever they are.
TALKERS = (["help"], ["-h"], ["--version"], ["doctor"], ["doctor", "-O", "json"], ["maps", "--no-module", "SELF"],
           ["maps", "-O", "csv", "--no-module", "SELF"], ["ranges", "--no-module", "SELF"],
           ["import", "lackey", "a.txt", "-o", "-"], ["import", "lackey", "a.txt", "-o", "NEW"],
           ["export", "info", "a.refs"], ["export", "csv", "a.refs", "-o", "-"], ["export", "oracleGeneral", "a.refs", "-o", "-"],
           ["export", "u32", "a.refs", "-o", "-"], ["replay", "-f", "50%", "a.refs"], ["replay", "-O", "json", "-f", "9,20", "a.refs"],
           ["replay", "--curve", "-O", "csv", "a.refs"], ["replay", "--curve", "--plot", "a.refs"],
           ["replay", "--steps", "-p", "lru", "-f", "3", "--limit", "5000", "a.refs"],
           ["replay", "--anomaly", "--string", "1,2,3,4,1,2,5,1,2,3,4,5"], ["size", "a.refs"], ["allot", "-m", "50", "a.refs", "a.refs"],
           *([c, "-h"] for c in ("doctor walk maps ranges census wss faults tlb thp cow thrash import export replay size allot").split()))
LIBRARY = None


def put(path, data):
    with open(path, "wb") as f:
        f.write(data)


def get(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def run(argv, **more):
    usual = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run([TOOL, *argv], timeout=120, check=False, **{**usual, **more})


def made(argv):
    """What a run that nothing disturbs makes, and how long it takes."""
    start = time.monotonic()
    subprocess.run([TOOL, *argv, "good"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = time.monotonic() - start
    data = get("good")
    os.unlink("good")
    return data, took


def beside(folder="out"):
    return sorted(set(os.listdir(folder)) - {"file"})


def fresh(old):
    shutil.rmtree("out", ignore_errors=True)
    os.mkdir("out")
    if old:
        put("out/file", OLD)


def killed():
    """SIGKILL at 50 random moments of each way to write."""
    rng = random.Random(9)
    for argv in WRITERS:
        want, took = made(argv)
        bad, died = [], 0
        for i in range(50):
            fresh(i % 2)
            # What counts may be in the midst of its files: elsewhere, where half a file is nobody's.
            p = subprocess.Popen([TOOL, *argv, "out/file"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env={**os.environ, "GCOV_PREFIX": os.path.abspath("uncounted")})
            time.sleep(rng.uniform(0, took))
            p.kill()
            died += p.wait() == -signal.SIGKILL
            if get("out/file") not in (want, OLD if i % 2 else None):
                bad.append(f"{i}: the file is neither as it was nor whole")
            start = time.monotonic()
            again = run([*argv, "out/file"])
            # as long as the latest took: what else the machine does comes and goes
            took = time.monotonic() - start
            if again.returncode or get("out/file") != want:
                bad.append(f"{i}: the next one fails: {again.stderr}")
        ok(not bad and died >= 15, f"killed: {' '.join(argv)}", [f"{died} were killed", *bad])


def nameless():
    """Does the file system have files without a name? Else a death leaves one that has another."""
    try:
        os.close(os.open(".", os.O_TMPFILE | os.O_RDWR))
    except OSError:
        return False
    return True


def at_each_call():
    """The end, or an error, at each call to the kernel that writing takes."""
    leaves = ("close", "rename") if nameless() else ("fchmod", "fchown", "write", "pwrite", "fsync", "close", "rename")
    for argv in WRITERS:
        want, _ = made(argv)
        for old in (False, True):
            fresh(old)
            before = OLD if old else None
            env = {**os.environ, "LD_PRELOAD": LIBRARY}
            run([*argv, "out/file"], env={**env, "MMS_CALLS": "calls"})
            with open("calls", encoding="ascii") as f:
                calls = f.read().split()
            bad = []
            for i, call in enumerate(calls, 1):
                fresh(old)
                p = run([*argv, "out/file"], env={**env, "MMS_AT": str(i)})
                # A name that is linked and not yet renamed is all that a death may leave.
                if get("out/file") not in (want, before) or len(beside()) > 1 or (beside() and call not in leaves):
                    bad.append(f"died at {i}, {call}: {p.returncode} {beside()}")
                p = run([*argv, "out/file"])
                if p.returncode or get("out/file") != want:
                    bad.append(f"after a death at {i}, {call}: {p.stderr}")
                for err in (errno.EIO, errno.ENOSPC):
                    fresh(old)
                    p = run([*argv, "out/file"], env={**env, "MMS_AT": str(i), "MMS_ERRNO": str(err)})
                    whole = get("out/file") == want
                    told = p.stderr.decode().splitlines()
                    fine = whole and not p.returncode and call in ("close", "open", "fchmod", "fchown", "linkat")
                    fine |= (whole or get("out/file") == before) and p.returncode == 1 and len(told) == 1 and told[0].startswith("mmscope: ") \
                        and os.strerror(err) in told[0]
                    if beside() or not fine:
                        bad.append(f"{os.strerror(err)} at {i}, {call}: {p.returncode} {told} {beside()} whole {whole}")
            ok(len(calls) > 5 and not bad, f"each of {len(calls)} calls: {' '.join(argv)}, {'a file' if old else 'none'} before", "\n".join(bad))


def failed_well(p, label, why, old):
    told = p.stderr.decode().splitlines()
    ok(p.returncode == 1 and len(told) == 1 and told[0].startswith("mmscope: ") and why in told[0], f"{label}: says so", (p.returncode, told))
    same((get("out/file"), beside()), (OLD if old else None, []), f"{label}: all is as it was")


def limited():
    """A limit on the size of files, with and without the signal that comes with it."""
    for argv in WRITERS:
        for old in (False, True):
            for ignored in (False, True):
                def limits(ignore=ignored):
                    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
                    signal.signal(signal.SIGXFSZ, signal.SIG_IGN if ignore else signal.SIG_DFL)

                fresh(old)
                p = run([*argv, "out/file"], preexec_fn=limits)
                failed_well(p, f"limit, {'ignored' if ignored else 'a signal'}: {' '.join(argv)}, {'a file' if old else 'none'} before",
                            "File too large", old)


def full():
    """A disk that is full: small tmpfs of our own."""
    script = "mount -t tmpfs -o size=64k none out && cp $OLD out && { \"$@\"; s=$?; ls out; cat out/file; exit $s; }"
    os.mkdir("none")
    os.mkdir("old")
    put("old/file", OLD)
    # Root needs no user namespace, which may be off.
    alone = ["unshare", "-rm" if os.geteuid() else "-m"]
    if subprocess.run([*alone, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        skip("full", "not every user may make namespaces")
        return
    for argv in WRITERS:
        for old in (False, True):
            fresh(False)
            p = subprocess.run([*alone, "sh", "-c", script, "sh", TOOL, *argv, "out/file"], capture_output=True,
                               env={**os.environ, "OLD": "old/file" if old else "-r none"}, check=False, timeout=60)
            told = p.stderr.decode().splitlines()[:1]
            label = f"disk full: {' '.join(argv)}, {'a file' if old else 'none'} before"
            ok(p.returncode == 1 and "No space left on device" in told[0] and told[0].startswith("mmscope: "), f"{label}: says so",
               (p.returncode, p.stderr))
            same(p.stdout, b"file\n" + OLD if old else b"none\n", f"{label}: all is as it was")


def said(p):
    """On stderr, but for what csv says of the data there."""
    return [line for line in p.stderr.decode().splitlines() if not line.startswith("# ")]


def argv_of(argv):
    return [str(os.getpid()) if a == "SELF" else "out/file" if a == "NEW" else a for a in argv]


def outputs():
    """No room, no reader, no stdout: of each command that says something."""
    want, _ = made(WRITERS[0])
    for argv in TALKERS:
        label = " ".join(argv)
        fresh(False)
        with open("/dev/full", "wb") as to:
            p = run(argv_of(argv), stdout=to)
        told = said(p)
        ok(p.returncode == 1 and len(told) == 1 and told[0].startswith("mmscope: ") and "No space left on device" in told[0],
           f"{label}: no room", (p.returncode, told))
        r, w = os.pipe()
        os.close(r)
        p = run(argv_of(argv), stdout=w)
        os.close(w)
        same((p.returncode, said(p)), (1, []), f"{label}: no reader")
        p = run(argv_of(argv), preexec_fn=lambda: os.close(1), stdout=None)
        told = said(p)
        ok(p.returncode == 1 and len(told) == 1 and "Bad file descriptor" in told[0], f"{label}: no stdout", (p.returncode, told))
        ok("NEW" not in argv or get("out/file") == want, f"{label}: a file has nothing that is said")
        p = run(argv_of(argv), preexec_fn=lambda: os.close(2), stderr=None)
        same(p.returncode, 0, f"{label}: no stderr")
        if "NEW" in argv:
            fresh(False)
            p = run(argv_of(argv), preexec_fn=lambda: os.closerange(0, 3), stdin=None, stdout=None, stderr=None)
            same((p.returncode, get("out/file") == want), (1, True), f"{label}: neither stdin nor stdout nor stderr")


def main():
    global LIBRARY
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        LIBRARY = f"{folder}/bad_calls.so"
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", LIBRARY, f"{HERE}/bad_calls.c"], check=True)
        rng = random.Random(5)
        with open("a.txt", "w", encoding="ascii") as f:
            f.writelines(f"{rng.choice(['I ', ' L', ' S'])} {rng.randrange(3000) << 12:08x},4\n" for _ in range(100000))
        subprocess.run([TOOL, "import", "lackey", "a.txt", "-o", "a.refs"], check=True, stdout=subprocess.DEVNULL)
        for test in (killed, at_each_call, limited, full, outputs):
            if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
                case(test)
        os.chdir("/")


main()
