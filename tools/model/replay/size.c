// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest size for a bound, and the knee. Knows the curve and what a fault
 * costs; nothing of policies or devices.
 */
#include "model/replay/size.h"

/* What a straight line is off by, in doubles. */
#define FLAT 1e-9

/* Pages that lost their frame: all faults but those that found a free one. */
static uint64_t evictions(const struct mms_size_curve *c, uint64_t m)
{
	return c->faults[m] > m ? c->faults[m] - m : 0;
}

static double stall_ns(const struct mms_cost *cost, const struct mms_size_at *at)
{
	return (double)at->faults * cost->fault_ns + at->writebacks * cost->write_ns;
}

static void charge(const struct mms_size_curve *c, const struct mms_cost *cost, uint64_t frames,
		   struct mms_size_at *at)
{
	uint64_t m = frames < c->nr_pages ? frames : c->nr_pages;

	at->frames = frames;
	at->faults = c->faults[m] - (cost->cold ? 0 : c->cold);
	at->writebacks =
		c->writebacks ? (double)c->writebacks[m] : cost->dirty * (double)evictions(c, m);
	at->total_ns = (double)c->refs * cost->ref_ns + stall_ns(cost, at);
}

void mms_size_at(const struct mms_size_curve *c, const struct mms_cost *cost, uint64_t frames,
		 struct mms_size_at *at)
{
	struct mms_size_at all;

	charge(c, cost, c->nr_pages, &all);
	charge(c, cost, frames, at);
	at->per_million = c->refs ? (double)at->faults * 1e6 / (double)c->refs : 0;
	at->per_second = at->total_ns > 0 ? (double)at->faults * 1e9 / at->total_ns : 0;
	at->stall = at->total_ns > 0 ? stall_ns(cost, at) / at->total_ns : 0;
	at->slowdown = all.total_ns > 0 ? at->total_ns / all.total_ns : 1;
}

static double measure(const struct mms_size_at *at, enum mms_size_goal goal)
{
	switch (goal) {
	case MMS_SIZE_PER_MILLION:
		return at->per_million;
	case MMS_SIZE_PER_SECOND:
		return at->per_second;
	case MMS_SIZE_STALL:
		return at->stall;
	case MMS_SIZE_SLOWDOWN:
		break;
	}
	return at->slowdown;
}

bool mms_size_keeps(const struct mms_size_curve *c, const struct mms_cost *cost,
		    enum mms_size_goal goal, double limit, uint64_t frames)
{
	struct mms_size_at at;

	mms_size_at(c, cost, frames, &at);
	return measure(&at, goal) <= limit;
}

/* Size by size: an estimated curve may rise, and the smallest size is what is asked for. */
uint64_t mms_size_find(const struct mms_size_curve *c, const struct mms_cost *cost,
		       enum mms_size_goal goal, double limit)
{
	uint64_t m;

	for (m = 1; m <= c->nr_pages; m++)
		if (mms_size_keeps(c, cost, goal, limit, m))
			return m;
	return 0;
}

/* How far size @m is below the chord from size 1 to size @last. */
static double below_chord(const struct mms_size_curve *c, uint64_t m, uint64_t last)
{
	double top = (double)(c->faults[1] - c->faults[last]);
	double x = (double)(m - 1) / (double)(last - 1);
	double y = ((double)c->faults[m] - (double)c->faults[last]) / top;

	return 1 - x - y;
}

void mms_size_knee(const struct mms_size_curve *c, struct mms_knee *knee)
{
	uint64_t m, last = c->nr_pages;

	*knee = (struct mms_knee){0};
	while (last > 1 && c->faults[last - 1] == c->faults[last])
		last--;
	if (last < 3 || c->faults[1] <= c->faults[last])
		return;
	for (m = 1; m <= last; m++) {
		double d = below_chord(c, m, last);

		if (d > FLAT && d > knee->distance) {
			knee->distance = d;
			knee->frames = m;
		}
	}
	for (m = 1; knee->frames && m <= last; m++) {
		if (below_chord(c, m, last) < knee->distance * (1 - MMS_KNEE_NEAR))
			continue;
		if (!knee->low)
			knee->low = m;
		knee->high = m;
	}
}

uint64_t mms_size_lifetime_knee(const struct mms_size_curve *c)
{
	uint64_t m, best = 0;
	double steepest = 0;

	for (m = 1; c->refs && m <= c->nr_pages; m++) {
		double slope = ((double)c->refs / (double)c->faults[m] - 1) / (double)m;

		if (!best || slope > steepest) {
			steepest = slope;
			best = m;
		}
	}
	return best;
}
