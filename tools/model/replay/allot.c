// SPDX-License-Identifier: GPL-2.0-only
/* Frames in proportion to something, in whole numbers. */
#include <errno.h>
#include <stdlib.h>

#include "model/replay/allot.h"

/**
 * struct division - the state of mms_allot_shares()
 * @nr: processes
 * @one: of each: has its one frame, and takes no part
 * @rest: what is left of its exact share after the whole frames
 */
struct division {
	const double *share;
	size_t nr;
	bool *one;
	double *rest;
};

static double sum_of(const struct division *d, bool *equal)
{
	double sum = 0;
	size_t i, open = 0;

	for (i = 0; i < d->nr; i++) {
		sum += d->one[i] ? 0 : d->share[i];
		open += !d->one[i];
	}
	*equal = !(sum > 0);
	return *equal ? (double)open : sum;
}

/* Whole frames of each share of @left frames. Return: how many are given. */
static uint64_t whole_frames(struct division *d, uint64_t left, uint64_t *frames)
{
	uint64_t given = 0;
	bool equal;
	double sum = sum_of(d, &equal);
	size_t i;

	for (i = 0; i < d->nr; i++) {
		double exact;

		if (d->one[i])
			continue;
		exact = (double)left * ((equal ? 1 : d->share[i]) / sum);
		frames[i] = (uint64_t)exact;
		if (frames[i] > left - given) /* a double rounds */
			frames[i] = left - given;
		d->rest[i] = exact - (double)frames[i];
		given += frames[i];
	}
	return given;
}

static void give_rest(struct division *d, uint64_t left, uint64_t *frames)
{
	while (left--) {
		size_t i, best = d->nr;

		for (i = 0; i < d->nr; i++)
			if (!d->one[i] && (best == d->nr || d->rest[i] > d->rest[best]))
				best = i;
		frames[best]++;
		d->rest[best] -= 1;
	}
}

/* Who has none gets one. Return: is there one? */
static bool rescue(struct division *d, uint64_t *left, uint64_t *frames)
{
	bool any = false;
	size_t i;

	for (i = 0; i < d->nr; i++) {
		if (d->one[i] || frames[i])
			continue;
		d->one[i] = any = true;
		frames[i] = 1;
		--*left;
	}
	return any;
}

int mms_allot_shares(const double *share, size_t nr, uint64_t total, uint64_t *frames)
{
	struct division d = {.share = share, .nr = nr};
	uint64_t left = total, given;
	int err = 0;

	if (!nr || total < nr)
		return -EINVAL;
	d.one = calloc(nr, sizeof(*d.one));
	d.rest = calloc(nr, sizeof(*d.rest));
	if (d.one && d.rest) {
		do {
			given = whole_frames(&d, left, frames);
			give_rest(&d, left - given, frames);
		} while (rescue(&d, &left, frames));
	} else {
		err = -ENOMEM;
	}
	free(d.one);
	free(d.rest);
	return err;
}

uint64_t mms_allot_faults(const struct mms_allot_proc *proc, size_t nr, const uint64_t *frames)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		sum += proc[i].faults[frames[i] < proc[i].nr_pages ? frames[i] : proc[i].nr_pages];
	return sum;
}
