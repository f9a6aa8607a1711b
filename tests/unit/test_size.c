// SPDX-License-Identifier: GPL-2.0-only
/*
 * model/replay size, eat and writeback: curves made by hand, textbook examples, and a list of
 * pages with dirty marks.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/replay/eat.h"
#include "model/replay/size.h"
#include "model/replay/writeback.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 20) % n;
}

static void close_to(double got, double want)
{
	if (fabs(got - want) > 1e-9 * (1 + fabs(want)))
		fail_msg("%.12g instead of %.12g", got, want);
}

/* 1,000 references, 4 pages; 100 faults with one frame, 52, 20, 4. */
static const uint64_t faults[] = {1000, 100, 52, 20, 4};
static const struct mms_size_curve curve = {
	.faults = faults, .nr_pages = 4, .cold = 4, .refs = 1000};
static const struct mms_cost cost = {
	.ref_ns = 10, .fault_ns = 100, .write_ns = 50, .dirty = 0.5, .cold = true};

static void what_a_size_costs(void **state)
{
	struct mms_size_at at;

	mms_size_at(&curve, &cost, 2, &at);
	assert_int_equal(at.frames, 2);
	assert_int_equal(at.faults, 52);
	close_to(at.writebacks, 25); /* half of the 50 that found no free frame */
	close_to(at.total_ns, 10000 + 5200 + 1250);
	close_to(at.per_million, 52000);
	close_to(at.per_second, 52 / 16450e-9);
	close_to(at.stall, 6450.0 / 16450);
	close_to(at.slowdown, 16450.0 / 10400); /* with 4: 4 faults and nothing evicted */
	mms_size_at(&curve, &cost, 9, &at);
	assert_true(mms_size_keeps(&curve, &cost, MMS_SIZE_PER_MILLION, 52000, 2));
	assert_false(mms_size_keeps(&curve, &cost, MMS_SIZE_PER_MILLION, 51999, 2));
	assert_true(mms_size_keeps(&curve, &cost, MMS_SIZE_SLOWDOWN, 1, 9));
	assert_int_equal(at.frames, 9);
	assert_int_equal(at.faults, 4);
	close_to(at.slowdown, 1);
}

static void first_references_may_be_free(void **state)
{
	struct mms_cost warm = cost;
	struct mms_size_at at;

	warm.cold = false;
	mms_size_at(&curve, &warm, 4, &at);
	assert_int_equal(at.faults, 0);
	close_to(at.stall, 0);
	mms_size_at(&curve, &warm, 1, &at);
	assert_int_equal(at.faults, 96);
	close_to(at.writebacks, 49.5); /* evictions are what they are */
}

static void known_writebacks_are_used(void **state)
{
	static const uint64_t wb[] = {9, 7, 3, 1, 0};
	struct mms_size_curve c = curve;
	struct mms_size_at at;

	c.writebacks = wb;
	mms_size_at(&c, &cost, 2, &at);
	close_to(at.writebacks, 3);
	close_to(at.total_ns, 10000 + 5200 + 150);
}

static void the_smallest_size_for_a_bound(void **state)
{
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_PER_MILLION, 52000), 2);
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_PER_MILLION, 51999), 3);
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_PER_MILLION, 4000), 4);
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_PER_MILLION, 3999), 0);
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_PER_MILLION, 1e9), 1);
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_STALL, 0.40), 2);
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_STALL, 0.39), 3);
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_SLOWDOWN, 1), 4);
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_SLOWDOWN, 1.6), 2);
	/* With 3: 20 faults, 8.5 write-backs, 12425 ns: 1.61 million per second. */
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_PER_SECOND, 1.61e6), 3);
	assert_int_equal(mms_size_find(&curve, &cost, MMS_SIZE_PER_SECOND, 1.60e6), 4);
}

/* Falls steeply to size 11, then slowly to 101: the corner is the knee. */
static void the_knee_is_the_corner(void **state)
{
	struct mms_size_curve c = {.nr_pages = 120, .cold = 120, .refs = 100000};
	uint64_t f[121], m;
	struct mms_knee k;

	f[0] = 100000;
	for (m = 1; m <= 120; m++)
		f[m] = 120 + (m <= 11 ? 90 + (11 - m) * 1000 : m <= 101 ? 101 - m : 0);
	c.faults = f;
	mms_size_knee(&c, &k);
	assert_int_equal(k.frames, 11);
	close_to(k.distance, 1 - 0.1 - 90.0 / 10090);
	/* 95 % of it: on the steep side from 10 (0.0 + ...), on the flat one by 1/100 - 1/10090. */
	assert_int_equal(k.low, 11);
	assert_int_equal(k.high, 15); /* A ray from L(0) = 1: (100000 / 210 - 1) / 11 is 43.2, at
					 101 it is 8.2, at 10 8.2. */
	assert_int_equal(mms_size_lifetime_knee(&c), 11);
}

/* Two corners as far from the chord, and two that one ray touches: the smaller size. */
static void of_equal_knees_the_smallest(void **state)
{
	static const uint64_t f[] = {80, 73, 61, 45, 43, 35, 27, 13, 11, 9};
	static const uint64_t ray[] = {64, 32, 30, 16};
	struct mms_size_curve c = {.faults = f, .nr_pages = 9, .cold = 9, .refs = 80};
	struct mms_size_curve r = {.faults = ray, .nr_pages = 3, .cold = 3, .refs = 64};
	struct mms_knee k;

	mms_size_knee(&c, &k);
	assert_int_equal(k.frames, 3);
	assert_int_equal(k.low, 3);
	assert_int_equal(k.high, 7);
	close_to(k.distance, 12.0 / 64);
	assert_int_equal(mms_size_lifetime_knee(&r), 1);
}

/* From L(0) = 1, not from 0: (100 / 22 - 1) / 2 is more than 100 / 40 - 1. */
static void lifetime_begins_at_one(void **state)
{
	static const uint64_t f[] = {100, 40, 22};
	struct mms_size_curve c = {.faults = f, .nr_pages = 2, .cold = 2, .refs = 100};

	assert_int_equal(mms_size_lifetime_knee(&c), 2);
}

static void no_knee_without_a_bend(void **state)
{
	static const uint64_t line[] = {99, 9, 8, 7, 6, 5}, flat[] = {9, 1, 1, 1};
	struct mms_size_curve c = {.faults = line, .nr_pages = 5, .cold = 5, .refs = 99};
	struct mms_knee k;

	mms_size_knee(&c, &k);
	assert_int_equal(k.frames, 0);
	c = (struct mms_size_curve){.faults = flat, .nr_pages = 3, .cold = 1, .refs = 9};
	mms_size_knee(&c, &k);
	assert_int_equal(k.frames, 0);
}

/* The largest distance, by trying all sizes with other words for the same line. */
static void the_knee_of_random_curves(void **state)
{
	uint64_t f[41], m;
	int round;

	for (round = 0; round < 500; round++) {
		struct mms_size_curve c = {.faults = f, .nr_pages = 40, .refs = 1 << 20};
		double worst = -1e300;
		struct mms_knee k;

		f[40] = c.cold = 40;
		for (m = 40; m-- > 0;)
			f[m] = f[m + 1] + below(2 + round) + (m == 39);
		mms_size_knee(&c, &k);
		for (m = 1; m <= 40; m++) { /* chord minus curve at m, in faults */
			double chord = (double)f[1] +
				       ((double)f[40] - (double)f[1]) * (double)(m - 1) / 39;

			if (chord - (double)f[m] > worst)
				worst = chord - (double)f[m];
		}
		if (!k.frames) {
			assert_true(worst < 1e-6);
			continue;
		}
		close_to(k.distance, worst / (double)(f[1] - f[40]));
		assert_true(k.low <= k.frames && k.frames <= k.high);
	}
}

/* Silberschatz: memory 200 ns, a fault 8 ms, one reference of 1,000 faults: 8.2 us. */
static void eat_of_demand_paging(void **state)
{
	struct mms_eat_conf c = {.memory_ns = 200, .faults = 0.001, .service_ns = 8e6};
	struct mms_eat_part part[MMS_EAT_TERMS];

	close_to(mms_eat(&c, part), 8199.8);
	close_to(part[MMS_EAT_MEMORY].ns, 199.8);
	close_to(part[MMS_EAT_FAULT].ns, 8000);
}

/* The same: 80 % in the TLB, memory 100 ns, a table of one level: 120 ns; with 99 %: 101 ns. */
static void eat_of_a_tlb(void **state)
{
	struct mms_eat_conf c = {.l1_miss = 0.2, .walks = 0.2, .walk_ns = 100, .memory_ns = 100};
	struct mms_eat_part part[MMS_EAT_TERMS];

	close_to(mms_eat(&c, part), 120);
	c.l1_miss = c.walks = 0.01;
	close_to(mms_eat(&c, part), 101);
}

static void eat_is_the_sum_of_its_terms(void **state)
{
	struct mms_eat_conf c = {.tlb_ns = 1,
				 .l1_miss = 0.5,
				 .l2_ns = 7,
				 .walks = 0.25,
				 .walk_ns = 40,
				 .memory_ns = 100,
				 .faults = 0.125,
				 .service_ns = 800,
				 .writebacks = 0.0625,
				 .write_ns = 1600};
	struct mms_eat_part part[MMS_EAT_TERMS];
	static const double want[] = {1, 3.5, 10, 87.5, 100, 100};
	size_t i;

	close_to(mms_eat(&c, part), 302);
	for (i = 0; i < NR(want); i++) {
		close_to(part[i].ns, want[i]);
		close_to(part[i].ratio * part[i].cost_ns, want[i]);
		assert_non_null(part[i].name);
	}
}

/* LRU with dirty marks as an array, latest use first. Return: write-backs. */
static uint64_t naive_writebacks(const uint32_t *page, const bool *write, size_t nr, size_t frames)
{
	struct {
		uint32_t page;
		bool dirty;
	} list[64], moved;
	size_t used = 0, i, at;
	uint64_t count = 0;

	for (i = 0; i < nr; i++) {
		for (at = 0; at < used && list[at].page != page[i]; at++)
			;
		if (at == used) {
			moved.page = page[i];
			moved.dirty = false;
			if (used == frames)
				count += list[--used].dirty;
			at = used++;
		} else {
			moved = list[at];
		}
		moved.dirty |= write[i];
		memmove(list + 1, list, at * sizeof(list[0]));
		list[0] = moved;
	}
	return count;
}

#define LEN 3000

static void writebacks_of_every_size(void **state)
{
	uint32_t page[LEN], nr_pages, m;
	uint64_t bits[LEN / 64 + 1], wb[65];
	bool write[LEN];
	int round, i;

	for (round = 0; round < 60; round++) {
		struct mms_refs r = {.page = page, .write = bits};
		struct mms_writeback_curve *c;
		uint64_t writes = 0;
		int from;

		nr_pages = 1 + below(40);
		memset(bits, 0, sizeof(bits));
		for (i = 0; i < LEN; i++) {
			page[i] = (uint32_t)i < nr_pages ? (uint32_t)i
				  : below(3)		 ? below(1 + nr_pages / 4)
							 : below(nr_pages);
			write[i] = !below(1 + round % 5);
			bits[i / 64] |= (uint64_t)write[i] << (i % 64);
			writes += write[i];
		}
		c = mms_writeback_curve_open(nr_pages);
		assert_non_null(c);
		for (from = 0; from < LEN; from += 64 * 10) { /* in chunks */
			struct mms_refs chunk = {.page = page + from, .write = bits + from / 64};

			chunk.nr = chunk.nr_refs = LEN - from < 640 ? LEN - from : 640;
			chunk.nr_pages = nr_pages;
			mms_writeback_curve_feed(c, &chunk);
		}
		r.nr = r.nr_refs = LEN;
		mms_writeback_curve_finish(c, wb);
		assert_int_equal(wb[0], writes);
		for (m = 1; m <= nr_pages; m++)
			assert_int_equal(wb[m], naive_writebacks(page, write, LEN, m));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_size_costs),
		cmocka_unit_test(first_references_may_be_free),
		cmocka_unit_test(known_writebacks_are_used),
		cmocka_unit_test(the_smallest_size_for_a_bound),
		cmocka_unit_test(the_knee_is_the_corner),
		cmocka_unit_test(lifetime_begins_at_one),
		cmocka_unit_test(of_equal_knees_the_smallest),
		cmocka_unit_test(no_knee_without_a_bend),
		cmocka_unit_test(the_knee_of_random_curves),
		cmocka_unit_test(eat_of_demand_paging),
		cmocka_unit_test(eat_of_a_tlb),
		cmocka_unit_test(eat_is_the_sum_of_its_terms),
		cmocka_unit_test(writebacks_of_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
