/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pmu: the CPU's own counters of TLB misses, for the threads of a target.
 */
#ifndef _MMS_PMU_H
#define _MMS_PMU_H

#include <linux/types.h>

struct mms_pmu;
struct pid;

enum mms_pmu_event {
	MMS_PMU_DTLB_LOAD_MISSES,
	MMS_PMU_DTLB_STORE_MISSES,
	MMS_PMU_ITLB_MISSES,
	MMS_PMU_WALK_CYCLES,
	__MMS_PMU_MAX,
};

void mms_pmu_init(void);
const char *mms_pmu_refusal(void);
const char *mms_pmu_event_name(enum mms_pmu_event event);

struct mms_pmu *mms_pmu_create(struct pid *pid);
bool mms_pmu_read(struct mms_pmu *pmu, enum mms_pmu_event event, u64 *count);
void mms_pmu_destroy(struct mms_pmu *pmu);

#endif /* _MMS_PMU_H */
