// SPDX-License-Identifier: GPL-2.0-only
/*
 * `mmscope replay --curve`: faults with many sizes, or windows, at once: all curves in one pass
 * over the string. Which are taken and how; the report is in replay_curve_out.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/replay_curve.h"

static int feed_bound(struct replay_curve *c, const struct mms_refs *r)
{
	const struct mms_refs_info *info = &c->s->info;
	uint64_t from = 0, to;
	int err = 0;

	while (!err && from < r->nr) {
		to = c->next_mark < info->nr_marks ? info->marks[c->next_mark] - c->fed : r->nr;
		if (to > r->nr)
			to = r->nr;
		err = mms_bound_feed(c->bound, r, from, to);
		from = to;
		while (c->next_mark < info->nr_marks &&
		       info->marks[c->next_mark] <= c->fed + from) {
			mms_bound_mark(c->bound);
			c->next_mark++;
		}
	}
	c->fed += r->nr;
	return err;
}

static int feed(void *arg, const struct mms_refs *r)
{
	struct replay_curve *c = arg;

	if (c->lru)
		mms_lru_curve_feed(c->lru, r);
	if (c->opt)
		mms_opt_curve_feed(c->opt, r);
	if (c->fifo)
		mms_fifo_curve_feed(c->fifo, r);
	if (c->clock)
		mms_clock_curve_feed(c->clock, r);
	if (c->ws)
		mms_ws_curve_feed(c->ws, r);
	if (c->pff)
		mms_pff_curve_feed(c->pff, r);
	return c->bound ? feed_bound(c, r) : 0;
}

static uint64_t bytes(const struct replay_curve *c)
{
	const struct mms_refs_info *info = &c->s->info;
	uint64_t sum = (uint64_t)c->nr_sizes * 5 * 8;

	if (info->sampled)
		sum += mms_bound_bytes(info->nr_pages, info->nr_marks, c->nr_windows);
	if (info->sampled && !c->opts->sampled_ok)
		return sum;
	if (c->kinds & REPLAY_LRU)
		sum += mms_lru_curve_bytes(info->nr_pages);
	if (c->kinds & REPLAY_OPT)
		sum += mms_opt_curve_bytes(info->nr_pages);
	if (c->kinds & REPLAY_FIFO)
		sum += mms_fifo_curve_bytes(info->nr_pages, c->nr_sizes);
	if (c->kinds & REPLAY_CLOCK)
		sum += mms_clock_curve_bytes(info->nr_pages, c->sizes, c->nr_sizes);
	if (c->kinds & REPLAY_WS)
		sum += mms_ws_curve_bytes(info->nr_pages, info->nr, info->nr_refs);
	if (c->kinds & REPLAY_PFF)
		sum += mms_pff_curve_bytes(info->nr_pages, c->nr_windows);
	return sum;
}

/* Tables of results. Return: false without memory. */
static bool make_room(struct replay_curve *c)
{
	size_t k;

	c->fifo_faults = calloc(c->nr_sizes, sizeof(*c->fifo_faults));
	c->clock_faults = calloc(c->nr_sizes, sizeof(*c->clock_faults));
	c->ws_points = calloc(c->nr_windows, sizeof(*c->ws_points));
	c->pff_points = calloc(c->nr_windows, sizeof(*c->pff_points));
	c->windows = calloc(c->nr_windows, sizeof(*c->windows));
	if (!c->fifo_faults || !c->clock_faults || !c->ws_points || !c->pff_points || !c->windows)
		return false;
	for (k = 0; k < c->nr_windows; k++) {
		c->ws_points[k].window = c->window[k];
		c->windows[k].window = c->window[k];
		c->pff_points[k].threshold = c->window[k];
	}
	return true;
}

/* Everything that is fed. Return: false without memory. */
static bool begin(struct replay_curve *c)
{
	const struct mms_refs_info *info = &c->s->info;
	uint32_t pages = info->nr_pages;
	unsigned int kinds = c->kinds;

	if (info->sampled) {
		c->bound = mms_bound_open(pages, info->nr_marks, c->windows, c->nr_windows);
		if (!c->bound)
			return false;
		if (!c->opts->sampled_ok)
			return true;
	}
	if (kinds & REPLAY_LRU)
		c->lru = mms_lru_curve_open(pages);
	if (kinds & REPLAY_OPT)
		c->opt = mms_opt_curve_open(pages);
	if (kinds & REPLAY_FIFO)
		c->fifo = mms_fifo_curve_open(pages, c->sizes, c->nr_sizes);
	if (kinds & REPLAY_CLOCK)
		c->clock = mms_clock_curve_open(pages, c->sizes, c->nr_sizes, c->opts->clock_bit);
	if (kinds & REPLAY_WS)
		c->ws = mms_ws_curve_open(pages, info->nr_refs);
	if (kinds & REPLAY_PFF)
		c->pff = mms_pff_curve_open(pages, c->pff_points, c->nr_windows);
	return (c->lru || !(kinds & REPLAY_LRU)) && (c->opt || !(kinds & REPLAY_OPT)) &&
	       (c->fifo || !(kinds & REPLAY_FIFO)) && (c->clock || !(kinds & REPLAY_CLOCK)) &&
	       (c->ws || !(kinds & REPLAY_WS)) && (c->pff || !(kinds & REPLAY_PFF));
}

/* Ends all that was opened, whatever happened before. Return: 0 or -ENOMEM. */
static int finish(struct replay_curve *c)
{
	int err = 0;

	if (c->lru)
		err = mms_lru_curve_finish(c->lru, &c->lru_dist);
	if (c->opt)
		err = mms_opt_curve_finish(c->opt, &c->opt_dist) ?: err;
	if (c->fifo)
		err = mms_fifo_curve_finish(c->fifo, c->fifo_faults) ?: err;
	if (c->clock)
		err = mms_clock_curve_finish(c->clock, c->clock_faults) ?: err;
	if (c->ws) {
		err = mms_ws_curve_points(c->ws, c->ws_points, c->nr_windows) ?: err;
		mms_ws_curve_close(c->ws);
	}
	if (c->pff)
		err = mms_pff_curve_finish(c->pff, c->pff_points) ?: err;
	if (c->bound)
		mms_bound_finish(c->bound, &c->least, &c->most);
	return err;
}

/* What a curve can count, whatever memory there is. */
static int check_pages(const struct replay_curve *c)
{
	static const struct {
		unsigned int kind;
		uint32_t most;
		const char *name;
	} limits[] = {
		{REPLAY_LRU, MMS_LRU_CURVE_MAX_PAGES, "lru"},
		{REPLAY_OPT, MMS_OPT_CURVE_MAX_PAGES, "opt"},
		{REPLAY_FIFO, MMS_FIFO_CURVE_MAX_PAGES, "fifo"},
	};
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (c->kinds & limits[i].kind && c->s->info.nr_pages > limits[i].most)
			return err_failed("%s: has %" PRIu32 " pages, and the curve of %s takes at "
					  "most %" PRIu32 "; --sample takes fewer of them",
					  c->s->path, c->s->info.nr_pages, limits[i].name,
					  limits[i].most);
	return EXIT_OK;
}

/* What to do where there is too little memory. */
static const char *fix(const struct replay_curve *c)
{
	if (c->kinds == REPLAY_LRU)
		return "try --sample";
	if (c->kinds & (REPLAY_FIFO | REPLAY_CLOCK))
		return "try fewer sizes (-f)";
	if (c->kinds == REPLAY_PFF)
		return "try fewer --windows";
	return c->kinds & (c->kinds - 1) ? "try fewer curves"
					 : "try a shorter string (import --max-refs)";
}

/* What would be ignored. */
static int check_lists(const struct replay_curve *c)
{
	if (c->opts->windows && !(c->kinds & (REPLAY_WS | REPLAY_PFF)))
		return err_usage("replay", "--windows goes with --curve=ws,pff");
	if (c->opts->frames && !(c->kinds & ~(REPLAY_WS | REPLAY_PFF)))
		return err_usage("replay", "ws and pff have no sizes: --windows instead of -f");
	return EXIT_OK;
}

static int run(struct replay_curve *c)
{
	int ret = check_pages(c) ?: replay_fits(c->s, bytes(c), "that many sizes at once", fix(c));
	int err;

	if (ret)
		return ret;
	if (!make_room(c) || !begin(c))
		ret = err_failed("%s: no memory for the curves", c->s->path);
	else
		ret = replay_string_each(c->s, feed, c);
	err = finish(c);
	if (!ret && err)
		ret = err_failed("%s: %s", c->s->path, strerror(-err));
	return ret;
}

static void free_curve(struct replay_curve *c)
{
	mms_distances_deinit(&c->lru_dist);
	mms_distances_deinit(&c->opt_dist);
	mms_distances_deinit(&c->least);
	mms_distances_deinit(&c->most);
	free(c->fifo_faults);
	free(c->clock_faults);
	free(c->ws_points);
	free(c->pff_points);
	free(c->windows);
	free(c->window);
	free(c->sizes);
}

/* Of a sampled string LRU and the working set have bounds; the rest needs the order. */
static int check_order(const struct replay_curve *c)
{
	if (c->kinds & ~(REPLAY_LRU | REPLAY_WS))
		return replay_order_known(c->s, c->opts, "a curve other than lru and ws");
	return EXIT_OK;
}

int replay_curves(struct replay_string *s, const struct replay_opts *opts, struct out *o)
{
	struct replay_curve c = {.s = s, .opts = opts, .kinds = opts->curves, .step = 1};
	int ret;

	if (opts->curves_default && s->info.sampled && !opts->sampled_ok)
		c.kinds = REPLAY_LRU | REPLAY_WS;
	ret = check_lists(&c) ?: check_order(&c);
	if (!ret)
		ret = opts->frames ? replay_sizes(opts->frames, s, &c.sizes, &c.nr_sizes)
				   : replay_all_sizes(s, &c.sizes, &c.nr_sizes, &c.step);
	if (!ret)
		ret = replay_windows(opts->windows, s->info.nr_refs, &c.window, &c.nr_windows);
	if (!ret)
		ret = run(&c);
	if (!ret)
		ret = replay_curve_report(&c, o);
	free_curve(&c);
	return ret;
}
