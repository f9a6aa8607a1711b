// SPDX-License-Identifier: GPL-2.0-only
/* Effective access time and page sizes, as `mmscope size` tells them. */
#include "cmd/size.h"
#include "model/replay/eat.h"

static const struct out_col eat_cols[] = {
	{"term", "TERM", OUT_STR, -12},
	{"per_million_refs", "PER-MREF", OUT_RATE, 12},
	{"cost_ns", "COST(ns)", OUT_RATE, 12},
	{"ns", "NS", OUT_RATE, 12},
};

static const struct out_col page_cols[] = {
	{"page_bytes", "PAGE", OUT_SIZE, 4},
	{"pages", "PAGES", OUT_COUNT, 8},
	{"page_total_bytes", "MEMORY", OUT_BYTES, 7},
	{"waste_percent", "WASTE", OUT_PERCENT, 6},
	{"frames", "FRAMES", OUT_COUNT, 8},
	{"faults", "FAULTS", OUT_COUNT, 10},
	{"pte_tables", NULL, OUT_COUNT, 0},
	{"pmd_tables", NULL, OUT_COUNT, 0},
	{"pud_tables", NULL, OUT_COUNT, 0},
	{"pgd_tables", NULL, OUT_COUNT, 0},
	{"table_bytes", "TABLES", OUT_BYTES, 6},
	{"l1_reach_bytes", "REACH1", OUT_SIZE, 6},
	{"l2_reach_bytes", "REACH2", OUT_SIZE, 6},
	{"l1_misses", "L1-MISS", OUT_COUNT, 10},
	{"walks", "WALKS", OUT_COUNT, 10},
	{"eat_ns", "EAT(ns)", OUT_RATE, 8},
};

#define NR(cols) (sizeof(cols) / sizeof((cols)[0]))

static double per_ref(double n, uint64_t refs)
{
	return refs ? n / (double)refs : 0;
}

/* With the TLB of @p, if there is one. */
static struct mms_eat_conf conf_of(const struct size_opts *opts, const struct size_pages *p,
				   double faults, double writebacks, uint64_t refs)
{
	struct mms_eat_conf c = {
		.l2_ns = opts->l2_ns,
		.walk_ns = opts->walk_ns,
		.memory_ns = opts->cost.ref_ns,
		.faults = per_ref(faults, refs),
		.service_ns = opts->cost.fault_ns,
		.writebacks = per_ref(writebacks, refs),
		.write_ns = opts->cost.write_ns,
	};

	if (p) {
		c.l1_miss = p->l2.entries ? per_ref(p->looked_up.l1_misses, refs) : 0;
		c.walks = per_ref(p->looked_up.walks, refs);
	}
	return c;
}

void size_report_eat(struct out *o, const struct size_opts *opts, const struct size_data *d,
		     const struct mms_size_at *at, const char *why)
{
	const struct size_pages *p = d->nr_pages ? &d->pages[0] : NULL;
	struct mms_eat_conf c =
		conf_of(opts, p, (double)at->faults, at->writebacks, d->info->nr_refs);
	struct mms_eat_part part[MMS_EAT_TERMS];
	double eat = mms_eat(&c, part);
	int i;

	out_table(o, "effective_access_time", eat_cols, NR(eat_cols));
	for (i = 0; i < MMS_EAT_TERMS; i++) {
		out_row(o);
		out_cell_str(o, part[i].name);
		out_cell_real(o, 1e6 * part[i].ratio);
		out_cell_real(o, part[i].cost_ns);
		out_cell_real(o, part[i].ns);
	}
	out_row(o);
	out_cell_str(o, "all");
	out_cell_none(o);
	out_cell_none(o);
	out_cell_real(o, eat);
	out_table_end(o);
	out_note(o, "effective access time: with lru and %llu frames (%s)",
		 (unsigned long long)at->frames, why);
	if (!p) {
		out_note(o, "no TLB was simulated: that needs %s",
			 d->info->ids ? "addresses, and its pages are ids"
				      : "every reference, in order");
		return;
	}
	out_note(o,
		 "TLB of %u entries, %u ways, and %u entries, %u ways%s; instructions and data "
		 "share it, nothing is flushed; assumed: %g ns in the second, %g ns a walk",
		 p->l1.entries, p->l1.ways, p->l2.entries, p->l2.ways,
		 opts->has_tlb ? "" : " (Intel Skylake's data TLB)", opts->l2_ns, opts->walk_ns);
}

static void page_row(struct out *o, const struct size_opts *opts, const struct size_data *d,
		     const struct size_pages *p, uint64_t bytes)
{
	uint64_t all = (uint64_t)p->map.nr_pages << p->shift, frames = bytes >> p->shift;
	uint64_t faults = mms_distances_faults(&p->dist, frames);
	uint64_t charged = faults - (opts->cost.cold ? 0 : p->dist.cold);
	double written = faults > frames ? opts->cost.dirty * (double)(faults - frames) : 0;
	struct mms_eat_part part[MMS_EAT_TERMS];
	struct mms_eat_conf c;
	int i;

	if (p->writebacks)
		written =
			(double)p->writebacks[frames < p->map.nr_pages ? frames : p->map.nr_pages];
	c = conf_of(opts, p, (double)charged, written, d->info->nr_refs);
	out_row(o);
	out_cell_num(o, 1ULL << p->shift);
	out_cell_num(o, p->map.nr_pages);
	out_cell_num(o, all);
	out_cell_real(o, all ? 100.0 * (double)p->map.unused / (double)all : 0);
	out_cell_num(o, frames);
	out_cell_num_if(o, frames, charged);
	for (i = 0; i < MMS_TABLES; i++)
		out_cell_num(o, p->tables.tables[i]);
	out_cell_num(o, p->tables.bytes);
	out_cell_num(o, (uint64_t)p->l1.entries << p->shift);
	out_cell_num(o, (uint64_t)p->l2.entries << p->shift);
	out_cell_num(o, p->looked_up.l1_misses);
	out_cell_num(o, p->looked_up.walks);
	if (frames)
		out_cell_real(o, mms_eat(&c, part));
	else
		out_cell_none(o);
}

/* The first page size that has no frame, if there is one. */
static void note_no_page(struct out *o, const struct size_data *d, uint64_t bytes)
{
	char memory[OUT_SIZE_CHARS], page[OUT_SIZE_CHARS];
	size_t i;

	for (i = 0; i < d->nr_pages; i++)
		if (!(bytes >> d->pages[i].shift)) {
			out_note(o, "%s holds no page of %s: -m SIZE", out_size(bytes, memory),
				 out_size(1ULL << d->pages[i].shift, page));
			return;
		}
}

void size_report_pages(struct out *o, const struct size_opts *opts, const struct size_data *d,
		       uint64_t bytes, const char *why)
{
	char memory[OUT_SIZE_CHARS];
	size_t i;

	out_table(o, "page_sizes", page_cols, NR(page_cols));
	for (i = 0; i < d->nr_pages; i++)
		page_row(o, opts, d, &d->pages[i], bytes);
	out_table_end(o);
	out_note(o, "page sizes: %s of memory (%s) for each, a fault takes the same time for each",
		 out_size(bytes, memory), why);
	note_no_page(o, d, bytes);
	out_note(o, "16 KiB and 64 KiB: runs of entries in tables of 4 KiB pages, as Linux maps "
		    "them on x86; a TLB that joins them is assumed");
}
