/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages on top of the LRU stack, as an array that is searched from the top: of programs most
 * hits are at the first places, and a branch that is foretold costs less than the wait from one
 * shift of a vector to the next. With AVX2 and AVX-512 that took 1.4 to 1.9 times as long.
 */
#ifndef _MMS_LRU_TOP_H
#define _MMS_LRU_TOP_H

#include <stdint.h>
#include <string.h>

#include "model/replay/curve_impl.h"

struct top {
	uint32_t page[MMS_TOP];
};

static inline void top_load(struct top *t, const uint32_t *page)
{
	memcpy(t->page, page, sizeof(t->page));
}

static inline void top_store(const struct top *t, uint32_t *page)
{
	memcpy(page, t->page, sizeof(t->page));
}

/* Puts @page first. Return: where it was, or MMS_TOP if it was not there: nothing was changed. */
static inline unsigned int top_hit(struct top *t, uint32_t page)
{
	uint32_t next, moved = page;
	unsigned int k;

	for (k = 0; k < MMS_TOP && t->page[k] != page; k++)
		;
	if (k == MMS_TOP)
		return k;
	for (unsigned int i = 0; i <= k; i++) {
		next = t->page[i];
		t->page[i] = moved;
		moved = next;
	}
	return k;
}

/* Puts @page first. Return: the one that was last. */
static inline uint32_t top_push(struct top *t, uint32_t page)
{
	uint32_t out = t->page[MMS_TOP - 1];

	memmove(t->page + 1, t->page, sizeof(t->page) - sizeof(t->page[0]));
	t->page[0] = page;
	return out;
}

#endif
