// SPDX-License-Identifier: GPL-2.0-only
/*
 * model/replay allot: what strings ask for, by the sets of pages of every window, and by one run
 * of page-fault frequency with the threshold that was found.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/replay/allot.h"
#include "model/replay/curve.h"

#define LEN	2000
#define PAGES	30
#define STRINGS 3

static uint64_t seed = 1442695040888963407;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 20) % n;
}

static uint32_t page[STRINGS][LEN];
static struct mms_refs refs[STRINGS];

/* Phases: for some time few pages, then others. */
static void make_strings(void)
{
	uint32_t i, s, base = 0;

	for (s = 0; s < STRINGS; s++) {
		uint32_t phase = 20 + below(200), wide = 2 + below(10);

		for (i = 0; i < LEN; i++) {
			if (i % phase == 0)
				base = below(PAGES);
			page[s][i] = i < PAGES ? i : (base + below(wide)) % PAGES;
		}
		refs[s] = (struct mms_refs){
			.page = page[s], .nr = LEN, .nr_refs = LEN, .nr_pages = PAGES};
	}
}

/* Different pages among the last @window references, the mean over all of them. */
static double naive_mean(const uint32_t *p, uint32_t window)
{
	uint64_t sum = 0;
	uint32_t t, i;

	for (t = 0; t < LEN; t++) {
		bool in[PAGES] = {false};

		for (i = t + 1 > window ? t + 1 - window : 0; i <= t; i++) {
			sum += !in[p[i]];
			in[p[i]] = true;
		}
	}
	return (double)sum / LEN;
}

static void working_sets_by_counting(void **state)
{
	static const uint32_t windows[] = {1, 2, 7, 100, LEN, 5 * LEN};
	double mean[STRINGS];
	size_t w, s;

	make_strings();
	for (w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
		assert_int_equal(mms_allot_working_sets(refs, STRINGS, windows[w], mean), 0);
		for (s = 0; s < STRINGS; s++)
			assert_true(fabs(mean[s] - naive_mean(page[s], windows[w])) < 1e-9);
	}
}

/* With one threshold, by itself. */
static double one_threshold(const struct mms_refs *r, uint64_t threshold)
{
	struct mms_pff_point point = {.threshold = threshold};
	struct mms_pff_curve *c = mms_pff_curve_open(r->nr_pages, &point, 1);

	assert_non_null(c);
	mms_pff_curve_feed(c, r);
	assert_int_equal(mms_pff_curve_finish(c, &point), 0);
	return (double)point.sum / (double)r->nr_refs;
}

static double all_of(const struct mms_refs *r, uint64_t threshold)
{
	double sum = 0;
	size_t s;

	for (s = 0; s < STRINGS; s++)
		sum += one_threshold(&r[s], threshold);
	return sum;
}

/* The sizes are those of the threshold, they fit, and a little more does not. */
static void pff_fills_the_memory(void **state)
{
	uint64_t threshold, total, more;
	double mean[STRINGS], sum;
	int round, sharp = 0;
	size_t s;

	for (round = 0; round < 20; round++) {
		make_strings();
		total = STRINGS + below(STRINGS * PAGES);
		assert_int_equal(mms_allot_pff(refs, STRINGS, total, mean, &threshold), 0);
		assert_true(threshold >= 1);
		for (s = 0, sum = 0; s < STRINGS; s++) {
			assert_true(fabs(mean[s] - one_threshold(&refs[s], threshold)) < 1e-9);
			sum += mean[s];
		}
		assert_true(sum <= (double)total || threshold == 1);
		more = threshold + threshold / 50 + 1;
		sharp += threshold == LEN || threshold == 1 || all_of(refs, more) > (double)total;
	}
	assert_true(sharp >= 15); /* sizes need not rise with each threshold */
}

static void pff_with_room_for_all(void **state)
{
	double mean[STRINGS];
	uint64_t threshold;

	make_strings();
	assert_int_equal(mms_allot_pff(refs, STRINGS, STRINGS * PAGES, mean, &threshold), 0);
	assert_int_equal(threshold, LEN);
	assert_int_equal(mms_allot_pff(refs, STRINGS, 0, mean, &threshold), 0);
	assert_int_equal(threshold, 1);
}

/*
 * Ten pages in turn, each for @gap references: faults are @gap apart. A threshold up to that drops
 * all but two pages at each, one above it none, so that with room for three the answer is @gap.
 */
static void pff_threshold_within_a_hundredth(void **state)
{
	static const uint32_t gaps[] = {3, 17, 99, 150, 1234, 30011, 765432};
	static uint32_t turn[400], more[400];
	size_t k, i;

	for (k = 0; k < sizeof(gaps) / sizeof(gaps[0]); k++) {
		struct mms_refs r = {.page = turn, .more = more, .nr = 400, .nr_pages = 10};
		uint64_t gap = gaps[k], threshold;
		double mean;

		for (i = 0; i < r.nr; i++) {
			turn[i] = i % 10;
			more[i] = gap - 1;
		}
		r.nr_refs = r.nr * gap;
		assert_int_equal(mms_allot_pff(&r, 1, 3, &mean, &threshold), 0);
		assert_true(mean < 2.1 && one_threshold(&r, gap + 1) > 9);
		assert_true(threshold <= gap && gap <= threshold + threshold / 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(working_sets_by_counting),
		cmocka_unit_test(pff_fills_the_memory),
		cmocka_unit_test(pff_with_room_for_all),
		cmocka_unit_test(pff_threshold_within_a_hundredth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
