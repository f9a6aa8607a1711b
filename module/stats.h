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
	__MMS_STAT_MAX,
};

void mms_stat_add(enum mms_stat which, s64 n);
void mms_stat_max(enum mms_stat which, s64 n);
s64 mms_stat_read(enum mms_stat which);

#endif /* _MMS_STATS_H */
