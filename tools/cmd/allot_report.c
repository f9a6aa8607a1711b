// SPDX-License-Identifier: GPL-2.0-only
/* What `mmscope allot` says: each process under each rule. */
#include <stdio.h>
#include <string.h>

#include "cmd/allot.h"
#include "cmd/refs_show.h"

static const struct out_col cols[] = {
	{"rule", "RULE", OUT_STR, -12},
	{"process", "PROCESS", OUT_STR, -20},
	{"frames", "FRAMES", OUT_COUNT, 9},
	{"memory_bytes", "MEMORY", OUT_BYTES, 8},
	{"refs", NULL, OUT_COUNT, 0},
	{"pages", NULL, OUT_COUNT, 0},
	{"working_set_pages", NULL, OUT_REAL, 0},
	{"faults", "FAULTS", OUT_COUNT, 11},
	{"cold", NULL, OUT_COUNT, 0},
	{"fault_ratio", NULL, OUT_REAL, 0},
	{"faults_per_million", "FAULTS/M", OUT_RATE, 9},
	{"lost_to_others", "LOST", OUT_COUNT, 9},
	{"thrashing", "THRASHING", OUT_BOOL, 9},
	{"thrashing_processes", NULL, OUT_COUNT, 0},
	/* of sampled strings alone */
	{"least_faults", "LEAST", OUT_COUNT, 11},
	{"most_faults", "MOST", OUT_COUNT, 11},
};

/* Columns of @cols. */
enum { COL_MEMORY = 3, COL_FAULTS = 7, COL_PER_MILLION = 10, COL_THRASHING = 12, NR_EXACT = 14 };

/* The same under each rule. */
static const struct out_col string_cols[] = {
	{"process", "PROCESS", OUT_STR, -20},
	{"refs", "REFERENCES", OUT_COUNT, 12},
	{"pages", "PAGES", OUT_COUNT, 9},
	{"cold", "COLD", OUT_COUNT, 9},
	{"working_set_pages", "W-SET", OUT_REAL, 11},
};

#define NR(cols) (sizeof(cols) / sizeof((cols)[0]))
#define W_SET	 (NR(string_cols) - 1)

static const char *const names[ALLOT_RULES] = {
	[ALLOT_EQUAL] = "equal",       [ALLOT_PROPORTIONAL] = "proportional",
	[ALLOT_PRIORITY] = "priority", [ALLOT_WS] = "working-set",
	[ALLOT_PFF] = "pff",	       [ALLOT_OPTIMAL] = "optimal",
	[ALLOT_GLOBAL] = "global",
};

const char *allot_rule_name(enum allot_rule rule)
{
	return names[rule];
}

/**
 * struct result - one rule
 * @frames: of each; of ALLOT_GLOBAL the mean, rounded; @all_frames: their sum, rounded
 * @faults: of each
 * @lost: of each, ALLOT_GLOBAL only
 * @exact: ALLOT_OPTIMAL: there is no better one
 * @bound: ALLOT_OPTIMAL: faults that no division can go below
 */
struct result {
	uint64_t frames[ALLOT_MAX_PROCS], all_frames;
	uint64_t faults[ALLOT_MAX_PROCS];
	uint64_t lost[ALLOT_MAX_PROCS];
	bool exact;
	uint64_t bound;
};

static int shared(const struct allot_opts *opts, const struct allot_data *d, struct result *r)
{
	struct mms_global_count count[ALLOT_MAX_PROCS];
	uint64_t turn[ALLOT_MAX_PROCS];
	double all = 0;
	size_t i;
	int err;

	for (i = 0; i < d->nr; i++)
		turn[i] = opts->turn;
	if (d->split)
		err = mms_global_lru_string(&d->whole, d->proc_of, d->nr, opts->frames, count);
	else
		err = mms_global_lru_turns(d->refs, turn, d->nr, opts->frames, count);
	for (i = 0; i < d->nr && !err; i++) {
		r->frames[i] = (uint64_t)(count[i].mean + 0.5);
		all += count[i].mean;
		r->faults[i] = count[i].faults;
		r->lost[i] = count[i].lost;
	}
	r->all_frames = (uint64_t)(all + 0.5);
	return err;
}

static int by_rule(const struct allot_opts *opts, const struct allot_data *d, enum allot_rule rule,
		   struct result *r)
{
	double share[ALLOT_MAX_PROCS];
	size_t i;
	int ret = 0;

	if (rule == ALLOT_GLOBAL)
		return shared(opts, d, r);
	for (i = 0; i < d->nr; i++) {
		share[i] = 1;
		if (rule == ALLOT_PROPORTIONAL)
			share[i] = d->proc[i].nr_pages;
		else if (rule == ALLOT_PRIORITY)
			share[i] = opts->priority[i];
		else if (rule == ALLOT_WS)
			share[i] = d->ws[i];
		else if (rule == ALLOT_PFF)
			share[i] = d->pff[i];
	}
	if (rule == ALLOT_OPTIMAL)
		ret = mms_allot_optimal(d->proc, d->nr, opts->frames, MMS_ALLOT_EXACT_STEPS,
					r->frames, &r->bound);
	else
		ret = mms_allot_shares(share, d->nr, opts->frames, r->frames);
	r->exact = ret == 1;
	r->all_frames = 0;
	for (i = 0; i < d->nr && ret >= 0; i++) {
		r->faults[i] = mms_allot_faults(&d->proc[i], 1, &r->frames[i]);
		r->all_frames += r->frames[i];
	}
	return ret < 0 ? ret : 0;
}

/* Faults that more memory would have spared, per reference, and a working set that does not fit. */
static bool thrashes(const struct allot_opts *opts, const struct allot_data *d, size_t i,
		     const struct result *r)
{
	double spared = (double)(r->faults[i] - d->cold[i]);

	return spared > opts->thrash * (double)d->proc[i].refs && d->ws[i] > (double)r->frames[i];
}

/* A row: one process, or all of them. */
struct cells {
	const char *process;
	uint64_t frames, refs, pages, faults, cold, lost, thrashing, least, most;
	double ws;
};

static uint64_t at(const struct allot_data *d, uint64_t *const *curve, size_t i,
		   const struct result *r)
{
	uint64_t m = r->frames[i], nr = d->proc[i].nr_pages;

	return d->sampled ? curve[i][m < nr ? m : nr] : 0;
}

static struct cells process_cells(const struct allot_opts *opts, const struct allot_data *d,
				  size_t i, const struct result *r)
{
	return (struct cells){
		.process = d->name[i],
		.frames = r->frames[i],
		.refs = d->proc[i].refs,
		.pages = d->proc[i].nr_pages,
		.faults = r->faults[i],
		.cold = d->cold[i],
		.lost = r->lost[i],
		.thrashing = thrashes(opts, d, i, r),
		.least = at(d, d->least, i, r),
		.most = at(d, d->most, i, r),
		.ws = d->ws[i],
	};
}

static void add(struct cells *all, const struct cells *c)
{
	all->refs += c->refs;
	all->pages += c->pages;
	all->faults += c->faults;
	all->cold += c->cold;
	all->lost += c->lost;
	all->thrashing += c->thrashing;
	all->least += c->least;
	all->most += c->most;
	all->ws += c->ws;
}

static void real_if(struct out *o, bool known, double v)
{
	if (known)
		out_cell_real(o, v);
	else
		out_cell_none(o);
}

static void row(struct out *o, const struct allot_data *d, enum allot_rule rule, bool ordered,
		const struct cells *c)
{
	double ratio = c->refs ? (double)c->faults / (double)c->refs : 0;

	out_row(o);
	out_cell_str(o, names[rule]);
	out_cell_str(o, c->process);
	out_cell_num(o, c->frames);
	out_cell_num(o, c->frames << d->page_shift);
	out_cell_num(o, c->refs);
	out_cell_num(o, c->pages);
	real_if(o, ordered, c->ws);
	out_cell_num_if(o, ordered, c->faults);
	out_cell_num(o, c->cold);
	real_if(o, ordered, ratio);
	real_if(o, ordered, 1e6 * ratio);
	out_cell_num_if(o, rule == ALLOT_GLOBAL, c->lost);
	out_cell_num_if(o, ordered, c->thrashing > 0);
	out_cell_num_if(o, ordered, c->thrashing);
	if (!d->sampled)
		return;
	out_cell_num_if(o, rule != ALLOT_GLOBAL, c->least);
	out_cell_num_if(o, rule != ALLOT_GLOBAL, c->most);
}

static void rows(struct out *o, const struct allot_opts *opts, const struct allot_data *d,
		 enum allot_rule rule, const struct result *r)
{
	struct cells c, all = {.process = "all", .frames = r->all_frames};
	bool ordered = allot_ordered(d, opts);
	size_t i;

	for (i = 0; i < d->nr; i++) {
		c = process_cells(opts, d, i, r);
		add(&all, &c);
		row(o, d, rule, ordered, &c);
	}
	row(o, d, rule, ordered, &all);
}

/* Without order there is no figure in some; with bounds all would be too wide. */
static void begin_rows(struct out *o, const struct allot_opts *opts, const struct allot_data *d)
{
	static struct out_col shown[NR(cols)]; /* as long as the output */
	size_t k;

	memcpy(shown, cols, sizeof(cols));
	if (d->sampled)
		shown[COL_MEMORY].head = shown[COL_PER_MILLION].head = NULL;
	for (k = COL_FAULTS; k <= COL_THRASHING && !allot_ordered(d, opts); k++)
		shown[k].head = NULL;
	out_table(o, "allotments", shown, d->sampled ? NR(cols) : NR_EXACT);
}

static void string_rows(struct out *o, const struct allot_opts *opts, const struct allot_data *d)
{
	static struct out_col shown[NR(string_cols)]; /* as long as the output */
	bool ordered = allot_ordered(d, opts);
	size_t i;

	memcpy(shown, string_cols, sizeof(string_cols));
	if (!ordered)
		shown[W_SET].head = NULL;
	out_table(o, "strings", shown, NR(shown));
	for (i = 0; i < d->nr; i++) {
		out_row(o);
		out_cell_str(o, d->name[i]);
		out_cell_num(o, d->proc[i].refs);
		out_cell_num(o, d->proc[i].nr_pages);
		out_cell_num(o, d->cold[i]);
		real_if(o, ordered, d->ws[i]);
	}
	out_table_end(o);
}

static void note_sampled(struct out *o, const struct allot_opts *opts, const struct allot_data *d)
{
	if (!d->sampled)
		return;
	out_note(o,
		 "sampled every %.3g s: with these frames, no order of the references inside an "
		 "interval has fewer faults than LEAST or more than MOST",
		 (double)d->delta_ns / 1e9);
	if (opts->sampled_ok)
		out_note(o, "FRAMES by working-set, pff and optimal, FAULTS and what follows, and "
			    "working sets are of one order of many, the file's");
	else if (!opts->rules_asked)
		out_note(o, "left out, as they need the order: working-set, pff, optimal and "
			    "global; --sampled-ok takes that of the file");
}

static void note_rules(struct out *o, const struct allot_opts *opts, const struct allot_data *d,
		       const struct result *optimal)
{
	if (allot_ordered(d, opts))
		out_note(
			o,
			"thrashing: more than %g faults per reference after first references, and a mean "
			"working set (window %llu references) of more pages than frames",
			opts->thrash, (unsigned long long)opts->window);
	if (opts->rules & 1U << ALLOT_PFF)
		out_note(o,
			 "pff: threshold %llu references; its mean sizes are scaled to the frames",
			 (unsigned long long)d->pff_threshold);
	if (opts->rules & 1U << ALLOT_OPTIMAL && optimal->exact)
		out_note(o, "optimal: exact, no fixed division has fewer faults in all%s",
			 d->sampled ? ", for this one order" : "");
	else if (opts->rules & 1U << ALLOT_OPTIMAL)
		out_note(
			o,
			"optimal: by marginal gain on convex hulls; no fixed division has fewer than "
			"%llu faults in all",
			(unsigned long long)optimal->bound);
	if (opts->rules & 1U << ALLOT_GLOBAL && d->split)
		out_note(o, "global: one LRU list, in the order of the string; frames are means "
			    "over time: fewer than there are, as memory fills first");
	else if (opts->rules & 1U << ALLOT_GLOBAL)
		out_note(o,
			 "global: one LRU list, turns of %llu references; frames are means over "
			 "time: fewer than there are, as memory fills first",
			 (unsigned long long)opts->turn);
	note_sampled(o, opts, d);
}

int allot_report(struct out *o, const struct allot_opts *opts, const struct allot_data *d)
{
	struct result result = {0}, optimal = {0};
	enum allot_rule rule;
	int err = 0;

	out_begin(o);
	out_num(o, "frames", "frames", OUT_COUNT, opts->frames);
	refs_show_page_size(o, d->page_shift);
	out_num(o, "nr_processes", "processes", OUT_COUNT, d->nr);
	out_num(o, "window_refs", NULL, OUT_COUNT, opts->window);
	refs_show_kind(o, d->sampled, d->delta_ns);
	refs_show_cut(o, d->cut);
	if (d->cut)
		out_note(o, "that is %s", d->cut);
	begin_rows(o, opts, d);
	for (rule = 0; rule < ALLOT_RULES && !err; rule++) {
		if (!(opts->rules & 1U << rule))
			continue;
		err = by_rule(opts, d, rule, &result);
		if (!err)
			rows(o, opts, d, rule, &result);
		if (rule == ALLOT_OPTIMAL)
			optimal = result;
	}
	out_table_end(o);
	string_rows(o, opts, d);
	note_rules(o, opts, d, &optimal);
	out_end(o);
	return err ? err_failed("out of memory for rule '%s'", names[rule - 1]) : EXIT_OK;
}
