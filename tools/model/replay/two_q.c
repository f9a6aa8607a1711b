// SPDX-License-Identifier: GPL-2.0-only
/* 2Q, the full version: a FIFO for new pages, ghosts of those, an LRU for who came back. */
#include "model/replay/policies.h"
#include "model/replay/slots.h"

enum { NOWHERE, IN, OUT, MAIN };
#define LISTS 3

struct two_q {
	struct mms_slots s;
	uint32_t frames;
	uint64_t nr_in, max_in;
	uint64_t nr_out, max_out;
};

static uint64_t two_q_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct two_q) + mms_slots_bytes(conf->nr_pages, LISTS);
}

static void two_q_end(void *state)
{
	struct two_q *q = state;

	if (q)
		free(q->s.slot);
	free(q);
}

static uint64_t share(uint64_t frames, uint64_t percent)
{
	uint64_t nr = frames * percent / 100;

	return nr ? nr : 1;
}

static void *two_q_begin(const struct mms_policy_conf *conf)
{
	struct two_q *q = calloc(1, sizeof(*q));

	if (!q || !mms_slots_init(&q->s, conf->nr_pages, LISTS)) {
		free(q);
		return NULL;
	}
	q->frames = conf->frames;
	q->max_in = share(conf->frames, conf->param[0]);
	q->max_out = share(conf->frames, conf->param[1]);
	return q;
}

static void reclaim(struct two_q *q, struct mms_replay_count *count)
{
	uint32_t page;

	if (q->nr_in > q->max_in || mms_list_empty(&q->s, mms_list_of(&q->s, MAIN))) {
		page = mms_list_take_last(&q->s, IN);
		q->nr_in--;
		mms_list_put(&q->s, OUT, page);
		if (++q->nr_out > q->max_out) {
			mms_list_take_last(&q->s, OUT);
			q->nr_out--;
		}
	} else {
		page = mms_list_take_last(&q->s, MAIN);
	}
	mms_count_evicted(count, q->s.slot[page].dirty);
}

static __attribute__((noinline)) void two_q_fault(struct two_q *q, uint32_t page,
						  struct mms_replay_count *count)
{
	bool ghost = q->s.slot[page].where == OUT;

	if (ghost) {
		mms_list_del(&q->s, page);
		q->nr_out--;
	}
	if (count->resident == q->frames)
		reclaim(q, count);
	mms_count_fault(count);
	mms_list_put(&q->s, ghost ? MAIN : IN, page);
	q->nr_in += !ghost;
	q->s.slot[page].dirty = 0;
}

static inline void two_q_touch(void *state, uint32_t page, bool write, uint64_t more,
			       struct mms_replay_count *count)
{
	struct two_q *q = state;
	unsigned int where = q->s.slot[page].where;

	if (where == MAIN)
		mms_list_move(&q->s, mms_list_of(&q->s, MAIN), page);
	else if (where != IN)
		two_q_fault(q, page, count);
	q->s.slot[page].dirty |= write;
}

static void two_q_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		      struct mms_replay_count *count)
{
	struct two_q *q = state;

	mms_slots_run(&q->s, q, two_q_touch, true, r, from, to, count);
}

static uint32_t two_q_list(void *state, uint32_t *pages)
{
	struct two_q *q = state;

	return mms_list_pages(&q->s, mms_list_of(&q->s, IN), pages,
			      mms_list_pages(&q->s, mms_list_of(&q->s, MAIN), pages, 0));
}

static void two_q_note(void *state, uint32_t page, char *buf)
{
	const struct two_q *q = state;

	*buf++ = q->s.slot[page].where == IN ? 'N' : 'M';
	*buf = '\0';
}

const struct mms_policy mms_policy_2q = {
	.name = "2q",
	.title = "2Q, full version",
	.source =
		"T. Johnson and D. Shasha, 2Q: a low overhead high performance buffer management "
		"replacement algorithm, VLDB 1994. Added: an empty main list gives way to the new "
		"pages, and a page that comes back leaves the ghosts before room is made",
	.params = {{"in", "percent of the frames for new pages (Kin), at least one", 25, 1, 100},
		   {"out", "ghosts (Kout) in percent of the frames, at least one", 50, 1, 1000}},
	.bytes = two_q_bytes,
	.begin = two_q_begin,
	.run = two_q_run,
	.list = two_q_list,
	.order = "the main list, then the queue of new pages, the oldest of each last",
	.note = two_q_note,
	.notes = "N new pages, M main list (ghosts are not shown)",
	.end = two_q_end,
};
