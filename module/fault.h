/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fault: page faults of targets, counted by error code and outcome.
 */
#ifndef _MMS_FAULT_H
#define _MMS_FAULT_H

struct mms_target;

/* From the exception, interrupts maybe on; within RCU; current has the target's mm. */
static inline void mms_fault_enter(struct mms_target *t, unsigned long addr, unsigned long error)
{
}

#endif /* _MMS_FAULT_H */
