/* SPDX-License-Identifier: GPL-2.0-only */
/* Histograms of powers of two. Pure. */
#ifndef _MMS_HIST_H
#define _MMS_HIST_H

#include <stddef.h>
#include <stdint.h>

/**
 * hist_percentile() - below which value a share of the samples lies
 * @hist: bucket b counts samples in [2^b, 2^(b+1)), bucket 0 also zeros
 * @nr: number of buckets, at most 64
 * @percent: 0 < percent <= 100
 * @max: the largest sample if known, else 0: the answer never exceeds it
 * Return: upper edge of the bucket that holds the sample (2^(b+1)), so at most twice too large and
 * never too small; 0 without samples. The open last bucket gives @max, or UINT64_MAX if unknown.
 */
uint64_t hist_percentile(const uint64_t *hist, size_t nr, double percent, uint64_t max);

#endif
