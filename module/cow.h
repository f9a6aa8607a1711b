/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cow: copy-on-write of targets.
 */
#ifndef _MMS_COW_H
#define _MMS_COW_H

struct mms_target;
struct task_struct;

/* From the fork, preemption maybe off; within RCU; @child has not run yet. */
static inline void mms_cow_fork(struct mms_target *t, struct task_struct *child)
{
}

#endif /* _MMS_COW_H */
