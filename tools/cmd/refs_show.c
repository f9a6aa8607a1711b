// SPDX-License-Identifier: GPL-2.0-only
/* The words for a reference string. Must not know its bytes. */
#include <stdlib.h>

#include "cmd/refs_show.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static const struct out_col proc_cols[] = {
	{"proc", "PROC", OUT_COUNT, 5},	      {"pid", "PID", OUT_COUNT, 8},
	{"pages", "PAGES", OUT_COUNT, 10},    {"refs", "REFERENCES", OUT_COUNT, 12},
	{"writes", "WRITING", OUT_COUNT, 12}, {"name", "NAME", OUT_STR, 0},
};

static void add_chunk(struct refs_sums *sums, const uint16_t *proc_of, const struct mms_refs *r)
{
	uint64_t i;

	for (i = 0; i < r->nr; i++) {
		struct refs_sums *s = &sums[proc_of ? proc_of[r->page[i]] : 0];

		s->refs += 1 + mms_refs_more(r, i);
		s->writes += mms_refs_write(r, i);
	}
}

struct refs_sums *refs_sum_up(struct mms_refs_reader *r, const char **why)
{
	const struct mms_refs_info *info = mms_refs_info(r);
	struct refs_sums *sums = calloc(info->nr_procs, sizeof(*sums));
	struct mms_refs chunk;
	uint32_t i;
	int ret;

	if (!sums) {
		*why = "out of memory";
		return NULL;
	}
	for (i = 0; i < info->nr_pages; i++)
		sums[info->proc_of ? info->proc_of[i] : 0].pages++;
	mms_refs_rewind(r);
	while ((ret = mms_refs_next(r, &chunk, why)) > 0)
		add_chunk(sums, info->proc_of, &chunk);
	if (!ret)
		return sums;
	free(sums);
	return NULL;
}

void refs_show_origin(struct out *o, const struct mms_refs_info *info)
{
	if (info->origin[0])
		out_str(o, "origin", "origin", info->origin);
}

void refs_show_page_size(struct out *o, unsigned int page_shift)
{
	out_num(o, "page_bytes", "page size", OUT_SIZE, 1ULL << page_shift);
}

void refs_show_kind(struct out *o, bool sampled, uint64_t delta_ns)
{
	out_str(o, "kind", "kind", sampled ? "sampled" : "exact");
	out_bool(o, "sampled", NULL, sampled);
	if (sampled)
		out_num(o, "delta_ns", "interval", OUT_NS, delta_ns);
}

void refs_show_cut(struct out *o, bool cut)
{
	out_bool(o, "cut", NULL, cut);
	if (cut)
		out_note(o, "cut off: the string ends before what it was made of did (--max-refs, "
			    "or interrupted)");
}

void refs_show(struct out *o, const struct mms_refs_info *info, const struct refs_sums *sums)
{
	uint32_t i;

	refs_show_origin(o, info);
	refs_show_kind(o, info->sampled, info->delta_ns);
	if (info->sampled)
		out_num(o, "intervals", "intervals", OUT_COUNT, info->nr_marks);
	out_num(o, "refs", "references", OUT_COUNT, info->nr_refs);
	out_num(o, "entries", "entries", OUT_COUNT, info->nr);
	out_num(o, "pages", "pages", OUT_COUNT, info->nr_pages);
	refs_show_page_size(o, info->page_shift);
	out_bool(o, "addresses", info->ids ? "addresses" : NULL, !info->ids);
	out_num(o, "nr_processes", "processes", OUT_COUNT, info->nr_procs);
	out_table(o, "processes", proc_cols, NR(proc_cols));
	for (i = 0; i < info->nr_procs; i++) {
		out_row(o);
		out_cell_num(o, i);
		out_cell_num_if(o, info->procs[i].pid, info->procs[i].pid);
		out_cell_num(o, sums[i].pages);
		out_cell_num(o, sums[i].refs);
		out_cell_num_if(o, info->has_write, sums[i].writes);
		out_cell_str(o, info->procs[i].name);
	}
	out_table_end(o);
	if (info->sampled)
		out_note(o, "sampled: the order within an interval is not known");
	refs_show_cut(o, info->cut);
}
