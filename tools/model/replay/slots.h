/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What policies keep per page: 16 bytes of it, on lists that run through them. The heads
 * of the lists are slots behind those of the pages, so that no end is a special case. Must
 * not know any policy.
 */
#ifndef _MMS_SLOTS_H
#define _MMS_SLOTS_H

#include <stdlib.h>

#include "model/replay/policy.h"

/**
 * struct mms_slot - one page, or the head of a list
 * @prev: towards the front; of a head: the last one
 * @next: towards the end; of a head: the first one
 * @stamp: a virtual time or a count; no string has more than 2^43 references, which an entry's
 *	    repeats could be: its reader sees to that
 * @mark: the policy's
 * @where: the policy's; 0: without a frame, and nothing is known of it
 * @dirty: written since it got its frame
 */
struct mms_slot {
	uint32_t prev, next;
	uint64_t stamp : 44;
	uint64_t mark : 16;
	uint64_t where : 3;
	uint64_t dirty : 1;
};

struct mms_slots {
	struct mms_slot *slot;
	uint32_t nr_pages;
};

/* List @k of them. */
static inline uint32_t mms_head(const struct mms_slots *s, uint32_t k)
{
	return s->nr_pages + k;
}

static inline uint64_t mms_slots_bytes(uint64_t nr_pages, uint64_t heads)
{
	return (nr_pages + heads) * sizeof(struct mms_slot);
}

/* All zero, the lists empty. False: no memory. */
static inline bool mms_slots_init(struct mms_slots *s, uint32_t nr_pages, uint32_t heads)
{
	uint32_t k;

	if (heads > UINT32_MAX - nr_pages)
		return false;
	s->nr_pages = nr_pages;
	s->slot = calloc((size_t)nr_pages + heads, sizeof(*s->slot));
	if (!s->slot)
		return false;
	for (k = nr_pages; k < nr_pages + heads; k++)
		s->slot[k].prev = s->slot[k].next = k;
	return true;
}

static inline bool mms_list_empty(const struct mms_slots *s, uint32_t head)
{
	return s->slot[head].next == head;
}

/* The page at the end, or @head. */
static inline uint32_t mms_list_last(const struct mms_slots *s, uint32_t head)
{
	return s->slot[head].prev;
}

static inline void mms_list_add(struct mms_slots *s, uint32_t head, uint32_t page)
{
	uint32_t first = s->slot[head].next;

	s->slot[page].prev = head;
	s->slot[page].next = first;
	s->slot[first].prev = page;
	s->slot[head].next = page;
}

static inline void mms_list_del(struct mms_slots *s, uint32_t page)
{
	uint32_t prev = s->slot[page].prev, next = s->slot[page].next;

	s->slot[prev].next = next;
	s->slot[next].prev = prev;
}

static inline void mms_list_move(struct mms_slots *s, uint32_t head, uint32_t page)
{
	if (s->slot[page].prev == head)
		return;
	mms_list_del(s, page);
	mms_list_add(s, head, page);
}

/* All of @from, in their order, to the front of @to; @from is empty then. */
static inline void mms_list_splice(struct mms_slots *s, uint32_t from, uint32_t to)
{
	uint32_t first = s->slot[from].next, last = s->slot[from].prev;
	uint32_t behind = s->slot[to].next;

	if (first == from)
		return;
	s->slot[first].prev = to;
	s->slot[to].next = first;
	s->slot[last].next = behind;
	s->slot[behind].prev = last;
	s->slot[from].prev = s->slot[from].next = from;
}

/* Lists whose number, from 1 on, is the state of the pages on them. */
static inline uint32_t mms_list_of(const struct mms_slots *s, unsigned int where)
{
	return mms_head(s, where - 1);
}

/* @page, which is on no list, to the front of one. */
static inline void mms_list_put(struct mms_slots *s, unsigned int where, uint32_t page)
{
	mms_list_add(s, mms_list_of(s, where), page);
	s->slot[page].where = where;
}

/* Return: the page at the end, which is on no list then; there is one. */
static inline uint32_t mms_list_take_last(struct mms_slots *s, unsigned int where)
{
	uint32_t page = mms_list_last(s, mms_list_of(s, where));

	mms_list_del(s, page);
	s->slot[page].where = 0;
	return page;
}

/* Appends the pages of a list, front first. Return: how many there are now. */
static inline uint32_t mms_list_pages(const struct mms_slots *s, uint32_t head, uint32_t *pages,
				      uint32_t nr)
{
	uint32_t p;

	for (p = s->slot[head].next; p != head; p = s->slot[p].next)
		pages[nr++] = p;
	return nr;
}

/* A page lost its frame. */
static inline void mms_count_evicted(struct mms_replay_count *count, bool dirty)
{
	count->evictions++;
	count->writebacks += dirty;
	count->resident--;
}

/* A page got one. */
static inline void mms_count_fault(struct mms_replay_count *count)
{
	count->faults++;
	count->resident++;
	if (count->resident > count->max_resident)
		count->max_resident = count->resident;
}

/* Something that is done before each reference whose number is a multiple of @period, not 0. */
struct mms_beat {
	uint64_t now, next, period;
};

/* Time goes on by @refs references. Return: how often it is due before them or among them. */
static inline uint64_t mms_beats(struct mms_beat *b, uint64_t refs)
{
	uint64_t due;

	b->now += refs;
	if (__builtin_expect(b->now <= b->next, 1))
		return 0;
	due = (b->now - 1 - b->next) / b->period + 1;
	b->next += due * b->period;
	return due;
}

/* One entry: a reference, and @more of them directly after it. */
typedef void mms_touch_fn(void *state, uint32_t page, bool write, uint64_t more,
			  struct mms_replay_count *count);

/*
 * Entries [from, to) to @touch. When there are too many slots to be in the cache, those to come
 * are on their way, and so are with @near those beside them on their lists, and @bytes per page
 * at @more_state, if not NULL.
 */
static inline __attribute__((always_inline)) void
mms_slots_run_with(const struct mms_slots *s, void *state, mms_touch_fn *touch, bool near,
		   const void *more_state, size_t bytes, const struct mms_refs *r, uint64_t from,
		   uint64_t to, struct mms_replay_count *count)
{
	const uint64_t ahead = 16;
	const bool far = s->nr_pages > 1 << 14;
	uint64_t i, refs = 0;

	for (i = from; i < to; i++) {
		uint64_t more = mms_refs_more(r, i);

		if (far && i + 2 * ahead < to)
			__builtin_prefetch(&s->slot[r->page[i + 2 * ahead]], 1);
		if (far && more_state && i + 2 * ahead < to)
			__builtin_prefetch(
				(const char *)more_state + r->page[i + 2 * ahead] * bytes, 1);
		if (far && near && i + ahead < to) {
			const struct mms_slot *p = &s->slot[r->page[i + ahead]];

			__builtin_prefetch(&s->slot[p->prev], 1);
			__builtin_prefetch(&s->slot[p->next], 1);
		}
		touch(state, r->page[i], mms_refs_write(r, i), more, count);
		refs += 1 + more;
	}
	count->refs += refs;
}

static inline __attribute__((always_inline)) void
mms_slots_run(const struct mms_slots *s, void *state, mms_touch_fn *touch, bool near,
	      const struct mms_refs *r, uint64_t from, uint64_t to, struct mms_replay_count *count)
{
	mms_slots_run_with(s, state, touch, near, NULL, 0, r, from, to, count);
}

#endif
