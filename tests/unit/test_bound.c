// SPDX-License-Identifier: GPL-2.0-only
/*
 * model/replay/bound: against every order of tiny strings, tried one by one, with distances
 * counted by walking back through the string.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/replay/bound.h"

#define MAX_REFS  9
#define MAX_PAGES 5
#define WINDOWS	  10

/* A string, cut into intervals, and what its orders gave. */
struct trial {
	uint32_t page[MAX_REFS];
	unsigned int nr;
	uint64_t cuts[MAX_REFS];
	unsigned int nr_cuts;
	uint64_t least[MAX_PAGES + 2], most[MAX_PAGES + 2]; /* faults by frames, single orders */
	uint64_t least_ws[WINDOWS], most_ws[WINDOWS];
	/* of each reference: k-th of a page; bounds over all orders */
	unsigned int dist_min[MAX_PAGES][MAX_REFS], dist_max[MAX_PAGES][MAX_REFS];
	unsigned int gap_min[MAX_PAGES][MAX_REFS], gap_max[MAX_PAGES][MAX_REFS];
};

/* Distance of reference @t by looking back; 0: first. @gap: references since. */
static unsigned int walk_back(const uint32_t *page, unsigned int t, unsigned int *gap)
{
	unsigned int distinct = 1, s, u;

	for (s = t; s-- > 0;) {
		if (page[s] == page[t]) {
			*gap = t - s;
			return distinct;
		}
		for (u = s + 1; u < t && page[u] != page[s]; u++)
			;
		distinct += u == t;
	}
	return 0;
}

static void note(unsigned int *min, unsigned int *max, unsigned int v)
{
	if (!*min || v < *min)
		*min = v;
	if (v > *max)
		*max = v;
}

static void try_order(struct trial *y)
{
	unsigned int nth[MAX_PAGES] = {0}, d, gap = 0, t, m, w, k;
	uint64_t faults[MAX_PAGES + 2] = {0}, ws[WINDOWS] = {0};

	for (t = 0; t < y->nr; t++) {
		uint32_t p = y->page[t];

		d = walk_back(y->page, t, &gap);
		for (m = 0; m < MAX_PAGES + 2; m++)
			faults[m] += !d || d > m;
		for (w = 0; w < WINDOWS; w++)
			ws[w] += !d || gap > w;
		k = nth[p]++;
		if (!d)
			continue;
		note(&y->dist_min[p][k], &y->dist_max[p][k], d);
		note(&y->gap_min[p][k], &y->gap_max[p][k], gap);
	}
	for (m = 0; m < MAX_PAGES + 2; m++) {
		y->least[m] = faults[m] < y->least[m] ? faults[m] : y->least[m];
		y->most[m] = faults[m] > y->most[m] ? faults[m] : y->most[m];
	}
	for (w = 0; w < WINDOWS; w++) {
		y->least_ws[w] = ws[w] < y->least_ws[w] ? ws[w] : y->least_ws[w];
		y->most_ws[w] = ws[w] > y->most_ws[w] ? ws[w] : y->most_ws[w];
	}
}

/* Every order of the references from @at on, each within its interval. */
static void permute(struct trial *y, unsigned int at)
{
	unsigned int end = y->nr, k, i;
	uint32_t keep;

	if (at == y->nr) {
		try_order(y);
		return;
	}
	for (k = 0; k < y->nr_cuts; k++)
		if (y->cuts[k] > at && y->cuts[k] < end)
			end = y->cuts[k];
	for (i = at; i < end; i++) {
		keep = y->page[at];
		y->page[at] = y->page[i];
		y->page[i] = keep;
		permute(y, at + 1);
		y->page[i] = y->page[at];
		y->page[at] = keep;
	}
}

static struct trial *make(unsigned int seed, bool repeats)
{
	static struct trial y;
	unsigned int i, begin = 0, p, tries;
	bool in[MAX_PAGES] = {false};

	srand(seed);
	memset(&y, 0, sizeof(y));
	memset(y.least, 0xff, sizeof(y.least));
	memset(y.least_ws, 0xff, sizeof(y.least_ws));
	for (i = 0; i < MAX_REFS; i++) {
		if (i - begin >= 4 || rand() % 3 == 0) {
			y.cuts[y.nr_cuts++] = i;
			begin = i;
			memset(in, 0, sizeof(in));
		}
		for (tries = 0; tries < 20; tries++) {
			p = rand() % MAX_PAGES;
			if (repeats || !in[p])
				break;
		}
		in[p] = true;
		y.page[y.nr++] = p;
	}
	return &y;
}

/* Histograms of the least and largest of each reference, as faults. */
static uint64_t faults_of(unsigned int (*v)[MAX_REFS], const struct trial *y, unsigned int m)
{
	uint64_t n = 0;
	unsigned int p, k;

	for (p = 0; p < MAX_PAGES; p++)
		for (k = 0; k < MAX_REFS; k++)
			n += v[p][k] > m;
	return n;
}

static void check(struct trial *y)
{
	struct mms_refs r = {.page = y->page, .nr = y->nr, .nr_refs = y->nr, .nr_pages = MAX_PAGES};
	struct mms_bound_window w[WINDOWS];
	struct mms_distances least, most;
	unsigned int m;

	for (m = 0; m < WINDOWS; m++)
		w[m] = (struct mms_bound_window){.window = m};
	assert_int_equal(mms_bound_refs(&r, y->cuts, y->nr_cuts, w, WINDOWS, &least, &most), 0);
	permute(y, 0);
	assert_int_equal(least.refs, y->nr);
	for (m = 0; m < MAX_PAGES + 2; m++) {
		uint64_t lo = mms_distances_faults(&least, m), hi = mms_distances_faults(&most, m);

		assert_true(lo <= y->least[m] && y->most[m] <= hi);
		assert_int_equal(lo, least.cold + faults_of(y->dist_min, y, m));
		assert_int_equal(hi, most.cold + faults_of(y->dist_max, y, m));
	}
	for (m = 0; m < WINDOWS; m++) {
		assert_true(w[m].least <= y->least_ws[m] && y->most_ws[m] <= w[m].most);
		assert_int_equal(w[m].least, least.cold + faults_of(y->gap_min, y, m));
		assert_int_equal(w[m].most, most.cold + faults_of(y->gap_max, y, m));
	}
	mms_distances_deinit(&least);
	mms_distances_deinit(&most);
}

/* A page at most once in an interval. */
static void every_order_bounds_each_reference(void **state)
{
	unsigned int seed;

	for (seed = 1; seed <= 600; seed++)
		check(make(seed, false));
}

/* More often: the k-th reference to a page is the k-th in every order. */
static void and_so_with_repeats(void **state)
{
	unsigned int seed;

	for (seed = 1; seed <= 600; seed++)
		check(make(seed, true));
}

static void one_reference_each_is_exact(void **state)
{
	static const uint32_t page[] = {0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4};
	static const uint64_t marks[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	struct mms_refs r = {.page = page, .nr = 12, .nr_refs = 12, .nr_pages = 5};
	struct mms_distances least, most;

	assert_int_equal(mms_bound_refs(&r, marks, 11, NULL, 0, &least, &most), 0);
	assert_int_equal(mms_distances_faults(&least, 3), 10);
	assert_int_equal(mms_distances_faults(&most, 3), 10);
	assert_int_equal(mms_distances_faults(&least, 4), 8);
	assert_int_equal(mms_distances_faults(&most, 4), 8);
	mms_distances_deinit(&least);
	mms_distances_deinit(&most);
}

static void one_interval_says_little(void **state)
{
	static const uint32_t page[] = {0, 1, 0, 1, 2};
	static const uint32_t more[] = {1, 0, 0, 0, 0};
	struct mms_refs r = {.page = page, .more = more, .nr = 5, .nr_refs = 6, .nr_pages = 3};
	struct mms_bound_window w[] = {{.window = 3}, {.window = 5}};
	struct mms_distances least, most;

	assert_int_equal(mms_bound_refs(&r, NULL, 0, w, 2, &least, &most), 0);
	assert_int_equal(mms_distances_faults(&least, 1), 3);
	assert_int_equal(mms_distances_faults(&most, 2), 6);
	assert_int_equal(mms_distances_faults(&most, 3), 3);
	/* Page 1, twice among six references: four others between, a gap of 5; page 0: 4. */
	assert_int_equal(w[0].most, 6);
	assert_int_equal(w[1].most, 3);
	assert_int_equal(w[0].least, 3);
	mms_distances_deinit(&least);
	mms_distances_deinit(&most);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_bounds_each_reference),
		cmocka_unit_test(and_so_with_repeats),
		cmocka_unit_test(one_reference_each_is_exact),
		cmocka_unit_test(one_interval_says_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
