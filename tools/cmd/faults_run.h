/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of mmscope faults: whom it watches, the clock, the stream of events, the
 * budget. Private to that command.
 */
#ifndef _MMS_FAULTS_RUN_H
#define _MMS_FAULTS_RUN_H

#include "cmd/faults_report.h"
#include "cmd/faults_used.h"
#include "cmd/watch.h"
#include "model/budget.h"

/**
 * struct faults_run - everything of one run
 * @out: reports; @events: single events, the cold-start curve
 * @batch: events that were read and not yet told
 * @nr_read: events that were read
 * @nr_dropped: events for which this program had no memory
 * @nr_other_kinds: events of kinds that were not asked for
 * @tell: what is done with them, some at a time
 * @tell_ctx: for @tell
 * @stacks: of --stacks, else NULL
 * @used: of --used, else NULL
 * @watch: whom, and until when
 * @start: when counting began, without counts
 * @begin: of the span that the next report is about
 * @last: the latest snapshot; only with a budget, else @begin is
 * @n: reports so far
 * @budget: meaningful if args->budget is not 0
 * @checked: when and at what cost the budget was checked
 * @period: one fault of so many is looked at
 * @worst: largest of the span
 * @counting: events fell back to counts: @begin is where
 * @err: what ended the waiting, if it was neither the end nor a signal
 * @exhausted: it was told that nothing is left to leave out
 */
struct faults_run {
	const struct faults_args *args;
	struct mms_faults *f;
	FILE *file;
	struct out *out, *events;
	struct faults_view view;
	struct mms_fault_event *batch;
	size_t nr_batch, room_batch;
	uint64_t nr_read;
	uint64_t nr_dropped;
	uint64_t nr_other_kinds;
	void (*tell)(struct faults_run *r, const struct mms_fault_event *e, size_t nr);
	void *tell_ctx;
	struct watch watch;
	struct faults_stacks *stacks;
	struct faults_used *used;
	struct mms_fault_execd execd;
	struct faults_snap start, begin, last;
	unsigned int n;
	struct model_budget budget;
	struct {
		uint64_t ns, cost_ns;
	} checked;
	unsigned int period, worst;
	bool counting;
	bool exhausted;
	int err;
};

/**
 * faults_wait() - until a moment
 * @moment: CLOCK_MONOTONIC, 0 = for ever
 * Empties the ring and keeps the budget meanwhile.
 * Return: false if the end or a signal came before.
 */
bool faults_wait(struct faults_run *r, uint64_t moment);

/* Hands what is in the ring to @tell. */
void faults_drain(struct faults_run *r);

/* Reports the span up to now; the next one begins. Return: 0 or -errno. */
int faults_report_span(struct faults_run *r);

/* The budget; both do nothing without one. Return: 0 or -errno. */
int faults_budget_begin(struct faults_run *r);
int faults_budget_check(struct faults_run *r);

/* Single events in place of counts. Return: 0 or -errno. */
int faults_stream(struct faults_run *r);

/* The cold-start curve. Return: 0 or -errno. */
int faults_cold(struct faults_run *r);

#endif
