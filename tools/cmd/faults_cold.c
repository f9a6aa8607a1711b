// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmscope faults --cold: what the start of a command brings in, and when. Faults come
 * from events, so each moment has exactly those that had ended; resident pages are
 * read from smaps at that moment.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/faults_run.h"
#include "collect/proc_segments.h"
#include "model/cold.h"
#include "model/table.h"

/**
 * struct cold - state of the curve
 * @sums: faults that ended before @until
 * @until: the moment being told; UINT64_MAX between moments
 * @later: events that ended after @until
 * @n: moments told
 */
struct cold {
	struct model_cold sums;
	uint64_t until;
	struct mms_list later;
	unsigned int n;
};

#define NR_SEGMENT_COLS MMS_SEG_NR

static const struct out_col cols[] = {
	{"at_ns", "AT", OUT_NS, 8},
	{"what", "WHAT", OUT_STR, -8},
	{"all", "ALL", OUT_COUNT, 7},
	[3 + MMS_SEG_TEXT] = {"text", "TEXT", OUT_COUNT, 6},
	[3 + MMS_SEG_DATA] = {"data", "DATA", OUT_COUNT, 6},
	[3 + MMS_SEG_BSS] = {"bss", "BSS", OUT_COUNT, 6},
	[3 + MMS_SEG_HEAP] = {"heap", "HEAP", OUT_COUNT, 6},
	[3 + MMS_SEG_STACK] = {"stack", "STACK", OUT_COUNT, 6},
	[3 + MMS_SEG_VDSO] = {"vdso", "VDSO", OUT_COUNT, 6},
	[3 + MMS_SEG_HUGETLB] = {"hugetlb", "HUGETLB", OUT_COUNT, 7},
	[3 + MMS_SEG_SHMEM] = {"shmem", "SHMEM", OUT_COUNT, 6},
	[3 + MMS_SEG_FILE] = {"file", "FILE", OUT_COUNT, 6},
	[3 + MMS_SEG_ANON] = {"anon", "ANON", OUT_COUNT, 6},
};

static void take_event(struct faults_run *r, struct cold *c, const struct mms_fault_event *e)
{
	struct mms_fault_event *later;

	if (e->ts_ns + e->ns <= c->until) {
		model_cold_add(&c->sums, e, (uint32_t)r->watch.cmd.pid);
		return;
	}
	later = model_list_add(&c->later, sizeof(*later));
	if (later)
		*later = *e;
	else
		r->nr_dropped++;
}

static void take_events(struct faults_run *r, const struct mms_fault_event *e, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		take_event(r, r->tell_ctx, &e[i]);
}

/* The moment has been told: what ended after it counts from now on. */
static void go_on(struct faults_run *r, struct cold *c)
{
	const struct mms_fault_event *e = c->later.v;
	size_t i;

	c->until = UINT64_MAX;
	for (i = 0; i < c->later.nr; i++)
		model_cold_add(&c->sums, &e[i], (uint32_t)r->watch.cmd.pid);
	c->later.nr = 0;
}

static void row(struct out *o, uint64_t at, const char *what, const uint64_t *v)
{
	size_t i;

	out_row(o);
	out_cell_num(o, at);
	out_cell_str(o, what);
	out_cell_num_if(o, v, v ? model_cold_sum(v) : 0);
	for (i = 0; i < MMS_SEG_NR; i++)
		out_cell_num_if(o, v, v ? v[i] : 0);
}

/* @resident: NULL if it is not known. */
static void table(struct out *o, const struct cold *c, uint64_t at, const uint64_t *resident)
{
	out_table(o, "segments", cols, sizeof(cols) / sizeof(cols[0]));
	row(o, at, "minor", c->sums.minor);
	row(o, at, "major", c->sums.major);
	row(o, at, "resident", resident);
	out_table_end(o);
}

static void begin_object(struct faults_run *r, struct cold *c, uint64_t now)
{
	out_begin(r->events);
	out_num(r->events, "moment", NULL, OUT_COUNT, ++c->n);
	out_num(r->events, "execve_ns", NULL, OUT_COUNT, r->execd.ns); /* CLOCK_MONOTONIC */
	out_num(r->events, "at_ns", NULL, OUT_NS, now - r->execd.ns);
}

/* One object. Memory that is being taken down, by exit or execve, is not known. */
static void tell_moment(struct faults_run *r, struct cold *c)
{
	uint64_t pages[MMS_SEG_NR], took;
	struct out *o = r->events;
	bool known;

	c->until = watch_now_ns();
	known = !mms_proc_segments(r->watch.cmd.pid, pages);
	took = watch_now_ns() - c->until;
	faults_drain(r);
	begin_object(r, c, c->until);
	out_num(o, "read_ns", NULL, OUT_NS, took);
	table(o, c, c->until - r->execd.ns, known ? pages : NULL);
	out_end(o);
	go_on(r, c);
}

/* The end: its faults are complete, its memory is gone. */
static int conclude(struct faults_run *r, struct cold *c)
{
	struct faults_snap end;
	struct faults_span span = {.begin = &r->start,
				   .end = &end,
				   .period = 1,
				   .rusage = &r->watch.rusage,
				   .execd = &r->execd,
				   .status = r->watch.status};
	struct model_fault total;
	struct out *o = r->events;
	int err = faults_snap(r->f, &r->start, &end);

	if (err)
		return err;
	model_faults_total(&end.counts, &total);
	begin_object(r, c, end.ns);
	table(o, c, end.ns - r->execd.ns, NULL);
	out_num(o, "minflt", "minflt", OUT_COUNT, total.sum[MODEL_SUM_MINOR]);
	out_num(o, "majflt", "majflt", OUT_COUNT, total.sum[MODEL_SUM_MAJOR]);
	out_num(o, "child_minflt", c->sums.child_minor ? "of these in children" : NULL, OUT_COUNT,
		c->sums.child_minor);
	out_num(o, "child_majflt", c->sums.child_major ? "major ones in children" : NULL, OUT_COUNT,
		c->sums.child_major);
	out_num(o, "failed", c->sums.failed ? "failed" : NULL, OUT_COUNT, c->sums.failed);
	if (r->watch.ended)
		faults_report_rusage(o, &span, total.sum[MODEL_SUM_MINOR],
				     total.sum[MODEL_SUM_MAJOR]);
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

int faults_cold(struct faults_run *r)
{
	struct cold c = {.until = UINT64_MAX};
	bool more = true;
	unsigned int i;
	int err;

	if (!r->execd.ns) /* the look-up failed: a moment ago is near */
		r->execd.ns = watch_now_ns();
	r->tell = take_events;
	r->tell_ctx = &c;
	for (i = 0; more; i++) {
		/* Moments that have passed by the time we are awake are not told twice. */
		if (r->execd.ns + model_cold_moment(i + 1) <= watch_now_ns())
			continue;
		more = faults_wait(r, r->execd.ns + model_cold_moment(i));
		if (more)
			tell_moment(r, &c);
	}
	faults_drain(r);
	err = conclude(r, &c);
	free(c.later.v);
	return err;
}
