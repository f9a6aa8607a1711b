// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bills as rows: columns, and how each comes from the sums. Must not gather
 * anything; mappings are in cow_maps.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cmd/cow_report.h"
#include "cmd/faults_report.h"
#include "cmd/watch.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))

/* Kinds of which pages and bytes of parent, child, and parent after the child's end are given. */
#define PART_COLS(part)                                                                         \
	{part "_copied_pages", NULL, OUT_COUNT, 0}, {part "_copied_bytes", NULL, OUT_BYTES, 0}, \
		{part "_reused_pages", NULL, OUT_COUNT, 0},                                     \
		{part "_reused_bytes", NULL, OUT_BYTES, 0},                                     \
		{part "_filled_pages", NULL, OUT_COUNT, 0},                                     \
		{part "_filled_bytes", NULL, OUT_BYTES, 0},                                     \
		{part "_file_copied_bytes", NULL, OUT_BYTES, 0},                                \
		{part "_ksm_copied_bytes", NULL, OUT_BYTES, 0},                                 \
		{part "_swap_read_pages", NULL, OUT_COUNT, 0},                                  \
		{part "_swap_written_pages", NULL, OUT_COUNT, 0},                               \
		{part "_hugetlb_bytes", NULL, OUT_BYTES, 0},                                    \
	{                                                                                       \
		part "_ns", NULL, OUT_NS, 0                                                     \
	}

static const struct out_col fork_cols[] = {
	{"interval", NULL, OUT_COUNT, 0},
	{"fork_ns", NULL, OUT_COUNT, 0},      /* CLOCK_MONOTONIC */
	{"fork_time_ns", NULL, OUT_COUNT, 0}, /* CLOCK_REALTIME */
	{"fork_time", "FORKED", OUT_STR, -8},
	{"age_ns", "AGE", OUT_NS, 7},
	{"pid", "CHILD", OUT_COUNT, 7},
	{"parent_pid", "PARENT", OUT_COUNT, 7},
	{"parent_gone", NULL, OUT_BOOL, 0},
	{"generation", "GEN", OUT_COUNT, 3},
	{"family_pid", NULL, OUT_COUNT, 0},
	{"state", "STATE", OUT_STR, -6},
	{"forked_before", NULL, OUT_BOOL, 0},
	{"comm", "COMM", OUT_STR, -15},
	{"parent_bytes", "P-COPY", OUT_BYTES, 6},
	{"child_bytes", "C-COPY", OUT_BYTES, 6},
	{"new_bytes", "C-NEW", OUT_BYTES, 6},
	{"reused_bytes", "REUSED", OUT_BYTES, 6},
	{"bytes", "BILL", OUT_BYTES, 6},
	{"bytes_per_s", "BILL/s", OUT_BYTES, 7},
	{"fault_ns", "TIME", OUT_NS, 7},
	{"shared_pages", NULL, OUT_COUNT, 0},
	{"shared_bytes", "SHARED", OUT_BYTES, 6},
	{"private_bytes", "PRIVATE", OUT_BYTES, 7},
	{"private_basis", NULL, OUT_STR, 0},
	{"private_by_faults_bytes", NULL, OUT_BYTES, 0},
	{"swapped_bytes", NULL, OUT_BYTES, 0},
	{"zero_bytes", NULL, OUT_BYTES, 0},
	{"ksm_bytes", NULL, OUT_BYTES, 0},
	PART_COLS("parent"),
	PART_COLS("child"),
	PART_COLS("after"),
};

static const struct out_col process_cols[] = {
	{"interval", NULL, OUT_COUNT, 0},
	{"pid", "PID", OUT_COUNT, 7},
	{"parent_pid", "PARENT", OUT_COUNT, 7},
	{"generation", "GEN", OUT_COUNT, 3},
	{"family_pid", "FAMILY", OUT_COUNT, 7},
	{"state", "STATE", OUT_STR, -6},
	{"comm", "COMM", OUT_STR, -15},
	{"copied_bytes", "COPIED", OUT_BYTES, 6},
	{"reused_bytes", "REUSED", OUT_BYTES, 6},
	{"filled_bytes", "NEW", OUT_BYTES, 6},
	{"fault_ns", "TIME", OUT_NS, 7},
	{"shared_bytes", "SHARED", OUT_BYTES, 6},
	{"private_bytes", "PRIVATE", OUT_BYTES, 7},
	{"swapped_bytes", NULL, OUT_BYTES, 0},
	{"zero_bytes", NULL, OUT_BYTES, 0},
	{"ksm_bytes", NULL, OUT_BYTES, 0},
	PART_COLS("own"),
};

/* Time in faults that copied, filled or reused. */
static uint64_t sum_ns(const struct model_cow_sum *s)
{
	return s->ns[MMS_BILL_COPIED] + s->ns[MMS_BILL_FILE_COPIED] + s->ns[MMS_BILL_KSM_COPIED] +
	       s->ns[MMS_BILL_REUSED] + s->ns[MMS_BILL_FILLED];
}

static void part_cells(struct out *o, const struct model_cow_sum *s)
{
	out_cell_num(o, s->nr[MMS_BILL_COPIED]);
	out_cell_num(o, s->bytes[MMS_BILL_COPIED]);
	out_cell_num(o, s->nr[MMS_BILL_REUSED]);
	out_cell_num(o, s->bytes[MMS_BILL_REUSED]);
	out_cell_num(o, s->nr[MMS_BILL_FILLED]);
	out_cell_num(o, s->bytes[MMS_BILL_FILLED]);
	out_cell_num(o, s->bytes[MMS_BILL_FILE_COPIED]);
	out_cell_num(o, s->bytes[MMS_BILL_KSM_COPIED]);
	out_cell_num(o, s->nr[MMS_BILL_SWAP_READ]);
	out_cell_num(o, s->nr[MMS_BILL_SWAP_WRITTEN]);
	out_cell_num(o, s->bytes[MMS_BILL_HUGETLB]);
	out_cell_num(o, sum_ns(s));
}

static void time_cells(struct out *o, const struct cow_row *r, uint64_t now)
{
	const struct model_bill *b = r->bill;
	struct timespec real;
	uint64_t at;
	char hms[16] = "";
	struct tm tm;
	time_t s;

	clock_gettime(CLOCK_REALTIME, &real);
	at = (uint64_t)real.tv_sec * 1000000000ULL + (uint64_t)real.tv_nsec -
	     (watch_now_ns() - b->fork_ns);
	s = (time_t)(at / 1000000000ULL);
	if (localtime_r(&s, &tm))
		strftime(hms, sizeof(hms), "%H:%M:%S", &tm);
	out_cell_num(o, b->fork_ns);
	out_cell_num(o, at);
	out_cell_str(o, hms);
	out_cell_num(o, (b->end_ns ? b->end_ns : now) - b->fork_ns);
}

/* What the private memory is known by. */
static const char *basis(const struct cow_row *r)
{
	if (r->looked)
		return "pages";
	if (r->bill->scanned)
		return "pages+faults";
	return r->bill->crowded || r->bill->found ? "estimate" : "faults";
}

static void share_cells(struct out *o, bool looked, const struct mms_share *s)
{
	out_cell_num_if(o, looked, s->swapped);
	out_cell_num_if(o, looked, s->zero);
	out_cell_num_if(o, looked, s->ksm);
}

static void fork_row(struct out *o, const struct cow_row *r, const struct cow_span *span)
{
	const struct model_bill *b = r->bill;
	const struct model_cow_sum *parent = &r->sums[MODEL_PART_PARENT],
				   *child = &r->sums[MODEL_PART_CHILD],
				   *after = &r->sums[MODEL_PART_TAIL];

	out_row(o);
	out_cell_num(o, span->n);
	time_cells(o, r, span->rows->ns);
	out_cell_num(o, (uint64_t)b->pid);
	out_cell_num(o, (uint64_t)b->parent);
	out_cell_num(o, b->parent_gone);
	out_cell_num(o, b->generation);
	out_cell_num(o, (uint64_t)b->root);
	out_cell_str(o, model_bill_state_name(b->state));
	out_cell_num(o, b->found);
	out_cell_str(o, r->comm);
	out_cell_num(o, parent->bytes[MMS_BILL_COPIED] + after->bytes[MMS_BILL_COPIED]);
	out_cell_num(o, child->bytes[MMS_BILL_COPIED] + child->bytes[MMS_BILL_FILE_COPIED] +
				child->bytes[MMS_BILL_KSM_COPIED]);
	out_cell_num(o, child->bytes[MMS_BILL_FILLED]);
	out_cell_num(o, parent->bytes[MMS_BILL_REUSED] + child->bytes[MMS_BILL_REUSED] +
				after->bytes[MMS_BILL_REUSED]);
	out_cell_num(o, r->bytes);
	out_cell_num(o, (uint64_t)(r->per_s + 0.5));
	out_cell_num(o, parent->ns[MMS_BILL_COPIED] + parent->ns[MMS_BILL_REUSED] +
				after->ns[MMS_BILL_COPIED] + after->ns[MMS_BILL_REUSED] +
				sum_ns(child));
	out_cell_num_if(o, r->looked, r->look.bytes.shared / 4096);
	out_cell_num_if(o, r->looked, r->look.bytes.shared);
	out_cell_num(o, model_cow_private(b, r->sums));
	out_cell_str(o, basis(r));
	out_cell_num(o, r->own);
	share_cells(o, r->looked, &r->look.bytes);
	part_cells(o, parent);
	part_cells(o, child);
	part_cells(o, after);
}

static void process_row(struct out *o, const struct model_member *m, const struct cow_span *span)
{
	const struct model_cow_sum *s = &m->sum;
	struct mms_share_look look = {0};
	bool looked = span->look && m->state == MODEL_BILL_LIVE && !mms_share_read(m->pid, &look);

	out_row(o);
	out_cell_num(o, span->n);
	out_cell_num(o, (uint64_t)m->pid);
	out_cell_num_if(o, m->parent, (uint64_t)m->parent);
	out_cell_num(o, m->generation);
	out_cell_num(o, (uint64_t)m->root);
	out_cell_str(o, model_bill_state_name(m->state));
	out_cell_str(o, m->comm);
	out_cell_num(o, s->bytes[MMS_BILL_COPIED] + s->bytes[MMS_BILL_FILE_COPIED] +
				s->bytes[MMS_BILL_KSM_COPIED]);
	out_cell_num(o, s->bytes[MMS_BILL_REUSED]);
	out_cell_num(o, s->bytes[MMS_BILL_FILLED]);
	out_cell_num(o, sum_ns(s));
	out_cell_num_if(o, looked, look.bytes.shared);
	out_cell_num_if(o, looked, look.bytes.private);
	share_cells(o, looked, &look.bytes);
	part_cells(o, s);
	mms_share_deinit(&look);
}

static void report_processes(struct out *o, const struct model_member *v, size_t nr,
			     const struct cow_span *span)
{
	size_t i;

	out_table(o, "processes", process_cols, NR(process_cols));
	for (i = 0; i < nr; i++)
		process_row(o, &v[i], span);
	out_table_end(o);
}

static void report_totals(struct out *o, const struct cow_span *span)
{
	const struct cow_rows *rows = span->rows;
	uint64_t bytes = rows->bytes_left_out;
	size_t i;

	for (i = 0; i < rows->nr; i++)
		bytes += rows->v[i].bytes;
	out_num(o, "nr_forks", NULL, OUT_COUNT, rows->nr + rows->nr_left_out);
	out_num(o, "bytes", NULL, OUT_BYTES, bytes);
	out_num(o, "left_out", NULL, OUT_COUNT, rows->nr_left_out);
	out_num(o, "left_out_bytes", NULL, OUT_BYTES, rows->bytes_left_out);
	if (span->look) {
		out_num(o, "look_ns", NULL, OUT_NS, rows->look_ns);
		out_num(o, "look_pages", NULL, OUT_COUNT, rows->look_pages);
	}
	if (!rows->nr && !rows->nr_left_out)
		out_note(o, "no fork of what is watched");
	if (rows->nr_left_out)
		out_note(o, "%zu more forks, with %" PRIu64 " bytes together", rows->nr_left_out,
			 rows->bytes_left_out);
	if (rows->blind)
		out_note(
			o,
			"frames are hidden from this user: zero pages and those of KSM count as shared");
}

void cow_report_identity(struct out *o, const struct mms_fault_losses *l)
{
	out_num(o, "retries", NULL, OUT_COUNT, l->retries);
	watch_report_identity(o, &(struct watch_identity){
					 .seen = l->seen,
					 .stored = l->stored,
					 .filtered = l->filtered,
					 .sampled_out = UINT64_MAX,
					 .dropped = l->dropped_map_full + l->missed_entry,
				 });
	out_num(o, "dropped_map_full", NULL, OUT_COUNT, l->dropped_map_full);
	out_num(o, "missed_recursion", NULL, OUT_COUNT, l->missed_recursion);
	out_num(o, "missed_entry", NULL, OUT_COUNT, l->missed_entry);
	out_num(o, "missed_return", NULL, OUT_COUNT, l->missed_return);
	out_num(o, "missed_probe", NULL, OUT_COUNT, l->missed_probe);
	out_num(o, "missed_child", NULL, OUT_COUNT, l->missed_child);
	out_num(o, "walk_failed", NULL, OUT_COUNT, l->walk_failed);
	out_num(o, "stack_lost", NULL, OUT_COUNT, l->stack_lost);
}

/* How it was attached, and once what that cannot tell. */
void cow_report_attach(struct out *o, struct mms_faults *f, const struct cow_span *span)
{
	const char *lack;
	size_t i;

	out_str(o, "attach", NULL, mms_faults_attach_kind(f));
	for (i = 0; span->n == 1 && (lack = mms_faults_missing(f, i)); i++)
		out_note(o, "%s", lack);
}

void cow_report_losses(struct out *o, const struct model_cow *c, const struct cow_span *span)
{
	faults_report_losses(o, &span->losses);
	watch_note_lost(o, span->lost_moments, "forks or ends of processes, not read in time");
	/* As of now, as the bills: one that is told of late takes its faults back. */
	out_num(o, "orphans", NULL, OUT_COUNT, model_cow_orphans(c));
	watch_note_lost(o, model_cow_orphans(c), "faults after a fork or an end that was not seen");
}

int cow_report(struct out *o, struct mms_faults *f, struct mms_bills *b, struct model_cow *c,
	       const struct cow_span *span)
{
	struct model_member *members = NULL;
	size_t nr = 0, i;
	int err = 0;

	if (span->each)
		err = model_cow_members(c, &members, &nr);
	if (err)
		return err;
	out_begin(o);
	out_num(o, "interval", NULL, OUT_COUNT, span->n);
	out_num(o, "span_ns", NULL, OUT_NS, span->ns);
	out_table(o, "forks", fork_cols, NR(fork_cols));
	for (i = 0; i < span->rows->nr; i++)
		fork_row(o, &span->rows->v[i], span);
	out_table_end(o);
	if (span->each)
		report_processes(o, members, nr, span);
	if (span->by_vma)
		err = cow_report_maps(o, b, c, span);
	report_totals(o, span);
	cow_report_identity(o, &span->losses);
	cow_report_attach(o, f, span);
	cost_report(o, &span->begin, &span->end, span->verbose);
	cow_report_losses(o, c, span);
	out_end(o);
	free(members);
	return err;
}
