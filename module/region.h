/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * region: idle ages of the 512 pages of a 2 MiB region. Pure.
 */
#ifndef _MMS_REGION_H
#define _MMS_REGION_H

#include "entry.h"

#define MMS_AGE_PAGES 512
#define MMS_AGE_WORDS (MMS_AGE_PAGES / 64)
#define MMS_AGE_SHIFT 21

/* What a scan saw of a leaf that maps a whole region. */
enum mms_seen {
	MMS_SEEN_GONE,	     /* nothing that has an age */
	MMS_SEEN_IDLE,	     /* mapped, not referenced since the last scan */
	MMS_SEEN_REFERENCED, /* mapped and referenced */
	MMS_SEEN_SWAPPED,    /* a swap entry */
	MMS_SEEN_MOVING,     /* a migration entry: as it was, one scan older */
};

/**
 * struct mms_look - what a scan saw of ptes of one region
 * @from: first page looked at
 * @nr: how many, at least one
 * @referenced: bit per page: mapped and referenced
 * @idle: bit per page: mapped, not referenced since the last scan
 * @swapped: bit per page: a swap entry
 * @moving: bit per page: a migration entry: as it was, one scan older
 *
 * A page looked at that has no bit in any is nothing that has an age; one that
 * was not looked at has none.
 */
struct mms_look {
	__u16 from;
	__u16 nr;
	__u64 referenced[MMS_AGE_WORDS];
	__u64 idle[MMS_AGE_WORDS];
	__u64 swapped[MMS_AGE_WORDS];
	__u64 moving[MMS_AGE_WORDS];
};

/* Scans in a row that may spare a region: the one after them looks at it. */
#define MMS_REGION_SPARES 15

/**
 * struct mms_region - ages of one region
 * @mapped: bit per page: has an age and is present
 * @swapped: bit per page: has an age and is not present
 * @age: by page, valid where a bit is set: 0..MMSCOPE_IDLE_MAX or _NEVER, less @late;
 *	read it through mms_region_age()
 * @words: the same, eight at a time
 * @huge: one leaf maps all; its age and bits are those of page 0
 * @quiet: the bit above was clear at the last scan and no CPU has the entry: see
 *	mms_region_spare()
 * @late: scans that spared the region since its ages were written
 */
struct mms_region {
	__u64 mapped[MMS_AGE_WORDS];
	__u64 swapped[MMS_AGE_WORDS];
	union {
		__u8 age[MMS_AGE_PAGES];
		__u64 words[MMS_AGE_PAGES / 8];
	};
	__u8 huge;
	__u8 quiet;
	__u8 late;
};

bool mms_region_spare(struct mms_region *r, bool referenced);
void mms_region_note(struct mms_region *r, const struct mms_look *l);
void mms_region_note_huge(struct mms_region *r, enum mms_seen seen);
void mms_region_forget(struct mms_region *r, unsigned int page, unsigned int nr);
bool mms_region_empty(const struct mms_region *r);
bool mms_region_known(const struct mms_region *r, unsigned int page, bool *swapped);
unsigned int mms_region_age(const struct mms_region *r, unsigned int page);

#endif /* _MMS_REGION_H */
