// SPDX-License-Identifier: GPL-2.0-only
/*
 * model/replay allot and global_lru: all splits tried one by one, strings replayed with lists,
 * properties of rounding.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/replay/allot.h"
#include "model/replay/global_lru.h"

#define MAX_PAGES 40
#define LEN	  600

static uint64_t seed = 362436069362436069;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 20) % n;
}

static void shares_of_a_textbook(void **state)
{
	/* Silberschatz: 62 frames for processes of 10 and 127 pages: 4 and 57. The frame that is
	 * left there is given too here. */
	static const double size[] = {10, 127}, three[] = {1, 1, 1}, none[] = {0, 0};
	uint64_t f[3];

	assert_int_equal(mms_allot_shares(size, 2, 62, f), 0);
	assert_int_equal(f[0], 5); /* 4.53 and 57.47 */
	assert_int_equal(f[1], 57);
	assert_int_equal(mms_allot_shares(three, 3, 11, f), 0);
	assert_true(f[0] == 4 && f[1] == 4 && f[2] == 3);
	assert_int_equal(mms_allot_shares(none, 2, 7, f), 0);
	assert_true(f[0] == 4 && f[1] == 3);
}

static void nobody_is_left_without_a_frame(void **state)
{
	static const double share[] = {1e-9, 1000, 0, 500};
	uint64_t f[4];

	assert_int_equal(mms_allot_shares(share, 4, 4, f), 0);
	assert_true(f[0] == 1 && f[1] == 1 && f[2] == 1 && f[3] == 1);
	assert_int_equal(mms_allot_shares(share, 4, 11, f), 0);
	assert_true(f[0] == 1 && f[1] == 6 && f[2] == 1 && f[3] == 3);
	assert_int_equal(mms_allot_shares(share, 4, 3, f), -EINVAL);
	assert_int_equal(mms_allot_shares(share, 0, 3, f), -EINVAL);
}

/* The sum is exact, none is 0, each is its exact share or less than one off, where all are > 1. */
static void rounding_has_its_properties(void **state)
{
	uint64_t f[9], sum, total;
	double share[9], all;
	size_t nr, i, j;
	int round;

	for (round = 0; round < 3000; round++) {
		bool small = false;

		nr = 1 + below(9);
		total = nr + below(round & 1 ? 30 : 2000000000);
		for (i = 0, all = 0; i < nr; i++)
			all += share[i] = below(round & 2 ? 10 : 1000000) / 7.0;
		assert_int_equal(mms_allot_shares(share, nr, total, f), 0);
		for (i = 0, sum = 0; i < nr; i++) {
			assert_true(f[i] >= 1);
			sum += f[i];
			small |= all <= 0 || share[i] / all * (double)total < 1;
			for (j = 0; j < nr; j++)
				if (share[i] > share[j])
					assert_true(f[i] >= f[j]);
		}
		assert_true(sum == total);
		for (i = 0; i < nr && !small; i++)
			assert_true(fabs((double)f[i] - share[i] / all * (double)total) < 1.0001);
	}
}

/* Faults of LRU by a list. */
static uint64_t naive_lru(const uint32_t *page, uint64_t nr, uint64_t frames)
{
	uint32_t list[4 * MAX_PAGES], used = 0, at;
	uint64_t faults = 0, i;

	for (i = 0; i < nr; i++) {
		for (at = 0; at < used && list[at] != page[i]; at++)
			;
		if (at == used) {
			faults++;
			if (used < frames)
				used++;
			else
				at--;
		}
		memmove(list + 1, list, at * sizeof(list[0]));
		list[0] = page[i];
	}
	return faults;
}

struct random_proc {
	uint32_t page[LEN];
	uint64_t faults[MAX_PAGES + 1];
	struct mms_refs refs;
	struct mms_allot_proc proc;
};

/* Loops give curves that are not convex, random pages such that nearly are. */
static void random_proc(struct random_proc *p, uint32_t nr_pages)
{
	uint32_t kind = below(3), hot = 1 + below(nr_pages), i;

	for (i = 0; i < LEN; i++)
		p->page[i] = i < nr_pages ? i
			     : kind == 0  ? i % hot
			     : kind == 1  ? below(nr_pages)
			     : below(4)	  ? below(hot)
					  : i % nr_pages;
	p->faults[0] = LEN;
	for (i = 1; i <= nr_pages; i++)
		p->faults[i] = naive_lru(p->page, LEN, i);
	p->refs =
		(struct mms_refs){.page = p->page, .nr = LEN, .nr_refs = LEN, .nr_pages = nr_pages};
	p->proc = (struct mms_allot_proc){p->faults, nr_pages, LEN};
}

static uint64_t capped(const struct random_proc *p, uint64_t frames)
{
	return p->faults[frames < p->refs.nr_pages ? frames : p->refs.nr_pages];
}

/* The fewest faults over all splits of @total into two or three. */
static uint64_t try_all(const struct random_proc *p, size_t nr, uint64_t total)
{
	uint64_t a, b, best = UINT64_MAX, f;

	for (a = 1; a < total; a++) {
		if (nr == 2) {
			f = capped(&p[0], a) + capped(&p[1], total - a);
			best = f < best ? f : best;
			continue;
		}
		for (b = 1; a + b < total; b++) {
			f = capped(&p[0], a) + capped(&p[1], b) + capped(&p[2], total - a - b);
			best = f < best ? f : best;
		}
	}
	return best;
}

static void check_optimal(const struct random_proc *p, size_t nr, uint64_t total)
{
	uint64_t want = try_all(p, nr, total), f[3], bound, sum, got;
	struct mms_allot_proc proc[3];
	size_t i;

	for (i = 0; i < nr; i++)
		proc[i] = p[i].proc;
	assert_int_equal(mms_allot_optimal(proc, nr, total, MMS_ALLOT_EXACT_STEPS, f, &bound), 1);
	for (i = 0, sum = got = 0; i < nr; i++) {
		assert_true(f[i] >= 1);
		sum += f[i];
		got += capped(&p[i], f[i]);
	}
	assert_int_equal(sum, total);
	assert_int_equal(got, want);
	assert_int_equal(mms_allot_faults(proc, nr, f), want);
	assert_int_equal(bound, want);
	/* On hulls: between the bound and what an equal division gives up; the sum is exact. */
	assert_true(mms_allot_optimal(proc, nr, total, 0, f, &bound) >= 0);
	for (i = 0, sum = 0; i < nr; i++) {
		assert_true(f[i] >= 1);
		sum += f[i];
	}
	assert_int_equal(sum, total);
	assert_true(bound <= want);
	assert_true(mms_allot_faults(proc, nr, f) >= want);
}

static void optimal_is_the_best_of_all_splits(void **state)
{
	static struct random_proc p[3];
	uint64_t total;
	size_t nr, i;
	int round;

	for (round = 0; round < 60; round++) {
		nr = 2 + round % 2;
		for (i = 0; i < nr; i++)
			random_proc(&p[i], 1 + below(nr == 2 ? 40 : 16));
		for (total = nr; total < 60; total += 1 + below(4))
			check_optimal(p, nr, total);
	}
}

/* Where curves are convex, and frames end with parts of the hull, both ways find the same. */
static void hulls_are_optimal_for_convex_curves(void **state)
{
	uint64_t a[31], b[31], f[2], g[2], bound, m, total;
	struct mms_allot_proc p[] = {{a, 30, 1000}, {b, 30, 1000}};
	int round;

	for (round = 0; round < 200; round++) {
		uint64_t step_a = 0, step_b = 0;

		a[30] = b[30] = 30;
		for (m = 30; m-- > 0;) { /* gains that grow to the left */
			a[m] = a[m + 1] + (step_a += below(5));
			b[m] = b[m + 1] + (step_b += below(9));
		}
		for (total = 2; total <= 60; total += 1 + below(3)) {
			assert_true(mms_allot_optimal(p, 2, total, 0, f, &bound) >= 0);
			assert_int_equal(bound, mms_allot_faults(p, 2, f));
			assert_int_equal(mms_allot_optimal(p, 2, total, UINT64_MAX, g, &bound), 1);
			assert_int_equal(bound, mms_allot_faults(p, 2, f));
		}
	}
}

/* One saves most with all its pages, which do not fit: the two others still share in turn. */
static void a_part_that_does_not_fit_is_passed_over(void **state)
{
	uint64_t all_or_none[41], a[12], b[12], f[3], g[3], bound, m;
	struct mms_allot_proc p[] = {{all_or_none, 40, 9000}, {a, 11, 500}, {b, 11, 500}};

	for (m = 0; m <= 40; m++)
		all_or_none[m] = m < 40 ? 9000 : 40;
	a[11] = b[11] = 11;
	for (m = 11; m-- > 0;)
		a[m] = b[m] = a[m + 1] + 11 - m;
	assert_int_equal(mms_allot_optimal(p, 3, 13, 0, f, &bound), 0);
	assert_int_equal(mms_allot_optimal(p, 3, 13, UINT64_MAX, g, &bound), 1);
	assert_int_equal(mms_allot_faults(p, 3, f), bound);
	assert_true(f[0] == 1 && f[1] == 6 && f[2] == 6);
}

/* Frames that nobody can use go round, from the first process on. */
static void what_is_left_goes_round_from_the_first(void **state)
{
	static const uint64_t a[] = {9, 8, 2}, b[] = {9, 7, 5, 3}, c[] = {9, 1};
	struct mms_allot_proc p[] = {{a, 2, 9}, {b, 3, 9}, {c, 1, 9}};
	uint64_t f[3], bound, left, i;

	for (left = 0; left < 10; left++) {
		assert_int_equal(mms_allot_optimal(p, 3, 6 + left, 0, f, &bound), 1);
		for (i = 0; i < 3; i++)
			assert_int_equal(f[i], p[i].nr_pages + (left + 2 - i) / 3);
		assert_int_equal(bound, 6);
	}
}

struct naive_global {
	uint64_t faults[3], lost[3], writebacks[3], sum[3];
	uint32_t key[4 * MAX_PAGES];
	bool dirty[4 * MAX_PAGES];
	uint32_t used;
};

/* Keys are process * 1000 + page; one reference. */
static void naive_refer(struct naive_global *g, uint32_t key, bool write, uint64_t frames)
{
	uint32_t at, i;
	bool dirty = false;

	for (at = 0; at < g->used && g->key[at] != key; at++)
		;
	if (at < g->used) {
		dirty = g->dirty[at];
	} else {
		g->faults[key / 1000]++;
		if (g->used == frames) {
			uint32_t victim = g->key[--g->used];

			g->writebacks[victim / 1000] += g->dirty[g->used];
			g->lost[victim / 1000] += victim / 1000 != key / 1000;
		}
		at = g->used++;
	}
	for (i = at; i > 0; i--) {
		g->key[i] = g->key[i - 1];
		g->dirty[i] = g->dirty[i - 1];
	}
	g->key[0] = key;
	g->dirty[0] = dirty || write;
	for (i = 0; i < g->used; i++)
		g->sum[g->key[i] / 1000]++;
}

static void equals_naive(const struct naive_global *g, const struct mms_global_count *c, size_t nr,
			 uint64_t refs)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		assert_int_equal(c[i].faults, g->faults[i]);
		assert_int_equal(c[i].lost, g->lost[i]);
		assert_int_equal(c[i].writebacks, g->writebacks[i]);
		assert_true(fabs(c[i].mean - (double)g->sum[i] / (double)refs) < 1e-9);
	}
}

/* Turns that end within the repeats of an entry, strings of different length. */
static void global_lru_of_turns_equals_its_twin(void **state)
{
	static struct random_proc p[3];
	static uint32_t more[3][LEN];
	uint64_t write[3][LEN / 64 + 1], turn[3], frames, refs;
	struct mms_global_count count[3];
	struct mms_refs r[3];
	int round;
	size_t i;

	for (round = 0; round < 100; round++) {
		struct naive_global g = {.used = 0};
		uint64_t entry[3] = {0}, done[3] = {0}, t;
		bool any = true;

		frames = 1 + below(70);
		for (i = 0, refs = 0; i < 3; i++) {
			uint64_t e;

			random_proc(&p[i], 1 + below(MAX_PAGES));
			turn[i] = 1 + below(20);
			r[i] = p[i].refs;
			r[i].nr = LEN - below(LEN / 2);
			r[i].nr_refs = 0;
			r[i].more = more[i];
			r[i].write = write[i];
			for (e = 0; e < LEN; e++)
				more[i][e] = below(4);
			for (e = 0; e < LEN / 64 + 1; e++)
				write[i][e] = (uint64_t)below(1U << 31) << 31 | below(1U << 31);
			for (e = 0; e < r[i].nr; e++)
				r[i].nr_refs += 1 + more[i][e];
			refs += r[i].nr_refs;
		}
		while (any) {
			any = false;
			for (i = 0; i < 3; i++)
				for (t = 0; t < turn[i] && entry[i] < r[i].nr; t++) {
					uint64_t e = entry[i];
					bool w = !done[i] && (write[i][e / 64] >> e % 64 & 1);

					any = true;
					naive_refer(&g, i * 1000 + p[i].page[e], w, frames);
					if (++done[i] > more[i][e]) {
						done[i] = 0;
						entry[i]++;
					}
				}
		}
		assert_int_equal(mms_global_lru_turns(r, turn, 3, frames, count), 0);
		equals_naive(&g, count, 3, refs);
		for (i = 0; i < 3; i++)
			assert_int_equal(count[i].refs, r[i].nr_refs);
	}
}

/* One string of three processes: in its order together, and taken apart. */
static void strings_of_several_processes(void **state)
{
	uint16_t proc_of[MAX_PAGES];
	uint64_t write[LEN / 64 + 1];
	uint32_t page[LEN], more[LEN], i, at[3];
	int round;

	for (round = 0; round < 50; round++) {
		struct mms_refs r = {.page = page, .more = more, .write = write, .nr = LEN};
		uint64_t frames = 1 + below(50);
		struct mms_global_count count[3];
		struct naive_global g = {.used = 0};
		struct mms_refs part[3];

		r.nr_pages = 3 + below(MAX_PAGES - 3);
		memset(write, 0, sizeof(write));
		for (i = 0; i < r.nr_pages; i++)
			proc_of[i] = i < 3 ? i : below(3);
		for (i = 0; i < LEN; i++) {
			bool w = !below(3);
			uint32_t again;

			page[i] = i < r.nr_pages ? i : below(r.nr_pages);
			more[i] = below(3);
			r.nr_refs += 1 + more[i];
			write[i / 64] |= (uint64_t)w << i % 64;
			for (again = 0; again <= more[i]; again++)
				naive_refer(&g, proc_of[page[i]] * 1000 + page[i], w, frames);
		}
		assert_int_equal(mms_global_lru_string(&r, proc_of, 3, frames, count), 0);
		equals_naive(&g, count, 3, r.nr_refs);
		assert_int_equal(mms_allot_split(&r, proc_of, 3, part), 0);
		memset(at, 0, sizeof(at));
		for (i = 0; i < LEN; i++) {
			const struct mms_refs *p = &part[proc_of[page[i]]];
			uint32_t e = at[proc_of[page[i]]]++, own = 0, before;

			for (before = 0; before < page[i]; before++)
				own += proc_of[before] == proc_of[page[i]];
			assert_int_equal(p->page[e], own);
			assert_int_equal(p->more[e], more[i]);
			assert_int_equal(mms_refs_write(p, e), mms_refs_write(&r, i));
		}
		for (i = 0; i < 3; i++) {
			assert_int_equal(part[i].nr, at[i]);
			assert_int_equal(part[i].nr_refs, count[i].refs);
		}
		mms_allot_split_free(part, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_of_a_textbook),
		cmocka_unit_test(nobody_is_left_without_a_frame),
		cmocka_unit_test(rounding_has_its_properties),
		cmocka_unit_test(optimal_is_the_best_of_all_splits),
		cmocka_unit_test(hulls_are_optimal_for_convex_curves),
		cmocka_unit_test(what_is_left_goes_round_from_the_first),
		cmocka_unit_test(a_part_that_does_not_fit_is_passed_over),
		cmocka_unit_test(global_lru_of_turns_equals_its_twin),
		cmocka_unit_test(strings_of_several_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
