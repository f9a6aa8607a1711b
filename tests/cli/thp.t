#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mmscope thp, mistyped: refused before anything is asked of the kernel.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

status 2 "pid 0" thp -p 0
status 2 "pid is a word" thp -p self
status 2 "negative pid" thp -p -1
status 2 "pid with a tail" thp -p 12x 1
status 2 "pid too large" thp -p 99999999999999999999
status 2 "pid missing" thp -p
status 2 "cgroup missing" thp -c
status 1 "no such cgroup" thp -c /no/such/cgroup 1
status 2 "file missing" thp -o
status 2 "interval is a word" thp fast
status 2 "a command without --" thp ls
status 2 "interval 0" thp 0
status 2 "negative interval" thp -1
status 2 "interval with an unknown unit" thp 1x
status 2 "count 0" thp 1 0
status 2 "count is a word" thp 1 x
status 2 "too many" thp 1 1 1
status 2 "no command after --" thp --
status 2 "a command and a pid" thp -p 1 -- true
status 2 "option of another command" thp --hist
status 2 "everything and a pid" thp -a -p 1
status 2 "everything and a command" thp -a -- true
status 2 "children of everything" thp --children 1
status 2 "children of a command" thp --children -- true
status 2 "a newline in the pid stays one line" thp -p $'1\n2'
status 1 "file in a folder that is not there" thp -o /no/such/folder/file 1 1
[ ! -s "$tmp/out" ]
result $? "and nothing on stdout"
finish
