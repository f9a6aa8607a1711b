#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mmscope size: textbook strings, by the command line; what is mistyped or missing.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

string() { # NAME PAGE...: imported
	local to=$tmp/$1.refs name=$1
	shift
	{ echo page; printf '%s\n' "$@"; } > "$tmp/csv"
	"$MMSCOPE" import csv --name "$name" -o "$to" "$tmp/csv" > /dev/null
}

# cell KEY WHAT POLICY: of the first such row, with -O csv
cell() {
	awk -F, -v key="$1" -v what="$2" -v policy="$3" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		$1 == what && $2 == policy { print $at[key]; exit }' "$tmp/out"
}

is() { # WANT KEY WHAT POLICY
	[ "$(cell "$2" "$3" "$4")" = "$1" ]
	result $? "$3, $4: $2 is $1"
}

string belady 1 2 3 4 1 2 5 1 2 3 4 5
string silberschatz 7 0 1 2 0 3 0 4 2 3 0 3 2 1 2 0 1 7 0 1
run size -m 3 -O csv "$tmp/belady.refs"
is 10 faults "asked for" lru
is 7 faults "asked for" opt
is 5 faults "all memory" lru
run size -m 4 -O csv "$tmp/belady.refs"
is 8 faults "asked for" lru
is 6 faults "asked for" opt
run size -m 3 -O csv "$tmp/silberschatz.refs"
is 12 faults "asked for" lru
is 9 faults "asked for" opt
run size -m 16K -O csv "$tmp/silberschatz.refs"
is 8 faults "asked for" lru
# 12 faults of 20 references: 600,000 per million; 9 of OPT with 3 frames, 450,000
run size --max-fault-rate 600000 -O csv "$tmp/silberschatz.refs"
is 3 frames "faults/M <= 600000" lru
run size --max-fault-rate 599999 -O csv "$tmp/silberschatz.refs"
is 4 frames "faults/M <= 599999" lru
is 3 frames "faults/M <= 599999" opt
# 20 references of 10 ns and 12 faults of 10 ns: 120 of 320 ns
run size --max-stall 37.5 --ref-time 10ns --latency 10ns -O csv "$tmp/silberschatz.refs"
is 3 frames "stall <= 37.5%" lru
is 37.5 stall_percent "stall <= 37.5%" lru
run size --max-stall 37.4 --ref-time 0.01us --latency 10ns -O csv "$tmp/silberschatz.refs"
is 4 frames "stall <= 37.4%" lru
run size --max-slowdown 1 -O csv "$tmp/silberschatz.refs"
is 6 frames "slowdown <= 1" lru
run size --max-fault-rate 1 -O csv "$tmp/silberschatz.refs"
is "" frames "faults/M <= 1" lru
run size --max-fault-rate 1 --no-cold -O csv "$tmp/silberschatz.refs"
is 6 frames "faults/M <= 1" lru
run size --max-fault-rate 1 --no-cold --no-opt -O csv "$tmp/silberschatz.refs"
[ "$rc" = 0 ] && ! grep -q ',opt,' "$tmp/out"
result $? "--no-opt leaves it out"

# 1w 2 3w 2 1 3 with 2 frames: OPT evicts 1 (dirty), then 2; LRU 1 and 3 (dirty), then 2.
{ echo page,rw; printf '%s\n' 1,w 2,r 3,w 2,r 1,r 3,r; } > "$tmp/csv"
"$MMSCOPE" import csv -o "$tmp/rw.refs" "$tmp/csv" > /dev/null
run size -m 2 -O csv "$tmp/rw.refs"
is 1 writebacks "asked for" opt
is 2 writebacks "asked for" lru
is 0 writebacks "all memory" lru
run size -m 4 -O csv "$tmp/rw.refs"
is 0 writebacks "asked for" opt
# 6 references of 100 ns, faults of 100 ns, write-backs of 10 us: 900 ns with all memory; OPT takes
# 600 + 400 + 10000 with 2 frames and 600 + 600 + 20000 with one; without write-backs one would do.
costs="--ref-time 100ns --latency 100ns --write-latency 10us"
# shellcheck disable=SC2086
run size $costs --max-slowdown 13 --max-slowdown 12 --max-fault-rate 1000000 --max-fault-rate 400000/s -O csv "$tmp/rw.refs"
is 2 frames "slowdown <= 13" opt
is 3 frames "slowdown <= 12" opt
is 1 frames "faults/M <= 1000000" opt
is 2 writebacks "faults/M <= 1000000" opt
# 4 faults in 11 us, 363,636 a second; 6 in 21.2 us are fewer.
is 1 frames "faults/s <= 400000" opt
# shellcheck disable=SC2086
run size $costs --max-stall 94.6 --max-stall 94.5 -O csv "$tmp/rw.refs"
is 2 frames "stall <= 94.6%" opt
is 3 frames "stall <= 94.5%" opt
# 120,000 references take 480 KB, and 5 pages nearly nothing.
awk 'BEGIN { print "page,rw"; for (i = 0; i < 120000; i++) print i * i % 7 "," (i % 3 ? "r" : "w") }' > "$tmp/csv"
"$MMSCOPE" import csv -o "$tmp/long.refs" "$tmp/csv" > /dev/null
run size --max-memory 300K -m 2 --max-slowdown 100 -O csv "$tmp/long.refs"
[ "$rc" = 0 ] && grep -q '^# write-backs of opt are not counted, that takes 1 MiB' "$tmp/err"
result $? "too long for write-backs of OPT: that is said"
for key in writebacks slowdown stall_percent faults_per_s; do
	is "" $key "asked for" opt
done
[ -n "$(cell writebacks "asked for" lru)" ] && [ -n "$(cell faults "asked for" opt)" ]
result $? "what is known is shown"
run size --max-memory 3M -m 2 -O csv "$tmp/long.refs"
[ -n "$(cell writebacks "asked for" opt)" ]
result $? "with more memory they are"
run size -m 2 -O csv "$tmp/belady.refs"
is "" writebacks "asked for" lru
is "" writebacks "asked for" opt
run size -m 3 --dirty 50 -O csv "$tmp/belady.refs"
is 4 writebacks "asked for" lru # 7 evicted
is 2 writebacks "asked for" opt

for m in 3 60% 41% 12K 12k 15K; do
	run size -m $m -O csv "$tmp/belady.refs"
	is 10 faults "asked for" lru
done
run size "$tmp/belady.refs"
grep -q '^# no bound was given' "$tmp/out" && grep -q '^# effective.* 5 frames (all memory)$' "$tmp/out"
result $? "without a bound: all memory, and that is said"
grep -q '^# assumed: no device was given.*--device NAME.*--measure FILE' "$tmp/out"
result $? "a device is asked for"
grep -qx 'origin: csv' "$tmp/out" && grep -qx 'page size: 4 KiB' "$tmp/out" && grep -qx 'time per reference: 1 ns' "$tmp/out"
result $? "fields of the string"
run size --device hdd --ref-time 1.25ns --max-fault-rate 1000000 -m 2 "$tmp/belady.refs"
grep -q '^# assumed: .*typical of hdd, as --device says' "$tmp/out" && grep -qx 'time per reference: 1.25 ns' "$tmp/out"
result $? "the device that was given is said to be given"
grep -q '^# effective.* 2 frames (-m)$' "$tmp/out" && ! grep -q '^# no bound' "$tmp/out"
result $? "-m comes before a bound"
run size --max-fault-rate 600000 "$tmp/silberschatz.refs"
grep -q '^# effective.* 3 frames (the first bound)$' "$tmp/out"
result $? "else the bound"

# One page of each of 4 huge ones: 511 of 512 are waste.
{ echo address; for i in 1 2 3 4; do echo $((i * 2097152 + 4096 * i)); done; } > "$tmp/csv"
"$MMSCOPE" import csv -o "$tmp/huge.refs" "$tmp/csv" > /dev/null
run size --page-size -m 1G -O json "$tmp/huge.refs"
python3 - "$tmp/out" << 'END'
import json, sys
r = json.load(open(sys.argv[1]))
rows = {x["page_bytes"]: x for x in r["page_sizes"]}
assert r["schema"] == "mmscope.size/1", r["schema"]
assert sorted(rows) == [4096, 16384, 65536, 2 << 20, 1 << 30], rows
assert abs(rows[2 << 20]["waste_percent"] - 100 * 511 / 512) < 1e-9
assert [rows[s]["pages"] for s in sorted(rows)] == [4, 4, 4, 4, 1]
assert [rows[s]["pte_tables"] for s in sorted(rows)] == [4, 4, 4, 0, 0]
assert [rows[s]["pmd_tables"] for s in sorted(rows)] == [1, 1, 1, 1, 0]
assert [rows[s]["table_bytes"] for s in sorted(rows)] == [7 * 4096] * 3 + [3 * 4096, 2 * 4096]
eat = r["effective_access_time"]
assert abs(sum(t["ns"] for t in eat[:-1]) - eat[-1]["ns"]) < 1e-6, eat
END
result $? "page sizes and the sum of the effective access time, as json"
run size --page-size -m 64M --max-slowdown 2 "$tmp/huge.refs"
grep -q '^# page sizes: 64 MiB of memory (-m)' "$tmp/out" &&
	grep -q '^# 64 MiB holds no page of 1 GiB: -m SIZE' "$tmp/out" &&
	grep -q '^  2M ' "$tmp/out" && grep -q '^  1G ' "$tmp/out" &&
	awk '!/^#/ && length($0) > 100 { exit 1 }' "$tmp/out"
result $? "page sizes in the memory that was asked for, in 100 columns"
# A knee and how far it could be moved, against the definition: below the chord, within 5 %.
# shellcheck disable=SC2046
string bent $(python3 -c 'print(*(i * i % 17 % (1 + i // 40) for i in range(400)))')
run size -O csv "$tmp/bent.refs"
python3 - "$tmp/out" > "$tmp/want" << 'END'
string = [i * i % 17 % (1 + i // 40) for i in range(400)]
number = len(set(string))
faults = []
for frames in range(1, number + 1):
    stack, n = [], 0
    for page in string:
        n += page not in stack
        stack = [page] + [p for p in stack if p != page][:frames - 1]
    faults.append(n - number)
last = faults.index(0)
below = [1 - m / last - faults[m] / faults[0] for m in range(last + 1)]
near = [m for m in range(last + 1) if below[m] >= max(below) * 0.95]
assert near[0] < below.index(max(below)) < near[-1] or len(near) > 1, below
print(below.index(max(below)) + 1, near[0] + 1, near[-1] + 1)
END
got=$(cell frames knee lru)
for end in lowest highest; do
	got="$got $(sed -n "s/^\"knee, $end\",lru,\([0-9]*\),.*/\1/p" "$tmp/out")"
done
[ "$got" = "$(cat "$tmp/want")" ]
result $? "the knee, its lowest and its highest: $(cat "$tmp/want")"
run size -O csv "$tmp/huge.refs"
[ "$(grep -c '^$' "$tmp/out")" = 1 ] && grep -A1 '^$' "$tmp/out" | grep -q ^term,
result $? "csv: a blank line between the tables"

status 0 "a latency is measured where files can be" size --measure "$tmp/belady.refs" -h
head -c 65536 /dev/zero > "$tmp/zeros"
sync "$tmp/zeros"
run size --measure "$tmp/zeros" "$tmp/belady.refs"
if [ "$rc" = 0 ]; then
	grep -q '^# measured: [0-9]* random reads' "$tmp/out"
	result $? "a measured latency is said to be one"
else
	grep -q 'O_DIRECT' "$tmp/err"
	result $? "no O_DIRECT there, and that is said"
fi
: > "$tmp/empty"
status 1 "nothing to measure" size --measure "$tmp/empty" "$tmp/belady.refs"
status 1 "no such file to measure" size --measure /no/such/file "$tmp/belady.refs"
for odd in / /dev/zero; do
	status 1 "$odd to measure" size --measure $odd "$tmp/belady.refs"
	grep -q "$odd: is neither a file nor a block device" "$tmp/err"
	result $? "is said to be no file"
done
status 1 "no such string" size /no/such/string
status 1 "not a string" size "$tmp/csv"
head -c 40 "$tmp/belady.refs" > "$tmp/cut.refs"
status 1 "a truncated string" size "$tmp/cut.refs"
{ echo interval,page; printf '%s\n' 0,1 0,2 1,1 1,3; } > "$tmp/csv"
"$MMSCOPE" import csv --sampled 100ms -o "$tmp/sampled.refs" "$tmp/csv" > /dev/null
run size "$tmp/sampled.refs"
[ "$rc" = 0 ] && grep -q '^# sampled: ' "$tmp/out" && grep -qx 'kind: sampled' "$tmp/out" &&
	grep -qx 'interval: 100.0 ms' "$tmp/out" && ! grep -q TERM "$tmp/out"
result $? "a sampled string is labelled"
run size -m 2 -O csv "$tmp/sampled.refs"
# 1 and 2 in some order, then 1 and 3: 1 may be the last of two, or the first but for one.
is 3 faults "asked for" "lru-least"
is 4 faults "asked for" "lru-most"
is "" faults "asked for" lru
is "" faults "asked for" opt
is "" faults "lifetime knee" lru
is 3 faults "all memory" lru
run size -m 2 --sampled-ok -O csv "$tmp/sampled.refs"
is 3 faults "asked for" lru
is 3 faults "asked for" opt
# The same with a write of 1: written once at most, not at all if 1 is the last of the first two
# and the first of the next.
{ echo interval,page,rw; printf '%s\n' 0,1,w 0,2,r 1,3,r 1,1,r; } > "$tmp/csv"
"$MMSCOPE" import csv --sampled 100ms -o "$tmp/sampled-rw.refs" "$tmp/csv" > /dev/null
run size -m 1 --max-slowdown 100 --sampled-ok -O csv "$tmp/sampled-rw.refs"
is 1 writebacks "asked for" lru
is 1 writebacks "asked for" opt
is 0 writebacks "asked for" lru-least
is 1 writebacks "asked for" lru-most
status 1 "page sizes of a sampled string" size --page-size "$tmp/sampled.refs"

for m in 16k 16K 4 60%; do
	run size -m $m -O csv "$tmp/silberschatz.refs"
	is 4 frames "asked for" lru
done
status 1 "curves that do not fit" size --max-memory 600 "$tmp/belady.refs"
grep -q 'belady.refs: computing its curves takes [0-9.]* KiB of memory, and there are 600 bytes: try --no-opt, or --max-memory$' "$tmp/err"
result $? "says what they take, and what to do"
run size --max-memory 64k -O csv "$tmp/huge.refs"
[ "$rc" = 0 ]
result $? "what fits does"
status 1 "page sizes that do not" size --page-size --max-memory 64K "$tmp/huge.refs"
grep -q 'a larger page size takes .*: try without --page-size, or' "$tmp/err"
result $? "name the option"
status 2 "memory of the tool is a word" size --max-memory much a
status 1 "less than a page" size -m 3K "$tmp/belady.refs"
status 2 "more frames than can be" size -m 2000000000000 a
status 2 "no string" size
status 2 "two strings" size a b
status 2 "device unknown" size --device floppy a
status 2 "two latencies" size --device hdd --latency 5ns a
status 2 "latency 0" size --latency 0ns a
status 2 "latency is a word" size --latency fast a
for t in 80 5m 5h 5min 1.ms .5ms 1.2.3ms -1ns 1e3ns "5 ms" ms 9999999999s; do
	status 2 "'$t' is no time" size --latency "$t" a
	status 2 "'$t' is no span" size --span "$t" a
done
grep -q 'a number and ns, us, ms or s' "$tmp/err"
result $? "the units of a time are said"
status 2 "rate with another unit" size --max-fault-rate 5/m a
status 2 "rate 0" size --max-fault-rate 0 a
status 2 "negative rate" size --max-fault-rate -1 a
status 2 "stall of 100 %" size --max-stall 100 a
status 2 "slowdown below 1" size --max-slowdown 0.9 a
status 2 "memory 0" size -m 0 a
status 2 "no share" size -m 0% a
status 2 "share of more" size -m 5%% a
status 2 "memory with another unit" size -m 5X a
status 2 "memory too large" size -m 99999999999999999T a
status 2 "TLB without ways" size --tlb 64 a
status 2 "TLB of 3 ways in 64" size --tlb 64:3 a
status 2 "TLB of more ways than entries" size --tlb 4:8 a
status 2 "TLB with a third level" size --tlb 64:4,64:4,64:4 a
status 2 "dirty above 100 %" size --dirty 101 a
status 2 "span and time of a reference" size --span 1s --ref-time 1ns a
finish
