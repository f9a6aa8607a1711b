/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * target: one tracked process (target.c), the list of them, and who finds them
 * fast (registry.c).
 *
 * Lock order of the module, outermost first:
 *
 *   control_lock	control.c: one writer of control at a time; held over
 *			debugfs_remove(), so no file operation of a target may
 *			take it
 *     registry_lock	target.c: the list of targets; short
 *   seq_file.lock	the file being read
 *     target.idle_lock	the target's pointer to its sampling
 *       idle.lock	idle.c: the ages; held for a whole scan
 *         mmap_lock of the target's mm, for reading, killable
 *           hugetlb VMA lock, for reading
 *             page-table lock, within RCU
 *
 * A target is pinned by references: one of the registry (while it is listed, or
 * waits in follow.c to be), one of each open file, one of each fault in flight. The kernel's events
 * (events.c) find it by its mm, its top table or its pid under RCU, from any
 * context, with no reference: it is freed a grace period after the last one
 * went, from a work item, so that a reference may be dropped anywhere. Its mm
 * is pinned by mm_count for as long as the target lives, which keeps struct
 * mm_struct and the top table, no memory of the process; mm_users is taken
 * chunk by chunk in walk.c.
 *
 * Its identity is the struct pid: the same through an exec by any thread, and
 * never reused for another process, whatever happens to the number.
 */
#ifndef _MMS_TARGET_H
#define _MMS_TARGET_H

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "tlb.h"
#include "cow.h"
#include "fault.h"

struct dentry;
struct mm_struct;
struct mms_idle;
struct mms_pmu;
struct pid;
struct pid_namespace;

#define MMS_TARGETS_MAX 1024

enum mms_state {
	MMS_STATE_LIVE,
	MMS_STATE_EXECED,
	MMS_STATE_EXITED,
};

/**
 * struct mms_target - a tracked process
 * @id: of this target alone, ever
 * @nr: its pid as the writer of control saw it; name of the directory
 * @pid: the process
 * @leader: a thread of it, pinned: its signal_struct keeps the counts of all that end
 * @mm: what it had when tracking began
 * @start_ns: its start, boot clock
 * @since_ns: when tracking began, monotonic clock
 * @comm: its name when tracking began
 * @dir: the directory, debugfs.c's
 * @sample_ms: interval of sampling, 0 = off; written under control_lock
 * @idle_lock: protects @idle
 * @idle: sampling, or NULL
 * @tlb: its TLB flushes
 * @faults: its page faults
 * @cow: its copy-on-write
 * @pmu: the CPU's counters of it, or NULL
 * @follow: what it forks becomes a target too
 * @forgotten: on its way out: long reads break off
 * @parent: number of the followed target that forked it, 0 = none
 * @ns: the namespace of pids that @nr and its children's are of, if @follow
 *
 * private:
 * @node: in the registry, under registry_lock; before, in a list of follow.c
 * @by_mm: found by its mm, under found_lock for writing, RCU for reading
 * @by_top: found by the physical address of its top table
 * @by_pid: found by its struct pid
 * @published: it has been put where events find it
 * @listed: it has been put into the registry
 * @instead: begun by exec of one that was listed
 * @stale: replaced by exec
 * @refs: references
 * @free_work: the end, after a grace period
 */
struct mms_target {
	u64 id;
	int nr;
	struct pid *pid;
	struct task_struct *leader;
	struct mm_struct *mm;
	u64 start_ns;
	u64 since_ns;
	char comm[TASK_COMM_LEN];
	struct dentry *dir;
	unsigned int sample_ms;
	struct mutex idle_lock;
	struct mms_idle *idle;
	struct mms_tlb tlb;
	struct mms_faults faults;
	struct mms_cow cow;
	struct mms_pmu *pmu;
	bool follow;
	bool forgotten;
	int parent;
	struct pid_namespace *ns;
	/* private: */
	struct list_head node;
	struct hlist_node by_mm;
	struct hlist_node by_top;
	struct hlist_node by_pid;
	bool published;
	bool listed;
	bool instead;
	bool stale;
	refcount_t refs;
	struct rcu_work free_work;
};

struct mms_target *mms_target_alloc(void);
void mms_target_identify(struct mms_target *t, struct task_struct *leader, struct mm_struct *mm);
struct mms_target *mms_target_create(int nr);
void mms_target_get(struct mms_target *t);
bool mms_target_tryget(struct mms_target *t);
void mms_target_put(struct mms_target *t);

enum mms_state mms_target_state(const struct mms_target *t, char comm[TASK_COMM_LEN]);
const char *mms_state_name(enum mms_state state);
unsigned int mms_target_sample_ms(const struct mms_target *t);

struct mms_idle *mms_target_lock_idle(struct mms_target *t);
void mms_target_unlock_idle(struct mms_target *t);
void mms_target_set_idle(struct mms_target *t, struct mms_idle *idle, unsigned int ms);

int mms_targets_init(void);
void mms_targets_exit(void);

/* By mm: shared with the fast way out of those that are no targets. */
#define MMS_FIND_BITS 10
extern struct hlist_head mms_found_by_mm[1 << MMS_FIND_BITS];

/**
 * mms_target_possible - may an mm have a target
 * @mm: only its address is looked at; may be NULL
 *
 * Context: any.
 * Return: false if it has none.
 */
static inline bool mms_target_possible(const struct mm_struct *mm)
{
	return READ_ONCE(mms_found_by_mm[hash_ptr(mm, MMS_FIND_BITS)].first);
}

struct mms_target *mms_target_of_mm(const struct mm_struct *mm);
struct mms_target *mms_target_of_top(u64 phys);
struct mms_target *mms_target_of_pid(const struct pid *pid);
struct mms_target *mms_target_known(const struct pid *pid, u64 id);
void mms_registry_publish(struct mms_target *t);
void mms_registry_unpublish(struct mms_target *t);
void mms_registry_add(struct mms_target *t);
void mms_registry_remove(struct mms_target *t);
struct mms_target *mms_registry_find(int nr);
struct mms_target *mms_registry_get(int nr);
struct mms_target *mms_registry_first(void);
unsigned int mms_registry_count(void);
int mms_registry_each(int (*fn)(struct mms_target *t, void *arg), void *arg);

#endif /* _MMS_TARGET_H */
