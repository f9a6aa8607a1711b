/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * idle: sampling of accessed bits: when each leaf was last seen referenced.
 */
#ifndef _MMS_IDLE_H
#define _MMS_IDLE_H

#include <linux/types.h>
#include "ages.h"

struct mm_struct;
struct mms_idle;
struct mmscope_idle;
struct mmscope_idle_header;

/* Windows of 1, 2, 4 ... 128 intervals; ages above 254 are not told apart. */
#define MMS_IDLE_DELTAS 8

/* How to sample. */
#define MMS_IDLE_NOFLUSH (1U << 0) /* no TLB flush after a scan */
#define MMS_IDLE_NOSKIP	 (1U << 1) /* look at every leaf in every scan */

/**
 * struct mms_idle_status - what PID/status tells; of one moment or another each
 * @scans: as in struct mms_idle_summary
 * @flush: TLBs are flushed after scans
 * @skip: scans leave out what the accessed bit of a pmd says is idle
 * @suspended: nobody read for too long: no scans until somebody does
 */
struct mms_idle_status {
	u64 scans;
	bool flush;
	bool skip;
	bool suspended;
};

/**
 * struct mms_idle_summary - ages of all leaves at the end of a scan
 * @interval_ns: time asked between two scans
 * @scans: scans done, the first, which only cleared, not counted
 * @window_ns: time from the end of the first scan to the end of the last
 * @delta_ns: time that the last 1, 2, 4 ... intervals really took
 * @lost: regions of 2 MiB whose ages could not be kept
 * @skipped: regions that the last scan left out
 * @resumed: sampling was suspended until this very reading
 * @ages: all ages, counted
 */
struct mms_idle_summary {
	u64 interval_ns;
	u64 scans;
	u64 window_ns;
	u64 delta_ns[MMS_IDLE_DELTAS];
	u64 lost;
	u64 skipped;
	bool resumed;
	struct mms_ages_sum ages;
};

int mms_idle_init(void);
void mms_idle_exit(void);

struct mms_idle *mms_idle_create(struct mm_struct *mm, int nr, unsigned int ms, unsigned int how);
void mms_idle_start(struct mms_idle *idle);
void mms_idle_destroy(struct mms_idle *idle);

void mms_idle_status(const struct mms_idle *idle, struct mms_idle_status *s);
int mms_idle_header(struct mms_idle *idle, struct mmscope_idle_header *h);
int mms_idle_records(struct mms_idle *idle, u64 *pos, struct mmscope_idle *rec, unsigned int max);
int mms_idle_summary(struct mms_idle *idle, struct mms_idle_summary *s);

#endif /* _MMS_IDLE_H */
