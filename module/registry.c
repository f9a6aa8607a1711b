// SPDX-License-Identifier: GPL-2.0-only
/*
 * registry: the list of targets, and who finds them fast. Must not know what
 * targets are for. Lock order: target.h.
 */
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include <asm/page.h>
#include "stats.h"
#include "target.h"

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry);
static unsigned int registry_count;

/* Targets by what the kernel's events know: most that they ask for is not there. */
#define FIND_BITS MMS_FIND_BITS
struct hlist_head mms_found_by_mm[1 << FIND_BITS];
static struct hlist_head found_by_top[1 << FIND_BITS];
static struct hlist_head found_by_pid[1 << FIND_BITS];
static DEFINE_RAW_SPINLOCK(found_lock);

static u64 top_of(const struct mm_struct *mm)
{
	return __pa(mm->pgd);
}

/**
 * mms_registry_publish - let the kernel's events find a target
 * @t: the target; once only
 *
 * Context: any but NMI.
 */
void mms_registry_publish(struct mms_target *t)
{
	unsigned long flags;

	/* what was counted until now, nobody told us of */
	mms_fault_begin_target(t);
	raw_spin_lock_irqsave(&found_lock, flags);
	t->published = true;
	hlist_add_tail_rcu(&t->by_mm, &mms_found_by_mm[hash_ptr(t->mm, FIND_BITS)]);
	hlist_add_tail_rcu(&t->by_top, &found_by_top[hash_64(top_of(t->mm), FIND_BITS)]);
	hlist_add_tail_rcu(&t->by_pid, &found_by_pid[hash_ptr(t->pid, FIND_BITS)]);
	raw_spin_unlock_irqrestore(&found_lock, flags);
}

/**
 * mms_registry_unpublish - let them find it no more
 * @t: the target; if they do not, nothing happens
 *
 * Context: any but NMI. Events on their way still know it, until RCU is over.
 */
void mms_registry_unpublish(struct mms_target *t)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&found_lock, flags);
	hlist_del_init_rcu(&t->by_mm);
	hlist_del_init_rcu(&t->by_top);
	hlist_del_init_rcu(&t->by_pid);
	raw_spin_unlock_irqrestore(&found_lock, flags);
}

/**
 * mms_target_of_mm - the target of an mm
 * @mm: only its address is looked at; may be NULL
 *
 * If several processes that share the mm are targets, the one that became it first.
 *
 * Context: within RCU, any context.
 * Return: a target for as long as RCU is held, or NULL.
 */
struct mms_target *mms_target_of_mm(const struct mm_struct *mm)
{
	struct mms_target *t;

	hlist_for_each_entry_rcu (t, &mms_found_by_mm[hash_ptr(mm, FIND_BITS)], by_mm)
		if (t->mm == mm)
			return t;
	return NULL;
}

/**
 * mms_target_of_top - the target of a top table
 * @phys: physical address of the table
 *
 * Context: within RCU, any context.
 * Return: as mms_target_of_mm().
 */
struct mms_target *mms_target_of_top(u64 phys)
{
	struct mms_target *t;

	hlist_for_each_entry_rcu (t, &found_by_top[hash_64(phys, FIND_BITS)], by_top)
		if (top_of(t->mm) == phys)
			return t;
	return NULL;
}

/**
 * mms_target_of_pid - the followed target of a process
 * @pid: of its thread group; only its address is looked at
 *
 * A process that has two numbers, of two namespaces, may be a target twice.
 *
 * Context: within RCU, any context.
 * Return: as mms_target_of_mm().
 */
struct mms_target *mms_target_of_pid(const struct pid *pid)
{
	struct mms_target *t;

	hlist_for_each_entry_rcu (t, &found_by_pid[hash_ptr(pid, FIND_BITS)], by_pid)
		if (t->pid == pid && t->follow)
			return t;
	return NULL;
}

/**
 * mms_target_known - is a target still published
 * @pid: of its thread group
 * @id: its own
 *
 * Context: within RCU, any context.
 * Return: as mms_target_of_mm().
 */
struct mms_target *mms_target_known(const struct pid *pid, u64 id)
{
	struct mms_target *t;

	hlist_for_each_entry_rcu (t, &found_by_pid[hash_ptr(pid, FIND_BITS)], by_pid)
		if (t->id == id)
			return t;
	return NULL;
}

/**
 * mms_registry_add - list a target
 * @t: its reference becomes the registry's
 *
 * Follow has published it already; if it was taken back since, it stays so.
 */
void mms_registry_add(struct mms_target *t)
{
	mutex_lock(&registry_lock);
	list_add_tail(&t->node, &registry);
	if (!t->published)
		mms_registry_publish(t);
	WRITE_ONCE(t->listed, true);
	mms_stat_add(MMS_STAT_TARGETS, 1);
	mms_stat_max(MMS_STAT_TARGETS_PEAK, ++registry_count);
	mutex_unlock(&registry_lock);
}

/**
 * mms_registry_remove - take a target off the list
 * @t: the registry's reference becomes the caller's
 */
void mms_registry_remove(struct mms_target *t)
{
	mutex_lock(&registry_lock);
	list_del_init(&t->node);
	mms_registry_unpublish(t);
	mms_stat_add(MMS_STAT_TARGETS, -1);
	registry_count--;
	mutex_unlock(&registry_lock);
}

/**
 * mms_registry_find - listed target of a number
 * @nr: name of its directory
 *
 * Return: the target, listed for as long as control_lock is held, or NULL.
 */
struct mms_target *mms_registry_find(int nr)
{
	struct mms_target *t, *found = NULL;

	mutex_lock(&registry_lock);
	list_for_each_entry (t, &registry, node) {
		if (t->nr == nr) {
			found = t;
			break;
		}
	}
	mutex_unlock(&registry_lock);
	return found;
}

/**
 * mms_registry_get - listed target of a number, with a reference
 * @nr: name of its directory
 *
 * Context: may sleep.
 * Return: for mms_target_put(), or NULL.
 */
struct mms_target *mms_registry_get(int nr)
{
	struct mms_target *t, *found = NULL;

	mutex_lock(&registry_lock);
	list_for_each_entry (t, &registry, node) {
		if (t->nr == nr) {
			mms_target_get(t);
			found = t;
			break;
		}
	}
	mutex_unlock(&registry_lock);
	return found;
}

/**
 * mms_registry_first - the target listed first
 *
 * Return: as mms_registry_find().
 */
struct mms_target *mms_registry_first(void)
{
	struct mms_target *t;

	mutex_lock(&registry_lock);
	t = list_first_entry_or_null(&registry, struct mms_target, node);
	mutex_unlock(&registry_lock);
	return t;
}

/**
 * mms_registry_count - how many targets are listed
 */
unsigned int mms_registry_count(void)
{
	unsigned int n;

	mutex_lock(&registry_lock);
	n = registry_count;
	mutex_unlock(&registry_lock);
	return n;
}

/**
 * mms_registry_each - call a function for each listed target
 * @fn: called under registry_lock; a value other than 0 ends the round
 * @arg: for @fn
 *
 * Return: what @fn returned last, 0 if there is no target.
 */
int mms_registry_each(int (*fn)(struct mms_target *t, void *arg), void *arg)
{
	struct mms_target *t;
	int ret = 0;

	mutex_lock(&registry_lock);
	list_for_each_entry (t, &registry, node) {
		ret = fn(t, arg);
		if (ret)
			break;
	}
	mutex_unlock(&registry_lock);
	return ret;
}
