/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The inside of the curves whose steps exist for several instruction sets: steps_*.c
 * have them, everything else is in NAME_curve.c.
 */
#ifndef _MMS_CURVE_IMPL_H
#define _MMS_CURVE_IMPL_H

#include "model/replay/curve.h"

#define MMS_NO_SLOT UINT32_MAX
#define MMS_NO_PAGE UINT32_MAX
#define MMS_TOP	    16

/* Of the bit vector: 512 bits in a line, 64 lines in a block, 64 blocks in a group. */
#define MMS_LINE_SHIFT	9
#define MMS_BLOCK_SHIFT 15
#define MMS_GROUP_SHIFT 21

/**
 * struct mms_lru_curve - the LRU stack, as times of the last reference
 * @top: the pages on top of the stack, in order; MMS_NO_PAGE: none, @held are there
 * @last: slot of each page, MMS_NO_SLOT if it was not referenced or is in @top
 * @bits: bit s is set if slot s is the last reference of a page
 * @line: bits set before each line, in its block
 * @block: before each block, in its group
 * @group: before each group
 * @slots: in @bits; @now: the next one; @total: bits set
 * @use_top: enough references hit there, as seen every LOOK entries of lru_curve.c
 */
struct mms_lru_curve {
	uint32_t top[MMS_TOP] __attribute__((aligned(64)));
	uint32_t *last;
	uint64_t *hits;
	uint64_t *bits;
	uint16_t *line;
	uint32_t *block;
	uint32_t *group;
	uint32_t nr_pages;
	uint32_t slots, now, total;
	uint32_t held;
	bool use_top;
	uint64_t cold;
	uint64_t refs;
	uint64_t looked, top_hits;
};

void mms_lru_curve_compact(struct mms_lru_curve *c);

/* @page is referenced now, and its bit set in the next slot. */
static inline void mms_lru_curve_put(struct mms_lru_curve *c, uint32_t page)
{
	uint32_t s;

	if (c->now == c->slots)
		mms_lru_curve_compact(c);
	s = c->now++;
	if (!(s & ((1U << MMS_LINE_SHIFT) - 1))) {
		uint32_t block = s >> MMS_BLOCK_SHIFT, group = s >> MMS_GROUP_SHIFT;

		if (!(s & ((1U << MMS_GROUP_SHIFT) - 1)))
			c->group[group] = c->total;
		if (!(s & ((1U << MMS_BLOCK_SHIFT) - 1)))
			c->block[block] = c->total - c->group[group];
		c->line[s >> MMS_LINE_SHIFT] =
			(uint16_t)(c->total - c->group[group] - c->block[block]);
	}
	c->bits[s >> 6] |= 1ULL << (s & 63);
	c->last[page] = s;
	c->total++;
}

#define MMS_OPT_LEVELS 8

/**
 * struct mms_opt_curve - what OPT could still keep, for every size: see opt_curve.c
 * @last: slot of each page, or MMS_NO_SLOT
 * @slot: slot of each marker, and above it the least of each 16, at every level
 * @leaf: prefix sums of 64 slots each, less the largest of them
 * @sum: the largest of each leaf, less the largest of 16 of these; the same above it
 * @levels: of @sum; @marker_levels: of @slot
 * @now: slot of the latest reference
 */
struct mms_opt_curve {
	uint32_t *last;
	uint64_t *hits;
	uint32_t *slot[MMS_OPT_LEVELS];
	int8_t *leaf;
	int32_t *sum[MMS_OPT_LEVELS];
	uint32_t levels, marker_levels;
	uint32_t nr_pages;
	uint32_t nr_markers;
	uint32_t slots, now;
	uint32_t latest;
	uint64_t cold;
	uint64_t refs;
	uint64_t *used;
	uint32_t *rank;
};

void mms_opt_curve_compact(struct mms_opt_curve *c);

/**
 * struct mms_fifo_curve - the queues, as stamps
 * @stamp: of each page a row of @width: the fault at which the page leaves, for each size
 * @faults: of each size since @before
 * @size: each, no larger than @nr_pages
 */
struct mms_fifo_curve {
	uint32_t *stamp;
	uint32_t *faults;
	uint32_t *size;
	uint64_t *before;
	size_t nr, width;
	uint32_t nr_pages, largest;
};

/* Begins to count the faults anew, before a stamp has no room. */
void mms_fifo_curve_rebase(struct mms_fifo_curve *c);

/* The steps, for one set of instructions. */
struct mms_steps {
	void (*lru)(struct mms_lru_curve *c, const uint32_t *page, uint64_t nr);
	void (*opt)(struct mms_opt_curve *c, const uint32_t *page, uint64_t nr);
	void (*fifo)(struct mms_fifo_curve *c, const uint32_t *page, uint64_t nr);
};

extern const struct mms_steps mms_steps_scalar, mms_steps_avx2, mms_steps_avx512;
const struct mms_steps *mms_steps(void);

/* Zeroed, at a multiple of 64 bytes; for free(). NULL: no memory. */
void *mms_lines_alloc(uint64_t nr, size_t size);

#endif
