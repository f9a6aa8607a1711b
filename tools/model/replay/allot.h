/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * M frames for several processes: how many for each, by the rules of the textbooks. What a
 * process then suffers with LRU of its own stands in its curve; shared frames are in
 * global_lru.h.
 */
#ifndef _MMS_ALLOT_H
#define _MMS_ALLOT_H

#include "model/replay/refs.h"

/**
 * struct mms_allot_proc - a process
 * @faults: of LRU by size: nr_pages + 1 slots, [m] with m frames
 * @nr_pages: of its string, at least 1
 * @refs: references
 */
struct mms_allot_proc {
	const uint64_t *faults;
	uint32_t nr_pages;
	uint64_t refs;
};

/**
 * mms_allot_shares() - whole frames in proportion to shares
 * @share: of each, finite, >= 0; all 0: equal ones
 * @nr: processes, at least 1
 * @total: frames, at least @nr
 * @frames: of each; the sum is @total, each has at least 1
 *
 * By largest remainder (Hamilton), of equal remainders the first. Who would have no frame gets
 * one, and the rest is divided among the others in the same way.
 * Return: 0, -EINVAL @total < @nr, or -ENOMEM.
 */
int mms_allot_shares(const double *share, size_t nr, uint64_t total, uint64_t *frames);

/* Up to that many steps, the optimal division is searched exactly. */
#define MMS_ALLOT_EXACT_STEPS 1000000000ULL

/**
 * mms_allot_optimal() - the division with the fewest faults in all, each with LRU of its own
 * @total: frames, at least @nr
 * @frames: of each, at least 1; the sum is @total. Frames that nobody has use for go to the
 *          processes in their order, equally
 * @bound: no division has fewer faults than that
 * @steps: at most so many for an exact answer; MMS_ALLOT_EXACT_STEPS unless tests want less
 *
 * Exact by dynamic programming over processes and frames if that takes no more than @steps steps.
 * Else by marginal gain on the lower convex hulls of the curves: the steepest part of any hull
 * first (Stone, Turek, Wolf, Optimal partitioning of cache memory, IEEE ToC 1992, for convex
 * curves); it is optimal where the frames end with a part of a hull.
 * Return: 1 exact (its faults are @bound), 0 by hulls, -EINVAL, or -ENOMEM.
 */
int mms_allot_optimal(const struct mms_allot_proc *proc, size_t nr, uint64_t total, uint64_t steps,
		      uint64_t *frames, uint64_t *bound);

/* Faults of all with that division. */
uint64_t mms_allot_faults(const struct mms_allot_proc *proc, size_t nr, const uint64_t *frames);

/**
 * mms_allot_working_sets() - the mean working set of each string
 * @window: references, > 0; the same for all
 * @mean: pages, of each
 * Return: 0 or -ENOMEM.
 */
int mms_allot_working_sets(const struct mms_refs *r, size_t nr, uint64_t window, double *mean);

/**
 * mms_allot_pff() - the mean sizes that page-fault frequency gives, with one threshold for all
 * @total: the threshold is the one whose mean sizes have a sum that comes nearest to it without
 *         exceeding it, within 1 % of the threshold; else the smallest threshold
 * @mean: pages, of each; mms_allot_shares() scales them
 * @threshold: references between two faults
 * Chu and Opderbeck, The page fault frequency replacement algorithm, AFIPS FJCC 1972.
 * Return: 0 or -ENOMEM.
 */
int mms_allot_pff(const struct mms_refs *r, size_t nr, uint64_t total, double *mean,
		  uint64_t *threshold);

/**
 * mms_allot_split() - a string of several processes, taken apart
 * @whole: all of it
 * @proc_of: of each page
 * @nr_procs: above each of them
 * @part: of @nr_procs, filled in: pages are dense in each. Given back by mms_allot_split_free()
 * Return: 0 or -ENOMEM.
 */
int mms_allot_split(const struct mms_refs *whole, const uint16_t *proc_of, size_t nr_procs,
		    struct mms_refs *part);
void mms_allot_split_free(struct mms_refs *part, size_t nr_procs);

/**
 * mms_allot_split_marks() - where intervals begin in one part
 * @proc: of which process
 * @marks: entries of @whole before which an interval begins, ascending; @nr_marks of them
 * @own: filled in: the same, of the part; where it has no entry in an interval, two are equal
 */
void mms_allot_split_marks(const struct mms_refs *whole, const uint16_t *proc_of, size_t proc,
			   const uint64_t *marks, uint64_t nr_marks, uint64_t *own);

#endif
