// SPDX-License-Identifier: GPL-2.0-only
/*
 * model/replay pagesize and tlbsim: pages laid out by hand, and a TLB that remembers when each
 * page was looked up last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/replay/pagesize.h"
#include "model/replay/tlbsim.h"

static uint64_t seed = 88172645463325252;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 20) % n;
}

/* One page in each of 100 huge ones. */
static void one_page_of_512_wastes_511(void **state)
{
	struct mms_page_map m;
	uint64_t vpn[100];
	uint32_t i;

	for (i = 0; i < 100; i++)
		vpn[i] = (uint64_t)(99 - i) * 512 + i;
	assert_int_equal(mms_page_map_init(&m, NULL, vpn, 100, 12, 21), 0);
	assert_int_equal(m.nr_pages, 100);
	assert_int_equal(m.unused, 100ULL * 511 * 4096);
	for (i = 0; i < 100; i++) {
		assert_int_equal(m.to[i], 99 - i);
		assert_int_equal(m.vpn[m.to[i]], 99 - i);
	}
	mms_page_map_deinit(&m);
}

static void full_pages_waste_nothing(void **state)
{
	static const unsigned int shift[] = {12, 14, 16, 21};
	static const uint32_t want[] = {1024, 256, 64, 2};
	uint32_t names[3] = {0, 513, 1023}, to[3];
	struct mms_page_map m;
	uint64_t vpn[1024];
	uint32_t i;

	for (i = 0; i < 1024; i++)
		vpn[i] = 0x7f0000000 + i;
	for (i = 0; i < 4; i++) {
		assert_int_equal(mms_page_map_init(&m, NULL, vpn, 1024, 12, shift[i]), 0);
		assert_int_equal(m.nr_pages, want[i]);
		assert_int_equal(m.unused, 0);
		mms_page_map_rename(&m, names, 3, to);
		assert_int_equal(to[0], 0);
		assert_int_equal(to[1], 513 >> (shift[i] - 12));
		assert_int_equal(to[2], 1023 >> (shift[i] - 12));
		mms_page_map_deinit(&m);
	}
}

/* Aligned, not merely near: 511 and 512 are neighbours of two huge pages. */
static void larger_pages_are_aligned_and_of_one_process(void **state)
{
	static const uint64_t vpn[] = {511, 512, 511, 512};
	static const uint16_t proc[] = {0, 0, 1, 1};
	struct mms_page_map m;

	assert_int_equal(mms_page_map_init(&m, NULL, vpn, 2, 12, 21), 0);
	assert_int_equal(m.nr_pages, 2);
	mms_page_map_deinit(&m);
	assert_int_equal(mms_page_map_init(&m, proc, vpn, 4, 12, 30), 0);
	assert_int_equal(m.nr_pages, 2);
	assert_int_equal(m.to[0], m.to[1]);
	assert_int_equal(m.to[2], m.to[3]);
	assert_int_not_equal(m.to[0], m.to[2]);
	mms_page_map_deinit(&m);
}

static void tables_are(const struct mms_table_count *c, uint64_t pte, uint64_t pmd, uint64_t pud,
		       uint64_t pgd)
{
	assert_int_equal(c->tables[MMS_TABLE_PTE], pte);
	assert_int_equal(c->tables[MMS_TABLE_PMD], pmd);
	assert_int_equal(c->tables[MMS_TABLE_PUD], pud);
	assert_int_equal(c->tables[MMS_TABLE_PGD], pgd);
	assert_int_equal(c->bytes, (pte + pmd + pud + pgd) * 4096);
}

/* Addresses that share tables down to some level and no further. */
static void tables_of_x86_64(void **state)
{
	static const uint64_t vpn[] = {
		0,		  /* the first of each level */
		511,		  /* same PTE table */
		512,		  /* next PTE table */
		1ULL << 18,	  /* next PMD table */
		1ULL << 27,	  /* next PUD table */
		(1ULL << 36) - 1, /* the last one of the lower half and a bit */
	};
	static const uint16_t proc[] = {0, 0, 0, 1, 1, 1};
	struct mms_table_count c;

	assert_int_equal(mms_table_count(&c, NULL, vpn, 6, 12, 12), 0);
	tables_are(&c, 5, 4, 3, 1);
	assert_int_equal(mms_table_count(&c, NULL, vpn, 6, 12, 16), 0);
	tables_are(&c, 5, 4, 3, 1);
	assert_int_equal(mms_table_count(&c, NULL, vpn, 6, 12, 21), 0);
	tables_are(&c, 0, 4, 3, 1);
	assert_int_equal(mms_table_count(&c, NULL, vpn, 6, 12, 30), 0);
	tables_are(&c, 0, 0, 3, 1);
	assert_int_equal(mms_table_count(&c, proc, vpn, 6, 12, 12), 0);
	tables_are(&c, 5, 4, 4, 2);
	assert_int_equal(mms_table_count(&c, NULL, vpn, 0, 12, 12), 0);
	tables_are(&c, 0, 0, 0, 0);
}

/* The same page sizes from a string whose pages are 2 MiB already. */
static void tables_of_a_string_of_huge_pages(void **state)
{
	static const uint64_t vpn[] = {0, 1, 512};
	struct mms_table_count c;

	assert_int_equal(mms_table_count(&c, NULL, vpn, 3, 21, 21), 0);
	tables_are(&c, 0, 2, 1, 1);
}

#define PAGES 200
#define LEN   4000

/* Of each page: when it was looked up last, 0: never or pushed out. */
struct naive {
	uint64_t used[PAGES];
};

/* Return: held. If not, it is now, and the oldest of a full set is not. */
static bool naive_look(struct naive *n, const struct mms_tlbsim_level *l, const uint64_t *vpn,
		       uint32_t page, uint64_t now)
{
	uint64_t sets = l->entries / l->ways;
	uint32_t i, held = 0, oldest = PAGES;
	bool hit = n->used[page];

	n->used[page] = now;
	for (i = 0; i < PAGES; i++) {
		if (!n->used[i] || vpn[i] % sets != vpn[page] % sets)
			continue;
		held++;
		if (oldest == PAGES || n->used[i] < n->used[oldest])
			oldest = i;
	}
	if (held > l->ways)
		n->used[oldest] = 0;
	return hit;
}

static void tlb_equals_its_twin(void **state)
{
	static const struct mms_tlbsim_level l1[] = {{4, 1},   {8, 2}, {16, 4},
						     {16, 16}, {1, 1}, {12, 4}};
	static const struct mms_tlbsim_level l2[] = {{16, 4},  {32, 8}, {0, 0},
						     {24, 24}, {8, 1},	{36, 12}};
	uint32_t page[LEN], i, more[LEN];
	uint64_t vpn[PAGES], refs;
	int round;

	for (round = 0; round < 60; round++) {
		const struct mms_tlbsim_level *a = &l1[round % 6], *b = &l2[round / 6 % 6];
		struct mms_refs r = {.page = page, .more = more, .nr = LEN, .nr_pages = PAGES};
		struct mms_tlbsim_count got = {0}, want = {0};
		struct naive n1 = {{0}}, n2 = {{0}};
		struct mms_tlbsim *t;

		for (i = 0; i < PAGES; i++)
			vpn[i] = round & 1 ? i * 3 : below(1 << 20);
		for (i = 0, refs = 0; i < LEN; i++) {
			page[i] = below(2) ? below(20) : below(PAGES);
			more[i] = below(3);
			refs += 1 + more[i];
			if (naive_look(&n1, a, vpn, page[i], i + 1))
				continue;
			want.l1_misses++;
			if (!b->entries || !naive_look(&n2, b, vpn, page[i], i + 1))
				want.walks++;
		}
		r.nr_refs = refs;
		assert_true(mms_tlbsim_level_ok(a));
		t = mms_tlbsim_open(a, b, PAGES, vpn);
		assert_non_null(t);
		mms_tlbsim_feed(t, &r, &got);
		mms_tlbsim_close(t);
		assert_int_equal(got.refs, refs);
		assert_int_equal(got.l1_misses, want.l1_misses);
		assert_int_equal(got.walks, want.walks);
	}
}

/* Faults of LRU with that many frames, by a list. */
static uint64_t lru_faults(const uint32_t *page, uint32_t nr, uint32_t frames)
{
	uint32_t list[PAGES], used = 0, i, at;
	uint64_t faults = 0;

	for (i = 0; i < nr; i++) {
		for (at = 0; at < used && list[at] != page[i]; at++)
			;
		faults += at == used;
		if (at == used && used < frames)
			used++;
		if (at == used)
			at--;
		memmove(list + 1, list, at * sizeof(list[0]));
		list[0] = page[i];
	}
	return faults;
}

static void fully_associative_is_lru(void **state)
{
	uint32_t page[LEN], i, size;
	uint64_t vpn[PAGES];

	for (i = 0; i < PAGES; i++)
		vpn[i] = below(1 << 30);
	for (i = 0; i < LEN; i++)
		page[i] = below(3) ? below(30) : below(PAGES);
	for (size = 1; size <= PAGES; size += 13) {
		struct mms_tlbsim_level l1 = {size, size}, none = {0, 0};
		struct mms_refs r = {.page = page, .nr = LEN, .nr_refs = LEN, .nr_pages = PAGES};
		struct mms_tlbsim *t = mms_tlbsim_open(&l1, &none, PAGES, vpn);
		struct mms_tlbsim_count got = {0};

		assert_non_null(t);
		mms_tlbsim_feed(t, &r, &got);
		mms_tlbsim_close(t);
		assert_int_equal(got.walks, lru_faults(page, LEN, size));
	}
}

static void impossible_tlbs(void **state)
{
	static const struct mms_tlbsim_level bad[] = {
		{0, 0}, {0, 4}, {64, 0}, {64, 3}, {4, 64}, {2 * MMS_TLBSIM_MAX_ENTRIES, 4}};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(mms_tlbsim_level_ok(&bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page_of_512_wastes_511),
		cmocka_unit_test(full_pages_waste_nothing),
		cmocka_unit_test(larger_pages_are_aligned_and_of_one_process),
		cmocka_unit_test(tables_of_x86_64),
		cmocka_unit_test(tables_of_a_string_of_huge_pages),
		cmocka_unit_test(tlb_equals_its_twin),
		cmocka_unit_test(fully_associative_is_lru),
		cmocka_unit_test(impossible_tlbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
