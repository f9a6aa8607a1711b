// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report of a span: rows, totals, the kernel's own figures, losses, costs. Must
 * not know where the output goes, nor how the counting was set up.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "cmd/faults_report.h"
#include "cmd/watch.h"
#include "model/fault_words.h"

int faults_view_open(struct faults_view *v, const struct faults_args *args)
{
	v->args = args;
	faults_table_init(&v->rows, args);
	faults_table_init_hist(&v->hist, args);
	v->names = faults_names_open();
	return v->names ? 0 : -ENOMEM;
}

void faults_view_close(struct faults_view *v)
{
	faults_names_close(v->names);
	v->names = NULL;
}

/* The kernel's own count of the command, from its execve on, beside ours. */
void faults_report_rusage(struct out *o, const struct faults_span *span, uint64_t minor,
			  uint64_t major)
{
	uint64_t ru_minor = (uint64_t)span->rusage->ru_minflt - span->execd->min_flt;
	uint64_t ru_major = (uint64_t)span->rusage->ru_majflt - span->execd->maj_flt;
	int64_t diff = (int64_t)(minor + major) - (int64_t)(ru_minor + ru_major);

	out_num(o, "rusage_minflt", "rusage minflt", OUT_COUNT, ru_minor);
	out_num(o, "rusage_majflt", "rusage majflt", OUT_COUNT, ru_major);
	if (span->period > 1) {
		out_str(o, "rusage_difference", NULL, NULL);
	} else {
		out_real(o, "rusage_difference", NULL, OUT_REAL, (double)diff);
		if (diff)
			out_note(
				o,
				"counted %+" PRId64
				" against rusage: faults of children that nobody waited for count here only, lost ones there only",
				diff);
	}
	if (WIFEXITED(span->status))
		out_num(o, "exit_status", NULL, OUT_COUNT, (uint64_t)WEXITSTATUS(span->status));
	else if (WIFSIGNALED(span->status))
		out_num(o, "signal", "killed by signal", OUT_COUNT,
			(uint64_t)WTERMSIG(span->status));
}

/**
 * faults_report_losses() - one note per way in which something was lost
 * @o: output, in an object
 * @l: of the span
 */
void faults_report_losses(struct out *o, const struct mms_fault_losses *l)
{
	watch_note_lost(o, l->dropped_map_full, "faults, no room in the kernel's map");
	watch_note_lost(o, l->dropped_ring_full,
			"events, the ring was full (the counts have them)");
	watch_note_lost(o, l->missed_recursion, "program runs skipped by the kernel (recursion)");
	watch_note_lost(o, l->missed_entry, "faults whose entry was missed");
	watch_note_lost(o, l->missed_return, "faults whose return was missed");
	watch_note_lost(o, l->missed_probe,
			"calls or returns that the kprobes missed, all processes");
	watch_note_lost(o, l->missed_child, "children not followed, no room in the kernel's map");
	watch_note_lost(o, l->walk_failed, "table entries unreadable, taken as absent");
	watch_note_lost(o, l->stack_lost, "stacks (their faults are counted)");
}

/**
 * faults_report_identity() - seen = stored + filtered + sampled out + dropped
 * @o: output, in an object
 * @l: of the span
 */
void faults_report_identity(struct out *o, const struct mms_fault_losses *l)
{
	out_num(o, "retries", "retries joined", OUT_COUNT, l->retries);
	watch_report_identity(o, &(struct watch_identity){
					 .seen = l->seen,
					 .stored = l->stored,
					 .filtered = l->filtered,
					 .sampled_out = l->sampled_out,
					 .dropped = l->dropped_map_full + l->missed_entry,
				 });
	out_num(o, "dropped_map_full", NULL, OUT_COUNT, l->dropped_map_full);
	out_num(o, "dropped_ring_full", NULL, OUT_COUNT, l->dropped_ring_full);
	out_num(o, "missed_recursion", NULL, OUT_COUNT, l->missed_recursion);
	out_num(o, "missed_entry", NULL, OUT_COUNT, l->missed_entry);
	out_num(o, "missed_return", NULL, OUT_COUNT, l->missed_return);
	out_num(o, "missed_probe", NULL, OUT_COUNT, l->missed_probe);
	out_num(o, "missed_child", NULL, OUT_COUNT, l->missed_child);
	out_num(o, "walk_failed", NULL, OUT_COUNT, l->walk_failed);
	out_num(o, "stack_lost", NULL, OUT_COUNT, l->stack_lost);
}

/**
 * faults_report_missing() - how it was attached, and what that cannot tell
 * @o: output, in an object
 * @f: from mms_faults_open()
 */
void faults_report_missing(struct out *o, struct mms_faults *f)
{
	const char *lack;
	size_t i;

	out_str(o, "attach", "attached by", mms_faults_attach_kind(f));
	for (i = 0; (lack = mms_faults_missing(f, i)); i++)
		out_note(o, "%s", lack);
}

static const struct out_col flight_cols[] = {
	{"pid", "PID", OUT_COUNT, 7},	      {"tid", "TID", OUT_COUNT, 7},
	{"comm", "COMM", OUT_STR, -15},	      {"addr", "ADDRESS", OUT_HEX, 14},
	{"ns", "SO FAR", OUT_NS, 8},	      {"origin", "ORIGIN", OUT_STR, -7},
	{"retries", "RETRIES", OUT_COUNT, 7},
};

static void flight_row(struct out *o, const struct mms_fault_open *f)
{
	out_row(o);
	out_cell_num(o, (uint64_t)f->tgid);
	out_cell_num(o, (uint64_t)f->tid);
	out_cell_str(o, f->comm);
	out_cell_num(o, f->addr);
	out_cell_num(o, f->ns);
	out_cell_str(o, model_origin_name(f->origin));
	out_cell_num(o, f->links);
}

/* A fault is counted when it ends: one that is stuck would be in no figure. */
void faults_report_in_flight(struct out *o, struct mms_faults *f)
{
	struct mms_fault_open *v;
	uint64_t ns = 0;
	size_t nr, i;

	if (mms_faults_open_list(f, &v, &nr))
		return;
	for (i = 0; i < nr; i++)
		ns += v[i].ns;
	out_num(o, "in_flight", "not yet ended", OUT_COUNT, nr);
	out_num(o, "in_flight_ns", NULL, OUT_NS, ns);
	if (nr) {
		out_table(o, "in_flight_faults", flight_cols,
			  sizeof(flight_cols) / sizeof(flight_cols[0]));
		for (i = 0; i < nr; i++)
			flight_row(o, &v[i]);
		out_table_end(o);
	}
	free(v);
}

/* What the kernel counted of the whole machine, beside ours. */
static void report_vmstat(struct out *o, const struct faults_span *span, uint64_t all,
			  uint64_t refused, const struct mms_fault_losses *l)
{
	const struct faults_snap *a = span->begin, *b = span->end;
	uint64_t faults = b->pgfault - a->pgfault;
	int64_t diff = (int64_t)faults - (int64_t)(all - refused);

	if (a->pgfault == MMS_NO_VALUE || b->pgfault == MMS_NO_VALUE)
		return;
	out_num(o, "vmstat_pgfault", NULL, OUT_COUNT, faults);
	out_num(o, "vmstat_pgmajfault", NULL, OUT_COUNT, b->pgmajfault - a->pgmajfault);
	out_real(o, "vmstat_difference", NULL, OUT_REAL, (double)diff);
	if (diff)
		out_note(
			o,
			"vmstat's pgfault differs by %+" PRId64
			": it is read a little earlier; some kernels count each retry (here %" PRIu64
			")",
			diff, l->retries);
}

static void report_totals(struct out *o, const struct faults_view *v,
			  const struct faults_span *span, const struct mms_fault_losses *l,
			  const struct model_fault *total)
{
	bool sampled = span->period > 1;
	uint64_t all = sampled ? l->stored + l->sampled_out : total->sum[MODEL_SUM_COUNT];
	const struct mms_fault_opts *opts = &v->args->opts;

	out_num(o, "faults", "total", OUT_COUNT, all);
	out_num(o, "minflt", sampled ? "minflt, about" : "minflt", OUT_COUNT,
		total->sum[MODEL_SUM_MINOR]);
	out_num(o, "majflt", sampled ? "majflt, about" : "majflt", OUT_COUNT,
		total->sum[MODEL_SUM_MAJOR]);
	if (sampled)
		out_note(
			o,
			"sampled: at times one fault of %u was looked at; counts with ~, times and bytes stand for all, the total is exact",
			span->period);
	if (span->rusage)
		faults_report_rusage(o, span, total->sum[MODEL_SUM_MINOR],
				     total->sum[MODEL_SUM_MAJOR]);
	if (!opts->tgid && !opts->tid && !opts->cgroup_id &&
	    (!v->args->watch.command || v->args->whole))
		report_vmstat(o, span, all, total->sum[MODEL_SUM_UNTIMED], l);
}

/* Pages that were read from swap before anybody asked for them, of the whole machine. */
static void report_swap_ahead(struct out *o, const struct faults_span *span)
{
	const struct faults_snap *a = span->begin, *b = span->end;

	if (a->swap_ra == MMS_NO_VALUE || a->swap_ra_hit == MMS_NO_VALUE)
		return;
	out_num(o, "vmstat_swap_ra", "swap read-ahead, whole system", OUT_COUNT,
		b->swap_ra - a->swap_ra);
	out_num(o, "vmstat_swap_ra_hit", "of these, hit later", OUT_COUNT,
		b->swap_ra_hit - a->swap_ra_hit);
}

struct report_rows {
	struct model_faults rows;
	struct model_fault total, kinds, others;
};

/* Return: 0 or -ENOMEM. */
static int make_rows(const struct faults_view *v, const struct faults_span *span,
		     struct report_rows *r)
{
	struct model_faults came;
	int err = model_faults_since(&span->begin->counts, &span->end->counts, &came);

	if (err)
		return err;
	model_faults_total(&came, &r->total);
	model_faults_only(&came, v->args->kinds, &r->kinds);
	err = model_faults_by(&came, v->args->by, &r->rows);
	model_faults_free(&came);
	if (err)
		return err;
	model_faults_order(&r->rows, v->args->sort);
	model_faults_top(&r->rows, v->args->top, &r->others);
	return 0;
}

typedef void (*row_fn)(struct out *o, const struct faults_table *t, const struct faults_base *b,
		       struct faults_names *names, const struct model_fault *f);

static void put_rows(struct out *o, const struct faults_view *v, const struct faults_table *t,
		     const struct faults_base *base, const struct report_rows *r, row_fn row)
{
	size_t i;

	out_table(o, t->name, t->cols, t->nr);
	for (i = 0; i < r->rows.nr; i++)
		row(o, t, base, v->names, &r->rows.v[i]);
	if (r->others.rest)
		row(o, t, base, v->names, &r->others);
	if (r->kinds.rest)
		row(o, t, base, v->names, &r->kinds);
	out_table_end(o);
}

/* "process,kind" */
static void report_by(struct out *o, const struct faults_args *a)
{
	char text[128] = "";
	size_t i, len = 0;

	for (i = 0; i < a->nr_keys; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? "," : "",
					faults_key_name(a->keys[i]));
	out_str(o, "by", NULL, text);
}

int faults_report(struct out *o, struct mms_faults *f, const struct faults_view *v,
		  const struct faults_span *span)
{
	struct mms_fault_losses l = faults_losses_since(span->begin, span->end);
	struct report_rows r = {};
	struct faults_base base = {
		.n = span->n,
		.wall_ns = span->end->ns - span->begin->ns,
		.period = span->period,
	};
	int err = make_rows(v, span, &r);

	if (err)
		return err;
	base.all = r.total.sum[MODEL_SUM_COUNT];
	faults_names_refresh(v->names);
	out_begin(o);
	out_num(o, "interval", NULL, OUT_COUNT, span->n);
	out_num(o, "span_ns", NULL, OUT_NS, base.wall_ns);
	report_by(o, v->args);
	put_rows(o, v, &v->rows, &base, &r, faults_table_row);
	if (v->args->hist)
		put_rows(o, v, &v->hist, &base, &r, faults_table_hist);
	report_totals(o, v, span, &l, &r.total);
	if (v->args->opts.around)
		report_swap_ahead(o, span);
	if (span->used)
		faults_used_report(span->used, o);
	faults_report_in_flight(o, f);
	faults_report_identity(o, &l);
	faults_report_missing(o, f);
	cost_report(o, &span->begin->cost, &span->end->cost, v->args->verbose);
	faults_report_losses(o, &l);
	out_end(o);
	model_faults_free(&r.rows);
	return 0;
}
