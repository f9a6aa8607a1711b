// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault: follows a fault of a target from the exception to its end. Must not
 * know how counters are shown, or what copy-on-write is beyond "look at it".
 *
 * Nothing is hooked where faults end. Those of one task follow each other, so
 * when it takes the next one, or exits, the one before has ended: as the
 * kernel's own counters of the task, or the signal that it was sent, tell. A
 * reader asks the same counters. Only if the moment matters, because the fault
 * is one of those that are timed or because a page may be copied, the task is
 * asked to run a work on its way back to user mode, before it takes signals.
 *
 * A slot belongs to a task from its first fault to its exit, and none but the
 * task writes to it: in its exceptions, which do not interrupt each other (those
 * taken in interrupts or with faults disabled fail at once and use no slot), in
 * its work and at its exit. It names its target by a number that is never used
 * again; a work that is queued holds the module.
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
#include "compat/vma.h"
#include "cow.h"
#include "cow_rule.h"
#include "fault.h"
#include "params.h"
#include "stats.h"
#include "target.h"
#include "walk_self.h"

#define WINDOW_BITS 3
#define SLOT_BITS   13
#define SLOTS	    (1 << SLOT_BITS)

/**
 * struct slot - the latest fault of a task
 * @work: if @queued
 * @seq: odd while the fault is open: its end has not been counted
 * @target: number of its target
 * @min_flt: of the task, before
 * @maj_flt: of the task, before
 * @code: folded error code
 * @untimed: faults until the next that is timed
 * @signal: SIGSEGV or SIGBUS if it ended so
 * @timed: its duration counts
 * @queued: @work is with the task
 * @look: of a write: its end is to be looked at
 * @anonymous: mapping in which writes to nothing get fresh anonymous memory
 * @write: of a write: what is to be known at its end; @write.start_ns also if timed
 */
struct slot {
	struct callback_head work;
	unsigned int seq;
	u64 target;
	unsigned long min_flt;
	unsigned long maj_flt;
	unsigned int code;
	unsigned int untimed;
	int signal;
	bool timed;
	bool queued;
	bool look;
	struct mms_vma_span anonymous;
	struct mms_cow_fault write;
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

/* A task adds to its counters plainly, and alone; any other may look. */
static unsigned long counted(const unsigned long *faults)
{
	return data_race(READ_ONCE(*faults));
}

/* How the open fault of @task ended, if it did: else it has failed, or goes on. */
static enum mms_fault_end outcome(const struct slot *s, const struct task_struct *task)
{
	if (counted(&task->maj_flt) != READ_ONCE(s->maj_flt))
		return MMS_FAULT_MAJOR;
	if (counted(&task->min_flt) != READ_ONCE(s->min_flt))
		return MMS_FAULT_MINOR;
	switch (READ_ONCE(s->signal)) {
	case SIGSEGV:
		return MMS_FAULT_SEGV;
	case SIGBUS:
		return MMS_FAULT_SIGBUS;
	default:
		return MMS_FAULT_FAILED;
	}
}

static void note_ns(struct mms_target *t, u64 ns, enum mms_fault_end end)
{
	unsigned int bucket = ns ? ilog2(ns) : 0;

	atomic64_inc(&t->faults.ns[min_t(unsigned int, end, MMS_FAULT_KINDS - 1)]
				  [min_t(unsigned int, bucket, MMS_FAULT_BUCKETS - 1)]);
}

static bool is_open(const struct slot *s)
{
	return s->seq & 1;
}

/* Readers see the end in the counter or the fault in the slot, never both. */
static void close_slot(struct slot *s)
{
	WRITE_ONCE(s->seq, s->seq + 1);
	smp_wmb();
}

/*
 * Count the end of the open fault, of @t. @returning: to user mode, and we may
 * sleep. Returns true if somebody who may sleep should come.
 */
static bool finish(struct slot *s, struct mms_target *t, bool returning)
{
	/* the fast clock may step back a little */
	u64 ns = s->timed ? max_t(s64, ktime_get_boot_fast_ns() - s->write.start_ns, 0) : 0;
	enum mms_fault_end end = outcome(s, current);
	enum mms_cow_more more = MMS_COW_DONE;

	close_slot(s);
	/* no mm, or another one: that in which it was written is out of reach */
	if (s->look && end <= MMS_FAULT_MAJOR && current->mm == t->mm)
		more = mms_cow_end(t, &s->write, returning);
	if (more == MMS_COW_PLAIN && returning)
		mms_vma_span_learn(&s->anonymous, t->mm, s->write.addr);
	if (s->timed && returning)
		note_ns(t, ns, end);
	end_as(t, end);
	return more == MMS_COW_WAITS;
}

/* The target of the slot's fault if it is one still; within RCU. */
static struct mms_target *target_of(const struct slot *s)
{
	struct mms_target *t = current->mm ? mms_target_of_mm(current->mm) : NULL;

	return t && t->id == s->target ? t : mms_target_known(task_tgid(current), s->target);
}

static void fault_work(struct callback_head *work)
{
	struct slot *s = container_of(work, struct slot, work);
	struct mms_target *t;

	rcu_read_lock();
	t = target_of(s);
	if (t && !mms_target_tryget(t))
		t = NULL;
	rcu_read_unlock();
	/* pages of the system call's earlier faults, before the last one's */
	if (t && current->mm == t->mm)
		mms_cow_settle(t, t->mm);
	if (t && is_open(s))
		finish(s, t, true);
	else if (is_open(s))
		close_slot(s);
	if (t)
		mms_target_put(t);
	/* from here on mms_fault_reset() may give the slot to another task */
	smp_store_release(&s->queued, false);
	/* there is no next fault: mms_fault_settle() left the slot to us */
	if (current->flags & PF_EXITING)
		cmpxchg(&owners[s - slots], current, NULL);
	module_put(THIS_MODULE);
}

static unsigned int window(const struct task_struct *task)
{
	return hash_ptr(task, SLOT_BITS - WINDOW_BITS) << WINDOW_BITS;
}

/* That of current, or NULL. */
static struct slot *own_slot(void)
{
	unsigned int first = window(current), i;

	for (i = first; i < first + (1 << WINDOW_BITS); i++)
		if (READ_ONCE(owners[i]) == current)
			return &slots[i];
	return NULL;
}

static struct slot *claim(void)
{
	unsigned int first = window(current), i;

	/* a thread of the kernel that borrowed the mm: not its process's fault */
	if (current->flags & (PF_KTHREAD | PF_EXITING))
		return NULL;
	for (i = first; i < first + (1 << WINDOW_BITS); i++) {
		if (READ_ONCE(owners[i]) || cmpxchg(&owners[i], NULL, current))
			continue;
		if (!used)
			WRITE_ONCE(used, true);
		if (is_open(&slots[i]))
			close_slot(&slots[i]);
		slots[i].untimed = 0;
		slots[i].anonymous = (struct mms_vma_span){};
		return &slots[i];
	}
	return NULL;
}

static bool queue_own_work(struct slot *s)
{
	if (s->queued)
		return true;
	/* a worker of io_uring or vhost would keep the module until it ends */
	if ((current->flags & MMS_PF_WORKERS) || !try_module_get(THIS_MODULE))
		return false;
	init_task_work(&s->work, fault_work);
	s->queued = !task_work_add(current, &s->work, TWA_RESUME);
	if (!s->queued)
		module_put(THIS_MODULE);
	return s->queued;
}

/*
 * Of a write: may what it does have to be seen at once? A first touch of anonymous
 * memory has not: that is most of them, and told by the mapping alone.
 */
static bool look_before(struct slot *s)
{
	struct mms_cow_look *l = &s->write.before;

	s->look =
		s->write.prot || !mms_vma_span_anonymous(&s->anonymous, current->mm, s->write.addr);
	if (!s->look)
		return false;
	s->write.start_ns = ktime_get_boot_fast_ns();
	mms_walk_self_look(l, s->write.addr, false);
	return l->state == MMS_COW_READ || l->state == MMS_COW_EMPTY;
}

static void open_slot(struct slot *s, const struct mms_target *t, u64 addr, unsigned int code,
		      bool urgent)
{
	bool timed = false;

	/* another mm's mappings, as after exec */
	if (s->target != t->id)
		s->anonymous = (struct mms_vma_span){};
	WRITE_ONCE(s->target, t->id);
	s->write.addr = addr;
	s->write.prot = code & MMS_ERRCODE_P;
	s->code = code;
	WRITE_ONCE(s->signal, 0);
	WRITE_ONCE(s->min_flt, current->min_flt);
	WRITE_ONCE(s->maj_flt, current->maj_flt);
	if ((code & MMS_ERRCODE_U) && !s->untimed--) {
		timed = true;
		s->untimed = mms_param_time_every() - 1;
	}
	s->look = false;
	if (code & MMS_ERRCODE_W)
		urgent |= look_before(s);
	if (timed && !s->look)
		s->write.start_ns = ktime_get_boot_fast_ns();
	if (timed || urgent)
		timed &= queue_own_work(s);
	s->timed = timed;
	smp_store_release(&s->seq, s->seq + 1);
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
	unsigned int code = mms_errcode_fold(error);
	bool urgent = false;
	struct slot *s;

	atomic64_inc(&t->faults.code[code]);
	if (!in_task() || pagefault_disabled()) {
		end_as(t, MMS_FAULT_FAILED);
		return;
	}
	s = own_slot();
	if (!s)
		s = claim();
	if (!s) {
		end_as(t, MMS_FAULT_LOST);
		return;
	}
	if (is_open(s) && s->target == t->id)
		urgent = finish(s, t, false);
	else if (is_open(s))
		close_slot(s);
	open_slot(s, t, addr, code, urgent);
}

/**
 * mms_fault_settle - current takes no other fault as what it is now
 *
 * Context: within RCU; exec, or exit: a slot is given back then.
 */
void mms_fault_settle(void)
{
	struct slot *s = own_slot();
	struct mms_target *t;

	/* a work that is queued will do it, and better */
	if (!s || s->queued)
		return;
	t = target_of(s);
	if (is_open(s) && t)
		finish(s, t, false);
	else if (is_open(s))
		close_slot(s);
	if (current->flags & PF_EXITING)
		smp_store_release(&owners[s - slots], NULL);
}

/**
 * mms_fault_signal - current was sent SIGSEGV or SIGBUS
 * @sig: which
 * @code: si_code: of the kernel's own for what a task did it is above 0
 *
 * Context: any; a lock of the signal handlers is held.
 */
void mms_fault_signal(int sig, int code)
{
	struct slot *s = in_task() && code > 0 && code != SI_KERNEL ? own_slot() : NULL;

	if (s && is_open(s) && (s->code & MMS_ERRCODE_U))
		WRITE_ONCE(s->signal, sig);
}

/**
 * mms_fault_reset - forget all slots
 *
 * Context: nothing is hooked any more, no probe runs.
 */
void mms_fault_reset(void)
{
	int i;

	/* one whose work is queued stays with its task until that has run twice */
	for (i = 0; i < SLOTS; i++)
		if (!READ_ONCE(slots[i].queued))
			WRITE_ONCE(owners[i], NULL);
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
			*minor += counted(&thread->min_flt);
			*major += counted(&thread->maj_flt);
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

/* Faults that have ended, and whose task did nothing since that would count them. */
static void add_open(const struct mms_target *t, u64 end[__MMS_FAULT_END_MAX])
{
	const struct task_struct *task;
	enum mms_fault_end e;
	const struct slot *s;
	unsigned int seq;

	for (s = slots; s < slots + SLOTS; s++) {
		seq = smp_load_acquire(&s->seq);
		if (!(seq & 1) || READ_ONCE(s->target) != t->id)
			continue;
		/* it has not left mms_fault_settle() at its exit: freed after RCU */
		rcu_read_lock();
		task = READ_ONCE(owners[s - slots]);
		e = task ? outcome(s, task) : MMS_FAULT_FAILED;
		rcu_read_unlock();
		smp_rmb();
		if (e != MMS_FAULT_FAILED && READ_ONCE(s->seq) == seq)
			end[e]++;
	}
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

	/* ends first: what has ended by now had begun, and is in no slot */
	for (i = 0; i < __MMS_FAULT_END_MAX; i++)
		s->end[i] = atomic64_read(&t->faults.end[i]);
	smp_rmb();
	add_open(t, s->end);
	smp_rmb();
	for (i = 0, s->inflight = 0; i < __MMS_FAULT_END_MAX; i++)
		s->inflight -= s->end[i];
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
 * No work is queued: each would hold the module. But the task that ran the last
 * one may still be on its way from module_put() out of fault_work(), and
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
