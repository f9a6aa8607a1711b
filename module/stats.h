/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats: what the module itself costs, since load.
 */
#ifndef _MMS_STATS_H
#define _MMS_STATS_H

#include <linux/types.h>

struct seq_file;

enum mms_stat {
	MMS_STAT_TARGETS,
	MMS_STAT_TARGETS_PEAK,
	MMS_STAT_CHUNKS,
	MMS_STAT_ENTRIES,
	MMS_STAT_LONGEST_HOLD,
	MMS_STAT_RETRIES,
	MMS_STAT_SCANS,
	MMS_STAT_SCAN_NS,
	MMS_STAT_FLUSHES,
	MMS_STAT_LOST,
	MMS_STAT_FLUSH_NS,
	MMS_STAT_SKIPPED,
	MMS_STAT_CHILDREN,
	MMS_STAT_CHILDREN_LOST,
	MMS_STAT_FAULTS_LOST,
	MMS_STAT_LONGEST_HOLD_ENTRIES,
	__MMS_STAT_MAX,
};

/* Histograms of holds of an mmap lock: bin n counts [2^(n-1), 2^n), bin 0 zeros. */
enum mms_hist {
	MMS_HIST_HOLD_NS,
	MMS_HIST_HOLD_ENTRIES,
	__MMS_HIST_MAX,
};

#define MMS_HIST_BINS 40

void mms_stat_add(enum mms_stat which, s64 n);
void mms_stat_max(enum mms_stat which, s64 n);
s64 mms_stat_read(enum mms_stat which);
void mms_stat_hold(u64 ns, unsigned int entries);
u64 mms_hist_read(enum mms_hist which, unsigned int bin);

#endif /* _MMS_STATS_H */
