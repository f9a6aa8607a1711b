// SPDX-License-Identifier: GPL-2.0-only
/* every leaf is counted once; the keys of maps add up */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "census.h"

static struct mms_leaf leaf(unsigned int kind, unsigned int level, __u64 pages, __u32 flags)
{
	return (struct mms_leaf){
		.end = pages << 12,
		.kind = kind,
		.level = level,
		.flags = flags,
	};
}

static void identities(const struct mms_tally *t)
{
	const __u64 *p = t->pages;

	assert_true(p[MMS_TALLY_SIZE] == p[MMS_TALLY_ANON] + p[MMS_TALLY_FILE] + p[MMS_TALLY_KSM] +
						 p[MMS_TALLY_ZERO] + p[MMS_TALLY_SPECIAL] +
						 p[MMS_TALLY_HUGETLB] + p[MMS_TALLY_ABSENT] +
						 p[MMS_TALLY_SWAP] + p[MMS_TALLY_MIGRATION] +
						 p[MMS_TALLY_MARKER] + p[MMS_TALLY_OTHER]);
	assert_true(p[MMS_TALLY_RSS] == p[MMS_TALLY_ANON] + p[MMS_TALLY_FILE] + p[MMS_TALLY_KSM]);
	assert_true(p[MMS_TALLY_4K] + p[MMS_TALLY_2M] + p[MMS_TALLY_1G] ==
		    p[MMS_TALLY_RSS] + p[MMS_TALLY_ZERO] + p[MMS_TALLY_SPECIAL] +
			    p[MMS_TALLY_HUGETLB]);
}

static void keys_add_up_for_every_kind(void **state)
{
	struct mms_tally t = {};
	struct mms_leaf l;
	unsigned int kind, level, hugetlb;
	__u64 n = 0;

	for (kind = 0; kind < __MMS_KIND_MAX; kind++) {
		if (kind == MMS_KIND_TABLE || kind == MMS_KIND_LEAF)
			continue;
		for (level = 1; level <= 3; level++) {
			for (hugetlb = 0; hugetlb < 2; hugetlb++) {
				l = leaf(kind, level, 1ULL << (9 * (level - 1)), 0);
				l.hugetlb = hugetlb;
				mms_tally_add(&t, &l);
				n += (l.end - l.start) >> 12;
				identities(&t);
			}
		}
	}
	assert_true(t.pages[MMS_TALLY_SIZE] == n);
}

static void flags_and_rights(void **state)
{
	struct mms_leaf l = leaf(MMS_KIND_ANON, MMSCOPE_LEVEL_PMD, 512, MMS_FLAG_P | MMS_FLAG_A);
	struct mms_tally t = {}, sum = {};

	l.rights = MMS_RIGHT_R | MMS_RIGHT_W | MMS_RIGHT_U;
	mms_tally_add(&t, &l);
	assert_int_equal(t.pages[MMS_TALLY_YOUNG], 512);
	assert_int_equal(t.pages[MMS_TALLY_DIRTY], 0);
	assert_int_equal(t.pages[MMS_TALLY_WRITABLE], 512);
	assert_int_equal(t.pages[MMS_TALLY_EXECUTABLE], 0);
	assert_int_equal(t.pages[MMS_TALLY_USER_NX], 512);
	assert_int_equal(t.pages[MMS_TALLY_2M], 512);
	l.flags = MMS_FLAG_SAVED_DIRTY | MMS_FLAG_PROTNONE;
	l.rights = 0;
	mms_tally_add(&t, &l);
	assert_int_equal(t.pages[MMS_TALLY_DIRTY], 512);
	assert_int_equal(t.pages[MMS_TALLY_PROTNONE], 512);
	mms_tally_sum(&sum, &t);
	mms_tally_sum(&sum, &t);
	assert_int_equal(sum.pages[MMS_TALLY_SIZE], 2048);
}

static void names_are_the_abi(void **state)
{
	assert_string_equal(mms_tally_name(MMS_TALLY_SIZE), "Size");
	assert_string_equal(mms_tally_name(MMS_TALLY_ABSENT), "Absent");
	assert_string_equal(mms_tally_name(MMS_TALLY_4K), "4K");
	assert_string_equal(mms_tally_name(MMS_TALLY_HUGETLB), "HugeTLB");
	assert_string_equal(mms_tally_name(MMS_TALLY_USER_NX), "UserNX");
}

static void census_counts_and_sorts(void **state)
{
	static struct mms_census c;
	struct mms_leaf l;
	unsigned int i;

	memset(&c, 0, sizeof(c));
	for (i = 0; i < 300; i++) {
		l = leaf(MMS_KIND_ANON, 1, i % 100 + 1, (i % 100) << 3 | MMS_FLAG_P);
		mms_census_add(&c, &l);
	}
	l = leaf(MMS_KIND_SWAP, 1, 7, MMS_FLAG_SOFT_DIRTY);
	mms_census_add(&c, &l);
	l = leaf(MMS_KIND_NONE, 1, 7, 0);
	mms_census_add(&c, &l);
	assert_int_equal(c.nr, 100);
	mms_census_sort(&c);
	for (i = 0; i < 100; i++) {
		assert_int_equal(c.slot[i].pages, 3 * (100 - i));
		assert_int_equal(c.slot[i].flags, (99 - i) << 3 | MMS_FLAG_P);
	}
	assert_int_equal(c.lost, 0);
}

static void census_says_what_it_lost(void **state)
{
	static struct mms_census c;
	struct mms_leaf l;
	__u64 sum = 0;
	unsigned int i;

	memset(&c, 0, sizeof(c));
	for (i = 0; i < MMS_CENSUS_SLOTS + 9; i++) {
		l = leaf(MMS_KIND_FILE, 1, 2, i);
		mms_census_add(&c, &l);
	}
	assert_int_equal(c.nr, MMS_CENSUS_SLOTS);
	assert_int_equal(c.lost, 18);
	mms_census_sort(&c);
	for (i = 0; i < c.nr; i++)
		sum += c.slot[i].pages;
	assert_int_equal(sum, 2 * MMS_CENSUS_SLOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_add_up_for_every_kind),
		cmocka_unit_test(flags_and_rights),
		cmocka_unit_test(names_are_the_abi),
		cmocka_unit_test(census_counts_and_sorts),
		cmocka_unit_test(census_says_what_it_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
