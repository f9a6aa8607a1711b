// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the counts of (cgroup, process, kind) to rows per kind. Must not know where
 * the output goes, nor how the counting was set up.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include "cmd/faults_report.h"
#include "model/hist.h"

static const char *const kind_names[] = {
#define KIND_NAME(id, name) [MMS_FAULT_##id] = name,
	MMS_FAULT_KINDS(KIND_NAME)
#undef KIND_NAME
};

static const char *kind_name(unsigned int kind)
{
	return kind < MMS_FAULT_NR_KINDS ? kind_names[kind] : kind_names[MMS_FAULT_OTHER];
}

static int by_key(const void *a, const void *b)
{
	const struct faults_sum *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return (x->c.kind > y->c.kind) - (x->c.kind < y->c.kind);
}

static int by_count(const void *a, const void *b)
{
	const struct faults_sum *x = a, *y = b;

	if (x->c.nr != y->c.nr)
		return x->c.nr > y->c.nr ? -1 : 1;
	return by_key(a, b);
}

static void add(struct mms_fault_count *to, const struct mms_fault_count *c)
{
	size_t b;

	to->nr += c->nr;
	to->nr_major += c->nr_major;
	to->nr_minor += c->nr_minor;
	to->nr_untimed += c->nr_untimed;
	to->ns += c->ns;
	if (c->max_ns > to->max_ns)
		to->max_ns = c->max_ns;
	for (b = 0; b < MMS_FAULT_HIST_BUCKETS; b++)
		to->hist[b] += c->hist[b];
}

/* What came since @old. A new maximum is of the span; an old one says nothing about it. */
static void subtract(struct faults_sum *s, const struct faults_sum *old)
{
	size_t b;

	s->max_known = s->c.max_ns > old->c.max_ns;
	s->c.nr -= old->c.nr;
	s->c.nr_major -= old->c.nr_major;
	s->c.nr_minor -= old->c.nr_minor;
	s->c.nr_untimed -= old->c.nr_untimed;
	s->c.ns -= old->c.ns;
	for (b = 0; b < MMS_FAULT_HIST_BUCKETS; b++)
		s->c.hist[b] -= old->c.hist[b];
}

static void merge(struct faults_snap *s)
{
	size_t i, n = 0;

	qsort(s->sums, s->nr, sizeof(*s->sums), by_key);
	for (i = 0; i < s->nr; i++) {
		if (n && !by_key(&s->sums[n - 1], &s->sums[i]))
			add(&s->sums[n - 1].c, &s->sums[i].c);
		else
			s->sums[n++] = s->sums[i];
	}
	s->nr = n;
}

/**
 * faults_snap() - all counts as of now
 * @f: from mms_faults_open()
 * @by_process: keep processes apart
 * @s: filled in, released by faults_snap_free()
 * Return: 0 or -errno.
 */
int faults_snap(struct mms_faults *f, bool by_process, struct faults_snap *s)
{
	struct mms_fault_count *counts;
	struct timespec t;
	size_t i, nr;
	int err;

	memset(s, 0, sizeof(*s));
	clock_gettime(CLOCK_MONOTONIC, &t);
	s->ns = (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
	err = mms_faults_read(f, &counts, &nr);
	if (!err)
		err = mms_faults_losses(f, &s->losses);
	else
		return err;
	s->sums = calloc(nr + 1, sizeof(*s->sums));
	if (!err && !s->sums)
		err = -ENOMEM;
	for (i = 0; !err && i < nr; i++) {
		if (!counts[i].nr)
			continue;
		s->sums[s->nr].tgid = by_process ? counts[i].tgid : 0;
		s->sums[s->nr].max_known = true;
		s->sums[s->nr++].c = counts[i];
	}
	free(counts);
	merge(s);
	return err;
}

/**
 * faults_snap_free() - release a snapshot's memory
 * @s: empty again afterwards
 */
void faults_snap_free(struct faults_snap *s)
{
	free(s->sums);
	memset(s, 0, sizeof(*s));
}

/* The rows of a span, most frequent first; malloc'ed. */
static struct faults_sum *span_rows(const struct faults_span *span, size_t *nr)
{
	const struct faults_snap *begin = span->begin, *end = span->end;
	struct faults_sum *rows = calloc(end->nr + 1, sizeof(*rows)), *old;
	size_t i, n = 0;

	if (!rows)
		return NULL;
	for (i = 0; i < end->nr; i++) {
		rows[n] = end->sums[i];
		old = begin->nr ? bsearch(&rows[n], begin->sums, begin->nr, sizeof(*rows), by_key)
				: NULL;
		if (old)
			subtract(&rows[n], old);
		if (rows[n].c.nr)
			n++;
	}
	qsort(rows, n, sizeof(*rows), by_count);
	*nr = n;
	return rows;
}

static struct mms_fault_losses span_losses(const struct faults_span *span)
{
	const struct mms_fault_losses *a = &span->begin->losses, *b = &span->end->losses;

	return (struct mms_fault_losses){
		.seen = b->seen - a->seen,
		.stored = b->stored - a->stored,
		.filtered = b->filtered - a->filtered,
		.dropped_map_full = b->dropped_map_full - a->dropped_map_full,
		.dropped_ring_full = b->dropped_ring_full - a->dropped_ring_full,
		.missed_recursion = b->missed_recursion - a->missed_recursion,
		.missed_entry = b->missed_entry - a->missed_entry,
		.missed_return = b->missed_return - a->missed_return,
		.missed_probe = b->missed_probe - a->missed_probe,
		.missed_child = b->missed_child - a->missed_child,
		.retries = b->retries - a->retries,
		.walk_failed = b->walk_failed - a->walk_failed,
		.events = b->events - a->events,
	};
}

static void kind_row(struct out *o, const struct faults_sum *s, uint64_t all, unsigned int n)
{
	const struct mms_fault_count *c = &s->c;
	uint64_t timed = c->nr - c->nr_untimed, max = s->max_known ? c->max_ns : 0;
	uint64_t p50 = hist_percentile(c->hist, MMS_FAULT_HIST_BUCKETS, 50, max);
	uint64_t p99 = hist_percentile(c->hist, MMS_FAULT_HIST_BUCKETS, 99, max);

	out_cell_num(o, n);
	out_cell_str(o, kind_name(c->kind));
	out_cell_num(o, c->nr);
	out_cell_real(o, all ? 100.0 * (double)c->nr / (double)all : 0);
	out_cell_num(o, c->nr_minor);
	out_cell_num(o, c->nr_major);
	out_cell_num_if(o, timed, timed ? c->ns / timed : 0);
	out_cell_num_if(o, timed && p50 != UINT64_MAX, p50);
	out_cell_num_if(o, timed && p99 != UINT64_MAX, p99);
	out_cell_num_if(o, timed && s->max_known, c->max_ns);
	out_cell_num_if(o, timed, c->ns);
	out_array(o, "hist", c->hist, MMS_FAULT_HIST_BUCKETS);
}

#define KIND_COLS                                                                   \
	{"interval", NULL, OUT_COUNT, 0}, {"kind", "KIND", OUT_STR, -14},           \
		{"count", "COUNT", OUT_COUNT, 9}, {"percent", "%", OUT_PERCENT, 6}, \
		{"minor", NULL, OUT_COUNT, 0}, {"major", "MAJOR", OUT_COUNT, 8},    \
		{"avg_ns", "AVG", OUT_NS, 8}, {"p50_ns", "P50<", OUT_NS, 8},        \
		{"p99_ns", "P99<", OUT_NS, 8}, {"max_ns", "MAX", OUT_NS, 8},        \
	{                                                                           \
		"total_ns", "TOTAL", OUT_NS, 8                                      \
	}

static const struct out_col kind_cols[] = {KIND_COLS};
static const struct out_col process_cols[] = {
	{"pid", "PID", OUT_COUNT, 7}, {"comm", "COMM", OUT_STR, -15}, KIND_COLS};

#define HIST_COLS                                                                 \
	{"interval", NULL, OUT_COUNT, 0}, {"kind", "KIND", OUT_STR, -14},         \
		{"from_ns", "FROM", OUT_NS, 8}, {"below_ns", "BELOW", OUT_NS, 8}, \
	{                                                                         \
		"count", "COUNT", OUT_COUNT, 9                                    \
	}

static const struct out_col hist_cols[] = {HIST_COLS};
static const struct out_col process_hist_cols[] = {{"pid", "PID", OUT_COUNT, 7}, HIST_COLS};

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static void report_rows(struct out *o, const struct faults_sum *rows, size_t nr, uint64_t all,
			unsigned int n, bool by_process)
{
	size_t i;

	if (by_process)
		out_table(o, "processes", process_cols, NR(process_cols));
	else
		out_table(o, "kinds", kind_cols, NR(kind_cols));
	for (i = 0; i < nr; i++) {
		out_row(o);
		if (by_process) {
			out_cell_num(o, (uint64_t)rows[i].tgid);
			out_cell_str(o, rows[i].c.comm);
		}
		kind_row(o, &rows[i], all, n);
	}
	out_table_end(o);
}

static void hist_rows(struct out *o, const struct faults_sum *s, unsigned int n, bool by_process)
{
	size_t b;

	for (b = 0; b < MMS_FAULT_HIST_BUCKETS; b++) {
		if (!s->c.hist[b])
			continue;
		out_row(o);
		if (by_process)
			out_cell_num(o, (uint64_t)s->tgid);
		out_cell_num(o, n);
		out_cell_str(o, kind_name(s->c.kind));
		out_cell_num(o, b ? 1ULL << b : 0);
		out_cell_num_if(o, b + 1 < MMS_FAULT_HIST_BUCKETS, 1ULL << (b + 1));
		out_cell_num(o, s->c.hist[b]);
	}
}

static void report_hist(struct out *o, const struct faults_sum *rows, size_t nr, unsigned int n,
			bool by_process)
{
	size_t i;

	if (by_process)
		out_table(o, "histograms", process_hist_cols, NR(process_hist_cols));
	else
		out_table(o, "histograms", hist_cols, NR(hist_cols));
	for (i = 0; i < nr; i++)
		hist_rows(o, &rows[i], n, by_process);
	out_table_end(o);
}

/* The kernel's own count of the command, from its execve on, beside ours. */
static void report_rusage(struct out *o, const struct faults_span *span, uint64_t minor,
			  uint64_t major)
{
	uint64_t ru_minor = (uint64_t)span->rusage->ru_minflt - span->execd->min_flt;
	uint64_t ru_major = (uint64_t)span->rusage->ru_majflt - span->execd->maj_flt;
	int64_t diff = (int64_t)(minor + major) - (int64_t)(ru_minor + ru_major);

	out_num(o, "rusage_minflt", "rusage minflt", OUT_COUNT, ru_minor);
	out_num(o, "rusage_majflt", "rusage majflt", OUT_COUNT, ru_major);
	out_real(o, "rusage_difference", NULL, OUT_REAL, (double)diff);
	if (diff)
		out_note(
			o,
			"counted %+" PRId64
			" against rusage: faults of children that nobody waited for count here only, lost ones there only",
			diff);
	if (WIFEXITED(span->status))
		out_num(o, "exit_status", NULL, OUT_COUNT, (uint64_t)WEXITSTATUS(span->status));
	else if (WIFSIGNALED(span->status))
		out_num(o, "signal", "killed by signal", OUT_COUNT,
			(uint64_t)WTERMSIG(span->status));
}

static void note_lost(struct out *o, uint64_t nr, const char *what)
{
	if (nr)
		out_note(o, "lost: %" PRIu64 " %s", nr, what);
}

/**
 * faults_report_losses() - one note per way in which something was lost
 * @o: output, in an object
 * @l: of the span
 */
void faults_report_losses(struct out *o, const struct mms_fault_losses *l)
{
	note_lost(o, l->dropped_map_full, "faults, no room in the kernel's map");
	note_lost(o, l->dropped_ring_full, "events, the ring was full (the counts have them)");
	note_lost(o, l->missed_recursion, "program runs skipped by the kernel (recursion)");
	note_lost(o, l->missed_entry, "faults whose entry was missed");
	note_lost(o, l->missed_return, "faults whose return was missed");
	note_lost(o, l->missed_probe, "calls or returns that the kprobes missed, all processes");
	note_lost(o, l->missed_child, "children not followed, no room in the kernel's map");
	note_lost(o, l->walk_failed, "table entries unreadable, taken as absent");
}

static void report_identity(struct out *o, const struct mms_fault_losses *l)
{
	out_num(o, "retries", "retries joined", OUT_COUNT, l->retries);
	out_num(o, "seen", NULL, OUT_COUNT, l->seen);
	out_num(o, "stored", NULL, OUT_COUNT, l->stored);
	out_num(o, "filtered", NULL, OUT_COUNT, l->filtered);
	out_num(o, "dropped", NULL, OUT_COUNT, l->dropped_map_full + l->missed_entry);
	out_num(o, "dropped_map_full", NULL, OUT_COUNT, l->dropped_map_full);
	out_num(o, "dropped_ring_full", NULL, OUT_COUNT, l->dropped_ring_full);
	out_num(o, "missed_recursion", NULL, OUT_COUNT, l->missed_recursion);
	out_num(o, "missed_entry", NULL, OUT_COUNT, l->missed_entry);
	out_num(o, "missed_return", NULL, OUT_COUNT, l->missed_return);
	out_num(o, "missed_probe", NULL, OUT_COUNT, l->missed_probe);
	out_num(o, "missed_child", NULL, OUT_COUNT, l->missed_child);
	out_num(o, "walk_failed", NULL, OUT_COUNT, l->walk_failed);
}

/* A fault is counted when it ends: one that is stuck would be in no figure. */
static void report_in_flight(struct out *o, struct mms_faults *f)
{
	uint64_t nr, ns;

	if (mms_faults_in_flight(f, &nr, &ns))
		return;
	out_num(o, "in_flight", "not yet ended", OUT_COUNT, nr);
	out_num(o, "in_flight_ns", NULL, OUT_NS, ns);
}

/**
 * faults_report() - one object: rows per kind, totals, losses
 * @o: output, between objects
 * @f: for how it was attached
 * @span: what to report
 * @by_process: rows per (process, kind)
 * @hist: also the latency histograms
 * Return: 0 or -ENOMEM, and then nothing was put out.
 */
int faults_report(struct out *o, struct mms_faults *f, const struct faults_span *span,
		  bool by_process, bool hist)
{
	struct mms_fault_losses l = span_losses(span);
	uint64_t all = 0, minor = 0, major = 0;
	struct faults_sum *rows;
	const char *lack;
	size_t nr = 0, i;

	rows = span_rows(span, &nr);
	if (!rows)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		all += rows[i].c.nr;
		minor += rows[i].c.nr_minor;
		major += rows[i].c.nr_major;
	}
	out_begin(o);
	out_num(o, "interval", NULL, OUT_COUNT, span->n);
	if (span->begin->ns)
		out_num(o, "span_ns", NULL, OUT_NS, span->end->ns - span->begin->ns);
	report_rows(o, rows, nr, all, span->n, by_process);
	if (hist)
		report_hist(o, rows, nr, span->n, by_process);
	out_num(o, "faults", "total", OUT_COUNT, all);
	out_num(o, "minflt", "minflt", OUT_COUNT, minor);
	out_num(o, "majflt", "majflt", OUT_COUNT, major);
	if (span->rusage)
		report_rusage(o, span, minor, major);
	report_in_flight(o, f);
	report_identity(o, &l);
	out_str(o, "attach", "attached by", mms_faults_attach_kind(f));
	for (i = 0; (lack = mms_faults_missing(f, i)); i++)
		out_note(o, "%s", lack);
	faults_report_losses(o, &l);
	out_end(o);
	free(rows);
	return 0;
}

static const struct out_col event_cols[] = {
	{"ts_ns", NULL, OUT_COUNT, 0}, /* CLOCK_MONOTONIC */
	{"pid", "PID", OUT_COUNT, 7},	   {"tid", "TID", OUT_COUNT, 7},
	{"comm", "COMM", OUT_STR, -15},	   {"addr", "ADDRESS", OUT_HEX, 18},
	{"kind", "KIND", OUT_STR, -14},	   {"ns", "LATENCY", OUT_NS, 8},
	{"retries", NULL, OUT_COUNT, 0},   {"flags", NULL, OUT_HEX, 0},
	{"ret", NULL, OUT_HEX, 0},	   {"ip", NULL, OUT_HEX, 0},
	{"before", NULL, OUT_HEX, 0},	   {"level_before", NULL, OUT_COUNT, 0},
	{"after", NULL, OUT_HEX, 0},	   {"level_after", NULL, OUT_COUNT, 0},
	{"vma_start", NULL, OUT_HEX, 0},   {"vma_end", NULL, OUT_HEX, 0},
	{"vm_flags", NULL, OUT_HEX, 0},	   {"pgoff", NULL, OUT_COUNT, 0},
	{"dev", NULL, OUT_STR, 0},	   {"inode", NULL, OUT_COUNT, 0},
	{"cgroup_id", NULL, OUT_COUNT, 0}, {"file", "FILE", OUT_STR, 0},
};

static void event_row(struct out *o, const struct mms_fault_event *e)
{
	bool walked = e->level_before; /* else refused before: only the signal was seen */
	char dev[24];

	snprintf(dev, sizeof(dev), "%u:%u", e->dev >> 20, e->dev & 0xfffff);
	out_row(o);
	out_cell_num(o, e->ts_ns);
	out_cell_num(o, e->tgid);
	out_cell_num(o, e->tid);
	out_cell_str(o, e->comm);
	out_cell_num(o, e->addr);
	out_cell_str(o, kind_name(e->kind));
	out_cell_num_if(o, walked, e->ns);
	out_cell_num_if(o, walked, e->links);
	out_cell_num_if(o, walked, e->flags);
	out_cell_num_if(o, walked, e->ret);
	out_cell_num_if(o, e->ip, e->ip);
	out_cell_num_if(o, walked, e->before);
	out_cell_num_if(o, walked, e->level_before);
	out_cell_num_if(o, walked, e->after);
	out_cell_num_if(o, walked, e->level_after);
	out_cell_num_if(o, walked, e->vm_start);
	out_cell_num_if(o, walked, e->vm_end);
	out_cell_num_if(o, walked, e->vm_flags);
	out_cell_num_if(o, walked, e->pgoff);
	out_cell_str(o, e->ino ? dev : NULL);
	out_cell_num_if(o, e->ino, e->ino);
	out_cell_num(o, e->cgroup_id);
	out_cell_str(o, e->name[0] ? e->name : NULL);
}

/**
 * faults_report_events() - one object with a batch of events
 * @o: output, between objects
 * @events: the batch, in the order of the ring (per CPU in the order of time)
 * @nr: 0 prints nothing
 */
void faults_report_events(struct out *o, const struct mms_fault_event *events, size_t nr)
{
	size_t i;

	if (!nr)
		return;
	out_begin(o);
	out_table(o, "events", event_cols, NR(event_cols));
	for (i = 0; i < nr; i++)
		event_row(o, &events[i]);
	out_table_end(o);
	out_end(o);
}
