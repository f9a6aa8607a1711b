#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mmscope replay: textbook strings with the faults that textbooks give, pictures, and what is mistyped.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
belady=1,2,3,4,1,2,5,1,2,3,4,5
silberschatz=7,0,1,2,0,3,0,4,2,3,0,3,2,1,2,0,1,7,0,1

# faults WANT POLICY FRAMES STRING
faults() {
	run replay -O csv -p "$2" -f "$3" --string "$4"
	[ "$rc" = 0 ] && [ "$(awk -F, 'NR == 2 { print $4 }' "$tmp/out")" = "$1" ]
	result $? "$2 with $3 frames: $1 faults of ${4:0:9}..."
}

# POLICY, then faults of Belady's string with 3 and 4 frames, of Silberschatz's with 3 and 4
goldens() {
	faults "$2" "$1" 3 $belady
	faults "$3" "$1" 4 $belady
	faults "$4" "$1" 3 $silberschatz
	faults "$5" "$1" 4 $silberschatz
}
goldens fifo 9 10 15 10
goldens lru 10 8 12 8
goldens opt 7 6 9 8
goldens clock:bit=0 10 8 11 8
goldens clock:bit=1 9 10 14 9

# Every policy there is: cold faults when all pages fit, never fewer than opt.
run replay -O csv -f 1-6 --string "${silberschatz//,/ }"
awk -F, 'NR > 1 && $2 != "" { n++; if ($1 == "opt") opt[$2] = $4; if ($4 < opt[$2] || ($2 == 6 && $4 != 6)) bad = 1 }
	END { exit bad || n < 60 }' "$tmp/out"
result $? "opt has the fewest, and six frames for six pages the first references"
run replay -O csv --string $belady
cut -d, -f1 "$tmp/out" | sed 1d | sort -u > "$tmp/err"
for p in opt fifo lru lfu clock second-chance sieve random nru aging wsclock ws pff lru-k 2q arc lirs s3-fifo linux mglru; do
	grep -qxE "$p(:bit=1)?" "$tmp/err"
	result $? "$p is in the table"
	grep -qx "\.B $p" "$top/Documentation/man/mmscope-replay.8"
	result $? "$p is in the man page"
done

grep -qx 'clock:bit=1' "$tmp/err" && ! grep -qx clock "$tmp/err"
result $? "clock says which of the two it is"
awk -F, 'NR == 1 { next } $2 != "" { if ($2 < last) bad = 1; last = $2; if ($1 == "opt") opt = $4; d = $6 * opt - $4; if (d > 1e-9 || d < -1e-9) bad = 1; n++ }
	$2 == "" && $6 != "" { bad = 1 } END { exit bad || n != 90 }' "$tmp/out"
result $? "size by size, faults by those of opt"
run replay -O csv -p lru,fifo,opt -f 3,4 --string $belady
[ "$(awk -F, 'NR > 1 { printf "%s,%d,%d,%.2f ", $1, $2, $4, $6 }' "$tmp/out")" = "lru,3,10,1.43 fifo,3,9,1.29 opt,3,7,1.00 lru,4,8,1.33 fifo,4,10,1.67 opt,4,6,1.00 " ]
result $? "wherever opt is in the list"
run replay -p lru,fifo -f 3 --string $belady
! grep -q 'x OPT' "$tmp/out" && ! grep -q 'WRITTEN' "$tmp/out" && ! grep -q 'MEAN' "$tmp/out"
result $? "no columns that say nothing"
run replay -f 3 --string "${belady/3/3*}"
grep -q 'x OPT' "$tmp/out" && grep -q 'WRITTEN' "$tmp/out" && grep -q 'MEAN' "$tmp/out" && ! grep -v '^#' "$tmp/out" | grep -q '.\{101\}'
result $? "at most 100 columns wide"
run replay -p lru,lfu,clock -f 900 --string "$(seq -s, 1 800),$(yes 1,2 | head -3000 | tr '\n' ,)1"
grep -qE '^lru .* 800 +11\.8 ' "$tmp/out"
result $? "three digits of many"
run replay -p lru -f 2 --string "1,$(yes 1,1 | head -7000 | tr '\n' ,)2"
grep -qE '^lru .* 2 +0\.0143 ' "$tmp/out"
result $? "and of few percent"

status 0 "curves of all sizes" replay -O csv --curve=lru,opt,fifo,clock:bit=1 --string $belady
cut -d, -f1,3,5,7,9 "$tmp/out" > "$tmp/err"
cmp -s "$tmp/err" - << 'END'
frames,lru_faults,opt_faults,fifo_faults,clock_faults
1,12,12,12,12
2,12,9,12,12
3,10,7,9,9
4,8,6,10,10
5,5,5,5,5
END
result $? "and they are the textbook's"
run replay -O csv --curve=clock:bit=0 -f 3,4 --string $belady
[ "$(cut -d, -f3 "$tmp/out" | sed 1d | tr '\n' ' ')" = "10 8 " ]
result $? "clock with the bit 0 on load"
run replay -O csv --curve=ws --windows 1,4,100 --string $belady
[ "$(cut -d, -f1,2 "$tmp/out" | sed 1d | tr '\n' ' ')" = "1,12 4,8 100,5 " ]
result $? "working sets"
run replay -O csv --curve=pff --windows 100 --string $belady
[ "$(cut -d, -f1,2 "$tmp/out" | sed 1d | tr '\n' ' ')" = "100,5 " ]
result $? "page-fault frequency"

status 0 "Belady's anomaly" replay --anomaly --string $belady
grep -qE '^ +3 +9 +4 +10$' "$tmp/out" && grep -q '1 more frame, 1 more fault;' "$tmp/out"
result $? "with both sizes and faults"
status 0 "no anomaly" replay --anomaly --string $silberschatz
grep -q 'none up to 6 frames' "$tmp/out"
result $? "says up to where it looked"
status 0 "no anomaly in some sizes" replay --anomaly -p fifo -f 3,5 --string $belady
grep -q 'none in the 2 sizes looked at' "$tmp/out"
result $? "says in how many"
# Pages in a growing order, then backwards, and Belady's string again and again with others.
awk 'BEGIN { n = split("1,2,3,4,1,2,5,1,2,3,4,5", b, ","); for (k = 0; k < 40; k++) for (i = 1; i <= n; i++) for (j = 0; j < 7; j++) print 7 * b[i] + j + k % 3 }' > "$tmp/a.csv"
run import csv --columns page "$tmp/a.csv" -o "$tmp/a.refs"
run replay --anomaly -O json "$tmp/a.refs"
cp "$tmp/out" "$tmp/first"
grep -q '"more_faults"' "$tmp/first"
result $? "an anomaly in a file"
for room in 3500 6K; do
	run replay --anomaly -O json --max-memory $room "$tmp/a.refs"
	cmp -s "$tmp/out" "$tmp/first"
	result $? "the same by a few sizes at a time: $room"
done
status 1 "not even one" replay --anomaly --max-memory 10 "$tmp/a.refs"
status 2 "one size has no anomaly" replay --anomaly -f 3 --string $belady
status 2 "nor has lru" replay --anomaly -p lru --string $belady

status 0 "steps" replay --steps -p fifo -f 3 --string '1*,2,3,4,1'
grep -qE '^ +1 1 +yes +F +1\* \.  \.  +1\*$' "$tmp/out" && grep -qE '^ +4 4 +no +F +1\* +4  2  3  +4  3  2$' "$tmp/out"
result $? "show frames, victims and what is dirty"
awk '/STEP/ { at = index($0, "ORDER") } at && /^ +[0-9]/ { n++; if (substr($0, at - 3, 3) != "   " || substr($0, at, 1) == " ") bad = 1 }
	END { exit bad || n != 5 }' "$tmp/out"
result $? "a gap before the order"
status 0 "steps of clock" replay --steps -p clock -f 3 --string 1,2,3,4,1
grep -qE '^ +3 3 +F +1/R< 2/R  3/R +3 2 1$' "$tmp/out" && grep -qE '^ +4 4 +F +1 +4/R  2/<  3 +4 3 2$' "$tmp/out" &&
	grep -q '^policy: clock:bit=1$' "$tmp/out" && grep -q '^# FRAMES, after the /: R referenced, < the hand$' "$tmp/out"
result $? "show reference bits and the hand"
run replay --steps -p clock:bit=0 -f 3 --string 1,2,3,4,1
grep -qE '^ +3 3 +F +1/< 2   3 +3 2 1$' "$tmp/out"
result $? "which differ with bit=0"
for p in fifo lru opt lfu aging lru-k lirs linux; do
	run replay --steps -p $p -f 3 --string $belady
	grep -qx '# ORDER: the next victim last' "$tmp/out"
	result $? "the order of $p ends with the victim"
done
for p in clock second-chance sieve random wsclock 2q arc s3-fifo mglru; do
	run replay --steps -p $p -f 3 --string $belady
	grep -q '^# ORDER: ' "$tmp/out" && ! grep -q 'ORDER: the next victim' "$tmp/out"
	result $? "that of $p is another one"
done
seq 1 30 | awk '{ for (i = 0; i < $1 % 3 + 1; i++) print $1 % 7 }' > "$tmp/r.csv"
run import csv --columns page "$tmp/r.csv" -o "$tmp/r.refs"
status 0 "steps of a file with repeats" replay --steps -p lru -f 3 --limit 2 "$tmp/r.refs"
grep -q 'the first 2 of 30 rows (--limit); a row is a reference and its direct repeats' "$tmp/out"
result $? "rows are not called references"
status 0 "a thousand rows" replay --steps -p lru -f 3 --limit 1k "$tmp/r.refs"
run replay -O json --steps -p lru -f 3 --string $belady
python3 - "$tmp/out" << 'END'
import json, sys
steps = json.load(open(sys.argv[1]))["steps"]
assert len(steps) == 12 and sum(s["fault"] for s in steps) == 10
held = []
for s in steps:
    assert s["fault"] == (s["page"] not in held)
    held = [s["page"]] + [p for p in held if p != s["page"]]
    assert s["victim"] == held[3:], s
    held = held[:3]
    assert s["order"] == held and len(s["frames"]) == 3 and sorted(f for f in s["frames"] if f != ".") == sorted(held)
END
result $? "of lru are those of a list in python"
run replay -O json --steps -p clock -f 3 --string '1*,2,30,4'
grep -q '"victim":\["1\*"\],"frames":\["4/R","2/<","30"\],"order":\["4","30","2"\]' "$tmp/out" &&
	grep -q '"victim":\[\],"frames":\["1\*/R<","\.","\."\],"order":\["1\*"\]' "$tmp/out"
result $? "lists in json, of what is between the blanks in text"
status 0 "steps of a working set" replay --steps -p ws:window=2 --string 1,2,3,1
status 1 "too many steps" replay --steps -p lru -f 3 --string "$(seq -s, 1 10000),1"
LC_ALL=C run replay --curve=lru,opt --plot --width 60 --string $belady
! LC_ALL=C grep -q '[^ -~]' "$tmp/out" && grep -q 'A lru   B opt' "$tmp/out" && ! grep -q '.\{61\}' "$tmp/out"
result $? "a picture in plain ASCII"
! grep -q '\*' "$tmp/out" && grep -q 'AB' "$tmp/out" && grep -q '^ *100 +A' "$tmp/out" && grep -q '^ *50 +' "$tmp/out" &&
	grep -qE '^ {9}1 +3 +5$' "$tmp/out"
result $? "of letters alone, with short numbers at the axes"
! grep -q 'log' "$tmp/out"
result $? "a few sizes need no --log"
run replay --curve=lru --plot --string "$(seq -s, 1 200)"
grep -q -- '# --log shows' "$tmp/out"
result $? "many do"
LC_ALL=C.UTF-8 run replay --curve --plot --log --width 60 --string $belady
LC_ALL=C.UTF-8 grep -q '⠉' "$tmp/out"
result $? "a picture in braille"
run replay -O csv --sample 1 -f 3,4 --string $belady
awk -F, 'NR == 2 { a = $3 } NR == 3 { b = $3 } END { exit !(a > 83 && a < 84 && b > 66 && b < 67) }' "$tmp/out"
result $? "a sample of all pages is exact"
run replay --sample 0.1 --string "$(seq -s, 1 400)"
grep -qE '^pages in the sample: [2-5][0-9]$' "$tmp/out" && grep -qE 'too few pages are in the sample \([0-9]+\).* --sample 1 has enough' "$tmp/out"
result $? "a small one says that it is"
run replay --sample 0.5 --string "$(seq -s, 1 8000)"
! grep -q 'too few' "$tmp/out"
result $? "a large one does not"
run replay -O csv -p random -f 3 --seed 7 --string $silberschatz
cp "$tmp/out" "$tmp/first"
run replay -O csv -p random:seed=7 -f 3 --string $silberschatz
[ "$(sed 's/:seed=7//' "$tmp/out")" = "$(cat "$tmp/first")" ]
result $? "--seed is that of the policy"
run replay -p 'lfu:halve=2,clock:bit=1;lru' -f 3 --string $belady
grep -q '^lfu:halve=2 ' "$tmp/out" && grep -q '^clock:bit=1 ' "$tmp/out" && grep -q '^lru ' "$tmp/out"
result $? "commas of parameters and of the list"
run replay -f 3 --string $silberschatz
grep -qx '# as long as the string or longer, so that it changes nothing: nru:period aging:period wsclock:tau ws:window pff:threshold; -p nru:period=N sets another' "$tmp/out"
result $? "periods that a short string does not see"
run replay -p nru:period=19,aging:period=20,ws:window=19,lru -f 3 --string $silberschatz
grep -q 'changes nothing: aging:period; -p aging:period=N' "$tmp/out"
result $? "and only these"
run replay -p nru:period=19,lru -f 3 --string $silberschatz
[ "$rc" = 0 ] && ! grep -q 'changes nothing' "$tmp/out"
result $? "none, no word"
run replay --steps -p nru -f 3 --string $belady
grep -q 'changes nothing: nru:period; -p' "$tmp/out"
result $? "also of steps"
status 2 "a colon between parameters" replay -p aging:period=2:bits=8 --string 1,2
grep -q 'comma is between its parameters' "$tmp/err"
result $? "is not blamed on the value"
run replay -O csv -p 'aging:period=2,bits=8' -p ' lru , opt,lru-k:k=3 , correlated=2 ' -f 3 --string $belady
[ "$rc" = 0 ] && [ "$(sed 's/,[0-9,.]*$//' "$tmp/out" | sed 1d | tr '\n' ' ')" = '"aging:period=2,bits=8" lru opt "lru-k:k=3,correlated=2" ' ]
result $? "blanks beside commas"
status 2 "a blank in a name" replay -p 'l ru' --string 1,2
run replay -O csv -p lru,clock:bit=1,all,lru -f 3 --string $belady
[ "$(cut -d, -f1 "$tmp/out" | sed 1d | sort | uniq -d)" = "" ] && [ "$(sed -n 2p "$tmp/out" | cut -d, -f1)" = lru ] && [ "$(wc -l < "$tmp/out")" = 21 ]
result $? "no policy twice"
run replay -O csv -p lru -f 2,1M,50%,1-5:2,7 --string $belady
[ "$(cut -d, -f2 "$tmp/out" | sed 1d | tr '\n' ' ')" = "1 2 3 5 7 256 " ]
result $? "sizes in all ways"
status 0 "sizes beyond the pages" replay -p lru -f 9 --string $belady
grep -q '5 pages: with more frames' "$tmp/out"
result $? "and it says so"
status 0 "a million sizes" replay -O csv --curve=lru,opt -f 1-1000000 --string $belady
[ "$(wc -l < "$tmp/out")" = 1000001 ]
result $? "all of them"

# A file, and the same as a stream that does not fit into memory.
seq 1 3000 | awk '{ print ($1 * $1) % 251 "," ($1 % 5 ? "r" : "w") }' > "$tmp/t.csv"
run import csv --columns page,rw "$tmp/t.csv" -o "$tmp/t.refs"
result $rc "a file is imported"
run replay -O csv -p lru,arc,clock -f 5,50% "$tmp/t.refs"
cp "$tmp/out" "$tmp/whole"
[ "$(wc -l < "$tmp/out")" = 7 ]
result $? "and replayed"
python3 - "$tmp/t.csv" "$tmp/whole" << 'END'
import collections, csv, sys
held, faults, back = collections.OrderedDict(), 0, 0
for page, how in csv.reader(open(sys.argv[1])):
    if page not in held:
        faults += 1
        if len(held) == 5:
            back += held.popitem(last=False)[1]
    held[page] = held.pop(page, False) or how == "w"
row = next(csv.DictReader(open(sys.argv[2])))
assert row["frames"] == "5" and (int(row["faults"]), int(row["writebacks"])) == (faults, back), (row, faults, back)
END
result $? "faults and write-backs of lru are those of python"
run replay -O csv --max-memory 20K -p lru,clock -f 5,50% "$tmp/t.refs"
grep -v '^arc' "$tmp/whole" | cmp -s - "$tmp/out"
result $? "streamed, the figures are the same"
# Nothing is evicted with a frame for each page: one run of a policy is all of these sizes.
timeout 300 "$MMSCOPE" replay -O csv -p lru,opt,arc -f 125-200000 "$tmp/t.refs" > "$tmp/out" 2> "$tmp/err"
awk -F, 'NR > 1 { n++; if ($2 == 125) less++; else if ($4 != 126 || $6 != 1 || $7 != 0 || $10 != 126) bad = 1 }
	END { print NR, n, less, bad; exit bad || n != 3 * 199876 || less != 3 }' "$tmp/out" > "$tmp/first"
rc=$?
mv "$tmp/first" "$tmp/out"
result $rc "sizes beyond the pages are those of one run"
run replay -O csv -p fifo -f 126,900 --max-memory 20K "$tmp/t.refs"
[ "$(cut -d, -f2,4,7 "$tmp/out" | sed 1d | tr '\n' ' ')" = "126,126,0 900,126,0 " ]
result $? "also of a stream"
run replay -p fifo,lru -f all "$tmp/t.refs"
[ "$rc" = 0 ] && ! grep -q -- '--curve' "$tmp/out"
result $? "little work needs no hint"
run replay -p fifo,clock -f all --string "$(seq -s, 1 6000),$(seq -s, 1 6000)"
grep -q 'each policy is replayed 5999 times; --curve=' "$tmp/out"
result $? "much names the curves"
status 1 "opt of a string that does not fit" replay --max-memory 10K -p opt -f 5 "$tmp/t.refs"
grep -q 'looks ahead' "$tmp/err"
result $? "says why"
mkfifo "$tmp/pipe"
for how in "-p lru,clock -f 5,50%" "--curve=lru -f 5,63"; do
	# shellcheck disable=SC2086 # words
	"$MMSCOPE" replay -O csv $how "$tmp/t.refs" > "$tmp/file" 2> "$tmp/err"
	dd if="$tmp/t.refs" of="$tmp/pipe" status=none &
	# shellcheck disable=SC2086
	"$MMSCOPE" replay -O csv --max-memory 20K $how - < "$tmp/pipe" > "$tmp/out" 2> "$tmp/err"
	wait
	cmp -s "$tmp/file" "$tmp/out"
	result $? "the same from a pipe: $how"
done
head -c 700 "$tmp/t.refs" > "$tmp/cut.refs"
status 1 "a truncated file" replay "$tmp/cut.refs"

# Sampled: four pages in each interval, in no known order.
{
	echo page,interval
	for i in 0 1 2 3 4 5; do
		for p in 0 1 2 $((3 + i % 3)); do echo "$p,$i"; done
	done
} > "$tmp/s.csv"
run import csv --sampled 1s "$tmp/s.csv" -o "$tmp/s.refs"
result $rc "a sampled file is imported"
run replay -O csv -f 4,6 "$tmp/s.refs"
# 6 pages come once; 0, 1, 2 return 5 times at distance 1 to 5; 3, 4, 5 once, at 6 in any order.
[ "$(awk -F, '$1 == "lru" { print $2 "," $4 "," $11 "," $12 "," $13 }' "$tmp/out" | tr '\n' ' ')" = "4,,true,9,24 6,,true,6,6 " ]
result $? "lru has bounds and no exact figure"
[ "$(cut -d, -f1 "$tmp/out" | sed 1d | sort -u | tr '\n' ' ')" = "lru ws " ]
result $? "what has no bounds is left out"
status 1 "and refused by name" replay -p fifo "$tmp/s.refs"
[ ! -s "$tmp/out" ]
result $? "before anything is put out"
status 0 "but for --sampled-ok" replay -p fifo --sampled-ok "$tmp/s.refs"
grep -q 'one order of many' "$tmp/out" && grep -q '^kind: sampled' "$tmp/out"
result $? "which is said"
! grep -q 'LEAST' "$tmp/out"
result $? "no word of bounds that no row has"
for how in "" --sampled-ok; do
	# shellcheck disable=SC2086 # words
	run replay $how -f 4,6 "$tmp/s.refs"
	grep -q '^POLICY.*LEAST' "$tmp/out" && grep -q 'fewer faults than LEAST' "$tmp/out" &&
		! grep -v '^#' "$tmp/out" | grep -q '.\{101\}'
	result $? "bounds in 100 columns ${how:-alone}"
done
status 1 "an opt curve of it" replay --curve=opt "$tmp/s.refs"
status 1 "steps of it" replay --steps -p lru -f 3 "$tmp/s.refs"
status 1 "the anomaly in it" replay --anomaly "$tmp/s.refs"
status 1 "a sample of it" replay --sample 0.5 "$tmp/s.refs"
run replay -O csv --curve=lru,ws --windows 3 -f 4,6 "$tmp/s.refs"
head -n 1 "$tmp/out" | grep -q '^frames,memory_bytes,lru_least_faults,lru_least_percent,lru_most_faults' &&
	[ "$(sed -n 2p "$tmp/out" | cut -d, -f3,5)" = 9,24 ]
result $? "curves are bounds, too"
status 0 "curves that are not named" replay --curve --windows 3 -f 4,6 "$tmp/s.refs"
grep -qE '^ +FRAMES +MEMORY +LRU-LEAST +LRU-LEAST-% +LRU-MOST +LRU-MOST-%$' "$tmp/out" && grep -qE '^ +WINDOW +WS-LEAST +WS-MOST$' "$tmp/out" &&
	grep -q 'left out, as having no bounds: opt; --sampled-ok' "$tmp/out"
result $? "are those with bounds, and no column of nothing"
run replay -O csv --curve=ws --windows 3 "$tmp/s.refs"
grep -qx 'window,ws_faults,ws_percent,ws_mean,ws_least_faults,ws_most_faults' "$tmp/out"
result $? "which csv has all the same"
run replay --curve --sampled-ok "$tmp/s.refs"
! grep -q 'left out' "$tmp/out" && grep -q ' OPT-%' "$tmp/out"
result $? "with the order of the file they are lru and opt"
LC_ALL=C run replay --curve --plot --width 60 "$tmp/s.refs"
grep -q 'A lru at least   B lru at most' "$tmp/out" && ! grep -q 'ws' "$tmp/out"
result $? "a picture of the bounds"
status 1 "which take memory" replay --max-memory 500 --curve=lru -f 4 "$tmp/s.refs"
status 0 "of their own, and not that of the curves" replay --max-memory 6K --curve=lru -f 4 "$tmp/s.refs"

status 2 "no string" replay
status 2 "two strings" replay --string 1,2 file
status 2 "two files" replay a b
status 2 "curves without =" replay --curve lru a
grep -q -- '--curve=lru' "$tmp/err"
result $? "and how to name them"
status 2 "curves without = and a string" replay --curve lru --string 1,2
grep -q -- '--curve=lru' "$tmp/err"
result $? "and how to name them there"
status 2 "an empty string" replay --string ""
status 2 "a write of nothing" replay --string '1,*'
status 1 "no such file" replay /no/such/file
status 1 "a foreign file" replay "$0"
status 1 "a folder" replay /
status 2 "0 frames" replay -f 0 --string 1,2
status 2 "negative frames" replay -f -3 --string 1,2
status 2 "frames beyond 32 bits" replay -f 4294967296 --string 1,2
status 2 "less than a page" replay -f 1K --string 1,2
grep -q "'1K' is less than a page, 4K" "$tmp/err"
result $? "and how much that is"
run replay -O csv -p lru,ws:window=1g -f 10k --string 1,2
[ "$(cut -d, -f1-3 "$tmp/out" | sed 1d | tr '\n' ' ')" = "lru,2,8192 ws:window=1g,, " ]
result $? "k of a size is bytes, g of a policy a thousand million"
status 2 "no rows" replay --steps -p lru -f 2 --limit 0 --string 1,2
status 2 "a range the wrong way" replay -f 5-2 --string 1,2
status 2 "a step of 0" replay -f 1-5:0 --string 1,2
status 2 "too many sizes" replay -f 1-4000000000 --string 1,2
status 2 "0 percent" replay -f 0% --string 1,2
status 2 "empty item" replay -f 1,,2 --string 1,2
status 2 "unknown policy" replay -p lur --string 1,2
grep -q 'lru' "$tmp/err" && grep -q 'opt' "$tmp/err"
result $? "and which there are"
status 2 "unknown parameter" replay -p clock:bits=1 --string 1,2
status 2 "parameter out of range" replay -p clock:bit=2 --string 1,2
status 2 "unknown curve" replay --curve=arc --string 1,2
status 2 "window 0" replay --curve=ws --windows 0 --string 1,2
status 2 "windows without a curve" replay --windows 5 --string 1,2
status 2 "windows of a curve without them" replay --curve=lru --windows 5 --string 1,2
status 2 "nor has the default any" replay --curve --windows 5 --string 1,2
status 2 "sizes of a curve without them" replay --curve=ws,pff -f 5 --string 1,2
status 2 "a size of ws" replay --steps -p ws -f 3 --string 1,2
grep -q 'ws takes no size' "$tmp/err"
result $? "takes none"
status 2 "a size of pff in the table" replay -p pff -f 3 --string 1,2
status 0 "but beside others" replay -p pff,lru -f 2 --string 1,2
for how in --anomaly --curve "-p lru -f 2" "--steps -p fifo -f 1"; do
	# shellcheck disable=SC2086 # words
	status 2 "a seed of what draws no lots: $how" replay --seed 3 $how --string 1,2
done
status 0 "of what does" replay --seed 3 -p lru,random -f 2 --string 1,2
status 0 "of a sample" replay --seed 3 --sample 1 --string 1,2
run replay -f 3 --string 1,1
grep -q 'the string has 1 page: with' "$tmp/out"
result $? "one page is no pages"
run replay --max-memory 1K -p lru -f 3 "$tmp/t.refs"
grep -q ': try --sample, or' "$tmp/err"
result $? "lru has samples"
run replay --max-memory 100 -p fifo -f 3 "$tmp/t.refs"
[ "$rc" = 1 ] && grep -q 'try a shorter string (import --max-refs)' "$tmp/err"
result $? "fifo has not"
run replay --max-memory 500 -p fifo -f 100 "$tmp/t.refs"
grep -q 'try smaller sizes' "$tmp/err"
result $? "but for fewer frames"
run replay --max-memory 2K --curve=fifo -f 3-60 "$tmp/t.refs"
grep -q 'try fewer sizes' "$tmp/err"
result $? "and a curve fewer sizes"
run replay --max-memory 100 --curve=lru "$tmp/t.refs"
grep -q 'try --sample' "$tmp/err"
result $? "that of lru a sample"
status 2 "steps of everything" replay --steps --string 1,2
status 2 "curve and steps" replay --curve --steps -p lru -f 1 --string 1,2
status 2 "policy and curve" replay --curve -p lru --string 1,2
status 2 "a picture of a table" replay --plot --string 1,2
status 2 "a picture in json" replay --curve --plot -O json --string 1,2
status 2 "rate 0" replay --sample 0 --string 1,2
status 2 "rate above 1" replay --sample 2 --string 1,2
status 2 "rate is a word" replay --sample many --string 1,2
status 2 "width too small" replay --curve --plot --width 5 --string 1,2
run replay -O csv -p lru -f 8k,12K,100% --string 1,2,3,4
[ "$(cut -d, -f 2 "$tmp/out" | tr '\n' ' ')" = "frames 2 3 4 " ]
result $? "sizes as bytes and percent"
run replay --max-memory 50% -p lru -f 2 --string 1,2
result $rc "half of the memory is enough for that"
status 2 "more than all memory" replay --max-memory 101% --string 1,2
status 2 "memory is a word" replay --max-memory much --string 1,2
status 2 "seed is a word" replay --seed x --string 1,2
status 1 "more than the memory that is given" replay --max-memory 1 -p lru -f 2 --string 1,2
status 1 "what pff takes of it" replay --max-memory 200 --curve=pff --string 1,2
finish
