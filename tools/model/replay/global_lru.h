/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames shared by several processes: one LRU list for all, and who faults in it. */
#ifndef _MMS_GLOBAL_LRU_H
#define _MMS_GLOBAL_LRU_H

#include "model/replay/refs.h"

/**
 * struct mms_global_count - one process in it
 * @refs: references
 * @faults: references to a page without a frame
 * @writebacks: dirty pages of it that lost their frame
 * @lost: pages of it that lost their frame to another process
 * @resident: pages it has now
 * @mean: pages it had, mean over all references of all processes
 */
struct mms_global_count {
	uint64_t refs;
	uint64_t faults;
	uint64_t writebacks;
	uint64_t lost;
	uint64_t resident;
	double mean;
};

/**
 * mms_global_lru_turns() - strings that take turns
 * @r: whole strings; their pages are different ones
 * @turn: references that each has before the next one's turn, > 0; who has ended is left out
 * @nr: strings
 * @frames: of all, > 0
 * @count: of each, filled in
 * Return: 0 or -ENOMEM (also for 2^32 - 1 pages in all, or more).
 */
int mms_global_lru_turns(const struct mms_refs *r, const uint64_t *turn, size_t nr, uint64_t frames,
			 struct mms_global_count *count);

/**
 * mms_global_lru_string() - one string of several processes, in its own order
 * @proc_of: of each page
 * @nr: processes, above each of @proc_of
 * Return: 0 or -ENOMEM.
 */
int mms_global_lru_string(const struct mms_refs *r, const uint16_t *proc_of, size_t nr,
			  uint64_t frames, struct mms_global_count *count);

#endif
