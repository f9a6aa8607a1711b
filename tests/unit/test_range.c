// SPDX-License-Identifier: GPL-2.0-only
/* neighbours that are alike merge, all others do not */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "range.h"

static struct mms_leaf leaf(__u64 page, __u32 flags)
{
	return (struct mms_leaf){
		.start = page << 12,
		.end = (page + 1) << 12,
		.flags = MMS_FLAG_P | MMS_FLAG_US | flags,
		.kind = MMS_KIND_ANON,
		.level = MMSCOPE_LEVEL_PTE,
		.rights = MMS_RIGHT_R | MMS_RIGHT_U,
	};
}

static void alike_merge_and_are_counted(void **state)
{
	struct mms_leaf a = leaf(5, MMS_FLAG_A), b = leaf(6, MMS_FLAG_A | MMS_FLAG_D);
	struct mms_leaf c = leaf(7, MMS_FLAG_SAVED_DIRTY);
	struct mms_range r;

	mms_range_begin(&r, &a);
	assert_true(mms_range_merge(&r, &b));
	assert_true(mms_range_merge(&r, &c));
	assert_true(r.start == 5 << 12 && r.end == 8 << 12);
	assert_int_equal(r.young, 2);
	assert_int_equal(r.dirty, 2);
	assert_int_equal(r.flags, MMS_FLAG_P | MMS_FLAG_US);
}

static void merge_keeps_holes_apart(void **state)
{
	struct mms_leaf a = leaf(5, 0), b = leaf(7, 0);
	struct mms_range r;

	mms_range_begin(&r, &a);
	assert_false(mms_range_merge(&r, &b));
	assert_true(r.end == 6 << 12);
}

static void each_difference_splits(void **state)
{
	struct mms_leaf a = leaf(5, 0), b[6];
	struct mms_range r;
	int i;

	for (i = 0; i < 6; i++)
		b[i] = leaf(6, 0);
	b[0].kind = MMS_KIND_FILE;
	b[1].level = MMSCOPE_LEVEL_PMD;
	b[2].rights |= MMS_RIGHT_W;
	b[3].flags |= MMS_FLAG_NX;
	b[4].flags |= 3U << MMS_FLAG_PKEY_SHIFT;
	b[5].flags |= MMS_FLAG_NUMAHINT;
	for (i = 0; i < 6; i++) {
		mms_range_begin(&r, &a);
		assert_false(mms_range_merge(&r, &b[i]));
		assert_true(r.end == 6 << 12);
	}
}

static void holes_of_every_level_merge(void **state)
{
	struct mms_leaf a = {.start = 0x1000, .end = 0x200000, .level = MMSCOPE_LEVEL_PTE};
	struct mms_leaf b = {.start = 0x200000, .end = 1 << 30, .level = MMSCOPE_LEVEL_PMD};
	struct mms_range r;

	mms_range_begin(&r, &a);
	assert_true(mms_range_merge(&r, &b));
	assert_true(r.end == 1 << 30);
	assert_int_equal(r.level, 0);
}

static void huge_leaves_count_their_pages(void **state)
{
	struct mms_leaf a = leaf(0, MMS_FLAG_A | MMS_FLAG_D | MMS_FLAG_PSE);
	struct mms_range r;

	a.end = 2 << 20;
	a.level = MMSCOPE_LEVEL_PMD;
	mms_range_begin(&r, &a);
	assert_int_equal(r.young, 512);
	assert_int_equal(r.dirty, 512);
}

static void swap_slots_do_not_split(void **state)
{
	struct mms_leaf a = leaf(0, 0), b = leaf(1, 0);
	struct mms_range r;

	a.kind = b.kind = MMS_KIND_SWAP;
	a.flags = b.flags = 0;
	a.offset = 7;
	b.offset = 99;
	mms_range_begin(&r, &a);
	assert_true(mms_range_merge(&r, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike_merge_and_are_counted),
		cmocka_unit_test(merge_keeps_holes_apart),
		cmocka_unit_test(each_difference_splits),
		cmocka_unit_test(holes_of_every_level_merge),
		cmocka_unit_test(huge_leaves_count_their_pages),
		cmocka_unit_test(swap_slots_do_not_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
