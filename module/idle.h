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

/**
 * struct mms_idle_summary - ages of all leaves at the end of a scan
 * @interval_ns: time asked between two scans
 * @scans: scans done, the first, which only cleared, not counted
 * @window_ns: time from the end of the first scan to the end of the last
 * @delta_ns: time that the last 1, 2, 4 ... intervals really took
 * @lost: regions of 2 MiB whose ages could not be kept
 * @ages: all ages, counted
 */
struct mms_idle_summary {
	u64 interval_ns;
	u64 scans;
	u64 window_ns;
	u64 delta_ns[MMS_IDLE_DELTAS];
	u64 lost;
	struct mms_ages_sum ages;
};

int mms_idle_init(void);
void mms_idle_exit(void);

struct mms_idle *mms_idle_create(struct mm_struct *mm, unsigned int ms);
void mms_idle_start(struct mms_idle *idle);
void mms_idle_destroy(struct mms_idle *idle);

u64 mms_idle_scans(const struct mms_idle *idle);
int mms_idle_header(struct mms_idle *idle, struct mmscope_idle_header *h);
int mms_idle_records(struct mms_idle *idle, u64 *pos, struct mmscope_idle *rec, unsigned int max);
int mms_idle_summary(struct mms_idle *idle, struct mms_idle_summary *s);

#endif /* _MMS_IDLE_H */
