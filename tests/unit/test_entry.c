// SPDX-License-Identifier: GPL-2.0-only
/* entries decode as the SDM and the kernel's headers say; words were computed by hand */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "mms_rules.h"

#define NX (1ULL << 63)

static struct mms_entry decode(__u64 raw, unsigned int level)
{
	struct mms_entry e;

	memset(&e, 0xa5, sizeof(e));
	mms_entry_decode(&rules, raw, level, &e);
	assert_true(e.raw == raw && e.level == level);
	return e;
}

/* bits 9..58 inverted, type on top: the inverse of the decoder, written apart */
static __u64 swap_word(__u64 type, __u64 offset)
{
	__u64 w = type << 59;
	int i;

	for (i = 0; i < 50; i++)
		if (!(offset >> i & 1))
			w |= 1ULL << (9 + i);
	return w;
}

static void present_pte(void **state)
{
	struct mms_entry e = decode(0x8000000123456867ULL, MMSCOPE_LEVEL_PTE);
	char text[MMS_FLAGS_LEN];

	assert_int_equal(e.kind, MMS_KIND_LEAF);
	assert_int_equal(e.frame, 0x123456);
	assert_string_equal(mms_flags_text(text, sizeof(text), e.flags, ' '),
			    "P RW US A D NX soft-dirty");
}

static void every_pte_bit_is_its_flag(void **state)
{
	static const struct {
		int bit;
		__u32 flag;
	} t[] = {
		{1, MMS_FLAG_RW},	    {2, MMS_FLAG_US},	       {3, MMS_FLAG_PWT},
		{4, MMS_FLAG_PCD},	    {5, MMS_FLAG_A},	       {6, MMS_FLAG_D},
		{7, MMS_FLAG_PAT},	    {8, MMS_FLAG_G},	       {9, MMS_FLAG_SPECIAL},
		{10, MMS_FLAG_UFFD_WP},	    {11, MMS_FLAG_SOFT_DIRTY}, {57, MMS_FLAG_DEVMAP},
		{58, MMS_FLAG_SAVED_DIRTY}, {63, MMS_FLAG_NX},
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(decode(1 | 1ULL << t[i].bit, MMSCOPE_LEVEL_PTE).flags,
				 MMS_FLAG_P | t[i].flag);
	for (i = 12; i < 52; i++) {
		struct mms_entry e = decode(1 | 1ULL << i, MMSCOPE_LEVEL_PTE);

		assert_int_equal(e.flags, MMS_FLAG_P);
		assert_true(e.frame == 1ULL << (i - 12));
	}
}

static void protection_key(void **state)
{
	char text[MMS_FLAGS_LEN];
	struct mms_entry e = decode(1 | 13ULL << 59, MMSCOPE_LEVEL_PTE);

	assert_string_equal(mms_flags_text(text, sizeof(text), e.flags, ','), "P,pkey=13");
	e = decode(1 | 2ULL << 59, MMSCOPE_LEVEL_PTE);
	assert_string_equal(mms_flags_text(text, sizeof(text), e.flags, ','), "P,pkey=2");
}

static bool same(const struct mms_entry *a, const struct mms_entry *b)
{
	return a->raw == b->raw && a->frame == b->frame && a->offset == b->offset &&
	       a->flags == b->flags && a->type == b->type && a->kind == b->kind &&
	       a->level == b->level;
}

/* The shortcut decodes as the long way does, or declines and changes nothing. */
static void again_is_the_same_decoded(void **state)
{
	const __u64 base = 0x8000000123456867ULL;
	struct mms_entry e, before;
	int bit;

	for (bit = 0; bit < 64; bit++) {
		const __u64 raw = base ^ 1ULL << bit;
		struct mms_entry want = decode(raw, MMSCOPE_LEVEL_PTE);

		before = e = decode(base, MMSCOPE_LEVEL_PTE);
		assert_int_equal(mms_entry_again(&rules, raw, &e), bit >= 12 && bit < 52);
		assert_true(same(&e, bit >= 12 && bit < 52 ? &want : &before));
	}
	e = decode(base, MMSCOPE_LEVEL_PTE);
	assert_true(mms_entry_again(&rules, base, &e));
	e = decode(0x80000001234008e7ULL, MMSCOPE_LEVEL_PMD);
	assert_false(mms_entry_again(&rules, 0x80000001232008e7ULL, &e));
	e = decode(swap_word(1, 5), MMSCOPE_LEVEL_PTE);
	assert_false(mms_entry_again(&rules, swap_word(1, 5), &e));
	e = decode(0, MMSCOPE_LEVEL_PTE);
	assert_false(mms_entry_again(&rules, 0, &e));
}

static void none(void **state)
{
	assert_int_equal(decode(0, MMSCOPE_LEVEL_PTE).kind, MMS_KIND_NONE);
	/* the Knights Landing erratum leaves A and D in an empty entry */
	assert_int_equal(decode(0x60, MMSCOPE_LEVEL_PTE).kind, MMS_KIND_NONE);
	assert_int_equal(decode(0, MMSCOPE_LEVEL_PGD).kind, MMS_KIND_NONE);
}

static void protnone_frames_are_inverted(void **state)
{
	/* word seen on 6.1: PROT_NONE, dirty, accessed, soft-dirty */
	struct mms_entry e = decode(0x000fffffa21b0960ULL, MMSCOPE_LEVEL_PTE);

	assert_int_equal(e.kind, MMS_KIND_LEAF);
	assert_int_equal(e.frame, 0x5de4f);
	assert_int_equal(e.flags,
			 MMS_FLAG_PROTNONE | MMS_FLAG_A | MMS_FLAG_D | MMS_FLAG_SOFT_DIRTY);
	/* and on 6.12, where D moves to saved-dirty */
	e = decode(0x040ffffffda51920ULL, MMSCOPE_LEVEL_PTE);
	assert_int_equal(e.frame, 0x25ae);
	assert_true(mms_flags_dirty(e.flags));
	assert_false(e.flags & MMS_FLAG_D);
}

static void tables(void **state)
{
	struct mms_entry e = decode(0x8000000012345067ULL, MMSCOPE_LEVEL_PMD);

	assert_int_equal(e.kind, MMS_KIND_TABLE);
	assert_int_equal(e.frame, 0x12345);
	assert_int_equal(e.flags, MMS_FLAG_P | MMS_FLAG_RW | MMS_FLAG_US | MMS_FLAG_A | MMS_FLAG_D |
					  MMS_FLAG_NX);
	assert_false(mms_raw_table(0x67, MMSCOPE_LEVEL_PTE));
	assert_false(mms_raw_table(0xe7, MMSCOPE_LEVEL_PMD));
	assert_false(mms_raw_table(0x66, MMSCOPE_LEVEL_PMD));
	assert_true(mms_raw_table(0x67, MMSCOPE_LEVEL_PGD));
}

static void huge_leaves(void **state)
{
	struct mms_entry e = decode(0x80000000abe010e7ULL, MMSCOPE_LEVEL_PMD);

	assert_int_equal(e.kind, MMS_KIND_LEAF);
	assert_int_equal(e.frame, 0xabe00);
	assert_true(e.flags & MMS_FLAG_PSE);
	assert_true(e.flags & MMS_FLAG_PAT);
	e = decode(0x00000001400000e7ULL, MMSCOPE_LEVEL_PUD);
	assert_int_equal(e.kind, MMS_KIND_LEAF);
	assert_int_equal(e.frame, 0x140000);
	/* PROT_NONE of frame 0xabe00: P clear, bits 7 and 8, frame inverted */
	e = decode((~0xabe00000ULL & 0x000fffffffe00000ULL) | 0x1e0, MMSCOPE_LEVEL_PMD);
	assert_int_equal(e.kind, MMS_KIND_LEAF);
	assert_int_equal(e.frame, 0xabe00);
	assert_int_equal(e.flags & (MMS_FLAG_P | MMS_FLAG_PROTNONE), MMS_FLAG_PROTNONE);
}

static void swap(void **state)
{
	__u64 offsets[] = {0, 1, 0x12345, (1ULL << 50) - 1, 0x155555555555ULL};
	struct mms_entry e;
	size_t i;
	int t;

	for (t = 0; t < 23; t++) {
		for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
			e = decode(swap_word(t, offsets[i]) | 0xe, MMSCOPE_LEVEL_PTE);
			/* type 0 at the last offset is all zero but for the flags */
			assert_int_equal(e.kind, MMS_KIND_SWAP);
			assert_int_equal(e.type, t);
			assert_true(e.offset == offsets[i]);
			assert_int_equal(e.flags, MMS_FLAG_SOFT_DIRTY | MMS_FLAG_UFFD_WP |
							  MMS_FLAG_EXCLUSIVE);
		}
	}
}

static void special_swap(void **state)
{
	struct mms_entry e = decode(swap_word(25, 0x98765 | 3ULL << 40), MMSCOPE_LEVEL_PTE);

	assert_int_equal(e.kind, MMS_KIND_MIGRATION);
	assert_int_equal(e.frame, 0x98765);
	assert_int_equal(decode(swap_word(24, 512), MMSCOPE_LEVEL_PMD).kind, MMS_KIND_MIGRATION);
	e = decode(swap_word(23, 0x777), MMSCOPE_LEVEL_PTE);
	assert_int_equal(e.kind, MMS_KIND_HWPOISON);
	assert_int_equal(e.frame, 0x777);
	assert_int_equal(decode(swap_word(28, 1), MMSCOPE_LEVEL_PTE).kind, MMS_KIND_DEVICE);
	e = decode(swap_word(31, 1), MMSCOPE_LEVEL_PTE);
	assert_int_equal(e.kind, MMS_KIND_MARKER);
	assert_string_equal(mms_marker_name(e.offset), "uffd-wp");
	assert_string_equal(mms_marker_name(decode(swap_word(31, 2), 1).offset), "poison");
	assert_string_equal(mms_marker_name(decode(swap_word(31, 4), 1).offset), "guard");
	assert_null(mms_marker_name(3));
}

static void a_kernel_without_a_type_says_other(void **state)
{
	struct mms_rules old = rules;
	struct mms_entry e;

	old.marker_types = 0;
	mms_entry_decode(&old, swap_word(31, 9), MMSCOPE_LEVEL_PTE, &e);
	assert_int_equal(e.kind, MMS_KIND_OTHER);
	assert_int_equal(e.type, 31);
	assert_int_equal(e.offset, 9);
}

static void shifts_and_slots(void **state)
{
	__u64 va = 0x00ab7f3210405678ULL;

	assert_int_equal(mms_entry_shift(MMSCOPE_LEVEL_PTE), 12);
	assert_int_equal(mms_entry_shift(MMSCOPE_LEVEL_PGD), 48);
	assert_int_equal(mms_entry_index(va, MMSCOPE_LEVEL_PGD), 0xab);
	assert_int_equal(mms_entry_index(va, MMSCOPE_LEVEL_P4D), 0x7f3210405678ULL >> 39);
	assert_int_equal(mms_entry_index(va, MMSCOPE_LEVEL_PTE), 5);
}

static unsigned int rights_of(const struct mms_rules *r, __u64 top, __u64 pmd, __u64 pte)
{
	unsigned int rights = MMS_RIGHTS_TOP;
	unsigned int level = r->levels == 5 ? MMSCOPE_LEVEL_PGD : MMSCOPE_LEVEL_P4D;
	struct mms_entry e;

	rights = mms_rights_below(r, rights, top, level);
	rights = mms_rights_below(r, rights, pmd, MMSCOPE_LEVEL_PMD);
	mms_entry_decode(r, pte, MMSCOPE_LEVEL_PTE, &e);
	return mms_rights_leaf(rights, &e);
}

static void rights(void **state)
{
	char text[5];

	assert_string_equal(mms_rights_text(text, rights_of(&rules, 7, 7, 7)), "rwxu");
	assert_string_equal(mms_rights_text(text, rights_of(&rules, 7, 7, NX | 7)), "rw-u");
	assert_string_equal(mms_rights_text(text, rights_of(&rules, 7, 5, 7)), "r-xu");
	assert_string_equal(mms_rights_text(text, rights_of(&rules, 7, 3, 7)), "rwx-");
	assert_string_equal(mms_rights_text(text, rights_of(&rules, 7, NX | 7, 7)), "rw-u");
	assert_string_equal(mms_rights_text(text, rights_of(&rules, 7, 7, 0x100)), "----");
	assert_string_equal(mms_rights_text(text, rights_of(&rules, 7, 7, 0x106)), "---u");
	assert_string_equal(mms_rights_text(text, rights_of(&rules, 7, 7, 0)), "----");
	assert_string_equal(mms_rights_text(text, rights_of(&rules, 7, 7, swap_word(0, 5))),
			    "----");
}

static void kpti_top_nx_is_no_right_lost(void **state)
{
	struct mms_rules k = rules;
	char text[5];

	assert_string_equal(mms_rights_text(text, rights_of(&k, NX | 7, 7, 7)), "rw-u");
	k.kpti = 1;
	assert_string_equal(mms_rights_text(text, rights_of(&k, NX | 7, 7, 7)), "rwxu");
	k.levels = 4;
	assert_string_equal(mms_rights_text(text, rights_of(&k, NX | 7, 7, 7)), "rwxu");
	assert_string_equal(mms_rights_text(text, rights_of(&k, NX | 7, NX | 7, 7)), "rw-u");
}

static void text_never_overruns(void **state)
{
	char buf[32];
	size_t n;

	for (n = 1; n < sizeof(buf); n++) {
		memset(buf, '#', sizeof(buf));
		mms_flags_text(buf, n, ~0U, ' ');
		assert_int_equal(strlen(buf), n - 1);
		assert_int_equal(buf[n], '#');
	}
}

static void flags_len_is_enough(void **state)
{
	char a[MMS_FLAGS_LEN], b[4 * MMS_FLAGS_LEN];

	assert_string_equal(mms_flags_text(a, sizeof(a), ~0U, ' '),
			    mms_flags_text(b, sizeof(b), ~0U, ' '));
	assert_string_equal(mms_flags_text(a, sizeof(a), 0, ' '), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(present_pte),
		cmocka_unit_test(every_pte_bit_is_its_flag),
		cmocka_unit_test(protection_key),
		cmocka_unit_test(again_is_the_same_decoded),
		cmocka_unit_test(none),
		cmocka_unit_test(protnone_frames_are_inverted),
		cmocka_unit_test(tables),
		cmocka_unit_test(huge_leaves),
		cmocka_unit_test(swap),
		cmocka_unit_test(special_swap),
		cmocka_unit_test(a_kernel_without_a_type_says_other),
		cmocka_unit_test(shifts_and_slots),
		cmocka_unit_test(rights),
		cmocka_unit_test(kpti_top_nx_is_no_right_lost),
		cmocka_unit_test(text_never_overruns),
		cmocka_unit_test(flags_len_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
