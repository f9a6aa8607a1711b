/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walker: what the readers of page tables (walk_*.c) get from walk.c: the locks,
 * the descent, the bounds and the account of one hold of the mmap lock. Locks:
 * walk.h.
 */
#ifndef _MMS_WALKER_H
#define _MMS_WALKER_H

#include <linux/types.h>
#include "entry.h"

struct mm_struct;
struct mms_walker;
struct vm_area_struct;

/**
 * struct mms_walk_ops - what a reader does with the slots of a VMA
 * @batch: ptes looked at under one hold of their lock, 1..512; the process
 *	faults in between
 * @vma: the VMA is known, nothing of it was looked at; false = pass over all of
 *	it. May be NULL
 * @table: the slot at @level points to a table, which is next; false = pass over
 *	what is below. Not locked; what was read of the slot is @raw. May be NULL
 * @ptes: slots for [@addr, @end) of one table, locked; @rights: of the levels
 *	above. Returns the address that it came to
 * @slot: a slot above the ptes that points to no table, for [@addr, @end);
 *	locked if it is not empty
 *
 * All of them run with the mmap lock read-held, @ptes and @slot under spinlocks
 * as well, @ptes within RCU too: nothing there may sleep or take long.
 */
struct mms_walk_ops {
	unsigned int batch;
	bool (*vma)(struct mms_walker *k);
	bool (*table)(struct mms_walker *k, u64 *slot, u64 raw, u64 addr, unsigned int level);
	u64 (*ptes)(struct mms_walker *k, u64 *slot, u64 addr, u64 end, unsigned int rights);
	void (*slot)(struct mms_walker *k, u64 *slot, u64 addr, u64 end, unsigned int level,
		     unsigned int rights);
};

/**
 * struct mms_walker - one hold of the mmap lock
 * @ops: the reader
 * @mm: its mmap lock is read-held; pinned by mm_count before
 * @vma: the VMA looked at; NULL if there is none at or above the position.
 *	Afterwards only good to tell these two apart
 * @start: what was looked at is all of [@start, @next)
 * @next: where to go on; equal to @start when a table changed under us
 * @full: set by the reader to end the hold; what it was handed is done
 * @steps: slots that may still be looked at
 * @retries: times that a table changed under us
 */
struct mms_walker {
	const struct mms_walk_ops *ops;
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	u64 start;
	u64 next;
	bool full;
	int steps;
	unsigned int retries;
};

int mms_walker_run(struct mms_walker *k, u64 pos);

#endif /* _MMS_WALKER_H */
