// SPDX-License-Identifier: GPL-2.0-only
/*
 * Second chance: FIFO, but a page at the front that was referenced goes to the back. The
 * reference that faults counts as one: these are the faults of clock:bit=1, which turns the
 * queue into a circle and moves a hand instead of pages.
 */
#include <stdlib.h>

#include "model/replay/loop.h"
#include "model/replay/policies.h"
#include "model/replay/queue.h"

struct second {
	struct mms_queue queue;
	uint8_t *state;
};

static uint64_t second_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct second) + 4ULL * mms_loop_frames(conf) + conf->nr_pages;
}

static void *second_begin(const struct mms_policy_conf *conf)
{
	struct second *s = calloc(1, second_bytes(conf));

	if (!s)
		return NULL;
	s->queue.size = mms_loop_frames(conf);
	s->queue.slot = (uint32_t *)(s + 1);
	s->state = (uint8_t *)(s->queue.slot + s->queue.size);
	return s;
}

static void evict(struct second *s, struct mms_replay_count *count)
{
	uint32_t page;

	for (;;) {
		page = mms_queue_pop(&s->queue);
		if (!(s->state[page] & MMS_PAGE_REF))
			break;
		s->state[page] &= ~MMS_PAGE_REF;
		mms_queue_push(&s->queue, page);
	}
	count->evictions++;
	count->writebacks += !!(s->state[page] & MMS_PAGE_DIRTY);
	s->state[page] = 0;
}

static void load(struct second *s, uint32_t page, struct mms_replay_count *count)
{
	count->faults++;
	if (s->queue.nr == s->queue.size)
		evict(s, count);
	mms_queue_push(&s->queue, page);
	s->state[page] = MMS_PAGE_IN;
}

MMS_LOOP_INLINE void ref(void *policy, const struct mms_refs *r, uint64_t i, unsigned int write,
			 struct mms_replay_count *count)
{
	struct second *s = policy;
	uint32_t page = r->page[i];

	if (!s->state[page])
		load(s, page, count);
	s->state[page] |= MMS_PAGE_REF | (write ? MMS_PAGE_DIRTY : 0);
}

static void second_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		       struct mms_replay_count *count)
{
	struct second *s = state;
	const struct mms_loop_bytes l = {s, s->state, MMS_PAGE_IN | MMS_PAGE_REF, count, ref};

	mms_loop_run(&l, r, from, to);
	mms_loop_count(count, r, from, to, s->queue.nr);
}

static uint32_t second_list(void *state, uint32_t *pages)
{
	struct second *s = state;

	return mms_queue_list(&s->queue, pages);
}

static void second_note(void *state, uint32_t page, char *buf)
{
	const struct second *s = state;

	if (s->state[page] & MMS_PAGE_REF)
		*buf++ = 'R';
	*buf = '\0';
}

const struct mms_policy mms_policy_second_chance = {
	.name = "second-chance",
	.title = "Second chance",
	.source = "A. S. Tanenbaum, Modern Operating Systems, 'The second-chance page "
		  "replacement algorithm'; the faulting reference sets the bit: the faults are "
		  "those of clock:bit=1",
	.bytes = second_bytes,
	.begin = second_begin,
	.run = second_run,
	.list = second_list,
	.order = "the queue, its front last",
	.note = second_note,
	.notes = "R referenced",
	.end = free,
};
