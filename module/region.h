/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * region: idle ages of the 512 pages of a 2 MiB region. Pure.
 */
#ifndef _MMS_REGION_H
#define _MMS_REGION_H

#include "entry.h"

#define MMS_AGE_PAGES 512
#define MMS_AGE_SHIFT 21

/* What a scan saw of a page. */
enum mms_seen {
	MMS_SEEN_GONE,	     /* nothing that has an age */
	MMS_SEEN_IDLE,	     /* mapped, not referenced since the last scan */
	MMS_SEEN_REFERENCED, /* mapped and referenced */
	MMS_SEEN_SWAPPED,    /* a swap entry */
	MMS_SEEN_MOVING,     /* a migration entry: as it was, one scan older */
};

/**
 * struct mms_region - ages of one region
 * @mapped: bit per page: has an age and is present
 * @swapped: bit per page: has an age and is not present
 * @huge: one leaf maps all; its age and bits are those of page 0
 * @age: by page, valid where a bit is set; 0..MMSCOPE_IDLE_MAX or _NEVER
 */
struct mms_region {
	__u64 mapped[MMS_AGE_PAGES / 64];
	__u64 swapped[MMS_AGE_PAGES / 64];
	__u8 huge;
	__u8 age[MMS_AGE_PAGES];
};

void mms_region_note(struct mms_region *r, unsigned int page, enum mms_seen seen);
void mms_region_note_huge(struct mms_region *r, enum mms_seen seen);
void mms_region_forget(struct mms_region *r, unsigned int page, unsigned int nr);
bool mms_region_empty(const struct mms_region *r);
bool mms_region_known(const struct mms_region *r, unsigned int page, bool *swapped);

#endif /* _MMS_REGION_H */
