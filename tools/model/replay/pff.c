// SPDX-License-Identifier: GPL-2.0-only
/* Page-fault frequency: pages leave at a fault only, and only if the last one is long ago. */
#include "model/replay/policies.h"
#include "model/replay/slots.h"

struct pff {
	struct mms_slots s; /* one list, latest reference first; the stamp is its time */
	uint64_t now;
	uint64_t threshold;
	uint64_t last_fault;
};

static uint64_t pff_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct pff) + mms_slots_bytes(conf->nr_pages, 1);
}

static void pff_end(void *state)
{
	struct pff *f = state;

	if (f)
		free(f->s.slot);
	free(f);
}

static void *pff_begin(const struct mms_policy_conf *conf)
{
	struct pff *f = calloc(1, sizeof(*f));

	if (!f || !mms_slots_init(&f->s, conf->nr_pages, 1)) {
		free(f);
		return NULL;
	}
	f->threshold = conf->param[0];
	return f;
}

static __attribute__((noinline)) void pff_fault(struct pff *f, uint32_t page,
						struct mms_replay_count *count)
{
	uint32_t head = mms_head(&f->s, 0), last;

	if (f->now - f->last_fault >= f->threshold) {
		for (;;) {
			last = mms_list_last(&f->s, head);
			if (last == head || f->s.slot[last].stamp >= f->last_fault)
				break;
			mms_list_del(&f->s, last);
			f->s.slot[last].where = 0;
			mms_count_evicted(count, f->s.slot[last].dirty);
		}
	}
	mms_count_fault(count);
	f->s.slot[page].where = 1;
	f->s.slot[page].dirty = 0;
	mms_list_add(&f->s, head, page);
	f->last_fault = f->now;
}

static inline void pff_touch(void *state, uint32_t page, bool write, uint64_t more,
			     struct mms_replay_count *count)
{
	struct pff *f = state;
	struct mms_slot *p = &f->s.slot[page];

	if (p->where)
		mms_list_move(&f->s, mms_head(&f->s, 0), page);
	else
		pff_fault(f, page, count);
	p->dirty |= write;
	f->now += 1 + more;
	p->stamp = f->now - 1;
	count->sum_resident += (1 + more) * count->resident;
}

static void pff_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
		    struct mms_replay_count *count)
{
	struct pff *f = state;

	mms_slots_run(&f->s, f, pff_touch, true, r, from, to, count);
}

static uint32_t pff_list(void *state, uint32_t *pages)
{
	struct pff *f = state;

	return mms_list_pages(&f->s, mms_head(&f->s, 0), pages, 0);
}

const struct mms_policy mms_policy_pff = {
	.name = "pff",
	.title = "page-fault frequency",
	.source =
		"W. W. Chu and H. Opderbeck, The page fault frequency replacement algorithm, AFIPS "
		"Fall Joint Computer Conference, 1972: at a fault that is at least the threshold "
		"after the one before, the pages not referenced since that one leave",
	.flags = MMS_POLICY_VARIABLE,
	.params = {{"threshold", "references between two faults", 1000, 1, 1000000000000}},
	.bytes = pff_bytes,
	.begin = pff_begin,
	.run = pff_run,
	.list = pff_list,
	.order = "the last references, the oldest last",
	.end = pff_end,
};
