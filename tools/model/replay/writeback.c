// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write-backs of LRU by size: the largest stack distance since a page was last
 * written decides in which sizes it has been written back. Distances are counted
 * in a Fenwick tree over the times of last use, which are renumbered when they
 * run out.
 */
#include <stdlib.h>
#include <string.h>

#include "model/replay/writeback.h"

#define NEVER 0 /* slots begin at 1 */

/**
 * struct mms_writeback_curve - state
 * @nr_pages: of the string
 * @nr_slots: times of last use that fit into @tree
 * @now: the latest one
 * @seen: pages with a slot
 * @tree: how many pages have a slot in a part of the times; [1..nr_slots]
 * @owner: the page of a slot, where slot[owner] says so too
 * @slot: of each page's last use, or NEVER
 * @worst: of each dirty page, the largest distance since it was written; 0: just now
 * @dirty: of each page
 * @count: [d] = writes that are written back with less than d frames
 */
struct mms_writeback_curve {
	uint32_t nr_pages;
	uint64_t nr_slots, now, seen;
	uint32_t *tree, *owner;
	uint64_t *slot;
	uint32_t *worst;
	uint8_t *dirty;
	uint64_t *count;
};

static uint64_t slots_for(uint32_t nr_pages)
{
	return 2 * (uint64_t)nr_pages + 1024;
}

uint64_t mms_writeback_curve_bytes(uint32_t nr_pages)
{
	return slots_for(nr_pages) * 2 * sizeof(uint32_t) + (uint64_t)nr_pages * 21 + 256;
}

static void release(struct mms_writeback_curve *c)
{
	free(c->tree);
	free(c->owner);
	free(c->slot);
	free(c->worst);
	free(c->dirty);
	free(c->count);
	free(c);
}

struct mms_writeback_curve *mms_writeback_curve_open(uint32_t nr_pages)
{
	struct mms_writeback_curve *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->nr_pages = nr_pages;
	c->nr_slots = slots_for(nr_pages);
	c->tree = calloc(c->nr_slots + 1, sizeof(*c->tree));
	c->owner = calloc(c->nr_slots + 1, sizeof(*c->owner));
	c->slot = calloc((size_t)nr_pages + 1, sizeof(*c->slot));
	c->worst = calloc((size_t)nr_pages + 1, sizeof(*c->worst));
	c->dirty = calloc((size_t)nr_pages + 1, sizeof(*c->dirty));
	c->count = calloc((size_t)nr_pages + 2, sizeof(*c->count));
	if (c->tree && c->owner && c->slot && c->worst && c->dirty && c->count)
		return c;
	release(c);
	return NULL;
}

void mms_writeback_curve_abort(struct mms_writeback_curve *c)
{
	if (c)
		release(c);
}

static void add(struct mms_writeback_curve *c, uint64_t slot, uint32_t by)
{
	for (; slot <= c->nr_slots; slot += slot & -slot)
		c->tree[slot] += by;
}

/* Pages whose last use is at @slot or before. */
static uint64_t up_to(const struct mms_writeback_curve *c, uint64_t slot)
{
	uint64_t sum = 0;

	for (; slot; slot &= slot - 1)
		sum += c->tree[slot];
	return sum;
}

/* The slots that are in use become 1, 2, ... in the same order. */
static void renumber(struct mms_writeback_curve *c)
{
	uint64_t s, to = 0;

	memset(c->tree, 0, (c->nr_slots + 1) * sizeof(*c->tree));
	for (s = 1; s <= c->now; s++) {
		uint32_t page = c->owner[s];

		if (c->slot[page] != s)
			continue;
		c->slot[page] = ++to;
		c->owner[to] = page;
		add(c, to, 1);
	}
	c->now = to;
}

/* The stack distance of @page, which has been used before: 1 if it is the last one used. */
static uint32_t distance(const struct mms_writeback_curve *c, uint32_t page)
{
	return c->seen - up_to(c, c->slot[page]) + 1;
}

static void use(struct mms_writeback_curve *c, uint32_t page)
{
	if (c->now == c->nr_slots)
		renumber(c);
	if (c->slot[page] == NEVER)
		c->seen++;
	else
		add(c, c->slot[page], -1);
	c->slot[page] = ++c->now;
	c->owner[c->now] = page;
	add(c, c->now, 1);
}

static void one(struct mms_writeback_curve *c, uint32_t page, bool write)
{
	/* The last page again: nothing moves, and its distance of 1 evicts nothing. */
	if (c->slot[page] == NEVER || c->slot[page] != c->now) {
		uint32_t d = c->slot[page] == NEVER ? 0 : distance(c, page);

		if (d > c->worst[page])
			c->worst[page] = d;
		use(c, page);
	} else if (!c->worst[page]) {
		c->worst[page] = 1;
	}
	if (!write)
		return;
	if (c->dirty[page])
		c->count[c->worst[page]]++;
	c->dirty[page] = 1;
	c->worst[page] = 0;
}

void mms_writeback_curve_feed(struct mms_writeback_curve *c, const struct mms_refs *r)
{
	uint64_t i;

	for (i = 0; i < r->nr; i++)
		one(c, r->page[i], mms_refs_write(r, i));
}

void mms_writeback_curve_finish(struct mms_writeback_curve *c, uint64_t *writebacks)
{
	uint64_t sum = 0;
	uint32_t p, m;

	for (p = 0; p < c->nr_pages; p++) {
		uint32_t d;

		if (!c->dirty[p])
			continue;
		d = distance(c, p);
		c->count[d > c->worst[p] ? d : c->worst[p]]++;
	}
	for (m = c->nr_pages; m > 0; m--) {
		writebacks[m] = sum;
		sum += c->count[m];
	}
	writebacks[0] = sum;
	release(c);
}
