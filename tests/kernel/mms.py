# SPDX-License-Identifier: GPL-2.0-only
"""Reads the debugfs files of mmscope.ko as Documentation/abi/debugfs-mmscope describes them."""
import os
import struct

ROOT = "/sys/kernel/debug/mmscope"
SIZES = "4K 16K 32K 64K 128K 256K 512K 1M 2M 1G".split()    # keys of maps that share out what is mapped


def read(path):
    with open(f"{ROOT}/{path}", encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def control(cmd):
    """Return 0 or the errno of one write to control."""
    data = cmd if isinstance(cmd, bytes) else cmd.encode()
    fd = os.open(f"{ROOT}/control", os.O_WRONLY)
    try:
        n = os.write(fd, data)
        return 0 if n == len(data) else -1
    except OSError as e:
        return e.errno
    finally:
        os.close(fd)


def pairs(path):
    return dict(line.split(None, 1) if " " in line else (line, "") for line in read(path).splitlines() if line)


def targets():
    """{number: (state, comm)} of all targets."""
    return {int(w[0]): (w[1], w[3]) for w in (line.split(None, 3) for line in read("control").splitlines())}


class Target:
    """with Target(pid): tracked inside, forgotten outside."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        err = control(f"+ {self.pid}\n")
        if err:
            raise OSError(err, f"+ {self.pid}: {os.strerror(err)}")
        return self

    def __exit__(self, *exc):
        control(f"- {self.pid}")

    def walk(self, spec):
        """Blocks of a walk: list of dicts; 'levels' maps a level to its fields."""
        fd = os.open(f"{ROOT}/{self.pid}/walk", os.O_RDWR)
        try:
            os.write(fd, spec.encode())
            os.lseek(fd, 0, os.SEEK_SET)
            text = b""
            while True:
                b = os.read(fd, 65536)
                if not b:
                    break
                text += b
        finally:
            os.close(fd)
        return [_block(b) for b in text.decode(errors="surrogateescape").split("\n\n") if b.strip()]

    def ranges(self):
        out = []
        for line in read(f"{self.pid}/ranges").splitlines():
            if line.startswith("---["):
                continue
            addr, size, level, kind, rights, *flags = line.split()
            s, e = (int(x, 16) for x in addr.split("-"))
            out.append({"start": s, "end": e, "kb": int(size), "level": level, "kind": kind,
                        "rights": rights, "flags": flags})
        return out

    def maps(self):
        """[(start, end, {key: kB})], total dict."""
        return _smaps_like(read(f"{self.pid}/maps"))

    def idle(self):
        """Ages as of one scan: read again if one ended in between."""
        for _ in range(50):
            with open(f"{ROOT}/{self.pid}/idle", "rb", buffering=0) as f:
                data = f.readall()
                f.seek(0)
                if f.read(48) == data[:48]:
                    break
        size, rec, scans, interval, window, lost, _ = struct.unpack_from("<IIQQQQQ", data)
        recs = []
        for off in range(size, len(data), rec):
            addr, level, age, flags, _ = struct.unpack_from("<QBBHI", data, off)
            recs.append((addr, level, age, flags))
        return {"scans": scans, "interval": interval, "window": window, "lost": lost}, recs


def _fields(words):
    d = {"flags": []}
    for w in words:
        if "=" in w:
            k, v = w.split("=", 1)
            d[k] = v
        else:
            d["flags"].append(w)
    return d


def _block(text):
    b = {"levels": {}, "text": text}
    for line in text.splitlines():
        word, rest = line.split(None, 1)
        if word in ("pgd", "p4d", "pud", "pmd", "pte"):
            b["levels"][word] = _fields(rest.split())
        elif word in ("leaf", "page", "user-pgd"):
            b[word] = _fields(rest.split())
        elif word == "va":
            b["va"] = int(rest, 16)
        else:
            b[word] = rest
    return b


def _smaps_like(text):
    vmas, total, cur = [], {}, None
    for line in text.splitlines():
        head = line.split()[0] if line.split() else ""
        if head == "Total":
            cur = total
        elif line.endswith(" kB") and ":" in line:
            k, v = line.split(":", 1)
            cur[k.strip()] = int(v.split()[0])
        elif "-" in head:
            s, e = (int(x, 16) for x in head.replace("0x", "").split("-"))
            cur = {}
            vmas.append((s, e, cur))
    return vmas, total


def smaps(pid):
    """The kernel's own: [(start, end, {key: kB})]."""
    vmas, cur = [], None
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="surrogateescape") as f:
        for line in f:
            head = line.split()[0]
            if head.endswith(":"):
                v = line.split()
                if len(v) == 3 and v[2] == "kB":
                    cur[head[:-1]] = int(v[1])
                elif head == "VmFlags:":
                    cur["flags"] = v[1:]
            else:
                s, e = (int(x, 16) for x in head.split("-"))
                cur = {"perm": line.split()[1], "name": line.split(None, 5)[5].strip() if len(line.split(None, 5)) > 5 else ""}
                vmas.append((s, e, cur))
    return vmas


def pagemap(pid, start, end):
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as f:
        f.seek(start // 4096 * 8)
        data = f.read((end - start) // 4096 * 8)
    return struct.unpack(f"<{len(data) // 8}Q", data)
