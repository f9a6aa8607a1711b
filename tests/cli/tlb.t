#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mmscope tlb, mistyped: refused before anything is asked of the kernel.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

status 2 "pid 0" tlb -p 0
status 2 "pid is a word" tlb -p self
status 2 "negative pid" tlb -p -1
status 2 "pid with a tail" tlb -p 12x 1
status 2 "pid too large" tlb -p 99999999999999999999
status 2 "pid missing" tlb -p
status 2 "cgroup missing" tlb -c
status 1 "no such cgroup" tlb -c /no/such/cgroup 1
status 2 "file missing" tlb -o
status 2 "attach kind unknown" tlb --attach magic 1
status 2 "attach kind of faults" tlb --attach kprobe.session 1
status 2 "attach kind missing" tlb --attach
status 2 "interval is a word" tlb fast
status 2 "a command without --" tlb ls
status 2 "interval 0" tlb 0
status 2 "negative interval" tlb -1
status 2 "interval with an unknown unit" tlb 1x
status 2 "count 0" tlb 1 0
status 2 "count is a word" tlb 1 x
status 2 "too many" tlb 1 1 1
status 2 "no command after --" tlb --
status 2 "a command and a pid" tlb -p 1 -- true
status 2 "everything and a pid" tlb -a -p 1
status 2 "everything and a command" tlb -a -- true
status 2 "option of another command" tlb --hist
status 2 "a newline in the pid stays one line" tlb -p $'1\n2'
status 1 "file in a folder that is not there" tlb -o /no/such/folder/file 1 1
[ ! -s "$tmp/out" ]
result $? "and nothing on stdout"
finish
