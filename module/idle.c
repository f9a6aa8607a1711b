// SPDX-License-Identifier: GPL-2.0-only
/*
 * idle: scans an mm at an interval and keeps the idle age of every leaf. Must
 * not follow page tables (walk does, and clears) or know the ageing rule (age).
 *
 * A scan is one pass over all VMAs: chunk by chunk the accessed bits are read
 * and cleared under the page-table locks, and what was seen is turned into ages
 * with no lock of the mm held. One TLB flush ends the scan: references made
 * between the clearing and the flush through a translation that was cached
 * before may go unseen, which blurs the edge of a window by the time of a scan.
 * The window itself is measured, not assumed.
 */
#include <linux/build_bug.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <linux/mmscope.h>
#include "age.h"
#include "flush.h"
#include "idle.h"
#include "stats.h"
#include "walk.h"

#define REGION_SIZE (1ULL << MMS_AGE_SHIFT)
#define ENDS	    256 /* scan ends remembered: more than the largest delta */

/**
 * struct mms_idle - sampling of one mm
 * @mm: pinned by the target, which outlives us
 * @interval_ns: time between the beginnings of two scans
 * @next_ns: when the next one is due; the work's own
 * @stop: the end is near: break off the scan
 * @work: the scans
 * @walk: chunk buffer of the work
 *
 * @lock: a whole scan, or one look at the ages; protects:
 * @passes: scans done, the first included
 * @lost: regions that could not be kept
 * @first_ns: end of the first scan
 * @end_ns: ends of the latest scans, by @passes modulo ENDS
 * @regions: struct mms_region by address / 2 MiB
 */
struct mms_idle {
	struct mm_struct *mm;
	u64 interval_ns;
	u64 next_ns;
	bool stop;
	struct delayed_work work;
	struct mms_walk *walk;

	struct mutex lock;
	u64 passes;
	u64 lost;
	u64 first_ns;
	u64 end_ns[ENDS];
	struct xarray regions;
};

static struct workqueue_struct *scans;
static struct kmem_cache *regions;

/* Ages are a luxury: never push others out of memory for them. */
#define GFP_AGES (GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

static struct mms_region *make_region(struct mms_idle *idle, unsigned long index)
{
	struct mms_region *r = kmem_cache_zalloc(regions, GFP_AGES);

	if (r && xa_is_err(xa_store(&idle->regions, index, r, GFP_AGES))) {
		kmem_cache_free(regions, r);
		r = NULL;
	}
	if (!r) {
		idle->lost++;
		mms_stat_add(MMS_STAT_LOST, 1);
	}
	return r;
}

static void drop_region(struct mms_idle *idle, unsigned long index, struct mms_region *r)
{
	xa_erase(&idle->regions, index);
	kmem_cache_free(regions, r);
}

static void drop_all(struct mms_idle *idle)
{
	struct mms_region *r;
	unsigned long index;

	xa_for_each(&idle->regions, index, r) drop_region(idle, index, r);
}

/* Nothing in [start, end) has an age any more; @end 0 is the end of all. */
static void forget(struct mms_idle *idle, u64 start, u64 end)
{
	u64 last = end - 1, from, to;
	struct mms_region *r;
	unsigned long index;

	if (start == end)
		return;
	xa_for_each_range(&idle->regions, index, r, start >> MMS_AGE_SHIFT, last >> MMS_AGE_SHIFT)
	{
		from = max_t(u64, start, (u64)index << MMS_AGE_SHIFT);
		to = min_t(u64, last, ((u64)index << MMS_AGE_SHIFT) + REGION_SIZE - 1);
		mms_region_forget(r, (from % REGION_SIZE) >> PAGE_SHIFT,
				  ((to - from) >> PAGE_SHIFT) + 1);
		if (mms_region_empty(r))
			drop_region(idle, index, r);
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

static void note(struct mms_idle *idle, const struct mms_leaf *l)
{
	enum mms_seen what = seen(l, !idle->passes);
	unsigned long index = l->start >> MMS_AGE_SHIFT;
	struct mms_region *r;

	if (what == MMS_SEEN_GONE) {
		forget(idle, l->start, l->end);
		return;
	}
	r = xa_load(&idle->regions, index);
	if (!r)
		r = make_region(idle, index);
	if (!r)
		return;
	if (l->level == MMSCOPE_LEVEL_PTE)
		mms_region_note(r, (l->start % REGION_SIZE) >> PAGE_SHIFT, what);
	else
		mms_region_note_huge(r, what);
}

static int scan_all(struct mms_idle *idle, u64 *cleared)
{
	struct mms_walk *w = idle->walk;
	unsigned int i;
	u64 pos = 0;
	int ret;

	for (;;) {
		if (READ_ONCE(idle->stop))
			return -ECANCELED;
		ret = mms_walk_chunk_age(w, idle->mm, pos);
		if (ret <= 0)
			break;
		*cleared += w->cleared;
		forget(idle, pos, w->start);
		for (i = 0; i < w->nr; i++)
			note(idle, &w->leaf[i]);
		if (!w->nr)
			forget(idle, w->start, w->next);
		pos = w->next;
		cond_resched();
	}
	if (!ret)
		forget(idle, pos, 0);
	return ret;
}

/* Returns 0, or why there will be no other scan. */
static int scan(struct mms_idle *idle)
{
	u64 cleared = 0, now, began = ktime_get_ns();
	int ret;

	mutex_lock(&idle->lock);
	ret = scan_all(idle, &cleared);
	/* what was not set when we looked is in no TLB that matters: no flush */
	if (cleared)
		mms_flush_mm(idle->mm);
	now = ktime_get_ns();
	if (!ret) {
		if (!idle->passes++)
			idle->first_ns = now;
		idle->end_ns[idle->passes % ENDS] = now;
	} else {
		/* half a scan would mix two windows, and the mm is gone anyway */
		drop_all(idle);
		idle->passes = 0;
	}
	mutex_unlock(&idle->lock);
	mms_stat_add(MMS_STAT_SCANS, 1);
	mms_stat_add(MMS_STAT_SCAN_NS, now - began);
	return ret;
}

static void scan_work(struct work_struct *work)
{
	struct mms_idle *idle = container_of(work, struct mms_idle, work.work);
	u64 now;

	if (scan(idle))
		return;
	now = ktime_get_ns();
	idle->next_ns = max(idle->next_ns + idle->interval_ns, now);
	queue_delayed_work(scans, &idle->work, nsecs_to_jiffies(idle->next_ns - now));
}

/**
 * mms_idle_create - prepare to sample an mm
 * @mm: pinned by mm_count for as long as we live
 * @ms: interval
 *
 * Context: may sleep.
 * Return: for mms_idle_start() or mms_idle_destroy(), or NULL.
 */
struct mms_idle *mms_idle_create(struct mm_struct *mm, unsigned int ms)
{
	struct mms_idle *idle = kzalloc(sizeof(*idle), GFP_KERNEL);

	if (!idle)
		return NULL;
	idle->walk = mms_walk_create(false);
	if (!idle->walk) {
		kfree(idle);
		return NULL;
	}
	idle->mm = mm;
	idle->interval_ns = (u64)ms * NSEC_PER_MSEC;
	INIT_DELAYED_WORK(&idle->work, scan_work);
	mutex_init(&idle->lock);
	xa_init(&idle->regions);
	return idle;
}

/**
 * mms_idle_start - begin to scan
 * @idle: not yet started
 *
 * Context: does not sleep.
 */
void mms_idle_start(struct mms_idle *idle)
{
	idle->next_ns = ktime_get_ns();
	queue_delayed_work(scans, &idle->work, 0);
}

/**
 * mms_idle_destroy - stop scanning and free the ages
 * @idle: nobody else can reach it; may be NULL
 *
 * Context: may sleep: waits until a running scan has broken off.
 */
void mms_idle_destroy(struct mms_idle *idle)
{
	if (!idle)
		return;
	WRITE_ONCE(idle->stop, true);
	cancel_delayed_work_sync(&idle->work);
	drop_all(idle);
	xa_destroy(&idle->regions);
	mutex_destroy(&idle->lock);
	mms_walk_destroy(idle->walk);
	kfree(idle);
}

static u64 scans_done(const struct mms_idle *idle)
{
	return idle->passes ? idle->passes - 1 : 0;
}

static u64 window_ns(const struct mms_idle *idle)
{
	return idle->passes ? idle->end_ns[idle->passes % ENDS] - idle->first_ns : 0;
}

/**
 * mms_idle_scans - scans done, the first not counted
 * @idle: kept by the caller
 *
 * Context: any; a value that may be old when it is returned.
 */
u64 mms_idle_scans(const struct mms_idle *idle)
{
	u64 passes = READ_ONCE(idle->passes);

	return passes ? passes - 1 : 0;
}

/**
 * mms_idle_header - first bytes of PID/idle
 * @idle: kept by the caller
 * @h: all of it is written
 *
 * Context: may sleep: waits for a running scan, killable.
 * Return: 0 or -EINTR.
 */
int mms_idle_header(struct mms_idle *idle, struct mmscope_idle_header *h)
{
	if (mutex_lock_killable(&idle->lock))
		return -EINTR;
	h->scans = scans_done(idle);
	h->interval_ns = idle->interval_ns;
	h->window_ns = window_ns(idle);
	h->lost = idle->lost;
	mutex_unlock(&idle->lock);
	return 0;
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
	*pos = base + ((u64)page << PAGE_SHIFT);
	return n;
}

/**
 * mms_idle_records - ages in order of address
 * @idle: kept by the caller
 * @pos: address to begin at; moved behind what is returned
 * @rec: where to
 * @max: records that fit
 *
 * Context: may sleep: waits for a running scan, killable.
 * Return: number of records, 0 at the end, -EINTR.
 */
int mms_idle_records(struct mms_idle *idle, u64 *pos, struct mmscope_idle *rec, unsigned int max)
{
	struct mms_region *r;
	unsigned long index;
	unsigned int n = 0;

	if (mutex_lock_killable(&idle->lock))
		return -EINTR;
	/* one scan must have followed the first before an age means anything */
	if (scans_done(idle)) {
		xa_for_each_start(&idle->regions, index, r, *pos >> MMS_AGE_SHIFT)
		{
			n += region_records(r, (u64)index << MMS_AGE_SHIFT, pos, rec + n, max - n);
			if (n == max)
				break;
		}
	}
	mutex_unlock(&idle->lock);
	return n;
}

static void sum_region(struct mms_idle_summary *s, const struct mms_region *r)
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
 * mms_idle_summary - ages of all leaves, counted
 * @idle: kept by the caller
 * @s: all of it is written
 *
 * Context: may sleep: waits for a running scan, killable.
 * Return: 0 or -EINTR.
 */
int mms_idle_summary(struct mms_idle *idle, struct mms_idle_summary *s)
{
	struct mms_region *r;
	unsigned long index;
	int i;

	if (mutex_lock_killable(&idle->lock))
		return -EINTR;
	*s = (struct mms_idle_summary){
		.interval_ns = idle->interval_ns,
		.scans = scans_done(idle),
		.window_ns = window_ns(idle),
		.lost = idle->lost,
	};
	for (i = 0; i < MMS_IDLE_DELTAS && 1ULL << i <= s->scans; i++)
		s->delta_ns[i] = idle->end_ns[idle->passes % ENDS] -
				 idle->end_ns[(idle->passes - (1ULL << i)) % ENDS];
	if (s->scans) {
		xa_for_each(&idle->regions, index, r)
		{
			sum_region(s, r);
			cond_resched();
		}
	}
	mutex_unlock(&idle->lock);
	return 0;
}

/**
 * mms_idle_init - make what all sampling shares
 *
 * Context: module load.
 * Return: 0 or -ENOMEM.
 */
int __init mms_idle_init(void)
{
	static_assert(sizeof(struct mmscope_idle_header) == 48);
	static_assert(sizeof(struct mmscope_idle) == 16);

	regions = kmem_cache_create("mmscope_region", sizeof(struct mms_region), 0, 0, NULL);
	if (!regions)
		return -ENOMEM;
	/* scans are long and belong to no CPU; reclaim never waits for them */
	scans = alloc_workqueue("mmscope", WQ_UNBOUND, 0);
	if (scans)
		return 0;
	kmem_cache_destroy(regions);
	return -ENOMEM;
}

/**
 * mms_idle_exit - undo mms_idle_init()
 *
 * Context: module unload; all sampling was destroyed.
 */
void mms_idle_exit(void)
{
	destroy_workqueue(scans);
	kmem_cache_destroy(regions);
}
