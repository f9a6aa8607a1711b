/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults for many sizes of memory, or many windows, at once. Each kind has open, feed and
 * finish, so that strings that do not fit into memory can be streamed through. Chunks are fed
 * in the order of the string; entries of a chunk need not stay after the call.
 */
#ifndef _MMS_CURVE_H
#define _MMS_CURVE_H

#include "model/replay/refs.h"

/**
 * struct mms_distances - how often each stack distance occurred
 * @nr_pages: of the string
 * @hits: of nr_pages + 1; [d] = references with distance d: they hit with at least d frames;
 *        [0] is not used
 * @cold: first references
 * @refs: all of them: @cold and the sum of @hits
 */
struct mms_distances {
	uint32_t nr_pages;
	uint64_t *hits;
	uint64_t cold;
	uint64_t refs;
};

void mms_distances_deinit(struct mms_distances *d);
/* Faults with @frames >= 0. */
uint64_t mms_distances_faults(const struct mms_distances *d, uint64_t frames);
/* Of all sizes: @faults has nr_pages + 1 slots, [m] is with m frames. */
void mms_distances_curve(const struct mms_distances *d, uint64_t *faults);
/* The same in an array of its own, for free(), or NULL without memory; @d is given back. */
uint64_t *mms_distances_take(struct mms_distances *d);

/* The instructions that are used: the best the CPU has, unless lowered. */
enum mms_simd { MMS_SIMD_SCALAR, MMS_SIMD_AVX2, MMS_SIMD_AVX512 };
enum mms_simd mms_simd_best(void);     /* of this CPU */
enum mms_simd mms_simd(void);	       /* in use */
int mms_simd_use(enum mms_simd level); /* 0, or -EOPNOTSUPP if the CPU has not got it */
/* By its name, "avx2"; NULL, other words, and more than the CPU has, change nothing. */
void mms_simd_use_named(const char *word);
const char *mms_simd_name(enum mms_simd level);

/* Times are 32 bits, and must be some more than what is alive: 8 TiB, 4 TiB and 16 TiB of 4 KiB
 * pages. What asks for a curve of more pages is told so by the caller; bytes() is UINT64_MAX. */
#define MMS_LRU_CURVE_MAX_PAGES	 (1U << 31)
#define MMS_OPT_CURVE_MAX_PAGES	 (1U << 30)
#define MMS_FIFO_CURVE_MAX_PAGES (UINT32_MAX - (1U << 24))

struct mms_lru_curve;
/* Memory it takes, in bytes, an upper bound; and so for the others. */
uint64_t mms_lru_curve_bytes(uint32_t nr_pages);
/**
 * mms_lru_curve_open() - LRU, every size in one pass
 * @nr_pages: of the string, up to MMS_LRU_CURVE_MAX_PAGES
 *
 * A stack algorithm: Mattson, Gecsei, Slutz and Traiger, Evaluation techniques for storage
 * hierarchies, IBM Systems Journal 9(2), 1970. Distances are counted in the times of last use, as
 * in Bennett and Kruskal, LRU stack processing, IBM J. Res. Develop. 19(4), 1975.
 * Return: NULL without memory, or with too many pages.
 */
struct mms_lru_curve *mms_lru_curve_open(uint32_t nr_pages);
/**
 * mms_lru_curve_feed() - the references that follow those fed before
 * @r: a chunk, or all; pages below nr_pages; need not stay after the call
 */
void mms_lru_curve_feed(struct mms_lru_curve *c, const struct mms_refs *r);
/**
 * mms_lru_curve_finish() - the distances; frees @c
 * @d: filled in, for mms_distances_deinit()
 * Return: 0 or -ENOMEM.
 */
int mms_lru_curve_finish(struct mms_lru_curve *c, struct mms_distances *d);

struct mms_opt_curve;
uint64_t mms_opt_curve_bytes(uint32_t nr_pages);
/**
 * mms_opt_curve_open() - OPT (MIN) with demand paging, every size in one pass
 * @nr_pages: of the string, up to MMS_OPT_CURVE_MAX_PAGES
 *
 * Bilardi, Ekanadham and Pattnaik, Optimal on-line computation of stack distances for MIN and
 * OPT, Computing Frontiers 2017: that it can be had without the future; how is in opt_curve.c.
 * Return: NULL without memory, or with too many pages.
 */
struct mms_opt_curve *mms_opt_curve_open(uint32_t nr_pages);
/** mms_opt_curve_feed() - as mms_lru_curve_feed() */
void mms_opt_curve_feed(struct mms_opt_curve *c, const struct mms_refs *r);
/** mms_opt_curve_finish() - as mms_lru_curve_finish() */
int mms_opt_curve_finish(struct mms_opt_curve *c, struct mms_distances *d);

struct mms_fifo_curve;
uint64_t mms_fifo_curve_bytes(uint32_t nr_pages, size_t nr_sizes);
/**
 * mms_fifo_curve_open() - FIFO, for some sizes in one pass
 * @nr_pages: of the string, up to MMS_FIFO_CURVE_MAX_PAGES
 * @sizes: frames, each > 0, in any order; @nr of them
 * Return: NULL without memory, or with too many pages.
 */
struct mms_fifo_curve *mms_fifo_curve_open(uint32_t nr_pages, const uint32_t *sizes, size_t nr);
/** mms_fifo_curve_feed() - as mms_lru_curve_feed() */
void mms_fifo_curve_feed(struct mms_fifo_curve *c, const struct mms_refs *r);
/**
 * mms_fifo_curve_finish() - the counts; frees @c
 * @faults: of each size, in the order in which they were given
 * Return: 0.
 */
int mms_fifo_curve_finish(struct mms_fifo_curve *c, uint64_t *faults);

struct mms_clock_curve;
uint64_t mms_clock_curve_bytes(uint32_t nr_pages, const uint32_t *sizes, size_t nr);
/**
 * mms_clock_curve_open() - Clock, for some sizes in one pass
 * @nr_pages: of the string
 * @sizes: frames, each > 0, in any order; @nr of them
 * @bit: the reference bit on load, 0 or 1
 * Return: NULL without memory.
 */
struct mms_clock_curve *mms_clock_curve_open(uint32_t nr_pages, const uint32_t *sizes, size_t nr,
					     unsigned int bit);
/** mms_clock_curve_feed() - as mms_lru_curve_feed() */
void mms_clock_curve_feed(struct mms_clock_curve *c, const struct mms_refs *r);
/** mms_clock_curve_finish() - as mms_fifo_curve_finish() */
int mms_clock_curve_finish(struct mms_clock_curve *c, uint64_t *faults);

/**
 * struct mms_ws_point - the working set for one window
 * @window: references
 * @faults: references to a page that was not referenced in the last @window ones
 * @sum: over all references t, pages in W(t, @window): mean size is @sum / refs
 */
struct mms_ws_point {
	uint64_t window;
	uint64_t faults;
	uint64_t sum;
};

struct mms_ws_curve;
/* @nr: entries of the string. */
uint64_t mms_ws_curve_bytes(uint32_t nr_pages, uint64_t nr, uint64_t nr_refs);
/**
 * mms_ws_curve_open() - working sets: fed once, then asked for any window
 * @nr_pages: of the string
 * @nr_refs: of it; more than that may be fed
 *
 * Denning and Schwartz, Properties of the working-set model, CACM 15(3), 1972; the end of a finite
 * string as in Slutz and Traiger, A note on the calculation of average working set size,
 * CACM 17(10), 1974.
 * Return: NULL without memory.
 */
struct mms_ws_curve *mms_ws_curve_open(uint32_t nr_pages, uint64_t nr_refs);
/** mms_ws_curve_feed() - as mms_lru_curve_feed(); without memory for it, points() says so */
void mms_ws_curve_feed(struct mms_ws_curve *c, const struct mms_refs *r);
/**
 * mms_ws_curve_points() - the working set for some windows
 * @points: window given, ascending; the rest is filled in; @nr of them
 * Return: 0 or -ENOMEM, also if there was no memory for what was fed.
 */
int mms_ws_curve_points(const struct mms_ws_curve *c, struct mms_ws_point *points, size_t nr);
void mms_ws_curve_close(struct mms_ws_curve *c);

/**
 * struct mms_pff_point - page-fault frequency with one threshold
 * @threshold: references from one fault to the next; if there were as many or more, the pages
 *             that were not referenced since the fault before are dropped
 * @faults: of it
 * @sum: over all references, pages resident: mean is @sum / refs
 * @max: of the resident ones
 */
struct mms_pff_point {
	uint64_t threshold;
	uint64_t faults;
	uint64_t sum;
	uint32_t max;
};

struct mms_pff_curve;
uint64_t mms_pff_curve_bytes(uint32_t nr_pages, size_t nr);
/**
 * mms_pff_curve_open() - page-fault frequency, some thresholds in one pass
 * @nr_pages: of the string
 * @points: thresholds, in any order; @nr of them
 *
 * Chu and Opderbeck, The page fault frequency replacement algorithm, AFIPS FJCC 1972.
 * Return: NULL without memory.
 */
struct mms_pff_curve *mms_pff_curve_open(uint32_t nr_pages, const struct mms_pff_point *points,
					 size_t nr);
/** mms_pff_curve_feed() - as mms_lru_curve_feed() */
void mms_pff_curve_feed(struct mms_pff_curve *c, const struct mms_refs *r);
/**
 * mms_pff_curve_finish() - the counts; frees @c
 * @points: filled in, in the order of open
 * Return: 0.
 */
int mms_pff_curve_finish(struct mms_pff_curve *c, struct mms_pff_point *points);

/**
 * struct mms_anomaly - more frames, more faults
 * @frames: the smaller size; @more_frames: the larger
 * @faults: with @frames; @more_faults: with @more_frames, and larger
 */
struct mms_anomaly {
	uint32_t frames, more_frames;
	uint64_t faults, more_faults;
};

/**
 * mms_anomaly_find() - Belady's anomaly in a curve of all sizes
 * @faults: [0] with one frame, ...
 * @nr: sizes
 * @a: the pair with the largest rise between any two sizes, and of those the one with the
 *     smallest @more_frames, then @frames
 * Return: how many sizes have more faults than the size before, 0: none, @a is not set.
 */
size_t mms_anomaly_find(const uint64_t *faults, size_t nr, struct mms_anomaly *a);

/* The LRU curve from a sample of the pages (SHARDS, Waldspurger et al., FAST 2015). */
struct mms_shards;
uint64_t mms_shards_bytes(uint32_t nr_pages, double rate); /* as expected */
/**
 * mms_shards_open() - begin
 * @rate: of the pages, 0 < @rate <= 1
 * @seed: of the hash
 * Return: NULL without memory.
 */
struct mms_shards *mms_shards_open(uint32_t nr_pages, double rate, uint64_t seed);
uint32_t mms_shards_pages(const struct mms_shards *s); /* how many are in the sample */
void mms_shards_feed(struct mms_shards *s, const struct mms_refs *r);
/**
 * mms_shards_finish() - the estimate; frees
 * @sizes: ascending
 * @ratio: estimated miss ratio with each size, adjusted by the number of references expected
 * @error: half width of the 95 % interval of each, from the sampled pages taken in groups and
 *         from the chance in the distances. On Zipf strings and loops it held the exact ratio
 *         in 97 to 99 % of cases; less often right beside a cliff of the curve, and with fewer
 *         frames than 1 / @rate where few pages have most of the references (in 40 to 60 % of
 *         cases with 200 such pages and a rate of 1 %: none of them may be in the sample)
 * Return: 0 or -ENOMEM.
 */
int mms_shards_finish(struct mms_shards *s, const uint32_t *sizes, size_t nr, double *ratio,
		      double *error);

#endif
