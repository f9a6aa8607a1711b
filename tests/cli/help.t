#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Help, and that the man pages say the same.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
commands="doctor walk maps ranges census wss faults tlb thp cow thrash import export replay size allot"

# The SYNOPSIS of a page as plain words.
synopsis() {
	MANWIDTH=500 man -l "$1" 2> /dev/null | col -bx | sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' | sed '1d;$d' |
		tr -s ' \n' ' ' | sed 's/^ //; s/ $//'
}

usage() {
	"$MMSCOPE" "$@" -h | sed -n '/^Usage:/,/^$/p' | sed 's/^Usage://' | tr -s ' \n' ' ' |
		sed 's/^ //; s/ $//'
}

for c in $commands; do
	status 0 "$c -h" "$c" -h
	grep -q '^EXAMPLES:' "$tmp/out" && ! grep -q '.\{101\}' "$tmp/out"
	result $? "$c -h has examples, in lines of a screen"
	cp "$tmp/out" "$tmp/h"
	status 0 "help $c" help "$c"
	cmp -s "$tmp/h" "$tmp/out"
	result $? "help $c equals $c -h"
	"$MMSCOPE" -h | grep -q "^  $c "
	result $? "$c is in the list"
	page=$top/Documentation/man/mmscope-$c.8
	[ -f "$page" ]
	result $? "$c has a man page"
	if command -v man > /dev/null && command -v col > /dev/null; then
		synopsis "$page" > "$tmp/out"
		usage "$c" > "$tmp/err"
		cmp -s "$tmp/out" "$tmp/err"
		result $? "$c: SYNOPSIS equals usage"
	else
		skip "$c: SYNOPSIS equals usage" "no man or col"
	fi
done
status 0 "-h" -h
status 0 "help" help
status 0 "--version" --version
status 2 "no command" 
status 2 "unknown command" walkk
status 2 "names are not abbreviated" wal
status 2 "unknown option" --frobnicate
status 2 "help of an unknown command" help nope
status 2 "help of two" help walk maps
for c in $commands; do
	status 2 "$c: unknown long option" "$c" --frobnicate
	status 2 "$c: unknown short option" "$c" -Q
	status 2 "$c: unknown format" "$c" -O xml
	status 2 "$c: format missing" "$c" -O
done
finish
