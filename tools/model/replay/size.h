/* SPDX-License-Identifier: GPL-2.0-only */
/* How many frames are enough: answers from a curve of faults by size, and from what a fault costs.
 */
#ifndef _MMS_SIZE_H
#define _MMS_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct mms_cost - what time passes
 * @ref_ns: of one reference whose page has a frame; > 0
 * @fault_ns: a fault waits that long for its page
 * @write_ns: a fault that evicts a dirty page waits that long more
 * @dirty: share of the evicted pages that are dirty, 0..1; used where the curve has no write-backs
 * @cold: first references wait for their page too; else it is there before they come
 */
struct mms_cost {
	double ref_ns;
	double fault_ns;
	double write_ns;
	double dirty;
	bool cold;
};

/**
 * struct mms_size_curve - faults by size
 * @faults: of @nr_pages + 1 slots: [m] with m frames, first references included
 * @writebacks: the same of write-backs, or NULL: not known
 * @nr_pages: of the string: more frames change nothing
 * @cold: first references
 * @refs: all of them
 */
struct mms_size_curve {
	const uint64_t *faults;
	const uint64_t *writebacks;
	uint64_t nr_pages;
	uint64_t cold;
	uint64_t refs;
};

/**
 * struct mms_size_at - a size, and what it costs
 * @frames: the size
 * @faults: those that are charged: without first references unless mms_cost.cold
 * @writebacks: pages written to make room
 * @per_million: faults per million references
 * @per_second: faults per second of the total time
 * @stall: share of the total time that faults and write-backs take, 0..1
 * @slowdown: total time / time with all memory, >= 1
 * @total_ns: references, faults, write-backs
 */
struct mms_size_at {
	uint64_t frames;
	uint64_t faults;
	double writebacks;
	double per_million;
	double per_second;
	double stall;
	double slowdown;
	double total_ns;
};

enum mms_size_goal {
	MMS_SIZE_PER_MILLION, /* faults per million references */
	MMS_SIZE_PER_SECOND,  /* faults per second */
	MMS_SIZE_STALL,	      /* share of the time, 0..1 */
	MMS_SIZE_SLOWDOWN,    /* factor >= 1 */
};

/* What @frames > 0 cost. */
void mms_size_at(const struct mms_size_curve *c, const struct mms_cost *cost, uint64_t frames,
		 struct mms_size_at *at);

/**
 * mms_size_find() - the smallest size that keeps a bound
 * @limit: of the goal, inclusive
 * Return: frames in 1..nr_pages, or 0: not even all memory keeps it.
 */
uint64_t mms_size_find(const struct mms_size_curve *c, const struct mms_cost *cost,
		       enum mms_size_goal goal, double limit);

/* Does that size keep it? */
bool mms_size_keeps(const struct mms_size_curve *c, const struct mms_cost *cost,
		    enum mms_size_goal goal, double limit, uint64_t frames);

/**
 * struct mms_knee - where a curve bends
 * @frames: the knee; 0: the curve has none
 * @low: the smallest size that is nearly as far from the chord
 * @high: the largest
 * @distance: from the chord, both axes scaled to 0..1: 0 a straight line, near 1 a right angle
 */
struct mms_knee {
	uint64_t frames;
	uint64_t low, high;
	double distance;
};

/* Sizes whose distance is within that share of the largest are in low..high. */
#define MMS_KNEE_NEAR 0.05

/**
 * mms_size_knee() - the size furthest below the chord of the curve
 * The curve is that of the faults after the first references, from one frame to the smallest size
 * that has none; both axes are scaled to 0..1. On a scaled curve the size that is furthest from the
 * chord is where the curvature is largest, in the discrete sense of Satopaa, Albrecht, Irwin and
 * Raghavan, Finding a "Kneedle" in a Haystack, ICDCSW 2011 (without its smoothing: a stack
 * algorithm's curve never rises). Of equal ones, the smallest.
 */
void mms_size_knee(const struct mms_size_curve *c, struct mms_knee *knee);

/**
 * mms_size_lifetime_knee() - the size with the longest lifetime for its memory
 * The lifetime L(m) is the mean number of references from one fault to the next; the knee is where
 * a ray from L(0) = 1 touches it: the largest (L(m) - 1) / m, of equal ones the smallest m. Denning
 * and Kahn, A study of program locality and lifetime functions, SOSP 1975. First references count.
 * Return: frames, 0 without references. Sizes 1..nr_pages.
 */
uint64_t mms_size_lifetime_knee(const struct mms_size_curve *c);

#endif
