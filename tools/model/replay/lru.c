// SPDX-License-Identifier: GPL-2.0-only
/*
 * LRU: the page that has not been referenced for the longest time leaves.
 *
 * No list is kept in order. Each entry has a time; a page knows the time of its last one, and
 * a log has the page of each time. Pages whose last time is before the tail have no frame, so
 * that a hit is one comparison. To evict, the tail moves on over the entries that are not the
 * last ones of their pages, to one that is. The log is made short again when it is full, which
 * costs each entry a constant on average.
 */
#include <stdlib.h>
#include <string.h>

#include "model/replay/loop.h"
#include "model/replay/policies.h"

#define MAX_FRAMES (1U << 27) /* 512 GiB of 4 KiB pages: times are 31 bits */
#define MAX_TIME   (1U << 31)
#define AHEAD	   32
#define OLD	   64 /* entries looked at together */

/**
 * struct lru - state
 * @last: of each page: time of its last entry, from bit 1 on; bit 0: dirty
 * @log: the page of each time in [@base, @now)
 * @size: of the log, some more than the pages that have frames
 * @tail: time of the page that leaves next
 * @nr: pages that have frames
 * @dirty: there was a chunk with writes
 * @old: times of entries that were the last of their pages when it was looked, up to time @seen;
 *       those from @next_old on, of @nr_old, have not had their turn
 */
struct lru {
	uint32_t *last;
	uint32_t *log;
	uint32_t size;
	uint32_t base, now, tail;
	uint32_t nr, frames;
	bool dirty;
	uint32_t old[OLD];
	uint32_t next_old, nr_old, seen;
};

static uint32_t log_size(const struct mms_policy_conf *conf)
{
	return 4 * mms_loop_frames(conf) + 256;
}

static uint64_t lru_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct lru) + 4 * ((uint64_t)log_size(conf) + AHEAD + conf->nr_pages);
}

static const char *lru_unfit(const struct mms_policy_conf *conf)
{
	if (mms_loop_frames(conf) <= MAX_FRAMES)
		return NULL;
	return "takes at most 134,217,728 frames; its curve takes more (--curve=lru)";
}

static void *lru_begin(const struct mms_policy_conf *conf)
{
	struct lru *s;

	if (lru_unfit(conf))
		return NULL;
	s = calloc(1, lru_bytes(conf));
	if (!s)
		return NULL;
	s->frames = mms_loop_frames(conf);
	s->size = log_size(conf);
	s->log = (uint32_t *)(s + 1);
	s->last = s->log + s->size + AHEAD;
	/* Times end soon after the beginning, so that each test sees what happens then. */
	s->base = s->now = s->tail = s->seen = MAX_TIME - 2 * s->size;
	return s;
}

/* Times begin again at 1; 0 is that of all pages until compact() gives them new ones. */
static void restart(struct lru *s, uint32_t nr_pages)
{
	uint32_t p;

	for (p = 0; p < nr_pages; p++)
		s->last[p] = s->last[p] >> 1 >= s->tail ? s->last[p] & 1 : 0;
	s->now = 1;
}

/* Keep the last entry of each page that has a frame, with a new time. */
static void compact(struct lru *s, uint32_t nr_pages)
{
	uint32_t i, end = s->now - s->base, n = 0;

	for (i = s->tail - s->base; i < end; i++) {
		uint32_t p = s->log[i];

		s->log[n] = p;
		n += s->last[p] >> 1 == s->base + i;
	}
	if (s->now > MAX_TIME - 2 * s->size)
		restart(s, nr_pages);
	s->base = s->tail = s->seen = s->now;
	s->next_old = s->nr_old = 0;
	for (i = 0; i < n; i++)
		s->last[s->log[i]] = (s->base + i) << 1 | (s->last[s->log[i]] & 1);
	s->now += n;
}

/*
 * The next entries that are the last of their pages, as far as they go. All are looked at without
 * a branch; what is referenced again before its turn is passed over then.
 */
static void look_ahead(struct lru *s)
{
	uint32_t i, n = 0, nr = s->now - s->seen;
	const uint32_t *at = s->log + (s->seen - s->base);

	if (nr > OLD)
		nr = OLD;
	for (i = 0; i < nr; i++) {
		/* Behind the log's end are zeroes. */
		__builtin_prefetch(&s->last[at[i + AHEAD]]);
		s->old[n] = s->seen + i;
		n += s->last[at[i]] >> 1 == s->seen + i;
	}
	s->seen += nr;
	s->next_old = 0;
	s->nr_old = n;
}

static void evict(struct lru *s, struct mms_replay_count *count)
{
	uint32_t time, last;

	do {
		while (s->next_old == s->nr_old)
			look_ahead(s);
		time = s->old[s->next_old++];
		last = s->last[s->log[time - s->base]];
	} while (last >> 1 != time);
	count->evictions++;
	count->writebacks += last & 1;
	s->tail = time + 1;
}

/* Out of the way of the hits. Return: the tail. */
static __attribute__((noinline)) uint32_t fault(struct lru *s, uint32_t now,
						struct mms_replay_count *count)
{
	count->faults++;
	s->now = now;
	if (s->nr < s->frames)
		s->nr++;
	else
		evict(s, count);
	return s->tail;
}

/* Entries from @from on, which are in the log from @s->now on. */
MMS_LOOP_INLINE void body(struct lru *s, const struct mms_refs *r, uint64_t from, uint32_t nr,
			  struct mms_replay_count *count, const bool dirty, const bool far)
{
	uint32_t *last = s->last, now = s->now << 1, tail = s->tail << 1, i;
	const uint32_t *page = s->log + (s->now - s->base);

	for (i = 0; i < nr; i++, now += 2) {
		uint32_t old = last[page[i]], write = 0;

		if (far)
			__builtin_prefetch(&last[page[i + AHEAD]], 1);
		if (dirty)
			write = mms_refs_write(r, from + i);
		if (old >= tail) {
			if (dirty)
				write |= old & 1;
		} else {
			tail = fault(s, now >> 1, count) << 1;
		}
		last[page[i]] = now | write;
	}
	s->now = now >> 1;
}

static void lru_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		    struct mms_replay_count *count)
{
	bool far = 4ULL * r->nr_pages > MMS_LOOP_NEAR;
	struct lru *s = state;
	uint64_t i, nr;

	s->dirty |= r->write != NULL;
	for (i = from; i < to; i += nr) {
		if (s->now - s->base == s->size)
			compact(s, r->nr_pages);
		nr = s->size - (s->now - s->base);
		if (nr > to - i)
			nr = to - i;
		memcpy(s->log + (s->now - s->base), r->page + i, nr * sizeof(*r->page));
		if (s->dirty && far)
			body(s, r, i, nr, count, true, true);
		else if (s->dirty)
			body(s, r, i, nr, count, true, false);
		else if (far)
			body(s, r, i, nr, count, false, true);
		else
			body(s, r, i, nr, count, false, false);
	}
	mms_loop_count(count, r, from, to, s->nr);
}

/* The most recent first. */
static uint32_t lru_list(void *state, uint32_t *pages)
{
	struct lru *s = state;
	uint32_t t, n = 0;

	for (t = s->now; t-- > s->tail;)
		if (s->last[s->log[t - s->base]] >> 1 == t)
			pages[n++] = s->log[t - s->base];
	return n;
}

const struct mms_policy mms_policy_lru = {
	.name = "lru",
	.title = "LRU",
	.source = "R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, Evaluation techniques "
		  "for storage hierarchies, IBM Systems Journal 9(2), 1970",
	.flags = MMS_POLICY_STACK,
	.unfit = lru_unfit,
	.bytes = lru_bytes,
	.begin = lru_begin,
	.run = lru_run,
	.list = lru_list,
	.end = free,
};
