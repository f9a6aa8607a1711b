#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every allocation of the module fails in turn, and every copy from user memory: what was asked for fails with ENOMEM (or
EFAULT), or goes on without where alloc_sites says so, leaves nothing behind, and works the next time."""
import errno
import os
import re
import time

import inject
from ktap import SLOW, case, ok, same, skip
from mms import ROOT, control, pairs, read, targets
from module import KO, insmod
from procs import Proc, popen
from puppet import Puppet

HERE = os.path.dirname(os.path.abspath(__file__))
MOST = 400      # allocations of one operation, tried one by one


def sites():
    """[(file, function, calls, goes on without, functions it may be found in, why not reached)]"""
    out = []
    with open(f"{HERE}/alloc_sites", encoding="ascii") as f:
        for w in map(str.split, f):
            if not w or w[0] == "#":
                continue
            where = w[3].lstrip("~!=")
            names = {x for x in where.split(",") if x != "-"} if w[3][0] != "!" else set()
            if w[3][0] != "=":
                names.add(w[1])
            out.append((w[0], w[1], int(w[2]), w[3][0] == "~", names, where if w[3][0] == "!" else None))
    return out


TOLERATED = set().union(*(names for *_, without, names, _ in sites() if without))


def made_good(what):
    """It went on without, or memory came another way: kvmalloc() has two, vmalloc() several for its pages, a new slab may
    be smaller and does without a sheaf, a cache without its directory in sysfs, xa_store() asks again, debugobjects have a
    reserve."""
    other_way = re.compile("kvmalloc|vmalloc|allocate_slab|__pcs_replace|_sheaf|kobject_init_and_add|xas_alloc|radix_tree_node_alloc|fill_pool")
    return any(s in TOLERATED or other_way.search(stack) for stack, s, _ in what)


def brief(what):
    return [s for _, s, _ in what]


def do(cmd):
    err = control(cmd)
    if err:
        raise OSError(err, cmd)


def listed(*pids):
    return lambda: all(pid in targets() for pid in pids)


def interval(pid):
    return lambda: pairs(f"{pid}/status")["sample_ms"] == "1000"


def forgive(cmd):
    control(cmd)


def whole(path, spec=None):
    fd = os.open(f"{ROOT}/{path}", os.O_RDWR if spec else os.O_RDONLY)
    try:
        if spec:
            os.write(fd, spec.encode())
            os.lseek(fd, 0, os.SEEK_SET)
        return b"".join(iter(lambda: os.read(fd, 65536), b""))
    finally:
        os.close(fd)


def sweep(i, name, act, undo, proof=None, may_lack=False):
    """act() with its 1st, 2nd, ... allocation failing, until it needs no more; then without. What it
    returns, or proof() says whether it had its effect. undo() must always do."""
    tried, copies, bad = 0, 0, []
    before = targets()
    # Without pages, whose number differs, then three times with them: one more moves all that follow by one.
    n, again = 1, 3
    i.pages(False)
    while n <= MOST:
        reached, err, what, value = i.at(n, act)
        if not err and not (proof() if proof else value):
            bad.append(f"{n}: success without any effect, {brief(what)}")
        undo()
        if targets() != before or {int(d) for d in os.listdir(ROOT) if d.isdigit()} != set(before):
            bad.append(f"{n}: left {targets()}, {os.listdir(ROOT)} after {brief(what)}")
        if not reached:
            if not again or n > 30 and again < 3:
                break
            n, again = 1, again - 1
            i.pages(True)
            continue
        tried += 1
        # a copy from the user that fails leaves no trace: the first half of a read may have been given
        if err not in (0, errno.ENOMEM if what else errno.EFAULT):
            bad.append(f"{n}: {errno.errorcode.get(err, err)} for {brief(what)}")
        copies += not what
        if not err and what and not may_lack and not made_good(what):
            bad.append(f"{n}: succeeded without {brief(what)} {what[0][0][-900:]}")
        # a store of a thousand: its first, then some
        n += 1 if n < 60 else n // 2
    i.pages(True)
    ok(tried > copies and n <= MOST + MOST // 2, f"{name}: allocations fail", f"{tried} tried, {copies} of them copies, {n}")
    same(bad[:5], [], f"{name}: each gives ENOMEM or EFAULT, and leaves nothing")
    try:
        value = act()
        ok(proof() if proof else value, f"{name}: then it works")
        undo()
    except OSError as e:
        ok(False, f"{name}: then it works", e)
    print(f"# {name}: {tried}, {copies} of them copies", flush=True)


def commands(i):
    with Proc("loop", "4", "400", ready="lap") as a, Proc("loop", "4", "8", ready="lap") as b:
        sweep(i, "a target", lambda: do(f"+ {a.pid}"), lambda: forgive(f"- {a.pid}"), listed(a.pid))
        sweep(i, "two, sampled, in one write", lambda: do(f"+ {a.pid}; + {b.pid}; sample {a.pid} 1000"), lambda: forgive("clear"),
              listed(a.pid, b.pid))
        sweep(i, "followed", lambda: do(f"+ {a.pid} follow"), lambda: forgive("clear"), listed(a.pid))
        do(f"+ {b.pid}")
        sweep(i, "beside another", lambda: do(f"+ {a.pid}"), lambda: forgive(f"- {a.pid}"), listed(a.pid))
        sweep(i, "forgotten and begun anew", lambda: do(f"+ {a.pid}; - {a.pid}; + {a.pid}"), lambda: forgive(f"- {a.pid}"),
              listed(a.pid), True)
        do(f"+ {a.pid}")
        sweep(i, "sampling", lambda: do(f"sample {a.pid} 1000"), lambda: forgive(f"sample {a.pid} off"), interval(a.pid))
        control("clear")


def files(i):
    with Proc("loop", "4", "400", ready="lap") as a, Proc("loop", "4", "8", ready="lap") as b:
        do(f"+ {a.pid}; + {b.pid}; sample {a.pid} 20")
        while int(pairs(f"{a.pid}/wss")["scans"]) < 3:
            time.sleep(0.05)
        start = int(read(f"{a.pid}/ranges").splitlines()[1].split("-")[0], 16)
        specs = {"walk": f"0x{start:x}", "shared": str(b.pid)}
        for name in sorted(os.listdir(f"{ROOT}/{a.pid}")):
            sweep(i, f"PID/{name}", lambda name=name: whole(f"{a.pid}/{name}", specs.get(name)), lambda: None)
        for name in ("features", "stats", "control"):
            sweep(i, name, lambda name=name: whole(name), lambda: None)
        control("clear")


def both_ways(i):
    """Where memory may come from two places, none has any."""
    with Proc("loop", "4", "400", ready="lap") as a, Proc("loop", "4", "8", ready="lap") as b:
        do(f"+ {a.pid}")
        for function, act in (("census_show", lambda: whole(f"{a.pid}/census")), ("idle_open", lambda: whole(f"{a.pid}/idle")),
                              ("mms_walk_create", lambda: whole(f"{a.pid}/maps")), ("control_write", lambda: do(f"+ {b.pid}")),
                              ("mms_idle_create", lambda: do(f"sample {a.pid} 1000"))):
            same(errno.errorcode.get(i.below(function, act)), "ENOMEM", f"{function}: without any memory ENOMEM")
            same(set(targets()), {a.pid}, f"{function}: and nothing happened")
            act()
            control(f"- {b.pid}; sample {a.pid} off")
            control(f"- {b.pid}")
        control("clear")


def workers(i):
    """Scans have no memory for ages: they are lost, counted, and come back."""
    with Proc("loop", "4", "400", ready="lap") as a:
        do(f"+ {a.pid}")
        for what in (True, False):
            before = int(pairs("stats")["lost"])
            i.narrow(*inject.extent("mms_ages_note"))
            i.everywhere(what)
            do(f"sample {a.pid} 20")
            time.sleep(1)
            i.everywhere(False)
            i.narrow()
            failed = i.told()
            lost = int(pairs("stats")["lost"]) - before
            if what:
                ok(lost > 0 and failed, "scans without memory: ages are lost and counted", f"{lost} {brief(failed)[:3]}")
            else:
                same(lost, 0, "scans with memory lose nothing")
            deadline = time.monotonic() + 30 * SLOW
            while time.monotonic() < deadline and (int(pairs(f"{a.pid}/wss")["scans"]) < 3 or not int(pairs(f"{a.pid}/wss")["pages"])):
                time.sleep(0.05)
            ok(int(pairs(f"{a.pid}/wss")["pages"]) > 0, "and pages have ages again", read(f"{a.pid}/wss"))
            do(f"sample {a.pid} off")
        control("clear")
    # a region has memory, the tree for it has none
    with Puppet() as p:
        arena = p("region(64 << 20)")
        p(f"poke({arena}, 64, 1 << 20)")
        do(f"+ {p.pid}")
        before = int(pairs("stats")["lost"])
        i.narrow(*inject.extent("xa_store", ()))
        i.everywhere(True)
        do(f"sample {p.pid} 20")
        time.sleep(2)
        i.everywhere(False)
        i.narrow()
        lost = int(pairs("stats")["lost"]) - before
        ok(lost > 0 and i.told(), "regions without a place in the tree are lost and counted", lost)
        control("clear")
    with Proc("crowd") as c:
        do(f"+ {c.pid} follow")
        lost = int(pairs("stats")["children_lost"])
        i.everywhere(True)
        c.p.stdin.write("fork 3\n")
        c.p.stdin.flush()
        c.p.stdout.readline()
        time.sleep(1)
        i.everywhere(False)
        i.told()
        now = int(pairs("stats")["children_lost"])
        same(now - lost, 3, "children that find no memory are lost, and counted")
        c.p.stdin.write("fork 2\n")
        c.p.stdin.flush()
        c.p.stdout.readline()
        deadline = time.monotonic() + 20 * SLOW
        while len(targets()) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        same(len(targets()), 3, "the next ones become targets")
        control("clear")


def faults(i):
    """The target's own faults have no memory to place its pages: they are counted, in no mapping."""
    with Puppet() as p:
        do(f"+ {p.pid}")
        p("globals().update(nth=os.open('/proc/thread-self/fail-nth', os.O_RDWR))")
        # the first page of a mapping, that a child has too: kmalloc, then kstrdup, then nothing
        for n in (1, 2, 3, 4):
            a = p("region(1 << 20)")
            p(f"poke({a}, 256)")
            child = p("fork()")
            before = {k: int(v) for k, v in (w for w in map(str.split, read(f"{p.pid}/cow").splitlines()) if len(w) == 2)}
            p(f"(os.pwrite(nth, b'{n}', 0), poke({a}, 4), os.pwrite(nth, b'0', 0))")
            after = {k: int(v) for k, v in (w for w in map(str.split, read(f"{p.pid}/cow").splitlines()) if len(w) == 2)}
            i.told()
            ok(after["copied"] - before["copied"] >= 4, f"copies are counted, allocation {n} failing", f"{before}\n{after}")
            p(f"end({child})")
        control("clear")


def missed(i, *where):
    """Places that were not hit as often as they allocate; of those that may be found in where."""
    return [(file, function, f"{hit} of {calls}") for file, function, calls, _, names, why in sites()
            if not why and names.issuperset(where) and (hit := sum(len(i.hits.get(n, ())) for n in names)) < calls]


def loading(i):
    """Once without pages, then up to four times with them: an allocation that comes between two moves those that follow."""
    inject.unload()
    i.log(True)
    bad, tried, n, again = [], 0, 1, 4
    i.pages(False)
    while n <= MOST:
        reached, err, what, _ = i.at(n, lambda: inject.load(KO))
        loaded = os.path.exists("/sys/module/mmscope")
        if loaded == bool(err):
            bad.append(f"{n}: {err}, loaded {loaded}")
        if loaded and "mms_kfunc_init" in brief(what):
            kfunc = next(x for x in read("features").splitlines() if x.startswith("kfunc"))
            if "no memory" not in kfunc:
                bad.append(f"{n}: {kfunc}")
        if loaded:
            inject.unload()
        if os.path.exists(ROOT):
            bad.append(f"{n}: {ROOT} is left after {brief(what)}")
        if not reached:
            if not again or again < 4 and not missed(i, "mmscope_init"):
                break
            n, again = 1, again - 1
            i.pages(True)
            continue
        tried += 1
        if err not in (0, errno.ENOMEM):
            bad.append(f"{n}: {errno.errorcode.get(err, err)} for {brief(what)}")
        if not err and what and not made_good(what):
            bad.append(f"{n}: loaded without {brief(what)} {what[0][0][-900:]}")
        n += 1
    i.pages(True)
    i.log(False)
    ok(tried > 10 and n <= MOST, "insmod: allocations fail", f"{tried} {n}")
    same(bad[:5], [], "insmod: each ends the load with ENOMEM, and leaves nothing")
    same(insmod(), "", "insmod: then it works")
    print(f"# insmod: {tried}")


def all_hit(i):
    """Every place was hit, as often as it allocates; one that no kernel of the lab gets to is not."""
    print("# " + "; ".join(f"{s} {len(o)}" for s, o in sorted(i.hits.items())))
    short = {(file, function): hit for file, function, hit in missed(i)}
    for file, function, calls, without, names, why in sites():
        if why:
            same(sum(len(i.hits.get(n, ())) for n in names), 0, f"{file} {function}: not reached: {why.replace('-', ' ')}")
        else:
            ok((file, function) not in short, f"{file} {function}: made to fail", short.get((file, function)))
            ok(without or i.errors & names, f"{file} {function}: and told so", names)
    known = set().union(*(names for *_, names, _ in sites()))
    if i.strange:
        print("# a stack without us: " + i.strange.replace("\n", " "))
    print(f"# hit, and in no line of alloc_sites: {sorted(set(i.hits) - known)}")


def main():
    why = inject.available()
    if why:
        skip("injected failures", why)
        return
    popen(["sync"]).wait()
    with inject.Injector() as i:
        for part in (commands, files, both_ways, workers, faults, loading):
            def run(part=part):
                part(i)
            run.__name__ = part.__name__
            case(run)
        all_hit(i)


if __name__ == "__main__":
    case(main)
