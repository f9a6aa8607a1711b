/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tlb: TLB flushes of targets.
 */
#ifndef _MMS_TLB_H
#define _MMS_TLB_H

/* Interrupts off, perhaps under the run queue's lock; within RCU. */
static inline void mms_tlb_note(int reason, unsigned long pages)
{
}

#endif /* _MMS_TLB_H */
