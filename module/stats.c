// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats: counters of the module's own cost. Added to once per chunk or scan,
 * never per entry, so plain atomics do.
 */
#include <linux/atomic.h>
#include "stats.h"

static atomic64_t stats[__MMS_STAT_MAX];

/**
 * mms_stat_add - add to a counter
 * @which: the counter
 * @n: may be negative
 *
 * Context: any.
 */
void mms_stat_add(enum mms_stat which, s64 n)
{
	atomic64_add(n, &stats[which]);
}

/**
 * mms_stat_max - keep the largest value seen
 * @which: the counter
 * @n: a new value
 *
 * Context: any.
 */
void mms_stat_max(enum mms_stat which, s64 n)
{
	s64 old = atomic64_read(&stats[which]);

	while (n > old && !atomic64_try_cmpxchg(&stats[which], &old, n))
		;
}

/**
 * mms_stat_read - value of a counter
 * @which: the counter
 *
 * Context: any.
 */
s64 mms_stat_read(enum mms_stat which)
{
	return atomic64_read(&stats[which]);
}
