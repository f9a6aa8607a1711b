// SPDX-License-Identifier: GPL-2.0-only
/*
 * model/replay: whole LRU and OPT curves against Mattson's list and Belady's search, at every set
 * of instructions that this CPU has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/replay/curve_impl.h"
#include "replay_strings.h"

/* Fed in chunks for an odd @seed, else at once. */
static struct mms_distances lru(const struct mms_refs *r, uint64_t seed)
{
	struct mms_lru_curve *c = mms_lru_curve_open(r->nr_pages);
	struct mms_distances d;

	assert_non_null(c);
	if (seed % 2)
		FEED_CHUNKS(mms_lru_curve_feed, c, r, seed);
	else
		mms_lru_curve_feed(c, r);
	assert_int_equal(mms_lru_curve_finish(c, &d), 0);
	return d;
}

static struct mms_distances opt(const struct mms_refs *r, uint64_t seed)
{
	struct mms_opt_curve *c = mms_opt_curve_open(r->nr_pages);
	struct mms_distances d;

	assert_non_null(c);
	if (seed % 2)
		FEED_CHUNKS(mms_opt_curve_feed, c, r, seed);
	else
		mms_opt_curve_feed(c, r);
	assert_int_equal(mms_opt_curve_finish(c, &d), 0);
	return d;
}

/* The list itself. */
static void naive_lru(const struct mms_refs *r, uint64_t *faults)
{
	uint32_t *list = malloc((r->nr_pages + 1) * sizeof(*list)), held = 0, k;

	memset(faults, 0, (r->nr_pages + 2) * sizeof(*faults));
	for (uint64_t i = 0; i < r->nr; i++) {
		for (k = 0; k < held && list[k] != r->page[i]; k++)
			;
		/* With k frames and fewer it is not there. */
		for (uint32_t f = 0; f <= (k < held ? k : r->nr_pages + 1); f++)
			faults[f]++;
		faults[0] += mms_refs_more(r, i);
		held += k == held;
		memmove(list + 1, list, k * sizeof(*list));
		list[0] = r->page[i];
	}
	free(list);
}

/* One size: out goes the page whose next reference is the farthest. */
static uint64_t naive_opt(const struct mms_refs *r, const uint64_t *next, uint32_t frames)
{
	uint32_t *page = calloc(frames, sizeof(*page)), held = 0;
	uint64_t *use = calloc(frames, sizeof(*use)), faults = 0;

	for (uint64_t i = 0; i < r->nr; i++) {
		uint32_t k, far = 0;

		for (k = 0; k < held && page[k] != r->page[i]; k++)
			if (use[k] > use[far])
				far = k;
		if (k == held) {
			faults++;
			k = held < frames ? held++ : far;
			page[k] = r->page[i];
		}
		use[k] = next[i];
	}
	free(page);
	free(use);
	return faults;
}

static uint64_t *next_uses(const struct mms_refs *r)
{
	uint64_t *next = malloc(r->nr * sizeof(*next) + 1);
	uint64_t *last = malloc(r->nr_pages * sizeof(*last) + 1);

	for (uint32_t p = 0; p < r->nr_pages; p++)
		last[p] = UINT64_MAX;
	for (uint64_t i = r->nr; i--; last[r->page[i]] = i)
		next[i] = last[r->page[i]];
	free(last);
	return next;
}

static void equal(const struct mms_distances *d, const struct mms_refs *r, const uint64_t *faults)
{
	uint64_t *curve = malloc((d->nr_pages + 1) * sizeof(*curve));

	assert_int_equal(d->nr_pages, r->nr_pages);
	assert_int_equal(d->refs, r->nr_refs);
	assert_int_equal(d->cold, r->nr_pages);
	mms_distances_curve(d, curve);
	assert_memory_equal(curve, faults, (r->nr_pages + 1) * sizeof(*curve));
	free(curve);
}

static void check_string(const struct mms_refs *r, uint64_t seed)
{
	uint64_t *faults = malloc((r->nr_pages + 2) * sizeof(*faults));
	uint64_t *next = next_uses(r);
	struct mms_distances d = lru(r, seed);

	naive_lru(r, faults);
	equal(&d, r, faults);
	assert_int_equal(mms_distances_faults(&d, 2), faults[r->nr_pages < 2 ? r->nr_pages : 2]);
	assert_int_equal(mms_distances_faults(&d, UINT64_MAX), r->nr_pages);
	mms_distances_deinit(&d);
	faults[0] = r->nr_refs;
	for (uint32_t f = 1; f <= r->nr_pages; f++)
		faults[f] = naive_opt(r, next, f);
	d = opt(r, seed);
	equal(&d, r, faults);
	assert_int_equal(mms_distances_faults(&d, r->nr_pages + 1ULL),
			 naive_opt(r, next, r->nr_pages + 1));
	mms_distances_deinit(&d);
	free(next);
	free(faults);
}

static void small_strings(void **state)
{
	for (int level = 0; level <= (int)mms_simd_best(); level++) {
		assert_int_equal(mms_simd_use(level), 0);
		for (uint64_t seed = 1; seed <= 5200; seed++) {
			uint32_t pages = 1 + (uint32_t)(seed * 7 % (seed % 8 ? 12 : 60));
			uint64_t nr = 1 + seed * 13 % (seed % 8 ? 60 : 300);
			struct string t = make_string(seed, seed / 2 % STYLES, nr, pages, seed % 3);

			check_string(&t.refs, seed);
			free_string(&t);
		}
	}
}

/* So many that slots run out several times, and pages to fill vectors and levels. */
static void long_strings(void **state)
{
	for (int level = 0; level <= (int)mms_simd_best(); level++) {
		assert_int_equal(mms_simd_use(level), 0);
		for (int style = 0; style < STYLES; style++) {
			struct string t = make_string(9 + style, style, 100000, 250, style % 2);
			uint64_t *faults = malloc((t.refs.nr_pages + 2) * sizeof(*faults));
			const uint32_t sizes[] = {1, 2, 3, 17, 64, 100, t.refs.nr_pages - 1};
			uint64_t *next = next_uses(&t.refs);
			struct mms_distances d = lru(&t.refs, style);

			naive_lru(&t.refs, faults);
			equal(&d, &t.refs, faults);
			mms_distances_deinit(&d);
			d = opt(&t.refs, style + 1);
			for (size_t i = 0; i < 7; i++)
				assert_int_equal(mms_distances_faults(&d, sizes[i]),
						 naive_opt(&t.refs, next, sizes[i]));
			mms_distances_deinit(&d);
			free(next);
			free(faults);
			free_string(&t);
		}
	}
}

/* Many pages: all levels of the counts, and every set of instructions the same. */
static void many_pages(void **state)
{
	for (int style = 0; style < STYLES; style++) {
		struct string t = make_string(70 + style, style, 400000, 60000, false);
		struct mms_distances l, o, d;

		assert_int_equal(mms_simd_use(MMS_SIMD_SCALAR), 0);
		l = lru(&t.refs, 0);
		o = opt(&t.refs, 0);
		for (uint32_t f = 1; f <= l.nr_pages; f += 97)
			assert_true(mms_distances_faults(&o, f) <= mms_distances_faults(&l, f));
		for (int level = 1; level <= (int)mms_simd_best(); level++) {
			assert_int_equal(mms_simd_use(level), 0);
			d = lru(&t.refs, level);
			assert_memory_equal(d.hits, l.hits, (d.nr_pages + 1ULL) * sizeof(*d.hits));
			mms_distances_deinit(&d);
			d = opt(&t.refs, level);
			assert_memory_equal(d.hits, o.hits, (d.nr_pages + 1ULL) * sizeof(*d.hits));
			mms_distances_deinit(&d);
		}
		mms_distances_deinit(&l);
		mms_distances_deinit(&o);
		free_string(&t);
	}
}

/* A loop of n pages: LRU with one frame less faults always, OPT once in each round. */
static void big_loop(void **state)
{
	const uint32_t n = 70000;
	struct string t = make_string(1, LOOP, 6 * n, n, false);
	struct mms_distances d;

	for (uint64_t i = 0; i < 6 * n; i++)
		t.page[i] = i % n;
	t.refs.nr_pages = n;
	for (int level = 0; level <= (int)mms_simd_best(); level++) {
		assert_int_equal(mms_simd_use(level), 0);
		d = lru(&t.refs, 1);
		assert_int_equal(d.hits[n], 5 * n);
		mms_distances_deinit(&d);
		d = opt(&t.refs, 1);
		assert_int_equal(mms_distances_faults(&d, 1), 6 * n);
		assert_int_equal(mms_distances_faults(&d, n - 1), n + 5);
		assert_int_equal(mms_distances_faults(&d, n), n);
		mms_distances_deinit(&d);
	}
	free_string(&t);
}

/* The stack changes what it is kept in: hits near the top, none there, and again. */
static void moods(void **state)
{
	const uint64_t nr = 600000;
	struct string t = make_string(3, EVEN, nr, 300, true);
	struct mms_distances first = {0}, d;

	for (uint64_t i = 0; i < nr; i++)
		if (i / 150000 % 2)
			t.page[i] %= 9;
	for (int level = 0; level <= (int)mms_simd_best(); level++) {
		uint64_t *faults = malloc((t.refs.nr_pages + 2) * sizeof(*faults));

		assert_int_equal(mms_simd_use(level), 0);
		d = lru(&t.refs, level);
		if (!level) {
			naive_lru(&t.refs, faults);
			equal(&d, &t.refs, faults);
			first = d;
		} else {
			assert_memory_equal(d.hits, first.hits, (d.nr_pages + 1) * sizeof(*d.hits));
			mms_distances_deinit(&d);
		}
		free(faults);
	}
	mms_distances_deinit(&first);
	free_string(&t);
}

static void goldens(void **state)
{
	struct mms_refs b = BELADY, s = SILBERSCHATZ;
	struct mms_distances d = lru(&b, 0);

	assert_int_equal(mms_distances_faults(&d, 0), 12);
	assert_int_equal(mms_distances_faults(&d, 3), 10);
	assert_int_equal(mms_distances_faults(&d, 4), 8);
	mms_distances_deinit(&d);
	d = opt(&b, 0);
	assert_int_equal(mms_distances_faults(&d, 3), 7);
	assert_int_equal(mms_distances_faults(&d, 4), 6);
	mms_distances_deinit(&d);
	d = lru(&s, 1);
	assert_int_equal(mms_distances_faults(&d, 3), 12);
	assert_int_equal(mms_distances_faults(&d, 4), 8);
	mms_distances_deinit(&d);
	d = opt(&s, 1);
	assert_int_equal(mms_distances_faults(&d, 3), 9);
	assert_int_equal(mms_distances_faults(&d, 4), 8);
	mms_distances_deinit(&d);
}

static void nothing(void **state)
{
	struct mms_refs r = {0};
	struct mms_distances d = lru(&r, 0);

	assert_int_equal(mms_distances_faults(&d, 3), 0);
	mms_distances_deinit(&d);
	d = opt(&r, 0);
	assert_int_equal(d.refs, 0);
	mms_distances_deinit(&d);
}

/* Budget of memory: 64 bytes for each page, beyond what is there for no pages. */
static void bytes(void **state)
{
	const uint32_t m = 1000000;

	assert_true(mms_lru_curve_bytes(m) > m * 12ULL && mms_lru_curve_bytes(m) < m * 64ULL);
	assert_true(mms_opt_curve_bytes(m) > m * 24ULL && mms_opt_curve_bytes(m) < m * 64ULL);
}

/* Times of 32 bits: what is alive may fill half of them, which is tried before memory is. */
static void most_pages(void **state)
{
	const uint32_t l = 1U << 31, o = 1U << 30;

	assert_true(mms_lru_curve_bytes(l) < UINT64_MAX && mms_opt_curve_bytes(o) < UINT64_MAX);
	assert_true(mms_lru_curve_bytes(l + 1) == UINT64_MAX);
	assert_true(mms_opt_curve_bytes(o + 1) == UINT64_MAX);
	assert_null(mms_lru_curve_open(l + 1));
	assert_null(mms_opt_curve_open(o + 1));
}

/*
 * Up and down again over so many pages that a group is full when slots run out: each time each
 * distance occurs once.
 */
static void full_groups(void **state)
{
	const uint32_t n = (1U << MMS_GROUP_SHIFT) + (1U << MMS_BLOCK_SHIFT) + 77;
	uint32_t *page = malloc(n * sizeof(*page));
	struct mms_refs r = {.page = page, .nr = n, .nr_refs = n, .nr_pages = n};
	struct mms_lru_curve *c = mms_lru_curve_open(n);
	struct mms_distances d;

	assert_non_null(page);
	assert_non_null(c);
	assert_true(c->slots > 2U << MMS_GROUP_SHIFT);
	c->slots = 3U << (MMS_GROUP_SHIFT - 1); /* sooner */
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < n; i++)
			page[i] = round % 2 ? n - 1 - i : i;
		mms_lru_curve_feed(c, &r);
	}
	assert_int_equal(mms_lru_curve_finish(c, &d), 0);
	assert_int_equal(d.cold, n);
	for (uint32_t k = 1; k <= n; k++)
		assert_int_equal(d.hits[k], 2);
	mms_distances_deinit(&d);
	free(page);
}

static void levels(void **state)
{
	assert_int_equal(mms_simd_use(mms_simd_best()), 0);
	assert_int_equal(mms_simd(), mms_simd_best());
	assert_int_equal(mms_simd_use(MMS_SIMD_SCALAR), 0);
	assert_int_equal(mms_simd(), MMS_SIMD_SCALAR);
	if (mms_simd_best() < MMS_SIMD_AVX512)
		assert_int_not_equal(mms_simd_use(MMS_SIMD_AVX512), 0);
	assert_string_equal(mms_simd_name(MMS_SIMD_AVX2), "avx2");
}

/* Before any other: nothing was said yet. */
static void instructions_by_name(void **state)
{
	assert_int_equal(mms_simd(), mms_simd_best());
	mms_simd_use_named("scalar");
	assert_int_equal(mms_simd(), MMS_SIMD_SCALAR);
	mms_simd_use_named("sse");
	mms_simd_use_named(NULL);
	assert_int_equal(mms_simd(), MMS_SIMD_SCALAR);
	mms_simd_use_named(mms_simd_name(mms_simd_best()));
	assert_int_equal(mms_simd(), mms_simd_best());
	mms_simd_use_named("scalar");
	mms_simd_use_named("avx512");
	if (mms_simd_best() < MMS_SIMD_AVX512)
		assert_int_equal(mms_simd(), MMS_SIMD_SCALAR);
	assert_int_equal(mms_simd_use(mms_simd_best()), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_by_name),
		cmocka_unit_test(small_strings),
		cmocka_unit_test(most_pages),
		cmocka_unit_test(full_groups),
		cmocka_unit_test(long_strings),
		cmocka_unit_test(many_pages),
		cmocka_unit_test(big_loop),
		cmocka_unit_test(moods),
		cmocka_unit_test(goldens),
		cmocka_unit_test(nothing),
		cmocka_unit_test(bytes),
		cmocka_unit_test(levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
