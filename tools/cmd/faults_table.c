// SPDX-License-Identifier: GPL-2.0-only
/*
 * Columns and cells of mmscope faults. Must not know how rows were summed up, nor
 * what is around the table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/faults_table.h"
#include "model/fault_words.h"
#include "model/hist.h"

#define TEXT_WIDTH 100

enum id {
	ID_INTERVAL,
	ID_REST,
	ID_REST_ROWS,
	ID_PID,
	ID_TID,
	ID_COMM,
	ID_THREAD,
	ID_CGROUP_ID,
	ID_CGROUP,
	ID_START,
	ID_END,
	ID_SEGMENT,
	ID_DEV,
	ID_INODE,
	ID_FILE,
	ID_NAME,
	ID_SWAP_TYPE,
	ID_SWAP,
	ID_ORIGIN,
	ID_KIND,
	ID_COUNT,
	ID_STORED,
	ID_SAMPLED,
	ID_RATE,
	ID_PERCENT,
	ID_MINOR,
	ID_MAJOR,
	ID_AVG,
	ID_P50,
	ID_P99,
	ID_MAX,
	ID_TOTAL,
	ID_WALL,
	ID_BYTES,
	ID_AROUND,
	ID_FROM,
	ID_BELOW,
	ID_BUCKET,
	NR_IDS
};

static const struct out_col columns[NR_IDS] = {
	[ID_INTERVAL] = {"interval", NULL, OUT_COUNT, 0},
	[ID_REST] = {"rest", NULL, OUT_STR, 0},
	[ID_REST_ROWS] = {"rest_rows", NULL, OUT_COUNT, 0},
	[ID_PID] = {"pid", "PID", OUT_COUNT, 7},
	[ID_TID] = {"tid", "TID", OUT_COUNT, 7},
	[ID_COMM] = {"comm", "COMM", OUT_STR, -15},
	[ID_THREAD] = {"thread", "THREAD", OUT_STR, -15},
	[ID_CGROUP_ID] = {"cgroup_id", NULL, OUT_COUNT, 0},
	[ID_CGROUP] = {"cgroup", "CGROUP", OUT_STR, -24},
	[ID_START] = {"start", "START", OUT_HEX, 14},
	[ID_END] = {"end", "END", OUT_HEX, 14},
	[ID_SEGMENT] = {"segment", "SEGMENT", OUT_STR, -7},
	[ID_DEV] = {"dev", "DEV", OUT_STR, -7},
	[ID_INODE] = {"inode", "INODE", OUT_COUNT, 9},
	[ID_FILE] = {"file", "FILE", OUT_STR, -20},
	[ID_NAME] = {"file", "FILE", OUT_STR, 0},
	[ID_SWAP_TYPE] = {"swap_type", "TYPE", OUT_COUNT, 4},
	[ID_SWAP] = {"swap", "SWAP", OUT_STR, -20},
	[ID_ORIGIN] = {"origin", "ORIGIN", OUT_STR, -7},
	[ID_KIND] = {"kind", "KIND", OUT_STR, -14},
	[ID_COUNT] = {"count", "COUNT", OUT_COUNT, 8},
	[ID_STORED] = {"stored", NULL, OUT_COUNT, 0},
	[ID_SAMPLED] = {"sampled", NULL, OUT_COUNT, 0},
	[ID_RATE] = {"per_s", "RATE/s", OUT_RATE, 7},
	[ID_PERCENT] = {"percent", "%", OUT_PERCENT, 6},
	[ID_MINOR] = {"minor", NULL, OUT_COUNT, 0},
	[ID_MAJOR] = {"major", "MAJOR", OUT_COUNT, 6},
	[ID_AVG] = {"avg_ns", "AVG", OUT_NS, 7},
	[ID_P50] = {"p50_ns", "P50<", OUT_NS, 7},
	[ID_P99] = {"p99_ns", "P99<", OUT_NS, 7},
	[ID_MAX] = {"max_ns", "MAX", OUT_NS, 7},
	[ID_TOTAL] = {"total_ns", "TOTAL", OUT_NS, 7},
	[ID_WALL] = {"wall_percent", "WALL", OUT_PERCENT, 6},
	[ID_BYTES] = {"bytes", "BYTES", OUT_BYTES, 7},
	[ID_AROUND] = {"around_pages", "AROUND", OUT_COUNT, 7},
	[ID_FROM] = {"from_ns", "FROM", OUT_NS, 8},
	[ID_BELOW] = {"below_ns", "BELOW", OUT_NS, 8},
	[ID_BUCKET] = {"count", "COUNT", OUT_COUNT, 9},
};

/* What text leaves out, first to last, as long as a line is too long. */
static const enum id dispensable[] = {ID_P50, ID_BYTES, ID_RATE, ID_WALL,
				      ID_P99, ID_AVG,	ID_MAX,	 ID_MAJOR};

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static void add_col(struct faults_table *t, enum id id)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (t->ids[i] == id)
			return;
	t->ids[t->nr] = id;
	t->cols[t->nr++] = columns[id];
}

static void add_cols(struct faults_table *t, const enum id *ids, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		add_col(t, ids[i]);
}

#define ADD(t, ...)                                          \
	do {                                                 \
		static const enum id ids_[] = {__VA_ARGS__}; \
		add_cols(t, ids_, NR(ids_));                 \
	} while (0)

static void add_key(struct faults_table *t, unsigned int key)
{
	switch (key) {
	case MODEL_BY_PROCESS:
		ADD(t, ID_PID, ID_COMM);
		break;
	case MODEL_BY_THREAD:
		ADD(t, ID_PID, ID_COMM, ID_TID, ID_THREAD);
		break;
	case MODEL_BY_CGROUP:
		ADD(t, ID_CGROUP_ID, ID_CGROUP);
		break;
	case MODEL_BY_VMA:
		ADD(t, ID_PID, ID_COMM, ID_START, ID_END, ID_SEGMENT, ID_DEV, ID_INODE);
		break;
	case MODEL_BY_FILE:
		ADD(t, ID_DEV, ID_INODE, ID_FILE);
		break;
	case MODEL_BY_SEGMENT:
		ADD(t, ID_SEGMENT);
		break;
	case MODEL_BY_SWAP:
		ADD(t, ID_SWAP_TYPE, ID_SWAP);
		break;
	case MODEL_BY_ORIGIN:
		ADD(t, ID_ORIGIN);
		break;
	default:
		ADD(t, ID_KIND);
	}
}

static struct out_col *column(struct faults_table *t, enum id id)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (t->ids[i] == id)
			return &t->cols[i];
	return NULL;
}

static void hide(struct faults_table *t, enum id id)
{
	struct out_col *c = column(t, id);

	if (c)
		c->head = NULL;
}

static int text_width(const struct faults_table *t)
{
	int width = 0;
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (t->cols[i].head)
			width += abs(t->cols[i].width) + 1;
	return width - 1;
}

static void begin_table(struct faults_table *t, const struct faults_args *a)
{
	size_t i;

	t->nr = 0;
	snprintf(t->name, sizeof(t->name), "%s%s", faults_key_name(a->keys[0]),
		 a->keys[0] == MODEL_BY_PROCESS ? "es" : "s");
	ADD(t, ID_INTERVAL, ID_REST, ID_REST_ROWS);
	for (i = 0; i < a->nr_keys; i++)
		add_key(t, a->keys[i]);
	if (a->by & MODEL_BY_VMA) {
		hide(t, ID_DEV);
		hide(t, ID_INODE);
		/* All rows are of the one process. */
		if (a->opts.tid || (a->opts.tgid && !a->opts.follow)) {
			hide(t, ID_PID);
			hide(t, ID_COMM);
		}
	}
}

void faults_table_init(struct faults_table *t, const struct faults_args *a)
{
	size_t i;

	begin_table(t, a);
	ADD(t, ID_COUNT, ID_STORED, ID_SAMPLED, ID_RATE, ID_PERCENT, ID_MINOR, ID_MAJOR, ID_AVG,
	    ID_P50, ID_P99, ID_MAX, ID_TOTAL, ID_WALL, ID_BYTES, ID_AROUND);
	if (!a->opts.around)
		hide(t, ID_AROUND);
	for (i = 0; i < NR(dispensable) && text_width(t) > TEXT_WIDTH; i++)
		hide(t, dispensable[i]);
	/* As wide as it likes, at the end. */
	if (a->by & MODEL_BY_VMA)
		ADD(t, ID_NAME);
}

void faults_table_init_hist(struct faults_table *t, const struct faults_args *a)
{
	begin_table(t, a);
	ADD(t, ID_FROM, ID_BELOW, ID_BUCKET);
	if (a->by & MODEL_BY_VMA)
		ADD(t, ID_NAME);
	snprintf(t->name, sizeof(t->name), "histograms");
}

/* The word for a rest stands in the first column of text that can hold one. */
static bool takes_word(const struct faults_table *t, size_t at)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (t->cols[i].head && t->cols[i].type == OUT_STR && t->ids[i] != ID_DEV)
			return i == at;
	return false;
}

static const char *rest_name(enum model_fault_rest rest)
{
	return rest == MODEL_REST_OTHERS  ? "others"
	       : rest == MODEL_REST_KINDS ? "other kinds"
					  : NULL;
}

static void cell_dev(struct out *o, uint32_t dev)
{
	char text[24];

	snprintf(text, sizeof(text), "%u:%u", dev >> 20, dev & 0xfffff);
	out_cell_str(o, text);
}

/* Of a file or of a mapping: which file. */
static void cell_file(struct out *o, enum id id, const struct model_fault *f)
{
	uint64_t ino = f->has_place ? f->place.ino : 0;
	uint32_t dev = f->has_place ? f->place.dev : 0;

	/* A file is known by its key, too, when there was no room for its name. */
	if (!f->has_place && f->dev) {
		ino = f->where;
		dev = f->dev;
	}
	if (id == ID_DEV && ino)
		cell_dev(o, dev);
	else if (id == ID_INODE)
		out_cell_num_if(o, ino, ino);
	else
		out_cell_str(o, id != ID_DEV && f->has_place && f->place.name[0] ? f->place.name
										 : NULL);
}

static void cell_place(struct out *o, enum id id, const struct model_fault *f)
{
	switch (id) {
	case ID_START:
		out_cell_num_if(o, f->has_place || f->where,
				f->has_place ? f->place.start : f->where);
		break;
	case ID_END:
		out_cell_num_if(o, f->has_place, f->place.end);
		break;
	case ID_SEGMENT:
		out_cell_str(o, f->has_place ? model_segment_name(f->place.segment) : NULL);
		break;
	default:
		cell_file(o, id, f);
	}
}

static void cell_key(struct out *o, enum id id, struct faults_names *names,
		     const struct model_fault *f)
{
	switch (id) {
	case ID_PID:
		out_cell_num(o, f->tgid);
		break;
	case ID_TID:
		out_cell_num(o, f->tid);
		break;
	case ID_COMM:
		out_cell_str(o, f->comm);
		break;
	case ID_THREAD:
		out_cell_str(o, faults_thread_name(names, (pid_t)f->tgid, (pid_t)f->tid));
		break;
	case ID_CGROUP_ID:
		out_cell_num(o, f->cgroup_id);
		break;
	case ID_CGROUP:
		out_cell_str(o, faults_cgroup_name(names, f->cgroup_id));
		break;
	case ID_SWAP_TYPE:
		out_cell_num_if(o, f->where, f->where - 1);
		break;
	case ID_SWAP:
		out_cell_str(o,
			     f->where ? faults_swap_name(names, (unsigned int)f->where - 1) : NULL);
		break;
	case ID_ORIGIN:
		out_cell_str(o, model_origin_name(f->origin));
		break;
	case ID_KIND:
		out_cell_str(o, faults_kind_name(f->kind));
		break;
	default:
		cell_place(o, id, f);
	}
}

static void cell_latency(struct out *o, enum id id, const struct model_fault *f)
{
	uint64_t timed = f->stored[MODEL_SUM_COUNT] - f->stored[MODEL_SUM_UNTIMED];
	bool known = model_fault_max_known(f);
	uint64_t max = known ? f->max_ns : 0, v;

	switch (id) {
	case ID_AVG:
		out_cell_num_if(o, timed, timed ? f->stored[MODEL_SUM_NS] / timed : 0);
		break;
	case ID_MAX:
		out_cell_num_if(o, timed && known, f->max_ns);
		break;
	default:
		v = hist_percentile(f->hist, MMS_FAULT_BUCKETS, id == ID_P50 ? 50 : 99, max);
		out_cell_num_if(o, timed && v != UINT64_MAX, v);
	}
}

static void cell_share(struct out *o, double part, double whole, double scale)
{
	if (whole > 0)
		out_cell_real(o, scale * part / whole);
	else
		out_cell_none(o);
}

static void cell_figure(struct out *o, enum id id, const struct faults_base *b,
			const struct model_fault *f)
{
	const uint64_t *sum = f->sum;

	switch (id) {
	case ID_COUNT:
		out_cell_about(o, b->period > 1, sum[MODEL_SUM_COUNT]);
		break;
	case ID_STORED:
		out_cell_num(o, f->stored[MODEL_SUM_COUNT]);
		break;
	case ID_SAMPLED:
		out_cell_num(o, b->period);
		break;
	case ID_RATE:
		cell_share(o, (double)sum[MODEL_SUM_COUNT], (double)b->wall_ns, 1e9);
		break;
	case ID_PERCENT:
		cell_share(o, (double)sum[MODEL_SUM_COUNT], (double)b->all, 100);
		break;
	case ID_MINOR:
		out_cell_num(o, sum[MODEL_SUM_MINOR]);
		break;
	case ID_MAJOR:
		out_cell_num(o, sum[MODEL_SUM_MAJOR]);
		break;
	case ID_TOTAL:
		out_cell_num_if(o, sum[MODEL_SUM_COUNT] > sum[MODEL_SUM_UNTIMED],
				sum[MODEL_SUM_NS]);
		break;
	case ID_WALL:
		cell_share(o, (double)sum[MODEL_SUM_NS], (double)b->wall_ns, 100);
		break;
	case ID_BYTES:
		out_cell_num(o, sum[MODEL_SUM_BYTES]);
		break;
	default:
		cell_latency(o, id, f);
	}
}

/* Cells that every table begins with. Return: false if the cell is not one of them. */
static bool cell_common(struct out *o, const struct faults_table *t, size_t at,
			const struct faults_base *b, struct faults_names *names,
			const struct model_fault *f)
{
	enum id id = t->ids[at];

	if (id == ID_INTERVAL)
		out_cell_num(o, b->n);
	else if (id == ID_REST)
		out_cell_str(o, rest_name(f->rest));
	else if (id == ID_REST_ROWS)
		out_cell_num_if(o, f->rest == MODEL_REST_OTHERS, f->nr_rows);
	else if (id >= ID_COUNT)
		return false;
	else if (!f->rest)
		cell_key(o, id, names, f);
	else
		out_cell_str(o, takes_word(t, at) ? rest_name(f->rest) : NULL);
	return true;
}

void faults_table_row(struct out *o, const struct faults_table *t, const struct faults_base *base,
		      struct faults_names *names, const struct model_fault *f)
{
	size_t i;

	out_row(o);
	for (i = 0; i < t->nr; i++) {
		if (cell_common(o, t, i, base, names, f))
			continue;
		if (t->ids[i] == ID_AROUND)
			out_cell_num_if(o, t->cols[i].head, f->sum[MODEL_SUM_AROUND]);
		else
			cell_figure(o, t->ids[i], base, f);
	}
	out_array(o, "hist", f->hist, MMS_FAULT_BUCKETS);
}

static void hist_row(struct out *o, const struct faults_table *t, const struct faults_base *base,
		     struct faults_names *names, const struct model_fault *f, size_t b)
{
	size_t i;

	out_row(o);
	for (i = 0; i < t->nr; i++) {
		if (cell_common(o, t, i, base, names, f))
			continue;
		if (t->ids[i] == ID_FROM)
			out_cell_num(o, b ? 1ULL << b : 0);
		else if (t->ids[i] == ID_BELOW)
			out_cell_num_if(o, b + 1 < MMS_FAULT_BUCKETS, 1ULL << (b + 1));
		else
			out_cell_num(o, f->hist[b]);
	}
}

void faults_table_hist(struct out *o, const struct faults_table *t, const struct faults_base *base,
		       struct faults_names *names, const struct model_fault *f)
{
	size_t b;

	for (b = 0; b < MMS_FAULT_BUCKETS; b++)
		if (f->hist[b])
			hist_row(o, t, base, names, f, b);
}
