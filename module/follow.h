/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * follow: children of targets that become targets too.
 */
#ifndef _MMS_FOLLOW_H
#define _MMS_FOLLOW_H

struct mms_target;
struct task_struct;

void mms_follow_fork(const struct mms_target *t, struct task_struct *child);
void mms_follow_exec(struct mms_target *t, struct task_struct *task);

int mms_follow_prepare(struct mms_target *t);
void mms_follow_list(void);
void mms_follow_settle(void);
void mms_follow_forget_all(void);
int mms_follow_init(void);
void mms_follow_exit(void);

#endif /* _MMS_FOLLOW_H */
