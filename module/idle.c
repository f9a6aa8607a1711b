// SPDX-License-Identifier: GPL-2.0-only
/*
 * idle: scans an mm at an interval and keeps the idle age of every leaf. Must
 * not follow page tables (walk does, and clears) or know how ages are kept (ages).
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
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/mmscope.h>
#include "ages.h"
#include "flush.h"
#include "idle.h"
#include "stats.h"
#include "walk.h"

#define ENDS 256 /* scan ends remembered: more than the largest delta */

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
 * @first_ns: end of the first scan
 * @end_ns: ends of the latest scans, by @passes modulo ENDS
 * @ages: what the scans found
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
	u64 first_ns;
	u64 end_ns[ENDS];
	struct mms_ages ages;
};

static struct workqueue_struct *scans;

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
		mms_ages_forget(&idle->ages, pos, w->start);
		for (i = 0; i < w->nr; i++)
			mms_ages_note(&idle->ages, &w->leaf[i], !idle->passes);
		if (!w->nr)
			mms_ages_forget(&idle->ages, w->start, w->next);
		pos = w->next;
		cond_resched();
	}
	if (!ret)
		mms_ages_forget(&idle->ages, pos, 0);
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
		/* status reads it without the lock */
		WRITE_ONCE(idle->passes, idle->passes + 1);
		if (idle->passes == 1)
			idle->first_ns = now;
		idle->end_ns[idle->passes % ENDS] = now;
	} else {
		/* half a scan mixes two windows, and there is nothing to age now */
		mms_ages_drop(&idle->ages);
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
	xa_init(&idle->ages.regions);
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
	mms_ages_drop(&idle->ages);
	mutex_destroy(&idle->lock);
	mms_walk_destroy(idle->walk);
	kfree(idle);
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

/* Scans that readers may know of: none once the mm is gone, seen by us or not. */
static u64 scans_done(const struct mms_idle *idle)
{
	lockdep_assert_held(&idle->lock);
	return atomic_read(&idle->mm->mm_users) ? mms_idle_scans(idle) : 0;
}

static u64 window_ns(const struct mms_idle *idle)
{
	return scans_done(idle) ? idle->end_ns[idle->passes % ENDS] - idle->first_ns : 0;
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
	h->lost = idle->ages.lost;
	mutex_unlock(&idle->lock);
	return 0;
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
	unsigned int n = 0;

	if (mutex_lock_killable(&idle->lock))
		return -EINTR;
	/* one scan must have followed the first before an age means anything */
	if (scans_done(idle))
		n = mms_ages_records(&idle->ages, pos, rec, max);
	mutex_unlock(&idle->lock);
	return n;
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
	int i;

	if (mutex_lock_killable(&idle->lock))
		return -EINTR;
	*s = (struct mms_idle_summary){
		.interval_ns = idle->interval_ns,
		.scans = scans_done(idle),
		.window_ns = window_ns(idle),
		.lost = idle->ages.lost,
	};
	for (i = 0; i < MMS_IDLE_DELTAS && 1ULL << i <= s->scans; i++)
		s->delta_ns[i] = idle->end_ns[idle->passes % ENDS] -
				 idle->end_ns[(idle->passes - (1ULL << i)) % ENDS];
	if (s->scans)
		mms_ages_sum(&idle->ages, &s->ages);
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
	int err = mms_ages_init();

	if (err)
		return err;
	/* scans are long and belong to no CPU; reclaim never waits for them */
	scans = alloc_workqueue("mmscope", WQ_UNBOUND, 0);
	if (scans)
		return 0;
	mms_ages_exit();
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
	mms_ages_exit();
}
