#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mmscope import and export, against a script that knows the formats by itself.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
refs=$top/tests/cli/refs.py
cd "$tmp" || exit 1

# agrees NAME ARG...: the script finds nothing
agrees() {
	local what=$1
	shift
	python3 "$refs" "$@" > out 2> err
	result $? "$what"
}

# json FILTER: of the last output
json() { jq -r "$1" out; }

python3 - > a.txt << 'EOF'
import random
random.seed(5)
print("==77== Lackey")
for i in range(30000):
    kind = random.choice(["I ", " L", " S", " M"])
    at = random.choice([0x4001000, 0x1ffeffe000, 0x7fffff000]) + int(random.expovariate(1 / 20000))
    print(f"{kind} {at:08x},{random.choice([1, 4, 8, 64, 5000])}")
    if i % 1000 == 0:
        print("of the program:", i)
EOF
head -n 5000 a.txt | tac > b.txt

# --- exports say what the trace says ---
for shift in 12 16; do
	status 0 "lackey, page shift $shift" import lackey -s $shift -O json a.txt -o a.refs
	[ "$(json .records)" = "$(wc -l < a.txt)" ] &&
		[ "$(json '.records - .used - .left_out - .skipped')" = 0 ] &&
		[ "$(json '.used + .straddles - .refs')" = 0 ] && [ "$(json '[.skipped, .malformed] | @csv')" = 31,0 ]
	result $? "every line is accounted for"
	status 0 "to csv" export csv a.refs -o a.csv
	status 0 "to oracleGeneral" export oracleGeneral a.refs -o a.oracleGeneral
	agrees "both say what the trace says" lackey a.txt a.csv a.oracleGeneral $shift
done
{ cat a.txt; echo ' L zzz,4'; echo 'I  4,'; } > bad.txt
status 0 "with two malformed lines" import lackey -O json bad.txt -o bad.refs
[ "$(json '[.skipped, .malformed, (.notes | any(startswith("2 of the skipped lines begin as an access")))] | @csv')" = 33,2,true ]
result $? "they are told apart"
status 0 "malformed, as text" import lackey bad.txt -o bad.refs
grep -q '^malformed: 2$' out
result $? "also in text"
"$MMSCOPE" import lackey - -o - < bad.txt 2> err > bad.refs
grep -q '^# 2 of the skipped lines begin as an access' err
result $? "also beside a string on stdout"
status 0 "lackey again" import lackey a.txt -o a.refs
status 0 "info" export info -O json a.refs
[ "$(json '[.refs, .pages] | join(" ")')" = "$(python3 "$refs" counts a.txt)" ] &&
	[ "$(json .kind)" = exact ] && [ "$(json '.processes[0].pid')" = 77 ] &&
	[ "$(json '.processes[0].name')" = a.txt ]
result $? "info has the counts, the pid and the name"
[ "$(json '[.schema, .nr_processes, (.processes | length)] | join(" ")')" = "mmscope.export/1 1 1" ]
result $? "its schema and its processes have the names of all commands"
for command in "replay -p lru -f 2" "size -m 2" "allot -m 2 --rule equal a.refs"; do
	# shellcheck disable=SC2086
	status 0 "$command" ${command} -O json a.refs
	[ "$(jq -r '[.. | objects | select(has("frames") and has("faults") and has("memory_bytes"))] | length > 0' out)" = true ]
	result $? "$command: memory has the same name"
done
status 0 "info as text" export info a.refs
grep -q '^kind: exact' out && grep -q 'a.txt$' out
result $? "and it can be read"

status 0 "replay" replay -p lru -f 5 -O json a.refs
jq -r '[.kind, .sampled, .page_bytes, .pages] | @csv' out > kind
for command in "size" "allot -m 9 a.refs" "export info" "replay --curve"; do
	# shellcheck disable=SC2086
	status 0 "$command" ${command} -O json a.refs
	jq -r '[.kind, .sampled, .page_bytes, .pages] | @csv' out | cut -d, -f 1-3 | cmp -s - <(cut -d, -f 1-3 kind)
	result $? "$command: says what kind of string it is, by the same words"
done

status 0 "the largest pages" import lackey -s 30 -O json a.txt -o huge.refs
[ "$(json .page_bytes)" = 1073741824 ]
result $? "are of 1 GiB"

# --- there and back ---
status 0 "csv again" export csv a.refs -o a.csv
status 0 "csv, back" import csv a.csv -o back.refs
status 0 "csv, there" export csv back.refs -o back.csv
sed 1d a.csv | cut -d, -f 4,5 | cmp -s - <(sed 1d back.csv | cut -d, -f 4,5)
result $? "csv comes back as it was"
status 0 "oracleGeneral, there" export oracleGeneral a.refs -o a.oracleGeneral
status 0 "oracleGeneral, back" import oracleGeneral a.oracleGeneral -o back.refs
status 0 "oracleGeneral, again" export oracleGeneral back.refs -o b.oracleGeneral
cmp -s a.oracleGeneral b.oracleGeneral
result $? "oracleGeneral comes back as it was"
status 0 "u32, there" export u32 a.refs -o a.u32
status 0 "u32, back" import u32 a.u32 -o back.refs
status 0 "u32, again" export u32 back.refs -o b.u32
cmp -s a.u32 b.u32
result $? "u32 comes back as it was"

# --- packed, piped, limited ---
gzip -k a.txt && zstd -q a.txt
for packed in a.txt.gz a.txt.zst; do
	status 0 "$packed" import lackey --name a.txt $packed -o packed.refs
	cmp -s a.refs packed.refs
	result $? "$packed gives the same string"
done
# shellcheck disable=SC2094	# a name, not the file
"$MMSCOPE" import lackey - --name a.txt -o - < a.txt 2> err | cat > packed.refs
cmp -s a.refs packed.refs
result $? "from stdin to stdout"
grep -q "^# lackey: $(wc -l < a.txt) lines, 30000 used" err &&
	grep -q "^# string: $(python3 "$refs" counts a.txt | sed 's/ / references, /') pages, 1 process$" err &&
	[ "$(grep -vc '^# ' err)" = 0 ]
result $? "and what was counted is said beside"
# shellcheck disable=SC2002	# a pipe is what is tested
cat a.refs | "$MMSCOPE" export csv - -o - 2> err | cmp -s - a.csv
result $? "a string from a pipe"
{
	for at in 1 101; do tail -c +$at a.refs | head -c 100; sleep 0.3; done
	tail -c +201 a.refs
} | "$MMSCOPE" export csv - -o - 2> err | cmp -s - a.csv
result $? "a string from a pipe, in pieces"
status 0 "the first 100" import lackey --max-refs 100 -O json a.txt -o few.refs
[ "$(json .refs)" = 100 ]
result $? "are 100"
cat a.txt a.txt a.txt > long.txt
status 0 "the first 10k" import lackey --max-refs 10k -O json long.txt -o few.refs
[ "$(json .refs)" = 10000 ]
result $? "are 10,000"
# --- cut off, or all of it ---
# cut_off WANT NAME COMMAND ARG...: what each command says of it
cut_off() {
	status 0 "$2" "${@:3}"
	[ "$(json .cut)" = "$1" ] && [ "$(json '.notes // [] | any(startswith("cut off: "))')" = "$1" ]
	result $? "$2: cut off: $1"
}
total=$(python3 "$refs" counts a.txt | cut -d ' ' -f 1)
cut_off true "one reference less" import lackey --max-refs $((total - 1)) -O json a.txt -o cut.refs
[ "$(json '.used + .straddles - .refs')" = 0 ]
result $? "what is behind the limit is not counted"
for command in "export info" "replay -p lru -f 5" "replay --curve" "size" "allot -m 9 a.refs"; do
	# shellcheck disable=SC2086
	cut_off true "$command" $command -O json cut.refs
done
status 0 "as text" export info cut.refs
grep -q '^# cut off: ' out
result $? "it is a line of talk"
cut_off true "joined with others" import refs -O json a.refs cut.refs -o joined.refs
cut_off false "exactly all" import lackey --max-refs "$total" -O json a.txt -o all.refs
cmp -s a.refs all.refs
result $? "is the same string"
cut_off false "no limit" export info -O json a.refs
cut_off false "no limit, replay" replay -p lru -f 5 -O json a.refs
printf 'page\n1\nx\n' > behind.csv
cut_off true "what is bad behind the limit" import csv --max-refs 1 -O json behind.csv -o cut.refs
status 0 "without fetches" import lackey --no-fetch -O json a.txt -o few.refs
[ "$(json .left_out)" = "$(grep -c '^I' a.txt)" ]
result $? "what is left out is told"

# --- several processes ---
status 0 "two, in turns" import lackey --interleave 37 --name one --name two a.txt b.txt -o ab.refs
status 0 "two, to csv" export csv ab.refs -o ab.csv
agrees "they take turns" turns 37 ab.csv a.txt b.txt
status 0 "two, one after the other" import lackey a.txt b.txt -o ab.refs
status 0 "two, to csv" export csv ab.refs -o ab.csv
agrees "they follow each other" turns 100000000 ab.csv a.txt b.txt
printf 'pid,page,rw\n7,1,r\n8,1,w\n7,1,r\n8,2,r\n' > p.csv
status 0 "processes of a csv" import csv p.csv -o p.refs
{ printf '\357\273\277' && cat p.csv; } > bom.csv
python3 -c 'print("pid,page"); [print(f"{i},1") for i in range(1, 65537)]' > all.csv
status 0 "as many processes as there can be" import csv all.csv -o all.refs
status 0 "as many processes: info" export info -O json all.refs
[ "$(jq -c '[.nr_processes, .processes[65535].pid]' out)" = '[65536,65536]' ]
result $? "are all there"
printf '1\n2\n' > still.csv
status 0 "nothing of writes" import csv --columns page still.csv -o still.refs
status 0 "nothing of writes: info" export info -O json still.refs
[ "$(json '.processes[0].writes')" = null ]
result $? "is told as not known, not as none"
status 0 "csv of a spreadsheet" import csv bom.csv --name p.csv -o bom.refs
cmp -s p.refs bom.refs
result $? "its first three bytes are no name of a column"
status 0 "processes of a csv: info" export info -O json p.refs
[ "$(jq -c '[.pages, [.processes[] | [.pid, .pages, .refs, .writes]]]' out)" = '[3,[[7,1,2,0],[8,2,2,1]]]' ]
result $? "the same page of two is two"

# --- strings, joined ---
status 0 "a string" import lackey --name one a.txt -o one.refs
status 0 "another" import lackey --name two b.txt -o two.refs
status 0 "two traces" import lackey --name one --name two a.txt b.txt -o ab.refs
status 0 "two strings" import refs -O json one.refs two.refs -o joined.refs
[ "$(json '[.records - .refs, .used - .refs, .skipped] | add')" = 0 ] &&
	[ "$(jq -c '[.processes[] | [.pid, .name]]' out)" = '[[77,"one"],[77,"two"]]' ]
result $? "pids and names are kept, every reference is counted"
cmp -s ab.refs joined.refs
result $? "are what their traces are"
status 0 "two strings, in turns" import refs --interleave 37 one.refs two.refs -o joined.refs
status 0 "in turns, to csv" export csv joined.refs -o ab.csv
agrees "they take turns as traces do" turns 37 ab.csv a.txt b.txt
status 0 "one string" import refs a.refs -o joined.refs
cmp -s a.refs joined.refs
result $? "stays as it is"
status 0 "a string of two processes, twice" import refs -O json p.refs p.refs -o joined.refs
[ "$(jq -c '[.pages, [.processes[] | [.pid, .pages, .refs, .writes]]]' out)" = '[6,[[7,1,2,0],[8,2,2,1],[7,1,2,0],[8,2,2,1]]]' ]
result $? "four processes"
status 0 "a name for a string" import refs --name three -O json one.refs two.refs -o joined.refs
[ "$(jq -c '[.processes[].name]' out)" = '["three","two"]' ]
result $? "is given"
status 1 "one name for two processes" import refs --name x p.refs -o x.refs
# shellcheck disable=SC2002	# a pipe is what is tested
cat two.refs | "$MMSCOPE" import refs one.refs - -o joined.refs > out 2> err
cmp -s ab.refs joined.refs
result $? "one of them from a pipe"
printf 'page\n1\n2\n' | "$MMSCOPE" import csv - --name csv -o csv.refs > out 2> err
status 0 "of two formats" import refs -O json one.refs csv.refs two.refs -o joined.refs
[ "$(json .origin)" = "lackey, csv" ]
result $? "names both"
status 0 "other pages" import lackey -s 14 a.txt -o large.refs
status 1 "strings of other pages" import refs a.refs large.refs -o x.refs
grep -q 'large.refs: has pages of 2^14 .* --page-shift' err
result $? "says how to mend it"
status 1 "a trace among strings" import refs a.refs a.txt -o x.refs
grep -q "a.txt: not a reference string of mmscope: 'mmscope import'" err
result $? "says what it wants"
for format in lackey u32; do
	status 1 "a string among traces of $format" import $format a.refs -o x.refs
	grep -q "a.refs: is a string already: .*'mmscope import refs'" err
	result $? "says what reads it"
done
status 2 "strings have a page size" import refs -s 12 a.refs -o x.refs

# --- ids and addresses ---
# ids WANT NAME ARG...: addresses of the string (json: true), the TLB (simulated) and larger pages
ids() {
	status 0 "$2" import "${@:3}" -O json -o id.refs
	[ "$(json .addresses)" = "$1" ]
	result $? "$2: addresses: $1"
	status 0 "$2: info" export info -O json id.refs
	[ "$(json .addresses)" = "$1" ]
	result $? "$2: info says so"
	status 0 "$2: size" size -m 2 -O json id.refs
	[ "$(json '.notes | any(startswith("TLB of "))')" = "$1" ] &&
		[ "$(json '.effective_access_time[] | select(.term == "all") | .ns > 0')" = true ]
	result $? "$2: size: a TLB: $1"
	if [ "$1" = true ]; then
		status 0 "$2: larger pages" size --page-size -m 2 id.refs
	else
		status 1 "$2: larger pages" size --page-size -m 2 id.refs
		grep -q 'id.refs: --page-size needs addresses, and its pages are ids: .* --addresses' err
		result $? "$2: says how to mend it"
	fi
}
printf 'id\n7\n8\n7\n' > id.csv
printf 'page\n7\n8\n7\n' > page.csv
for format in u32 u64 oracleGeneral; do
	head -c 480 a.oracleGeneral > id.bin
	ids false $format $format id.bin
	ids true "$format --addresses" $format --addresses id.bin
done
ids false "csv of ids" csv id.csv
cp id.refs ids.refs
ids true "csv of pages" csv page.csv
ids true "lackey" lackey a.txt
ids false "joined with ids" refs one.refs ids.refs
ids true "joined without" refs one.refs two.refs
status 0 "ids, to csv" export csv ids.refs -o ids.csv
ids false "ids, to csv and back" csv ids.csv

# --- sampled ---
printf 'interval,page\n3,1\n3,2\n4,1\n9,1\n' > s.csv
status 1 "intervals of no length" import csv s.csv -o s.refs
status 0 "sampled" import csv --sampled 100ms s.csv -o s.refs
status 0 "sampled: info" export info -O json s.refs
[ "$(json .kind)" = sampled ] && [ "$(json .delta_ns)" = 100000000 ] && [ "$(json .intervals)" = 3 ]
result $? "is told with its interval"
status 1 "sampled, to oracleGeneral" export oracleGeneral s.refs -o s.oracleGeneral
grep -q -- --force err && [ ! -e s.oracleGeneral ]
result $? "is refused, and nothing is written"
run export oracleGeneral --force s.refs -o s.oracleGeneral
[ "$rc" = 0 ] && grep -q sampled err && [ "$(stat -c %s s.oracleGeneral)" = 96 ]
result $? "forced, it says so"
status 0 "sampled, to csv" export csv s.refs -o s2.csv
[ "$(cut -d, -f 4,6 s2.csv | tr '\n' ' ')" = "vpn,interval 1,1 2,1 1,2 1,3 " ]
result $? "csv has the intervals"

printf 'interval,page\n3,8\n5,8\n5,1\n' > s3.csv
status 0 "another sampled one" import csv --sampled 100ms s3.csv -o s3.refs
status 0 "sampled, joined" import refs -O json s.refs s3.refs -o joined.refs
[ "$(json .kind)" = sampled ] && [ "$(json .delta_ns)" = 100000000 ] && [ "$(json .intervals)" = 5 ]
result $? "is sampled"
status 0 "sampled, joined, to csv" export csv joined.refs -o s2.csv
[ "$(cut -d, -f 2,4,6 s2.csv | tr '\n' ' ')" = "proc,vpn,interval 0,1,1 0,2,1 0,1,2 0,1,3 1,8,4 1,8,5 1,1,5 " ]
result $? "intervals follow intervals"
status 1 "sampled and exact" import refs a.refs s.refs -o x.refs
grep -q 's.refs: is sampled, and a.refs is exact' err
result $? "cannot be joined"
status 0 "another interval" import csv --sampled 1s s3.csv -o slow.refs
status 1 "two intervals" import refs s.refs slow.refs -o x.refs
grep -q 'slow.refs: is sampled every 1 s, and s.refs every 0.1 s' err
result $? "cannot be joined either"
status 1 "sampled, in turns" import refs --interleave 2 s.refs s3.refs -o x.refs
for format in lackey u32 u64 oracleGeneral refs; do
	status 2 "$format has no intervals" import $format --sampled 100ms a.txt -o x.refs
done
status 1 "a csv without intervals" import csv --sampled 100ms a.csv -o x.refs
grep -q 'leave --sampled away' err
result $? "says how to mend it"

# --- names ---
printf 'page\n1\n' > one.csv
# name WANT NAME WHAT
name() {
	status 0 "a name with $3" import csv --name "$2" one.csv -o name.refs
	"$MMSCOPE" export info -O json name.refs > out
	[ "$(json '.processes[0].name')" = "$1" ]
	result $? "$3: is safe to print"
}
name 'a\x1b[31m' $'a\033[31m' "ESC"
name 'a\xc2\x9b31m' $'a\302\23331m' "a C1 control"
name 'a\xe9b' $'a\351b' "a byte that is not UTF-8"
name 'Zürich, 東京' 'Zürich, 東京' "letters of others"
name '1234567890123456789012345678' $'1234567890123456789012345678\3511' "no room for all of \\xNN"
name '12345678901234567890123456789' '12345678901234567890123456789東' "no room for all of a letter"

# --- a link ---
mkdir there
ln -s there/s.refs link.refs
for old in no yes; do
	status 0 "to a link, what it leads to is there: $old" import csv one.csv -o link.refs
	[ -L link.refs ] && [ -f there/s.refs ] && [ ! -L there/s.refs ] && [ "$(ls there)" = s.refs ] &&
		"$MMSCOPE" export info link.refs > out
	result $? "is written through"
done

# --- what is wrong is named ---
head -c 300 a.refs > cut.refs
status 1 "a string that is cut off" export info cut.refs
grep -q 'cut.refs: truncated: copy or import it again' err
result $? "is named so"
status 1 "oracleGeneral of what does not fit" export oracleGeneral --max-memory 100K a.refs -o x.oracleGeneral
grep -q 'a.refs: oracleGeneral, .* takes .* KiB of memory, and there are 100.0 KiB: export csv or u32, or --max-memory$' err &&
	[ ! -e x.oracleGeneral ]
result $? "says what it takes, and what to do"
status 0 "csv fits always" export csv --max-memory 100K a.refs -o x.csv
status 2 "export: memory is a word" export csv --max-memory much a.refs -o x.csv
printf 'mmsrefs\n\300\0\0\0\11\0\0\0' > newer.refs
head -c 300 /dev/zero >> newer.refs
status 1 "a newer string" export info newer.refs
grep -q 'newer mmscope (version 9' err
result $? "is named so"
status 1 "no string" export info a.txt
status 1 "no such string" export info nosuch
status 1 "a folder" export info .
status 1 "into itself" export csv a.refs -o a.refs
cp a.u32 kept.u32
ln -s kept.u32 link.u32
ln kept.u32 hard.u32
for to in kept.u32 ./kept.u32 link.u32 hard.u32; do
	status 1 "a trace into $to" import u32 kept.u32 -o $to
	grep -q 'kept.u32: would be overwritten .*: give -o' err && cmp -s a.u32 kept.u32
	result $? "is still there"
done
# shellcheck disable=SC2094	# that it is the same is what is tested
"$MMSCOPE" import u32 - -o kept.u32 < kept.u32 > out 2> err
[ $? = 1 ] && cmp -s a.u32 kept.u32
result $? "a trace from stdin is still there"
status 1 "strings into one of them" import refs one.refs two.refs -o two.refs
status 1 "an empty file" export info /dev/null
grep -q "/dev/null: an empty file: 'mmscope import' makes" err
result $? "says what makes strings"
cp a.csv kept.csv
# The last chunk is damaged: some was written before that is seen.
python3 -c '
import sys
b = bytearray(open("a.refs", "rb").read())
b[int.from_bytes(b[64:72], "little") - 20] ^= 1
open("late.refs", "wb").write(b)'
status 1 "a string that is damaged at its end" export csv late.refs -o kept.csv
cmp -s a.csv kept.csv && ! ls kept.csv.* > /dev/null 2>&1
result $? "leaves what was there"
(
	ulimit -f 1
	trap '' XFSZ
	"$MMSCOPE" export csv a.refs -o kept.csv 2> err
)
[ $? = 1 ] && grep -q 'kept.csv: File too large' err && cmp -s a.csv kept.csv
result $? "no room: so does that"
(
	ulimit -f 1
	trap '' XFSZ
	# shellcheck disable=SC2002	# a pipe is what is tested
	cat a.refs | "$MMSCOPE" export info - 2> err > out
)
[ $? = 1 ] && grep -q 'File too large' err
result $? "no room for what comes by a pipe: is named so"
python3 -c '
import struct, sys
for i in range(2000000): sys.stdout.buffer.write(struct.pack("<I", i * 5))' > many.u32
(
	ulimit -v 50000
	"$MMSCOPE" import u32 many.u32 -o x.refs > out 2> err
)
[ $? = 1 ] && grep -q 'many.u32: out of memory for more than [0-9]* pages: take less of it with --max-refs$' err && [ ! -e x.refs ]
result $? "no memory for so many pages: is named so"
rm many.u32
mkfifo fifo
for format in lackey refs; do
	"$MMSCOPE" import $format fifo -o x.refs > out 2> err &
	pid=$!
	# Not the shell that becomes it, which would clear up.
	for _ in {1..300}; do
		[ /proc/$pid/exe -ef "$MMSCOPE" ] &&
			[ $((0x$(sed -n 's/^SigCgt:\t//p' /proc/$pid/status) & 0x4000)) != 0 ] && break
		sleep 0.1
	done
	for _ in {1..300}; do
		kill $pid 2> /dev/null || break
		sleep 0.1
	done
	wait $pid
	[ $? = 1 ] && [ "$(cat err)" = "mmscope: interrupted: x.refs is not written" ]
	result $? "$format: interrupted before the trace is there"
done
rm fifo
status 1 "no such trace" import lackey nosuch -o x.refs
status 1 "a trace of nothing" import lackey a.csv -o x.refs
status 1 "an empty trace" import u32 /dev/null -o x.refs
status 1 "half a record" import u64 <(printf 1234567890123) -o x.refs
grep -q 'record 2: .*: is it u64 at all? Else copy' err
result $? "names the record"
# shellcheck disable=SC2002	# a pipe is what is tested
gzip -c a.u32 | "$MMSCOPE" import u32 - --name a.u32 -o packed.refs > out 2> err
status 0 "u32" import u32 a.u32 -o plain.refs
cmp -s plain.refs packed.refs
result $? "packed numbers by a pipe are unpacked"
zstd -q a.u32 -o other && status 0 "u32 by another name" import u32 --name a.u32 other -o packed.refs
cmp -s plain.refs packed.refs
result $? "packed numbers by another name are unpacked"
printf 'time_ns,page\n1,5\n2,6\n' > times.csv
status 1 "an exact trace with times" import csv times.csv -o x.refs
grep -q 'if each reference is there, in its order, leave that out (--columns -,address,rw' err
result $? "says how it is exact"
sed 1d times.csv > bare.csv
status 0 "without its times" import csv --columns -,page bare.csv -o x.refs && rm x.refs
printf 'page\n1\nx\n' > bad.csv
printf 'page\n1,234\n' > many.csv
status 1 "a number with a comma" import csv many.csv -o x.refs
grep -q 'many.csv: line 2: more columns than the first line has' err
result $? "is no page, and the line is named"
status 1 "a bad line" import csv bad.csv -o x.refs
grep -q 'bad.csv: line 3:' err
result $? "names the line"
status 1 "no such folder" import lackey a.txt -o nosuch/x.refs
status 1 "a full disk" import lackey a.txt -o /dev/full
[ ! -e x.refs ] && ! ls ./x.refs.* > /dev/null 2>&1
result $? "none of these left anything"

status 2 "import: nothing" import
status 2 "import: no file" import lackey -o x.refs
status 2 "import: no string" import lackey a.txt
status 2 "import: page shift" import lackey -s 31 a.txt -o x.refs
status 2 "import: page shift is a word" import lackey -s 4k a.txt -o x.refs
status 2 "import: no time" import csv --sampled often s.csv -o x.refs
status 2 "import: unknown column" import csv --columns page,foo a.csv -o x.refs
grep -q "column 'foo' is unknown: there are address" err
result $? "lists those there are"
status 1 "import: columns over a line of names" import csv --columns -,proc,pid,page,rw a.csv -o x.refs
grep -q 'line 1: not a number: a line of names? Leave it away' err
result $? "says so"
status 2 "import: unknown format" import foo a.txt -o x.refs
grep -q "'foo': there are lackey, oracleGeneral, csv, u32, u64, refs" err
result $? "lists those there are"
status 2 "export: unknown format" export foo a.refs -o x
grep -q "'foo': there are info, oracleGeneral, csv, u32" err
result $? "lists those there are"
status 2 "import: no references" import lackey --max-refs 0 a.txt -o x.refs
status 2 "import: turns of one" import lackey --interleave 5 a.txt -o x.refs
status 2 "import: more names than files" import lackey --name a --name b a.txt -o x.refs
status 2 "import: option of another format" import lackey --hex a.txt -o x.refs
status 2 "import: a command of another format" import csv -o x.refs -- true
status 2 "import: no command" import lackey -o x.refs --
status 2 "import: a command and a file" import lackey a.txt -o x.refs -- true
status 2 "import: stdin twice" import lackey - - -o x.refs
status 2 "export: nothing" export
status 2 "export: no string" export info
status 2 "export: no file" export csv a.refs
status 2 "export: two strings" export info a.refs b.refs
status 2 "export: info into a file" export info a.refs -o x

# --- a real command ---
PATH=/nonexistent "$MMSCOPE" import lackey -o x.refs -- /bin/true > out 2> err
[ $? = 3 ] && grep -q '^mmscope: valgrind is missing: install it' err && [ ! -e x.refs ]
result $? "without valgrind"
mkdir -p folders/valgrind
printf '#!/bin/sh\n' > valgrind && chmod +x valgrind
PATH=$PWD/folders::$PATH run doctor -O json
[ "$(jq -r '[.. | objects | select(.feature? == "valgrind")][0].detail' out)" = ./valgrind ]
result $? "doctor finds the same valgrind"
rm valgrind
if command -v valgrind > /dev/null; then
	valgrind --tool=lackey --trace-mem=yes --log-file=true.txt /bin/true
	status 0 "a real trace" import lackey -O json true.txt -o true.refs
	[ "$(json '[.refs, .pages] | join(" ")')" = "$(python3 "$refs" counts true.txt)" ]
	result $? "has as many references and pages"
	status 0 "real, to csv" export csv true.refs -o true.csv
	status 0 "real, to oracleGeneral" export oracleGeneral true.refs -o true.oracleGeneral
	agrees "and the same ones" lackey true.txt true.csv true.oracleGeneral 12
	run import lackey -O csv -o live.refs -- /bin/true
	[ "$rc" = 0 ] && [ ! -s out ] && grep -q '^proc,pid,pages,' err
	result $? "a command: the report is not in its output"
	status 0 "a command: info" export info -O json live.refs
	# The environment is not quite that of the trace above.
	[ "$(json .refs)" -gt 50000 ] && [ "$(json '.processes[0].name')" = true ]
	result $? "is a string"
	# It would run for ever, were it not ended.
	run import lackey --max-refs 1000 -O json -o live.refs -- sh -c 'while :; do :; done'
	[ "$rc" = 0 ] && [ "$(jq -r .refs err)" = 1000 ]
	result $? "a command that does not end is ended"
	cut_off true "and says so" export info -O json live.refs
	# What it leaves behind has the pipe of the trace, and would be waited for.
	run import lackey -O json -o live.refs -- sh -c 'sleep 60 > /dev/null & echo $! > behind'
	[ "$rc" = 0 ] && kill -0 "$(cat behind)" && [ "$(jq -r .cut err)" = false ]
	result $? "what a command leaves running is not waited for"
	kill "$(cat behind)"
	run import lackey -o live7.refs -- sh -c 'echo out; exit 7'
	[ "$rc" = 7 ] && grep -q 'status 7' err && [ "$(cat out)" = out ] && "$MMSCOPE" export info live7.refs > /dev/null
	result $? "its output and its status are its own, and the string is written"
	run import lackey -o live.refs -- sh -c 'kill -TERM $$'
	[ "$rc" = 143 ] && grep -q 'signal 15' err
	result $? "so is the signal that it died of"
	run import lackey -o live.refs -- sh -c '(sleep 20; : > late) > /dev/null 2>&1 & echo $! > pid'
	[ "$rc" = 0 ] && [ ! -e late ]
	result $? "a child that goes on is not waited for"
	kill "$(cat pid)" 2> /dev/null
	rm -f pid late
	status 2 "a string among a command's output" import lackey -o - -- /bin/true
	# Whatever ends us: valgrind ends too, and what is not whole has no name.
	for signal in INT TERM HUP KILL; do
		env --default-signal=INT,HUP "$MMSCOPE" import lackey -O json -o "$signal.refs" -- \
			sh -c 'echo $$ > pid; while :; do :; done' > out 2> err &
		pid=$!
		for _ in {1..300}; do
			[ -s pid ] && break
			sleep 0.1
		done
		child=$(cat pid)
		rm pid
		kill -$signal $pid
		wait $pid 2> /dev/null
		for _ in {1..100}; do
			kill -0 "$child" 2> /dev/null || break
			sleep 0.1
		done
		! kill -0 "$child" 2> /dev/null && ! ls $signal.refs.* > /dev/null 2>&1
		result $? "SIG$signal: the command has ended, and nothing is beside"
		if [ $signal = KILL ]; then
			[ ! -e KILL.refs ]
		else
			[ "$(jq -r '[.used + .straddles - .refs, .cut] | @csv' err)" = 0,true ]
		fi
		result $? "SIG$signal: the string is what was seen, or is not there"
	done
	# As a terminal does it: all of the process group gets the signal.
	rm -f pid
	setsid "$MMSCOPE" import lackey -O json -o ctrl-c.refs -- \
		sh -c 'echo $$ > pid; while :; do :; done' > out 2> err &
	pid=$!
	for _ in {1..300}; do
		[ -s pid ] && break
		sleep 0.1
	done
	child=$(cat pid)
	kill -INT -- -$pid
	wait $pid
	rc=$?
	! kill -0 "$child" 2> /dev/null && ! ls ctrl-c.refs.* > /dev/null 2>&1
	result $? "Ctrl-C: valgrind has ended, and nothing is beside"
	if [ $rc = 0 ]; then
		status 0 "Ctrl-C: the string is whole" export info -O json ctrl-c.refs
		[ "$(json .cut)" = true ] && [ "$(json .refs)" -gt 0 ]
	else
		[ ! -e ctrl-c.refs ] && grep -q 'ctrl-c.refs is not written' err
	fi
	result $? "Ctrl-C: and says that it was cut off, or is not there"
	cut_off false "a command to its end" export info -O json live7.refs
	printf '#!/usr/bin/env sh\n:\n' > script && chmod +x script
	run import lackey -o x.refs -- ./script
	grep -q "^# ./script is a script: .*'/usr/bin/env sh'.*-- BINARY ./script" err
	result $? "the interpreter of a script is named, and how to see another program"
	PATH=$PWD:$PATH run import lackey -o x.refs -- script
	grep -q "^# script is a script: " err
	result $? "by PATH, too"
	mkdir -p folders/script
	PATH=$PWD/folders::$PATH run import lackey -o x.refs -- script
	grep -q "^# script is a script: " err
	result $? "by PATH, where a folder is none and an empty part is this one"
	run import lackey -o x.refs -- sh script
	[ "$rc" = 0 ] && ! grep -q 'is a script' err
	result $? "an interpreter is no script"
	rm x.refs
	run import lackey -o x.refs -- /no/such/command
	[ "$rc" = 1 ] && grep -q '^mmscope: /no/such/command: cannot be run' err && [ ! -e x.refs ]
	result $? "no such command"
else
	skip "a real command" "no valgrind"
fi
finish
