// SPDX-License-Identifier: GPL-2.0-only
/*
 * The multi-generational LRU of Linux, in its main features. A hit is one store: the
 * accessed bit, as the number of the generation that was the youngest then. What the walk
 * of the page tables does with it is worked out when the page is next looked at.
 */
#include "model/replay/policies.h"
#include "model/replay/slots.h"

#define MAX_GENS 4 /* lists: by number, modulo this */
#define MIN_GENS 2

/*
 * Generations begin with a walk: who was referenced since the last one belongs to the
 * generation that was the youngest meanwhile.
 */
struct mglru {
	struct mms_slots s; /* mark: generation, or less if the stamp has a later one; stamp: the */
	uint64_t oldest;    /* youngest at the last reference; 0: none since the bit was cleared */
	uint64_t youngest;
	uint32_t frames;
};

static uint64_t mglru_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct mglru) + mms_slots_bytes(conf->nr_pages, MAX_GENS);
}

static void mglru_end(void *state)
{
	struct mglru *m = state;

	if (m)
		free(m->s.slot);
	free(m);
}

static void *mglru_begin(const struct mms_policy_conf *conf)
{
	struct mglru *m = calloc(1, sizeof(*m));

	if (!m || !mms_slots_init(&m->s, conf->nr_pages, MAX_GENS)) {
		free(m);
		return NULL;
	}
	m->frames = conf->frames;
	m->oldest = 0;
	m->youngest = MIN_GENS + 1;
	return m;
}

static inline uint32_t head(const struct mglru *m, uint64_t gen)
{
	return mms_head(&m->s, gen % MAX_GENS);
}

static void put(struct mglru *m, uint64_t gen, uint32_t page)
{
	mms_list_add(&m->s, head(m, gen), page);
	m->s.slot[page].mark = gen;
}

/* Empty generations go; if no more than the least number is left, a new one begins. */
static void renew(struct mglru *m)
{
	for (;;) {
		while (m->oldest + MIN_GENS <= m->youngest &&
		       mms_list_empty(&m->s, head(m, m->oldest)))
			m->oldest++;
		if (m->oldest + MIN_GENS <= m->youngest)
			return;
		m->youngest++;
	}
}

static void evict(struct mglru *m, struct mms_replay_count *count)
{
	for (;;) {
		struct mms_slot *p;
		uint32_t page;
		uint16_t gen;

		renew(m);
		page = mms_list_last(&m->s, head(m, m->oldest));
		p = &m->s.slot[page];
		mms_list_del(&m->s, page);
		gen = p->stamp && p->stamp < m->youngest ? p->stamp : p->mark;
		if (gen != (uint16_t)m->oldest) {
			put(m, gen, page);
		} else if (p->stamp == m->youngest) {
			put(m, m->youngest, page);
			p->stamp = 0;
		} else {
			p->where = 0;
			mms_count_evicted(count, p->dirty);
			return;
		}
	}
}

static __attribute__((noinline)) void mglru_fault(struct mglru *m, uint32_t page,
						  struct mms_replay_count *count)
{
	if (count->resident == m->frames)
		evict(m, count);
	mms_count_fault(count);
	m->s.slot[page].where = 1;
	m->s.slot[page].dirty = 0;
	m->s.slot[page].stamp = m->youngest;
	put(m, m->youngest, page);
}

static inline void mglru_touch(void *state, uint32_t page, bool write, uint64_t more,
			       struct mms_replay_count *count)
{
	struct mglru *m = state;
	struct mms_slot *p = &m->s.slot[page];

	if (!p->where) {
		mglru_fault(m, page, count);
	} else {
		p->stamp = m->youngest;
	}
	p->dirty |= write;
}

static void mglru_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		      struct mms_replay_count *count)
{
	struct mglru *m = state;

	mms_slots_run(&m->s, m, mglru_touch, false, r, from, to, count);
}

static uint32_t mglru_list(void *state, uint32_t *pages)
{
	struct mglru *m = state;
	uint64_t gen;
	uint32_t nr = 0;

	for (gen = m->youngest; gen + 1 > m->oldest; gen--)
		nr = mms_list_pages(&m->s, head(m, gen), pages, nr);
	return nr;
}

const struct mms_policy mms_policy_mglru = {
	.name = "mglru",
	.title = "multi-generational LRU, without tiers",
	.source =
		"Linux 6.1 and later, mm/vmscan.c, for mapped pages. Modelled: new pages are of the "
		"youngest generation; when two generations are left a walk puts the referenced pages "
		"into the youngest and a new one begins; the oldest one is evicted from, where a "
		"page of a later generation is moved there, and a referenced one to the youngest. "
		"Left out: tiers and their feedback from refaults, two kinds of pages, neighbours "
		"looked at with a page, Bloom filters, aging ahead of need, write-back",
	.bytes = mglru_bytes,
	.begin = mglru_begin,
	.run = mglru_run,
	.list = mglru_list,
	.order = "the generations, the oldest last",
	.end = mglru_end,
};
