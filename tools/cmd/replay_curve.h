/* SPDX-License-Identifier: GPL-2.0-only */
/* Curves of `mmscope replay`, between those who compute and those who show. Private to it. */
#ifndef _MMS_REPLAY_CURVE_H
#define _MMS_REPLAY_CURVE_H

#include "cmd/replay.h"
#include "model/replay/bound.h"
#include "model/replay/curve.h"

/**
 * struct replay_curve - what is computed
 * @kinds: REPLAY_*
 * @sizes: frames, @nr_sizes of them; every @step-th, where none were asked for
 * @window: windows and thresholds, @nr_windows of them
 * @lru, @opt, ...: while the string is fed
 * @lru_dist, @opt_dist, @fifo_faults, ...: results
 * @bound: of sampled strings; its results are @least, @most and @windows
 * @fed: entries; @next_mark: the first mark not passed
 */
struct replay_curve {
	struct replay_string *s;
	const struct replay_opts *opts;
	unsigned int kinds;
	uint32_t *sizes;
	size_t nr_sizes;
	uint32_t step;
	uint64_t *window;
	size_t nr_windows;
	struct mms_lru_curve *lru;
	struct mms_opt_curve *opt;
	struct mms_fifo_curve *fifo;
	struct mms_clock_curve *clock;
	struct mms_ws_curve *ws;
	struct mms_pff_curve *pff;
	struct mms_distances lru_dist, opt_dist;
	uint64_t *fifo_faults, *clock_faults;
	struct mms_ws_point *ws_points;
	struct mms_pff_point *pff_points;
	struct mms_bound *bound;
	struct mms_distances least, most;
	struct mms_bound_window *windows;
	uint64_t fed, next_mark;
};

/* replay_curve_out.c: tables and the picture. Return: an exit code. */
int replay_curve_report(const struct replay_curve *c, struct out *o);

#endif
