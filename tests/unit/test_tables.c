// SPDX-License-Identifier: GPL-2.0-only
/* page tables are counted once each, however often a walk comes by them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "tables.h"

#define MB	    (1ULL << 20)
#define GB	    (1ULL << 30)
#define PTE	    MMSCOPE_LEVEL_PTE
#define PMD	    MMSCOPE_LEVEL_PMD
#define PUD	    MMSCOPE_LEVEL_PUD
#define P4D	    MMSCOPE_LEVEL_P4D
#define COUNT(t, l) ((int)(t).count.nr[l])

/* What the walker does on its way to a table of ptes. */
static void down(struct mms_tables *t, __u64 addr)
{
	mms_tables_slot(t, addr, P4D, true);
	mms_tables_slot(t, addr, PUD, true);
	mms_tables_slot(t, addr, PMD, true);
}

static void a_shared_table_counts_once(void **state)
{
	__u64 ptes[4] = {0x867, 0, 0x60, 0x40000000000ULL};
	struct mms_tables t;

	mms_tables_init(&t, P4D);
	down(&t, 5 * GB);
	mms_tables_ptes(&t, ptes, 4);
	/* another VMA in the same 2 MiB */
	down(&t, 5 * GB + MB);
	mms_tables_ptes(&t, ptes, 1);
	/* the next table, the next table of pmds */
	down(&t, 5 * GB + 2 * MB);
	down(&t, 6 * GB);
	mms_tables_ptes(&t, ptes, 1);
	mms_tables_end(&t);
	assert_int_equal(COUNT(t, PTE), 3);
	assert_int_equal(COUNT(t, PMD), 2);
	assert_int_equal(COUNT(t, PUD), 1);
	assert_int_equal(COUNT(t, P4D), 1);
	assert_int_equal(t.used[PTE], 4);
	assert_int_equal(t.used[PMD], 3);
	assert_int_equal(t.used[PUD], 2);
	assert_int_equal(t.used[P4D], 1);
	/* 3, 0 and 1 ptes; 2 and 1 pmds; 2 puds */
	assert_int_equal(t.fill[PTE][2], 1);
	assert_int_equal(t.fill[PTE][0], 1);
	assert_int_equal(t.fill[PTE][1], 1);
	assert_int_equal(t.fill[PMD][2], 1);
	assert_int_equal(t.fill[PMD][1], 1);
	assert_int_equal(t.fill[PUD][2], 1);
}

static void a_huge_leaf_is_a_slot(void **state)
{
	struct mms_tables t;
	int i;

	mms_tables_init(&t, P4D);
	mms_tables_slot(&t, GB, P4D, true);
	mms_tables_slot(&t, GB, PUD, true);
	for (i = 0; i < 512; i++)
		mms_tables_slot(&t, GB + i * 2 * MB, PMD, false);
	mms_tables_slot(&t, 2 * GB, PUD, false);
	mms_tables_end(&t);
	assert_int_equal(COUNT(t, PTE), 0);
	assert_int_equal(COUNT(t, PMD), 1);
	assert_int_equal(t.used[PMD], 512);
	assert_int_equal(t.fill[PMD][10], 1);
	assert_int_equal(t.used[PUD], 2);
}

static void split_between_two_looks(void **state)
{
	struct mms_tables t;

	mms_tables_init(&t, P4D);
	mms_tables_slot(&t, GB, P4D, true);
	mms_tables_slot(&t, GB, PUD, true);
	mms_tables_slot(&t, GB, PMD, false);
	mms_tables_slot(&t, GB, PMD, true);
	mms_tables_end(&t);
	assert_int_equal(t.used[PMD], 1);
	assert_int_equal(COUNT(t, PTE), 1);
}

static void bins(void **state)
{
	static const struct {
		unsigned int used, bin;
	} want[] = {{0, 0},   {1, 1},	{2, 2},	  {3, 2},   {4, 3},
		    {255, 8}, {256, 9}, {511, 9}, {512, 10}};
	__u64 ptes[512];
	struct mms_tables t;
	unsigned int i;

	for (i = 0; i < 512; i++)
		ptes[i] = 0x867;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		mms_tables_init(&t, P4D);
		down(&t, GB);
		mms_tables_ptes(&t, ptes, want[i].used);
		mms_tables_end(&t);
		assert_int_equal(t.fill[PTE][want[i].bin], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shared_table_counts_once),
		cmocka_unit_test(a_huge_leaf_is_a_slot),
		cmocka_unit_test(split_between_two_looks),
		cmocka_unit_test(bins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
