// SPDX-License-Identifier: GPL-2.0-only
/*
 * model/replay: FIFO and Clock for many sizes, working sets for many windows and PFF for many
 * thresholds, each against a twin of one size, window or threshold that keeps the pages in a
 * list; and Belady's anomaly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/replay/curve_impl.h"
#include "replay_strings.h"

static uint64_t naive_fifo(const uint32_t *page, uint64_t nr, uint32_t frames)
{
	uint32_t *queue = malloc(frames * sizeof(*queue)), held = 0, k;
	uint64_t faults = 0;

	for (uint64_t i = 0; i < nr; i++) {
		for (k = 0; k < held && queue[k] != page[i]; k++)
			;
		if (k < held)
			continue;
		faults++;
		if (held == frames)
			memmove(queue, queue + 1, --held * sizeof(*queue));
		queue[held++] = page[i];
	}
	free(queue);
	return faults;
}

/* As in textbooks: a queue; what has its bit goes to the end without it. */
static uint64_t naive_clock(const uint32_t *page, uint64_t nr, uint32_t frames, bool bit)
{
	struct frame {
		uint32_t page;
		bool bit;
	} *queue = malloc(frames * sizeof(*queue)), first;
	uint32_t held = 0, k;
	uint64_t faults = 0;

	for (uint64_t i = 0; i < nr; i++) {
		for (k = 0; k < held && queue[k].page != page[i]; k++)
			;
		if (k < held) {
			queue[k].bit = true;
			continue;
		}
		faults++;
		while (held == frames) {
			first = queue[0];
			memmove(queue, queue + 1, --held * sizeof(*queue));
			if (first.bit)
				queue[held++] = (struct frame){first.page, false};
		}
		queue[held++] = (struct frame){page[i], bit};
	}
	free(queue);
	return faults;
}

static void fifo(const struct mms_refs *r, const uint32_t *sizes, size_t nr, uint64_t *faults,
		 uint64_t seed)
{
	struct mms_fifo_curve *c = mms_fifo_curve_open(r->nr_pages, sizes, nr);
	struct mms_refs half = chunk(r, 0, r->nr / 2), rest = chunk(r, r->nr / 2, r->nr);

	assert_non_null(c);
	if (seed % 3 == 0) {
		mms_fifo_curve_feed(c, r);
	} else if (seed % 3 == 1) {
		FEED_CHUNKS(mms_fifo_curve_feed, c, r, seed);
	} else { /* as it would after billions of faults */
		mms_fifo_curve_feed(c, &half);
		mms_fifo_curve_rebase(c);
		mms_fifo_curve_feed(c, &rest);
	}
	assert_int_equal(mms_fifo_curve_finish(c, faults), 0);
}

/*
 * Faults are 32 bits: they begin as if after billions, so that their end comes somewhere in the
 * string, and feed() alone can know.
 */
static void fifo_wraps(void **state)
{
	for (uint32_t seed = 1; seed <= 64; seed++) {
		struct string t = make_string(seed, seed % STYLES, 3000, 40, seed % 2);
		const struct mms_refs *r = &t.refs;
		const uint32_t sizes[] = {1, 2, 3, 5, 8, 13, r->nr_pages, r->nr_pages + 7};
		struct mms_fifo_curve *c = mms_fifo_curve_open(r->nr_pages, sizes, 8);
		const uint32_t begin = UINT32_MAX - r->nr_pages - 40 * seed;
		uint64_t faults[8], at, nr;

		assert_non_null(c);
		for (size_t i = 0; i < c->width; i++) {
			c->faults[i] = begin;
			c->before[i] = 0ULL - begin;
		}
		mms_simd_use((enum mms_simd)(seed % (mms_simd_best() + 1U)));
		for (at = 0; at < r->nr; at += nr) {
			struct mms_refs part;

			nr = r->nr - at < 37 ? r->nr - at : 37;
			part = chunk(r, at, nr);
			mms_fifo_curve_feed(c, &part);
		}
		assert_int_equal(mms_fifo_curve_finish(c, faults), 0);
		for (size_t i = 0; i < 8; i++)
			assert_int_equal(faults[i], naive_fifo(r->page, r->nr, sizes[i]));
		free_string(&t);
	}
}

static void clock_curve(const struct mms_refs *r, const uint32_t *sizes, size_t nr,
			uint64_t *faults, unsigned int bit, uint64_t seed)
{
	struct mms_clock_curve *c = mms_clock_curve_open(r->nr_pages, sizes, nr, bit);

	assert_non_null(c);
	if (seed % 2)
		FEED_CHUNKS(mms_clock_curve_feed, c, r, seed);
	else
		mms_clock_curve_feed(c, r);
	assert_int_equal(mms_clock_curve_finish(c, faults), 0);
}

/* Every size up to one more than there are pages, in an order of its own. */
static void check_sizes(const struct mms_refs *r, uint64_t seed, uint32_t step)
{
	size_t nr = 0;
	uint32_t *sizes = calloc(r->nr_pages + 2, sizeof(*sizes));
	uint64_t *faults = malloc((r->nr_pages + 2) * sizeof(*faults));
	uint32_t *page = spread(r);

	for (uint32_t f = r->nr_pages + 1; f; f = f > step ? f - step : 0)
		sizes[nr++] = f;
	fifo(r, sizes, nr, faults, seed);
	for (size_t i = 0; i < nr; i++)
		assert_int_equal(faults[i], naive_fifo(page, r->nr_refs, sizes[i]));
	for (unsigned int bit = 0; bit < 2; bit++) {
		clock_curve(r, sizes, nr, faults, bit, seed);
		for (size_t i = 0; i < nr; i++)
			assert_int_equal(faults[i], naive_clock(page, r->nr_refs, sizes[i], bit));
	}
	free(page);
	free(faults);
	free(sizes);
}

static void small_sizes(void **state)
{
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		uint32_t pages = 1 + (uint32_t)(seed * 7 % (seed % 8 ? 12 : 90));
		uint64_t nr = 1 + seed * 13 % (seed % 8 ? 60 : 400);
		struct string t = make_string(seed, seed / 2 % STYLES, nr, pages, seed % 3);

		mms_simd_use((enum mms_simd)(seed % (mms_simd_best() + 1U)));
		check_sizes(&t.refs, seed, 1);
		free_string(&t);
	}
}

static void long_sizes(void **state)
{
	for (int level = 0; level <= (int)mms_simd_best(); level++) {
		mms_simd_use((enum mms_simd)level);
		for (int style = 0; style < STYLES; style++) {
			struct string t = make_string(5, style, 20000, 300, style % 2);

			check_sizes(&t.refs, level + style, 19);
			free_string(&t);
		}
	}
}

static void goldens(void **state)
{
	const struct mms_refs b = BELADY, s = SILBERSCHATZ;
	const uint32_t sizes[] = {3, 4};
	uint64_t f[2];

	fifo(&b, sizes, 2, f, 0);
	assert_true(f[0] == 9 && f[1] == 10);
	clock_curve(&b, sizes, 2, f, 0, 0);
	assert_true(f[0] == 10 && f[1] == 8);
	clock_curve(&b, sizes, 2, f, 1, 0);
	assert_true(f[0] == 9 && f[1] == 10);
	fifo(&s, sizes, 2, f, 0);
	assert_true(f[0] == 15 && f[1] == 10);
	clock_curve(&s, sizes, 2, f, 0, 0);
	assert_true(f[0] == 11 && f[1] == 8);
	clock_curve(&s, sizes, 2, f, 1, 0);
	assert_true(f[0] == 14 && f[1] == 9);
}

static void anomaly(void **state)
{
	const struct mms_refs b = BELADY;
	const uint32_t sizes[] = {1, 2, 3, 4, 5};
	uint64_t f[5], even[] = {7, 7, 5, 5}, two[] = {9, 3, 4, 2, 1, 3, 3};
	struct mms_anomaly a = {0};

	fifo(&b, sizes, 5, f, 0);
	assert_int_equal(mms_anomaly_find(f, 5, &a), 1);
	assert_true(a.frames == 3 && a.faults == 9 && a.more_frames == 4 && a.more_faults == 10);
	a.frames = 77;
	assert_int_equal(mms_anomaly_find(even, 4, &a), 0);
	assert_int_equal(mms_anomaly_find(even, 0, &a), 0);
	assert_int_equal(a.frames, 77);
	assert_int_equal(mms_anomaly_find(two, 7, &a), 2);
	assert_true(a.frames == 5 && a.faults == 1 && a.more_frames == 6 && a.more_faults == 3);
}

/* All pairs of sizes; of equal rises the one that is complete first. */
static void anomaly_pairs(void **state)
{
	uint64_t s = 5, f[12];

	for (int run = 0; run < 5000; run++) {
		uint64_t best = 0, i, k, at = 0, more = 0;
		size_t nr = 1 + rnd(&s) % 12, rises = 0;
		struct mms_anomaly a = {0};

		for (i = 0; i < nr; i++)
			f[i] = rnd(&s) % 9;
		for (k = 1; k < nr; k++)
			for (i = 0; i < k; i++)
				if (f[k] > f[i] && f[k] - f[i] > best) {
					best = f[k] - f[i];
					at = i + 1;
					more = k + 1;
				}
		for (i = 1; i < nr; i++)
			rises += f[i] > f[i - 1];
		assert_int_equal(mms_anomaly_find(f, nr, &a), rises);
		assert_int_equal(a.frames, at);
		assert_int_equal(a.more_frames, more);
		assert_int_equal(a.more_faults - a.faults, best);
	}
}

static uint64_t in_window(const uint32_t *page, uint64_t t, uint64_t window, uint32_t nr_pages)
{
	uint8_t *seen = calloc(nr_pages + 1, 1);
	uint64_t n = 0;

	for (uint64_t k = 0; k < window && k <= t; k++) {
		n += !seen[page[t - k]];
		seen[page[t - k]] = 1;
	}
	free(seen);
	return n;
}

static bool within(const uint32_t *page, uint64_t t, uint64_t window)
{
	for (uint64_t k = 1; k <= window && k <= t; k++)
		if (page[t - k] == page[t])
			return true;
	return false;
}

static struct mms_ws_curve *ws(const struct mms_refs *r, uint64_t seed)
{
	/* The length need not be known. */
	struct mms_ws_curve *c = mms_ws_curve_open(r->nr_pages, seed % 3 ? r->nr_refs : 0);

	assert_non_null(c);
	if (seed % 2)
		FEED_CHUNKS(mms_ws_curve_feed, c, r, seed);
	else
		mms_ws_curve_feed(c, r);
	return c;
}

static void windows(void **state)
{
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct string t = make_string(seed, seed / 2 % STYLES, 1 + seed % 70,
					      1 + (uint32_t)seed % 13, seed % 3);
		uint64_t n = t.refs.nr_refs, w;
		struct mms_ws_point *p = calloc(n + 3, sizeof(*p));
		struct mms_ws_curve *c = ws(&t.refs, seed);
		uint32_t *page = spread(&t.refs);

		for (w = 0; w < n + 3; w++)
			p[w].window = w;
		assert_int_equal(mms_ws_curve_points(c, p, n + 3), 0);
		for (w = 0; w < n + 3; w++) {
			uint64_t sum = 0, faults = 0;

			for (uint64_t i = 0; i < n; i++) {
				sum += in_window(page, i, w, t.refs.nr_pages);
				faults += !within(page, i, w);
			}
			assert_int_equal(p[w].sum, sum);
			assert_int_equal(p[w].faults, faults);
		}
		mms_ws_curve_close(c);
		free(page);
		free(p);
		free_string(&t);
	}
}

/*
 * Denning and Schwartz: s(D + 1) - s(D) = m(D), of a finite string less the pages last referenced
 * in the D references at its end, which do not stay for one more. With gaps beyond a lot.
 */
static void identity(void **state)
{
	struct string t = make_string(4, SKEWED, 60000, 3000, true);
	struct mms_ws_curve *c = ws(&t.refs, 3);
	uint32_t *page = spread(&t.refs);
	uint64_t n = t.refs.nr_refs;

	for (uint64_t d = 0; d < n; d += d < 50 ? 1 : d / 3) {
		struct mms_ws_point p[2] = {{.window = d}, {.window = d + 1}};
		uint64_t at_end = d ? in_window(page, n - 1, d, t.refs.nr_pages) : 0;

		assert_int_equal(mms_ws_curve_points(c, p, 2), 0);
		assert_int_equal(p[1].sum - p[0].sum, p[0].faults - at_end);
	}
	mms_ws_curve_close(c);
	free(page);
	free_string(&t);
}

/* A list of the pages, each with its use bit; bits are cleared at each fault. */
static struct mms_pff_point naive_pff(const uint32_t *page, uint64_t nr, uint64_t threshold)
{
	struct mms_pff_point p = {.threshold = threshold};
	uint32_t list[512], held = 0, k, kept;
	bool used[512];
	uint64_t fault = 0;

	for (uint64_t i = 0; i < nr; i++) {
		for (k = 0; k < held && list[k] != page[i]; k++)
			;
		if (k == held) {
			p.faults++;
			for (k = kept = 0; i - fault >= threshold && k < held; k++)
				if (used[k])
					list[kept++] = list[k];
			if (i - fault >= threshold)
				held = kept;
			for (k = 0; k < held; k++)
				used[k] = false;
			list[held++] = page[i];
			fault = i;
		}
		used[k] = true;
		p.sum += held;
		p.max = held > p.max ? held : p.max;
	}
	return p;
}

static void thresholds(void **state)
{
	for (uint64_t seed = 1; seed <= 1200; seed++) {
		uint64_t nr = seed % 100 ? 1 + seed % 150 : 5000;
		struct string t =
			make_string(seed, seed / 2 % STYLES, nr,
				    1 + (uint32_t)(seed % 100 ? seed % 23 : 400), seed % 3);
		struct mms_pff_point p[40], q;
		struct mms_pff_curve *c;
		uint32_t *page = spread(&t.refs);

		for (size_t k = 0; k < 40; k++)
			p[k].threshold = k < 35 ? k : k * k;
		c = mms_pff_curve_open(t.refs.nr_pages, p, 40);
		assert_non_null(c);
		FEED_CHUNKS(mms_pff_curve_feed, c, &t.refs, seed);
		assert_int_equal(mms_pff_curve_finish(c, p), 0);
		for (size_t k = 0; k < 40; k++) {
			q = naive_pff(page, t.refs.nr_refs, p[k].threshold);
			assert_int_equal(p[k].faults, q.faults);
			assert_int_equal(p[k].sum, q.sum);
			assert_int_equal(p[k].max, q.max);
		}
		free(page);
		free_string(&t);
	}
}

static void bytes(void **state)
{
	const uint32_t sizes[] = {1, 1000, 2000000};

	assert_int_equal(mms_fifo_curve_bytes(1000000, 17) / 1000000, 128);
	assert_int_equal(mms_fifo_curve_bytes(UINT32_MAX, SIZE_MAX / 64), UINT64_MAX);
	assert_true(mms_fifo_curve_bytes(MMS_FIFO_CURVE_MAX_PAGES, 1) < UINT64_MAX);
	assert_true(mms_fifo_curve_bytes(MMS_FIFO_CURVE_MAX_PAGES + 1, 1) == UINT64_MAX);
	assert_null(mms_fifo_curve_open(MMS_FIFO_CURVE_MAX_PAGES, NULL, 0x7ffffffffffffff0));
	assert_int_equal(mms_clock_curve_bytes(1000000, sizes, 3) / 1000000, 20);
	assert_int_equal(mms_pff_curve_bytes(1000000, 40) / 1000000, 8);
	/* 8 for each reference, and less where entries or pages are few. */
	assert_int_equal(mms_ws_curve_bytes(1000000, 100000000, 100000000) / 100000000, 8);
	assert_true(mms_ws_curve_bytes(1000, 1000000000, 1000000000) / 1000000000 < 1);
	assert_true(mms_ws_curve_bytes(1, 2, 4000000000) < 10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_sizes),	 cmocka_unit_test(long_sizes),
		cmocka_unit_test(goldens),	 cmocka_unit_test(anomaly),
		cmocka_unit_test(anomaly_pairs), cmocka_unit_test(windows),
		cmocka_unit_test(identity),	 cmocka_unit_test(thresholds),
		cmocka_unit_test(bytes),	 cmocka_unit_test(fifo_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
