/* SPDX-License-Identifier: GPL-2.0-only */
/* One reference of mms_lru_curve; included once for each set of instructions. */
#ifndef _MMS_LRU_STEP_H
#define _MMS_LRU_STEP_H

#include "model/replay/lanes.h"
#include "model/replay/lru_top.h"

/* Distances at which the loads of a step are begun. */
enum { LRU_AHEAD_LAST = 24, LRU_AHEAD_BITS = 10, LRU_LATER = 16, LRU_FAR_PAGES = 1 << 15 };

/* Return: the pages whose last reference is at @slot or later; one that is there is taken out. */
static inline uint32_t lru_take(struct mms_lru_curve *c, uint32_t slot)
{
	uint32_t line = slot >> MMS_LINE_SHIFT, block = slot >> MMS_BLOCK_SHIFT;
	uint32_t group = slot >> MMS_GROUP_SHIFT, end = (c->now - 1) >> MMS_BLOCK_SHIFT;
	uint64_t *word = c->bits + (slot >> 6), bit = 1ULL << (slot & 63);
	uint32_t before = c->group[group] + c->block[block] + c->line[line];

	before += count_words(c->bits + ((uint64_t)line << 3), slot >> 6 & 7);
	before += (uint32_t)__builtin_popcountll(*word & (bit - 1));
	*word &= ~bit;
	dec64_u16(c->line + (line & ~63U), line & 63);
	if (block != end) {
		uint32_t first = block & ~63U, last = end < (first | 63) ? end : first | 63;
		int i = (int)(block & 15);

		for (uint32_t b = block & ~15U; b <= last; b += 16, i = -1)
			dec16_u32(c->block + b, i);
		for (uint32_t g = group + 1; g <= end >> 6; g++)
			c->group[g]--;
	}
	return c->total-- - before;
}

static inline void lru_ahead(const struct mms_lru_curve *c, const uint32_t *page)
{
	uint32_t slot = c->last[page[LRU_AHEAD_BITS]];

	__builtin_prefetch(c->last + page[LRU_AHEAD_LAST], 1);
	if (slot != MMS_NO_SLOT) {
		__builtin_prefetch(c->bits + (slot >> 6), 1);
		__builtin_prefetch(c->line + (slot >> MMS_LINE_SHIFT), 1);
	}
}

/* Return: the distance, 0: the first reference. */
static inline uint32_t lru_distance(struct mms_lru_curve *c, uint32_t page)
{
	uint32_t slot = c->last[page], d = slot == MMS_NO_SLOT ? 0 : lru_take(c, slot);

	mms_lru_curve_put(c, page);
	return d;
}

static inline void lru_step(struct mms_lru_curve *c, uint32_t page)
{
	uint32_t d = lru_distance(c, page);

	if (d)
		c->hits[d]++;
	else
		c->cold++;
}

/* Many pages: what a step will need is asked for before, and its count is made later. */
static inline uint64_t lru_far(struct mms_lru_curve *c, const uint32_t *page, uint64_t nr)
{
	uint32_t later[LRU_LATER] = {0}, d;
	uint64_t i;

	for (i = 0; i + LRU_AHEAD_LAST < nr; i++) {
		lru_ahead(c, page + i);
		d = lru_distance(c, page[i]);
		c->cold += !d;
		__builtin_prefetch(c->hits + d, 1);
		c->hits[later[i % LRU_LATER]]++;
		later[i % LRU_LATER] = d;
	}
	for (d = 0; d < LRU_LATER; d++)
		c->hits[later[d]]++;
	c->hits[0] = 0;
	return i;
}

static inline void lru_plain(struct mms_lru_curve *c, const uint32_t *page, uint64_t nr)
{
	uint64_t i = c->nr_pages < LRU_FAR_PAGES ? 0 : lru_far(c, page, nr);

	for (; i < nr; i++)
		lru_step(c, page[i]);
}

/* A page that is not in @t: it goes in, and the last one of @t into the bits. */
static inline void lru_miss(struct mms_lru_curve *c, struct top *t, uint32_t page)
{
	uint32_t slot = c->last[page], out;

	if (slot == MMS_NO_SLOT)
		c->cold++;
	else
		c->hits[c->held + lru_take(c, slot)]++;
	c->last[page] = MMS_NO_SLOT;
	out = top_push(t, page);
	if (out == MMS_NO_PAGE)
		c->held++;
	else
		mms_lru_curve_put(c, out);
}

static inline void lru_top(struct mms_lru_curve *c, const uint32_t *page, uint64_t nr)
{
	struct top t;
	unsigned int at;

	top_load(&t, c->top);
	for (uint64_t i = 0; i < nr; i++) {
		at = top_hit(&t, page[i]);
		if (__builtin_expect(at < MMS_TOP, 1))
			c->hits[at + 1]++;
		else
			lru_miss(c, &t, page[i]);
	}
	top_store(&t, c->top);
}

static inline void lru_steps(struct mms_lru_curve *c, const uint32_t *page, uint64_t nr)
{
	if (c->use_top)
		lru_top(c, page, nr);
	else
		lru_plain(c, page, nr);
}

#endif
