// SPDX-License-Identifier: GPL-2.0-only
/*
 * The working set for any window from one pass: Denning and Schwartz, "Properties of the
 * working-set model", CACM 15(3), 1972. A reference keeps its page in the set for the window, or
 * until the next reference to it, or until the string ends, as in Slutz and Traiger, "A note on
 * the calculation of average working set size", CACM 17(10), 1974: so the counts of all gaps, and
 * the last reference of each page, are enough, and exact.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/replay/curve_impl.h"

/* Gaps are counted one by one, in lots that are there once a gap of theirs occurs. */
#define LOT_SHIFT 12
#define LOT	  (1U << LOT_SHIFT)
#define AHEAD	  16

/**
 * struct mms_ws_curve - gaps so far
 * @last: time of the last reference to each page, the first of all is 1; 0: none yet
 * @lots: counts of gaps, NULL where there are none; @nr_lots
 * @time: references so far
 */
struct mms_ws_curve {
	uint64_t *last;
	uint64_t **lots;
	uint64_t nr_lots;
	uint64_t time, cold, ones;
	uint32_t nr_pages;
	bool no_memory;
};

/* @sum: of the gaps. */
struct bucket {
	uint64_t gaps, sum;
	uint64_t ends, ends_sum;
};

/*
 * Lots that can be there. An entry has one gap at most, and none is longer than the string. The
 * gaps of a page are no longer than that together, too: with one gap in each of n lots, the least
 * that they can be is n * (n - 1) / 2 times a lot.
 */
static uint64_t most_lots(uint32_t nr_pages, uint64_t nr, uint64_t nr_refs)
{
	const unsigned __int128 all = (unsigned __int128)nr_pages * nr_refs;
	uint64_t least = 0, most = (nr_refs >> LOT_SHIFT) + 1;

	most = nr < most ? nr : most;
	while (least < most) {
		uint64_t n = least + (most - least + 1) / 2;

		if ((unsigned __int128)n * (n - 1) / 2 * LOT <= all)
			least = n;
		else
			most = n - 1;
	}
	return least;
}

uint64_t mms_ws_curve_bytes(uint32_t nr_pages, uint64_t nr, uint64_t nr_refs)
{
	return sizeof(struct mms_ws_curve) + nr_pages * 8ULL + 128 +
	       ((nr_refs >> LOT_SHIFT) + 2) * sizeof(uint64_t *) +
	       most_lots(nr_pages, nr, nr_refs) * (LOT + 2) * sizeof(uint64_t);
}

struct mms_ws_curve *mms_ws_curve_open(uint32_t nr_pages, uint64_t nr_refs)
{
	struct mms_ws_curve *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->nr_pages = nr_pages;
	c->nr_lots = (nr_refs >> LOT_SHIFT) + 1;
	c->last = mms_lines_alloc(nr_pages, sizeof(*c->last));
	c->lots = calloc(c->nr_lots, sizeof(*c->lots));
	if (c->last && c->lots)
		return c;
	mms_ws_curve_close(c);
	return NULL;
}

void mms_ws_curve_close(struct mms_ws_curve *c)
{
	if (!c)
		return;
	for (uint64_t i = 0; c->lots && i < c->nr_lots; i++)
		free(c->lots[i]);
	free(c->lots);
	free(c->last);
	free(c);
}

static __attribute__((noinline)) uint64_t *new_lot(struct mms_ws_curve *c, uint64_t i)
{
	uint64_t **lots;

	if (i >= c->nr_lots) { /* more than was said at open */
		uint64_t nr = i + i / 2 + 1;

		lots = realloc(c->lots, nr * sizeof(*lots));
		if (!lots)
			return NULL;
		for (uint64_t k = c->nr_lots; k < nr; k++)
			lots[k] = NULL;
		c->lots = lots;
		c->nr_lots = nr;
	}
	c->lots[i] = calloc(LOT, sizeof(**c->lots));
	return c->lots[i];
}

static inline bool count_gap(struct mms_ws_curve *c, uint64_t gap)
{
	uint64_t i = gap >> LOT_SHIFT;
	uint64_t *lot = i < c->nr_lots ? c->lots[i] : NULL;

	if (__builtin_expect(!lot, 0)) {
		lot = new_lot(c, i);
		if (!lot)
			return false;
	}
	lot[gap & (LOT - 1)]++;
	return true;
}

void mms_ws_curve_feed(struct mms_ws_curve *c, const struct mms_refs *r)
{
	uint64_t time = c->time, more;

	for (uint64_t i = 0; i < r->nr && !c->no_memory; i++) {
		uint64_t *last = c->last + r->page[i];

		if (i + AHEAD < r->nr)
			__builtin_prefetch(c->last + r->page[i + AHEAD], 1);
		more = mms_refs_more(r, i);
		time++;
		if (!*last)
			c->cold++;
		else if (!count_gap(c, time - *last))
			c->no_memory = true;
		c->ones += more;
		time += more;
		*last = time;
	}
	c->time = time;
}

/* The first of @points that is no less than @gap. */
static size_t find(const struct mms_ws_point *points, size_t nr, uint64_t gap)
{
	size_t from = 0, to = nr;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (points[mid].window < gap)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* All gaps and ends into @b: one for each window, for what is longer than the window before. */
static void fill(const struct mms_ws_curve *c, const struct mms_ws_point *points, size_t nr,
		 struct bucket *b)
{
	size_t k = find(points, nr, 1);

	b[k].gaps = b[k].sum = c->ones;
	k = 0;
	for (uint64_t i = 0; i < c->nr_lots; i++)
		for (uint64_t g = 0; c->lots[i] && g < LOT; g++) {
			uint64_t gap = (i << LOT_SHIFT) + g, n = c->lots[i][g];

			while (k < nr && points[k].window < gap)
				k++;
			b[k].gaps += n;
			b[k].sum += n * gap;
		}
	for (uint32_t p = 0; p < c->nr_pages; p++) {
		uint64_t end = c->time - c->last[p] + 1;

		if (!c->last[p])
			continue;
		k = find(points, nr, end);
		b[k].ends++;
		b[k].ends_sum += end;
	}
}

int mms_ws_curve_points(const struct mms_ws_curve *c, struct mms_ws_point *points, size_t nr)
{
	struct bucket *b, all = {0};

	if (c->no_memory)
		return -ENOMEM;
	b = calloc(nr + 1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	fill(c, points, nr, b);
	for (size_t k = 0; k < nr; k++) {
		uint64_t longer = c->time; /* every reference has one gap after it, or an end */

		all.gaps += b[k].gaps;
		all.ends += b[k].ends;
		all.sum += b[k].sum + b[k].ends_sum;
		longer -= all.gaps + all.ends;
		points[k].faults = c->time - all.gaps;
		points[k].sum = all.sum + longer * points[k].window;
	}
	free(b);
	return 0;
}
