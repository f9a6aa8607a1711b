// SPDX-License-Identifier: GPL-2.0-only
/* Exact LRU stack distances in one pass. The steps are in lru_step.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/replay/curve_impl.h"

/* Entries between two looks at how many references hit the top of the stack. */
#define LOOK (1U << 16)
/* Percent of hits there from which they save more than what the others pay for both. */
#define SHARE 60

static uint32_t slots_of(uint32_t nr_pages)
{
	uint64_t slots = 4ULL * nr_pages;
	const uint64_t least = 2U << MMS_BLOCK_SHIFT, most = 0xffff8000;

	slots = slots < least ? least : slots > most ? most : slots;
	return (uint32_t)((slots + least / 2 - 1) & ~(least / 2 - 1));
}

uint64_t mms_lru_curve_bytes(uint32_t nr_pages)
{
	uint64_t slots = slots_of(nr_pages);

	if (nr_pages > MMS_LRU_CURVE_MAX_PAGES)
		return UINT64_MAX;
	return sizeof(struct mms_lru_curve) + nr_pages * 4ULL + (nr_pages + 1ULL) * 8 + slots / 8 +
	       (slots >> MMS_LINE_SHIFT) * 2 +
	       ((slots >> MMS_BLOCK_SHIFT) + 16 + (slots >> MMS_GROUP_SHIFT) + 1) * 4 + 5 * 64;
}

static void release(struct mms_lru_curve *c)
{
	free(c->last);
	free(c->hits);
	free(c->bits);
	free(c->line);
	free(c->block);
	free(c->group);
	free(c);
}

struct mms_lru_curve *mms_lru_curve_open(uint32_t nr_pages)
{
	struct mms_lru_curve *c = NULL;

	if (nr_pages <= MMS_LRU_CURVE_MAX_PAGES)
		c = mms_lines_alloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->nr_pages = nr_pages;
	c->slots = slots_of(nr_pages);
	c->last = mms_lines_alloc(nr_pages, sizeof(*c->last));
	c->hits = calloc(nr_pages + 1ULL, sizeof(*c->hits));
	c->bits = mms_lines_alloc(c->slots / 64, sizeof(*c->bits));
	c->line = mms_lines_alloc((c->slots >> MMS_BLOCK_SHIFT) * 64ULL, sizeof(*c->line));
	c->block = mms_lines_alloc((c->slots >> MMS_BLOCK_SHIFT) + 16, sizeof(*c->block));
	c->group = mms_lines_alloc((c->slots >> MMS_GROUP_SHIFT) + 1, sizeof(*c->group));
	if (!c->last || !c->hits || !c->bits || !c->line || !c->block || !c->group) {
		release(c);
		return NULL;
	}
	memset(c->last, 0xff, nr_pages * sizeof(*c->last));
	memset(c->top, 0xff, sizeof(c->top));
	c->use_top = true;
	return c;
}

/* How many bits are set before @slot. */
static uint32_t before(const struct mms_lru_curve *c, uint32_t slot)
{
	uint32_t line = slot >> MMS_LINE_SHIFT;
	uint32_t n = c->group[slot >> MMS_GROUP_SHIFT] + c->block[slot >> MMS_BLOCK_SHIFT] +
		     c->line[line];

	for (uint32_t w = line << 3; w < slot >> 6; w++)
		n += (uint32_t)__builtin_popcountll(c->bits[w]);
	return n + (uint32_t)__builtin_popcountll(c->bits[slot >> 6] & ((1ULL << (slot & 63)) - 1));
}

/* Closes the gaps between the slots in use: they become the first ones, in the same order. */
void mms_lru_curve_compact(struct mms_lru_curve *c)
{
	uint32_t total = c->total;

	for (uint32_t p = 0; p < c->nr_pages; p++)
		if (c->last[p] != MMS_NO_SLOT)
			c->last[p] = before(c, c->last[p]);
	memset(c->bits, 0, c->slots / 8);
	memset(c->bits, 0xff, total / 64 * 8ULL);
	if (total % 64)
		c->bits[total / 64] = (1ULL << total % 64) - 1;
	for (uint32_t i = 0; i << MMS_GROUP_SHIFT <= total && i <= c->slots >> MMS_GROUP_SHIFT; i++)
		c->group[i] = i << MMS_GROUP_SHIFT;
	for (uint32_t i = 0; i <= total >> MMS_BLOCK_SHIFT; i++)
		c->block[i] = (i & 63) << MMS_BLOCK_SHIFT;
	for (uint32_t i = 0; i <= total >> MMS_LINE_SHIFT; i++)
		c->line[i] = (uint16_t)((i & 63) << MMS_LINE_SHIFT);
	c->now = total;
}

/* Are the pages on top worth an array of their own? Takes them apart or begins anew. */
static void look(struct mms_lru_curve *c)
{
	uint64_t hits = 0;
	bool use;

	for (unsigned int d = 2; d <= MMS_TOP && d <= c->nr_pages; d++)
		hits += c->hits[d];
	use = (hits - c->top_hits) * 100 >= c->looked * SHARE;
	c->top_hits = hits;
	c->looked = 0;
	if (use == c->use_top)
		return;
	c->use_top = use;
	for (unsigned int i = MMS_TOP; !use && i--;) {
		if (c->top[i] == MMS_NO_PAGE)
			continue;
		mms_lru_curve_put(c, c->top[i]);
		c->top[i] = MMS_NO_PAGE;
	}
	c->held = 0;
}

void mms_lru_curve_feed(struct mms_lru_curve *c, const struct mms_refs *r)
{
	const struct mms_steps *steps = mms_steps();
	uint64_t i, nr, repeats = 0;

	for (i = 0; i < r->nr; i += nr) {
		nr = r->nr - i < LOOK - c->looked ? r->nr - i : LOOK - c->looked;
		steps->lru(c, r->page + i, nr);
		c->looked += nr;
		if (c->looked == LOOK)
			look(c);
	}
	for (i = 0; r->more && i < r->nr; i++)
		repeats += r->more[i];
	if (repeats) /* else there may be no page at all */
		c->hits[1] += repeats;
	c->refs += r->nr + repeats;
}

int mms_lru_curve_finish(struct mms_lru_curve *c, struct mms_distances *d)
{
	*d = (struct mms_distances){
		.nr_pages = c->nr_pages, .hits = c->hits, .cold = c->cold, .refs = c->refs};
	c->hits = NULL;
	release(c);
	return 0;
}
