// SPDX-License-Identifier: GPL-2.0-only
/*
 * cow: what write faults of targets did, by kind and by generation. Must not
 * know how a fault is followed (fault.c) or shown (view_cow.c).
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "compat/vma.h"
#include "cow.h"
#include "entry.h"
#include "target.h"
#include "trace.h"
#include "walk_self.h"

/* What another thread did this long before our fault came may be why it came. */
#define LATE_NS (1000 * 1000)

/**
 * mms_cow_begin_target - tracking begins
 * @t: new
 *
 * Context: any but NMI.
 */
void mms_cow_begin_target(struct mms_target *t)
{
	raw_spin_lock_init(&t->cow.lock);
}

/**
 * mms_cow_end_target - free what was kept
 * @t: nobody else knows it any more
 *
 * Context: may sleep.
 */
void mms_cow_end_target(struct mms_target *t)
{
	mms_cow_free_tables(&t->cow);
}

/**
 * mms_cow_add - count a page
 * @c: the counters
 * @what: below __MMS_COW_MAX
 * @size: bytes
 */
void mms_cow_add(struct mms_cow_counts *c, unsigned int what, u64 size)
{
	c->pages[what]++;
	c->bytes[what] += size;
}

static struct mms_cow_generation *generation(struct mms_cow *c)
{
	return c->generation ? &c->latest[(c->generation - 1) % MMS_COW_GENERATIONS] : &c->first;
}

static void begin_generation(struct mms_cow *c, u64 now, int child)
{
	struct mms_cow_generation *g;
	int i;

	c->generation++;
	g = generation(c);
	for (i = 0; i < __MMS_COW_MAX; i++) {
		c->older.pages[i] += g->counts.pages[i];
		c->older.bytes[i] += g->counts.bytes[i];
	}
	*g = (struct mms_cow_generation){.nr = c->generation, .fork_ns = now, .child = child};
}

/**
 * mms_cow_fork - a target has forked
 * @t: within RCU
 * @child: has not run yet
 *
 * Context: the fork, preemption perhaps off.
 */
void mms_cow_fork(struct mms_target *t, struct task_struct *child)
{
	u64 now = ktime_get_boot_fast_ns();
	unsigned long flags;

	raw_spin_lock_irqsave(&t->cow.lock, flags);
	begin_generation(&t->cow, now, task_pid_nr(child));
	raw_spin_unlock_irqrestore(&t->cow.lock, flags);
}

/**
 * mms_cow_note - count an event and keep it, unless another thread's was the same
 * @t: the target
 * @e: gets its generation
 * @since: when its fault was taken, boot clock
 *
 * Threads that fault on one page at once all see the entry change. The first to
 * come here is said to have done it: the lock is held from the question to the
 * answer.
 *
 * Context: any but NMI.
 * Return: false if it was counted as raced.
 */
bool mms_cow_note(struct mms_target *t, struct mms_cow_event *e, u64 since)
{
	struct mms_cow *c = &t->cow;
	unsigned long flags;
	bool first;

	raw_spin_lock_irqsave(&c->lock, flags);
	first = !mms_cow_ring_has(c, e, since);
	if (first) {
		e->generation = c->generation;
		mms_cow_add(&generation(c)->counts, e->what, e->size);
		mms_cow_ring_put(c, e);
	} else {
		c->raced++;
	}
	raw_spin_unlock_irqrestore(&c->lock, flags);
	if (first)
		trace_cow(t->nr, e);
	return first;
}

/* An entry that allowed the write when the fault came: whose work was that? */
static void note_late(struct mms_target *t, const struct mms_cow_event *e, u64 since)
{
	struct mms_cow *c = &t->cow;
	unsigned long flags;

	raw_spin_lock_irqsave(&c->lock, flags);
	c->raced += mms_cow_ring_has(c, e, since - LATE_NS);
	raw_spin_unlock_irqrestore(&c->lock, flags);
}

static void describe(struct mms_cow_event *e, const struct mms_cow_fault *f,
		     const struct mms_cow_look *after, enum mms_cow_what what)
{
	*e = (struct mms_cow_event){
		.time_ns = ktime_get_boot_fast_ns(),
		.address = f->addr & PAGE_MASK,
		.old_frame = f->before.state == MMS_COW_EMPTY ? MMS_COW_NO_FRAME : f->before.frame,
		.new_frame = after->frame,
		.size = 1ULL << mms_entry_shift(after->level),
		.tid = task_pid_nr(current),
		.what = what == MMS_COW_MAYBE_FILLED ? MMS_COW_FILLED : what,
	};
	memcpy(e->comm, current->comm, TASK_COMM_LEN);
	e->comm[TASK_COMM_LEN - 1] = 0;
}

static void place_or_wait(struct mms_target *t, struct mms_cow_event *e, u64 since, bool known,
			  bool may_sleep)
{
	if (may_sleep)
		mms_cow_place(t, t->mm, e, since, known);
	else
		mms_cow_wait(t, e, since, known);
}

/* Returns whether there was anything to count. */
static bool count(struct mms_target *t, const struct mms_cow_fault *f,
		  const struct mms_cow_look *after, enum mms_cow_what what, bool may_sleep)
{
	struct mms_cow_event e;
	bool known = what != MMS_COW_MAYBE_FILLED;

	if (what == MMS_COW_NOTHING || (what == MMS_COW_LATE && !f->prot))
		return false;
	if (may_sleep)
		mms_cow_make_tables(&t->cow);
	describe(&e, f, after, what);
	if (what == MMS_COW_LATE)
		note_late(t, &e, f->start_ns);
	else if (!known || mms_cow_note(t, &e, f->start_ns))
		place_or_wait(t, &e, f->start_ns, known, may_sleep);
	return true;
}

/**
 * mms_cow_end - look at what a write fault did
 * @t: the target; current has its mm
 * @f: the fault, resolved
 * @may_sleep: we are on the way to user mode; else in an exception
 *
 * Context: as @may_sleep says; never NMI.
 * Return: what the caller may like to know.
 */
enum mms_cow_more mms_cow_end(struct mms_target *t, const struct mms_cow_fault *f, bool may_sleep)
{
	struct mms_cow_look after;
	enum mms_cow_what what;

	if (f->before.state == MMS_COW_OTHER)
		return MMS_COW_DONE;
	mms_walk_self_look(&after, f->addr, f->before.state == MMS_COW_EMPTY);
	what = mms_cow_judge(&f->before, &after);
	if (what == MMS_COW_MAYBE_FILLED && mms_vma_known_anonymous(t->mm, f->addr))
		what = MMS_COW_NOTHING;
	if (count(t, f, &after, what, may_sleep) && !may_sleep)
		return MMS_COW_WAITS;
	if (what == MMS_COW_NOTHING && f->before.state == MMS_COW_EMPTY && after.anon)
		return MMS_COW_PLAIN;
	return MMS_COW_DONE;
}
