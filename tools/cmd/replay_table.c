// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of `mmscope replay`: each policy with each size. Knows nothing of how a policy works,
 * but that LRU and the working set have bounds where the order is not known.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/replay.h"
#include "model/replay/bound.h"

enum {
	COL_POLICY,
	COL_FRAMES,
	COL_MEMORY,
	COL_FAULTS,
	COL_PERCENT,
	COL_TIMES_OPT,
	COL_EVICTED,
	COL_WRITTEN,
	COL_MEAN,
	COL_MAX,
	COL_SAMPLED,
	COL_LEAST,
	COL_MOST,
};

static const struct out_col cols[] = {
	[COL_POLICY] = {"policy", "POLICY", OUT_STR, -16},
	[COL_FRAMES] = {"frames", "FRAMES", OUT_COUNT, 7},
	[COL_MEMORY] = {"memory_bytes", "MEMORY", OUT_BYTES, 8},
	[COL_FAULTS] = {"faults", "FAULTS", OUT_COUNT, 10},
	[COL_PERCENT] = {"fault_percent", "FAULT-%", OUT_RATIO, 8},
	[COL_TIMES_OPT] = {"times_opt", "x OPT", OUT_RATIO, 6},
	[COL_EVICTED] = {"evictions", "EVICTED", OUT_COUNT, 10},
	[COL_WRITTEN] = {"writebacks", "WRITTEN", OUT_COUNT, 9},
	[COL_MEAN] = {"mean_resident", "MEAN", OUT_RATIO, 8},
	[COL_MAX] = {"max_resident", "MAX", OUT_COUNT, 7},
	/* of sampled strings alone */
	[COL_SAMPLED] = {"sampled", NULL, OUT_BOOL, -8},
	[COL_LEAST] = {"least_faults", "LEAST", OUT_COUNT, 10},
	[COL_MOST] = {"most_faults", "MOST", OUT_COUNT, 10},
};

#define NR_COLS	  (sizeof(cols) / sizeof(cols[0]))
#define NR_EXACT  COL_SAMPLED
#define NO_OPT	  SIZE_MAX
#define LRU	  "lru"
#define OPT	  "opt"
#define WS	  "ws"
#define WS_WINDOW "window"

/**
 * struct table - one run
 * @sizes: @nr_sizes of them
 * @least, @most: bounds of LRU, if the string is sampled
 * @windows: bounds of the working set, of the windows asked for
 * @shown: @cols, without those that would say nothing in text
 * @opt: the policy that is opt, or NO_OPT; @opt_count: of it with @opt_frames, 0: none yet
 * @cold: of each policy, with a frame for each page; no refs: none yet
 */
struct table {
	struct replay_string *s;
	const struct replay_opts *opts;
	struct out *o;
	uint32_t *sizes;
	size_t nr_sizes;
	struct mms_distances least, most;
	struct mms_bound_window *windows;
	size_t nr_windows;
	struct out_col *shown;
	size_t opt;
	uint32_t opt_frames;
	struct mms_replay_count opt_count, *cold;
	bool bounded;		  /* a row has bounds */
	size_t nr_bare, nr_whole; /* policies left out: no bounds, and wants the whole string */
};

/* The window of a working set policy. Return: false if @rp is none. */
static bool window_of(const struct replay_policy *rp, uint64_t *window)
{
	size_t k;

	if (strcmp(rp->p->name, WS))
		return false;
	for (k = 0; k < MMS_POLICY_PARAMS && rp->p->params[k].name; k++) {
		if (!strcmp(rp->p->params[k].name, WS_WINDOW)) {
			*window = rp->conf.param[k];
			return true;
		}
	}
	return false;
}

static bool has_bounds(const struct replay_policy *rp)
{
	uint64_t window;

	return !strcmp(rp->p->name, LRU) || window_of(rp, &window);
}

/* A run of one policy over chunks. */
struct run {
	const struct mms_policy *p;
	void *state;
	struct mms_replay_count count;
};

static int feed(void *arg, const struct mms_refs *r)
{
	struct run *run = arg;

	run->p->run(run->state, r, 0, r->nr, &run->count);
	return 0;
}

/* With a frame for each page nothing is evicted, whatever the policy: one run says it all. */
static int run_policy(struct table *t, const struct replay_policy *rp, uint32_t frames,
		      struct mms_replay_count *count)
{
	struct mms_replay_count *cold = &t->cold[rp - t->opts->policies];
	bool all_fit = !(rp->p->flags & MMS_POLICY_VARIABLE) && frames >= t->s->info.nr_pages;
	struct mms_policy_conf conf = rp->conf;
	struct run run = {.p = rp->p};
	int ret;

	if (all_fit && cold->refs) {
		*count = *cold;
		return EXIT_OK;
	}
	conf.nr_pages = t->s->info.nr_pages;
	conf.frames = frames;
	conf.whole = t->s->loaded ? &t->s->refs : NULL;
	run.state = rp->p->begin(&conf);
	if (!run.state)
		return err_failed("%s: no memory", rp->text);
	ret = replay_string_each(t->s, feed, &run);
	rp->p->end(run.state);
	*count = run.count;
	if (all_fit && !ret)
		*cold = run.count;
	return ret;
}

static void bound_cells(struct table *t, const struct replay_policy *rp, uint32_t frames)
{
	uint64_t window;
	size_t k = 0;

	out_cell_num(t->o, true);
	if (window_of(rp, &window)) {
		while (t->windows[k].window != window)
			k++;
		out_cell_num(t->o, t->windows[k].least);
		out_cell_num(t->o, t->windows[k].most);
	} else if (!strcmp(rp->p->name, LRU)) {
		out_cell_num(t->o, mms_distances_faults(&t->least, frames));
		out_cell_num(t->o, mms_distances_faults(&t->most, frames));
	} else {
		out_cell_none(t->o);
		out_cell_none(t->o);
	}
}

/* Faults with that size, those of opt being 1. */
static void times_opt_cell(struct table *t, bool variable, const struct mms_replay_count *c)
{
	if (t->opt == NO_OPT || variable)
		out_cell_none(t->o);
	else
		out_cell_real(t->o, (double)c->faults / (double)t->opt_count.faults);
}

static void count_cells(struct table *t, bool variable, const struct mms_replay_count *c)
{
	double refs = (double)c->refs;

	out_cell_num(t->o, c->faults);
	out_cell_real(t->o, 100.0 * (double)c->faults / refs);
	times_opt_cell(t, variable, c);
	out_cell_num(t->o, c->evictions);
	out_cell_num_if(t->o, t->s->info.has_write, c->writebacks);
	if (variable)
		out_cell_real(t->o, (double)c->sum_resident / refs);
	else
		out_cell_none(t->o);
	out_cell_num(t->o, c->max_resident);
}

/* Is one order taken, the true one or the file's? */
static bool ordered(const struct table *t)
{
	return !t->s->info.sampled || t->opts->sampled_ok;
}

/* opt goes first with each size, wherever its row is. */
static int count_of(struct table *t, const struct replay_policy *rp, uint32_t frames,
		    struct mms_replay_count *count)
{
	bool variable = rp->p->flags & MMS_POLICY_VARIABLE;
	int ret;

	if (!variable && t->opt != NO_OPT && t->opt_frames != frames) {
		ret = run_policy(t, &t->opts->policies[t->opt], frames, &t->opt_count);
		if (ret)
			return ret;
		t->opt_frames = frames;
	}
	if (t->opt != NO_OPT && rp->p == t->opts->policies[t->opt].p) {
		*count = t->opt_count;
		return EXIT_OK;
	}
	return run_policy(t, rp, frames, count);
}

static int row(struct table *t, const struct replay_policy *rp, uint32_t frames)
{
	bool variable = rp->p->flags & MMS_POLICY_VARIABLE, known = ordered(t);
	struct mms_replay_count count = {0};
	int ret, k;

	if (known) {
		ret = count_of(t, rp, frames, &count);
		if (ret)
			return ret;
	}
	out_row(t->o);
	out_cell_str(t->o, rp->text);
	out_cell_num_if(t->o, !variable, frames);
	out_cell_num_if(t->o, !variable, (uint64_t)frames << t->s->info.page_shift);
	if (known)
		count_cells(t, variable, &count);
	for (k = COL_FAULTS; !known && k < COL_SAMPLED; k++)
		out_cell_none(t->o);
	if (t->s->info.sampled)
		bound_cells(t, rp, frames);
	return EXIT_OK;
}

/* Is the policy left out: no bounds of a sampled string, or no whole string? */
static bool is_bare(const struct table *t, const struct replay_policy *rp)
{
	return !ordered(t) && !has_bounds(rp);
}

static bool left_out(const struct table *t, const struct replay_policy *rp)
{
	return is_bare(t, rp) || ((rp->p->flags & MMS_POLICY_WHOLE) && !t->s->loaded);
}

/* Columns without a figure in any row are for machines alone. */
static void hide_columns(struct table *t, bool fixed, bool variable, bool bounds)
{
	bool narrow = t->s->info.sampled; /* with the bounds it would be too wide */
	size_t k;

	for (k = COL_FAULTS; k < COL_SAMPLED && !ordered(t); k++)
		t->shown[k].head = NULL;
	if (!t->s->info.has_write)
		t->shown[COL_WRITTEN].head = NULL;
	if (!variable || narrow)
		t->shown[COL_MEAN].head = NULL;
	if (!fixed)
		t->shown[COL_FRAMES].head = t->shown[COL_MEMORY].head = NULL;
	if (!fixed || t->opt == NO_OPT)
		t->shown[COL_TIMES_OPT].head = NULL;
	if (narrow)
		t->shown[COL_EVICTED].head = t->shown[COL_MAX].head = NULL;
	if (!bounds)
		t->shown[COL_LEAST].head = t->shown[COL_MOST].head = NULL;
}

/* What there will be: rows, columns and what is left out. */
static void plan(struct table *t)
{
	static struct out_col shown[NR_COLS]; /* as long as the output */
	bool fixed = false, variable = false;
	size_t i;

	memcpy(shown, cols, sizeof(cols));
	t->shown = shown;
	t->opt = NO_OPT;
	for (i = 0; i < t->opts->nr_policies; i++) {
		const struct replay_policy *rp = &t->opts->policies[i];

		if (left_out(t, rp)) {
			t->nr_bare += is_bare(t, rp);
			t->nr_whole += !is_bare(t, rp);
			continue;
		}
		if (!strcmp(rp->p->name, OPT))
			t->opt = i;
		t->bounded |= t->s->info.sampled && has_bounds(rp);
		if (rp->p->flags & MMS_POLICY_VARIABLE)
			variable = true;
		else
			fixed = true;
	}
	hide_columns(t, fixed, variable, t->bounded);
}

/* What was asked for by name and cannot be had is refused before anything is put out. */
static int check(struct table *t, const struct replay_policy *rp)
{
	struct mms_policy_conf conf = rp->conf;
	const char *why;

	if (t->opts->policies_asked && !has_bounds(rp) &&
	    replay_order_known(t->s, t->opts, rp->p->name))
		return EXIT_FAILED;
	if (t->opts->policies_asked && (rp->p->flags & MMS_POLICY_WHOLE) && !t->s->loaded)
		return err_failed("%s: does not fit into memory, and %s looks ahead in all of it; "
				  "lru, fifo and clock do not",
				  t->s->path, rp->p->name);
	conf.nr_pages = t->s->info.nr_pages;
	conf.frames = t->sizes[t->nr_sizes - 1];
	conf.whole = t->s->loaded ? &t->s->refs : NULL;
	why = mms_policy_unfit(rp->p, &conf);
	if (why)
		return err_failed("%s %s", rp->text, why);
	return conf.whole || !(rp->p->flags & MMS_POLICY_WHOLE)
		       ? replay_policy_fits(t->s, rp, &conf)
		       : EXIT_OK;
}

/* Those with a size, or those without. */
static int rows(struct table *t, bool variable, uint32_t frames)
{
	int ret = EXIT_OK;
	size_t i;

	for (i = 0; i < t->opts->nr_policies && ret == EXIT_OK && !out_error(t->o); i++) {
		const struct replay_policy *rp = &t->opts->policies[i];

		if (!left_out(t, rp) && !!(rp->p->flags & MMS_POLICY_VARIABLE) == variable)
			ret = row(t, rp, frames);
	}
	return ret;
}

/* Size by size, with the policies beside each other. */
static int all_rows(struct table *t)
{
	int ret = EXIT_OK;
	size_t k;

	for (k = 0; k < t->nr_sizes && ret == EXIT_OK && !out_error(t->o); k++)
		ret = rows(t, false, t->sizes[k]);
	return ret == EXIT_OK ? rows(t, true, t->sizes[0]) : ret;
}

static int bounds(struct table *t)
{
	const struct replay_opts *opts = t->opts;
	int err;
	size_t i, k;

	t->windows = calloc(opts->nr_policies + 1, sizeof(*t->windows));
	if (!t->windows)
		return err_failed("no memory");
	for (i = 0; i < opts->nr_policies; i++)
		if (window_of(&opts->policies[i], &t->windows[t->nr_windows].window))
			t->nr_windows++;
	for (i = 1; i < t->nr_windows; i++) { /* few: they ascend after this */
		struct mms_bound_window w = t->windows[i];

		for (k = i; k > 0 && t->windows[k - 1].window > w.window; k--)
			t->windows[k] = t->windows[k - 1];
		t->windows[k] = w;
	}
	if (!t->s->loaded)
		return err_failed("%s: sampled, and does not fit into memory", t->s->path);
	err = mms_bound_refs(&t->s->refs, t->s->info.marks, t->s->info.nr_marks, t->windows,
			     t->nr_windows, &t->least, &t->most);
	return err ? err_failed("%s: %s", t->s->path, strerror(-err)) : EXIT_OK;
}

/* A short string: bits that are never cleared, a working set that nothing leaves. */
static void note_idle(const struct table *t)
{
	char names[1024] = "";
	size_t i, len = 0;

	for (i = 0; i < t->opts->nr_policies && len < sizeof(names); i++) {
		const struct replay_policy *rp = &t->opts->policies[i];
		const char *param = replay_idle_param(rp, t->s->info.nr_refs);

		if (param && !left_out(t, rp))
			len += snprintf(names + len, sizeof(names) - len, " %s:%s", rp->p->name,
					param);
	}
	replay_note_idle(t->o, names);
}

static void notes(struct table *t)
{
	note_idle(t);
	if (t->sizes[t->nr_sizes - 1] > t->s->info.nr_pages)
		out_note(t->o,
			 "the string has %u page%s: with more frames, only first references fault",
			 t->s->info.nr_pages, t->s->info.nr_pages == 1 ? "" : "s");
	if (t->nr_whole)
		out_note(t->o,
			 "left out, as looking ahead in all of the string, which does not fit into "
			 "memory: %zu of the policies",
			 t->nr_whole);
	if (!t->s->info.sampled)
		return;
	if (t->bounded)
		out_note(t->o,
			 "sampled every %.3g s: no order of the references inside an interval has "
			 "fewer faults than LEAST or more than MOST",
			 (double)t->s->info.delta_ns / 1e9);
	if (t->opts->sampled_ok)
		out_note(t->o, "FAULTS and what follows are of one order of many, the file's");
	else if (t->nr_bare)
		out_note(t->o,
			 "left out, as having no bounds: %zu of the policies; --sampled-ok takes "
			 "the order of the file",
			 t->nr_bare);
}

#define MANY_SIZES 100
#define MUCH_WORK  100000000 /* references through a policy: a second */

/* Before the rows, as these may be slow to come. */
static void hint_at_curves(const struct table *t)
{
	double refs = 0;
	size_t k;

	for (k = 0; k < t->nr_sizes && t->sizes[k] < t->s->info.nr_pages; k++)
		refs += (double)t->s->info.nr;
	if (k > MANY_SIZES && refs * (double)t->opts->nr_policies >= MUCH_WORK && ordered(t))
		out_note(t->o,
			 "each policy is replayed %zu times; --curve=lru,opt,fifo,clock has all "
			 "sizes of these in one pass",
			 k);
}

static int body(struct table *t)
{
	const struct replay_opts *opts = t->opts;
	int ret = EXIT_OK;
	size_t i;

	for (i = 0; i < opts->nr_policies && ret == EXIT_OK; i++)
		ret = check(t, &opts->policies[i]);
	if (ret)
		return ret;
	out_begin(t->o);
	replay_head(t->o, t->s);
	plan(t);
	hint_at_curves(t);
	out_table(t->o, "rows", t->shown, t->s->info.sampled ? NR_COLS : NR_EXACT);
	ret = all_rows(t);
	out_table_end(t->o);
	notes(t);
	out_end(t->o);
	return ret;
}

static void free_table(struct table *t)
{
	free(t->sizes);
	free(t->windows);
	free(t->cold);
	mms_distances_deinit(&t->least);
	mms_distances_deinit(&t->most);
}

int replay_table(struct replay_string *s, const struct replay_opts *opts, struct out *o)
{
	struct table t = {.s = s, .opts = opts, .o = o};
	int ret = replay_sizes(opts->frames, s, &t.sizes, &t.nr_sizes);

	if (!ret)
		ret = replay_string_load(s);
	if (!ret && s->info.sampled)
		ret = bounds(&t);
	t.cold = calloc(opts->nr_policies + 1, sizeof(*t.cold));
	if (!ret && !t.cold)
		ret = err_failed("no memory");
	if (!ret)
		ret = body(&t);
	free_table(&t);
	return ret;
}
