// SPDX-License-Identifier: GPL-2.0-only
/* Ends without a beginning: two tallies, read one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/missed.h"

static void look(struct mms_missed *m, uint64_t ends, uint64_t full, uint64_t want)
{
	uint64_t unseen = m->ends - m->full, no_room = m->full;

	mms_missed_look(m, ends, full);
	assert_int_equal(m->ends, ends);
	assert_int_equal(m->full, want);
	assert_true(m->ends - m->full >= unseen);
	assert_true(m->full >= no_room);
}

static void each_end_is_told_once(void **state)
{
	struct mms_missed m = {0};

	look(&m, 0, 0, 0);
	look(&m, 5, 0, 0);
	look(&m, 8, 3, 3);
	look(&m, 8, 3, 3);
}

/* Those that wait may not take the place of an end that was told as missed. */
static void nothing_goes_backwards(void **state)
{
	struct mms_missed m = {0};

	look(&m, 5, 0, 0);
	look(&m, 5, 4, 0); /* four are inside */
	look(&m, 7, 4, 2); /* two have ended */
	look(&m, 7, 9, 2);
	look(&m, 14, 9, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_is_told_once),
		cmocka_unit_test(nothing_goes_backwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
