// SPDX-License-Identifier: GPL-2.0-only
/* What `mmscope size` says: the string, what time costs, the sizes. */
#include <stdio.h>
#include <string.h>

#include "cmd/refs_show.h"
#include "cmd/size.h"

static const struct out_col size_cols[] = {
	{"what", "WHAT", OUT_STR, -18},
	{"policy", "POLICY", OUT_STR, -9},
	{"frames", "FRAMES", OUT_COUNT, 8},
	{"memory_bytes", "MEMORY", OUT_BYTES, 7},
	{"faults", "FAULTS", OUT_COUNT, 10},
	{"faults_per_million", "FAULTS/M", OUT_RATE, 8},
	{"faults_per_s", "FAULTS/s", OUT_RATE, 8},
	{"writebacks", "WRITTEN", OUT_COUNT, 9},
	{"stall_percent", "STALL", OUT_PERCENT, 6},
	{"slowdown", "SLOWDOWN", OUT_REAL, 8},
};

#define NR(cols) (sizeof(cols) / sizeof((cols)[0]))

/* What the rows are made of. */
struct rows {
	struct out *o;
	const struct size_opts *opts;
	struct size_data *d;
	struct mms_size_curve lru, opt, least, most;
	bool ordered; /* else there is nothing but bounds */
};

static struct mms_size_curve curve_of(const struct size_data *d, const uint64_t *faults,
				      const uint64_t *writebacks)
{
	return (struct mms_size_curve){.faults = faults,
				       .writebacks = writebacks,
				       .nr_pages = d->info->nr_pages,
				       .cold = d->cold,
				       .refs = d->info->nr_refs};
}

/* A bound of faults per second: few faults in much time, or many in little. */
static struct mms_size_curve for_rate(const struct rows *r, const struct mms_size_curve *c)
{
	struct mms_size_curve rate = *c;

	if (c == &r->least)
		rate.writebacks = r->most.writebacks;
	else if (c == &r->most)
		rate.writebacks = r->least.writebacks;
	return rate;
}

static void cells(const struct rows *r, const struct mms_size_curve *c, uint64_t frames)
{
	struct mms_size_curve rate = for_rate(r, c);
	struct mms_size_at at, busy;
	bool timed = c != &r->opt || r->opts->dirty_from != SIZE_FROM_STRING ||
		     size_opt_count(r->d, frames);
	int i;

	mms_size_at(c, &r->opts->cost, frames, &at);
	mms_size_at(&rate, &r->opts->cost, frames, &busy);
	out_cell_num(r->o, frames);
	out_cell_num(r->o, frames << r->d->info->page_shift);
	out_cell_num(r->o, at.faults);
	out_cell_real(r->o, at.per_million);
	for (i = 0; i < 4 && !timed; i++)
		out_cell_none(r->o);
	if (!timed)
		return;
	out_cell_real(r->o, busy.per_second);
	out_cell_num_if(r->o, r->opts->dirty_from != SIZE_ASSUMED, (uint64_t)(at.writebacks + 0.5));
	out_cell_real(r->o, 100 * at.stall);
	out_cell_real(r->o, at.slowdown);
}

static void row(const struct rows *r, const char *what, const char *policy,
		const struct mms_size_curve *c, uint64_t frames)
{
	size_t i;

	out_row(r->o);
	out_cell_str(r->o, what);
	out_cell_str(r->o, policy);
	if (frames) {
		cells(r, c, frames);
		return;
	}
	for (i = 2; i < NR(size_cols); i++)
		out_cell_none(r->o);
}

static uint64_t find(const struct rows *r, const struct mms_size_curve *c,
		     const struct size_goal *g)
{
	struct mms_size_curve rate = for_rate(r, c);

	if (c == &r->opt)
		return size_opt_find(r->d, &r->opts->cost, c, g);
	return mms_size_find(g->kind == MMS_SIZE_PER_SECOND ? &rate : c, &r->opts->cost, g->kind,
			     g->limit);
}

/* All that is known of one size. */
static void size_rows(const struct rows *r, const char *what, uint64_t frames)
{
	if (r->ordered)
		row(r, what, "lru", &r->lru, frames);
	if (r->opt.faults)
		row(r, what, "opt", &r->opt, frames);
	if (r->least.faults)
		row(r, what, "lru-least", &r->least, frames);
	if (r->most.faults)
		row(r, what, "lru-most", &r->most, frames);
}

/* Return: whether some goal is kept by no size. */
static bool goal_rows(const struct rows *r)
{
	bool never = false;
	size_t i;

	for (i = 0; i < r->opts->nr_goals; i++) {
		const struct size_goal *g = &r->opts->goals[i];
		uint64_t frames = find(r, r->ordered ? &r->lru : &r->most, g);

		never |= !frames;
		if (r->ordered)
			row(r, g->said, "lru", &r->lru, frames);
		if (r->opt.faults)
			row(r, g->said, "opt", &r->opt, find(r, &r->opt, g));
		if (r->least.faults)
			row(r, g->said, "lru-least", &r->least, find(r, &r->least, g));
		if (r->most.faults)
			row(r, g->said, "lru-most", &r->most, find(r, &r->most, g));
	}
	return never;
}

static uint64_t asked_frames(const struct rows *r)
{
	return r->d->asked;
}

static void asked_rows(const struct rows *r)
{
	uint64_t frames = asked_frames(r);

	if (frames)
		size_rows(r, "asked for", frames);
}

static void knee_rows(const struct rows *r, const struct mms_knee *knee)
{
	if (knee->frames && r->ordered) {
		row(r, "knee", "lru", &r->lru, knee->frames);
		if (r->opt.faults)
			row(r, "knee", "opt", &r->opt, knee->frames);
		row(r, "knee, lowest", "lru", &r->lru, knee->low);
		row(r, "knee, highest", "lru", &r->lru, knee->high);
	}
	if (r->least.faults) {
		struct mms_knee k;

		mms_size_knee(&r->least, &k);
		if (k.frames)
			row(r, "knee", "lru-least", &r->least, k.frames);
		mms_size_knee(&r->most, &k);
		if (k.frames)
			row(r, "knee", "lru-most", &r->most, k.frames);
	}
	if (r->ordered)
		row(r, "lifetime knee", "lru", &r->lru, mms_size_lifetime_knee(&r->lru));
	row(r, "all memory", "lru", &r->lru, r->d->info->nr_pages);
}

/* The size that the rest is told of: what was asked for, the first goal's, or all. */
static uint64_t told_frames(const struct rows *r, const char **why)
{
	uint64_t frames = asked_frames(r);

	*why = "-m";
	if (frames)
		return frames;
	*why = "the first bound";
	frames = r->opts->nr_goals ? find(r, &r->lru, &r->opts->goals[0]) : 0;
	if (frames)
		return frames;
	*why = "all memory";
	return r->d->info->nr_pages;
}

static void head(struct out *o, const struct size_opts *opts, const struct size_data *d)
{
	const struct mms_refs_info *info = d->info;

	out_str(o, "string", "string", opts->path);
	refs_show_origin(o, info);
	refs_show_kind(o, info->sampled, info->delta_ns);
	out_num(o, "refs", "references", OUT_COUNT, info->nr_refs);
	out_num(o, "pages", "pages", OUT_COUNT, info->nr_pages);
	refs_show_page_size(o, info->page_shift);
	out_real(o, "ref_ns", "time per reference", OUT_NS, opts->cost.ref_ns);
	out_num(o, "fault_ns", "time per fault", OUT_NS, (uint64_t)(opts->cost.fault_ns + 0.5));
	out_num(o, "write_ns", "time per write-back", OUT_NS,
		(uint64_t)(opts->cost.write_ns + 0.5));
	out_bool(o, "cold", NULL, opts->cost.cold);
	refs_show_cut(o, info->cut);
}

static void note_device(struct out *o, const struct size_opts *opts)
{
	const struct mms_latency *l = &opts->measured;

	if (opts->fault_from == SIZE_MEASURED)
		out_note(o,
			 "measured: %llu random reads of 4 KiB of %s (device %u:%u) with O_DIRECT, "
			 "median %.1f us, 99th percentile %.1f us",
			 (unsigned long long)l->reads, opts->measure, l->major, l->minor,
			 l->median_ns / 1e3, l->p99_ns / 1e3);
	if (opts->fault_from == SIZE_ASSUMED && opts->device_given)
		out_note(o,
			 "assumed: a fault takes what is typical of %s, as --device says; "
			 "--measure FILE measures yours",
			 opts->device);
	else if (opts->fault_from == SIZE_ASSUMED)
		out_note(o,
			 "assumed: no device was given, a fault takes what is typical of %s: "
			 "--device NAME, --latency TIME or --measure FILE",
			 opts->device);
}

static void note_dirty(struct out *o, const struct size_opts *opts, const struct size_data *d)
{
	char bytes[OUT_SIZE_CHARS];

	if (opts->dirty_from == SIZE_ASSUMED)
		out_note(o, "write-backs are not counted, the string does not tell what writes: "
			    "taken as none (--dirty PCT)");
	if (opts->dirty_from == SIZE_FROM_STRING && d->info->sampled)
		out_note(o,
			 "write-backs of lru-least and lru-most: fewer or more are not to be had "
			 "in any order; faster or slower is none");
	if (opts->dirty_from != SIZE_FROM_STRING || !d->opt)
		return;
	if (d->opt_writebacks)
		out_note(o, "write-backs are counted, those of opt by its replay with each size "
			    "that is shown");
	else
		out_note(o,
			 "write-backs of opt are not counted, that takes %s of memory or more: its "
			 "frames for a stall or a slowdown are those without any, at least",
			 out_size(((d->opt_bytes >> 20) + 1) << 20, bytes));
}

static void note_cost(struct out *o, const struct size_opts *opts, const struct size_data *d)
{
	if (opts->ref_from == SIZE_ASSUMED)
		out_note(o, "assumed: a reference takes %g ns (--ref-time, --span)",
			 opts->cost.ref_ns);
	if (opts->ref_from == SIZE_FROM_STRING)
		out_note(o, "time per reference: the intervals of the string by its references");
	note_device(o, opts);
	if (opts->write_from == SIZE_ASSUMED)
		out_note(o, "assumed: a write-back takes as long as a fault (--write-latency)");
	note_dirty(o, opts, d);
	if (!opts->cost.cold)
		out_note(o, "first references are not charged (--no-cold)");
}

static void note_knee(struct out *o, const struct mms_knee *knee, bool ordered)
{
	if (!ordered) {
		out_note(o, "knee: of the two bounds, furthest below the chord of each after first "
			    "references: no bounds of the knee");
		return;
	}
	if (!knee->frames) {
		out_note(o, "the curve has no knee: it is nowhere below its chord");
		return;
	}
	out_note(o,
		 "knee: furthest below the chord of the curve after first references, %.2f of 1; "
		 "lowest, highest: sizes within %.0f %% of that",
		 knee->distance, 100 * MMS_KNEE_NEAR);
}

static void note_sampled(struct out *o, const struct size_opts *opts, const struct size_data *d)
{
	if (!d->info->sampled)
		return;
	out_note(o, "sampled: the order inside an interval is not known; with the same frames, the "
		    "faults of LRU in every order lie between lru-least and lru-most, and so do "
		    "the frames for a bound");
	if (opts->sampled_ok)
		out_note(o, "lru and opt are of one order of many, the file's");
	else
		out_note(o, "left out, as they need the order: lru, opt; --sampled-ok takes that "
			    "of the file");
	out_note(o, "no effective access time: that needs every reference, in order");
}

static void note_bounds(struct out *o, const struct size_opts *opts, bool never)
{
	if (!opts->nr_goals)
		out_note(o, "no bound was given: --max-slowdown, --max-stall and --max-fault-rate "
			    "ask how many frames are enough");
	if (never)
		out_note(o, "a bound that no size keeps has no frames%s",
			 opts->cost.cold ? ": first references alone break it (--no-cold)" : "");
}

int size_report(struct out *o, const struct size_opts *opts, struct size_data *d)
{
	struct rows r = {.o = o, .opts = opts, .d = d, .ordered = size_ordered(d, opts)};
	struct mms_size_at at;
	struct mms_knee knee;
	const char *why;
	uint64_t told;
	bool never;

	r.lru = curve_of(d, d->lru, d->writebacks);
	r.opt = curve_of(d, d->opt, d->opt_writebacks);
	r.least = curve_of(d, d->least, d->least_writebacks);
	r.most = curve_of(d, d->most, d->most_writebacks);
	mms_size_knee(&r.lru, &knee);
	told = told_frames(&r, &why);
	mms_size_at(&r.lru, &opts->cost, told, &at);
	out_begin(o);
	head(o, opts, d);
	out_table(o, "sizes", size_cols, NR(size_cols));
	never = goal_rows(&r);
	asked_rows(&r);
	knee_rows(&r, &knee);
	out_table_end(o);
	if (!d->info->sampled)
		size_report_eat(o, opts, d, &at, why);
	if (opts->page_size)
		size_report_pages(o, opts, d, told << d->info->page_shift, why);
	note_bounds(o, opts, never);
	note_cost(o, opts, d);
	note_knee(o, &knee, r.ordered);
	note_sampled(o, opts, d);
	out_end(o);
	return d->opt_err
		       ? err_failed("%s: write-backs of opt: %s", opts->path, strerror(-d->opt_err))
		       : EXIT_OK;
}
