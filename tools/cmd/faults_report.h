/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `mmscope faults` says: counts of a span of time, losses, events. Knows
 * nothing of options.
 */
#ifndef _MMS_FAULTS_REPORT_H
#define _MMS_FAULTS_REPORT_H

#include <stdbool.h>
#include <sys/resource.h>
#include "collect/bpf_fault.h"
#include "render/out.h"

/* Counts of one kind, or of one (process, kind). */
struct faults_sum {
	pid_t tgid;	/* 0 when summed over processes */
	bool max_known; /* @max_ns happened in this span */
	struct mms_fault_count c;
};

/* All counts at one moment, sorted by (tgid, kind). */
struct faults_snap {
	uint64_t ns; /* CLOCK_MONOTONIC */
	struct faults_sum *sums;
	size_t nr;
	struct mms_fault_losses losses;
};

/**
 * struct faults_span - what one report is about
 * @n: number of the report, from 1
 * @begin: snapshot at its begin; all zero = since the start
 * @end: snapshot at its end
 * @rusage: of the command, NULL if there was none
 * @execd: the command's counters when its counting began
 * @status: the command's wait status
 */
struct faults_span {
	unsigned int n;
	const struct faults_snap *begin, *end;
	const struct rusage *rusage;
	const struct mms_fault_execd *execd;
	int status;
};

int faults_snap(struct mms_faults *f, bool by_process, struct faults_snap *s);
void faults_snap_free(struct faults_snap *s);

int faults_report(struct out *o, struct mms_faults *f, const struct faults_span *span,
		  bool by_process, bool hist);
void faults_report_events(struct out *o, const struct mms_fault_event *events, size_t nr);
void faults_report_losses(struct out *o, const struct mms_fault_losses *l);

#endif
