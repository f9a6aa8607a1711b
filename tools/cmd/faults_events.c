// SPDX-License-Identifier: GPL-2.0-only
/* mmscope faults --events: each fault as it ends. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cmd/faults_run.h"

#define AROUND 10 /* a column that text has on request */

static const struct out_col columns[] = {
	{"ts_ns", NULL, OUT_COUNT, 0}, /* CLOCK_MONOTONIC */
	{"pid", "PID", OUT_COUNT, 7},	     {"tid", "TID", OUT_COUNT, 7},
	{"comm", "COMM", OUT_STR, -15},	     {"addr", "ADDRESS", OUT_HEX, 14},
	{"kind", "KIND", OUT_STR, -14},	     {"origin", "ORIGIN", OUT_STR, -6},
	{"segment", "SEGMENT", OUT_STR, -7}, {"ns", "LATENCY", OUT_NS, 7},
	{"bytes", NULL, OUT_BYTES, 0},	     [AROUND] = {"around_pages", "AROUND", OUT_COUNT, 6},
	{"retries", NULL, OUT_COUNT, 0},     {"flags", NULL, OUT_HEX, 0},
	{"ret", NULL, OUT_HEX, 0},	     {"ip", NULL, OUT_HEX, 0},
	{"before", NULL, OUT_HEX, 0},	     {"level_before", NULL, OUT_COUNT, 0},
	{"after", NULL, OUT_HEX, 0},	     {"level_after", NULL, OUT_COUNT, 0},
	{"vma_start", NULL, OUT_HEX, 0},     {"vma_end", NULL, OUT_HEX, 0},
	{"vm_flags", NULL, OUT_HEX, 0},	     {"pgoff", NULL, OUT_COUNT, 0},
	{"dev", NULL, OUT_STR, 0},	     {"inode", NULL, OUT_COUNT, 0},
	{"cgroup_id", NULL, OUT_COUNT, 0},   {"file", "FILE", OUT_STR, 0},
};

#define NR_COLS (sizeof(columns) / sizeof(columns[0]))

static struct out_col cols[NR_COLS];

static const char *const origins[] = {
#define ORIGIN_NAME(id, name) [MMS_ORIGIN_##id] = name,
	MMS_FAULT_ORIGINS(ORIGIN_NAME)
#undef ORIGIN_NAME
};

static const char *const segments[] = {
#define SEGMENT_NAME(id, name) [MMS_SEG_##id] = name,
	MMS_SEGMENTS(SEGMENT_NAME)
#undef SEGMENT_NAME
};

/* What only a look at the tables tells. */
static void entry_cells(struct out *o, const struct mms_fault_event *e, bool walked)
{
	out_cell_num_if(o, walked, e->links);
	out_cell_num_if(o, walked, e->flags);
	out_cell_num_if(o, walked, e->ret);
	out_cell_num_if(o, e->ip, e->ip);
	out_cell_num_if(o, walked, e->before);
	out_cell_num_if(o, walked, e->level_before);
	out_cell_num_if(o, walked, e->after);
	out_cell_num_if(o, walked, e->level_after);
}

static void place_cells(struct out *o, const struct mms_fault_event *e, bool walked)
{
	char dev[24];

	snprintf(dev, sizeof(dev), "%u:%u", e->dev >> 20, e->dev & 0xfffff);
	out_cell_num_if(o, walked, e->vm_start);
	out_cell_num_if(o, walked, e->vm_end);
	out_cell_num_if(o, walked, e->vm_flags);
	out_cell_num_if(o, walked, e->pgoff);
	out_cell_str(o, e->ino ? dev : NULL);
	out_cell_num_if(o, e->ino, e->ino);
	out_cell_num(o, e->cgroup_id);
	out_cell_str(o, e->name[0] ? e->name : NULL);
}

static void event_row(struct out *o, const struct mms_fault_event *e, bool around)
{
	bool walked = e->level_before; /* else refused before: only the signal was seen */

	out_row(o);
	out_cell_num(o, e->ts_ns);
	out_cell_num(o, e->tgid);
	out_cell_num(o, e->tid);
	out_cell_str(o, e->comm);
	out_cell_num(o, e->addr);
	out_cell_str(o, faults_kind_name(e->kind));
	out_cell_str(o, walked && e->origin < MMS_ORIGIN_NR ? origins[e->origin] : NULL);
	out_cell_str(o, walked && e->segment < MMS_SEG_NR ? segments[e->segment] : NULL);
	out_cell_num_if(o, walked, e->ns);
	out_cell_num_if(o, walked, e->bytes);
	out_cell_num_if(o, walked && around, e->around);
	entry_cells(o, e, walked);
	place_cells(o, e, walked);
}

/* In the order of the ring: of each CPU in the order of time. */
static void tell_events(struct faults_run *r, const struct mms_fault_event *e, size_t nr)
{
	size_t i;

	out_begin(r->events);
	out_table(r->events, "events", cols, NR_COLS);
	for (i = 0; i < nr; i++)
		event_row(r->events, &e[i], r->args->opts.around);
	out_table_end(r->events);
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

	memcpy(cols, columns, sizeof(cols));
	if (!a->opts.around)
		cols[AROUND].head = NULL;
	r->tell = tell_events;
	faults_wait(r,
		    a->interval_ns && a->count ? faults_now_ns() + a->interval_ns * a->count : 0);
	return conclude(r);
}
