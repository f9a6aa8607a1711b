# SPDX-License-Identifier: GPL-2.0-only
"""Memory runs out, at each place where the tool takes some in turn, once and then for good: a line and
status 1 or, where it can do without, the very output of a run that had memory; nothing half done beside."""
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel"))
from ktap import ok  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.environ["MMSCOPE"]
# What it does without, and says so.
LESS = b"write-backs of opt are not counted"
OLD = b"what was there before\n"

COMMANDS = [
    ["import", "lackey", "a.txt", "-o", "TO"],
    ["import", "lackey", "a.txt.gz", "b.txt", "--interleave", "100", "-O", "json", "-o", "TO"],
    ["import", "lackey", "a.txt.zst", "-o", "TO"],
    ["import", "csv", "a.csv", "-o", "TO"],
    ["import", "csv", "--sampled", "1ms", "s.csv", "-O", "csv", "-o", "TO"],
    ["import", "oracleGeneral", "a.oracle", "-o", "TO"],
    ["import", "u32", "a.u32", "-o", "TO"],
    ["import", "refs", "a.refs", "b.refs", "-o", "TO"],
    ["export", "info", "a.refs"],
    ["export", "csv", "a.refs", "-o", "TO"],
    ["export", "oracleGeneral", "a.refs", "-o", "TO"],
    ["export", "u32", "a.refs", "-o", "TO"],
    ["replay", "-f", "20,50%", "a.refs"],
    ["replay", "-p", "lru", "-f", "all", "-O", "csv", "b.refs"],
    ["replay", "--curve=lru,opt,fifo,clock,ws,pff", "-O", "json", "a.refs"],
    ["replay", "--curve", "--plot", "--width", "70", "a.refs"],
    ["replay", "--sample", "50%", "a.refs"],
    ["replay", "--curve=lru", "--sampled-ok", "s.refs"],
    ["size", "-m", "20", "s.refs"],
    ["replay", "--steps", "-p", "lru,opt", "-f", "3", "--string", "1,2,3*,4,1,2,5,1,2,3,4,5"],
    ["replay", "--anomaly", "--string", "1,2,3,4,1,2,5,1,2,3,4,5"],
    ["size", "--max-slowdown", "1.1", "a.refs"],
    ["size", "--page-size", "-m", "64", "--tlb", "16:4", "-O", "json", "a.refs"],
    ["allot", "-m", "200", "a.refs", "b.refs"],
    ["allot", "-m", "100", "--rule", "priority", "--priority", "3,1", "ab.refs"],
    ["help"],
]


def make(folder):
    rng = random.Random(5)

    def lackey(n, pages):
        return "".join(f"{rng.choice(['I ', ' L', ' S', ' M'])} {rng.randrange(pages) << 12:08x},4\n" for _ in range(n))

    with open(f"{folder}/a.txt", "w", encoding="ascii") as f:
        f.write(lackey(20000, 300))
    with open(f"{folder}/b.txt", "w", encoding="ascii") as f:
        f.write(lackey(300, 40))
    with open(f"{folder}/s.csv", "w", encoding="ascii") as f:
        f.write("interval,page,rw\n")
        f.writelines(f"{i // 50},{rng.randrange(80)},{rng.choice('rw')}\n" for i in range(2000))
    for argv in (["gzip", "-k", "a.txt"], ["zstd", "-q", "-k", "a.txt"],
                 [TOOL, "import", "lackey", "a.txt", "-o", "a.refs"], [TOOL, "import", "lackey", "b.txt", "-o", "b.refs"],
                 [TOOL, "import", "csv", "--sampled", "1ms", "s.csv", "-o", "s.refs"],
                 [TOOL, "import", "refs", "a.refs", "b.refs", "-o", "ab.refs"],
                 [TOOL, "export", "csv", "a.refs", "-o", "a.csv"],
                 [TOOL, "export", "oracleGeneral", "a.refs", "-o", "a.oracle"],
                 [TOOL, "export", "u32", "a.refs", "-o", "a.u32"]):
        subprocess.run(argv, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run(folder, library, argv, **env):
    """What a run gave: status, both outputs, and the file that it was to write. Its own folder is empty else."""
    there = f"{folder}/out"
    os.makedirs(there, exist_ok=True)
    to = f"{there}/file"
    with open(to, "wb") as f:
        f.write(OLD)
    argv = [to if a == "TO" else a for a in argv]
    p = subprocess.run([TOOL, *argv], cwd=folder, capture_output=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
                       env={**os.environ, "LD_PRELOAD": library, **env})
    with open(to, "rb") as f:
        wrote = f.read()
    return p.returncode, p.stdout, p.stderr, wrote, os.listdir(there) == ["file"]


def wrong(got, want):
    """Why a run without memory is not as it must be; None if it is."""
    status, out, err, wrote, alone = got
    if not alone:
        return "something is left beside the file"
    if status == 0:
        less = LESS in out and LESS not in want[1]
        return None if (out, wrote) == (want[1], want[3]) or less else "status 0, but not the output of a run with memory"
    if status not in (1, 3):
        return f"status {status}"
    if wrote not in (OLD, want[3]):
        return "the file is neither as it was nor whole"
    lines = [li for li in err.decode().splitlines() if not li.startswith("# ")]
    if not 0 < len(lines) <= 2 or not all(li.startswith("mmscope: ") for li in lines):
        return f"not a line or two on stderr: {lines}"
    return None


def main():
    with tempfile.TemporaryDirectory() as folder:
        library = f"{folder}/no_memory.so"
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, f"{HERE}/no_memory.c"], check=True)
        make(folder)
        tried = set()
        for argv in COMMANDS:
            if len(sys.argv) > 1 and argv[0] not in sys.argv[1:]:
                continue
            want = run(folder, library, argv, MMS_PLACES=f"{folder}/places")
            with open(f"{folder}/places", encoding="ascii") as f:
                new = [p for p in f.read().split() if p not in tried]
            tried.update(new)
            bad, failed = [], 0
            for place in new:
                for more in ({}, {"MMS_FOR_GOOD": "1"}):
                    got = run(folder, library, argv, MMS_FAIL=place, **more)
                    failed += got[0] != 0
                    why = wrong(got, want)
                    if why:
                        bad.append(f"MMS_FAIL={place} {more}: {why}: {got[2].decode()}")
            ok(want[0] == 0 and not bad, f"{' '.join(argv)}: without memory", want[2].decode() + "\n".join(bad))
            print(f"# {len(new)} places, {failed} of {2 * len(new)} runs failed")
        ok(len(tried) > 200 or len(sys.argv) > 1, "there were places", len(tried))


main()
