// SPDX-License-Identifier: GPL-2.0-only
/* cmd/replay_sizes: lists of sizes for strings of more pages than a test can make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cmd/memory.h"
#include "cmd/replay.h"
#include "fake_file.h"

#define MOST 16777216

static void all_of(uint32_t pages, uint32_t want_step)
{
	struct replay_string s = {.info = {.nr_pages = pages, .page_shift = 12}};
	uint32_t *sizes, step = 0;
	size_t nr, i;

	assert_int_equal(replay_all_sizes(&s, &sizes, &nr, &step), 0);
	assert_int_equal(step, want_step);
	for (i = 0; i + 1 < nr; i++)
		assert_int_equal(sizes[i], 1 + i * step);
	assert_int_equal(sizes[nr - 1], pages);
	assert_true(nr > 1 ? sizes[nr - 2] < pages && pages - sizes[nr - 2] <= step : pages == 1);
	free(sizes);
}

static void every_size_or_every_so_many(void **state)
{
	all_of(1, 1);
	all_of(2, 1);
	all_of(1000, 1);
	all_of(MOST, 1);
	all_of(MOST + 1, 16);
	all_of(17 * (MOST / 16), 17);
	all_of(UINT32_MAX, 4095);
}

static void too_many_by_name_are_refused(void **state)
{
	struct replay_string s = {.info = {.nr_pages = MOST + 1, .page_shift = 12}};
	uint32_t *sizes;
	size_t nr;

	assert_int_equal(replay_sizes("all", &s, &sizes, &nr), EXIT_USAGE);
	assert_null(sizes);
}

static unsigned int grown;

void *__wrap_realloc(void *p, size_t sz);
void *__real_realloc(void *p, size_t sz);

void *__wrap_realloc(void *p, size_t sz)
{
	grown++;
	return __real_realloc(p, sz);
}

/* They took memory for 16 million first. */
static void too_many_take_no_memory(void **state)
{
	struct replay_string s = {.info = {.nr_pages = MOST + 1, .page_shift = 12}};
	uint64_t *windows;
	uint32_t *sizes;
	size_t nr;

	grown = 0;
	assert_int_equal(replay_sizes("1-16777217", &s, &sizes, &nr), EXIT_USAGE);
	assert_int_equal(replay_sizes("all", &s, &sizes, &nr), EXIT_USAGE);
	assert_int_equal(replay_windows("1-1t:2", 10, &windows, &nr), EXIT_USAGE);
	assert_int_equal(grown, 0);
	assert_int_equal(replay_sizes("1-5:2,3", &s, &sizes, &nr), 0);
	assert_int_equal(nr, 3);
	assert_true(grown);
	free(sizes);
}

/* A share of what is not known is as large as can be, and no share is more than all. */
static void shares_of_unknown_memory(void **state)
{
	uint64_t bytes;

	fake_file("/meminfo", "");
	fake_file("/cgroup", "");
	assert_int_equal(memory_parse("replay", "100%", &bytes), 0);
	assert_true(bytes == UINT64_MAX);
	assert_int_equal(memory_parse("replay", "50%", &bytes), 0);
	assert_true(bytes == 1ULL << 63);
	assert_int_equal(memory_parse("replay", "1000000%", &bytes), EXIT_USAGE);
	assert_int_equal(memory_parse("replay", "64M", &bytes), 0);
	assert_int_equal(bytes, 64 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_or_every_so_many),
		cmocka_unit_test(too_many_by_name_are_refused),
		cmocka_unit_test(too_many_take_no_memory),
		cmocka_unit_test(shares_of_unknown_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
