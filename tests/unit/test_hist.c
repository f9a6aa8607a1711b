// SPDX-License-Identifier: GPL-2.0-only
/* model/hist: percentiles of powers of two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/hist.h"

static void edges(void **state)
{
	uint64_t h[8] = {0};

	assert_int_equal(hist_percentile(h, 8, 50, 0), 0);
	h[3] = 50; /* 8..15 */
	h[5] = 50; /* 32..63 */
	assert_int_equal(hist_percentile(h, 8, 50, 0), 16);
	assert_int_equal(hist_percentile(h, 8, 51, 0), 64);
	assert_int_equal(hist_percentile(h, 8, 100, 0), 64);
	assert_int_equal(hist_percentile(h, 8, 100, 40), 40);
	assert_int_equal(hist_percentile(h, 8, 1, 40), 16);
}

static void open_bucket(void **state)
{
	uint64_t h[4] = {1, 0, 0, 1};

	assert_int_equal(hist_percentile(h, 4, 50, 0), 2);
	assert_true(hist_percentile(h, 4, 99, 0) == UINT64_MAX);
	assert_int_equal(hist_percentile(h, 4, 99, 12345), 12345);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges),
		cmocka_unit_test(open_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
