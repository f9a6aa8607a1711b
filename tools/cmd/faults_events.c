// SPDX-License-Identifier: GPL-2.0-only
/* mmscope faults --events: each fault as it ends. */
#include <inttypes.h>
#include "cmd/faults_event_rows.h"
#include "cmd/faults_run.h"

/* In the order of the ring: of each CPU in the order of time. */
static void tell_events(struct faults_run *r, const struct mms_fault_event *e, size_t nr)
{
	out_begin(r->events);
	faults_event_rows(r->events, e, nr, r->args->opts.around);
	out_end(r->events);
}

/* Events take the place of counts; what was lost is said all the same. */
static int conclude(struct faults_run *r)
{
	struct faults_snap end;
	struct faults_span span = {.begin = &r->start, .end = &end, .period = 1};
	struct out *o = r->events;
	int err;

	faults_drain(r);
	err = r->counting ? faults_report_span(r) : 0;
	if (!err)
		err = faults_snap(r->f, &r->begin, 1, &end);
	if (err)
		return err;
	out_begin(o);
	out_num(o, "streamed", "events", OUT_COUNT, end.losses.events);
	out_num(o, "dropped", NULL, OUT_COUNT, end.losses.dropped_ring_full + r->nr_dropped);
	if (r->nr_other_kinds)
		out_num(o, "other_kinds", "of other kinds", OUT_COUNT, r->nr_other_kinds);
	faults_report_identity(o, &end.losses);
	faults_report_missing(o, r->f);
	faults_report_cost(o, &span, r->args->verbose);
	faults_report_losses(o, &end.losses);
	if (r->nr_dropped)
		out_note(o, "lost: %" PRIu64 " events, no memory for them here", r->nr_dropped);
	out_end(o);
	faults_snap_free(&end);
	return 0;
}

int faults_stream(struct faults_run *r)
{
	const struct faults_args *a = r->args;

	r->tell = tell_events;
	faults_wait(r,
		    a->interval_ns && a->count ? faults_now_ns() + a->interval_ns * a->count : 0);
	return conclude(r);
}
