# SPDX-License-Identifier: GPL-2.0-only
"""KTAP for the guest tests: every check has a name, every skip a reason."""
import atexit
import json
import os
import subprocess
import sys
import time
import traceback

_n = 0
_failed = 0
_name = os.path.basename(sys.argv[0]).removeprefix("test_").removesuffix(".py") + os.environ.get("MMS_VARIANT", "")

FAILED = 3     # the status where a check failed, which is told

# How many times longer than elsewhere whatever is waited for may take: kernels that check themselves are slow.
SLOW = int(os.environ.get("MMS_SLOW") or 1)


class _Patient(subprocess.Popen):
    def wait(self, timeout=None):
        return super().wait(timeout and timeout * SLOW)

    def communicate(self, input=None, timeout=None):  # pylint: disable=redefined-builtin
        return super().communicate(input, timeout and timeout * SLOW)


if SLOW > 1:
    subprocess.Popen = _Patient


def ok(cond, name, diag=""):
    """One check. diag is shown only when it fails."""
    global _n, _failed
    _n += 1
    print(f"{'ok' if cond else 'not ok'} {_n} - {_name}: {name}", flush=True)
    if not cond:
        _failed += 1
        for line in str(diag).splitlines()[:20]:
            print(f"# {line}")
    return bool(cond)


def same(got, want, name):
    return ok(got == want, name, f"got  {got!r}\nwant {want!r}")


def objects(text):
    """One JSON object per line; each key once, whatever a reader would make of two."""
    def once(pairs):
        keys = [k for k, _ in pairs]
        twice = {k for k in keys if keys.count(k) > 1}
        if twice:
            raise ValueError(f"keys that are there twice: {twice}")
        return dict(pairs)
    return [json.loads(line, object_pairs_hook=once) for line in text.splitlines() if line.startswith("{")]


def skip(name, why):
    global _n
    _n += 1
    print(f"ok {_n} - {_name}: {name} # SKIP {why}", flush=True)


def case(fn):
    """Run a function of checks; an exception is a failure of its name. How long it took is for the reader alone."""
    start = time.monotonic()
    try:
        fn()
        ok(True, f"{fn.__name__} ran to its end")
    except Exception:  # pylint: disable=broad-except
        ok(False, f"{fn.__name__} ran to its end", traceback.format_exc())
    print(f"# {fn.__name__}: {time.monotonic() - start:.1f} s", flush=True)


def _uncaught(kind, error, trace):
    """What ends the program is a failure wherever it was raised, though exit handlers have the last word on the status."""
    ok(False, "ran to its end", "".join(traceback.format_exception(kind, error, trace)))


sys.excepthook = _uncaught


@atexit.register
def _plan():
    if not _n:
        ok(False, "a check was made")
    print(f"1..{_n}", flush=True)
    # 1 is python3's own, of a program that does not come so far: then nobody else tells
    os._exit(FAILED if _failed else 0)
