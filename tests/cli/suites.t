#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What starts the tests: a test of a guest that hangs is named, and no variable of the environment
# chooses what is built.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# guest-suite's limited() with tests of ours
mkdir "$tmp/bpf"
echo 'import time; time.sleep(60)' > "$tmp/bpf/test_hangs.py"
echo 'import sys; sys.exit(1)' > "$tmp/bpf/test_fails.py"
sed -n '/^limited() {/,/^}/p; /^some() {/,/^}/p' "$top/tests/guest-suite" | sed "s/limited 600 /limited \$limit /" > "$tmp/functions"
for t in hangs fails; do
	[ $t = fails ] && limit=60 || limit=2
	here=$tmp limit=$limit bash -c ". '$tmp/functions'; status=0; some $t; [ \$status = 1 ]" > "$tmp/out" 2> "$tmp/err"
	result $? "guest-suite: a test that $t fails its suite"
	[ $t = fails ] || want="not ok - $t: timed out"
	[ "$(cat "$tmp/out")" = "${want-}" ]
	result $? "guest-suite: a test that $t: its last words"
	unset want
done

KERNEL=mine make -n -C "$top" debug-kernel > "$tmp/out" 2> "$tmp/err"
grep -q 'fetch kasan lockdep kcsan$' "$tmp/out"
result $? "debug-kernel: KERNEL of the environment is not meant"
make -n -C "$top" debug-kernel KERNEL=kasan > "$tmp/out" 2> "$tmp/err"
grep -q 'fetch kasan$' "$tmp/out"
result $? "debug-kernel: KERNEL of the command line is"
finish
