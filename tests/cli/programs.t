#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The programs of tests/ that people start by hand: what they mistype is status 2 and no test, what needs a guest says so.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
export PYTHONDONTWRITEBYTECODE=1

# says STATUS WORDS NAME COMMAND...: that status, one line with the words on stderr, nothing on stdout
says() {
	local want=$1 words=$2 what=$3
	shift 3
	"$@" > "$tmp/out" 2> "$tmp/err" < /dev/null
	[ $? = "$want" ] && [ ! -s "$tmp/out" ] && [ "$(wc -l < "$tmp/err")" = 1 ] && grep -qF -- "$words" "$tmp/err"
	result $? "$what"
}

fuzz=$top/tests/fuzz/run
mkdir "$tmp/fuzz"
says 2 "usage: " "fuzz/run: nothing" "$fuzz"
says 2 "usage: " "fuzz/run: no seconds" "$fuzz" "$tmp"
says 2 "no directory" "fuzz/run: no such directory" "$fuzz" "$tmp/none" 3
for n in abc -5 0 ''; do
	says 2 "'$n' is no number of seconds" "fuzz/run: '$n' seconds" "$fuzz" "$tmp" "$n"
done
says 2 "no fuzzer 'nope': there are args " "fuzz/run: an unknown name" "$fuzz" "$tmp" 3 args nope
mkdir "$tmp/bin" && printf '#!/bin/sh\n' > "$tmp/bin/yes" && printf '#!/bin/sh\nexit 1\n' > "$tmp/bin/no" && chmod +x "$tmp"/bin/*
says 2 "'args' is not built: make $tmp/fuzz/fuzz_args" "fuzz/run: one that is not built" env CLANG="$tmp/bin/yes" "$fuzz" "$tmp" 3 args
says 2 "is not built" "fuzz/run: all, none of them built" env CLANG="$tmp/bin/yes" "$fuzz" "$tmp" 3
CLANG=$tmp/bin/no "$fuzz" "$tmp" 3 > "$tmp/out" 2> "$tmp/err"
[ "$(grep -c '^ok .* # SKIP ' "$tmp/out")" = "$(find "$top/tests/fuzz" -name 'fuzz_*.c' | wc -l)" ]
result $? "fuzz/run: without libFuzzer each is skipped"
CLANG=$tmp/bin/no "$fuzz" "$tmp" 3 refs > "$tmp/out" 2> "$tmp/err"
[ "$(sed 's/SKIP.*/SKIP/' "$tmp/out")" = $'ok 1 - fuzz: refs # SKIP\n1..1' ]
result $? "fuzz/run: without libFuzzer the one that was named"

for n in abc -h 0 '3 4'; do
	# shellcheck disable=SC2086
	says 2 "usage: " "stress/run: '$n'" "$top/tests/stress/run" $n
done
for n in '' abc -h 0 '3 x'; do
	# shellcheck disable=SC2086
	says 2 "usage: " "stress/fuzzing: '$n'" "$top/tests/stress/fuzzing" $n
done
for n in '' -h 'x y'; do
	# shellcheck disable=SC2086
	says 2 "usage: " "stress/identity.py: '$n'" python3 "$top/tests/stress/identity.py" $n
done
# not where the module is: they would do it
if [ ! -d /sys/module/mmscope ]; then
	says 1 "run it in a guest" "stress/run: not on this machine" "$top/tests/stress/run"
	says 1 "run it in a guest" "stress/fuzzing: not on this machine" "$top/tests/stress/fuzzing" 100 1 2
	says 1 "run it in a guest" "stress/identity.py: not on this machine" python3 "$top/tests/stress/identity.py" x
	says 1 "run it in a guest" "stress/straining: not on this machine" "$top/tests/stress/straining" short deaths
fi
finish
