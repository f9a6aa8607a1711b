// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LRU curve from a sample of the pages: Waldspurger, Park, Garthwaite and Ahmad, "Efficient
 * MRC construction with SHARDS", FAST 2015, with a fixed rate. Their correction for too many or
 * too few sampled references (SHARDS-adj: the difference counts as hits of the least distance)
 * comes to this: sampled faults by the references expected in the sample. Two additions are our
 * own: the rate is that of the pages which did get into the sample, as how many there are is known;
 * and the intervals.
 */
#include <math.h>
#include <stdlib.h>

#include "model/replay/lru_step.h"

/* Groups of pages for the error: few enough to be large, enough for Student's t to be small. */
#define GROUPS	32
#define STUDENT 2.0395 /* two-sided 95 %, 31 degrees of freedom */
#define NORMAL	1.9600
/* Distances in a group are counted in 16 steps from one power of two to the next. */
#define STEPS	16
#define BUCKETS (29 * STEPS)

/**
 * struct mms_shards - a curve of the pages that were sampled
 * @id: of each page in @curve, MMS_NO_PAGE: it is not in the sample
 * @group: of each page of @curve
 * @hits: of each group by steps of distance
 * @faults: of each group with no frames, repeats not counted
 * @pages: of each group
 * @refs: all, also those that are not in the sample; @sampled: those that are
 * @rate: as asked for, then pages in the sample by @nr_pages
 */
struct mms_shards {
	struct mms_lru_curve *curve;
	uint32_t *id;
	uint8_t *group;
	uint64_t hits[GROUPS][BUCKETS];
	uint64_t faults[GROUPS];
	uint32_t pages[GROUPS];
	uint64_t refs;
	uint64_t sampled;
	double rate;
	uint32_t nr_pages;
};

/* The finalizer of SplitMix64: Steele, Lea and Flood, OOPSLA 2014. */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static unsigned int bucket(uint32_t d)
{
	unsigned int shift;

	if (d < STEPS)
		return d;
	shift = 27 - (unsigned int)__builtin_clz(d);
	return (shift << 4) + (d >> shift);
}

uint64_t mms_shards_bytes(uint32_t nr_pages, double rate)
{
	uint32_t sampled = (uint32_t)ceil(nr_pages * rate);

	return sizeof(struct mms_shards) + nr_pages * 4ULL + sampled + 256 +
	       mms_lru_curve_bytes(sampled);
}

static void release(struct mms_shards *s)
{
	struct mms_distances d;

	if (s->curve) {
		mms_lru_curve_finish(s->curve, &d);
		mms_distances_deinit(&d);
	}
	free(s->id);
	free(s->group);
	free(s);
}

/* Takes its sample of the pages. Return: how many. */
static uint32_t choose(struct mms_shards *s, uint64_t seed)
{
	uint32_t n = 0;

	for (uint32_t p = 0; p < s->nr_pages; p++) {
		uint64_t h = mix(p ^ mix(seed));
		bool in = (double)(h >> 11) * 0x1p-53 < s->rate;

		s->id[p] = in ? n++ : MMS_NO_PAGE;
	}
	return n;
}

struct mms_shards *mms_shards_open(uint32_t nr_pages, double rate, uint64_t seed)
{
	struct mms_shards *s = calloc(1, sizeof(*s));
	uint32_t n;

	if (!s)
		return NULL;
	s->rate = rate;
	s->nr_pages = nr_pages;
	s->id = mms_lines_alloc(nr_pages, sizeof(*s->id));
	if (!s->id)
		goto no_memory;
	n = choose(s, seed);
	s->group = mms_lines_alloc(n, 1);
	s->curve = mms_lru_curve_open(n);
	if (!s->group || !s->curve)
		goto no_memory;
	for (uint32_t p = 0; p < nr_pages; p++)
		if (s->id[p] != MMS_NO_PAGE) {
			s->group[s->id[p]] = mix(~(p ^ mix(seed))) % GROUPS;
			s->pages[s->group[s->id[p]]]++;
		}
	if (n)
		s->rate = (double)n / nr_pages;
	return s;
no_memory:
	release(s);
	return NULL;
}

uint32_t mms_shards_pages(const struct mms_shards *s)
{
	return s->curve->nr_pages;
}

void mms_shards_feed(struct mms_shards *s, const struct mms_refs *r)
{
	struct mms_lru_curve *c = s->curve;

	for (uint64_t i = 0; i < r->nr; i++) {
		uint32_t id = s->id[r->page[i]], d;

		s->refs += 1 + mms_refs_more(r, i);
		if (id == MMS_NO_PAGE)
			continue;
		d = lru_distance(c, id);
		s->sampled += 1 + mms_refs_more(r, i);
		s->faults[s->group[id]]++;
		if (d) {
			c->hits[d]++;
			s->hits[s->group[id]][bucket(d)]++;
		}
	}
}

/* Faults among the sampled references at each distance more than d. */
static void faults_of(struct mms_shards *s)
{
	uint64_t *v = s->curve->hits, left = 0;

	for (unsigned int g = 0; g < GROUPS; g++)
		left += s->faults[g];
	v[0] = left;
	for (uint32_t d = 1; d <= s->curve->nr_pages; d++)
		v[d] = v[d - 1] - v[d];
}

/* Of those, with @frames of the whole: between two distances of the sample in proportion. */
static double faults_at(const struct mms_shards *s, double frames)
{
	double x = frames < 1 ? frames : 1 + s->rate * (frames - 1), part;
	uint32_t d, max = s->curve->nr_pages;

	x = x < 0 ? 0 : x;
	if (x >= max)
		return (double)s->curve->hits[max];
	d = (uint32_t)x;
	part = x - d;
	return (1 - part) * (double)s->curve->hits[d] + part * (double)s->curve->hits[d + 1];
}

/* From which pages are in the sample: the groups differ by more than their number of pages. */
static double error_of_pages(const struct mms_shards *s, double frames)
{
	unsigned int end = bucket((uint32_t)(1 + s->rate * (frames - 1)));
	double n[GROUPS], all = 0, squares = 0, rest;

	for (unsigned int g = 0; g < GROUPS; g++) {
		uint64_t faults = s->faults[g];

		for (unsigned int b = 1; b <= end; b++)
			faults -= s->hits[g][b];
		n[g] = (double)faults;
		all += n[g];
	}
	for (unsigned int g = 0; g < GROUPS; g++) {
		rest = n[g] - all * s->pages[g] / s->curve->nr_pages;
		squares += rest * rest;
	}
	return STUDENT * sqrt(squares * GROUPS / (GROUPS - 1) * (1 - s->rate));
}

/*
 * From the distances: how many of D pages are in the sample is a matter of chance (hypergeometric),
 * so a size may be this much larger or smaller than it seems. Where the curve is a cliff, this is
 * all there is.
 */
static double error_of_distances(const struct mms_shards *s, double frames)
{
	double left = frames < s->nr_pages ? 1 - frames / s->nr_pages : 0;
	double width = NORMAL * sqrt(frames * left * (1 - s->rate) / s->rate);
	double at = faults_at(s, frames);
	double up = faults_at(s, frames - width) - at;
	double down = at - faults_at(s, frames + width);

	return up > down ? up : down;
}

/*
 * From the correction: it takes the references that are too many or too few for hits of the least
 * distance. They are those of a few pages that are used much, which are near the top of the stack,
 * but with less frames than that they would be faults as others are.
 */
static double error_of_adjusting(const struct mms_shards *s, double frames)
{
	double excess = fabs((double)s->sampled - (double)s->refs * s->rate);

	if (!s->sampled)
		return 0;
	return excess * faults_at(s, frames) / (double)s->sampled /
	       sqrt(1 + s->rate * (frames - 1));
}

int mms_shards_finish(struct mms_shards *s, const uint32_t *sizes, size_t nr, double *ratio,
		      double *error)
{
	double expected = (double)s->refs * s->rate;

	faults_of(s);
	for (size_t i = 0; i < nr; i++) {
		double at = faults_at(s, sizes[i]), squares = 0, e;

		e = error_of_pages(s, sizes[i]);
		squares += e * e;
		e = error_of_distances(s, sizes[i]);
		squares += e * e;
		e = error_of_adjusting(s, sizes[i]);
		squares += e * e;
		ratio[i] = expected > 0 ? at / expected : 0;
		error[i] = expected > 0 ? sqrt(squares) / expected : 0;
		if (ratio[i] > 1)
			ratio[i] = 1;
		/* The ratio lies from 0 to 1. */
		error[i] = fmin(error[i], fmax(ratio[i], 1 - ratio[i]));
		if (!s->curve->nr_pages && s->refs)
			error[i] = 1; /* nothing is known */
	}
	release(s);
	return 0;
}
