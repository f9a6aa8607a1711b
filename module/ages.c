// SPDX-License-Identifier: GPL-2.0-only
/*
 * ages: stores, grows and lists the ages that scans find. Must not know when
 * scans happen; the ageing rule is region.c's.
 */
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/mmscope.h>
#include "ages.h"
#include "region.h"
#include "stats.h"

#define REGION_SIZE (1ULL << MMS_AGE_SHIFT)

static struct kmem_cache *regions;

/* Ages are a luxury: never push others out of memory for them. */
#define GFP_AGES (GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

static struct mms_region *make_region(struct mms_ages *a, unsigned long index)
{
	struct mms_region *r = kmem_cache_zalloc(regions, GFP_AGES);

	if (r && xa_is_err(xa_store(&a->regions, index, r, GFP_AGES))) {
		kmem_cache_free(regions, r);
		r = NULL;
	}
	/* one that is lost is met again at each of its pages: they come in order */
	if (!r && index != a->lost_index) {
		a->lost_index = index;
		a->lost++;
		mms_stat_add(MMS_STAT_LOST, 1);
	}
	return r;
}

static void drop_region(struct mms_ages *a, unsigned long index, struct mms_region *r)
{
	xa_erase(&a->regions, index);
	kmem_cache_free(regions, r);
}

/**
 * mms_ages_drop - forget everything
 * @a: the ages
 *
 * Context: may sleep.
 */
void mms_ages_drop(struct mms_ages *a)
{
	struct mms_region *r;
	unsigned long index;

	xa_for_each(&a->regions, index, r)
	{
		drop_region(a, index, r);
		cond_resched();
	}
}

/**
 * mms_ages_forget - nothing in [start, end) has an age any more
 * @a: the ages
 * @start: first address
 * @end: address after the last; 0 = the end of all
 *
 * Context: may sleep.
 */
void mms_ages_forget(struct mms_ages *a, u64 start, u64 end)
{
	u64 last = end - 1, from, to;
	struct mms_region *r;
	unsigned long index;

	if (end && start == end)
		return;
	xa_for_each_range(&a->regions, index, r, start >> MMS_AGE_SHIFT, last >> MMS_AGE_SHIFT)
	{
		from = max_t(u64, start, (u64)index << MMS_AGE_SHIFT);
		to = min_t(u64, last, ((u64)index << MMS_AGE_SHIFT) + REGION_SIZE - 1);
		mms_region_forget(r, (from % REGION_SIZE) >> PAGE_SHIFT,
				  ((to - from) >> PAGE_SHIFT) + 1);
		if (mms_region_empty(r))
			drop_region(a, index, r);
		cond_resched();
	}
}

static enum mms_seen seen(const struct mms_leaf *l, bool first)
{
	switch (l->kind) {
	case MMS_KIND_ANON:
	case MMS_KIND_FILE:
	case MMS_KIND_KSM:
		/* the first scan clears what was referenced at any time before */
		return (l->flags & MMS_FLAG_A) && !first ? MMS_SEEN_REFERENCED : MMS_SEEN_IDLE;
	case MMS_KIND_SWAP:
		return MMS_SEEN_SWAPPED;
	case MMS_KIND_MIGRATION:
		return MMS_SEEN_MOVING;
	default:
		return MMS_SEEN_GONE;
	}
}

/**
 * mms_ages_note - what a scan saw
 * @a: the ages
 * @l: a leaf or a hole
 * @first: the scan is the first
 *
 * Context: may sleep (allocates).
 */
void mms_ages_note(struct mms_ages *a, const struct mms_leaf *l, bool first)
{
	enum mms_seen what = seen(l, first);
	unsigned long index = l->start >> MMS_AGE_SHIFT;
	struct mms_region *r;

	if (what == MMS_SEEN_GONE) {
		mms_ages_forget(a, l->start, l->end);
		return;
	}
	r = xa_load(&a->regions, index);
	if (!r)
		r = make_region(a, index);
	if (!r)
		return;
	if (l->level == MMSCOPE_LEVEL_PTE)
		mms_region_note(r, (l->start % REGION_SIZE) >> PAGE_SHIFT, what);
	else
		mms_region_note_huge(r, what);
}

static unsigned int region_records(const struct mms_region *r, u64 base, u64 *pos,
				   struct mmscope_idle *rec, unsigned int max)
{
	unsigned int page = *pos > base ? (*pos - base) >> PAGE_SHIFT : 0;
	unsigned int step = r->huge ? MMS_AGE_PAGES : 1, n = 0;
	bool swapped;

	for (; page < MMS_AGE_PAGES && n < max; page += step) {
		if ((r->huge && page) || !mms_region_known(r, page, &swapped))
			continue;
		rec[n++] = (struct mmscope_idle){
			.addr = base + ((u64)page << PAGE_SHIFT),
			.level = r->huge ? MMSCOPE_LEVEL_PMD : MMSCOPE_LEVEL_PTE,
			.age = r->age[page],
			.flags = swapped ? MMSCOPE_IDLE_SWAPPED : 0,
		};
	}
	/* a huge leaf, made since its first pages were told, ends where it ends */
	*pos = base + ((u64)min_t(unsigned int, page, MMS_AGE_PAGES) << PAGE_SHIFT);
	return n;
}

/**
 * mms_ages_records - ages in order of address
 * @a: the ages
 * @pos: address to begin at; moved behind what is returned
 * @rec: where to
 * @max: records that fit
 *
 * Return: number of records, 0 at the end.
 */
unsigned int mms_ages_records(struct mms_ages *a, u64 *pos, struct mmscope_idle *rec,
			      unsigned int max)
{
	struct mms_region *r;
	unsigned long index;
	unsigned int n = 0;

	xa_for_each_start(&a->regions, index, r, *pos >> MMS_AGE_SHIFT)
	{
		n += region_records(r, (u64)index << MMS_AGE_SHIFT, pos, rec + n, max - n);
		if (n == max)
			break;
	}
	return n;
}

static void sum_region(struct mms_ages_sum *s, const struct mms_region *r)
{
	unsigned int step = r->huge ? MMS_AGE_PAGES : 1, page;
	bool swapped;

	for (page = 0; page < MMS_AGE_PAGES; page += step) {
		if (!mms_region_known(r, page, &swapped))
			continue;
		s->by_age[r->age[page]] += step;
		if (swapped)
			s->swapped += step;
		else
			s->present += step;
	}
}

/**
 * mms_ages_sum - count all ages
 * @a: the ages
 * @s: all of it is written
 *
 * Context: may sleep.
 */
void mms_ages_sum(struct mms_ages *a, struct mms_ages_sum *s)
{
	struct mms_region *r;
	unsigned long index;

	*s = (struct mms_ages_sum){};
	xa_for_each(&a->regions, index, r)
	{
		sum_region(s, r);
		cond_resched();
	}
}

/**
 * mms_ages_init - make what all ages share
 *
 * Context: module load.
 * Return: 0 or -ENOMEM.
 */
int __init mms_ages_init(void)
{
	static_assert(sizeof(struct mmscope_idle) == 16);

	regions = kmem_cache_create("mmscope_region", sizeof(struct mms_region), 0, 0, NULL);
	return regions ? 0 : -ENOMEM;
}

/**
 * mms_ages_exit - undo mms_ages_init()
 *
 * Context: module unload; all ages were dropped.
 */
void mms_ages_exit(void)
{
	kmem_cache_destroy(regions);
}
