/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `mmscope thp` says: collapses and splits of a span of time by process, cover at
 * its end, losses. Knows nothing of options.
 */
#ifndef _MMS_THP_REPORT_H
#define _MMS_THP_REPORT_H

#include <stdbool.h>
#include "cmd/cost.h"
#include "cmd/watch.h"
#include "collect/bpf_thp.h"
#include "render/out.h"

/* All counts at one moment, sorted. */
struct thp_snap {
	uint64_t ns; /* CLOCK_MONOTONIC */
	struct mms_thp_count *counts;
	size_t nr;
	struct mms_thp_losses losses;
	struct cost cost;
};

/**
 * struct thp_span - what one report is about
 * @n: number of the report, from 1
 * @begin: snapshot at its begin
 * @end: snapshot at its end
 * @watch: whose cover is shown besides
 * @for_people: not all attempts, only the most frequent
 * @verbose: people want to know what it cost
 */
struct thp_span {
	unsigned int n;
	const struct thp_snap *begin, *end;
	const struct watch *watch;
	bool for_people;
	bool verbose;
};

void thp_snap_begin(struct thp_snap *s);
int thp_snap(struct mms_thp *t, struct thp_snap *s);
void thp_snap_free(struct thp_snap *s);
int thp_report(struct out *o, struct mms_thp *t, const struct thp_span *span);

#endif
