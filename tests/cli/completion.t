#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The words that completion offers are those that the commands take.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/completion/mmscope
. "$top/tools/completion/mmscope"

# offers WORDS COMMAND ARG...: for an empty word after these
offers() {
	local want=$1
	shift
	COMP_WORDS=(mmscope "$@" "")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_mmscope
	echo "${COMPREPLY[*]}" > "$tmp/out"
	[ "${COMPREPLY[*]}" = "$want" ]
	result $? "$* offers $want"
}

: > "$tmp/err"
offers "fentry kprobe" tlb --attach
offers "kprobe.session fentry/fexit kprobe+kretprobe" faults --attach
offers "kprobe.session fentry/fexit kprobe+kretprobe" cow --attach
offers vma cow --by
mmscope() {
	"$MMSCOPE" "$@"
}
COMP_WORDS=(mmscope replay -p l)
COMP_CWORD=3
_mmscope
[[ " ${COMPREPLY[*]} " == *" lru lfu "* ]]
result $? "replay -p l offers lru and lfu"
offers "zram nvme ssd hdd" size --device
offers "equal proportional priority working-set pff optimal global" allot --rule
offers "" size
# No word that is offered is refused as unknown: what comes after it is.
for c in tlb faults cow; do
	COMP_WORDS=(mmscope "$c" --attach "")
	COMP_CWORD=3
	_mmscope
	for kind in "${COMPREPLY[@]}"; do
		status 2 "$c knows $kind" "$c" --attach "$kind" 1 1 1
		grep -q 'too many' "$tmp/err"
		result $? "$c: and that is not what it refuses"
	done
done
finish
