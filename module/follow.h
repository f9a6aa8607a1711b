/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * follow: children of targets that become targets too.
 */
#ifndef _MMS_FOLLOW_H
#define _MMS_FOLLOW_H

struct mms_target;
struct task_struct;

/* From the fork, preemption maybe off; within RCU; @child has not run yet. */
static inline void mms_follow_fork(struct mms_target *t, struct task_struct *child)
{
}

/* From exec, preemption maybe off; within RCU; the new program has not run yet. */
static inline void mms_follow_exec(struct mms_target *t, struct task_struct *task)
{
}

#endif /* _MMS_FOLLOW_H */
