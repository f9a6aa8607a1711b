// SPDX-License-Identifier: GPL-2.0-only
/* collect/keyed: what is no number is no value, never a zero or the end of another. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/keyed.h"
#include "collect/psi.h"
#include "fake_file.h"

#define NONE MMS_NO_VALUE

static const char *const keys[] = {"a", "b"};

static void expect(const char *text, uint64_t a, uint64_t b)
{
	uint64_t v[2];

	fake_file("/keyed", text);
	assert_int_equal(mms_keyed_read("/x/keyed", keys, v, 2), 0);
	assert_int_equal(v[0], a);
	assert_int_equal(v[1], b);
}

static void numbers_as_they_stand(void **state)
{
	expect("a 1\nb 2\n", 1, 2);
	expect("b: 7 kB\nc 5\na:\t0\n", 0, 7);
	expect("a 18446744073709551614\n", UINT64_MAX - 1, NONE);
	expect("aa 1\nb 2", NONE, 2); /* without a newline */
	expect("", NONE, NONE);
}

static void garbled_lines_have_no_value(void **state)
{
	expect("a x\nb \n", NONE, NONE);
	expect("a -1\nb +1\n", NONE, NONE);
	expect("a 12x\nb 0x10\n", NONE, NONE);
	expect("a 18446744073709551616\nb 99999999999999999999999\n", NONE, NONE);
	expect("a 18446744073709551615\nb\n", NONE, NONE);
}

static void of_two_lines_the_first_counts(void **state)
{
	expect("a 1\na 2\nb x\nb 3\n", 1, 3);
}

static void amounts_have_their_unit(void **state)
{
	uint64_t v[2];

	fake_file("/keyed", "a: 3 kB\nb: 3\n");
	assert_int_equal(mms_keyed_read_kb("/x/keyed", keys, v, 2), 0);
	assert_true(v[0] == 3072 && v[1] == NONE);
	fake_file("/keyed", "a: 18014398509481984 kB\nb: 18014398509481983 kB\n");
	assert_int_equal(mms_keyed_read_kb("/x/keyed", keys, v, 2), 0);
	assert_true(v[0] == NONE && v[1] == 18014398509481983 * 1024ULL);
}

static void number_is(const char *text, int ret, uint64_t want)
{
	uint64_t v = 77;

	fake_file("/number", text);
	assert_int_equal(mms_number_read("/x/number", &v), ret);
	assert_int_equal(v, ret ? 77 : want);
}

static void one_number(void **state)
{
	number_is("5\n", 0, 5);
	number_is("5", 0, 5);
	number_is("max\n", 0, NONE);
	number_is("max", 0, NONE);
	number_is("", -EINVAL, 0);
	number_is("maximum\n", -EINVAL, 0);
	number_is(" 5\n", -EINVAL, 0);
	number_is("5 6\n", -EINVAL, 0);
	number_is("18446744073709551616\n", -EINVAL, 0);
	/* Longer than what is read of it. */
	number_is("000000000000000000000000000000000000000000000000000000000000000000005\n", 0, 0);
}

static void no_more_is_free_than_there_is(void **state)
{
	uint64_t total, used;

	fake_file("/meminfo", "MemTotal: 100 kB\nMemFree: 40 kB\nMemAvailable: 50 kB\n");
	assert_int_equal(mms_machine_memory(&total, &used), 0);
	assert_true(total == 102400 && used == 61440);
	assert_int_equal(mms_memory_available(), 51200);
	fake_file("/meminfo", "MemTotal: 100 kB\nMemFree: 101 kB\n");
	assert_int_equal(mms_machine_memory(&total, &used), -EINVAL);
	assert_int_equal(mms_memory_available(), UINT64_MAX);
	fake_file("/meminfo", "MemTotal: 18014398509481984 kB\nMemFree: 0 kB\n");
	assert_int_equal(mms_machine_memory(&total, &used), -EINVAL);
}

static void pressure_without_a_total(void **state)
{
	struct mms_psi psi;

	fake_file("/pressure/memory", "some avg10=0.00 total=3\nfull avg10=0.00 total=2\n");
	assert_int_equal(mms_psi_read(NULL, &psi), 0);
	assert_true(psi.some_ns == 3000 && psi.full_ns == 2000);
	fake_file("/pressure/memory", "some avg10=0.00 total=x\n");
	assert_int_equal(mms_psi_read(NULL, &psi), -EBADMSG);
	fake_file("/pressure/memory", "some avg10=0.00 total=18446744073709552\n");
	assert_int_equal(mms_psi_read(NULL, &psi), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_as_they_stand),
		cmocka_unit_test(garbled_lines_have_no_value),
		cmocka_unit_test(of_two_lines_the_first_counts),
		cmocka_unit_test(amounts_have_their_unit),
		cmocka_unit_test(one_number),
		cmocka_unit_test(no_more_is_free_than_there_is),
		cmocka_unit_test(pressure_without_a_total),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
