// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bills by mapping: what was counted at the mapping's place, and what of it is
 * still shared. Must not know how either came to be.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/cow_report.h"
#include "collect/proc_segments.h"
#include "model/fault_words.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))

/* A mapping of a fork. */
struct place {
	uint64_t where;
	uint64_t start, end;
	const char *segment;
	char name[32];
	struct model_cow_sum sums[MODEL_NR_PARTS];
	struct mms_share bytes;
};

static const struct out_col cols[] = {
	{"interval", NULL, OUT_COUNT, 0},
	{"pid", "CHILD", OUT_COUNT, 7},
	{"parent_pid", NULL, OUT_COUNT, 0},
	{"fork_ns", NULL, OUT_COUNT, 0},
	{"start", "START", OUT_HEX, 14},
	{"end", "END", OUT_HEX, 14},
	{"segment", "SEGMENT", OUT_STR, -7},
	{"parent_copied_pages", NULL, OUT_COUNT, 0},
	{"parent_copied_bytes", "P-COPY", OUT_BYTES, 6},
	{"child_bytes", "C-COPY", OUT_BYTES, 6},
	{"child_copied_pages", NULL, OUT_COUNT, 0},
	{"child_copied_bytes", NULL, OUT_BYTES, 0},
	{"child_filled_pages", NULL, OUT_COUNT, 0},
	{"child_filled_bytes", "C-NEW", OUT_BYTES, 6},
	{"parent_reused_pages", NULL, OUT_COUNT, 0},
	{"child_reused_pages", NULL, OUT_COUNT, 0},
	{"after_copied_pages", NULL, OUT_COUNT, 0},
	{"after_reused_pages", NULL, OUT_COUNT, 0},
	{"reused_bytes", "REUSED", OUT_BYTES, 6},
	{"child_file_copied_bytes", NULL, OUT_BYTES, 0},
	{"parent_file_copied_bytes", NULL, OUT_BYTES, 0},
	{"child_ksm_copied_bytes", NULL, OUT_BYTES, 0},
	{"parent_ksm_copied_bytes", NULL, OUT_BYTES, 0},
	{"fault_ns", "TIME", OUT_NS, 7},
	{"shared_bytes", "SHARED", OUT_BYTES, 6},
	{"private_bytes", "PRIVATE", OUT_BYTES, 7},
	{"swapped_bytes", NULL, OUT_BYTES, 0},
	{"zero_bytes", NULL, OUT_BYTES, 0},
	{"ksm_bytes", NULL, OUT_BYTES, 0},
	{"name", "NAME", OUT_STR, 0},
};

/* What a mapping is now. */
struct segment {
	uint64_t start, end;
	enum mms_segment is;
};

/* What is known of an address of the fork. */
struct gather {
	struct mms_bills *b;
	const struct model_bill *bill;
	struct mms_list places;	  /* struct place */
	struct mms_list segments; /* struct segment, once asked for */
	bool asked;
	bool failed;
};

static struct place *place_at(struct gather *g, uint64_t where)
{
	struct place *p = g->places.v, *end = p + g->places.nr;

	for (; p < end; p++)
		if (p->where == where)
			return p;
	p = model_list_add(&g->places, sizeof(*p));
	if (!p)
		return NULL;
	p->where = p->start = where;
	return p;
}

static void learn(struct gather *g, struct place *p, pid_t tgid)
{
	struct mms_fault_place known;

	if (p->segment || !mms_bills_place(g->b, tgid, p->where, &known))
		return;
	p->start = known.start;
	p->end = known.end;
	p->segment = model_segment_name(known.segment);
	memcpy(p->name, known.name, sizeof(p->name));
	p->name[sizeof(p->name) - 1] = '\0';
}

static void add(void *ctx, enum model_bill_part part, const struct mms_bill_key *key,
		const struct mms_bill_val *val)
{
	struct gather *g = ctx;
	struct place *p;

	if (key->what == MMS_BILL_OTHER)
		return;
	p = place_at(g, key->where);
	if (!p) {
		g->failed = true;
		return;
	}
	learn(g, p, (pid_t)key->tgid);
	p->sums[part].nr[key->what] += val->nr;
	p->sums[part].bytes[key->what] += val->bytes;
	p->sums[part].ns[key->what] += val->ns;
}

static void add_segment(void *ctx, uint64_t start, uint64_t end, enum mms_segment is,
			uint64_t pages)
{
	struct gather *g = ctx;
	struct segment *s = model_list_add(&g->segments, sizeof(*s));

	if (s)
		*s = (struct segment){start, end, is};
	else
		g->failed = true;
}

/* Of a mapping where nothing was counted: smaps is read for these only, once for a fork. */
static const char *segment_of(struct gather *g, const struct mms_share_vma *v)
{
	const struct segment *s;
	size_t i;

	if (!g->asked && mms_proc_segments_each(g->bill->pid, add_segment, g))
		g->segments.nr = 0; /* it has ended meanwhile, or become another program */
	g->asked = true;
	s = g->segments.v;
	for (i = 0; i < g->segments.nr; i++)
		if (s[i].start <= v->start && v->start < s[i].end)
			return model_segment_name(s[i].is);
	return NULL;
}

/* As the mapping is now: a place that was remembered may have grown or been cut since. */
static void add_share(struct gather *g, const struct mms_share_vma *v)
{
	struct place *p = g->places.v, *end = p + g->places.nr;

	while (p < end && p->where != v->start && p->where != v->end &&
	       !(p->end && p->start >= v->start && p->start < v->end))
		p++;
	if (p == end)
		p = place_at(g, v->start);
	if (!p) {
		g->failed = true;
		return;
	}
	p->start = v->start;
	p->end = v->end;
	if (!p->segment)
		p->segment = segment_of(g, v);
	if (!p->name[0] && strcmp(v->name, "anon") != 0)
		memcpy(p->name, v->name, sizeof(p->name));
	p->bytes = v->bytes;
}

static int by_start(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static uint64_t place_ns(const struct place *p)
{
	static const enum mms_bill_what kinds[] = {MMS_BILL_COPIED, MMS_BILL_REUSED};
	const struct model_cow_sum *child = &p->sums[MODEL_PART_CHILD];
	uint64_t ns = child->ns[MMS_BILL_FILLED] + child->ns[MMS_BILL_FILE_COPIED] +
		      child->ns[MMS_BILL_KSM_COPIED];
	unsigned int part;
	size_t i;

	for (part = 0; part < MODEL_NR_PARTS; part++)
		for (i = 0; i < NR(kinds); i++)
			ns += p->sums[part].ns[kinds[i]];
	return ns;
}

static void place_row(struct out *o, const struct place *p, const struct cow_row *r, unsigned int n)
{
	const struct model_cow_sum *parent = &p->sums[MODEL_PART_PARENT],
				   *child = &p->sums[MODEL_PART_CHILD],
				   *after = &p->sums[MODEL_PART_TAIL];

	out_row(o);
	out_cell_num(o, n);
	out_cell_num(o, (uint64_t)r->bill->pid);
	out_cell_num(o, (uint64_t)r->bill->parent);
	out_cell_num(o, r->bill->fork_ns);
	out_cell_num(o, p->start);
	out_cell_num_if(o, p->end, p->end);
	out_cell_str(o, p->segment);
	out_cell_num(o, parent->nr[MMS_BILL_COPIED]);
	out_cell_num(o, parent->bytes[MMS_BILL_COPIED] + after->bytes[MMS_BILL_COPIED]);
	out_cell_num(o, child->bytes[MMS_BILL_COPIED] + child->bytes[MMS_BILL_FILE_COPIED] +
				child->bytes[MMS_BILL_KSM_COPIED]);
	out_cell_num(o, child->nr[MMS_BILL_COPIED]);
	out_cell_num(o, child->bytes[MMS_BILL_COPIED]);
	out_cell_num(o, child->nr[MMS_BILL_FILLED]);
	out_cell_num(o, child->bytes[MMS_BILL_FILLED]);
	out_cell_num(o, parent->nr[MMS_BILL_REUSED]);
	out_cell_num(o, child->nr[MMS_BILL_REUSED]);
	out_cell_num(o, after->nr[MMS_BILL_COPIED]);
	out_cell_num(o, after->nr[MMS_BILL_REUSED]);
	out_cell_num(o, parent->bytes[MMS_BILL_REUSED] + child->bytes[MMS_BILL_REUSED] +
				after->bytes[MMS_BILL_REUSED]);
	out_cell_num(o, child->bytes[MMS_BILL_FILE_COPIED]);
	out_cell_num(o, parent->bytes[MMS_BILL_FILE_COPIED]);
	out_cell_num(o, child->bytes[MMS_BILL_KSM_COPIED]);
	out_cell_num(o, parent->bytes[MMS_BILL_KSM_COPIED]);
	out_cell_num(o, place_ns(p));
	out_cell_num_if(o, r->looked, p->bytes.shared);
	out_cell_num_if(o, r->looked, p->bytes.private);
	out_cell_num_if(o, r->looked, p->bytes.swapped);
	out_cell_num_if(o, r->looked, p->bytes.zero);
	out_cell_num_if(o, r->looked, p->bytes.ksm);
	out_cell_str(o, p->name[0] ? p->name : NULL);
}

static bool report_fork(struct out *o, struct mms_bills *b, const struct model_cow *c,
			const struct cow_row *r, unsigned int n)
{
	struct gather g = {.b = b, .bill = r->bill};
	const struct mms_share_vma *v = r->look.vmas.v;
	struct place *p;
	size_t i;

	model_cow_each(c, r->bill, add, &g);
	for (i = 0; r->looked && i < r->look.vmas.nr; i++)
		add_share(&g, &v[i]);
	p = g.places.v;
	if (p)
		qsort(p, g.places.nr, sizeof(*p), by_start);
	for (i = 0; i < g.places.nr; i++)
		place_row(o, &p[i], r, n);
	free(g.places.v);
	free(g.segments.v);
	return !g.failed;
}

int cow_report_maps(struct out *o, struct mms_bills *b, const struct model_cow *c,
		    const struct cow_span *span)
{
	bool complete = true;
	size_t i;

	out_table(o, "mappings", cols, NR(cols));
	for (i = 0; i < span->rows->nr; i++)
		complete = report_fork(o, b, c, &span->rows->v[i], span->n) && complete;
	out_table_end(o);
	return complete ? 0 : -ENOMEM;
}
