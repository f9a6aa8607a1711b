// SPDX-License-Identifier: GPL-2.0-only
/* FIFO: the page that got its frame first leaves first. */
#include <stdlib.h>

#include "model/replay/loop.h"
#include "model/replay/policies.h"
#include "model/replay/queue.h"

struct fifo {
	struct mms_queue queue;
	uint8_t *state;
};

static uint64_t fifo_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct fifo) + 4ULL * mms_loop_frames(conf) + conf->nr_pages;
}

static void *fifo_begin(const struct mms_policy_conf *conf)
{
	struct fifo *s = calloc(1, fifo_bytes(conf));

	if (!s)
		return NULL;
	s->queue.size = mms_loop_frames(conf);
	s->queue.slot = (uint32_t *)(s + 1);
	s->state = (uint8_t *)(s->queue.slot + s->queue.size);
	return s;
}

static void load(struct fifo *s, uint32_t page, struct mms_replay_count *count)
{
	uint32_t victim;

	count->faults++;
	if (s->queue.nr == s->queue.size) {
		victim = mms_queue_pop(&s->queue);
		count->evictions++;
		count->writebacks += !!(s->state[victim] & MMS_PAGE_DIRTY);
		s->state[victim] = 0;
	}
	mms_queue_push(&s->queue, page);
	s->state[page] = MMS_PAGE_IN;
}

MMS_LOOP_INLINE void ref(void *policy, const struct mms_refs *r, uint64_t i, unsigned int write,
			 struct mms_replay_count *count)
{
	struct fifo *s = policy;
	uint32_t page = r->page[i];

	if (!s->state[page])
		load(s, page, count);
	if (write)
		s->state[page] |= MMS_PAGE_DIRTY;
}

static void fifo_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		     struct mms_replay_count *count)
{
	struct fifo *s = state;
	const struct mms_loop_bytes l = {s, s->state, MMS_PAGE_IN, count, ref};

	mms_loop_run(&l, r, from, to);
	mms_loop_count(count, r, from, to, s->queue.nr);
}

static uint32_t fifo_list(void *state, uint32_t *pages)
{
	struct fifo *s = state;

	return mms_queue_list(&s->queue, pages);
}

const struct mms_policy mms_policy_fifo = {
	.name = "fifo",
	.title = "FIFO",
	.source = "L. A. Belady, R. A. Nelson, G. S. Shedler, An anomaly in space-time "
		  "characteristics of certain programs running in a paging machine, "
		  "CACM 12(6), 1969",
	.bytes = fifo_bytes,
	.begin = fifo_begin,
	.run = fifo_run,
	.list = fifo_list,
	.end = free,
};
