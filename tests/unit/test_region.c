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

	return mms_region_known(&r, page, &swapped) ? r.age[page] : -1;
}

static void never_until_referenced(void **state)
{
	int i;

	assert_true(mms_region_empty(&r));
	for (i = 0; i < 5; i++) {
		mms_region_note(&r, 7, MMS_SEEN_IDLE);
		assert_int_equal(age(7), MMSCOPE_IDLE_NEVER);
	}
	mms_region_note(&r, 7, MMS_SEEN_REFERENCED);
	assert_int_equal(age(7), 0);
	assert_int_equal(age(6), -1);
	assert_false(mms_region_empty(&r));
}

static void grows_and_saturates(void **state)
{
	int i;

	mms_region_note(&r, 511, MMS_SEEN_REFERENCED);
	for (i = 1; i < 300; i++) {
		mms_region_note(&r, 511, MMS_SEEN_IDLE);
		assert_int_equal(age(511), i < MMSCOPE_IDLE_MAX ? i : MMSCOPE_IDLE_MAX);
	}
	mms_region_note(&r, 511, MMS_SEEN_REFERENCED);
	assert_int_equal(age(511), 0);
}

static void swapped_pages_age_on(void **state)
{
	bool swapped;

	mms_region_note(&r, 64, MMS_SEEN_REFERENCED);
	mms_region_note(&r, 64, MMS_SEEN_SWAPPED);
	mms_region_note(&r, 64, MMS_SEEN_SWAPPED);
	assert_true(mms_region_known(&r, 64, &swapped));
	assert_true(swapped);
	assert_int_equal(age(64), 2);
	mms_region_note(&r, 64, MMS_SEEN_IDLE);
	assert_true(mms_region_known(&r, 64, &swapped));
	assert_false(swapped);
	assert_int_equal(age(64), 3);
	mms_region_note(&r, 65, MMS_SEEN_SWAPPED);
	assert_int_equal(age(65), MMSCOPE_IDLE_NEVER);
}

static void moving_pages_age_on(void **state)
{
	mms_region_note(&r, 1, MMS_SEEN_MOVING);
	assert_int_equal(age(1), -1);
	mms_region_note(&r, 1, MMS_SEEN_REFERENCED);
	mms_region_note(&r, 1, MMS_SEEN_MOVING);
	assert_int_equal(age(1), 1);
}

static void gone_pages_have_no_age(void **state)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		mms_region_note(&r, i, MMS_SEEN_REFERENCED);
	mms_region_forget(&r, 60, 10);
	assert_int_equal(age(59), 0);
	assert_int_equal(age(60), -1);
	assert_int_equal(age(69), -1);
	assert_int_equal(age(70), 0);
	mms_region_note(&r, 60, MMS_SEEN_IDLE);
	assert_int_equal(age(60), MMSCOPE_IDLE_NEVER);
	mms_region_forget(&r, 0, 512);
	assert_true(mms_region_empty(&r));
}

static void a_huge_leaf_is_as_young_as_its_youngest(void **state)
{
	mms_region_note(&r, 100, MMS_SEEN_REFERENCED);
	mms_region_note(&r, 100, MMS_SEEN_IDLE);
	mms_region_note(&r, 200, MMS_SEEN_IDLE);
	mms_region_note_huge(&r, MMS_SEEN_IDLE);
	assert_int_equal(r.huge, 1);
	assert_int_equal(age(0), 2);
	assert_int_equal(age(100), -1);
}

static void a_split_leaf_leaves_its_age_to_all(void **state)
{
	mms_region_note_huge(&r, MMS_SEEN_REFERENCED);
	mms_region_note_huge(&r, MMS_SEEN_IDLE);
	mms_region_note(&r, 300, MMS_SEEN_REFERENCED);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
