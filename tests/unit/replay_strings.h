/* SPDX-License-Identifier: GPL-2.0-only */
/* Reference strings for tests: always the same ones for a seed. */
#ifndef _MMS_TEST_REPLAY_STRINGS_H
#define _MMS_TEST_REPLAY_STRINGS_H

#include <stdlib.h>
#include <string.h>

#include "model/replay/refs.h"

struct string {
	struct mms_refs refs;
	uint32_t *page, *more;
};

static inline uint64_t rnd(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 11;
}

enum { EVEN, LOOP, SKEWED, PHASES, STYLES };

static inline uint32_t any_page(uint64_t *s, int style, uint64_t i, uint32_t pages)
{
	uint64_t a = rnd(s) % pages, b = rnd(s) % pages, c = rnd(s) % pages;

	switch (style) {
	case LOOP:
		return rnd(s) % 16 ? (uint32_t)(i % pages) : (uint32_t)a;
	case SKEWED:
		return (uint32_t)(a * b / pages * c / pages);
	case PHASES:
		return (uint32_t)((a * b / pages + i / (2 * pages) * 7) % pages);
	default:
		return (uint32_t)a;
	}
}

/* @nr entries of at most @pages pages, numbered as they come; @more: with repeats. */
static inline struct string make_string(uint64_t seed, int style, uint64_t nr, uint32_t pages,
					bool more)
{
	struct string t = {.page = malloc(nr * sizeof(uint32_t)),
			   .more = more ? calloc(nr, sizeof(uint32_t)) : NULL};
	uint32_t *id = malloc(pages * sizeof(*id));
	uint64_t s = seed * 0x9e3779b97f4a7c15 + 1;

	memset(id, 0xff, pages * sizeof(*id));
	t.refs = (struct mms_refs){.page = t.page, .more = t.more, .nr = nr, .nr_refs = nr};
	for (uint64_t i = 0; i < nr; i++) {
		uint32_t p = any_page(&s, style, i, pages);

		if (id[p] == UINT32_MAX)
			id[p] = t.refs.nr_pages++;
		t.page[i] = id[p];
		if (more && !(rnd(&s) % 3))
			t.more[i] = (uint32_t)(rnd(&s) % 5);
		t.refs.nr_refs += mms_refs_more(&t.refs, i);
	}
	free(id);
	return t;
}

static inline void free_string(struct string *t)
{
	free(t->page);
	free(t->more);
}

/* One entry for each reference. For twins that know of no repeats. */
static inline uint32_t *spread(const struct mms_refs *r)
{
	uint32_t *page = malloc(r->nr_refs * sizeof(*page) + 1);
	uint64_t n = 0;

	for (uint64_t i = 0; i < r->nr; i++)
		for (uint64_t k = 0; k <= mms_refs_more(r, i); k++)
			page[n++] = r->page[i];
	return page;
}

/* The chunk from @from on, of @nr entries at most. */
static inline struct mms_refs chunk(const struct mms_refs *r, uint64_t from, uint64_t nr)
{
	struct mms_refs c = *r;

	c.nr = r->nr - from < nr ? r->nr - from : nr;
	c.page += from;
	c.more = r->more ? r->more + from : NULL;
	c.nr_refs = c.nr;
	for (uint64_t i = 0; i < c.nr; i++)
		c.nr_refs += mms_refs_more(&c, i);
	return c;
}

/* Feeds all of it in chunks of any size. */
#define FEED_CHUNKS(feed, curve, r, seed)                                                         \
	do {                                                                                      \
		uint64_t s_ = (seed) + 1;                                                         \
		for (uint64_t at_ = 0; at_ < (r)->nr;) {                                          \
			uint64_t most_ = rnd(&s_) % 3 ? 1 + rnd(&s_) % 20 : 1 + rnd(&s_) % 90000; \
			struct mms_refs c_ = chunk(r, at_, most_);                                \
			feed(curve, &c_);                                                         \
			at_ += c_.nr;                                                             \
		}                                                                                 \
	} while (0)

static inline struct mms_refs textbook(const uint32_t *page, uint64_t nr, uint32_t nr_pages)
{
	return (struct mms_refs){.page = page, .nr = nr, .nr_refs = nr, .nr_pages = nr_pages};
}

/* Ids are dense: both strings with their pages numbered from 0. */
static const uint32_t belady[] = {0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4};
static const uint32_t silberschatz[] = {5, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 5, 0, 1};
#define BELADY	     textbook(belady, 12, 5)
#define SILBERSCHATZ textbook(silberschatz, 20, 6)

#endif
