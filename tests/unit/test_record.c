// SPDX-License-Identifier: GPL-2.0-only
/* records of PID/entries say what the entries do; the layout is the contract's */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "mms_rules.h"
#include "record.h"

#define PG   4096ULL
#define BASE 0x7f1234400000ULL
#define RWXU (MMS_RIGHTS_TOP)
#define NX   (1ULL << 63)

static void layout(void **state)
{
	assert_int_equal(sizeof(struct mmscope_entries_header), 56);
	assert_int_equal(offsetof(struct mmscope_entries_header, size), 0);
	assert_int_equal(offsetof(struct mmscope_entries_header, record_size), 4);
	assert_int_equal(offsetof(struct mmscope_entries_header, nr), 8);
	assert_int_equal(offsetof(struct mmscope_entries_header, vma_flags), 12);
	assert_int_equal(offsetof(struct mmscope_entries_header, start), 16);
	assert_int_equal(offsetof(struct mmscope_entries_header, end), 24);
	assert_int_equal(offsetof(struct mmscope_entries_header, vma_start), 32);
	assert_int_equal(offsetof(struct mmscope_entries_header, vma_end), 40);
	assert_int_equal(offsetof(struct mmscope_entries_header, reserved), 48);
	assert_int_equal(sizeof(struct mmscope_entry), 16);
	assert_int_equal(offsetof(struct mmscope_entry, where), 0);
	assert_int_equal(offsetof(struct mmscope_entry, what), 8);
}

static struct mmscope_entry one(__u64 raw, __u64 addr, unsigned int level)
{
	struct mmscope_entry e = {};
	struct mms_recorder r;

	mms_recorder_init(&r, &rules, &e, 1);
	mms_record(&r, raw, addr, level, RWXU);
	assert_ptr_equal(r.next, &e + 1);
	return e;
}

static void a_leaf(void **state)
{
	struct mmscope_entry e = one(NX | 0x123456867ULL, BASE, MMSCOPE_LEVEL_PTE);

	assert_int_equal(MMSCOPE_ENTRY_ADDR(&e), BASE);
	assert_int_equal(MMSCOPE_ENTRY_LEVEL(&e), MMSCOPE_LEVEL_PTE);
	assert_int_equal(MMSCOPE_ENTRY_KIND(&e), MMSCOPE_ENTRY_LEAF);
	assert_int_equal(MMSCOPE_ENTRY_RIGHTS(&e), 1 | 2 | 8);
	assert_int_equal(MMSCOPE_ENTRY_FRAME(&e), 0x123456);
	assert_int_equal(MMSCOPE_ENTRY_FLAGS(&e), MMS_FLAG_P | MMS_FLAG_RW | MMS_FLAG_US |
							  MMS_FLAG_A | MMS_FLAG_D | MMS_FLAG_NX |
							  MMS_FLAG_SOFT_DIRTY);
}

static void a_huge_leaf_begins_where_it_does(void **state)
{
	struct mmscope_entry e = one(0x40000e7ULL, BASE + 5 * PG, MMSCOPE_LEVEL_PMD);

	assert_int_equal(MMSCOPE_ENTRY_ADDR(&e), BASE);
	assert_int_equal(MMSCOPE_ENTRY_LEVEL(&e), MMSCOPE_LEVEL_PMD);
	assert_int_equal(MMSCOPE_ENTRY_FRAME(&e), 0x4000);
	assert_true(MMSCOPE_ENTRY_FLAGS(&e) & MMS_FLAG_PSE);
	e = one(0xe7ULL | 1ULL << 30, BASE + 77 * PG, MMSCOPE_LEVEL_PUD);
	assert_int_equal(MMSCOPE_ENTRY_ADDR(&e), BASE >> 30 << 30);
	assert_int_equal(MMSCOPE_ENTRY_FRAME(&e), 1 << 18);
}

static void not_present(void **state)
{
	/* swap type 3, offset 5: the offset inverted in bits 9-58 */
	__u64 swap = 3ULL << 59 | (~5ULL << 9 & ((1ULL << 59) - 1) & ~0x1ffULL);
	struct mmscope_entry e = one(swap, BASE, MMSCOPE_LEVEL_PTE);

	assert_int_equal(MMSCOPE_ENTRY_KIND(&e), MMSCOPE_ENTRY_SWAP);
	assert_int_equal(MMSCOPE_ENTRY_TYPE(&e), 3);
	assert_int_equal(MMSCOPE_ENTRY_FRAME(&e), 5);
	/* PROT_NONE: bit 8, the frame inverted */
	e = one(0x100ULL | (~0x1234000ULL & rules.phys_mask), BASE, MMSCOPE_LEVEL_PTE);
	assert_int_equal(MMSCOPE_ENTRY_KIND(&e), MMSCOPE_ENTRY_LEAF);
	assert_int_equal(MMSCOPE_ENTRY_FRAME(&e), 0x1234);
	assert_int_equal(MMSCOPE_ENTRY_RIGHTS(&e), 0);
	assert_int_equal(MMSCOPE_ENTRY_FLAGS(&e), MMS_FLAG_PROTNONE);
}

/* What a pte may hold: mostly alike, else of every sort. */
static __u64 any_pte(void)
{
	__u64 frame = (__u64)(rand() & 0xfffff) << 12;

	switch (rand() % 12) {
	case 0:
		return 0;
	case 1:
		return 0x60; /* what an erratum leaves */
	case 2:
		return frame | 0x25;
	case 3:
		return NX | frame | 0x867;
	case 4:
		return (~frame & rules.phys_mask) | 0x100;
	case 5:
		return (__u64)(rand() & 31) << 59 | (__u64)rand() << 20;
	default:
		return frame | 0x867;
	}
}

/* The loop over many gives what one at a time gives, however it is cut. */
static void many_are_as_one_by_one(void **state)
{
	struct mmscope_entry got[512], want[512];
	unsigned int rights, n, i, round;
	struct mms_recorder r, w;
	__u64 slot[512], a, end;

	srand(1);
	for (round = 0; round < 2000; round++) {
		n = rand() % 512 + 1;
		rights = rand() & 14;
		for (i = 0; i < n; i++)
			slot[i] = round % 3 ? any_pte() : 0x867 | (__u64)i << 12;
		memset(got, 0x5a, sizeof(got));
		memset(want, 0x5a, sizeof(want));
		mms_recorder_init(&w, &rules, want, 512);
		for (i = 0; i < n; i++)
			mms_record(&w, slot[i], BASE + i * PG, MMSCOPE_LEVEL_PTE, rights);
		mms_recorder_init(&r, &rules, got, 512);
		r.end = r.next + (w.next - want);
		for (a = BASE; a < BASE + n * PG && r.next < r.end; a = end) {
			end = a + (rand() % n + 1) * PG;
			if (end > BASE + n * PG)
				end = BASE + n * PG;
			end = mms_record_ptes(&r, slot + (a - BASE) / PG, a, end, rights);
			assert_true(end > a);
		}
		assert_int_equal(r.next - got, w.next - want);
		assert_memory_equal(got, want, sizeof(got));
	}
}

static void rights_of_another_table(void **state)
{
	struct mmscope_entry e[2];
	__u64 slot = 0x123867;
	struct mms_recorder r;

	mms_recorder_init(&r, &rules, e, 2);
	mms_record_ptes(&r, &slot, BASE, BASE + PG, RWXU);
	mms_record_ptes(&r, &slot, BASE + PG, BASE + 2 * PG, RWXU & ~MMS_RIGHT_W);
	assert_int_equal(MMSCOPE_ENTRY_RIGHTS(&e[0]), 15);
	assert_int_equal(MMSCOPE_ENTRY_RIGHTS(&e[1]), 13);
}

/* Four that have all the bits that are compared were like the recorder before its first. */
static void all_bits(void **state)
{
	struct mmscope_entry e[4], want;
	__u64 slot[4] = {~0ULL, ~0ULL, ~0ULL, ~0ULL};
	struct mms_recorder r;
	unsigned int i;

	mms_recorder_init(&r, &rules, e, 4);
	assert_int_equal(mms_record_ptes(&r, slot, BASE, BASE + 4 * PG, RWXU), BASE + 4 * PG);
	assert_ptr_equal(r.next, e + 4);
	for (i = 0; i < 4; i++) {
		want = one(~0ULL, BASE + i * PG, MMSCOPE_LEVEL_PTE);
		assert_memory_equal(&e[i], &want, sizeof(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout),
		cmocka_unit_test(a_leaf),
		cmocka_unit_test(a_huge_leaf_begins_where_it_does),
		cmocka_unit_test(not_present),
		cmocka_unit_test(many_are_as_one_by_one),
		cmocka_unit_test(rights_of_another_table),
		cmocka_unit_test(all_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
