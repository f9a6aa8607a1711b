// SPDX-License-Identifier: GPL-2.0-only
/* S3-FIFO: a small queue that filters, a main queue with second chances, a ghost queue. */
#include <stdio.h>

#include "model/replay/policies.h"
#include "model/replay/slots.h"

enum { NOWHERE, SMALL, MAIN, GHOST };
#define LISTS 3
#define MOST  3 /* references are counted up to here, in mark */

struct s3 {
	struct mms_slots s;
	uint32_t frames;
	uint32_t nr_small, small;
	uint32_t nr_ghost, ghosts;
};

static uint64_t s3_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct s3) + mms_slots_bytes(conf->nr_pages, LISTS);
}

static void s3_end(void *state)
{
	struct s3 *q = state;

	if (q)
		free(q->s.slot);
	free(q);
}

static void *s3_begin(const struct mms_policy_conf *conf)
{
	struct s3 *q = calloc(1, sizeof(*q));

	if (!q || !mms_slots_init(&q->s, conf->nr_pages, LISTS)) {
		free(q);
		return NULL;
	}
	q->frames = conf->frames;
	q->small = conf->frames * conf->param[0] / 100;
	q->small += !q->small;
	q->ghosts = q->frames - q->small;
	return q;
}

static void remember(struct s3 *q, uint32_t page)
{
	if (!q->ghosts)
		return;
	if (q->nr_ghost == q->ghosts)
		mms_list_take_last(&q->s, GHOST);
	else
		q->nr_ghost++;
	mms_list_put(&q->s, GHOST, page);
}

/* From the small queue, unless all of it moves to the main one. Return: the page, or UINT32_MAX. */
static uint32_t evict_small(struct s3 *q)
{
	uint32_t page;

	while (q->nr_small) {
		page = mms_list_take_last(&q->s, SMALL);
		q->nr_small--;
		if (q->s.slot[page].mark <= 1) {
			remember(q, page);
			return page;
		}
		q->s.slot[page].mark = 0;
		mms_list_put(&q->s, MAIN, page);
	}
	return UINT32_MAX;
}

static uint32_t evict_main(struct s3 *q)
{
	uint32_t page;

	for (;;) {
		page = mms_list_take_last(&q->s, MAIN);
		if (!q->s.slot[page].mark)
			return page;
		q->s.slot[page].mark--;
		mms_list_put(&q->s, MAIN, page);
	}
}

static __attribute__((noinline)) void s3_fault(struct s3 *q, uint32_t page,
					       struct mms_replay_count *count)
{
	bool ghost = q->s.slot[page].where == GHOST;
	uint32_t victim = UINT32_MAX;

	if (ghost) {
		mms_list_del(&q->s, page);
		q->nr_ghost--;
	}
	if (count->resident == q->frames) {
		if (q->nr_small >= q->small)
			victim = evict_small(q);
		if (victim == UINT32_MAX)
			victim = evict_main(q);
		mms_count_evicted(count, q->s.slot[victim].dirty);
	}
	mms_count_fault(count);
	mms_list_put(&q->s, ghost ? MAIN : SMALL, page);
	q->nr_small += !ghost;
	q->s.slot[page].mark = 0;
	q->s.slot[page].dirty = 0;
}

static inline void s3_touch(void *state, uint32_t page, bool write, uint64_t more,
			    struct mms_replay_count *count)
{
	struct s3 *q = state;
	struct mms_slot *p = &q->s.slot[page];
	uint64_t hits = more + 1;

	if (p->where != SMALL && p->where != MAIN) {
		s3_fault(q, page, count);
		hits--;
	}
	hits = hits > MOST ? MOST : hits;
	p->mark = p->mark + hits > MOST ? MOST : p->mark + hits;
	p->dirty |= write;
}

static void s3_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		   struct mms_replay_count *count)
{
	struct s3 *q = state;

	mms_slots_run(&q->s, q, s3_touch, false, r, from, to, count);
}

static uint32_t s3_list(void *state, uint32_t *pages)
{
	struct s3 *q = state;

	return mms_list_pages(&q->s, mms_list_of(&q->s, SMALL), pages,
			      mms_list_pages(&q->s, mms_list_of(&q->s, MAIN), pages, 0));
}

static void s3_note(void *state, uint32_t page, char *buf)
{
	const struct s3 *q = state;
	const struct mms_slot *p = &q->s.slot[page];

	snprintf(buf, MMS_POLICY_NOTE, "%c%d", p->where == SMALL ? 'S' : 'M', (int)p->mark);
}

const struct mms_policy mms_policy_s3_fifo = {
	.name = "s3-fifo",
	.title = "S3-FIFO",
	.source =
		"J. Yang, Y. Zhang, Z. Qiu, Y. Yue and R. Vinayak, FIFO queues are all you need for "
		"cache eviction, SOSP 2023. Changed: a fault frees one frame, of the main queue only "
		"if the small one is below its share or all of it moved (there a move into a full "
		"main queue evicts from that too, so that one insert may free several); a page that "
		"comes back leaves the ghosts before room is made. Left open there: with one frame "
		"there are no ghosts",
	.params = {{"small", "percent of the frames for the small queue, at least one", 10, 1, 99}},
	.bytes = s3_bytes,
	.begin = s3_begin,
	.run = s3_run,
	.list = s3_list,
	.order = "the main queue, then the small one, the front of each last",
	.note = s3_note,
	.notes = "S small or M main queue, and references counted",
	.end = s3_end,
};
