// SPDX-License-Identifier: GPL-2.0-only
/* mmscope faults --events: each fault as it ends. */
#include <inttypes.h>
#include <time.h>
#include "cmd/faults_event_rows.h"
#include "cmd/faults_run.h"

/* In the order of the ring: of each CPU in the order of time. */
static void tell_events(struct faults_run *r, const struct mms_fault_event *e, size_t nr)
{
	out_begin(r->events);
	faults_event_rows(r->events, e, nr, r->args->opts.around);
	out_end(r->events);
}

#define TRIES 100

/*
 * To be read again after the last one: a fault may have been ending, and in a system-wide run
 * the snapshot itself makes some. Without new ones they soon agree.
 */
static int read_rest(struct faults_run *r, struct faults_snap *end)
{
	struct timespec moment = {.tv_nsec = 1000000};
	unsigned int i;
	int err;

	for (i = 0;; i++) {
		faults_drain(r);
		err = faults_snap(r->f, &r->begin, end);
		if (err || end->losses.events == r->nr_read || i == TRIES)
			return err;
		faults_snap_free(end);
		nanosleep(&moment, NULL);
	}
}

/* Events take the place of counts; what was lost is said all the same. */
static int conclude(struct faults_run *r)
{
	struct faults_snap end;
	struct faults_span span = {.begin = &r->start, .end = &end, .period = 1};
	struct out *o = r->events;
	int err = 0;

	mms_faults_stop(r->f);
	if (r->counting)
		err = faults_report_span(r);
	if (!err)
		err = read_rest(r, &end);
	if (err)
		return err;
	out_begin(o);
	out_num(o, "streamed", "events", OUT_COUNT, r->nr_read);
	out_num(o, "events_dropped", NULL, OUT_COUNT, end.losses.dropped_ring_full + r->nr_dropped);
	if (r->nr_other_kinds)
		out_num(o, "other_kinds", "of other kinds", OUT_COUNT, r->nr_other_kinds);
	faults_report_in_flight(o, r->f);
	faults_report_identity(o, &end.losses);
	faults_report_missing(o, r->f);
	cost_report(o, &span.begin->cost, &span.end->cost, r->args->verbose);
	faults_report_losses(o, &end.losses);
	if (r->nr_dropped)
		out_note(o, "lost: %" PRIu64 " events, no memory for them here", r->nr_dropped);
	out_end(o);
	faults_snap_free(&end);
	return 0;
}

int faults_stream(struct faults_run *r)
{
	const struct watch *w = &r->watch;

	r->tell = tell_events;
	faults_wait(r, w->interval_ns && w->count ? watch_now_ns() + w->interval_ns * w->count : 0);
	return conclude(r);
}
