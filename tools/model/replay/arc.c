// SPDX-License-Identifier: GPL-2.0-only
/* ARC: recency and frequency lists with ghosts, that learn from these how to share. */
#include "model/replay/policies.h"
#include "model/replay/slots.h"

/* Where a page is, and a list less one. */
enum { NOWHERE, T1, T2, B1, B2 };
#define LISTS 4

struct arc {
	struct mms_slots s;
	uint64_t frames;
	uint64_t nr[LISTS + 1];
	double target; /* p of the paper: pages that T1 should have */
};

static uint64_t arc_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct arc) + mms_slots_bytes(conf->nr_pages, LISTS);
}

static void arc_end(void *state)
{
	struct arc *a = state;

	if (a)
		free(a->s.slot);
	free(a);
}

static void *arc_begin(const struct mms_policy_conf *conf)
{
	struct arc *a = calloc(1, sizeof(*a));

	if (!a || !mms_slots_init(&a->s, conf->nr_pages, LISTS)) {
		free(a);
		return NULL;
	}
	a->frames = conf->frames;
	return a;
}

static inline void put(struct arc *a, unsigned int list, uint32_t page)
{
	mms_list_put(&a->s, list, page);
	a->nr[list]++;
}

static inline void take(struct arc *a, uint32_t page)
{
	mms_list_del(&a->s, page);
	a->nr[a->s.slot[page].where]--;
	a->s.slot[page].where = NOWHERE;
}

static void replace(struct arc *a, bool in_b2, struct mms_replay_count *count)
{
	bool first = a->nr[T1] && (a->nr[T1] > a->target || (in_b2 && a->nr[T1] == a->target));
	uint32_t page = mms_list_last(&a->s, mms_list_of(&a->s, first ? T1 : T2));

	take(a, page);
	put(a, first ? B1 : B2, page);
	mms_count_evicted(count, a->s.slot[page].dirty);
}

/* A page of which nothing is known. */
static void make_room(struct arc *a, struct mms_replay_count *count)
{
	uint64_t l1 = a->nr[T1] + a->nr[B1], l2 = a->nr[T2] + a->nr[B2];
	uint32_t page;

	if (l1 == a->frames && !a->nr[B1]) {
		page = mms_list_last(&a->s, mms_list_of(&a->s, T1));
		take(a, page);
		mms_count_evicted(count, a->s.slot[page].dirty);
		return;
	}
	if (l1 + l2 < a->frames)
		return;
	if (l1 == a->frames)
		take(a, mms_list_last(&a->s, mms_list_of(&a->s, B1)));
	else if (l1 + l2 == 2 * a->frames)
		take(a, mms_list_last(&a->s, mms_list_of(&a->s, B2)));
	replace(a, false, count);
}

static __attribute__((noinline)) void arc_fault(struct arc *a, uint32_t page,
						struct mms_replay_count *count)
{
	unsigned int ghost = a->s.slot[page].where;
	double b1 = a->nr[B1], b2 = a->nr[B2];

	if (ghost == B1) {
		a->target += b1 >= b2 ? 1 : b2 / b1;
		if (a->target > a->frames)
			a->target = a->frames;
	} else if (ghost == B2) {
		a->target -= b2 >= b1 ? 1 : b1 / b2;
		if (a->target < 0)
			a->target = 0;
	}
	if (ghost) {
		replace(a, ghost == B2, count);
		take(a, page);
	} else {
		make_room(a, count);
	}
	put(a, ghost ? T2 : T1, page);
	a->s.slot[page].dirty = 0;
	mms_count_fault(count);
}

static inline void arc_touch(void *state, uint32_t page, bool write, uint64_t more,
			     struct mms_replay_count *count)
{
	struct arc *a = state;
	unsigned int where = a->s.slot[page].where;

	if (where == T2) {
		mms_list_move(&a->s, mms_list_of(&a->s, T2), page);
	} else if (where == T1) {
		take(a, page);
		put(a, T2, page);
	} else {
		arc_fault(a, page, count);
		if (more) {
			take(a, page);
			put(a, T2, page);
		}
	}
	a->s.slot[page].dirty |= write;
}

static void arc_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		    struct mms_replay_count *count)
{
	struct arc *a = state;

	mms_slots_run(&a->s, a, arc_touch, true, r, from, to, count);
}

static uint32_t arc_list(void *state, uint32_t *pages)
{
	struct arc *a = state;

	return mms_list_pages(&a->s, mms_list_of(&a->s, T1), pages,
			      mms_list_pages(&a->s, mms_list_of(&a->s, T2), pages, 0));
}

static void arc_note(void *state, uint32_t page, char *buf)
{
	const struct arc *a = state;

	*buf++ = 'T';
	*buf++ = a->s.slot[page].where == T1 ? '1' : '2';
	*buf = '\0';
}

const struct mms_policy mms_policy_arc = {
	.name = "arc",
	.title = "ARC, adaptive replacement",
	.source = "N. Megiddo and D. S. Modha, ARC: a self-tuning, low overhead replacement cache, "
		  "FAST 2003; exact, with a target that is no whole number",
	.bytes = arc_bytes,
	.begin = arc_begin,
	.run = arc_run,
	.list = arc_list,
	.order = "T2, then T1, the oldest of each last",
	.note = arc_note,
	.notes = "list T1 or T2 (ghosts are not shown)",
	.end = arc_end,
};
