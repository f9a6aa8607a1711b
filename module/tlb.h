/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tlb: TLB flushes of targets, by the kernel's reasons for them.
 */
#ifndef _MMS_TLB_H
#define _MMS_TLB_H

#include <linux/atomic.h>
#include <linux/types.h>

enum mms_tlb_reason {
	MMS_TLB_TASK_SWITCH,
	MMS_TLB_REMOTE,
	MMS_TLB_LOCAL,
	MMS_TLB_LOCAL_MM,
	MMS_TLB_IPI_SENT,
	MMS_TLB_WRONG_CPU,
	__MMS_TLB_MAX,
};

/**
 * struct mms_tlb_count - flushes for one reason
 * @flushes: how many
 * @pages: that those of single pages were of, as the kernel counts them
 * @full: of everything
 */
struct mms_tlb_count {
	atomic64_t flushes;
	atomic64_t pages;
	atomic64_t full;
};

/**
 * struct mms_tlb - flushes of a target
 * @count: by reason; zero when tracking begins
 */
struct mms_tlb {
	struct mms_tlb_count count[__MMS_TLB_MAX];
};

void mms_tlb_note(int reason, unsigned long pages);
const char *mms_tlb_reason_name(enum mms_tlb_reason reason);

#endif /* _MMS_TLB_H */
