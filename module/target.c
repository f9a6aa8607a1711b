// SPDX-License-Identifier: GPL-2.0-only
/*
 * target: lifetime and state of tracked processes, and the list of them. Must
 * not know debugfs or page tables. Lock order: target.h.
 */
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/mm_types.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/rculist.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "idle.h"
#include "stats.h"
#include "target.h"

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry);
static unsigned int registry_count;

/* Targets that exist, listed or not, and who frees them. */
static atomic_t targets_unfreed = ATOMIC_INIT(0);
static struct workqueue_struct *ends;

/* Listed targets, for the kernel's events: most of what they ask for is not there. */
#define FIND_BITS 10
static struct hlist_head found_by_mm[1 << FIND_BITS];
static struct hlist_head found_by_top[1 << FIND_BITS];
static struct hlist_head found_by_pid[1 << FIND_BITS];
static DEFINE_RAW_SPINLOCK(found_lock);

static u64 top_of(const struct mm_struct *mm)
{
	return __pa(mm->pgd);
}

static void found_add(struct mms_target *t)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&found_lock, flags);
	hlist_add_head_rcu(&t->by_mm, &found_by_mm[hash_ptr(t->mm, FIND_BITS)]);
	hlist_add_head_rcu(&t->by_top, &found_by_top[hash_64(top_of(t->mm), FIND_BITS)]);
	hlist_add_head_rcu(&t->by_pid, &found_by_pid[hash_ptr(t->pid, FIND_BITS)]);
	raw_spin_unlock_irqrestore(&found_lock, flags);
}

static void found_remove(struct mms_target *t)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&found_lock, flags);
	hlist_del_init_rcu(&t->by_mm);
	hlist_del_init_rcu(&t->by_top);
	hlist_del_init_rcu(&t->by_pid);
	raw_spin_unlock_irqrestore(&found_lock, flags);
}

/**
 * mms_target_of_mm - the listed target of an mm
 * @mm: only its address is looked at; may be NULL
 *
 * If several processes that share the mm are targets, any of them.
 *
 * Context: within RCU, any context.
 * Return: a target for as long as RCU is held, or NULL.
 */
struct mms_target *mms_target_of_mm(const struct mm_struct *mm)
{
	struct mms_target *t;

	hlist_for_each_entry_rcu (t, &found_by_mm[hash_ptr(mm, FIND_BITS)], by_mm)
		if (t->mm == mm)
			return t;
	return NULL;
}

/**
 * mms_target_of_top - the listed target of a top table
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
 * mms_target_of_pid - the listed target of a process
 * @pid: of its thread group; only its address is looked at
 *
 * Context: within RCU, any context.
 * Return: as mms_target_of_mm().
 */
struct mms_target *mms_target_of_pid(const struct pid *pid)
{
	struct mms_target *t;

	hlist_for_each_entry_rcu (t, &found_by_pid[hash_ptr(pid, FIND_BITS)], by_pid)
		if (t->pid == pid)
			return t;
	return NULL;
}

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

static int fill(struct mms_target *t, struct task_struct *leader)
{
	if (leader->flags & PF_KTHREAD)
		return -EINVAL;
	t->mm = grab_mm(leader);
	if (!t->mm)
		return -ESRCH;
	t->start_ns = leader->start_boottime;
	t->since_ns = ktime_get_ns();
	get_task_comm(t->comm, leader);
	t->leader = get_task_struct(leader);
	mms_cow_begin_target(t);
	mms_fault_begin_target(t);
	return 0;
}

static void free_target(struct work_struct *work)
{
	struct mms_target *t = container_of(to_rcu_work(work), struct mms_target, free_work);

	WARN_ON_ONCE(t->idle);
	mms_cow_end_target(t);
	put_task_struct(t->leader);
	mmdrop(t->mm);
	put_pid(t->pid);
	mutex_destroy(&t->idle_lock);
	kfree(t);
	if (atomic_dec_and_test(&targets_unfreed))
		wake_up_var(&targets_unfreed);
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
	struct task_struct *leader;
	struct mms_target *t;
	int err = -ESRCH;

	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return ERR_PTR(-ENOMEM);
	t->nr = nr;
	refcount_set(&t->refs, 1);
	mutex_init(&t->idle_lock);
	INIT_LIST_HEAD(&t->node);
	INIT_HLIST_NODE(&t->by_mm);
	INIT_HLIST_NODE(&t->by_top);
	INIT_HLIST_NODE(&t->by_pid);
	INIT_RCU_WORK(&t->free_work, free_target);
	t->pid = find_get_pid(nr);
	if (!t->pid)
		goto free_target;
	leader = get_pid_task(t->pid, PIDTYPE_TGID);
	if (!leader)
		goto put_pid;
	err = fill(t, leader);
	put_task_struct(leader);
	if (!err) {
		/* else later, by the target's own first fault that can */
		mms_cow_make_tables(&t->cow);
		atomic_inc(&targets_unfreed);
		return t;
	}
put_pid:
	put_pid(t->pid);
free_target:
	kfree(t);
	return ERR_PTR(err);
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
		mm = READ_ONCE(thread->mm);
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

/**
 * mms_registry_add - list a target
 * @t: its reference becomes the registry's
 */
void mms_registry_add(struct mms_target *t)
{
	mutex_lock(&registry_lock);
	list_add_tail(&t->node, &registry);
	found_add(t);
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
	found_remove(t);
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
