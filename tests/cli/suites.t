#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What starts the tests: what hangs, dies or leaks is told whatever its checks said, and no variable of
# the environment chooses what is built.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# guest-suite's limited() with tests of ours
mkdir "$tmp/bpf"
echo 'import time; time.sleep(60)' > "$tmp/bpf/test_hangs.py"
echo 'import nosuch' > "$tmp/bpf/test_dies.py"
echo 'from ktap import ok; ok(False, "x")' > "$tmp/bpf/test_fails.py"
sed -n '/^limited() {/,/^}/p; /^some() {/,/^}/p' "$top/tests/guest-suite" | sed "s/limited 600 /limited \$limit /" > "$tmp/functions"
for t in hangs dies fails; do
	[ $t = hangs ] && limit=2 || limit=60
	here=$tmp limit=$limit PYTHONPATH=$top/tests/kernel PYTHONDONTWRITEBYTECODE=1 \
		bash -c ". '$top/tests/guest-env'; . '$tmp/functions'; status=0; some $t; [ \$status = 1 ]" > "$tmp/out" 2> "$tmp/err"
	result $? "guest-suite: a test that $t fails its suite"
	case $t in
	hangs) want="not ok - hangs: timed out" ;;
	dies) want="not ok - dies: ended with status 1" ;;
	fails) want=$'not ok 1 - fails: x\n1..1' ;;
	esac
	[ "$(cat "$tmp/out")" = "$want" ]
	result $? "guest-suite: a test that $t: its last words"
done

# ktap.py: what is raised outside of a case
echo 'from ktap import ok; ok(True, "x"); raise RuntimeError' > "$tmp/raises.py"
PYTHONPATH=$top/tests/kernel PYTHONDONTWRITEBYTECODE=1 python3 "$tmp/raises.py" > "$tmp/out" 2> "$tmp/err"
[ $? = 3 ] && grep -q '^not ok 2 - raises: ran to its end$' "$tmp/out" && grep -qx '1..2' "$tmp/out"
result $? "ktap: what is raised outside of a case is a failure"

# run-unit: a program whose tests pass, and which leaks
mkdir "$tmp/unit"
for status in 0 23; do
	printf '#!/bin/sh\necho 1..1\necho ok 1 - x\nexit %d\n' $status > "$tmp/unit/test_$status"
	chmod +x "$tmp/unit/test_$status"
	"$top/tests/run-unit" "$tmp" "$tmp/unit/test_$status" > "$tmp/out" 2> "$tmp/err"
	cp "$tmp/unit/test_$status.out" "$tmp/unit-$status.tap"
	"$top/tests/tally" "$top/tests/skips" "$tmp/unit-$status.tap" > "$tmp/out" 2> "$tmp/err"
	[ $((!$?)) = $((!status)) ]
	result $? "run-unit: a program that passes all its tests and has status $status"
done

# run-guests in a tree where a guest is a line
mkdir -p "$tmp/tree/tests/vm" "$tmp/tree/build/workloads"
(cd "$tmp/tree/tests" && cp "$top"/tests/{run-guests,tally,skips} . && mkdir kernel stress bpf reclaim cli && touch guest-suite guest-env vm/kernels &&
	printf '#!/bin/sh\n' | tee vm/build-module > bundle-cc && chmod +x vm/build-module bundle-cc)
guest() { # STATUS LINE...: what run-guests makes of a guest that says so
	local status=$1
	shift
	printf '%s\n' "$@" > "$tmp/tree/said"
	echo "case \$* in --list) ;; *) cat said; exit $status ;; esac" > "$tmp/tree/tests/vm/run"
	chmod +x "$tmp/tree/tests/vm/run"
	echo "row 6.12 suite" > "$tmp/tree/matrix"
	rm -rf "$tmp/tree/build/results"
	MMS_MATRIX=matrix MMS_RESULTS=results MMS_JOBS=1 MMS_AGAIN_UNTIL=0 MMS_BESIDE='' "$tmp/tree/tests/run-guests" build > "$tmp/out" 2> "$tmp/err"
	"$top/tests/tally" "$top/tests/skips" "$tmp/tree/build/results/row.tap" > "$tmp/out"
}
guest 0 1..1 'ok 1 - a: x'
result $? "run-guests: a guest that passes"
guest 1 1..1 'ok 1 - a: x'
[ $? = 1 ] && grep -q 'guest-suite failed' "$tmp/out"
result $? "run-guests: a suite that fails and does not say of what"
[ ! -e "$tmp/tree/build/results/again" ]
result $? "run-guests: it has no second chance"
guest 1 1..1 'not ok 1 - a: x'
[ $? = 1 ] && ! grep -q 'guest-suite failed' "$tmp/out" && grep -qx row "$tmp/tree/build/results/again"
result $? "run-guests: a suite that says what failed has one"

KERNEL=mine make -n -C "$top" debug-kernel > "$tmp/out" 2> "$tmp/err"
# all that are built here, as the table has them
grep -qx "tests/vm/fetch -b $(awk '/config=/ && !/^#/ { print $1 }' "$top/tests/vm/kernels" | xargs)" "$tmp/out"
result $? "debug-kernel: KERNEL of the environment is not meant"
make -n -C "$top" debug-kernel KERNEL=kasan > "$tmp/out" 2> "$tmp/err"
grep -q 'fetch -b kasan$' "$tmp/out"
result $? "debug-kernel: KERNEL of the command line is"

make -s -C "$top" help > "$tmp/out" 2> "$tmp/err"
missing=$(sed -n 's/^\.PHONY: //p' "$top/Makefile" "$top/tests/tests.mk" | xargs -n 1 |
	grep -vxE 'FORCE|bpf|workloads|coverage-build|pure-files' | while read -r name; do
	grep -qE "^  make $name  *[a-z]" "$tmp/out" || echo "$name"; done)
[ -z "$missing" ] || echo "not there: $missing" >> "$tmp/err"
[ "$(wc -l < "$tmp/out")" -ge 20 ] && [ ! -s "$tmp/err" ]
result $? "make help has each target that people call"

# refused ERROR COMMAND...: words that mean nothing are refused before anything is done
refused() {
	local error=$1
	shift
	(cd "$top" && "$@") > "$tmp/out" 2> "$tmp/err"
	[ $? = 2 ] && [ "$(wc -l < "$tmp/err")" = 1 ] && grep -q -- "$error" "$tmp/err"
	result $? "refused: ${*//"$tmp"/DIR}"
}
mkdir -p "$tmp/o/deep/row"
refused "no row 'nope' in tests/matrix$" tests/run-guests "$tmp/o" nope
refused "no row 'nope' in tests/matrix-deep" tests/check-deep "$tmp/o" kasan-cow nope
[ -d "$tmp/o/deep/row" ]
result $? "check-deep: results of others stay"
refused "usage: " tests/run-guests
refused "usage: " tests/check-deep
refused "usage: " tests/static/run
refused "usage: " tests/coverage/run
refused "usage: " tests/coverage/module
refused "no program 'id'" tests/static/run "$tmp/o" sparse id
refused "no kernel '6.12' is built here" tests/vm/fetch -b kasan 6.12
refused "no kernel is named" tests/vm/fetch -b
refused "no option '-x'" tests/vm/fetch -x
refused "no kernel 'nope'" tests/vm/selftest nope
refused "no group 'watcher'" env T="status watcher" tests/vm/selftest 6.12
refused "no file '/nonexist'" tests/vm/run -f /nonexist -- true
finish
