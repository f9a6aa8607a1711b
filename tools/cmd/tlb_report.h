/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `mmscope tlb` says: flushes of a span of time, who caused them, losses, TLB
 * misses. Knows nothing of options.
 */
#ifndef _MMS_TLB_REPORT_H
#define _MMS_TLB_REPORT_H

#include <stdbool.h>
#include "cmd/cost.h"
#include "collect/bpf_tlb.h"
#include "collect/pmu.h"
#include "render/out.h"

#define TLB_MISSES 8 /* room for mms_pmu_nr_tlb */

/* All counts at one moment, sorted, a process once. */
struct tlb_snap {
	uint64_t ns; /* CLOCK_MONOTONIC */
	struct cost cost;
	struct mms_tlb_data d;
	struct mms_tlb_losses losses;
	struct mms_pmu_value misses[TLB_MISSES];
};

/**
 * struct tlb_span - what one report is about
 * @n: number of the report, from 1
 * @begin: snapshot at its begin
 * @end: snapshot at its end
 * @no_pmu: why no misses are counted; NULL = they are
 * @verbose: people want to know what it cost
 * @for_people: leave out what is empty; machines find it as an empty table
 * @command: there was one, and @status is its wait status
 */
struct tlb_span {
	unsigned int n;
	const struct tlb_snap *begin, *end;
	const char *no_pmu;
	bool verbose;
	bool for_people;
	bool command;
	int status;
};

void tlb_snap_begin(struct mms_pmu *pmu, struct tlb_snap *s);
int tlb_snap(struct mms_tlb *t, struct mms_pmu *pmu, struct tlb_snap *s);
void tlb_snap_free(struct tlb_snap *s);
int tlb_report(struct out *o, struct mms_tlb *t, const struct tlb_span *span, bool by_process);

#endif
