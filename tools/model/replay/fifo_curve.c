// SPDX-License-Identifier: GPL-2.0-only
/*
 * FIFO for many sizes without a queue: a page that came with fault k leaves with fault k + size,
 * so that one number for each page and size tells whether it is there.
 */
#include <stdlib.h>
#include <string.h>

#include "model/replay/curve_impl.h"

/* Entries from one look at the stamps to the next: a stamp is at most this and a size. */
#define LOT (UINT32_MAX - MMS_FIFO_CURVE_MAX_PAGES)

static size_t width_of(size_t nr)
{
	return (nr + 15) & ~(size_t)15;
}

uint64_t mms_fifo_curve_bytes(uint32_t nr_pages, size_t nr_sizes)
{
	uint64_t row = width_of(nr_sizes) * 4ULL, bytes;

	if (nr_pages > MMS_FIFO_CURVE_MAX_PAGES ||
	    __builtin_mul_overflow(row, nr_pages + 4ULL, &bytes))
		return UINT64_MAX;
	return bytes + sizeof(struct mms_fifo_curve) + 4 * 128;
}

static void release(struct mms_fifo_curve *c)
{
	free(c->stamp);
	free(c->faults);
	free(c->size);
	free(c->before);
	free(c);
}

struct mms_fifo_curve *mms_fifo_curve_open(uint32_t nr_pages, const uint32_t *sizes, size_t nr)
{
	struct mms_fifo_curve *c = NULL;
	uint64_t cells;

	if (nr_pages <= MMS_FIFO_CURVE_MAX_PAGES)
		c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->nr = nr;
	c->width = width_of(nr);
	c->nr_pages = nr_pages;
	if (!__builtin_mul_overflow((uint64_t)nr_pages, c->width, &cells))
		c->stamp = mms_lines_alloc(cells, sizeof(*c->stamp));
	c->faults = mms_lines_alloc(c->width, sizeof(*c->faults));
	c->size = mms_lines_alloc(c->width, sizeof(*c->size));
	c->before = mms_lines_alloc(c->width, sizeof(*c->before));
	if (!c->stamp || !c->faults || !c->size || !c->before) {
		release(c);
		return NULL;
	}
	for (size_t i = 0; i < c->width; i++) {
		c->size[i] = i < nr && sizes[i] < nr_pages ? sizes[i] : nr_pages;
		c->largest = c->size[i] > c->largest ? c->size[i] : c->largest;
	}
	return c;
}

void mms_fifo_curve_rebase(struct mms_fifo_curve *c)
{
	uint32_t *stamp = c->stamp;

	for (uint32_t p = 0; p < c->nr_pages; p++, stamp += c->width)
		for (size_t i = 0; i < c->width; i++)
			stamp[i] = stamp[i] > c->faults[i] ? stamp[i] - c->faults[i] : 0;
	for (size_t i = 0; i < c->width; i++)
		c->before[i] += c->faults[i];
	memset(c->faults, 0, c->width * sizeof(*c->faults));
}

void mms_fifo_curve_feed(struct mms_fifo_curve *c, const struct mms_refs *r)
{
	const struct mms_steps *steps = mms_steps();
	uint64_t nr;

	for (uint64_t i = 0; i < r->nr; i += nr) {
		uint32_t most = 0;

		nr = r->nr - i < LOT ? r->nr - i : LOT;
		for (size_t s = 0; s < c->width; s++)
			most = c->faults[s] > most ? c->faults[s] : most;
		if (most + nr + c->largest > UINT32_MAX)
			mms_fifo_curve_rebase(c);
		steps->fifo(c, r->page + i, nr);
	}
}

int mms_fifo_curve_finish(struct mms_fifo_curve *c, uint64_t *faults)
{
	for (size_t i = 0; i < c->nr; i++)
		faults[i] = c->before[i] + c->faults[i];
	release(c);
	return 0;
}
