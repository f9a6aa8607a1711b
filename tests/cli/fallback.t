#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Without the module: what /proc can tell of a process, against /proc itself.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

python3 -c '
import mmap, time
m = mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for i in range(23): m[i * 4096] = 1
print(flush=True)
time.sleep(60)' > "$tmp/ready" &
bg=$!
for _ in $(seq 100); do
	[ -s "$tmp/ready" ] && break
	sleep 0.1
done

json() { # EXPRESSION over d, the last line of $tmp/out
	python3 -c '
import json, sys
d = [json.loads(l) for l in open(sys.argv[1])][-1]
sys.exit(0 if eval("(" + sys.argv[2] + ")") else 1)' "$tmp/out" "$1"
}

run maps --no-module -O json $bg
[ "$rc" = 0 ] && json 'd["schema"] == "mmscope.maps/1" and d["pid"] == '$bg
result $? "maps: valid json"
cp "/proc/$bg/smaps" "$tmp/smaps"
python3 - "$tmp/out" "$tmp/smaps" << 'P'
import json, re, sys
d = json.load(open(sys.argv[1]))
want = {}
for line in open(sys.argv[2]):
    k, *v = line.split()
    if k == "Rss:":
        want[start] = int(v[0]) * 1024
    elif re.match("[0-9a-f]+-", k):
        start = "0x%x" % int(k.split("-")[0], 16)
got = {m["start"]: m["rss_bytes"] for m in d["maps"]}
assert got == want, (got, want)
total = d["total"][0]
assert total["name"] == "total" and total["rss_bytes"] == sum(want.values())
assert total["absent_bytes"] is None and total["young_bytes"] is None
P
result $? "maps: RSS of each mapping as smaps, unknown is null"

run ranges --no-module -a -O json $bg
[ "$rc" = 0 ] && json 'sum(r["size_bytes"] for r in d["ranges"] if r["kind"] == "present") >= 23 * 4096'
result $? "ranges: valid json"
python3 - "$tmp/out" $bg << 'P'
import json, struct, sys
d = json.load(open(sys.argv[1]))
pm = open("/proc/%s/pagemap" % sys.argv[2], "rb")
for r in d["ranges"]:
    start, n = int(r["start"], 16) // 4096, r["size_bytes"] // 4096
    pm.seek(start * 8)
    for (e,) in struct.iter_unpack("Q", pm.read(n * 8)):
        kind = ("file" if e >> 61 & 1 else "present") if e >> 63 else \
               "swap" if e >> 62 & 1 else "none"
        assert kind == r["kind"], (r, hex(e))
P
result $? "ranges: kind of every page as pagemap"

addr=$(awk '$6 == "[stack]" { split($1, a, "-"); print a[2] }' "/proc/$bg/maps")
run walk --no-module -O json $bg "$(printf %x $((0x$addr - 8)))"
[ "$rc" = 0 ] && json 'd["vma_name"] == "[stack]" and d["va"].endswith("ff8")'
result $? "walk: any address, offset kept"
run walk --no-module -O csv $bg "$(printf '%x-%x' $((0x$addr - 8192)) $((0x$addr)))"
[ "$rc" = 0 ] && [ "$(wc -l < "$tmp/out")" = 3 ]
result $? "walk: a row per page of a range"

for c in maps ranges; do
	for f in text json csv; do
		"$MMSCOPE" $c --no-module -O $f $bg > /dev/full 2> "$tmp/err"
		[ $? = 1 ] && grep -q 'No space left' "$tmp/err"
		result $? "$c -O $f: a full disk is an error"
	done
done
"$MMSCOPE" -h > /dev/full 2> "$tmp/err"
[ $? = 1 ]
result $? "-h: a full disk is an error"
{ "$MMSCOPE" ranges -a --no-module $bg 2> "$tmp/err"; echo $? > "$tmp/rc"; } | true
[ "$(cat "$tmp/rc")" -le 1 ] && [ ! -s "$tmp/err" ]
result $? "a closed pipe is quiet"

# A file name with what terminals obey and what is not UTF-8.
evil=$tmp/$'e\xff\e[31m,"x'
cp /bin/sleep "$evil"
"$evil" 30 &
victim=$!
sleep 0.2
run maps --no-module -O json $victim
[ "$rc" = 0 ] && json 'any("\\xff\x1b[31m,\"x" in m["name"] for m in d["maps"])'
result $? "a hostile file name is valid json"
run maps --no-module -e $victim
[ "$rc" = 0 ] && ! grep -q $'\e' "$tmp/out"
result $? "a hostile file name does not reach the terminal"
kill $victim

if [ -d /sys/module/mmscope ]; then
	skip "census without the module" "the module is loaded"
	skip "wss without the module" "the module is loaded"
else
	status 3 "census without the module" census $bg
	status 3 "wss without the module" wss $bg
	grep -q 'fix: ' "$tmp/err"
	result $? "wss names the fix"
fi
run doctor -O json
{ [ "$rc" = 0 ] || [ "$rc" = 3 ]; } && json 'len(d["features"]) > 15 and
	all(f["status"] in ("yes", "no", "?", "-") for f in d["features"])'
result $? "doctor: valid json, known states"
# Without rights nothing is measured, which must not look like nothing found.
without=()
[ "$(id -u)" = 0 ] && without=(setpriv --bounding-set -all)
"${without[@]}" "$MMSCOPE" doctor --cost -O json > "$tmp/out" 2> "$tmp/err"
json '"cost" not in d and "cost: not measured, BPF cannot be used here" in d["notes"]'
result $? "doctor: says that no cost was measured"
finish
