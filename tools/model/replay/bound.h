/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a sampled string leaves open. Its references are known to lie in an interval, not where
 * in it; so a stack distance, and the time since the last reference to a page, is only known
 * to lie between two bounds.
 *
 * For a reference to page p in interval j, whose reference before is in interval i < j:
 * - the fewest other pages come between if p is last in i and first in j: those of the
 *   intervals strictly between;
 * - the most if p is first in i and last in j: those of i, of j and of all between.
 * No order of the one gets in the way of the other, and both can be had, so these are the least
 * and the largest distance over all orders. Two references of one interval may be neighbours,
 * or have all other pages of it between them. Each reference is bounded alone: no single order
 * need reach all of the bounds at once, so that the faults of every order lie between the
 * two curves, which may be further apart than the best and the worst order.
 */
#ifndef _MMS_BOUND_H
#define _MMS_BOUND_H

#include "model/replay/curve.h"
#include "model/replay/refs.h"

/**
 * struct mms_bound_window - a working set with one window
 * @window: references
 * @least: faults with it, in no order fewer
 * @most: in no order more
 */
struct mms_bound_window {
	uint64_t window;
	uint64_t least, most;
};

struct mms_bound;

/* Memory it takes, in bytes, at most. */
uint64_t mms_bound_bytes(uint32_t nr_pages, uint64_t nr_marks, size_t nr_windows);

/**
 * mms_bound_open() - begin
 * @nr_pages: of the string
 * @nr_marks: of the string: it has one interval more at most
 * @windows: ascending; NULL: none; kept until finish, which fills them in
 * @nr: windows
 * Return: NULL without memory.
 */
struct mms_bound *mms_bound_open(uint32_t nr_pages, uint64_t nr_marks,
				 struct mms_bound_window *windows, size_t nr);
/* Entries [from, to) of @r are of the current interval. Return: 0 or -ENOMEM. */
int mms_bound_feed(struct mms_bound *b, const struct mms_refs *r, uint64_t from, uint64_t to);
/* The next interval begins. */
void mms_bound_mark(struct mms_bound *b);
/**
 * mms_bound_finish() - the bounds; frees
 * @least: by the smallest distances: LRU's faults with m frames are at least these
 * @most: by the largest: at most these
 * Both are given back by mms_distances_deinit().
 */
void mms_bound_finish(struct mms_bound *b, struct mms_distances *least, struct mms_distances *most);
void mms_bound_abort(struct mms_bound *b); /* frees; NULL is fine */

/**
 * mms_bound_refs() - all of a string in memory
 * @r: it
 * @marks: entries before which an interval begins, ascending
 * @nr_marks: of them
 * The rest as above. Return: 0 or -ENOMEM.
 */
int mms_bound_refs(const struct mms_refs *r, const uint64_t *marks, uint64_t nr_marks,
		   struct mms_bound_window *windows, size_t nr, struct mms_distances *least,
		   struct mms_distances *most);

#endif
