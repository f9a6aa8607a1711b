// SPDX-License-Identifier: GPL-2.0-only
/* what a write fault did, from two looks at the entry; and folded error codes */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "cow_rule.h"
#include "errcode.h"

#define LOOK(...) (&(struct mms_cow_look){__VA_ARGS__})

static void judges(void **state)
{
	const struct {
		enum mms_cow_what want;
		const struct mms_cow_look *before, *after;
	} rows[] = {
		{MMS_COW_COPIED, LOOK(.frame = 5, .state = MMS_COW_READ),
		 LOOK(.frame = 6, .state = MMS_COW_WRITE)},
		/* copied, and write-protected again by a fork meanwhile */
		{MMS_COW_COPIED, LOOK(.frame = 5, .state = MMS_COW_READ),
		 LOOK(.frame = 6, .state = MMS_COW_READ)},
		{MMS_COW_REUSED, LOOK(.frame = 5, .state = MMS_COW_READ),
		 LOOK(.frame = 5, .state = MMS_COW_WRITE)},
		{MMS_COW_NOTHING, LOOK(.frame = 5, .state = MMS_COW_READ),
		 LOOK(.frame = 5, .state = MMS_COW_READ)},
		{MMS_COW_NOTHING, LOOK(.frame = 5, .state = MMS_COW_READ),
		 LOOK(.state = MMS_COW_OTHER)},
		{MMS_COW_NOTHING, LOOK(.frame = 5, .state = MMS_COW_READ),
		 LOOK(.state = MMS_COW_EMPTY)},
		{MMS_COW_FILLED, LOOK(.frame = 1, .state = MMS_COW_READ, .zero = true),
		 LOOK(.frame = 6, .state = MMS_COW_WRITE)},
		{MMS_COW_NOTHING, LOOK(.frame = 1, .state = MMS_COW_READ, .zero = true),
		 LOOK(.frame = 1, .state = MMS_COW_READ, .zero = true)},
		{MMS_COW_MAYBE_FILLED, LOOK(.state = MMS_COW_EMPTY),
		 LOOK(.frame = 6, .state = MMS_COW_WRITE, .anon = true)},
		{MMS_COW_NOTHING, LOOK(.state = MMS_COW_EMPTY),
		 LOOK(.frame = 6, .state = MMS_COW_WRITE, .anon = true, .home = true)},
		{MMS_COW_NOTHING, LOOK(.state = MMS_COW_EMPTY),
		 LOOK(.frame = 6, .state = MMS_COW_WRITE)},
		{MMS_COW_NOTHING, LOOK(.state = MMS_COW_OTHER),
		 LOOK(.frame = 6, .state = MMS_COW_WRITE, .anon = true)},
		{MMS_COW_LATE, LOOK(.frame = 6, .state = MMS_COW_WRITE),
		 LOOK(.frame = 6, .state = MMS_COW_WRITE)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mms_cow_judge(rows[i].before, rows[i].after), rows[i].want);
	assert_string_equal(mms_cow_what_name(MMS_COW_COPIED), "copied");
	assert_string_equal(mms_cow_what_name(MMS_COW_FILLED), "filled");
	assert_string_equal(mms_cow_what_name(MMS_COW_REUSED), "reused");
}

static void folds(void **state)
{
	const unsigned long codes[] = {0, 1, 2, 4, 6, 7, 0x14, 0x25, 0x47, 0x7f, 0x8007, 0x807f};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		unsigned int folded = mms_errcode_fold(codes[i]);

		assert_true(folded < MMS_ERRCODES);
		assert_int_equal(mms_errcode_unfold(folded), codes[i]);
		assert_int_equal(folded & 7, codes[i] & 7);
	}
	/* bits that no user address can be blamed with */
	assert_int_equal(mms_errcode_unfold(mms_errcode_fold(0x80000007)), 7);
	assert_string_equal(mms_errcode_name(2), "U");
	assert_string_equal(mms_errcode_name(7), "SGX");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(judges), cmocka_unit_test(folds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
