// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exact stack distances of OPT with demand paging, in one pass and on-line. OPT is a stack
 * algorithm: Mattson, Gecsei, Slutz and Traiger, "Evaluation techniques for storage hierarchies",
 * IBM Systems Journal 9(2), 1970. That its distances can be had on-line: Bilardi, Ekanadham and
 * Pattnaik, "Optimal on-line computation of stack distances for MIN and OPT", Computing Frontiers
 * 2017.
 *
 * A page that is referenced again is a hit with C frames if it can be kept from slot to slot, of
 * the C - 1 frames that the latest page leaves. Instead of what is kept, it is noted what may
 * still be: for each number of pages but one a marker. With C frames there are the first C - 1
 * of them, and of the pages last referenced up to a slot no more may be kept than there are
 * markers up to it. The sum of a slot is the markers less the pages up to it: 0 at most, and 0
 * over all. A page at slot p is in one lot with all up to the first slot g >= p whose sum is 0,
 * and the first marker up to g gives the size that it takes. That one is used up; the page
 * before, of which nothing is known yet, gets it.
 */
#include <stdlib.h>
#include <string.h>

#include "model/replay/curve_impl.h"

#define NEVER (INT32_MIN / 2)

static uint32_t slots_of(uint32_t nr_pages)
{
	uint64_t slots = 8ULL * nr_pages;

	slots = slots < 1U << 15 ? 1U << 15 : slots > 0xffff0000 ? 0xffff0000 : slots;
	return (uint32_t)((slots + 1023) & ~1023ULL);
}

/* Entries of each level above @nr, in lots of 16 up to one lot. Return: levels. */
static uint32_t level_sizes(uint64_t nr, uint64_t *size)
{
	uint32_t levels = 0;

	do {
		size[levels++] = (nr + 15) & ~15ULL;
		nr = (nr + 15) / 16;
	} while (nr > 1);
	return levels;
}

uint64_t mms_opt_curve_bytes(uint32_t nr_pages)
{
	uint64_t slots = slots_of(nr_pages), size[MMS_OPT_LEVELS], bytes = slots;
	uint32_t levels = level_sizes(slots / 64, size);

	if (nr_pages > MMS_OPT_CURVE_MAX_PAGES)
		return UINT64_MAX;
	for (uint32_t l = 0; l < levels; l++)
		bytes += size[l] * 4 + 128;
	levels = level_sizes(nr_pages, size);
	for (uint32_t l = 0; l < levels; l++)
		bytes += size[l] * 4 + 128;
	return bytes + sizeof(struct mms_opt_curve) + nr_pages * 12ULL + 8 + slots / 8 +
	       slots / 16 + 5 * 128;
}

static void release(struct mms_opt_curve *c)
{
	for (uint32_t l = 0; l < MMS_OPT_LEVELS; l++) {
		free(c->slot[l]);
		free(c->sum[l]);
	}
	free(c->last);
	free(c->hits);
	free(c->leaf);
	free(c->used);
	free(c->rank);
	free(c);
}

static bool open_levels(struct mms_opt_curve *c)
{
	uint64_t size[MMS_OPT_LEVELS];

	c->levels = level_sizes(c->slots / 64, size);
	for (uint32_t l = 0; l < c->levels; l++) {
		c->sum[l] = mms_lines_alloc(size[l], sizeof(*c->sum[l]));
		if (!c->sum[l])
			return false;
		for (uint64_t i = 0; i < size[l]; i++)
			c->sum[l][i] = NEVER;
	}
	c->marker_levels = level_sizes(c->nr_pages, size);
	for (uint32_t l = 0; l < c->marker_levels; l++) {
		c->slot[l] = mms_lines_alloc(size[l], sizeof(*c->slot[l]));
		if (!c->slot[l])
			return false;
		memset(c->slot[l], 0xff, size[l] * sizeof(*c->slot[l]));
	}
	return true;
}

struct mms_opt_curve *mms_opt_curve_open(uint32_t nr_pages)
{
	struct mms_opt_curve *c = NULL;

	if (nr_pages <= MMS_OPT_CURVE_MAX_PAGES)
		c = mms_lines_alloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->nr_pages = nr_pages;
	c->slots = slots_of(nr_pages);
	c->latest = MMS_NO_PAGE;
	c->last = mms_lines_alloc(nr_pages, sizeof(*c->last));
	c->hits = calloc(nr_pages + 1ULL, sizeof(*c->hits));
	c->leaf = mms_lines_alloc(c->slots, 1);
	c->used = mms_lines_alloc(c->slots / 64, sizeof(*c->used));
	c->rank = mms_lines_alloc(c->slots / 64, sizeof(*c->rank));
	if (!c->last || !c->hits || !c->leaf || !c->used || !c->rank || !open_levels(c)) {
		release(c);
		return NULL;
	}
	memset(c->last, 0xff, nr_pages * sizeof(*c->last));
	memset(c->leaf, INT8_MIN, c->slots);
	return c;
}

static void use(struct mms_opt_curve *c, uint32_t slot)
{
	c->used[slot >> 6] |= 1ULL << (slot & 63);
}

static uint32_t rank(const struct mms_opt_curve *c, uint32_t slot)
{
	uint64_t below = c->used[slot >> 6] & ((1ULL << (slot & 63)) - 1);

	return c->rank[slot >> 6] + (uint32_t)__builtin_popcountll(below);
}

/* Sums from what was counted of each slot: markers less pages. */
static void sum_up(struct mms_opt_curve *c)
{
	int32_t sum = 0, base = 0, largest;
	uint64_t n;

	for (uint32_t s = 0; s < c->now; base = sum) {
		uint32_t first = s, end = s + 64 < c->now ? s + 64 : c->now;

		for (largest = NEVER; s < end; s++) {
			sum += c->leaf[s];
			c->leaf[s] = (int8_t)(sum - base);
			largest = sum > largest ? sum : largest;
		}
		for (s = first; s < end; s++)
			c->leaf[s] = (int8_t)(c->leaf[s] - (largest - base));
		c->sum[0][first >> 6] = largest;
	}
	n = (c->now + 63ULL) / 64;
	for (uint32_t l = 0; l < c->levels; l++, n = (n + 15) / 16)
		for (uint64_t i = 0; i < n; i += 16) {
			int32_t *v = c->sum[l] + i;

			for (largest = v[0], base = 1; base < 16; base++)
				largest = v[base] > largest ? v[base] : largest;
			for (base = 0; base < 16; base++)
				v[base] -= v[base] == NEVER ? 0 : largest;
			if (l + 1 < c->levels)
				c->sum[l + 1][i / 16] = largest;
		}
}

static void mark_all(struct mms_opt_curve *c)
{
	uint64_t n = c->nr_markers;

	for (uint32_t l = 1; l < c->marker_levels; l++) {
		n = (n + 15) / 16;
		for (uint64_t i = 0; i < n; i++) {
			uint32_t least = MMS_NO_SLOT, *v = c->slot[l - 1] + i * 16;

			for (uint32_t k = 0; k < 16; k++)
				least = v[k] < least ? v[k] : least;
			c->slot[l][i] = least;
		}
	}
}

/* Slots without a page and without a marker go, the order stays. */
void mms_opt_curve_compact(struct mms_opt_curve *c)
{
	uint32_t total = 0, top = c->now;

	for (uint32_t p = 0; p < c->nr_pages; p++)
		if (c->last[p] < top)
			use(c, c->last[p]);
	for (uint32_t m = 0; m < c->nr_markers; m++)
		use(c, c->slot[0][m]);
	for (uint32_t w = 0; w < c->slots / 64; w++) {
		c->rank[w] = total;
		total += (uint32_t)__builtin_popcountll(c->used[w]);
	}
	memset(c->leaf, 0, total);
	memset(c->leaf + total, INT8_MIN, c->slots - total);
	for (uint32_t l = 0; l < c->levels; l++)
		for (uint64_t i = 0; i <= (c->slots - 1ULL) >> (6 + 4 * l); i++)
			c->sum[l][i] = NEVER;
	for (uint32_t p = 0; p < c->nr_pages; p++) {
		if (c->last[p] == top) {
			c->last[p] = total;
		} else if (c->last[p] < top) {
			c->last[p] = rank(c, c->last[p]);
			c->leaf[c->last[p]]--;
		}
	}
	for (uint32_t m = 0; m < c->nr_markers; m++) {
		c->slot[0][m] = rank(c, c->slot[0][m]);
		c->leaf[c->slot[0][m]]++;
	}
	memset(c->used, 0, c->slots / 8);
	c->now = total;
	sum_up(c);
	mark_all(c);
}

void mms_opt_curve_feed(struct mms_opt_curve *c, const struct mms_refs *r)
{
	uint64_t repeats = 0;

	mms_steps()->opt(c, r->page, r->nr);
	for (uint64_t i = 0; r->more && i < r->nr; i++)
		repeats += r->more[i];
	if (repeats) /* else there may be no page at all */
		c->hits[1] += repeats;
	c->refs += r->nr + repeats;
}

int mms_opt_curve_finish(struct mms_opt_curve *c, struct mms_distances *d)
{
	*d = (struct mms_distances){
		.nr_pages = c->nr_pages, .hits = c->hits, .cold = c->cold, .refs = c->refs};
	c->hits = NULL;
	release(c);
	return 0;
}
