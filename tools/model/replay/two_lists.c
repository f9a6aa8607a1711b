// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linux's two lists, as for the pages of files that are read: mm/swap.c
 * (folio_mark_accessed), mm/vmscan.c (inactive_is_low, shrink_active_list) and
 * mm/workingset.c (workingset_eviction, workingset_refault), of Linux 5.9 and later.
 */
#include "model/replay/policies.h"
#include "model/replay/slots.h"

enum { OUT, INACTIVE, ACTIVE };
#define LISTS 2

struct two_lists {
	struct mms_slots s; /* mark: the referenced flag; stamp: the age after its eviction, or 0 */
	uint32_t frames;
	uint32_t nr_active;
	uint32_t ratio; /* active pages per inactive one that are fine */
	uint32_t last;	/* page of the entry before */
	uint64_t age;	/* nonresident age: evictions and activations */
};

static uint64_t two_lists_bytes(const struct mms_policy_conf *conf)
{
	return sizeof(struct two_lists) + mms_slots_bytes(conf->nr_pages, LISTS);
}

static void two_lists_end(void *state)
{
	struct two_lists *l = state;

	if (l)
		free(l->s.slot);
	free(l);
}

/* By the memory: 1 up to 1 GiB, else the root of ten times the GiB. */
static uint32_t inactive_ratio(uint32_t frames)
{
	uint64_t gib = frames >> 18, root = 0;

	while ((root + 1) * (root + 1) <= 10 * gib)
		root++;
	return gib ? root : 1;
}

static void *two_lists_begin(const struct mms_policy_conf *conf)
{
	struct two_lists *l = calloc(1, sizeof(*l));

	if (!l || !mms_slots_init(&l->s, conf->nr_pages, LISTS)) {
		free(l);
		return NULL;
	}
	l->frames = conf->frames;
	l->ratio = inactive_ratio(conf->frames);
	l->last = UINT32_MAX;
	return l;
}

static void evict(struct two_lists *l, struct mms_replay_count *count)
{
	uint32_t page;

	while ((uint64_t)(l->frames - l->nr_active) * l->ratio < l->nr_active) {
		page = mms_list_take_last(&l->s, ACTIVE);
		mms_list_put(&l->s, INACTIVE, page);
		l->nr_active--;
	}
	page = mms_list_take_last(&l->s, INACTIVE);
	l->s.slot[page].stamp = ++l->age;
	mms_count_evicted(count, l->s.slot[page].dirty);
}

static __attribute__((noinline)) void two_lists_fault(struct two_lists *l, uint32_t page,
						      struct mms_replay_count *count)
{
	struct mms_slot *p = &l->s.slot[page];
	bool activate;

	if (count->resident == l->frames)
		evict(l, count);
	mms_count_fault(count);
	activate = p->stamp && l->age - (p->stamp - 1) <= l->nr_active;
	l->age += activate;
	l->nr_active += activate;
	mms_list_put(&l->s, activate ? ACTIVE : INACTIVE, page);
	p->mark = 1;
	p->dirty = 0;
}

static inline void two_lists_hit(struct two_lists *l, uint32_t page)
{
	struct mms_slot *p = &l->s.slot[page];

	if (!p->mark) {
		p->mark = 1;
	} else if (p->where == INACTIVE) {
		mms_list_del(&l->s, page);
		mms_list_put(&l->s, ACTIVE, page);
		p->mark = 0;
		l->nr_active++;
		l->age++;
	}
}

static inline void two_lists_touch(void *state, uint32_t page, bool write, uint64_t more,
				   struct mms_replay_count *count)
{
	struct two_lists *l = state;

	/* As a read of a file does not mark the page it left off at once more. */
	if (page != l->last) {
		if (l->s.slot[page].where)
			two_lists_hit(l, page);
		else
			two_lists_fault(l, page, count);
		l->last = page;
	}
	l->s.slot[page].dirty |= write;
}

static void two_lists_run(void *state, const struct mms_refs *r, uint64_t from, uint64_t to,
			  struct mms_replay_count *count)
{
	struct two_lists *l = state;

	mms_slots_run(&l->s, l, two_lists_touch, true, r, from, to, count);
}

static uint32_t two_lists_list(void *state, uint32_t *pages)
{
	struct two_lists *l = state;

	return mms_list_pages(&l->s, mms_list_of(&l->s, INACTIVE), pages,
			      mms_list_pages(&l->s, mms_list_of(&l->s, ACTIVE), pages, 0));
}

static void two_lists_note(void *state, uint32_t page, char *buf)
{
	const struct two_lists *l = state;

	*buf++ = l->s.slot[page].where == ACTIVE ? 'A' : 'I';
	if (l->s.slot[page].mark)
		*buf++ = 'R';
	*buf = '\0';
}

const struct mms_policy mms_policy_linux = {
	.name = "linux",
	.title = "Linux's active and inactive list",
	.source =
		"Linux 5.9 and later, without MGLRU: mm/swap.c, mm/vmscan.c, mm/workingset.c. "
		"Modelled: new pages are inactive and referenced; a further touch marks a page, the "
		"next one activates it; pages directly repeated are touched once; before an eviction "
		"active pages become inactive until the ratio of the sizes is right, marks kept; a "
		"page whose refault distance is no longer than the active list comes back active. "
		"Left out: two kinds of pages, swappiness, accessed bits of mappings, batches, "
		"scan priority, watermarks, kswapd, cgroups, write-back before reclaim, limits of "
		"the shadow entries",
	.bytes = two_lists_bytes,
	.begin = two_lists_begin,
	.run = two_lists_run,
	.list = two_lists_list,
	.note = two_lists_note,
	.notes = "A active or I inactive list, R referenced",
	.end = two_lists_end,
};
