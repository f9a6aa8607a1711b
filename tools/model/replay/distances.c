// SPDX-License-Identifier: GPL-2.0-only
/* What follows from the number of references of each stack distance. */
#include <stdlib.h>

#include "model/replay/curve.h"

void mms_distances_deinit(struct mms_distances *d)
{
	free(d->hits);
	*d = (struct mms_distances){0};
}

uint64_t mms_distances_faults(const struct mms_distances *d, uint64_t frames)
{
	uint64_t faults = d->refs;

	for (uint64_t i = 1; i <= frames && i <= d->nr_pages; i++)
		faults -= d->hits[i];
	return faults;
}

void mms_distances_curve(const struct mms_distances *d, uint64_t *faults)
{
	faults[0] = d->refs;
	for (uint64_t i = 1; i <= d->nr_pages; i++)
		faults[i] = faults[i - 1] - d->hits[i];
}

uint64_t *mms_distances_take(struct mms_distances *d)
{
	uint64_t *faults = malloc(((size_t)d->nr_pages + 1) * sizeof(*faults));

	if (faults)
		mms_distances_curve(d, faults);
	mms_distances_deinit(d);
	return faults;
}
