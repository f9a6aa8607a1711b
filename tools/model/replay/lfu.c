// SPDX-License-Identifier: GPL-2.0-only
/*
 * LFU, counted in the cache: the page with the fewest references since it got its frame leaves,
 * of several the one whose last reference is the oldest (as each reference counts, this is the
 * one that reached its count first).
 *
 * A reference changes the page's own key and no more. Pages wait in a queue when they come, and
 * in a heap later, under the key they had when they were put there: keys only grow, so that
 * one at the front is the least if it still has that key, and is put where it belongs if not.
 */
#include <stdio.h>
#include <stdlib.h>

#include "model/replay/loop.h"
#include "model/replay/policies.h"
#include "model/replay/queue.h"

/*
 * A key, from bit 0: dirty; time of the last reference, in entries; references. 0: no frame.
 * A page's references are exact up to 17 * 10^9.
 */
#define TIME_BITS  29
#define ONE_TIME   2ULL
#define ONE_REF	   (ONE_TIME << TIME_BITS)
#define MAX_TIME   ((1U << TIME_BITS) - 1)
#define MAX_REFS   ((1ULL << (63 - TIME_BITS)) - 1)
#define MAX_FRAMES (1U << (TIME_BITS - 1)) /* 1 TiB of 4 KiB pages */

struct waiting {
	uint64_t key;
	uint32_t page;
};

/**
 * struct lfu - state
 * @key: of each page
 * @young: pages that came with one reference, in this order; some have more by now
 * @heap: the other ones that have a frame, @nr_heap of them
 * @now: time of the next entry
 * @halve: references after which the counts are halved; 0: never
 * @left: of these
 */
struct lfu {
	uint64_t *key;
	struct mms_queue young;
	struct waiting *heap;
	uint32_t nr_heap;
	uint32_t frames;
	uint32_t now;
	uint64_t halve, left;
};

static uint64_t lfu_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct lfu) + 8ULL * conf->nr_pages +
	       (sizeof(struct waiting) + 4ULL) * mms_loop_frames(conf);
}

static const char *lfu_unfit(const struct mms_policy_conf *conf)
{
	return mms_loop_frames(conf) > MAX_FRAMES ? "takes at most 268,435,456 frames" : NULL;
}

static void *lfu_begin(const struct mms_policy_conf *conf)
{
	struct lfu *s;

	if (lfu_unfit(conf))
		return NULL;
	s = calloc(1, lfu_bytes(conf));
	if (!s)
		return NULL;
	s->frames = mms_loop_frames(conf);
	s->key = (uint64_t *)(s + 1);
	s->heap = (struct waiting *)(s->key + conf->nr_pages);
	s->young.size = s->frames;
	s->young.slot = (uint32_t *)(s->heap + s->frames);
	s->halve = s->left = conf->param[0];
	/* Times end soon after the beginning, so that tests see what happens then. */
	s->now = MAX_TIME - 100;
	return s;
}

/* The hole at @at is filled with @w or what is less below it. */
static void sift_down(struct lfu *s, uint32_t at, struct waiting w)
{
	uint64_t child;

	while ((child = 2ULL * at + 1) < s->nr_heap) {
		if (child + 1 < s->nr_heap && s->heap[child + 1].key < s->heap[child].key)
			child++;
		if (w.key < s->heap[child].key)
			break;
		s->heap[at] = s->heap[child];
		at = child;
	}
	s->heap[at] = w;
}

static void heap_push(struct lfu *s, uint32_t page)
{
	struct waiting w = {s->key[page], page};
	uint32_t at = s->nr_heap++;

	for (; at && w.key < s->heap[(at - 1) / 2].key; at = (at - 1) / 2)
		s->heap[at] = s->heap[(at - 1) / 2];
	s->heap[at] = w;
}

/* Keys that may have become less: all pages into the heap, and that in order again. */
static void rebuild(struct lfu *s)
{
	uint32_t i;

	while (s->young.nr)
		s->heap[s->nr_heap++].page = mms_queue_pop(&s->young);
	for (i = 0; i < s->nr_heap; i++)
		s->heap[i].key = s->key[s->heap[i].page];
	for (i = s->nr_heap / 2; i--;)
		sift_down(s, i, s->heap[i]);
}

static void halve(struct lfu *s)
{
	uint32_t i;

	rebuild(s);
	for (i = 0; i < s->nr_heap; i++) {
		uint64_t *key = &s->key[s->heap[i].page];

		*key = (*key / ONE_REF / 2) * ONE_REF | (*key & (ONE_REF - 1));
	}
	rebuild(s);
	s->left = s->halve;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct waiting *)a)->key & (ONE_REF - 1);
	uint64_t y = ((const struct waiting *)b)->key & (ONE_REF - 1);

	return x < y ? -1 : x > y;
}

static int by_key(const void *a, const void *b)
{
	uint64_t x = ((const struct waiting *)a)->key, y = ((const struct waiting *)b)->key;

	return x < y ? -1 : x > y;
}

/* Times begin again: 1, 2, ... for the pages that have frames. */
static void restart(struct lfu *s)
{
	uint32_t i;

	rebuild(s);
	qsort(s->heap, s->nr_heap, sizeof(*s->heap), by_time);
	for (i = 0; i < s->nr_heap; i++) {
		uint64_t *key = &s->key[s->heap[i].page];

		*key = *key / ONE_REF * ONE_REF + (i + 1) * ONE_TIME + (*key & 1);
	}
	rebuild(s);
	s->now = s->nr_heap + 1;
}

/* Return: the page with the least key, no longer in queue or heap. */
static uint32_t take_least(struct lfu *s)
{
	uint64_t least = UINT64_MAX;

	while (s->young.nr && s->key[s->young.slot[s->young.first]] >= 2 * ONE_REF)
		heap_push(s, mms_queue_pop(&s->young));
	if (s->young.nr)
		least = s->key[s->young.slot[s->young.first]];
	while (s->nr_heap && s->heap[0].key < least) {
		struct waiting w = {s->key[s->heap[0].page], s->heap[0].page};

		if (w.key == s->heap[0].key) {
			s->nr_heap--;
			sift_down(s, 0, s->heap[s->nr_heap]);
			return w.page;
		}
		sift_down(s, 0, w);
	}
	return mms_queue_pop(&s->young);
}

static void load(struct lfu *s, uint32_t page, struct mms_replay_count *count)
{
	count->faults++;
	if (s->young.nr + s->nr_heap == s->frames) {
		uint32_t victim = take_least(s);

		count->evictions++;
		count->writebacks += s->key[victim] & 1;
		s->key[victim] = 0;
	}
	mms_queue_push(&s->young, page);
}

MMS_LOOP_INLINE void ref(struct lfu *s, uint32_t page, uint64_t refs, bool write, uint32_t now,
			 struct mms_replay_count *count)
{
	uint64_t old = s->key[page], key;

	if (!old)
		load(s, page, count);
	key = (old & ~(ONE_REF - ONE_TIME)) | now * ONE_TIME | write;
	if (__builtin_add_overflow(key, refs * ONE_REF, &key))
		key |= MAX_REFS * ONE_REF;
	s->key[page] = key;
}

/*
 * So many halvings inside an entry, and further ones change nothing: counts of others, of at most
 * 34 bits, are 0, and so is half of what its own count was off by.
 */
#define SETTLED 70

/* An entry in which counts may be halved. */
static void ref_halving(struct lfu *s, uint32_t page, uint64_t refs, bool write,
			struct mms_replay_count *count)
{
	unsigned int halvings = 0;

	while (refs) {
		uint64_t n = refs < s->left ? refs : s->left;

		ref(s, page, n, write, s->now, count);
		refs -= n;
		s->left -= n;
		if (s->left)
			continue;
		halve(s);
		if (++halvings == SETTLED)
			refs %= s->halve;
	}
	s->now++;
}

MMS_LOOP_INLINE void body(struct lfu *s, const struct mms_refs *r, uint64_t from, uint64_t to,
			  struct mms_replay_count *count, const bool plain)
{
	uint64_t i;

	for (i = from; i < to; i++) {
		if (i + MMS_LOOP_AHEAD < to)
			__builtin_prefetch(&s->key[r->page[i + MMS_LOOP_AHEAD]], 1);
		ref(s, r->page[i], plain ? 1 : mms_refs_more(r, i) + 1,
		    !plain && mms_refs_write(r, i), s->now++, count);
	}
}

static void lfu_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		    struct mms_replay_count *count)
{
	struct lfu *s = state;
	uint64_t at, end;

	for (at = from; at < to; at = end) {
		if (s->now > MAX_TIME)
			restart(s);
		end = to - at <= MAX_TIME - s->now ? to : at + MAX_TIME - s->now + 1;
		if (s->halve)
			for (; at < end; at++)
				ref_halving(s, r->page[at], mms_refs_more(r, at) + 1,
					    mms_refs_write(r, at), count);
		else if (r->more || r->write)
			body(s, r, at, end, count, false);
		else
			body(s, r, at, end, count, true);
	}
	mms_loop_count(count, r, from, to, s->young.nr + s->nr_heap);
}

/* The victim last. An array in order is a heap. */
static uint32_t lfu_list(void *state, uint32_t *pages)
{
	struct lfu *s = state;
	uint32_t i;

	rebuild(s);
	qsort(s->heap, s->nr_heap, sizeof(*s->heap), by_key);
	for (i = 0; i < s->nr_heap; i++)
		pages[i] = s->heap[s->nr_heap - 1 - i].page;
	return s->nr_heap;
}

static void lfu_note(void *state, uint32_t page, char *buf)
{
	const struct lfu *s = state;

	snprintf(buf, MMS_POLICY_NOTE, "%llu", (unsigned long long)(s->key[page] / ONE_REF));
}

const struct mms_policy mms_policy_lfu = {
	.name = "lfu",
	.title = "LFU",
	.source = "J. T. Robinson, M. V. Devarakonda, Data cache management using "
		  "frequency-based replacement, SIGMETRICS 1990 (LFU and the aging of counts); a "
		  "page that leaves loses its count, of equal counts the page whose last "
		  "reference is the oldest leaves",
	.params = {{"halve",
		    "references after which all counts are halved, 0: never; each time takes as "
		    "long as there are frames",
		    0, 0, UINT64_MAX}},
	.unfit = lfu_unfit,
	.bytes = lfu_bytes,
	.begin = lfu_begin,
	.run = lfu_run,
	.list = lfu_list,
	.note = lfu_note,
	.notes = "references counted",
	.end = free,
};
