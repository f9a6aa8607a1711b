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

static __u64 sum(const __u64 *v, unsigned int n)
{
	__u64 all = 0;

	while (n--)
		all += v[n];
	return all;
}

static void identities(const struct mms_tally *t)
{
	const __u64 *p = t->pages;
	__u64 by_size = p[MMS_TALLY_4K] + p[MMS_TALLY_2M] + p[MMS_TALLY_1G] +
			sum(p + MMS_TALLY_16K, MMS_TALLY_1M - MMS_TALLY_16K + 1);

	assert_true(p[MMS_TALLY_SIZE] == p[MMS_TALLY_ANON] + p[MMS_TALLY_FILE] + p[MMS_TALLY_KSM] +
						 p[MMS_TALLY_ZERO] + p[MMS_TALLY_SPECIAL] +
						 p[MMS_TALLY_HUGETLB] + p[MMS_TALLY_ABSENT] +
						 p[MMS_TALLY_SWAP] + p[MMS_TALLY_MIGRATION] +
						 p[MMS_TALLY_MARKER] + p[MMS_TALLY_OTHER]);
	assert_true(p[MMS_TALLY_RSS] == p[MMS_TALLY_ANON] + p[MMS_TALLY_FILE] + p[MMS_TALLY_KSM]);
	assert_true(by_size == p[MMS_TALLY_RSS] + p[MMS_TALLY_ZERO] + p[MMS_TALLY_SPECIAL] +
				       p[MMS_TALLY_HUGETLB]);
	assert_true(by_size == sum(t->node, t->nodes) + p[MMS_TALLY_ZERO] + p[MMS_TALLY_SPECIAL]);
	assert_true(p[MMS_TALLY_SWAP] == sum(t->swap, MMS_TALLY_SWAPS));
	assert_true(p[MMS_TALLY_RSS] + p[MMS_TALLY_HUGETLB] ==
		    p[MMS_TALLY_SHARED] + p[MMS_TALLY_EXCLUSIVE]);
}

static void keys_add_up_for_every_kind(void **state)
{
	__u64 node[3];
	struct mms_tally t = {.node = node, .nodes = 3};
	struct mms_leaf l;
	unsigned int kind, level, hugetlb;
	__u64 n = 0;

	mms_tally_begin(&t, MMS_RIGHT_R);
	for (kind = 0; kind < __MMS_KIND_MAX; kind++) {
		if (kind == MMS_KIND_TABLE || kind == MMS_KIND_LEAF)
			continue;
		for (level = 1; level <= 3; level++) {
			for (hugetlb = 0; hugetlb < 2; hugetlb++) {
				l = leaf(kind, level, 1ULL << (9 * (level - 1)), 0);
				l.hugetlb = hugetlb;
				l.order = kind;
				l.frame = 1 << kind;
				l.node = kind % 3;
				l.shared = kind & 1;
				l.type = kind;
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

/* Ptes of one VMA: @n of them from page @page and frame @frame on. */
static void add_ptes(struct mms_tally *t, __u64 page, __u64 frame, unsigned int n,
		     unsigned int order)
{
	struct mms_leaf l = leaf(MMS_KIND_ANON, MMSCOPE_LEVEL_PTE, 1, MMS_FLAG_P);

	l.order = order;
	for (; n--; page++, frame++) {
		l.start = page << 12;
		l.end = (page + 1) << 12;
		l.frame = frame;
		mms_tally_add(t, &l);
	}
}

static void folios_mapped_in_a_row(void **state)
{
	static const struct {
		const char *what;
		unsigned int order;
		struct {
			__u64 page, frame;
			unsigned int n;
		} part[3];
		unsigned int whole; /* pages counted with their size, the rest as 4K */
	} cases[] = {
		{"whole", 4, {{7, 32, 16}}, 16},
		{"two, back to back", 4, {{0, 32, 32}}, 32},
		{"in two goes, as chunks come", 4, {{0, 32, 9}, {9, 41, 7}}, 16},
		{"its first page is missing", 4, {{0, 33, 15}}, 0},
		{"its last page is missing", 4, {{0, 32, 15}}, 0},
		{"and another follows", 4, {{0, 32, 15}, {15, 48, 16}}, 16},
		{"the tail of one, then another", 4, {{0, 40, 8}, {8, 48, 16}}, 16},
		{"a hole in the addresses", 4, {{0, 32, 8}, {9, 40, 8}}, 0},
		{"pages swapped round", 4, {{0, 40, 8}, {8, 32, 8}}, 0},
		{"two halves of different folios", 4, {{0, 32, 8}, {8, 56, 8}}, 0},
		{"begins again in the middle", 4, {{0, 32, 8}, {8, 32, 16}}, 16},
		{"16K", 2, {{1, 4, 4}}, 4},
		{"1M", 8, {{1, 256, 256}}, 256},
		{"8K has no key", 1, {{0, 2, 2}}, 0},
		{"2M of ptes has none", 9, {{0, 512, 512}}, 0},
		{"small pages", 0, {{0, 32, 16}}, 0},
	};
	struct mms_tally t = {};
	unsigned int i, j, n;
	__u64 whole;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mms_tally_begin(&t, 0);
		for (j = n = 0; j < 3; n += cases[i].part[j++].n)
			add_ptes(&t, cases[i].part[j].page, cases[i].part[j].frame,
				 cases[i].part[j].n, cases[i].order);
		whole = sum(t.pages + MMS_TALLY_16K, MMS_TALLY_1M - MMS_TALLY_16K + 1);
		if (whole != cases[i].whole || t.pages[MMS_TALLY_4K] != n - whole)
			fail_msg("%s: %llu whole, %llu single", cases[i].what, whole,
				 t.pages[MMS_TALLY_4K]);
		if (whole)
			assert_true(t.pages[MMS_TALLY_16K + cases[i].order - 2] == whole);
	}
}

static void a_run_ends_with_its_vma(void **state)
{
	struct mms_tally t = {};

	mms_tally_begin(&t, 0);
	add_ptes(&t, 0, 32, 8, 4);
	mms_tally_begin(&t, 0);
	add_ptes(&t, 8, 40, 8, 4);
	assert_int_equal(t.pages[MMS_TALLY_64K], 0);
	assert_int_equal(t.pages[MMS_TALLY_4K], 8);
}

static void another_leaf_ends_a_run(void **state)
{
	struct mms_leaf swap = leaf(MMS_KIND_SWAP, MMSCOPE_LEVEL_PTE, 1, 0);
	struct mms_tally t = {};

	mms_tally_begin(&t, 0);
	add_ptes(&t, 0, 32, 8, 4);
	swap.start = 8 << 12;
	swap.end = 9 << 12;
	mms_tally_add(&t, &swap);
	add_ptes(&t, 9, 41, 7, 4);
	assert_int_equal(t.pages[MMS_TALLY_64K], 0);
}

static void a_hint_is_not_protnone(void **state)
{
	struct mms_leaf l = leaf(MMS_KIND_ANON, MMSCOPE_LEVEL_PTE, 1, MMS_FLAG_PROTNONE);
	struct mms_tally t = {};

	mms_tally_add(&t, &l);
	l.flags |= MMS_FLAG_NUMAHINT;
	mms_tally_add(&t, &l);
	mms_tally_add(&t, &l);
	assert_int_equal(t.pages[MMS_TALLY_PROTNONE], 1);
	assert_int_equal(t.pages[MMS_TALLY_NUMA_HINT], 2);
}

static void shared_nodes_and_swap(void **state)
{
	struct mms_leaf l = leaf(MMS_KIND_FILE, MMSCOPE_LEVEL_PMD, 512, MMS_FLAG_P);
	__u64 node[2] = {9, 9}, all[2] = {};
	struct mms_tally t = {.node = node, .nodes = 2}, total = {.node = all, .nodes = 2};

	mms_tally_begin(&t, 0);
	l.shared = 3;
	l.node = 1;
	mms_tally_add(&t, &l);
	l = leaf(MMS_KIND_SWAP, MMSCOPE_LEVEL_PTE, 1, 0);
	l.type = 31;
	mms_tally_add(&t, &l);
	/* a node beyond what the caller has room for is no harm */
	l = leaf(MMS_KIND_ANON, MMSCOPE_LEVEL_PTE, 1, MMS_FLAG_P);
	l.node = 2;
	mms_tally_add(&t, &l);
	assert_int_equal(t.pages[MMS_TALLY_SHARED], 3);
	assert_int_equal(t.pages[MMS_TALLY_EXCLUSIVE], 510);
	assert_true(node[0] == 0 && node[1] == 512);
	assert_int_equal(t.swap[31], 1);
	mms_tally_sum(&total, &t);
	mms_tally_sum(&total, &t);
	assert_true(all[0] == 0 && all[1] == 1024 && total.swap[31] == 2);
}

static void rights_against_the_vma(void **state)
{
	static const struct {
		unsigned int vma, leaf, wx, wx_vma, nx_clear;
	} cases[] = {
		{MMS_RIGHT_R | MMS_RIGHT_W, MMS_RIGHT_R | MMS_RIGHT_W, 0, 0, 0},
		{MMS_RIGHT_R | MMS_RIGHT_W | MMS_RIGHT_X, MMS_RIGHT_R | MMS_RIGHT_X, 0, 1, 0},
		{MMS_RIGHT_W | MMS_RIGHT_X, MMS_RIGHT_R | MMS_RIGHT_W | MMS_RIGHT_X, 1, 1, 0},
		{MMS_RIGHT_R, MMS_RIGHT_R | MMS_RIGHT_X, 0, 0, 1},
		{MMS_RIGHT_R | MMS_RIGHT_W, MMS_RIGHT_W | MMS_RIGHT_X, 1, 0, 1},
		{0, 0, 0, 0, 0},
	};
	struct mms_leaf l = leaf(MMS_KIND_ANON, MMSCOPE_LEVEL_PTE, 1, MMS_FLAG_P);
	struct mms_tally t = {};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mms_tally_begin(&t, cases[i].vma);
		l.rights = cases[i].leaf;
		mms_tally_add(&t, &l);
		assert_int_equal(t.pages[MMS_TALLY_WX], cases[i].wx);
		assert_int_equal(t.pages[MMS_TALLY_WX_VMA], cases[i].wx_vma);
		assert_int_equal(t.pages[MMS_TALLY_NX_CLEAR], cases[i].nx_clear);
	}
}

static void names_are_the_abi(void **state)
{
	assert_string_equal(mms_tally_name(MMS_TALLY_SIZE), "Size");
	assert_string_equal(mms_tally_name(MMS_TALLY_ABSENT), "Absent");
	assert_string_equal(mms_tally_name(MMS_TALLY_4K), "4K");
	assert_string_equal(mms_tally_name(MMS_TALLY_HUGETLB), "HugeTLB");
	assert_string_equal(mms_tally_name(MMS_TALLY_USER_NX), "UserNX");
	assert_string_equal(mms_tally_name(MMS_TALLY_16K), "16K");
	assert_string_equal(mms_tally_name(MMS_TALLY_1M), "1M");
	assert_string_equal(mms_tally_name(MMS_TALLY_NUMA_HINT), "NumaHint");
	assert_string_equal(mms_tally_name(MMS_TALLY_EXCLUSIVE), "Exclusive");
	assert_string_equal(mms_tally_name(MMS_TALLY_NX_CLEAR), "NxClear");
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
		cmocka_unit_test(folios_mapped_in_a_row),
		cmocka_unit_test(a_run_ends_with_its_vma),
		cmocka_unit_test(another_leaf_ends_a_run),
		cmocka_unit_test(a_hint_is_not_protnone),
		cmocka_unit_test(shared_nodes_and_swap),
		cmocka_unit_test(rights_against_the_vma),
		cmocka_unit_test(names_are_the_abi),
		cmocka_unit_test(census_counts_and_sorts),
		cmocka_unit_test(census_says_what_it_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
