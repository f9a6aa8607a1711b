// SPDX-License-Identifier: GPL-2.0-only
/*
 * follow: what a followed target forks becomes a target at once, and one that
 * calls exec is replaced. Must not know debugfs or the grammar of control.
 *
 * Two steps. Where the kernel forks, nothing may sleep or allocate: a blank
 * target is taken from a store, told who it is and published, so that events
 * find it before the child runs. A work item then lists it, makes its directory
 * and fills the store again. The store bounds what may wait: a child that finds
 * it empty is counted as lost.
 *
 * Everything follows the process, not its mm: the child of vfork(), which has
 * its parent's until exec, is a target as any other.
 */
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "events.h"
#include "follow.h"
#include "params.h"
#include "stats.h"
#include "target.h"
#include "track.h"

/* A burst of as many children as there may be targets loses none. */
#define BLANKS MMS_TARGETS_MAX

/* Targets that are nobody's yet, and those that wait to be listed, oldest first. */
static LIST_HEAD(blanks);
static LIST_HEAD(born);
static unsigned int blanks_count;
static DEFINE_RAW_SPINLOCK(lists_lock);

static void list_born(struct work_struct *unused);
static DECLARE_WORK(born_work, list_born);
static struct workqueue_struct *births;

static struct mms_target *take(struct list_head *from)
{
	struct mms_target *t;
	unsigned long flags;

	raw_spin_lock_irqsave(&lists_lock, flags);
	t = list_first_entry_or_null(from, struct mms_target, node);
	if (t)
		list_del_init(&t->node);
	if (t && from == &blanks)
		WRITE_ONCE(blanks_count, blanks_count - 1);
	raw_spin_unlock_irqrestore(&lists_lock, flags);
	return t;
}

/* Returns how many blanks there are now. */
static unsigned int put(struct mms_target *t, struct list_head *into)
{
	unsigned long flags;
	unsigned int n;

	raw_spin_lock_irqsave(&lists_lock, flags);
	list_add_tail(&t->node, into);
	n = blanks_count + (into == &blanks);
	WRITE_ONCE(blanks_count, n);
	raw_spin_unlock_irqrestore(&lists_lock, flags);
	return n;
}

static int fill_store(void)
{
	struct mms_target *t;

	while (READ_ONCE(blanks_count) < BLANKS) {
		t = mms_target_alloc();
		if (!t)
			return -ENOMEM;
		if (put(t, &blanks) >= BLANKS)
			break;
	}
	return 0;
}

static void empty_store(void)
{
	struct mms_target *t;

	while ((t = take(&blanks)))
		mms_target_put(t);
}

/* Makes @t the target of @task, in the steps of @by, and has it listed. */
static void give_birth(struct mms_target *t, const struct mms_target *by, struct task_struct *task)
{
	t->ns = get_pid_ns(by->ns);
	t->follow = true;
	mms_target_identify(t, task, task->mm);
	mms_registry_publish(t);
	put(t, &born);
	queue_work(births, &born_work);
}

/**
 * mms_follow_fork - a target forked
 * @t: the target
 * @child: has not run yet; a process of its own, perhaps with its parent's mm
 *
 * Context: within RCU, preemption maybe off.
 */
void mms_follow_fork(const struct mms_target *t, struct task_struct *child)
{
	struct mms_target *blank;
	int nr = pid_nr_ns(task_pid(child), t->ns);

	blank = nr ? take(&blanks) : NULL;
	if (!blank) {
		mms_stat_add(MMS_STAT_CHILDREN_LOST, 1);
		return;
	}
	blank->nr = nr;
	blank->parent = t->nr;
	give_birth(blank, t, child);
}

/**
 * mms_follow_exec - a target runs a new program
 * @t: the target; as in mms_follow_fork()
 * @task: its only thread, with the new mm; has not run the program yet
 *
 * Context: as mms_follow_fork().
 */
void mms_follow_exec(struct mms_target *t, struct task_struct *task)
{
	struct mms_target *blank;

	if (!task->mm || task->mm == t->mm)
		return;
	blank = take(&blanks);
	if (!blank) {
		mms_stat_add(MMS_STAT_CHILDREN_LOST, 1);
		return;
	}
	blank->nr = t->nr;
	blank->parent = t->parent;
	WRITE_ONCE(t->stale, true);
	blank->instead = READ_ONCE(t->listed);
	mms_registry_unpublish(t);
	give_birth(blank, t, task);
}

static bool ended(const struct mms_target *t)
{
	char comm[TASK_COMM_LEN];

	return t->follow && mms_target_state(t, comm) == MMS_STATE_EXITED;
}

static int find_ended(struct mms_target *t, void *arg)
{
	struct mms_target **found = arg;

	if (!ended(t))
		return 0;
	*found = t;
	return 1;
}

/* Room for one target more, if need be in the place of the oldest that has ended. */
static bool make_room(void)
{
	struct mms_target *old = NULL;

	while (mms_registry_count() >= mms_param_max_targets()) {
		if (!mms_registry_each(find_ended, &old))
			return false;
		mms_track_forget(old);
	}
	return true;
}

/* Takes away who has the number of @t; false if it must stay, or @t is not wanted. */
static bool clear_number(const struct mms_target *t, bool *replaces)
{
	struct mms_target *old = mms_registry_find(t->nr);

	*replaces = old && old->pid == t->pid && old->mm != t->mm;
	if (!old)
		return true;
	if (!*replaces && !ended(old))
		return false;
	mms_track_forget(old);
	return true;
}

static int show(struct mms_target *t)
{
	int err = mms_events_get();

	if (err)
		return err;
	err = mms_track_show(t);
	if (err)
		mms_events_put();
	return err;
}

static void drop(struct mms_target *t)
{
	mms_registry_unpublish(t);
	mms_target_put(t);
}

/* Lists @t, or drops it: replaced meanwhile, forgotten meanwhile, or for want of room. */
static void list_one(struct mms_target *t)
{
	bool replaces;

	if (READ_ONCE(t->stale) || (t->instead && !mms_registry_find(t->nr))) {
		drop(t);
		return;
	}
	if (!clear_number(t, &replaces) || !make_room() || show(t)) {
		mms_stat_add(MMS_STAT_CHILDREN_LOST, 1);
		drop(t);
		return;
	}
	mms_track_add(t);
	mms_stat_add(MMS_STAT_CHILDREN, !replaces);
}

static void list_born(struct work_struct *unused)
{
	struct mms_target *t;

	do {
		mms_track_lock();
		t = take(&born);
		if (t)
			list_one(t);
		mms_follow_settle();
		mms_track_unlock();
	} while (t);
}

/**
 * mms_follow_prepare - all that can fail before a target is followed
 * @t: created by the caller, whose namespace names its children; not yet listed
 *
 * Context: control_lock; may sleep.
 * Return: 0, -ENOMEM, -EOPNOTSUPP (the kernel does not tell of forks).
 */
int mms_follow_prepare(struct mms_target *t)
{
	if (!mms_events_have(MMS_EVENT_FORK) || !mms_events_have(MMS_EVENT_EXEC))
		return -EOPNOTSUPP;
	t->ns = get_pid_ns(task_active_pid_ns(current));
	t->follow = true;
	return fill_store();
}

/**
 * mms_follow_list - list the children that wait for it
 *
 * Context: control_lock; may sleep. No more than the store holds at a time.
 */
void mms_follow_list(void)
{
	struct mms_target *t;
	int i;

	for (i = 0; i < BLANKS && (t = take(&born)); i++)
		list_one(t);
}

/**
 * mms_follow_settle - keep a store if any target is followed, else none
 *
 * Context: control_lock; may sleep.
 */
void mms_follow_settle(void)
{
	if (mms_track_followed())
		fill_store();
	else
		empty_store();
}

/**
 * mms_follow_forget_all - forget every target, those that wait included
 *
 * Context: control_lock; may sleep.
 */
void mms_follow_forget_all(void)
{
	bool any = mms_track_followed();
	struct mms_target *t;

	while ((t = mms_registry_first())) {
		any |= t->follow;
		mms_track_forget(t);
	}
	/* forks on their way still know a target that is gone, and those born its children */
	do {
		while ((t = take(&born))) {
			any = true;
			drop(t);
		}
		if (any)
			synchronize_rcu();
	} while (!list_empty(&born));
}

/**
 * mms_follow_init - make what listing children needs
 *
 * Context: module load.
 * Return: 0 or -ENOMEM.
 */
int __init mms_follow_init(void)
{
	births = alloc_workqueue("mmscope_births", WQ_UNBOUND, 0);
	return births ? 0 : -ENOMEM;
}

/**
 * mms_follow_exit - undo mms_follow_init()
 *
 * Context: module unload: no target is listed, no event is hooked.
 */
void mms_follow_exit(void)
{
	destroy_workqueue(births);
	empty_store();
}
