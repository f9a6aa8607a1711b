// SPDX-License-Identifier: GPL-2.0-only
/*
 * model/replay: the LRU curve from a sample of the pages. Does the interval hold the exact figure
 * as often as it says? Over many seeds, on curves that are known.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/replay/curve.h"
#include "replay_strings.h"

#define SIZES 25
#define SEEDS 60

/* Small ones, then from 256 to all pages. */
static void sizes_of(const struct mms_refs *r, uint32_t *sizes)
{
	for (uint32_t i = 0; i < SIZES; i++)
		sizes[i] = i < 5 ? 1U << 2 * i
				 : 256 + (uint32_t)((r->nr_pages - 256ULL) * (i - 5) / (SIZES - 6));
}

static void exact(const struct mms_refs *r, const uint32_t *sizes, double *ratio)
{
	struct mms_lru_curve *c = mms_lru_curve_open(r->nr_pages);
	struct mms_distances d;

	assert_non_null(c);
	mms_lru_curve_feed(c, r);
	assert_int_equal(mms_lru_curve_finish(c, &d), 0);
	for (size_t i = 0; i < SIZES; i++)
		ratio[i] = (double)mms_distances_faults(&d, sizes[i]) / (double)r->nr_refs;
	mms_distances_deinit(&d);
}

static void estimate(const struct mms_refs *r, double rate, uint64_t seed, const uint32_t *sizes,
		     double *ratio, double *error)
{
	struct mms_shards *s = mms_shards_open(r->nr_pages, rate, seed);

	assert_non_null(s);
	if (seed % 2)
		FEED_CHUNKS(mms_shards_feed, s, r, seed);
	else
		mms_shards_feed(s, r);
	assert_int_equal(mms_shards_finish(s, sizes, SIZES, ratio, error), 0);
}

/* Return: the percentage of (size, seed) pairs in which the interval has the exact ratio. */
static double covered(const struct mms_refs *r, double rate, double *width)
{
	double is[SIZES], ratio[SIZES], error[SIZES], n = 0;
	uint32_t sizes[SIZES];

	*width = 0;
	sizes_of(r, sizes);
	exact(r, sizes, is);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		estimate(r, rate, seed, sizes, ratio, error);
		for (size_t i = 0; i < SIZES; i++) {
			n += fabs(ratio[i] - is[i]) <= error[i] + 1e-9;
			*width += error[i] / SIZES / SEEDS;
			assert_true(ratio[i] >= 0 && ratio[i] <= 1 && error[i] >= 0);
		}
	}
	return n * 100 / (SIZES * SEEDS);
}

static uint32_t zipf_page(const double *sum, uint32_t pages, double u)
{
	uint32_t from = 0, to = pages - 1;

	while (from < to) {
		uint32_t mid = (from + to) / 2;

		if (sum[mid] < u * sum[pages - 1])
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* Zipf's law, every page once at the least. */
static struct string zipf(uint64_t nr, uint32_t pages, double s, bool more)
{
	struct string t = make_string(1, LOOP, nr, pages, more);
	double *sum = malloc(pages * sizeof(*sum)), all = 0;
	uint64_t state = 77;

	for (uint32_t i = 0; i < pages; i++)
		sum[i] = all += 1 / pow(i + 1, s);
	for (uint64_t i = 0; i < nr; i++)
		t.page[i] = i < pages ? (uint32_t)i
				      : zipf_page(sum, pages,
						  (double)(rnd(&state) % 1000003) / 1000003);
	t.refs.nr_pages = pages;
	free(sum);
	return t;
}

static void check(const char *name, struct string t, double rate, double most_width)
{
	double width, percent = covered(&t.refs, rate, &width);

	print_message("%s: %.1f %% covered, half width %.4f\n", name, percent, width);
	assert_true(percent >= 95 && percent < 99.9);
	assert_true(width > 0 && width < most_width);
	free_string(&t);
}

static void skewed(void **state)
{
	check("zipf 1.0, 1 in 10", zipf(120000, 10000, 1.0, false), 0.1, 0.2);
	check("zipf 0.8, 1 in 10", zipf(120000, 10000, 0.8, false), 0.1, 0.2);
	check("zipf 0.8, 1 in 50, repeats", zipf(150000, 20000, 0.8, true), 0.02, 0.2);
}

/* Cliffs: with a frame less than the loop has pages, all fault. */
static struct string loop(uint64_t nr, uint32_t first, uint32_t second)
{
	struct string t = make_string(1, LOOP, nr, first + second, false);
	uint64_t a = 0, b = 0;

	for (uint64_t i = 0; i < nr; i++)
		t.page[i] = i % 3 && second ? first + (uint32_t)(b++ % second)
					    : (uint32_t)(a++ % first);
	t.refs.nr_pages = first + second;
	return t;
}

static void loops(void **state)
{
	check("one loop", loop(100000, 8000, 0), 0.1, 0.3);
	check("two loops", loop(120000, 3000, 7000), 0.1, 0.3);
	check("a noisy loop", make_string(5, LOOP, 120000, 9000, true), 0.1, 0.3);
	check("phases", make_string(5, PHASES, 120000, 9000, false), 0.1, 0.3);
}

/* All pages in the sample: no error, and the curve itself. */
static void whole(void **state)
{
	double is[SIZES], ratio[SIZES], error[SIZES];
	uint32_t sizes[SIZES];

	for (int style = 0; style < STYLES; style++) {
		struct string t = make_string(8, style, 30000, 700, true);

		sizes_of(&t.refs, sizes);
		exact(&t.refs, sizes, is);
		estimate(&t.refs, 1, 3, sizes, ratio, error);
		for (size_t i = 0; i < SIZES; i++) {
			assert_true(fabs(ratio[i] - is[i]) < 1e-12);
			assert_true(error[i] == 0);
		}
		free_string(&t);
	}
}

/* No page in the sample: nothing is known. */
static void empty(void **state)
{
	struct string t = make_string(8, EVEN, 3000, 500, false);
	double ratio[SIZES], error[SIZES];
	uint32_t sizes[SIZES];

	sizes_of(&t.refs, sizes);
	estimate(&t.refs, 1e-9, 3, sizes, ratio, error);
	assert_true(error[0] == 1 && error[SIZES - 1] == 1);
	free_string(&t);
}

static void seeds(void **state)
{
	struct string t = zipf(30000, 5000, 1.0, false);
	double a[SIZES], b[SIZES], c[SIZES], error[SIZES];
	uint32_t sizes[SIZES];

	sizes_of(&t.refs, sizes);
	estimate(&t.refs, 0.1, 3, sizes, a, error);
	estimate(&t.refs, 0.1, 3, sizes, b, error);
	estimate(&t.refs, 0.1, 4, sizes, c, error);
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, c, sizeof(a));
	for (size_t i = 1; i < SIZES; i++)
		assert_true(a[i] <= a[i - 1]);
	free_string(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(skewed), cmocka_unit_test(loops), cmocka_unit_test(whole),
		cmocka_unit_test(empty),  cmocka_unit_test(seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
