// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_stats: the module's own cost.
 */
#include <linux/seq_file.h>
#include "stats.h"
#include "view.h"

static const char *const names[__MMS_STAT_MAX] = {
	[MMS_STAT_TARGETS] = "targets",
	[MMS_STAT_TARGETS_PEAK] = "targets_peak",
	[MMS_STAT_CHUNKS] = "chunks",
	[MMS_STAT_ENTRIES] = "entries",
	[MMS_STAT_LONGEST_HOLD] = "longest_hold_ns",
	[MMS_STAT_RETRIES] = "retries",
	[MMS_STAT_SCANS] = "scans",
	[MMS_STAT_SCAN_NS] = "scan_ns",
	[MMS_STAT_FLUSHES] = "flushes",
	[MMS_STAT_LOST] = "lost",
	[MMS_STAT_FLUSH_NS] = "flush_ns",
	[MMS_STAT_SKIPPED] = "skipped",
	[MMS_STAT_CHILDREN] = "children",
	[MMS_STAT_CHILDREN_LOST] = "children_lost",
	[MMS_STAT_FAULTS_LOST] = "faults_lost",
	[MMS_STAT_LONGEST_HOLD_ENTRIES] = "longest_hold_entries",
};

static void show_hist(struct seq_file *m, const char *name, enum mms_hist which)
{
	u64 n, lo;
	int i;

	for (i = 0; i < MMS_HIST_BINS; i++) {
		n = mms_hist_read(which, i);
		lo = i ? 1ULL << (i - 1) : 0;
		if (n)
			seq_printf(m, "%s %llu-%llu %llu\n", name, lo, i ? 2 * lo - 1 : 0, n);
	}
}

static int stats_show(struct seq_file *m, void *unused)
{
	int i;

	for (i = 0; i < __MMS_STAT_MAX; i++)
		seq_printf(m, "%s %lld\n", names[i], mms_stat_read(i));
	show_hist(m, "hold_ns", MMS_HIST_HOLD_NS);
	show_hist(m, "hold_entries", MMS_HIST_HOLD_ENTRIES);
	return 0;
}

static int stats_open(struct inode *inode, struct file *file)
{
	int err = mms_view_may_open();

	return err ? err : single_open(file, stats_show, NULL);
}

const struct file_operations mms_stats_fops = {
	.owner = THIS_MODULE,
	.open = stats_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
