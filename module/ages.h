/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ages: the idle ages of an mm, kept by region of 2 MiB. No lock of its own: the
 * caller's (idle.c) serializes everything.
 */
#ifndef _MMS_AGES_H
#define _MMS_AGES_H

#include <linux/types.h>
#include <linux/xarray.h>

struct mms_aged;
struct mmscope_idle;

/**
 * struct mms_ages - ages of one mm
 * @regions: struct mms_region by address / 2 MiB
 * @lost: regions that could not be kept for want of memory, at most once in each scan
 * @lost_index: the last of them
 */
struct mms_ages {
	struct xarray regions;
	u64 lost;
	unsigned long lost_index;
};

/**
 * struct mms_ages_sum - all ages, counted in pages of 4 KiB
 * @present: pages that are present
 * @swapped: pages with an age that are not present
 * @by_age: pages by age, MMSCOPE_IDLE_NEVER included
 */
struct mms_ages_sum {
	u64 present;
	u64 swapped;
	u64 by_age[256];
};

int mms_ages_init(void);
void mms_ages_exit(void);

void mms_ages_note(struct mms_ages *a, struct mms_aged *s, bool first);
bool mms_ages_spare(struct mms_ages *a, u64 addr, bool referenced);
void mms_ages_forget(struct mms_ages *a, u64 start, u64 end);
void mms_ages_drop(struct mms_ages *a);

unsigned int mms_ages_records(struct mms_ages *a, u64 *pos, struct mmscope_idle *rec,
			      unsigned int max);
void mms_ages_sum(struct mms_ages *a, struct mms_ages_sum *s);

#endif /* _MMS_AGES_H */
