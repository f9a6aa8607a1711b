// SPDX-License-Identifier: GPL-2.0-only
/*
 * `mmscope replay --anomaly` and `--sample`: FIFO with every size, searched for Belady's anomaly,
 * and an LRU curve from a sample of the pages.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/replay.h"
#include "model/replay/curve.h"

static int feed_fifo(void *arg, const struct mms_refs *r)
{
	mms_fifo_curve_feed(arg, r);
	return 0;
}

/* As many sizes at once as fit. Return: 0: not even one. */
static size_t batch(const struct replay_string *s, size_t nr)
{
	while (nr && mms_fifo_curve_bytes(s->info.nr_pages, nr) > s->memory)
		nr /= 2;
	return nr;
}

static int fifo_batch(struct replay_string *s, const uint32_t *sizes, size_t nr, uint64_t *faults)
{
	struct mms_fifo_curve *c = mms_fifo_curve_open(s->info.nr_pages, sizes, nr);
	int ret, err;

	if (!c)
		return err_failed("%s: no memory for FIFO with %zu sizes", s->path, nr);
	ret = replay_string_each(s, feed_fifo, c);
	err = mms_fifo_curve_finish(c, faults);
	return !ret && err ? err_failed("%s: %s", s->path, strerror(-err)) : ret;
}

static int fifo_all(struct replay_string *s, const uint32_t *sizes, size_t nr, uint64_t *faults)
{
	size_t at_once = batch(s, nr), k, n;
	int ret = EXIT_OK;

	if (!at_once)
		return replay_fits(s, mms_fifo_curve_bytes(s->info.nr_pages, 1), "fifo",
				   "try a shorter string (import --max-refs)");
	for (k = 0; k < nr && !ret; k += n) {
		n = nr - k < at_once ? nr - k : at_once;
		ret = fifo_batch(s, sizes + k, n, faults + k);
	}
	return ret;
}

static void put_anomaly(struct replay_string *s, struct out *o, const uint32_t *sizes, size_t nr,
			uint32_t step, const uint64_t *faults)
{
	static const struct out_col cols[] = {
		{"frames", "FRAMES", OUT_COUNT, 10},
		{"faults", "FAULTS", OUT_COUNT, 12},
		{"more_frames", "MORE-FRAMES", OUT_COUNT, 12},
		{"more_faults", "MORE-FAULTS", OUT_COUNT, 12},
	};
	struct mms_anomaly a = {0};
	size_t rises = mms_anomaly_find(faults, nr, &a);

	out_begin(o);
	replay_head(o, s);
	out_num(o, "sizes", "sizes of FIFO", OUT_COUNT, nr);
	out_num(o, "rises", "sizes with more faults than the one before", OUT_COUNT, rises);
	replay_note_step(o, step, s->info.nr_pages);
	if (s->info.sampled)
		out_note(o, "sampled: one order of many, the file's");
	if (rises) {
		uint32_t frames = sizes[a.more_frames - 1] - sizes[a.frames - 1];
		unsigned long long more = a.more_faults - a.faults;

		/* frames are places in the list, from 1 */
		out_table(o, "anomaly", cols, 4);
		out_row(o);
		out_cell_num(o, sizes[a.frames - 1]);
		out_cell_num(o, a.faults);
		out_cell_num(o, sizes[a.more_frames - 1]);
		out_cell_num(o, a.more_faults);
		out_table_end(o);
		out_note(
			o,
			"Belady's anomaly: %u more frame%s, %llu more fault%s; no two sizes have a "
			"larger rise",
			frames, frames == 1 ? "" : "s", more, more == 1 ? "" : "s");
	} else if (nr < sizes[nr - 1]) {
		out_note(o, "Belady's anomaly: none in the %zu sizes looked at", nr);
	} else {
		out_note(o, "Belady's anomaly: none up to %u frame%s", sizes[nr - 1],
			 nr == 1 ? "" : "s");
	}
	out_end(o);
}

int replay_anomaly(struct replay_string *s, const struct replay_opts *opts, struct out *o)
{
	uint64_t *faults = NULL;
	uint32_t *sizes = NULL, step = 1;
	size_t nr;
	int ret = replay_order_known(s, opts, "--anomaly");

	if (!ret)
		ret = opts->frames ? replay_sizes(opts->frames, s, &sizes, &nr)
				   : replay_all_sizes(s, &sizes, &nr, &step);
	if (!ret && opts->frames && nr < 2)
		ret = err_usage("replay", "--anomaly compares sizes, two at least: -f 3,4");
	if (!ret)
		ret = replay_string_load(s);
	if (!ret) {
		faults = calloc(nr, sizeof(*faults));
		ret = faults ? fifo_all(s, sizes, nr, faults) : err_failed("no memory");
	}
	if (!ret)
		put_anomaly(s, o, sizes, nr, step, faults);
	free(faults);
	free(sizes);
	return ret;
}

static int feed_shards(void *arg, const struct mms_refs *r)
{
	mms_shards_feed(arg, r);
	return 0;
}

#define FEW_PAGES  200
#define FINE_PAGES 1000

/* For enough pages in the sample, one digit. */
static double better_rate(uint32_t nr_pages)
{
	double rate = 1.5 * FINE_PAGES / nr_pages;

	return rate < 1 ? rate : 1;
}

static void put_shards(struct replay_string *s, const struct replay_opts *opts, struct out *o,
		       const uint32_t *sizes, size_t nr, const double *ratio, uint32_t pages)
{
	static const struct out_col cols[] = {
		{"frames", "FRAMES", OUT_COUNT, 10},
		{"memory_bytes", "MEMORY", OUT_BYTES, 8},
		{"lru_percent_estimate", "LRU-%", OUT_RATIO, 9},
		{"error_percent", "ERROR", OUT_RATIO, 9},
	};
	const double *error = ratio + nr;
	size_t k;

	out_begin(o);
	replay_head(o, s);
	out_real(o, "sample_rate", "part of the pages asked for", OUT_RATIO, opts->sample);
	out_num(o, "sampled_pages", "pages in the sample", OUT_COUNT, pages);
	out_table(o, "estimate", cols, 4);
	for (k = 0; k < nr; k++) {
		out_row(o);
		out_cell_num(o, sizes[k]);
		out_cell_num(o, (uint64_t)sizes[k] << s->info.page_shift);
		out_cell_real(o, 100 * ratio[k]);
		out_cell_real(o, 100 * error[k]);
	}
	out_table_end(o);
	out_note(o,
		 "an estimate from a sample of the pages (SHARDS); ERROR is half the width of its "
		 "95 %% interval, in points of LRU-%%");
	if (pages < FEW_PAGES && pages < s->info.nr_pages)
		out_note(
			o,
			"too few pages are in the sample (%u) for more than a guess: --sample %.1g "
			"has enough",
			pages, better_rate(s->info.nr_pages));
	if (s->info.sampled)
		out_note(o, "and sampled in time: one order of many, the file's");
	out_end(o);
}

int replay_shards(struct replay_string *s, const struct replay_opts *opts, struct out *o)
{
	struct mms_shards *shards = NULL;
	uint32_t *sizes = NULL;
	double *ratio = NULL;
	uint32_t pages = 0;
	size_t nr;
	int ret = replay_order_known(s, opts, "--sample"), err;

	if (!ret)
		ret = replay_sizes(opts->frames, s, &sizes, &nr);
	if (!ret) {
		ratio = calloc(2 * nr, sizeof(*ratio));
		shards = mms_shards_open(s->info.nr_pages, opts->sample, opts->seed);
		if (!ratio || !shards)
			ret = err_failed("no memory for the sample");
	}
	if (!ret)
		ret = replay_string_each(s, feed_shards, shards);
	if (shards) {
		pages = mms_shards_pages(shards);
		err = mms_shards_finish(shards, sizes, ratio ? nr : 0, ratio, ratio + nr);
		if (!ret && err)
			ret = err_failed("%s: %s", s->path, strerror(-err));
	}
	if (!ret)
		put_shards(s, opts, o, sizes, nr, ratio, pages);
	free(ratio);
	free(sizes);
	return ret;
}
