// SPDX-License-Identifier: GPL-2.0-only
/* LIRS: pages of low inter-reference recency are kept; the others pass through a short queue. */
#include "model/replay/policies.h"
#include "model/replay/slots.h"

enum { OUT, HIR, LIR };

struct lirs {
	struct mms_slots s;	/* the stack S; mark: it is on it; where: its status, dirty */
	struct mms_slots queue; /* Q: the resident HIR pages, latest first */
	uint32_t frames;
	uint32_t nr_lir, max_lir;
};

static uint64_t lirs_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct lirs) + 2 * mms_slots_bytes(conf->nr_pages, 1);
}

static void lirs_end(void *state)
{
	struct lirs *l = state;

	if (l) {
		free(l->s.slot);
		free(l->queue.slot);
	}
	free(l);
}

static void *lirs_begin(const struct mms_policy_conf *conf)
{
	struct lirs *l = calloc(1, sizeof(*l));
	uint64_t hir;

	if (!l)
		return NULL;
	hir = conf->frames * conf->param[0] / 100;
	l->frames = conf->frames;
	l->max_lir = conf->frames - (hir ? hir : 1);
	if (!mms_slots_init(&l->s, conf->nr_pages, 1) ||
	    !mms_slots_init(&l->queue, conf->nr_pages, 1)) {
		lirs_end(l);
		return NULL;
	}
	return l;
}

static inline uint32_t stack(const struct lirs *l)
{
	return mms_head(&l->s, 0);
}

static inline uint32_t queue(const struct lirs *l)
{
	return mms_head(&l->queue, 0);
}

static inline void push(struct lirs *l, uint32_t page)
{
	if (l->s.slot[page].mark) {
		mms_list_move(&l->s, stack(l), page);
		return;
	}
	mms_list_add(&l->s, stack(l), page);
	l->s.slot[page].mark = 1;
}

/* The bottom of the stack is a LIR page. */
static void prune(struct lirs *l)
{
	uint32_t page;

	while ((page = mms_list_last(&l->s, stack(l))) != stack(l)) {
		if (l->s.slot[page].where == LIR)
			return;
		mms_list_del(&l->s, page);
		l->s.slot[page].mark = 0;
	}
}

/* A HIR page was referenced while it was on the stack: it and the bottom change their status. */
static void promote(struct lirs *l, uint32_t page)
{
	uint32_t bottom = mms_list_last(&l->s, stack(l));

	l->s.slot[page].where = LIR;
	l->s.slot[bottom].where = HIR;
	mms_list_add(&l->queue, queue(l), bottom);
	prune(l);
}

static void lirs_evict(struct lirs *l, struct mms_replay_count *count)
{
	uint32_t page = mms_list_last(&l->queue, queue(l));

	mms_list_del(&l->queue, page);
	l->s.slot[page].where = OUT;
	mms_count_evicted(count, l->s.slot[page].dirty);
}

static __attribute__((noinline)) void lirs_fault(struct lirs *l, uint32_t page,
						 struct mms_replay_count *count)
{
	struct mms_slot *p = &l->s.slot[page];
	bool on_stack = p->mark;

	if (count->resident == l->frames)
		lirs_evict(l, count);
	mms_count_fault(count);
	push(l, page);
	p->dirty = 0;
	if (l->nr_lir < l->max_lir) {
		l->nr_lir++;
		p->where = LIR;
		prune(l);
	} else if (on_stack) {
		promote(l, page);
	} else {
		p->where = HIR;
		mms_list_add(&l->queue, queue(l), page);
		if (!l->max_lir)
			prune(l);
	}
}

static inline void lirs_hit(struct lirs *l, uint32_t page)
{
	struct mms_slot *p = &l->s.slot[page];
	bool bottom = p->where == LIR && mms_list_last(&l->s, stack(l)) == page;

	if (p->where == HIR && p->mark) {
		mms_list_move(&l->s, stack(l), page);
		mms_list_del(&l->queue, page);
		promote(l, page);
		return;
	}
	push(l, page);
	if (p->where == HIR)
		mms_list_move(&l->queue, queue(l), page);
	if (bottom || !l->max_lir)
		prune(l);
}

static inline void lirs_touch(void *state, uint32_t page, bool write, uint64_t more,
			      struct mms_replay_count *count)
{
	struct lirs *l = state;

	if (l->s.slot[page].where)
		lirs_hit(l, page);
	else
		lirs_fault(l, page, count);
	/* The page is at the top now: one more reference may promote it, further ones do nothing.
	 */
	if (more)
		lirs_hit(l, page);
	l->s.slot[page].dirty |= write;
}

static void lirs_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		     struct mms_replay_count *count)
{
	struct lirs *l = state;

	mms_slots_run(&l->s, l, lirs_touch, true, r, from, to, count);
}

/* The queue, and before it the LIR pages by the stack. */
static uint32_t lirs_list(void *state, uint32_t *pages)
{
	struct lirs *l = state;
	uint32_t p, nr = 0;

	for (p = l->s.slot[stack(l)].next; p != stack(l); p = l->s.slot[p].next)
		if (l->s.slot[p].where == LIR)
			pages[nr++] = p;
	return mms_list_pages(&l->queue, queue(l), pages, nr);
}

static void lirs_note(void *state, uint32_t page, char *buf)
{
	const struct lirs *l = state;

	*buf++ = l->s.slot[page].where == LIR ? 'L' : 'H';
	*buf = '\0';
}

const struct mms_policy mms_policy_lirs = {
	.name = "lirs",
	.title = "LIRS, low inter-reference recency set",
	.source =
		"S. Jiang and X. Zhang, LIRS: an efficient low inter-reference recency set "
		"replacement policy to improve buffer cache performance, SIGMETRICS 2002. The stack "
		"is not bounded: it may hold every page; with no frame for LIR pages (one frame) it "
		"is empty, and the queue is all there is",
	.params = {{"hir", "percent of the frames for HIR pages, at least one", 1, 1, 99}},
	.bytes = lirs_bytes,
	.begin = lirs_begin,
	.run = lirs_run,
	.list = lirs_list,
	.note = lirs_note,
	.notes = "L of small distance (LIR), H of large one (HIR)",
	.end = lirs_end,
};
