/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk_age: reads and clears accessed bits, a chunk of one VMA at a time. What
 * was cleared stays hidden in TLBs until they are flushed: the caller's to do.
 */
#ifndef _MMS_WALK_AGE_H
#define _MMS_WALK_AGE_H

#include <linux/types.h>
#include "region.h"

struct mm_struct;

enum mms_aged_what {
	MMS_AGED_NOTHING, /* nothing that has an age */
	MMS_AGED_HUGE,	  /* a leaf of 2 MiB */
	MMS_AGED_PTES,	  /* ptes of one table */
};

/**
 * struct mms_aged - what was seen of a part of the address space
 * @start: first address
 * @end: address after the last
 * @what: what there is
 * @seen: of a huge leaf
 * @look: of ptes
 */
struct mms_aged {
	u64 start;
	u64 end;
	enum mms_aged_what what;
	enum mms_seen seen;
	struct mms_look look;
};

/* Tables in one chunk; neighbours with nothing in them are one record. */
#define MMS_AGE_RECORDS 64

/**
 * struct mms_age_chunk - a chunk: part of one VMA as one hold of the lock saw it
 * @spare: asked of a whole region of 2 MiB inside one VMA: its ptes need not be
 *	looked at, given that the accessed bit of the entry above was set or not.
 *	Called with the mmap lock held; must not sleep. NULL: those bits are left alone
 * @arg: for @spare
 * @asked: region that @spare was asked of last, kept over the chunks of a scan
 * @start: the chunk covers [@start, @next): what is in no record was spared
 * @next: where the next chunk begins
 * @cleared: accessed bits cleared, of leaves and above
 * @entries: slots looked at
 * @referenced: pages of 4 KiB whose leaf had the bit set
 * @spared: regions
 * @nr: records in use
 * @rec: in order of address
 */
struct mms_age_chunk {
	bool (*spare)(void *arg, u64 addr, bool referenced);
	void *arg;
	u64 asked;
	u64 start;
	u64 next;
	u64 cleared;
	u64 entries;
	u64 referenced;
	u64 spared;
	unsigned int nr;
	struct mms_aged rec[MMS_AGE_RECORDS];
};

/* No region begins here. */
#define MMS_AGE_NOT_ASKED 1ULL

int mms_walk_age(struct mms_age_chunk *c, struct mm_struct *mm, u64 pos);

#endif /* _MMS_WALK_AGE_H */
