# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Owns what counts as a complaint of the guest's kernel, by its log. Must not know tests or kernels.

# Lines that a healthy kernel never writes. Anchored where user programs' misdeeds look alike.
splat='BUG: |WARNING: |INFO: task .* blocked for more than|INFO: rcu_.* (self-)?detected stall'
splat="$splat|rcu: INFO: .*stall|possible (recursive|circular) locking|suspicious RCU usage"
splat="$splat|possible irq lock inversion|inconsistent lock state|held lock freed|lock held when returning"
splat="$splat|KASAN: |KCSAN: |UBSAN: |KFENCE: |refcount_t: |list_(add|del) corruption|Oops: "
splat="$splat|Kernel panic|kernel BUG at|scheduling while atomic|DEBUG_LOCKS_WARN|workqueue lockup"
splat="$splat|sleeping function called from invalid|Bad page (state|map)|stack guard page"
splat="$splat|general protection fault, |Unable to handle kernel|ODEBUG: |lab: unreferenced object"

# Whose data races are ours to mend, by a call in a trace: the kernel has some of its own, in our work queues too.
# No backslash: awk -v reads them.
our_modules='[+]0x[0-9a-f]+/0x[0-9a-f]+ [[]mm(scope|s_wrong)[]]'
# And which are the kernel's, whoever calls: the clock of NMIs is read beside its writer, of two copies that
# one that is not being written to (seqcount_latch_t); newer kernels tell KCSAN so.
their_races='data-race in (ktime_get_[a-z]+_fast_ns / timekeeping_update|timekeeping_update / ktime_get_[a-z]+_fast_ns)'

# own_races: the log on stdin without reports of races that have no call of ours, or are known. What another
# processor complains of in the midst of one is no part of it.
own_races()
{
	awk -v ours="$our_modules" -v theirs="$their_races" -v splat="$splat" '
		/BUG: KCSAN: / { if (inside && mine) printf "%s", held; inside = 1; mine = 0; known = $0 ~ theirs; held = "" }
		!inside || (!/KCSAN/ && $0 ~ splat) { print; next }
		{ held = held $0 "\n" }
		$0 ~ ours { mine = !known }
		/==========/ { if (mine) printf "%s", held; inside = 0 }
		END { if (inside && mine) printf "%s", held }'
}

# complaints: the lines of this run's log that say that the kernel found something wrong
complaints()
{
	tr -d '\r' <"$klog" | own_races |
		grep -aE "^\[ *[0-9.]+\](\[ *[TC][0-9]+\])? .*($splat)"
}

kernel_complained() { complaints >/dev/null; }
