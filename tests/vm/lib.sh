# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Owns what every lab script shares: where things are, how to complain, locks, the table of kernels.
# Must not know how kernels are fetched, built or booted.

vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top_dir=$(cd "$vm_dir/../.." && pwd)
# shellcheck disable=SC2034	# used by the scripts that source this file
build_dir=$top_dir/build
cache_dir=${MMSCOPE_CACHE:-/var/cache/mmscope}

# Exit codes of the lab itself; tests/vm/run -h explains them.
readonly EX_USAGE=2 EX_LAB=69 EX_SPLAT=70 EX_SILENT=71 EX_INSMOD=72 EX_TIMEOUT=124
export PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# die STATUS MESSAGE: one line, then out.
die()
{
	local status=$1

	shift
	say "$*"
	exit "$status"
}

# quietly WHAT CMD...: run CMD; only when it fails show its output and say WHAT failed.
quietly()
{
	local what=$1 log status=0

	shift
	log=$(mktemp)
	"$@" >"$log" 2>&1 </dev/null || status=$?
	if [ $status -ne 0 ]; then
		# apt's own words for what went wrong say more than all its lines.
		grep '^E: ' "$log" >&2 || tail -n 40 "$log" >&2
		say "$what failed (status $status)"
	fi
	rm -f "$log"
	return $status
}

# with_lock NAME CMD...: run CMD (a function too) while no other process holds NAME.
with_lock()
{
	local name=$1 fd status=0

	shift
	mkdir -p "$cache_dir/locks" || die $EX_LAB "cannot write to $cache_dir (set MMSCOPE_CACHE)"
	{ exec {fd}>"$cache_dir/locks/$name"; } 2>/dev/null ||
		die $EX_LAB "cannot write to $cache_dir (root's? set MMSCOPE_CACHE)"
	flock "$fd"
	# Programs started meanwhile must not inherit the lock: an orphan would hold it for ever.
	"$@" {fd}>&- || status=$?
	exec {fd}>&-
	return $status
}

# hash_of: a short key for what comes on stdin.
hash_of() { sha256sum | cut -c1-12; }

# kernel_rows: the table without comments.
kernel_rows() { grep -v -e '^#' -e '^[[:space:]]*$' "$vm_dir/kernels"; }

kernel_names() { kernel_rows | awk '{ print $1 }'; }

# kernel_field NAME COLUMN: 1 name, 2 suite, 3 image, 4 headers, 5 flags
kernel_field() { kernel_rows | awk -v n="$1" -v c="$2" '$1 == n { print $c }'; }

# kernel_flag NAME FLAG: the value of FLAG=value, or nothing
kernel_flag() { kernel_field "$1" 5 | tr , '\n' | sed -n "s/^$2=//p"; }

# is_built NAME: no package has it; it is built here
is_built() { [ -n "$(kernel_flag "$1" config)" ]; }

# kernel_dir NAME: the unpacked kernel that is current
kernel_dir() { readlink -f "$cache_dir/kernels/$1/current"; }

# kernel_release NAME: what uname -r will say; nothing when it was never fetched
kernel_release() { cat "$cache_dir/kernels/$1/current/release" 2>/dev/null; }

# compiler_of HEADERS: gcc-N, the compiler the kernel was built with
compiler_of()
{
	sed -n 's/^CONFIG_GCC_VERSION=\([0-9]*\)[0-9]\{4\}$/gcc-\1/p' "$1/include/config/auto.conf"
}

# kernel_name WORD: the table's name for WORD, which may be the start of a cached release; that of a
# kernel that is built here only as a whole.
kernel_name()
{
	local name release

	if [ -n "$(kernel_field "$1" 1)" ]; then
		echo "$1"
		return
	fi
	for name in $(kernel_names); do
		release=$(kernel_release "$name")
		if [ "$release" = "$1" ] || { ! is_built "$name" && [[ $release == "$1"[.+-]* ]]; }; then
			echo "$name"
			return
		fi
	done
	die $EX_USAGE "no kernel '$1'; there are: $(kernel_names | xargs)"
}
