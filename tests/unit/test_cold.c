// SPDX-License-Identifier: GPL-2.0-only
/* model/cold: every event is in one sum; moments grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/cold.h"

static struct mms_fault_event event(uint32_t tgid, uint8_t segment, uint32_t ret, uint32_t flags)
{
	return (struct mms_fault_event){
		.tgid = tgid,
		.segment = segment,
		.ret = ret,
		.flags = flags,
		.level_before = 1,
	};
}

static void each_event_is_in_one_sum(void **state)
{
	const struct mms_fault_event events[] = {
		event(1, MMS_SEG_HEAP, 0, 0),
		event(1, MMS_SEG_HEAP, 0, MMS_FF_WRITE),
		event(1, MMS_SEG_TEXT, MMS_FR_MAJOR, 0),
		event(1, MMS_SEG_FILE, 0, MMS_FF_TRIED),
		event(2, MMS_SEG_HEAP, 0, 0),
		event(2, MMS_SEG_TEXT, MMS_FR_MAJOR, 0),
		event(1, MMS_SEG_ANON, MMS_FR_SIGBUS, 0),
		event(2, MMS_SEG_ANON, MMS_FR_OOM, 0),
		{.tgid = 1}, /* refused before the tables were looked at */
	};
	struct model_cold c = {0};
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		model_cold_add(&c, &events[i], 1);
	assert_int_equal(c.minor[MMS_SEG_HEAP], 2);
	assert_int_equal(c.major[MMS_SEG_TEXT], 1);
	assert_int_equal(c.major[MMS_SEG_FILE], 1);
	assert_int_equal(c.child_minor, 1);
	assert_int_equal(c.child_major, 1);
	assert_int_equal(c.failed, 3);
	assert_int_equal(model_cold_sum(c.minor) + model_cold_sum(c.major) + c.child_minor +
				 c.child_major + c.failed,
			 i);
}

static void moments_are_1_2_5_10(void **state)
{
	static const uint64_t ms[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
	unsigned int i;

	for (i = 0; i < sizeof(ms) / sizeof(ms[0]); i++)
		assert_int_equal(model_cold_moment(i), ms[i] * 1000000);
	for (; i < 100; i++)
		assert_true(model_cold_moment(i) >= model_cold_moment(i - 1) ||
			    model_cold_moment(i) > UINT64_MAX / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_is_in_one_sum),
		cmocka_unit_test(moments_are_1_2_5_10),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
