// SPDX-License-Identifier: GPL-2.0-only
/*
 * SIEVE: new pages at the head; the hand goes from the tail to the head, takes away visited
 * bits, and evicts the first page without one; pages stay where they are.
 *
 * As the hand alone takes pages out, the list is two queues: what the hand has passed and kept,
 * and what is still before it, with the new pages at its end. At the head they change places.
 */
#include <stdlib.h>

#include "model/replay/loop.h"
#include "model/replay/policies.h"
#include "model/replay/queue.h"

struct sieve {
	struct mms_queue passed;
	struct mms_queue before;
	uint8_t *state;
	uint32_t frames;
};

static uint64_t sieve_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct sieve) + 8ULL * mms_loop_frames(conf) + conf->nr_pages;
}

static void *sieve_begin(const struct mms_policy_conf *conf)
{
	struct sieve *s = calloc(1, sieve_bytes(conf));

	if (!s)
		return NULL;
	s->frames = mms_loop_frames(conf);
	s->passed.size = s->before.size = s->frames;
	s->passed.slot = (uint32_t *)(s + 1);
	s->before.slot = s->passed.slot + s->frames;
	s->state = (uint8_t *)(s->before.slot + s->frames);
	return s;
}

/* Nothing is before the hand: it goes back to the tail. */
static void wrap(struct sieve *s)
{
	struct mms_queue empty = s->before;

	if (s->before.nr)
		return;
	s->before = s->passed;
	s->passed = empty;
}

static void evict(struct sieve *s, struct mms_replay_count *count)
{
	uint32_t page;

	for (;;) {
		page = mms_queue_pop(&s->before);
		if (!(s->state[page] & MMS_PAGE_REF))
			break;
		s->state[page] &= ~MMS_PAGE_REF;
		mms_queue_push(&s->passed, page);
		wrap(s);
	}
	/* Before the new page comes: the hand does not look at it in this round. */
	wrap(s);
	count->evictions++;
	count->writebacks += !!(s->state[page] & MMS_PAGE_DIRTY);
	s->state[page] = 0;
}

/* @more: repeats are hits, they set the bit whatever the load does. */
static void load(struct sieve *s, uint32_t page, uint64_t more, struct mms_replay_count *count)
{
	count->faults++;
	if (s->before.nr + s->passed.nr == s->frames)
		evict(s, count);
	mms_queue_push(&s->before, page);
	s->state[page] = MMS_PAGE_IN | (more ? MMS_PAGE_REF : 0);
}

MMS_LOOP_INLINE void ref(void *policy, const struct mms_refs *r, uint64_t i, unsigned int write,
			 struct mms_replay_count *count)
{
	struct sieve *s = policy;
	uint32_t page = r->page[i];

	if (s->state[page])
		s->state[page] |= MMS_PAGE_REF;
	else
		load(s, page, mms_refs_more(r, i), count);
	if (write)
		s->state[page] |= MMS_PAGE_DIRTY;
}

static void sieve_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		      struct mms_replay_count *count)
{
	struct sieve *s = state;
	const struct mms_loop_bytes l = {s, s->state, MMS_PAGE_IN | MMS_PAGE_REF, count, ref};

	mms_loop_run(&l, r, from, to);
	mms_loop_count(count, r, from, to, s->before.nr + s->passed.nr);
}

/* Head to tail: the hand may be in the middle. */
static uint32_t sieve_list(void *state, uint32_t *pages)
{
	struct sieve *s = state;
	uint32_t n = mms_queue_list(&s->before, pages);

	return n + mms_queue_list(&s->passed, pages + n);
}

static void sieve_note(void *state, uint32_t page, char *buf)
{
	const struct sieve *s = state;

	if (s->state[page] & MMS_PAGE_REF)
		*buf++ = 'V';
	if (s->before.slot[s->before.first] == page)
		*buf++ = '<';
	*buf = '\0';
}

const struct mms_policy mms_policy_sieve = {
	.name = "sieve",
	.title = "SIEVE",
	.source = "Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi, SIEVE is simpler than "
		  "LRU: an efficient turn-key eviction algorithm for web caches, NSDI 2024",
	.bytes = sieve_bytes,
	.begin = sieve_begin,
	.run = sieve_run,
	.list = sieve_list,
	.order = "the queue, its tail last",
	.note = sieve_note,
	.notes = "V visited, < the hand",
	.end = free,
};
