// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats: counters of the module's own cost. Added to once per chunk or scan,
 * never per entry, so plain atomics do.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/minmax.h>
#include "stats.h"

static atomic64_t stats[__MMS_STAT_MAX];
static atomic64_t hists[__MMS_HIST_MAX][MMS_HIST_BINS];

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

static void hist_add(enum mms_hist which, u64 n)
{
	atomic64_inc(&hists[which][min(fls64(n), MMS_HIST_BINS - 1)]);
}

/**
 * mms_stat_hold - account for one hold of an mmap lock
 * @ns: how long
 * @entries: slots looked at
 *
 * Context: any.
 */
void mms_stat_hold(u64 ns, unsigned int entries)
{
	mms_stat_add(MMS_STAT_CHUNKS, 1);
	mms_stat_add(MMS_STAT_ENTRIES, entries);
	mms_stat_max(MMS_STAT_LONGEST_HOLD, ns);
	mms_stat_max(MMS_STAT_LONGEST_HOLD_ENTRIES, entries);
	hist_add(MMS_HIST_HOLD_NS, ns);
	hist_add(MMS_HIST_HOLD_ENTRIES, entries);
}

/**
 * mms_hist_read - holds in one bin
 * @which: the histogram
 * @bin: 0 counts zeros, @bin counts 2^(@bin - 1) to 2^@bin - 1
 *
 * Context: any.
 */
u64 mms_hist_read(enum mms_hist which, unsigned int bin)
{
	return atomic64_read(&hists[which][bin]);
}
