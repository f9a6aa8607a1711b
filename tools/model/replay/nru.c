// SPDX-License-Identifier: GPL-2.0-only
/* Not recently used: four classes of pages. A list for each, and none is searched. */
#include <stdio.h>

#include "model/replay/policies.h"
#include "model/replay/slots.h"

/* Classes: 2 if referenced since the last clearing, 1 if modified. */
#define REFERENCED 2
#define CLASSES	   4

struct nru {
	struct mms_slots s;
	struct mms_beat beat;
	uint64_t round; /* a page is referenced if its stamp is this one */
	uint32_t frames;
};

static uint64_t nru_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct nru) + mms_slots_bytes(conf->nr_pages, CLASSES);
}

static void nru_end(void *state)
{
	struct nru *n = state;

	if (n)
		free(n->s.slot);
	free(n);
}

static void *nru_begin(const struct mms_policy_conf *conf)
{
	struct nru *n = calloc(1, sizeof(*n));

	if (!n || !mms_slots_init(&n->s, conf->nr_pages, CLASSES)) {
		free(n);
		return NULL;
	}
	n->frames = conf->frames;
	n->beat.period = n->beat.next = conf->param[0];
	n->round = 1;
	return n;
}

/* Class 2 becomes 0, class 3 becomes 1: behind those that are there. */
static void clear_bits(struct nru *n)
{
	n->round++;
	mms_list_splice(&n->s, mms_head(&n->s, REFERENCED), mms_head(&n->s, 0));
	mms_list_splice(&n->s, mms_head(&n->s, REFERENCED + 1), mms_head(&n->s, 1));
}

static void enter(struct nru *n, uint32_t page, bool dirty)
{
	struct mms_slot *p = &n->s.slot[page];

	p->stamp = n->round;
	p->dirty = dirty;
	mms_list_add(&n->s, mms_head(&n->s, REFERENCED + dirty), page);
}

static __attribute__((noinline)) void nru_fault(struct nru *n, uint32_t page, bool write,
						struct mms_replay_count *count)
{
	uint32_t k, victim;

	if (count->resident == n->frames) {
		for (k = 0; mms_list_empty(&n->s, mms_head(&n->s, k)); k++)
			;
		victim = mms_list_last(&n->s, mms_head(&n->s, k));
		mms_list_del(&n->s, victim);
		n->s.slot[victim].where = 0;
		mms_count_evicted(count, n->s.slot[victim].dirty);
	}
	mms_count_fault(count);
	n->s.slot[page].where = 1;
	enter(n, page, write);
}

static inline void nru_hit(struct nru *n, uint32_t page, bool write)
{
	struct mms_slot *p = &n->s.slot[page];

	if (p->stamp == n->round && p->dirty >= write)
		return;
	mms_list_del(&n->s, page);
	enter(n, page, p->dirty | write);
}

static inline void nru_touch(void *state, uint32_t page, bool write, uint64_t more,
			     struct mms_replay_count *count)
{
	struct nru *n = state;

	if (mms_beats(&n->beat, 1))
		clear_bits(n);
	if (n->s.slot[page].where)
		nru_hit(n, page, write);
	else
		nru_fault(n, page, write, count);
	/* However often they are cleared meanwhile, the others lose them but once. */
	if (more && mms_beats(&n->beat, more)) {
		clear_bits(n);
		nru_hit(n, page, false);
	}
}

static void nru_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		    struct mms_replay_count *count)
{
	struct nru *n = state;

	mms_slots_run(&n->s, n, nru_touch, false, r, from, to, count);
}

static uint32_t nru_list(void *state, uint32_t *pages)
{
	struct nru *n = state;
	uint32_t k, nr = 0;

	for (k = CLASSES; k--;)
		nr = mms_list_pages(&n->s, mms_head(&n->s, k), pages, nr);
	return nr;
}

static void nru_note(void *state, uint32_t page, char *buf)
{
	const struct nru *n = state;
	const struct mms_slot *p = &n->s.slot[page];

	snprintf(buf, MMS_POLICY_NOTE, "%d", (p->stamp == n->round) * REFERENCED + p->dirty);
}

const struct mms_policy mms_policy_nru = {
	.name = "nru",
	.title = "not recently used",
	.source = "described by A. S. Tanenbaum, Modern Operating Systems, 1992, where the victim "
		  "is any page of the lowest class; here the one that came to its class first",
	.params = {{"period", "references between clearings of the referenced bits", 1000, 1,
		    1000000000000}},
	.bytes = nru_bytes,
	.begin = nru_begin,
	.run = nru_run,
	.list = nru_list,
	.order = "the classes 3 to 0, the next victim last unless the bits are cleared before",
	.note = nru_note,
	.notes = "class: 2 referenced + 1 modified",
	.end = nru_end,
};
