// SPDX-License-Identifier: GPL-2.0-only
/*
 * target: lifetime and state of tracked processes. Must not know debugfs, page
 * tables or the list of targets. Lock order: target.h.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/mm_types.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "idle.h"
#include "target.h"

/* Targets that exist, listed or not, and who frees them. */
static atomic_t targets_unfreed = ATOMIC_INIT(0);
static struct workqueue_struct *ends;
static atomic64_t ids = ATOMIC64_INIT(0);

/*
 * Under RCU. for_each_thread() would do, but where lockdep is on it asks for
 * tasklist_lock, which modules are not given.
 */
#define mms_each_thread(leader, thread) \
	list_for_each_entry_rcu(thread, &(leader)->signal->thread_head, thread_node)

/* The process's mm, pinned by mm_count; its first thread may have ended before. */
static struct mm_struct *grab_mm(struct task_struct *leader)
{
	struct mm_struct *mm = NULL;
	struct task_struct *thread;

	rcu_read_lock();
	mms_each_thread (leader, thread) {
		mm = get_task_mm(thread);
		if (mm)
			break;
	}
	rcu_read_unlock();
	if (mm) {
		mmgrab(mm);
		mmput_async(mm);
	}
	return mm;
}

static void free_target(struct work_struct *work)
{
	struct mms_target *t = container_of(to_rcu_work(work), struct mms_target, free_work);

	WARN_ON_ONCE(t->idle);
	mms_cow_end_target(t);
	if (t->leader)
		put_task_struct(t->leader);
	if (t->mm)
		mmdrop(t->mm);
	put_pid(t->pid);
	if (t->ns)
		put_pid_ns(t->ns);
	mutex_destroy(&t->idle_lock);
	kfree(t);
	if (atomic_dec_and_test(&targets_unfreed))
		wake_up_var(&targets_unfreed);
}

/**
 * mms_target_alloc - all the memory of a target, nobody's yet
 *
 * Context: may sleep.
 * Return: a target with one reference, or NULL.
 */
struct mms_target *mms_target_alloc(void)
{
	struct mms_target *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	refcount_set(&t->refs, 1);
	mutex_init(&t->idle_lock);
	INIT_LIST_HEAD(&t->node);
	INIT_HLIST_NODE(&t->by_mm);
	INIT_HLIST_NODE(&t->by_top);
	INIT_HLIST_NODE(&t->by_pid);
	INIT_RCU_WORK(&t->free_work, free_target);
	atomic_inc(&targets_unfreed);
	return t;
}

/**
 * mms_target_identify - say whom a new target is
 * @t: fresh from mms_target_alloc()
 * @leader: first thread of the process
 * @mm: what to track it with; the caller keeps it alive
 *
 * Context: any but NMI: for children it runs where they are forked.
 */
void mms_target_identify(struct mms_target *t, struct task_struct *leader, struct mm_struct *mm)
{
	t->id = atomic64_inc_return(&ids);
	t->pid = get_pid(task_tgid(leader));
	mmgrab(mm);
	t->mm = mm;
	t->start_ns = leader->start_boottime;
	t->since_ns = ktime_get_ns();
	/* get_task_comm() may lock; a name that changes now may come out mixed */
	strscpy(t->comm, leader->comm, sizeof(t->comm));
	t->leader = get_task_struct(leader);
	mms_cow_begin_target(t);
}

/* Fills @t in for the process of @pid, or says why it cannot be a target. */
static int identify(struct mms_target *t, struct pid *pid)
{
	struct task_struct *leader = get_pid_task(pid, PIDTYPE_TGID);
	struct mm_struct *mm;
	int err = -ESRCH;

	if (!leader)
		return err;
	/* the task itself writes other bits, plainly */
	if (data_race(READ_ONCE(leader->flags)) & PF_KTHREAD) {
		err = -EINVAL;
		goto put_leader;
	}
	mm = grab_mm(leader);
	if (!mm)
		goto put_leader;
	mms_target_identify(t, leader, mm);
	mmdrop(mm);
	err = 0;
put_leader:
	put_task_struct(leader);
	return err;
}

/**
 * mms_target_create - pin a process
 * @nr: its pid in the caller's namespace
 *
 * Context: may sleep.
 * Return: a target with one reference, not yet listed; -ESRCH (no such process,
 * a zombie, or @nr is only a thread), -EINVAL (a kernel thread), -ENOMEM.
 */
struct mms_target *mms_target_create(int nr)
{
	struct pid *pid = find_get_pid(nr);
	struct mms_target *t;
	int err;

	if (!pid)
		return ERR_PTR(-ESRCH);
	t = mms_target_alloc();
	err = t ? identify(t, pid) : -ENOMEM;
	put_pid(pid);
	if (err) {
		if (t)
			mms_target_put(t);
		return ERR_PTR(err);
	}
	/* else later, by the target's own first fault that can */
	mms_cow_make_tables(&t->cow);
	t->nr = nr;
	return t;
}

/**
 * mms_target_get - take a reference
 * @t: a target that the caller has a reference to, or is listed
 */
void mms_target_get(struct mms_target *t)
{
	refcount_inc(&t->refs);
}

/**
 * mms_target_tryget - take a reference to a target found by an event
 * @t: within RCU since it was found
 *
 * Context: any.
 * Return: false if it is about to be freed.
 */
bool mms_target_tryget(struct mms_target *t)
{
	return refcount_inc_not_zero(&t->refs);
}

/**
 * mms_target_put - drop a reference
 * @t: the target; sampling was stopped before the last one goes
 *
 * Context: any but NMI: the target is freed by a work item.
 */
void mms_target_put(struct mms_target *t)
{
	if (refcount_dec_and_test(&t->refs))
		queue_rcu_work(ends, &t->free_work);
}

/**
 * mms_targets_init - make what the end of targets needs
 *
 * Context: module load.
 * Return: 0 or -ENOMEM.
 */
int __init mms_targets_init(void)
{
	ends = alloc_workqueue("mmscope_ends", WQ_UNBOUND, 0);
	return ends ? 0 : -ENOMEM;
}

/**
 * mms_targets_exit - wait until every target is freed
 *
 * Context: module unload: none is listed, no file is open, no event is hooked.
 */
void mms_targets_exit(void)
{
	wait_var_event(&targets_unfreed, !atomic_read(&targets_unfreed));
	/* the last work item has counted down, but may not have returned */
	destroy_workqueue(ends);
}

/**
 * mms_target_state - what became of the process
 * @t: the target
 * @comm: its name now, or when tracking began if it has ended
 *
 * Live while any thread has the mm that we pinned; exec'd if they have another;
 * exited if none has any. The mm is pinned, so its address means it alone.
 *
 * Context: may sleep.
 * Return: the state.
 */
enum mms_state mms_target_state(const struct mms_target *t, char comm[TASK_COMM_LEN])
{
	struct task_struct *leader = get_pid_task(t->pid, PIDTYPE_TGID);
	enum mms_state state = MMS_STATE_EXITED;
	struct task_struct *thread;
	char now[TASK_COMM_LEN];
	struct mm_struct *mm;

	memcpy(comm, t->comm, TASK_COMM_LEN);
	if (!leader)
		return state;
	get_task_comm(now, leader);
	memcpy(comm, now, TASK_COMM_LEN);
	rcu_read_lock();
	mms_each_thread (leader, thread) {
		mm = data_race(READ_ONCE(thread->mm)); /* exec and exit write it plainly */
		if (mm == t->mm) {
			state = MMS_STATE_LIVE;
			break;
		}
		if (mm)
			state = MMS_STATE_EXECED;
	}
	rcu_read_unlock();
	put_task_struct(leader);
	return state;
}

/**
 * mms_state_name - the word for a state
 * @state: the state
 */
const char *mms_state_name(enum mms_state state)
{
	static const char *const names[] = {
		[MMS_STATE_LIVE] = "live",
		[MMS_STATE_EXECED] = "exec'd",
		[MMS_STATE_EXITED] = "exited",
	};

	return names[state];
}

/**
 * mms_target_sample_ms - interval of sampling now
 * @t: the target
 *
 * Return: ms; 0 = off, or stopped by itself because the mm is gone.
 */
unsigned int mms_target_sample_ms(const struct mms_target *t)
{
	return atomic_read(&t->mm->mm_users) ? READ_ONCE(t->sample_ms) : 0;
}

/**
 * mms_target_lock_idle - keep the target's sampling from being replaced
 * @t: the target
 *
 * Context: may sleep, killable. mms_target_unlock_idle() follows unless an
 * error is returned.
 * Return: the sampling, NULL if there is none, or -EINTR.
 */
struct mms_idle *mms_target_lock_idle(struct mms_target *t)
{
	if (mutex_lock_killable(&t->idle_lock))
		return ERR_PTR(-EINTR);
	return t->idle;
}

/**
 * mms_target_unlock_idle - undo mms_target_lock_idle()
 * @t: the target
 */
void mms_target_unlock_idle(struct mms_target *t)
{
	mutex_unlock(&t->idle_lock);
}

/**
 * mms_target_set_idle - begin, replace or end sampling
 * @t: the target
 * @idle: new sampling, not yet started, or NULL
 * @ms: its interval
 *
 * Context: may sleep: waits for readers of the old one and for its scan.
 */
void mms_target_set_idle(struct mms_target *t, struct mms_idle *idle, unsigned int ms)
{
	struct mms_idle *old;

	mutex_lock(&t->idle_lock);
	old = t->idle;
	t->idle = idle;
	WRITE_ONCE(t->sample_ms, ms);
	mutex_unlock(&t->idle_lock);
	mms_idle_destroy(old);
	if (idle)
		mms_idle_start(idle);
}
