// SPDX-License-Identifier: GPL-2.0-only
/* Histograms of powers of two. Must not know what was measured. */
#include <math.h>
#include "model/hist.h"

uint64_t hist_percentile(const uint64_t *hist, size_t nr, double percent, uint64_t max)
{
	uint64_t total = 0, want, sum = 0, edge;
	size_t b;

	for (b = 0; b < nr; b++)
		total += hist[b];
	if (!total)
		return 0;
	want = (uint64_t)ceil((double)total * percent / 100.0);
	for (b = 0; b < nr; b++) {
		sum += hist[b];
		if (sum >= want)
			break;
	}
	if (b + 1 >= nr)
		return max ? max : UINT64_MAX;
	edge = 1ULL << (b + 1);
	return max && max < edge ? max : edge;
}
