# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# KTAP for tests of the command line. Run by tests/run-unit with MMSCOPE set.
# Neither root nor the module is needed; where root changes the answer, the
# tests run as they are and say which of the allowed answers is right.
MMSCOPE=$(realpath "${MMSCOPE:-$(dirname "$0")/../../build/mmscope}")
top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"; [ -z "$bg" ] || kill $bg 2> /dev/null' EXIT
nr=0
failed=0
bg=
name=$(basename "$0" .t)

# result OK NAME: one line
result() {
	nr=$((nr + 1))
	if [ "$1" = 0 ]; then
		echo "ok $nr - $name: $2"
	else
		echo "not ok $nr - $name: $2"
		sed 's/^/# stdout: /' "$tmp/out"
		sed 's/^/# stderr: /' "$tmp/err"
		failed=1
	fi
}

skip() { # NAME REASON
	nr=$((nr + 1))
	echo "ok $nr - $name: $1 # SKIP $2"
}

# run ARG...: stdout, stderr, rc
run() {
	"$MMSCOPE" "$@" > "$tmp/out" 2> "$tmp/err"
	rc=$?
}

# status WANT NAME ARG...: exit status, and one line on stderr if it is not 0
status() {
	local want=$1 what=$2 bad=0
	shift 2
	run "$@"
	[ "$rc" = "$want" ] || bad=1
	if [ "$want" = 0 ]; then
		[ -s "$tmp/err" ] && bad=1
	else
		[ "$(wc -l < "$tmp/err")" = 1 ] && grep -q '^mmscope: ' "$tmp/err" || bad=1
	fi
	result $bad "$what"
}

finish() {
	echo "1..$nr"
	exit $failed
}
