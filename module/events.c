// SPDX-License-Identifier: GPL-2.0-only
/*
 * events: finds tracepoints by name, hooks them for the first target, and hands
 * what concerns a target to fault.c, tlb.c, cow.c and follow.c. Owns the fast
 * way out for all other processes; must not know what is counted.
 *
 * The probes run wherever the tracepoint stands: with preemption off on most
 * kernels, perhaps in an interrupt or NMI, for the TLB under the run queue's
 * lock. They find targets under RCU and take no lock that anybody sleeps in.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include "cow.h"
#include "events.h"
#include "fault.h"
#include "follow.h"
#include "target.h"
#include "tlb.h"

struct pt_regs;
struct linux_binprm;

static void on_fault(unsigned long addr, unsigned long error)
{
	struct mms_target *t;

	if (likely(!mms_target_possible(current->mm)))
		return;
	rcu_read_lock();
	t = mms_target_of_mm(current->mm);
	if (t)
		mms_fault_enter(t, addr, error);
	rcu_read_unlock();
}

static void on_fault_user(void *data, unsigned long addr, struct pt_regs *regs, unsigned long error)
{
	if (addr < TASK_SIZE_MAX)
		on_fault(addr, error);
}

static void on_fault_kernel(void *data, unsigned long addr, struct pt_regs *regs,
			    unsigned long error)
{
	if (addr < TASK_SIZE_MAX)
		on_fault(addr, error);
}

static void on_tlb_flush(void *data, int reason, unsigned long pages)
{
	rcu_read_lock();
	mms_tlb_note(reason, pages);
	rcu_read_unlock();
}

static void on_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct mms_target *t;

	/* a thread is no process, and one without memory cannot be a target */
	if (!child->mm || child->signal == parent->signal)
		return;
	rcu_read_lock();
	t = mms_target_of_pid(task_tgid(parent));
	if (unlikely(t))
		mms_follow_fork(t, child);
	/* vfork's child has no mm of its own */
	t = child->mm == parent->mm ? NULL : mms_target_of_mm(parent->mm);
	if (unlikely(t))
		mms_cow_fork(t, child);
	rcu_read_unlock();
}

static void on_exec(void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct mms_target *t;

	rcu_read_lock();
	mms_fault_settle();
	t = mms_target_of_pid(task_tgid(task));
	if (unlikely(t))
		mms_follow_exec(t, task);
	rcu_read_unlock();
}

static void on_exit(void *data, struct task_struct *task)
{
	rcu_read_lock();
	mms_fault_settle();
	rcu_read_unlock();
}

static void on_signal(void *data, int sig, struct kernel_siginfo *info, struct task_struct *task,
		      int group, int result)
{
	if (task != current || (sig != SIGSEGV && sig != SIGBUS))
		return;
	if (info != SEND_SIG_NOINFO && info != SEND_SIG_PRIV)
		mms_fault_signal(sig, info->si_code);
}

/**
 * struct hook - a tracepoint that we want
 * @name: the kernel's name for it
 * @probe: our function
 * @tp: the tracepoint, NULL if this kernel has none of the name
 */
struct hook {
	const char *name;
	void *probe;
	struct tracepoint *tp;
};

static struct hook hooks[__MMS_EVENT_MAX] = {
	[MMS_EVENT_FAULT_USER] = {"page_fault_user", on_fault_user},
	[MMS_EVENT_FAULT_KERNEL] = {"page_fault_kernel", on_fault_kernel},
	[MMS_EVENT_TLB_FLUSH] = {"tlb_flush", on_tlb_flush},
	[MMS_EVENT_FORK] = {"sched_process_fork", on_fork},
	[MMS_EVENT_EXEC] = {"sched_process_exec", on_exec},
	[MMS_EVENT_EXIT] = {"sched_process_exit", on_exit},
	[MMS_EVENT_SIGNAL] = {"signal_generate", on_signal},
};

static DEFINE_MUTEX(hooks_lock);
static unsigned int hooks_users;

static void find_hook(struct tracepoint *tp, void *unused)
{
	int i;

	for (i = 0; i < __MMS_EVENT_MAX; i++)
		if (!strcmp(tp->name, hooks[i].name))
			hooks[i].tp = tp;
}

/**
 * mms_events_init - find the tracepoints
 *
 * Context: module load.
 */
void __init mms_events_init(void)
{
	for_each_kernel_tracepoint(find_hook, NULL);
}

/**
 * mms_events_have - does this kernel have a tracepoint
 * @which: the event
 */
bool mms_events_have(enum mms_event which)
{
	return hooks[which].tp;
}

static void unhook(int nr)
{
	while (nr--)
		if (hooks[nr].tp)
			tracepoint_probe_unregister(hooks[nr].tp, hooks[nr].probe, NULL);
	tracepoint_synchronize_unregister();
	mms_fault_reset();
}

static int hook_all(void)
{
	int i, err;

	for (i = 0; i < __MMS_EVENT_MAX; i++) {
		if (!hooks[i].tp)
			continue;
		err = tracepoint_probe_register(hooks[i].tp, hooks[i].probe, NULL);
		if (err) {
			unhook(i);
			return err;
		}
	}
	return 0;
}

/**
 * mms_events_get - events are wanted by one target more
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM or another refusal of the kernel's.
 */
int mms_events_get(void)
{
	int err = 0;

	mutex_lock(&hooks_lock);
	if (!hooks_users)
		err = hook_all();
	hooks_users += !err;
	mutex_unlock(&hooks_lock);
	return err;
}

/**
 * mms_events_put - by one target less
 *
 * Context: may sleep: after the last one returned no probe runs any more.
 */
void mms_events_put(void)
{
	mutex_lock(&hooks_lock);
	if (!--hooks_users)
		unhook(__MMS_EVENT_MAX);
	mutex_unlock(&hooks_lock);
}
