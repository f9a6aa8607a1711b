/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TLB of two levels, each set-associative with LRU inside a set, and what it misses of a
 * string. Entries carry the process (as with PCIDs), so that nothing is flushed at a switch.
 * Instructions and data share it.
 */
#ifndef _MMS_TLBSIM_H
#define _MMS_TLBSIM_H

#include "model/replay/refs.h"

/**
 * struct mms_tlbsim_level - one level
 * @entries: in all, 0: the level is not there
 * @ways: entries of a set, divides @entries; the same: fully associative
 */
struct mms_tlbsim_level {
	uint32_t entries;
	uint32_t ways;
};

#define MMS_TLBSIM_MAX_ENTRIES (1U << 20)

/* Can it be built? */
bool mms_tlbsim_level_ok(const struct mms_tlbsim_level *l);

/**
 * struct mms_tlbsim_count - what was looked up
 * @refs: references
 * @l1_misses: not held by the first level
 * @walks: held by none: the page table is walked
 */
struct mms_tlbsim_count {
	uint64_t refs;
	uint64_t l1_misses;
	uint64_t walks;
};

struct mms_tlbsim;

/**
 * mms_tlbsim_open() - an empty TLB
 * @l1: first level, there
 * @l2: second level; without entries each miss of the first is a walk
 * @nr_pages: of the string
 * @vpn: number of each page in its process, which chooses the set
 * Return: NULL without memory.
 */
struct mms_tlbsim *mms_tlbsim_open(const struct mms_tlbsim_level *l1,
				   const struct mms_tlbsim_level *l2, uint32_t nr_pages,
				   const uint64_t *vpn);
/* The next chunk; repeats of a page hit. */
void mms_tlbsim_feed(struct mms_tlbsim *t, const struct mms_refs *r,
		     struct mms_tlbsim_count *count);
void mms_tlbsim_close(struct mms_tlbsim *t); /* NULL is fine */

#endif
