#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What people mistype: exit status 2 or 1, one line, nothing on stdout.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

for c in maps ranges census wss; do
	status 2 "$c: no pid" "$c"
	status 2 "$c: pid is a word" "$c" self
	status 2 "$c: negative pid" "$c" -1
	status 2 "$c: negative pid after --" "$c" -- -1
	status 2 "$c: pid 0" "$c" 0
	status 2 "$c: pid too large" "$c" 99999999999999999999
	status 2 "$c: pid with a tail" "$c" 12x
	status 2 "$c: too many" "$c" 1 1 1 1
	status 1 "$c: no such process" "$c" 2147483647
	status 2 "$c: a newline in the pid stays one line" "$c" $'1\n2'
done
for c in faults cow tlb thp; do
	status 1 "$c: no such process" "$c" -p 2147483647
	status 2 "$c: a long option without its value" "$c" --top
done
status 2 "walk: nothing" walk
status 2 "walk: no address" walk 1
status 2 "walk: bad address" walk 1 heap
status 2 "walk: range the wrong way" walk 1 2000-1000
status 2 "walk: empty range" walk 1 1000-1000
status 2 "walk: open range" walk 1 1000-
status 2 "walk: address too long" walk 1 10000000000000000
status 2 "walk: empty pid in a list" walk 1,,2 1000
status 2 "walk: three arguments" walk 1 1000 2000
status 1 "walk: no such process" walk 2147483647 1000
status 1 "walk: kernel address" walk $$ ffffffff81000000
status 2 "wss: bad interval" wss 1 x
status 2 "wss: interval 0" wss 1 0
status 2 "wss: interval below a scan" wss 1 1ms
status 2 "wss: count 0" wss 1 1 0
status 2 "wss: negative count" wss 1 1 -1
status 2 "wss: scan too short" wss -s 9 1
status 2 "wss: scan too long" wss -s 600001 1
status 2 "wss: scan is a word" wss -s fast 1
status 2 "wss: scan longer than the interval" wss -s 2000 1 1
status 2 "wss: more scans than ages" wss -s 10 1 60
status 2 "wss: --clear-refs with -e" wss --clear-refs -e 1
status 2 "doctor: an argument" doctor 1
status 2 "cow: pid is a word" cow -p self
status 2 "cow: pid and a command" cow -p 1 -- true
status 2 "cow: all and a process" cow -a -p 1
status 2 "cow: no command" cow --
status 2 "cow: bad interval" cow x
status 2 "cow: count 0" cow 1 0
status 2 "cow: by what it does not know" cow --by file
status 2 "cow: rows as a word" cow -n many
status 2 "cow: stacks and forks" cow --stacks -n 5
status 2 "cow: stacks and pages" cow --stacks --no-shared
status 2 "cow: no such way to attach" cow --attach magic
status 2 "faults: no key" faults --by ""
status 2 "faults: unknown key" faults --by page
status 2 "faults: a key twice" faults --by kind,process,kind
status 2 "faults: two places" faults --by vma,file
status 2 "faults: unknown kind" faults -k segv,none
status 2 "faults: unknown order" faults --sort name
status 2 "faults: no rows" faults --top 0
status 2 "faults: children of nobody" faults --children
status 2 "faults: two subjects" faults -p 1 -t 1
status 2 "faults: a command and a subject" faults -t 1 -- true
status 2 "faults: used by nobody" faults --used
status 2 "faults: used by children" faults --used --children -p 1
status 2 "faults: used, too often" faults --used=9 -p 1
status 2 "faults: used, and events" faults --used --events -p 1
status 2 "faults: stacks of no side" faults --stacks=all
status 2 "faults: stacks and events" faults --stacks --events
status 2 "faults: stacks and rows" faults --stacks --by vma
status 2 "faults: stacks and neighbours" faults --stacks --around
status 2 "faults: stacks and uses" faults --stacks --used -p 1
status 2 "faults: stacks and a budget" faults --stacks --max-overhead 5
status 2 "faults: a weight of no stack" faults --weight ns
status 2 "faults: unknown weight" faults --stacks --weight pages
status 2 "faults: cold without a command" faults --cold
status 2 "faults: cold with rows" faults --cold --by vma -- true
status 2 "faults: events with rows" faults --events --top 3
status 2 "faults: kinds without a look" faults --no-kinds -k segv
status 2 "faults: a budget of nothing" faults --max-overhead 0
status 2 "faults: no command" faults --

# A zombie: the child of a shell that does not wait. It must outlive the exec, or bash reaps it.
bash -c 'sleep 1 & exec sleep 90' &
bg=$!
for _ in $(seq 600); do
	sleep 0.1
	# shellcheck disable=SC2013
	zombie=$(for p in $(cat "/proc/$bg/task/$bg/children" 2> /dev/null); do
		grep -q '^State:.Z' "/proc/$p/status" && echo "$p"
	done)
	[ -n "$zombie" ] && break
done
if [ -n "$zombie" ]; then
	status 1 "a zombie" maps "$zombie"
	grep -q zombie "$tmp/err"
	result $? "a zombie is named so"
else
	skip "a zombie" "no zombie came to be"
fi
# A name that holds what separates fields and lines in /proc.
python3 -c 'import ctypes, time; ctypes.CDLL(None).prctl(15, b"a) Z\nb", 0, 0, 0); time.sleep(60)' &
odd=$!
for _ in $(seq 300); do
	grep -q Z "/proc/$odd/comm" && break
	sleep 0.1
done
status 0 "a process with a newline in its name" maps --no-module -O json "$odd"
grep -q '"comm":"a) Z\\nb"' "$tmp/out"
result $? "and json has all of the name"
kill $odd
kthread=$(awk '$2 == "(kthreadd)" { print $1 }' /proc/2/stat 2> /dev/null)
if [ -n "$kthread" ]; then
	status 1 "a kernel thread" maps "$kthread"
	grep -q 'kernel thread' "$tmp/err"
	result $? "a kernel thread is named so"
else
	skip "a kernel thread" "none to be seen here"
fi
finish
