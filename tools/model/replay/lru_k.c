// SPDX-License-Identifier: GPL-2.0-only
/*
 * LRU-K. Keys only grow: a heap keeps the key that a page had when it was last looked at,
 * and a hit does not touch it. Pages within their correlated period are on a list instead.
 */
#include <string.h>

#include "model/replay/policies.h"
#include "model/replay/slots.h"

enum { OUT, RECENT, HEAPED };
#define ARITY 4
#define LINE  64 /* bytes: of a cache, and of so many entries */

struct entry {
	uint64_t key;
	uint32_t page;
};
_Static_assert(ARITY * sizeof(struct entry) == LINE, "siblings fill a line");

struct lru_k {
	struct mms_slots s; /* the list of RECENT; stamp: last reference, from 1; mark: in heap */
	uint64_t *hist;	    /* k times per page, latest first; 0: not known */
	struct entry *heap; /* smallest first; may hold pages that became RECENT since */
	struct entry *heap_memory;
	uint32_t nr_heap;
	uint32_t frames;
	uint32_t k;
	uint64_t correlated;
	uint64_t retained;
	uint64_t now;
};

static uint32_t frames_of(const struct mms_policy_conf *conf)
{
	return conf->frames < conf->nr_pages ? conf->frames : conf->nr_pages;
}

static uint64_t heap_bytes(const struct mms_policy_conf *conf)
{
	return (frames_of(conf) + 2 * ARITY - 1ull) / ARITY * LINE;
}

static uint64_t lru_k_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct lru_k) + mms_slots_bytes(conf->nr_pages, 1) +
	       conf->nr_pages * conf->param[0] * sizeof(uint64_t) + heap_bytes(conf);
}

static void lru_k_end(void *state)
{
	struct lru_k *l = state;

	if (l) {
		free(l->s.slot);
		free(l->hist);
		free(l->heap_memory);
	}
	free(l);
}

static void *lru_k_begin(const struct mms_policy_conf *conf)
{
	struct lru_k *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->k = conf->param[0];
	l->correlated = conf->param[1];
	l->retained = conf->param[2];
	l->frames = frames_of(conf);
	l->now = 1;
	l->hist = calloc((size_t)conf->nr_pages * l->k, sizeof(*l->hist));
	l->heap_memory = aligned_alloc(LINE, heap_bytes(conf));
	if (!l->hist || !l->heap_memory || !mms_slots_init(&l->s, conf->nr_pages, 1)) {
		lru_k_end(l);
		return NULL;
	}
	/* The children of an entry share a line. */
	l->heap = l->heap_memory + ARITY - 1;
	return l;
}

/* Least is next: first those with fewer than k references, by the last of them. */
static uint64_t key_of(const struct lru_k *l, uint32_t page)
{
	uint64_t kth = l->hist[(size_t)page * l->k + l->k - 1];

	return kth ? 1ull << 63 | kth : l->s.slot[page].stamp;
}

static bool less(const struct entry *a, const struct entry *b)
{
	return a->key != b->key ? a->key < b->key : a->page < b->page;
}

static void heap_down(struct lru_k *l, struct entry e)
{
	uint32_t i = 0;

	for (;;) {
		uint64_t c = (uint64_t)i * ARITY + 1, end = c + ARITY, least = c;

		if (c >= l->nr_heap)
			break;
		if (end > l->nr_heap)
			end = l->nr_heap;
		while (++c < end)
			if (less(&l->heap[c], &l->heap[least]))
				least = c;
		if (!less(&l->heap[least], &e))
			break;
		l->heap[i] = l->heap[least];
		i = least;
	}
	l->heap[i] = e;
	/* One of these is looked at next. */
	for (i = 0; i < 1 + ARITY && i < l->nr_heap; i++) {
		__builtin_prefetch(&l->s.slot[l->heap[i].page]);
		__builtin_prefetch(&l->hist[(size_t)l->heap[i].page * l->k + l->k - 1]);
	}
}

/* The first entry becomes that of another page, which needs few steps if that is an old one. */
static void heap_replace_first(struct lru_k *l, uint32_t page)
{
	l->s.slot[page].mark = 1;
	heap_down(l, (struct entry){.key = key_of(l, page), .page = page});
}

static void heap_add(struct lru_k *l, uint32_t page)
{
	struct entry e = {.key = key_of(l, page), .page = page};
	uint32_t i = l->nr_heap++;

	for (; i && less(&e, &l->heap[(i - 1) / ARITY]); i = (i - 1) / ARITY)
		l->heap[i] = l->heap[(i - 1) / ARITY];
	l->heap[i] = e;
	l->s.slot[page].mark = 1;
}

static void heap_drop_first(struct lru_k *l)
{
	l->s.slot[l->heap[0].page].mark = 0;
	if (--l->nr_heap)
		heap_down(l, l->heap[l->nr_heap]);
}

/* Whose correlated period is over may go. */
static void release(struct lru_k *l)
{
	uint32_t head = mms_head(&l->s, 0), page;

	while ((page = mms_list_last(&l->s, head)) != head) {
		if (l->now - l->s.slot[page].stamp <= l->correlated)
			return;
		mms_list_del(&l->s, page);
		l->s.slot[page].where = HEAPED;
		if (!l->s.slot[page].mark)
			heap_add(l, page);
	}
}

static uint32_t choose(struct lru_k *l)
{
	release(l);
	while (l->nr_heap) {
		uint32_t page = l->heap[0].page;
		uint64_t key = key_of(l, page);

		if (l->correlated && l->s.slot[page].where != HEAPED) {
			heap_drop_first(l);
		} else if (key != l->heap[0].key) {
			heap_down(l, (struct entry){.key = key, .page = page});
		} else {
			return page;
		}
	}
	return mms_list_last(&l->s, mms_head(&l->s, 0));
}

/* A reference of its own: the times move on by one, less the correlated period that ends. */
static inline void record(struct lru_k *l, uint32_t page, uint64_t time, uint64_t period)
{
	uint64_t *hist = &l->hist[(size_t)page * l->k];
	uint32_t i;

	for (i = l->k; --i;)
		hist[i] = hist[i - 1] ? hist[i - 1] + period : 0;
	hist[0] = time;
}

/* Return: its entry is the first of the heap still. */
static bool evict(struct lru_k *l, struct mms_replay_count *count)
{
	uint32_t page = choose(l);
	struct mms_slot *p = &l->s.slot[page];
	bool heaped = p->where == HEAPED;

	if (!heaped)
		mms_list_del(&l->s, page);
	p->where = OUT;
	p->mark = 0;
	mms_count_evicted(count, p->dirty);
	return heaped;
}

static __attribute__((noinline)) void lru_k_fault(struct lru_k *l, uint32_t page,
						  struct mms_replay_count *count)
{
	struct mms_slot *p = &l->s.slot[page];
	bool entry = count->resident == l->frames && evict(l, count);

	mms_count_fault(count);
	if (l->now - p->stamp > l->retained)
		memset(&l->hist[(size_t)page * l->k], 0, l->k * sizeof(*l->hist));
	record(l, page, l->now, 0);
	p->stamp = l->now;
	p->dirty = 0;
	p->where = l->correlated ? RECENT : HEAPED;
	if (l->correlated)
		mms_list_add(&l->s, mms_head(&l->s, 0), page);
	if (l->correlated && entry)
		heap_drop_first(l);
	else if (entry)
		heap_replace_first(l, page);
	else if (!l->correlated)
		heap_add(l, page);
}

static inline void lru_k_hit(struct lru_k *l, uint32_t page, uint64_t time)
{
	struct mms_slot *p = &l->s.slot[page];

	if (time - p->stamp > l->correlated)
		record(l, page, time, p->stamp - l->hist[(size_t)page * l->k]);
	p->stamp = time;
	if (!l->correlated)
		return;
	if (p->where == RECENT)
		mms_list_del(&l->s, page);
	p->where = RECENT;
	mms_list_add(&l->s, mms_head(&l->s, 0), page);
}

static inline void lru_k_touch(void *state, uint32_t page, bool write, uint64_t more,
			       struct mms_replay_count *count)
{
	struct lru_k *l = state;
	uint64_t time;

	if (l->s.slot[page].where)
		lru_k_hit(l, page, l->now);
	else
		lru_k_fault(l, page, count);
	l->s.slot[page].dirty |= write;
	if (more && l->correlated)
		l->s.slot[page].stamp += more;
	else if (more)
		/* Only the last k are remembered. */
		for (time = l->now + (more > l->k ? more - l->k : 0); time++ < l->now + more;)
			lru_k_hit(l, page, time);
	l->now += 1 + more;
}

static void lru_k_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		      struct mms_replay_count *count)
{
	struct lru_k *l = state;

	mms_slots_run_with(&l->s, l, lru_k_touch, l->correlated != 0, l->hist,
			   l->k * sizeof(*l->hist), r, from, to, count);
}

static int by_key(const void *a, const void *b, void *state)
{
	const struct lru_k *l = state;
	uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;
	struct entry e = {.key = key_of(l, p), .page = p}, f = {.key = key_of(l, q), .page = q};

	return less(&e, &f) ? 1 : -1;
}

static uint32_t lru_k_list(void *state, uint32_t *pages)
{
	struct lru_k *l = state;
	uint32_t recent, i, nr;

	release(l); /* as an eviction would now */
	nr = recent = mms_list_pages(&l->s, mms_head(&l->s, 0), pages, 0);
	for (i = 0; i < l->nr_heap; i++)
		if (l->s.slot[l->heap[i].page].where == HEAPED)
			pages[nr++] = l->heap[i].page;
	qsort_r(pages + recent, nr - recent, sizeof(*pages), by_key, l);
	return nr;
}

const struct mms_policy mms_policy_lru_k = {
	.name = "lru-k",
	.title = "LRU-K",
	.source =
		"E. J. O'Neil, P. E. O'Neil and G. Weikum, The LRU-K page replacement algorithm for "
		"database disk buffering, SIGMOD 1993. Pages with fewer than k references go first, "
		"by LRU; a time not known stays so when a correlated period ends; if all pages are "
		"within theirs, LRU; the history of pages without a frame is kept as told",
	.params = {{"k", "references", 2, 1, 8},
		   {"correlated", "references after one that count as the same", 0, 0,
		    1000000000000},
		   {"retained",
		    "references for which history is kept; 0: only while a page has a frame",
		    1000000000000, 0, 1000000000000}},
	.bytes = lru_k_bytes,
	.begin = lru_k_begin,
	.run = lru_k_run,
	.list = lru_k_list,
	.end = lru_k_end,
};
