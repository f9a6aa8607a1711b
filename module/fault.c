// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault: follows a fault of a target from the exception to its end. Must not
 * know how counters are shown, or what copy-on-write is beyond "look at it".
 *
 * Nothing is hooked where faults end. A fault that is begun is kept in a slot of
 * its task, and the task is asked to run a work on its way back to user mode,
 * before it takes signals: that is the end of a fault taken in user mode. One
 * taken in kernel mode, by a system call that reads or writes a buffer, has
 * ended when the same task takes its next one, at the latest in that work.
 *
 * A slot belongs to current alone: it is claimed in current's exception, which
 * no other exception of it can interrupt (those that do, in interrupts or with
 * faults disabled, fail at once and get no slot), and given back in its work.
 * It holds a reference of its target and one of the module.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include "cow.h"
#include "cow_rule.h"
#include "fault.h"
#include "stats.h"
#include "target.h"
#include "walk_self.h"

#define WINDOW_BITS 3
#define SLOT_BITS   12
#define SLOTS	    (1 << SLOT_BITS)

/**
 * struct slot - a fault in flight
 * @work: queued with the task from the claim to the release of the slot
 * @target: a reference, NULL between two faults
 * @start_ns: boot clock
 * @addr: the address
 * @min_flt: of the task, before
 * @maj_flt: of the task, before
 * @code: folded error code
 * @before: the entry, of a write
 */
struct slot {
	struct callback_head work;
	struct mms_target *target;
	u64 start_ns;
	u64 addr;
	unsigned long min_flt;
	unsigned long maj_flt;
	unsigned int code;
	struct mms_cow_look before;
};

/* Apart from the slots: a task's window of them is one line of the cache. */
static struct task_struct *owners[SLOTS] ____cacheline_aligned;
static struct slot *slots;
static bool used;

static void end_as(struct mms_target *t, enum mms_fault_end end)
{
	atomic64_inc(&t->faults.end[end]);
	if (end == MMS_FAULT_LOST)
		mms_stat_add(MMS_STAT_FAULTS_LOST, 1);
}

/*
 * A signal that the kernel forced on current for what it just did, not yet
 * taken, is one of its own with a positive code; kill() has none of those.
 */
static bool forced(int sig)
{
	bool found = false, known = false;
	struct sigqueue *q;

	if (!sigismember(&current->pending.signal, sig))
		return false;
	spin_lock_irq(&current->sighand->siglock);
	list_for_each_entry (q, &current->pending.list, list) {
		if (q->info.si_signo != sig)
			continue;
		known = true;
		found |= q->info.si_code > 0 && q->info.si_code != SI_KERNEL;
	}
	/* without memory for the details the bit alone is set */
	found |= !known && sigismember(&current->pending.signal, sig);
	spin_unlock_irq(&current->sighand->siglock);
	return found;
}

static enum mms_fault_end outcome(const struct slot *s, bool returning)
{
	if (current->maj_flt != s->maj_flt)
		return MMS_FAULT_MAJOR;
	if (current->min_flt != s->min_flt)
		return MMS_FAULT_MINOR;
	if (!returning || !(s->code & MMS_ERRCODE_U) || !current->sighand)
		return MMS_FAULT_FAILED;
	if (forced(SIGSEGV))
		return MMS_FAULT_SEGV;
	if (forced(SIGBUS))
		return MMS_FAULT_SIGBUS;
	return MMS_FAULT_FAILED;
}

static void note_ns(struct mms_target *t, u64 ns, enum mms_fault_end end)
{
	unsigned int bucket = ns ? ilog2(ns) : 0;

	atomic64_inc(&t->faults.ns[min_t(unsigned int, end, MMS_FAULT_KINDS - 1)]
				  [min_t(unsigned int, bucket, MMS_FAULT_BUCKETS - 1)]);
}

/* @returning: to user mode, or exiting: we may sleep. Else we are in an exception. */
static void finish(struct slot *s, bool returning)
{
	struct mms_target *t = s->target;
	/* the fast clock may step back a little */
	u64 ns = max_t(s64, ktime_get_boot_fast_ns() - s->start_ns, 0);
	enum mms_fault_end end;

	s->target = NULL;
	end = outcome(s, returning);
	/* pages of the system call's earlier faults, before this one's */
	if (returning && current->mm == t->mm)
		mms_cow_settle(t, t->mm);
	/* no mm, or another one: that in which it was written is out of reach */
	if ((s->code & MMS_ERRCODE_W) && end <= MMS_FAULT_MAJOR && current->mm == t->mm)
		mms_cow_end(t,
			    &(struct mms_cow_fault){.addr = s->addr,
						    .start_ns = s->start_ns,
						    .prot = s->code & MMS_ERRCODE_P,
						    .before = s->before},
			    returning);
	if (s->code & MMS_ERRCODE_U)
		note_ns(t, ns, end);
	end_as(t, end);
	mms_target_put(t);
}

static void fault_work(struct callback_head *work)
{
	struct slot *s = container_of(work, struct slot, work);

	while (s->target)
		finish(s, true);
	smp_store_release(&owners[s - slots], NULL);
	module_put(THIS_MODULE);
}

static unsigned int window(const struct task_struct *task)
{
	return hash_ptr(task, SLOT_BITS - WINDOW_BITS) << WINDOW_BITS;
}

/* What current claimed and has not given back. */
static struct slot *own_slot(unsigned int first)
{
	unsigned int i;

	for (i = first; i < first + (1 << WINDOW_BITS); i++)
		if (READ_ONCE(owners[i]) == current)
			return &slots[i];
	return NULL;
}

static struct slot *claim(unsigned int first)
{
	struct slot *s = NULL;
	unsigned int i;

	/* a thread of the kernel that borrowed the mm never returns to user mode */
	if ((current->flags & PF_KTHREAD) || !try_module_get(THIS_MODULE))
		return NULL;
	for (i = first; i < first + (1 << WINDOW_BITS) && !s; i++)
		if (!READ_ONCE(owners[i]) && !cmpxchg(&owners[i], NULL, current))
			s = &slots[i];
	if (s) {
		init_task_work(&s->work, fault_work);
		if (!task_work_add(current, &s->work, TWA_RESUME))
			return s;
		smp_store_release(&owners[s - slots], NULL);
	}
	module_put(THIS_MODULE);
	return NULL;
}

/**
 * mms_fault_enter - a fault of a target begins
 * @t: listed; current has its mm
 * @addr: below TASK_SIZE_MAX
 * @error: the CPU's error code
 *
 * Context: the exception, within RCU, interrupts perhaps off; or an interrupt or
 * NMI that looks at user memory, whose faults always fail.
 */
void mms_fault_enter(struct mms_target *t, unsigned long addr, unsigned long error)
{
	unsigned int code = mms_errcode_fold(error), first;
	struct slot *s;

	atomic64_inc(&t->faults.code[code]);
	/* RCU keeps the target: a reference could not be dropped in an NMI */
	if (!in_task() || pagefault_disabled()) {
		end_as(t, MMS_FAULT_FAILED);
		return;
	}
	first = window(current);
	s = own_slot(first);
	if (s && s->target)
		finish(s, false);
	if (!s)
		s = claim(first);
	if (!s) {
		end_as(t, MMS_FAULT_LOST);
		return;
	}
	if (!used)
		WRITE_ONCE(used, true);
	/* found on its way out: nobody will read its counters */
	if (!mms_target_tryget(t))
		return;
	s->addr = addr;
	s->code = code;
	s->min_flt = current->min_flt;
	s->maj_flt = current->maj_flt;
	if (code & MMS_ERRCODE_W)
		mms_walk_self_look(&s->before, addr, false);
	s->target = t;
	s->start_ns = ktime_get_boot_fast_ns();
}

/* All threads, those that ended included: what wait4() will tell the parent. */
static void task_counts(const struct mms_target *t, u64 *minor, u64 *major)
{
	struct signal_struct *sig = t->leader->signal;
	struct task_struct *thread;
	unsigned int seq;

	rcu_read_lock();
	do {
		seq = read_seqbegin(&sig->stats_lock);
		*minor = sig->min_flt;
		*major = sig->maj_flt;
		list_for_each_entry_rcu(thread, &sig->thread_head, thread_node)
		{
			*minor += READ_ONCE(thread->min_flt);
			*major += READ_ONCE(thread->maj_flt);
		}
	} while (read_seqretry(&sig->stats_lock, seq));
	rcu_read_unlock();
}

/**
 * mms_fault_begin_target - tracking begins
 * @t: new; its leader is pinned
 *
 * Context: any but NMI.
 */
void mms_fault_begin_target(struct mms_target *t)
{
	task_counts(t, &t->faults.task_minor, &t->faults.task_major);
}

/**
 * mms_fault_read - the counters of a target
 * @t: the target
 * @s: all of it is written
 *
 * Context: may sleep.
 */
void mms_fault_read(const struct mms_target *t, struct mms_fault_sum *s)
{
	int i, kind;

	/* ends first: what has ended by now had begun */
	for (i = 0, s->inflight = 0; i < __MMS_FAULT_END_MAX; i++) {
		s->end[i] = atomic64_read(&t->faults.end[i]);
		s->inflight -= s->end[i];
	}
	smp_rmb();
	for (i = 0; i < MMS_ERRCODES; i++) {
		s->code[i] = atomic64_read(&t->faults.code[i]);
		s->inflight += s->code[i];
	}
	for (kind = 0; kind < MMS_FAULT_KINDS; kind++)
		for (i = 0; i < MMS_FAULT_BUCKETS; i++)
			s->ns[kind][i] = atomic64_read(&t->faults.ns[kind][i]);
	task_counts(t, &s->task_minor, &s->task_major);
	s->task_minor -= t->faults.task_minor;
	s->task_major -= t->faults.task_major;
}

/**
 * mms_fault_init - make room for faults in flight
 *
 * Context: module load.
 * Return: 0 or -ENOMEM.
 */
int __init mms_fault_init(void)
{
	slots = vzalloc(array_size(SLOTS, sizeof(*slots)));
	return slots ? 0 : -ENOMEM;
}

/**
 * mms_fault_exit - wait for the last work to be out of our text
 *
 * No slot is in use: each would hold the module. But the task that gave back the
 * last one may still be on its way from module_put() out of fault_work(), and
 * preempted there. It does not sleep on that way, so once it was seen to sleep,
 * or in user mode, it has left: which is what synchronize_rcu_tasks() waits for,
 * for every task.
 *
 * Context: module unload, nothing is hooked.
 */
void mms_fault_exit(void)
{
	if (used)
		synchronize_rcu_tasks();
	vfree(slots);
}
