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
#include "walk_age.h"

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

static bool nothing(const struct mms_look *l)
{
	u64 any = 0;
	int i;

	for (i = 0; i < MMS_AGE_WORDS; i++)
		any |= l->referenced[i] | l->idle[i] | l->swapped[i];
	return !any;
}

/* The first scan clears what was referenced at any time before. */
static void make_idle(struct mms_aged *s)
{
	int i;

	if (s->seen == MMS_SEEN_REFERENCED)
		s->seen = MMS_SEEN_IDLE;
	for (i = 0; i < MMS_AGE_WORDS; i++) {
		s->look.idle[i] |= s->look.referenced[i];
		s->look.referenced[i] = 0;
	}
}

/**
 * mms_ages_note - what a scan saw
 * @a: the ages
 * @s: a part of the address space; modified
 * @first: the scan is the first
 *
 * Context: may sleep (allocates).
 */
void mms_ages_note(struct mms_ages *a, struct mms_aged *s, bool first)
{
	unsigned long index = s->start >> MMS_AGE_SHIFT;
	struct mms_region *r;

	if (s->what == MMS_AGED_NOTHING) {
		mms_ages_forget(a, s->start, s->end);
		return;
	}
	r = xa_load(&a->regions, index);
	if (!r && s->what == MMS_AGED_PTES && nothing(&s->look))
		return;
	if (!r)
		r = make_region(a, index);
	if (!r)
		return;
	if (first)
		make_idle(s);
	if (s->what == MMS_AGED_PTES)
		mms_region_note(r, &s->look);
	else
		mms_region_note_huge(r, s->seen);
	if (mms_region_empty(r))
		drop_region(a, index, r);
}

/**
 * mms_ages_spare - may a scan leave out a region
 * @a: the ages
 * @addr: the region's first address
 * @referenced: as mms_region_spare()
 *
 * Context: does not sleep.
 * Return: true if it may; never for one of which nothing is known.
 */
bool mms_ages_spare(struct mms_ages *a, u64 addr, bool referenced)
{
	struct mms_region *r = xa_load(&a->regions, addr >> MMS_AGE_SHIFT);

	return r && mms_region_spare(r, referenced);
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
			.age = mms_region_age(r, page),
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
		s->by_age[mms_region_age(r, page)] += step;
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
