/* SPDX-License-Identifier: GPL-2.0-only */
/* One reference of mms_opt_curve; included once for each set of instructions. */
#ifndef _MMS_OPT_STEP_H
#define _MMS_OPT_STEP_H

#include "model/replay/lanes.h"

enum { OPT_AHEAD_LAST = 24, OPT_AHEAD_LEAF = 10, OPT_FAR_PAGES = 1 << 15 };

/* The first slot of the tree below entry @i of @level where the sum is 0; there is one. */
static inline uint32_t opt_down(const struct mms_opt_curve *c, uint32_t level, uint32_t i)
{
	while (level--)
		i = i << 4 | (uint32_t)__builtin_ctz(zeros16(c->sum[level] + ((uint64_t)i << 4)));
	return i << 6 | (uint32_t)__builtin_ctzll(zeros64(c->leaf + ((uint64_t)i << 6)));
}

/*
 * The first slot from @slot on where the sum is 0. All sums are 0 or less, and those stored are
 * less the largest of their neighbours, so that the way down to a 0 goes through zeros only.
 */
static inline uint32_t opt_zero(const struct mms_opt_curve *c, uint32_t slot)
{
	uint32_t i = slot >> 6, level, top = c->levels, rest;
	uint64_t zeros;

	/* The lowest level from which the way on to the root is one of zeros. */
	for (level = c->levels; level--;) {
		if (c->sum[level][i >> (4 * level)])
			break;
		top = level;
	}
	if (!top) {
		zeros = zeros64(c->leaf + ((uint64_t)i << 6)) & ~0ULL << (slot & 63);
		if (zeros)
			return (i << 6) | (uint32_t)__builtin_ctzll(zeros);
	} else {
		top--;
	}
	for (level = top; level < c->levels; level++) {
		uint32_t at = i >> (4 * level);

		rest = zeros16(c->sum[level] + (at & ~15U)) & (0xfffeU << (at & 15));
		rest &= 0xffff;
		if (rest)
			return opt_down(c, level, (at & ~15U) | (uint32_t)__builtin_ctz(rest));
	}
	return c->now - 1; /* the sum of all is 0 */
}

/* @add for the slots from @from to @to - 1. */
static inline void opt_add(struct mms_opt_curve *c, uint32_t from, uint32_t to, int add)
{
	uint32_t a = from >> 6, b = to >> 6, level = 0;
	int32_t more_a, more_b, *v;

	if (a == b) {
		more_a = add64(c->leaf + ((uint64_t)a << 6), from & 63, to & 63, add);
	} else {
		more_a = add64(c->leaf + ((uint64_t)a << 6), from & 63, 64, add);
		more_b = add64(c->leaf + ((uint64_t)b << 6), 0, to & 63, add);
	}
	for (; a != b; level++, a >>= 4, b >>= 4) {
		c->sum[level][a] += more_a;
		c->sum[level][b] += more_b;
		v = c->sum[level] + (a & ~15U);
		if (a >> 4 == b >> 4) {
			more_a = add16(v, (a & 15) + 1, b & 15, add);
			continue;
		}
		more_a = add16(v, (a & 15) + 1, 16, add);
		more_b = add16(c->sum[level] + (b & ~15U), 0, b & 15, add);
	}
	for (; more_a && level < c->levels; level++, a >>= 4) {
		c->sum[level][a] += more_a;
		more_a = add16(c->sum[level] + (a & ~15U), 0, 0, 0);
	}
}

/* The first marker at @slot or before it. There is one. */
static inline uint32_t opt_marker(const struct mms_opt_curve *c, uint32_t slot)
{
	uint32_t level, i = 16;

	for (level = 0; level < c->marker_levels; level++) {
		i = first_le(c->slot[level], slot);
		if (i < 16)
			break;
	}
	while (level--)
		i = i << 4 | first_le(c->slot[level] + ((uint64_t)i << 4), slot);
	return i;
}

/* Marker @i to @slot, which is after all others. */
static inline void opt_mark(struct mms_opt_curve *c, uint32_t i, uint32_t slot)
{
	for (uint32_t level = 0;; i >>= 4) {
		uint32_t min;

		c->slot[level][i] = slot;
		if (++level == c->marker_levels)
			return;
		min = least(c->slot[level - 1] + (i & ~15U));
		if (min == c->slot[level][i >> 4])
			return;
		slot = min;
	}
}

/* A reference that is not the first of all, nor to the same page as the one before. */
static inline void opt_step(struct mms_opt_curve *c, uint32_t page)
{
	uint32_t slot = c->last[page], marker;

	if (slot == MMS_NO_SLOT) {
		c->cold++;
		marker = c->nr_markers++;
	} else {
		uint32_t at;

		marker = opt_marker(c, opt_zero(c, slot));
		c->hits[marker + 2]++;
		at = c->slot[0][marker];
		if (at < slot)
			opt_add(c, at, slot, -1);
		else if (at > slot)
			opt_add(c, slot, at, 1);
	}
	opt_mark(c, marker, c->now);
	c->leaf[c->now] = 0;
	if (!(c->now & 63))
		for (uint32_t l = 0, i = c->now >> 6; l < c->levels; l++, i >>= 4)
			c->sum[l][i] = 0;
	c->last[page] = ++c->now;
	if (c->now == c->slots)
		mms_opt_curve_compact(c);
}

static inline void opt_ahead(const struct mms_opt_curve *c, const uint32_t *page)
{
	uint32_t slot = c->last[page[OPT_AHEAD_LEAF]];

	__builtin_prefetch(c->last + page[OPT_AHEAD_LAST], 1);
	if (slot != MMS_NO_SLOT) {
		__builtin_prefetch(c->leaf + slot, 1);
		__builtin_prefetch(c->sum[0] + (slot >> 6), 1);
	}
}

static inline void opt_steps(struct mms_opt_curve *c, const uint32_t *page, uint64_t nr)
{
	bool far = c->nr_pages >= OPT_FAR_PAGES;

	for (uint64_t i = 0; i < nr; i++) {
		if (far && i + OPT_AHEAD_LAST < nr)
			opt_ahead(c, page + i);
		if (page[i] == c->latest) {
			c->hits[1]++;
		} else if (c->latest == MMS_NO_PAGE) {
			c->cold++;
			c->last[page[i]] = c->now;
		} else {
			opt_step(c, page[i]);
		}
		c->latest = page[i];
	}
}

#endif
