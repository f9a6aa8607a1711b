// SPDX-License-Identifier: GPL-2.0-only
/* The report of `mmscope thp`. Must not parse, nor wait. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/thp_report.h"
#include "cmd/thp_rows.h"

#define NR(a)	   (sizeof(a) / sizeof((a)[0]))
#define FEW	   10 /* sorts of attempts that people are shown */
#define SMALL_PAGE 4096

/* The same sort of event of the same process. */
static int count_by_sort(const void *a, const void *b)
{
	const struct mms_thp_count *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	if (x->what != y->what)
		return x->what < y->what ? -1 : 1;
	if (x->by != y->by)
		return x->by < y->by ? -1 : 1;
	return (x->result > y->result) - (x->result < y->result);
}

static int count_by_number(const void *a, const void *b)
{
	const struct mms_thp_count *x = a, *y = b;

	return x->nr != y->nr ? (x->nr < y->nr ? 1 : -1) : count_by_sort(a, b);
}

/**
 * thp_snap_begin() - before the first event: nothing is in it
 * @s: filled in
 */
void thp_snap_begin(struct thp_snap *s)
{
	memset(s, 0, sizeof(*s));
	s->cost = cost_now();
	s->ns = s->cost.ns;
}

/**
 * thp_snap() - all counts as of now
 * @t: from mms_thp_open()
 * @s: filled in, released by thp_snap_free()
 * Return: 0 or -errno.
 */
int thp_snap(struct mms_thp *t, struct thp_snap *s)
{
	int err;

	thp_snap_begin(s);
	err = mms_thp_read(t, &s->counts, &s->nr);
	if (!err)
		err = mms_thp_losses(t, &s->losses);
	if (err)
		return err;
	qsort(s->counts, s->nr, sizeof(*s->counts), count_by_sort);
	s->cost.bpf = mms_thp_cost(t);
	return 0;
}

/**
 * thp_snap_free() - release a snapshot's memory
 * @s: empty again afterwards
 */
void thp_snap_free(struct thp_snap *s)
{
	free(s->counts);
	memset(s, 0, sizeof(*s));
}

/* What came in the span, most first. Return: NULL without memory. */
static struct mms_thp_count *span_counts(const struct thp_span *span, size_t *nr)
{
	const struct thp_snap *a = span->begin, *b = span->end;
	struct mms_thp_count *v = calloc(b->nr + 1, sizeof(*v));
	const struct mms_thp_count *old;
	size_t i;

	*nr = 0;
	for (i = 0; v && i < b->nr; i++) {
		v[*nr] = b->counts[i];
		old = a->nr ? bsearch(&v[*nr], a->counts, a->nr, sizeof(*v), count_by_sort) : NULL;
		v[*nr].nr -= old ? old->nr : 0;
		*nr += v[*nr].nr != 0;
	}
	if (v)
		qsort(v, *nr, sizeof(*v), count_by_number);
	return v;
}

static const char *name_of(pid_t pid, const char *comm)
{
	if (!pid)
		return "[no owner]";
	return comm[0] ? comm : NULL;
}

static const char *what_name(enum mms_thp_what what)
{
	static const char *const names[MMS_THP_NR_WHATS] = {
		[MMS_THP_SCAN] = "look",
		[MMS_THP_COLLAPSE] = "collapse",
		[MMS_THP_SMALLER] = "collapse-smaller",
		[MMS_THP_FILE] = "collapse-file",
		[MMS_THP_SPLIT_ENTRY] = "split-entry",
		[MMS_THP_SPLIT_FOLIO] = "split-folio",
		[MMS_THP_SPLIT_SMALLER] = "split-smaller",
	};

	return names[what];
}

static const char *by_name(const struct mms_thp_count *c)
{
	if (c->what < MMS_THP_SPLIT_ENTRY)
		return c->by == MMS_THP_BY_KERNEL ? "khugepaged" : "madvise";
	if (c->by == MMS_THP_BY_KERNEL)
		return "kernel";
	return c->by == MMS_THP_BY_OTHER ? "other" : "itself";
}

static const struct out_col process_cols[] = {
	{"pid", "PID", OUT_COUNT, 7},
	{"comm", "COMM", OUT_STR, -15},
	{"interval", NULL, OUT_COUNT, 0},
	{"khugepaged", "KHUGEPGD", OUT_COUNT, 8},
	{"madvise", "MADVISE", OUT_COUNT, 7},
	{"smaller", NULL, OUT_COUNT, 0},
	{"failed", "FAILED", OUT_COUNT, 6},
	{"refused", "REFUSED", OUT_COUNT, 7},
	{"split_entries", "SPLIT-E", OUT_COUNT, 7},
	{"split_folios", "SPLIT-F", OUT_COUNT, 7},
	{"split_smaller", NULL, OUT_COUNT, 0},
	{"split_failed", NULL, OUT_COUNT, 0},
	{"resident_bytes", "RESIDENT", OUT_BYTES, 9},
	{"huge_bytes", "HUGE", OUT_BYTES, 9},
	{"huge_pages_4k", "4K-PAGES", OUT_COUNT, 8},
	{"cover_percent", "COVER", OUT_PERCENT, 7},
	{"anon_huge_bytes", NULL, OUT_BYTES, 0},
	{"shmem_huge_bytes", NULL, OUT_BYTES, 0},
	{"file_huge_bytes", NULL, OUT_BYTES, 0},
};

static double cover_percent(const struct mms_cover *c)
{
	return c->rss ? 100.0 * (double)mms_cover_huge(c) / (double)c->rss : 0;
}

static void process_row(struct out *o, const struct thp_span *span, const struct thp_row *r)
{
	out_row(o);
	out_cell_num(o, (uint64_t)r->pid);
	out_cell_str(o, name_of(r->pid, r->comm));
	out_cell_num(o, span->n);
	out_cell_num(o, r->khugepaged);
	out_cell_num(o, r->madvise);
	out_cell_num(o, r->smaller);
	out_cell_num(o, r->failed);
	out_cell_num(o, r->refused);
	out_cell_num(o, r->entries);
	out_cell_num(o, r->folios);
	out_cell_num(o, r->folios_smaller);
	out_cell_num(o, r->folios_failed);
	out_cell_num_if(o, r->has_cover, r->cover.rss);
	out_cell_num_if(o, r->has_cover, mms_cover_huge(&r->cover));
	out_cell_num_if(o, r->has_cover, mms_cover_huge(&r->cover) / SMALL_PAGE);
	if (r->has_cover)
		out_cell_real(o, cover_percent(&r->cover));
	else
		out_cell_none(o);
	out_cell_num_if(o, r->has_cover, r->cover.anon);
	out_cell_num_if(o, r->has_cover, r->cover.shmem);
	out_cell_num_if(o, r->has_cover, r->cover.file);
}

static void report_processes(struct out *o, const struct thp_span *span,
			     const struct thp_rows *rows)
{
	size_t i;

	if (!rows->nr && span->for_people)
		return;
	out_table(o, "processes", process_cols, NR(process_cols));
	for (i = 0; i < rows->nr; i++)
		process_row(o, span, &rows->v[i]);
	out_table_end(o);
}

static const struct out_col attempt_cols[] = {
	{"pid", "PID", OUT_COUNT, 7},	  {"comm", "COMM", OUT_STR, -15},
	{"interval", NULL, OUT_COUNT, 0}, {"by", "BY", OUT_STR, -10},
	{"what", "WHAT", OUT_STR, -16},	  {"result", "RESULT", OUT_STR, -24},
	{"count", "COUNT", OUT_COUNT, 9},
};

static void report_attempts(struct out *o, const struct thp_span *span,
			    const struct mms_thp_count *v, size_t nr)
{
	size_t i, shown = 0, worth = 0;
	char result[48];

	for (i = 0; i < nr; i++)
		worth += !mms_thp_idle(&v[i]);
	if (!worth && span->for_people)
		return;
	out_table(o, "attempts", attempt_cols, NR(attempt_cols));
	for (i = 0; i < nr; i++) {
		if (span->for_people && (mms_thp_idle(&v[i]) || shown == FEW))
			continue;
		mms_thp_result_name(&v[i], result, sizeof(result));
		out_row(o);
		out_cell_num(o, (uint64_t)v[i].tgid);
		out_cell_str(o, name_of(v[i].tgid, v[i].comm));
		out_cell_num(o, span->n);
		out_cell_str(o, by_name(&v[i]));
		out_cell_str(o, what_name(v[i].what));
		out_cell_str(o, result);
		out_cell_num(o, v[i].nr);
		shown++;
	}
	out_table_end(o);
	if (span->for_people && worth > shown)
		out_note(o, "%zu more rows in json and csv", worth - shown);
}

static void report_totals(struct out *o, const struct thp_row *all)
{
	out_num(o, "khugepaged", "collapsed by khugepaged", OUT_COUNT, all->khugepaged);
	out_num(o, "madvise", "collapsed by madvise", OUT_COUNT, all->madvise);
	out_num(o, "smaller", all->smaller ? "collapsed to less than 2M" : NULL, OUT_COUNT,
		all->smaller);
	out_num(o, "failed", "collapses failed", OUT_COUNT, all->failed);
	out_num(o, "refused", "ranges not taken", OUT_COUNT, all->refused);
	out_num(o, "split_entries", "huge entries split", OUT_COUNT, all->entries);
	out_num(o, "split_folios", "huge folios split", OUT_COUNT, all->folios);
	out_num(o, "split_smaller", all->folios_smaller ? "smaller folios split" : NULL, OUT_COUNT,
		all->folios_smaller);
	out_num(o, "split_failed", all->folios_failed ? "splits of folios failed" : NULL, OUT_COUNT,
		all->folios_failed);
	if (!all->cover.rss)
		return;
	out_num(o, "resident_bytes", "resident, of these processes", OUT_BYTES, all->cover.rss);
	out_num(o, "huge_bytes", "of it in huge pages", OUT_BYTES, mms_cover_huge(&all->cover));
	out_real(o, "cover_percent", "cover", OUT_PERCENT, cover_percent(&all->cover));
}

static void report_losses(struct out *o, const struct thp_span *span)
{
	struct mms_thp_losses l = span->end->losses;
	const struct mms_thp_losses *old = &span->begin->losses;

	l.seen -= old->seen;
	l.stored -= old->stored;
	l.filtered -= old->filtered;
	l.dropped -= old->dropped;
	l.unowned -= old->unowned;
	l.missed_split -= old->missed_split;
	l.missed_recursion -= old->missed_recursion;
	l.missed_probe -= old->missed_probe;
	l.missed_child -= old->missed_child;
	watch_report_identity(o, &(struct watch_identity){
					 .seen = l.seen,
					 .stored = l.stored,
					 .filtered = l.filtered,
					 .sampled_out = UINT64_MAX,
					 .dropped = l.dropped,
				 });
	out_num(o, "unowned", NULL, OUT_COUNT, l.unowned);
	out_num(o, "missed_split", NULL, OUT_COUNT, l.missed_split);
	out_num(o, "missed_recursion", NULL, OUT_COUNT, l.missed_recursion);
	out_num(o, "missed_probe", NULL, OUT_COUNT, l.missed_probe);
	out_num(o, "missed_child", NULL, OUT_COUNT, l.missed_child);
	if (!l.stored && l.filtered)
		out_note(o, "nothing of what is watched; %" PRIu64 " events of others were seen",
			 l.filtered);
	if (l.unowned)
		out_note(o, "%" PRIu64 " splits of folios without a known owner are in no row",
			 l.unowned);
	watch_note_lost(o, l.dropped, "events, no room for another sort in the kernel's map");
	watch_note_lost(o, l.missed_split, "splits of folios, whose end was not seen");
	watch_note_lost(o, l.missed_recursion, "program runs skipped by the kernel (recursion)");
	watch_note_lost(o, l.missed_probe, "calls that the kprobes missed, all processes");
	watch_note_lost(o, l.missed_child, "children not followed, no room in the kernel's map");
}

/**
 * thp_report() - one object: a row per process, attempts by result, totals, losses
 * @o: output, between objects
 * @t: for how it was attached
 * @span: what to report
 * Return: 0 or -errno, and then nothing was put out.
 */
int thp_report(struct out *o, struct mms_thp *t, const struct thp_span *span)
{
	struct thp_rows rows = {0};
	struct mms_thp_count *v;
	const char *lack;
	size_t nr, i;
	int err;

	v = span_counts(span, &nr);
	err = v ? thp_rows(t, v, nr, span->watch, &rows) : -ENOMEM;
	if (err)
		goto out;
	out_begin(o);
	out_num(o, "interval", NULL, OUT_COUNT, span->n);
	out_num(o, "span_ns", NULL, OUT_NS, span->end->ns - span->begin->ns);
	report_processes(o, span, &rows);
	report_attempts(o, span, v, nr);
	report_totals(o, &rows.all);
	watch_report_command(o, span->watch->command != NULL, span->watch->status);
	out_str(o, "attach", NULL, mms_thp_attach_kind(t));
	for (i = 0; span->n == 1 && (lack = mms_thp_missing(t, i)); i++)
		out_note(o, "%s", lack);
	report_losses(o, span);
	cost_report(o, &span->begin->cost, &span->end->cost, span->verbose);
	out_end(o);
out:
	thp_rows_free(&rows);
	free(v);
	return err;
}
