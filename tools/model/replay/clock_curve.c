// SPDX-License-Identifier: GPL-2.0-only
/* Clock for many sizes: 64 of them are one bit each of two words of a page. */
#include <stdlib.h>

#include "model/replay/curve_impl.h"

#define LOT   64
#define AHEAD 12

/**
 * struct lot - up to 64 clocks
 * @pages: of each page the sizes in which it is resident, and of these where its bit is set
 * @all: the sizes there are
 * @ring: of each size the pages in its frames; @used of @size are; @hand: where to look next
 */
struct lot {
	struct {
		uint64_t resident, referenced;
	} * pages;
	uint64_t all;
	uint32_t *ring[LOT];
	uint32_t size[LOT], used[LOT], hand[LOT];
	uint64_t faults[LOT];
};

struct mms_clock_curve {
	struct lot *lots;
	size_t nr;
	uint32_t nr_pages;
	bool bit;
};

static size_t lots_of(size_t nr)
{
	return (nr + LOT - 1) / LOT;
}

static uint32_t frames_of(uint32_t nr_pages, uint32_t size)
{
	return size < nr_pages ? size : nr_pages;
}

uint64_t mms_clock_curve_bytes(uint32_t nr_pages, const uint32_t *sizes, size_t nr)
{
	uint64_t bytes = lots_of(nr) * (nr_pages * 16ULL + sizeof(struct lot) + 128);

	for (size_t i = 0; i < nr; i++)
		bytes += frames_of(nr_pages, sizes[i]) * 4ULL + 128;
	return bytes + sizeof(struct mms_clock_curve);
}

static void release(struct mms_clock_curve *c)
{
	for (size_t l = 0; c->lots && l < lots_of(c->nr); l++) {
		free(c->lots[l].pages);
		for (size_t i = 0; i < LOT; i++)
			free(c->lots[l].ring[i]);
	}
	free(c->lots);
	free(c);
}

struct mms_clock_curve *mms_clock_curve_open(uint32_t nr_pages, const uint32_t *sizes, size_t nr,
					     unsigned int bit)
{
	struct mms_clock_curve *c = calloc(1, sizeof(*c));
	bool ok;

	if (!c)
		return NULL;
	c->nr = nr;
	c->nr_pages = nr_pages;
	c->bit = bit;
	c->lots = calloc(lots_of(nr) + 1, sizeof(*c->lots));
	ok = c->lots;
	for (size_t l = 0; ok && l < lots_of(nr); l++) {
		c->lots[l].pages = mms_lines_alloc(nr_pages, sizeof(*c->lots[l].pages));
		ok = c->lots[l].pages;
	}
	for (size_t i = 0; ok && i < nr; i++) {
		struct lot *l = c->lots + i / LOT;

		l->all |= 1ULL << i % LOT;
		l->size[i % LOT] = frames_of(nr_pages, sizes[i]);
		l->ring[i % LOT] = mms_lines_alloc(l->size[i % LOT], sizeof(**l->ring));
		ok = l->ring[i % LOT];
	}
	if (ok)
		return c;
	release(c);
	return NULL;
}

/* A frame of clock @k for @page. */
static inline void load_page(struct lot *l, unsigned int k, uint32_t page)
{
	uint32_t *ring = l->ring[k], hand = l->hand[k];
	const uint64_t bit = 1ULL << k;

	l->faults[k]++;
	if (l->used[k] < l->size[k]) {
		ring[l->used[k]++] = page;
		return;
	}
	while (l->pages[ring[hand]].referenced & bit) {
		l->pages[ring[hand]].referenced &= ~bit;
		hand = hand + 1 < l->size[k] ? hand + 1 : 0;
	}
	l->pages[ring[hand]].resident &= ~bit;
	ring[hand] = page;
	l->hand[k] = hand + 1 < l->size[k] ? hand + 1 : 0;
}

/* Without the bit on load a repeat matters: it sets the bit. */
static void run(struct lot *l, const struct mms_refs *r, bool bit)
{
	const uint32_t *page = r->page;

	for (uint64_t i = 0; i < r->nr; i++) {
		uint64_t resident = l->pages[page[i]].resident, missing = l->all & ~resident;

		if (i + AHEAD < r->nr)
			__builtin_prefetch(l->pages + page[i + AHEAD], 1);
		if (l->pages[page[i]].referenced == l->all)
			continue;
		l->pages[page[i]].referenced = bit || mms_refs_more(r, i) ? l->all : resident;
		l->pages[page[i]].resident = l->all;
		for (; missing; missing &= missing - 1)
			load_page(l, (unsigned int)__builtin_ctzll(missing), page[i]);
	}
}

void mms_clock_curve_feed(struct mms_clock_curve *c, const struct mms_refs *r)
{
	for (size_t l = 0; l < lots_of(c->nr); l++)
		run(c->lots + l, r, c->bit);
}

int mms_clock_curve_finish(struct mms_clock_curve *c, uint64_t *faults)
{
	for (size_t i = 0; i < c->nr; i++)
		faults[i] = c->lots[i / LOT].faults[i % LOT];
	release(c);
	return 0;
}
