// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fewest faults in all: exactly, by dynamic programming over processes, or
 * by marginal gain on the convex hulls of the curves.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/replay/allot.h"

/* Frames beyond @nr_pages are of no use. */
static uint64_t useful(const struct mms_allot_proc *p, uint64_t total)
{
	return p->nr_pages < total ? p->nr_pages : total;
}

/* Left over: everybody has all it can use. */
static void give_away(size_t nr, uint64_t left, uint64_t *frames)
{
	size_t i;

	for (i = 0; i < nr; i++)
		frames[i] += left / nr + (i < left % nr);
}

static uint64_t sum_of(const uint64_t *frames, size_t nr)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		sum += frames[i];
	return sum;
}

static uint64_t steps_needed(const struct mms_allot_proc *proc, size_t nr, uint64_t total)
{
	uint64_t sum = 0, one;
	size_t i;

	for (i = 0; i < nr; i++)
		if (__builtin_mul_overflow(useful(&proc[i], total), total, &one) ||
		    __builtin_add_overflow(sum, one, &sum))
			return UINT64_MAX;
	return sum;
}

/*
 * One more process: @best[m] = fewest faults of those before with m frames, becomes that with
 * it; @chosen[m] = its frames then. UINT64_MAX: not possible. From above, so that best[m - f]
 * is still the old one.
 */
static void with_one_more(const struct mms_allot_proc *p, uint64_t total, uint64_t *best,
			  uint32_t *chosen)
{
	uint64_t most = useful(p, total), m, f;

	for (m = total + 1; m-- > 0;) {
		uint64_t least = UINT64_MAX;

		for (f = 1; f <= most && f <= m; f++) {
			if (best[m - f] == UINT64_MAX || best[m - f] + p->faults[f] >= least)
				continue;
			least = best[m - f] + p->faults[f];
			chosen[m] = f;
		}
		best[m] = least;
	}
}

/* @total is no more than all can use. */
static int exact(const struct mms_allot_proc *proc, size_t nr, uint64_t total, uint64_t *frames,
		 uint64_t *bound)
{
	uint64_t *best = malloc((total + 1) * sizeof(*best)), m;
	uint32_t *chosen = calloc((total + 1) * nr, sizeof(*chosen));
	size_t i;

	if (!best || !chosen) {
		free(best);
		free(chosen);
		return -ENOMEM;
	}
	memset(best, 0xff, (total + 1) * sizeof(*best));
	best[0] = 0;
	for (i = 0; i < nr; i++)
		with_one_more(&proc[i], total, best, chosen + i * (total + 1));
	*bound = best[total];
	for (i = nr, m = total; i-- > 0; m -= frames[i])
		frames[i] = chosen[i * (total + 1) + m];
	free(best);
	free(chosen);
	return 1;
}

/**
 * struct hull - the lower convex hull of a curve, from one frame on
 * @at: its corners, sizes that ascend; those on a straight part too, so that a part is short
 * @nr: of them
 * @next: the corner that is to be reached next
 */
struct hull {
	uint32_t *at;
	uint32_t nr, next;
};

/* Faults saved per frame between two sizes. */
static double gain(const struct mms_allot_proc *p, uint64_t from, uint64_t to)
{
	return ((double)p->faults[from] - (double)p->faults[to]) / (double)(to - from);
}

static int hull_init(struct hull *h, const struct mms_allot_proc *p)
{
	uint32_t m;

	h->at = malloc(((size_t)p->nr_pages + 1) * sizeof(*h->at));
	if (!h->at)
		return -ENOMEM;
	h->nr = 0;
	for (m = 1; m <= p->nr_pages; m++) {
		while (h->nr > 1 &&
		       gain(p, h->at[h->nr - 2], h->at[h->nr - 1]) < gain(p, h->at[h->nr - 1], m))
			h->nr--;
		h->at[h->nr++] = m;
	}
	h->next = 1;
	return 0;
}

/* Whose next part of the hull saves most per frame? @nr: all are at their end. */
static size_t steepest(const struct mms_allot_proc *proc, const struct hull *h, size_t nr)
{
	size_t i, best = nr;
	double most = 0, g;

	for (i = 0; i < nr; i++) {
		if (h[i].next >= h[i].nr)
			continue;
		g = gain(&proc[i], h[i].at[h[i].next - 1], h[i].at[h[i].next]);
		if (best < nr && g <= most)
			continue;
		best = i;
		most = g;
	}
	return best;
}

/* No part of a hull fits any more: what is left goes where it saves most. */
static void last_frames(const struct mms_allot_proc *proc, size_t nr, uint64_t left,
			uint64_t *frames)
{
	while (left) {
		uint64_t most = 0, take = 0;
		size_t i, who = 0;

		for (i = 0; i < nr; i++) {
			uint64_t room = proc[i].nr_pages - frames[i], f = room < left ? room : left;
			uint64_t saved = proc[i].faults[frames[i]] - proc[i].faults[frames[i] + f];

			if (!f || (take && saved <= most))
				continue;
			most = saved;
			who = i;
			take = f;
		}
		frames[who] += take;
		left -= take;
	}
}

/*
 * Part by part. One that does not fit is left out for good, the flatter ones of others may still
 * fit. No division can save more with the frames that were left then than the part's gain for each
 * of them: that is the bound.
 */
static void climb(const struct mms_allot_proc *proc, struct hull *h, size_t nr, uint64_t left,
		  uint64_t *frames, uint64_t *bound)
{
	double lower = -1;
	size_t i;

	while ((i = steepest(proc, h, nr)) < nr) {
		uint64_t to = h[i].at[h[i].next];

		if (to - frames[i] <= left) {
			left -= to - frames[i];
			frames[i] = to;
			h[i].next++;
			continue;
		}
		if (lower < 0)
			lower = (double)mms_allot_faults(proc, nr, frames) -
				(double)left * gain(&proc[i], frames[i], to);
		h[i].next = h[i].nr;
	}
	last_frames(proc, nr, left, frames);
	*bound = mms_allot_faults(proc, nr, frames);
	if (lower >= 0)
		*bound = (uint64_t)lower + (lower > (double)(uint64_t)lower);
}

static int by_hulls(const struct mms_allot_proc *proc, size_t nr, uint64_t total, uint64_t *frames,
		    uint64_t *bound)
{
	struct hull *h = calloc(nr, sizeof(*h));
	int err = h ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; i < nr && !err; i++) {
		err = hull_init(&h[i], &proc[i]);
		frames[i] = 1;
	}
	if (!err)
		climb(proc, h, nr, total - nr, frames, bound);
	for (i = 0; h && i < nr; i++)
		free(h[i].at);
	free(h);
	return err;
}

int mms_allot_optimal(const struct mms_allot_proc *proc, size_t nr, uint64_t total, uint64_t steps,
		      uint64_t *frames, uint64_t *bound)
{
	uint64_t most = 0;
	size_t i;
	int ret;

	if (!nr || total < nr)
		return -EINVAL;
	for (i = 0; i < nr; i++)
		most += proc[i].nr_pages;
	if (total >= most) {
		for (i = 0; i < nr; i++)
			frames[i] = proc[i].nr_pages;
		*bound = mms_allot_faults(proc, nr, frames);
		ret = 1;
	} else if (steps_needed(proc, nr, total) <= steps) {
		ret = exact(proc, nr, total, frames, bound);
	} else {
		ret = by_hulls(proc, nr, total, frames, bound);
	}
	if (ret >= 0)
		give_away(nr, total - sum_of(frames, nr), frames);
	return ret;
}
