// SPDX-License-Identifier: GPL-2.0-only
/*
 * idle: scans an mm at an interval and keeps the idle age of every leaf. Must
 * not follow page tables (walk_age does, and clears) or know how ages are kept
 * (ages).
 *
 * A scan is one pass over all VMAs: chunk by chunk the accessed bits are read
 * and cleared under the page-table locks, and what was seen is turned into ages
 * with no lock of the mm held. One TLB flush ends the scan: references made
 * between the clearing and the flush through a translation that was cached
 * before may go unseen, which blurs the edge of a window by the time of a scan.
 * The window itself is measured, not assumed.
 *
 * Sampling that nobody reads stops by itself and is begun anew by the next
 * reader: from then on no work is queued, until a reader, who has the lock, queues
 * it. The end (mms_idle_destroy()) comes when no reader can.
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
#include "params.h"
#include "stats.h"
#include "trace.h"
#include "walk_age.h"

#define ENDS 256 /* scan ends remembered: more than the largest delta */

/**
 * struct mms_idle - sampling of one mm
 * @mm: pinned by the target, which outlives us
 * @nr: the target's number
 * @how: MMS_IDLE_*
 * @interval_ns: time between the beginnings of two scans
 * @stop: the end is near: break off the scan
 * @work: the scans
 * @chunk: buffer of the work
 *
 * @lock: a whole scan, or one look at the ages; protects:
 * @next_ns: when the next scan is due
 * @read_ns: when somebody last read
 * @suspended: nobody did for too long: the work is not queued
 * @passes: scans done, the first included
 * @first_ns: end of the first scan
 * @end_ns: ends of the latest scans, by @passes modulo ENDS
 * @skipped: regions that the last scan left out
 * @ages: what the scans found
 */
struct mms_idle {
	struct mm_struct *mm;
	int nr;
	unsigned int how;
	u64 interval_ns;
	bool stop;
	struct delayed_work work;
	struct mms_age_chunk *chunk;

	struct mutex lock;
	u64 next_ns;
	u64 read_ns;
	bool suspended;
	u64 passes;
	u64 first_ns;
	u64 end_ns[ENDS];
	u64 skipped;
	struct mms_ages ages;
};

static struct workqueue_struct *scans;

/* What one scan did: sums of its chunks. */
struct sums {
	u64 cleared;
	u64 entries;
	u64 referenced;
	u64 skipped;
};

static bool spare(void *arg, u64 addr, bool referenced)
{
	struct mms_idle *idle = arg;

	return mms_ages_spare(&idle->ages, addr, referenced);
}

static int scan_all(struct mms_idle *idle, struct sums *sums)
{
	struct mms_age_chunk *c = idle->chunk;
	unsigned int i;
	u64 pos = 0;
	int ret;

	c->asked = MMS_AGE_NOT_ASKED;
	for (;;) {
		if (READ_ONCE(idle->stop))
			return -ECANCELED;
		ret = mms_walk_age(c, idle->mm, pos);
		if (ret <= 0)
			break;
		sums->cleared += c->cleared;
		sums->entries += c->entries;
		sums->referenced += c->referenced;
		sums->skipped += c->spared;
		mms_ages_forget(&idle->ages, pos, c->start);
		for (i = 0; i < c->nr; i++)
			mms_ages_note(&idle->ages, &c->rec[i], !idle->passes);
		pos = c->next;
		cond_resched();
	}
	if (!ret)
		mms_ages_forget(&idle->ages, pos, 0);
	return ret;
}

/* Returns 0, or why there will be no other scan. */
static int scan(struct mms_idle *idle)
{
	u64 now, began = ktime_get_ns();
	struct sums sums = {};
	bool flush;
	int ret;

	lockdep_assert_held(&idle->lock);
	ret = scan_all(idle, &sums);
	/* what was not set when we looked is in no TLB that matters: no flush */
	flush = sums.cleared && !(idle->how & MMS_IDLE_NOFLUSH);
	if (flush)
		mms_flush_mm(idle->mm);
	now = ktime_get_ns();
	mms_stat_add(MMS_STAT_SCANS, 1);
	mms_stat_add(MMS_STAT_SCAN_NS, now - began);
	mms_stat_add(MMS_STAT_SKIPPED, sums.skipped);
	if (ret) {
		/* half a scan mixes two windows, and there is nothing to age now */
		mms_ages_drop(&idle->ages);
		return ret;
	}
	trace_scan(idle->nr, idle->passes, now - began, sums.entries, sums.referenced, sums.skipped,
		   flush);
	/* status reads it without the lock */
	WRITE_ONCE(idle->passes, idle->passes + 1);
	if (idle->passes == 1)
		idle->first_ns = now;
	idle->end_ns[idle->passes % ENDS] = now;
	idle->skipped = sums.skipped;
	return 0;
}

/* Nobody read for suspend_s, and for long enough that there was something to read. */
static bool unread(const struct mms_idle *idle)
{
	u64 limit = (u64)mms_param_suspend_s() * NSEC_PER_SEC;

	return limit && ktime_get_ns() - idle->read_ns >= max(limit, 2 * idle->interval_ns);
}

static void suspend(struct mms_idle *idle)
{
	WRITE_ONCE(idle->suspended, true);
	WRITE_ONCE(idle->passes, 0);
	mms_ages_drop(&idle->ages);
}

static void begin(struct mms_idle *idle)
{
	idle->next_ns = ktime_get_ns();
	queue_delayed_work(scans, &idle->work, 0);
}

/* Somebody reads. Returns true if that is what sampling waited for. */
static bool resume(struct mms_idle *idle)
{
	bool was = idle->suspended;

	lockdep_assert_held(&idle->lock);
	idle->read_ns = ktime_get_ns();
	WRITE_ONCE(idle->suspended, false);
	if (was)
		begin(idle);
	return was;
}

static void scan_work(struct work_struct *work)
{
	struct mms_idle *idle = container_of(work, struct mms_idle, work.work);
	u64 now;

	mutex_lock(&idle->lock);
	if (unread(idle)) {
		suspend(idle);
	} else if (!scan(idle)) {
		now = ktime_get_ns();
		idle->next_ns = max(idle->next_ns + idle->interval_ns, now);
		queue_delayed_work(scans, &idle->work, nsecs_to_jiffies(idle->next_ns - now));
	}
	mutex_unlock(&idle->lock);
}

/**
 * mms_idle_create - prepare to sample an mm
 * @mm: pinned by mm_count for as long as we live
 * @nr: the target's number, to be told
 * @ms: interval
 * @how: MMS_IDLE_*
 *
 * Without a flush a CPU that has the entry of a pmd cached would use it for as
 * long as it likes and never set its bit: no skip then.
 *
 * Context: may sleep.
 * Return: for mms_idle_start() or mms_idle_destroy(), or NULL.
 */
struct mms_idle *mms_idle_create(struct mm_struct *mm, int nr, unsigned int ms, unsigned int how)
{
	struct mms_idle *idle = kzalloc(sizeof(*idle), GFP_KERNEL);

	if (!idle)
		return NULL;
	idle->chunk = kvzalloc(sizeof(*idle->chunk), GFP_KERNEL);
	if (!idle->chunk) {
		kfree(idle);
		return NULL;
	}
	idle->mm = mm;
	idle->nr = nr;
	idle->how = how & MMS_IDLE_NOFLUSH ? how | MMS_IDLE_NOSKIP : how;
	idle->interval_ns = (u64)ms * NSEC_PER_MSEC;
	if (!(idle->how & MMS_IDLE_NOSKIP))
		idle->chunk->spare = spare;
	idle->chunk->arg = idle;
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
	idle->read_ns = ktime_get_ns();
	begin(idle);
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
	kvfree(idle->chunk);
	kfree(idle);
}

static u64 scans_after_first(const struct mms_idle *idle)
{
	u64 passes = READ_ONCE(idle->passes);

	return passes ? passes - 1 : 0;
}

/**
 * mms_idle_status - how sampling goes
 * @idle: kept by the caller
 * @s: all of it is written
 *
 * Context: any; nothing waits for a scan, so it may be old when it is returned.
 */
void mms_idle_status(const struct mms_idle *idle, struct mms_idle_status *s)
{
	*s = (struct mms_idle_status){
		.scans = scans_after_first(idle),
		.flush = !(idle->how & MMS_IDLE_NOFLUSH),
		.skip = !(idle->how & MMS_IDLE_NOSKIP),
		.suspended = READ_ONCE(idle->suspended),
	};
}

/* Scans that readers may know of: none once the mm is gone, seen by us or not. */
static u64 scans_done(const struct mms_idle *idle)
{
	lockdep_assert_held(&idle->lock);
	return atomic_read(&idle->mm->mm_users) ? scans_after_first(idle) : 0;
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
	resume(idle);
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
	resume(idle);
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
	bool resumed;
	int i;

	if (mutex_lock_killable(&idle->lock))
		return -EINTR;
	resumed = resume(idle);
	*s = (struct mms_idle_summary){
		.interval_ns = idle->interval_ns,
		.scans = scans_done(idle),
		.window_ns = window_ns(idle),
		.lost = idle->ages.lost,
		.skipped = scans_done(idle) ? idle->skipped : 0,
		.resumed = resumed,
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
