// SPDX-License-Identifier: GPL-2.0-only
/* collect/pmu: counts of counters that others wanted too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/pmu.h"

static void scaled_to_all_of_the_time(void **state)
{
	assert_true(mms_pmu_scale(0, 0, 0) == 0);
	assert_true(mms_pmu_scale(300, 1000, 1000) == 300);
	assert_true(mms_pmu_scale(300, 1000, 250) == 1200);
	assert_true(mms_pmu_scale(1, 3, 2) == 1.5);
}

static void never_run_is_not_scaled(void **state)
{
	assert_true(mms_pmu_scale(0, 1000, 0) == 0);
	/* The clocks are read one after the other. */
	assert_true(mms_pmu_scale(300, 1000, 1001) == 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scaled_to_all_of_the_time),
		cmocka_unit_test(never_run_is_not_scaled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
