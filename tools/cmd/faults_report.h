/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `mmscope faults` says of a span: rows, totals, what the kernel counted,
 * losses, costs. Private to that command.
 */
#ifndef _MMS_FAULTS_REPORT_H
#define _MMS_FAULTS_REPORT_H

#include <sys/resource.h>
#include "cmd/faults_names.h"
#include "cmd/faults_opts.h"
#include "cmd/faults_snap.h"
#include "cmd/faults_table.h"
#include "cmd/faults_used.h"
#include "render/out.h"

/**
 * struct faults_view - how it is told, the same for all spans of a run
 * @args: what was asked for
 * @rows: columns of the rows
 * @hist: columns of the histograms
 * @names: of what rows are about
 */
struct faults_view {
	const struct faults_args *args;
	struct faults_table rows, hist;
	struct faults_names *names;
};

/* Return: 0 or -ENOMEM. */
int faults_view_open(struct faults_view *v, const struct faults_args *args);
void faults_view_close(struct faults_view *v);

/**
 * struct faults_span - what one report is about
 * @n: number of the report, from 1
 * @begin: snapshot at its begin
 * @end: snapshot at its end
 * @period: the largest in it; 1 = all faults were looked at
 * @rusage: of the command, NULL if there was none
 * @execd: the command's counters when its counting began
 * @status: the command's wait status
 * @used: pages that came along and were used later, or NULL
 */
struct faults_span {
	unsigned int n;
	const struct faults_snap *begin, *end;
	unsigned int period;
	const struct rusage *rusage;
	const struct mms_fault_execd *execd;
	int status;
	struct faults_used *used;
};

/**
 * faults_report() - one object
 * @o: output, between objects
 * @f: for what is asked of it now
 * Return: 0 or -ENOMEM, and then nothing was put out.
 */
int faults_report(struct out *o, struct mms_faults *f, const struct faults_view *v,
		  const struct faults_span *span);

/* Parts that other views have, too; all inside an object. */
void faults_report_identity(struct out *o, const struct mms_fault_losses *l);
void faults_report_losses(struct out *o, const struct mms_fault_losses *l);
void faults_report_missing(struct out *o, struct mms_faults *f);
void faults_report_in_flight(struct out *o, struct mms_faults *f);

void faults_report_rusage(struct out *o, const struct faults_span *span, uint64_t minor,
			  uint64_t major);

#endif
