// SPDX-License-Identifier: GPL-2.0-only
/* how pages grow older, and what happens to ages when leaves split, join or go */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "region.h"

static struct mms_region r;

static int reset(void **state)
{
	memset(&r, 0, sizeof(r));
	return 0;
}

static int age(unsigned int page)
{
	bool swapped;

	return mms_region_known(&r, page, &swapped) ? (int)mms_region_age(&r, page) : -1;
}

static void mark(struct mms_look *l, unsigned int page, enum mms_seen seen)
{
	uint64_t bit = 1ULL << page % 64;

	l->referenced[page / 64] |= seen == MMS_SEEN_REFERENCED ? bit : 0;
	l->idle[page / 64] |= seen == MMS_SEEN_IDLE ? bit : 0;
	l->swapped[page / 64] |= seen == MMS_SEEN_SWAPPED ? bit : 0;
	l->moving[page / 64] |= seen == MMS_SEEN_MOVING ? bit : 0;
}

static void note(unsigned int page, enum mms_seen seen)
{
	struct mms_look l = {.from = page, .nr = 1};

	mark(&l, page, seen);
	mms_region_note(&r, &l);
}

static void note_all(enum mms_seen seen)
{
	struct mms_look l = {.nr = 512};
	unsigned int i;

	for (i = 0; i < 512; i++)
		mark(&l, i, seen);
	mms_region_note(&r, &l);
}

static void never_until_referenced(void **state)
{
	int i;

	assert_true(mms_region_empty(&r));
	for (i = 0; i < 5; i++) {
		note(7, MMS_SEEN_IDLE);
		assert_int_equal(age(7), MMSCOPE_IDLE_NEVER);
	}
	note(7, MMS_SEEN_REFERENCED);
	assert_int_equal(age(7), 0);
	assert_int_equal(age(6), -1);
	assert_false(mms_region_empty(&r));
}

static void grows_and_saturates(void **state)
{
	int i;

	note(511, MMS_SEEN_REFERENCED);
	for (i = 1; i < 300; i++) {
		note(511, MMS_SEEN_IDLE);
		assert_int_equal(age(511), i < MMSCOPE_IDLE_MAX ? i : MMSCOPE_IDLE_MAX);
	}
	note(511, MMS_SEEN_REFERENCED);
	assert_int_equal(age(511), 0);
}

static void swapped_pages_age_on(void **state)
{
	bool swapped;

	note(64, MMS_SEEN_REFERENCED);
	note(64, MMS_SEEN_SWAPPED);
	note(64, MMS_SEEN_SWAPPED);
	assert_true(mms_region_known(&r, 64, &swapped));
	assert_true(swapped);
	assert_int_equal(age(64), 2);
	note(64, MMS_SEEN_IDLE);
	assert_true(mms_region_known(&r, 64, &swapped));
	assert_false(swapped);
	assert_int_equal(age(64), 3);
	note(65, MMS_SEEN_SWAPPED);
	assert_int_equal(age(65), MMSCOPE_IDLE_NEVER);
}

static void moving_pages_age_on(void **state)
{
	note(1, MMS_SEEN_MOVING);
	assert_int_equal(age(1), -1);
	note(1, MMS_SEEN_REFERENCED);
	note(1, MMS_SEEN_MOVING);
	assert_int_equal(age(1), 1);
}

static void gone_pages_have_no_age(void **state)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		note(i, MMS_SEEN_REFERENCED);
	mms_region_forget(&r, 60, 10);
	assert_int_equal(age(59), 0);
	assert_int_equal(age(60), -1);
	assert_int_equal(age(69), -1);
	assert_int_equal(age(70), 0);
	note(60, MMS_SEEN_IDLE);
	assert_int_equal(age(60), MMSCOPE_IDLE_NEVER);
	mms_region_forget(&r, 0, 512);
	assert_true(mms_region_empty(&r));
}

static void a_huge_leaf_is_as_young_as_its_youngest(void **state)
{
	note(100, MMS_SEEN_REFERENCED);
	note(100, MMS_SEEN_IDLE);
	note(200, MMS_SEEN_IDLE);
	mms_region_note_huge(&r, MMS_SEEN_IDLE);
	assert_int_equal(r.huge, 1);
	assert_int_equal(age(0), 2);
	assert_int_equal(age(100), -1);
}

static void a_split_leaf_leaves_its_age_to_all(void **state)
{
	mms_region_note_huge(&r, MMS_SEEN_REFERENCED);
	mms_region_note_huge(&r, MMS_SEEN_IDLE);
	note(300, MMS_SEEN_REFERENCED);
	assert_int_equal(r.huge, 0);
	assert_int_equal(age(300), 0);
	assert_int_equal(age(301), 1);
	assert_int_equal(age(0), 1);
	assert_int_equal(age(511), 1);
}

static void a_new_huge_leaf_begins_as_never(void **state)
{
	mms_region_note_huge(&r, MMS_SEEN_IDLE);
	assert_int_equal(age(0), MMSCOPE_IDLE_NEVER);
	mms_region_forget(&r, 0, 512);
	assert_true(mms_region_empty(&r));
	mms_region_note_huge(&r, MMS_SEEN_MOVING);
	assert_true(mms_region_empty(&r));
}

static void half_a_huge_leaf_forgotten(void **state)
{
	mms_region_note_huge(&r, MMS_SEEN_REFERENCED);
	mms_region_forget(&r, 256, 256);
	assert_int_equal(age(255), 0);
	assert_int_equal(age(256), -1);
}

/* The rule said slowly, page by page, beside the one that takes words. */
static void any_look_is_the_sum_of_its_pages(void **state)
{
	static int want[512]; /* age, -1 = none; swapped pages + 1000 */
	uint32_t x = 12345;
	int round, i;

	for (i = 0; i < 512; i++)
		want[i] = -1;
	for (round = 0; round < 3000; round++) {
		struct mms_look l = {};

		x = x * 1664525 + 1013904223;
		l.from = x >> 8 & 511;
		l.nr = 1 + (x >> 17) % (512 - l.from);
		for (i = l.from; i < l.from + l.nr; i++) {
			int old = want[i] < 0 ? -1 : want[i] % 1000, next;
			enum mms_seen seen;

			x = x * 1664525 + 1013904223;
			seen = MMS_SEEN_IDLE;
			if (round % 3 == 0)
				seen = (x >> 16) % 5;
			mark(&l, i, seen);
			next = old < 0 ? 255 : old < 254 ? old + 1 : old;
			if (seen == MMS_SEEN_GONE || (seen == MMS_SEEN_MOVING && old < 0))
				want[i] = -1;
			else if (seen == MMS_SEEN_MOVING)
				want[i] = next + (want[i] >= 1000 ? 1000 : 0);
			else if (seen == MMS_SEEN_SWAPPED)
				want[i] = next + 1000;
			else
				want[i] = seen == MMS_SEEN_REFERENCED ? 0 : next;
		}
		mms_region_note(&r, &l);
		for (i = 0; i < 512; i++) {
			bool swapped = false;
			int got = mms_region_known(&r, i, &swapped) ? age(i) + swapped * 1000 : -1;

			assert_int_equal(got, want[i]);
		}
	}
}

static void spared_only_after_a_quiet_look(void **state)
{
	note_all(MMS_SEEN_REFERENCED);
	assert_false(mms_region_spare(&r, true));
	assert_false(mms_region_spare(&r, false)); /* what came between clear and flush */
	assert_true(mms_region_spare(&r, false));
	assert_true(mms_region_spare(&r, false));
	assert_false(mms_region_spare(&r, true)); /* in use again */
	assert_false(mms_region_spare(&r, false));
	assert_true(mms_region_spare(&r, false));
}

static void spared_pages_grow_older(void **state)
{
	note_all(MMS_SEEN_IDLE);
	note(5, MMS_SEEN_REFERENCED);
	assert_false(mms_region_spare(&r, false));
	assert_true(mms_region_spare(&r, false));
	assert_true(mms_region_spare(&r, false));
	assert_int_equal(age(5), 2);
	assert_int_equal(age(6), MMSCOPE_IDLE_NEVER);
	note(5, MMS_SEEN_IDLE);
	assert_int_equal(age(5), 3);
	note(5, MMS_SEEN_REFERENCED);
	assert_int_equal(age(5), 0);
}

static void spared_ages_saturate(void **state)
{
	int i;

	note_all(MMS_SEEN_REFERENCED);
	for (i = 0; i < 253; i++)
		note_all(MMS_SEEN_IDLE);
	assert_int_equal(age(511), 253);
	mms_region_spare(&r, false);
	for (i = 0; i < 4; i++) {
		assert_true(mms_region_spare(&r, false));
		assert_int_equal(age(511), MMSCOPE_IDLE_MAX);
	}
}

/* Every age, spared any number of times, beside the rule said plainly. */
static void every_age_grows_as_one_does(void **state)
{
	unsigned int start, late, i;

	for (start = 0; start < 256; start++) {
		note_all(MMS_SEEN_REFERENCED);
		for (late = 0; late <= MMS_REGION_SPARES; late++) {
			for (i = 0; i < 512; i++)
				r.age[i] = start + i;
			r.late = late;
			mms_region_forget(&r, 300, 1); /* writes them down */
			for (i = 0; i < 256; i++) {
				unsigned int old = (start + i) & 255, want = old + late;

				if (want > MMSCOPE_IDLE_MAX)
					want = old == 255 ? 255 : MMSCOPE_IDLE_MAX;
				assert_int_equal(age(i), want);
			}
			assert_int_equal(r.late, 0);
			note(300, MMS_SEEN_IDLE);
		}
	}
}

static void looked_at_every_16th_time(void **state)
{
	int scan, looks = 0;

	note_all(MMS_SEEN_IDLE);
	mms_region_spare(&r, false);
	for (scan = 1; scan <= 160; scan++) {
		if (mms_region_spare(&r, false))
			continue;
		assert_int_equal(scan % 16, 0);
		note_all(MMS_SEEN_IDLE);
		looks++;
	}
	assert_int_equal(looks, 10);
}

static void a_huge_leaf_is_no_quiet_table(void **state)
{
	note_all(MMS_SEEN_IDLE);
	mms_region_spare(&r, false);
	assert_true(mms_region_spare(&r, false));
	mms_region_note_huge(&r, MMS_SEEN_REFERENCED);
	assert_false(mms_region_spare(&r, false));
}

static void spared_then_huge_or_forgotten(void **state)
{
	note_all(MMS_SEEN_REFERENCED);
	mms_region_spare(&r, false);
	assert_true(mms_region_spare(&r, false));
	assert_true(mms_region_spare(&r, false));
	mms_region_forget(&r, 0, 256);
	assert_int_equal(age(255), -1);
	assert_int_equal(age(256), 2);
	mms_region_note_huge(&r, MMS_SEEN_IDLE);
	assert_int_equal(age(0), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(never_until_referenced, reset),
		cmocka_unit_test_setup(grows_and_saturates, reset),
		cmocka_unit_test_setup(swapped_pages_age_on, reset),
		cmocka_unit_test_setup(moving_pages_age_on, reset),
		cmocka_unit_test_setup(gone_pages_have_no_age, reset),
		cmocka_unit_test_setup(a_huge_leaf_is_as_young_as_its_youngest, reset),
		cmocka_unit_test_setup(a_split_leaf_leaves_its_age_to_all, reset),
		cmocka_unit_test_setup(a_new_huge_leaf_begins_as_never, reset),
		cmocka_unit_test_setup(half_a_huge_leaf_forgotten, reset),
		cmocka_unit_test_setup(any_look_is_the_sum_of_its_pages, reset),
		cmocka_unit_test_setup(spared_only_after_a_quiet_look, reset),
		cmocka_unit_test_setup(spared_pages_grow_older, reset),
		cmocka_unit_test_setup(spared_ages_saturate, reset),
		cmocka_unit_test_setup(every_age_grows_as_one_does, reset),
		cmocka_unit_test_setup(looked_at_every_16th_time, reset),
		cmocka_unit_test_setup(a_huge_leaf_is_no_quiet_table, reset),
		cmocka_unit_test_setup(spared_then_huge_or_forgotten, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
