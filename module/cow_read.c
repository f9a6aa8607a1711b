// SPDX-License-Identifier: GPL-2.0-only
/*
 * cow_read: copies of a target's copy-on-write, a few records under one hold of
 * its lock, which faults take with interrupts off.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include "cow_tables.h"
#include "target.h"

static void sum_up(struct mms_cow_counts *to, const struct mms_cow_counts *c)
{
	int i;

	for (i = 0; i < __MMS_COW_MAX; i++) {
		to->pages[i] += c->pages[i];
		to->bytes[i] += c->bytes[i];
	}
}

/**
 * mms_cow_read - the counters of a target
 * @t: the target
 * @s: all of it is written
 *
 * Context: may sleep: pages that wait for their mapping are placed before.
 */
void mms_cow_read(struct mms_target *t, struct mms_cow_sum *s)
{
	bool alive = mmget_not_zero(t->mm);
	struct mms_cow *c = &t->cow;
	struct mms_cow_tables *x;
	unsigned long flags;
	u64 nr;

	mms_cow_settle(t, alive ? t->mm : NULL);
	if (alive)
		mmput_async(t->mm);
	*s = (struct mms_cow_sum){};
	raw_spin_lock_irqsave(&c->lock, flags);
	s->generation = c->generation;
	s->first = c->first;
	s->older = c->older;
	s->nr_latest = min_t(u64, c->generation, MMS_COW_GENERATIONS);
	s->nr_older = c->generation - s->nr_latest;
	for (nr = 0; nr < s->nr_latest; nr++)
		s->latest[nr] = c->latest[(s->nr_older + nr) % MMS_COW_GENERATIONS];
	s->raced = c->raced;
	s->unplaced = c->unplaced;
	s->events = c->events;
	s->events_lost = c->events;
	x = c->tables;
	if (x) {
		s->events_lost -= min(x->kept, (u64)x->size);
		s->kept = x->kept;
		s->nr_vmas = x->nr_vmas;
		s->other = x->other;
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
	sum_up(&s->total, &s->first.counts);
	sum_up(&s->total, &s->older);
	for (nr = 0; nr < s->nr_latest; nr++)
		sum_up(&s->total, &s->latest[nr].counts);
}

/**
 * mms_cow_read_vmas - some of a target's VMAs
 * @t: the target, of which the caller has a reference
 * @v: room for @nr
 * @from: how many to skip
 * @nr: not many: interrupts are off
 *
 * Return: how many were read.
 */
unsigned int mms_cow_read_vmas(struct mms_target *t, struct mms_cow_vma *v, unsigned int from,
			       unsigned int nr)
{
	struct mms_cow *c = &t->cow;
	unsigned long flags;
	unsigned int n = 0;

	raw_spin_lock_irqsave(&c->lock, flags);
	while (c->tables && n < nr && from + n < c->tables->nr_vmas) {
		v[n] = c->tables->vma[from + n];
		n++;
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
	return n;
}

/**
 * mms_cow_read_events - some of a target's events, oldest first
 * @t: the target
 * @e: room for @nr
 * @from: number of the first wanted; those not kept any more are skipped
 * @nr: not many: interrupts are off
 * @next: number after the last read
 *
 * Return: how many were read, 0 at the end.
 */
unsigned int mms_cow_read_events(struct mms_target *t, struct mms_cow_event *e, u64 from,
				 unsigned int nr, u64 *next)
{
	struct mms_cow *c = &t->cow;
	struct mms_cow_tables *x;
	unsigned long flags;
	unsigned int n = 0;

	raw_spin_lock_irqsave(&c->lock, flags);
	x = c->tables;
	if (x) {
		from = max(from, x->kept - min(x->kept, (u64)x->size));
		for (; n < nr && from < x->kept; from++)
			e[n++] = x->ring[from % x->size];
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
	*next = from;
	return n;
}
