#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mmscope allot: two textbook strings, divided in all ways by a script; what is mistyped.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
belady="1 2 3 4 1 2 5 1 2 3 4 5"
silberschatz="7 0 1 2 0 3 0 4 2 3 0 3 2 1 2 0 1 7 0 1"

string() { # NAME PAGE...: imported
	local to=$tmp/$1.refs name=$1
	shift
	{ echo page; printf '%s\n' "$@"; } > "$tmp/csv"
	"$MMSCOPE" import csv --name "$name" -o "$to" "$tmp/csv" > /dev/null
}

# shellcheck disable=SC2086
string belady $belady
# shellcheck disable=SC2086
string silberschatz $silberschatz

# lru FRAMES PAGE...: faults, by a list
lru() {
	local frames=$1
	shift
	printf '%s\n' "$@" | awk -v m="$frames" '{
		for (at = 0; at < n && list[at] != $1; at++);
		if (at == n) { faults++; if (n < m) n++; else at-- }
		for (; at > 0; at--) list[at] = list[at - 1]
		list[0] = $1
	} END { print faults }'
}

# cell KEY RULE PROCESS
cell() {
	awk -F, -v key="$1" -v rule="$2" -v process="$3" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		$1 == rule && $2 == process { print $at[key]; exit }' "$tmp/out"
}

is() { # WANT KEY RULE PROCESS
	[ "$(cell "$2" "$3" "$4")" = "$1" ]
	result $? "$3, $4: $2 is $1"
}

for m in 2 3 5 7 9 11 14; do
	best=999
	for ((a = 1; a < m; a++)); do
		# shellcheck disable=SC2086
		sum=$(($(lru $a $belady) + $(lru $((m - a)) $silberschatz)))
		[ $sum -lt $best ] && best=$sum
	done
	run allot -m $m -O csv "$tmp/belady.refs" "$tmp/silberschatz.refs"
	is $best faults optimal all
	for rule in equal proportional working-set pff optimal; do
		is $m frames $rule all
	done
done
run allot -m 9 --priority 2,1 --rule priority,equal,proportional -O csv "$tmp/belady.refs" "$tmp/silberschatz.refs"
is 6 frames priority belady
is 3 frames priority silberschatz
is 5 frames equal belady
is 4 frames equal silberschatz
is 4 frames proportional belady
is 5 frames proportional silberschatz
is "" frames optimal all
# In turns of one whole string, global LRU with frames for all of one is each alone.
run allot -m 6 --turn 100 --rule global -O csv "$tmp/belady.refs" "$tmp/silberschatz.refs"
is 5 faults global belady
is 6 faults global silberschatz
# 5 + 6 pages
for m in 55% 50% 6 24k; do
	run allot -m $m --rule equal -O csv "$tmp/belady.refs" "$tmp/silberschatz.refs"
	is "$([ $m = 55% ] && echo 7 || echo 6)" frames equal all
done
[ "$(grep -c '^$' "$tmp/out")" = 1 ] && grep -A1 '^$' "$tmp/out" | grep -q ^process,
result $? "csv: a blank line between the tables"
run allot -m 6 --priority 1,1 "$tmp/belady.refs" "$tmp/silberschatz.refs"
awk '!/^#/ && length($0) > 100 { exit 1 }' "$tmp/out" && grep -q '^# optimal: exact, no fixed division' "$tmp/out" &&
	grep -Eq '^belady +12 +5 +5 ' "$tmp/out" && grep -q '^# global: .* as memory fills first$' "$tmp/out"
result $? "as text, in 100 columns"
run allot -m 6 -O json "$tmp/belady.refs" "$tmp/belady.refs"
python3 - "$tmp/out" << 'END'
import json, sys
r = json.load(open(sys.argv[1]))
assert r["schema"] == "mmscope.allot/1"
names = [x["process"] for x in r["allotments"] if x["rule"] == "equal"]
assert len(set(names)) == 3, names
for x in r["allotments"]:
    if x["rule"] == "equal" and x["process"] != "all":
        assert (x["frames"], x["faults"], x["cold"]) == (3, 10, 5), x
    assert isinstance(x["thrashing"], bool) and isinstance(x["thrashing_processes"], int), x
assert [(x["refs"], x["pages"], x["cold"]) for x in r["strings"]] == [(12, 5, 5)] * 2, r["strings"]
END
result $? "the same string twice, as json"
# The window is all of the string: a working set of nearly all pages, and 1 frame.
run allot -m 2 --rule equal --window 1000 -O csv "$tmp/belady.refs" "$tmp/silberschatz.refs"
is true thrashing equal belady
is 1 thrashing_processes equal belady
is true thrashing equal all
is 2 thrashing_processes equal all
# With a window of one reference each working set is one page, and has room, whatever the faults.
run allot -m 2 --rule equal --window 1 -O csv "$tmp/belady.refs" "$tmp/silberschatz.refs"
is false thrashing equal belady
is false thrashing equal all
run allot -m 9 --priority 1,1,7 --priority 2,1 --rule priority -O csv "$tmp/belady.refs" "$tmp/silberschatz.refs"
is 6 frames priority belady
run allot -m 20 --rule equal -O csv "$tmp/belady.refs" "$tmp/silberschatz.refs"
is false thrashing equal all
is 0 thrashing_processes equal all

# One string of two processes, in its own order.
{ echo pid,page; printf '%s\n' 5,1 6,1 5,2 6,1 5,1 6,2; } > "$tmp/csv"
"$MMSCOPE" import csv -o "$tmp/two.refs" "$tmp/csv" > /dev/null
run allot -m 2 --rule equal,global -O csv "$tmp/two.refs"
[ "$rc" = 0 ] && [ "$(grep -c '^equal,' "$tmp/out")" = 3 ]
result $? "a string of two processes is taken apart"
is 5 faults global all
is 5 faults equal all
run allot -m 3 --rule global -O csv "$tmp/two.refs"
is 4 faults global all

{ echo interval,page; printf '%s\n' 0,1 0,2 1,1 1,3; } > "$tmp/csv"
"$MMSCOPE" import csv --sampled 100ms -o "$tmp/sampled.refs" "$tmp/csv" > /dev/null
run allot -m 4 "$tmp/sampled.refs" "$tmp/belady.refs"
[ "$rc" = 0 ] && grep -q '^# sampled every 0.1 s: ' "$tmp/out" && grep -qx 'kind: sampled' "$tmp/out" &&
	grep -qx 'interval: 100.0 ms' "$tmp/out" && ! grep -q FAULTS "$tmp/out" && ! grep -Eq '^(optimal|global)' "$tmp/out"
result $? "a sampled string is labelled, and has bounds alone"
status 1 "a rule that needs the order" allot -m 4 --rule equal,optimal "$tmp/belady.refs" "$tmp/sampled.refs"
grep -q 'sampled.refs: sampled every 0.1 s, and rule optimal needs the order .* --sampled-ok' "$tmp/err"
result $? "says so, and of which string"
run allot -m 4 --rule equal,global --sampled-ok "$tmp/sampled.refs" "$tmp/belady.refs"
[ "$rc" = 0 ] && grep -q FAULTS "$tmp/out" && grep -q '^global  *all .* -  *-$' "$tmp/out" && awk '!/^#/ && length($0) > 100 { exit 1 }' "$tmp/out"
result $? "takes the order of the file with --sampled-ok"
# All orders of two processes, in one file and in two: the bounds of so few are reached.
python3 - "$tmp" "$MMSCOPE" << 'END'
import itertools, json, random, subprocess, sys
tmp, mmscope = sys.argv[1:]

def lru(string, frames):
    stack, faults = [], 0
    for page in string:
        faults += page not in stack
        stack = [page] + [p for p in stack if p != page][:frames - 1]
    return faults

def orders(intervals):
    for each in itertools.product(*(set(itertools.permutations(x)) for x in intervals)):
        yield [page for part in each for page in part]

def refs(name, rows):
    with open(f"{tmp}/{name}.csv", "w") as f:
        f.write("interval,pid,page\n" + "".join("%d,%d,%d\n" % r for r in rows))
    subprocess.run([mmscope, "import", "csv", "--sampled", "1s", "-o", f"{tmp}/{name}.refs", f"{tmp}/{name}.csv"],
                   check=True, capture_output=True)
    return f"{tmp}/{name}.refs"

random.seed(7)
reached = 0
for trial in range(12):
    # Each has pages in the first and in the last interval, and none in some between.
    of = {pid: [random.sample(range(5), random.choice((0, 2, 3)) if 0 < k < 3 else 3) for k in range(4)] for pid in (5, 6)}
    rows = [(k, pid, page) for k in range(4) for pid in (5, 6) for page in of[pid][k]]
    one = [refs("both", rows)]
    two = [refs(str(pid), [r for r in rows if r[1] == pid]) for pid in (5, 6)]
    for files in one, two:
        m = random.randrange(2, 8)
        out = subprocess.run([mmscope, "allot", "-m", str(m), "--rule", "equal", "-O", "json"] + files, check=True,
                             capture_output=True).stdout
        for pid, row in zip((5, 6), json.loads(out)["allotments"]):
            faults = {lru(o, row["frames"]) for o in orders(of[pid])}
            got = row["least_faults"], row["most_faults"]
            assert got[0] <= min(faults) and max(faults) <= got[1], (of[pid], row, faults)
            assert row["faults"] is None and row["thrashing"] is None, row
            reached += got == (min(faults), max(faults))
assert reached > 24, reached # of 48: the bounds are not just wide
END
result $? "bounds hold in all orders"

for m in 6 24K 24k 54%; do
	run allot -m $m --rule equal -O csv "$tmp/belady.refs" "$tmp/silberschatz.refs"
	is 6 frames equal all
done
status 1 "strings that do not fit" allot -m 6 --max-memory 300 "$tmp/belady.refs" "$tmp/silberschatz.refs"
grep -q 'belady.refs and the other strings: loading them takes [0-9.]* [Kb].* of memory, and there are 300 bytes: .*--max-memory$' "$tmp/err"
result $? "say what they take, and what to do"
status 1 "nor does one of two processes" allot -m 6 --max-memory 300 "$tmp/two.refs"
run allot -m 6 --max-memory 1M "$tmp/two.refs"
result $rc "what fits does"
status 2 "memory of the tool is a word" allot -m 6 --max-memory much a b
status 1 "fewer frames than processes" allot -m 1 "$tmp/belady.refs" "$tmp/silberschatz.refs"
status 1 "less than a page" allot -m 1K "$tmp/belady.refs" "$tmp/silberschatz.refs"
status 1 "one of several processes among other strings" allot -m 10 "$tmp/belady.refs" "$tmp/two.refs"
grep -q 'two.refs: has 2 processes, and other strings beside it: join them (mmscope import refs ' "$tmp/err"
result $? "says how to join them"
"$MMSCOPE" import refs -o "$tmp/joined.refs" "$tmp/belady.refs" "$tmp/two.refs" > /dev/null
run allot -m 10 --rule equal -O csv "$tmp/joined.refs"
[ "$rc" = 0 ] && [ "$(grep -c '^equal,' "$tmp/out")" = 4 ]
result $? "and joined they are three"
status 1 "one process" allot -m 10 "$tmp/belady.refs"
status 2 "too few priorities" allot -m 10 --priority 1 "$tmp/belady.refs" "$tmp/silberschatz.refs"
{ echo page; echo 1; } > "$tmp/csv"
"$MMSCOPE" import csv -s 14 -o "$tmp/large.refs" "$tmp/csv" > /dev/null
status 1 "pages of two sizes" allot -m 10 "$tmp/belady.refs" "$tmp/large.refs"
grep -q 'pages of 16 KiB, the strings before of 4 KiB: import it again, -s 12' "$tmp/err"
result $? "and how to mend that"
status 1 "no such string" allot -m 10 "$tmp/belady.refs" /no/such/string
status 1 "not a string" allot -m 10 "$tmp/belady.refs" "$tmp/csv"
status 2 "no memory" allot "$tmp/belady.refs" "$tmp/silberschatz.refs"
status 2 "no string" allot -m 10
status 2 "memory 0" allot -m 0 a b
status 2 "negative memory" allot -m -5 a b
status 2 "rule unknown" allot -m 10 --rule fair a b
grep -q 'working-set, pff, optimal or global' "$tmp/err"
result $? "the rules are said"
status 2 "rule empty" allot -m 10 --rule equal,,pff a b
status 2 "priority without weights" allot -m 10 --rule priority a b
status 2 "weights without priority" allot -m 10 --rule equal --priority 1,2 a b
status 2 "weight 0" allot -m 10 --priority 0,1 a b
status 2 "window 0" allot -m 10 --window 0 a b
status 2 "turn is a word" allot -m 10 --turn long a b
status 2 "thrash of 1" allot -m 10 --thrash 1 a b
finish
