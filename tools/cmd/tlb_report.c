// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the counts per process to rows by reason, by process, and by who caused what
 * whom. Must not know where the output goes, nor how the counting was set up.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cmd/tlb_report.h"
#include "cmd/watch.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))

/* The counters are all __u64: whole structs are added and subtracted word by word. */
static void add_words(void *to, const void *from, size_t size)
{
	const __u64 *b = from;
	__u64 *a = to;
	size_t i;

	for (i = 0; i < size / sizeof(*a); i++)
		a[i] += b[i];
}

static void subtract_words(void *from, const void *what, size_t size)
{
	const __u64 *b = what;
	__u64 *a = from;
	size_t i;

	for (i = 0; i < size / sizeof(*a); i++)
		a[i] -= b[i];
}

static bool any_word(const void *p, size_t size)
{
	const __u64 *a = p;
	size_t i;

	for (i = 0; i < size / sizeof(*a); i++) {
		if (a[i])
			return true;
	}
	return false;
}

static int count_by_pid(const void *a, const void *b)
{
	const struct mms_tlb_count *x = a, *y = b;

	return (x->tgid > y->tgid) - (x->tgid < y->tgid);
}

static int received_by_pids(const void *a, const void *b)
{
	const struct mms_tlb_received *x = a, *y = b;

	if (x->of != y->of)
		return x->of < y->of ? -1 : 1;
	return (x->by > y->by) - (x->by < y->by);
}

/* What a process caused and suffered, to sort by. */
static uint64_t weight(const struct mms_tlb_val *v)
{
	uint64_t sum = v->hits;
	size_t i;

	for (i = 0; i < MMS_TLB_NR_REASONS; i++)
		sum += v->by_reason[i].flushes;
	return sum;
}

static int count_by_weight(const void *a, const void *b)
{
	uint64_t x = weight(&((const struct mms_tlb_count *)a)->v);
	uint64_t y = weight(&((const struct mms_tlb_count *)b)->v);

	return x != y ? (x < y ? 1 : -1) : count_by_pid(a, b);
}

static int received_by_weight(const void *a, const void *b)
{
	const struct mms_tlb_received *x = a, *y = b;

	if (x->n.flushes != y->n.flushes)
		return x->n.flushes < y->n.flushes ? 1 : -1;
	return received_by_pids(a, b);
}

/* A number given to another process makes one row with the first one's. */
static void merge(struct mms_tlb_data *d)
{
	size_t i, n = 0;

	qsort(d->counts, d->nr_counts, sizeof(*d->counts), count_by_pid);
	for (i = 0; i < d->nr_counts; i++) {
		if (n && !count_by_pid(&d->counts[n - 1], &d->counts[i]))
			add_words(&d->counts[n - 1].v, &d->counts[i].v, sizeof(d->counts[i].v));
		else
			d->counts[n++] = d->counts[i];
	}
	d->nr_counts = n;
	qsort(d->received, d->nr_received, sizeof(*d->received), received_by_pids);
	for (i = n = 0; i < d->nr_received; i++) {
		if (n && !received_by_pids(&d->received[n - 1], &d->received[i]))
			add_words(&d->received[n - 1].n, &d->received[i].n,
				  sizeof(d->received[i].n));
		else
			d->received[n++] = d->received[i];
	}
	d->nr_received = n;
}

/**
 * tlb_snap_begin() - before the first event: no flush is in it
 * @pmu: from mms_pmu_open(), or NULL
 * @s: filled in
 */
void tlb_snap_begin(struct mms_pmu *pmu, struct tlb_snap *s)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	s->cost = cost_now();
	s->ns = s->cost.ns;
	for (i = 0; pmu && i < mms_pmu_nr_tlb && i < TLB_MISSES; i++)
		mms_pmu_read(pmu, i, &s->misses[i]);
}

/**
 * tlb_snap() - all counts as of now
 * @t: from mms_tlb_open()
 * @pmu: from mms_pmu_open(), or NULL
 * @s: filled in, released by tlb_snap_free()
 * Return: 0 or -errno.
 */
int tlb_snap(struct mms_tlb *t, struct mms_pmu *pmu, struct tlb_snap *s)
{
	int err;

	tlb_snap_begin(pmu, s);
	s->cost.bpf = mms_tlb_cost(t);
	err = mms_tlb_read(t, &s->d);
	if (err)
		return err;
	merge(&s->d);
	return mms_tlb_losses(t, &s->losses);
}

/**
 * tlb_snap_free() - release a snapshot's memory
 * @s: empty again afterwards
 */
void tlb_snap_free(struct tlb_snap *s)
{
	mms_tlb_data_free(&s->d);
	memset(s, 0, sizeof(*s));
}

/* What came in the span, most first. Return: 0 or -ENOMEM. */
static int span_data(const struct tlb_span *span, struct mms_tlb_data *d)
{
	const struct mms_tlb_data *a = &span->begin->d, *b = &span->end->d;
	const void *old;
	size_t i;

	memset(d, 0, sizeof(*d));
	d->counts = calloc(b->nr_counts + 1, sizeof(*d->counts));
	d->received = calloc(b->nr_received + 1, sizeof(*d->received));
	if (!d->counts || !d->received) {
		mms_tlb_data_free(d);
		return -ENOMEM;
	}
	for (i = 0; i < b->nr_counts; i++) {
		struct mms_tlb_count *c = &d->counts[d->nr_counts];

		*c = b->counts[i];
		old = a->nr_counts ? bsearch(c, a->counts, a->nr_counts, sizeof(*c), count_by_pid)
				   : NULL;
		if (old)
			subtract_words(&c->v, &((const struct mms_tlb_count *)old)->v,
				       sizeof(c->v));
		d->nr_counts += any_word(&c->v, sizeof(c->v));
	}
	for (i = 0; i < b->nr_received; i++) {
		struct mms_tlb_received *c = &d->received[d->nr_received];

		*c = b->received[i];
		old = a->nr_received ? bsearch(c, a->received, a->nr_received, sizeof(*c),
					       received_by_pids)
				     : NULL;
		if (old)
			subtract_words(&c->n, &((const struct mms_tlb_received *)old)->n,
				       sizeof(c->n));
		d->nr_received += any_word(&c->n, sizeof(c->n));
	}
	qsort(d->counts, d->nr_counts, sizeof(*d->counts), count_by_weight);
	qsort(d->received, d->nr_received, sizeof(*d->received), received_by_weight);
	return 0;
}

static double per_second(const struct tlb_span *span, uint64_t nr)
{
	uint64_t ns = span->end->ns - span->begin->ns;

	return ns ? (double)nr * 1e9 / (double)ns : 0;
}

static const struct out_col reason_cols[] = {
	{"interval", NULL, OUT_COUNT, 0},     {"reason", "REASON", OUT_STR, -12},
	{"flushes", "FLUSHES", OUT_COUNT, 9}, {"per_second", "RATE/s", OUT_REAL, 10},
	{"pages", "PAGES", OUT_COUNT, 9},     {"full", "FULL", OUT_COUNT, 9},
	{"none", "NONE", OUT_COUNT, 9},
};

static void report_reasons(struct out *o, const struct tlb_span *span,
			   const struct mms_tlb_val *all)
{
	size_t i;

	out_table(o, "reasons", reason_cols, NR(reason_cols));
	for (i = 0; i < MMS_TLB_NR_REASONS; i++) {
		const struct mms_tlb_flushes *f = &all->by_reason[i];

		/* Of these not every kernel knows. */
		if (i >= MMS_TLB_WRONG_CPU && !any_word(f, sizeof(*f)))
			continue;
		out_row(o);
		out_cell_num(o, span->n);
		out_cell_str(o, mms_tlb_reason_name((unsigned int)i));
		out_cell_num(o, f->flushes);
		out_cell_real(o, per_second(span, f->flushes));
		out_cell_num(o, f->pages);
		out_cell_num(o, f->full);
		out_cell_num(o, f->none);
	}
	out_table_end(o);
}

static const struct out_col process_cols[] = {
	{"pid", "PID", OUT_COUNT, 7},
	{"comm", "COMM", OUT_STR, -15},
	{"interval", NULL, OUT_COUNT, 0},
	{"task_switch", "SWITCH", OUT_COUNT, 7},
	{"remote", "REMOTE", OUT_COUNT, 7},
	{"local", "LOCAL", OUT_COUNT, 6},
	{"local_mm", "LOCAL-MM", OUT_COUNT, 8},
	{"wrong_cpu", NULL, OUT_COUNT, 0},
	{"other", NULL, OUT_COUNT, 0},
	{"per_second", "RATE/s", OUT_REAL, 9},
	{"pages", "PAGES", OUT_COUNT, 8},
	{"full", "FULL", OUT_COUNT, 7},
	{"none", NULL, OUT_COUNT, 0},
	{"ipi_sent", "SENT", OUT_COUNT, 7},
	{"sent_pages", "SENT-PG", OUT_COUNT, 8},
	{"sent_full", NULL, OUT_COUNT, 0},
	{"batched", NULL, OUT_COUNT, 0},
	{"cpus_hit", "CPUS-HIT", OUT_COUNT, 8},
	{"asked", "ASKED", OUT_COUNT, 7},
	{"asked_pages", NULL, OUT_COUNT, 0},
	{"asked_full", NULL, OUT_COUNT, 0},
	{"asked_other", NULL, OUT_COUNT, 0},
};

/* tgid 0 is what belongs to no process; no name: it was gone before we could ask. */
static const char *name_of(pid_t pid, const char *comm)
{
	if (!pid)
		return "[kernel]";
	return comm[0] ? comm : NULL;
}

static void process_row(struct out *o, const struct tlb_span *span, const struct mms_tlb_count *c)
{
	const struct mms_tlb_flushes *r = c->v.by_reason, *sent = &r[MMS_TLB_IPI_SENT];
	struct mms_tlb_flushes own = {0};
	size_t i;

	for (i = 0; i < MMS_TLB_NR_REASONS; i++) {
		if (i != MMS_TLB_IPI_SENT)
			add_words(&own, &r[i], sizeof(own));
	}
	out_row(o);
	out_cell_num(o, (uint64_t)c->tgid);
	out_cell_str(o, name_of(c->tgid, c->comm));
	out_cell_num(o, span->n);
	out_cell_num(o, r[MMS_TLB_TASK_SWITCH].flushes);
	out_cell_num(o, r[MMS_TLB_REMOTE].flushes);
	out_cell_num(o, r[MMS_TLB_LOCAL].flushes);
	out_cell_num(o, r[MMS_TLB_LOCAL_MM].flushes);
	out_cell_num(o, r[MMS_TLB_WRONG_CPU].none);
	out_cell_num(o, r[MMS_TLB_OTHER].flushes);
	out_cell_real(o, per_second(span, own.flushes));
	out_cell_num(o, own.pages);
	out_cell_num(o, own.full);
	out_cell_num(o, own.none);
	out_cell_num(o, sent->flushes);
	out_cell_num(o, sent->pages);
	out_cell_num(o, sent->full);
	out_cell_num(o, c->v.batched);
	out_cell_num(o, c->v.hits);
	out_cell_num(o, c->v.asked.flushes);
	out_cell_num(o, c->v.asked.pages);
	out_cell_num(o, c->v.asked.full);
	out_cell_num(o, c->v.asked_other);
}

static const struct out_col received_cols[] = {
	{"by_pid", "BY-PID", OUT_COUNT, 7},    {"by_comm", "BY-COMM", OUT_STR, -15},
	{"pid", "PID", OUT_COUNT, 7},	       {"comm", "COMM", OUT_STR, -15},
	{"interval", NULL, OUT_COUNT, 0},      {"flushes", "REMOTE", OUT_COUNT, 9},
	{"per_second", "RATE/s", OUT_REAL, 9}, {"pages", "PAGES", OUT_COUNT, 9},
	{"full", "FULL", OUT_COUNT, 9},	       {"none", NULL, OUT_COUNT, 0},
};

static void received_row(struct out *o, const struct tlb_span *span,
			 const struct mms_tlb_received *c)
{
	out_row(o);
	out_cell_num(o, (uint64_t)c->by);
	out_cell_str(o, name_of(c->by, c->by_comm));
	out_cell_num(o, (uint64_t)c->of);
	out_cell_str(o, name_of(c->of, c->comm));
	out_cell_num(o, span->n);
	out_cell_num(o, c->n.flushes);
	out_cell_real(o, per_second(span, c->n.flushes));
	out_cell_num(o, c->n.pages);
	out_cell_num(o, c->n.full);
	out_cell_num(o, c->n.none);
}

static void report_processes(struct out *o, const struct tlb_span *span,
			     const struct mms_tlb_data *d)
{
	size_t i;

	out_table(o, "processes", process_cols, NR(process_cols));
	for (i = 0; i < d->nr_counts; i++)
		process_row(o, span, &d->counts[i]);
	out_table_end(o);
	if (!d->nr_received && span->for_people)
		return;
	out_table(o, "received", received_cols, NR(received_cols));
	for (i = 0; i < d->nr_received; i++)
		received_row(o, span, &d->received[i]);
	out_table_end(o);
}

static void report_caused(struct out *o, const struct tlb_span *span, const struct mms_tlb_val *all)
{
	const struct mms_tlb_flushes *sent = &all->by_reason[MMS_TLB_IPI_SENT];

	out_num(o, "shootdowns", "shootdowns sent", OUT_COUNT, sent->flushes);
	out_real(o, "shootdowns_per_second", "shootdowns per second", OUT_REAL,
		 per_second(span, sent->flushes));
	out_num(o, "shootdowns_batched", "shootdowns by reclaim or migration", OUT_COUNT,
		all->batched);
	out_num(o, "cpus_hit", "CPUs interrupted", OUT_COUNT, all->hits);
	out_num(o, "asked", "flushes asked for", OUT_COUNT, all->asked.flushes);
	out_num(o, "asked_pages", NULL, OUT_COUNT, all->asked.pages);
	out_num(o, "asked_full", NULL, OUT_COUNT, all->asked.full);
	out_num(o, "asked_other", "flushes asked for another process", OUT_COUNT, all->asked_other);
}

static void report_misses(struct out *o, const struct tlb_span *span)
{
	uint64_t enabled = 0, running = 0;
	size_t i;

	for (i = 0; i < mms_pmu_nr_tlb && i < TLB_MISSES; i++) {
		const struct mms_pmu_value *a = &span->begin->misses[i];
		const struct mms_pmu_value *b = &span->end->misses[i];

		if (!b->known)
			continue;
		out_num(o, mms_pmu_tlb[i].key, mms_pmu_tlb[i].label, OUT_COUNT,
			(uint64_t)(b->count - a->count + 0.5));
		enabled += b->enabled_ns - a->enabled_ns;
		running += b->running_ns - a->running_ns;
	}
	if (!enabled)
		return;
	out_real(o, "pmu_running_percent", NULL, OUT_PERCENT,
		 100.0 * (double)running / (double)enabled);
	if (running < enabled)
		out_note(o,
			 "TLB misses: the CPU's counters were shared, counted %.0f%% of the time "
			 "and scaled up",
			 100.0 * (double)running / (double)enabled);
}

static void report_losses(struct out *o, const struct tlb_span *span)
{
	struct mms_tlb_losses l = span->end->losses;
	const struct mms_tlb_losses *old = &span->begin->losses;

	l.seen -= old->seen;
	l.stored -= old->stored;
	l.filtered -= old->filtered;
	l.dropped -= old->dropped;
	l.dropped_received -= old->dropped_received;
	l.stood_in -= old->stood_in;
	l.missed_flush -= old->missed_flush;
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
	out_num(o, "dropped_received", NULL, OUT_COUNT, l.dropped_received);
	out_num(o, "stood_in", NULL, OUT_COUNT, l.stood_in);
	out_num(o, "missed_flush", NULL, OUT_COUNT, l.missed_flush);
	out_num(o, "missed_recursion", NULL, OUT_COUNT, l.missed_recursion);
	out_num(o, "missed_probe", NULL, OUT_COUNT, l.missed_probe);
	out_num(o, "missed_child", NULL, OUT_COUNT, l.missed_child);
	if (!l.stored)
		out_note(o, "no flush of what is watched; %" PRIu64 " events of others were seen",
			 l.filtered);
	watch_note_lost(o, l.dropped, "events, no room for another process in the kernel's map");
	watch_note_lost(o, l.dropped_received,
			"flushes, not known who caused them: no room in the map");
	watch_note_lost(o, l.missed_flush,
			"flushes, the programs were running on that CPU already");
	watch_note_lost(o, l.missed_recursion, "program runs skipped by the kernel (recursion)");
	watch_note_lost(o, l.missed_probe, "calls that the kprobes missed, all processes");
	watch_note_lost(o, l.missed_child, "children not followed, no room in the kernel's map");
}

/**
 * tlb_report() - one object: rows by reason, totals, misses, losses
 * @o: output, between objects
 * @t: for how it was attached
 * @span: what to report
 * @by_process: also rows by process, and by who caused what whom
 * Return: 0 or -ENOMEM, and then nothing was put out.
 */
int tlb_report(struct out *o, struct mms_tlb *t, const struct tlb_span *span, bool by_process)
{
	struct mms_tlb_val all = {0};
	struct mms_tlb_data d;
	const char *lack;
	size_t i;
	int err = span_data(span, &d);

	if (err)
		return err;
	for (i = 0; i < d.nr_counts; i++)
		add_words(&all, &d.counts[i].v, sizeof(all));
	out_begin(o);
	out_num(o, "interval", NULL, OUT_COUNT, span->n);
	out_num(o, "span_ns", NULL, OUT_NS, span->end->ns - span->begin->ns);
	report_reasons(o, span, &all);
	if (by_process)
		report_processes(o, span, &d);
	report_caused(o, span, &all);
	report_misses(o, span);
	watch_report_command(o, span->command, span->status);
	out_str(o, "attach", "attached by", mms_tlb_attach_kind(t));
	if (span->no_pmu && span->n == 1)
		out_note(o, "no PMU: %s", span->no_pmu);
	for (i = 0; span->n == 1 && (lack = mms_tlb_missing(t, i)); i++)
		out_note(o, "%s", lack);
	cost_report(o, &span->begin->cost, &span->end->cost, span->verbose);
	report_losses(o, span);
	out_end(o);
	mms_tlb_data_free(&d);
	return 0;
}
