// SPDX-License-Identifier: GPL-2.0-only
/* The rows of mmscope faults --events: one for each fault. Must not know where they come from. */
#include <stdio.h>
#include <string.h>
#include "cmd/faults_event_rows.h"
#include "cmd/faults_opts.h"
#include "model/fault_words.h"

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

/* What only a look at the tables tells. */
static void entry_cells(struct out *o, const struct mms_fault_event *e, bool walked, bool around)
{
	out_cell_num_if(o, walked, e->bytes);
	out_cell_num_if(o, walked && around, e->around);
	if (out_cells_left_out(o, 8))
		return;
	out_cell_num_if(o, walked, e->links);
	out_cell_num_if(o, walked, e->flags);
	out_cell_num_if(o, walked, e->ret);
	out_cell_num_if(o, e->ip, e->ip);
	out_cell_num_if(o, walked, e->before);
	out_cell_num_if(o, walked, e->level_before);
	out_cell_num_if(o, walked, e->after);
	out_cell_num_if(o, walked, e->level_after);
}

/* Neighbours are mostly of one file. */
static const char *dev_name(__u32 dev)
{
	static char name[24];
	static __u32 named;

	if (!name[0] || named != dev)
		snprintf(name, sizeof(name), "%u:%u", dev >> 20, dev & 0xfffff);
	named = dev;
	return name;
}

/* Is it known which mapping it was? */
static bool placed(const struct mms_fault_event *e)
{
	return e->level_before && (e->vm_start || e->vm_end);
}

static void place_cells(struct out *o, const struct mms_fault_event *e, bool walked)
{
	if (out_cells_left_out(o, 7))
		return;
	out_cell_num_if(o, placed(e), e->vm_start);
	out_cell_num_if(o, placed(e), e->vm_end);
	out_cell_num_if(o, walked, e->vm_flags);
	out_cell_num_if(o, placed(e), e->pgoff);
	out_cell_str(o, e->ino ? dev_name(e->dev) : NULL);
	out_cell_num_if(o, e->ino, e->ino);
	out_cell_num(o, e->cgroup_id);
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
	out_cell_str(o, walked ? model_origin_name(e->origin) : NULL);
	out_cell_str(o, placed(e) ? model_segment_name(e->segment) : NULL);
	out_cell_num_if(o, walked, e->ns);
	entry_cells(o, e, walked, around);
	place_cells(o, e, walked);
	out_cell_str(o, e->name[0] ? e->name : NULL);
}

/* In the order of the ring: of each CPU in the order of time. */
void faults_event_rows(struct out *o, const struct mms_fault_event *e, size_t nr, bool around)
{
	static struct out_col cols[2]
				  [NR_COLS]; /* where they are tells out.h that they are the same */
	size_t i;

	if (!cols[around][0].key) {
		memcpy(cols[around], columns, sizeof(columns));
		if (!around)
			cols[around][AROUND].head = NULL;
	}
	out_table(o, "events", cols[around], NR_COLS);
	for (i = 0; i < nr; i++)
		event_row(o, &e[i], around);
	out_table_end(o);
}
