// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each of several strings asks for: its mean working set, or its mean size
 * under page-fault frequency with the threshold whose sizes fill the memory.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "model/replay/allot.h"
#include "model/replay/curve.h"

#define POINTS 33 /* of a pass */

/* Thresholds from @low to @high, evenly by factor. */
static size_t grid(uint64_t low, uint64_t high, uint64_t *threshold)
{
	size_t i, nr = 0;

	for (i = 0; i < POINTS; i++) {
		double t = (double)low * pow((double)high / (double)low, i / (POINTS - 1.0));
		uint64_t whole = i == POINTS - 1 ? high : (uint64_t)t;

		if (!nr || whole > threshold[nr - 1])
			threshold[nr++] = whole;
	}
	return nr;
}

/* Mean size of one string with each threshold: mean[i * nr_strings]. */
static int sizes(const struct mms_refs *r, const uint64_t *threshold, size_t nr, double *mean,
		 size_t nr_strings)
{
	struct mms_pff_point point[POINTS] = {0};
	struct mms_pff_curve *c;
	size_t i;
	int err;

	for (i = 0; i < nr; i++)
		point[i].threshold = threshold[i];
	c = mms_pff_curve_open(r->nr_pages, point, nr);
	if (!c)
		return -ENOMEM;
	mms_pff_curve_feed(c, r);
	err = mms_pff_curve_finish(c, point);
	for (i = 0; i < nr; i++)
		mean[i * nr_strings] = r->nr_refs ? (double)point[i].sum / (double)r->nr_refs : 0;
	return err;
}

static double sum_of(const double *v, size_t nr)
{
	double sum = 0;

	while (nr)
		sum += v[--nr];
	return sum;
}

/* One pass: which of the thresholds is the last that fits? The first if none does. */
static int narrow(const struct mms_refs *r, size_t nr, uint64_t total, double *mean, uint64_t *low,
		  uint64_t *high)
{
	double *all = malloc(POINTS * nr * sizeof(*all));
	uint64_t threshold[POINTS];
	size_t points = grid(*low, *high, threshold), i, best = 0;
	int err = all ? 0 : -ENOMEM;

	for (i = 0; i < nr && !err; i++)
		err = sizes(&r[i], threshold, points, all + i, nr);
	for (i = 1; i < points && !err; i++)
		if (sum_of(all + i * nr, nr) <= (double)total)
			best = i;
	for (i = 0; i < nr && !err; i++)
		mean[i] = all[best * nr + i];
	*low = threshold[best];
	*high = threshold[best + 1 < points ? best + 1 : best];
	free(all);
	return err;
}

int mms_allot_pff(const struct mms_refs *r, size_t nr, uint64_t total, double *mean,
		  uint64_t *threshold)
{
	uint64_t low = 1, high = 1;
	size_t i;
	int err;

	for (i = 0; i < nr; i++)
		if (r[i].nr_refs > high)
			high = r[i].nr_refs;
	do
		err = narrow(r, nr, total, mean, &low, &high);
	while (!err && high - low > 1 && high - low > low / 100);
	*threshold = low;
	return err;
}

int mms_allot_working_sets(const struct mms_refs *r, size_t nr, uint64_t window, double *mean)
{
	int err = 0;
	size_t i;

	for (i = 0; i < nr && !err; i++) {
		struct mms_ws_curve *c = mms_ws_curve_open(r[i].nr_pages, r[i].nr_refs);
		struct mms_ws_point point = {.window = window};

		if (!c)
			return -ENOMEM;
		mms_ws_curve_feed(c, &r[i]);
		err = mms_ws_curve_points(c, &point, 1);
		mms_ws_curve_close(c);
		mean[i] = r[i].nr_refs ? (double)point.sum / (double)r[i].nr_refs : 0;
	}
	return err;
}
