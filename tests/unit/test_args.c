// SPDX-License-Identifier: GPL-2.0-only
/* util/args: what people type, and what they mistype. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/args.h"

static void pids(void **state)
{
	static const struct {
		const char *s;
		int err;
	} bad[] = {
		{"", -EINVAL},
		{"x", -EINVAL},
		{"-5", -EINVAL},
		{"+5", -EINVAL},
		{" 5", -EINVAL},
		{"5 ", -EINVAL},
		{"5x", -EINVAL},
		{"0x5", -EINVAL},
		{"0", -ERANGE},
		{"2147483648", -ERANGE},
		{"99999999999999999999", -ERANGE},
	};
	pid_t pid = -1;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(args_pid(bad[i].s, &pid), bad[i].err);
	assert_int_equal(pid, -1);
	assert_int_equal(args_pid("2147483647", &pid), 0);
	assert_int_equal(pid, 2147483647);
}

static void numbers(void **state)
{
	uint64_t v;

	assert_int_equal(args_u64("18446744073709551615", &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(args_u64("18446744073709551616", &v), -ERANGE);
	assert_int_equal(args_u64("0xffffffffffffffff", &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(args_u64("010", &v), 0);
	assert_int_equal(v, 10);
	assert_int_equal(args_u64("0x", &v), -EINVAL);
	assert_int_equal(args_u64("ff", &v), -EINVAL);
	assert_int_equal(args_u64("-1", &v), -EINVAL);
}

static void numbers_of_references(void **state)
{
	static const struct {
		const char *s;
		uint64_t nr;
	} good[] = {{"1", 1},		{"5k", 5000},
		    {"3m", 3000000},	{"3M", 3000000},
		    {"2g", 2000000000}, {"18t", 18000000000000},
		    {"0x10k", 16000},	{"18446744073709551615", UINT64_MAX}};
	static const struct {
		const char *s;
		int err;
	} bad[] = {{"", -EINVAL},
		   {"k", -EINVAL},
		   {"5kk", -EINVAL},
		   {"-5k", -EINVAL},
		   {"5 k", -EINVAL},
		   {"1.5m", -EINVAL},
		   {"5x", -EINVAL},
		   {"0", -ERANGE},
		   {"0m", -ERANGE},
		   {"18446744073709551615k", -ERANGE},
		   {"00000000000000000000000000000000000001", -EINVAL}};
	uint64_t v;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(args_refs(good[i].s, &v), 0);
		assert_true(v == good[i].nr);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(args_refs(bad[i].s, &v), bad[i].err);
}

static void addresses_as_proc_maps_prints_them(void **state)
{
	uint64_t a, b;

	assert_int_equal(args_addr_range("7f3210004000", &a, &b), 0);
	assert_true(a == 0x7f3210004000 && b == 0);
	assert_int_equal(args_addr_range("0x1000-0x3000", &a, &b), 0);
	assert_true(a == 0x1000 && b == 0x3000);
	assert_int_equal(args_addr_range("1000-3000", &a, &b), 0);
	assert_true(a == 0x1000 && b == 0x3000);
	assert_int_equal(args_addr_range("3000-3000", &a, &b), -ERANGE);
	assert_int_equal(args_addr_range("3000-1000", &a, &b), -ERANGE);
	assert_int_equal(args_addr_range("3000-", &a, &b), -EINVAL);
	assert_int_equal(args_addr_range("-3000", &a, &b), -EINVAL);
	assert_int_equal(args_addr_range("1000-2000-3000", &a, &b), -EINVAL);
	assert_int_equal(args_addr_range("heap", &a, &b), -EINVAL);
	assert_int_equal(args_addr_range("10000000000000000", &a, &b), -ERANGE);
}

static void spans(void **state)
{
	uint64_t ns;

	assert_int_equal(args_seconds("1", &ns), 0);
	assert_true(ns == 1000000000);
	assert_int_equal(args_seconds("0.5", &ns), 0);
	assert_true(ns == 500000000);
	assert_int_equal(args_seconds("200ms", &ns), 0);
	assert_true(ns == 200000000);
	assert_int_equal(args_seconds("1.5ms", &ns), 0);
	assert_true(ns == 1500000);
	assert_int_equal(args_seconds("5m", &ns), 0);
	assert_true(ns == 300000000000);
	assert_int_equal(args_seconds("0.9999999999", &ns), 0);
	assert_true(ns == 999999999);
	assert_int_equal(args_seconds("0", &ns), -ERANGE);
	assert_int_equal(args_seconds("0.0000000001", &ns), -ERANGE);
	assert_int_equal(args_seconds("99999999999", &ns), -ERANGE);
	assert_int_equal(args_seconds("1.", &ns), -EINVAL);
	assert_int_equal(args_seconds(".5", &ns), -EINVAL);
	assert_int_equal(args_seconds("-1", &ns), -EINVAL);
	assert_int_equal(args_seconds("1 s", &ns), -EINVAL);
	assert_int_equal(args_seconds("1d", &ns), -EINVAL);
	assert_int_equal(args_seconds("", &ns), -EINVAL);
}

static void percents(void **state)
{
	double v = 0;

	assert_int_equal(args_percent("5", &v), 0);
	assert_true(v == 5);
	assert_int_equal(args_percent("0.5%", &v), 0);
	assert_true(v == 0.5);
	assert_int_equal(args_percent("250", &v), 0);
	assert_true(v == 250);
	assert_int_equal(args_percent("0", &v), -ERANGE);
	assert_int_equal(args_percent("0.0%", &v), -ERANGE);
	assert_int_equal(args_percent("99999999", &v), -ERANGE);
	assert_int_equal(args_percent("5.", &v), -EINVAL);
	assert_int_equal(args_percent(".5", &v), -EINVAL);
	assert_int_equal(args_percent("5%%", &v), -EINVAL);
	assert_int_equal(args_percent("-5", &v), -EINVAL);
	assert_int_equal(args_percent("%", &v), -EINVAL);
	assert_int_equal(args_percent("", &v), -EINVAL);
}

static void amount(const char *s, int err, enum args_unit unit, uint64_t v, double percent)
{
	struct args_amount a;

	assert_int_equal(args_amount(s, &a), err);
	if (err)
		return;
	assert_int_equal(a.unit, unit);
	assert_int_equal(a.v, v);
	assert_true(a.percent == percent);
}

static void amounts(void **state)
{
	amount("1000", 0, ARGS_PLAIN, 1000, 0);
	amount("64M", 0, ARGS_BYTES, 67108864, 0);
	amount("64m", 0, ARGS_BYTES, 67108864, 0);
	amount("3k", 0, ARGS_BYTES, 3072, 0);
	amount("2G", 0, ARGS_BYTES, 2147483648, 0);
	amount("1t", 0, ARGS_BYTES, 1099511627776, 0);
	amount("16777215T", 0, ARGS_BYTES, 18446742974197923840U, 0);
	amount("16777216T", -ERANGE, 0, 0, 0);
	amount("25%", 0, ARGS_PERCENT, 0, 25);
	amount("0.5%", 0, ARGS_PERCENT, 0, 0.5);
	amount("0", -ERANGE, 0, 0, 0);
	amount("0K", -ERANGE, 0, 0, 0);
	amount("0%", -ERANGE, 0, 0, 0);
	amount("", -EINVAL, 0, 0, 0);
	amount("K", -EINVAL, 0, 0, 0);
	amount("%", -EINVAL, 0, 0, 0);
	amount("-5", -EINVAL, 0, 0, 0);
	amount("5X", -EINVAL, 0, 0, 0);
	amount("5KB", -EINVAL, 0, 0, 0);
	amount("5KK", -EINVAL, 0, 0, 0);
	amount("1.5G", -EINVAL, 0, 0, 0);
	amount("1111111111111111111111111111111111M", -EINVAL, 0, 0, 0);
}

static void scaled(void **state)
{
	uint64_t v;
	bool letter;

	assert_int_equal(args_scaled("7", 1000, &v, &letter), 0);
	assert_true(v == 7 && !letter);
	assert_int_equal(args_scaled("7m", 1000, &v, &letter), 0);
	assert_true(v == 7000000 && letter);
	assert_int_equal(args_scaled("0", 1000, &v, &letter), 0);
	assert_true(v == 0);
}

/* What was there before decided about the unit. */
static void no_letter_in_what_is_no_number(void **state)
{
	char digits[40];
	bool letter = true;
	uint64_t v;

	assert_int_equal(args_scaled("", 1000, &v, &letter), -EINVAL);
	assert_false(letter);
	memset(digits, '1', sizeof(digits));
	digits[sizeof(digits) - 1] = '\0';
	letter = true;
	assert_int_equal(args_scaled(digits, 1000, &v, &letter), -EINVAL);
	assert_false(letter);
}

static void formats(void **state)
{
	enum out_format f = OUT_TEXT;

	assert_int_equal(args_format("json", &f), 0);
	assert_int_equal(f, OUT_JSON);
	assert_int_equal(args_format("JSON", &f), -EINVAL);
	assert_int_equal(args_format("", &f), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pids),
		cmocka_unit_test(numbers),
		cmocka_unit_test(numbers_of_references),
		cmocka_unit_test(addresses_as_proc_maps_prints_them),
		cmocka_unit_test(spans),
		cmocka_unit_test(percents),
		cmocka_unit_test(amounts),
		cmocka_unit_test(scaled),
		cmocka_unit_test(no_letter_in_what_is_no_number),
		cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
