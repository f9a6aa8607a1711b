/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fault: page faults of targets, counted by error code, outcome and duration.
 */
#ifndef _MMS_FAULT_H
#define _MMS_FAULT_H

#include <linux/atomic.h>
#include <linux/types.h>
#include "errcode.h"

struct mms_target;
struct task_struct;

enum mms_fault_end {
	MMS_FAULT_MINOR,
	MMS_FAULT_MAJOR,
	MMS_FAULT_SEGV,
	MMS_FAULT_SIGBUS,
	MMS_FAULT_FAILED,
	MMS_FAULT_LOST, /* how it ended nobody saw */
	__MMS_FAULT_END_MAX,
};

/* Powers of two of ns, the last for all beyond; kinds: minor, major, other. */
#define MMS_FAULT_BUCKETS 40
#define MMS_FAULT_KINDS	  3

/**
 * struct mms_faults - the counters of a target
 * @code: faults begun, by folded error code
 * @end: faults ended, by enum mms_fault_end
 * @ns: how long they took, those that were timed
 * @task_minor: the kernel's own count when tracking began
 * @task_major: the same
 */
struct mms_faults {
	atomic64_t code[MMS_ERRCODES];
	atomic64_t end[__MMS_FAULT_END_MAX];
	atomic64_t ns[MMS_FAULT_KINDS][MMS_FAULT_BUCKETS];
	u64 task_minor;
	u64 task_major;
};

/**
 * struct mms_fault_sum - the same at one moment
 * @code: faults begun, by folded error code
 * @end: faults ended
 * @inflight: begun, not ended: the sum of @code is that of @end and of this
 * @ns: as in struct mms_faults
 * @task_minor: the kernel's count of all threads since tracking began
 * @task_major: the same
 */
struct mms_fault_sum {
	u64 code[MMS_ERRCODES];
	u64 end[__MMS_FAULT_END_MAX];
	u64 inflight;
	u64 ns[MMS_FAULT_KINDS][MMS_FAULT_BUCKETS];
	u64 task_minor;
	u64 task_major;
};

int mms_fault_init(void);
void mms_fault_exit(void);
void mms_fault_begin_target(struct mms_target *t);
void mms_fault_enter(struct mms_target *t, unsigned long addr, unsigned long error);
void mms_fault_settle(void);
void mms_fault_signal(int sig, int code);
void mms_fault_reset(void);
void mms_fault_read(const struct mms_target *t, struct mms_fault_sum *s);

#endif /* _MMS_FAULT_H */
